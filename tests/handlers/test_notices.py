"""Authors hear once, directly, that their pull requests are live in production, and see when they are taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.effects import TellAuthor
from bot.core.events.internal import DeploymentEnded
from tests.handlers.scenes import another_tool, seen
from tests.world import REPOSITORY, World, read_out
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.staging]
checks_settle = "0s"

[apps.web.environments.production]
checks_settle = "0s"
production = true
"""
MERGES = SETTINGS + 'deploy_on_merge = ["main"]\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Carol and dave never typed to the bot; GitHub tells an address of theirs. Version 1 is live in production."""
    with open_world(tmp_path, SETTINGS) as world:
        prepare(world)
        deploy(world)
        yield world


def prepare(world: World) -> None:
    for name in ("carol", "dave"):
        world.slack.add_user(name, email=f"{name}@acme.example")
        world.github.set_email(name, f"{name}@acme.example")


def pull(world: World, title: str, author: str = "carol", *, method: str = "squash", by: str = "bob") -> str:
    """A pull request, merged; the commit that it became on main."""
    branch = title.lower().replace(" ", "-")
    world.github.commit(REPOSITORY, branch, title, author=author)
    number = world.github.open_pull_request(REPOSITORY, branch, title=title, author=author)
    sha = world.github.merge_pull_request(REPOSITORY, number, method, by=by)
    world.settle()
    return sha


def deploy(world: World, what: str = "deploy main", *states: str, person: str = "maria") -> None:
    world.says(person, what)
    another_tool(world, *(states or ("in_progress", "success")))


def direct(world: World, person: str) -> list[Any]:
    """The bot's messages to the person."""
    return [one for one in world.slack.messages(f"@{person}") if one.bot_id]


def told(world: World, person: str) -> list[str]:
    return [seen(world, read_out(one)) for one in direct(world, person)]


def writes(world: World) -> int:
    return sum(len(direct(world, name)) for name in ("maria", "bob", "carol", "dave"))


def test_an_author_who_never_typed_to_the_bot_is_told_once(world: World) -> None:
    pull(world, "Gift cards")

    deploy(world)

    assert told(world, "carol") == ["✅ Your #1 Gift cards is live in *web → production*\ndeployed by maria · thread"]
    [message] = direct(world, "carol")
    assert message.text == "✅ Your #1 Gift cards is live in web → production, deployed by maria."
    assert message.labels == ["Mute these"]
    assert message.metadata["event_payload"] == {
        "key": f"author:{world.deployment(2).request_id}:{world.slack.workspace.user('carol').id}",
        "deployment": world.deployment(2).request_id,
        "kind": "direct",
        "state": "succeeded",
    }
    card = world.parent(2)
    assert f"/p{card.ts.replace('.', '')}|thread>" in read_out(message)
    assert writes(world) == 1


def test_each_author_hears_of_their_own_in_one_message(world: World) -> None:
    for n in range(1, 7):
        pull(world, f"Change {n}", "carol" if n != 3 else "dave")
    pull(world, "Bump rack", "renovate[bot]")
    pull(world, "Mine", "maria")

    deploy(world)

    assert told(world, "carol") == [
        "✅ Your #1 Change 1, #2 Change 2, #4 Change 4 and 2 more are live in *web → production*\n"
        "with 3 others · deployed by maria · thread"
    ]
    assert told(world, "dave") == [
        "✅ Your #3 Change 3 is live in *web → production*\nwith 7 others · deployed by maria · thread"
    ]
    assert told(world, "maria") == []
    assert writes(world) == 2


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_it_is_edited_when_it_is_rolled_back_and_when_it_goes_live_again(world: World, method: str) -> None:
    pull(world, "Gift cards", method=method)
    deploy(world)

    deploy(world, 'rollback "checkout errors"', person="bob")
    back = told(world, "carol")
    payload = direct(world, "carol")[0].metadata["event_payload"]
    world.says("bob", "unlock production")
    deploy(world)

    assert back == [
        "⏪ Your #1 Gift cards was taken back from *web → production*\nrolled back by bob: “checkout errors” · thread"
    ]
    assert (payload["deployment"], payload["state"]) == (world.deployment(3).request_id, "rolled_back")
    assert told(world, "carol") == ["✅ Your #1 Gift cards is live in *web → production*\ndeployed by maria · thread"]
    assert len(direct(world, "carol")[0].edits) == 2
    assert writes(world) == 1


def test_what_is_taken_back_in_part_says_what_is_still_live(world: World) -> None:
    first = pull(world, "Gift cards")
    pull(world, "Orders")
    deploy(world)

    deploy(world, f"deploy {first}", person="bob")

    assert told(world, "carol") == [
        "⏪ Your #2 Orders was taken back from *web → production*. Still live: #1 Gift cards\ndeployed by bob · thread"
    ]


def test_a_rollback_over_several_deployments_edits_the_message_of_each(world: World) -> None:
    for title, author in (("Gift cards", "carol"), ("Orders", "carol"), ("Search", "dave")):
        pull(world, title, author)
        deploy(world)

    deploy(world, "rollback to #1")

    assert [text.split("\n")[0] for text in told(world, "carol")] == [
        "⏪ Your #1 Gift cards was taken back from *web → production*",
        "⏪ Your #2 Orders was taken back from *web → production*",
    ]
    assert told(world, "dave")[0].startswith("⏪ Your #3 Search was taken back")


def test_a_redeployment_tells_nobody_again(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)

    deploy(world, "deploy main!")
    deploy(world, "retry #2")

    assert writes(world) == 1
    assert direct(world, "carol")[0].edits == []


@pytest.mark.parametrize("states", [("failure",), ("in_progress", "error")])
def test_nobody_is_told_of_what_failed_and_all_when_it_works(world: World, states: tuple[str, ...]) -> None:
    pull(world, "Gift cards")
    deploy(world, "deploy main", *states)
    before = writes(world)

    deploy(world)

    assert before == 0
    assert writes(world) == 1


def test_other_environments_are_no_news(world: World) -> None:
    pull(world, "Gift cards")

    deploy(world, "deploy main to staging")

    assert writes(world) == 0


def test_a_muted_author_is_not_written_to_and_sees_a_rollback_all_the_same(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    world.presses("carol", direct(world, "carol")[0], "Mute these")
    [answered] = world.told("carol")
    pull(world, "Orders")
    deploy(world)
    deploy(world, "rollback to #1")

    assert answered.startswith("🔕 You are muted: I write to you neither when your pull requests go live")
    assert [text[0] for text in told(world, "carol")] == ["⏪"]


def test_whoever_cannot_be_written_to_is_not_told_and_holds_up_nobody(world: World) -> None:
    pull(world, "Gift cards")
    pull(world, "Search", "dave")
    world.slack.fail_next("conversations.open", "user_disabled")

    deploy(world)
    deploy(world, "rollback")

    assert [text[0] for text in (*told(world, "carol"), *told(world, "dave"))] == ["⏪"]


def test_a_message_whose_answer_was_lost_is_not_posted_again(world: World) -> None:
    pull(world, "Gift cards")
    world.says("maria", "deploy main")
    remote = world.github.deployments(REPOSITORY)[-1]
    world.github.report_deployment_status(REPOSITORY, remote.id, "in_progress")
    world.settle()
    carol = world.slack.workspace.direct(world.slack.workspace.user("carol").id)
    world.slack.fail_next("chat.postMessage", cut="after", times=9)

    world.github.report_deployment_status(REPOSITORY, remote.id, "success")
    world.wait(minutes=10)

    assert len(world.slack.messages(carol.id)) == 1


def test_fifty_people_are_told_of_one_deployment_at_most(world: World) -> None:
    for n in range(55):
        world.slack.add_user(f"author{n}", email=f"author{n}@acme.example")
        world.github.set_email(f"author{n}", f"author{n}@acme.example")
        pull(world, f"Change {n}", f"author{n}")

    deploy(world)

    assert sum(len(direct(world, f"author{n}")) for n in range(55)) == 50


def test_who_is_known_by_the_settings_alone_is_told_too(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        prepare(world)
        deploy(world)
        pull(world, "Gift cards", "bob")

        deploy(world)

        assert len(told(world, "bob")) == 1
        assert world.slack.calls("users.lookupByEmail") == []


def test_a_merge_that_deploys_itself_is_told_to_the_author_and_not_to_the_merger(tmp_path: Path) -> None:
    with open_world(tmp_path, MERGES) as world:
        prepare(world)

        pull(world, "Gift cards", by="bob")
        another_tool(world, "in_progress", "success")
        pull(world, "Orders", "bob", by="bob")
        another_tool(world, "in_progress", "success")

        # Of a first deployment nobody can tell what it ships, but for the pull request that was merged.
        assert told(world, "carol") == ["✅ Your #1 Gift cards is live in *web → production*\nmerged by bob · thread"]
        assert told(world, "bob") == []


def test_what_was_overtaken_before_it_was_told_is_told_where_it_is_part_of_what_is_live(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    pull(world, "Orders")
    deploy(world)
    with world.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM notices")

    for number in (2, 3):
        world.store.inbox.put_event(DeploymentEnded(number), f"again:{number}")
    world.settle()

    assert [text.split("\n")[0] for text in told(world, "carol")[2:]] == [
        "✅ Your #1 Gift cards is live in *web → production*",
        "✅ Your #2 Orders is live in *web → production*",
    ]
    rows = world.store.reads().notices.of("web", "production", [1, 2])
    assert [(one.pull_request, one.deployment_id, one.live) for one in rows] == [(1, 2, True), (2, 3, True)]


def test_an_effect_for_a_message_that_is_nobodys_does_nothing(world: World) -> None:
    performed = world.pipeline._router.effects[TellAuthor]

    assert performed(world.pipeline._context("effect:1"), TellAuthor(99, "U0NOBODY")) == []
