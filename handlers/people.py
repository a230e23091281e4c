"""Who people are, what they may do and what they hear: ``whoami``, ``where can I deploy``, ``link``, ``mute``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.context import Context
from bot.core.deployments import listings
from bot.core.effects import Reply, TellPerson
from bot.core.errors import Refused, Rejected
from bot.core.events.internal import ClaimExpired, LinkAwaited
from bot.core.grammar.commands import Deploy, HandOver, LinkLogin, Mute, Unmute, WhereCanIDeploy, WhoAmI, Withhold
from bot.core.people import messages as people_messages
from bot.core.people.logins import same_login
from bot.core.people.messages import Choice
from bot.core.people.model import ANSWERED_WITHIN, Claim, How, Identity, PendingLink, SignedIn
from bot.core.ports.transaction import Records
from bot.core.rich_text import Mention, Message
from bot.router import Router
from bot.services import authorization
from bot.services.targets import Target, app_of
from bot.settings import AppSettings, EnvironmentSettings

router = Router()

SLOWER_BY = 5.0
"""Seconds more between two questions when GitHub asks us to slow down and names no pace."""


# --- who and what -----------------------------------------------------------------------------------------------


@router.command(WhoAmI)
def whoami(context: Context, _command: WhoAmI) -> Message:
    """What is known of the asker and how, and what they may deploy."""
    identity = authorization.identity(context, context.chat.person(context.asker.id))
    asker = authorization.asker(context)
    choices = [_choice(context, app) for app in context.settings.apps.values()]
    can_link = context.forge.users.sign_in is not None
    admin = authorization.is_admin(context)
    muted = context.reads.people.muted(asker.id)
    return people_messages.whoami(asker, identity, choices, context.now, admin=admin, can_link=can_link, muted=muted)


@router.command(WhereCanIDeploy)
def where_can_i_deploy(context: Context, command: WhereCanIDeploy) -> Message:
    """What the asker may deploy from this channel, and why not the rest."""
    channel = context.chat.channel_names(context.where.channel)
    apps = [app_of(context, command)] if command.app is not None else list(context.settings.apps.values())
    here = [app for app in apps if app.allowed_in(channel)]
    if not here:
        raise Refused(listings.nowhere_from_here())
    choices = [_choice(context, app) for app in here]
    example = next(
        (_example(app, allowed) for app, (_, allowed, _) in zip(here, choices, strict=True) if allowed), None
    )
    previews = [(app.name, name) for app in here for name, one in app.previews.items() if _may(context, app, one)]
    answer = people_messages.where(choices, {app.name: app.default_environment for app in here}, example, previews)
    if example is None and not previews:
        raise Refused(answer)
    return answer


def _choice(context: Context, app: AppSettings) -> Choice:
    found = {name: authorization.may_deploy(context, Target(app, one)) for name, one in app.environments.items()}
    return app.name, [name for name, may in found.items() if may], [may for may in found.values() if not may]


def _may(context: Context, app: AppSettings, environment: EnvironmentSettings) -> bool:
    return bool(authorization.may_deploy(context, Target(app, environment)))


def _example(app: AppSettings, allowed: Sequence[str]) -> Deploy:
    chosen = app.default_environment if app.default_environment in allowed else allowed[0]
    return Deploy(app.name, environment=chosen)


# --- being left alone -------------------------------------------------------------------------------------------


@router.command(Mute)
def mute(context: Context, _command: Mute) -> Message:
    """From now on they are neither written to nor mentioned unless they have asked for it."""
    since = context.reads.people.muted(context.asker.id)
    if since is not None:
        raise Refused(people_messages.muted_already(since))
    records = context.begin()
    records.people.mute(context.asker.id, context.now)
    return people_messages.muted()


@router.command(Unmute)
def unmute(context: Context, _command: Unmute) -> Message:
    if context.reads.people.muted(context.asker.id) is None:
        raise Refused(people_messages.not_muted())
    context.begin().people.unmute(context.asker.id)
    return people_messages.unmuted()


# --- proving who one is -----------------------------------------------------------------------------------------


@router.command(LinkLogin)
def link(context: Context, command: LinkLogin) -> None:
    """Begin GitHub's device flow; only the asker sees the code, and a timer asks GitHub whether it was used."""
    if not context.forge.users.keeps_permissions:
        raise Refused(people_messages.nothing_to_link())
    if context.forge.users.sign_in is None:
        raise Refused(people_messages.linking_is_not_set_up())
    row = context.reads.people.identity(context.asker.id)
    if row is not None and row.how is How.LINK and same_login(row.login, command.login):
        raise Refused(people_messages.linked_already(row.login or command.login))
    _demand_claimable(context, context.asker.id, command.login)
    claim = context.reads.people.claim(context.asker.id)
    if claim is not None and same_login(claim.login, command.login):
        raise Refused(people_messages.waits_for_the_holder(claim))
    try:
        given = context.forge.users.sign_in.begin()
    except Rejected as error:
        raise Refused(people_messages.linking_failed(str(error))) from error
    pending = PendingLink(
        chat_id=context.asker.id,
        attempt=context.event_id,
        login=command.login,
        place=context.where,
        interval=given.interval,
        expires_at=given.expires_at,
        device_code=given.code,
    )
    records = context.begin()
    records.people.begin_link(pending)
    _ask_later(context, records, pending)
    _tell(records, pending, people_messages.enter_the_code(command.login, given))


@router.on(LinkAwaited, name="people.link_awaited")
def link_awaited(context: Context, event: LinkAwaited) -> None:
    """Ask GitHub how far the proof has come.

    A crash between its answer and our decision loses the token that only it could have told the login by: then GitHub
    calls the code used up, and the person begins again.
    """
    pending = context.reads.people.pending(event.chat_id)
    if pending is None or pending.attempt != event.attempt:
        return
    try:
        told = _asked(context, pending)
        failure = None
    except Rejected as error:
        told, failure = SignedIn("expired"), people_messages.linking_failed(str(error))
    records = context.begin()
    current = records.people.pending(event.chat_id)
    if current is None or current.attempt != event.attempt:
        return
    if told.state in {"pending", "slower"}:
        slower = told.interval or pending.interval + SLOWER_BY
        going_on = replace(pending, interval=slower) if told.state == "slower" else pending
        records.people.begin_link(going_on)
        _ask_later(context, records, going_on)
        return
    records.people.end_link(event.chat_id)
    _tell(records, pending, failure or _ended(context, records, pending, told))


def _asked(context: Context, pending: PendingLink) -> SignedIn:
    sign_in = context.forge.users.sign_in
    if sign_in is None or context.now >= pending.expires_at:
        return SignedIn("expired")
    return sign_in.ask(pending.device_code)


def _ended(context: Context, records: Records, pending: PendingLink, told: SignedIn) -> Message:
    if told.state == "denied":
        return people_messages.sign_in_declined(pending.login)
    if told.login is None:
        return people_messages.code_expired(pending.login)
    if not same_login(told.login, pending.login):
        return people_messages.linked_to_another(pending.login, told.login)
    mapped = authorization.mapped_to(context, told.login)
    if mapped not in {None, pending.chat_id}:
        return people_messages.the_settings_say(told.login, mapped or "")
    holder = records.people.chat_id_of(told.login, besides=pending.chat_id)
    if holder is not None:
        until = context.now + ANSWERED_WITHIN
        return _claimed(records, Claim(pending.chat_id, told.login, holder, pending.place, until))
    records.people.end_claim(pending.chat_id)
    records.people.learn(Identity(pending.chat_id, told.login, How.LINK, context.now))
    records.audit.record("link", reason=f"{pending.chat_id} is {told.login} on GitHub")
    return people_messages.linked(told.login)


def _ask_later(context: Context, records: Records, pending: PendingLink) -> None:
    at = context.now + timedelta(seconds=pending.interval)
    records.set_timer(f"link:{pending.chat_id}", at, LinkAwaited(pending.chat_id, pending.attempt))


def _tell(records: Records, pending: PendingLink, message: Message) -> None:
    records.emit(Reply(records.cause, pending.place, message, only_to=pending.chat_id))


# --- a login that two people claim ------------------------------------------------------------------------------


def _demand_claimable(context: Context, chat_id: str, login: str) -> None:
    """Raises Refused where the settings give the login to somebody else: nobody takes it from them."""
    mapped = authorization.mapped_to(context, login)
    if mapped is not None and mapped != chat_id:
        raise Refused(people_messages.the_settings_say(login, mapped))


def _claimed(records: Records, claim: Claim) -> Message:
    """Until whoever holds the login agrees, the proof changes nothing."""
    records.people.begin_claim(claim)
    records.set_timer(_timer_of(claim), claim.expires_at, ClaimExpired(claim.chat_id, claim.expires_at))
    records.emit(TellPerson(claim.holder, people_messages.is_it_theirs(claim)))
    why = f"{claim.chat_id} can sign in as {claim.login} on GitHub, who is {claim.holder}"
    records.audit.record("link", outcome="waiting for the holder", reason=why)
    return people_messages.waits_for_the_holder(claim)


@router.command(HandOver)
def hand_over(context: Context, command: HandOver) -> Message:
    """Whoever holds the login agrees, or an admin decides: it is the other's from now on."""
    claim = _to_decide(context, command.login, command.person)
    _demand_claimable(context, claim.chat_id, claim.login)
    records = _decided(context, claim)
    records.people.forget(claim.login, besides=claim.chat_id)
    records.people.learn(Identity(claim.chat_id, claim.login, How.LINK, context.now))
    why = f"{claim.chat_id} is {claim.login} on GitHub, and {claim.holder} no longer is"
    records.audit.record("link", reason=why)
    by = Mention(context.asker.id, context.asker.name)
    _tell_both(records, claim, by, people_messages.handed_over_to_you, people_messages.taken_from_you)
    return people_messages.handed_over(claim)


@router.command(Withhold)
def withhold(context: Context, command: Withhold) -> Message:
    """The login stays whose it is."""
    claim = _to_decide(context, command.login, command.person)
    records = _decided(context, claim)
    why = f"{claim.login} on GitHub stays {claim.holder}, and is not {claim.chat_id}"
    records.audit.record("link", outcome="refused", reason=why)
    by = Mention(context.asker.id, context.asker.name)
    _tell_both(records, claim, by, people_messages.withheld_from_you, people_messages.left_to_you)
    return people_messages.withheld(claim)


def _to_decide(context: Context, login: str, person: str) -> Claim:
    """Raises Refused where nobody waits for that, and where it is not the asker's to decide."""
    claim = context.reads.people.claim(person)
    if claim is None or not same_login(claim.login, login) or context.now >= claim.expires_at:
        raise Refused(people_messages.no_such_claim(login))
    may = context.asker.id == claim.holder or authorization.is_admin(context)
    if not may or context.asker.id == claim.chat_id:
        raise Refused(people_messages.not_yours_to_decide(claim))
    return claim


def _decided(context: Context, claim: Claim) -> Records:
    """Begin. Raises Refused where somebody else has decided at the same moment."""
    records = context.begin()
    if records.people.claim(claim.chat_id) != claim or not records.people.end_claim(claim.chat_id):
        raise Refused(people_messages.no_such_claim(claim.login))
    records.stop_timer(_timer_of(claim))
    return records


def _tell_both(
    records: Records,
    claim: Claim,
    by: Mention,
    to_claimant: Callable[[Claim, Mention], Message],
    to_holder: Callable[[Claim, Mention], Message],
) -> None:
    """Whoever decides has the answer."""
    records.emit(TellPerson(claim.chat_id, to_claimant(claim, by)))
    if by.chat_id != claim.holder:
        records.emit(TellPerson(claim.holder, to_holder(claim, by)))


@router.on(ClaimExpired, name="people.claim_expired")
def claim_expired(context: Context, event: ClaimExpired) -> None:
    """No answer is a no."""
    records = context.begin()
    claim = records.people.claim(event.chat_id)
    if claim is None or claim.expires_at != event.expires_at or not records.people.end_claim(claim.chat_id):
        return
    records.audit.record("link", outcome="expired", reason=f"{claim.holder} has not said that {claim.login} is another")
    records.emit(TellPerson(claim.chat_id, people_messages.nobody_answered(claim)))
    records.emit(TellPerson(claim.holder, people_messages.stays_yours(claim)))


def _timer_of(claim: Claim) -> str:
    return f"claim:{claim.chat_id}"
