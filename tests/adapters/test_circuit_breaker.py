"""A service that asks for time gets it from all threads, and one that is down is tried by one at a time."""

from __future__ import annotations

import pytest

from bot.adapters.circuit_breaker import GIVEN_UP_AFTER, CircuitBreaker
from bot.core.errors import Speechless, Unavailable
from tests.servers.github.pair import StillClock


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def pauses(clock: StillClock) -> CircuitBreaker:
    return CircuitBreaker("GitHub", clock)


def test_what_was_asked_for_is_kept_to_the_second(pauses: CircuitBreaker, clock: StillClock) -> None:
    pauses.asked("acme", 30)
    clock.tick(seconds=29)

    with pytest.raises(Unavailable) as told:
        pauses.check("acme")

    assert str(told.value) == "GitHub asks the bot to slow down."
    assert told.value.retry_after == 1
    assert not told.value.uncertain
    clock.tick(seconds=1)
    pauses.check("acme")


def test_a_limit_of_one_is_nobody_elses(pauses: CircuitBreaker) -> None:
    pauses.asked("acme", 30)

    pauses.check("umbrella")


def test_a_service_that_failed_a_few_times_is_not_down_yet(pauses: CircuitBreaker) -> None:
    for _ in range(GIVEN_UP_AFTER - 1):
        pauses.failed()

    pauses.check("acme")


def test_a_service_that_is_down_is_tried_by_one_and_less_and_less(pauses: CircuitBreaker, clock: StillClock) -> None:
    rests: list[float | None] = []

    for _ in range(GIVEN_UP_AFTER + 6):
        pauses.failed()
        try:
            pauses.check("acme")
        except Unavailable as error:
            rests.append(error.retry_after)
            clock.tick(seconds=error.retry_after or 0)
            pauses.check("acme")

    assert rests == [2, 4, 8, 16, 32, 60, 60]
    with pytest.raises(Unavailable, match=r"^GitHub does not answer just now\.$"):
        pauses.check("acme")


def test_one_answer_lets_everybody_go_on(pauses: CircuitBreaker) -> None:
    for _ in range(GIVEN_UP_AFTER + 6):
        pauses.failed()

    pauses.answered()

    pauses.check("acme")


def test_a_request_that_tried_a_service_and_never_returned_holds_up_nobody_for_long(
    pauses: CircuitBreaker, clock: StillClock
) -> None:
    for _ in range(GIVEN_UP_AFTER):
        pauses.failed()
    clock.tick(seconds=2)
    pauses.check("acme")

    clock.tick(seconds=30)

    pauses.check("acme")


def test_a_chat_that_is_down_is_told_apart(clock: StillClock) -> None:
    pauses = CircuitBreaker("Slack", clock, Speechless)
    pauses.asked("chat.postMessage", 5)

    with pytest.raises(Speechless, match=r"^Slack asks the bot to slow down\.$"):
        pauses.check("chat.postMessage")
