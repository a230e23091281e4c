"""JSON Pointer as RFC 6901 has it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hooks.pointers import found, is_pointer, text

# https://www.rfc-editor.org/rfc/rfc6901#section-5
DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_standard(pointer: str, value: Any) -> None:
    assert is_pointer(pointer)
    assert found(DOCUMENT, pointer) == value


@pytest.mark.parametrize(
    "pointer",
    ["/nope", "/foo/2", "/foo/-", "/foo/-1", "/foo/01", "/foo/x", "/foo/0/0", "/foo/", "/foo/٣", "/foo/9999999999"],
)
def test_what_is_not_there_is_none(pointer: str) -> None:
    assert found(DOCUMENT, pointer) is None


def test_a_tilde_that_was_escaped_stays_one() -> None:
    assert found({"~1": "tilde and one", "/": "slash"}, "/~01") == "tilde and one"


@pytest.mark.parametrize("pointer", ["foo", "#/foo", "/a~", "/a~2b", "/~~0"])
def test_what_is_no_pointer(pointer: str) -> None:
    assert not is_pointer(pointer)


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["~", "/", "~0", "~1", "0", "-"])


@given(st.lists(KEYS | st.integers(0, 3), max_size=5), st.integers())
def test_whatever_is_in_a_document_is_found_by_its_path(path: list[str | int], value: int) -> None:
    document: Any = value
    for step in reversed(path):
        document = {step: document, "other": None} if isinstance(step, str) else [*[None] * step, document]
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)

    assert is_pointer(pointer)
    assert found(document, pointer) == value


@given(st.text(), st.recursive(st.none() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_anything_may_be_asked_of_anything(pointer: str, document: Any) -> None:
    found(document, pointer)


@pytest.mark.parametrize(
    ("value", "shown"), [("live", "live"), (True, "true"), (0, "0"), (1.5, "1.5"), ([], None), ({}, None), (" ", None)]
)
def test_a_single_value_is_text(value: Any, shown: str | None) -> None:
    assert text(value) == shown
