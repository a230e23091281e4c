"""A deployment that a person in the chat asks for, and the answer they get."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.context import Context
from bot.core import replies
from bot.core.api.model import API
from bot.core.deployments import lifecycle
from bot.core.deployments.model import DEPLOY, Deployment
from bot.core.errors import Reason, Refused
from bot.core.gates import refusals
from bot.core.gates.judge import WAITED_FOR, judge
from bot.core.gates.model import Facts, Verdict
from bot.core.grammar.commands import Deploy
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Records
from bot.core.refs import is_full_id
from bot.core.rich_text import Message, say
from bot.core.schedules.model import as_words
from bot.services import announcing, authorization, previews
from bot.services.ancestry import ancestry
from bot.services.gate_facts import commit_facts, facts, force_of, what_closes
from bot.services.new_deployments import new_deployment
from bot.services.shipping import changes, usual_seconds
from bot.services.targets import Target

ANSWERED_AT_AN_ADDRESS = frozenset({"slash", "button", "modal"})
"""How commands are given that leave no message to answer under: behind a slash, or in what one person alone sees."""
TRIGGERS = frozenset({"schedule", API})
"""How commands are given outside of the chat, which their deployments tell."""


def wanted(context: Context, target: Target, commit: Commit) -> Deployment:
    """A new request by the person who speaks, for this commit and with all defaults."""
    return replace(
        asked_for(context, target, commit),
        changes=changes(context, target, commit),
        usual_seconds=usual_seconds(context.reads, target.app.name, target.environment.name),
    )


def asked_for(context: Context, target: Target, commit: Commit) -> Deployment:
    """The same without what is found out about the commit."""
    where, by = context.where, authorization.actor(context)
    return replace(
        new_deployment(context, target, commit, trigger=context.via if context.via in TRIGGERS else "chat", by=by),
        asked_channel=where.channel,
        asked_thread=_thread(context),
        asked_message=where.message if context.via not in ANSWERED_AT_AN_ADDRESS else None,
        password_key=context.event_id,
    )


def _on_its_card(context: Context, records: Records, new: Deployment) -> Deployment:
    """What the card of a merge is pressed for has that card from now on."""
    pressed = context.where.message if context.via == "button" and context.where.thread is None else None
    card = records.merge_cards.at(context.where.channel, pressed) if pressed else None
    if card is None or card.app != new.app:
        return new
    records.merge_cards.remove(card.app)
    return replace(new, channel=card.channel, parent=card.message_id)


def _thread(context: Context) -> str | None:
    """Under what was said; what a card's button asks for has a card of its own."""
    where = context.where
    return where.thread if context.via in ANSWERED_AT_AN_ADDRESS else where.thread or where.message


def request(
    context: Context, target: Target, new: Deployment, *, retyped: Deploy, waits: bool, note: str = ""
) -> Message | None:
    """Ask the gates and let it start, wait or be refused; all requests from the chat come through here.

    ``retyped`` is the command that asks for the same without force, for buttons and hints: others may read them too,
    and a force is its own person's. ``waits`` lets it wait for its checks. ``note`` is a sentence for the answer.
    """
    previews.demand_open(context, target, new)
    previews.demand_room(context, target)
    if new.task != DEPLOY:
        new = replace(new, usual_seconds=usual_seconds(context.reads, *target.place, new.task))
    found = commit_facts(context, target, new, waits_for_checks=waits)
    permission = authorization.may_deploy(context, target)
    place = context.chat.channel_names(context.where.channel) if context.via != API else None
    told = telling(context, target)
    force = force_of(new, admin=is_admin_where_closed(context, target, new))
    known = ancestry(context, target, new)
    records = context.begin(target.app.name, target.environment.name)
    view = facts(records, context, target, found, new, known)
    view = replace(view, place=place, waits_for_checks=waits, permission=permission)
    view = replace(view, force=force, later=_later(view, retyped))
    verdict = judge(view, force=new.force)
    if verdict.closed or (not waits and any(answer.waits_for not in WAITED_FOR for answer in verdict.waits)):
        raise _refusal(target, new, view, verdict, retyped)
    added = records.add(_on_its_card(context, records, told_there(context, new, told)))
    previews.asked_by_command(records, target, added)
    deployment = lifecycle.proceed(records, added, verdict, context.now, known)
    return answer(deployment, told, note)


def _refusal(target: Target, new: Deployment, view: Facts, verdict: Verdict, retyped: Deploy) -> Refused:
    """With what would come of it if it were asked to wait."""
    patient = judge(replace(view, waits_for_checks=True), force=new.force)
    production = target.environment.production
    message = refusals.refusal(new, verdict, retyped, may_wait=not patient.closed, production=production)
    return Refused(message, refusals.reasons(verdict, patient))


@dataclass(frozen=True, slots=True)
class Told:
    """Where a request is told of: at a spot, which is where it was asked for where it is ``here``."""

    spot: announcing.Spot
    here: bool


def telling(context: Context, target: Target) -> Told:
    spot = announcing.spot(context, target.app.channel)
    return Told(spot, spot.why is None and spot.channel == context.where.channel)


def told_there(context: Context, new: Deployment, told: Told) -> Deployment:
    """The request with the thread in which it is told of."""
    if context.via == API:
        return replace(new, asked_channel=None)
    if told.here:
        return replace(new, thread=new.asked_thread) if new.asked_thread else replace(new, asked_channel=None)
    if new.asked_thread is None:
        # The address is good for one answer, and there is no thread for what comes later.
        return replace(new, asked_channel=context.asker.id)
    return new


def answer(deployment: Deployment, told: Told, note: str = "") -> Message | None:
    """What is still to be said where it was asked for."""
    spot = told.spot
    if told.here or deployment.asked_thread:
        # The card, or the reply that stands for it, says it all.
        return say(note.strip()) if note else None
    return replies.on_it(deployment, channel=spot.name, why=spot.why, instead=spot.instead, note=note)


def demand_news(context: Context, command: Deploy, target: Target, commit: Commit) -> None:
    """Raises Refused where the commit is live there already, and nothing is about to take its place.

    Whoever says more than that, by force, hosts or parameters, means it; and who may not deploy there is told so.
    """
    live = context.reads.last_success(*target.place)
    same = live is not None and (live.sha, live.hosts, live.params) == (commit.sha, command.hosts, command.params)
    if live is None or not same or command.force or command.task != DEPLOY or previews.is_gone(context, target):
        return
    if context.reads.busy(*target.place) or context.reads.waiting(*target.place) or _tried_since(context, live):
        return
    if authorization.may_deploy(context, target):
        named = None if is_full_id(command.ref or "") else command.ref
        message = replies.live_already(live, named or commit.ref)
        raise Refused(message, (Reason("live", message.summary(), forcible=True),))


def _tried_since(context: Context, live: Deployment) -> bool:
    """Whether something else was begun there afterwards: however that ended, nobody knows what it has left."""
    lately = context.reads.history(app=live.app, environment=live.environment, ref=None, limit=10, task=DEPLOY)
    begun = [one for one in lately if one.id != live.id and one.started_at is not None]
    return any(live.started_at is None or (one.started_at or live.created_at) > live.started_at for one in begun)


def is_admin_where_closed(context: Context, target: Target, deployment: Deployment) -> bool:
    """Whether whoever asks is an admin; only asked where something is closed: groups and teams cost a request."""
    if deployment.by.chat_id is None or what_closes(context.reads, context, target) is None:
        return False
    return authorization.is_admin(context, authorization.person_of(context, deployment.by.chat_id))


def _later(view: Facts, retyped: Deploy) -> Deploy | None:
    """The command that asks for the same when what keeps the environment closed is over."""
    until = view.closed_by.until if view.closed_by else None
    return replace(retyped, at=as_words(until)) if until else None
