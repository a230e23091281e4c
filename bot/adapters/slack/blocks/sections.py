"""Sections and contexts: lines of text as blocks that every workspace draws, within the room that there is for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from bot.adapters.slack.blocks.mrkdwn import mrkdwn
from bot.core.rich_text import Line

Block: TypeAlias = dict[str, Any]

SECTION_LIMIT = 3_000
CONTEXT_TOTAL_LIMIT = 2_000
CONTEXT_ELEMENTS_LIMIT = 10
ROOM_FOR_MORE = 40


def sections(lines: Sequence[Line], room: int, most: int) -> list[Block]:
    """The lines in at most ``most`` sections of ``room`` characters; what does not fit is counted instead."""
    texts: list[str] = []
    for number, line in enumerate(lines):
        shown = mrkdwn(line, SECTION_LIMIT if texts else min(SECTION_LIMIT, room - ROOM_FOR_MORE))
        joined = f"{texts[-1]}\n{shown}" if texts else shown
        fits_last = bool(texts) and len(joined) <= SECTION_LIMIT
        used = sum(map(len, texts)) + len(shown) + 1
        if (texts and used > room - ROOM_FOR_MORE) or (not fits_last and len(texts) + 1 >= most):
            texts.append(left_out(len(lines) - number, "line"))
            break
        if fits_last:
            texts[-1] = joined
        else:
            texts.append(shown)
    return [section(text) for text in texts if text.strip()]


def section(text: str) -> Block:
    return {"type": "section", "text": written(text)}


def written(text: str) -> Block:
    """Mrkdwn as an object."""
    # Without verbatim Slack looks for links, channel names and "certain mentions" in the text by itself.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}


def left_out(count: int, noun: str) -> str:
    """What stands in the place of what did not fit.

    >>> left_out(1, "line"), left_out(2, "row")
    ('… (1 more line)', '… (2 more rows)')
    """
    return f"… ({count} more {noun if count == 1 else noun + 's'})"


def contexts(lines: Sequence[Line], room: int = CONTEXT_TOTAL_LIMIT) -> list[Block]:
    """The lines as small print, one element each, in at most two blocks."""
    elements: list[Block] = []
    for number, line in enumerate(lines):
        shown = mrkdwn(line, CONTEXT_TOTAL_LIMIT).strip()
        if len(shown) > room - ROOM_FOR_MORE or len(elements) >= 2 * CONTEXT_ELEMENTS_LIMIT - 1:
            elements.append(written(left_out(len(lines) - number, "line")))
            break
        if shown:
            elements.append(written(shown))
            room -= len(shown)
    rows = (elements[at : at + CONTEXT_ELEMENTS_LIMIT] for at in range(0, len(elements), CONTEXT_ELEMENTS_LIMIT))
    return [{"type": "context", "elements": row} for row in rows]


def note(text: str) -> Block:
    """One line of small print."""
    return {"type": "context", "elements": [written(text)]}


def characters(blocks: Iterable[Block]) -> int:
    """All that Slack may count as text in blocks: texts, titles and addresses, wherever they are."""
    return sum(map(_characters, blocks))


def _characters(part: Any) -> int:
    if isinstance(part, list):
        return sum(map(_characters, part))
    if not isinstance(part, dict):
        return 0
    counted = (part.get(name) for name in ("text", "title", "url", "fallback"))
    own = sum(len(value) for value in counted if isinstance(value, str))
    return own + sum(_characters(value) for value in part.values() if isinstance(value, dict | list))
