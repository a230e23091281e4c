"""Conversations about what people paste: the bot's own names of commits, links to its messages, and mentions."""

from __future__ import annotations

import pytest

from tests.handlers.scenes import another_tool, answers, parent, told
from tests.servers.slack.state import Message
from tests.world import REPOSITORY, World


def permalink(world: World, message: Message, thread: str | None = None) -> str:
    """As people copy it, and Slack writes it into a message."""
    channel = world.slack.workspace.channel(message.channel).id
    query = f"?thread_ts={thread}&amp;cid={channel}" if thread else ""
    return f"<https://acme.slack.com/archives/{channel}/p{message.ts.replace('.', '')}{query}>"


@pytest.fixture
def branch(world: World) -> list[str]:
    """A branch with two commits beside main."""
    world.github.commit(REPOSITORY, "main", "Main")
    return [world.github.commit(REPOSITORY, "topic", title) for title in ("First", "Second")]


@pytest.mark.parametrize("said", ["topic@{sha}", "web/topic@{sha}", "acme/web@topic@{sha}", "web topic@{sha}"])
def test_a_branch_with_a_commit_is_that_commit(world: World, branch: list[str], said: str) -> None:
    world.says("maria", f"deploy {said.replace('{sha}', branch[0][:7])} to staging")

    assert world.deployment(1).sha == branch[0]
    assert parent(world, 1).startswith(f"🚀 *web → staging*  is under way\ntopic@{branch[0][:7]} · maria")


def test_a_commit_that_its_branch_has_not_is_refused(world: World, branch: list[str]) -> None:
    world.says("maria", f"deploy main@{branch[1][:7]} to staging")

    assert told(world, "maria")[-1] == f"`{branch[1][:12]}` is no commit of the branch `main`."
    assert world.slack.ephemerals("maria")[-1].labels == [
        f"Deploy commit {branch[1][:12]} of web to staging",
        "Deploy web/main to staging",
    ]
    assert world.github.deployments(REPOSITORY) == []


def test_what_may_be_meant_instead_goes_to_production_only_after_a_question(world: World, branch: list[str]) -> None:
    world.says("maria", f"deploy main@{branch[1][:7]} to production")

    assert [bool(one.get("confirm")) for one in world.slack.ephemerals("maria")[-1].buttons] == [True, True]


def test_where_the_branch_is_gone_it_is_just_the_commit(world: World, branch: list[str]) -> None:
    world.github.delete_branch(REPOSITORY, "topic")

    world.says("maria", f"deploy topic@{branch[1]} to staging")

    assert world.deployment(1).sha == branch[1]
    assert parent(world, 1).startswith(f"🚀 *web → staging*  is under way\n{branch[1][:7]} · maria")


def test_a_branch_that_is_called_like_a_commit_of_another_does_not_stand_for_it(
    world: World, branch: list[str]
) -> None:
    evil = world.github.commit(REPOSITORY, f"topic@{branch[0][:7]}", "Evil")

    world.says("maria", f"deploy topic@{branch[0][:7]} to staging")

    assert world.deployment(1).sha == branch[0] != evil


def test_a_commit_that_is_nowhere_is_unknown(world: World, branch: list[str]) -> None:
    world.says("maria", "deploy topic@0123456 to staging")

    assert told(world, "maria")[-1] == (
        "`topic@0123456` is neither a branch, a tag, a commit nor a pull request of acme/web. Did you mean topic?"
    )


def test_one_goes_back_to_what_the_bot_has_written(world: World, branch: list[str]) -> None:
    for ref in (branch[0], "topic", "main"):
        world.says("maria", f"deploy {ref} to staging")
        another_tool(world, "success")

    world.says("maria", f"rollback web on staging to topic@{branch[0][:7]}")

    assert world.deployment(4).sha == branch[0]


def test_a_link_to_a_pull_request_is_its_head(world: World, branch: list[str]) -> None:
    number = world.github.open_pull_request(REPOSITORY, "topic")

    world.says("maria", f"can you deploy <https://github.com/acme/web/pull/{number}> to staging?")

    assert (world.deployment(1).sha, world.deployment(1).pull_request) == (branch[1], number)


@pytest.mark.parametrize("said", ["retry {link}", "{link} again", "can you deploy {link} again?", "redeploy {link}"])
def test_a_link_to_a_card_is_its_deployment(world: World, branch: list[str], said: str) -> None:
    world.says("maria", "deploy topic to staging")
    another_tool(world, "failure")
    world.says("maria", "deploy main to production")
    another_tool(world, "failure")
    if said.startswith("{link}"):
        said = f"deploy {said}"

    world.says("bob", said.replace("{link}", permalink(world, world.parent(1))))

    assert world.deployment(3).retry_of == 1


def test_a_link_into_a_thread_and_to_the_command_are_the_same(world: World, branch: list[str]) -> None:
    command = world.says("maria", "deploy topic to staging")
    another_tool(world, "success")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    inside = world.slack.thread("#web", command.ts)[0]

    world.says("bob", f"deploy {permalink(world, command)} to production", channel="#random")
    world.says("bob", f"deploy {permalink(world, inside, command.ts)} to production", channel="#random")

    assert [world.deployment(n).sha for n in (3, 4)] == [branch[1], branch[1]]
    assert [world.deployment(n).environment for n in (3, 4)] == ["production", "production"]


def test_a_link_alone_shows_its_deployment(world: World, branch: list[str]) -> None:
    world.says("maria", "deploy topic to staging")

    said = world.says("bob", permalink(world, world.parent(1)))

    assert answers(world, said)[-1].startswith(f"🚀 *web → staging*  is under way\ntopic@{branch[1][:7]} · maria")


def test_a_link_wins_over_the_thread(world: World, branch: list[str]) -> None:
    world.says("maria", "deploy topic to staging")
    world.says("maria", "deploy main to production")

    world.says("maria", f"cancel {permalink(world, world.parent(2))}", thread=world.parent(1).ts)

    assert [world.deployment(n).state for n in (1, 2)] == ["starting", "cancelled"]


def test_a_link_to_something_else_is_refused(world: World, branch: list[str]) -> None:
    lunch = world.slack.says("maria", "#web", "lunch?")

    world.says("maria", f"cancel {permalink(world, lunch)}")

    assert told(world, "maria")[-1] == (
        "That link leads to no deployment that I know. `deploys` lists the last ones, with numbers."
    )


def test_a_link_in_a_reason_is_a_part_of_it(world: World, branch: list[str]) -> None:
    lunch = world.slack.says("maria", "#web", "lunch?")

    world.says("maria", f"lock staging because {permalink(world, lunch)}")

    [held] = world.store.reads().locks.all()
    assert held.reason is not None
    assert held.reason.startswith("https://acme.slack.com/archives/")


def test_who_is_mentioned_in_a_reason_is_named_and_not_called(world: World) -> None:
    bob = world.slack.workspace.user("bob").id
    web = world.slack.workspace.channel("web").id

    world.says("maria", f"lock staging because <@{bob}> asked in <#{web}> and <#{web}|web>, not <@U99999999>")

    [held] = world.store.reads().locks.all()
    assert held.reason == "@bob asked in #web and #web, not @U99999999"
    bot = world.slack.workspace.user("shipmate").id
    announced = [one for one in world.slack.messages("#web") if one.user == bot and "asked in" in "\n".join(one.lines)]
    assert all(f"<@{bob}>" not in "\n".join([one.text, *one.lines]) for one in announced)
    assert announced


def test_a_group_in_a_reason_is_named_too(world: World) -> None:
    group = world.slack.add_group("oncall", ["bob"])

    world.says("maria", f"lock staging because <!subteam^{group}> and <!subteam^{group}|@oncall> wait")

    [held] = world.store.reads().locks.all()
    assert held.reason == "@oncall and @oncall wait"
