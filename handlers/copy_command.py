"""Show the command that asks for the same as a deployment: whoever presses it copies it from there."""

from __future__ import annotations

from bot.context import Context
from bot.core import replies
from bot.core.deployments import copying
from bot.core.errors import Refused
from bot.core.grammar.commands import CopyCommand
from bot.core.rich_text import Message
from bot.router import Router

router = Router()


@router.command(CopyCommand)
def copy(context: Context, command: CopyCommand) -> Message:
    """No chat service lets a button write to a clipboard, so it is shown to the asker alone."""
    one = context.reads.deployment(command.deployment)
    if one is None:
        raise Refused(replies.unknown_deployment(command.deployment))
    return copying.to_copy(one)
