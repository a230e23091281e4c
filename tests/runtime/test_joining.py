"""Statuses of one deployment that wait together are decided on at once, and mean what they mean one by one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.storage.inbox import ClaimedDelivery
from bot.core.deployments.model import State
from bot.core.ports.chat import Delivery
from tests.doorstep import comes_in
from tests.handlers.scenes import another_tool, parent, thread
from tests.servers.github.webhooks import Webhook
from tests.world import REPOSITORY, World
from tests.world import world as open_world

STATES = ("queued", "in_progress", "in_progress", "success")


def runs(world: World, environment: str = "staging") -> int:
    """Somebody else's deployment, as it begins; its number on GitHub."""
    remote_id = world.github.create_deployment(REPOSITORY, "main", environment=environment, by="argo")
    world.settle()
    return remote_id


def statuses(world: World, remote_id: int, states: Sequence[str] = STATES) -> list[Webhook]:
    """Reported one after the other, and still on their way."""
    world.hold_webhooks = True
    for n, state in enumerate(states):
        world.github.report_deployment_status(REPOSITORY, remote_id, state, description=f"step {n}")
    return [one for one in world.github.webhooks_of("deployment_status") if one.json["deployment"]["id"] == remote_id]


def arrive(world: World, webhooks: Sequence[Webhook]) -> list[ClaimedDelivery]:
    """All of them are stored before the first is taken."""
    for one in webhooks:
        world.knocks(one)
    return world.store.inbox.take(16, "us")


def decide(world: World, taken: ClaimedDelivery) -> None:
    for lane in world.pipeline.decide(taken.id, taken.joined):
        world.pipeline.deliver(lane)
    world.settle()


def without_times(lines: Sequence[str]) -> list[str]:
    return [re.sub(r" (?:in|·|· after) \d+ s", "", line) for line in lines]


def read(world: World) -> list[str]:
    """The card and its thread; that it began is told where it goes on after that."""
    card, *said = without_times([parent(world, 1), *thread(world, 1)])
    began = [line for line in said if line.startswith("🚀")]
    assert len(began) <= 1
    return [card, *(line for line in said if line not in began or not world.deployment(1).ended)]


def handled(world: World, webhook: Webhook) -> bool:
    found = world.store.inbox.delivery(f"github:{webhook.delivery_id}")
    return found is not None and found[1] is not None


def test_those_of_one_deployment_are_taken_and_decided_on_together(world: World) -> None:
    told = statuses(world, runs(world))

    [taken] = arrive(world, told)
    decide(world, taken)

    assert [taken.id, *taken.joined] == [f"github:{one.delivery_id}" for one in told]
    assert all(handled(world, one) for one in told)
    assert thread(world, 1) == ["✅ live in 0 s"]


def test_two_deployments_are_two_subjects(world: World) -> None:
    one, another = runs(world), runs(world, "production")
    here = statuses(world, one, ("in_progress", "success"))
    there = statuses(world, another, ("in_progress", "failure"))

    taken = arrive(world, [here[0], there[0], here[1], there[1]])

    assert [len(one.joined) for one in taken] == [1, 1]


def test_whoever_joined_is_taken_again_by_itself_where_it_cannot_be_read(world: World) -> None:
    told = statuses(world, runs(world), ("in_progress", "success"))
    label = "DeploymentStatusReported:acme/web:1"
    broken = Delivery("github:broken", "github", "deployment_status", b'{"deployment_status": 1}', joins=label)
    comes_in(world.store, dataclasses.replace(broken))
    for one in told:
        world.knocks(one)

    world.settle()

    assert world.store.inbox.backlog() == 0
    assert parent(world, 1).startswith("✅ *web → staging*  is live")


def test_after_a_fault_each_is_tried_alone_so_that_one_holds_up_none(world: World, monkeypatch) -> None:
    told = statuses(world, runs(world), ("in_progress", "in_progress", "success"))
    poison = told[1].json["deployment_status"]["id"]
    router = world.pipeline._router.events
    for kind, listeners in list(router.items()):
        if kind.__name__ == "DeploymentStatusReported":
            handle = listeners[0].handle

            def poisoned(context, event, handle=handle):
                if poison in {one.status_id for one in event.all}:
                    raise ZeroDivisionError
                return handle(context, event)

            monkeypatch.setitem(router, kind, [dataclasses.replace(listeners[0], handle=poisoned)])

    [taken] = arrive(world, told)
    world.pipeline.decide(taken.id, taken.joined)
    first = [one.joined for one in world.store.inbox.take(16, "us")]
    for one in told:
        if not handled(world, one):
            decide(world, ClaimedDelivery(f"github:{one.delivery_id}", 1, one.event, one.body))

    assert first == [(), ()]
    assert [handled(world, one) for one in told] == [True, False, True]
    assert world.store.reads().deployment(1).state is State.SUCCEEDED


def test_what_dies_with_them_in_hand_lets_each_be_taken_again(world: World) -> None:
    told = statuses(world, runs(world))
    arrive(world, told)

    assert world.store.inbox.retake("us") == len(told)
    world.settle()

    assert world.store.inbox.backlog() == 0
    assert parent(world, 1).startswith("✅ *web → staging*  is live")


def test_where_another_has_decided_on_the_first_alone_the_others_are_not_lost(world: World) -> None:
    told = statuses(world, runs(world))
    [taken] = arrive(world, told)
    with world.store.decisions.open(taken.id, "0:handlers.following.reported") as faster:
        faster.begin(None, None)

    decide(world, taken)

    assert all(handled(world, one) for one in told)
    assert world.deployment(1).state is State.SUCCEEDED


def test_those_in_hand_are_not_taken_again(world: World) -> None:
    told = statuses(world, runs(world))
    [taken] = arrive(world, told)

    assert world.store.inbox.retake("us", (taken.id, *taken.joined)) == 0


ENDS = ("success", "failure", "error")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    way=st.lists(st.sampled_from(("queued", "pending", "in_progress")), max_size=4),
    end=st.lists(st.sampled_from(ENDS), max_size=2),
    chance=st.randoms(use_true_random=False),
)
def test_in_whatever_groups_and_order_they_come_it_ends_as_one_by_one(tmp_path_factory, way, end, chance) -> None:
    states = [*way, *end] or ["queued"]
    seen = []
    for grouped in (False, True):
        with open_world(tmp_path_factory.mktemp("world")) as world:
            remote_id = runs(world)
            if grouped:
                webhooks = statuses(world, remote_id, states)
                chance.shuffle(webhooks)
                cut = chance.randint(0, len(webhooks))
                for some in (webhooks[:cut], webhooks[cut:]):
                    for one in some:
                        world.knocks(one)
                    world.settle()
            else:
                for n, state in enumerate(states):
                    world.github.report_deployment_status(REPOSITORY, remote_id, state, description=f"step {n}")
                    world.settle()
            one = world.store.reads().deployment(1)
            seen.append((one.state, one.description, one.last_status, read(world)))

    assert seen[0] == seen[1]


@pytest.mark.parametrize("seconds", [0, 40])
def test_a_status_that_comes_alone_is_as_it_was(world: World, seconds: int) -> None:
    runs(world)
    world.wait(seconds=seconds)

    another_tool(world, "success")

    assert parent(world, 1).startswith("✅ *web → staging*  is live")
