"""GitHub's webhooks: whether one is genuine, and which events of ours it stands for."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from typing import TypeVar
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
    read = _READERS.get(name)
    return read(body) if read else []


def repository_in(name: str, body: bytes) -> NamedRepository | None:
    """The repository that the webhook is about, whatever it tells, None where it is about none. Raises Rejected."""
    return _read(name, body, _About).repository


def heard_in(name: str, body: bytes) -> tuple[NamedRepository | None, list[Event]]:
    """The repository and the events: ``repository_in`` and ``events_of``, at one look where it means nothing."""
    about = _read(name, body, _About)
    if about.action is not None and about.action not in _ONLY.get(name, {about.action}):
        return about.repository, []
    return about.repository, events_of(name, body)


class NamedRepository(Struct, frozen=True):
    """What a webhook calls a repository, and its number, which never changes."""

    name: Word = msgspec.field(name="full_name")
    number: Id | None = msgspec.field(name="id", default=None)


class _About(Struct, frozen=True):
    repository: NamedRepository | None = None
    action: Word | None = None


class _Repository(Struct, frozen=True):
    full_name: Word


class _Action(Struct, frozen=True):
    action: Word


class _PullRequest(Struct, frozen=True):
    repository: _Repository
    pull_request: PullRequestShape
    sender: Account | None = None


class _Deployment(Struct, frozen=True):
    repository: _Repository
    deployment: DeploymentShape


class _DeploymentId(Struct, frozen=True):
    id: Id


class _DeploymentStatus(Struct, frozen=True):
    repository: _Repository
    deployment: _DeploymentId
    deployment_status: DeploymentStatusShape


class _Status(Struct, frozen=True):
    repository: _Repository
    sha: Word


class _Number(Struct, frozen=True):
    number: Number


class _PullRequestReview(Struct, frozen=True):
    repository: _Repository
    pull_request: _Number


class _Dequeued(Struct, frozen=True):
    repository: _Repository
    pull_request: _Number
    reason: Word | None = None


class _HeadSha(Struct, frozen=True):
    head_sha: Word


class _CheckRun(Struct, frozen=True):
    repository: _Repository
    check_run: _HeadSha


class _CheckSuite(Struct, frozen=True):
    repository: _Repository
    check_suite: _HeadSha


class _Run(Struct, frozen=True):
    head_sha: Word
    id: Id | None = None
    event: str = ""


class _WorkflowRun(Struct, frozen=True):
    repository: _Repository
    workflow_run: _Run


def _read(name: str, body: bytes, shape: type[T]) -> T:
    try:
        return decode(body, shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as broken:
        raise Rejected(f"The webhook “{name}” is not understood: {broken}.") from broken


def _pull_request(body: bytes) -> list[Event]:
    action = _read("pull_request", body, _Action).action
    if action not in _ONLY["pull_request"]:
        return []
    if action == "dequeued":
        left = _read("pull_request", body, _Dequeued)
        return [PullRequestDequeued(left.repository.full_name, left.pull_request.number, left.reason or "")]
    if action != "closed":
        changed = _read("pull_request", body, _PullRequestReview)
        return [PullRequestChanged(changed.repository.full_name, changed.pull_request.number)]
    said = _read("pull_request", body, _PullRequest)
    found, repository = said.pull_request, said.repository.full_name
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
            merged_by=login_of(found.merged_by or said.sender),
            base=found.base.ref,
            head_sha=found.head.sha,
            merge_sha=found.merge_commit_sha,
            base_sha=found.base.sha,
            merged_at=utc(found.merged_at),
            head_ref=head_ref_of(found),
        )
    ]


def _deployment(body: bytes) -> list[Event]:
    if _read("deployment", body, _Action).action not in _ONLY["deployment"]:
        return []
    said = _read("deployment", body, _Deployment)
    found = said.deployment
    return [
        DeploymentCreated(
            repository=said.repository.full_name,
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


def _deployment_status(body: bytes) -> list[Event]:
    said = _read("deployment_status", body, _DeploymentStatus)
    found = said.deployment_status
    return [
        DeploymentStatusReported(
            repository=said.repository.full_name,
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


def _status(body: bytes) -> list[Event]:
    said = _read("status", body, _Status)
    return [ChecksChanged(said.repository.full_name, said.sha)]


def _pull_request_review(body: bytes) -> list[Event]:
    said = _read("pull_request_review", body, _PullRequestReview)
    return [ReviewChanged(said.repository.full_name, said.pull_request.number)]


def _check_run(body: bytes) -> list[Event]:
    said = _read("check_run", body, _CheckRun)
    return [ChecksChanged(said.repository.full_name, said.check_run.head_sha)]


def _check_suite(body: bytes) -> list[Event]:
    said = _read("check_suite", body, _CheckSuite)
    return [ChecksChanged(said.repository.full_name, said.check_suite.head_sha)]


def _workflow_run(body: bytes) -> list[Event]:
    said = _read("workflow_run", body, _WorkflowRun)
    repository, run = said.repository.full_name, said.workflow_run
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
_READERS: dict[str, Callable[[bytes], list[Event]]] = {
    "pull_request": _pull_request,
    "deployment": _deployment,
    "deployment_status": _deployment_status,
    "status": _status,
    "check_run": _check_run,
    "pull_request_review": _pull_request_review,
    "check_suite": _check_suite,
    "workflow_run": _workflow_run,
}

EVENTS = frozenset({*_READERS, "ping", "push", "repository"})
"""The events that are known by their names; all others are accepted, and mean nothing."""
