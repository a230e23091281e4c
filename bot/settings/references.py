"""How the names in settings.toml fit together: environments that others refer to, aliases, and chains of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.settings.errors import path
from bot.settings.fields import LABEL_LENGTH, did_you_mean, is_name, label_for, shown

# Words by which commands mean every environment, or what is the asker's own.
_TAKEN = frozenset({"all", "mine"})


def check_spelling(place: str, names: Mapping[str, object], problems: list[str]) -> None:
    """Whether commands can name each of these, and tell them apart although they ignore case."""
    seen: dict[str, str] = {}
    for name in names:
        if not is_name(name):
            problems.append(f"{path(place, name)} must have a name of letters, digits, dots and dashes only.")
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            problems.append(f"{path(place, name)} and {path(place, first)} are the same name to commands.")


def check_references(
    app: Mapping[str, object], environments: Mapping[str, object], place: str, problems: list[str]
) -> None:
    """What an app's table, as it stands in the file, says about its environments by name."""
    where = path(place, "environments")
    check_spelling(where, environments, problems)
    _check_known(app.get("default_environment"), path(place, "default_environment"), environments, problems)
    for name, table in environments.items():
        if name.casefold() in _TAKEN:
            problems.append(f"{path(where, name)} cannot have this name: commands mean something else by it.")
        for key in ("promote_to", "after"):
            _check_known(_value(table, key), path(where, name, key), environments, problems)
    for key in ("promote_to", "after"):
        problems.extend(_circles(environments, key, where))
    _check_aliases(environments, where, problems)


def check_label(app: str, label: str | None, environments: Iterable[str], place: str, problems: list[str]) -> None:
    """Whether GitHub takes the label of each environment."""
    for environment in environments if label else ():
        text = label_for(label or "", app, environment)
        if len(text) > LABEL_LENGTH:
            problems.append(
                f"{path(place, 'github', 'label')} is too long for {environment}: GitHub takes {LABEL_LENGTH} "
                f"characters, and {shown(text)} has {len(text)}."
            )


def _check_known(name: object, where: str, environments: Mapping[str, object], problems: list[str]) -> None:
    if isinstance(name, str) and name not in environments:
        choice = did_you_mean(name, list(environments))
        problems.append(f"{where} names {shown(name)}, which is not an environment of the app. {choice}".rstrip())


def _check_aliases(environments: Mapping[str, object], where: str, problems: list[str]) -> None:
    owners = {name.casefold(): name for name in environments}
    for name, table in environments.items():
        aliases = _value(table, "aliases")
        for alias in aliases if isinstance(aliases, list) else []:
            if not isinstance(alias, str):
                continue
            owner = owners.setdefault(alias.casefold(), name)
            if owner != name:
                problems.append(f"{path(where, name, 'aliases')} has {shown(alias)}, which already means {owner}.")
            elif alias.casefold() in _TAKEN:
                problems.append(f"{path(where, name, 'aliases')} cannot have {shown(alias)}: commands use that word.")


def _circles(environments: Mapping[str, object], key: str, where: str) -> Iterator[str]:
    """One sentence for each circle: nothing could ever get through it, or it would never end."""
    told: set[str] = set()
    for name in environments:
        way = [name]
        while isinstance(following := _value(environments.get(way[-1]), key), str) and following not in way:
            way.append(following)
        if following == name and name not in told:
            told.update(way)
            yield f"{path(where, name, key)} goes round in a circle: {' → '.join([*way, name])}."


def _value(table: object, key: str) -> object:
    return table.get(key) if isinstance(table, dict) else None
