"""GitHub's webhooks: whether one is genuine, and which events of ours it stands for."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from bot.adapters.decoding import decode
from bot.adapters.github.mapping import head_ref_of
from bot.adapters.github.payloads import (
    Account,
    DeploymentShape,
    DeploymentStatusShape,
    Id,
    Number,
    PullRequestShape,
    Word,
    is_by_workflow,
    login_of,
    request_id_in,
    utc,
)
from bot.core.errors import Rejected
from bot.core.events import Event
from bot.core.events.external import (
    ChecksChanged,
    DeploymentCreated,
    DeploymentStatusReported,
    PullRequestChanged,
    PullRequestClosed,
    PullRequestDequeued,
    PullRequestMerged,
    ReviewChanged,
    WorkflowRunChanged,
)

T = TypeVar("T")
DISPATCH = "workflow_dispatch"


def verify(secrets: tuple[str, ...], body: bytes, header: str | None) -> bool:
    """Whether ``header`` (``X-Hub-Signature-256``) signs the raw ``body`` with one of ``secrets``, in constant time.

    Which of them it is takes as long as none. An empty one signs nothing.
    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    given = (header or "").encode("utf-8", "replace")
    found = False
    for secret in filter(None, secrets):
        expected = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
        found |= hmac.compare_digest(expected.encode(), given)
    return found


def payload_of(content_type: str | None, body: bytes) -> bytes:
    """The JSON in a delivery, which comes as it is or as the field ``payload`` of a form. Raises Rejected."""
    if (content_type or "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return body
    try:
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=16)
    except ValueError as broken:
        raise Rejected("The webhook's form cannot be read.") from broken
    if "payload" not in fields:
        raise Rejected("The webhook's form has no field “payload”.")
    return fields["payload"][0].encode()


def events_of(name: str, body: bytes) -> list[Event]:
    """What the delivery ``name`` (``X-GitHub-Event``) with the JSON ``body`` means to the bot: nothing, or one event.

    Raises Rejected, with a sentence, where the body is not JSON or lacks what the event is made of.
    """
    return heard_in(name, body)[1]


def heard_in(name: str, body: bytes) -> tuple[NamedRepository | None, list[Event]]:
    """The repository that the webhook is about, None where it is about none, and the events as above.

    A body is large and read once, but for the few of which more is wanted. Raises Rejected as above.
    """
    reader = _READERS.get(name)
    if reader is None:
        return _read(name, body, _Said).repository, []
    shape, events = reader
    said = _read(name, body, shape)
    if said.action is not None and said.action not in _ONLY.get(name, {said.action}):
        return said.repository, []
    if said.repository is None:
        raise Rejected(f"The webhook “{name}” is not understood: it names no repository.")
    return said.repository, events(said, said.repository.name, body)


class NamedRepository(Struct, frozen=True):
    """What a webhook calls a repository, and its number, which never changes."""

    name: Word = msgspec.field(name="full_name")
    number: Id | None = msgspec.field(name="id", default=None)


class _Said(Struct, frozen=True):
    """What all webhooks have in common."""

    repository: NamedRepository | None = None
    action: Word | None = None


class _Number(Struct, frozen=True):
    number: Number


class _PullRequest(_Said, frozen=True):
    pull_request: _Number | None = None
    reason: Word | None = None


class _Closed(Struct, frozen=True):
    pull_request: PullRequestShape
    sender: Account | None = None


class _Deployment(_Said, frozen=True):
    deployment: DeploymentShape | None = None


class _DeploymentId(Struct, frozen=True):
    id: Id


class _DeploymentStatus(_Said, frozen=True, kw_only=True):
    deployment: _DeploymentId
    deployment_status: DeploymentStatusShape


class _Status(_Said, frozen=True, kw_only=True):
    sha: Word


class _PullRequestReview(_Said, frozen=True, kw_only=True):
    pull_request: _Number


class _HeadSha(Struct, frozen=True):
    head_sha: Word


class _CheckRun(_Said, frozen=True, kw_only=True):
    check_run: _HeadSha


class _CheckSuite(_Said, frozen=True, kw_only=True):
    check_suite: _HeadSha


class _Run(Struct, frozen=True):
    head_sha: Word
    id: Id | None = None
    event: str = ""


class _WorkflowRun(_Said, frozen=True, kw_only=True):
    workflow_run: _Run


def _read(name: str, body: bytes, shape: type[T]) -> T:
    try:
        return decode(body, shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as broken:
        raise Rejected(f"The webhook “{name}” is not understood: {broken}.") from broken


def _pull_request(said: _PullRequest, repository: str, body: bytes) -> list[Event]:
    if said.action is None or said.pull_request is None:
        raise Rejected("The webhook “pull_request” is not understood: it lacks its action or its pull request.")
    number = said.pull_request.number
    if said.action == "dequeued":
        return [PullRequestDequeued(repository, number, said.reason or "")]
    if said.action != "closed":
        return [PullRequestChanged(repository, number)]
    closed = _read("pull_request", body, _Closed)
    found = closed.pull_request
    if found.merged_at is None:
        return [PullRequestClosed(repository, found.number, head_ref_of(found), found.head.sha)]
    if not found.merge_commit_sha:
        raise Rejected("The webhook “pull_request” is not understood: it tells of a merge without its commit.")
    return [
        PullRequestMerged(
            repository=repository,
            number=found.number,
            title=found.title,
            url=found.html_url,
            author=login_of(found.user),
            merged_by=login_of(found.merged_by or closed.sender),
            base=found.base.ref,
            head_sha=found.head.sha,
            merge_sha=found.merge_commit_sha,
            base_sha=found.base.sha,
            merged_at=utc(found.merged_at),
            head_ref=head_ref_of(found),
        )
    ]


def _deployment(said: _Deployment, repository: str, _: bytes) -> list[Event]:
    found = said.deployment
    if said.action is None or found is None:
        raise Rejected("The webhook “deployment” is not understood: it lacks its action or its deployment.")
    return [
        DeploymentCreated(
            repository=repository,
            remote_id=found.id,
            sha=found.sha,
            ref=found.ref,
            task=found.task,
            environment=found.environment,
            description=found.description or "",
            creator=login_of(found.creator),
            request_id=request_id_in(found.payload),
            created_at=utc(found.created_at),
            by_workflow=is_by_workflow(found),
        )
    ]


def _deployment_status(said: _DeploymentStatus, repository: str, _: bytes) -> list[Event]:
    found = said.deployment_status
    return [
        DeploymentStatusReported(
            repository=repository,
            remote_id=said.deployment.id,
            status_id=found.id,
            state=found.state,
            description=found.description or "",
            log_url=found.log_url or found.target_url or None,
            environment_url=found.environment_url or None,
            creator=login_of(found.creator),
            created_at=utc(found.created_at),
        )
    ]


def _status(said: _Status, repository: str, _: bytes) -> list[Event]:
    return [ChecksChanged(repository, said.sha)]


def _pull_request_review(said: _PullRequestReview, repository: str, _: bytes) -> list[Event]:
    return [ReviewChanged(repository, said.pull_request.number)]


def _check_run(said: _CheckRun, repository: str, _: bytes) -> list[Event]:
    return [ChecksChanged(repository, said.check_run.head_sha)]


def _check_suite(said: _CheckSuite, repository: str, _: bytes) -> list[Event]:
    return [ChecksChanged(repository, said.check_suite.head_sha)]


def _workflow_run(said: _WorkflowRun, repository: str, _: bytes) -> list[Event]:
    run = said.workflow_run
    changed = ChecksChanged(repository, run.head_sha)
    if run.event != DISPATCH or run.id is None:
        return [changed]
    # The run comes first: deliveries that say the same of it are one, and others of its commit tell nothing of it.
    return [WorkflowRunChanged(repository, run.id), changed]


_ONLY: dict[str, Collection[str]] = {
    "pull_request": frozenset(
        {
            *("opened", "reopened", "closed", "synchronize", "edited", "ready_for_review", "converted_to_draft"),
            *("labeled", "unlabeled", "dequeued"),
        }
    ),
    "deployment": frozenset({"created"}),
}
"""The actions of an event that mean something, where not all of them do."""
_READERS: dict[str, tuple[type[_Said], Callable[[Any, str, bytes], list[Event]]]] = {
    "pull_request": (_PullRequest, _pull_request),
    "deployment": (_Deployment, _deployment),
    "deployment_status": (_DeploymentStatus, _deployment_status),
    "status": (_Status, _status),
    "check_run": (_CheckRun, _check_run),
    "pull_request_review": (_PullRequestReview, _pull_request_review),
    "check_suite": (_CheckSuite, _check_suite),
    "workflow_run": (_WorkflowRun, _workflow_run),
}

EVENTS = frozenset({*_READERS, "ping", "push", "repository"})
"""The events that are known by their names; all others are accepted, and mean nothing."""
