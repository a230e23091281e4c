"""Whole bots and a program that is told of deployments: nothing is lost though they are killed, and nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from tests.end_to_end.cluster import Cluster, cluster
from tests.end_to_end.installation import SETTINGS, Installation
from tests.patience import PATIENCE
from tests.servers.hooks.receiver import EventReceiver
from tests.servers.hooks.server import Received, Reply

LIFE = ["starting", "running", "succeeded"]


@pytest.fixture
def receiver() -> Iterator[EventReceiver]:
    with EventReceiver() as server:
        yield server
    assert server.problems == []


def told(there: Installation, receiver: EventReceiver, *urls: str) -> None:
    tables = "".join(f'\n[[webhooks]]\nurl = "{url}"\nsecret = "EVENTS_SECRET"\n' for url in (receiver.url, *urls))
    shell = SETTINGS.replace("{command}", "true").replace("{directory}", str(there.directory))
    there.settings(shell.replace("[people]", f"{tables}\n[people]"))
    there.environ["EVENTS_SECRET"] = f"{receiver.secret},the-one-before"


@pytest.fixture
def site(site_with: Callable[[str], Installation], receiver: EventReceiver) -> Installation:
    site = site_with("true")
    told(site, receiver)
    return site


def once(receiver: EventReceiver) -> list[str]:
    """The events by their order, repeats left out."""
    found = {one.headers["x-shipmate-delivery"]: one.json["event"] for one in receiver.taken}
    return [event.removeprefix("deployment.") for event in found.values()]


def test_a_bot_that_is_killed_as_it_sends_sends_the_same_again_and_loses_nothing(
    site: Installation, receiver: EventReceiver
) -> None:
    def kill(request: Received) -> None:
        if len(receiver.received) in (1, 3, 5):
            site.processes[-1].end_at_once()

    receiver.when_asked = kill
    site.runs()
    site.deploys()
    for number in (1, 3, 5):
        site.wait_for(lambda seen=number: len(receiver.received) >= seen, f"the moment to kill {number}")  # type: ignore[misc]
        site.processes[-1].wait()
        site.starts("run")

    site.ended("is live")
    site.wait_for(lambda: len(receiver.received) >= 6, "all events and their repeats")
    events = [(one.headers["x-shipmate-delivery"], one.json["event"]) for one in receiver.taken]
    assert once(receiver) == LIFE
    assert [event for _, event in events] == [f"deployment.{state}" for state in LIFE for _ in range(2)]
    assert len(set(events)) == 3


def test_a_receiver_that_never_answers_holds_up_nobody(site: Installation, receiver: EventReceiver) -> None:
    released = Event()
    with EventReceiver() as hanging, ExitStack() as stack:
        stack.callback(released.set)
        hanging.when_asked = lambda request: released.wait(PATIENCE) and None
        told(site, receiver, "http://127.0.0.1:9/closed", "http://nobody.invalid/x", f"{hanging.url}?slow=1")
        bot = site.runs()
        site.deploys()
        site.ended("is live")
        site.wait_for(lambda: once(receiver) == LIFE, "the events")
        site.wait_for(lambda: hanging.received, "a try")
        checked = site.starts("check")

        assert checked.wait() == 0
        assert "! The webhook at nobody.invalid fails since" in checked.printed
        assert "3 events wait" in checked.printed
        assert bot.terminate() == 0
        printed = "\n".join(one.printed for one in site.processes)
        assert receiver.secret not in printed
        assert "slow=1" not in printed


def test_a_bot_that_could_sign_nothing_does_not_start(site: Installation, receiver: EventReceiver) -> None:
    del site.environ["EVENTS_SECRET"]

    started, checked = site.starts("run"), site.starts("check")

    assert (started.wait(), checked.wait()) == (1, 1)
    missing = "EVENTS_SECRET is not set, which webhooks[0] names as its secret"
    assert started.lines == [
        f"✗ {missing}: make one up (openssl rand -hex 32), set it, and give the same one to {receiver.host}."
    ]
    assert f"✗ {missing}  → Make one up (openssl rand -hex 32)" in checked.printed


def test_of_two_workers_one_sends_and_the_other_goes_on_with_it_when_that_is_killed(
    tmp_path: Path, receiver: EventReceiver
) -> None:
    with ExitStack() as stack:
        there: Cluster = stack.enter_context(cluster(tmp_path, "true"))
        told(there, receiver)
        receiver.reply = Reply(503)
        there.web()
        first = there.worker()
        there.deploys()
        there.ended("is live")
        there.wait_for(lambda: receiver.received, "a try")
        [dead] = there.leases()
        second = there.worker()
        first.kill()
        there.silence(dead)
        receiver.reply = Reply(204)
        there.wait_for(lambda: once(receiver) == LIFE, "the events from the other worker")

        assert second.alive
        assert len({one.headers["x-shipmate-delivery"] for one in receiver.received}) == 3
