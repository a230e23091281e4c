"""Which function answers what, and how the features find their way into one router."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

import handlers
from bot.context import Context
from bot.core.effects import ClearRecords, Effect
from bot.core.events import Event
from bot.core.events.external import ApiRequested, CommandGiven, Tick
from bot.core.events.internal import RunWanted
from bot.core.grammar.commands import Status, Version
from bot.core.grammar.registry import COMMANDS
from bot.core.rich_text import Message
from bot.core.stored import stored_kinds
from bot.router import Router, Subscription, collect

# The conversation answers commands, the API what programs ask for, and the engine itself carries runs out.
ANSWERED_ELSEWHERE = {ApiRequested, CommandGiven, RunWanted}

NAMES = [
    "approval_reminders.half_over",
    "approval_reminders.wanted",
    "approvals.came_before",
    "approvals.overdue",
    "approvals.reviewed",
    "automatic_rollbacks.ended",
    "catching_up.catch_up",
    "catching_up.tick",
    "checks.missing",
    "checks.turned_red",
    "deploys.hung",
    "deploys.reconsider",
    "digests.due",
    "digests.look",
    "following.created",
    "following.overdue",
    "following.reported",
    "freezes.declared",
    "freezes.lifted",
    "freezes.over",
    "home.changed",
    "home.look",
    "home.opened",
    "locked_branches.branch_over",
    "locked_branches.deployed",
    "locked_branches.pull_request_over",
    "locked_branches.reconcile",
    "locks.expired",
    "locks.reminder_due",
    "merge_cards.deployed",
    "merge_cards.merged",
    "merge_cards.over",
    "merges.checks_changed",
    "merges.deploy",
    "merges.merged",
    "modals.turned",
    "notices.ended",
    "nudges.due",
    "nudges.look",
    "orphans.found",
    "orphans.look",
    "outages.look",
    "outages.refused",
    "outages.teams",
    "outages.tried",
    "outgoing_webhooks.given_up",
    "people.claim_expired",
    "people.link_awaited",
    "previews.catch_up",
    "previews.ended",
    "previews.look",
    "previews.pull_request",
    "previews.retain",
    "previews.told",
    "promotions.ended",
    "promotions.offered",
    "provider_callbacks.called_back",
    "publications.allowed",
    "publications.due",
    "publications.ended",
    "publications.look",
    "publications.refused",
    "queue_clock.comes_nearer",
    "reconciliation.reconcile",
    "reconciliation.retain",
    "redeliveries.failed",
    "redeliveries.of_a_repository",
    "redeliveries.of_the_app",
    "repositories.called_otherwise",
    "repositories.due",
    "repositories.renamed",
    "repositories.tick",
    "runs.began",
    "runs.finished",
    "runs.held_up",
    "runs.not_opened",
    "runs.opened",
    "runs.progressed",
    "schedules.due",
    "shipments.changed",
    "shipments.closed",
    "shipments.dequeued",
    "shipments.enqueued",
    "shipments.look",
    "shipments.not_merged",
    "shipments.reviewed",
    "slack_messages.channel_changed",
    "slack_messages.look",
    "tokens.look",
    "unfurls.shared",
    "windows.look_at_windows",
    "windows.turn",
    "workflow_runs.changed",
]


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

    router.on(Tick, name="one.first")(first)
    other.on(Tick, name="other.second")(second)

    router.include(other)

    assert router.events == {Tick: [Subscription("one.first", first), Subscription("other.second", second)]}


def test_two_functions_that_decide_under_one_name_are_refused() -> None:
    router, other = Router(), Router()

    def look(context: Context, tick: Tick) -> None:
        return None

    router.on(Tick, name="looks.at")(look)
    other.on(Tick, name="looks.at")(look)

    with pytest.raises(ValueError, match=re.escape("looks.at is the name of two functions that answer events.")):
        router.include(other)


def test_the_names_of_decisions_stay() -> None:
    """Deliveries in flight were decided on under these names, and an upgrade must not decide on them again.

    A function that is renamed or moved keeps its name; a new one is added here, and one that is gone taken out.
    """
    assert sorted(collect(handlers).names) == NAMES


def test_every_feature_is_found_and_every_effect_has_its_performer() -> None:
    everything = collect(handlers)

    assert set(everything.effects) == set(stored_kinds(Effect).values())


def test_every_event_interests_somebody() -> None:
    everything = collect(handlers)

    assert set(stored_kinds(Event).values()) - set(everything.events) - ANSWERED_ELSEWHERE == set()


def test_every_command_that_is_answered_is_declared() -> None:
    everything = collect(handlers)

    assert set(everything.commands) - {spec.makes for spec in COMMANDS} == set()
