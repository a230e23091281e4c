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


def problems_of(blocks: Any) -> list[str]:
    """Everything that Slack would refuse in the blocks of a message, as it words it; empty where all is well."""
    if not isinstance(blocks, list):
        return ["must provide an array"]
    if len(blocks) > BLOCKS:
        return [f"no more than {BLOCKS} items allowed"]
    found = [problem for number, block in enumerate(blocks) for problem in _block(block, f"/blocks/{number}")]
    ids = [element.get("action_id") for block in blocks for element in block.get("elements", ()) if "value" in element]
    if len(ids) != len(set(ids)):
        found.append("action_id must be unique within a block")
    return found


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
        own = len(node["text"]) if isinstance(node.get("text"), str) else 0
        return own + sum(_characters(value) for value in node.values() if not isinstance(value, str))
    return sum(map(_characters, node)) if isinstance(node, list) else 0


def _block(block: dict[str, Any], at: str) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield from _text(block.get("text"), at, 3_000)
        case "header":
            yield from _text(block.get("text"), at, 150, kinds=("plain_text",))
        case "context":
            yield from _count(block.get("elements"), at, 10)
            for element in block.get("elements", ()):
                yield from _text(element, at, 3_000)
        case "actions":
            yield from _count(block.get("elements"), at, 25)
            for element in block.get("elements", ()):
                yield from _button(element, at)
        case "divider":
            pass
        case other:
            yield f"unsupported type: {other} [json-pointer:{at}]"


def _count(elements: Any, at: str, most: int) -> Iterator[str]:
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        yield f"must have between 1 and {most} elements [json-pointer:{at}/elements]"


def _text(text: Any, at: str, most: int, *, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Iterator[str]:
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
    yield from _text(button.get("text"), at, 75, kinds=("plain_text",))
    if not 1 <= len(button.get("action_id", "x")) <= 255:
        yield f"action_id must be between 1 and 255 characters [json-pointer:{at}]"
    if not 1 <= len(button.get("value", "x")) <= 2_000:
        yield f"value must be between 1 and 2000 characters [json-pointer:{at}]"
    if button.get("style", "primary") not in ("primary", "danger"):
        yield f"unknown style [json-pointer:{at}]"
    if "confirm" in button:
        for part, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from _text(button["confirm"].get(part), f"{at}/confirm/{part}", most)
