"""What the bot says each morning, and of what waits to be deployed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.comparisons import messages as comparisons
from bot.core.comparisons.messages import Gap
from bot.core.deployments import ships
from bot.core.deployments.card import joined
from bot.core.digests.model import AppNews, PlaceNews
from bot.core.figures import messages as figures
from bot.core.grammar.commands import Deploy, NotToday
from bot.core.grammar.offers import hint, offer
from bot.core.rich_text import Bold, Code, Line, Message, Moment, plain, say

MOST_APPS = 15


def digest(news: Sequence[AppNews], now: datetime, timezone: str) -> Message | None:
    """One line, and one for each app with something to say; None for a quiet time."""
    told = [one for one in news if one.is_news]
    weeks = [week for one in news for week in one.weeks if not week.quiet]
    if not told and not weeks:
        return None
    apps = [_of(one, now, timezone) for one in told[:MOST_APPS]]
    if len(told) > MOST_APPS:
        apps.append((f"and {len(told) - MOST_APPS} more apps",))
    figured: list[Line] = [("📈 ", *figures.line(week, " last week")) for week in weeks]
    if told:
        first = _first(told, news)
        lines = [first, *apps, *figured]
        sentence: Line = (*first, f": {'; '.join(map(plain, apps))}.")
    else:
        lines = figured
        sentence = ("Last week's figures: ", *figured[0], ".")
    context: tuple[Line, ...] = (("In brackets: the week before.",),) if weeks else ()
    return Message(sentence, tuple(lines), context, chart=figures.chart(weeks))


def _first(told: Sequence[AppNews], news: Sequence[AppNews]) -> Line:
    places = [place for one in told for place in one.places]
    live, failed = sum(place.live for place in places), sum(place.failed for place in places)
    back = sum(place.back for place in places)
    said = _counted(live, failed, back) if places else "nothing was deployed"
    return ("☀️ Since ", Moment(min(one.span.since for one in news)), f": {said}")


def _counted(live: int, failed: int, back: int) -> str:
    went = f"{live} {'deployment' if live == 1 else 'deployments'} went live" if live else ""
    broke = f"{failed} failed" if failed else ""
    gone = f"{back} rolled back" if back else ""
    return ", ".join(one for one in (went, broke, gone) if one)


def _of(news: AppNews, now: datetime, timezone: str) -> Line:
    parts: list[Line] = [_place(one) for one in news.places]
    parts += [comparisons.waiting(gap, now, timezone) for gap in news.gaps]
    return (Bold(news.app), " ", *joined(parts))


def _place(place: PlaceNews) -> Line:
    counts = ((place.live, "live"), (place.failed, "failed"), (place.back, "rolled back"))
    told = ", ".join(f"{count} {what}" for count, what in counts if count)
    broken = f" (the last one, #{place.broken.id})" if place.broken is not None else ""
    return (f"{place.environment}: {told}{broken}",)


# --- reminders ---------------------------------------------------------------------------------------------------


def nudge(app: str, gaps: Sequence[Gap], now: datetime, timezone: str) -> Message:
    """Each place of the app with what waits for it; the list is that of the first."""
    news = joined([comparisons.waiting(gap, now, timezone) for gap in gaps])
    first = gaps[0]
    way = hint(". To deploy that: ", Deploy(first.app, first.ref, first.environment), ".")
    lines = (("🕓 ", Bold(app), " ", *news), *comparisons.what_waits(first, ships.SHOWN))
    buttons = [button for gap in gaps[:2] for button in comparisons.closing(gap, f"Deploy to {gap.environment}")]
    return Message((f"{app}: ", *news, *(way or (".",))), lines, buttons=(*buttons, *offer("Not today", NotToday(app))))


def quiet_until(app: str, until: datetime) -> Message:
    return say("No more reminders of what waits in ", Bold(app), " before ", Moment(until), ".")


def no_reminders(app: str) -> Message:
    return say(
        "Nobody is reminded of what waits in ", Bold(app), ": my settings have no ", Code("nudge_after"), " there."
    )
