"""Conversations about deploying by command: what is answered, announced and told to GitHub."""

from __future__ import annotations

from pathlib import Path

from tests.handlers.scenes import (
    another_tool,
    answers,
    broadcasts,
    channel,
    creations,
    notification,
    parent,
    thread,
    told,
)
from tests.world import REPOSITORY, SETTINGS, World
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


def test_a_branch_is_deployed_and_every_status_comes_back_into_the_thread(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")

    said = world.says("maria", "deploy topic to production")
    another_tool(world, "queued", "in_progress", "success", description="42 %", log_url="https://ci.example/7")

    assert parent(world, 1) == (
        "✅ *web → production*  is live\ntopic@64fd7b0 · maria · first deployment here · 30 s · logs"
    )
    # Under the command, and nowhere a second time: the thread of the card stays free for people.
    assert answers(world, said) == ["🚀 Started 10:00 UTC · logs", "✅ @maria live in 30 s"]
    assert world.slack.thread("#web", world.parent(1).ts) == []
    assert notification(world, 1) == "web: topic@64fd7b0 was deployed to production in 30 s."


def test_the_parent_message_follows_the_deployment(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to production")
    starting = (notification(world, 1), world.parent(1).labels)

    another_tool(world, "in_progress", log_url="https://ci.example/7", environment_url="https://web.example")
    running = (parent(world, 1), world.parent(1).labels)

    assert starting == ("maria is deploying topic@64fd7b0 of web to production.", ["Cancel"])
    assert running == (
        "🚀 *web → production*  is under way\ntopic@64fd7b0 · maria · first deployment here · since 10:00 UTC · logs",
        ["Cancel"],
    )


def test_a_failure_is_shown_in_the_channel_and_offers_what_to_do_next(world: World) -> None:
    world.says("maria", "deploy to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to staging")

    another_tool(world, "failure", description="exit code 3")

    assert broadcasts(world, "#web") == [
        "❌ *web → staging* failed: exit code 3\n@maria octocat\n1. `retry #2`\n2. `rollback web on staging`"
    ]
    assert world.parent(2).labels == ["Retry", "Roll back to d470312"]
    assert notification(world, 2) == (
        "Deploying topic@64fd7b0 of web to staging failed: exit code 3. d470312 is still live. "
        "Try again with: retry #2."
    )


def test_what_is_said_in_the_channel_is_the_environments_choice(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\nnotify = ["success"]'
    )
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy to production")
        another_tool(world, "success")
        world.github.commit(REPOSITORY, "main", "Two")
        world.says("maria", "deploy to production")

        another_tool(world, "failure")

        assert broadcasts(world, "#web") == ["✅ @maria live in 10 s"]
        assert thread(world, 2)[-1].startswith("❌ *web → production* failed")


def test_a_task_its_hosts_and_its_parameters_reach_github_and_the_message(world: World) -> None:
    world.says("maria", 'deploy:migrate main to production/fe steps=3 note="two words"')

    made = world.github.deployments(REPOSITORY)[0]
    assert (made.task, made.payload["hosts"]) == ("deploy:migrate", "fe")
    assert made.payload["params"] == {"steps": "3", "note": "two words"}
    assert parent(world, 1).split("\n")[:3] == [
        "🚀 *web → production/fe*  `deploy:migrate` is under way",
        "main@d470312 · maria · since 10:00 UTC",
        "with `steps=3 note=two words`",
    ]
    assert notification(world, 1) == "maria is running deploy:migrate with main@d470312 of web on production/fe."


def test_the_deployment_on_github_is_as_the_contract_says(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        sha = world.github.commit(REPOSITORY, "topic", "Add search")

        world.says("maria", 'deploy! topic to production --force "the site is down"', "@maria")
        world.presses(
            "maria", world.slack.messages("@maria")[-1], 'Deploy web/topic to production --force "the site is down"'
        )

        deployment = world.deployment(1)
        sent = next(one.body for one in world.github.requests if one.method == "POST")
        assert sent == {
            "ref": sha,
            "task": "deploy",
            "environment": "production",
            "auto_merge": False,
            "required_contexts": [],
            "description": "web → production: topic, asked for by maria",
            "transient_environment": False,
            "production_environment": True,
            "payload": {
                "request_id": deployment.request_id,
                "ref": "topic",
                "task": "deploy",
                "hosts": None,
                "params": {},
                "force": True,
                "force_reason": "the site is down",
                "requested_by": {"slack": "U00000001", "github": "maria-of-github"},
                "notify": {"channel": deployment.channel, "thread_ts": deployment.parent},
                "pull_request": None,
                "config": {"app": "web", "environment": "production"},
            },
        }


def test_a_command_in_another_channel_is_answered_there_and_announced_in_the_apps_own(world: World) -> None:
    said = world.says("maria", "deploy to staging", "#random")

    at_once = answers(world, said)
    another_tool(world, "in_progress", "success")

    where = "main@d470312 · maria · first deployment here"
    assert at_once == [f"🚀 *web → staging*  is under way\n{where} · since 10:00 UTC · #1 in #web"]
    assert answers(world, said) == [
        f"✅ *web → staging*  is live\n{where} · 20 s · #1 in #web",
        "✅ @maria live in 20 s",
    ]
    assert channel(world, "#web") == ["✅ *web → staging*  is live"]
    assert channel(world, "#random") == []


def test_what_waits_for_its_checks_is_told_elsewhere_too(world: World) -> None:
    """Where only the card shows a wait, whoever does not see the card has the reply that stands for it."""
    world.github.set_check_run(REPOSITORY, "main", "lint", None)

    said = world.says("maria", "deploy to staging when green", "#random")
    waits = answers(world, said)
    world.github.set_check_run(REPOSITORY, "main", "lint", "success")
    world.settle()

    assert [one.split("\n")[0] for one in waits] == ["⏳ *web → staging*  waits for its check"]
    assert [one.split("\n")[0] for one in answers(world, said)] == ["🚀 *web → staging*  is under way"]


def test_a_direct_message_is_answered_where_it_was_sent(world: World) -> None:
    said = world.says("maria", "deploy to staging", "@maria")

    assert answers(world, said) == [
        "🚀 *web → staging*  is under way\nmain@d470312 · maria · first deployment here · since 10:00 UTC · #1 in #web"
    ]


def test_a_slash_command_in_the_apps_channel_is_answered_by_the_parent_message(world: World) -> None:
    world.slash("maria", "to staging")

    assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]
    assert told(world, "maria") == []


def test_a_slash_command_elsewhere_is_answered_to_whoever_gave_it(world: World) -> None:
    world.slash("maria", "main to staging", "#random")

    assert channel(world, "#random") == []
    assert told(world, "maria") == ["On it: *web* → *staging*  main@d470312 (#1), announced in #web."]


def test_a_mention_in_a_thread_is_answered_in_that_thread(world: World) -> None:
    question = world.slack.says("bob", "#web", "Is the search on staging?")

    world.says("maria", "deploy to staging", thread=question.ts)
    another_tool(world, "success")

    assert answers(world, question)[1:] == ["✅ @maria live in 10 s"]
    assert world.slack.thread("#web", world.parent(1).ts) == []


def test_a_mention_that_arrives_twice_is_one_command(world: World) -> None:
    world.says("maria", "deploy to staging")

    assert [one.payload["event"]["type"] for one in world.slack.envelopes] == ["message", "app_mention"]
    assert creations(world) == 1
    assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]


def test_an_event_that_slack_sends_again_is_one_command(world: World) -> None:
    world.says("maria", "deploy to staging")

    for envelope in list(world.slack.envelopes):
        world.slack.redeliver(envelope)
        world.settle()

    assert creations(world) == 1


def test_a_forced_deployment_says_so_and_why(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "failure")

    world.says("maria", 'deploy! main to staging --force "the site is down"')

    assert parent(world, 1).split("\n") == [
        "🚀 *web → staging*  is under way",
        "main@d470312 · maria · first deployment here · since 10:00 UTC",
        "⚠️ forced by maria: “the site is down” · past: Checks failed: ci/test",
    ]


def test_a_force_needs_a_reason_where_the_environment_says_so(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.says("maria", "deploy! web/main to production", "#deploys")

        assert told(world, "maria") == [
            "*production* takes a force only with a reason. "
            'For example: `deploy web/main to production --force "hotfix for the login page"`'
        ]
        assert world.github.deployments(REPOSITORY) == []


# --- tasks ------------------------------------------------------------------------------------------------------

TASKS = SETTINGS.replace(
    'default_environment = "production"', 'default_environment = "production"\ntasks = ["migrate"]'
)


def test_every_gate_is_asked_for_every_task(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + 'after = "staging"\n') as world:
        world.github.commit(REPOSITORY, "topic", "Change")

        for task in ("deploy:x", "deploy:migrate", "deploy"):
            world.says("maria", f"{task} topic to production")

        assert creations(world) == 0
        assert len(told(world, "maria")) == 3
        assert all("has not succeeded in staging" in line or "staging" in line for line in told(world, "maria"))


def test_a_task_that_the_settings_do_not_name_is_refused_with_those_they_do(tmp_path: Path) -> None:
    with open_world(tmp_path, TASKS) as world:
        world.says("maria", "deploy:migrat main to production")
        world.says("maria", "deploy:migrate main to production")

        assert told(world, "maria") == ["*web* has no task called migrat. Did you mean migrate?"]
        assert [one.task for one in world.github.deployments(REPOSITORY)] == ["deploy:migrate"]


def test_only_deploy_counts_for_status_history_and_rollback(tmp_path: Path) -> None:
    with open_world(tmp_path, TASKS) as world:
        first = world.github.repository(REPOSITORY).branches["main"]
        world.says("maria", "deploy main to production")
        another_tool(world, "success")
        world.github.commit(REPOSITORY, "topic", "Change")
        world.says("maria", "deploy:migrate topic to production")
        another_tool(world, "success")

        status = world.says("maria", "status web production")
        history = world.says("maria", "deploys web in production")
        world.says("maria", "rollback web on production")

        assert f"main@{first[:7]}" in answers(world, status)[0]
        assert "topic@" not in answers(world, history)[0]
        assert answers(world, history)[0].endswith("Other tasks: #2 deploy:migrate")
        assert told(world, "maria")[-1].startswith("*web* has no earlier successful deployment on production")
