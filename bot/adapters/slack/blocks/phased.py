"""Blocks of 2025 and 2026, which Slack brings to one workspace after the other: containers, plans, tables and charts.

https://docs.slack.dev/reference/block-kit/blocks/container-block, …/plan-block, …/task-card-block, …/table-block,
…/data-visualization-block
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.adapters.slack.blocks.mrkdwn import DATE_FORMAT, GROUP, PERSON, TIME_FORMAT, address, cut
from bot.adapters.slack.blocks.sections import (
    ROOM_FOR_MORE,
    Block,
    characters,
    contexts,
    left_out,
    note,
    plain_text,
    section,
    sections,
)
from bot.adapters.slack.blocks.steps import FEWEST, MOST, tally, window
from bot.core.rich_text import (
    Bold,
    Chart,
    Code,
    CodeBlock,
    Fold,
    GroupMention,
    Line,
    Link,
    Mention,
    Moment,
    Span,
    Step,
    Table,
    one_line,
    plain,
)

PHASED = frozenset({"container", "plan", "table", "data_visualization"})
"""A workspace that lacks one of these refuses the whole message."""

TITLE_LIMIT = 150
NOTES_ROOM = 500
# Slack takes ten blocks in a container; two of them are for the notes.
SECTIONS_IN_FOLD = 8
ROWS_LIMIT = 100
COLUMNS_LIMIT = 20
CELL_LIMIT = 300
ADDRESS_LIMIT = 300
STEP_NAME_LIMIT = 100
STEP_DETAIL_LIMIT = 150
CHART_TITLE_LIMIT = 50
LABEL_LIMIT = CATEGORIES_LIMIT = 20
SERIES_LIMIT = 6

_STATUS = {"pending": "pending", "running": "in_progress", "done": "complete", "failed": "error"}


def fold(folded: Fold, room: int) -> list[Block]:
    """A container that is closed where the fold is; what does not fit in is counted."""
    title = cut(one_line(folded.title).strip(), min(TITLE_LIMIT, room // 3)) or "…"
    notes = contexts(folded.notes, min(NOTES_ROOM, room // 3))
    left = room - len(title) - characters(notes)
    inside = [*sections([("• ", *line) for line in folded.lines], left, SECTIONS_IN_FOLD), *notes]
    return [
        {
            "type": "container",
            "title": plain_text(title),
            "is_collapsible": True,
            "default_collapsed": not folded.open,
            # One without anything inside is refused.
            "child_blocks": inside or [section("…")],
        }
    ]


def plan(steps: Sequence[Step], room: int) -> list[Block]:
    """Two steps or more with their states."""
    title = tally(steps)
    shown = window(steps, max(FEWEST, min(MOST, room // 60)))
    longest = (room - len(title)) // len(shown)
    tasks = [_task(number, step, longest) for number, step in enumerate(shown, 1)]
    return [{"type": "plan", "title": title, "tasks": tasks}]


def _task(number: int, step: Step, longest: int) -> Block:
    name = cut(one_line(step.name).strip(), min(STEP_NAME_LIMIT, longest // 2)) or "…"
    task: Block = {"type": "task_card", "task_id": f"step-{number}", "title": name, "status": _STATUS[step.state]}
    detail = cut(one_line(step.detail).strip(), min(STEP_DETAIL_LIMIT, longest // 2))
    if detail:
        task["details"] = _rich([{"type": "text", "text": detail}])
    return task


def table(shown: Table, room: int) -> list[Block]:
    """At most a hundred rows of twenty columns; those that do not fit are counted below."""
    columns = len(shown.head[:COLUMNS_LIMIT])
    if not columns:
        return []
    longest = max(8, min(CELL_LIMIT, room // (3 * columns)))
    rows = [[_cell((name,), longest) for name in shown.head[:COLUMNS_LIMIT]]]
    room -= characters(rows[0]) + ROOM_FOR_MORE
    for row in shown.rows[: ROWS_LIMIT - 1]:
        cells = [_cell(cell, longest) for cell in (*row, *[()] * columns)[:columns]]
        room -= characters(cells)
        if room < 0:
            break
        rows.append(cells)
    drawn: Block = {"type": "table", "rows": rows, "column_settings": [{"is_wrapped": True}] * columns}
    left = len(shown.rows) - (len(rows) - 1)
    return [drawn, note(left_out(left, "row"))] if left else [drawn]


def chart(shown: Chart, room: int) -> list[Block]:
    """Bars; what is beyond the twenty labels and six series that Slack takes, or has no room, is left out."""
    labels = _distinct(shown.labels[:CATEGORIES_LIMIT])
    names = _distinct([one.name for one in shown.series[:SERIES_LIMIT]])
    if not labels or not names:
        return []
    series = [
        {"name": name, "data": [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)]}
        for name, values in zip(names, (_as_many(one.values, len(labels)) for one in shown.series), strict=False)
    ]
    drawn = {"type": "bar", "series": series, "axis_config": {"categories": labels}}
    title = cut(one_line(shown.title).strip(), CHART_TITLE_LIMIT) or "…"
    block: Block = {"type": "data_visualization", "title": title, "chart": drawn}
    return [block] if characters([block]) <= room else []


def _as_many(values: Sequence[int], count: int) -> list[int]:
    return [*values, *[0] * count][:count]


def _distinct(names: Sequence[str]) -> list[str]:
    """Short enough, and told apart where two would be the same: points find their place by these names."""
    found: list[str] = []
    for name in names:
        short = cut(one_line(name).strip(), LABEL_LIMIT) or "…"
        for number in range(2, len(names) + 2):
            if short not in found:
                break
            short = f"{cut(one_line(name).strip(), LABEL_LIMIT - 3) or '…'} {number}"
        found.append(short)
    return found


def _cell(line: Line, longest: int) -> Block:
    """Raw text as far as that will do. An empty cell is refused."""
    if all(isinstance(span, str) for span in line):
        return {"type": "raw_text", "text": cut(plain(line).strip(), longest) or "–"}
    return _rich(list(_elements(line, longest)) or [{"type": "text", "text": "–"}])


def _rich(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _elements(line: Line, room: int) -> Iterator[Block]:
    """Spans as elements of rich text, in which nothing has to be escaped."""
    for span in line:
        shown = cut(plain((span,)) if not isinstance(span, CodeBlock) else one_line(span.text), room)
        if not shown.strip() and not isinstance(span, str):
            continue
        if shown:
            yield _element(span, shown)
        room -= len(shown)
        if room <= 1:
            return


def _element(span: Span, shown: str) -> Block:
    text: Block = {"type": "text", "text": shown}
    match span:
        case Bold():
            return {**text, "style": {"bold": True}}
        case Code() | CodeBlock():
            return {**text, "style": {"code": True}}
        case Link():
            where = address(span)
            return {"type": "link", "url": where, "text": shown} if where and len(where) <= ADDRESS_LIMIT else text
        case Mention(chat_id=chat_id) if chat_id and PERSON.fullmatch(chat_id):
            return {"type": "user", "user_id": chat_id}
        case GroupMention(group_id=group) if group and GROUP.fullmatch(group):
            return {"type": "usergroup", "usergroup_id": group}
        case Moment(at=at, short=short):
            date_format = TIME_FORMAT if short else DATE_FORMAT
            return {"type": "date", "timestamp": int(at.timestamp()), "format": date_format, "fallback": shown}
        case _:
            return text
