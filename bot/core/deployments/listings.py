"""What the bot shows to those who ask for deployments: the last ones, one of them, its log and its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.deployments import wording
from bot.core.deployments.card import card
from bot.core.deployments.model import Deployment, State
from bot.core.grammar.commands import Logs
from bot.core.grammar.offers import hint
from bot.core.names import listed
from bot.core.rich_text import Bold, Code, CodeBlock, Line, Link, Message, Moment, say

NEVER_RAN = frozenset({State.CANCELLED, State.SUPERSEDED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of listed deployments besides.

    ``links`` lead to their cards, by number. ``left_out`` counts those among them that became part of a later one,
    ``tasks`` ran lately beside them, and deployed nothing; ``gone`` are the numbers of those that have not ended in
    places that the settings no longer name.
    """

    links: Mapping[int, str] = field(default_factory=dict)
    left_out: int = 0
    tasks: tuple[Deployment, ...] = ()
    gone: frozenset[int] = frozenset()


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


def details(one: Deployment, output: Sequence[str], decided: Sequence[Line] = ()) -> Message:
    """Everything about one deployment, with who ``decided`` what, the end of its output, and buttons that fit it."""
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
        lines.append((f"Forced: {one.force_reason or 'no reason given'}",))
    lines += decided
    if one.log_url:
        lines.append((Link(one.log_url, "Logs"),))
    if output:
        lines.append((CodeBlock("\n".join(output)),))
    shown = card(one)
    return Message(shown.sentence, (*shown.lines, *shown.context[:1], *lines), buttons=shown.buttons)


def log(one: Deployment, output: Sequence[str]) -> Message:
    """The end of what was written while it was deployed, and where all of it is."""
    lines: list[Line] = [wording.state_line(one)]
    if one.log_url:
        lines.append((Link(one.log_url, "All of the log"),))
    if output:
        lines.append((CodeBlock("\n".join(output)),))
    elif not one.log_url:
        lines.append(("Whoever carried it out has given me no log.",))
    return _of_one(one, lines)


def no_failure(subject: str) -> Message:
    return say(f"No deployment of {subject} has failed lately. ", Code("deploys"), " lists the last ones; ",
               Code("logs #12"), " shows the log of one.")  # fmt: skip


def reasons(one: Deployment, decided: Sequence[Line]) -> Message:
    """Why it stands as it does: what the gates said, as it was recorded, and what people decided."""
    lines: list[Line] = [wording.state_line(one), *decided]
    if one.forced:
        lines.append((wording.forced_line(one),))
    if one.state in {State.FAILED, State.ERROR, State.TIMED_OUT}:
        lines.append(hint("What was written: ", Logs(deployment=one.id)))
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
