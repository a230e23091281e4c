"""Which checks a commit will have: told by its branch's rules and by the commits before it, for few requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.expected_checks import ENOUGH, LOOKED_BACK
from bot.core.errors import Unavailable
from bot.core.ports.forge_types import Check
from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def commits(github: Pair, *reported: str, branch: str = "main") -> str:
    """A commit for each, with these statuses; returns one more that has nothing yet."""
    for names in reported:
        github.server.commit(REPO, branch, names or "Bump [skip ci]")
        for name in names.split():
            github.server.set_status(REPO, branch, name, "success")
    return github.server.commit(REPO, branch, "New")


def before(github: Pair, sha: str, ref: str = "main", **how: object) -> list[str]:
    return sorted(one.name for one in github.client.expected_checks.before(REPO, ref, sha, **how))


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (["ci lint"], ["ci", "lint"]),
        (["ci", "lint"], ["ci", "lint"]),
        (["ci", "", "", "lint", ""], ["ci", "lint"]),
        (["old", *["ci"] * ENOUGH], ["ci"]),
        (["old", *["ci"] * (ENOUGH - 1)], ["ci", "old"]),
        (["ci", *[""] * (LOOKED_BACK - 1)], ["ci"]),
        (["ci", *[""] * LOOKED_BACK], []),
        ([""], []),
    ],
)
def test_the_last_commits_that_had_checks_tell(github: Pair, reported: list[str], expected: list[str]) -> None:
    sha = commits(github, *reported)

    assert before(github, sha) == expected


def test_where_a_list_ends_another_one_is_asked_for(github: Pair) -> None:
    """What a merge brought in may be more than is listed at once."""
    commits(github, "ci", "")
    for n in range(60):
        github.server.commit(REPO, "topic", f"Step {n}")
    sha = github.server.merge_pull_request(REPO, github.server.open_pull_request(REPO, "topic"))

    assert before(github, sha) == ["ci"]
    assert github.asked().count("/commits") == 2


def test_what_is_partial_is_no_proof_that_a_name_is_gone(github: Pair) -> None:
    sha = commits(github, "old", *["ci"] * (ENOUGH + 1))
    first = github.server.repository(REPO).commits[sha].parents[0]

    assert before(github, sha) == ["ci"]
    assert before(github, sha, partial=lambda commit: commit == first) == ["ci"]
    assert before(github, sha, partial=lambda _: True) == ["ci", "old"]


@pytest.mark.parametrize(("minutes", "found"), [(59, ["ci", "late"]), (60, ["ci"])])
def test_a_commit_is_believed_to_have_all_when_nothing_came_for_an_hour(
    github: Pair, minutes: int, found: list[str]
) -> None:
    sha = commits(github, "ci")
    github.clock.tick(minutes=minutes)
    before(github, sha)
    github.server.set_status(REPO, github.server.repository(REPO).commits[sha].parents[0], "late", "success")
    github.clock.tick(minutes=10)

    assert before(github, sha) == found


def test_what_is_seen_of_a_commit_itself_is_expected_of_the_next(github: Pair) -> None:
    sha = commits(github, "ci")
    parent = github.server.repository(REPO).commits[sha].parents[0]
    before(github, sha)
    github.server.set_status(REPO, parent, "late", "success")
    github.client.checks(REPO, parent)

    assert before(github, sha) == ["ci", "late"]


def test_only_first_parents_are_looked_at(github: Pair) -> None:
    commits(github, "ci")
    commits(github, "only-here", branch="topic")
    number = github.server.open_pull_request(REPO, "topic")
    sha = github.server.merge_pull_request(REPO, number)

    assert before(github, sha) == ["ci"]


def test_what_the_branch_itself_had_counts_and_else_what_the_default_branch_had(github: Pair) -> None:
    commits(github, "ci publish")
    github.server.set_status(REPO, "main", "ci", "success")
    first = github.server.commit(REPO, "topic", "One")
    of_others = github.client.expected_checks.before(REPO, "topic", first)
    github.server.set_status(REPO, "topic", "ci", "success")
    second = github.server.commit(REPO, "topic", "Two")
    own = github.client.expected_checks.before(REPO, "topic", second)

    assert {(one.name, one.same_branch) for one in of_others} == {("ci", False), ("publish", False)}
    assert [(one.name, one.same_branch) for one in own] == [("ci", True)]


def test_a_commit_of_the_default_branch_is_of_it_by_whatever_name(github: Pair) -> None:
    commits(github, "ci")
    middle = github.server.repository(REPO).branches["main"]
    github.server.commit(REPO, "main", "Later")

    found = github.client.expected_checks.before(REPO, middle[:7], middle)

    assert [(one.name, one.same_branch) for one in found] == [("ci", True)]


def test_a_merge_that_is_not_listed_yet_is_told_by_its_base(github: Pair) -> None:
    commits(github, "ci")
    base = github.server.repository(REPO).branches["main"]

    assert before(github, "f" * 40, base=base) == ["ci"]
    assert before(github, "f" * 40) == []


def test_what_was_asked_once_is_not_asked_again(github: Pair) -> None:
    sha = commits(github, "ci", "lint")
    before(github, sha)
    asked = len(github.server.requests)
    github.clock.tick(minutes=5)

    before(github, sha)

    assert len(github.server.requests) == asked


def test_what_is_still_going_on_is_looked_at_again_soon(github: Pair) -> None:
    sha = commits(github, "ci")
    parent = github.server.repository(REPO).commits[sha].parents[0]
    github.server.set_status(REPO, parent, "slow", "pending")
    before(github, sha)
    github.server.set_status(REPO, parent, "slower", "pending")
    github.clock.tick(minutes=10)

    assert before(github, sha) == ["ci", "slow", "slower"]


def test_a_hasty_question_in_a_repository_without_checks_takes_two_requests(github: Pair) -> None:
    sha = commits(github, "", "")
    github.client.resolve(REPO, "main")
    asked = len(github.asked())

    assert before(github, sha, thorough=False) == []
    assert len(github.asked()) == asked + 2


def test_a_hasty_question_is_answered_well_where_checks_are_known(github: Pair) -> None:
    sha = commits(github, "ci", "")
    github.client.resolve(REPO, "main")
    github.client.checks(REPO, github.server.repository(REPO).commits[sha].parents[0])
    ignorant = before(github, sha, thorough=False)
    first = github.server.repository(REPO).commits[github.server.repository(REPO).commits[sha].parents[0]].parents[0]
    github.client.checks(REPO, first)

    assert (ignorant, before(github, sha, thorough=False)) == ([], ["ci"])


def test_rules_and_protection_together_tell_what_a_branch_requires(github: Pair) -> None:
    github.server.require_checks(REPO, "main", "ci", "lint")
    github.server.require_checks(REPO, "main", "lint", "cla", classic=True)

    assert github.client.expected_checks.required(REPO, "main") == ("ci", "lint", "cla")
    assert github.client.expected_checks.required(REPO, "topic") == ()


def test_a_tag_costs_no_question_about_rules(github: Pair) -> None:
    github.server.tag(REPO, "v1")
    github.client.resolve(REPO, "v1")
    asked = len(github.asked())

    assert github.client.expected_checks.required(REPO, "v1") == ()
    assert len(github.asked()) == asked


def test_a_branch_that_is_new_has_its_rules_at_once(github: Pair) -> None:
    github.server.require_checks(REPO, "topic", "ci")
    github.client.resolve(REPO, "topic")
    before_it_was_there = github.client.expected_checks.required(REPO, "topic")
    github.server.branch(REPO, "topic")
    github.client.resolve(REPO, "topic")

    assert (before_it_was_there, github.client.expected_checks.required(REPO, "topic")) == ((), ("ci",))


def test_what_is_required_is_remembered_for_minutes(github: Pair) -> None:
    github.client.expected_checks.required(REPO, "main")
    github.server.require_checks(REPO, "main", "ci")
    still = github.client.expected_checks.required(REPO, "main")
    github.clock.tick(minutes=10)

    assert (still, github.client.expected_checks.required(REPO, "main")) == ((), ("ci",))


@pytest.mark.parametrize(
    "body",
    [
        [{"type": "required_status_checks", "parameters": {"required_status_checks": 7}}],
        [{"type": "required_status_checks"}, {"type": "something_new", "parameters": ["a", "list"]}],
        [],
    ],
)
def test_rules_of_another_shape_require_nothing(github: Pair, body: object) -> None:
    github.server.fail_next("GET", "/rules/", 200, body=body)

    assert github.client.expected_checks.required(REPO, "main") == ()


@pytest.mark.parametrize("status", [403, 404, 422])
def test_what_may_not_be_read_requires_and_tells_nothing(github: Pair, status: int) -> None:
    sha = commits(github, "ci")
    for path in ("/rules/", "/branches/", "/commits$"):
        github.server.fail_next("GET", path, status, times=9)

    assert github.client.expected_checks.required(REPO, "main") == ()
    assert before(github, sha) == []


def test_an_outage_is_no_permission_that_lacks(github: Pair) -> None:
    github.server.fail_next("GET", "/rules/", 503, times=9)

    with pytest.raises(Unavailable):
        github.client.expected_checks.required(REPO, "main")


# --- what was asked anyway ------------------------------------------------------------------------------------------


def look(github: Pair, sha: str) -> list[str]:
    """As before a deployment of it: at what it has, and at what is expected of it."""
    github.client.checks(REPO, sha)
    return before(github, sha)


def of_a_commit(github: Pair, sha: str) -> int:
    return sum(path.startswith(f"/commits/{sha}/") for path in github.asked())


def test_a_commit_that_was_looked_at_when_all_had_come_is_not_asked_when_the_next_one_is(github: Pair) -> None:
    commits(github, "ci lint")
    sha = commits(github, "ci lint")
    parent = github.server.repository(REPO).commits[sha].parents[0]
    github.clock.tick(minutes=2)
    look(github, parent)
    asked = of_a_commit(github, parent)

    assert look(github, sha) == ["ci", "lint"]
    assert of_a_commit(github, parent) == asked


@pytest.mark.parametrize("why", ["too soon", "still going on", "something lacks"])
def test_a_commit_that_was_looked_at_too_early_is_asked_again(github: Pair, why: str) -> None:
    commits(github, "ci lint")
    sha = commits(github, "ci" if why == "something lacks" else "ci lint")
    parent = github.server.repository(REPO).commits[sha].parents[0]
    if why == "still going on":
        github.server.set_status(REPO, parent, "lint", "pending")
    if why != "too soon":
        github.clock.tick(minutes=2)
    look(github, parent)
    github.server.set_status(REPO, parent, "new", "success")

    assert look(github, sha) == ["ci", "lint", "new"]


def test_what_was_first_of_its_kind_is_asked_again_after_half_an_hour(github: Pair) -> None:
    sha = commits(github, "ci")
    parent = github.server.repository(REPO).commits[sha].parents[0]
    github.clock.tick(minutes=2)
    look(github, parent)
    github.server.set_status(REPO, parent, "new", "success")
    soon = before(github, sha)
    github.clock.tick(minutes=30)

    assert (soon, before(github, sha)) == (["ci"], ["ci", "new"])


def test_who_asks_thoroughly_is_not_told_that_nothing_was_there(github: Pair) -> None:
    sha = commits(github, "")
    parent = github.server.repository(REPO).commits[sha].parents[0]
    github.client.resolve(REPO, "main")
    github.client.checks(REPO, parent)
    asked = len(github.asked())
    hasty = before(github, sha, thorough=False)
    costs = len(github.asked()) - asked
    github.server.set_status(REPO, parent, "ci", "success")

    assert (hasty, costs) == ([], 0)
    assert before(github, sha) == ["ci"]


def test_a_list_of_the_default_branch_is_not_asked_for_where_all_is_known(github: Pair) -> None:
    commits(github, "ci")
    commits(github, "ci", branch="topic")
    first = github.server.repository(REPO).branches["topic"]
    github.client.resolve(REPO, "topic")
    before(github, first, "topic")
    github.client.holds(REPO, "main", github.server.repository(REPO).commits[first].parents[0])
    sha = github.server.commit(REPO, "topic", "Newer")
    github.client.resolve(REPO, "topic")
    github.clock.tick(minutes=10)
    asked = github.asked().count("/commits")

    assert before(github, sha, "topic") == ["ci"]
    assert github.asked().count("/commits") == asked


# --- the runs behind what is reported -----------------------------------------------------------------------------


def test_runs_are_told_as_runs(github: Pair) -> None:
    ended = github.server.start_workflow(REPO, "main", "Docs")
    github.server.set_check_run(REPO, "main", "spelling", "success", workflow=ended)
    github.server.end_workflow(REPO, ended)
    open_ = github.server.start_workflow(REPO, "main", "CI")
    github.server.set_check_run(REPO, "main", "lint", "success", workflow=open_)
    github.server.set_check_run(REPO, "main", "circle", "success", app="circleci")
    sha = github.server.repository(REPO).branches["main"]

    found = {(one.kind, one.name): one.state for one in github.client.checks(REPO, sha)}

    assert found == {
        ("check", "spelling"): "success",
        ("check", "lint"): "success",
        ("check", "circle"): "success",
        ("run", "Docs"): "success",
        ("run", "CI"): "pending",
    }


def test_a_run_with_a_job_on_its_way_says_no_more_than_the_job(github: Pair) -> None:
    run = github.server.start_workflow(REPO, "main", "CI")
    github.server.set_check_run(REPO, "main", "lint", None, workflow=run)
    sha = github.server.repository(REPO).branches["main"]

    found = [(one.kind, one.name, one.state) for one in github.client.checks(REPO, sha)]

    assert found == [("check", "lint", "pending"), ("run", "CI", "success")]


def test_a_commit_without_checks_costs_no_look_at_runs_unless_it_is_thorough(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.start_workflow(REPO, "main", "CI", status="queued")

    hasty = github.client.checks(REPO, sha)
    asked = len(github.asked())
    thorough = github.client.checks(REPO, sha, thorough=True)

    assert (hasty, asked) == ((), 2)
    assert thorough == (Check("CI", "pending", thorough[0].url, kind="run"),)


def test_all_pages_are_read(github: Pair) -> None:
    for n in range(1_001):
        github.server.set_check_run(REPO, "main", f"test ({n})", "success" if n else "failure")
    sha = github.server.repository(REPO).branches["main"]

    found = github.client.checks(REPO, sha)

    assert [one.name for one in found if one.state == "failure"] == ["test (0)"]


def test_runs_are_asked_for_before_their_jobs(github: Pair) -> None:
    """A run that has ended by then has no job that is born between the two questions."""
    github.client.checks(REPO, github.server.repository(REPO).branches["main"], thorough=True)

    paths = [path.rpartition("/")[2] for path in github.asked()]
    assert paths.index("runs") < paths.index("check-runs")


def test_what_may_not_be_read_is_not_asked_for_each_time(github: Pair) -> None:
    github.server.deny(github.server.token, "actions")
    github.server.set_check_run(REPO, "main", "lint", "success")
    sha = github.server.repository(REPO).branches["main"]
    for _ in range(3):
        github.client.checks(REPO, sha)
    github.clock.tick(minutes=10)
    github.client.checks(REPO, sha)

    assert github.asked().count("/actions/runs") == 2


def ended(github: Pair) -> str:
    """A commit whose workflow has run, and was looked at."""
    run = github.server.start_workflow(REPO, "main", "CI")
    github.server.set_check_run(REPO, "main", "lint", "success", workflow=run)
    github.server.end_workflow(REPO, run)
    sha = github.server.repository(REPO).branches["main"]
    github.client.checks(REPO, sha)
    return sha


def test_runs_that_had_ended_are_not_asked_for_while_nothing_changes(github: Pair) -> None:
    sha = ended(github)
    first = github.client.checks(REPO, sha)
    asked = len(github.asked())

    assert github.client.checks(REPO, sha) == first
    assert len(github.asked()) == asked + 2


@pytest.mark.parametrize("how", ["a new job", "time", "thorough"])
def test_runs_are_asked_for_where_something_may_have_changed(github: Pair, how: str) -> None:
    sha = ended(github)
    run = github.server.start_workflow(REPO, sha, "Docs")
    if how == "a new job":
        github.server.set_check_run(REPO, sha, "spelling", "success", workflow=run)
    if how == "time":
        github.clock.tick(minutes=10)

    found = github.client.checks(REPO, sha, thorough=how == "thorough")

    assert {one.name for one in found if one.state == "pending"} == {"Docs"}


def test_runs_that_go_on_are_asked_for_each_time(github: Pair) -> None:
    run = github.server.start_workflow(REPO, "main", "CI")
    github.server.set_check_run(REPO, "main", "lint", "success", workflow=run)
    sha = github.server.repository(REPO).branches["main"]
    before_ = [one.state for one in github.client.checks(REPO, sha)]
    github.server.end_workflow(REPO, run)

    assert before_ == ["success", "pending"]
    assert [one.state for one in github.client.checks(REPO, sha)] == ["success", "success"]
