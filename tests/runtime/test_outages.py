"""Slack, GitHub or the database is away for a while: work waits and goes on, and people are told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, channel, creations, parent, thread, told
from tests.world import REPOSITORY, World
from tests.world import world as open_world

OURS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
provider = { type = "shell", command = "echo once >> {directory}/ran; echo done", directory = "{directory}/runs" }

[apps.web.environments.production]
"""

LIVE = "✅ *web → production*  is live"


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[World]:
    """A world in which the bot's own provider carries deployments out."""
    with open_world(tmp_path, OURS) as world:
        yield world


def ran(world: World) -> int:
    """How often the command was run."""
    return len((world.directory / "ran").read_text().splitlines())


def on_github(world: World) -> list[list[str]]:
    """The states of every deployment."""
    return [[status.state for status in one.statuses] for one in world.github.deployments(REPOSITORY)]


def writes(world: World) -> int:
    return sum(one.method == "POST" for one in world.github.requests)


Fails = Callable[[World], None]


def github_fails(method: str, path: str, fault: int | str, times: int = 1, **more: Any) -> Fails:
    return lambda world: world.github.fail_next(method, path, fault, times=times, **more)


def slack_fails(method: str, times: int = 1, **how: Any) -> Fails:
    return lambda world: world.slack.fail_next(method, times=times, **how)


# --- the answer is lost: done once all the same ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fails", "in_time"),
    [
        (github_fails("POST", "/deployments$", "cut_after"), True),
        (github_fails("POST", "/deployments$", "cut_before"), True),
        (github_fails("POST", "/deployments$", "malformed"), True),
        (github_fails("POST", "/statuses$", "cut_after", times=3), True),
        (github_fails("POST", "/statuses$", "malformed", times=3), True),
        (github_fails("POST", "/statuses$", 502, times=3), True),
        (slack_fails("chat.postMessage", times=1, cut="after"), True),
        (slack_fails("chat.postMessage", times=4, cut="after"), True),
        (slack_fails("chat.postMessage", times=4, cut="before"), False),
        (slack_fails("chat.postMessage", times=4, status=503), False),
        (slack_fails("chat.update", times=2, cut="after"), True),
    ],
    ids=[
        *("creation-cut-after", "creation-cut-before", "creation-malformed"),
        *("status-cut-after", "status-malformed", "status-502"),
        *("post-cut-after", "posts-cut-after", "posts-cut-before", "posts-503", "edits-cut-after"),
    ],
)
def test_what_may_have_been_done_is_looked_for_before_it_is_done_again(
    ours: World, fails: Fails, in_time: bool
) -> None:
    """``in_time`` is whether anything could be said before it had ended: its beginning is no news after that."""
    fails(ours)

    ours.says("maria", "deploy main to production")
    ours.wait(minutes=5)

    assert on_github(ours) == [["queued", "in_progress", "success"]]
    assert ran(ours) == 1
    assert len(channel(ours, "#web")) == 1
    assert parent(ours, 1).split("\n")[0] == LIVE
    told_of_its_beginning = ["🚀"] if in_time else []
    assert [line.split(" ")[0] for line in thread(ours, 1)] == [*told_of_its_beginning, "✅"]


def test_a_status_that_only_resembles_the_lost_one_does_not_stand_for_it(ours: World) -> None:
    ours.hold_runs = True
    ours.says("maria", "deploy main to production")
    (remote,) = ours.github.deployments(REPOSITORY)
    ours.github.report_deployment_status(REPOSITORY, remote.id, "in_progress", description="Testing it", by="ci")
    ours.github.fail_next("POST", "/statuses$", "cut_before")

    ours.hold_runs = False
    ours.wait(minutes=5)

    assert [one.description for one in remote.statuses if one.creator == ours.github.bot_login] == [
        "Queued by Shipmate",
        "Shipmate is deploying",
        "The command succeeded",
    ]


# --- GitHub is down ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "headers"),
    [(502, {}), ("cut_before", {}), ("malformed", {}), (503, {"Retry-After": "20"})],
    ids=["502", "cut", "malformed", "503-retry-after"],
)
def test_a_command_waits_for_github_and_its_person_is_told_once(
    world: World, fault: int | str, headers: dict[str, str]
) -> None:
    world.github.fail_next("GET", "/repos/acme/web", fault, times=1_000, headers=headers)

    world.says("maria", "deploy main to production")
    world.wait(minutes=1)
    world.github.heal()
    world.wait(minutes=2)

    (first,) = told(world, "maria")
    assert first.startswith("GitHub")
    assert first.endswith("I keep trying and go on by myself.")
    assert channel(world, "#web") == ["🚀 *web → production*  nobody has picked it up yet"]
    assert creations(world) == 1


def test_a_command_that_github_keeps_from_being_run_is_given_up(world: World) -> None:
    world.github.fail_next("GET", "/repos/acme/web", 502, times=100_000)

    world.says("maria", "deploy main to production")
    world.wait(minutes=15)
    world.github.heal()
    world.wait(minutes=15)

    assert [line.split(". ", 1)[1] for line in told(world, "maria")] == [
        "I keep trying and go on by myself.",
        "I have given up on this command and nothing was changed; please send it again later.",
    ]
    assert creations(world) == 0


def test_a_limit_that_lasts_longer_than_a_command_is_told_at_once(world: World) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(world.clock.now().timestamp()) + 3000)}
    world.github.fail_next("GET", "/repos/acme/web", 403, headers=headers)

    world.says("maria", "deploy main to production")
    world.wait(hours=1)

    assert told(world, "maria") == [
        "GitHub asks the bot to slow down. I have given up on this command and nothing was changed; please send it "
        "again later."
    ]


def test_a_deployment_under_way_waits_for_github_and_ends_with_every_status(ours: World) -> None:
    ours.github.fail_next("POST", "/statuses$", 503, times=6)

    ours.says("maria", "deploy main to production")
    ours.wait(minutes=30)

    assert on_github(ours) == [["queued", "in_progress", "success"]]
    assert ran(ours) == 1


def test_all_of_the_bot_keeps_still_while_github_asks_for_it(ours: World) -> None:
    for _ in range(3):
        ours.slack.says("maria", "#web", "@shipmate deploy main to production")
    ours.github.fail_next("POST", "/statuses$", 429, headers={"Retry-After": "120"})
    ours.settle()
    asked = len(ours.github.requests)

    ours.wait(seconds=115)
    meanwhile = len(ours.github.requests) - asked
    ours.wait(minutes=10)

    assert meanwhile == 0
    assert on_github(ours) == [["queued", "in_progress", "success"]] * 3
    assert ran(ours) == 3


def test_hundreds_that_wait_for_github_do_not_all_come_at_once(world: World) -> None:
    shas = [world.github.commit(REPOSITORY, "topic", f"Change {number}") for number in range(60)]
    world.settle()
    world.github.fail_next("GET", "/repos/acme/web", 502, times=100_000)
    for sha in shas:
        world.github.create_deployment(REPOSITORY, sha, by="jenkins")
    asked = len(world.github.requests)

    world.wait(minutes=20)
    tries = len(world.github.requests) - asked
    world.github.heal()
    world.wait(minutes=12)

    assert tries < 120
    assert channel(world, "#web") == ["🚀 *web → production*  is under way"] * 60


# --- Slack is down -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{"status": 503}, {"cut": "before"}], ids=["503", "cut"])
def test_a_deployment_does_not_wait_for_slack_and_is_told_in_order_afterwards(ours: World, how: dict[str, Any]) -> None:
    ours.says("maria", "whoami")
    for method in ("chat.postMessage", "chat.update", "chat.postEphemeral"):
        ours.slack.fail_next(method, times=10_000, **how)

    ours.slack.says("maria", "#web", "@shipmate deploy main to production")
    ours.wait(minutes=4)
    before = on_github(ours)
    ours.slack.counter.failures.clear()
    ours.wait(minutes=6)

    assert before == [["queued", "in_progress", "success"]]
    assert parent(ours, 1).split("\n")[0] == LIVE
    # What it was doing meanwhile is no news any more.
    assert thread(ours, 1) == ["✅ @maria live in 0 s"]


def test_while_slack_is_down_it_is_tried_now_and_then_only(ours: World) -> None:
    ours.says("maria", "whoami")
    for method in ("chat.postMessage", "conversations.history", "conversations.replies"):
        ours.slack.fail_next(method, times=10_000, status=503)
    before = len(ours.slack.requests)

    ours.slack.says("maria", "#web", "@shipmate deploy main to production")
    ours.wait(minutes=30)

    assert len(ours.slack.requests) - before < 60


def test_a_command_that_waited_for_slack_is_not_told_that_slack_was_away(world: World) -> None:
    world.slack.fail_next("users.info", times=6, status=503)

    world.says("maria", "deploy main to production")
    world.wait(minutes=5)

    assert told(world, "maria") == []
    assert channel(world, "#web") == ["🚀 *web → production*  nobody has picked it up yet"]


def test_slacks_limit_on_a_channel_is_kept_by_everything_said_there(world: World) -> None:
    world.slack.fail_next("chat.postMessage", error="ratelimited", status=429, headers={"Retry-After": "30"})
    world.says("maria", "deploy main to production")
    posted = len(world.slack.calls("chat.postMessage"))

    world.wait(seconds=20)
    meanwhile = len(world.slack.calls("chat.postMessage")) - posted
    world.wait(minutes=1)

    assert meanwhile == 0
    assert len([line for line in channel(world, "#web") if "production" in line.split("\n")[0]]) >= 1


# --- Slack refuses for good --------------------------------------------------------------------------------------


def test_an_archived_channel_does_not_stop_the_deployment(ours: World) -> None:
    ours.slack.workspace.channel("#web").is_archived = True

    ours.says("maria", "deploy main to production", channel="#random")

    assert on_github(ours) == [["queued", "in_progress", "success"]]
    assert ran(ours) == 1


def test_a_channel_archived_half_way_does_not_stop_the_deployment(ours: World) -> None:
    ours.hold_runs = True
    ours.says("maria", "deploy main to production")
    ours.slack.workspace.channel("#web").is_archived = True

    ours.hold_runs = False
    ours.wait(minutes=1)

    assert on_github(ours) == [["queued", "in_progress", "success"]]
    assert not ours.store.outbox.has_pending()


def test_a_bot_that_was_removed_from_the_channel_goes_on(ours: World) -> None:
    ours.hold_runs = True
    ours.says("maria", "deploy main to production")
    ours.slack.workspace.channel("#web").members.discard(ours.slack.workspace.user("shipmate").id)

    ours.hold_runs = False
    ours.wait(minutes=1)

    assert on_github(ours) == [["queued", "in_progress", "success"]]
    assert not ours.store.outbox.has_pending()


def test_where_the_parent_was_deleted_its_thread_does_not_spill_into_the_channel(ours: World) -> None:
    ours.hold_runs = True
    ours.says("maria", "deploy main to production")
    ours.slack.deletes(ours.parent(1))
    ours.wait(seconds=10)

    ours.hold_runs = False
    ours.wait(minutes=1)

    assert on_github(ours) == [["queued", "in_progress", "success"]]
    assert channel(ours, "#web") == []


# --- nothing else ------------------------------------------------------------------------------------------------


def test_a_deployment_of_another_tool_is_followed_through_githubs_trouble(world: World) -> None:
    world.says("maria", "deploy main to production")
    world.github.fail_next("GET", "/statuses", 502, times=4)

    another_tool(world, "in_progress", "success")
    world.wait(minutes=5)

    assert [line.split(" ")[0] for line in thread(world, 1)] == ["🚀", "✅"]
