"""Lines typed at a terminal: keys, history and completion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.talk.keyboard import FirstWords, Keyboard, without_password


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[tuple[Keyboard, object]]:
    with create_pipe_input() as keys:
        yield Keyboard(tmp_path / "history", [], keys=keys, screen=DummyOutput()), keys


def test_typed_lines_are_remembered_but_not_one_time_passwords(keyboard, tmp_path: Path) -> None:
    board, keys = keyboard
    keys.send_text("deploy topic\rdeploy topic 123456\r\x04")

    lines = list(board.lines())

    assert lines == ["deploy topic", "deploy topic 123456"]
    kept = [line for line in (tmp_path / "history").read_text().splitlines() if line.startswith("+")]
    assert kept == ["+deploy topic"]


def test_one_interrupt_clears_the_line_and_two_leave(keyboard) -> None:
    board, keys = keyboard
    keys.send_text("deploy to the wrong place\x03status\rdeploy\x03\x03never\r")

    lines = list(board.lines())

    assert lines == ["status"]


@pytest.mark.parametrize(
    ("typed_so_far", "offered"),
    [
        ("roll", ["roll back ", "rollback "]),
        ("/m", ["/merge "]),
        ("WHERE C", ["where can I deploy "]),
        ("deploy topic", []),
    ],
)
def test_tab_completes_what_lines_begin_with(typed_so_far: str, offered: list[str]) -> None:
    words = FirstWords(["/ci", "/merge", "deploy", "roll back", "rollback", "where can I deploy"])

    completions = list(words.get_completions(Document(typed_so_far), CompleteEvent()))

    assert [(one.text, one.start_position) for one in completions] == [(text, -len(typed_so_far)) for text in offered]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("deploy topic 123456", "deploy topic ••••••"),
        ("deploy topic cccccckdvvulgjvtkjdhtlrbjjctggdihuevikehtlil ", "deploy topic ••••••"),
        ("deploy 1234567", "deploy 1234567"),
        ("rollback web to #123456", "rollback web to #123456"),
        ("rollback web to 123456", "rollback web to 123456"),
        ("123456", "••••••"),
        ("depoly 123456 topic", "depoly topic ••••••"),
    ],
)
def test_one_time_passwords_are_hidden_and_nothing_else(line: str, shown: str) -> None:
    assert without_password(line) == shown
