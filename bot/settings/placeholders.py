"""What stands for the number of a pull request in the settings of its preview."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

NUMBER = "{number}"


def filled_in(settings: BaseModel, number: int) -> dict[str, Any]:
    """What of some settings has ``{number}`` in it, with that of a pull request in its place.

    A command is left as it is: it is told by a variable.
    """
    return _of_all(settings, str(number))


def _of_all(settings: BaseModel, number: str) -> dict[str, Any]:
    own = {name: getattr(settings, name) for name in type(settings).model_fields if name != "command"}
    filled = {name: _filled(value, number) for name, value in own.items()}
    return {name: value for name, value in filled.items() if value != own[name]}


def numbered(settings: BaseModel) -> list[str]:
    """The names of those that have ``{number}`` in them; what commands are told is their own."""
    left = {"command", "environment"}
    own = {name: getattr(settings, name) for name in type(settings).model_fields if name not in left}
    return [name for name, value in own.items() if _filled(value, "") != value]


def _filled(value: Any, number: str) -> Any:
    match value:
        case str():
            return value.replace(NUMBER, number)
        case dict():
            return {key: _filled(one, number) for key, one in value.items()}
        case list() | tuple():
            return type(value)(_filled(one, number) for one in value)
        case BaseModel():
            return value.model_copy(update=_of_all(value, number))
        case _:
            return value
