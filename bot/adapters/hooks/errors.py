"""What an answer of a deploy hook outside 2xx means: one function from statuses to our errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

import msgspec

from bot.adapters.http_dates import asked_wait
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.hooks.pointers import JSON, found, text

LONGEST_REASON = 120
LONGEST_WAIT = 600.0
UNSAID_WAIT = 4.0
# Where services say in JSON what is wrong: Problem Details (RFC 9457), Render, Vercel, Netlify and Laravel.
_REASONS = (
    "/detail",
    "/error/message",
    "/message",
    "/error_description",
    "/error",
    "/errors/0/message",
    "/errors/0",
    "/title",
)
_NOT_NOW = frozenset({408, 425, 429})


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, who: str, now: datetime, asks: bool
) -> ShipmateError:
    """``asks`` says that nothing was to be changed by the request; ``now`` is for a moment in Retry-After."""
    said = f"{who} answered {_named(status)}"
    reason = reason_in(headers.get("Content-Type", ""), body)
    sentence = f"{said}: {reason}" if reason else said
    if status in _NOT_NOW or status >= 500:
        wait = asked_wait(headers.get("Retry-After", ""), now, LONGEST_WAIT)
        if wait is None and status in _NOT_NOW:
            wait = UNSAID_WAIT
        return Unavailable(sentence, retry_after=wait, uncertain=not asks and status >= 500)
    match status:
        case 401 | 403:
            return NotAllowed(sentence)
        case 404 | 410:
            return NotThere(sentence)
        case 409:
            return Conflict(sentence)
    if 300 <= status < 400:
        return Rejected(f"{said}, which sends the bot elsewhere; it does not go there. Set the final address")
    return Rejected(sentence)


def reason_in(content_type: str, body: bytes) -> str:
    """The first line of what it says in plain words; nothing where it answers with a page for browsers."""
    try:
        said: JSON = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        plain = body[:4096].decode("utf-8", "replace")
        is_page = "html" in content_type.lower() or plain.lstrip().startswith("<")
        return "" if is_page else _line(plain)
    reasons = (text(found(said, pointer)) for pointer in _REASONS)
    return _line(next((one for one in reasons if one), "") if isinstance(said, dict) else text(said) or "")


def _line(words: str) -> str:
    lines = ("".join(one if one.isprintable() else " " for one in line).strip() for line in words.splitlines())
    first = " ".join(next((line for line in lines if line), "").split())
    return first if len(first) <= LONGEST_REASON else f"{first[: LONGEST_REASON - 1]}…"


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
