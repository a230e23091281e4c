"""Finds people of GitHub in the chat, and says whom a message calls; asked while gathering, or by a performer.

What an e-mail address tells here is good enough for somebody to be told something, and never to be let do something:
``bot.services.authorization`` asks for itself, and knows nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import structlog

from bot.context import Context
from bot.core.approvals.model import is_same
from bot.core.deployments.model import Actor, Deployment
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError
from bot.core.notices.model import Concerned, authors_of, shipped_by
from bot.core.people.logins import in_lower_case, is_nobody
from bot.core.people.model import FOUND_FOR, Reached
from bot.core.people.permissions import Kind, kind_of
from bot.core.ports.chat import Person
from bot.core.rich_text import GroupMention, Mention
from bot.services import authorization
from bot.services.approvals import requester_of
from bot.services.targets import Target

log = structlog.get_logger(__name__)

MOST_CALLED = 10
"""How many authors one message names."""
MOST_WRITTEN_TO = 20
"""How many approvers are written to of one deployment."""
MOST_LOOKED_UP = 50
"""How many logins are looked for by e-mail address at once: each costs a few requests, once a day."""
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?")
"""A login, enterprise ones with their suffix included: a commit of nobody known to GitHub has a name in its place."""
_UNTOLD = (NotAllowed, NotThere, Rejected)


# --- from a login to a person -----------------------------------------------------------------------------------


def chat_ids_of(context: Context, repository: str, logins: Iterable[str]) -> dict[str, str]:
    """The chat ids of those logins whose people are in the workspace, in the order of ``logins``.

    By the settings, a proof, or an e-mail address that GitHub takes for theirs (in the profile, or in a commit of the
    ``repository``). What was looked for by an address is remembered for a day, also that nobody was found. Raises
    Unavailable, and goes on where it was when it is asked again.
    """
    left = iter(range(MOST_LOOKED_UP))
    found = ((login, _chat_id_of(context, repository, login, left)) for login in dict.fromkeys(logins))
    return {login: chat_id for login, chat_id in found if chat_id and person_in_workspace(context, chat_id)}


def person_in_workspace(context: Context, chat_id: str) -> Person | None:
    """Who that is, if it is one of the people who work here: no bot, nobody from elsewhere, nobody who has left."""
    try:
        person = context.chat.person(chat_id)
    except _UNTOLD:
        return None
    return None if person.bot or person.outsider else person


def _chat_id_of(context: Context, repository: str, login: str, left: Iterator[int]) -> str | None:
    if is_nobody(login) or not _LOGIN.fullmatch(login):
        return None
    if known := authorization.chat_id_of(context, login):
        return known
    row = context.reads.people.reached(login)
    if row is not None and context.now - row.at < FOUND_FOR:
        return row.chat_id
    if next(left, None) is None:
        return None
    reached = Reached(login, _by_email(context, repository, login), context.now)
    context.identities.reached(reached)
    return reached.chat_id


def _by_email(context: Context, repository: str, login: str) -> str | None:
    try:
        for email in context.forge.users.emails_of(repository, login):
            person = context.chat.person_by_email(email)
            if person is not None and not person.bot and not person.outsider:
                return person.id
    except _UNTOLD as error:
        log.warning("person not looked for", login=login, reason=str(error))
    return None


# --- whom a message calls ---------------------------------------------------------------------------------------


def concerned(context: Context, deployment: Deployment) -> Concerned:
    """The deployer and the authors of what shipped; those who are muted or not known in the chat by name.

    May be asked by a performer: it waits for nobody. Where GitHub or the chat does not answer, people are named.
    """
    by = deployment.by
    logins = [one for one in authors_of(shipped_by(deployment)) if not is_same(Actor(one, login=one), by)]
    deployer_id = by.chat_id or (_found(context, deployment.repository, by.login) if by.login else None)
    mentions: dict[str, Mention] = {}
    itself = 0
    for login in logins:
        if len(mentions) == MOST_CALLED:
            break
        chat_id = _found(context, deployment.repository, login)
        if (chat_id is not None and chat_id == deployer_id) or (chat_id or login) in mentions:
            itself += 1
        else:
            mentions[chat_id or login] = _mention(context, chat_id, login)
    deployer = None if is_nobody(by.login or "") else _mention(context, deployer_id, by.name)
    return Concerned(deployer, tuple(mentions.values()), len(logins) - itself)


def _found(context: Context, repository: str, login: str) -> str | None:
    try:
        return chat_ids_of(context, repository, [login]).get(login)
    except ShipmateError as error:
        log.warning("person not looked for", login=login, reason=str(error))
        return None


def _mention(context: Context, chat_id: str | None, name: str) -> Mention:
    """A real mention of whoever wants to be mentioned and can be; else their name."""
    if chat_id is None:
        return Mention(None, name)
    person = None
    with suppress(ShipmateError):
        person = person_in_workspace(context, chat_id)
    if person is None or is_muted(context, chat_id):
        return Mention(None, person.name if person else name)
    return Mention(chat_id, person.name)


def is_muted(context: Context, chat_id: str) -> bool:
    """Whether they want to be neither mentioned nor written to of the bot's own accord."""
    return context.reads.people.muted(chat_id) is not None


# --- approvers --------------------------------------------------------------------------------------------------


def approvers_to_call(
    context: Context, target: Target, deployment: Deployment | None = None
) -> tuple[Mention | GroupMention, ...]:
    """Whom the settings name as the approvers of a place, each once: none where anybody who may deploy there approves.

    People and user groups of the chat are called, by their ids; teams of GitHub, and who is muted or not in the chat,
    are named. Of a ``deployment`` whoever asked for it is left out, and who has approved it. Waits for nobody.
    """
    done = _done(context, target, deployment)
    found: dict[object, Mention | GroupMention] = {}
    for party in target.environment.approvers:
        match kind_of(party):
            case Kind.GROUP:
                span: Mention | GroupMention = _group(context, party)
                found.setdefault(span, span)
            case Kind.TEAM:
                found.setdefault(party, Mention(None, party))
            case kind:
                chat_id = party if kind is Kind.PERSON else _found(context, target.app.repository, party)
                login = party if kind is Kind.LOGIN else None
                if not any(is_same(one, Actor(party, chat_id, login)) for one in done):
                    found.setdefault(chat_id or in_lower_case(party), _mention(context, chat_id, party))
    return tuple(found.values())


def _group(context: Context, party: str) -> GroupMention:
    handle = party.removeprefix("@")
    try:
        group = context.chat.group_id(handle)
        return GroupMention(group, (context.chat.group_name(group) if group else None) or handle)
    except ShipmateError as error:
        log.warning("group not looked for", group=party, reason=str(error))
        return GroupMention(None, handle)


def _done(context: Context, target: Target, deployment: Deployment | None) -> tuple[Actor, ...]:
    """Those who are not wanted: whoever has approved, and whoever may not approve what is their own."""
    if deployment is None:
        return ()
    own = () if target.environment.self_approval else (requester_of(context, deployment),)
    return (*own, *deployment.approved_by)


def approvers_to_write_to(context: Context, target: Target, deployment: Deployment) -> tuple[str, ...]:
    """The chat ids of those approvers who can be reached, are not muted, and are still wanted; twenty at most.

    Members of user groups and of teams are among them. Raises Unavailable.
    """
    done = {one.chat_id for one in _done(context, target, deployment)}
    people = dict.fromkeys(
        chat_id for party in target.environment.approvers for chat_id in _people_of(context, target, party)
    )
    wanted = (one for one in people if one not in done and not is_muted(context, one))
    return tuple(islice((one for one in wanted if person_in_workspace(context, one)), MOST_WRITTEN_TO))


def _people_of(context: Context, target: Target, party: str) -> Sequence[str]:
    try:
        match kind_of(party):
            case Kind.PERSON:
                return (party,)
            case Kind.GROUP:
                return sorted(context.chat.group_members(party))
            case Kind.LOGIN:
                logins: Sequence[str] = (party,)
            case Kind.TEAM:
                logins = context.forge.users.team_members(party)[:MOST_LOOKED_UP]
    except _UNTOLD as error:
        log.warning("approvers not looked for", party=party, reason=str(error))
        return ()
    return tuple(chat_ids_of(context, target.app.repository, logins).values())
