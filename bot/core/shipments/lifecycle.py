"""How a shipment goes on until its pull request is merged: what it waits for, what is asked for, and why it ends.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.deployments import ending, lifecycle
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.effects import MergePullRequest, UpdatePullRequest
from bot.core.gates.model import PATIENCE, Answer
from bot.core.ports.merging import Candidate, MergeRules
from bot.core.ports.transaction import Records
from bot.core.rich_text import Line
from bot.core.shipments import messages
from bot.core.shipments.model import Asked, MergeMethod, Shipment

LOOK_AGAIN = timedelta(seconds=10)
"""GitHub finds out whether a pull request can be merged when it is asked, and tells of it by no webhook."""
ASK_AGAIN = timedelta(minutes=10)
"""What GitHub was asked for and has not done by then is asked for once more."""
QUEUED_WITHIN = timedelta(minutes=1)
"""So long it may take until GitHub shows what has just come into its queue."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What GitHub tells of a shipment's open pull request, gathered once.

    ``checks`` is the gates' answer about those of its head, None where none are wanted. ``reviews`` are missing, or
    somebody ``objects``, in words. ``updated`` says that its head is what the bot has asked for: the base, merged into
    the one before; ``pushed_by`` is whose the head is. ``method`` is how it is to be merged.
    """

    candidate: Candidate
    rules: MergeRules
    method: MergeMethod | None
    checks: Answer | None = None
    reviews: int = 0
    objects: Line = ()
    updated: bool = False
    pushed_by: str = ""
    queued: bool | None = None


def go_on(records: Records, held: Deployment, seen: Seen, now: datetime) -> Deployment:
    """Merge it where nothing is missing, let it wait for what is, or end it where that will not help."""
    shipment, pull, number = held.shipment, seen.candidate.pull_request, held.pull_request
    assert shipment is not None
    assert number is not None
    if pull.head_sha != held.sha and seen.updated:
        shipment = replace(shipment, head_at=now, asked="", asked_at=None)
        held = replace(held, sha=pull.head_sha, shipment=shipment)
    if why := _over(held, shipment, seen, now):
        return ending.end(records, held, State.CANCELLED, now, why)
    if shipment.asked == "queue":
        return _wait(records, held, shipment, _waits(messages.in_queue(number)), now)
    answer = _missing(number, shipment, seen, now)
    if answer is None and _refused_lately(shipment, now):
        news, facts = messages.blocked(number, shipment)
        return _wait(records, held, _merges_no_more(shipment), _waits(news, facts), now)
    if _is_behind(shipment, seen) and (answer is None or _only_pending(answer, seen)):
        return _update(records, held, shipment, now)
    if answer is not None:
        return _wait(records, held, _merges_no_more(shipment), answer, now)
    return _merge(records, held, shipment, seen, now)


def refused(records: Records, held: Deployment, reason: str, now: datetime) -> Deployment:
    """GitHub did not merge it, for a reason that may pass."""
    assert held.shipment is not None
    shipment = replace(held.shipment, asked="", asked_at=now, refused=reason)
    return _wait(records, held, shipment, _waits(*messages.blocked(held.pull_request or 0, shipment)), now)


def through_queue(records: Records, held: Deployment, now: datetime) -> Deployment:
    """All merges into its base go through a queue, which was not to be seen before."""
    assert held.shipment is not None
    shipment = replace(held.shipment, asked="merge", asked_at=now, queues=True)
    records.emit(MergePullRequest(held.id, held.sha, queues=True))
    return _wait(records, held, shipment, _waits(messages.enters_queue(held.pull_request or 0)), now)


def enqueued(records: Records, held: Deployment, now: datetime) -> Deployment:
    assert held.shipment is not None
    shipment = replace(held.shipment, asked="queue", asked_at=now, queues=True)
    return _wait(records, held, shipment, _waits(messages.in_queue(held.pull_request or 0)), now)


def merged(held: Deployment, merge: Deployment, by: str | None) -> Deployment:
    """It goes on as what its merge is to become; ``by`` is who has merged it, where that was not for it."""
    assert held.shipment is not None
    return replace(
        held,
        ref=merge.ref,
        sha=merge.sha,
        title=merge.title,
        url=merge.url,
        merged_at=merge.merged_at,
        changes=merge.changes,
        usual_seconds=merge.usual_seconds,
        environment_url=merge.environment_url,
        shipment=replace(held.shipment, asked="", merged_by=by),
    )


def _over(held: Deployment, shipment: Shipment, seen: Seen, now: datetime) -> str:
    """Why nothing that might still happen would be what was asked for."""
    candidate, pull, number = seen.candidate, seen.candidate.pull_request, held.pull_request or 0
    if pull.state == "closed":
        return messages.closed(number)
    if pull.head_sha != held.sha:
        return messages.new_commits(held, pull.head_sha, seen.pushed_by)
    if pull.base != shipment.base:
        return messages.other_base(number, shipment.base, pull.base)
    if candidate.mergeable == "dirty":
        return messages.conflicts(number, pull.base)
    since = shipment.asked_at or now
    if shipment.asked == "queue" and seen.queued is False and now - since > QUEUED_WITHIN:
        return messages.left_queue(number, "")
    if not seen.rules.queue and seen.method is None:
        return messages.not_allowed(number, shipment.refused or "its repository does not allow this way of merging it")
    return ""


def _missing(number: int, shipment: Shipment, seen: Seen, now: datetime) -> Answer | None:
    """What it still lacks, None where it can be merged as far as anybody can see."""
    candidate = seen.candidate
    if candidate.draft:
        return _waits(messages.draft(number))
    checks = seen.checks if seen.checks is not None and not seen.checks.open else None
    if checks is not None or seen.reviews or seen.objects:
        news = messages.waits_for(number, checks, seen.reviews) if checks or seen.reviews else seen.objects
        facts = (*(checks.facts if checks else ()), *((seen.objects,) if seen.objects and news != seen.objects else ()))
        answer = _waits(news, facts)
        if checks is None:
            return answer
        line, later = checks.line if checks.failed else answer.line, checks.look_again_at
        return replace(answer, line=line, failed=checks.failed, settling=checks.settling, look_again_at=later)
    if candidate.mergeable == "unknown":
        soon = now + LOOK_AGAIN
        return replace(_waits(messages.not_known_yet(number)), look_again_at=soon, settling=True)
    if candidate.mergeable == "blocked" and not (seen.rules.queue or shipment.queues):
        return _waits(*messages.blocked(number, replace(shipment, refused="")))
    return None


def _waits(news: Line, facts: tuple[Line, ...] = ()) -> Answer:
    return Answer("merge", False, _behind_waiting(news), Waiting.MERGE, within=PATIENCE, news=news, facts=facts)


def _behind_waiting(news: Line) -> Line:
    """The same as it stands behind the word that it waits."""
    begin, *rest = news
    return (begin.removeprefix("waits "), *rest) if isinstance(begin, str) else news


def _is_behind(shipment: Shipment, seen: Seen) -> bool:
    """A queue brings up to date by itself what it merges."""
    return seen.candidate.mergeable == "behind" and not (seen.rules.queue or shipment.queues)


def _only_pending(answer: Answer, seen: Seen) -> bool:
    """Whether nothing but time is missing: then what it is behind may be merged into it meanwhile."""
    return not answer.failed and not seen.reviews and not seen.objects and not seen.candidate.draft


def _refused_lately(shipment: Shipment, now: datetime) -> bool:
    """GitHub has just said no for a reason that we cannot see: it is asked again, but not at once."""
    return bool(shipment.refused) and shipment.asked_at is not None and now - shipment.asked_at < QUEUED_WITHIN


def _wait(records: Records, held: Deployment, shipment: Shipment, answer: Answer, now: datetime) -> Deployment:
    return lifecycle.hold(records, replace(held, shipment=shipment), answer, now)


def _update(records: Records, held: Deployment, shipment: Shipment, now: datetime) -> Deployment:
    if not _under_way(shipment, "update", now):
        records.emit(UpdatePullRequest(held.id, held.sha))
        shipment = replace(shipment, asked="update", asked_at=now)
    return _wait(records, held, shipment, _waits(messages.updates(held.pull_request or 0, shipment.base)), now)


def _merge(records: Records, held: Deployment, shipment: Shipment, seen: Seen, now: datetime) -> Deployment:
    if not _under_way(shipment, "merge", now):
        queues = seen.rules.queue or shipment.queues
        records.emit(MergePullRequest(held.id, held.sha, queues=queues))
        shipment = replace(shipment, asked="merge", asked_at=now, queues=queues, refused="")
    said = messages.enters_queue if shipment.queues else messages.merges
    return _wait(records, held, shipment, replace(_waits(said(held.pull_request or 0)), settling=True), now)


def _merges_no_more(shipment: Shipment) -> Shipment:
    """Whoever is about to merge it looks at that first. An update that was asked for may still come."""
    return replace(shipment, asked="") if shipment.asked == "merge" else shipment


def _under_way(shipment: Shipment, what: Asked, now: datetime) -> bool:
    return shipment.asked == what and shipment.asked_at is not None and now - shipment.asked_at < ASK_AGAIN
