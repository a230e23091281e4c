"""What freezes and windows together keep closed, until when, and whom they let pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.deployments.model import Actor
from bot.core.freezes.model import ClosedBy, Force, Freeze, closed_by
from bot.core.freezes.reasons import closed
from bot.core.freezes.windows import ActiveWindow, Window
from bot.core.gates.environment import freeze
from bot.core.gates.judge import judge
from bot.core.gates.model import Facts
from bot.core.rich_text import plain
from tests.core.gates.rules import App, Environment

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARIA, BOB = Actor("maria", "U1"), Actor("bob", "U2")
WINDOW = ActiveWindow(T0 + timedelta(days=1), Window(True, "0 9 * * *", timedelta(hours=25), "UTC"))


def frozen(by: Actor = MARIA, hours: float | None = 4) -> Freeze:
    return Freeze(1, "web", "production", by, "release", T0, None if hours is None else T0 + timedelta(hours=hours))


def facts(what: ClosedBy | None, force: Force | None = None, *, waits_for_checks: bool = False) -> Facts:
    environment = Environment(required_checks="none")
    return Facts(T0, App(), environment, closed_by=what, force=force, waits_for_checks=waits_for_checks)


def test_a_freeze_whose_time_is_over_closes_nothing() -> None:
    assert closed_by([frozen(hours=0)], None, T0) is None


def test_it_is_over_when_the_last_of_all_is() -> None:
    both = closed_by([frozen(), frozen(BOB, hours=6)], None, T0)
    with_window = closed_by([frozen()], WINDOW, T0)

    assert both is not None
    assert with_window is not None
    assert both.until == T0 + timedelta(hours=6)
    assert with_window.until == T0 + timedelta(days=1)


def test_one_without_an_end_leaves_no_end_in_sight() -> None:
    both = closed_by([frozen(), frozen(BOB, hours=None)], None, T0)

    assert both is not None
    assert both.until is None


@pytest.mark.parametrize(
    ("freezes", "active_window", "force", "passes"),
    [
        ((frozen(),), None, Force(MARIA), True),
        ((frozen(),), None, Force(BOB), False),
        ((frozen(),), None, Force(BOB, admin=True), True),
        ((frozen(), frozen(BOB)), None, Force(MARIA), False),
        ((frozen(),), WINDOW, Force(MARIA), False),
        ((), WINDOW, Force(BOB), False),
        ((), WINDOW, Force(BOB, admin=True), True),
        ((frozen(Actor("octocat", login="octocat")),), None, Force(Actor("octocat", login="octocat")), False),
    ],
)
def test_who_declared_the_freeze_passes_it_and_admins_pass_everything(
    freezes: tuple[Freeze, ...], active_window: ActiveWindow | None, force: Force, passes: bool
) -> None:
    assert ClosedBy(freezes, active_window).lets_pass(force) is passes


def test_a_force_passes_with_a_reason_only() -> None:
    active_window = ClosedBy((frozen(),))
    bare, explained = Force(MARIA, tried=True), Force(MARIA, tried=True, explained=True)

    assert judge(facts(active_window, bare), force=True).closed != ()
    assert judge(facts(active_window, explained), force=True).closed == ()
    assert judge(facts(active_window, explained), force=False).closed != ()


def test_what_may_wait_waits_and_what_may_not_is_closed() -> None:
    active_window = ClosedBy((frozen(),))

    patient, impatient = (
        judge(facts(active_window, waits_for_checks=True), force=False),
        judge(facts(active_window), force=False),
    )

    assert [answer.gate for answer in patient.waits] == ["freeze"]
    assert [answer.gate for answer in impatient.closed] == ["freeze"]
    assert freeze(facts(None)) is None


@pytest.mark.parametrize(
    ("what", "force", "line"),
    [
        (
            ClosedBy((frozen(),)),
            None,
            "production is frozen by maria until Mon 02 Mar 14:00 UTC: release",
        ),
        (
            ClosedBy((frozen(hours=None), frozen(BOB))),
            None,
            "production is frozen by maria until somebody lifts it: release; it is also "
            "frozen by bob until Mon 02 Mar 14:00 UTC: release",
        ),
        (ClosedBy((), WINDOW), None, "production is closed until Tue 03 Mar 10:00 UTC by a window in the settings"),
        (
            ClosedBy((), ActiveWindow(None)),
            None,
            "production is closed, and no end is in sight, outside of the windows in the settings",
        ),
        (
            ClosedBy((frozen(),)),
            Force(BOB, tried=True, explained=True),
            "production is frozen by maria until Mon 02 Mar 14:00 UTC: release; "
            "only maria and admins of the bot may force their way through",
        ),
        (
            ClosedBy((frozen(),)),
            Force(MARIA, tried=True),
            "production is frozen by maria until Mon 02 Mar 14:00 UTC: release; a force through it needs a reason",
        ),
        (
            ClosedBy((), WINDOW),
            Force(BOB, tried=True, explained=True),
            "production is closed until Tue 03 Mar 10:00 UTC by a window in the settings; "
            "only admins of the bot may force their way through a window",
        ),
    ],
)
def test_the_line_says_who_until_when_and_why(what: ClosedBy, force: Force | None, line: str) -> None:
    assert plain(closed("production", what, force)) == line
