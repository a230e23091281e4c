"""Conversations about deploying the same once more."""

from __future__ import annotations

import pytest

from tests.handlers.scenes import another_tool, cards, told
from tests.world import REPOSITORY, World


def test_a_retry_typed_by_two_people_is_two_requests_by_name(world: World) -> None:
    world.says("maria", "deploy to staging")
    another_tool(world, "failure")

    world.says("maria", "retry #1")
    world.says("bob", "retry #1")

    assert cards(world, "#web")[-2:] == [
        "🚀 *web → staging*  is under way\nmain@d470312 · maria · first deployment here · since 10:00 UTC",
        "⏸️ *web → staging*  is next\nmain@d470312 · asked by bob · behind #2 (maria)",
    ]


def test_retry_deploys_the_same_commit_again(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy:migrate topic to staging speed=9")
    another_tool(world, "failure")
    world.github.commit(REPOSITORY, "topic", "Add more")

    world.says("bob", "retry")

    made = world.github.deployments(REPOSITORY)[-1]
    assert (made.sha, made.task, made.payload["params"]) == (sha, "deploy:migrate", {"speed": "9"})
    assert cards(world, "#web")[-1] == (
        "🚀 *web → staging*  `deploy:migrate` is under way\ntopic@64fd7b0 · bob · since 10:00 UTC"
    )


def test_a_retry_that_has_to_wait_offers_a_command_that_works(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    world.github.set_check_run(REPOSITORY, "main", "lint", None)

    world.says("maria", "retry #1")
    world.presses("maria", world.slack.ephemerals("maria")[-1], "Deploy when green")

    assert told(world, "maria") == [
        "🚫 main@d470312 cannot go to *web → staging* yet\n"
        "⏳ Checks are pending: lint\n"
        "Nothing else is running\n"
        'To go on all the same: `deploy web/d47031240fd681ce6541bef0548347c6cddca0a6 to staging --force "why"`'
    ]
    assert cards(world, "#web")[-1] == (
        "⏳ *web → staging*  waits for its check\n"
        "d470312 · asked by maria · first deployment here · still running: lint"
    )


FORCED = 'deploy topic to production --force "the site is down"'


def forced_failure(world: World) -> None:
    """Maria has forced her way past a red check, and it failed."""
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "failure")
    world.says("maria", FORCED)
    another_tool(world, "failure")


@pytest.mark.parametrize("how", ["retry #1", "button"])
def test_nobody_repeats_the_force_of_somebody_else(world: World, how: str) -> None:
    forced_failure(world)

    if how == "button":
        world.presses("bob", world.parent(1), "Retry")
    else:
        world.says("bob", how)

    sha = world.deployment(1).sha
    assert told(world, "bob") == [
        f"🚫 topic@{sha[:7]} cannot go to *web → production*\n"
        "❌ Checks failed: `ci/test`\n"
        "Nothing else is running\n"
        f'To go on all the same: `deploy web/{sha} to production --force "why"`'
    ]
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_where_nothing_stands_in_its_way_a_retry_is_no_force_and_has_no_reason(world: World) -> None:
    forced_failure(world)
    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")

    world.says("bob", "retry #1")

    again = world.deployment(2)
    assert (again.force, again.force_reason, again.reason, again.sha) == (False, None, None, world.deployment(1).sha)


def test_the_reason_of_somebody_elses_rollback_stays_theirs(world: World) -> None:
    for title in ("One", "Two"):
        world.github.commit(REPOSITORY, "main", title)
        world.says("maria", "deploy main")
        another_tool(world, "success")
    world.says("maria", 'rollback "errors in checkout"')
    another_tool(world, "failure")

    world.says("bob", "retry #3")
    another_tool(world, "failure")
    world.says("maria", "retry #3")

    assert [world.deployment(number).reason for number in (3, 4, 5)] == [
        "errors in checkout",
        None,
        "errors in checkout",
    ]
    assert [world.deployment(number).rollback_of for number in (3, 4, 5)] == [2, 2, 2]


def test_ones_own_force_is_repeated(world: World) -> None:
    forced_failure(world)

    world.says("maria", "retry")

    again = world.deployment(2)
    assert (again.force, again.force_reason) == (True, "the site is down")


def test_a_force_does_not_go_on_through_the_retries_of_others(world: World) -> None:
    forced_failure(world)
    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    world.says("bob", "retry #1")
    another_tool(world, "failure")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "failure")

    world.says("maria", "retry #2")

    assert len(world.github.deployments(REPOSITORY)) == 2
    assert "Checks failed: `ci/test`" in told(world, "maria")[-1]


def test_what_cannot_be_retried_is_said(world: World) -> None:
    world.says("maria", "retry")
    world.says("maria", "retry #7")
    world.says("maria", "deploy to staging")
    world.says("maria", "retry #1")

    assert told(world, "maria") == [
        "There is no failed deployment to retry here. `deploys` lists the last ones.",
        "There is no deployment #7. `deploys` lists the last ones.",
        "#1 is starting still. Cancel it first, or wait for its end.",
    ]
