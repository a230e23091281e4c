"""How a deployment begins and goes on: each function moves one deployment and says what must happen because of it.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import replies
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments import rolling_card
from bot.core.deployments.ancestry import UNKNOWN, Ancestry, ahead_key, same_line
from bot.core.deployments.ending import end, give_way, move_up, report_end
from bot.core.deployments.model import (
    HANDED_OVER,
    Deployment,
    Held,
    State,
    Waiting,
    may_become,
    moved,
    notes_key,
    waiting,
)
from bot.core.deployments.reconsideration import remind
from bot.core.deployments.steps import went_on
from bot.core.deployments.telling import draw, said_to_wait, tell
from bot.core.deployments.waits import waits_for, waits_no_more
from bot.core.effects import (
    CreateDeployment,
    PostStatus,
    StartRun,
)
from bot.core.gates.model import Answer, Verdict
from bot.core.ports.transaction import Records
from bot.core.rich_text import plain

HUNG_AFTER = timedelta(hours=1)
"""A deployment that waits for checks is reported after this long, by the name of the check."""


EXPIRES_AFTER = timedelta(hours=24)
"""A deployment that waits for checks this long is given up."""


PICKED_UP_WITHIN = timedelta(seconds=30)
"""A deployment that another tool should carry out is reported when nothing has touched it for this long."""


FORCIBLE = frozenset({Waiting.CHECKS, Waiting.REVIEW, Waiting.ORDER, Waiting.MOMENT})
"""What a person may pass by force while another deployment of the same still waits for it."""


def proceed(
    records: Records,
    deployment: Deployment,
    verdict: Verdict,
    now: datetime,
    known: Ancestry = UNKNOWN,
) -> Deployment:
    """Start it, let it wait for what the gates say, or end it where one of them will not open.

    ``known`` is how its commit stands to those that wait beside it.
    """
    deployment = judged(deployment, verdict)
    if verdict.closed:
        return end(records, deployment, State.CANCELLED, now, replies.closed_reasons(verdict))
    if not verdict.waits:
        return start(records, deployment, now, known)
    return hold(records, deployment, verdict.waits[0], now)


def hold(records: Records, deployment: Deployment, answer: Answer, now: datetime) -> Deployment:
    """Let it wait for what the answer says; a wait that was announced before is not announced again."""
    assert answer.waits_for is not None
    again = deployment.waits_for is answer.waits_for
    due_at = deployment.due_at if again else _looked_at_again(answer, now)
    text = deployment_messages.waits(answer)
    held = waits_for(waiting(deployment, answer.waits_for, now, due_at), answer, now)
    held = said_to_wait(records, held, text)
    remind(records, held, answer, again=again)
    if not answer.settling and (not again or deployment_messages.worth_telling(deployment.description, text)):
        tell(records, held, deployment_messages.waiting_line(held), part="gates")
    return held


def judged(deployment: Deployment, verdict: Verdict) -> Deployment:
    """With what the gates found that people want to see of it."""
    return replace(
        deployment,
        approved_by=verdict.approved_by,
        approvals_missing=verdict.approvals_missing,
        forced=tuple(plain(answer.line) for answer in verdict.forced),
        held=tuple(
            Held(one.waits_for, plain(one.line), tuple(plain(fact) for fact in one.facts))
            for one in verdict.waits[1:]
            if one.waits_for is not None
        ),
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
        tell(records, begun, deployment_messages.begins_line(deployment), part="gates")
    _make_needless(records, begun, now)
    _call_off_rollbacks(records, begun, now)
    _overtake(records, begun, known, now)
    _keep_ahead(records, begun, known)
    move_up(records, begun.app, begun.environment)
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
        report_end(records, known)
        return
    # The time that it may take begins here: creating it may have had to wait for GitHub, however long.
    known = replace(known, started_at=now)
    if ours:
        records.save(known)
        hand_over(records, known)
        return
    records.save(replace(known, due_at=now + PICKED_UP_WITHIN))


def hand_over(records: Records, deployment: Deployment) -> None:
    """Give it to our own provider, whose it is from now on, whatever the settings become."""
    records.keep(notes_key(deployment.id, HANDED_OVER), "")
    records.emit(PostStatus(deployment.id, "queued", "Queued by Shipmate"), StartRun(deployment.id))
    tell(records, deployment, deployment_messages.queued_line(deployment), part="run")


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
    tell(records, run, deployment_messages.running_line(run), part="run")
    return run


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


def _call_off_rollbacks(records: Records, begun: Deployment, now: datetime) -> None:
    """What would go back by itself is not wanted any more where somebody else has taken it in hand."""
    for one in records.waiting(begun.app, begun.environment):
        if one.id != begun.id and one.rollback_of is not None and one.by_itself:
            end(records, one, State.CANCELLED, now, deployment_messages.called_off(begun))


def defers_to(records: Records, deployment: Deployment, known: Ancestry) -> Deployment | None:
    """The newer merge of its branch that is ready as well, and stands in the queue only."""
    if deployment.trigger != "merge":
        return None
    queue = [one for one in records.waiting(deployment.app, deployment.environment) if one.waits_for is Waiting.QUEUE]
    return next((one for one in reversed(queue) if one.sha in known.newer and same_line(one, deployment)), None)
