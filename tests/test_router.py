"""Which function answers what, and how the features find their way into one router."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

import pytest

import handlers
from bot.context import Context
from bot.core.arrivals import CommandGiven, Tick
from bot.core.commands import Status, Version
from bot.core.declarations import COMMANDS
from bot.core.effects import ClearRecords, Effect
from bot.core.events import Event, RunWanted
from bot.core.messages import Message
from bot.router import Router, collect

# The conversation answers commands, and the engine itself carries runs out.
ANSWERED_ELSEWHERE = {CommandGiven, RunWanted}


def test_a_function_may_answer_several_commands() -> None:
    router = Router()

    @router.command(Status, Version)
    def answer(context: Context, command: object) -> Message | None:
        return None

    assert router.commands == {Status: answer, Version: answer}


def test_a_command_is_answered_by_one_function_only() -> None:
    router = Router()

    def first(context: Context, command: Status) -> None:
        return None

    router.command(Status)(first)

    with pytest.raises(ValueError, match=re.escape(f"Status is answered by {__name__} and by {__name__}.")):
        router.command(Status)(first)


def test_an_effect_is_performed_by_one_function_only() -> None:
    router, other = Router(), Router()

    def clear(context: Context, effect: ClearRecords) -> Iterable[Event]:
        return []

    router.performs(ClearRecords)(clear)
    other.performs(ClearRecords)(clear)

    with pytest.raises(ValueError, match="ClearRecords is answered by"):
        router.include(other)


def test_an_event_may_interest_several_features_which_are_called_in_turn() -> None:
    router, other = Router(), Router()

    def first(context: Context, tick: Tick) -> None:
        return None

    def second(context: Context, tick: Tick) -> None:
        return None

    router.on(Tick)(first)
    other.on(Tick)(second)

    router.include(other)

    assert router.events == {Tick: [first, second]}


def test_every_feature_is_found_and_every_effect_has_its_performer() -> None:
    everything = collect(handlers)

    assert set(everything.effects) == set(get_args(Effect))


def test_every_event_interests_somebody() -> None:
    everything = collect(handlers)

    assert set(get_args(Event)) - set(everything.events) - ANSWERED_ELSEWHERE == set()


def test_every_command_that_is_answered_is_declared() -> None:
    everything = collect(handlers)

    assert set(everything.commands) - {spec.makes for spec in COMMANDS} == set()
