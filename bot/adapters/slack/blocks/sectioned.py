"""Folds, steps and tables in sections and contexts alone, for workspaces that have nothing else yet."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.slack.blocks.sections import Block, characters, contexts, sections
from bot.adapters.slack.blocks.steps import FEWEST, MOST, window
from bot.core.rich_text import STEP_SIGNS, Bold, Fold, Line, Span, Step, Table, one_line, plain

SHORT_FOLD = 5
"""So many lines are shown although they are folded: a title alone would tell less than it takes room."""
NOTES_ROOM = 500
SECTIONS = 4
_TITLE_LIMIT = 150


def fold(folded: Fold, room: int) -> list[Block]:
    """The title, and the lines below it where they are open or few."""
    open_here = folded.open or len(folded.lines) <= SHORT_FOLD
    title: Line = (Bold(one_line(folded.title).strip()[:_TITLE_LIMIT] or "…"),)
    notes = contexts(folded.notes, min(NOTES_ROOM, room // 3))
    lines = [title, *(("• ", *line) for line in (folded.lines if open_here else ()))]
    return [*sections(lines, room - characters(notes), SECTIONS), *notes]


def plan(steps: Sequence[Step], room: int) -> list[Block]:
    """A line for each step."""
    return sections([step_line(step) for step in window(steps, max(FEWEST, min(MOST, room // 60)))], room, SECTIONS)


def step_line(step: Step) -> Line:
    detail = (f" · {step.detail}",) if step.detail.strip() else ()
    return (f"{STEP_SIGNS[step.state]} {step.name}", *detail)


def table(shown: Table, room: int) -> list[Block]:
    """A line for each row."""
    if not shown.head:
        return []
    return sections([(Bold(" · ".join(shown.head)),), *(_joined(row) for row in shown.rows)], room, SECTIONS)


def _joined(row: Sequence[Line]) -> Line:
    spans: list[Span] = []
    for cell in row:
        # As in a table, nothing is something that is seen.
        shown = cell if plain(cell).strip() else ("–",)
        spans += [" · ", *shown] if spans else shown
    return tuple(spans)
