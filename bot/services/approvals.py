"""Which approvals count for a deployment: whose they are, whether they may still give them, and what they were for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.context import Context
from bot.core.approvals.model import Approval, counting
from bot.core.deployments.model import Actor, Deployment
from bot.core.errors import NotThere, Rejected
from bot.core.people.logins import is_app
from bot.core.ports.transaction import Reads
from bot.services import authorization
from bot.services.targets import Target


def requester_of(context: Context, wanted: Deployment) -> Actor:
    """Whose own the deployment is, as it is known today: whoever asked for it, or merged it.

    What an app merged is its author's own: a merge queue merges whatever it is given. Who was not known in the chat
    when they merged may be by now.
    """
    by = wanted.by
    login = by.author if by.author is not None and is_app(by.login or "") else by.login
    if by.chat_id is not None or login is None:
        return by
    return Actor(login, authorization.chat_id_of(context, login), login)


def approvers_of(context: Context, target: Target, wanted: Deployment) -> tuple[Actor, ...]:
    """Those who have approved and still may, as they are known today; asked while gathering.

    Their permission may have been taken away since, and their account in the chat closed.
    """
    if not target.environment.approvals:
        return ()
    people = dict.fromkeys(one.by.chat_id for one in _given(context.reads, target, wanted))
    return tuple(found for chat_id in people if chat_id for found in _still_may(context, target, chat_id))


def _still_may(context: Context, target: Target, chat_id: str) -> Iterator[Actor]:
    try:
        person = authorization.person_of(context, chat_id)
    except (NotThere, Rejected):  # the chat does not know them any more
        return
    if authorization.may_approve(context, target, person):
        yield Actor(person.name, person.id, person.forge_login)


def approvals_of(
    reads: Reads, context: Context, target: Target, wanted: Deployment, approvers: Sequence[Actor]
) -> tuple[Approval, ...]:
    """Those that count, of ``approvers``: see ``approvers_of``. What others give meanwhile counts the next time."""
    environment = target.environment
    if not environment.approvals:
        return ()
    known = {one.chat_id: one for one in approvers}
    given = [replace(one, by=known[one.by.chat_id]) for one in _given(reads, target, wanted) if one.by.chat_id in known]
    return counting(given, requester_of(context, wanted), self_approval=environment.self_approval)


def _given(reads: Reads, target: Target, wanted: Deployment) -> list[Approval]:
    """Its own, and those that the very same got within the time in which it may be approved.

    A force asks for more than was approved for any other request, so that it needs its own.
    """
    own = reads.approvals.of(wanted.id) if wanted.id else ()
    if wanted.force:
        return list(own)
    since = wanted.created_at - target.environment.approval_timeout
    return [*own, *reads.approvals.for_same(wanted, since)]
