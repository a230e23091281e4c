"""Provider tables: what an environment inherits of its app's, and the Settings of the module that ``type`` names."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import BaseModel

import bot.providers
from bot.core.names import listed
from bot.settings.errors import checked, path
from bot.settings.fields import did_you_mean, shown
from bot.settings.models import ProviderSettings

# What product people know by name although no module here does it yet.
PLANNED: tuple[str, ...] = ()
DEFAULT = {"type": "external"}


def provider_types() -> list[str]:
    """The names of the modules in ``bot/providers`` that have Settings, in alphabetical order."""
    names = (module.name for module in pkgutil.iter_modules(bot.providers.__path__))
    return sorted(name for name in names if settings_of(name) is not None)


def settings_of(kind: str) -> type[BaseModel] | None:
    """The Settings model of a provider, None where there is no such provider."""
    if kind not in {module.name for module in pkgutil.iter_modules(bot.providers.__path__)}:
        return None
    found = getattr(import_module(f"bot.providers.{kind}"), "Settings", None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def app_provider(raw: object, place: str, problems: list[str]) -> ProviderSettings | None:
    """The app's own table at ``place``, None where it is complete only together with what its environments add."""
    table = _table(raw, place, problems)
    if "type" not in table:
        return None
    return _provider(table, dict.fromkeys(table, place), problems)


def environment_provider(
    raw: object, place: str, inherited: object, inherited_place: str, problems: list[str]
) -> ProviderSettings | None:
    """The environment's table over that of its app, or on its own where it has another ``type``.

    A key that is wrong is reported where it stands: in the app's table or in the environment's.
    """
    above = inherited if isinstance(inherited, dict) else {}
    here = _table(raw, place, problems)
    if not above and "type" not in here:
        above = DEFAULT
    if here.get("type", above.get("type")) != above.get("type"):
        above = {}
    places = {**dict.fromkeys(above, inherited_place), **dict.fromkeys(here, place)}
    return _provider({**above, **here}, places, problems, missing_at=place if here or not above else inherited_place)


def _table(raw: object, place: str, problems: list[str]) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    if raw is not None:
        problems.append(f'{place} must be a table such as {{ type = "external" }}, not {shown(raw)}.')
    return {}


def _provider(
    table: Mapping[str, Any], places: Mapping[str, str], problems: list[str], missing_at: str | None = None
) -> ProviderSettings | None:
    """``places`` says in which table each key stands; keys that are missing are not told without ``missing_at``."""
    kind = table.get("type")
    model = settings_of(kind) if isinstance(kind, str) else None
    if model is None:
        problems.append(f"{path(places.get('type', missing_at or ''), 'type')} {_no_such_type(kind)}")
        return None
    settings, flaws = checked(model, {key: value for key, value in table.items() if key != "type"})
    for flaw in flaws:
        of_all = not flaw.steps or (flaw.missing and len(flaw.steps) == 1)  # what one key alone has not done
        home = missing_at if of_all else places.get(str(flaw.steps[0]), missing_at)
        if home is not None:
            problems.append(flaw.sentence(home))
    return None if settings is None else ProviderSettings(type=str(kind), settings=settings)


def _no_such_type(kind: object) -> str:
    known = provider_types()
    there_are = f"There are {listed(known)}."
    if kind is None:
        return f"is missing. {there_are}"
    if not isinstance(kind, str):
        return f"must be text in quotes, not {shown(kind)}. {there_are}"
    if kind in PLANNED:
        return f"cannot be {shown(kind)}: that provider is not there yet. {there_are}"
    return f"cannot be {shown(kind)}: there is no such provider. {did_you_mean(kind, known)}"
