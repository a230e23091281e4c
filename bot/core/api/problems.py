"""Problem details (RFC 9457): what programs are answered where something is not to be, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from bot.core.errors import NotThere, OurFault, Reason, Refused, ShipmateError, Unavailable
from bot.core.hooks.pointers import JSON

MEDIA_TYPE = "application/problem+json"
TOKEN = "token"  # noqa: S105 - the name of a gate
"""The gate that is closed where nobody answers for a token any more."""
TITLES = {
    400: "The request cannot be read",
    401: "A valid token is needed",
    403: "The token, or its person, may not do this",
    404: "There is no such thing",
    405: "This is not done here",
    409: "Something stands in the way",
    413: "The body is too large",
    415: "The body must be JSON",
    422: "The request asks for what cannot be",
    429: "Too many requests",
    500: "The bot has failed",
    502: "GitHub or Slack says no",
    503: "The request could not be taken",
}
_NOT_THERE = frozenset({"not locked", "not frozen"})


@dataclass(frozen=True, slots=True)
class Problem:
    """``kind`` names it for programs, ``detail`` says it to people, with what to do about it; ``reasons`` are all."""

    status: int
    kind: str
    detail: str
    reasons: tuple[Reason, ...] = ()
    more: dict[str, JSON] = field(default_factory=dict)


def told(problem: Problem) -> dict[str, JSON]:
    """The body of the answer."""
    body: dict[str, JSON] = {
        "type": f"urn:shipmate:problem:{problem.kind}",
        "title": TITLES[problem.status],
        "status": problem.status,
        "detail": problem.detail,
        **problem.more,
    }
    return body | {"reasons": _listed(problem.reasons)} if problem.reasons else body


def _listed(reasons: Sequence[Reason]) -> list[JSON]:
    return [
        {"gate": one.gate, "reason": one.text, "waits": one.waits, "forcible": one.forcible}
        for one in map(_with_one_word, reasons)
    ]


def _with_one_word(reason: Reason) -> Reason:
    return Reason(**{**asdict(reason), "gate": reason.gate.replace(" ", "_")})


def problem_of(error: ShipmateError) -> Problem:
    """What a program is answered that asked for what was refused, or could not be done."""
    match error:
        case Refused(reasons=()):
            return Problem(422, "not-possible", str(error))
        case Refused(reasons=reasons):
            return _of_gates(error, {one.gate for one in reasons}, reasons)
        case NotThere():
            return Problem(422, "not-there", str(error))
        case Unavailable():
            return Problem(503, "not-available", f"{error} Ask again later, with another idempotency key.")
        case OurFault():
            return Problem(500, "fault", str(error))
        case _:
            return Problem(502, "not-done", str(error))


def _of_gates(error: ShipmateError, gates: set[str], reasons: tuple[Reason, ...]) -> Problem:
    if TOKEN in gates:
        return Problem(401, "token-refused", str(error))
    if gates <= _NOT_THERE:
        return Problem(404, "not-there", str(error))
    if "permission" in gates:
        return Problem(403, "not-permitted", str(error), reasons)
    return Problem(409, "refused", str(error), reasons)
