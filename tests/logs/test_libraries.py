"""What libraries log is one line of ours each, and belongs to an outage where one lasts."""

from __future__ import annotations

import logging
import warnings

import pytest
from slack_sdk.errors import SlackClientNotConnectedError

from tests.logs.written import Written

QUEUES = "Exception listing queues: (psycopg.OperationalError) connection is bad: no such file"


def test_a_warning_is_a_line_with_the_name_of_its_logger(out: Written) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request\nreceived from %s.", "10.0.0.1")
    logging.getLogger("uvicorn.error").info("Started")

    assert out.lines == ['level=warning event="Invalid HTTP request\\nreceived from 10.0.0.1." logger=uvicorn.error']


def test_a_broken_line_is_no_traceback_and_a_fault_is_one(out: Written) -> None:
    for error in (ConnectionResetError("reset by peer"), ValueError("what is this")):
        try:
            raise error
        except Exception:
            logging.getLogger("apscheduler.executors").exception("Job failed")

    assert out.lines[0] == (
        'level=error event="Job failed" logger=apscheduler.executors reason="ConnectionResetError: reset by peer"'
    )
    assert 'exception="Traceback' in out.lines[1]


def test_what_comes_just_before_an_outage_belongs_to_it(out: Written) -> None:
    for number in range(20):
        logging.getLogger("dbos").warning("%s\nTraceback (most recent call last):\n …", QUEUES)
        if number == 1:
            out.log.warning("outage", away="database", reason="It does not answer.")
        out.passes(1)
    out.log.info("answered", back="database")
    out.passes(2)
    out.passes(2)

    assert [line.partition(" reason")[0].partition(" held_up")[0] for line in out.lines] == [
        'level=warning event="outage begins"',
        'level=warning event="outage over" service=database seconds=19.0',
    ]
    assert out.lines[1].endswith('held_up="dbos ×20"')


def test_without_an_outage_it_is_told_and_once_a_minute_again(out: Written) -> None:
    for _ in range(90):
        logging.getLogger("dbos").warning("%s\nTraceback", QUEUES)
        out.passes(1)

    assert [line.partition(QUEUES)[2] for line in out.lines] == ['" logger=dbos times=2', '" logger=dbos times=60']


def test_a_line_that_breaks_and_is_there_again_is_no_error(out: Written) -> None:
    logger = logging.getLogger("bot.adapters.slack.bolt")
    for error in (SlackClientNotConnectedError("no longer active"), BrokenPipeError("Broken pipe")):
        try:
            raise error
        except Exception:
            logger.exception("Failed to run a request listener")
    try:
        raise ValueError("what is this")
    except ValueError:
        logger.exception("Failed to run a message listener")
    out.passes(3)

    assert sorted(line.partition(" ")[0] for line in out.lines) == ["level=error", "level=warning"]
    assert 'level=warning event="Failed to run a request listener" logger=bot.adapters.slack.bolt times=2' in out.lines


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("Failed to check the state of sock (session id: 1, error: BrokenPipeError, message: [Errno 32])", "warning"),
        ("Failed to receive a message (error: ConnectionResetError)", "warning"),
        ("Failed to understand what came (error: ValueError)", "error"),
    ],
)
def test_a_broken_line_that_is_only_named_is_no_error_either(out: Written, said: str, level: str) -> None:
    logging.getLogger("bot.adapters.slack.bolt").error(said)
    out.passes(3)

    assert [line.partition(" ")[0] for line in out.lines] == [f"level={level}"]


def test_at_the_end_nothing_is_held_back(out: Written) -> None:
    logging.getLogger("sqlalchemy.pool").error("Exception during reset or similar")
    out.logs.end()

    assert out.lines == ['level=error event="Exception during reset or similar" logger=sqlalchemy.pool']


def test_warnings_of_pythons_own_are_lines(out: Written) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old\nways", DeprecationWarning, stacklevel=1)

    [line] = out.lines
    assert "DeprecationWarning: old\\nways" in line
    assert line.endswith("logger=py.warnings")
