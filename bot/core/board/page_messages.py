"""What the pages say of how places stand: for each, what is live, and a line for all that is special about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.board.model import AppStanding, Standing
from bot.core.deployments.history_messages import LONGEST_REASON, Tone, address, called, short
from bot.core.deployments.model import Deployment, Waiting
from bot.core.deployments.progress import progress
from bot.core.deployments.wording import emoji
from bot.core.freezes.model import ClosedBy
from bot.core.freezes.reasons import until_then
from bot.core.rich_text import Bold, Line, Link, Moment

MOST_ON_THE_WAY = 4
"""So many that run or wait in a place have a line of their own."""
_WAITS: dict[Waiting | None, str] = {
    Waiting.CHECKS: "waits for its checks",
    Waiting.REVIEW: "waits for reviews",
    Waiting.ORDER: "waits for the environment before",
    Waiting.QUEUE: "is in line",
    Waiting.LOCK: "waits for the lock",
    Waiting.FREEZE: "waits until it is open",
    Waiting.MOMENT: "waits for its moment",
    Waiting.MERGE: "waits to be merged",
}


def app_address(app: str) -> str:
    """The path of the page of an app."""
    return f"/apps/{app}"


# --- places ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceLines:
    """How a place stands: ``tone`` at a glance, ``live`` is what is there, ``now`` what goes on or keeps it, each a
    line."""

    environment: str
    tone: Tone
    live: Line
    now: tuple[Line, ...] = ()


def place(one: Standing, closed: ClosedBy | None, now: datetime, *, linked: bool = True) -> PlaceLines:
    """``closed`` is what keeps it closed; ``linked``: what is live leads to its page, as all that goes on does."""
    return PlaceLines(short(one.environment), _tone(one), _live(one, linked=linked), tuple(_now(one, closed, now)))


def _tone(one: Standing) -> Tone:
    if one.failing:
        return "bad"
    if one.busy or one.waiting:
        return "busy"
    return "good" if one.live is not None else "quiet"


def _live(one: Standing, *, linked: bool) -> Line:
    if one.live is None:
        return ("▫️ nothing deployed yet",)
    live = one.live.deployment
    behind: Line = (" · ", Bold(f"{one.behind} behind {short(one.live.branch or '')}")) if one.behind else ()
    return (
        f"{emoji(live)} ",
        Link(address(live) if linked else None, called(live)),
        " since ",
        Moment(live.finished_at or live.created_at),
        f" by {short(live.by.name)}",
        *behind,
    )


def _now(one: Standing, closed: ClosedBy | None, now: datetime) -> Iterable[Line]:
    on_the_way = (*one.busy, *one.waiting)
    for each in on_the_way[:MOST_ON_THE_WAY]:
        yield (*_named(each), f" by {short(each.by.name)} {_does(each, now)}")
    if len(on_the_way) > MOST_ON_THE_WAY:
        yield (f"and {len(on_the_way) - MOST_ON_THE_WAY} more",)
    if one.failing and one.tried is not None:
        tried = one.tried
        yield (*_named(tried), f" by {short(tried.by.name)} failed ", Moment(tried.finished_at or tried.created_at))
    if one.lock is not None:
        why = f": {short(one.lock.reason, LONGEST_REASON)}" if one.lock.reason else ""
        until: Line = (", until ", Moment(one.lock.until)) if one.lock.until is not None else ()
        yield (f"🔒 locked by {short(one.lock.by.name)}{why}", *until)
    if closed is not None:
        told = tuple(short(span, LONGEST_REASON) if isinstance(span, str) else span for span in until_then(closed))
        yield ("🧊 closed " if closed.freezes or closed.until else "🧊 ", *told)


def _named(one: Deployment) -> Line:
    return (f"{emoji(one)} ", Link(address(one), f"#{one.id}"), f" {called(one)}")


def _does(one: Deployment, now: datetime) -> str:
    if one.reviewed_elsewhere:
        return "waits for a review on GitHub"
    if one.busy:
        far = progress(one, now)
        return f"is under way, {far}" if far else "is under way"
    if one.approvals_missing and one.waits_for is Waiting.APPROVAL:
        return "needs 1 approval" if one.approvals_missing == 1 else f"needs {one.approvals_missing} approvals"
    return _WAITS.get(one.waits_for, "waits")


# --- all of them -------------------------------------------------------------------------------------------------


def ordered(apps: Iterable[AppStanding]) -> list[AppStanding]:
    """The worst first: what fails, runs, is behind; then all else, by name."""
    return sorted(apps, key=lambda one: (one.rank, one.name))


def summary(apps: Sequence[AppStanding]) -> str:
    """How many there are, and of how many places one should know.

    >>> summary([AppStanding("web", (Standing("web", "production"),))])
    '1 app'
    """
    places = [place for app in apps for place in app.places]
    counts = Counter(
        failing=sum(one.failing for one in places),
        running=sum(len(one.busy) for one in places),
        waiting=sum(len(one.waiting) for one in places),
        locked=sum(one.lock is not None for one in places),
        frozen=sum(one.freeze is not None for one in places),
    )
    told = [f"{count} {what}" for what, count in counts.items() if count]
    return " · ".join((f"{len(apps)} app" if len(apps) == 1 else f"{len(apps)} apps", *told))
