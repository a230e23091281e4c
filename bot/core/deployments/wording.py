"""How a deployment stands, in words: a line for those who look at it, a sentence for those who only hear of it."""

from __future__ import annotations

from datetime import timedelta

from bot.core.deployments.model import DEPLOY, Deployment, State, Waiting
from bot.core.rich_text import Line, Link

DROPPED = "as the branch was forced to another history and has this commit no more"

EMOJI: dict[State, str] = {
    State.REQUESTED: "🆕",
    State.WAITING: "⏳",
    State.STARTING: "🚀",
    State.RUNNING: "🚀",
    State.SUCCEEDED: "✅",
    State.FAILED: "❌",
    State.ERROR: "❌",
    State.TIMED_OUT: "⌛",
    State.CANCELLED: "🛑",
    State.SUPERSEDED: "⏭️",
    State.EXPIRED: "⌫",
}
WAITS: dict[Waiting, str] = {
    Waiting.QUEUE: "⏸️",
    Waiting.APPROVAL: "🙋",
    Waiting.LOCK: "🔒",
    Waiting.FREEZE: "🧊",
    Waiting.MOMENT: "⏰",
}
"""What one waits for that does not just take its time."""


GOES_ON: dict[Waiting, str] = {
    Waiting.CHECKS: "Its checks are green",
    Waiting.REVIEW: "It is reviewed",
    Waiting.ORDER: "The environment before has its commit",
    Waiting.QUEUE: "Its turn has come",
    Waiting.APPROVAL: "It is approved",
    Waiting.LOCK: "Nobody else holds the environment",
    Waiting.FREEZE: "Nothing is frozen or closed any more",
    Waiting.MOMENT: "Its moment has come",
    Waiting.MERGE: "It is merged",
}
"""Why one goes on that waited."""


NO_LONGER = " (no longer in my settings)"
"""Behind a place in a list that the settings do not name any more."""
REVIEW_ELSEWHERE = "Waits for a review on GitHub"


def emoji(deployment: Deployment) -> str:
    if deployment.reviewed_elsewhere:
        return "🙋"
    if deployment.trigger == "rollback" and deployment.state is State.SUCCEEDED:
        return "⏪"
    waits = WAITS.get(deployment.waits_for) if deployment.state is State.WAITING and deployment.waits_for else None
    return waits or EMOJI[deployment.state]


def after_all(deployment: Deployment) -> str | None:
    """That its end was reported late, and how late, for one that was given up."""
    if deployment.after_all is None:
        return None
    succeeded = "live" if deployment.task == DEPLOY else "as succeeded"
    how = succeeded if deployment.state is State.SUCCEEDED else "as failed"
    return f"reported {how} {spoken(deployment.after_all)} after it was given up"


def spoken(duration: timedelta | float) -> str:
    """A duration as people say it.

    >>> spoken(75)
    '1 min 15 s'
    >>> spoken(7200)
    '2 h'
    """
    seconds = round(duration.total_seconds() if isinstance(duration, timedelta) else duration)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def name_of(deployment: Deployment) -> str:
    """``topic@1a2b3c4``; a bare commit is named once."""
    ref, sha = deployment.ref, deployment.short_sha
    if deployment.sha.startswith(ref):
        return sha
    return ref if sha in ref else f"{ref}@{sha}"


def what(deployment: Deployment) -> Line:
    """The deployment's name, linked where there is a page for the commit."""
    return (Link(deployment.url, name_of(deployment)),)


def where(deployment: Deployment) -> str:
    return f"{deployment.environment}/{deployment.hosts}" if deployment.hosts else deployment.environment


def state_line(deployment: Deployment) -> Line:
    """How it stands, in words."""
    if deployment.reviewed_elsewhere:
        return (REVIEW_ELSEWHERE,)
    match deployment.state:
        case State.REQUESTED:
            return ("Asked for",)
        case State.WAITING:
            return (deployment.description or "Waiting",)
        case State.STARTING:
            return (deployment.description or "Starting",)
        case State.RUNNING:
            usual = deployment.usual_seconds
            return (f"Running, usually {spoken(usual)}" if usual else "Running",)
        case State.SUCCEEDED:
            took = f" in {spoken(deployment.took)}" if deployment.took is not None else ""
            return (f"Succeeded{took}", *_because(deployment))
        case State.FAILED:
            return ("Failed", *_because(deployment))
        case State.ERROR:
            return ("Did not work", *_because(deployment))
        case State.TIMED_OUT:
            return ("Timed out", *_because(deployment))
        case State.CANCELLED | State.SUPERSEDED | State.EXPIRED:
            return (deployment.description or str(deployment.state).capitalize(),)


def forced_line(deployment: Deployment) -> str:
    """Who forced it and why, and what stood in its way."""
    why = f": “{deployment.force_reason}”" if deployment.force_reason else ""
    despite = f" · past: {'; '.join(deployment.forced)}" if deployment.forced else ""
    return f"⚠️ forced by {deployment.by.name}{why}{despite}"


def _because(deployment: Deployment) -> Line:
    return (f": {deployment.description}",) if deployment.description else ()


def deed(deployment: Deployment) -> str:
    """What it does, as the beginning of a sentence: ``Deploying topic@1a2b3c4 of web to production``."""
    name, app, place = name_of(deployment), deployment.app, where(deployment)
    if deployment.task != "deploy":
        return f"Running {deployment.task} with {name} of {app} on {place}"
    if deployment.unmerged:
        return f"Shipping #{deployment.pull_request} of {app} to {place}"
    if deployment.trigger == "rollback":
        return f"Rolling {app} on {place} back to {name}"
    return f"Deploying {name} of {app} to {place}"


def sentence(deployment: Deployment) -> str:
    """All of it in one or two full sentences, for notifications and screen readers."""
    because = f": {deployment.description}" if deployment.description else ""
    if deployment.reviewed_elsewhere:
        return f"{full(begun(deployment))} It {REVIEW_ELSEWHERE[:1].lower()}{REVIEW_ELSEWHERE[1:]}."
    match deployment.state:
        case State.REQUESTED | State.STARTING | State.RUNNING:
            return full(begun(deployment))
        case State.WAITING:
            return f"{full(begun(deployment))} {full(deployment.description or 'It is waiting')}"
        case State.SUCCEEDED:
            return full(_done(deployment))
        case State.FAILED:
            return full(f"{deed(deployment)} failed{because}")
        case State.ERROR:
            return full(f"{deed(deployment)} did not work{because}")
        case State.TIMED_OUT:
            return full(f"{deed(deployment)} timed out{because}")
        case State.CANCELLED | State.SUPERSEDED | State.EXPIRED:
            return f"{deed(deployment)} is off. {full(deployment.description or str(deployment.state).capitalize())}"


def begun(deployment: Deployment) -> str:
    deed_, by = deed(deployment), deployment.by.name
    if deployment.trigger == "merge":
        number = f"#{deployment.pull_request}" if deployment.pull_request else "a pull request"
        return f"{by} merged {number}: {name_of(deployment)} of {deployment.app} goes to {where(deployment)}"
    if deployment.trigger == "promotion":
        return f"{name_of(deployment)} of {deployment.app} goes on to {where(deployment)} by itself"
    if deployment.state is State.WAITING:
        return f"{by} asked for this: {deed_[:1].lower()}{deed_[1:]}"
    return f"{by} is {deed_[:1].lower()}{deed_[1:]}"


def _done(deployment: Deployment) -> str:
    name, app, place = name_of(deployment), deployment.app, where(deployment)
    took = f" in {spoken(deployment.took)}" if deployment.took is not None else ""
    if deployment.task != "deploy":
        return f"{app}: {deployment.task} ran with {name} on {place}{took}"
    if deployment.trigger == "rollback":
        return f"{app}: {place} was rolled back to {name}{took}"
    return f"{app}: {name} was deployed to {place}{took}"


APP_PAGE = "History and figures"
"""What the page of an app is called where it is linked."""


def full(text: str) -> str:
    """With a full stop, unless it ends a sentence already."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
