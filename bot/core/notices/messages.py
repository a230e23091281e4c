"""What authors are told: that their pull requests are live somewhere, or were taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.deployments.model import Deployment
from bot.core.deployments.wording import where
from bot.core.grammar.commands import Mute
from bot.core.grammar.offers import offer
from bot.core.notices.model import Notice, shipped_by
from bot.core.ports.chat import Tag
from bot.core.rich_text import Bold, Line, Link, Message, Span, plain

NAMED = 3
"""How many of their pull requests are named to an author at most."""
LONGEST_TITLE = 70
_NUMBER_BEHIND = re.compile(r"(?<!\s)\s*+\(#\d+\)$")
"""GitHub puts it behind the title where it squashes."""


def notice(notices: Sequence[Notice], by: Deployment, card: str | None) -> Message:
    """All of one message as it is now; ``by`` has changed it last, and ``card`` is the address of its message."""
    live, gone = [one for one in notices if one.live], [one for one in notices if not one.live]
    told = _taken_back(gone, by) if gone else _live(live, by)
    still = _still_live(live) if gone else ()
    return Message(
        sentence=(f"{plain(told)}{_by(by, ', ')}{plain(still)}.",),
        lines=((*told, *still),),
        context=(_small_print(notices, by, card),),
        buttons=offer("Mute these", Mute()),
    )


def tag(by: Deployment) -> Tag:
    """For other tools: which deployment the message tells of, and what became of that."""
    return Tag(by.request_id, "direct", "rolled_back" if by.rollback_of is not None else by.state)


def _live(live: Sequence[Notice], by: Deployment) -> Line:
    return ("✅ Your ", *_named(live), f" {_are(live)} live in ", Bold(_place(by)))


def _taken_back(gone: Sequence[Notice], by: Deployment) -> Line:
    was = "was" if len(gone) == 1 else "were"
    return ("⏪ Your ", *_named(gone), f" {was} taken back from ", Bold(_place(by)))


def _still_live(live: Sequence[Notice]) -> Line:
    return (". Still live: ", *_named(live)) if live else ()


def _named(notices: Sequence[Notice]) -> Line:
    shown = notices[:NAMED] if len(notices) > NAMED + 1 else notices
    spans: list[Span] = []
    for n, one in enumerate(shown):
        if n:
            spans.append(" and " if n == len(notices) - 1 else ", ")
        spans += [Link(one.url, f"#{one.pull_request}"), f" {_title(one)}"]
    if len(shown) < len(notices):
        spans.append(f" and {len(notices) - len(shown)} more")
    return tuple(spans)


def _title(one: Notice) -> str:
    title = _NUMBER_BEHIND.sub("", one.title)
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"


def _are(notices: Sequence[Notice]) -> str:
    return "is" if len(notices) == 1 else "are"


def _place(by: Deployment) -> str:
    return f"{by.app} → {where(by)}"


def _small_print(notices: Sequence[Notice], by: Deployment, card: str | None) -> Line:
    facts: list[Line] = []
    others = {one.number for one in shipped_by(by)} - {None} - {one.pull_request for one in notices}
    if others and by.rollback_of is None:
        facts.append((f"with {len(others)} {'other' if len(others) == 1 else 'others'}",))
    because = f": “{by.reason}”" if by.reason and by.rollback_of is not None else ""
    facts.append((f"{_by(by)}{because}",))
    if card is not None:
        facts.append((Link(card, "thread"),))
    return tuple(span for n, fact in enumerate(facts) for span in ((" · ", *fact) if n else fact))


def _by(by: Deployment, before: str = "") -> str:
    if by.rollback_of is not None:
        return f"{before}rolled back by {by.by.name}"
    return f"{before}{'merged' if by.trigger == 'merge' else 'deployed'} by {by.by.name}"
