"""Conversations about what GitHub says of a commit's checks: all that will be, the newest of each, and afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, broadcasts, creations, facts, news, notification, parent, thread, told
from tests.world import REPOSITORY, World
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#web"

[apps.web]
repository = "acme/web"

[apps.web.environments.production]
deploy_on_merge = ["main"]
"""


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[World]:
    """The branch's last commits have had ci/test, lint and license/cla."""
    with open_world(tmp_path, SETTINGS) as world:
        for n in range(3):
            world.github.commit(REPOSITORY, "main", f"Step {n}")
            report(world, "main", "ci/test", "lint", "license/cla")
        yield world


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """Nothing was ever reported."""
    with open_world(tmp_path, SETTINGS) as world:
        yield world


def settings(**more: str) -> str:
    return SETTINGS + "".join(f"{key} = {value}\n" for key, value in more.items())


def report(world: World, ref: str, *names: str, state: str = "success") -> None:
    """A commit status for each, but a check run for ``lint``."""
    for name in names:
        if name == "lint":
            world.github.set_check_run(REPOSITORY, ref, name, state)
        else:
            world.github.set_status(REPOSITORY, ref, name, state)


def merge(world: World, branch: str = "search", title: str = "") -> str:
    world.github.commit(REPOSITORY, branch, title or f"Add {branch}", author="alice")
    number = world.github.open_pull_request(REPOSITORY, branch, author="alice")
    sha = world.github.merge_pull_request(REPOSITORY, number)
    world.settle()
    return sha


def line(world: World, deployment: int = 1) -> str:
    """What it waits for, which checks are still running, and which nobody has reported yet."""
    left = [one for one in facts(world, deployment) if one.startswith(("still running: ", "not reported yet: "))]
    return "; ".join([news(world, deployment), *left])


# --- all that will be -------------------------------------------------------------------------------------------


def test_a_merge_waits_for_every_check_that_the_commits_before_it_had(busy: World) -> None:
    sha = merge(busy)
    report(busy, sha, "license/cla")
    busy.wait(minutes=1)
    early = (line(busy), creations(busy))

    report(busy, sha, "ci/test", state="failure")
    busy.wait(minutes=1)

    assert early == ("waits for 2 of 3 checks; not reported yet: `ci/test`, `lint`", 0)
    assert line(busy) == "`ci/test` failed; not reported yet: `lint`"
    assert thread(busy, 1) == ["❌ `ci/test` failed · not reported yet: `lint`"]
    assert creations(busy) == 0


def test_it_goes_on_when_all_of_them_are_green(busy: World) -> None:
    sha = merge(busy)
    report(busy, sha, "license/cla", "lint", "ci/test")

    busy.wait(seconds=15)

    assert [one.sha for one in busy.github.deployments(REPOSITORY)] == [sha]


@pytest.mark.parametrize("bumps", [1, 2, 4])
def test_commits_without_checks_before_it_hide_nothing(busy: World, bumps: int) -> None:
    for n in range(bumps):
        busy.github.commit(REPOSITORY, "main", f"Bump to {n} [skip ci]")

    merge(busy)
    busy.wait(minutes=2)

    assert (line(busy), creations(busy)) == ("waits for its first check", 0)


@pytest.mark.parametrize("bump", [True, False])
def test_a_branch_of_many_commits_that_is_merged_hides_nothing(busy: World, bump: bool) -> None:
    """More commits than GitHub lists at once stand between the merge and the one before it."""
    if bump:
        busy.github.commit(REPOSITORY, "main", "Bump [skip ci]")
    for n in range(60):
        busy.github.commit(REPOSITORY, "search", f"Step {n}")
    busy.settle()
    busy.restart()

    merge(busy)
    busy.wait(minutes=2)

    assert (line(busy), creations(busy)) == ("waits for its first check", 0)


@pytest.mark.parametrize("count", [12, 25])
def test_of_many_commits_that_are_pushed_at_once_only_the_last_has_checks(busy: World, count: int) -> None:
    for n in range(count):
        busy.github.commit(REPOSITORY, "main", f"Rebased {n}")

    busy.says("maria", "deploy main to production when green")
    busy.wait(minutes=1)
    early = (line(busy), creations(busy))
    report(busy, "main", "ci/test", "lint", "license/cla")
    busy.wait(seconds=15)

    assert early == ("waits for its first check", 0)
    assert creations(busy) == 1


def test_what_is_early_on_many_merges_is_not_all(busy: World) -> None:
    """Each has its first check at once, and the others take longer than the next merges."""
    shas = [merge(busy, f"branch-{n}") for n in range(7)]
    for sha in shas:
        report(busy, sha, "license/cla")
        busy.wait(seconds=20)
    early = creations(busy)
    report(busy, shas[-1], "ci/test", "lint")
    busy.wait(seconds=20)
    another_tool(busy, "success")

    # Those that it went past never get more than their first one.
    report(busy, merge(busy, "later"), "license/cla")
    busy.wait(minutes=2)

    assert early == 0
    assert [one.sha for one in busy.github.deployments(REPOSITORY)] == [shas[-1]]
    assert line(busy, 8) == "waits for 2 of 3 checks; not reported yet: `ci/test`, `lint`"


def test_what_came_of_a_commit_after_it_was_looked_at_is_expected_as_well(busy: World) -> None:
    for n in range(6):
        sha = merge(busy, f"branch-{n}")
        report(busy, sha, "license/cla")
        busy.wait(seconds=5)
    for n in range(6):
        report(busy, busy.deployment(n + 1).sha, "brand-new", "ci/test", "lint")
    busy.wait(seconds=20)
    another_tool(busy, "success")
    another_tool(busy, "success")

    report(busy, merge(busy, "later"), "ci/test", "lint", "license/cla")
    busy.wait(minutes=2)

    assert line(busy, 7) == "waits for 1 of 4 checks; not reported yet: `brand-new`"


def test_a_check_that_was_taken_away_is_let_go_when_it_has_been_forced_often_enough(busy: World) -> None:
    for n in range(5):
        report(busy, merge(busy, f"branch-{n}"), "ci/test", "license/cla")
        busy.says("maria", 'deploy! main to production "lint is gone"')
        another_tool(busy, "success")

    report(busy, merge(busy, "later"), "ci/test", "license/cla")
    busy.wait(seconds=15)

    assert creations(busy) == 6


def test_a_check_that_was_taken_away_is_let_go_when_merges_have_waited_for_an_hour(busy: World) -> None:
    for n in range(5):
        report(busy, merge(busy, f"branch-{n}"), "ci/test", "license/cla")
    busy.wait(hours=1)

    report(busy, merge(busy, "later"), "ci/test", "license/cla")
    busy.wait(seconds=15)

    assert creations(busy) == 1


def test_when_green_waits_alike(busy: World) -> None:
    busy.github.commit(REPOSITORY, "main", "Bump [skip ci]")
    busy.github.commit(REPOSITORY, "main", "Add search")
    report(busy, "main", "license/cla")

    busy.says("maria", "deploy main to production when green")
    busy.wait(minutes=2)

    assert (line(busy), creations(busy)) == ("waits for 2 of 3 checks; not reported yet: `ci/test`, `lint`", 0)


def test_a_command_is_answered_at_once_from_what_is_known(busy: World) -> None:
    busy.github.commit(REPOSITORY, "main", "Add search")
    report(busy, "main", "license/cla")
    busy.says("maria", "deploy main to production")
    report(busy, "main", "ci/test", "lint")

    busy.says("maria", "deploy main to production")

    assert told(busy, "maria")[0].split("\n")[1] == "⏳ Checks are pending: `ci/test`, `lint`"
    assert creations(busy) == 1


def test_a_name_that_has_been_gone_for_long_is_let_go(busy: World) -> None:
    for n in range(5):
        busy.github.commit(REPOSITORY, "main", f"Without lint {n}")
        report(busy, "main", "ci/test")

    report(busy, merge(busy), "ci/test")
    busy.wait(seconds=15)

    assert creations(busy) == 1


def test_a_job_that_needs_another_is_waited_for_before_it_is_born(fresh: World) -> None:
    sha = merge_with_workflow(fresh)
    workflow = fresh.github.start_workflow(REPOSITORY, sha)
    fresh.github.set_check_run(REPOSITORY, sha, "lint", "success", workflow=workflow)
    fresh.wait(minutes=5)
    between = (line(fresh), creations(fresh))
    fresh.github.set_check_run(REPOSITORY, sha, "test", None, workflow=workflow)
    fresh.wait(minutes=5)
    fresh.github.set_check_run(REPOSITORY, sha, "test", "success", workflow=workflow)
    fresh.github.end_workflow(REPOSITORY, workflow)
    fresh.wait(seconds=15)

    assert between == ("waits for the checks of CI", 0)
    assert creations(fresh) == 1


def merge_with_workflow(world: World) -> str:
    """The merge commit has a run that waits for a runner before anything else is known."""
    world.hold_webhooks = True
    sha = merge(world)
    first = world.github.start_workflow(REPOSITORY, sha, "Docs", status="queued")
    world.hold_webhooks = False
    world.settle()
    assert (line(world), creations(world)) == ("waits for the checks of Docs", 0)
    world.github.end_workflow(REPOSITORY, first)
    return sha


def test_where_workflows_may_not_be_read_their_suites_tell(fresh: World) -> None:
    fresh.github.deny(fresh.github.token, "actions")
    sha = fresh.github.commit(REPOSITORY, "main", "Add search")
    workflow = fresh.github.start_workflow(REPOSITORY, sha)
    fresh.github.set_check_run(REPOSITORY, sha, "lint", "success", workflow=workflow)

    fresh.says("maria", "deploy main to production when green")
    fresh.wait(minutes=2)
    before = (line(fresh), creations(fresh))
    fresh.github.end_workflow(REPOSITORY, workflow)
    fresh.wait(minutes=1)

    assert before == ("waits for the checks of `github-actions`", 0)
    assert creations(fresh) == 1


def test_suites_of_apps_that_never_report_hold_nothing_up(fresh: World) -> None:
    fresh.github.add_idle_suite(REPOSITORY, "main", "sleepy")
    report(fresh, "main", "lint")
    fresh.wait(minutes=1)

    fresh.says("maria", "deploy main to production when green")

    assert creations(fresh) == 1


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("how", ["merge", "deploy main to production when green", "deploy main to production"])
def test_what_the_branch_requires_is_waited_for(fresh: World, how: str, classic: bool) -> None:
    fresh.github.require_checks(REPOSITORY, "main", "ci/security", classic=classic)
    if how == "merge":
        merge(fresh)
    else:
        fresh.says("maria", how)
    fresh.wait(minutes=1)
    before = creations(fresh)

    report(fresh, "main", "ci/security")
    fresh.wait(seconds=15)
    if how == "deploy main to production":
        fresh.says("maria", how)

    assert (before, creations(fresh)) == (0, 1)


@pytest.mark.parametrize("status", [403, 404])
def test_whatever_may_not_be_read_is_gone_on_without(fresh: World, status: int) -> None:
    for path in (r"/rules/", r"/branches/", r"/actions/", r"/check-suites", r"/commits$"):
        fresh.github.fail_next("GET", path, status, times=1_000)

    sha = merge(fresh)
    before = creations(fresh)
    report(fresh, sha, "lint")
    fresh.says("maria", f"deploy {sha[:10]} to production")

    assert before == 1
    assert len(parent(fresh, 1)) > 0


def test_where_nothing_was_ever_reported_a_merge_waits_for_nothing(fresh: World) -> None:
    merge(fresh)

    assert creations(fresh) == 1


def test_what_another_branch_had_is_let_go_where_all_runs_of_its_app_have_ended(busy: World) -> None:
    """A workflow that runs on the default branch only is no reason to keep every other branch waiting."""
    main = busy.github.start_workflow(REPOSITORY, "main", "Publish")
    busy.github.set_check_run(REPOSITORY, "main", "publish", "success", workflow=main)
    busy.github.commit(REPOSITORY, "topic", "Add search")
    report(busy, "topic", "ci/test", "license/cla")
    busy.says("maria", "deploy topic to production")
    workflow = busy.github.start_workflow(REPOSITORY, "topic")
    busy.github.set_check_run(REPOSITORY, "topic", "lint", "success", workflow=workflow)
    busy.github.end_workflow(REPOSITORY, workflow)

    busy.says("maria", "deploy topic to production")

    assert told(busy, "maria")[0].split("\n")[1] == "⏳ Checks are pending: `lint`, `publish`"
    assert creations(busy) == 1


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch", "deployment", "release"])
def test_what_did_not_come_with_the_commit_is_not_expected_of_the_next(busy: World, event: str) -> None:
    nightly = busy.github.start_workflow(REPOSITORY, "main", "Nightly", event=event)
    busy.github.set_check_run(REPOSITORY, "main", "nightly", "success", workflow=nightly)
    busy.github.end_workflow(REPOSITORY, nightly)

    report(busy, merge(busy), "ci/test", "lint", "license/cla")
    busy.wait(seconds=15)

    assert creations(busy) == 1


def test_what_dependabot_did_is_not_expected_of_the_next(busy: World) -> None:
    """It runs by its own clock, on whatever commit the default branch has then."""
    of_its_own = {"event": "dynamic", "path": "dynamic/dependabot/dependabot-updates"}
    updates = busy.github.start_workflow(REPOSITORY, "main", "Dependabot Updates", **of_its_own)
    busy.github.set_check_run(REPOSITORY, "main", "Dependabot", "success", workflow=updates)
    busy.github.end_workflow(REPOSITORY, updates)

    report(busy, merge(busy), "ci/test", "lint", "license/cla")
    busy.wait(seconds=15)

    assert creations(busy) == 1


def test_a_name_that_two_apps_report_is_waited_for_from_both(fresh: World) -> None:
    for app in ("circleci", "github-actions"):
        fresh.github.set_check_run(REPOSITORY, "main", "build", app=app)
    report(fresh, "main", "lint")
    sha = merge(fresh)

    report(fresh, sha, "lint")
    fresh.github.set_check_run(REPOSITORY, sha, "build", app="github-actions")
    fresh.wait(minutes=1)
    early = (line(fresh), creations(fresh))
    fresh.github.set_check_run(REPOSITORY, sha, "build", app="circleci")
    fresh.wait(minutes=1)

    assert early == ("waits for 1 of 2 checks; not reported yet: `build`", 0)
    assert creations(fresh) == 1


def test_a_name_that_another_app_reports_from_now_on_is_the_same_check(fresh: World) -> None:
    fresh.github.set_check_run(REPOSITORY, "main", "build", app="circleci")

    fresh.github.set_check_run(REPOSITORY, merge(fresh), "build", app="github-actions")
    fresh.wait(minutes=1)

    assert creations(fresh) == 1


# --- nothing new for a while --------------------------------------------------------------------------------------


def test_a_merge_believes_green_checks_when_nothing_new_has_come_for_a_while(fresh: World) -> None:
    report(fresh, "main", "ci/test")
    sha = merge(fresh)
    report(fresh, sha, "ci/test")
    fresh.wait(seconds=10)
    first = (line(fresh), creations(fresh))
    report(fresh, sha, "ci/new")
    fresh.wait(seconds=14)
    second = (line(fresh), creations(fresh))
    fresh.wait(seconds=1)

    assert first == ("waits a moment: the only check so far is green", 0)
    assert second == ("waits a moment: all 2 checks so far are green", 0)
    assert creations(fresh) == 1
    # The card shows it; what passes by itself nobody is told of.
    assert thread(fresh, 1) == []


def test_a_restart_forgets_no_wait(fresh: World) -> None:
    report(fresh, "main", "ci/test")
    report(fresh, merge(fresh), "ci/test")
    fresh.settle()

    fresh.is_down(seconds=20)

    assert creations(fresh) == 1


def test_nothing_is_delayed_where_the_last_report_is_old(fresh: World) -> None:
    report(fresh, "main", "ci/test")
    fresh.wait(seconds=15)

    fresh.says("maria", "deploy main to production when green")

    assert creations(fresh) == 1


@pytest.mark.parametrize(("settle", "waits"), [('"0s"', 0), ('"2m"', 120)])
def test_the_while_is_a_setting(tmp_path: Path, settle: str, waits: int) -> None:
    with open_world(tmp_path, settings(checks_settle=settle)) as world:
        report(world, "main", "ci/test")
        report(world, merge(world), "ci/test")
        world.wait(seconds=max(waits - 1, 0))
        before = creations(world)

        world.wait(seconds=1)

        assert (before, creations(world)) == (0 if waits else 1, 1)


def test_who_names_each_check_waits_for_no_others(tmp_path: Path) -> None:
    with open_world(tmp_path, settings(required_checks='["ci/test"]')) as world:
        report(world, "main", "ci/test", "lint")
        sha = merge(world)

        report(world, sha, "ci/test")
        world.settle()

        assert creations(world) == 1


# --- the newest of a name -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["failure", "cancelled"])
def test_the_newest_run_counts_although_an_earlier_workflow_run_is_still_listed(fresh: World, first: str) -> None:
    for conclusion in (first, "success"):
        workflow = fresh.github.start_workflow(REPOSITORY, "main")
        fresh.github.set_check_run(REPOSITORY, "main", "test", conclusion, workflow=workflow)
        fresh.github.end_workflow(REPOSITORY, workflow, conclusion)

    fresh.says("maria", "deploy main to production")

    assert creations(fresh) == 1


def test_a_newer_red_run_counts_too(fresh: World) -> None:
    for conclusion in ("success", "failure"):
        workflow = fresh.github.start_workflow(REPOSITORY, "main")
        fresh.github.set_check_run(REPOSITORY, "main", "test", conclusion, workflow=workflow)
        fresh.github.end_workflow(REPOSITORY, workflow, conclusion)

    fresh.says("maria", "deploy main to production")

    assert told(fresh, "maria")[0].split("\n")[1] == "❌ Checks failed: test"


def test_two_workflows_with_a_job_of_one_name_both_count(fresh: World) -> None:
    for name, conclusion in (("CI", "failure"), ("Docs", "success")):
        workflow = fresh.github.start_workflow(REPOSITORY, "main", name)
        fresh.github.set_check_run(REPOSITORY, "main", "build", conclusion, workflow=workflow)
        fresh.github.end_workflow(REPOSITORY, workflow, conclusion)

    fresh.says("maria", "deploy main to production")

    assert creations(fresh) == 0


@pytest.mark.parametrize("event", ["deployment", "deployment_status"])
def test_a_deploy_job_that_failed_does_not_forbid_the_retry(fresh: World, event: str) -> None:
    fresh.says("maria", "deploy main to production")
    workflow = fresh.github.start_workflow(REPOSITORY, "main", "Deploy", event=event)
    fresh.github.set_check_run(REPOSITORY, "main", "deploy", "failure", workflow=workflow)
    fresh.github.end_workflow(REPOSITORY, workflow, "failure")
    another_tool(fresh, "failure")

    fresh.says("maria", "retry")

    assert creations(fresh) == 2
    assert "turned red" not in "".join(thread(fresh, 1))


def test_a_job_that_makes_a_deployment_is_no_check(fresh: World) -> None:
    fresh.says("maria", "deploy main to production")
    made = fresh.github.deployments(REPOSITORY)[0].id
    fresh.github.set_check_run(REPOSITORY, "main", "deploy", "failure", deployment=made)
    another_tool(fresh, "failure")

    fresh.says("maria", "retry")

    assert creations(fresh) == 2


def test_a_job_that_makes_a_deployment_counts_where_it_is_named(tmp_path: Path) -> None:
    with open_world(tmp_path, settings(required_checks='["smoke"]')) as world:
        world.github.create_deployment(REPOSITORY, "main", environment="preview")
        made = world.github.deployments(REPOSITORY)[0].id
        world.github.set_check_run(REPOSITORY, "main", "smoke", "failure", deployment=made)

        world.says("maria", "deploy main to production")

        assert told(world, "maria")[0].split("\n")[1] == "❌ Checks failed: smoke"


def test_ignored_checks_are_neither_waited_for_nor_looked_at(tmp_path: Path) -> None:
    with open_world(tmp_path, settings(ignored_checks='["codecov/*", "lint"]')) as world:
        report(world, "main", "ci/test", "lint", "codecov/patch")
        sha = merge(world)
        report(world, sha, "ci/test")
        world.github.set_status(REPOSITORY, sha, "codecov/project", "failure")

        world.wait(seconds=15)

        assert creations(world) == 1


def test_a_matrix_is_required_by_a_pattern(tmp_path: Path) -> None:
    with open_world(tmp_path, settings(required_checks='["test (*)"]', checks_settle='"0s"')) as world:
        for version in ("3.11", "3.12"):
            world.github.set_check_run(REPOSITORY, "main", f"test ({version})", "success")
        sha = merge(world)
        world.github.set_check_run(REPOSITORY, sha, "test (3.11)", "success")
        world.github.set_check_run(REPOSITORY, sha, "lint", "failure")
        world.settle()
        before = (line(world), creations(world))

        world.github.set_check_run(REPOSITORY, sha, "test (3.12)", "success")
        world.settle()

        assert before == ("waits for 1 of 2 checks; not reported yet: `test (3.12)`", 0)
        assert creations(world) == 1


def test_the_name_of_a_matrix_is_asked_about(tmp_path: Path) -> None:
    with open_world(tmp_path, settings(required_checks='["test"]')) as world:
        world.github.set_check_run(REPOSITORY, "main", "test (3.11)", "success")

        world.says("maria", "deploy main to production")

        assert told(world, "maria")[0].split("\n")[1] == ("⏳ Checks are pending: `test`; did you mean `test (*)`?")


@pytest.mark.parametrize(
    ("required", "reported", "meant"),
    [
        ("test", "test (3.11)", "test (*)"),
        ("Test", "test", "test"),
        ("CI / test (push)", "test", "test"),
        ("test", "build / test", "build / test"),
        ("t\u00e9st", "te\u0301st", "te\u0301st"),
    ],
)
def test_a_required_name_that_never_comes_is_asked_about_when_it_is_told(
    tmp_path: Path, required: str, reported: str, meant: str
) -> None:
    with open_world(tmp_path, settings(required_checks=f'["{required}"]')) as world:
        world.github.set_check_run(REPOSITORY, merge(world), reported, "success")
        world.wait(minutes=10)

        assert missing_message(world) == (
            f"⚠️ {required} has not been reported for this commit after 10 min. Did you mean `{meant}`? Then correct "
            "the name where it is required: in required_checks of settings.toml, or in the branch's rules on GitHub."
        )


def test_a_check_that_was_split_into_a_matrix_is_nobodys_mistake(fresh: World) -> None:
    report(fresh, "main", "test")
    fresh.github.set_check_run(REPOSITORY, merge(fresh), "test (3.11)", "success")
    fresh.wait(minutes=10)

    assert "Did you mean" not in missing_message(fresh)


# --- afterwards ---------------------------------------------------------------------------------------------------


def live(world: World) -> Any:
    """Two commits of main are deployed one after the other; the second is live. The message that asked for it."""
    report(world, "main", "ci/test")
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Add search")
    report(world, "main", "ci/test")
    asked = world.says("maria", "deploy main to production")
    another_tool(world, "success")
    return asked


def test_a_check_that_turns_red_on_what_is_live_is_told_once_with_a_way_back(fresh: World) -> None:
    asked = live(fresh)

    for state in ("failure", "pending", "failure"):
        report(fresh, "main", "ci/test", state=state)
        fresh.settle()
    report(fresh, "main", "e2e", state="error")
    fresh.settle()

    said = [one for one in thread(fresh, 2) if "turned red" in one]
    assert said == [
        "❌ `ci/test` turned red after this went live in production.",
        "❌ `e2e` turned red after this went live in production.",
    ]
    replies = fresh.slack.thread("web", asked.ts)
    labels = [one.labels for one in replies if "turned red" in "".join(one.lines)]
    assert labels == [[f"Roll back to {fresh.deployment(1).sha[:7]}"]] * 2
    assert not any("turned red" in one for one in thread(fresh, 1))


def test_a_check_that_turns_red_on_what_is_running_is_told_without_a_way_back(fresh: World) -> None:
    report(fresh, "main", "ci/test")
    fresh.says("maria", "deploy main to production")

    report(fresh, "main", "ci/test", state="failure")
    fresh.settle()

    assert thread(fresh, 1)[-1] == "❌ `ci/test` turned red while this is being deployed."


def test_what_was_red_when_it_was_forced_is_no_news(fresh: World) -> None:
    report(fresh, "main", "ci/test", state="failure")
    fresh.wait(minutes=1)
    fresh.says("maria", "deploy! main to production")
    fresh.wait(minutes=1)

    report(fresh, "main", "lint", state="failure")
    fresh.settle()

    assert thread(fresh, 1)[-1] == "❌ lint turned red while this is being deployed."


@pytest.mark.parametrize("more", [{"required_checks": '["ci/test"]'}, {"ignored_checks": '["flaky"]'}])
def test_a_check_that_nobody_looks_at_is_no_news_either(tmp_path: Path, more: dict[str, str]) -> None:
    with open_world(tmp_path, settings(**more)) as world:
        live(world)

        report(world, "main", "flaky", state="failure")
        world.settle()

        assert not any("turned red" in one for one in thread(world, 2))


def test_what_is_no_longer_live_is_left_alone(fresh: World) -> None:
    live(fresh)
    first = fresh.deployment(1).sha

    report(fresh, first, "ci/test", state="failure")
    fresh.settle()

    assert not any("turned red" in one for number in (1, 2) for one in thread(fresh, number))


def missing_message(world: World) -> str:
    [message] = [one for one in broadcasts(world, "#web") if "has not been reported" in one or "have not" in one]
    return message


def test_a_check_that_will_not_come_is_said_once_with_a_way_on(busy: World) -> None:
    merge(busy, title="Mend a word [skip ci]")
    busy.wait(minutes=9)
    early = broadcasts(busy, "#web")

    busy.wait(minutes=20)

    assert early == []
    assert missing_message(busy) == (
        "⚠️ ci/test, license/cla and lint have not been reported for this commit after 10 min. That may stay so: if its "
        "message says [skip ci], if workflows leave out the files that it changes, or if a check was renamed or taken "
        "away. If not, it goes on by itself."
    )


def test_deploying_without_checks_goes_on_and_takes_the_place_of_what_waits(busy: World) -> None:
    sha = merge(busy)
    busy.wait(minutes=10)
    [offer] = [one for one in busy.slack.messages("web") if "Deploy without checks" in one.labels]

    busy.presses("maria", offer, "Deploy without checks")

    assert [one.sha for one in busy.github.deployments(REPOSITORY)] == [sha]
    assert line(busy, 1) == "is part of #2"
    assert notification(busy, 1) == (
        f"Deploying main@{sha[:7]} of web to production is off. "
        "Superseded by #2, which deploys the same commit by force."
    )
    assert busy.deployment(2).force


def test_deploying_without_checks_asks_for_a_reason_where_a_force_needs_one(tmp_path: Path) -> None:
    with open_world(tmp_path, settings(force_needs_reason="true", checks_missing_after='"1m"')) as world:
        report(world, "main", "ci/test")
        merge(world)
        world.wait(minutes=1)
        [offer] = [one for one in world.slack.messages("web") if "Deploy without checks" in one.labels]

        world.opens_form("maria", offer, "Deploy without checks")
        form = world.slack.modal("maria")
        asked = [block for block in form.blocks if block["type"] == "input"] if form else []
        before = creations(world)
        world.slack.submits("maria", why="ci is down, and the pager is on fire")
        world.settle()

        assert [(block["label"]["text"], block["optional"]) for block in asked] == [("Why?", False)]
        assert before == 0
        assert world.deployment(2).force_reason == "ci is down, and the pager is on fire"


def test_nothing_is_missed_while_a_run_may_still_report_it(fresh: World) -> None:
    report(fresh, "main", "ci/test")
    sha = merge(fresh)
    workflow = fresh.github.start_workflow(REPOSITORY, sha)
    fresh.wait(minutes=30)
    before = broadcasts(fresh, "#web")

    fresh.github.end_workflow(REPOSITORY, workflow)
    fresh.wait(minutes=1)

    assert before == []
    assert "ci/test has not been reported" in missing_message(fresh)


def test_another_commit_or_place_supersedes_nothing(busy: World) -> None:
    merge(busy)

    busy.says("maria", "deploy! main~ to production")
    busy.github.commit(REPOSITORY, "topic", "Something else")
    busy.says("maria", "deploy! topic to production")

    assert busy.deployment(1).state == "waiting"


# --- what it costs --------------------------------------------------------------------------------------------------


def test_a_command_in_a_repository_without_checks_costs_little(fresh: World) -> None:
    """Before anything was expected of a commit it took eight requests, and five where GitHub's last answers counted.

    One of them asks whether a tag has the branch's name.
    """
    fresh.github.commit(REPOSITORY, "topic", "Add search")
    costs = []
    for _ in range(2):
        asked = len(fresh.github.requests)
        fresh.says("maria", "deploy topic to production")
        costs.append(len(fresh.github.requests) - asked)
        another_tool(fresh, "success")

    assert costs[0] <= 8 + 2
    assert costs[1] <= 5


def test_another_merge_asks_only_for_what_is_new(busy: World) -> None:
    report(busy, merge(busy), "ci/test", "lint", "license/cla")
    busy.wait(seconds=15)
    another_tool(busy, "success")
    asked = len(busy.github.requests)

    merge(busy, "filters")

    old = [one.path for one in busy.github.requests[asked:] if "/commits/" in one.path]
    assert len({path.split("/")[5] for path in old}) == 2
