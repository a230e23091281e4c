"""What whoever asked is told when the gates let nothing begin: what stops it, what is fine, and what helps now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.core.deployments import wording
from bot.core.deployments.card import lower
from bot.core.deployments.model import DEPLOY, Deployment
from bot.core.deployments.wording import full
from bot.core.errors import Reason
from bot.core.gates.judge import WAITED_FOR
from bot.core.gates.model import Answer, Verdict
from bot.core.grammar.commands import Deploy
from bot.core.grammar.offers import hint, offer, offer_force
from bot.core.rich_text import Bold, Button, Code, Line, Message, plain

MARKS = {
    "place": "📍",
    "permission": "🚫",
    "checks": "⏳",
    "review": "👀",
    "order": "🧪",
    "up to date": "🔀",
    "lock": "🔒",
    "freeze": "🧊",
    "soak": "⏰",
    "busy": "⏸️",
    "approval": "🙋",
}
"""What stands before each gate that is closed: the same as on a card that waits for it."""
_FIRST = ("order", "checks", "review", "lock", "freeze")
"""The gates about which something can be done, in the order in which it helps."""


def refusal(
    deployment: Deployment, verdict: Verdict, retyped: Deploy, *, may_wait: bool = False, production: bool = False
) -> Message:
    """All reasons together, and how to go on; ``retyped`` asks for the same, unforced.

    ``may_wait`` is whether it would wait for all of them if it were asked to, ``production`` whether people outside use
    the environment. Who may not deploy there is told that alone: nothing else would help them.
    """
    place = Bold(f"{deployment.app} → {wording.where(deployment)}")
    stopping = tuple(one for one in verdict.answers if not one.open and one not in verdict.forced)
    if denied := next((one for one in stopping if one.gate == "permission"), None):
        return _only(("🚫 ", place, "  ", *denied.line))
    yet = " yet" if may_wait and not any(one.failed for one in stopping) else ""
    head = (*_cannot(deployment), place, yet)
    ways = _ways(deployment, stopping, retyped, may_wait=may_wait, production=production)
    forced = _by_force(stopping, retyped)
    return Message(
        sentence=_read_out(head, stopping),
        lines=(("🚫 ", *head), *((f"{_mark(one)} ", *one.line) for one in stopping)),
        context=tuple(line for line in (_fine(verdict), forced) if line),
        buttons=tuple(ways[:1]),
        # It is never the step that is offered first.
        more=(*ways[1:], *(offer_force("Deploy by force…", retyped) if forced else ())),
    )


def reasons(verdict: Verdict, patient: Verdict) -> tuple[Reason, ...]:
    """The same for programs; ``patient`` is the verdict if it were asked to wait. As above, permission stands alone."""
    stopping = [one for one in verdict.answers if not one.open and one not in verdict.forced]
    denied = [one for one in stopping if one.gate == "permission"]
    waited_for = {one.gate for one in patient.waits}
    return tuple(
        Reason(one.gate, full(plain(one.line)), waits=one.gate in waited_for, forcible=one.forcible)
        for one in denied or stopping
    )


def _only(line: Line) -> Message:
    return Message((*line, "" if plain(line).endswith((".", "?")) else "."), (line,))


def _cannot(deployment: Deployment) -> Line:
    """What was asked, up to the name of the place."""
    name = wording.what(deployment)
    if deployment.task != DEPLOY:
        return (Code(deployment.task), " with ", *name, " cannot run on ")
    return (*name, f" cannot go{' back' if deployment.rollback_of is not None else ''} to ")


def _mark(answer: Answer) -> str:
    return "❌" if answer.failed else MARKS.get(answer.gate, "🚫")


def _read_out(head: Line, stopping: Iterable[Answer]) -> Line:
    """The same in whole sentences, for whoever only hears of it."""
    return (*head, ".", *(span for answer in stopping for span in (" ", *answer.line, ".")))


def _fine(verdict: Verdict) -> Line:
    """What does not stop it, as one line."""
    line: Line = ()
    for answer in (one for one in verdict.answers if one.open):
        first, *rest = answer.line
        line += (" · ", lower(first) if isinstance(first, str) else first, *rest) if line else answer.line
    return line


def _by_force(stopping: Sequence[Answer], retyped: Deploy) -> Line:
    """Only where a force would pass all that cannot be waited for anyway."""
    passed = [one for one in stopping if one.waits_for not in WAITED_FOR]
    if not all(one.forcible for one in passed):
        return ()
    return hint("To go on all the same: ", replace(retyped, force=True, force_reason="why"))


# --- what helps ---------------------------------------------------------------------------------------------------


def _ways(
    deployment: Deployment, stopping: Sequence[Answer], retyped: Deploy, *, may_wait: bool, production: bool
) -> list[Button]:
    """What can be done, the step that helps now first."""
    what = f"{wording.name_of(deployment)} goes to {deployment.app} → {wording.where(deployment)}"
    found: list[Button] = []
    waits = _to_wait(stopping, retyped, what if production else None) if may_wait else ()
    for gate in _FIRST:
        for answer in (one for one in stopping if one.gate == gate):
            found += waits if gate in {"checks", "review"} and not answer.failed else ()
            found += (_asked_first(one, gate, what if production else None) for one in answer.buttons)
    found += waits
    found = list(dict.fromkeys(found))
    return [replace(one, style="primary") if not number else one for number, one in enumerate(found)]


def _to_wait(stopping: Sequence[Answer], retyped: Deploy, what: str | None) -> tuple[Button, ...]:
    green = any(one.gate in {"checks", "review", "order"} for one in stopping)
    label = "Deploy when green" if green else "Deploy when it is free"
    question = what and f"{what} as soon as nothing stops it any more."
    return offer(label, replace(retyped, when_green=True), confirm=question)


def _asked_first(button: Button, gate: str, what: str | None) -> Button:
    """What goes to people outside at its moment is asked about first."""
    return replace(button, confirm=f"{what} by itself when that is over.") if what and gate == "freeze" else button
