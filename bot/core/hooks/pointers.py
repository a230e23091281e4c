"""JSON Pointer (RFC 6901): one value inside of a JSON document, by its path."""

from __future__ import annotations

import re
from typing import TypeAlias

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE = re.compile(r"~(?![01])")


def is_pointer(text: str) -> bool:
    """Whether it is a pointer as it is written; the empty one means the whole document.

    >>> is_pointer("/deploy/0/id"), is_pointer(""), is_pointer("/a~1b"), is_pointer("id"), is_pointer("/a~2")
    (True, True, True, False, False)
    """
    return (not text or text.startswith("/")) and _BAD_ESCAPE.search(text) is None


def found(document: JSON, pointer: str) -> JSON:
    """The value that the pointer leads to, None where there is none.

    >>> found({"deploys": [{"id": 7}], "a/b": {"m~n": True}}, "/deploys/0/id")
    7
    >>> found({"a/b": {"m~n": True}}, "/a~1b/m~0n"), found(["x"], "/00"), found(["x"], "/-"), found({"": 1}, "/")
    (True, None, None, 1)
    """
    here = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict):
            here = here.get(key)
        elif isinstance(here, list):
            here = here[int(key)] if _INDEX.fullmatch(key) and int(key) < len(here) else None
        else:
            return None
    return here


def text(value: JSON) -> str | None:
    """A single value as people write it; None for what is none, or several.

    >>> text("live"), text(True), text(42), text(1.5), text(None), text({"a": 1}), text("  ")
    ('live', 'true', '42', '1.5', None, None, None)
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip() or None
    return None
