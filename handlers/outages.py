"""The bot's own credentials are refused: admins are told once, and they are tried until they are accepted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from bot import providers
from bot.context import Context
from bot.core.errors import NotAllowed, NotThere, Rejected, Unavailable
from bot.core.events.external import Tick
from bot.core.events.internal import CredentialsRefused, CredentialsTried
from bot.core.outages import messages, model
from bot.core.outages.model import Outage
from bot.core.people.permissions import Kind, kind_of
from bot.core.ports.transaction import Records
from bot.router import Router
from bot.services import admins

router = Router()
log = structlog.get_logger(__name__)

TRIED_EVERY = timedelta(seconds=45)


@router.on(CredentialsRefused, name="outages.refused")
def refused(context: Context, event: CredentialsRefused) -> None:
    """It begins, unless it is over by now: then nobody needs to know.

    Credentials that may ask may all the same be refused where they change something: then what waits tells.
    """
    begun = Outage(event.service, event.owner, event.number, context.now)
    partly = not _still_refused(context, begun)
    if partly and not context.reads.held_up_by(event.reason):
        model.keep(context.begin(), replace(begun, since=None))
        return
    hearers = admins.hearers(context) if event.service != "Slack" else []
    records = context.begin()
    model.keep(records, begun)
    model.keep_reason(records, begun, event.reason if partly else "")
    _try_later(records, context, begun)
    admins.tell(records, hearers, messages.refused(event.service, event.owner, event.reason, event.mend))


@router.on(CredentialsTried, name="outages.tried")
def tried(context: Context, event: CredentialsTried) -> None:
    """It ends, or is looked at again; work that waits does not wait for this."""
    seen = model.last(context.reads, event.service, event.owner)
    refused = seen.since is not None and (_still_refused(context, seen) or model.refuses_changes(context.reads, seen))
    hearers = [] if refused else admins.hearers(context)
    records = context.begin()
    outage = model.last(records, event.service, event.owner)
    if outage.since is None:
        return
    if refused:
        _try_later(records, context, outage)
        return
    lasted = context.now - outage.since
    model.keep(records, replace(outage, since=None))
    # A suspended App is told of nothing.
    records.put(Tick("reconcile", context.now), f"{outage.key}:{outage.number}:over")
    slack = outage.service == "Slack"
    admins.tell(records, hearers, messages.speaks_again(lasted) if slack else messages.over(*_of(outage), lasted))


@router.on(Tick, name="outages.look")
def look(context: Context, tick: Tick) -> None:
    """Whatever became of a timer: an outage that nobody looks at would never end."""
    if tick.name != "reconcile":
        return
    records = context.begin()
    for outage in model.lasting(records, context.settings.owners):
        _try_later(records, context, outage)


@router.on(Tick, name="outages.teams")
def teams(context: Context, tick: Tick) -> None:
    """Who is in an admins' team is looked up while GitHub tells: in an outage it does not."""
    if tick.name != "reconcile":
        return
    parties = [party for party in context.settings.bot.admins if kind_of(party) is Kind.TEAM]
    found: dict[str, Sequence[str]] = {}
    for party in parties:
        try:
            found[party] = context.forge.users.team_members(party)
        except (Unavailable, NotAllowed, NotThere, Rejected) as error:
            log.warning("admins not looked up", party=party, reason=str(error))
    records = context.begin()
    for party, logins in found.items():
        model.remember_members(records, party, logins)


def _of(outage: Outage) -> tuple[str, str]:
    return outage.service, outage.owner


def _try_later(records: Records, context: Context, outage: Outage) -> None:
    records.set_timer(outage.key, context.now + TRIED_EVERY, CredentialsTried(*_of(outage)))


def _still_refused(context: Context, outage: Outage) -> bool:
    """Where the service does not answer nobody knows."""
    try:
        if outage.service == "Slack":
            context.chat.authenticate()
        for place in _places(context, outage.owner) if outage.service == "GitHub" else ():
            context.forge.authenticate(place)
        if outage.service not in ("Slack", "GitHub"):
            providers.authenticate(outage.service)
    except Unavailable:
        return True
    return False


def _places(context: Context, owner: str) -> list[str]:
    """One repository of each owner, or of the one that refuses: the credentials are the same for the rest.

    Whoever owns a team that the settings name need not own a repository there.
    """
    every = {app.repository.partition("/")[0].lower(): app.repository for app in context.settings.apps.values()}
    return list(every.values()) if not owner else [every.get(owner, owner)]
