"""What the board says, from ``board``: for each app two lines and one thing to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache

from bot.core.board.model import PARTS, AppStanding, Board, Look, Standing
from bot.core.deployments.card import joined, minute
from bot.core.deployments.card_buttons import approve
from bot.core.deployments.model import Deployment, Waiting
from bot.core.deployments.wording import emoji, name_of, spoken
from bot.core.freezes.model import Freeze
from bot.core.grammar.commands import Deploy, Status, Unlock
from bot.core.grammar.offers import hint, offer
from bot.core.home_view import Choice, HomeView, Row, Turn
from bot.core.locks.model import Lock
from bot.core.names import listed, stated
from bot.core.previews import messages as previews
from bot.core.rich_text import Bold, Button, Code, Line, Link, Moment

MOST_CHOICES = 100
"""So many apps stand in one group of the menu, so that every app can be chosen."""
_LONGEST_REASON = 80
_NOTHING_YET = "▫️"
_NOTHING = {
    "wanted": "Nothing waits for you.",
    "failing": "Nothing is failing.",
    "running": "Nothing is running.",
    "behind": "Nothing is behind, as far as I know without asking GitHub.",
    "mine": "You hold no environment.",
}


def board(shown: Board) -> HomeView:
    """The board as its reader is to see it."""
    return HomeView(
        intro=_intro(shown) if shown.new else (),
        choice=_choice(shown),
        turns=_turns(shown),
        rows=tuple(_row(one, shown.look) for one in shown.shown),
        notes=_notes(shown),
        pages=_pages(shown),
    )


def _intro(shown: Board) -> tuple[Line, ...]:
    """Who the bot is and what to type, in the words of what the reader sees."""
    first = next(iter(shown.apps), None)
    place = first.places[0] if first and first.places else None
    lines: list[Line] = [
        (Bold("Shipmate"), " deploys what you ask for, and says how it went."),
        ("Write to me here, or mention me in a channel. Three things worth typing:",),
    ]
    if first is not None and place is not None:
        lines.append(
            hint("• ", Deploy(first.name, "main", place.environment), " deploys it, when nothing speaks against")
        )
        lines.append(hint("• ", Status(first.name), " shows what is where"))
    lines.append(("• ", Code("help"), " shows what to type"))
    lines.append(("Below is all that is deployed where you may look. It keeps itself up to date.",))
    return tuple(line for line in lines if line)


def _choice(shown: Board) -> Choice:
    parts = tuple(Turn(label, str(Look(what))) for what, label in PARTS.items())
    apps = [Turn(one.name, str(Look(f"app:{one.name}"))) for one in sorted(shown.apps, key=lambda one: one.name)]
    chunks = [tuple(apps[at : at + MOST_CHOICES]) for at in range(0, len(apps), MOST_CHOICES)]
    groups = [("Show", parts), *((_span(chunk) if len(chunks) > 1 else "One app", chunk) for chunk in chunks)]
    now = str(Look(shown.look.what))
    chosen = next((turn for turn in (*parts, *apps) if turn.look == now), parts[0])
    return Choice(chosen, tuple(groups))


def _span(chunk: tuple[Turn, ...]) -> str:
    return f"{chunk[0].label} to {chunk[-1].label}"


def _turns(shown: Board) -> tuple[Turn, ...]:
    if shown.look.what != "all":
        return (Turn(PARTS["all"], str(Look())),)
    return (Turn(f"{PARTS['mine']} ({shown.locks})", str(Look("mine"))),) if shown.locks else ()


def _notes(shown: Board) -> tuple[Line, ...]:
    page: tuple[Line, ...] = ((Link(shown.address, "All of it on a page"),),) if shown.address is not None else ()
    return (*_counted(shown), *page)


def _counted(shown: Board) -> tuple[Line, ...]:
    if not shown.apps:
        return (
            ("There is nothing here that you may see: I show the apps of channels and repositories that you can.",),
        )
    if not shown.matching:
        return ((_NOTHING.get(shown.look.what, "That app is not here any more."),),)
    count = len(shown.matching)
    apps = "1 app" if count == 1 else f"{count} apps"
    return ((f"{apps} · page {shown.page} of {shown.pages}",),) if shown.pages > 1 else ()


def _pages(shown: Board) -> tuple[Turn, ...]:
    before = [Turn("← Back", str(Look(shown.look.what, shown.page - 1)))] if shown.page > 1 else []
    after = [Turn("More →", str(Look(shown.look.what, shown.page + 1)))] if shown.page < shown.pages else []
    return (*before, *after)


# --- an app ------------------------------------------------------------------------------------------------------


def _row(app: AppStanding, look: Look) -> Row:
    left = [one.environment for one in app.places if one not in app.shown]
    lines = [line(one) for one in app.shown]
    if left and lines:
        lines[-1] = (*lines[-1], f"  · and {listed(left)}")
    if app.previews:
        lines.append(previews.shown(app.previews))
    return Row(tuple(lines), next(iter(_accessory(app, look)), None))


def _accessory(app: AppStanding, look: Look) -> tuple[Button, ...]:
    """The one thing that the reader may want to do."""
    if look.what == "mine" and app.mine:
        return offer("Unlock", Unlock("mine", app.name))
    if app.wanted is not None:
        return approve(app.wanted)
    return deploy(app)


def deploy(app: AppStanding) -> tuple[Button, ...]:
    place = app.default or (app.places[0].environment if app.places else None)
    if place is None:
        return ()
    return _deploy(app.name, place)


@cache
def _deploy(app: str, place: str) -> tuple[Button, ...]:
    """Made once: that a command is read as it is written takes longer than all else in a row."""
    return tuple(replace(one, asks=True) for one in offer("Deploy…", Deploy(app, None, place)))


def line(place: Standing) -> Line:
    """Where, what is live there since when and by whom, and what is special about it."""
    return (f"{_sign(place)} ", Bold(f"{place.app} → {place.environment}"), "  ", *joined(_facts(place)))


def worst_sign(app: AppStanding) -> str:
    """Of its places: how the one stands that somebody has to know of first."""
    places = sorted(app.places, key=lambda one: (not one.failing, not one.busy, not one.waiting))
    return _sign(places[0]) if places else _NOTHING_YET


def _sign(place: Standing) -> str:
    if place.busy:
        return emoji(place.busy[0])
    asked = next((one for one in place.waiting if one.approvals_missing), None)
    if asked is not None:
        return "🙋"
    if place.failing and place.tried is not None:
        return emoji(place.tried)
    if place.live is None:
        return _NOTHING_YET
    return emoji(place.live.deployment)


def _facts(place: Standing) -> Iterable[Line]:
    yield from ((_runs(one)) for one in place.busy)
    yield from _waits(place.waiting)
    if place.failing and place.tried is not None:
        yield _failed(place.tried)
    yield _live(place)
    if place.behind and place.live is not None:
        yield (Bold(f"{place.behind} behind {place.live.branch}"),)
    if place.lock is not None:
        yield _held(place.lock)
    if place.freeze is not None:
        yield _frozen(place.freeze)


def _live(place: Standing) -> Line:
    if place.live is None:
        return ("nothing deployed yet",)
    one = place.live.deployment
    still = "still live: " if place.failing else ""
    return (
        still,
        Link(one.url, one.short_sha),
        " since ",
        _when(one.finished_at or one.created_at),
        f" by {one.by.name}",
    )


def _runs(one: Deployment) -> Line:
    if one.reviewed_elsewhere:
        return (Link(one.url, name_of(one)), " waits for a review on GitHub")
    usual = f", usually {spoken(one.usual_seconds)}" if one.usual_seconds else ""
    return (Link(one.url, name_of(one)), f" by {one.by.name} since ", minute(one.started_at or one.created_at), usual)


def _waits(waiting: Iterable[Deployment]) -> Iterable[Line]:
    """What wants people by name, the rest by number."""
    others = 0
    for one in waiting:
        if one.approvals_missing and one.waits_for is Waiting.APPROVAL:
            count = "1 approval" if one.approvals_missing == 1 else f"{one.approvals_missing} approvals"
            yield (Link(one.url, name_of(one)), f" by {one.by.name} needs {count}")
        else:
            others += 1
    if others:
        yield (f"{others} {'waits' if others == 1 else 'wait'}",)


def _failed(one: Deployment) -> Line:
    return (Link(one.url, name_of(one)), f" by {one.by.name} failed ", _when(one.finished_at or one.created_at))


def _held(lock: Lock) -> Line:
    until: Line = (", until ", _when(lock.until)) if lock.until else ()
    return (f"🔒 {lock.by.name}{_because(lock.reason)}", *until)


def _frozen(freeze: Freeze) -> Line:
    until: Line = (", until ", _when(freeze.until)) if freeze.until else ()
    return (f"🧊 {freeze.by.name}{_because(freeze.reason)}", *until)


def _because(reason: str | None) -> str:
    if not reason:
        return ""
    reason = stated(reason)
    return f": {reason if len(reason) <= _LONGEST_REASON else f'{reason[: _LONGEST_REASON - 1]}…'}"


def _when(at: datetime) -> Moment:
    """With its day: nobody is shown seconds, so they make no difference."""
    return Moment(at.replace(second=0, microsecond=0))
