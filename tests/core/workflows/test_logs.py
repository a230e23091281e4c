"""The last lines of a step, out of the log of its job."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core.workflows.logs import LONGEST, last_lines


def moment(second: int) -> datetime:
    return datetime(2026, 3, 2, 10, 0, second, tzinfo=UTC)


def written(second: int, text: str) -> str:
    return f"2026-03-02T10:00:{second:02d}.1234567Z {text}"


LOG = [
    "\ufeff" + written(0, "Set up"),
    written(5, "##[group]Run bin/deploy"),
    written(5, "##[endgroup]"),
    written(6, "\x1b[36;1mmigrating\x1b[0m"),
    written(6, "a second line"),
    "of the same message",
    written(7, "##[warning]slow"),
    written(8, "##[error]exit code 1."),
    written(8, "Post job cleanup."),
    written(9, "Bye"),
]


def test_the_lines_of_a_step_end_with_its_error() -> None:
    assert last_lines(LOG, moment(5), moment(8), 99) == [
        "Run bin/deploy",
        "migrating",
        "a second line",
        "of the same message",
        "Warning: slow",
        "Error: exit code 1.",
    ]


@pytest.mark.parametrize(
    ("began", "ended", "most", "lines"),
    [
        (moment(5), moment(8), 2, ["Warning: slow", "Error: exit code 1."]),
        (moment(9), None, 5, ["Bye"]),
        (None, moment(0), 5, ["Set up"]),
        (moment(20), None, 5, []),
        (None, None, 1, ["Error: exit code 1."]),
    ],
)
def test_only_the_last_of_the_step_are_kept(
    began: datetime | None, ended: datetime | None, most: int, lines: list[str]
) -> None:
    assert last_lines(LOG, began, ended, most) == lines


def test_a_line_without_an_end_is_cut_and_one_without_a_moment_is_kept() -> None:
    assert last_lines([written(1, "x" * 9_999)], None, None, 1) == ["x" * LONGEST]
    assert last_lines(["no moment", ""], None, None, 5) == ["no moment", ""]


def test_that_there_was_an_exit_code_is_said_only_where_nothing_else_is() -> None:
    code = written(3, "##[error]Process completed with exit code 1.")
    after = written(3, "Post job cleanup.")

    assert last_lines([written(1, "boom"), code, after], None, None, 5) == ["boom"]
    assert last_lines([code, after], None, None, 5) == ["Error: Process completed with exit code 1."]
    assert last_lines([written(1, "a"), written(2, "b"), code], None, None, 1) == ["b"]
