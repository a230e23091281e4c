"""Roll an environment back to a commit that succeeded there before."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.context import Context
from bot.core import replies
from bot.core.deployments.model import DEPLOY, Deployment
from bot.core.errors import Refused
from bot.core.grammar.commands import Deploy, Rollback
from bot.core.ports.forge_types import Commit
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import deploy_request
from bot.services.gate_facts import has_been_let_in
from bot.services.targets import Target, resolve

router = Router()
LOOKED_BACK = 50


@router.command(Rollback)
def rollback(context: Context, command: Rollback) -> Message | None:
    """A new deployment of an old commit. What was let in there once is not asked for anything again."""
    target = resolve(context, command)
    current, earlier = _current_and_earlier(context, target, command.to)
    commit = Commit(earlier.sha, earlier.ref, earlier.title, "", earlier.url or "")
    wanted = replace(
        deploy_request.wanted(context, target, commit),
        trigger="rollback",
        rollback_of=current.id,
        reason=command.reason,
    )
    retyped = Deploy(app=target.app.name, ref=earlier.sha[:12], environment=target.environment.name)
    return deploy_request.request(context, target, wanted, retyped=retyped, waits=False)


def _current_and_earlier(context: Context, target: Target, to: str | None) -> tuple[Deployment, Deployment]:
    """What was deployed last, and the success to go back to: the one that is named, else the last other commit."""
    app, environment = target.app.name, target.environment.name
    successes = context.reads.successes(app, environment, LOOKED_BACK)
    history = context.reads.history(app=app, environment=environment, ref=None, limit=LOOKED_BACK, task=DEPLOY)
    tried = [one for one in history if one.ended and one.remote_id is not None and one.started_at is not None]
    current = max(tried, key=lambda one: (one.started_at, one.id), default=None)
    if not successes or current is None:
        raise Refused(replies.nothing_to_roll_back(app, environment))
    if to is None:
        others = [one for one in successes if one.sha != current.sha]
        if not others:
            raise Refused(replies.nothing_to_roll_back(app, environment))
        return current, next((one for one in others if has_been_let_in(context, target, one)), others[0])
    number = re.fullmatch(r"#?(\d{1,6})", to)
    for one in successes:
        if (to.startswith("#") and number and one.id == int(number[1])) or (
            not to.startswith("#") and (one.sha.startswith(to.lower()) or one.ref == to)
        ):
            return current, one
    raise Refused(replies.never_deployed_there(app, environment, to))
