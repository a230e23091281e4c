"""Outgoing webhooks: programs of other people hear of each state of a deployment, in order, signed, once or again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.core.outgoing_webhooks.model import Standing
from tests.servers.hooks.receiver import EventReceiver
from tests.servers.hooks.server import Reply
from tests.world import REPOSITORY, SETTINGS, World, world

ADMINS = '[bot]\nadmins = ["U00000002"]\n'


@pytest.fixture
def receiver() -> Iterator[EventReceiver]:
    with EventReceiver() as server:
        yield server
    assert server.problems == []


def table(receiver: EventReceiver, **more: object) -> str:
    lines = {"url": receiver.url, "secret": "EVENTS_SECRET", **more}
    return "\n[[webhooks]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())


@pytest.fixture
def the_world(tmp_path: Path, receiver: EventReceiver) -> Iterator[World]:
    with told(tmp_path, receiver) as a_world:
        yield a_world


def told(tmp_path: Path, receiver: EventReceiver, tables: str = "", **environ: str) -> ExitStack:
    """A world whose deployments the receiver hears of; it is the stack itself that is entered."""
    return _World(
        tmp_path, ADMINS + SETTINGS + (tables or table(receiver)), {"EVENTS_SECRET": receiver.secret, **environ}
    )


class _World(ExitStack):
    def __init__(self, tmp_path: Path, settings: str, environ: dict[str, str]) -> None:
        super().__init__()
        self._of = (tmp_path, settings, environ)

    def __enter__(self) -> World:  # type: ignore[override]
        return self.enter_context(world(*self._of))


def deploys(world: World, command: str = "deploy topic to production") -> int:
    """Maria deploys, and another tool carries it out; its number on GitHub."""
    if "topic" not in world.github.repository(REPOSITORY).branches:
        world.github.commit(REPOSITORY, "topic", "Greet", author="maria")
    world.says("maria", command)
    remote: int = world.github.deployments(REPOSITORY)[-1].id
    return remote


def reports(world: World, remote: int, *states: str) -> None:
    for state in states:
        world.github.report_deployment_status(REPOSITORY, remote, state)
        world.settle()


def test_each_state_is_told_in_order_as_the_api_tells_it(the_world: World, receiver: EventReceiver) -> None:
    remote = deploys(the_world)
    the_world.wait(minutes=1)
    reports(the_world, remote, "in_progress", "success")

    assert receiver.events == ["deployment.starting", "deployment.running", "deployment.succeeded"]
    first, _, last = (one.json for one in receiver.taken)
    assert (first["sent_at"], first["deployment"]["finished_at"]) == ("2026-03-02T10:00:00.000Z", None)
    assert last["deployment"]["app"] == "web"
    assert last["deployment"]["requested_by"] == {"slack": "U00000001", "github": "maria", "name": "maria"}
    assert last["deployment"]["github_deployment_id"] == remote
    assert last["deployment"]["state"] == "succeeded"
    assert last["deployment"]["finished_at"] is not None
    assert len({one.headers["x-shipmate-delivery"] for one in receiver.taken}) == 3
