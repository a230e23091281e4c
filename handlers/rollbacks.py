"""Roll an environment back to a commit that succeeded there before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.context import Context
from bot.core import replies
from bot.core.deployments import ships
from bot.core.deployments.model import DEPLOY, Deployment, State
from bot.core.errors import Refused
from bot.core.grammar.commands import Deploy, Rollback
from bot.core.ports.forge_types import Commit
from bot.core.refs import HEADS, TAGS, is_full_id, looks_like_id, short_name
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import commits, deploy_request, threads
from bot.services.gate_facts import has_been_let_in, target_of
from bot.services.targets import Target, choices, resolve

router = Router()
LOOKED_BACK = 50


@router.command(Rollback)
def rollback(context: Context, command: Rollback) -> Message | None:
    """A new deployment of an old commit. What was let in there once is not asked for anything again."""
    target = resolve(context, command) if command.of is None else _target_of(context, command.of)
    current, earlier = _current_and_earlier(context, target, command)
    commit = Commit(earlier.sha, earlier.ref, earlier.title, "", earlier.url or "")
    wanted = replace(
        deploy_request.wanted(context, target, commit),
        trigger="rollback",
        rollback_of=current.id,
        reason=command.reason,
    )
    if current.state is not State.SUCCEEDED and current.changes.base == earlier.sha:
        wanted = replace(wanted, changes=ships.undone(current))
    retyped = Deploy(app=target.app.name, ref=earlier.sha, environment=target.environment.name)
    return deploy_request.request(context, target, wanted, retyped=retyped, waits=False)


def _current_and_earlier(context: Context, target: Target, command: Rollback) -> tuple[Deployment, Deployment]:
    """What was deployed last, and the success to go back to: the one that is named, else the last other commit."""
    app, environment = target.place
    successes = context.reads.successes(app, environment, LOOKED_BACK)
    history = context.reads.history(app=app, environment=environment, ref=None, limit=LOOKED_BACK, task=DEPLOY)
    tried = [one for one in history if one.ended and one.remote_id is not None and one.started_at is not None]
    current = max(tried, key=lambda one: (one.started_at, one.id), default=None)
    if command.of is not None and (current is None or current.id != command.of):
        _demand_there(context, command, current)
    if not successes or current is None:
        raise Refused(replies.nothing_to_roll_back(app, environment))
    if command.to is None:
        others = [one for one in successes if one.sha != current.sha]
        if not others:
            raise Refused(replies.nothing_to_roll_back(app, environment))
        return current, next((one for one in others if has_been_let_in(context, target, one)), others[0])
    meant = _meant(successes, command.to)
    if len(meant) > 1:
        complete = replace(command, app=app, environment=environment)
        ways = choices(context, [replace(complete, to=f"#{one.id}") for one in meant])
        raise Refused(replies.ambiguous_way_back(command.to, meant, ways))
    if not meant:
        raise Refused(replies.never_deployed_there(app, environment, command.to))
    return current, meant[0]


def _target_of(context: Context, number: int) -> Target:
    """Where the deployment is that is to be taken back. Raises Refused."""
    taken = context.reads.deployment(number)
    if taken is None:
        raise Refused(replies.unknown_deployment(number))
    target = target_of(context, taken)
    if target is None:
        raise Refused(replies.gone_from_settings(taken))
    return target


def _demand_there(context: Context, command: Rollback, current: Deployment | None) -> None:
    """Raises Refused: what was to be taken back is not what is there, and something else is not taken back for it."""
    taken = context.reads.deployment(command.of or 0)
    assert taken is not None
    raise Refused(threads.not_there_to_take_back(context, taken, current, command.reason))


def _meant(successes: Sequence[Deployment], to: str) -> list[Deployment]:
    """The last success of each commit that the words may mean: ``#<id>``, a commit's id, or a ref as it was asked for.

    A whole id is nothing else, whatever a branch is called; a ref of many commits is the last that succeeded.
    """
    number = re.fullmatch(r"#([0-9]{1,9})", to)
    if number:
        return [one for one in successes if one.id == int(number[1])]
    pin = commits.split_pin(to)
    if pin is not None:  # as the bot writes it: main@bc493b1
        to = pin[1]
    by_id = [one for one in successes if looks_like_id(to) and one.sha.startswith(to.lower())]
    by_ref = [] if is_full_id(to) else [one for one in successes if one.ref == short_name(to)][:1]
    found = by_ref if to.startswith((HEADS, TAGS)) else [*by_ref, *by_id]
    return list({one.sha: one for one in reversed(found)}.values())[::-1]
