"""From the text of settings.toml to its tables as models: nothing is skipped, every problem is noted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.core.names import nearest
from bot.settings.environment import secrets_named
from bot.settings.errors import not_a_setting, path, validated
from bot.settings.fields import shown
from bot.settings.models import AppSettings, EnvironmentSettings, ProviderSettings, Table
from bot.settings.previews import check_no_number, check_own_place, check_previews, is_preview, staying
from bot.settings.providers import app_provider, environment_provider
from bot.settings.references import check_label, check_references, check_spelling
from bot.settings.webhooks import WebhookSettings, check_together

SECTIONS = ("bot", "slack", "apps", "people")
LISTS = ("webhooks",)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a table gets from the ones above it where it says nothing itself; ``place`` is that of the app."""

    timezone: str
    channel: str | None
    provider: object = None
    place: str = ""


def text_of(file: Path, problems: list[str]) -> str | None:
    """The file's text; None where it cannot be read, which is then said in ``problems``."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problems.append(f"There is no {file}: `python -m bot setup` writes one, or name yours in SHIPMATE_SETTINGS.")
    except UnicodeDecodeError:
        problems.append(f"{file} is not UTF-8 text.")
    except OSError as error:
        problems.append(f"{file} cannot be read: {error.strerror}.")
    return None


def table_of(text: str, file: Path, problems: list[str]) -> dict[str, Any] | None:
    """The text as TOML; None where it is none: the line is said in ``problems``."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, where = str(error).rpartition(" (at ")
        place = where.removesuffix(")")
        problems.append(f"{file} is not TOML, {place}: {reason[:1].lower()}{reason[1:]}.")
    return None


def sections_of(table: Mapping[str, Any], problems: list[str]) -> dict[str, dict[str, Any]]:
    """The four sections, empty where there is none; what is neither one nor a list of tables is a problem."""
    for key in table:
        if key not in (*SECTIONS, *LISTS):
            near = nearest(key, (*SECTIONS, *LISTS))
            meant = f"[[{near}]]" if near in LISTS else f"[{near}]"
            there_are = "There are [bot], [slack], [apps.<app>], [people] and [[webhooks]]."
            choice = f"Did you mean {meant}?" if near else there_are
            problems.append(f"{key} is not a setting. {choice}")
    return {name: _table(table.get(name), name, problems) for name in SECTIONS}


def people_of(table: Mapping[str, object], problems: list[str]) -> dict[str, str]:
    """GitHub logins by Slack id."""
    people: dict[str, str] = {}
    for chat_id, login in table.items():
        where = path("people", chat_id)
        if not re.fullmatch(r"[UW][A-Z0-9]{2,}", chat_id):
            problems.append(f"{where} must be a Slack id such as U012AB3CD, from the person's profile in Slack.")
        elif not isinstance(login, str) or not re.fullmatch(r"@?[A-Za-z0-9][A-Za-z0-9_-]*", login):
            problems.append(f'{where} must be a GitHub login such as "octocat", not {shown(login)}.')
        else:
            people[chat_id] = login.removeprefix("@")
    return people


def webhooks_of(
    tables: object, apps: Iterable[str], environ: Mapping[str, str], problems: list[str]
) -> tuple[WebhookSettings, ...]:
    """The receivers of events, each with what its variable holds."""
    if tables is not None and not (isinstance(tables, list) and all(isinstance(one, dict) for one in tables)):
        problems.append("webhooks must be a list of tables: write [[webhooks]] above each.")
        return ()
    made: list[WebhookSettings | None] = []
    for number, raw in enumerate(tables or ()):
        place = path("webhooks", number)
        values = _writable(raw, WebhookSettings, place, problems)
        found = validated(WebhookSettings, values, place, problems)
        if found is not None:
            held = secrets_named(found.secret, environ)
            found = found.model_copy(update={"held": tuple(map(SecretStr, held))})
        made.append(found)
    check_together(made, apps, problems)
    return tuple(one for one in made if one is not None)


def apps_of(tables: Mapping[str, object], inherited: Inherited, problems: list[str]) -> dict[str, AppSettings]:
    """The apps by name."""
    if not tables:
        problems.append("There are no apps: add a table [apps.<name>] for each, with its repository.")
    check_spelling("apps", tables, problems)
    apps: dict[str, AppSettings] = {}
    for name, raw in tables.items():
        place = path("apps", name)
        app = _app(name, _table(raw, place, problems), place, inherited, problems)
        if app is not None:
            apps[name] = app
    return apps


def _app(
    name: str, raw: Mapping[str, Any], place: str, inherited: Inherited, problems: list[str]
) -> AppSettings | None:
    values = _writable(raw, AppSettings, place, problems)
    environments = _table(values.pop("environments", None), path(place, "environments"), problems)
    if all(is_preview(one) for one in environments.values()):
        stays = " that stays" if environments else "s"
        problems.append(f"{place} has no environment{stays}: add a table [{place}.environments.production].")
    if "channel" not in values and inherited.channel is None:
        problems.append(f"{place} has no channel: name one there, or in [slack] for all apps.")
    values.setdefault("channel", inherited.channel or "#deploys")
    values |= {"name": name, "provider": app_provider(raw.get("provider"), path(place, "provider"), problems)}
    app = validated(AppSettings, {**values, "environments": {}}, place, problems)
    check_references(values, environments, place, problems)
    check_previews(values, environments, place, problems)
    check_label(name, app.github.label if app else None, environments, place, problems)
    made: dict[str, EnvironmentSettings] = {}
    for each, table in environments.items():
        above = replace(inherited, channel=app.channel if app else None, provider=raw.get("provider"), place=place)
        where = path(place, "environments", each)
        environment = _environment(each, _table(table, where, problems), where, above, problems)
        if environment is not None:
            made[each] = environment
    if app is None:
        return None
    stay = {each: one for each, one in made.items() if one.preview is None}
    previews = {each: one for each, one in made.items() if one.preview is not None}
    return app.model_copy(update={"environments": stay, "previews": previews})


def _environment(
    name: str, raw: Mapping[str, Any], place: str, inherited: Inherited, problems: list[str]
) -> EnvironmentSettings | None:
    values = _writable(raw, EnvironmentSettings, place, problems)
    own = values.pop("provider", None)
    provider = environment_provider(
        own, path(place, "provider"), inherited.provider, path(inherited.place, "provider"), problems
    )
    if isinstance(windows := values.get("windows"), list):
        values["windows"] = tuple(
            {"timezone": inherited.timezone, **window} if isinstance(window, dict) else window for window in windows
        )
    values |= {"name": name, "channel": inherited.channel or "", "provider": provider or ProviderSettings()}
    if provider is not None and is_preview(raw):
        check_own_place(provider, path(place, "provider"), problems)
    elif provider is not None:
        provider = values["provider"] = staying(provider, own, path(place, "provider"), problems)
        check_no_number(provider, own, path(place, "provider"), path(inherited.place, "provider"), problems)
    made = validated(EnvironmentSettings, values, place, problems)
    if made is not None and provider is not None:
        _check_stages(made, place, problems)
    return made


def _check_stages(made: EnvironmentSettings, place: str, problems: list[str]) -> None:
    """Around what another tool carries out nothing of ours can run, nor can it be kept from counting."""
    external = f"another tool carries deployments out (`provider` is {shown(made.provider.type)})"
    for key, steps in (("before_deploy", made.before_deploy), ("after_deploy", made.after_deploy)):
        if steps and not made.provider.carries_out:
            problems.append(
                f"{path(place, key)} cannot run where {external}: let that tool run these steps, "
                "or name another provider."
            )
    if made.health is None:
        return
    if made.health.length >= made.timeout:
        problems.append(
            f"{path(place, 'health')} must hold for less than the environment's `timeout`: let that be longer."
        )


def _writable(raw: Mapping[str, Any], model: type[Table], place: str, problems: list[str]) -> dict[str, Any]:
    """The table without keys that the models have but files must not set."""
    problems.extend(path(place, key) + not_a_setting(key, model) for key in raw if key in model.COMPUTED)
    return {key: value for key, value in raw.items() if key not in model.COMPUTED}


def _table(value: object, place: str, problems: list[str]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is not None:
        problems.append(f"{place} must be a table, not {shown(value)}.")
    return {}
