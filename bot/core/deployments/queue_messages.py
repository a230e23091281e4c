"""What the bot says to those who ask what runs and who waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.core import rich_text
from bot.core.deployments.model import Deployment
from bot.core.deployments.progress import eta_in_queue, progress
from bot.core.deployments.queue import EnvironmentQueue
from bot.core.deployments.wording import NO_LONGER, emoji, spoken, what
from bot.core.rich_text import Bold, Message, say


def queue(
    found: Sequence[EnvironmentQueue], subject: str | None, now: datetime, gone: Collection[tuple[str, str]] = ()
) -> Message:
    """``subject`` is what was asked about, None for everything; ``gone`` are places that the settings do not name."""
    busy = [one for one in found if not one.empty]
    if not busy:
        return say(f"Nothing runs and nothing waits{f' in {subject}' if subject else ''}.")
    lines: list[rich_text.Line] = []
    for one in busy:
        mark = (NO_LONGER,) if (one.app, one.environment) in gone else ()
        lines.append((Bold(f"{one.app} → {one.environment}"), *mark))
        lines += [_running(each, now) for each in one.runs]
        lines += [_queued(one, place, now) for place in range(len(one.queued))]
        lines += [_held(each, now) for each in one.held]
    return say("What runs, and what waits for what:", lines=lines)


def _running(one: Deployment, now: datetime) -> rich_text.Line:
    since = f"{one.state} for {spoken(now - (one.started_at or one.created_at))}"
    progressed = progress(one, now)
    far = f" ({progressed})" if progressed else ""
    return (f"    {emoji(one)} #{one.id} ", *what(one), f" by {one.by.name}, {since}{far}")


def _queued(line: EnvironmentQueue, place: int, now: datetime) -> rich_text.Line:
    one, turn = line.queued[place], eta_in_queue(line.runs, line.queued[:place], now)
    starts = f", starts in {turn}" if turn else ""
    return (f"    {place + 1}. #{one.id} ", *what(one), f" by {one.by.name}, in line for {_waited(one, now)}{starts}")


def _held(one: Deployment, now: datetime) -> rich_text.Line:
    reason = one.description.removeprefix("Waiting: ")
    return (f"    {emoji(one)} #{one.id} ", *what(one), f" by {one.by.name}, waiting for {_waited(one, now)}: {reason}")


def _waited(one: Deployment, now: datetime) -> str:
    return spoken(now - (one.waits_since or one.created_at))
