"""The health check: how long it must hold, what it says, and how it ends early."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from bot.adapters.probe import Answer
from bot.core.errors import Rejected, Unavailable
from bot.core.ports.provider import Outcome
from bot.runtime import plans
from bot.runtime.health import HealthStage
from bot.runtime.plans import Plan
from tests.patience import PATIENCE
from tests.providers.test_stages import Model, carried_out, shown

URL = "https://web.example.com/up?token=s3cret"
SHOWN = "https://web.example.com/up"
DOWN = Unavailable("cannot be reached: Connection refused")


def check(
    *answers: int | Exception, hold: float = 20, every: float = 5, expect: tuple[int, ...] = (200,)
) -> HealthStage:
    """One that is given these answers one after another, the last of them for ever."""
    left = list(answers)

    def ask(url: str, *, private: bool) -> Answer:
        assert (url, private) == (URL, False)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer)

    return HealthStage(URL, expect, hold, every, ask=ask)


def test_it_must_hold_for_its_whole_time(run_with) -> None:
    run = run_with(None)
    begun = run.clock.at

    outcome = check(200).follow(run, "")

    assert outcome == Outcome("succeeded", f"{SHOWN} answered 200")
    assert (run.clock.at - begun).total_seconds() == 20
    assert run.lines == [f"{SHOWN} answered 200"]
    assert [progress.description for progress in run.told] == ["20 %", "40 %", "60 %", "80 %"]


def test_what_comes_up_late_and_breaks_once_has_time_to_hold(run_with) -> None:
    run = run_with(None)
    begun = run.clock.at

    outcome = check(DOWN, 503, 200, 200, 503, 200).follow(run, "")

    assert outcome.result == "succeeded"
    assert (run.clock.at - begun).total_seconds() == 45
    assert run.lines == [
        f"{SHOWN} cannot be reached: Connection refused",
        *[f"{SHOWN} answered {status}" for status in (503, 200, 503, 200)],
    ]


@pytest.mark.parametrize(
    ("answers", "description"),
    [
        ([503], f"{SHOWN} answered 503"),
        ([200, 200, 200, DOWN], f"{SHOWN} cannot be reached: Connection refused"),
        ([Rejected("stands for 10.0.0.1")], f"{SHOWN} stands for 10.0.0.1"),
        ([200, 200, 200, 200, 302] * 9, f"{SHOWN} answered 302"),
    ],
)
def test_it_fails_as_soon_as_it_cannot_hold_any_more(run_with, answers, description) -> None:
    run = run_with(None)
    begun = run.clock.at

    assert check(*answers).follow(run, "") == Outcome("failed", description)
    assert 40 <= (run.clock.at - begun).total_seconds() <= 60


def test_one_answer_is_enough_where_it_need_not_hold(run_with) -> None:
    run = run_with(None)
    begun = run.clock.at

    assert check(200, hold=0).follow(run, "").result == "succeeded"
    assert check(500, hold=0).follow(run, "") == Outcome("failed", f"{SHOWN} answered 500")
    assert run.clock.at == begun


def test_other_answers_can_be_what_is_expected(run_with) -> None:
    assert check(302, hold=0, expect=(204, 302)).follow(run_with(None), "").result == "succeeded"
    assert check(200, hold=0, expect=(204, 302)).follow(run_with(None), "") == Outcome(
        "failed", f"{SHOWN} answered 200 (not 204 or 302)"
    )


@pytest.mark.parametrize(
    ("stop", "outcome"),
    [
        ("cancel", Outcome("cancelled", "Cancelled")),
        ("run_out_of_time", Outcome("timed_out", f"the time was up before it held; {SHOWN} answered 503")),
    ],
)
def test_it_is_stopped_between_two_looks(run_with, stop, outcome) -> None:
    run = run_with(None)
    run.on_pause = getattr(run, stop)
    begun = run.clock.at

    assert check(503, every=60, hold=600).follow(run, "") == outcome
    assert (run.clock.at - begun).total_seconds() == 1


@pytest.mark.parametrize(
    ("stop", "outcome"),
    [
        ("cancel", Outcome("cancelled", "Cancelled")),
        ("run_out_of_time", Outcome("timed_out", "the time was up before it held")),
    ],
)
def test_a_site_that_says_nothing_keeps_nobody_from_stopping_it(run_with, stop, outcome) -> None:
    run, over = run_with(None), Event()

    def ask(_url: str, *, private: bool) -> Answer:
        getattr(run, stop)()
        over.wait(PATIENCE)
        raise Unavailable(f"private is {private}")

    assert HealthStage(URL, (200,), 20, 5, ask=ask).follow(run, "") == outcome
    over.set()


def carried_out_with(run: Any, provider: Model, health: HealthStage) -> Outcome:
    stages = plans.work(Plan(health=health), provider, lambda _: None)
    return stages.follow(run, stages.start(run))


def test_it_is_the_last_step_and_names_itself_where_it_fails(run_with) -> None:
    run, provider = run_with(None), Model()

    good = carried_out_with(run, provider, check(200))
    assert good == Outcome("succeeded", "Released", "https://web.example")
    assert shown(run.told[-1]) == ["1 Deploy", "2 Health check"]
    assert "Health check: 40 %" in [progress.description for progress in run.told]

    run = run_with(None)
    assert carried_out_with(run, provider, check(503)) == Outcome("failed", f"Health check: {SHOWN} answered 503")
    assert shown(run.told[-1]) == ["1 Deploy", "2 Health check…"]


def test_it_is_part_of_the_plan_with_which_a_run_has_begun(run_with) -> None:
    run, plan = run_with(None), Plan(health=HealthStage("http://127.0.0.1:1/up", (200, 204), 0.0, 5.0, private=True))

    outcome = carried_out(run, plan, Model())

    assert plans.kept(run) == plan
    assert outcome == Outcome("failed", "Health check: http://127.0.0.1:1/up cannot be reached: Connection refused")
