"""Conversations about how a started deployment is carried out, here or on GitHub."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, answers, broadcasts, channel, creations, notification, parent, thread
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

LOCAL = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
)
SHELL = SETTINGS.replace(
    'provider = { type = "external" }',
    'provider = { type = "shell", command = ["sh", "-c", "cat README.md; exit $CODE"], environment = { CODE = "3" } }',
)
UNDER_WAY = "🚀 *web → staging*  is under way"
CREATE = ("POST", r"/deployments$")


def test_a_deployment_is_carried_out_and_reported_step_by_step(tmp_path: Path) -> None:
    with open_world(tmp_path, LOCAL) as world:
        sha = world.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found\n"})

        said = world.says("maria", "deploy topic to staging")

        made = world.github.deployments(REPOSITORY)[0]
        assert [(one.state, one.description) for one in made.statuses] == [
            ("queued", "Queued by Shipmate"),
            ("in_progress", "Shipmate is deploying"),
            ("success", f"current → releases/{sha[:7]}"),
        ]
        assert thread(world, 1) == ["🚀 Started 10:00 UTC", "✅ @maria live in 0 s"]
        assert thread(world, 1) == answers(world, said)
        assert notification(world, 1) == f"web: topic@{sha[:7]} was deployed to staging in 0 s."
        assert (tmp_path / "releases" / "current" / "search.txt").read_text() == "found\n"


def test_the_last_lines_of_output_are_in_the_thread_of_a_failure(tmp_path: Path) -> None:
    with open_world(tmp_path, SHELL) as world:
        world.says("maria", "deploy to staging")

        ended = thread(world, 1)[-1]

        assert ended.startswith("❌ *web → staging* failed: exit code 3\n@maria\n```\n")
        assert ended.endswith("```\n1. `retry #1`")
        assert "acme/web" in ended.split("```")[1]
        assert world.parent(1).labels == ["Retry"]
        assert world.statuses(world.deployment(1).remote_id or 0) == ["queued", "in_progress", "failure"]


def test_a_commit_that_would_leave_its_checkout_is_not_deployed_and_the_reason_said(tmp_path: Path) -> None:
    with open_world(tmp_path, LOCAL) as world:
        world.github.commit(REPOSITORY, "topic", "Lead out", files={"out": "-> ../../../precious"})

        world.says("maria", "deploy topic to staging")

        assert thread(world, 1)[-1].startswith(
            "❌ *web → staging* did not work: The commit holds “out”, which would leave the checkout.\n@maria\n"
        )
        assert world.statuses(world.deployment(1).remote_id or 0)[-1] == "error"
        assert list((tmp_path / "releases" / "releases").iterdir()) == []


def test_the_next_in_the_queue_is_carried_out_by_itself(tmp_path: Path) -> None:
    with open_world(tmp_path, LOCAL) as world:
        world.hold_runs = True
        world.says("maria", "deploy to staging")
        world.says("bob", "deploy to staging")

        world.hold_runs = False
        world.settle()

        assert channel(world, "#web") == ["✅ *web → staging*  is live"] * 2


def refused(world: World, **how: Any) -> str:
    """What the parent message says where GitHub answers the creation so."""
    world.github.fail_next(*CREATE, **how)
    world.says("maria", "deploy main to staging")
    world.wait(seconds=3)
    return parent(world, 1).split("\n")[0]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            {"fault": 403, "headers": {"X-Accepted-GitHub-Permissions": "deployments=write"}},
            "GITHUB_TOKEN lacks the permission “deployments: write” on acme/web: Forbidden.",
        ),
        ({"fault": 404}, "acme/web has no deployments on GitHub, or GITHUB_TOKEN cannot see it."),
        (
            {
                "fault": 409,
                "body": {
                    "message": "Conflict: Commit status checks failed for main.",
                    "errors": [{"contexts": [{"context": "ci/test", "state": "failure"}]}],
                },
            },
            "Conflict: Commit status checks failed for main. Not successful: ci/test (failure).",
        ),
        (
            {"fault": 422, "body": {"message": "No ref found for: main"}},
            "No ref found for: main.",
        ),
    ],
    ids=["403", "404", "409", "422"],
)
def test_what_github_says_against_a_deployment_is_said(world: World, how: dict[str, Any], sentence: str) -> None:
    shown = refused(world, **how)

    assert shown == f"❌ *web → staging*  did not work: {sentence}"
    assert [one.split("\n")[0] for one in broadcasts(world, "#web")] == [
        f"❌ *web → staging* did not work: {sentence}",
    ]
    assert world.github.deployments(REPOSITORY) == []
    assert world.parent(1).labels == ["Retry"]


@pytest.mark.parametrize(
    "how",
    [
        {"fault": 502, "times": 3},
        {"fault": 429, "headers": {"Retry-After": "7"}, "times": 2},
        {"fault": 403, "headers": {"Retry-After": "5"}},
        {"fault": "cut_before"},
        {"fault": "cut_after"},
        {"fault": "malformed"},
    ],
    ids=["502", "429", "secondary limit", "cut before", "cut after", "broken answer"],
)
def test_trouble_with_github_only_costs_time_and_there_is_one_deployment(world: World, how: dict[str, Any]) -> None:
    world.github.fail_next(*CREATE, **how)

    world.says("maria", "deploy main to staging")
    world.wait(seconds=25)
    another_tool(world, "success")

    assert len(world.github.deployments(REPOSITORY)) == 1
    assert channel(world, "#web") == ["✅ *web → staging*  is live"]


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", 502])
def test_a_status_whose_answer_is_lost_is_posted_once(tmp_path: Path, fault: str | int) -> None:
    with open_world(tmp_path, LOCAL) as world:
        world.github.fail_next("POST", r"/statuses$", fault, times=2)

        world.says("maria", "deploy main to staging")
        world.wait(seconds=20)

        assert world.statuses(world.deployment(1).remote_id or 0) == ["queued", "in_progress", "success"]


def test_a_merge_instead_of_a_deployment_is_explained_and_the_merge_commit_goes_on_when_green(tmp_path: Path) -> None:
    settings = SETTINGS.replace("[apps.web]", "[apps.web]\nauto_merge = true")
    with open_world(tmp_path, settings) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
        world.github.commit(REPOSITORY, "main", "Move on")
        world.says("maria", "deploy topic to staging")
        merged = world.github.repository(REPOSITORY).branches["topic"]
        waiting = parent(world, 2).split("\n")[0]

        world.github.set_status(REPOSITORY, merged, "ci/test", "success")
        world.settle()

        assert parent(world, 1).split("\n")[:2] == [
            "🛑 *web → staging*  GitHub merged the default branch into topic instead of deploying it; "
            f"the merge commit {merged[:7]} goes on as #2",
            "topic@64fd7b0 · maria · first deployment here · after 0 s",
        ]
        assert world.parent(1).labels == []
        assert broadcasts(world, "#web") == []
        assert waiting == "⏳ *web → staging*  waits for its first check"
        assert [one.sha for one in world.github.deployments(REPOSITORY)] == [merged]


def test_one_time_passwords_reach_the_provider_and_are_kept_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_world(tmp_path, SHELL.replace('CODE = "3"', 'CODE = "0"')) as world:
        world.says("maria", "deploy main to staging 918273")

        assert "918273" not in parent(world, 1)
        assert "918273" not in str(world.github.deployments(REPOSITORY)[0].payload)
        with sqlite3.connect(tmp_path / "world.db") as database:
            kept = "\n".join(line for line in database.iterdump() if 'INSERT INTO "output"' not in line)
        assert "918273" not in kept
        assert world.passwords.get(world.deployment(1).password_key) == "918273"
    assert "918273" not in "".join(capfd.readouterr())


def test_secrets_are_in_no_payload_and_not_in_the_database(tmp_path: Path) -> None:
    with open_world(tmp_path, LOCAL) as world:
        world.says("maria", "deploy main to staging")

        payload = str(world.github.deployments(REPOSITORY)[0].payload)
        with sqlite3.connect(tmp_path / "world.db") as database:
            kept = "\n".join(database.iterdump())
        secrets = (world.github.token, world.slack.bot_token, world.slack.app_token, world.github.webhook_secret)
        assert [secret for secret in secrets if secret in payload or secret in kept] == []


def test_a_crash_before_anything_was_decided_loses_nothing(world: World) -> None:
    world.slack.says("maria", "#web", "@shipmate deploy main to staging")
    world.store.inbox.take(16)

    world.restart()
    world.settle()

    assert channel(world, "#web") == [UNDER_WAY]


def test_a_crash_between_effect_and_record_does_nothing_twice(world: World) -> None:
    # Carried out by the other side, and nobody took note of it: as if the process had died right there.
    world.github.fail_next(*CREATE, "cut_after")
    world.slack.fail_next("chat.postMessage", cut="after", times=2)
    world.says("maria", "deploy main to staging")

    world.restart()
    world.wait(seconds=20)

    assert creations(world) == 1
    assert channel(world, "#web") == [UNDER_WAY]


def test_a_restart_while_it_runs_changes_nothing_for_people(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "in_progress")

    world.restart()
    another_tool(world, "success")

    assert thread(world, 1) == ["🚀 Started 10:00 UTC", "✅ @maria live in 20 s"]


def test_a_cancelled_one_that_is_being_created_does_not_stay_pending_on_github(world: World) -> None:
    world.github.fail_next(*CREATE, 502, times=3)
    world.slack.says("maria", "#web", "@shipmate deploy main to staging")
    world.settle()
    world.says("maria", "cancel #1")

    world.wait(minutes=1)

    assert parent(world, 1).startswith("🛑 *web → staging*  cancelled by maria\n")
    assert [one.state for one in world.github.deployments(REPOSITORY)] in ([], ["error"])


@pytest.mark.parametrize(("fault", "there"), [("cut_before", []), (502, []), ("cut_after", [["error"]])])
def test_what_is_cancelled_while_github_may_be_creating_it_is_looked_for_and_never_created_after(
    world: World, fault: str | int, there: list[list[str]]
) -> None:
    world.github.fail_next(*CREATE, fault)
    world.github.fail_next("GET", CREATE[1], 502, times=12)
    world.slack.says("maria", "#web", "@shipmate deploy main to staging")
    world.settle()
    world.says("maria", "cancel #1")

    world.wait(minutes=5)

    assert parent(world, 1).startswith("🛑 *web → staging*  cancelled by maria\n")
    assert [[status.state for status in one.statuses] for one in world.github.deployments(REPOSITORY)] == there
    assert creations(world) == 1


def test_how_long_it_usually_takes_is_said_while_it_runs(world: World) -> None:
    for number in range(4):
        world.github.commit("acme/web", "main", f"Step {number}")
        world.says("maria", "deploy main to staging")
        another_tool(world, "in_progress", *(["success"] if number < 3 else []))

    assert parent(world, 4).split("\n")[0] == "🚀 *web → staging*  is under way, usually 20 s"
