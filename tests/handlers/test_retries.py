"""Conversations about deploying the same once more."""

from __future__ import annotations

from tests.handlers.scenes import another_tool, channel, told
from tests.world import REPOSITORY, World


def test_a_button_pressed_twice_by_two_people_is_two_requests_by_name(world: World) -> None:
    world.says("maria", "deploy to staging")
    another_tool(world, "failure")

    world.presses("maria", world.parent(1), "Retry")
    world.presses("bob", world.parent(1), "Retry")

    assert channel(world, "#web")[-2:] == [
        "🕐 *web* → *staging*  main@d470312  retried by @maria",
        "⏳ *web* → *staging*  main@d470312  retried by @bob",
    ]


def test_retry_deploys_the_same_commit_again(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy:migrate topic to staging speed=9")
    another_tool(world, "failure")
    world.github.commit(REPOSITORY, "topic", "Add more")

    world.says("bob", "retry")

    made = world.github.deployments(REPOSITORY)[-1]
    assert (made.sha, made.task, made.payload["params"]) == (sha, "deploy:migrate", {"speed": "9"})
    assert channel(world, "#web")[-1] == ("🕐 *web* → *staging*  topic@64fd7b0  task `deploy:migrate`  retried by @bob")


def test_a_retry_that_has_to_wait_offers_a_command_that_works(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    world.github.set_check_run(REPOSITORY, "main", "lint", None)

    world.says("maria", "retry #1")
    world.presses("maria", world.slack.ephemerals("maria")[-1], "Deploy when green")

    assert told(world, "maria") == [
        "main@d470312 cannot go to *staging* now:\n"
        "⏳ Checks are pending: lint\n"
        "✅ Nothing else is running\n"
        'To go on all the same: `deploy web/d47031240fd681ce6541bef0548347c6cddca0a6 to staging --force "why"`'
    ]
    assert channel(world, "#web")[-1] == "⏳ *web* → *staging*  d470312  asked for by @maria"


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
