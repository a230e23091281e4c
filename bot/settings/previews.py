"""What must hold of environments of which each pull request has its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.core.names import listed
from bot.core.previews.model import split
from bot.providers import load
from bot.settings.errors import path
from bot.settings.fields import shown
from bot.settings.models import ProviderSettings
from bot.settings.placeholders import NUMBER, numbered

_NOT_THERE = ("deploy_on_merge", "after", "promote_to")
"""What tells where a branch goes: a preview shows its own pull request, and nothing comes after it."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def is_preview(table: object) -> bool:
    """Whether an environment's table, as it stands in the file, is one of which each pull request has its own."""
    return isinstance(table, dict) and table.get("preview") is not None


def check_previews(app: Mapping[str, object], environments: Mapping[str, Any], place: str, problems: list[str]) -> None:
    """What an app's tables, as they stand in the file, say of previews."""
    where = path(place, "environments")
    templates = {name for name, table in environments.items() if is_preview(table)}
    for name, table in environments.items():
        if name in templates:
            problems.extend(_of_preview(table, path(where, name)))
        elif isinstance(table, dict):
            problems.extend(_of_another(name, table, path(where, name), templates))
    if app.get("default_environment") in templates:
        problems.append(
            f"{path(place, 'default_environment')} names {shown(app['default_environment'])}, of which each pull "
            "request has its own. Name one that stays."
        )


def _of_preview(table: Mapping[str, object], where: str) -> Iterator[str]:
    if table.get("transient") is not True:
        beside = path(where, "preview")
        yield f"{beside} needs `transient = true` beside it: previews are removed with their pull request."
    if table.get("production") is True:
        yield f"{path(where, 'production')} cannot be true where there is `preview`: people outside use what stays."
    for key in _NOT_THERE:
        if table.get(key):
            yield f"{path(where, key)} cannot stand where there is `preview`: that deploys its pull request alone."
    url = table.get("url")
    unknown = [one for one in _PLACEHOLDER.findall(url) if one != NUMBER] if isinstance(url, str) else []
    if unknown:
        yield f"{path(where, 'url')} has {listed(unknown)}: the only placeholder there is {NUMBER}."


def _of_another(name: str, table: Mapping[str, object], where: str, templates: set[str]) -> Iterator[str]:
    for key in ("promote_to", "after"):
        if table.get(key) in templates:
            named = f"{path(where, key)} names {shown(table[key])}"
            yield f"{named}, of which each pull request has its own. Name one that stays."
    if isinstance(url := table.get("url"), str) and NUMBER in url:
        yield f"{path(where, 'url')} has {NUMBER}, which stands for a pull request: only previews have one."
    aliases = table.get("aliases")
    for one in (name, *(aliases if isinstance(aliases, list) else ())):
        found = split(one) if isinstance(one, str) else None
        if found is not None and found[0] in templates:
            yield f"{where} cannot be called {shown(one)}: that is the preview of pull request #{found[1]}."


def check_own_place(provider: ProviderSettings, where: str, problems: list[str]) -> None:
    """Whether each preview is put where no other is, so far as its provider has to be told where."""
    for name in getattr(load(provider.type), "OWN_IN_PREVIEWS", ()):
        value = getattr(provider.settings, name)
        if value is not None and NUMBER not in value:
            problems.append(
                f"{path(where, name)} must have {NUMBER} in it: each preview needs its own, not {shown(value)}."
            )


def check_no_number(provider: ProviderSettings, own: object, where: str, above: str, problems: list[str]) -> None:
    """Whether nothing of an environment that stays is about a pull request.

    ``own`` is its table as it stands in the file, at ``where``; the rest it inherits from the one at ``above``.
    """
    for name in numbered(provider.settings) if provider.settings is not None else ():
        here = isinstance(own, dict) and name in own
        told, heir = path(where if here else above, name), where.removesuffix(".provider")
        more = "" if here else f" {heir} inherits it: say it in the preview's own `provider`."
        problems.append(f"{told} has {NUMBER}, which stands for a pull request: only previews have one.{more}")


def staying(provider: ProviderSettings, own: object, where: str, problems: list[str]) -> ProviderSettings:
    """That of an environment that stays: what it inherits of how previews are removed does not hold for it.

    ``own`` is its table as it stands in the file.
    """
    model = type(provider.settings)
    names = [name for name in getattr(load(provider.type), "ONLY_IN_PREVIEWS", ()) if name in model.model_fields]
    for name in names:
        if isinstance(own, dict) and name in own:
            there = path(where, name)
            problems.append(f"{there} says how a preview is removed, and this environment stays. Leave it out.")
    stays = provider.settings.model_copy(update={name: model.model_fields[name].get_default() for name in names})
    return provider.model_copy(update={"settings": stays})
