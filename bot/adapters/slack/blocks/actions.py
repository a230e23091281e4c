"""Buttons, their questions, and the overflow menu behind them: one row of actions.

https://docs.slack.dev/reference/block-kit/block-elements/button-element and …/overflow-menu-element
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.adapters.slack.blocks.mrkdwn import cut
from bot.adapters.slack.blocks.sections import Block, characters, left_out, note, plain_text
from bot.core.rich_text import Button, one_line

COMMAND_ACTION = "command:"
"""What the id of every element begins with that stands for a command."""
ASKING_ACTION = "asking:"
"""What the id of every element begins with that stands for a command of which something is to be filled in."""
ASKS = "?"
"""In the value of an option, before what it was drawn for, where something is to be filled in."""
NOT_DRAWN = "-"
"""In the value of an option, where it was drawn for no deployment."""

ROOM = 5_000
ELEMENTS_LIMIT = 25
LABEL_LIMIT = 75
COMMAND_LIMIT = 2_000
ACTION_ID_LIMIT = 255
OPTIONS_LIMIT = 5
OPTION_VALUE_LIMIT = 150
TITLE_LIMIT = 100
QUESTION_LIMIT = 300
ANSWER_LIMIT = 30


def actions(buttons: Sequence[Button], more: Sequence[Button]) -> list[Block]:
    """The row of buttons, a menu with ``more`` at its end; a count below it of those that do not fit.

    An option takes no question, so what is to be asked first stays a button; a menu of one is a button, too.
    """
    behind = [button for button in more if _is_usable(button)]
    quiet = [button for button in behind if not _question(button)]
    fitting = [button for button in quiet if _option(button)]
    alone = next((one for one in (quiet, fitting) if len(one) == 1), [])
    usable = [button for button in buttons if _is_usable(button)]
    usable += [*(button for button in behind if _question(button)), *alone]
    options = [] if alone else [option for button in fitting if (option := _option(button))]
    menu = _menu(options[:OPTIONS_LIMIT])
    drawn = _within(usable, ROOM - characters(menu), ELEMENTS_LIMIT - len(menu))
    left = len(usable) - len(drawn) + max(0, len(options) - OPTIONS_LIMIT)
    elements = [*drawn, *menu]
    row: list[Block] = [{"type": "actions", "elements": elements}] if elements else []
    return [*row, note(left_out(left, "button"))] if left else row


def element(number: int, button: Button) -> Block | None:
    """One button where there is no row for it; None where it cannot carry its command."""
    return _button(number, button) if _is_usable(button) else None


def _is_usable(button: Button) -> bool:
    # A command that is cut would be another command, so a button that cannot carry all of it is not drawn.
    return bool(button.command.strip()) and len(button.command) <= COMMAND_LIMIT


def _within(buttons: Sequence[Button], room: int, most: int) -> list[Block]:
    drawn: list[Block] = []
    for number, button in enumerate(buttons[:most]):
        element = _button(number, button)
        room -= characters([element])
        if room < 0:
            break
        drawn.append(element)
    return drawn


def _button(number: int, button: Button) -> Block:
    drawn: Block = {
        "type": "button",
        "action_id": _action_id(number, button),
        "text": plain_text(_label(button)),
        "value": button.command,
    }
    # Red on a face frightens whoever only reads: danger shows where it is asked about.
    if button.style == "primary":
        drawn["style"] = "primary"
    if _question(button) and not button.asks:
        drawn["confirm"] = _confirm(button)
    return drawn


def _action_id(number: int, button: Button) -> str:
    kind, drawn = ASKING_ACTION if button.asks else COMMAND_ACTION, f":{button.drawn}" if button.drawn else ""
    return f"{kind}{number}:{_verb(button)}{drawn}"[:ACTION_ID_LIMIT]


def _verb(button: Button) -> str:
    return re.sub(r"[^a-z]", "", button.command.split(maxsplit=1)[0].lower())[:20]


def _label(button: Button) -> str:
    return cut(one_line(button.label).strip(), LABEL_LIMIT) or _verb(button) or "…"


def _question(button: Button) -> str:
    return cut(one_line(button.confirm or "").strip(), QUESTION_LIMIT)


def _confirm(button: Button) -> Block:
    """The question before the deed: its name is the deed, and so is the answer."""
    yes = one_line(button.yes or "").strip() or _label(button)
    deed = yes.rstrip("….?! ") or yes
    dialog: Block = {
        "title": plain_text(f"{cut(deed, TITLE_LIMIT - 1)}?"),
        "text": plain_text(_question(button)),
        "confirm": plain_text(cut(deed, ANSWER_LIMIT)),
        "deny": plain_text("Not now"),
    }
    if button.style == "danger":
        dialog["style"] = "danger"
    return dialog


def _menu(options: list[Block]) -> list[Block]:
    return [{"type": "overflow", "action_id": f"{COMMAND_ACTION}menu", "options": options}] if options else []


def _option(button: Button) -> Block | None:
    """None where it does not fit: there is less room than on a button.

    All options have the menu's ``action_id``, so what each was drawn for stands in its value, before the command.
    """
    value = f"{ASKS if button.asks else ''}{button.drawn or NOT_DRAWN} {button.command}"
    if len(value) > OPTION_VALUE_LIMIT or len((button.drawn or "").split()) > 1:
        return None
    return {"text": plain_text(_label(button)), "value": value}


def chosen(value: str) -> tuple[str, str | None]:
    """The command of an option, and what it was drawn for, from its value; see ``asks`` as well.

    >>> chosen("7:running cancel #7"), chosen("- deploys #7")
    (('cancel #7', '7:running'), ('deploys #7', None))
    """
    drawn, _, command = value.removeprefix(ASKS).partition(" ")
    return command, None if drawn == NOT_DRAWN else drawn
