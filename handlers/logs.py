"""Show the end of a deployment's log: of one that is named, else of the last that failed."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Context
from bot.core import replies
from bot.core.deployments import listings
from bot.core.deployments.model import Deployment
from bot.core.errors import Refused
from bot.core.grammar.commands import Logs
from bot.core.rich_text import Message
from bot.core.threads.model import FAILED
from bot.router import Router
from bot.services.pages import keeps_output, page_of

router = Router()
LOOKED_BACK = 50
SHOWN = 20
"""How many lines are shown where nobody says how many."""


@router.command(Logs)
def logs(context: Context, command: Logs) -> Message:
    """Without a number it is the last one that failed: nobody asks for the log of what went well."""
    one = _meant(context, command)
    wanted = command.last or SHOWN
    output = context.reads.output(one.id, min(wanted, listings.MOST_LINES))
    return listings.log(one, output, wanted, page_of(context, one), _cleared_after(context, one))


def _cleared_after(context: Context, one: Deployment) -> timedelta | None:
    """For how long its output was kept; None where it is still there, or where there never was any."""
    kept_for = context.settings.bot.kept_for
    over = one.ended and (one.finished_at or one.created_at) < context.now - kept_for
    return kept_for if over and keeps_output(context, one) else None


def _meant(context: Context, command: Logs) -> Deployment:
    if command.deployment is not None:
        named = context.reads.deployment(command.deployment)
        if named is None:
            raise Refused(replies.unknown_deployment(command.deployment))
        return named
    app = command.app or context.here
    lately = context.reads.history(app=app, environment=command.environment, ref=None, limit=LOOKED_BACK)
    failed = next((one for one in lately if one.state in FAILED), None)
    if failed is None:
        place = f" in {command.environment}" if command.environment else ""
        raise Refused(listings.no_failure(f"{app or 'any app'}{place}"))
    return failed
