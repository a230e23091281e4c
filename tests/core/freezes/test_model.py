"""What freezes and windows together keep closed, until when, and whom they let pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.deployments.model import By
from bot.core.freezes.model import Closure, Force, Freeze, closure
from bot.core.freezes.reasons import closed
from bot.core.freezes.windows import Shut, Window
from bot.core.gates import Facts, Policy, freeze, judge
from bot.core.rich_text import plain

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARIA, BOB = By("maria", "U1"), By("bob", "U2")
WINDOW = Shut(T0 + timedelta(days=1), Window(True, "0 9 * * *", timedelta(hours=25), "UTC"))


def frozen(by: By = MARIA, hours: float | None = 4) -> Freeze:
    return Freeze(1, "web", "production", by, "release", T0, None if hours is None else T0 + timedelta(hours=hours))


def facts(what: Closure | None, force: Force | None = None, *, patient: bool = False) -> Facts:
    policy = Policy("web", "production", required_checks="none")
    return Facts(T0, policy, closure=what, force=force, patient=patient)


def test_a_freeze_whose_time_is_over_closes_nothing() -> None:
    assert closure([frozen(hours=0)], None, T0) is None


def test_it_is_over_when_the_last_of_all_is() -> None:
    both = closure([frozen(), frozen(BOB, hours=6)], None, T0)
    with_window = closure([frozen()], WINDOW, T0)

    assert both is not None
    assert with_window is not None
    assert both.until == T0 + timedelta(hours=6)
    assert with_window.until == T0 + timedelta(days=1)


def test_one_without_an_end_leaves_no_end_in_sight() -> None:
    both = closure([frozen(), frozen(BOB, hours=None)], None, T0)

    assert both is not None
    assert both.until is None


@pytest.mark.parametrize(
    ("freezes", "shut", "force", "passes"),
    [
        ((frozen(),), None, Force(MARIA), True),
        ((frozen(),), None, Force(BOB), False),
        ((frozen(),), None, Force(BOB, admin=True), True),
        ((frozen(), frozen(BOB)), None, Force(MARIA), False),
        ((frozen(),), WINDOW, Force(MARIA), False),
        ((), WINDOW, Force(BOB), False),
        ((), WINDOW, Force(BOB, admin=True), True),
        ((frozen(By("octocat", login="octocat")),), None, Force(By("octocat", login="octocat")), False),
    ],
)
def test_who_declared_the_freeze_passes_it_and_admins_pass_everything(
    freezes: tuple[Freeze, ...], shut: Shut | None, force: Force, passes: bool
) -> None:
    assert Closure(freezes, shut).lets_pass(force) is passes


def test_a_force_passes_with_a_reason_only() -> None:
    shut = Closure((frozen(),))
    bare, explained = Force(MARIA, tried=True), Force(MARIA, tried=True, explained=True)

    assert judge(facts(shut, bare), force=True).closed != ()
    assert judge(facts(shut, explained), force=True).closed == ()
    assert judge(facts(shut, explained), force=False).closed != ()


def test_what_may_wait_waits_and_what_may_not_is_closed() -> None:
    shut = Closure((frozen(),))

    patient, impatient = judge(facts(shut, patient=True), force=False), judge(facts(shut), force=False)

    assert [answer.gate for answer in patient.waits] == ["freeze"]
    assert [answer.gate for answer in impatient.closed] == ["freeze"]
    assert freeze(facts(None)) is None


@pytest.mark.parametrize(
    ("what", "force", "line"),
    [
        (
            Closure((frozen(),)),
            None,
            "production is frozen by @maria until Mon 02 Mar 14:00 UTC: release",
        ),
        (
            Closure((frozen(hours=None), frozen(BOB))),
            None,
            "production is frozen by @maria until somebody lifts it: release; it is also "
            "frozen by @bob until Mon 02 Mar 14:00 UTC: release",
        ),
        (Closure((), WINDOW), None, "production is closed until Tue 03 Mar 10:00 UTC by a window in the settings"),
        (
            Closure((), Shut(None)),
            None,
            "production is closed, and no end is in sight, outside of the windows in the settings",
        ),
        (
            Closure((frozen(),)),
            Force(BOB, tried=True, explained=True),
            "production is frozen by @maria until Mon 02 Mar 14:00 UTC: release; "
            "only maria and admins of the bot may force their way through",
        ),
        (
            Closure((frozen(),)),
            Force(MARIA, tried=True),
            "production is frozen by @maria until Mon 02 Mar 14:00 UTC: release; a force through it needs a reason",
        ),
        (
            Closure((), WINDOW),
            Force(BOB, tried=True, explained=True),
            "production is closed until Tue 03 Mar 10:00 UTC by a window in the settings; "
            "only admins of the bot may force their way through a window",
        ),
    ],
)
def test_the_line_says_who_until_when_and_why(what: Closure, force: Force | None, line: str) -> None:
    assert plain(closed("production", what, force)) == line
