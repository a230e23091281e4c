"""The replies in a deployment's thread, and the one where it was asked for: posted once, then changed in place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.context import Context
from bot.core.deployments import announcing as announcing_messages
from bot.core.deployments import thread
from bot.core.deployments.card import Around, card, is_untouched
from bot.core.deployments.model import Deployment, State
from bot.core.effects import Part
from bot.core.errors import NotThere, NotYet
from bot.core.events.external import Place
from bot.core.locks import messages as lock_messages
from bot.core.locks.model import same_person
from bot.core.notices.model import Concerned
from bot.core.ports.parents import Posted
from bot.core.replies import cancelled_by
from bot.core.rich_text import Button, Mention, Message, fingerprint
from bot.services import answering, reaching
from bot.services.announcing import home_of, tag
from bot.services.gate_facts import target_of
from bot.services.pages import keeps_output, page_of
from bot.services.surroundings import around

AUTOMATIC = frozenset({"merge", "foreign", "promotion"})
"""What nobody has asked the bot for: whoever began it elsewhere is called only where it failed."""
_KINDS = {"gates": "gates", "run": "run", "end": "end", "after_all": "end", "asked": "reply"}
"""What each of the replies is called, for other tools."""


def thread_of(context: Context, deployment: Deployment) -> Place:
    """Under the command that asked for it, where that was given in the card's channel; else under the card."""
    assert deployment.channel is not None
    asked = deployment.thread if deployment.asked_channel == deployment.channel else None
    if asked is not None and context.parents.silence(deployment.channel, asked) is None:
        return Place(deployment.channel, thread=asked)
    return Place(deployment.channel, thread=deployment.parent)


def tell(context: Context, deployment: Deployment, part: Part, *, loud: bool) -> None:
    """Bring the reply up to date; post it where there is none, seen in the channel too where it is ``loud``."""
    known = context.parents.reply(deployment.id, part)
    message = _drawn(context, deployment, part, known=known is not None)
    if message is None:
        return
    if _shares_its_thread(context, deployment):
        message = thread.named(message, deployment)
    drawn, told = fingerprint(message), tag(deployment, _KINDS[part])
    key = f"{part}:{deployment.request_id}"
    if known is not None:
        _edit(context, deployment, part, known, message)
        return
    place = thread_of(context, deployment)
    posted = context.chat.post(place, message, key=key, maybe_sent=context.repeated, broadcast=loud, tag=told)
    context.parents.replied(deployment.id, part, Posted(place.channel, posted, context.now, drawn))


def _shares_its_thread(context: Context, deployment: Deployment) -> bool:
    """Whether several were asked for in one thread, by one message or one after another."""
    if deployment.thread is None or deployment.asked_channel is None:
        return False
    return len(context.reads.in_thread(deployment.asked_channel, deployment.thread)) > 1


def _edit(context: Context, deployment: Deployment, part: str, known: Posted, message: Message) -> None:
    """No more often than the chat service likes. One that somebody has deleted stays so."""
    drawn = fingerprint(message)
    if drawn == known.drawn and not context.repeated:
        return
    pause = timedelta(seconds=context.chat.between_edits)
    if (since := context.now - known.edited_at) < pause:
        raise NotYet("Edited a moment ago.", retry_after=(pause - since).total_seconds())
    told = tag(deployment, _KINDS.get(part, "card"))
    key = f"{part}:{deployment.request_id}"
    try:
        context.chat.edit(known.channel, known.message_id, message, key=key, tag=told)
    except answering.REFUSED:
        return
    owner = deployment.shown_on if part not in _KINDS else deployment.id
    context.parents.replied(owner, part, Posted(known.channel, known.message_id, context.now, drawn))


def _drawn(context: Context, deployment: Deployment, part: Part, *, known: bool) -> Message | None:
    """What the reply says now; None where there is nothing to say."""
    match part:
        case "gates":
            return thread.gates(deployment, around(context, deployment)) if thread.has_gates(deployment) else None
        case "run":
            starts = deployment.state is State.STARTING and not is_untouched(deployment)
            begun = deployment.started_at is not None and not starts
            # One that has ended already when its beginning is told needs no word of that.
            told = begun and (known or not deployment.ended)
            return thread.run(deployment, written_at(context, deployment)) if told else None
        case "after_all":
            live = context.reads.last_success(deployment.app, deployment.environment)
            return thread.after_all(deployment, live) if deployment.after_all is not None else None
        case "end":
            return _end(context, deployment, here=deployment.thread is not None or not deployment.asked_channel)


def _end(context: Context, deployment: Deployment, *, here: bool) -> Message | None:
    """``here`` says that whoever asked for it reads it here."""
    if not deployment.ended:
        return None
    target = target_of(context, deployment)
    failed = deployment.state in thread.FAILED
    output = context.reads.output(deployment.id, thread.SHOWN_OUTPUT) if failed else ()
    runbook, people = target.environment.runbook if target else (), concerned(context, deployment, here=here)
    page = page_of(context, deployment) if failed else None
    offers = _offers(context, deployment)
    return thread.end(deployment, people, output=output, runbook=runbook, page=page, offers=offers)


def written_at(context: Context, deployment: Deployment) -> Around:
    """Where it is written what happens."""
    return Around(page=page_of(context, deployment), written=keeps_output(context, deployment))


def _offers(context: Context, deployment: Deployment) -> tuple[Button, ...]:
    """What whoever deployed a branch is asked: whether they want to keep the environment, or still need it."""
    held = context.reads.locks.of(deployment.app, deployment.environment)
    held = None if held is None or held.ended(context.now) else held
    match context.reads.kept(lock_messages.offer_key(deployment.id)):
        case "lock" if held is None:
            return lock_messages.offer_lock(deployment)
        case "unlock" if held is not None and same_person(held.by, deployment.by):
            return lock_messages.offer_unlock(deployment)
    return ()


def concerned(context: Context, deployment: Deployment, *, here: bool) -> Concerned:
    """Whom its end concerns: nobody where it did what was to be expected of it.

    A failure concerns the authors too; ``here`` says that whoever asked for it reads it here.
    """
    failed = deployment.state in thread.FAILED
    own = deployment.description == cancelled_by(deployment.by.name)
    if own or (deployment.trigger in AUTOMATIC and not failed):
        return Concerned(None, (), 0)
    if failed:
        found = reaching.concerned(context, deployment)
        by = found.deployer if here or found.deployer is None else Mention(None, found.deployer.name)
        return replace(found, deployer=by)
    return Concerned(Mention(deployment.by.chat_id if here else None, deployment.by.name), (), 0)


def copy_card(context: Context, deployment: Deployment, channel: str) -> None:
    """The card in another channel than its own. Raises Rejected, NotAllowed or NotThere where it cannot be there."""
    kind = f"card:{channel}"
    owner, message = deployment.shown_on, card(deployment, around(context, deployment))
    known = context.parents.reply(owner, kind)
    if known is not None:
        _edit(context, deployment, kind, known, message)
        return
    there = context.chat.channel_id(channel)
    if there is None or there == deployment.channel:
        return
    key = f"{kind}:{deployment.request_id}"
    posted = context.chat.post(Place(there), message, key=key, maybe_sent=context.repeated, tag=tag(deployment, "card"))
    seen = Posted(there, posted, context.now, fingerprint(message))
    context.parents.replied(owner, kind, seen)


# --- where it was asked for, if that is elsewhere --------------------------------------------------------------------


def tell_asker(context: Context, deployment: Deployment) -> None:
    """One reply there that is changed, and one more at the end."""
    by_slash = deployment.asked_thread is None
    if not by_slash:
        _where_asked(context, deployment)
    if deployment.ended and context.parents.reply(deployment.id, "asked_end") is None:
        message = _end(context, deployment, here=True)
        if message is not None:
            place = _asked_place(deployment, answer=False)
            posted = answering.say_where_asked(
                context,
                place,
                message,
                key=f"asked_end:{deployment.request_id}",
                else_to=deployment.by.chat_id,
                deployment_id=deployment.id,
                tag=tag(deployment, "end"),
            )
            context.parents.replied(deployment.id, "asked_end", Posted(place.channel, posted or "", context.now, ""))


def _asked_place(deployment: Deployment, *, answer: bool) -> Place:
    assert deployment.asked_channel is not None
    direct = deployment.asked_channel == deployment.by.chat_id
    under = deployment.asked_thread
    return Place(deployment.asked_channel, message=under if answer else None, thread=under, direct=direct)


def _where_asked(context: Context, deployment: Deployment) -> None:
    known = context.parents.reply(deployment.id, "asked")
    if known is None and deployment.parent is None:
        raise NotYet("The parent message is not there yet.")
    message = _asked(context, deployment)
    if known is not None:
        if known.message_id:
            _edit(context, deployment, "asked", known, message)
        return
    place = _asked_place(deployment, answer=True)
    posted = answering.say_where_asked(
        context,
        place,
        message,
        key=f"asked:{deployment.request_id}",
        else_to=deployment.by.chat_id,
        deployment_id=deployment.id,
        tag=tag(deployment, "reply"),
    )
    seen = Posted(place.channel, posted or "", context.now, fingerprint(message))
    context.parents.replied(deployment.id, "asked", seen)


def _asked(context: Context, deployment: Deployment) -> Message:
    home = home_of(context, deployment.app, deployment.asked_channel) or "its channel"
    left, seen = context.parents.away(deployment.id), around(context, deployment)
    if left is None:
        return thread.asked(deployment, seen, _link(context, deployment), home)
    why, general = announcing_messages.not_at_home(home, left.reason), context.settings.slack.channel
    if not deployment.parent:
        return thread.asked(deployment, seen, None, None, remarks=[why])
    if general and context.chat.channel_id(general) == deployment.channel:
        return thread.asked(deployment, seen, _link(context, deployment), general, remarks=[why])
    # Nobody else can follow a link into somebody's direct messages.
    return thread.asked(deployment, seen, None, announcing_messages.TO_ADMINS, remarks=[why])


def _link(context: Context, deployment: Deployment) -> str | None:
    if not deployment.parent or not deployment.channel:
        return None
    try:
        return context.chat.link_to(deployment.channel, deployment.parent)
    except NotThere:
        return None
