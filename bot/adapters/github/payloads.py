"""What the bot reads of GitHub's answers and webhooks: only the fields it uses, everything else is skipped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from bot.core.deployments.twins import WORKFLOWS

AwareTime: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Account(Struct, frozen=True):
    """A user, an app or an organization. GitHub sends an empty object where it cannot tell who wrote a commit."""

    login: str = ""


class Repo(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/repos#get-a-repository"""

    full_name: str
    default_branch: str
    html_url: str
    archived: bool = False
    permissions: dict[str, bool] = {}


class Named(Struct, frozen=True):
    name: str


class Sha(Struct, frozen=True):
    sha: str


class GitAuthor(Struct, frozen=True):
    name: str = ""


class CommitDetail(Struct, frozen=True):
    message: str
    author: GitAuthor | None = None


class CommitShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/commits/commits#get-a-commit"""

    sha: str
    commit: CommitDetail
    html_url: str
    author: Account | None = None
    parents: list[Sha] = []


class Branch(Struct, frozen=True):
    name: str
    commit: CommitShape


class ComparisonShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/commits/commits#compare-two-commits"""

    ahead_by: int
    behind_by: int
    html_url: str
    commits: list[CommitShape]


class StatusShape(Struct, frozen=True):
    context: str
    state: str
    target_url: str | None = None
    description: str | None = None


class CombinedStatus(Struct, frozen=True):
    statuses: list[StatusShape]


class RunOutput(Struct, frozen=True):
    title: str | None = None


class CheckRun(Struct, frozen=True):
    """``conclusion`` is null until ``status`` is ``completed``."""

    name: str
    status: str
    conclusion: str | None = None
    html_url: str | None = None
    output: RunOutput | None = None


class CheckRuns(Struct, frozen=True):
    check_runs: list[CheckRun]


class HeadRepo(Struct, frozen=True):
    full_name: str


class Head(Struct, frozen=True):
    """One side of a pull request. ``repo`` is null where the fork was deleted."""

    ref: str
    sha: str
    label: str = ""
    repo: HeadRepo | None = None


class PullRequestShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request; lists leave ``merged_by`` out."""

    number: int
    title: str
    html_url: str
    state: Literal["open", "closed"]
    head: Head
    base: Head
    user: Account | None = None
    merge_commit_sha: str | None = None
    merged_at: AwareTime | None = None
    merged_by: Account | None = None


class AppShape(Struct, frozen=True):
    slug: str = ""


class DeploymentShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/deployments/deployments; ``payload`` comes back as it was sent."""

    id: int
    sha: str
    ref: str
    task: str
    environment: str
    created_at: AwareTime
    description: str | None = None
    creator: Account | None = None
    payload: Any = None
    performed_via_github_app: AppShape | None = None


class DeploymentStatusShape(Struct, frozen=True):
    """``log_url`` replaces ``target_url``, which old tools still send."""

    id: int
    state: str
    created_at: AwareTime
    description: str | None = None
    creator: Account | None = None
    log_url: str | None = None
    target_url: str | None = None
    environment_url: str | None = None


class CreatedDeployment(Struct, frozen=True):
    """201 has an ``id``; 202 has a ``message`` alone: the default branch was merged instead."""

    id: int | None = None
    message: str = ""
    sha: str | None = None


def request_id_in(payload: Any) -> str | None:
    """Our request id in a deployment's payload, which is an object or a string of JSON; None in anybody else's.

    >>> request_id_in('{"request_id": "r1"}')
    'r1'
    """
    if isinstance(payload, str):
        try:
            payload = msgspec.json.decode(payload)
        except msgspec.MsgspecError:
            return None
    found = payload.get("request_id") if isinstance(payload, dict) else None
    return found if isinstance(found, str) and found else None


def is_by_workflow(deployment: DeploymentShape) -> bool:
    """Whether GitHub Actions made it: for a job with ``environment:``, or for a step with the workflow's own token.

    GitHub names as the creator of the former whoever set the workflow off, and Actions as the app that did it for them.
    Nobody else has a login with brackets, and nobody chooses what app they come by.
    """
    via = deployment.performed_via_github_app
    return via.slug == "github-actions" if via else login_of(deployment.creator) == WORKFLOWS


def login_of(account: Account | None) -> str:
    """The login; ``ghost``, as GitHub shows it, where the account was deleted."""
    return (account.login if account else "") or "ghost"


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
