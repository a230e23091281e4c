"""What can be done from a card: two buttons at most that fit the state, and a menu with the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.core.deployments import ships
from bot.core.deployments.model import DEPLOY, Deployment, State, Waiting
from bot.core.deployments.shipping import summary
from bot.core.deployments.wording import name_of, where
from bot.core.grammar.commands import (
    Approve,
    AskToRelease,
    Cancel,
    CopyCommand,
    Deploy,
    Reject,
    Retry,
    Rollback,
    Ship,
    TakeLock,
    TakeOver,
    Unlock,
    Why,
)
from bot.core.grammar.offers import offer
from bot.core.names import listed
from bot.core.presses.model import drawn_for
from bot.core.rich_text import Button


def buttons(deployment: Deployment, live: Deployment | None, *, locked: bool = False) -> tuple[Button, ...]:
    """The commands that fit the state. ``live`` is what is live there, ``locked`` says that a rollback keeps it."""
    if not deployment.ended:
        return _of_open(deployment)
    if deployment.superseded_by is not None or deployment.replaced_by is not None:
        return ()
    match deployment.state:
        case State.SUCCEEDED if deployment.trigger == "rollback":
            return (*(_unlock(deployment) if locked else ()), *roll_back(deployment))
        case State.SUCCEEDED:
            return roll_back(deployment)
        case State.FAILED | State.ERROR | State.TIMED_OUT:
            return (*_retry(deployment, "Retry", live), *roll_back(deployment))
        case _:
            if deployment.unmerged:
                return ship_again(deployment)
            asked_only = deployment.started_at is None
            return _retry(deployment, "Ask again" if asked_only else "Retry", live)


def menu(deployment: Deployment, *, held: bool = False) -> tuple[Button, ...]:
    """Behind the buttons: what is rarely wanted. ``held`` says that somebody has the place, who alone may lock it."""
    if deployment.superseded_by is not None or deployment.replaced_by is not None:
        return ()
    found: list[Button] = []
    if deployment.state is State.WAITING and deployment.approvals_missing:
        found += offer("Cancel", Cancel(deployment.id), drawn=drawn_for(deployment))
    if deployment.state is State.WAITING and deployment.waits_for is Waiting.LOCK:
        found += offer("Take over…", TakeOver(deployment.environment, deployment.app), asks=True)
    if deployment.ended:
        found += _of_ended(deployment, held=held)
    if found:
        found += [*offer("Details", Why(deployment=deployment.id)), *offer("Copy command", CopyCommand(deployment.id))]
    return tuple(found)


def tells_of_lock(deployment: Deployment) -> bool:
    """Whether its card looks otherwise while somebody has the place: it offers to lock it, or says who has."""
    never = {State.CANCELLED, State.EXPIRED, State.SUPERSEDED}
    return deployment.ended and deployment.replaced_by is None and deployment.state not in never


def _of_ended(deployment: Deployment, *, held: bool) -> tuple[Button, ...]:
    """What goes on from it: its place can be kept, and the same or something else can be deployed there."""
    lock: tuple[Button, ...] = ()
    rolled_back = deployment.state is State.SUCCEEDED and deployment.trigger == "rollback"
    if not held and not rolled_back and tells_of_lock(deployment):
        name = deployment.environment
        lock = offer(f"Lock {name}…", TakeLock(name, deployment.app), asks=True)
    again = Deploy(deployment.app, deployment.ref, deployment.environment)
    return (*lock, *offer("Deploy…", again, asks=True))


def _of_open(deployment: Deployment) -> tuple[Button, ...]:
    place = f"{deployment.app} → {where(deployment)}"
    drawn = drawn_for(deployment)
    if deployment.state is State.WAITING and deployment.approvals_missing:
        return (*approve(deployment), *_reject(deployment))
    if deployment.state is State.WAITING:
        leave = "Leave queue" if deployment.waits_for is Waiting.QUEUE else "Cancel"
        question = f"{place}: {name_of(deployment)} is not deployed then."
        if deployment.unmerged:
            question = f"{place}: #{deployment.pull_request} is neither merged nor deployed then."
        if deployment.unmerged and deployment.shipment is not None and deployment.shipment.asked == "merge":
            question = f"{place}: #{deployment.pull_request} is not deployed then. GitHub may be merging it already."
        if deployment.waits_for in {Waiting.LOCK, Waiting.FREEZE, Waiting.MOMENT}:
            leave = "Stop" if deployment.waits_for is Waiting.MOMENT else "Leave"
        give_up = offer(leave, Cancel(deployment.id), "danger", question, drawn)
        if deployment.waits_for is Waiting.MOMENT:
            return (*_at_once(deployment, place), *give_up)
        if deployment.waits_for is not Waiting.LOCK:
            return give_up
        return (*offer("Ask to release", AskToRelease(deployment.environment, deployment.app)), *give_up)
    steps = deployment.steps
    doing = f"Step {steps.runs[-1].number} of {steps.total} is running" if steps.runs else f"{place} is being deployed"
    question = f"{doing}. What has been done is not undone."
    return _called("Stop it", offer("Cancel", Cancel(deployment.id), "danger", question, drawn))


def _at_once(deployment: Deployment, place: str) -> tuple[Button, ...]:
    if deployment.rollback_of is None:
        now = Deploy(deployment.app, deployment.sha, deployment.environment)
        return offer("Deploy now", now, confirm=f"{name_of(deployment)} to {place} at once.")
    back = Rollback(deployment.app, deployment.environment, deployment.sha)
    return offer("Roll back now", back, "danger", f"{place} goes back to {deployment.short_sha} at once.")


def _called(yes: str, found: Iterable[Button]) -> tuple[Button, ...]:
    """With another name for going on in the question that is asked."""
    return tuple(replace(one, yes=yes) for one in found)


def approve(deployment: Deployment) -> tuple[Button, ...]:
    """A yes to it, which says what goes where."""
    them = ships.moved(deployment)
    what = summary(them, ships.unlisted(deployment)) if them else name_of(deployment)
    go = "go" if len(them) + ships.unlisted(deployment) > 1 else "goes"
    last = deployment.approvals_missing == 1 and deployment.waits_for is Waiting.APPROVAL
    question = f"{what} {go} to {where(deployment)}{' at once' if last else ''}."
    return offer("Approve", Approve(deployment.id), "primary", question, drawn_for(deployment))


def _reject(deployment: Deployment) -> tuple[Button, ...]:
    refuse = f"{deployment.app} → {where(deployment)}: {name_of(deployment)} is not deployed then."
    return offer("Reject…", Reject(deployment.id), "danger", refuse, drawn_for(deployment), asks=True)


def _retry(deployment: Deployment, label: str, live: Deployment | None) -> tuple[Button, ...]:
    now = f" Live there now: {live.short_sha}." if live is not None and live.sha != deployment.sha else ""
    question = f"Deploys {name_of(deployment)} to {deployment.app} → {where(deployment)} again.{now}"
    return offer(label, Retry(deployment.id), confirm=question, drawn=drawn_for(deployment))


def ship_again(deployment: Deployment) -> tuple[Button, ...]:
    """The pull request as it is by then: what was to be merged before is not."""
    if deployment.pull_request is None:
        return ()
    again = Ship(deployment.pull_request, deployment.environment, deployment.app)
    question = (
        f"Merges #{deployment.pull_request} as it is now, and deploys it to {deployment.app} → {where(deployment)}."
    )
    return offer(f"Ship #{deployment.pull_request}", again, confirm=question, drawn=drawn_for(deployment))


def _unlock(deployment: Deployment) -> tuple[Button, ...]:
    return offer("Unlock", Unlock(deployment.environment, deployment.app))


def roll_back(deployment: Deployment) -> tuple[Button, ...]:
    """To what was live before it; after a rollback the way forward again."""
    base = deployment.changes.base
    if base is None or base == deployment.sha or deployment.task != DEPLOY or deployment.remote_id is None:
        return ()
    if deployment.rollback_of is not None and deployment.state is State.SUCCEEDED:
        again = Deploy(deployment.app, base, deployment.environment)
        return offer(f"Redeploy {base[:7]}", again, confirm=_redeploy_question(deployment, base))
    command = Rollback(deployment.app, deployment.environment, base)
    question, drawn = rollback_question(deployment, base), drawn_for(deployment)
    offered = offer(f"Roll back to {base[:7]}", command, "danger", question, drawn, asks=True)
    return _called("Roll back", offered)


def _redeploy_question(deployment: Deployment, base: str) -> str:
    place = f"{deployment.app} → {where(deployment)}"
    return f"{place}: from {deployment.short_sha} (live) to {base[:7]} again, which was rolled back."


def rollback_question(deployment: Deployment, base: str) -> str:
    """From what to what, what is lost by it, and what follows."""
    place = f"{deployment.app} → {where(deployment)}"
    if deployment.state is not State.SUCCEEDED:
        return f"{place}: from {deployment.short_sha}, which has not succeeded, to {base[:7]}, which was live before."
    changes = deployment.changes
    named = [ships.name(one) for one in changes.shipped[: ships.SHOWN]]
    count = len(changes.shipped) - ships.SHOWN + changes.more
    lost = f" Takes back {listed([*named, *([f'{count} more'] if count > 0 else [])])}." if named else ""
    if changes.migrations:
        lost += f" With a migration: {listed(changes.migrations[: ships.SHOWN])}."
    locked = f" Then {deployment.environment} is locked for you, so that no merge ships it again."
    return f"{place}: from {deployment.short_sha} (live) to {base[:7]}.{lost}{locked}"
