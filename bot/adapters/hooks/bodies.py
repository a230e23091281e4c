"""JSON as it goes to hooks and comes from them."""

from __future__ import annotations

import msgspec

from bot.core.errors import Rejected
from bot.core.hooks.pointers import JSON


def encoded(value: JSON) -> bytes:
    """The same bytes each time: a repeat is the same request."""
    return msgspec.json.encode(value)


def decoded(body: bytes | None) -> JSON:
    """Raises Rejected for what is no JSON, or nothing."""
    try:
        said: JSON = msgspec.json.decode(body or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("It is no JSON.") from error
    return said
