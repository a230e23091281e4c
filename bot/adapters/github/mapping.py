"""What GitHub answers, said in the words of ``bot.core.ports.chat``."""

from __future__ import annotations

from typing import Literal, cast

from bot.adapters.github.payloads import (
    CheckRun,
    CommitShape,
    DeploymentShape,
    DeploymentStatusShape,
    PullRequestShape,
    Repo,
    StatusShape,
    is_by_workflow,
    login_of,
    request_id_in,
    utc,
)
from bot.core.ports.forge_types import Check, Commit, PullRequest, RemoteDeployment, RemoteStatus, Repository

BADNESS = {"success": 0, "pending": 1, "failure": 2}


def check_of_status(status: StatusShape) -> Check:
    state = cast("Literal['success', 'pending', 'failure']", status.state if status.state in BADNESS else "failure")
    at = utc(status.updated_at) if status.updated_at else None
    return Check(status.context, state, status.target_url or None, status.description or "", at=at)


def check_of_run(run: CheckRun) -> Check:
    """https://docs.github.com/en/rest/checks/runs: everything but ``completed`` is on its way."""
    state: Literal["success", "pending", "failure"] = "failure"
    if run.status != "completed":
        state = "pending"
    elif run.conclusion in ("success", "neutral", "skipped"):
        state = "success"
    at = run.completed_at or run.started_at
    return Check(
        run.name,
        state,
        run.html_url or None,
        (run.output.title if run.output else None) or "",
        app=run.app.slug if run.app else "",
        at=utc(at) if at else None,
        kind="deployment" if run.deployment else "check",
    )


LONGEST_NAME = 100
"""Characters of what somebody has git call them, which may be anything."""
LONGEST_TITLE = 500
"""Characters of a commit's title: those of a pull request have 256 at most."""


def repository_of(found: Repo) -> Repository:
    return Repository(found.full_name, found.default_branch, found.html_url, found.id, found.private)


def commit_of(found: CommitShape, ref: str, *, pull_request: int | None = None) -> Commit:
    name = found.commit.author.name if found.commit.author else ""
    login = found.author.login if found.author else ""
    at = found.commit.committer.date if found.commit.committer else None
    return Commit(
        sha=found.sha,
        ref=ref,
        title=_title(found.commit.message),
        author=login or name[:LONGEST_NAME] or login_of(None),
        url=found.html_url,
        parents=tuple(parent.sha for parent in found.parents),
        pull_request=pull_request,
        login=login or None,
        at=utc(at) if at else None,
    )


def _title(message: str) -> str:
    """Its first line, which GitHub hands on at any length: it is stored and drawn again and again."""
    first = message.partition("\n")[0].strip()
    return first if len(first) <= LONGEST_TITLE else f"{first[: LONGEST_TITLE - 1]}…"


def head_ref_of(found: PullRequestShape) -> str:
    """The branch; ``owner:branch`` where it is in a fork, so that none passes for one of ours that has its name."""
    head, home = found.head, found.base.repo
    inside = head.repo is not None and home is not None and head.repo.is_same(home)
    return head.ref if inside else head.label or f"unknown:{head.ref}"


def pull_request_of(found: PullRequestShape) -> PullRequest:
    merged = found.merged_at is not None
    return PullRequest(
        number=found.number,
        title=found.title,
        url=found.html_url,
        author=login_of(found.user),
        state="merged" if merged else found.state,
        head_ref=head_ref_of(found),
        head_sha=found.head.sha,
        base=found.base.ref,
        merge_sha=found.merge_commit_sha if merged else None,  # before the merge it is a trial merge
        merged_at=utc(found.merged_at) if found.merged_at else None,
        merged_by=login_of(found.merged_by) if found.merged_by else None,
        draft=bool(found.draft),
        labels=tuple(one.name for one in found.labels),
        updated_at=utc(found.updated_at) if found.updated_at else None,
    )


def status_of(found: DeploymentStatusShape) -> RemoteStatus:
    return RemoteStatus(
        id=found.id,
        state=found.state,
        description=found.description or "",
        log_url=found.log_url or found.target_url or None,
        environment_url=found.environment_url or None,
        creator=login_of(found.creator),
        created_at=utc(found.created_at),
    )


def deployment_of(found: DeploymentShape) -> RemoteDeployment:
    return RemoteDeployment(
        id=found.id,
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
