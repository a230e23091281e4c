"""The gates that every deployment passes: place, checks, and one at a time."""

from __future__ import annotations

from dataclasses import replace
from types import FunctionType, ModuleType

import pytest

from bot.core.deployments.model import State, Waiting
from bot.core.gates import access, approval, commit, environment
from bot.core.gates import checks as checks_family
from bot.core.gates.access import place
from bot.core.gates.checks import checks
from bot.core.gates.environment import busy
from bot.core.gates.judge import GATES, judge
from bot.core.gates.model import Answer, Facts
from bot.core.ports.forge_types import Check, EarlierCheck
from bot.core.rich_text import plain
from tests.core.deployments.made import T0, a_deployment
from tests.core.gates.rules import App, Environment

GREEN = Check("ci/test", "success")
RED = Check("ci/test", "failure", "https://ci.example/7")
PENDING = Check("lint", "pending")


def facts(**known: object) -> Facts:
    return replace(Facts(T0, App(), Environment()), **known)


def said(answer: Answer | None) -> str:
    assert answer is not None
    return f"{'open' if answer.open else 'closed'}: {plain(answer.line)}"


@pytest.mark.parametrize(
    ("required", "reported", "sentence", "waits_for"),
    [
        ("all", (), "open: No checks are reported for this commit", None),
        ("all", (GREEN,), "open: 1 check is green", None),
        ("all", (GREEN, Check("lint", "success")), "open: 2 checks are green", None),
        ("all", (GREEN, PENDING), "closed: Checks are pending: lint", Waiting.CHECKS),
        ("all", (RED,), "closed: Checks failed: ci/test", None),
        ("all", (RED, PENDING), "closed: Checks failed: ci/test; still pending: lint", None),
        (("ci/test",), (GREEN, Check("lint", "failure")), "open: 1 check is green", None),
        (("ci/test",), (), "closed: Checks are pending: ci/test", Waiting.CHECKS),
        (("ci/test", "lint"), (GREEN,), "closed: Checks are pending: lint", Waiting.CHECKS),
    ],
)
def test_required_checks_must_be_green(
    required: object, reported: tuple[Check, ...], sentence: str, waits_for: Waiting | None
) -> None:
    answer = checks(facts(environment=Environment(required_checks=required), checks=reported))

    assert said(answer) == sentence
    assert answer is not None
    assert answer.waits_for is waits_for


def test_checks_are_not_asked_where_none_are_required_or_none_were_gathered() -> None:
    assert checks(facts(environment=Environment(required_checks="none"), checks=(RED,))) is None
    assert checks(facts(checks=None)) is None


def test_the_absence_of_expected_checks_means_not_yet() -> None:
    answer = checks(facts(checks=(), expected_checks=(EarlierCheck("ci/test"),)))

    assert said(answer) == "closed: No check has been reported for this commit yet"
    assert answer is not None
    assert answer.waits_for is Waiting.CHECKS


def test_the_patient_wait_for_failed_checks_too() -> None:
    answer = checks(facts(checks=(RED,), waits_for_checks=True))

    assert answer is not None
    assert answer.waits_for is Waiting.CHECKS


def test_more_than_ten_checks_are_counted() -> None:
    many = tuple(Check(f"c{n}", "pending") for n in range(12))

    assert said(checks(facts(checks=many))) == (
        "closed: Checks are pending: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 2 more"
    )


@pytest.mark.parametrize("configured", ["#web", "web", "C00000003"])
def test_an_app_may_name_its_channels_in_any_way(configured: str) -> None:
    here = frozenset({"C00000003", "#web", "web"})

    answer = place(facts(app=App(allowed_channels=(configured,)), place=here))

    assert said(answer) == "open: web may be deployed from this channel"


def test_another_channel_is_sent_to_the_right_one() -> None:
    app = App(allowed_channels=("#web", "#ops"))

    answer = place(facts(app=app, place=frozenset({"C00000009", "#random", "random"})))

    assert said(answer) == "closed: web is deployed from #web, #ops only; ask there"
    assert answer is not None
    assert not answer.forcible


def test_what_was_not_asked_for_in_the_chat_has_no_place() -> None:
    assert place(facts(app=App(allowed_channels=("#web",)), place=None)) is None


def test_a_running_deployment_makes_the_next_one_queue() -> None:
    running = a_deployment(id=7, state=State.RUNNING)

    answer = busy(facts(busy=(running,)))

    assert said(answer) == "closed: #7 (topic) is being deployed to production now"
    assert answer is not None
    assert answer.waits_for is Waiting.QUEUE


def test_those_who_queued_before_come_first_even_when_nothing_runs() -> None:
    first = a_deployment(id=8, ref="main", state=State.WAITING, waits_for=Waiting.QUEUE)

    assert said(busy(facts(queued_before=(first,)))) == "closed: #8 (main) comes first"


def test_an_idle_environment_is_open() -> None:
    assert said(busy(facts())) == "open: Nothing else is running"


def test_all_reasons_are_given_together() -> None:
    verdict = judge(
        facts(
            app=App(allowed_channels=("#ops",)),
            place=frozenset({"#web"}),
            checks=(RED,),
            busy=(a_deployment(id=7, state=State.RUNNING),),
        ),
        force=False,
    )

    assert [one.gate for one in verdict.closed] == ["place", "checks"]
    assert [one.gate for one in verdict.waits] == ["busy"]


def test_a_force_passes_what_may_be_passed_and_tells_it_apart() -> None:
    verdict = judge(facts(app=App(allowed_channels=("#ops",)), place=frozenset({"#web"}), checks=(RED,)), force=True)

    assert [one.gate for one in verdict.closed] == ["place"]
    assert [one.gate for one in verdict.forced] == ["checks"]


def test_a_force_does_not_jump_the_queue() -> None:
    verdict = judge(facts(checks=(GREEN,), busy=(a_deployment(id=7, state=State.RUNNING),)), force=True)

    assert [one.gate for one in verdict.waits] == ["busy"]


def test_every_gate_is_asked() -> None:
    """A function of a family that answers is a gate; one that nobody asks would be a rule that does nothing."""
    families = [access, approval, checks_family, commit, environment]
    written = {one for family in families for name, one in vars(family).items() if is_gate(family, name, one)}

    assert written == set(GATES)


def is_gate(family: ModuleType, name: str, one: object) -> bool:
    return isinstance(one, FunctionType) and one.__module__ == family.__name__ and not name.startswith("_")
