"""Gather, decide, act: what happens to deliveries and effects when everything goes well, and when nothing does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from threading import Barrier, Thread
from typing import Any

import pytest

from bot.context import Context
from bot.core.effects import CreateDeployment, PostStatus, RenderParent, StartRun
from bot.core.errors import NotThere, Refused, Rejected, Unavailable
from bot.core.events import Event
from bot.core.events.external import Tick
from bot.core.events.internal import Reconsider, RunWanted
from bot.core.grammar.commands import Locks, Version
from bot.core.ports.chat import Delivery
from bot.core.rich_text import Message, say
from bot.runtime.decoder import decoder
from bot.runtime.retries import COMMAND_TRIES, FAULT_TRIES, backoff
from tests.patience import PATIENCE
from tests.runtime.works import T0, Works


def failing(works: Works, *errors: Exception | None) -> Callable[[Context, Any], list[Event]]:
    """A performer that raises these one after another, and then does its work."""
    left = list(errors)

    def perform(context: Context, effect: Any) -> list[Event]:
        works.log.append(f"{type(effect).__name__}{' repeated' if context.repeated else ''}")
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return []

    return perform


# --- deciding -------------------------------------------------------------------------------------------------------


def test_a_delivery_is_decided_once_and_its_lanes_are_named_as_long_as_they_have_something_to_do(works: Works) -> None:
    @works.router.on(Reconsider, name="test.1")
    def reconsider(context: Context, event: Reconsider) -> None:
        works.log.append("decided")
        context.begin().emit(CreateDeployment(event.deployment_id), RenderParent(event.deployment_id))

    first = works.happens(Reconsider(7))
    again = works.pipeline.decide("bot:event")

    assert works.log == ["decided"]
    assert first == again == ["remote:7", "parent:7"]


def test_what_nobody_subscribes_to_and_what_is_not_there_is_over_at_once(works: Works) -> None:
    lanes = works.happens(Reconsider(7)), works.pipeline.decide("github:unheard of")

    assert lanes == ([], [])
    assert works.kept.inbox.backlog() == 0


def test_a_feature_that_has_decided_does_not_decide_again_when_another_had_to_wait(works: Works) -> None:
    away = [True]

    @works.router.on(Tick, name="test.2")
    def first(context: Context, event: Tick) -> None:
        context.begin()
        works.log.append("first")

    @works.router.on(Tick, name="test.3")
    def second(context: Context, event: Tick) -> None:
        works.log.append("second")
        if away:
            raise Unavailable("GitHub does not answer.")

    works.happens(Tick("reconcile", T0))
    away.clear()
    works.clock.passes(seconds=2)
    works.decides("bot:event")

    assert works.log == ["first", "second", "second"]
    assert works.kept.inbox.backlog() == 0


def test_a_feature_that_fails_keeps_no_other_from_its_decision(works: Works) -> None:
    @works.router.on(Tick, name="test.4")
    def broken(context: Context, event: Tick) -> None:
        context.begin().emit(RenderParent(1))
        raise ZeroDivisionError

    @works.router.on(Tick, name="test.5")
    def refused(context: Context, event: Tick) -> None:
        raise NotThere("The repository is gone.")

    @works.router.on(Tick, name="test.6")
    def sound(context: Context, event: Tick) -> None:
        context.begin().emit(RenderParent(2))

    lanes = works.happens(Tick("reconcile", T0))
    sound_once = "0:handlers.test.6" in works.kept.decisions.made("bot:event")
    works.tries_again("bot:event", FAULT_TRIES)

    assert lanes == ["parent:2"]
    assert sound_once
    assert works.kept.inbox.backlog() == 0
    assert [one.reason for one in works.kept.set_aside.first()] == ["0:handlers.test.4 failed: ZeroDivisionError"]


def test_an_event_waits_longer_each_time_the_other_side_does_not_answer(works: Works) -> None:
    @works.router.on(Reconsider, name="test.7")
    def reconsider(context: Context, event: Reconsider) -> None:
        raise Unavailable("GitHub does not answer.")

    works.happens(Reconsider(7))
    pauses = []
    for _ in range(4):
        due = works.kept.next_due()
        assert due is not None
        pauses.append((due - works.clock.now()).total_seconds())
        works.clock.at = due
        works.decides("bot:event")

    assert pauses == sorted(pauses)
    assert pauses[0] == 1
    assert 8 <= pauses[-1] <= 10


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("Sunrise", b"{}"),
        ("Place", b'{"channel": "#web"}'),
        ("Reconsider", b'{"deployment_id": "seven"}'),
        ("Reconsider", b'{"deployment_id": 7, "more": ' + b"[" * 9_000 + b"]" * 9_000 + b"}"),
        ("Reconsider", b"\xff\x00"),
        ("CommandGiven", b'{"text": "version", "person": 7}'),
        ("RunWanted", b"{}"),
    ],
)
def test_what_another_version_has_stored_waits_for_it_and_is_set_aside_in_the_end(
    works: Works, name: str, body: bytes
) -> None:
    works.kept.inbox.put(Delivery("bot:old", "bot", name, body))

    lanes = works.decides("bot:old")
    waits = works.kept.inbox.backlog()
    works.tries_again("bot:old", FAULT_TRIES)

    assert lanes == []
    assert waits == 1
    assert works.kept.inbox.backlog() == 0
    assert [one.name for one in works.kept.set_aside.first()] == ["bot:old"]


def test_two_threads_that_decide_on_the_same_delivery_make_one_decision(works: Works) -> None:
    ready = Barrier(2)

    @works.router.on(Reconsider, name="test.8")
    def reconsider(context: Context, event: Reconsider) -> None:
        ready.wait(PATIENCE)
        context.begin().emit(RenderParent(event.deployment_id))

    works.kept.inbox.put_event(Reconsider(7), "event")
    threads = [Thread(target=works.pipeline.decide, args=["bot:event"]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    works.router.effects[RenderParent] = failing(works)
    works.pipeline.deliver("parent:7")
    assert works.log == ["RenderParent"]


@pytest.mark.parametrize(
    "payload",
    [
        {"payload": "[" * 1_000},
        {"payload": "{" * 100_000},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"created_at": "9999-12-31T23:59:59-14:00"},
        {"id": 10**400},
        {"environment": None},
        {"payload": {"request_id": ["a", "list"]}},
    ],
    ids=lambda payload: next(iter(payload)),
)
def test_a_webhook_that_cannot_be_read_ends_and_is_not_tried_again(works: Works, payload: dict[str, Any]) -> None:
    deployment = {
        "id": 7,
        "sha": "1a2b3c4" + "0" * 33,
        "ref": "main",
        "task": "deploy",
        "environment": "staging",
        "description": "",
        "creator": {"login": "mallory"},
        "created_at": "2026-03-02T10:00:00Z",
        "payload": {},
    }
    body = {"action": "created", "deployment": deployment | payload, "repository": {"full_name": "acme/web"}}
    works.kept.inbox.put(Delivery("github:poison", "github", "deployment", json.dumps(body).encode()))
    works.pipeline._decode = decoder(works.pipeline._settings)

    works.pipeline.decide("github:poison")

    found = works.kept.inbox.delivery("github:poison")
    assert found is not None
    assert found[1] is not None
    assert works.kept.inbox.take(9) == []


@pytest.mark.parametrize("error", [RecursionError, OverflowError, ValueError, KeyError, MemoryError, AssertionError])
def test_whatever_goes_wrong_while_a_webhook_is_read_ends_it(works: Works, error: type[Exception]) -> None:
    def poisoned(_: Delivery) -> list[Event]:
        raise error

    works.pipeline._decode = poisoned
    works.kept.inbox.put(Delivery("github:poison", "github", "status", b"{}"))

    works.pipeline.decide("github:poison")

    found = works.kept.inbox.delivery("github:poison")
    assert found is not None
    assert found[1] is not None


def test_asking_the_world_after_begin_is_a_fault(works: Works) -> None:
    @works.router.command(Version)
    def version(context: Context, command: Version) -> Message | None:
        context.begin()
        return say(context.chat.link_to("#web", "1.0") or "")

    works.hears("version")

    [(only_to, text)] = works.replies()
    assert only_to == "maria"
    assert text.startswith("Something went wrong on my side, and nothing was changed.")
    assert text.endswith("chat:1")


# --- commands -------------------------------------------------------------------------------------------------------


def test_a_command_is_answered_where_it_was_given(works: Works) -> None:
    @works.router.command(Version)
    def version(context: Context, command: Version) -> Message | None:
        return say("Shipmate 1")

    works.hears("version")

    assert works.replies() == [("maria", "Shipmate 1")]


def test_what_others_want_to_know_as_well_is_answered_to_all(works: Works) -> None:
    @works.router.command(Locks)
    def locks(context: Context, command: Locks) -> Message | None:
        return say("Nothing is locked.")

    works.hears("locks")

    assert works.replies() == [(None, "Nothing is locked.")]


def test_a_refusal_is_for_the_asker_alone_and_nothing_of_the_decision_stays(works: Works) -> None:
    @works.router.command(Version)
    def version(context: Context, command: Version) -> Message | None:
        context.begin().emit(RenderParent(1))
        raise Refused(say("Not today."))

    lanes = works.hears("version")

    assert lanes == ["reply:#web:1.0"]
    assert works.replies() == [("maria", "Not today.")]


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ("robot", "I take no commands from bots."),
        ("stranger", "I take no commands from people of other workspaces."),
    ],
)
def test_bots_and_strangers_are_turned_away(works: Works, person: str, sentence: str) -> None:
    works.hears("version", person)

    assert works.replies() == [(person, sentence)]


def test_a_command_that_has_to_wait_is_told_once_and_answered_in_the_end(works: Works) -> None:
    away = [1, 2]

    @works.router.command(Version)
    def version(context: Context, command: Version) -> Message | None:
        if away:
            away.pop()
            raise Unavailable("GitHub does not answer.")
        return say("Shipmate 1")

    works.hears("version")
    for _ in range(2):
        works.clock.passes(seconds=10)
        works.decides("chat:1")

    assert works.replies() == [
        ("maria", "GitHub does not answer. I keep trying and go on by myself."),
        ("maria", "Shipmate 1"),
    ]


def test_a_command_is_given_up_with_a_word_after_some_minutes(works: Works) -> None:
    @works.router.command(Version)
    def version(context: Context, command: Version) -> Message | None:
        raise Unavailable("GitHub does not answer.")

    works.hears("version")
    for _ in range(COMMAND_TRIES):
        works.clock.passes(minutes=6)
        works.decides("chat:1")

    assert works.kept.inbox.backlog() == 0
    assert works.replies()[-1] == (
        "maria",
        "GitHub does not answer. I have given up on this command and nothing was changed; please send it again later.",
    )


# --- acting ---------------------------------------------------------------------------------------------------------


def test_what_follows_from_an_effect_is_put_into_the_inbox(works: Works) -> None:
    @works.router.performs(StartRun)
    def start(context: Context, effect: StartRun) -> Iterable[Event]:
        return [RunWanted(effect.deployment_id)]

    works.emits(StartRun(7))

    works.pipeline.deliver("remote:7")

    assert [one.name for one in works.kept.inbox.take(16)] == ["RunWanted"]


def test_a_lane_waits_in_order_while_the_other_side_does_not_answer(works: Works) -> None:
    works.router.effects[CreateDeployment] = failing(works, Unavailable("GitHub does not answer."))
    works.router.effects[PostStatus] = failing(works)
    works.emits(CreateDeployment(7), PostStatus(7, "queued", "Queued by Shipmate"))

    works.pipeline.deliver("remote:7")
    waiting = list(works.log)
    works.clock.passes(seconds=2)
    for lane in works.kept.outbox.take_lanes():
        works.pipeline.deliver(lane)

    assert waiting == ["CreateDeployment"]
    assert works.log == ["CreateDeployment", "CreateDeployment", "PostStatus"]


def test_an_effect_that_may_have_got_through_is_repeated_as_such(works: Works) -> None:
    works.router.effects[CreateDeployment] = failing(works, Unavailable("No answer came.", uncertain=True))
    works.emits(CreateDeployment(7))

    works.pipeline.deliver("remote:7")
    works.pipeline.deliver("remote:7")

    assert works.log == ["CreateDeployment", "CreateDeployment repeated"]


def test_a_doubt_stays_although_a_later_attempt_surely_did_nothing(works: Works) -> None:
    works.router.effects[CreateDeployment] = failing(
        works, Unavailable("No answer came.", uncertain=True), Unavailable("GitHub does not answer.")
    )
    works.emits(CreateDeployment(7))

    for _ in range(3):
        works.pipeline.deliver("remote:7")

    assert works.log == ["CreateDeployment", "CreateDeployment repeated", "CreateDeployment repeated"]


def test_an_effect_that_is_rejected_is_given_up_and_the_lane_goes_on(works: Works) -> None:
    works.router.effects[CreateDeployment] = failing(works, Rejected("No."))
    works.router.effects[PostStatus] = failing(works)
    works.emits(CreateDeployment(7), PostStatus(7, "queued", "Queued by Shipmate"))

    works.pipeline.deliver("remote:7")

    assert works.log == ["CreateDeployment", "PostStatus"]
    assert not works.kept.outbox.has_pending()


def test_a_fault_of_our_own_is_tried_a_few_times_and_then_given_up(works: Works) -> None:
    works.router.effects[CreateDeployment] = failing(works, *[ZeroDivisionError()] * 99)
    works.emits(CreateDeployment(7))

    for _ in range(FAULT_TRIES + 3):
        works.pipeline.deliver("remote:7")
        works.clock.passes(minutes=6)

    assert len(works.log) == FAULT_TRIES + 1
    assert not works.kept.outbox.has_pending()


def test_a_lane_goes_on_in_the_same_process_after_the_database_broke_in_the_middle(works: Works) -> None:
    works.router.effects[CreateDeployment] = failing(works)
    works.router.effects[PostStatus] = failing(works)
    works.emits(CreateDeployment(7), PostStatus(7, "queued", "Queued by Shipmate"))
    works.outbox.breaks = 1
    with pytest.raises(Unavailable):
        works.pipeline.deliver("remote:7")

    works.pipeline.deliver("remote:7")

    assert works.log == ["CreateDeployment", "CreateDeployment repeated", "PostStatus"]
    assert not works.kept.outbox.has_pending()


def test_a_lane_in_the_hands_of_another_process_is_left_to_it(works: Works) -> None:
    other = works.another("another process")

    @works.router.performs(CreateDeployment)
    def create(context: Context, effect: CreateDeployment) -> Iterable[Event]:
        works.log.append("begun")
        works.emits(PostStatus(7, "queued", "Queued by Shipmate"), cause="github:2")
        other.deliver("remote:7")
        works.log.append("over")
        return []

    works.router.effects[PostStatus] = failing(works)
    works.emits(CreateDeployment(7))

    works.pipeline.deliver("remote:7")

    assert works.log == ["begun", "over", "PostStatus"]


def test_many_threads_on_a_lane_do_each_effect_once_and_in_order(works: Works) -> None:
    def post(context: Context, effect: PostStatus) -> Iterable[Event]:
        works.log.append(effect.state)
        return []

    works.router.effects[PostStatus] = post
    works.emits(*[PostStatus(7, f"{number:02}", "") for number in range(20)])
    threads = [Thread(target=works.pipeline.deliver, args=["remote:7"]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert works.log == [f"{number:02}" for number in range(20)]


def test_an_effect_cannot_decide(works: Works) -> None:
    @works.router.performs(CreateDeployment)
    def create(context: Context, effect: CreateDeployment) -> Iterable[Event]:
        context.begin()
        return []

    works.emits(CreateDeployment(7))

    works.pipeline.deliver("remote:7")

    assert works.kept.outbox.has_pending()


def test_pauses_grow_to_five_minutes() -> None:
    pauses = [backoff(tries).total_seconds() for tries in (0, 1, 2, 8, 9, 300)]

    assert pauses == [1, 2, 4, 256, 300, 300]
