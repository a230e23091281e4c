"""How a deployment goes on: each function moves one deployment and says what must happen because of it.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import replies
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments import rolling_card, thread
from bot.core.deployments.ancestry import UNKNOWN, Ancestry, ahead_key, same_line
from bot.core.deployments.model import (
    DEPLOY,
    ENDED,
    Deployment,
    State,
    Waiting,
    held_for_review,
    may_become,
    moved,
    path_to,
    waiting,
)
from bot.core.deployments.reconsideration import next_in_queue, remind
from bot.core.deployments.steps import ended_with, went_on
from bot.core.deployments.waits import waits_for, waits_no_more
from bot.core.effects import (
    CreateDeployment,
    Occasion,
    Part,
    PostInThread,
    PostStatus,
    React,
    RenderParent,
    StartRun,
    TellAsker,
    WorksAgain,
)
from bot.core.events.internal import DeploymentEnded
from bot.core.gates.messages import in_line
from bot.core.gates.model import Answer, Verdict
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.ports.transaction import Records
from bot.core.rich_text import Message, plain

HUNG_AFTER = timedelta(hours=1)
"""A deployment that waits for checks is reported after this long, by the name of the check."""
EXPIRES_AFTER = timedelta(hours=24)
"""A deployment that waits for checks this long is given up."""
PICKED_UP_WITHIN = timedelta(seconds=30)
"""A deployment that another tool should carry out is reported when nothing has touched it for this long."""

SEEN = "👀"
"""The reaction on a command that asks for a deployment, until that has ended."""
FORCIBLE = frozenset({Waiting.CHECKS, Waiting.REVIEW, Waiting.ORDER})
"""What a person may pass by force while another deployment of the same still waits for it."""
REMOTE_ENDS: dict[State, str] = {
    State.SUCCEEDED: "success",
    State.FAILED: "failure",
    State.ERROR: "error",
    State.TIMED_OUT: "error",
    State.CANCELLED: "error",
    State.EXPIRED: "error",
    State.SUPERSEDED: "inactive",
}


def proceed(
    records: Records,
    deployment: Deployment,
    verdict: Verdict,
    now: datetime,
    known: Ancestry = UNKNOWN,
) -> Deployment:
    """Start it, let it wait for what the gates say, or end it where one of them will not open.

    ``known`` is how its commit stands to those that wait beside it. A wait that was announced before is not announced
    again.
    """
    deployment = judged(deployment, verdict)
    if verdict.closed:
        return end(records, deployment, State.CANCELLED, now, replies.closed_reasons(verdict))
    if not verdict.waits:
        return start(records, deployment, now, known)
    answer = verdict.waits[0]
    assert answer.waits_for is not None
    again = deployment.waits_for is answer.waits_for
    due_at = deployment.due_at if again else _looked_at_again(answer, now)
    text = deployment_messages.waits(answer)
    held = waits_for(waiting(deployment, answer.waits_for, now, due_at), answer, now)
    held = _said_to_wait(records, held, text)
    remind(records, held, answer, again=again)
    if not answer.settling and (not again or deployment_messages.worth_telling(deployment.description, text)):
        _tell(records, held, deployment_messages.waiting_line(held), part="gates")
    return held


def _said_to_wait(records: Records, deployment: Deployment, text: str) -> Deployment:
    """With what it waits for, in the message and, where another tool has created it, on GitHub."""
    held = replace(deployment, description=text)
    records.save(held)
    draw(records, held)
    if held.remote_id is not None and text != deployment.description:
        records.emit(PostStatus(held.id, "queued" if held.waits_for is Waiting.QUEUE else "pending", text))
    return held


def waits_on(records: Records, deployment: Deployment, text: str) -> None:
    """It waits as before, for something that no gate has said."""
    if text != deployment.description:
        _said_to_wait(records, deployment, text)


def judged(deployment: Deployment, verdict: Verdict) -> Deployment:
    """With what the gates found that people want to see of it."""
    return replace(
        deployment,
        approved_by=verdict.approved_by,
        approvals_missing=verdict.approvals_missing,
        forced=tuple(plain(answer.line) for answer in verdict.forced),
    )


def _looked_at_again(answer: Answer, now: datetime) -> datetime | None:
    if answer.waits_for is Waiting.CHECKS:
        return now + HUNG_AFTER
    return now + answer.within if answer.within is not None else None


def wait_for_checks(records: Records, deployment: Deployment, now: datetime) -> None:
    """Let it wait for its checks whatever they say now; it is decided on again afterwards."""
    held = waiting(deployment, Waiting.CHECKS, now, now + HUNG_AFTER)
    records.save(replace(held, description="Waiting: for its checks", news=("waits for its checks",)))
    draw(records, held)


def start(records: Records, deployment: Deployment, now: datetime, known: Ancestry = UNKNOWN) -> Deployment:
    """Begin: on GitHub first, the provider follows when the deployment exists there."""
    begun = waits_no_more(moved(deployment, State.STARTING, now), now)
    records.save(begun)
    for one in rolling_card.left_by(records, begun):
        draw(records, one)
    draw(records, begun)
    if deployment.waits_for is not None:
        _tell(records, begun, deployment_messages.begins_line(deployment), part="gates")
    _make_needless(records, begun, now)
    _overtake(records, begun, known, now)
    _keep_ahead(records, begun, known)
    _move_up(records, begun.app, begun.environment)
    if begun.remote_id is None:
        records.emit(CreateDeployment(begun.id))
    else:
        hand_over(records, begun)
    return begun


def _keep_ahead(records: Records, begun: Deployment, known: Ancestry) -> None:
    """From now on it is what has gone furthest of its branch there, unless it is a part of what has."""
    key = ahead_key(begun)
    if key is not None and known.kept and (known.ahead is None or known.ahead.sha not in known.newer):
        records.keep(key, str(begun.id))


def opened(records: Records, deployment: Deployment, remote_id: int, now: datetime, *, ours: bool) -> None:
    """It exists on GitHub now: let it be carried out, by our provider or by another tool.

    What still waits was never asked for there, whoever says so.
    """
    if deployment.remote_id is not None or deployment.started_at is None:
        return
    known = replace(deployment, remote_id=remote_id)
    if known.ended:
        # Cancelled while it was being created: GitHub must not show it as pending for ever.
        records.save(known)
        _report_end(records, known)
        return
    # The time that it may take begins here: creating it may have had to wait for GitHub, however long.
    known = replace(known, started_at=now)
    if ours:
        records.save(known)
        hand_over(records, known)
        return
    records.save(replace(known, due_at=now + PICKED_UP_WITHIN))


def hand_over(records: Records, deployment: Deployment) -> None:
    """Give it to our own provider."""
    records.emit(PostStatus(deployment.id, "queued", "Queued by Shipmate"), StartRun(deployment.id))
    _tell(records, deployment, deployment_messages.queued_line(deployment), part="run")


def running(records: Records, deployment: Deployment, now: datetime, *, timeout: timedelta, ours: bool) -> Deployment:
    """It is being carried out."""
    if not may_become(deployment.state, State.RUNNING):
        return deployment
    due_at = None if ours else now + timeout
    run = replace(moved(deployment, State.RUNNING, now, due_at=due_at), description=deployment.description)
    run = went_on(run, now)
    records.save(run)
    draw(records, run)
    if ours:
        records.emit(PostStatus(run.id, "in_progress", "Shipmate is deploying"))
    _tell(records, run, deployment_messages.running_line(run), part="run")
    return run


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
        records.leave_card([one.id for one in rest])
        draw(records, records.deployment(rest[-1].id) or rest[-1])
    if report:
        _report_end(records, ended)
    draw(records, ended)
    if ended.started_at is not None and ended.started_at < now:
        _tell(records, ended, deployment_messages.end_line(ended), part="run")
    elif thread.has_gates(ended):
        _tell(records, ended, deployment_messages.end_line(ended), part="gates")
    _tell(records, ended, deployment_messages.end_line(ended), occasion=deployment_messages.occasion(ended), part="end")
    _react(records, ended)
    if state is State.SUCCEEDED:
        _tell_where_it_failed(records, ended)
        _replace_older(records, ended)
    lock_lifecycle.after_rollback(records, ended, now)
    _move_up(records, ended.app, ended.environment)
    next_in_queue(records, ended.app, ended.environment)
    records.put(DeploymentEnded(ended.id), f"ended:{ended.id}")
    return ended


def _with_its_story(ended: Deployment, now: datetime) -> Deployment:
    steps = ended_with(ended.steps, now, succeeded=ended.state is State.SUCCEEDED)
    return replace(waits_no_more(ended, now), steps=steps)


def _react(records: Records, ended: Deployment) -> None:
    """On the message that asked for it."""
    if ended.asked_message is not None and ended.asked_channel is not None:
        emoji = deployment_messages.reaction(ended)
        records.emit(React(ended.asked_channel, ended.asked_message, emoji, instead=SEEN))


def _tell_where_it_failed(records: Records, ended: Deployment) -> None:
    """Whoever reads of the last failure there reads that it works again; a rollback is no such news."""
    if ended.task != DEPLOY or ended.trigger == "rollback":
        return
    for one in records.history(app=ended.app, environment=ended.environment, ref=None, limit=10, task=DEPLOY):
        if one.id == ended.id or not one.ended or one.started_at is None:
            continue
        if one.state in thread.FAILED:
            records.emit(WorksAgain(one.id, ended.id))
        if one.state in {*thread.FAILED, State.SUCCEEDED}:
            return


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
    _report_end(records, gone)
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
    _react(records, ended)
    if state is State.SUCCEEDED:
        ended = _replace_older(records, ended)
    if copied:
        _report_end(records, ended)
    draw(records, ended)
    live = records.last_success(ended.app, ended.environment)
    # Whoever was told that it failed is told what came of it.
    _tell(records, ended, thread.after_all(ended, live), occasion="failure", part="after_all")
    if live is not None and live.id == ended.id and not records.busy(ended.app, ended.environment):
        lock_lifecycle.after_rollback(records, ended, now)
    records.put(DeploymentEnded(ended.id), f"ended-after-all:{ended.id}")
    return ended


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


def _report_end(records: Records, ended: Deployment) -> None:
    if ended.remote_id is not None:
        records.emit(PostStatus(ended.id, REMOTE_ENDS[ended.state], ended.description))


def report(
    records: Records,
    deployment: Deployment,
    goal: State,
    now: datetime,
    description: str,
    timeout: timedelta,
    *,
    copied: bool = False,
) -> Deployment:
    """Another tool reported a status: follow it, through the states that were skipped, never back.

    ``copied`` says that it was reported to another deployment on GitHub than ours, which is to show the same.
    """
    path = path_to(deployment.state, goal)
    for state in path or ():
        if state in ENDED:
            deployment = end(records, deployment, state, now, description, report=copied)
        elif state is State.RUNNING:
            # What the tool said of the end is not said of the way there.
            before = deployment if state is goal else replace(deployment, description="")
            deployment = running(records, before, now, timeout=timeout, ours=False)
            if copied and state is goal:
                records.emit(PostStatus(deployment.id, "in_progress", description))
    return deployment


def review_wanted(records: Records, deployment: Deployment, now: datetime) -> Deployment:
    """GitHub holds it until it is reviewed there: that is nobody's delay, and told once."""
    held = held_for_review(deployment, now)
    records.save(held)
    if not deployment.reviewed_elsewhere or held.log_url != deployment.log_url:
        draw(records, held)
    if not deployment.reviewed_elsewhere:
        _tell(records, held, deployment_messages.review_line(held), part="run")
    return held


def reviewed(records: Records, deployment: Deployment, now: datetime, timeout: timedelta) -> Deployment:
    """It is in the tool's hands again: the time that it may take begins anew."""
    free = replace(deployment, waits_since=None, due_at=now + timeout)
    records.save(free)
    draw(records, free)
    return free


def goes_on(records: Records, before: Deployment, now_is: Deployment, now: datetime, timeout: timedelta) -> Deployment:
    """Another tool reported the state that it is in already; told where it says something new."""
    if before.state is State.STARTING:
        # Somebody has picked it up: from now on only its timeout counts.
        description = deployment_messages.queued_elsewhere(now_is.description)
        now_is = replace(now_is, description=description, due_at=now + timeout)
    if now_is == before:
        return before
    now_is = went_on(now_is, now) if now_is.state is State.RUNNING else now_is
    records.save(now_is)
    if (now_is.description, now_is.log_url) == (before.description, before.log_url):
        return now_is
    draw(records, now_is)
    line = deployment_messages.queued_line if now_is.state is State.STARTING else deployment_messages.running_line
    _tell(records, now_is, line(now_is), part="run")
    return now_is


def _overtake(records: Records, newer: Deployment, known: Ancestry, now: datetime) -> None:
    """What still waits of the same branch, and is part of it, must not take the environment back later."""
    for one in records.waiting(newer.app, newer.environment):
        if one.sha in known.older and one.rollback_of is None and same_line(one, newer):
            give_way(records, one, newer, now)


def _make_needless(records: Records, newer: Deployment, now: datetime) -> None:
    """What still waits for what may be forced, and is the same commit for the same place, waits for nothing more."""
    if newer.rollback_of is not None:
        return
    for one in records.waiting(newer.app, newer.environment):
        waits = one.id != newer.id and one.rollback_of is None and one.waits_for in FORCIBLE
        if waits and (one.sha, one.task, one.hosts, one.params) == (newer.sha, newer.task, newer.hosts, newer.params):
            give_way(records, one, newer, now, deployment_messages.needless_by(newer))


def give_way(records: Records, old: Deployment, newer: Deployment, now: datetime, why: str | None = None) -> None:
    """It is part of another one, which goes or has gone in its place."""
    why = why or deployment_messages.superseded_by(old, newer)
    gone = replace(waits_no_more(moved(old, State.SUPERSEDED, now, why), now), superseded_by=newer.id)
    records.save(gone)
    _report_end(records, gone)
    _react(records, gone)
    draw(records, gone)
    if gone.asked_channel is not None:
        # Whoever asked for it is told; a merge is part of what its card shows.
        _tell(records, gone, deployment_messages.end_line(gone), part="end")


def defers_to(records: Records, deployment: Deployment, known: Ancestry) -> Deployment | None:
    """The newer merge of its branch that is ready as well, and stands in the queue only."""
    if deployment.trigger != "merge":
        return None
    queue = [one for one in records.waiting(deployment.app, deployment.environment) if one.waits_for is Waiting.QUEUE]
    return next((one for one in reversed(queue) if one.sha in known.newer and same_line(one, deployment)), None)


def _move_up(records: Records, app: str, environment: str) -> None:
    """Those in the queue say whom they wait for now, and at which place."""
    busy = records.busy(app, environment)
    if not busy:
        return  # the first of them is decided on at once, and the others follow
    queue = [one for one in records.waiting(app, environment) if one.waits_for is Waiting.QUEUE]
    for before, one in enumerate(queue):
        text = deployment_messages.queued(in_line(busy[0], queue[:before]))
        if text != one.description:
            _said_to_wait(records, one, text)


def draw(records: Records, deployment: Deployment) -> None:
    """Bring its message up to date."""
    records.emit(RenderParent(deployment.id, deployment.card))


def note(
    records: Records,
    deployment: Deployment,
    message: Message,
    *,
    occasion: Occasion | None = None,
    part: Part | None = None,
) -> None:
    """Something for the thread that changes nothing about how the deployment stands."""
    _tell(records, deployment, message, occasion=occasion, part=part)


def _tell(
    records: Records,
    deployment: Deployment,
    message: Message,
    *,
    occasion: Occasion | None = None,
    part: Part | None = None,
) -> None:
    """In its thread; and where the command was given, if that is elsewhere."""
    records.emit(PostInThread(deployment.id, message, occasion=occasion, part=part))
    if deployment.asked_channel and deployment.thread is None and part is not None:
        records.emit(TellAsker(deployment.id))
