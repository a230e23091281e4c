"""Gathers the delivery figures of places, week against week."""

from __future__ import annotations

from datetime import date, timedelta

from bot.context import Context
from bot.core.figures.calendar import WEEK, days
from bot.core.figures.messages import Week
from bot.core.figures.model import LOOKED_BACK, Span, figures, successes_by
from bot.services.targets import Target


def week_of(context: Context, target: Target, first: date) -> Week:
    """The seven days from ``first`` on in the bot's time zone, beside the seven before."""
    timezone = context.settings.bot.timezone
    found = days(first - timedelta(days=WEEK), 2 * WEEK, timezone)
    before, now = (Span(part[0].since, part[-1].until) for part in (found[:WEEK], found[WEEK:]))
    outcomes = context.reads.figures.outcomes(*target.place, before.since - LOOKED_BACK)
    return Week(
        *target.place,
        figures(outcomes, now),
        figures(outcomes, before),
        tuple(f"{first + timedelta(days=number):%a}" for number in range(WEEK)),
        successes_by(outcomes, found[WEEK:]),
    )
