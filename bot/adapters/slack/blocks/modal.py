"""A modal as Slack draws it, and what was filled in, from what Slack says of it.

https://docs.slack.dev/surfaces/modals
"""

from __future__ import annotations

from typing import Any

from bot.adapters.slack.blocks.actions import LABEL_LIMIT
from bot.adapters.slack.blocks.mrkdwn import cut, mrkdwn
from bot.adapters.slack.blocks.sections import SECTION_LIMIT, Block, contexts, plain_text, section
from bot.core.modals.model import LONGEST_WHY, Field, Filled, Modal, Option
from bot.core.rich_text import one_line

TITLE_LIMIT = 24
OPTIONS_LIMIT = 100
OPTION_VALUE_LIMIT = 150
BLOCK_ID_LIMIT = 255
EXAMPLE_LIMIT = 150
FIELD_TEXT_LIMIT = 2_000
ASKED, DEPLOY = "asked", "deploy"
"""What a modal is called back by: a command of which something is asked, or a deployment that is chosen in it."""
FIELD_ACTION = "field:"
"""What the id of every element begins with that is filled in."""


def modal(shown: Modal, callback: str, metadata: str) -> Block:
    """The view for ``views.open`` and ``views.update``; ``metadata`` comes back with it."""
    view: Block = {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "title": plain_text(_short(shown.title)),
        "close": plain_text("Cancel"),
        "blocks": [*_lines(shown), *map(_field, shown.fields), *_alert(shown), *contexts(shown.notes)]
        or [section("…")],
    }
    if shown.submit:
        view["submit"] = plain_text(_short(shown.submit))
    return view


def _short(text: str) -> str:
    return cut(one_line(text).strip(), TITLE_LIMIT) or "…"


def _lines(shown: Modal) -> list[Block]:
    room = SECTION_LIMIT // max(1, len(shown.lines)) - 1
    text = "\n".join(mrkdwn(line, room) for line in shown.lines)
    return [section(text)] if text.strip() else []


def _alert(shown: Modal) -> list[Block]:
    text = mrkdwn(shown.alert, SECTION_LIMIT).strip()
    return [section(f"⛔ {text}")] if text else []


def _field(field: Field) -> Block:
    block: Block = {
        "type": "input",
        # What is chosen stays while its block has the same id.
        "block_id": f"{field.name}{_OF}{field.of}"[:BLOCK_ID_LIMIT] if field.of else field.name,
        "label": plain_text(cut(one_line(field.label), FIELD_TEXT_LIMIT)),
        "optional": field.optional,
        "element": _element(field),
    }
    if hint := one_line(field.hint).strip():
        block["hint"] = plain_text(cut(hint, FIELD_TEXT_LIMIT))
    if field.redraws:
        block["dispatch_action"] = True
    return block


def _element(field: Field) -> Block:
    action = {"action_id": f"{FIELD_ACTION}{field.name}"}
    if field.kind == "text":
        example = {"placeholder": plain_text(cut(field.example, EXAMPLE_LIMIT))} if field.example else {}
        return {"type": "plain_text_input", **action, "max_length": LONGEST_WHY, **example}
    if field.kind == "tick":
        ticked = {"initial_options": [_option(field.chosen)]} if field.chosen else {}
        return {"type": "checkboxes", **action, "options": options(field.options), **ticked}
    chosen = {"initial_option": _option(field.chosen)} if field.chosen and _fits(field.chosen) else {}
    if field.kind == "search":
        return {"type": "external_select", **action, "min_query_length": 0, **chosen}
    return {"type": "static_select", **action, **_choices(field.options), **chosen}


def _choices(found: tuple[Option, ...]) -> Block:
    """In groups where there are more than Slack takes in one."""
    fitting = tuple(one for one in found if _fits(one)) or (_NONE,)
    if len(fitting) <= OPTIONS_LIMIT:
        return {"options": options(fitting)}
    groups = (fitting[at : at + OPTIONS_LIMIT] for at in range(0, len(fitting), OPTIONS_LIMIT))
    named = [(f"{group[0].label[:30]} to {group[-1].label[:30]}", group) for group in groups]
    return {
        "option_groups": [
            {"label": plain_text(cut(one_line(name), LABEL_LIMIT)), "options": options(group)} for name, group in named
        ]
    }


_OF = "@"
_NONE = Option("Nothing", "-")


def options(found: tuple[Option, ...]) -> list[Block]:
    """As many as Slack takes; one whose value would have to be cut would be another one."""
    return [_option(one) for one in found if _fits(one)][:OPTIONS_LIMIT]


def _fits(option: Option) -> bool:
    return 0 < len(option.value) <= OPTION_VALUE_LIMIT


def _option(option: Option) -> Block:
    drawn: Block = {"text": plain_text(cut(one_line(option.label).strip(), LABEL_LIMIT) or "…"), "value": option.value}
    if hint := one_line(option.hint).strip():
        drawn["description"] = plain_text(cut(hint, LABEL_LIMIT))
    return drawn


def filled(view: dict[str, Any]) -> Filled:
    """What stands in the fields, in their order."""
    values = (view.get("state") or {}).get("values") or {}
    found = []
    for name, elements in values.items():
        for element in elements.values():
            ticked: Block = next(iter(element.get("selected_options") or ()), {})
            value = (element.get("selected_option") or ticked).get("value") or element.get("value")
            if value and value != "-":
                found.append((str(name).partition(_OF)[0], str(value)))
    return tuple(found)
