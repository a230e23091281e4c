"""A traceback for each kind of fault, once; what troubles a service is a sentence without one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot.core.errors import Rejected, ShipmateError, Unavailable
from bot.logs.faults import FORGOTTEN_AFTER, KINDS
from tests.logs.written import Written


def broken() -> None:
    raise KeyError("colour")


def also_broken() -> None:
    raise KeyError("colour")


def fails(out: Written, work: Callable[[], None] = broken, **named: object) -> None:
    try:
        work()
    except Exception:
        out.log.exception("handler failed", **named)


def test_the_first_has_a_traceback_in_its_one_line(out: Written) -> None:
    fails(out, deployment=12)

    [line] = out.lines
    assert line.startswith('level=error event="handler failed" deployment=12 exception="Traceback')
    assert line.endswith("KeyError: 'colour'\"")


def test_the_same_is_counted_and_told_once_a_minute(out: Written) -> None:
    for _ in range(50):
        fails(out, delivery="github:1")
    out.passes(60)
    out.passes(60)

    assert len(out.lines) == 2
    assert out.lines[1].startswith('level=error event="fault repeated" fault="KeyError in tests/logs/test_faults.py:')
    assert out.lines[1].endswith("times=49 seconds=60.0")


def test_whoever_else_it_meets_is_named_without_a_traceback(out: Written) -> None:
    for number in (12, 13, 13, 12, 14):
        fails(out, deployment=number)

    assert ["exception=" in line for line in out.lines] == [True, False, False]
    assert [line.partition(" deployment=")[2][:2] for line in out.lines] == ["12", "13", "14"]
    assert 'fault="KeyError in tests/logs/test_faults.py:' in out.lines[1]


def test_another_place_is_another_kind(out: Written) -> None:
    fails(out)
    fails(out, also_broken)

    assert ["exception=" in line for line in out.lines] == [True, True]


def test_after_an_hour_its_traceback_is_shown_again(out: Written) -> None:
    fails(out)
    out.passes(FORGOTTEN_AFTER)
    fails(out)

    assert ["exception=" in line for line in out.lines] == [True, True]


def test_nothing_is_remembered_for_ever(out: Written) -> None:
    for number in range(3 * KINDS):
        fails(out, deployment=number)

    [kind] = out.logs.faults._kinds.values()
    assert len(kind.met) == KINDS


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("The database does not answer.", service="database"),
        Rejected("The database does not answer."),
        sa.exc.OperationalError("SELECT 1", {}, Exception("The database does not answer.")),
    ],
)
def test_trouble_is_no_fault(out: Written, error: Exception) -> None:
    def away() -> None:
        raise error

    fails(out, away)

    [line] = out.lines
    assert "Traceback" not in line
    assert "The database does not answer." in line


def test_trouble_with_the_database_belongs_to_its_outage(out: Written) -> None:
    def away() -> None:
        try:
            raise OSError("connection refused")
        except OSError as error:
            raise Unavailable("The database does not answer.", service="database") from error

    out.log.warning("outage", away="database", reason="The database does not answer.")
    for _ in range(20):
        fails(out, away)

    assert len(out.lines) == 1


def test_an_error_of_ours_that_an_unexpected_one_has_caused_is_what_it_says(out: Written) -> None:
    def unreadable() -> None:
        try:
            broken()
        except KeyError as error:
            raise ShipmateError("It cannot be read.") from error

    fails(out, unreadable)

    assert out.lines == ['level=error event="handler failed" reason="It cannot be read."']


def test_a_fault_while_trouble_is_looked_after_is_a_fault(out: Written) -> None:
    def clumsy() -> None:
        try:
            raise Unavailable("The database does not answer.", service="database")
        except Unavailable:
            broken()

    fails(out, clumsy)

    assert "exception=" in out.lines[0]


def test_what_ends_a_thread_is_a_fault(out: Written) -> None:
    thread = threading.Thread(target=broken, name="heart")
    thread.start()
    thread.join()

    [line] = out.lines
    assert line.startswith('level=error event="thread died" thread=heart exception="Traceback')
