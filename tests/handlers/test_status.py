"""Conversations about what is where: status and deploys."""

from __future__ import annotations

from pathlib import Path

from tests.handlers.scenes import another_tool, answers, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

SHELL = SETTINGS.replace(
    'provider = { type = "external" }',
    'provider = { type = "shell", command = ["sh", "-c", "echo one; echo two; exit 3"] }',
)


def test_status_says_what_is_where_and_what_is_on_its_way(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    world.wait(hours=2)
    world.says("bob", "deploy topic to production")
    another_tool(world, "in_progress")
    world.says("maria", "deploy main to production")

    said = world.says("bob", "status")

    assert answers(world, said) == [
        "What is where:\n"
        "*web → staging*  nothing deployed yet\n"
        "*web → production*  main@d470312 since Mon 02 Mar 10:00 UTC by maria (#1)\n"
        "    🚀 #2 topic@64fd7b0 running, by bob\n"
        "    ⏳ #3 main@d470312 Queued: #2 (topic) is being deployed to production now"
    ]


def test_status_of_one_environment_leaves_the_others_out(world: World) -> None:
    said = world.says("maria", "status web stg")

    assert answers(world, said) == ["What is where:\n*web → staging*  nothing deployed yet"]


def test_status_of_what_is_not_there_offers_the_nearest(world: World) -> None:
    world.says("maria", "status web prodution")

    world.presses("maria", world.slack.ephemerals("maria")[0], "Status web in production")

    assert told(world, "maria") == ["*web* has no environment called prodution. Did you mean production?"]


def test_deploys_lists_the_last_ones_newest_first(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.says("bob", "deploy main to production")
    another_tool(world, "failure")
    world.says("maria", "retry #1")
    world.says("maria", "cancel #3")

    said = world.says("bob", "deploys")
    of_staging = world.says("bob", "deploys web in staging")

    third = "🛑 #3  *web → staging*  main@d470312  maria, Mon 02 Mar 10:00 UTC"
    first = "✅ #1  *web → staging*  main@d470312  maria, Mon 02 Mar 10:00 UTC, 10 s"
    assert answers(world, said) == [
        "The last deployments of web:\n"
        f"{third}\n"
        "❌ #2  *web → production*  main@d470312  bob, Mon 02 Mar 10:00 UTC, 10 s\n"
        f"{first}"
    ]
    assert answers(world, of_staging) == [f"The last deployments of web in staging:\n{third}\n{first}"]


def test_deploys_of_a_ref_leaves_the_others_out(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy topic to production")

    said = world.says("bob", "deploys web/topic")

    assert answers(world, said) == [
        "The last deployments of web (topic):\n🚀 #2  *web → production*  topic@64fd7b0  maria, Mon 02 Mar 10:00 UTC"
    ]


def test_no_deployments_yet_is_said(world: World) -> None:
    said = world.says("bob", "deploys")

    assert answers(world, said) == ["There are no deployments of web yet."]


def test_one_deployment_is_shown_with_the_end_of_its_output(tmp_path: Path) -> None:
    with open_world(tmp_path, SHELL) as world:
        world.says("maria", "deploy main to staging")

        said = world.says("bob", "deploys #1")

        shown = answers(world, said)[0].split("\n")
        assert shown[:2] == [
            "❌ *web → staging*  failed: exit code 3",
            "main@d470312 · maria · first deployment here · after 0 s",
        ]
        assert "Asked for Mon 02 Mar 10:00 UTC by maria" in shown
        assert f"Deployment {world.deployment(1).remote_id} on GitHub" in shown
        assert "two" in shown
        assert world.slack.thread(said.channel, said.ts)[0].labels == ["Retry"]


def test_a_retry_names_what_it_repeats(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    world.says("bob", "retry")

    said = world.says("bob", "deploys #2")

    assert "Retry of #1" in answers(world, said)[0].split("\n")


def test_a_deployment_that_is_not_there_is_said(world: World) -> None:
    world.says("maria", "deploys #77")
    world.says("maria", "deploys web in the-moon")

    assert told(world, "maria") == [
        "There is no deployment #77. `deploys` lists the last ones.",
        "*web* has no environment called the-moon. It has staging and production.",
    ]
