"""What the bot shows to those who ask for deployments: the last ones, one of them, its log and its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core.ansi import cut
from bot.core.deployments import wording
from bot.core.deployments.card import card
from bot.core.deployments.model import Deployment, State
from bot.core.grammar.commands import Logs
from bot.core.grammar.offers import hint
from bot.core.names import listed, stated
from bot.core.rich_text import Bold, Code, CodeBlock, Line, Link, Message, Moment, say, visible

MOST_LINES = 100
"""More lines of output are asked for in vain."""
LARGEST_LOG = 9_000
"""Characters of output in one message; Slack takes few more in all."""
LARGEST_BLOCK = 2_500
LONGEST_LINE = 400
NEVER_RAN = frozenset({State.CANCELLED, State.SUPERSEDED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of listed deployments besides.

    ``links`` lead to their cards, by number. ``left_out`` counts those among them that became part of a later one,
    ``tasks`` ran lately beside them, and deployed nothing; ``gone`` are the numbers of those that have not ended in
    places that the settings no longer name. ``page`` is that of the app, if one is asked about.
    """

    links: Mapping[int, str] = field(default_factory=dict)
    left_out: int = 0
    tasks: tuple[Deployment, ...] = ()
    gone: frozenset[int] = frozenset()
    page: str | None = None


NOTHING = Seen()


def history(deployments: Sequence[Deployment], subject: str, seen: Seen = NOTHING) -> Message:
    """The last deployments, a line each; ``seen`` is what is known of them besides."""
    notes: list[Line] = []
    if seen.left_out:
        parts = (
            "1 that became part of a later one is"
            if seen.left_out == 1
            else (f"{seen.left_out} that became part of a later one are")
        )
        notes.append((f"{parts} left out",))
    if seen.tasks:
        notes.append(("Other tasks: ", listed([f"#{one.id} {one.task}" for one in seen.tasks])))
    if seen.page is not None:
        notes.append((Link(seen.page, wording.APP_PAGE),))
    if not deployments:
        return replace(say(f"There are no deployments of {subject} yet."), context=tuple(notes))
    lines = [_history_line(one, seen) for one in deployments]
    told = say(f"The last deployments of {subject}:", lines=lines)
    return replace(told, context=tuple(notes))


def _history_line(one: Deployment, seen: Seen) -> Line:
    ran = one.took is not None and one.state not in NEVER_RAN
    took = f" · {wording.spoken(one.took)}" if ran and one.took is not None else ""
    return (
        f"{wording.emoji(one)} ",
        Link(seen.links.get(one.id), f"#{one.id}"),
        "  ",
        Bold(f"{one.app} → {wording.where(one)}"),
        "  ",
        *wording.what(one),
        f" · {one.by.name} · ",
        Moment(one.created_at),
        took,
        *((wording.NO_LONGER,) if one.id in seen.gone else ()),
    )


def details(one: Deployment, output: Sequence[str], decided: Sequence[Line] = (), page: str | None = None) -> Message:
    """Everything about one deployment, with who ``decided`` what, the end of its output, and buttons that fit it.

    ``page`` is where all of that is, if anywhere.
    """
    lines: list[Line] = [wording.state_line(one), ("Asked for ", Moment(one.created_at), f" by {one.by.name}")]
    if one.started_at:
        lines.append(("Started ", Moment(one.started_at)))
    if one.finished_at:
        lines.append(("Ended ", Moment(one.finished_at)))
    for label, number in (
        ("Retry of", one.retry_of),
        ("Takes back", one.rollback_of),
        ("Superseded by", one.superseded_by),
    ):
        if number:
            lines.append((f"{label} #{number}",))
    if one.remote_id:
        lines.append((f"Deployment {one.remote_id} on GitHub",))
    if one.force:
        lines.append((f"Forced: {stated(one.force_reason or 'no reason given')}",))
    lines += decided
    if one.log_url:
        lines.append((Link(one.log_url, "Logs"),))
    if page:
        lines.append((Link(page, "All of it on its page"),))
    if output:
        lines.append((CodeBlock("\n".join(output)),))
    shown = card(one)
    return Message(shown.sentence, (*shown.lines, *shown.context[:1], *lines), buttons=shown.buttons)


def log(
    one: Deployment,
    output: Sequence[str],
    wanted: int = 0,
    page: str | None = None,
    cleared_after: timedelta | None = None,
) -> Message:
    """The end of what was written while it was deployed, and where all of it is; ``wanted`` lines were asked for.

    ``cleared_after`` is for how long it was kept, where it ended longer ago.
    """
    lines: list[Line] = [wording.state_line(one)]
    where_it_is = one.log_url or (page if output else None)
    if where_it_is:
        lines.append((Link(where_it_is, "All of the log"),))
    if page and page != where_it_is:
        lines.append((Link(page, "Its page"),))
    shown, left_out = _as_fits(output)
    if left_out:
        them = "1 line before these is" if left_out == 1 else f"{left_out} lines before these are"
        lines.append((f"{them} left out for want of room.",))
    elif wanted > len(output) >= MOST_LINES:
        lines.append((f"These are the last {MOST_LINES}: no message has room for more.",))
    lines += [(CodeBlock("\n".join(block)),) for block in shown]
    if not output and cleared_after is not None:
        lines.append((f"Output is kept for {wording.spoken(cleared_after)}, so there is none left.",))
    elif not output and not one.log_url:
        lines.append(("Whoever carried it out has given me no log.",))
    return _of_one(one, lines)


def _as_fits(output: Sequence[str]) -> tuple[list[list[str]], int]:
    """The last lines in blocks as large as may be, and how many there is no room for."""
    blocks: list[list[str]] = [[]]
    room, of_block = LARGEST_LOG, LARGEST_BLOCK
    for n, line in enumerate(reversed(output)):
        text = cut(visible(line), LONGEST_LINE)
        takes = _room_of(text)
        if takes > room:
            return blocks, len(output) - n
        if takes > of_block:
            blocks.insert(0, [])
            of_block = LARGEST_BLOCK
        blocks[0].insert(0, text)
        room, of_block = room - takes, of_block - takes
    return [block for block in blocks if block], 0


def _room_of(line: str) -> int:
    """As much as it may take once it is escaped: an ampersand or an angle bracket is written as up to five."""
    return len(line) + 1 + 4 * sum(map(line.count, "&<>"))


def no_failure(subject: str) -> Message:
    return say(f"No deployment of {subject} has failed lately. ", Code("deploys"), " lists the last ones; ",
               Code("logs #12"), " shows the log of one.")  # fmt: skip


def reasons(one: Deployment, decided: Sequence[Line], page: str | None = None) -> Message:
    """Why it stands as it does: what the gates said, as it was recorded, and what people decided."""
    lines: list[Line] = [wording.state_line(one), *decided]
    if one.forced:
        lines.append((wording.forced_line(one),))
    if one.state in {State.FAILED, State.ERROR, State.TIMED_OUT}:
        lines.append(hint("What was written: ", Logs(deployment=one.id)))
    if page:
        lines.append((Link(page, "Its page"),))
    return _of_one(one, lines)


def nothing_to_explain(subject: str) -> Message:
    return say(
        f"Nothing of {subject} waits, and I have refused nothing lately. ", Code("why #12"), " tells of one deployment."
    )


def _of_one(one: Deployment, lines: Sequence[Line]) -> Message:
    """Below its name; whoever only hears of it hears how it stands."""
    return Message((wording.sentence(one),), (_named(one), *lines))


def _named(one: Deployment) -> Line:
    return (f"{wording.emoji(one)} #{one.id}  ", Bold(f"{one.app} → {wording.where(one)}"), "  ", *wording.what(one))


def nowhere_from_here() -> Message:
    return say(
        "No app may be deployed from this channel. ", Code("where can I deploy"), " tells more in the apps' own."
    )
