"""How long, and why: as people say it."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import DeclareFreeze, TakeLock
from bot.core.grammar.parser import parse, show
from tests.core.grammar.what_people_type.sentences import WORDS, understood

AFTERNOON = "end of the afternoon"


def lock(duration: str | None = None, until: str | None = None, reason: str | None = None) -> TakeLock:
    return TakeLock("staging", None, duration, until, reason)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lock stg 2h", lock("2h")),
        ("lock stg 2 hours", lock("2 hours")),
        ("lock stg 1h30m because we test", lock("1h30m", reason="we test")),
        ("lock stg half an hour", lock("half an hour")),
        ("lock 2h stg", lock("2h")),
        ("lock stg for 2h", lock("2h")),
        ("lock stg for the next 2 hours", lock("2 hours")),
        ("lock stg for the next hour", lock("1 hour")),
        ("lock stg for another hour because we test", lock("1 hour", reason="we test")),
        ("lock stg for the next release", lock(reason="the next release")),
        ("lock stg for another 30m", lock("30m")),
        ("lock stg for about an hour", lock("an hour")),
        ("lock stg --for 2h", lock("2h")),
        ("lock stg 2h on web", TakeLock("staging", "web", "2h")),
        ("lock web stg 2h: load test", TakeLock("staging", "web", "2h", reason="load test")),
        ("lock stg for 2h testing the migration", lock("2h", reason="testing the migration")),
        ("lock stg until fri 9:00 testing", lock(until="fri 9:00", reason="testing")),
        ("lock stg: load test", lock(reason="load test")),
        ("lock stg : load test", lock(reason="load test")),
        ("lock stg: 2h", lock("2h")),
        ("lock stg: for 2h because we test", lock("2h", reason="we test")),
        ("lock stg: because we test", lock(reason="we test")),
        ("lock stg (load test)", lock(reason="load test")),
        ("lock stg (testing)", lock(reason="testing")),
        ("lock stg (load test) for 2h", lock("2h", reason="load test")),
        ("lock stg for 2h (load test)", lock("2h", reason="load test")),
        ("lock stg (load test", lock(reason="load test")),
        ("lock stg --reason load test", lock(reason="load test")),
        ('lock stg --reason "load test"', lock(reason="load test")),
        ('lock stg --reason="load test" for 2h', lock("2h", reason="load test")),
        ('lock stg --reason "load test" for 2h', lock("2h", reason="load test")),
        ("lock stg --reason=testing", lock(reason="testing")),
        ("lock stg —reason load test", lock(reason="load test")),
        ('lock stg -m "load test"', lock(reason="load test")),
        ("lock stg while we test", lock(reason="while we test")),
        ("lock stg because: we test", lock(reason="we test")),
        ("lock stg bc we test", lock(reason="we test")),
        ("lock stg for the afternoon", lock(until=AFTERNOON)),
        ("lock stg for this afternoon", lock(until=AFTERNOON)),
        ("lock stg for the afternoon because we test", lock(until=AFTERNOON, reason="we test")),
        ("lock stg for the afternoon (load test)", lock(until=AFTERNOON, reason="load test")),
        ("lock stg for the rest of the afternoon", lock(until=AFTERNOON)),
        ("lock stg for the afternoon on web", TakeLock("staging", "web", None, AFTERNOON)),
        ("lock stg for the afternoon demo", lock(reason="the afternoon demo")),
        ("lock stg for the morning", lock(until="end of the morning")),
        ("lock stg for the day", lock(until="end of the day")),
        ("lock stg for today", lock(until="end of the day")),
        ("lock stg for tonight", lock(until="end of the night")),
        ("lock stg for the week", lock(until="end of the week")),
        ("lock stg until tomorrow", lock(until="tomorrow")),
        ("lock stg until tomorrow because we test", lock(until="tomorrow", reason="we test")),
        ("lock stg until tomorrow morning", lock(until="tomorrow morning")),
        ("lock stg till noon", lock(until="noon")),
        ("lock stg until eod", lock(until="eod")),
        ("lock stg until EOD because we test", lock(until="EOD", reason="we test")),
        ("lock stg until the end of the day", lock(until="the end of the day")),
        ("lock stg until end of business because we test", lock(until="end of business", reason="we test")),
        (
            "lock stg until the end of the afternoon on web",
            TakeLock("staging", "web", None, "the end of the afternoon"),
        ),
        ("lock stg for now", lock()),
        ("lock stg for now because we test", lock(reason="we test")),
        ("lock stg for a demo", lock(reason="a demo")),
        ("lock stg for the demo", lock(reason="the demo")),
        ("lock stg for 2h, please", lock("2h")),
        ("lock stg 2h :lock:", lock("2h")),
        # what is no time to come locks nothing
        ("lock stg for -1h", "For how long? I did not understand “-1h”: write “for 2h”."),
        ("lock stg for −1h", "For how long? I did not understand “−1h”: write “for 2h”."),
        ("lock stg for - 1h", "For how long? I did not understand “- 1h”: write “for 2h”."),
        ("lock stg for +2x", "For how long? I did not understand “+2x”: write “for 2h”."),
        ("lock stg for 2", "For how long? I did not understand “2”: write “for 2h”."),
        ("lock stg for a few hours", "For how long? I did not understand “a few hours”: write “for 2h”."),
        ("lock stg for a couple of days", "For how long? I did not understand “a couple of days”: write “for 2h”."),
        ("lock stg for 2h until fri", "How long? I understood “2h”, and then something else."),
        ("lock stg 1h 30m", lock("1h 30m")),
        ("lock stg for 2h for 3h", "How long? I understood “2h”, and then something else."),
        ("lock stg hotfix", "There is no app “hotfix”."),
        ("freeze prod for -1h because x", "For how long? I did not understand “-1h”: write “for 2h”."),
        ("freeze prod for the afternoon because x", DeclareFreeze("production", AFTERNOON, "x")),
        ("freeze prod until eod because x", DeclareFreeze("production", "eod", "x")),
    ],
)
def test_locks_are_taken_in_many_words(said: str, meant: TakeLock | str) -> None:
    assert understood(said) == [meant]


@pytest.mark.parametrize("until", [AFTERNOON, "end of the day", "eod", "the end of this week", "tomorrow morning"])
def test_a_part_of_the_day_is_written_as_it_is_read(until: str) -> None:
    command = TakeLock("staging", "web", None, until, "we test")

    assert parse(show(command), WORDS) == command


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lock prod until further notice", TakeLock("production")),
        ("lock prod forever because of an incident", TakeLock("production", reason="of an incident")),
        ("lock prod for ever", TakeLock("production")),
        ("lock prod indefinitely (incident)", TakeLock("production", reason="incident")),
        ("lock prod, testing", TakeLock("production", reason="testing")),
        ("lock prod, testing the checkout", TakeLock("production", reason="testing the checkout")),
        ("lock prod for 2h, testing", TakeLock("production", duration="2h", reason="testing")),
        ("lock prod, on web", TakeLock("production", "web")),
        ("lock it, testing", TakeLock("it", reason="testing")),
    ],
)
def test_what_has_no_end_and_what_stands_behind_a_comma(said: str, meant: TakeLock) -> None:
    assert parse(said, WORDS) == meant
