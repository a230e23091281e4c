"""Colours in what commands print, as names: the sixteen of a terminal, and the nearest of them for finer ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ansi import colourless, parts


def looks(codes: str) -> str:
    return parts(f"\x1b[{codes}mx")[0][0]


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        ("31", "f1"),
        ("97", "f15"),
        ("44", "g4"),
        ("103", "g11"),
        ("1;4;7", "bold under turned"),
        ("1;22;3;23", ""),
        ("31;39", ""),
        ("", ""),
        ("0", ""),
        ("38;5;9", "f9"),
        ("38;5;196", "f9"),
        ("48;5;21", "g12"),
        ("38;5;255", "f15"),
        ("38;5;232", "f0"),
        ("38;2;0;200;0", "f2"),
        ("38;2;250;250;250;1", "bold f15"),
        ("38:5:9", "f9"),
        # What is no colour at all changes nothing.
        ("38;5", ""),
        ("38;5;999", ""),
        ("38;9;1", ""),
        ("38", ""),
        ("99;199;;", ""),
        ("58", ""),
    ],
)
def test_each_code_has_its_name(codes: str, named: str) -> None:
    assert looks(codes) == named


def test_what_is_switched_on_stays_on_until_it_is_off() -> None:
    assert parts("\x1b[1mone \x1b[31mtwo\x1b[22m three\x1b[m four") == [
        ("bold", "one "),
        ("bold f1", "two"),
        ("f1", " three"),
        ("", " four"),
    ]


@given(st.lists(st.one_of(st.text(max_size=5), st.from_regex(r"\x1b\[[0-9;:]{0,40}m", fullmatch=True))))
def test_no_text_is_lost_or_made_up(pieces: list[str]) -> None:
    line = "".join(pieces)

    assert "".join(text for _, text in parts(line)) == colourless(line)
