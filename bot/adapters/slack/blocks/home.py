"""A home view as Slack draws it: a hundred blocks at most, each app a section with one button beside it.

https://docs.slack.dev/surfaces/app-home and https://docs.slack.dev/reference/views/home-tab-views
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.slack.blocks.actions import LABEL_LIMIT, element
from bot.adapters.slack.blocks.mrkdwn import cut, mrkdwn
from bot.adapters.slack.blocks.sections import SECTION_LIMIT, Block, contexts, left_out, note, plain_text, section
from bot.core.home_view import Choice, HomeView, Row, Turn
from bot.core.rich_text import Line, one_line

TURN_ACTION = "turn:"
"""What the id of every element begins with that shows another part of the view."""
BLOCKS_LIMIT = 100
OPTIONS_LIMIT = 100
OPTION_VALUE_LIMIT = 150
GROUPS_LIMIT = 100
_ABOVE_AND_BELOW = 8
"""So many blocks are kept free for what is not a row, notes and pages included."""
_PER_ROW = 2


def home(view: HomeView) -> Block:
    """The view for ``views.publish``."""
    rows = view.rows[: (BLOCKS_LIMIT - _ABOVE_AND_BELOW) // _PER_ROW]
    blocks = [*_intro(view), _above(view)]
    for number, row in enumerate(rows):
        blocks += [{"type": "divider"}, *_row(number, row)]
    if len(rows) < len(view.rows):
        blocks.append(note(left_out(len(view.rows) - len(rows), "row")))
    blocks += [*contexts(view.notes)[:2], *_pages(view.pages)]
    return {"type": "home", "blocks": blocks[:BLOCKS_LIMIT]}


def _intro(view: HomeView) -> list[Block]:
    if not view.intro:
        return []
    return [section(_joined(view.intro)), {"type": "divider"}]


def _joined(lines: Sequence[Line]) -> str:
    room = SECTION_LIMIT // max(1, len(lines)) - 1
    return "\n".join(mrkdwn(line, room) for line in lines) or "…"


def _above(view: HomeView) -> Block:
    buttons = [drawn for number, one in enumerate(view.buttons) if (drawn := element(number, one)) is not None]
    turns = [_turn(number, one) for number, one in enumerate(view.turns)]
    return {"type": "actions", "block_id": "above", "elements": [*buttons, _menu(view.choice), *turns]}


def _menu(choice: Choice) -> Block:
    groups = [
        {"label": plain_text(_label(title)), "options": [_option(one) for one in turns if _fits(one)][:OPTIONS_LIMIT]}
        for title, turns in choice.groups[:GROUPS_LIMIT]
    ]
    menu: Block = {
        "type": "static_select",
        "action_id": f"{TURN_ACTION}menu",
        "placeholder": plain_text(_label(choice.chosen.label)),
        "option_groups": [group for group in groups if group["options"]],
    }
    if _fits(choice.chosen):
        menu["initial_option"] = _option(choice.chosen)
    return menu


def _fits(turn: Turn) -> bool:
    # One that is cut would show something else.
    return 0 < len(turn.look) <= OPTION_VALUE_LIMIT


def _option(turn: Turn) -> Block:
    return {"text": plain_text(_label(turn.label)), "value": turn.look}


def _label(text: str) -> str:
    return cut(one_line(text).strip(), LABEL_LIMIT) or "…"


def _turn(number: int, turn: Turn) -> Block:
    return {
        "type": "button",
        "action_id": f"{TURN_ACTION}{number}",
        "text": plain_text(_label(turn.label)),
        "value": turn.look,
    }


def _row(number: int, row: Row) -> list[Block]:
    drawn = section(_joined(row.lines))
    button = element(number, row.button) if row.button is not None else None
    return [{**drawn, "accessory": button} if button is not None else drawn]


def _pages(pages: Sequence[Turn]) -> list[Block]:
    elements = [_turn(number, one) for number, one in enumerate(pages)]
    return [{"type": "actions", "block_id": "pages", "elements": elements}] if elements else []
