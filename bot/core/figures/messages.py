"""What the bot says of the delivery figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.deployments.wording import APP_PAGE, spoken
from bot.core.figures.model import Figures
from bot.core.rich_text import Bold, Chart, Code, Line, Link, Message, Series, say

NOTHING = "–"
"""Stands for a figure of which there was nothing to measure."""
MOST_CHARTED = 6


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of one place: ``by_day`` are its successful deployments on each of the ``days``."""

    app: str
    environment: str
    now: Figures
    before: Figures
    days: tuple[str, ...]
    by_day: tuple[int, ...]

    @property
    def place(self) -> str:
        return f"{self.app} → {self.environment}"

    @property
    def quiet(self) -> bool:
        """Whether nothing was deployed there, neither then nor before."""
        return not self.now.changes and not self.before.changes


def line(week: Week, when: str = "") -> Line:
    """``12 deployments (9) · lead time 3 h (5 h) · failure rate 8 % (11 %) · time to restore 12 min (–)``"""
    now, before = week.now, week.before
    noun = "deployment" if now.deployments == 1 else "deployments"
    told = (
        f"{now.deployments} {noun} ({before.deployments})",
        f"lead time {length(now.lead_time)} ({length(before.lead_time)})",
        f"failure rate {rate(now.failure_rate)} ({rate(before.failure_rate)})",
        f"time to restore {length(now.time_to_restore)} ({length(before.time_to_restore)})",
    )
    return (Bold(week.place), f"{when}: {' · '.join(told)}")


def length(passed: timedelta | None) -> str:
    return spoken(passed) if passed is not None else NOTHING


def rate(share: float | None) -> str:
    return f"{share:.0%}".replace("%", " %") if share is not None else NOTHING


def chart(weeks: Sequence[Week]) -> Chart | None:
    """Day by day, of the busiest places."""
    busiest = sorted(weeks, key=lambda week: -sum(week.by_day))[:MOST_CHARTED]
    shown = [week for week in weeks if week in busiest and any(week.by_day)]
    if not shown:
        return None
    apps = {week.app for week in weeks}
    alone = len({week.place for week in weeks}) == len(apps)
    series = tuple(Series(week.app if alone else _short(week, apps), week.by_day) for week in shown)
    return Chart("Production deployments, day by day", shown[0].days, series)


def _short(week: Week, apps: set[str]) -> str:
    return week.environment if len(apps) == 1 else f"{week.app} {week.environment}"


def listing(weeks: Sequence[Week], left: int = 0, page: str | None = None) -> Message:
    """``left`` places were not looked at; ``page`` is that of the app, where all are of one."""
    context: tuple[Line, ...] = ((Link(page, APP_PAGE),),) if page is not None else ()
    if all(week.quiet for week in weeks):
        places = ", ".join(week.place for week in weeks)
        said = say("Nothing was deployed to ", Bold(places), " in the last two weeks, so there are no figures yet.")
        return replace(said, context=context)
    told = [week for week in weeks if not week.quiet]
    quiet = [week.place for week in weeks if week.quiet]
    lines: list[Line] = [("📈 The last seven days, and in brackets the seven days before:",), *map(line, told)]
    if quiet:
        lines.append(("Nothing was deployed to ", Bold(", ".join(quiet))))
    if left > 0:
        lines.append((f"{left} more places; name an app to see its own: ", Code("figures web")))
    counted = sum(week.now.deployments for week in weeks)
    return Message(
        (f"{counted} {'deployment' if counted == 1 else 'deployments'} in the last seven days.",),
        tuple(lines),
        context,
        chart=chart(told),
    )


def no_production(app: str) -> Message:
    return say(
        "No environment of ",
        Bold(app),
        " counts as production, so there are no figures. Whoever keeps my settings can say which one does: ",
        Code("production = true"),
    )
