"""The names under which events, effects and parts of messages are stored: classes may be renamed, these never are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")

_BY_NAME: dict[str, type] = {}
_NAMES: dict[type, str] = {}


@dataclass_transform(frozen_default=True)
def stored(name: str) -> Callable[[type[T]], type[T]]:
    """Make the class a frozen dataclass with slots that is stored under ``name``.

    Rows written by earlier versions carry the name, so it stays when the class is renamed. Raises ValueError where
    it is taken.
    """

    def register(cls: type[T]) -> type[T]:
        if name in _BY_NAME:
            raise ValueError(f"{name} is the stored name of {_BY_NAME[name]} already.")
        made = dataclass(frozen=True, slots=True)(cls)
        _BY_NAME[name] = made
        _NAMES[made] = name
        return made

    return register


def stored_name(kind: type) -> str:
    """The name under which instances of the class are stored. KeyError for a class that is never stored."""
    return _NAMES[kind]


def kind_stored_as(name: str) -> type | None:
    """The class whose instances are stored under the name, None where this version knows none."""
    return _BY_NAME.get(name)


def stored_kinds(base: type[T]) -> Mapping[str, type[T]]:
    """All of one base that are stored, by their stored names."""
    return {name: kind for name, kind in _BY_NAME.items() if issubclass(kind, base)}
