"""What people read of the audit: the history of one deployment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from bot.core.audit.model import AuditEntry
from bot.core.rich_text import Code, Line, Message, Moment, Span, say

WORTH_A_LINE = ("waiting", "stopping")
"""States that the deployment's own lines do not tell."""


def history(entries: Iterable[AuditEntry]) -> list[Line]:
    """A line for each command, and for what the deployment waited for."""
    return [_line(entry) for entry in _in_reading_order(entries) if _worth_a_line(entry)]


def refusal(entry: AuditEntry) -> Message:
    """Why a command was refused: each of its reasons on a line, as it was said then."""
    head = (f"{entry.origin.name} asked ", Moment(entry.at), ": ", Code(entry.command or entry.action))
    reasons = [reason for reason in entry.reason.split("; ") if reason]
    return say(*head, " was refused:", lines=[(f"• {reason}",) for reason in reasons])


def _in_reading_order(entries: Iterable[AuditEntry]) -> Iterable[AuditEntry]:
    """What a command brought about stands below the command, although it was written first."""
    for _, group in groupby(entries, key=lambda entry: entry.cause):
        yield from sorted(group, key=lambda entry: entry.action == "deployment")


def _worth_a_line(entry: AuditEntry) -> bool:
    return entry.action != "deployment" or entry.outcome.startswith(WORTH_A_LINE)


def _line(entry: AuditEntry) -> Line:
    spans: list[Span] = ["• ", Moment(entry.at), " "]
    if entry.action == "deployment":
        return (*spans, entry.outcome, *_because(entry.reason.removeprefix("Waiting: ")))
    spans += [f"{entry.origin.name}: ", Code(entry.command or entry.action)]
    if entry.outcome == "done":
        return tuple(spans)
    return (*spans, f" {entry.outcome}", *_because(entry.reason))


def _because(reason: str) -> Sequence[Span]:
    return (f": {reason}",) if reason else ()
