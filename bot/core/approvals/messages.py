"""What the bot says about approvals: to those who give or refuse them, and in the thread of the deployment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.deployments.model import Deployment
from bot.core.deployments.wording import deed, name_of, spoken, where
from bot.core.grammar.commands import Approve, Cancel, Mute, Reject
from bot.core.grammar.offers import hint, offer
from bot.core.names import stated
from bot.core.presses.model import drawn_for
from bot.core.rich_text import Bold, Code, Line, Link, Mention, Message, Moment, say


def nothing_to_approve() -> Message:
    return say("Nothing waits for approval here. ", Code("queue"), " shows what waits for what.")


def which_one(verb: str, candidates: Sequence[Deployment]) -> Message:
    """``verb`` is ``approve`` or ``reject``."""
    kind = Approve if verb == "approve" else Reject
    does = verb.capitalize()
    buttons = [button for one in candidates for button in offer(f"{does} {_label(one)}", kind(one.id))]
    return say(f"Which one do you want to {verb}?", buttons=buttons)


def _label(one: Deployment) -> str:
    return f"#{one.id} {one.app} → {one.environment} ({one.ref})"


def needs_none(deployment: Deployment) -> Message:
    return say(f"#{deployment.id} needs no approval: it is {deployment.state}.")


def needs_no_more(deployment: Deployment) -> Message:
    return say(f"#{deployment.id} needs no more approvals. {deployment.description}.")


def own_request(deployment: Deployment) -> Message:
    return say(
        f"#{deployment.id} is your own request, so somebody else has to approve it.",
        *hint(" You can take it back: ", Cancel(deployment.id)),
        buttons=offer("Cancel", Cancel(deployment.id), style="danger"),
    )


def link_first(deployment: Deployment, login: str, *, can_link: bool) -> Message:
    """``login`` is whoever asked for it on GitHub; the approver's own is not known."""
    why = f"#{deployment.id} comes from {login} on GitHub, and I do not know your login there, so it may be your own. "
    if can_link:
        return say(f"{why}Link first: ", Code("link <your GitHub login>"), *hint(", then ", Approve(deployment.id)))
    return say(f"{why}Whoever runs me can add you to [people] in settings.toml.")


def approved_already(deployment: Deployment) -> Message:
    missing = deployment.approvals_missing
    return say(f"You have approved #{deployment.id} already; {_still(missing)} from others.")


def thanks(deployment: Deployment) -> Message:
    """To whoever approved elsewhere than in the deployment's own thread."""
    return say("You approved ", *_name(deployment), f". {_and_now(deployment)}")


def approved_line(deployment: Deployment, by: Mention) -> Message:
    sentence = f"{by.name} approved: {deed(deployment)[:1].lower()}{deed(deployment)[1:]}. {_and_now(deployment)}"
    return Message((sentence,), (("👍 Approved by ", by, f". {_and_now(deployment)}"),))


def _and_now(deployment: Deployment) -> str:
    missing = deployment.approvals_missing
    return f"{_still(missing).capitalize()}." if missing else "That is enough."


def _still(missing: int) -> str:
    return f"{missing} more {'approval is' if missing == 1 else 'approvals are'} needed"


def rejected(deployment: Deployment) -> Message:
    return say("You rejected ", *_name(deployment), ".")


def rejected_by(person: str, reason: str | None) -> str:
    return f"Rejected by {person}: {stated(reason)}" if reason else f"Rejected by {person}"


def still_wanted(deployment: Deployment, waited: timedelta, card: str | None) -> Message:
    """To one who may approve it, when half of the time is over; ``card`` is the address of its message."""
    place = f"{deployment.app} → {where(deployment)}"
    told = f"has waited {spoken(waited)} for your approval"
    small: list[Line] = [(name_of(deployment),), (f"asked by {deployment.by.name}",)]
    if deployment.due_at is not None:
        small.append(("until ", Moment(deployment.due_at), ", then it is given up"))
    if card is not None:
        small.append((Link(card, "what ships"),))
    question = f"Let {name_of(deployment)} go to {place}?"
    buttons = offer("Approve", Approve(deployment.id), style="primary", confirm=question, drawn=drawn_for(deployment))
    return Message(
        sentence=(f"{place} {told}: {name_of(deployment)}, asked by {deployment.by.name}.",),
        lines=(("🙋 ", Bold(place), f" {told}"),),
        context=(tuple(span for n, fact in enumerate(small) for span in ((" · ", *fact) if n else fact)),),
        buttons=(*buttons, *offer("Mute these", Mute())),
    )


def nobody_approved(deployment: Deployment, timeout: timedelta) -> str:
    """Why one is given up whose time for approval is over."""
    there = len(deployment.approved_by)
    if there == 0:
        return f"Given up: nobody approved it within {spoken(timeout)}"
    return f"Given up: it had {there} of {there + deployment.approvals_missing} approvals within {spoken(timeout)}"


def _name(deployment: Deployment) -> Line:
    place = (Bold(deployment.app), " → ", Bold(where(deployment)))
    return (f"#{deployment.id} (", *place, f", {name_of(deployment)})")
