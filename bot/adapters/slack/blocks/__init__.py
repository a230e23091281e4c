"""A message in Slack's own format: mrkdwn text and Block Kit blocks, always within Slack's limits.

Limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from bot.adapters.slack.blocks import phased, sectioned
from bot.adapters.slack.blocks.actions import actions
from bot.adapters.slack.blocks.mrkdwn import CODE_BLOCK_LIMIT, code_block, mrkdwn
from bot.adapters.slack.blocks.sections import Block, characters, contexts, section, sections
from bot.core.rich_text import Fold, Message, Step, Table, plain

TEXT_LIMIT = 4_000
BLOCKS_LIMIT = 50
# Slack refuses a message somewhere above 13,000 characters of block text.
TOTAL_LIMIT = 12_500
ROOM_FOR_LINES = 1_000
"""Is kept free for the lines, whatever comes below them."""
SMALLEST_PART = 400
"""Each part below the lines has so much room at least."""
_FENCES = 20

Draw = Callable[[int], list[Block]]
"""Draws a part in so many characters."""


def text_of(message: Message) -> str:
    """The message's sentence as mrkdwn, at most 4,000 characters: notifications and screen readers get this."""
    return mrkdwn(message.sentence, TEXT_LIMIT).strip() or "…"


def blocks_of(message: Message, *, plainly: bool = False) -> list[Block]:
    """The whole message as blocks, in the order of ``Message``. What does not fit is counted instead of shown.

    ``plainly`` is without the blocks that not every workspace has.
    """
    row, small = actions(message.buttons, message.more), contexts(message.context)
    room = TOTAL_LIMIT - characters([*row, *small])
    parts = _parts(message, sectioned if plainly else phased, room - ROOM_FOR_LINES)
    below = [*small, *parts, *row]
    lines = message.lines or (message.sentence,)
    above = sections(lines, TOTAL_LIMIT - characters(below), BLOCKS_LIMIT - len(below))
    return [*(above or [section("…")]), *below]


def has_phased(blocks: Iterable[Block]) -> bool:
    """Whether there is something among the blocks that not every workspace has."""
    return any(block["type"] in phased.PHASED for block in blocks)


class Form(Protocol):
    """How the parts are drawn that Slack has blocks of their own for, each in ``room`` characters."""

    def fold(self, folded: Fold, room: int) -> list[Block]: ...

    def plan(self, steps: Sequence[Step], room: int) -> list[Block]: ...

    def table(self, shown: Table, room: int) -> list[Block]: ...


def _parts(message: Message, form: Form, room: int) -> list[Block]:
    """Table, chart, steps, output and fold. The last is served first: it is the shortest; the table may be endless.

    A chart is left out where there is no block for it: the lines say what it shows.
    """
    wanted: list[Draw] = []
    if message.fold is not None:
        wanted.append(partial(form.fold, message.fold))
    if message.output.strip():
        wanted.append(partial(_output, message.output))
    if message.steps:
        wanted.append(partial(form.plan if len(message.steps) > 1 else _only_step, message.steps))
    if message.chart is not None and form is phased:
        wanted.append(partial(phased.chart, message.chart))
    if message.table is not None:
        wanted.append(partial(form.table, message.table))
    drawn: list[Block] = []
    for others, draw in zip(reversed(range(len(wanted))), wanted, strict=True):
        part = draw(room - SMALLEST_PART * others)
        room -= characters(part)
        drawn = [*part, *drawn]
    return drawn


def _output(text: str, room: int) -> list[Block]:
    shown = code_block(text, min(CODE_BLOCK_LIMIT, room - _FENCES))
    return [section(shown)] if shown else []


def _only_step(steps: Sequence[Step], room: int) -> list[Block]:
    """A plan of one step is no plan: a line of output says the same."""
    return _output(plain(sectioned.step_line(steps[0])), room)
