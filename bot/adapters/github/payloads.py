"""What the bot reads of GitHub's answers and webhooks: only the fields it uses, everything else is skipped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from bot.core.deployments.twins import WORKFLOWS

AwareTime: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""GitHub's ids have 64 bits; a larger one is nobody's, and no database keeps it."""
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""Of a pull request, within its repository."""
Word: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
"""A repository, a commit, a ref and the like: GitHub takes 255 characters, and no index of Postgres 8,000 bytes."""


class Account(Struct, frozen=True):
    """A user, an app or an organization. GitHub sends an empty object where it cannot tell who wrote a commit."""

    login: Word = ""


class Repo(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/repos#get-a-repository"""

    full_name: Word
    default_branch: Word
    html_url: str
    id: Id | None = None
    private: bool = False
    archived: bool = False
    permissions: dict[str, bool] = {}


class Named(Struct, frozen=True):
    name: str


class Sha(Struct, frozen=True):
    sha: Word


class GitAuthor(Struct, frozen=True):
    name: str = ""


class GitCommitter(Struct, frozen=True):
    date: datetime | None = None


class CommitDetail(Struct, frozen=True):
    message: str
    author: GitAuthor | None = None
    committer: GitCommitter | None = None


class CommitShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/commits/commits#get-a-commit"""

    sha: Word
    commit: CommitDetail
    html_url: str
    author: Account | None = None
    parents: list[Sha] = []


class Branch(Struct, frozen=True):
    """https://docs.github.com/en/rest/branches/branches#get-a-branch"""

    name: str
    commit: CommitShape
    protection: msgspec.Raw = msgspec.Raw(b"{}")


class Activity(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/repos#list-repository-activities"""

    ref: str
    activity_type: str


class GitRef(Struct, frozen=True):
    """https://docs.github.com/en/rest/git/refs#get-a-reference"""

    ref: str


class FileShape(Struct, frozen=True):
    """A file that was renamed has been something else before."""

    filename: str
    previous_filename: str | None = None


class ComparisonShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/commits/commits#compare-two-commits

    The first page alone has files, 300 at most.
    """

    ahead_by: int
    behind_by: int
    html_url: str
    commits: list[CommitShape]
    files: list[FileShape] = []


class RelationShape(Struct, frozen=True):
    """Of the same answer only how the two stand to each other."""

    status: Literal["ahead", "behind", "diverged", "identical"]


class StatusShape(Struct, frozen=True):
    context: str
    state: str
    target_url: str | None = None
    description: str | None = None
    updated_at: AwareTime | None = None


class CombinedStatus(Struct, frozen=True):
    statuses: list[StatusShape]


class RunOutput(Struct, frozen=True):
    title: str | None = None


class Slug(Struct, frozen=True):
    """An app, as check runs and suites name it."""

    slug: str = ""
    name: str = ""


class SuiteId(Struct, frozen=True):
    id: int | None = None


class CheckRun(Struct, frozen=True):
    """``conclusion`` is null until ``status`` is ``completed``; ``id`` grows with time.

    A job with an ``environment`` has the ``deployment`` that it makes.
    """

    name: str
    status: str
    id: int = 0
    conclusion: str | None = None
    html_url: str | None = None
    output: RunOutput | None = None
    started_at: AwareTime | None = None
    completed_at: AwareTime | None = None
    app: Slug | None = None
    check_suite: SuiteId | None = None
    deployment: Any = None


class CheckRuns(Struct, frozen=True):
    check_runs: list[CheckRun]


class CheckSuite(Struct, frozen=True):
    """https://docs.github.com/en/rest/checks/suites; those of apps that never report stay ``queued``, without runs."""

    id: int
    status: str | None = None
    latest_check_runs_count: int = 0
    app: Slug | None = None


class CheckSuites(Struct, frozen=True):
    check_suites: list[CheckSuite]


class WorkflowRun(Struct, frozen=True):
    """https://docs.github.com/en/rest/actions/workflow-runs; each has a check suite of its own."""

    event: str
    status: str | None = None
    name: str | None = None
    path: str | None = None
    head_sha: str = ""
    html_url: str | None = None
    check_suite_id: int | None = None


class WorkflowRuns(Struct, frozen=True):
    workflow_runs: list[WorkflowRun]


class RequiredCheck(Struct, frozen=True):
    context: str


class RuleParameters(Struct, frozen=True):
    required_status_checks: list[RequiredCheck] = []


class BranchRule(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch; other types have other parameters."""

    type: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


class RequiredChecks(Struct, frozen=True):
    """``checks`` says the same as the older ``contexts``, with the app that must report each."""

    contexts: list[str] = []
    checks: list[RequiredCheck] = []


class BranchProtection(Struct, frozen=True):
    required_status_checks: RequiredChecks | None = None


class HeadRepo(Struct, frozen=True):
    full_name: Word
    id: Id | None = None

    def is_same(self, other: HeadRepo) -> bool:
        """By their numbers: of one that was renamed a moment ago two names may be told."""
        if self.id is not None and other.id is not None:
            return self.id == other.id
        return self.full_name.lower() == other.full_name.lower()


class Head(Struct, frozen=True):
    """One side of a pull request. ``repo`` is null where the fork was deleted."""

    ref: Word
    sha: Word
    label: Word = ""
    repo: HeadRepo | None = None


class LabelShape(Struct, frozen=True):
    name: str = ""


class PullRequestShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request; lists leave ``merged_by`` out."""

    number: Number
    title: str
    html_url: str
    state: Literal["open", "closed"]
    head: Head
    base: Head
    user: Account | None = None
    merge_commit_sha: Word | None = None
    merged_at: AwareTime | None = None
    merged_by: Account | None = None
    draft: bool | None = None
    labels: list[LabelShape] = []
    updated_at: AwareTime | None = None


class AppShape(Struct, frozen=True):
    slug: str = ""


class DeploymentShape(Struct, frozen=True):
    """https://docs.github.com/en/rest/deployments/deployments; ``payload`` comes back as it was sent."""

    id: Id
    sha: Word
    ref: Word
    task: Word
    environment: Word
    created_at: AwareTime
    description: str | None = None
    creator: Account | None = None
    payload: Any = None
    performed_via_github_app: AppShape | None = None


class DeploymentStatusShape(Struct, frozen=True):
    """``log_url`` replaces ``target_url``, which old tools still send."""

    id: Id
    state: Word
    created_at: AwareTime
    description: str | None = None
    creator: Account | None = None
    log_url: str | None = None
    target_url: str | None = None
    environment_url: str | None = None


class CreatedDeployment(Struct, frozen=True):
    """201 has an ``id``; 202 has a ``message`` alone: the default branch was merged instead."""

    id: Id | None = None
    message: str = ""
    sha: Word | None = None


def request_id_in(payload: Any) -> str | None:
    """Our request id in a deployment's payload, which is an object or a string of JSON; None in anybody else's.

    >>> request_id_in('{"request_id": "r1"}')
    'r1'
    """
    if isinstance(payload, str):
        try:
            payload = msgspec.json.decode(payload)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
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
