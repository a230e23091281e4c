"""What is gathered for the gates before a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from bot.core.approvals.model import Approval
from bot.core.deployments.model import Deployment, State
from bot.core.ports.forge_types import Check, EarlierCheck
from bot.services.gate_facts import CommitFacts, commit_facts
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
        self,
        repository: str,
        ref: str,
        sha: str,
        *,
        base: str | None = None,
        thorough: bool = True,
        partial: Callable[[str], bool] = lambda _: False,
    ) -> Sequence[EarlierCheck]:
        self.asked.append((ref, sha, base, thorough))
        return self.names


@dataclass
class History:
    """A forge with the checks of commits; it counts what it is asked."""

    reported: dict[str, list[Check]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reviews: NoRules = field(default_factory=NoRules)
    expected_checks: Before = field(default_factory=Before)

    def checks(self, repository: str, sha: str, *, thorough: bool = False) -> Sequence[Check]:
        self.asked.append(sha)
        return self.reported.get(sha, [])


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


def succeeded(seconds: float = 10, **different: object) -> Deployment:
    ended = {"state": State.SUCCEEDED, "started_at": T0, "finished_at": t(seconds=seconds)}
    return a_deployment(sha=BASE, **ended, **different)


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
