"""Slack's limits on messages, as Slack enforces them: https://docs.slack.dev/reference/block-kit/blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

BLOCKS = 50
ALL_TEXT = 13_200
POST_TEXT = 40_000
UPDATE_TEXT = 4_000
METADATA_BYTES = 16_384
NEW = frozenset({"container", "plan", "table", "data_visualization"})
"""Blocks that not every workspace has."""
IN_CONTAINER = frozenset({"section", "context", "divider", "actions", "header", "image", "table"})


def problems_of(blocks: Any) -> list[str]:
    """Everything that Slack would refuse in the blocks of a message, as it words it; empty where all is well."""
    if not isinstance(blocks, list):
        return ["must provide an array"]
    if len(blocks) > BLOCKS:
        return [f"no more than {BLOCKS} items allowed"]
    found = [problem for number, block in enumerate(blocks) for problem in block_problems(block, f"/blocks/{number}")]
    interactive = [row["elements"] for row in blocks if row.get("type") == "actions" and row.get("elements")]
    ids = [element.get("action_id") for row in interactive for element in row]
    if len(ids) != len(set(ids)):
        found.append("action_id must be unique within a block")
    for kind, most in (("table", 1), ("data_visualization", 2)):
        if sum(block.get("type") == kind for block in blocks) > most:
            found.append(f"only {most} {kind} allowed")
    return found


def unknown_to_it(blocks: list[dict[str, Any]]) -> list[str]:
    """What a workspace has to say that does not have the blocks of 2025 and 2026 yet."""
    kinds = {number: block.get("type") for number, block in enumerate(blocks)}
    return [f"unsupported type: {kind} [json-pointer:/blocks/{at}/type]" for at, kind in kinds.items() if kind in NEW]


def characters_of(blocks: list[dict[str, Any]]) -> int:
    """All text in blocks, wherever it is."""
    return sum(_characters(block) for block in blocks)


def metadata_problem(metadata: Any) -> str | None:
    """Slack's error code for message metadata that it does not take."""
    if not isinstance(metadata, dict) or not metadata.get("event_type"):
        return "invalid_metadata_format"
    if not isinstance(metadata.get("event_payload"), dict):
        return "invalid_metadata_schema"
    return "metadata_too_large" if len(json.dumps(metadata)) > METADATA_BYTES else None


def _characters(node: Any) -> int:
    if isinstance(node, dict):
        counted = (node.get(name) for name in ("text", "title", "url", "fallback"))
        own = sum(len(value) for value in counted if isinstance(value, str))
        return own + sum(_characters(value) for value in node.values() if not isinstance(value, str))
    return sum(map(_characters, node)) if isinstance(node, list) else 0


def block_problems(block: dict[str, Any], at: str) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield from text_problems(block.get("text"), at, 3_000)
            if "accessory" in block:
                yield from element_problems(block["accessory"], f"{at}/accessory")
        case "header":
            yield from text_problems(block.get("text"), at, 150, kinds=("plain_text",))
        case "context":
            yield from count_problems(block.get("elements"), at, 10)
            for element in block.get("elements", ()):
                yield from text_problems(element, at, 3_000)
        case "actions":
            yield from count_problems(block.get("elements"), at, 25)
            for element in block.get("elements", ()):
                yield from element_problems(element, at)
        case "divider":
            pass
        case "container":
            yield from _container(block, at)
        case "plan":
            yield from _plan(block, at)
        case "table":
            yield from _table(block, at)
        case "data_visualization":
            yield from _chart(block, at)
        case other:
            yield f"unsupported type: {other} [json-pointer:{at}]"


def element_problems(element: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements."""
    match element.get("type"):
        case "overflow":
            yield from _overflow(element, at)
        case "static_select":
            yield from _static_select(element, at)
        case "external_select":
            yield from _select(element, at)
        case _:
            yield from _button(element, at)


def _select(element: dict[str, Any], at: str) -> Iterator[str]:
    if "placeholder" in element:
        yield from text_problems(element["placeholder"], f"{at}/placeholder", 150, kinds=("plain_text",))
    if not 1 <= len(element.get("action_id", "x")) <= 255:
        yield f"action_id must be between 1 and 255 characters [json-pointer:{at}]"
    if "initial_option" in element:
        yield from _option(element["initial_option"], f"{at}/initial_option")
    yield from _confirm(element, at)


def _static_select(element: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select."""
    yield from _select(element, at)
    groups = element.get("option_groups")
    if ("options" in element) == (groups is not None):
        yield f"must have either options or option_groups [json-pointer:{at}]"
        return
    if groups is not None and not 1 <= len(groups) <= 100:
        yield f"must have between 1 and 100 option_groups [json-pointer:{at}]"
    for group in groups or ():
        yield from text_problems(group.get("label"), f"{at}/label", 75, kinds=("plain_text",))
    known = [one for group in groups or [element] for one in group.get("options") or ()]
    for options in (group.get("options") for group in groups or [element]):
        yield from options_problems(options, at)
    if "initial_option" in element and element["initial_option"] not in known:
        yield f"initial_option must be one of the options [json-pointer:{at}/initial_option]"


def options_problems(options: Any, at: str) -> Iterator[str]:
    """A hundred options at most, of 75 characters each."""
    if not isinstance(options, list) or not 1 <= len(options) <= 100:
        yield f"must have between 1 and 100 options [json-pointer:{at}/options]"
        return
    for option in options:
        yield from _option(option, f"{at}/options")


def _option(option: dict[str, Any], at: str) -> Iterator[str]:
    yield from text_problems(option.get("text"), at, 75, kinds=("plain_text",))
    if "description" in option:
        yield from text_problems(option["description"], at, 75, kinds=("plain_text",))
    if not 1 <= len(option.get("value", "")) <= 150:
        yield f"value must be between 1 and 150 characters [json-pointer:{at}]"


def count_problems(elements: Any, at: str, most: int) -> Iterator[str]:
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        yield f"must have between 1 and {most} elements [json-pointer:{at}/elements]"


def text_problems(text: Any, at: str, most: int, *, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds or not isinstance(text.get("text"), str):
        yield f"missing or wrong text object [json-pointer:{at}/text]"
        return
    if not text["text"].strip():
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    if len(text["text"]) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}/text]"
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text["text"]):
        yield f"invalid characters [json-pointer:{at}/text]"


def _button(button: dict[str, Any], at: str) -> Iterator[str]:
    if button.get("type") != "button":
        yield f"unsupported element [json-pointer:{at}]"
        return
    yield from text_problems(button.get("text"), at, 75, kinds=("plain_text",))
    if not 1 <= len(button.get("action_id", "x")) <= 255:
        yield f"action_id must be between 1 and 255 characters [json-pointer:{at}]"
    if not 1 <= len(button.get("value", "x")) <= 2_000:
        yield f"value must be between 1 and 2000 characters [json-pointer:{at}]"
    if button.get("style", "primary") not in ("primary", "danger"):
        yield f"unknown style [json-pointer:{at}]"
    yield from _confirm(button, at)


def _confirm(element: dict[str, Any], at: str) -> Iterator[str]:
    if "confirm" not in element:
        return
    for part, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        kinds = ("mrkdwn", "plain_text") if part == "text" else ("plain_text",)
        yield from text_problems(element["confirm"].get(part), f"{at}/confirm/{part}", most, kinds=kinds)
    if element["confirm"].get("style", "primary") not in ("primary", "danger"):
        yield f"unknown style [json-pointer:{at}/confirm]"


def _overflow(menu: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element."""
    options = menu.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= 5:
        yield f"must have between 2 and 5 options [json-pointer:{at}/options]"
        return
    for option in options:
        yield from text_problems(option.get("text"), at, 75, kinds=("plain_text",))
        if not 1 <= len(option.get("value", "")) <= 150:
            yield f"value must be between 1 and 150 characters [json-pointer:{at}/options]"
    if not 1 <= len(menu.get("action_id", "x")) <= 255:
        yield f"action_id must be between 1 and 255 characters [json-pointer:{at}]"
    yield from _confirm(menu, at)


def _container(block: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/blocks/container-block."""
    yield from text_problems(block.get("title"), f"{at}/title", 150, kinds=("plain_text",))
    children = block.get("child_blocks")
    if not isinstance(children, list) or not 1 <= len(children) <= 10:
        yield f"must have between 1 and 10 child_blocks [json-pointer:{at}/child_blocks]"
        return
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield f"default_collapsed requires is_collapsible [json-pointer:{at}]"
    for number, child in enumerate(children):
        if child.get("type") not in IN_CONTAINER:
            yield f"unsupported type: {child.get('type')} [json-pointer:{at}/child_blocks/{number}]"
        else:
            yield from block_problems(child, f"{at}/child_blocks/{number}")


def _plan(block: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/blocks/plan-block."""
    tasks = block.get("tasks", [])
    if not isinstance(block.get("title"), str) or not block["title"].strip():
        yield f"missing title [json-pointer:{at}/title]"
    if len({task.get("task_id") for task in tasks}) != len(tasks):
        yield f"task_id must be unique [json-pointer:{at}/tasks]"
    for task in tasks:
        if task.get("type") != "task_card" or not task.get("task_id") or not str(task.get("title") or "").strip():
            yield f"missing task_id or title [json-pointer:{at}/tasks]"
        if task.get("status") not in ("pending", "in_progress", "complete", "error"):
            yield f"unknown status [json-pointer:{at}/tasks]"
        for part in ("details", "output"):
            if part in task:
                yield from _rich_text(task[part], f"{at}/tasks/{part}")


def _table(block: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/blocks/table-block."""
    rows = block.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= 100:
        yield f"must have between 1 and 100 rows [json-pointer:{at}/rows]"
        return
    if len(block.get("column_settings", ())) > 20:
        yield f"no more than 20 items allowed [json-pointer:{at}/column_settings]"
    if len({len(row) for row in rows}) != 1 or not 1 <= len(rows[0]) <= 20:
        yield f"every row must have the same number of cells, 1 to 20 [json-pointer:{at}/rows]"
    for cell in (cell for row in rows for cell in row):
        if cell.get("type") == "rich_text":
            yield from _rich_text(cell, f"{at}/rows")
        else:
            yield from text_problems(cell, f"{at}/rows", 3_000, kinds=("raw_text",))


def _chart(block: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block: points by their labels."""
    if not isinstance(block.get("title"), str) or not 1 <= len(block["title"]) <= 50:
        yield f"must be between 1 and 50 characters [json-pointer:{at}/title]"
    chart = block.get("chart", {})
    if chart.get("type") not in ("bar", "line", "area"):
        yield f"unsupported chart [json-pointer:{at}/chart/type]"
    categories, series = chart.get("axis_config", {}).get("categories") or [], chart.get("series") or []
    if not 1 <= len(categories) <= 20 or len(set(categories)) != len(categories):
        yield f"must have between 1 and 20 different categories [json-pointer:{at}/chart/axis_config]"
    names = [one.get("name") for one in series]
    if not 1 <= len(series) <= 6 or len(set(names)) != len(names):
        yield f"must have between 1 and 6 series of different names [json-pointer:{at}/chart/series]"
    for text in (*categories, *names):
        if not isinstance(text, str) or not 1 <= len(text) <= 20:
            yield f"must be between 1 and 20 characters [json-pointer:{at}/chart]"
    for one in series:
        points = one.get("data") or []
        if [point.get("label") for point in points] != categories:
            yield f"labels must match the categories [json-pointer:{at}/chart/series]"
        if not all(isinstance(point.get("value"), int | float) for point in points):
            yield f"value must be a number [json-pointer:{at}/chart/series]"


RICH_TEXT = {"text": "text", "link": "url", "user": "user_id", "usergroup": "usergroup_id", "date": "format"}
"""What each element of a section must have."""


def _rich_text(block: dict[str, Any], at: str) -> Iterator[str]:
    """https://docs.slack.dev/reference/block-kit/blocks/rich-text-block: sections of text, links, people, moments."""
    if block.get("type") != "rich_text" or not block.get("elements"):
        yield f"missing elements [json-pointer:{at}]"
    for element in (one for section in block.get("elements", ()) for one in section.get("elements") or [{}]):
        needed = RICH_TEXT.get(element.get("type"), "?")
        if not isinstance(element.get(needed), str) or not element[needed] or element.get("text") == "":
            yield f"invalid element {element.get('type')} [json-pointer:{at}/elements]"
        if any(0xD800 <= ord(letter) <= 0xDFFF for letter in str(element.get("text", ""))):
            yield f"invalid characters [json-pointer:{at}/elements]"
