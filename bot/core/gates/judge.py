"""Asks all gates, and tells what follows from their answers."""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.gates.access import permission, place
from bot.core.gates.approval import approval
from bot.core.gates.checks import checks
from bot.core.gates.commit import order, review, up_to_date
from bot.core.gates.environment import busy, freeze, lock, protection, soak
from bot.core.gates.model import Facts, Gate, Verdict
from bot.core.previews.model import is_removal

GATES: tuple[Gate, ...] = (
    *(place, permission, checks, review, order, up_to_date, lock, freeze, soak, busy, approval),
    protection,
)
"""In the order in which people read them."""
OF_REMOVAL: tuple[Gate, ...] = (place, permission, busy)
"""What a preview is removed by deploys nothing: it waits for whoever works there, and for nothing else."""
WAITED_FOR = frozenset({Waiting.QUEUE, Waiting.APPROVAL})
"""What every request waits for, also where nobody said that it should wait."""


def judge(facts: Facts, *, force: bool) -> Verdict:
    """Ask every gate. With ``force`` those that may be passed count as passed, and are told apart."""
    removal = facts.wanted is not None and is_removal(facts.wanted)
    gates = OF_REMOVAL if removal else GATES
    answers = tuple(answer for gate in gates if (answer := gate(facts)) is not None)
    forced = tuple(answer for answer in answers if not answer.open and answer.forcible) if force else ()
    unapproved = any(answer.waits_for is Waiting.APPROVAL for answer in answers)
    missing = facts.environment.approvals - len(facts.approvals) if unapproved else 0
    return Verdict(answers, forced, tuple(one.by for one in facts.approvals), missing)
