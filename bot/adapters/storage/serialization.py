"""Events and effects as JSON, and back.

Events are flat, so msgspec reads them as they are. Effects hold messages, whose spans are told apart by a tag.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import msgspec

from bot.core import effects, rich_text
from bot.core.effects import Effect
from bot.core.errors import Rejected
from bot.core.events import Event, external, internal
from bot.core.stored import kind_stored_as, stored_name

# Importing them is what makes their stored names known.
_EVERYTHING = (external, effects, internal, rich_text)


def event_to_bytes(event: Event) -> bytes:
    return msgspec.json.encode(event)


def event_from_bytes(name: str, body: bytes) -> Event:
    """Raises Rejected for an event that this version of the bot does not know."""
    kind = kind_stored_as(name)
    if kind is None or not issubclass(kind, Event):
        raise Rejected(f"There is no event called {name}.")
    try:
        event: Event = msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise Rejected(f"The stored {name} cannot be read: {error}") from error
    return event


def effect_to_json(effect: Effect) -> str:
    return msgspec.json.encode(_tagged(effect)).decode()


def effect_from_json(text: str) -> Effect:
    effect: Effect = _untagged(msgspec.json.decode(text))
    return effect


def _tagged(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"$": stored_name(type(value))} | {f.name: _tagged(getattr(value, f.name)) for f in fields(value)}
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
            raise Rejected(f"Nothing is stored as {name} in this version.")
        known = {f.name for f in fields(kind)}
        return kind(**{key: _untagged(item) for key, item in value.items() if key in known})
    return value
