"""Conversations about deploying by command."""

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
        "✅ *web* → *production*  topic@64fd7b0  asked for by @maria\nSucceeded in 30 s: 42 %\n• Add search\n#1 · logs"
    )
    assert thread(world, 1)[:3] == [
        "🕐 Queued: 42 % · logs",
        "🚀 In progress: 42 % · logs",
        "✅ Succeeded in 30 s: 42 % · logs",
    ]
    assert answers(world, said) == [
        "On it: *web* → *production*  topic@64fd7b0 (#1).",
        "*web → production* #1: 🕐 Queued: 42 % · logs",
        "*web → production* #1: 🚀 In progress: 42 % · logs",
        "*web → production* #1: ✅ Succeeded in 30 s: 42 % · logs",
    ]
    assert notification(world, 1) == "web: topic@64fd7b0 was deployed to production in 30 s."


def test_the_parent_message_follows_the_deployment(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to production")
    starting = (notification(world, 1), world.parent(1).labels)

    another_tool(world, "in_progress", log_url="https://ci.example/7", environment_url="https://web.example")
    running = (parent(world, 1), world.parent(1).labels)

    assert starting == ("maria is deploying topic@64fd7b0 of web to production.", ["Cancel"])
    assert running == (
        "🚀 *web* → *production*  topic@64fd7b0  asked for by @maria\nRunning\n• Add search\n#1 · logs · environment",
        ["Cancel"],
    )


def test_a_failure_is_shown_in_the_channel_and_offers_what_to_do_next(world: World) -> None:
    world.says("maria", "deploy to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to staging")

    another_tool(world, "failure", description="exit code 3")

    assert broadcasts(world, "#web") == ["❌ Failed: exit code 3"]
    assert world.parent(2).labels == ["Retry", "Roll back to d470312"]
    assert notification(world, 2) == "Deploying topic@64fd7b0 of web to staging failed: exit code 3."


def test_what_is_said_in_the_channel_is_the_environments_choice(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\nnotify = ["success"]'
    )
    with open_world(tmp_path, settings) as world:
        world.says("maria", "deploy to production")
        another_tool(world, "success")
        world.says("maria", "deploy to production")

        another_tool(world, "failure")

        assert broadcasts(world, "#web") == ["✅ Succeeded in 10 s"]


def test_tags_commits_and_pull_requests_are_refs(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.tag(REPOSITORY, "v1.0", at="topic", annotated=True)
    number = world.github.open_pull_request(REPOSITORY, "topic")

    world.says("maria", "deploy v1.0 to staging")
    another_tool(world, "success")
    world.says("maria", f"deploy {sha[:7]} to staging")
    another_tool(world, "success")
    world.says("maria", f"deploy #{number} to staging")

    assert channel(world, "#web") == [
        "✅ *web* → *staging*  v1.0@64fd7b0  asked for by @maria",
        "✅ *web* → *staging*  64fd7b0  asked for by @maria",
        "🕐 *web* → *staging*  topic@64fd7b0  asked for by @maria",
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

        assert channel(world, "#deploys") == [
            "🕐 *web* → *staging*  next@d470312  asked for by @maria",
            "🕐 *web* → *production*  main@d470312  asked for by @maria",
            "🕐 *api* → *staging*  stable@195a587  asked for by @maria",
        ]


def test_an_app_may_be_named_like_a_branch(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")
        world.github.branch(REPOSITORY, "api")
        world.github.branch("acme/api", "stable")

        world.says("maria", "deploy web/api to production", "#deploys")
        world.says("maria", "deploy api to staging", "#deploys")

        assert channel(world, "#deploys") == [
            "🕐 *web* → *production*  api@d470312  asked for by @maria",
            "🕐 *api* → *staging*  stable@195a587  asked for by @maria",
        ]


def test_a_task_its_hosts_and_its_parameters_reach_github_and_the_message(world: World) -> None:
    world.says("maria", 'deploy:migrate main to production/fe steps=3 note="two words"')

    made = world.github.deployments(REPOSITORY)[0]
    assert (made.task, made.payload["hosts"]) == ("deploy:migrate", "fe")
    assert made.payload["params"] == {"steps": "3", "note": "two words"}
    assert parent(world, 1).split("\n")[:3] == [
        "🕐 *web* → *production/fe*  main@d470312  task `deploy:migrate`  asked for by @maria",
        "Starting",
        "With `steps=3 note=two words`",
    ]
    assert notification(world, 1) == "maria is running deploy:migrate with main@d470312 of web on production/fe."


def test_the_deployment_on_github_is_as_the_contract_says(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        sha = world.github.commit(REPOSITORY, "topic", "Add search")

        world.says("maria", 'deploy! topic to production --force "the site is down"', "@maria")
        world.presses("maria", world.slack.messages("@maria")[-1], "web")

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

    another_tool(world, "in_progress", "success")

    assert answers(world, said) == [
        "On it: *web* → *staging*  main@d470312 (#1), announced in #web.",
        "*web → staging* #1: 🚀 In progress",
        "*web → staging* #1: ✅ Succeeded in 20 s",
    ]
    assert channel(world, "#web") == ["✅ *web* → *staging*  main@d470312  asked for by @maria"]
    assert channel(world, "#random") == []


def test_a_direct_message_is_answered_where_it_was_sent(world: World) -> None:
    said = world.says("maria", "deploy to staging", "@maria")

    assert answers(world, said) == ["On it: *web* → *staging*  main@d470312 (#1), announced in #web."]


def test_a_slash_command_in_the_apps_channel_is_answered_by_the_parent_message(world: World) -> None:
    world.slash("maria", "to staging")

    assert channel(world, "#web") == ["🕐 *web* → *staging*  main@d470312  asked for by @maria"]
    assert told(world, "maria") == []


def test_a_slash_command_elsewhere_is_answered_there(world: World) -> None:
    world.slash("maria", "main to staging", "#random")

    assert channel(world, "#random") == ["On it: *web* → *staging*  main@d470312 (#1), announced in #web."]


def test_a_mention_in_a_thread_is_answered_in_that_thread(world: World) -> None:
    question = world.slack.says("bob", "#web", "Is the search on staging?")

    world.says("maria", "deploy to staging", thread=question.ts)
    another_tool(world, "success")

    assert answers(world, question)[1:] == [
        "On it: *web* → *staging*  main@d470312 (#1).",
        "*web → staging* #1: 🚀 In progress",
        "*web → staging* #1: ✅ Succeeded in 10 s",
    ]


def test_a_mention_that_arrives_twice_is_one_command(world: World) -> None:
    world.says("maria", "deploy to staging")

    assert [one.payload["event"]["type"] for one in world.slack.envelopes] == ["message", "app_mention"]
    assert creations(world) == 1
    assert channel(world, "#web") == ["🕐 *web* → *staging*  main@d470312  asked for by @maria"]


def test_an_event_that_slack_sends_again_is_one_command(world: World) -> None:
    world.says("maria", "deploy to staging")

    for envelope in list(world.slack.envelopes):
        world.slack.redeliver(envelope)
        world.settle()

    assert creations(world) == 1


def test_a_button_pressed_twice_by_two_people_is_two_requests_by_name(world: World) -> None:
    world.says("maria", "deploy to staging")
    another_tool(world, "failure")

    world.presses("maria", world.parent(1), "Retry")
    world.presses("bob", world.parent(1), "Retry")

    assert channel(world, "#web")[-2:] == [
        "🕐 *web* → *staging*  main@d470312  retried by @maria",
        "⏳ *web* → *staging*  main@d470312  retried by @bob",
    ]


def test_several_apps_and_no_name_is_a_question_with_buttons(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.says("maria", "deploy main to production", "#deploys")
        question = world.slack.ephemerals("maria")[0]

        world.presses("maria", question, "web")

        assert told(world, "maria") == ["Which app do you mean?"]
        assert question.labels == ["web", "api"]
        assert channel(world, "#deploys") == ["🕐 *web* → *production*  main@d470312  asked for by @maria"]


def test_an_app_without_a_default_environment_asks_where_to(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")
        world.says("maria", "deploy api/main", "#deploys")
        question = world.slack.ephemerals("maria")[0]

        world.presses("maria", question, "staging")

        assert told(world, "maria") == [
            "Where to? *api* has staging and production. For example: `deploy api/main to staging`"
        ]
        assert channel(world, "#deploys") == ["🕐 *api* → *staging*  main@195a587  asked for by @maria"]


def test_an_unknown_ref_is_answered_with_the_nearest_names_to_press(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topci to staging")
    refusal = world.slack.ephemerals("maria")[0]

    world.presses("maria", refusal, "topic")

    assert told(world, "maria") == [
        "`topci` is neither a branch, a tag, a commit nor a pull request of acme/web. Did you mean topic?"
    ]
    assert channel(world, "#web") == ["🕐 *web* → *staging*  topic@64fd7b0  asked for by @maria"]


def test_an_unknown_environment_is_answered_with_the_nearest_name_or_all(world: World) -> None:
    world.says("maria", "deploy main to prodution")
    world.says("maria", "deploy main to the-moon")

    assert told(world, "maria") == [
        "*web* has no environment called prodution. Did you mean production?",
        "*web* has no environment called the-moon. It has staging and production.",
    ]
    assert world.slack.ephemerals("maria")[0].labels == ["production"]
    assert world.github.deployments(REPOSITORY) == []


def test_an_unknown_app_before_a_slash_is_read_as_a_branch_and_refused(world: World) -> None:
    world.says("maria", "deploy webb/topic to staging")

    assert told(world, "maria") == ["`webb/topic` is neither a branch, a tag, a commit nor a pull request of acme/web."]


def test_a_pull_request_that_is_not_there_is_called_one(world: World) -> None:
    world.says("maria", "deploy #99 to staging")

    assert told(world, "maria") == ["acme/web has no pull request #99."]


def test_a_forced_deployment_says_so_and_why(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "failure")

    world.says("maria", 'deploy! main to staging --force "the site is down"')

    assert parent(world, 1).split("\n")[:3] == [
        "🕐 *web* → *staging*  main@d470312  asked for by @maria",
        "Starting",
        "⚠️ Forced: the site is down (despite: Checks failed: ci/test)",
    ]


def test_a_force_needs_a_reason_where_the_environment_says_so(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.says("maria", "deploy! web/main to production", "#deploys")

        assert told(world, "maria") == [
            "*production* takes a force only with a reason. "
            'For example: `deploy web/main to production --force "hotfix for the login page"`'
        ]
        assert world.github.deployments(REPOSITORY) == []


def test_an_app_with_allowed_channels_is_deployed_from_there_only(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("acme/api")

        world.says("maria", "deploy api/main to staging", "#random")

        assert told(world, "maria") == [
            "main@195a587 cannot go to *staging* now:\n"
            "⛔ *api* is deployed from #deploys only; ask there\n"
            "✅ No checks are reported for this commit\n"
            "✅ Nothing else is running"
        ]
        assert world.slack.ephemerals("maria")[0].labels == []


def test_failed_checks_are_named_together_with_what_helps(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "failure", target_url="https://ci.example/7")
    world.github.set_check_run(REPOSITORY, "topic", "lint", None)

    world.says("maria", "deploy topic to staging")

    assert told(world, "maria") == [
        "topic@64fd7b0 cannot go to *staging* now:\n"
        "⛔ Checks failed: ci/test; still pending: lint\n"
        "✅ Nothing else is running\n"
        'To go on all the same: `deploy web/topic to staging --force "why"`'
    ]
    assert world.github.deployments(REPOSITORY) == []


def test_pending_checks_can_be_waited_for_with_a_button(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_check_run(REPOSITORY, "topic", "lint", None)
    world.says("maria", "deploy topic to staging")
    refusal = world.slack.ephemerals("maria")[0]

    world.presses("maria", refusal, "Deploy when green")
    waiting = (parent(world, 1), notification(world, 1))
    world.github.set_check_run(REPOSITORY, "topic", "lint", "neutral")
    world.settle()

    assert waiting == (
        "⏳ *web* → *staging*  topic@64fd7b0  asked for by @maria\nWaiting: checks are pending: lint\n• Add search\n#1",
        "maria asked for this: deploying topic@64fd7b0 of web to staging. Waiting: checks are pending: lint.",
    )
    assert thread(world, 1) == ["⏳ Waiting: checks are pending: lint", "▶️ Its checks are green"]
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_when_green_waits_for_failed_checks_too_because_they_may_be_run_again(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "failure")

    said = world.says("maria", "deploy main to staging when green")
    world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
    world.settle()
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    world.settle()

    assert answers(world, said) == [
        "⏳ *web* → *staging*  main@d470312 (#1). Waiting: checks failed: ci/test. It goes on by itself.",
        "*web → staging* #1: ⏳ Waiting: checks are pending: ci/test",
        "*web → staging* #1: ▶️ Its checks are green",
    ]


def test_when_green_waits_for_checks_that_are_not_reported_yet(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    world.github.commit(REPOSITORY, "topic", "Add search")

    world.says("maria", "deploy topic to staging when green")
    waiting = parent(world, 1).split("\n")[1]
    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    world.settle()

    assert waiting == "Waiting: no check has been reported for this commit yet"
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_without_any_checks_when_green_starts_at_once(world: World) -> None:
    world.says("maria", "deploy main to staging when green")

    assert channel(world, "#web") == ["🕐 *web* → *staging*  main@d470312  asked for by @maria"]


def test_required_checks_by_name_must_be_there_and_others_do_not_count(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\nrequired_checks = ["ci/test"]'
    )
    with open_world(tmp_path, settings) as world:
        world.github.set_status(REPOSITORY, "main", "lint", "failure")
        world.says("maria", "deploy main to production")
        world.github.set_status(REPOSITORY, "main", "ci/test", "success")

        world.says("maria", "deploy main to production")

        assert told(world, "maria") == [
            "main@d470312 cannot go to *production* now:\n"
            "⏳ Checks are pending: `ci/test`\n"
            "✅ Nothing else is running\n"
            'To go on all the same: `deploy web/main to production --force "why"`'
        ]
        assert len(world.github.deployments(REPOSITORY)) == 1


def test_a_check_that_hangs_is_reported_after_an_hour_and_given_up_after_a_day(world: World) -> None:
    world.github.set_check_run(REPOSITORY, "main", "lint", None)
    world.says("maria", "deploy main to staging when green")

    world.wait(hours=1)
    after_an_hour = broadcasts(world, "#web")
    world.wait(hours=23)

    hung = "⚠️ Still waiting after an hour: checks are pending: lint. Look at the check, or cancel with `cancel #1`"
    assert after_an_hour == [hung]
    assert broadcasts(world, "#web") == [hung, "🗑️ Given up: its checks were not green within a day"]
    assert thread(world, 1) == [
        "⏳ Waiting: checks are pending: lint",
        hung,
        "🗑️ Given up: its checks were not green within a day",
    ]


def test_a_busy_environment_makes_others_queue_and_start_in_order(world: World) -> None:
    for branch in "abc":
        world.github.commit(REPOSITORY, branch, f"Add {branch}")
    world.says("maria", "deploy a to staging")
    said = world.says("bob", "deploy b to staging")
    world.says("maria", "deploy c to staging")
    third = parent(world, 3).split("\n")[1]

    another_tool(world, "success")
    moved_up = parent(world, 3).split("\n")[1]
    another_tool(world, "success")

    assert answers(world, said)[:2] == [
        "⏳ *web* → *staging*  b@81ff6ef (#2). Queued: #1 (a) is being deployed to staging now. It goes on by itself.",
        "*web → staging* #2: ▶️ Its turn has come",
    ]
    assert third == "Queued: #1 (a) is being deployed to staging now; 2nd in line, behind #1 and #2"
    assert moved_up == "Queued: #2 (b) is being deployed to staging now"
    assert [one.payload["ref"] for one in world.github.deployments(REPOSITORY)] == ["a", "b", "c"]


def test_another_environment_does_not_have_to_wait(world: World) -> None:
    world.says("maria", "deploy to staging")
    world.says("maria", "deploy to production")

    assert [one.environment for one in world.github.deployments(REPOSITORY)] == ["staging", "production"]


def test_one_whose_checks_failed_meanwhile_lets_the_next_in_the_queue_pass(world: World) -> None:
    world.github.commit(REPOSITORY, "a", "Add a")
    world.github.commit(REPOSITORY, "b", "Add b")
    world.says("maria", "deploy to staging")
    world.says("maria", "deploy a to staging")
    world.says("maria", "deploy b to staging")
    world.github.set_status(REPOSITORY, "a", "ci/test", "failure")

    another_tool(world, "success")

    assert thread(world, 2)[-1] == "⏳ Waiting: checks failed: ci/test"
    assert channel(world, "#web")[1:] == [
        "⏳ *web* → *staging*  a@90a5955  asked for by @maria",
        "🕐 *web* → *staging*  b@81ff6ef  asked for by @maria",
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
        'To go on all the same: `deploy web/d47031240fd6 to staging --force "why"`'
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


def test_github_down_while_gathering_is_said_once_and_the_command_goes_on_by_itself(world: World) -> None:
    world.github.fail_next("GET", r"/commits/", 503, times=8)

    world.says("maria", "deploy main to staging")
    world.wait(minutes=2)

    assert told(world, "maria") == ["GitHub has a problem of its own (status 503). I keep trying and go on by myself."]
    assert len(world.github.deployments(REPOSITORY)) == 1


def test_a_command_is_given_up_when_github_stays_away_and_that_is_said(world: World) -> None:
    world.github.fail_next("GET", r"/commits/", 503, times=1_000)

    world.says("maria", "deploy main to staging")
    world.wait(hours=1)

    assert told(world, "maria") == [
        "GitHub has a problem of its own (status 503). I keep trying and go on by myself.",
        "GitHub has a problem of its own (status 503). "
        "I have given up on this command and nothing was changed; please send it again later.",
    ]
    assert channel(world, "#web") == []
