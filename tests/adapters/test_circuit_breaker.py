"""A service that asks for time gets it from all threads, and one that is down is tried by one at a time."""

from __future__ import annotations

import pytest

from bot.adapters.circuit_breaker import GIVEN_UP_AFTER, CircuitBreaker
from bot.core.errors import NotThere, Speechless, Unavailable
from tests.servers.github.pair import StillClock


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def breaker(clock: StillClock) -> CircuitBreaker:
    return CircuitBreaker("GitHub", clock)


def test_what_was_asked_for_is_kept_to_the_second(breaker: CircuitBreaker, clock: StillClock) -> None:
    breaker.asked("acme", 30)
    clock.tick(seconds=29)

    with pytest.raises(Unavailable) as told:
        breaker.check("acme")

    assert str(told.value) == "GitHub asks the bot to slow down."
    assert told.value.retry_after == 1
    assert not told.value.uncertain
    clock.tick(seconds=1)
    breaker.check("acme")


def test_a_limit_of_one_is_nobody_elses(breaker: CircuitBreaker) -> None:
    breaker.asked("acme", 30)

    breaker.check("umbrella")


def test_a_service_that_failed_a_few_times_is_not_down_yet(breaker: CircuitBreaker) -> None:
    for _ in range(GIVEN_UP_AFTER - 1):
        breaker.failed()

    breaker.check("acme")


def test_a_service_that_is_down_is_tried_by_one_and_less_and_less(breaker: CircuitBreaker, clock: StillClock) -> None:
    rests: list[float | None] = []

    for _ in range(GIVEN_UP_AFTER + 6):
        breaker.failed()
        try:
            breaker.check("acme")
        except Unavailable as error:
            rests.append(error.retry_after)
            clock.tick(seconds=error.retry_after or 0)
            breaker.check("acme")

    assert rests == [2, 4, 8, 16, 32, 60, 60]
    with pytest.raises(Unavailable, match=r"^GitHub does not answer just now\.$"):
        breaker.check("acme")


def test_one_answer_lets_everybody_go_on(breaker: CircuitBreaker) -> None:
    for _ in range(GIVEN_UP_AFTER + 6):
        breaker.failed()

    breaker.answered()

    breaker.check("acme")


def test_a_request_that_tried_a_service_and_never_returned_holds_up_nobody_for_long(
    breaker: CircuitBreaker, clock: StillClock
) -> None:
    for _ in range(GIVEN_UP_AFTER):
        breaker.failed()
    clock.tick(seconds=2)
    breaker.check("acme")

    clock.tick(seconds=30)

    breaker.check("acme")


def test_a_chat_that_is_down_is_told_apart(clock: StillClock) -> None:
    breaker = CircuitBreaker("Slack", clock, Speechless)
    breaker.asked("chat.postMessage", 5)

    with pytest.raises(Speechless, match=r"^Slack asks the bot to slow down\.$"):
        breaker.check("chat.postMessage")


# --- around a request ------------------------------------------------------------------------------------------------


def fails(breaker: CircuitBreaker, error: Exception, times: int = 1) -> None:
    """So many requests that end with the error, which whoever made them sees."""
    for _ in range(times):
        with pytest.raises(type(error)) as seen, breaker.guarding("acme"):
            raise error
        assert seen.value is error


def test_a_request_that_is_told_to_wait_keeps_the_next_one_of_its_limit_back(breaker: CircuitBreaker) -> None:
    fails(breaker, Unavailable("Too many requests.", retry_after=30))
    sent = []

    with pytest.raises(Unavailable, match=r"^GitHub asks the bot to slow down\.$"), breaker.guarding("acme"):
        sent.append("acme")
    with breaker.guarding("umbrella"):
        sent.append("umbrella")

    assert sent == ["umbrella"]


def test_requests_without_an_answer_open_it(breaker: CircuitBreaker) -> None:
    fails(breaker, Unavailable("GitHub cannot be reached."), GIVEN_UP_AFTER)

    with pytest.raises(Unavailable, match=r"^GitHub does not answer just now\.$"):
        breaker.check("umbrella")


def test_a_request_that_works_closes_it(breaker: CircuitBreaker, clock: StillClock) -> None:
    fails(breaker, Unavailable("GitHub cannot be reached."), GIVEN_UP_AFTER)
    clock.tick(seconds=2)

    with breaker.guarding("acme"):
        pass

    breaker.check("acme")
    breaker.check("acme")


def test_a_refusal_is_an_answer_too(breaker: CircuitBreaker) -> None:
    fails(breaker, Unavailable("GitHub cannot be reached."), GIVEN_UP_AFTER - 1)
    fails(breaker, NotThere("There is no such branch."))
    fails(breaker, Unavailable("GitHub cannot be reached."), GIVEN_UP_AFTER - 1)

    breaker.check("acme")


def test_a_fault_of_ours_says_nothing_about_the_service(breaker: CircuitBreaker) -> None:
    fails(breaker, Unavailable("GitHub cannot be reached."), GIVEN_UP_AFTER - 1)
    fails(breaker, ZeroDivisionError())
    fails(breaker, Unavailable("GitHub cannot be reached."))

    with pytest.raises(Unavailable):
        breaker.check("acme")


def test_only_the_error_of_the_service_counts_as_its_silence(clock: StillClock) -> None:
    breaker = CircuitBreaker("Slack", clock, Speechless)

    fails(breaker, Speechless("Slack cannot be reached."), GIVEN_UP_AFTER - 1)
    fails(breaker, Unavailable("GitHub cannot be reached."))
    fails(breaker, Speechless("Slack cannot be reached."), GIVEN_UP_AFTER - 1)

    breaker.check("acme")
