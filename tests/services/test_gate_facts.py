"""What is gathered before a decision: checks, how long it usually takes, and what would ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from bot.core.approvals.model import Approval
from bot.core.deployments.model import Changes, Deployment, Shipped, State
from bot.core.errors import NotThere
from bot.core.ports.forge_types import Check, Commit, Comparison, EarlierCheck, PullRequest
from bot.services.gate_facts import LOOKED_UP, CommitFacts, changes, commit_facts, usual_seconds
from bot.services.targets import Target
from bot.settings import Settings, read
from tests.core.deployments.made import BASE, SHA, T0, a_deployment, t

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"

[apps.web.environments.staging]
required_checks = "none"
[apps.web.environments.production]
"""
GREEN = Check("ci/test", "success")


class NoRules:
    """A forge's own rules: there are none."""

    def protection(self, repository: str, environment: str) -> None:
        return None


@dataclass
class Before:
    """What the commits before had, and what the branch requires; it counts what it is asked."""

    names: Sequence[EarlierCheck] = ()
    of_branch: Sequence[str] = ()
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def required(self, repository: str, branch: str) -> Sequence[str]:
        self.asked.append(("required", branch))
        return self.of_branch

    def before(
        self, repository: str, ref: str, sha: str, *, base: str | None = None, thorough: bool = True
    ) -> Sequence[EarlierCheck]:
        self.asked.append((ref, sha, base, thorough))
        return self.names


@dataclass
class History:
    """A forge with commits, their checks and their pull requests; it counts what it is asked."""

    commits: list[Commit] = field(default_factory=list)
    reported: dict[str, list[Check]] = field(default_factory=dict)
    pulls: dict[str, PullRequest] = field(default_factory=dict)
    gone: bool = False
    asked: list[str] = field(default_factory=list)
    reviews: NoRules = field(default_factory=NoRules)
    expected_checks: Before = field(default_factory=Before)

    def checks(self, repository: str, sha: str, *, thorough: bool = False) -> Sequence[Check]:
        self.asked.append(sha)
        return self.reported.get(sha, [])

    def resolve(self, repository: str, ref: str) -> Commit | None:
        return next((one for one in self.commits if one.sha == ref), None)

    def compare(self, repository: str, base: str, head: str) -> Comparison:
        if self.gone:
            raise NotThere("There is no such commit.")
        return Comparison(len(self.commits), 2, tuple(self.commits), "https://x.example/compare")

    def pull_requests_of(self, repository: str, sha: str, *, fresh: bool = True) -> Sequence[PullRequest]:
        self.asked.append(sha)
        return [self.pulls[sha]] if sha in self.pulls else []

    def pull_request(self, repository: str, number: int) -> PullRequest | None:
        return next((one for one in self.pulls.values() if one.number == number), None)


class NoApprovals:
    """Nobody has approved anything."""

    def of(self, deployment_id: int) -> Sequence[Approval]:
        return ()

    def for_same(self, deployment: Deployment, since: datetime) -> Sequence[Approval]:
        return ()


@dataclass
class Past:
    """As much of Reads as it takes: successes, newest first."""

    done: list[Deployment] = field(default_factory=list)
    approvals: NoApprovals = field(default_factory=NoApprovals)

    def last_success(self, app: str, environment: str) -> Deployment | None:
        return self.done[0] if self.done else None

    def successes(self, app: str, environment: str, limit: int) -> Sequence[Deployment]:
        return self.done[:limit]

    def successes_of(self, deployment: Deployment, environment: str) -> Sequence[Deployment]:
        return self.done


@dataclass
class Around:
    """As much of a Context as it takes."""

    forge: History = field(default_factory=History)
    reads: Past = field(default_factory=Past)
    settings: Settings = field(default_factory=lambda: read(SETTINGS, {}))

    def target(self, environment: str = "production") -> Target:
        app = self.settings.apps["web"]
        return Target(app, app.environments[environment])


def commit(n: int, title: str, *parents: str) -> Commit:
    sha = f"{n:040x}"
    return Commit(sha, sha, title, "alice", f"https://x.example/{n}", parents or (f"{n - 1:040x}",))


def pull(number: int, title: str) -> PullRequest:
    return PullRequest(number, title, f"https://x.example/pull/{number}", "bob", "merged", "topic", "", "main")


def succeeded(seconds: float = 10, **different: object) -> Deployment:
    ended = {"state": State.SUCCEEDED, "started_at": T0, "finished_at": t(seconds=seconds)}
    return a_deployment(sha=BASE, **ended, **different)


def shipped(around: Around) -> list[tuple[int | None, str, str]]:
    found = changes(around, around.target(), commit(99, "head"))
    return [(one.number, one.title, one.author) for one in found.shipped]


def test_checks_are_not_asked_for_where_none_are_required() -> None:
    around = Around()

    assert commit_facts(around, around.target("staging"), a_deployment()) == CommitFacts()
    assert around.forge.asked == []


def test_checks_that_are_there_are_all_that_is_asked_for() -> None:
    around = Around(History(reported={SHA: [GREEN]}))

    assert commit_facts(around, around.target(), a_deployment(), waits_for_checks=True) == CommitFacts((GREEN,))
    assert around.forge.asked == [SHA]


def test_nothing_is_asked_about_what_has_been_let_in_there() -> None:
    around = Around(History(reported={SHA: [GREEN]}), Past([succeeded()]))

    assert commit_facts(around, around.target(), a_deployment(rollback_of=7)) == CommitFacts(been_here=True)
    assert around.forge.asked == []


def test_what_was_never_approved_is_asked_about_again_where_approvals_are_wanted_now() -> None:
    around = Around(History(reported={SHA: [GREEN]}), Past([succeeded()]), read(f"{SETTINGS}approvals = 1\n", {}))

    found = commit_facts(around, around.target(), a_deployment(rollback_of=7))

    assert (found.checks, found.been_here) == ((GREEN,), False)


def test_what_other_tools_create_is_asked_about_like_a_command() -> None:
    around = Around(History(reported={SHA: [GREEN]}))

    found = commit_facts(around, around.target(), a_deployment(trigger="foreign"), waits_for_checks=True)

    assert found == CommitFacts((GREEN,))


def test_what_the_commits_before_had_and_the_branch_requires_is_gathered() -> None:
    before = Before((EarlierCheck("lint"),), ("ci/test",))
    around = Around(History(expected_checks=before))

    found = commit_facts(around, around.target(), a_deployment(ref="main"), after="b", waits_for_checks=True)

    assert (found.expected_checks, found.checks_of_branch) == ((EarlierCheck("lint"),), ("ci/test",))
    assert before.asked == [("main", SHA, "b", True), ("required", "main")]


@pytest.mark.parametrize(("reported", "thorough"), [([], False), ([GREEN], True)])
def test_a_command_is_looked_at_thoroughly_where_something_is_reported(reported: list[Check], thorough: bool) -> None:
    before = Before()
    around = Around(History(reported={SHA: reported}, expected_checks=before))

    commit_facts(around, around.target(), a_deployment())

    assert before.asked[0] == ("topic", SHA, None, thorough)


@pytest.mark.parametrize("ref", ["#7", SHA, SHA[:7]])
def test_what_is_no_branch_has_no_rules(ref: str) -> None:
    before = Before(of_branch=("ci/test",))

    found = commit_facts(Around(History(expected_checks=before)), Around().target(), a_deployment(ref=ref))

    assert found.checks_of_branch == ()
    assert len(before.asked) == 1


@pytest.mark.parametrize(
    ("required", "asked"), [('["ci/test"]', 0), ('["test (*)"]', 1), ('["ci/test", "lint?"]', 1), ('"all"', 2)]
)
def test_only_what_the_settings_leave_open_is_asked_for(required: str, asked: int) -> None:
    settings = read(f"{SETTINGS}required_checks = {required}\n", {})
    before = Before()
    around = Around(History(expected_checks=before), settings=settings)

    commit_facts(around, around.target(), a_deployment(), waits_for_checks=True)

    assert len(before.asked) == asked


def test_how_long_it_usually_takes_is_the_median_of_the_last_five() -> None:
    assert usual_seconds(Past([succeeded(10)]), "web", "production") is None
    assert usual_seconds(Past([succeeded(n) for n in (10, 900, 20, 30, 20, 1)]), "web", "production") == 20


def test_a_first_deployment_is_compared_with_nothing() -> None:
    around = Around()

    assert changes(around, around.target(), commit(1, "Begin")) == Changes()


def test_the_same_commit_ships_nothing_and_costs_nothing() -> None:
    around = Around(reads=Past([succeeded()]))

    assert changes(around, around.target(), Commit(BASE, "main", "", "", "")) == Changes(base=BASE)
    assert around.forge.asked == []


def test_a_base_that_is_gone_does_not_hold_the_deployment_up() -> None:
    around = Around(History(gone=True), Past([succeeded()]))

    assert changes(around, around.target(), commit(1, "New")) == Changes(base=BASE)


def test_merge_commits_and_squashed_ones_tell_their_pull_request_without_being_looked_up() -> None:
    merged = commit(3, "Merge pull request #7 from acme/topic", f"{1:040x}", f"{2:040x}")
    squashed = commit(4, "Add filters (#8)")
    around = Around(History([merged, squashed], pulls={"-": pull(7, "Add search")}), Past([succeeded()]))

    assert shipped(around) == [(8, "Add filters (#8)", "alice"), (7, "Add search", "bob")]
    assert around.forge.asked == []


def test_the_commits_of_a_merged_branch_are_not_listed_beside_it() -> None:
    inside = commit(2, "Work on search")
    merged = commit(3, "Merge pull request #7 from acme/topic", f"{1:040x}", inside.sha)
    around = Around(History([inside, merged], pulls={"-": pull(7, "Add search")}), Past([succeeded()]))

    assert shipped(around) == [(7, "Add search", "bob")]


def test_a_commit_of_a_pull_request_is_found_by_asking_and_one_without_stands_alone() -> None:
    rebased, alone = commit(2, "Work on search"), commit(3, "Mend the footer")
    around = Around(History([rebased, alone], pulls={rebased.sha: pull(7, "Add search")}), Past([succeeded()]))

    assert shipped(around) == [(7, "Add search", "bob"), (None, "Mend the footer", "alice")]


def test_only_so_many_commits_are_looked_up() -> None:
    many = [commit(n, f"Step {n}") for n in range(2, 40)]
    around = Around(History(many), Past([succeeded()]))

    assert len(shipped(around)) == len(many)
    assert len(around.forge.asked) == LOOKED_UP


def test_what_is_missing_is_counted_and_the_comparison_is_linked() -> None:
    around = Around(History([commit(2, "Step (#4)")]), Past([succeeded()]))

    found = changes(around, around.target(), commit(99, "head"))

    assert (found.base, found.ahead, found.behind, found.url) == (BASE, 1, 2, "https://x.example/compare")
    assert found.shipped == (Shipped("Step (#4)", "alice", "", number=4),)
