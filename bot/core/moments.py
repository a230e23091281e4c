"""Moments in what people read: of today the time alone is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.rich_text import Fold, Line, Message, Moment, Table


def of_today(message: Message, now: datetime, timezone: str) -> Message:
    """The message without the date of today, as it is where its reader is; everything else is as it was.

    >>> from datetime import UTC, timedelta
    >>> from bot.core.rich_text import say
    >>> now = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    >>> of_today(say("since ", Moment(now - timedelta(hours=1))), now, "UTC").text()
    'since 21:30 UTC'
    >>> of_today(say("since ", Moment(now + timedelta(hours=2))), now, "UTC").text()
    'since Tue 03 Mar 00:30 UTC'
    """
    today = now.astimezone(ZoneInfo(timezone)).date()

    def line(spans: Line) -> Line:
        return tuple(
            replace(span, short=True)
            if isinstance(span, Moment) and span.at.astimezone(ZoneInfo(timezone)).date() == today
            else span
            for span in spans
        )

    def lines(several: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(line(one) for one in several)

    def table(shown: Table) -> Table:
        return replace(shown, rows=tuple(lines(row) for row in shown.rows))

    def fold(folded: Fold) -> Fold:
        return replace(folded, lines=lines(folded.lines), notes=lines(folded.notes))

    return replace(
        message,
        sentence=line(message.sentence),
        lines=lines(message.lines),
        context=lines(message.context),
        table=table(message.table) if message.table is not None else None,
        fold=fold(message.fold) if message.fold is not None else None,
    )
