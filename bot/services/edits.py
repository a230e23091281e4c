"""What a person has changed after they said it: read again, unless it was done already."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Context
from bot.core import replies
from bot.core.audit.model import AuditEntry
from bot.core.errors import NotYet
from bot.core.presses.model import Press
from bot.core.rich_text import Message

LOOKED_BACK = timedelta(minutes=30)
"""Longer than a command may wait for its turn and still be run, and be changed after that."""


def ran_already(context: Context, said: str) -> AuditEntry | None:
    """What came of it as it was said first or changed before, where that changed something.

    Raises NotYet while nobody knows.
    """
    if context.reads.undecided(said, changed_before=context.event_id):
        raise NotYet("What was said first is not decided on yet.", retry_after=1)
    came = context.reads.audit.caused(said, context.now - LOOKED_BACK, changed_before=context.event_id)
    return next((one for one in came if one.command is not None and one.outcome != "refused"), None)


def answer_once(context: Context, said: str, ran: AuditEntry) -> Message | None:
    """That it runs as it was said first; however often it is changed."""
    records, who = context.begin(), context.asker
    if not records.presses.keep(Press(f"edited:{said}", who.name, who.id, ran.deployment_id, context.now)):
        return None
    deployment = records.deployment(ran.deployment_id) if ran.deployment_id is not None else None
    return replies.runs_already(ran.command or "", deployment)
