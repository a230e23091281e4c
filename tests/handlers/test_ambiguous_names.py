"""Conversations about words that may mean several things, and about who is told what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, parent, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

ORDERED = SETTINGS.replace(
    "[apps.web.environments.production]", '[apps.web.environments.production]\nafter = "staging"'
)


def last_sha(world: World) -> str:
    return world.github.deployments(REPOSITORY)[-1].sha


@pytest.fixture
def commits(world: World) -> tuple[str, str]:
    """A commit of main, and one of mallory's."""
    meant = world.github.commit(REPOSITORY, "main", "Pay the crew")
    return meant, world.github.commit(REPOSITORY, "evil", "Pay mallory", author="mallory")


@pytest.mark.parametrize("kind", ["branch", "tag"])
def test_a_short_id_that_is_also_a_name_is_asked_back(world: World, commits: tuple[str, str], kind: str) -> None:
    meant, evil = commits
    make = world.github.branch if kind == "branch" else world.github.tag
    make(REPOSITORY, meant[:7], at="evil")

    world.says("maria", f"deploy {meant[:7]} to staging")
    question = world.slack.ephemerals("maria")[-1]
    before = len(world.github.deployments(REPOSITORY))
    world.presses("maria", question, f"Deploy commit {meant[:12]} of web to staging")
    first = last_sha(world)
    another_tool(world, "success")
    world.presses("maria", question, f"Deploy {kind} {meant[:7]} of web to staging")

    assert told(world, "maria") == [
        f"`{meant[:7]}` may mean several things. Write `refs/heads/…` for a branch, `refs/tags/…` for a tag, "
        "or a commit's forty digits.\n"
        f"• {kind} {meant[:7]}  Pay mallory\n"
        f"• commit {meant[:12]}  Pay the crew"
    ]
    assert (before, first, last_sha(world)) == (0, meant, evil)


def test_a_branch_and_a_tag_of_one_name_are_asked_back(world: World, commits: tuple[str, str]) -> None:
    meant, evil = commits
    world.github.tag(REPOSITORY, "v1.2", at=meant)
    world.github.branch(REPOSITORY, "v1.2", at=evil)

    world.says("maria", "deploy v1.2 to staging")
    world.presses("maria", world.slack.ephemerals("maria")[-1], "Deploy tag v1.2 of web to staging")

    assert last_sha(world) == meant
    assert parent(world, 1).startswith(f"🚀 *web → staging*  is under way\nv1.2@{meant[:7]} · maria · ")


def test_all_digits_are_the_commit_whatever_a_branch_is_called(world: World, commits: tuple[str, str]) -> None:
    meant, _ = commits
    world.github.branch(REPOSITORY, meant, at="evil")

    world.says("maria", f"deploy {meant} to staging")

    assert last_sha(world) == meant


def test_the_button_of_the_order_is_the_commit_and_no_branch_of_its_name(tmp_path: Path) -> None:
    with open_world(tmp_path, ORDERED) as world:
        meant = world.github.commit(REPOSITORY, "topic", "Pay the crew")
        world.says("maria", "deploy topic to production")
        world.github.commit(REPOSITORY, "evil", "Pay mallory")
        for length in range(7, 41):
            world.github.branch(REPOSITORY, meant[:length], at="evil")

        world.presses("maria", world.slack.ephemerals("maria")[-1], "Deploy to staging")

        assert last_sha(world) == meant


def test_a_way_back_that_may_be_several_is_asked_back(world: World, commits: tuple[str, str]) -> None:
    meant, evil = commits
    world.github.branch(REPOSITORY, "release", at="evil")
    world.says("maria", f"deploy {meant}")
    another_tool(world, "success")
    world.github.branch(REPOSITORY, meant[:8], at="evil")
    world.says("maria", f"deploy refs/heads/{meant[:8]}")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Something else")
    world.says("maria", "deploy main")
    another_tool(world, "success")

    world.says("bob", f'rollback to {meant[:8]} "wrong"')
    question = world.slack.ephemerals("bob")[-1]
    before = len(world.github.deployments(REPOSITORY))
    world.presses("bob", question, 'Rollback web on production to #1 "wrong"')
    another_tool(world, "success")
    first = last_sha(world)
    world.says("bob", f"rollback to refs/heads/{meant[:8]}")
    another_tool(world, "success")
    second = last_sha(world)
    world.says("bob", f"rollback to {meant}")

    assert told(world, "bob") == [
        f"`{meant[:8]}` may mean several of them:\n"
        f"• #2 {meant[:8]}@{evil[:7]}  Pay mallory\n"
        f"• #1 {meant[:7]}  Pay the crew"
    ]
    assert (before, first, second, last_sha(world)) == (3, meant, evil, meant)
    assert world.deployment(4).reason == "wrong"


@pytest.mark.parametrize("space", "\u00a0\u2003\u3000", ids=ascii)
def test_a_branch_that_reads_as_a_force_is_never_offered(world: World, space: str) -> None:
    for name in (f"hotfix{space}--force", f"hotfix{space}to{space}production", "hotfixx"):
        world.github.branch(REPOSITORY, name)
    world.github.set_status(REPOSITORY, "main", "ci/test", "failure")

    world.says("maria", "deploy hotfix to staging")
    suggestion = world.slack.ephemerals("maria")[-1]
    world.presses("maria", suggestion, "Deploy web/hotfixx to staging")

    assert suggestion.labels == ["Deploy web/hotfixx to staging"]
    assert told(world, "maria")[0] == (
        "`hotfix` is neither a branch, a tag, a commit nor a pull request of acme/web. Did you mean hotfixx?"
    )
    assert world.github.deployments(REPOSITORY) == []


@pytest.mark.parametrize("who", ["reader", "stranger", "unknown", "outage"])
def test_names_of_branches_are_told_to_those_who_may_read_them(world: World, who: str) -> None:
    world.github.commit(REPOSITORY, "secret-merger", "Buy the competitor")
    world.github.set_base_permission("maria", {"reader": "read", "stranger": "none"}.get(who, "write"))
    person = "eve" if who == "unknown" else "maria"
    if who == "unknown":
        world.slack.add_user("eve")
    if who == "outage":
        world.github.fail_next("GET", "/collaborators/", 500, times=9)

    world.slash(person, "deploy secret-merge to staging")

    start = "`secret-merge` is neither a branch, a tag, a commit nor a pull request of acme/web."
    assert told(world, person)[-1] == (f"{start} Did you mean secret-merger?" if who == "reader" else start)
