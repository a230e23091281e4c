"""How a deployment ends, and what that means for what is live, and for what waits behind it.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core import replies
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments import rolling_card, thread
from bot.core.deployments.model import (
    DEPLOY,
    Deployment,
    State,
    Waiting,
    may_become,
    moved,
)
from bot.core.deployments.reconsideration import next_in_queue
from bot.core.deployments.steps import ended_with
from bot.core.deployments.telling import draw, react, said_to_wait, tell, tell_where_it_failed
from bot.core.deployments.waits import waits_no_more
from bot.core.effects import LeaveMergeQueue, PostStatus
from bot.core.events.internal import DeploymentEnded
from bot.core.gates.messages import in_line
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.ports.transaction import Records

REMOTE_ENDS: dict[State, str] = {
    State.SUCCEEDED: "success",
    State.FAILED: "failure",
    State.ERROR: "error",
    State.TIMED_OUT: "error",
    State.CANCELLED: "error",
    State.EXPIRED: "error",
    State.SUPERSEDED: "inactive",
}


def end(
    records: Records, deployment: Deployment, state: State, now: datetime, description: str, *, report: bool = True
) -> Deployment:
    """It has ended; whoever waits for the environment is looked at next.

    ``report`` is False where GitHub is who told us.
    """
    if deployment.ended or not may_become(deployment.state, state):
        return deployment
    ended = _with_its_story(moved(deployment, state, now, description), now)
    records.save(ended)
    if rest := rolling_card.waits_with(records, ended):
        # It was what the card showed; what waits on has one of its own.
        rolling_card.leave(records, rest)
        draw(records, records.deployment(rest[-1].id) or rest[-1])
    if report:
        report_end(records, ended)
    if deployment.unmerged and deployment.shipment is not None and deployment.shipment.queues:
        records.emit(LeaveMergeQueue(ended.id))
    draw(records, ended)
    began = ended.started_at is not None and ended.started_at < now
    if thread.has_gates(ended) and (deployment.reviewed_elsewhere or not began):
        tell(records, ended, deployment_messages.end_line(ended), part="gates")
    if began:
        tell(records, ended, deployment_messages.end_line(ended), part="run")
    tell(records, ended, deployment_messages.end_line(ended), occasion=deployment_messages.occasion(ended), part="end")
    react(records, ended)
    if state is State.SUCCEEDED:
        tell_where_it_failed(records, ended)
        _replace_older(records, ended)
    lock_lifecycle.after_rollback(records, ended, now)
    move_up(records, ended.app, ended.environment)
    next_in_queue(records, ended.app, ended.environment)
    records.put(DeploymentEnded(ended.id), f"ended:{ended.id}")
    return ended


def cancel(records: Records, deployment: Deployment, by: str, now: datetime, *, ours: bool) -> None:
    """What has not begun ends at once, what is ``ours`` when its provider has stopped; what another tool carries out
    is marked only, as nobody here can stop that."""
    if deployment.begun and ours:
        records.save(replace(deployment, cancel_by=by))
        return
    for one in rolling_card.waits_with(records, deployment):
        # Whoever takes back a merge takes back those that are part of its card: one press each would be a trap.
        _end_with_it(records, one, now, by)
    end(records, deployment, State.CANCELLED, now, replies.cancelled_by(by))


def _end_with_it(records: Records, one: Deployment, now: datetime, by: str) -> None:
    gone = waits_no_more(moved(one, State.CANCELLED, now, replies.cancelled_by(by)), now)
    records.save(gone)
    report_end(records, gone)
    records.put(DeploymentEnded(gone.id), f"ended:{gone.id}")


def give_up(records: Records, deployment: Deployment, state: State, now: datetime, why: str) -> None:
    """Whoever carries it out is silent: it has ended as far as we can tell, and they may still tell otherwise."""
    end(records, replace(deployment, given_up_at=now), state, now, why)


def end_after_all(
    records: Records, deployment: Deployment, state: State, now: datetime, description: str, *, copied: bool = False
) -> Deployment:
    """Whoever carries it out reports how it ended after it was given up: that is the truth.

    Its environment may be somebody else's by now, and stays theirs: what succeeded there and started later is still
    what is live, nobody's turn comes, and a rollback locks only what it has rolled back in fact.
    """
    if not deployment.given_up or not may_become(deployment.state, state):
        return deployment
    ended = _with_its_story(moved(deployment, state, now, description), now)
    records.save(ended)
    react(records, ended, instead=deployment_messages.reaction(deployment))
    if state is State.SUCCEEDED:
        ended = _replace_older(records, ended)
    if copied:
        report_end(records, ended)
    draw(records, ended)
    live = records.last_success(ended.app, ended.environment)
    # Whoever was told that it failed is told what came of it.
    tell(records, ended, thread.after_all(ended, live), occasion="failure", part="after_all")
    if live is not None and live.id == ended.id and not records.busy(ended.app, ended.environment):
        lock_lifecycle.after_rollback(records, ended, now)
    records.put(DeploymentEnded(ended.id), f"ended-after-all:{ended.id}")
    return ended


def give_way(records: Records, old: Deployment, newer: Deployment, now: datetime, why: str | None = None) -> None:
    """It is part of another one, which goes or has gone in its place."""
    why = why or deployment_messages.superseded_by(old, newer)
    gone = replace(waits_no_more(moved(old, State.SUPERSEDED, now, why), now), superseded_by=newer.id)
    records.save(gone)
    report_end(records, gone)
    react(records, gone)
    draw(records, gone)
    if gone.asked_channel is not None:
        # Whoever asked for it is told; a merge is part of what its card shows.
        tell(records, gone, deployment_messages.end_line(gone), part="end")


def _with_its_story(ended: Deployment, now: datetime) -> Deployment:
    steps = ended_with(ended.steps, now, succeeded=ended.state is State.SUCCEEDED)
    return replace(waits_no_more(ended, now), steps=steps)


def _replace_older(records: Records, ended: Deployment) -> Deployment:
    """Only what is live can be rolled back: the messages of what was there before offer nothing any more."""
    live = records.last_success(ended.app, ended.environment)
    if ended.task != DEPLOY or live is None:
        return ended
    for one in records.offering(ended.app, ended.environment):
        if one.id != live.id:
            records.save(replace(one, replaced_by=live.id))
            draw(records, one)
    return records.deployment(ended.id) or ended


def report_end(records: Records, ended: Deployment) -> None:
    if ended.remote_id is not None:
        records.emit(PostStatus(ended.id, REMOTE_ENDS[ended.state], ended.description))


def move_up(records: Records, app: str, environment: str) -> None:
    """Those in the queue say whom they wait for now, and at which place."""
    busy = records.busy(app, environment)
    if not busy:
        return  # the first of them is decided on at once, and the others follow
    queue = [one for one in records.waiting(app, environment) if one.waits_for is Waiting.QUEUE]
    for before, one in enumerate(queue):
        text = deployment_messages.queued(in_line(busy[0], queue[:before]))
        if text != one.description:
            said_to_wait(records, one, text)
