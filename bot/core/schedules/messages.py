"""What the bot says about deployments that wait for their moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.deployments.wording import NO_LONGER, spoken
from bot.core.grammar.commands import Deploy, ShowSchedule, Unschedule
from bot.core.grammar.offers import hint, offer
from bot.core.rich_text import Bold, Button, Code, Line, Mention, Message, Moment, say
from bot.core.schedules.model import MOST, ScheduleEntry, scheduled_as

MOMENTS = ("at 17:00", "tomorrow 9am", "in 2 hours", "fri 9:00")
REPETITIONS = ("every weekday at 9:00", "every mon and thu at 10:00", "every 2 hours")
LISTED = 20


def in_full(at: datetime, timezone: str) -> str:
    """A moment with its day and its zone, as the person reads it on their own clock.

    >>> from datetime import UTC
    >>> in_full(datetime(2026, 3, 2, 16, tzinfo=UTC), "Europe/Berlin")
    'Monday 2 March 2026, 17:00 CET (Europe/Berlin)'
    """
    here = at.astimezone(ZoneInfo(timezone))
    zone = "UTC" if timezone in {"UTC", "Etc/UTC"} else f"{here:%Z} ({timezone})"
    return f"{here:%A} {here.day} {here:%B %Y}, {here:%H:%M} {zone}"


def scheduled(entry: ScheduleEntry, now: datetime, *, pinned: bool) -> Message:
    """The answer; ``pinned`` where a commit was named, so that it cannot move."""
    place = (Bold(entry.app), " → ", Bold(entry.environment), f"  {entry.ref}")
    when: Line = (f": {in_full(entry.at, entry.timezone)}, in {spoken(entry.at - now)}",)
    if entry.every:
        when = (f", every {entry.every}; first{when[0]}",)
    what = "This very commit is deployed" if pinned else f"{entry.ref} is deployed as it is at that moment"
    rest: Line = (f"{what}. Checks, locks and your permission are looked at then, not now.",)
    return say(f"⏰ Scheduled as {entry.name}: ", *place, *when, ".", lines=[rest], buttons=_unschedule(entry))


def moment_not_understood(words: str, asked: Deploy, *, over: bool) -> Message:
    why = f"“{words}” is over already." if over else f"I do not understand “{words}” as a moment to come."
    others: Line = ("Or ", *_codes(MOMENTS[1:]), ".")
    return say(
        why, *hint(" For example: ", replace(asked, at=MOMENTS[0].removeprefix("at "), every=None)), lines=[others]
    )


def repetition_not_understood(words: str, asked: Deploy) -> Message:
    others: Line = ("Or ", *_codes(REPETITIONS[1:]), ".")
    why = f"I do not understand “every {words}”."
    example = replace(asked, at=None, every=REPETITIONS[0].removeprefix("every "))
    return say(why, *hint(" For example: ", example), lines=[others])


def _codes(texts: Sequence[str]) -> Line:
    spans = [(Code(text), ", ") for text in texts]
    return tuple(span for pair in spans for span in pair)[:-1]


def deployed_elsewhere(app: str, channels: Sequence[str]) -> Message:
    return say(Bold(app), f" is deployed from {', '.join(channels)} only; ask there.")


def full(app: str) -> Message:
    return say(
        Bold(app),
        f" has {MOST} entries in its schedule, which is all it may have.",
        *hint(" ", ShowSchedule(app), " lists them."),
    )


# --- the list --------------------------------------------------------------------------------------------------


def listing(entries: Sequence[ScheduleEntry], subject: str, example: Deploy, gone: Collection[int] = ()) -> Message:
    """``gone`` are the numbers of those whose place the settings no longer name."""
    if not entries:
        return say(f"Nothing is scheduled for {subject}.", *hint(" For example: ", example))
    lines = [_line(entry, gone=entry.id in gone) for entry in entries[:LISTED]]
    if len(entries) > LISTED:
        lines.append((f"… and {len(entries) - LISTED} more",))
    buttons = [button for one in entries[:10] for button in _unschedule(one, number=True)]
    return say(f"Scheduled for {subject}:", lines=lines, buttons=buttons)


def _line(entry: ScheduleEntry, *, gone: bool) -> Line:
    again = f", every {entry.every}" if entry.every else ""
    name = (Bold(f"{entry.app} → {entry.environment}"), *((NO_LONGER,) if gone else ()))
    return (f"⏰ {entry.name}  ", *name, f"  {entry.ref}  ", Moment(entry.at), f"{again} · {entry.by.name}")


def _unschedule(entry: ScheduleEntry, *, number: bool = False) -> tuple[Button, ...]:
    return offer(f"Unschedule {entry.name}" if number else "Unschedule", Unschedule(entry.id))


def unscheduled(entry: ScheduleEntry) -> Message:
    return say(f"{entry.name} is off the schedule: ", Code(entry.command), ".")


def unknown_entry(number: int) -> Message:
    return say(f"There is no {scheduled_as(number)} in the schedule. ", Code("schedule"), " lists what there is.")


def not_yours(entry: ScheduleEntry) -> Message:
    return say(
        f"{entry.name} was scheduled by {entry.by.name}. They, those who may deploy there and admins of the bot "
        "may take it off; please ask one of them."
    )


# --- its moment ------------------------------------------------------------------------------------------------


def missed(entry: ScheduleEntry, again: datetime | None, late: timedelta, now: Deploy | None) -> Message:
    """It was not done at its moment, and is not done so much later; ``again`` is its next one.

    ``now`` is what others may ask for in its place, without the force of whoever scheduled it.
    """
    who = Mention(entry.by.chat_id, entry.by.name)
    why = f" was due {in_full(entry.at, entry.timezone)}, {spoken(late)} ago, and I was not there to do it."
    lines: list[Line] = [("It is not done late by itself.",)]
    if again is not None:
        lines.append((f"Next: {in_full(again, entry.timezone)}.",))
    return say(
        "⏰ ",
        who,
        f" {entry.name} ",
        Code(entry.command),
        why,
        lines=lines,
        buttons=offer("Deploy now", now) if now is not None else (),
    )


def gone(entry: ScheduleEntry, again: datetime | None) -> Message:
    """Its moment has come, and there is nowhere to deploy to; ``again`` is its next one."""
    who = Mention(entry.by.chat_id, entry.by.name)
    why = f" is due, but {entry.app} → {entry.environment} is no longer in my settings, so it is not done."
    nexts: list[Line] = []
    if again is not None:
        next_ = f"Next: {in_full(again, entry.timezone)}."
        nexts.append((next_, *hint(" To take it off the schedule: ", Unschedule(entry.id), ".")))
    return say("⏰ ", who, f" {entry.name} ", Code(entry.command), why, lines=nexts)


def at_its_moment(person: str, command: str, message: Message) -> Message:
    """What became of a scheduled command, for whoever scheduled it and is not looking."""
    head: Line = ("⏰ ", Mention(person, person), " scheduled ", Code(command), ": ")
    first, *others = message.lines or (message.sentence,)
    return replace(message, sentence=(*head, *message.sentence), lines=((*head, *first), *others))
