"""What programs are answered where something is refused, or could not be done."""

from __future__ import annotations

import pytest

from bot.core.api.problems import TITLES, Problem, problem_of, told
from bot.core.errors import NotAllowed, NotThere, OurFault, Reason, Refused, Rejected, ShipmateError, Unavailable
from bot.core.rich_text import say


def refused(*gates: str) -> Refused:
    return Refused(say("No."), tuple(Reason(gate, f"{gate} says no.") for gate in gates))


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (refused(), 422, "not-possible"),
        (refused("checks", "lock"), 409, "refused"),
        (refused("permission"), 403, "not-permitted"),
        (refused("not locked"), 404, "not-there"),
        (refused("token"), 401, "token-refused"),
        (NotThere("No repository."), 422, "not-there"),
        (NotAllowed("No scope."), 502, "not-done"),
        (Rejected("No."), 502, "not-done"),
        (OurFault("I failed."), 500, "fault"),
        (Unavailable("GitHub does not answer."), 503, "not-available"),
    ],
)
def test_each_error_is_a_problem_of_its_own(error: ShipmateError, status: int, kind: str) -> None:
    problem = problem_of(error)

    assert (problem.status, problem.kind) == (status, kind)
    assert problem.status in TITLES
    assert told(problem)["detail"]


def test_a_gate_is_one_word_for_programs() -> None:
    body = told(problem_of(refused("up to date")))

    assert body["reasons"] == [
        {"gate": "up_to_date", "reason": "up to date says no.", "waits": False, "forcible": False}
    ]


def test_a_problem_without_reasons_has_none() -> None:
    assert told(Problem(404, "not-there", "There is none.")) == {
        "type": "urn:shipmate:problem:not-there",
        "title": "There is no such thing",
        "status": 404,
        "detail": "There is none.",
    }
