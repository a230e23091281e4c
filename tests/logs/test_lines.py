"""One line for each fact: whatever others have written, and without secrets."""

from __future__ import annotations

import logging

import pytest
from structlog.contextvars import bound_contextvars

from bot.logs.lines import LONGEST
from tests.logs.written import Terminal, Written, written


def test_a_line_is_logfmt_with_what_it_is_found_by_first(out: Written) -> None:
    with bound_contextvars(delivery="github:72d3162e", deployment=12):
        out.log.info("said", kind="card", channel="C1")

    assert out.lines == ["level=info event=said deployment=12 delivery=72d3162e kind=card channel=C1"]


@pytest.mark.parametrize(
    "text",
    [
        "topic\nlevel=error event=forged",
        "topic\r\nlevel=error event=forged",
        "topic\rlevel=error event=forged",
        "topic\u2028level=error event=forged",
        "topic\u2029level=error",
        "topic\x85level=error",
        "topic\x0blevel=error\x0c\x1c\x1d\x1elevel=error",
        "\x1b[2J\x1b[31mtopic",
        "\u202elevel=error",
        "half \ud800 of a pair",
        "\x00",
        'topic" level=error event="forged',
        'back\\slash\\" level=error',
    ],
)
def test_nobody_writes_lines_by_the_name_of_a_branch(out: Written, text: str) -> None:
    out.log.info("decided", reason=text)
    out.log.info(text, text_of=[text])

    assert len(out.stream.getvalue().encode().splitlines()) == 2
    assert len(out.stream.getvalue().splitlines()) == 2
    assert [line.startswith("level=info event=") for line in out.lines] == [True, True]
    assert " level=error" not in _outside_quotes(out.lines[0])
    assert "\x1b" not in out.stream.getvalue()


def _outside_quotes(line: str) -> str:
    """What a reader of logfmt takes for keys and bare values."""
    shown, quoted, at = "", False, 0
    while at < len(line):
        if quoted and line[at] == "\\":
            at += 2
            continue
        if line[at] == '"':
            quoted = not quoted
        elif not quoted:
            shown += line[at]
        at += 1
    return shown


def test_a_value_has_an_end(out: Written) -> None:
    out.log.info("decided", reason="x" * 100_000)

    [line] = out.lines
    assert len(line) < LONGEST + 100
    assert "… 99000 characters …" in line


def test_secrets_are_masked_wherever_they_stand(out: Written) -> None:
    out.logs.hide(["hunter2-the-database"])

    out.log.info("xoxb-1234567890-abcdefghij", reason="postgres://me:hunter2-the-database@db/x")
    try:
        raise ValueError("ghp_0123456789abcdefghijABCDEFGHIJ")
    except ValueError:
        out.log.exception("handler failed", token=["hunter2-the-database"])

    text = out.stream.getvalue()
    assert "hunter2" not in text
    assert "abcdefghij" not in text
    assert text.count("••••") >= 4


def test_a_key_that_begins_in_one_line_hides_nothing_of_the_next(out: Written) -> None:
    out.log.info("decided", reason="-----BEGIN RSA PRIVATE KEY-----")
    out.log.info("decided", reason="all is well")

    assert out.lines[1] == 'level=info event=decided reason="all is well"'


def test_a_terminal_gets_colours_and_no_commands() -> None:
    with written(Terminal()) as out:
        out.log.info("decided", reason="\x1b[2J\nforged")

    text = out.stream.getvalue()
    assert "\x1b[" in text
    assert "\x1b[2J" not in text
    assert "decided" in text


def test_a_line_of_a_terminal_is_ended_by_nobody_either() -> None:
    with written(Terminal()) as out:
        out.log.info("decided\nforged", reason="why\nforged")
        logging.getLogger("library").warning("no such ref: %s", "topic\nforged")

    assert len(out.stream.getvalue().splitlines()) == 2


def test_a_terminal_shows_a_traceback_with_its_lines() -> None:
    with written(Terminal()) as out:
        out.log.error("failed", exc_info=ValueError("why"))

    assert out.stream.getvalue().splitlines()[-1] == "ValueError: why"
