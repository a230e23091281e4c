"""Events and effects as JSON, and back.

Events are flat, so msgspec reads them as they are. Effects hold messages, whose spans are told apart by a tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import msgspec

from bot.adapters.decoding import decode
from bot.adapters.storage.columns import whole
from bot.core import effects, rich_text
from bot.core.effects import Effect
from bot.core.errors import Rejected
from bot.core.events import Event, LookAgain, external, internal
from bot.core.rich_text import Line
from bot.core.stored import kind_stored_as, stored_name

# Importing them is what makes their stored names known.
_EVERYTHING = (external, effects, internal, rich_text)


class Unreadable(Rejected):
    """What the bot has stored itself cannot be read by this version: the one that wrote it can, so it is kept."""


def event_to_bytes(event: Event) -> bytes:
    return _encoded(event)


def repeats(name: str, body: bytes) -> str | None:
    """What an event says, where of several that say the same and wait together one is enough; else None."""
    kind = kind_stored_as(name)
    return f"{name}:{body.decode(errors='replace')}" if kind is not None and issubclass(kind, LookAgain) else None


def event_from_bytes(name: str, body: bytes) -> Event:
    """Raises Unreadable for an event that this version of the bot does not know."""
    kind = kind_stored_as(name)
    if kind is None or not issubclass(kind, Event):
        raise Unreadable(f"There is no event called {name}.")
    try:
        event: Event = decode(body, kind)
    except Exception as error:
        raise Unreadable(f"The stored {name} cannot be read: {error}") from error
    return event


def effect_to_json(effect: Effect) -> str:
    return _encoded(_tagged(effect)).decode()


def effect_from_json(text: str) -> Effect:
    """Raises Unreadable for an effect that this version of the bot does not know."""
    try:
        effect = _untagged(msgspec.json.decode(text))
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"The stored effect cannot be read: {error}") from error
    if not isinstance(effect, Effect):
        raise Unreadable(f"The stored effect cannot be read: it is a {type(effect).__name__}")
    return effect


def lines_to_builtins(lines: Sequence[Line]) -> Any:
    """For a column of JSON; see ``lines_from_builtins``."""
    return msgspec.to_builtins(_scrubbed(_tagged(tuple(lines))))


def lines_from_builtins(value: Any) -> tuple[Line, ...]:
    """Raises Unreadable for what this version of the bot does not know."""
    lines: tuple[Line, ...] = _untagged(value)
    return lines


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_scrubbed(msgspec.to_builtins(value)))


def _scrubbed(value: Any) -> Any:
    match value:
        case str():
            return whole(value)
        case list() | tuple():
            return [_scrubbed(item) for item in value]
        case dict():
            return {_scrubbed(key): _scrubbed(item) for key, item in value.items()}
    return value


def _tagged(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        kept = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name) != f.default}
        return {"$": stored_name(type(value))} | {name: _tagged(one) for name, one in kept.items()}
    if isinstance(value, datetime):
        return {"$": "datetime", "at": value.isoformat()}
    if isinstance(value, tuple):
        return [_tagged(item) for item in value]
    return value


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_untagged(item) for item in value)
    if isinstance(value, dict):
        name = value.pop("$")
        if name == "datetime":
            return datetime.fromisoformat(value["at"])
        kind = kind_stored_as(name)
        if kind is None:
            raise Unreadable(f"Nothing is stored as {name} in this version.")
        known = {f.name for f in fields(kind)}
        return kind(**{key: _untagged(item) for key, item in value.items() if key in known})
    return value
