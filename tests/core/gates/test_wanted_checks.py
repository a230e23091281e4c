"""Which checks an environment wants: by name, by pattern, and all that will be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.deployments.model import State, Waiting
from bot.core.gates.checks import checks
from bot.core.gates.model import Answer, Facts
from bot.core.gates.wanted_checks import Required, matches, wanted_checks
from bot.core.ports.forge_types import Check, EarlierCheck
from bot.core.rich_text import plain
from tests.core.deployments.made import T0, a_deployment, t
from tests.core.gates.rules import App, Environment

REPORTED = (
    Check("ci/test", "success", at=T0),
    Check("test (3.11)", "success", app="github-actions"),
    Check("test [3.12]", "failure"),
    Check("deploy", "failure", kind="deployment"),
)


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("test (3.11)", "test (*)", True),
        ("test", "test (*)", False),
        ("Test (3.11)", "test (*)", False),
        ("test [3.11]", "test [3.11]", True),
        ("test 3", "test [3.11]", False),
        ("test [3.11]", "test [*]", True),
        ("test [!a]", "test [!a]", True),
        ("a*b", "a*b", True),
        ("codecov/patch/deep", "codecov/*", True),
        ("lint1", "lint?", True),
    ],
)
def test_stars_and_question_marks_are_wildcards_and_brackets_are_not(name: str, pattern: str, fits: bool) -> None:
    assert matches(name, pattern) is fits


@pytest.mark.parametrize(
    ("required", "ignored", "there", "missing"),
    [
        ("all", (), ["ci/test", "test (3.11)", "test [3.12]"], ["lint", "security"]),
        ("all", ("test*", "lint"), ["ci/test"], ["security"]),
        ("all", ("*",), [], []),
        (("ci/*",), (), ["ci/test"], []),
        (("ci/*", "li*"), (), ["ci/test"], ["lint"]),
        (("e2e (*)",), (), [], ["e2e (*)"]),
        (("test (*)", "test (*)"), (), ["test (3.11)"], []),
        (("ci/test",), ("ci/*",), ["ci/test"], []),
        (("deploy",), (), ["deploy"], []),
        (("dep*",), (), [], ["dep*"]),
    ],
)
def test_what_is_wanted(required: Required, ignored: tuple[str, ...], there: list[str], missing: list[str]) -> None:
    found = wanted_checks(required, ignored, REPORTED, (EarlierCheck("lint"),), ("security",))

    assert [check.name for check in found.reported] == there
    assert list(found.missing) == missing


def test_a_part_of_a_deployment_is_wanted_where_the_branch_requires_it() -> None:
    found = wanted_checks("all", (), REPORTED, (), ("deploy",))

    assert "deploy" in [check.name for check in found.reported]


def test_other_branches_names_are_let_go_only_of_apps_that_have_ended() -> None:
    earlier = (
        EarlierCheck("publish", "github-actions", same_branch=False),
        EarlierCheck("docs", "github-actions", same_branch=True),
        EarlierCheck("jenkins", "", same_branch=False),
    )
    ended = Check("CI", "success", app="github-actions", kind="run")
    going_on = Check("Slow", "pending", app="github-actions", kind="run")

    assert wanted_checks("all", (), [ended], earlier).missing == ("docs", "jenkins")
    assert wanted_checks("all", (), [ended, going_on], earlier).missing == ("docs", "jenkins", "publish")
    assert wanted_checks("all", (), [], earlier).missing == ("docs", "jenkins", "publish")


# --- when time alone changes the answer ------------------------------------------------------------------------------


def answer(reported: tuple[Check, ...], **known: object) -> Answer:
    environment = Environment(required_checks=known.pop("required", "all"))
    patient = {"waits_for_checks": True, "checks_settle": timedelta(seconds=15), "checks": reported}
    late = {"checks_missing_after": timedelta(minutes=10)}
    found = checks(Facts(known.pop("now", T0), App(), environment, **patient, **late, **known))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("at", "now", "until"),
    [
        (T0, T0, t(seconds=15)),
        (T0, t(seconds=14), t(seconds=15)),
        (T0, t(seconds=15), None),
        (t(seconds=2), T0, t(seconds=17)),  # GitHub's clock is ahead
        (t(hours=1), T0, t(seconds=15)),  # and wrong
        (None, T0, None),
    ],
)
def test_green_checks_settle(at: object, now: object, until: object) -> None:
    found = answer((Check("ci", "success", at=at),), now=now)

    assert (found.look_again_at, found.settling, found.open) == (until, until is not None, until is None)


def test_a_clock_that_is_wrong_makes_nobody_wait_for_ever() -> None:
    green = (Check("ci", "success", at=t(hours=1)),)

    assert answer(green, now=t(seconds=15), wanted=waiting()).open
    assert answer(green, now=t(minutes=10), wanted=waiting(), expected_checks=(EarlierCheck("lint"),)).missed == (
        "lint",
    )


def test_a_pattern_settles_and_names_do_not() -> None:
    green = (Check("ci", "success", at=T0),)

    assert answer(green, required=("c*",)).settling
    assert answer(green, required=("ci",)).open


def waiting(**since: object) -> object:
    return a_deployment(state=State.WAITING, waits_for=Waiting.CHECKS, waits_since=T0, **since)


@pytest.mark.parametrize(
    ("reported", "now", "due", "missed"),
    [
        ((), T0, t(minutes=10), ()),
        ((), t(minutes=10), None, ("ci",)),
        ((Check("lint", "success", at=t(minutes=5)),), t(minutes=10), t(minutes=15), ()),
        ((Check("lint", "success", at=t(minutes=5)),), t(minutes=15), None, ("ci",)),
        ((Check("CI", "pending", kind="run"),), t(minutes=60), None, ()),
        ((Check("lint", "failure"),), t(minutes=60), None, ()),
    ],
)
def test_what_never_comes_is_missed_after_a_while(
    reported: tuple[Check, ...], now: object, due: object, missed: tuple[str, ...]
) -> None:
    found = answer(reported, now=now, wanted=waiting(), expected_checks=(EarlierCheck("ci"),))

    assert (found.look_again_at, found.missed) == (due, missed)
    assert not found.open


def test_who_is_answered_at_once_misses_and_awaits_nothing() -> None:
    found = checks(Facts(T0, App(), Environment(), checks=(), expected_checks=(EarlierCheck("ci"),)))

    assert found is not None
    assert (found.look_again_at, found.missed) == (None, ())
    assert plain(found.line) == "No check has been reported for this commit yet"
