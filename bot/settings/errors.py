"""What can be wrong with the settings, in plain sentences: where it is, what it must be, what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.core.errors import ShipmateError
from bot.core.names import listed, nearest
from bot.settings.environment import Secrets
from bot.settings.fields import SECRET_PREFIXES, shown
from bot.settings.models import (
    AppSettings,
    BotSettings,
    EnvironmentSettings,
    GitHubSettings,
    PreviewSettings,
    SlackSettings,
    WindowSettings,
)
from bot.settings.stages import HealthSettings, StepSettings
from bot.settings.table import Table
from bot.settings.webhooks import WebhookSettings

M = TypeVar("M", bound=BaseModel)

TABLES: Mapping[str, type[Table]] = {
    "[bot]": BotSettings,
    "[slack]": SlackSettings,
    "[apps.<app>]": AppSettings,
    "[apps.<app>.github]": GitHubSettings,
    "[apps.<app>.environments.<environment>]": EnvironmentSettings,
    "[[webhooks]]": WebhookSettings,
}
_WITHIN: Mapping[tuple[type[BaseModel], str], type[Table]] = {
    (EnvironmentSettings, "windows"): WindowSettings,
    (EnvironmentSettings, "before_deploy"): StepSettings,
    (EnvironmentSettings, "after_deploy"): StepSettings,
    (EnvironmentSettings, "health"): HealthSettings,
    (EnvironmentSettings, "preview"): PreviewSettings,
    (AppSettings, "github"): GitHubSettings,
}
"""Tables within tables, by the key under which they stand."""
_FEW = 6
_VERBS = ("must ", "is ", "has ", "cannot ")
_MUST_BE = {
    "string_type": "text in quotes",
    "bool_type": "true or false, without quotes",
    "bool_parsing": "true or false, without quotes",
    "int_type": "a whole number, without quotes",
    "int_parsing": "a whole number, without quotes",
    "int_from_float": "a whole number, without quotes",
    "float_type": "a number, without quotes",
    "float_parsing": "a number, without quotes",
    "list_type": "a list in square brackets",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


class SettingsProblems(ShipmateError):
    """The settings cannot be used; ``problems`` says everything that is wrong with them, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def validated(model: type[M], values: Mapping[str, object], place: str, problems: list[str]) -> M | None:
    """``values`` as a ``model``; None where something is wrong, which is then said in ``problems``."""
    made, errors = checked(model, values)
    problems.extend(error.sentence(place) for error in errors)
    return made


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong within a table: where in it, and the rest of the sentence about that place."""

    steps: tuple[str | int, ...]
    predicate: str
    missing: bool = False

    def sentence(self, place: str) -> str:
        """The whole sentence; ``place`` is that of the table."""
        return f"{path(place, *self.steps)}{self.predicate}"


def checked(model: type[M], values: Mapping[str, object]) -> tuple[M | None, list[Flaw]]:
    """``values`` as a ``model``, or what is wrong with them."""
    try:
        return model.model_validate(dict(values)), []
    except ValidationError as error:
        return None, _flaws(error.errors(include_url=False), model, values)


def _flaws(details: Sequence[ErrorDetails], model: type[BaseModel], values: Mapping[str, object]) -> list[Flaw]:
    """One for each place: where a value may be of several kinds, pydantic tells of every kind that it is not."""
    flaws: dict[tuple[str | int, ...], Flaw] = {}
    kinds: dict[tuple[str | int, ...], list[str]] = {}
    for detail in details:
        if detail["type"] == "default_factory_not_called":
            continue  # only says that something else in the table is wrong
        steps = _steps_in_file(detail, values)
        if detail["type"] in _MUST_BE:
            kinds.setdefault(steps, []).append(_MUST_BE[detail["type"]])
            either = listed(list(dict.fromkeys(kinds[steps])), "or")
            flaws[steps] = Flaw(steps, f" must be {either}, not {shown(detail['input'])}.")
        else:
            flaws.setdefault(steps, Flaw(steps, _predicate(detail, steps, model), detail["type"] == "missing"))
    return list(flaws.values())


def _steps_in_file(detail: ErrorDetails, values: Mapping[str, object]) -> tuple[str | int, ...]:
    """The error's place without the steps by which pydantic names the kinds of a choice, which no file has."""
    steps: list[str | int] = []
    at: Any = values
    for step in detail["loc"]:
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            continue
        steps.append(step)
    if detail["type"] == "missing":
        steps.append(detail["loc"][-1])
    return tuple(steps)


def _predicate(detail: ErrorDetails, steps: tuple[str | int, ...], model: type[BaseModel]) -> str:
    for (outer, key), inner in _WITHIN.items():
        if model is outer and key in steps[:-1]:
            model = inner
    match detail["type"]:
        case "extra_forbidden":
            return not_a_setting(str(steps[-1]), _table_of(model, steps))
        case "missing":
            return f" is missing{_meaning(_table_of(model, steps), steps)}."
        case "literal_error":
            expected = str(detail["ctx"]["expected"]).replace("'", '"')
            return f" must be {expected}, not {shown(detail['input'])}."
        case "value_error":
            reason = str(detail["ctx"]["error"]).rstrip(".")
            stop = "" if reason.endswith("?") else "."
            return f" {reason}{stop}" if reason.startswith(_VERBS) else f": {reason}{stop}"
        case _:
            reason = re.sub(r"^\w+ should ", "must ", detail["msg"])
            return f" {reason}, not {shown(detail['input'])}." if reason.startswith(_VERBS) else f": {reason}."


def _table_of(model: type[BaseModel], steps: Sequence[str | int]) -> type[BaseModel]:
    """The table within the table in which the last step stands."""
    for step in steps[:-1]:
        fields = (field for name, field in model.model_fields.items() if step in (name, field.alias))
        kinds = (kind for field in fields for kind in (field.annotation, *get_args(field.annotation)))
        model = next((one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)), model)
    return model


def path(*steps: str | int) -> str:
    """Where something stands: tables by their names, entries of lists by their number from 0.

    >>> path("apps.web", "windows", 0, "deny")
    'apps.web.windows[0].deny'
    """
    joined = ""
    for step in steps:
        if isinstance(step, int):
            joined += f"[{step}]"
        elif step:
            joined += f".{step}" if joined else step
    return joined


def not_a_setting(key: str, model: type[BaseModel]) -> str:
    """What to say of a key that no table of this kind has: the nearest one, or the tables that do have it."""
    elsewhere = [table for table, other in TABLES.items() if other is not model and key in keys_of(other)]
    known = keys_of(model)
    near = nearest(key, known)
    if elsewhere and issubclass(model, Table):
        return f" is not a setting: `{key}` belongs in {listed(elsewhere, 'or')}."
    if near is not None:
        return f" is not a setting. Did you mean `{near}`?"
    if 0 < len(known) <= _FEW:
        verb = "are" if len(known) > 1 else "is"
        return f" is not a setting. There {verb} {listed([f'`{one}`' for one in known])}."
    return " is not a setting: docs/settings.md lists those there are." if known else " is not a setting."


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a table of this kind may have."""
    if issubclass(model, Table):
        return model.keys()
    return [field.alias or name for name, field in model.model_fields.items()]


def without_secrets(table: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    """The table without what belongs in the environment; each such thing is named in ``problems``, never shown."""
    variables = Secrets.variables()
    kept: dict[str, Any] = {}
    for key, value in table.items():
        where = path(place, key)
        if key.upper() in variables:
            problems.append(f"{key.upper()} belongs in the environment, not in settings.toml (at {where}).")
        elif not isinstance(value, dict) and _holds_secret(value):
            problems.append(f"{where} looks like a secret: it belongs in the environment, not in settings.toml.")
        else:
            kept[key] = without_secrets(value, where, problems) if isinstance(value, dict) else value
    return kept


def _holds_secret(value: object) -> bool:
    if isinstance(value, list | dict):
        return any(map(_holds_secret, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and SECRET_PREFIXES.match(value) is not None


def _meaning(model: type[BaseModel], steps: tuple[int | str, ...]) -> str:
    for name, field in model.model_fields.items():
        if steps[-1] in (name, field.alias) and field.description:
            return f": {field.description[:1].lower()}{field.description[1:].rstrip('.')}"
    return ""
