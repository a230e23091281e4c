"""An outage is a line when it begins, one a minute, and one when it is over."""

from __future__ import annotations

from bot.adapters.circuit_breaker import CircuitBreaker
from bot.context import SystemClock
from bot.core.errors import NotAccepted, Rejected, Unavailable
from tests.logs.written import Written

BEGINS = (
    'level=warning event="outage begins" reason="No answer." service=GitHub '
    'meanwhile="commands and merges wait; what is asked of the bot alone is answered; what runs goes on"'
)


def fails(out: Written, times: int = 1) -> None:
    for _ in range(times):
        out.log.warning("outage", away="GitHub", reason="No answer.")
        out.log.warning("effect postponed", during="GitHub", lane="remote:7", reason="No answer.")


def test_an_outage_of_ninety_seconds_is_three_lines(out: Written) -> None:
    for _ in range(90):
        fails(out, 10)
        out.passes(1)
    out.log.info("answered", back="GitHub")
    out.passes(5)

    assert out.lines == [
        BEGINS,
        'level=warning event="outage lasts" service=GitHub seconds=60.0 reason="No answer." '
        'held_up="effect postponed ×600"',
        'level=warning event="outage over" service=GitHub seconds=90.0 held_up="effect postponed ×900"',
    ]


def test_one_that_comes_and_goes_is_one(out: Written) -> None:
    for _ in range(5):
        fails(out)
        out.log.info("answered", back="GitHub")
        out.passes(1)
    out.passes(5)

    assert [line.partition(" service")[0] for line in out.lines] == [
        BEGINS.partition(" service")[0],
        'level=warning event="outage over"',
    ]


def test_one_that_has_held_up_nothing_says_so(out: Written) -> None:
    out.log.warning("outage", away="GitHub", reason="No answer.")
    out.log.info("answered", back="GitHub")
    out.passes(5)

    assert out.lines[-1].endswith("held_up=nothing")


def test_the_end_of_the_process_waits_for_nothing(out: Written) -> None:
    fails(out)
    out.log.info("answered", back="GitHub")
    out.logs.end()

    assert out.lines[1].startswith('level=warning event="outage over" service=GitHub seconds=0.0')


def test_what_happens_while_nothing_is_away_is_told(out: Written) -> None:
    out.log.info("answered", back="GitHub")
    out.log.warning("effect postponed", during="GitHub", reason="GitHub asks to wait.")
    out.log.warning("webhook not stored", during="", reason="Too many.")
    fails(out)
    out.log.warning("no heartbeat", during="database", reason="It is away.")

    assert [line.partition(" reason")[0] for line in out.lines] == [
        'level=warning event="effect postponed"',
        'level=warning event="webhook not stored"',
        'level=warning event="outage begins"',
        'level=warning event="no heartbeat"',
    ]


def test_whoever_meets_it_first_is_not_told_as_the_one_whom_it_concerns(out: Written) -> None:
    out.log.warning("outage", away="GitHub", reason="No answer.", deployment=12, delivery="github:1")

    assert out.lines == [BEGINS]


def test_a_circuit_breaker_tells_of_the_second_failure_and_of_the_answer(out: Written) -> None:
    breaker = CircuitBreaker("GitHub", SystemClock())

    def asks(error: Exception | None) -> None:
        try:
            with breaker.guarding("token"):
                if error is not None:
                    raise error
        except (Unavailable, Rejected):
            pass

    asks(Unavailable("No answer."))
    asks(None)
    asks(Unavailable("No answer."))
    once = list(out.lines)
    asks(Unavailable("No answer."))
    asks(Rejected("That is an answer too."))
    out.passes(5)

    assert once == []
    assert [line.partition(" reason")[0].partition(" seconds")[0] for line in out.lines] == [
        'level=warning event="outage begins"',
        'level=warning event="outage over" service=GitHub',
    ]


def test_refused_credentials_are_an_outage_with_what_mends_it(out: Written) -> None:
    breaker = CircuitBreaker("GitHub", SystemClock())
    for _ in range(3):
        try:
            with breaker.guarding("token", door="acme"):
                raise NotAccepted("Bad credentials.", service="GitHub", mend="Set GITHUB_TOKEN.", owner="acme")
        except NotAccepted:
            out.log.warning("effect postponed", during="GitHub")
    with breaker.guarding("token", door="acme"):
        pass
    out.passes(5)

    assert len(out.lines) == 2
    assert 'reason="Bad credentials." mend="Set GITHUB_TOKEN." service="GitHub (acme)"' in out.lines[0]
    assert 'event="outage over" service="GitHub (acme)"' in out.lines[1]
    assert 'held_up="effect postponed ×3"' in out.lines[1]
