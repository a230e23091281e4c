"""Conversations about what a deploy command names: apps, environments and refs, known and unknown."""

from __future__ import annotations

from pathlib import Path

from tests.handlers.scenes import another_tool, cards, told
from tests.world import REPOSITORY, World
from tests.world import world as open_world

TWO_APPS = """
[slack]
channel = "#deploys"

[people]
U00000001 = "maria-of-github"

[apps.web]
repository = "acme/web"
default_environment = "production"

[apps.web.environments.staging]
ref = "next"
[apps.web.environments.production]
force_needs_reason = true
provider = { type = "external" }

[apps.api]
repository = "acme/api"
default_ref = "stable"
allowed_channels = ["#deploys"]

[apps.api.environments.staging]
aliases = ["pre"]
[apps.api.environments.production]
"""


def test_tags_commits_and_pull_requests_are_refs(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.tag(REPOSITORY, "v1.0", at="topic", annotated=True)
    number = world.github.open_pull_request(REPOSITORY, "topic")

    world.says("maria", "deploy v1.0 to staging")
    another_tool(world, "success")
    world.says("maria", f"deploy {sha[:7]} to production")
    another_tool(world, "success")
    world.says("maria", f"deploy #{number} to staging canary=10%")

    assert cards(world, "#web") == [
        "✅ *web → staging*  is live\nv1.0@64fd7b0 · maria · first deployment here · 10 s",
        "✅ *web → production*  is live\n64fd7b0 · maria · first deployment here · 10 s",
        "🚀 *web → staging*  is under way\ntopic@64fd7b0 · maria · since 10:00 UTC",
    ]
    assert {one.sha for one in world.github.deployments(REPOSITORY)} == {sha}
    assert world.github.deployments(REPOSITORY)[-1].payload["pull_request"] == number


def test_what_was_asked_for_is_deployed_even_if_the_branch_moves(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy to staging")
    world.says("bob", "deploy topic to staging")
    world.github.commit(REPOSITORY, "topic", "Add more")

    another_tool(world, "success")

    assert [one.sha for one in world.github.deployments(REPOSITORY)][-1] == sha


def test_without_a_ref_the_environments_own_then_the_apps_then_the_default_branch_is_taken(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")
        world.github.branch(REPOSITORY, "next")
        world.github.branch("acme/api", "stable")

        world.says("maria", "deploy web to staging", "#deploys")
        world.says("maria", "deploy web", "#deploys")
        world.says("maria", "deploy api to pre", "#deploys")

        assert cards(world, "#deploys") == [
            "🚀 *web → staging*  is under way\nnext@d470312 · maria · first deployment here · since 10:00 UTC",
            "🚀 *web → production*  is under way\nmain@d470312 · maria · first deployment here · since 10:00 UTC",
            "🚀 *api → staging*  is under way\nstable@195a587 · maria · first deployment here · since 10:00 UTC",
        ]


def test_an_app_may_be_named_like_a_branch(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")
        world.github.branch(REPOSITORY, "api")
        world.github.branch("acme/api", "stable")

        world.says("maria", "deploy web/api to production", "#deploys")
        world.says("maria", "deploy api to staging", "#deploys")

        assert cards(world, "#deploys") == [
            "🚀 *web → production*  is under way\napi@d470312 · maria · first deployment here · since 10:00 UTC",
            "🚀 *api → staging*  is under way\nstable@195a587 · maria · first deployment here · since 10:00 UTC",
        ]


def test_several_apps_and_no_name_is_a_question_with_buttons(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.says("maria", "deploy main to production", "#deploys")
        question = world.slack.ephemerals("maria")[0]

        world.presses("maria", question, "Deploy web/main to production")

        assert told(world, "maria") == ["Which app do you mean?"]
        assert question.labels == ["Deploy web/main to production", "Deploy api/main to production"]
        assert cards(world, "#deploys") == [
            "🚀 *web → production*  is under way\nmain@d470312 · maria · first deployment here · since 10:00 UTC"
        ]


def test_an_app_without_a_default_environment_asks_where_to(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")
        world.says("maria", "deploy api/main", "#deploys")
        question = world.slack.ephemerals("maria")[0]

        world.presses("maria", question, "Deploy api/main to staging")

        assert told(world, "maria") == ["Where to? *api* has staging and production."]
        assert cards(world, "#deploys") == [
            "🚀 *api → staging*  is under way\nmain@195a587 · maria · first deployment here · since 10:00 UTC"
        ]


def test_an_unknown_ref_is_answered_with_the_nearest_names_to_press(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topci to staging")
    refusal = world.slack.ephemerals("maria")[0]

    world.presses("maria", refusal, "Deploy web/topic to staging")

    assert told(world, "maria") == [
        "`topci` is neither a branch, a tag, a commit nor a pull request of acme/web. Did you mean topic?"
    ]
    assert cards(world, "#web") == [
        "🚀 *web → staging*  is under way\ntopic@64fd7b0 · maria · first deployment here · since 10:00 UTC"
    ]


def test_an_unknown_environment_is_answered_with_the_nearest_name_or_all(world: World) -> None:
    world.says("maria", "deploy main to prodution")
    world.says("maria", "deploy main to the-moon")

    assert told(world, "maria") == [
        "*web* has no environment called prodution. Did you mean production?",
        "*web* has no environment called the-moon. It has staging and production.",
    ]
    assert world.slack.ephemerals("maria")[0].labels == ["Deploy web/main to production"]
    assert world.github.deployments(REPOSITORY) == []


def test_an_unknown_app_before_a_slash_is_read_as_a_branch_and_refused(world: World) -> None:
    world.says("maria", "deploy webb/topic to staging")

    assert told(world, "maria") == ["`webb/topic` is neither a branch, a tag, a commit nor a pull request of acme/web."]


def test_a_pull_request_that_is_not_there_is_called_one(world: World) -> None:
    world.says("maria", "deploy #99 to staging")

    assert told(world, "maria") == ["acme/web has no pull request #99."]
