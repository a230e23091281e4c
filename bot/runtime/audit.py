"""Keeps what people decide by command in the audit: what was done, in the decision itself, and what was refused."""

from __future__ import annotations

from bot.context import Context
from bot.core.audit.model import why
from bot.core.grammar.commands import Unschedule
from bot.core.grammar.parser import show
from bot.core.grammar.registry import spec_of
from bot.core.ports.transaction import Records
from bot.core.rich_text import Message, plain


def done(context: Context) -> None:
    """The command was carried out, in the transaction that carried it out."""
    command = context.command
    if command is None or spec_of(command).read_only:
        return
    context.begin().audit.record(spec_of(command).name, reason=why(command), command=show(command))


def refused(records: Records, context: Context, message: Message) -> None:
    """Nothing of the command's own decision was kept, so this is a decision of its own."""
    command = context.command
    if command is None or spec_of(command).read_only:
        return
    records.audit.attribute(context.who)
    records.audit.record(
        spec_of(command).name,
        outcome="refused",
        reason="; ".join(plain(line).strip() for line in message.lines or (message.sentence,)),
        command=show(command),
        deployment_id=None if isinstance(command, Unschedule) else getattr(command, "deployment", None),
        app=getattr(command, "app", None) or context.here,
        environment=getattr(command, "environment", None),
    )
