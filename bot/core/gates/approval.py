"""Whether enough other people have said yes."""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.gates import messages
from bot.core.gates.model import Answer, Facts


def approval(facts: Facts) -> Answer | None:
    """Enough others have approved. What goes back has been approved already."""
    needed, wanted = facts.environment.approvals, facts.wanted
    if not needed or wanted is None or facts.been_here:
        return None
    if len(facts.approvals) >= needed:
        return Answer("approval", True, messages.approved(facts.approvals, wanted))
    line = messages.approvals_missing(facts.approvals, needed, facts.environment.approvers)
    news = messages.needs_approval(needed - len(facts.approvals), again=bool(facts.approvals))
    return Answer("approval", False, line, Waiting.APPROVAL, within=facts.environment.approval_timeout, news=news)
