"""What a deployment costs in attention: each row of the noise budget, counted in what reaches Slack."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


@dataclass(frozen=True)
class Noise:
    """``top`` and ``broadcast`` are what the watcher of the channel sees, ``mentions`` who is called how often."""

    top: int
    broadcasts: int
    replies: int
    edits: int
    mentions: dict[str, int]
    directs: int = 0


def noise(world: World) -> Noise:
    posts = world.slack.calls("chat.postMessage")
    people = world.slack.workspace.users
    direct = [one for one in posts if str(one["channel"]).startswith("D")]
    said = [one for one in posts if one not in direct]
    replies = [one for one in said if one.get("thread_ts")]
    mentions = Counter(person.name for one in said for person in people.values() if f"<@{person.id}>" in _written(one))
    return Noise(
        top=len(said) - len(replies),
        broadcasts=sum(1 for one in replies if one.get("reply_broadcast")),
        replies=len(replies),
        edits=len(world.slack.calls("chat.update")),
        mentions=dict(mentions),
        directs=len(direct),
    )


def _written(post: dict[str, Any]) -> str:
    return f"{post['text']} {post['blocks']}"


def checks(world: World, sha: str, state: str) -> None:
    for name in ("build", "e2e"):
        world.github.set_status(REPOSITORY, sha, name, state)
    world.settle()


APPROVALS = (
    SETTINGS
    + """
approvals = 2
approvers = ["U00000002", "carol"]

[people]
U00000001 = "maria"
U00000002 = "bob"
{carol} = "carol"
"""
)


def test_a_plain_success(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "queued", "in_progress", "success")

    found = noise(world)
    assert found.edits <= 6
    assert found == Noise(1, 1, 2, found.edits, {"maria": 1})


def test_ten_lines_of_progress_are_told_by_two_replies_and_one_card(world: World) -> None:
    world.says("maria", "deploy main")
    for step in range(1, 11):
        another_tool(world, "in_progress", description=f"Step {step} of 10: Number {step}")
    another_tool(world, "success")

    found = noise(world)
    assert found == Noise(1, 1, 2, found.edits, {"maria": 1})


def test_with_two_approvals(tmp_path: Path) -> None:
    with open_world(tmp_path, APPROVALS.replace("{carol}", "U00000099")) as world:
        carol = world.slack.add_user("carol")
        world.restart(APPROVALS.replace("{carol}", carol.id))
        world.says("maria", "deploy main")
        world.presses("bob", world.parent(1), "Approve")
        world.wait(minutes=5)
        world.presses("carol", world.parent(1), "Approve")
        another_tool(world, "in_progress", "success")

        found = noise(world)
        assert found.edits <= 8
        assert found == Noise(1, 1, 3, found.edits, {"maria": 1, "bob": 1, "carol": 1})


def test_a_failure(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "in_progress", "failure")

    found = noise(world)
    assert found.edits <= 6
    assert found == Noise(1, 1, 2, found.edits, {"maria": 1})


def test_what_one_takes_back_oneself_is_no_news(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci", "pending")
    world.says("maria", "deploy main when green")
    world.says("maria", "cancel")

    found = noise(world)
    assert found.edits <= 4
    assert (found.top, found.broadcasts, found.mentions, found.directs) == (1, 0, {}, 0)
    assert found.replies <= 2


def test_a_rollback(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Two")
    world.says("maria", "deploy main")
    another_tool(world, "success")
    before = noise(world)

    world.says("bob", "rollback")
    another_tool(world, "in_progress", "success")

    after = noise(world)
    assert (after.top - before.top, after.broadcasts - before.broadcasts) == (1, 1)
    assert after.replies - before.replies == 2
    assert after.edits - before.edits <= 5
    assert after.mentions["bob"] == 1


def test_seven_merges_to_staging_are_one_card(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "build", "success")
    world.github.set_status(REPOSITORY, "main", "e2e", "success")
    world.hold_webhooks = True
    shas = [merge(world, f"topic-{number}", by="bob") for number in range(7)]
    world.hold_webhooks = False
    world.settle()
    checks(world, shas[-1], "success")
    another_tool(world, "in_progress", "success")

    found = noise(world)
    assert found.edits <= 8
    assert found == Noise(1, 0, 2, found.edits, {})


@pytest.mark.parametrize("said", ["deploy nothing-like-that", "banana", "help", "deploy main to nowhere", "approve #9"])
def test_refused_not_understood_and_help_are_for_the_asker_alone(world: World, said: str) -> None:
    world.says("maria", said)

    assert noise(world) == Noise(0, 0, 0, 0, {})
    assert len(world.told("maria")) == 1


@pytest.mark.parametrize(("said", "emoji"), [("thanks!", "👍"), ("hello", "👋")])
def test_courtesy_is_answered_by_an_emoji(world: World, said: str, emoji: str) -> None:
    message = world.says("maria", said)

    assert noise(world) == Noise(0, 0, 0, 0, {})
    assert world.told("maria") == []
    assert reactions(message) == {emoji}


def test_a_command_is_marked_until_its_deployment_has_ended(world: World) -> None:
    message = world.says("maria", "deploy main")
    seen = reactions(message)
    another_tool(world, "in_progress", "failure")

    assert (seen, reactions(message)) == ({"👀"}, {"❌"})


@pytest.mark.parametrize("said", ["deploy nothing-like-that", "deploy main to nowhere", "deploy main at 17:00"])
def test_the_mark_goes_where_no_deployment_came_of_it(world: World, said: str) -> None:
    assert reactions(world.says("maria", said)) == set()


def reactions(message: Any) -> set[str]:
    names = {"eyes": "👀", "x": "❌", "white_check_mark": "✅", "+1": "👍", "wave": "👋"}
    return {names.get(name, name) for name, _ in message.reactions}


def test_a_command_is_marked_before_github_is_asked_about_it(world: World) -> None:
    asked: list[int] = []

    def deliver(lane: str) -> None:
        world.pipeline.deliver(lane)
        asked.append(len(world.github.requests))

    world.pipeline.sooner = deliver
    before = len(world.github.requests)
    message = world.says("maria", "deploy main")

    assert asked == [before]
    assert reactions(message) == {"👀"}
