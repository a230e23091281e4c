"""Conversations in which somebody else uses what everybody can read on GitHub: request ids, and the record itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest

from bot.core.deployments.model import State
from tests.handlers.scenes import another_tool, facts, news, thread
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

OTHER = "acme/playground"
GUARDED = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
).replace('deploy_on_merge = ["main"]', 'deploy_on_merge = ["main"]\napprovals = 1\n')
AFTER = SETTINGS + 'after = "staging"\n'


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    """A merge waits for approval. Webhooks of another repository reach the bot too."""
    with open_world(tmp_path, GUARDED) as world:
        world.github.add_repository(OTHER)
        merge(world, "search")
        yield world


def forge_one(world: World, **different: str) -> int:
    """A deployment that carries the request id of #1, and agrees with it in all that is not said to be different."""
    ours = world.deployment(1)
    said = {"repository": REPOSITORY, "sha": ours.sha, "environment": "staging", "task": "deploy", "by": "mallory"}
    said |= different
    repository, sha = said.pop("repository"), said.pop("sha")
    sha = sha if repository == REPOSITORY else "main"
    payload = {"request_id": ours.request_id}
    made = world.github.create_deployment(repository, sha, payload=payload, **said)
    world.settle()
    return made


@pytest.mark.parametrize(
    "different",
    [
        {},
        {"by": "shipmate-bot"},  # which creates none while it waits
        {"repository": OTHER},
        {"repository": OTHER, "by": "shipmate-bot"},
        {"sha": "main~1"},
        {"sha": "main~1", "by": "shipmate-bot"},
        {"environment": "production"},
        {"environment": "production", "by": "shipmate-bot"},
        {"task": "migrate"},
        {"task": "migrate", "by": "shipmate-bot"},
        {"by": "shipmate-bot[bot]"},
    ],
    ids=str,
)
def test_a_copied_request_id_starts_nothing_and_reports_nothing(guarded: World, different: dict[str, str]) -> None:
    if "sha" in different:
        parents = guarded.github.repository(REPOSITORY).commits[guarded.deployment(1).sha].parents
        different = {**different, "sha": parents[0]}

    remote = forge_one(guarded, **different)
    where = different.get("repository", REPOSITORY)
    for state in ("in_progress", "success"):
        guarded.github.report_deployment_status(where, remote, state, by="mallory")
        guarded.settle()
    guarded.reconcile()

    ours = guarded.deployment(1)
    assert (ours.state, ours.remote_id, ours.last_status) == (State.WAITING, None, 0)
    assert not (guarded.directory / "releases").exists()


def test_a_stranger_who_copies_an_id_is_announced_as_who_they_are(guarded: World) -> None:
    forge_one(guarded)

    assert facts(guarded, 2)[:2] == ["bc2cf14", "by mallory"]
    assert guarded.deployment(2).request_id != guarded.deployment(1).request_id


def test_ids_of_merges_are_nobodys_to_compute(guarded: World) -> None:
    ours = guarded.deployment(1)
    computed = uuid5(NAMESPACE_URL, f"{REPOSITORY}/{ours.sha}/web/staging")

    assert UUID(ours.request_id).version == 4
    assert ours.request_id != str(computed)


def test_a_success_of_a_copy_opens_nothing_that_comes_after(tmp_path: Path) -> None:
    with open_world(tmp_path, AFTER) as world:
        merge(world, "search")
        another_tool(world, "in_progress")

        copy = forge_one(world)
        world.github.report_deployment_status(REPOSITORY, copy, "success", by="mallory")
        world.settle()
        world.says("maria", "deploy main to production when green")

        assert world.deployment(1).state is State.RUNNING
        assert thread(world, 1)[-1] == "🚀 Started 10:00 UTC"
        assert news(world, 3) == "waits until *staging* has this commit"


def test_an_answer_of_github_that_was_lost_is_found_again_among_copies(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        world.hold_webhooks = True
        world.github.fail_next("POST", "/deployments$", "cut_after")
        world.says("maria", "deploy to staging")
        ours = world.github.deployments(REPOSITORY)[0]
        world.github.create_deployment(
            REPOSITORY, "main", environment="staging", by="mallory", payload=dict(ours.payload)
        )

        world.wait(minutes=1)

        assert world.deployment(1).remote_id == ours.id
        assert len(world.github.deployments(REPOSITORY)) == 2


# --- where one may go without being asked -----------------------------------------------------------------------


def followed_success(world: World, sha: str, by: str, environment: str = "production") -> None:
    """Another tool deploys a commit, and reports that it went well."""
    remote = world.github.create_deployment(REPOSITORY, sha, environment=environment, by=by)
    world.github.report_deployment_status(REPOSITORY, remote, "success", by=by)
    world.settle()


def test_what_a_stranger_called_a_success_is_gone_back_to_through_all_gates_only(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + "approvals = 1\n") as world:
        evil = world.github.commit(REPOSITORY, "evil", "Mine", author="mallory")
        world.github.set_status(REPOSITORY, evil, "ci/test", "failure")
        followed_success(world, evil, "mallory")
        followed_success(world, "main", "mallory")

        said = world.says("maria", f"rollback web on production to {evil}")

        assert len(world.github.deployments(REPOSITORY)) == 2
        assert any("Checks failed" in line for line in [*world.told("maria"), *world.answers(said)])


@pytest.mark.parametrize(("by", "goes"), [("argo", True), ("mallory", False)])
def test_after_counts_a_success_of_another_tool_where_its_creator_may_deploy_there(
    tmp_path: Path, by: str, goes: bool
) -> None:
    with open_world(tmp_path, AFTER) as world:
        world.github.set_permission(REPOSITORY, "argo", "write")
        followed_success(world, "main", by, "staging")

        world.says("maria", "deploy main to production when green")

        assert (world.deployment(2).state is State.STARTING) is goes


def test_an_app_that_deployers_name_is_believed(tmp_path: Path) -> None:
    settings = AFTER.replace("deploy_on_merge", 'deployers = ["github-actions[bot]"]\ndeploy_on_merge')
    with open_world(tmp_path, settings) as world:
        followed_success(world, "main", "github-actions[bot]", "staging")

        world.says("maria", "deploy main to production")

        assert world.deployment(2).state is State.STARTING


def test_by_itself_a_rollback_passes_over_what_a_stranger_reported(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        world.says("maria", "deploy main to production")
        another_tool(world, "success")
        evil = world.github.commit(REPOSITORY, "evil", "Mine", author="mallory")
        followed_success(world, evil, "mallory")
        world.github.commit(REPOSITORY, "main", "Next", author="alice")
        world.says("maria", "deploy main to production")
        another_tool(world, "success")

        world.says("maria", "rollback web on production")

        assert world.deployment(4).sha == world.deployment(1).sha


def test_where_approvals_are_asked_now_an_unapproved_success_needs_them_to_be_gone_back_to(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        world.says("maria", "deploy main to production")
        another_tool(world, "success")
        world.github.commit(REPOSITORY, "main", "Next", author="alice")
        world.says("maria", "deploy main to production")
        another_tool(world, "success")
        world.restart(SETTINGS + "approvals = 1\n[people]\nU00000001 = 'maria'\nU00000002 = 'bob'\n")

        world.says("maria", "rollback web on production")
        waiting = world.deployment(3).state
        world.says("bob", "approve #3")

        assert waiting is State.WAITING
        assert world.deployment(3).state is State.STARTING
