"""Show why something waits, was refused or did not go out: what the gates said, as it is recorded."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Context
from bot.core import replies
from bot.core.audit import messages as audit_messages
from bot.core.audit.model import AuditEntry
from bot.core.deployments import listings
from bot.core.deployments.model import Deployment, State
from bot.core.errors import Refused
from bot.core.grammar.commands import Why
from bot.core.rich_text import Message
from bot.router import Router
from bot.services.pages import page_of

router = Router()
LOOKED_BACK = timedelta(days=1)
MOST = 200
SHOWN_DECISIONS = 40
EXPLAINED = frozenset({State.WAITING, State.CANCELLED, State.SUPERSEDED, State.EXPIRED})
"""States of a deployment that make people ask why."""


@router.command(Why)
def why(context: Context, command: Why) -> Message:
    """One deployment; else what was refused or has waited here last, one's own before anybody else's."""
    if command.deployment is not None:
        one = context.reads.deployment(command.deployment)
        if one is None:
            raise Refused(replies.unknown_deployment(command.deployment))
        return _of(context, one)
    app, environment = command.app or context.here, command.environment
    refused = _refused(context, app, environment)
    lately = context.reads.history(app=app, environment=environment, ref=None, limit=MOST)
    stopped = next((one for one in lately if one.state in EXPLAINED), None)
    if refused is not None and (stopped is None or refused.at >= stopped.created_at):
        return audit_messages.refusal(refused)
    if stopped is None:
        raise Refused(listings.nothing_to_explain(f"{app or 'any app'}{f' in {environment}' if environment else ''}"))
    return _of(context, stopped)


def _of(context: Context, one: Deployment) -> Message:
    decided = audit_messages.history(context.reads.audit.of(one.id, SHOWN_DECISIONS))
    return listings.reasons(one, decided, page_of(context, one))


def _refused(context: Context, app: str | None, environment: str | None) -> AuditEntry | None:
    """The command of this thread that was refused, else the asker's last one, else the last one here."""
    where = context.where
    lately = [
        one
        for one in context.reads.audit.refused(context.now - LOOKED_BACK, MOST)
        if app in {None, one.app} and environment in {None, one.environment}
    ]
    of_thread = [one for one in lately if one.cause == f"slack:{where.channel}:{where.thread}"]
    mine = [one for one in lately if one.origin.chat_id == context.asker.id]
    return next(iter([*of_thread, *mine, *lately]), None)
