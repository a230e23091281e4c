"""Slack's limits on views, as Slack enforces them: https://docs.slack.dev/reference/views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.servers.slack import limits

BLOCKS = 100
METADATA = 3_000
TITLE = 24
NOT_IN_HOME = frozenset({"alert"})
NOT_IN_VIEWS = frozenset({"container", "plan", "table", "data_visualization", "markdown"})
SELECTS = frozenset({"static_select", "external_select"})
INPUTS = frozenset({"plain_text_input", "timepicker", "checkboxes", *SELECTS})


def problems_of(view: dict[str, Any], kind: str) -> list[str]:
    """Everything that Slack would refuse in a view, as it words it; empty where all is well."""
    if view.get("type") != kind:
        return [f"must be of type {kind} [json-pointer:/view/type]"]
    return [*_frame(view, kind), *_blocks(view.get("blocks"), kind)]


def _frame(view: dict[str, Any], kind: str) -> Iterator[str]:
    if len(view.get("private_metadata", "")) > METADATA:
        yield f"must be less than {METADATA + 1} characters [json-pointer:/view/private_metadata]"
    if len(view.get("callback_id", "")) > 255:
        yield "must be less than 256 characters [json-pointer:/view/callback_id]"
    if kind == "home":
        return
    for part in ("title", "submit", "close"):
        if part in view or part == "title":
            yield from limits.text_problems(view.get(part), f"/view/{part}", TITLE, kinds=("plain_text",))
    if "submit" not in view and any(block.get("type") == "input" for block in view.get("blocks") or ()):
        yield "submit is required when an input block is within blocks [json-pointer:/view/submit]"


def _blocks(blocks: Any, kind: str) -> Iterator[str]:
    if not isinstance(blocks, list) or not blocks:
        yield "must provide an array [json-pointer:/view/blocks]"
        return
    if len(blocks) > BLOCKS:
        yield f"no more than {BLOCKS} items allowed [json-pointer:/view/blocks]"
    named = [block["block_id"] for block in blocks if "block_id" in block]
    if len(named) != len(set(named)):
        yield "block_id must be unique [json-pointer:/view/blocks]"
    for number, block in enumerate(blocks):
        yield from _block(block, f"/view/blocks/{number}", kind)


def _block(block: dict[str, Any], at: str, kind: str) -> Iterator[str]:
    what = block.get("type")
    if what in NOT_IN_VIEWS or (kind == "home" and what in NOT_IN_HOME):
        yield f"unsupported type: {what} [json-pointer:{at}/type]"
    elif what == "input":
        yield from _input(block, at)
        if len(block.get("block_id", "")) > 255:
            yield f"must be less than 256 characters [json-pointer:{at}/block_id]"
    elif what == "actions":
        yield from _actions(block, at)
    elif what == "alert":
        yield from limits.text_problems(block.get("text"), at, 3_000)
        if block.get("level", "info") not in ("info", "success", "warning", "error", "default"):
            yield f"unknown level [json-pointer:{at}/level]"
    else:
        yield from limits.block_problems(block, at)


def _actions(block: dict[str, Any], at: str) -> Iterator[str]:
    elements = block.get("elements")
    yield from limits.count_problems(elements, at, 25)
    ids = [one.get("action_id") for one in elements or ()]
    if len(ids) != len(set(ids)):
        yield f"action_id must be unique within a block [json-pointer:{at}]"
    for number, element in enumerate(elements or ()):
        yield from limits.element_problems(element, f"{at}/elements/{number}")


def _input(block: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/blocks/input-block."""
    yield from limits.text_problems(block.get("label"), f"{at}/label", 2_000, kinds=("plain_text",))
    if "hint" in block:
        yield from limits.text_problems(block["hint"], f"{at}/hint", 2_000, kinds=("plain_text",))
    element = block.get("element") or {}
    if element.get("type") not in INPUTS:
        yield f"unsupported element: {element.get('type')} [json-pointer:{at}/element]"
    elif element["type"] in SELECTS:
        yield from limits.element_problems(element, f"{at}/element")
    elif element["type"] == "checkboxes":
        yield from _checkboxes(element, f"{at}/element")
    elif element["type"] == "plain_text_input":
        if (
            len(element.get("initial_value", "")) > element.get("max_length", 3_000)
            or element.get("max_length", 1) > 3_000
        ):
            yield f"too long [json-pointer:{at}/element]"
        if "placeholder" in element:
            yield from limits.text_problems(element["placeholder"], f"{at}/element", 150, kinds=("plain_text",))


def _checkboxes(element: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element."""
    if len(element.get("options") or ()) > 10:
        yield f"no more than 10 items allowed [json-pointer:{at}/options]"
    yield from limits.options_problems(element.get("options"), at)
    for chosen in element.get("initial_options", ()):
        if chosen not in element["options"]:
            yield f"initial_options must be options [json-pointer:{at}/initial_options]"
