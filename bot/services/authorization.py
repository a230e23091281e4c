"""Finds out who somebody is on GitHub and what they may do; asked while gathering, so always before ``begin``.

A ``Permission`` is true where somebody may, and its ``line`` says why or why not; ``demand`` refuses with that line.
Where GitHub does not answer these functions raise Unavailable: an outage never lets anybody in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.context import Context
from bot.core.deployments.model import Actor, Deployment
from bot.core.deployments.wording import full
from bot.core.errors import NotAllowed, NotThere, Reason, Refused, Rejected, ShipmateError
from bot.core.people import messages as people_messages
from bot.core.people.logins import same_login
from bot.core.people.model import How, Identity, known
from bot.core.people.permissions import (
    READS,
    Kind,
    Membership,
    Permission,
    Subject,
    by_parties,
    by_repository,
    everybody,
    is_named,
    kind_of,
    on_github,
    untold,
)
from bot.core.ports.chat import Person
from bot.core.previews.model import PREVIEW
from bot.core.rich_text import plain

if TYPE_CHECKING:
    from bot.services.targets import Target  # which asks here what somebody may read

log = structlog.get_logger(__name__)


# --- what somebody may do ---------------------------------------------------------------------------------------


def may_deploy(
    context: Context, target: Target, person: Person | None = None, *, does: str | None = None
) -> Permission:
    """Whether the asker, or ``person`` (see ``person_of``), may deploy to the target.

    Those whom ``deployers`` names, else those with write permission on the repository; admins always. ``does`` is what
    they want to do where that is something else that is for deployers: ``lock production``, ``cancel #12``.
    """
    does = does or f"deploy to {target.environment.name}"
    return _may(context, target, target.environment.deployers, does, person)


def may_still_deploy(context: Context, target: Target, deployment: Deployment) -> Permission | None:
    """Whether whoever asked for it may deploy there at this very moment: nothing that is remembered counts.

    None where nobody asks: a merge, and what goes on by itself, goes where the settings send it.
    """
    if deployment.trigger in {"merge", "promotion", PREVIEW} or (
        deployment.by_itself and deployment.rollback_of is not None
    ):
        return None
    by = deployment.by
    if by.login is not None:
        context.forge.users.forget(by.login)
    if deployment.trigger == "foreign" or by.chat_id is None:
        return creator_may_deploy(context, target, deployment)
    try:
        return may_deploy(context, target, ask_anew(context, by.chat_id))
    except NotThere as gone:
        return untold(Subject(by.name, by.login, f"deploy to {target.environment.name}"), str(gone))


def ask_anew(context: Context, chat_id: str) -> Person:
    """Who somebody is now: their account, their groups, their teams and their rights may have been taken from them."""
    context.chat.forget(chat_id)
    person = person_of(context, chat_id)
    if person.forge_login is not None:
        context.forge.users.forget(person.forge_login)
    return person


def creator_may_deploy(context: Context, target: Target, deployment: Deployment) -> Permission:
    """Whether whoever created it with another tool may deploy there; they are known by their GitHub login alone."""
    by = deployment.by
    return may_deploy(context, target, Person(by.chat_id or "", by.name, forge_login=by.login))


def may_approve(context: Context, target: Target, person: Person | None = None) -> Permission:
    """Whether the asker, or ``person``, may approve deployments to the target, their own ones left aside.

    Those whom ``approvers`` names, else those who may deploy there; admins always.
    """
    parties = target.environment.approvers or target.environment.deployers
    return _may(context, target, parties, f"approve for {target.environment.name}", person)


def may_write(context: Context, repository: str, does: str, person: Person | None = None) -> Permission:
    """Whether they have write permission on the repository, or are an admin, whatever else the settings say."""
    who = person or asker(context)
    subject = _subject(context, who, does)
    if not context.forge.users.keeps_permissions or is_admin(context, who):
        return everybody(subject)
    if who.outsider:
        return untold(subject, "They do not belong to this workspace.")
    return _by_repository(context, subject, repository)


def may_merge(context: Context, repository: str, does: str, person: Person | None = None) -> Permission:
    """Whether they may do it on GitHub themselves: what the bot's settings say of them does not count there."""
    who = person or asker(context)
    subject = _subject(context, who, does)
    if not context.forge.users.keeps_permissions:
        return everybody(subject)
    if who.outsider:
        return untold(subject, "They do not belong to this workspace.")
    return _by_repository(context, subject, repository)


def may_read(context: Context, repository: str) -> bool:
    """Whether the asker may read the repository on GitHub, and so may know what it holds. An outage says no."""
    if not context.forge.users.keeps_permissions:
        return True
    try:
        who = asker(context)
        if who.bot or who.foreign or who.forge_login is None:
            return False
        return context.forge.users.permission(repository, who.forge_login) in READS
    except ShipmateError as error:
        log.warning("reading not told", repository=repository, reason=str(error))
        return False


def is_admin(context: Context, person: Person | None = None) -> bool:
    """Whether the asker, or ``person``, is one of ``bot.admins``."""
    who = person or asker(context)
    return not who.outsider and membership(context, who, context.settings.bot.admins).by is not None


def demand(permission: Permission) -> None:
    """Raises Refused with the permission's own line unless it is given."""
    if not permission:
        reason = Reason("permission", full(plain(permission.line)))
        raise Refused(people_messages.denied(permission), (reason,))


def membership(context: Context, person: Person, parties: tuple[str, ...]) -> Membership:
    """Whether the person is one of the parties. The cheap questions come first; the first yes ends them.

    A party that cannot be looked into (a group that is gone, a missing scope) lets nobody in, and is told.
    """
    login = person.forge_login
    named = next((party for party in parties if is_named(party, person.id, login)), None)
    if named is not None:
        return Membership(by=named)
    problems: list[str] = []
    for party in sorted(parties, key=on_github):
        if _belongs(context, person, party, problems):
            return Membership(by=party)
    return Membership(None, login is None and any(map(on_github, parties)), tuple(problems))


def _may(context: Context, target: Target, parties: tuple[str, ...], does: str, person: Person | None) -> Permission:
    who = person or asker(context)
    subject = _subject(context, who, does)
    if not context.forge.users.keeps_permissions:
        return everybody(subject)
    if who.outsider:
        return untold(subject, f"They do not belong to this workspace{' any more' if who.deactivated else ''}.")
    if not parties:
        permission = _by_repository(context, subject, target.app.repository)
    else:
        permission = by_parties(subject, parties, membership(context, who, parties), _names(context, parties))
    if permission or not is_admin(context, who):
        return permission
    return everybody(subject)


def _names(context: Context, parties: tuple[str, ...]) -> dict[str, str]:
    """What people are called whom the settings name by their ids in the chat, as far as that can be told now."""
    names: dict[str, str] = {}
    for party in (one for one in parties if kind_of(one) is Kind.PERSON):
        try:
            names[party] = context.chat.person(party).name
        except ShipmateError as error:
            log.info("name not told", person=party, reason=str(error))
    return names


def _subject(context: Context, person: Person, does: str) -> Subject:
    return Subject(person.name, person.forge_login, does, can_link=context.forge.users.sign_in is not None)


def _by_repository(context: Context, subject: Subject, repository: str) -> Permission:
    if subject.login is None:
        return by_repository(subject, repository, None)
    try:
        return by_repository(subject, repository, context.forge.users.permission(repository, subject.login))
    except (NotAllowed, NotThere, Rejected) as error:
        log.warning("permission not told", repository=repository, reason=str(error))
        return untold(subject, str(error))


def _belongs(context: Context, person: Person, party: str, problems: list[str]) -> bool:
    try:
        if kind_of(party) is Kind.GROUP:
            return person.id in context.chat.group_members(party)
        if kind_of(party) is Kind.TEAM and person.forge_login is not None:
            return context.forge.users.is_team_member(party, person.forge_login)
    except (NotAllowed, NotThere, Rejected) as error:
        log.warning("party not looked into", party=party, reason=str(error))
        problems.append(str(error))
    return False


# --- who somebody is --------------------------------------------------------------------------------------------


def asker(context: Context) -> Person:
    """The person who gave the command, with their GitHub login wherever it can be known.

    Looks for it by e-mail address where nothing else tells; the answer is remembered.
    """
    if context.asker.forge_login is None:
        context.person = person_of(context, context.asker.id)
    return context.asker


def actor(context: Context) -> Actor:
    """Who gave the command, as what they do is recorded: with their GitHub login wherever it can be known."""
    asker(context)
    return context.actor


def person_of(context: Context, chat_id: str) -> Person:
    """Somebody in the chat, with their GitHub login wherever it can be known. Raises NotThere for nobody."""
    person = in_the_chat(context, chat_id)
    return replace(person, forge_login=identity(context, person).login)


def in_the_chat(context: Context, chat_id: str) -> Person:
    """Somebody as the chat knows them, or a bot, which may be one that the settings trust."""
    person = context.chat.person(chat_id)
    return replace(person, trusted=person.bot and chat_id in context.settings.slack.trusted_bots)


def identity(context: Context, person: Person) -> Identity:
    """Who the person is on GitHub: by proof, the settings, the chat, or the e-mail address that Slack shows."""
    found = at_hand(context, person)
    if found is not None:
        return found
    login = _login_by_email(context, person)
    if login is not None and _is_proved_by_another(context, login, person.id):
        login = None
    looked_up = Identity(person.id, login, How.EMAIL, context.now)
    if person.email:
        context.identities.learned(looked_up)
    return looked_up


def at_hand(context: Context, person: Person) -> Identity | None:
    """Who the person is as far as it is known without asking GitHub."""
    row, mapped = context.reads.people.identity(person.id), context.settings.people.get(person.id)
    if row is not None and row.how is How.LINK and mapped_to(context, row.login or "") not in {None, person.id}:
        # The settings have given to somebody else what this person had proved.
        return Identity(person.id, mapped, How.SETTINGS)
    return known(person.id, row=row, mapped=mapped, told=person.forge_login, now=context.now)


def chat_id_of(context: Context, login: str) -> str | None:
    """The chat id of a GitHub login: as the settings tell, else as it was proved or found by an address."""
    return mapped_to(context, login) or context.reads.people.chat_id_of(login)


def mapped_to(context: Context, login: str) -> str | None:
    """Whose login it is by the settings; nobody takes it from them."""
    return next((chat for chat, known in context.settings.people.items() if same_login(known, login)), None)


def _is_proved_by_another(context: Context, login: str, chat_id: str) -> bool:
    holder = context.reads.people.chat_id_of(login, besides=chat_id)
    row = context.reads.people.identity(holder) if holder else None
    return row is not None and row.how is How.LINK


def _login_by_email(context: Context, person: Person) -> str | None:
    """Raises Unavailable; where GitHub would not search at all, nobody is found."""
    if not person.email:
        return None
    try:
        return context.forge.users.login_by_email(person.email)
    except (NotAllowed, NotThere, Rejected) as error:
        log.warning("e-mail address not looked for", reason=str(error))
        return None
