"""What is said to those who ask what is where: the places of one app as a table, or of each app a line, worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.board import messages as board_messages
from bot.core.board.model import AppStanding, Standing
from bot.core.deployments.card import joined
from bot.core.deployments.model import Deployment, Waiting
from bot.core.deployments.progress import progress
from bot.core.deployments.wording import APP_PAGE, NO_LONGER, emoji, name_of, what
from bot.core.freezes.model import ClosedBy
from bot.core.freezes.reasons import until_then
from bot.core.grammar.commands import Status, Undeployed
from bot.core.grammar.offers import hint, offer
from bot.core.locks.messages import holder
from bot.core.names import listed
from bot.core.rich_text import Bold, Button, Line, Link, Message, Moment, Table, say

MOST_APPS = 15
"""So many apps have a line; the home tab has them all."""
MOST_ON_THE_WAY = 4
"""So many that run or wait in a place are told of one by one."""
LONGEST_TITLE = 40
_HEAD = ("where", "what is live", "since", "now")


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """How a place stands, and what is known besides.

    ``closed`` is what keeps it closed. ``ahead`` is by how much the ``branch`` that is deployed there by default is
    ahead of it, None where that is not known. ``told`` is whether titles may be told; ``gone``: the settings do not
    name it.
    """

    standing: Standing
    closed: ClosedBy | None = None
    branch: str = ""
    ahead: int | None = None
    told: bool = False
    gone: bool = False


# --- one app -----------------------------------------------------------------------------------------------------


def of_app(
    app: AppStanding,
    places: Sequence[PlaceStatus],
    now: datetime,
    more: Sequence[Line] = (),
    page: str | None = None,
) -> Message:
    """A row for each place; ``more`` is what is left of places that are gone, ``page`` the app's own."""
    ahead = _ahead(places)
    sentence: Line = (f"{app.name}: ",)
    for number, one in enumerate(places):
        sentence += ("; " if number else "", *_read_out(one, now))
    first: Line = (Bold(app.name), *((" · ", *ahead) if ahead else ()))
    return Message(
        sentence=(*sentence, ". ", *ahead, ".") if ahead else (*sentence, "."),
        lines=(first, *more),
        context=((Link(page, APP_PAGE),),) if page is not None else (),
        table=Table(_HEAD, tuple(_row(one, now) for one in places)),
        buttons=(*board_messages.deploy(app), *_undeployed(app.name, places)),
    )


def _ahead(places: Iterable[PlaceStatus]) -> Line:
    """How far what is deployed by default is ahead; nothing where that is not known."""
    known = [one for one in places if one.ahead is not None]
    behind = [one for one in known if one.ahead]
    if not known or not behind:
        names = [one.standing.environment for one in known]
        return (f"{listed(names)} {'has' if len(names) == 1 else 'have'} all of {known[0].branch}",) if known else ()
    parts = [f"{one.ahead} ahead of {one.standing.environment}" for one in behind]
    branches = {one.branch for one in behind}
    if len(branches) == 1:
        return (f"{behind[0].branch} is {listed(parts)}",)
    return ("; ".join(f"{one.branch} is {part}" for one, part in zip(behind, parts, strict=True)),)


def _undeployed(app: str, places: Iterable[PlaceStatus]) -> tuple[Button, ...]:
    most = max((one.ahead or 0 for one in places), default=0)
    return offer(f"What is not deployed ({most})", Undeployed(app)) if most else ()


def _row(one: PlaceStatus, now: datetime) -> tuple[Line, ...]:
    live = one.standing.live.deployment if one.standing.live else None
    name: Line = (Bold(one.standing.environment), *((NO_LONGER,) if one.gone else ()))
    if live is None:
        return name, ("nothing deployed yet",), (), joined(_now(one, now))
    since: Line = (Moment(live.finished_at or live.created_at), f", {live.by.name}")
    return name, _live(live, told=one.told), since, joined(_now(one, now))


def _live(live: Deployment, *, told: bool) -> Line:
    number = f"#{live.pull_request} " if live.pull_request else ""
    title = live.title if len(live.title) <= LONGEST_TITLE else f"{live.title[: LONGEST_TITLE - 1]}…"
    return (*what(live), f"  {number}{title}") if told and title else what(live)


def _now(one: PlaceStatus, now: datetime) -> Iterable[Line]:
    """What goes on there, and what keeps it."""
    place = one.standing
    on_the_way = (*place.busy, *place.waiting)
    for each in on_the_way[:MOST_ON_THE_WAY]:
        yield (f"{emoji(each)} #{each.id} ", *what(each), *_does(each, now))
    if len(on_the_way) > MOST_ON_THE_WAY:
        yield (f"{len(on_the_way) - MOST_ON_THE_WAY} more",)
    if place.failing and place.tried is not None and not place.busy:
        tried = place.tried
        when = Moment(tried.finished_at or tried.created_at)
        yield (f"{emoji(tried)} #{tried.id} ", *what(tried), f" by {tried.by.name} failed ", when)
    if place.lock is not None:
        yield ("🔒 ", *holder(place.lock))
    if one.closed is not None:
        yield ("🧊 ", *until_then(one.closed))


def _does(one: Deployment, now: datetime) -> Line:
    if one.reviewed_elsewhere:
        return (f" by {one.by.name} waits for a review on GitHub",)
    if one.busy:
        far = progress(one, now)
        return (f" by {one.by.name}{f', {far}' if far else ''}",)
    if one.waits_for is Waiting.QUEUE:
        return (f" by {one.by.name} is in line",)
    return (f" by {one.by.name} ", *(one.news or (one.description or "waits",)))


def _read_out(one: PlaceStatus, now: datetime) -> Line:
    """The row as a part of a sentence."""
    name, live, since, doing = _row(one, now)
    has: Line = (*name, " has ", *live, " since ", *since) if since else (*name, ": ", *live)
    return (*has, ", ", *doing) if doing else has


# --- all apps ----------------------------------------------------------------------------------------------------


def of_all(apps: Sequence[AppStanding], more: Sequence[Line] = (), gone: Collection[tuple[str, str]] = ()) -> Message:
    """A line for each app, the worst first; ``gone`` are the places that the settings do not name, ``more`` is what is
    left of them."""
    ordered = sorted(apps, key=lambda one: (one.rank, one.name))
    shown, left = ordered[:MOST_APPS], ordered[MOST_APPS:]
    lines = [_app(one, gone) for one in shown]
    rest = f"and {len(left)} more: my home tab shows them all · " if left else ""
    told = say(f"How {len(apps)} apps stand:", lines=lines)
    example = hint(f"{rest}one of them: ", Status(ordered[0].name)) if ordered else ()
    return Message(told.sentence, (*lines, *more), (example,) if example else ())


def _app(app: AppStanding, gone: Collection[tuple[str, str]]) -> Line:
    spans: Line = (f"{board_messages.worst_sign(app)} ", Bold(app.name))
    for number, place in enumerate(app.shown):
        spans += (" · " if number else "  ", *_standing(place, gone=(place.app, place.environment) in gone))
    hidden = len(app.places) - len(app.shown)
    return (*spans, f" · {hidden} more") if hidden else spans


def _standing(place: Standing, *, gone: bool) -> Line:
    live = place.live.deployment if place.live else None
    name: Line = (Link(live.url, name_of(live)),) if live else ("nothing yet",)
    facts: list[Line] = [(f"{place.environment}{NO_LONGER if gone else ''} ", *name)]
    if place.behind and place.live is not None:
        facts.append((Bold(f"{place.behind} behind {place.live.branch}"),))
    if place.failing and place.tried is not None:
        facts.append((f"#{place.tried.id} failed",))
    facts += [(f"#{one.id} is under way",) for one in place.busy[:1]]
    if place.waiting:
        facts.append((f"{len(place.waiting)} {'waits' if len(place.waiting) == 1 else 'wait'}",))
    facts += [("🔒 ", place.lock.by.name)] if place.lock is not None else []
    facts += [("🧊 ", place.freeze.by.name)] if place.freeze is not None else []
    return tuple(span for number, fact in enumerate(facts) for span in (*((", ",) if number else ()), *fact))
