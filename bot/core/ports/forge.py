"""Where the code lives and the deployments are recorded, in the bot's own words: GitHub, or a local git repository.

Every method may raise the errors of ``bot.core.errors`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from bot.core.people.model import SignIn
from bot.core.ports.reviews import Guards

if TYPE_CHECKING:
    from bot.core.ports.backfill import Past

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Repository:
    name: str
    default_branch: str
    url: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A ref, pinned. ``ref`` is what people call it (branch, tag, short id), ``sha`` all forty characters.

    ``pull_request`` is set where the ref was given as ``#123``; ``moment`` is the committer's date.
    """

    sha: str
    ref: str
    title: str
    author: str
    url: str
    parents: tuple[str, ...] = ()
    pull_request: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A commit status or a check run, by its context or name.

    ``state``: success (neutral and skipped included), pending, or failure (errors, cancellations, time-outs included).
    """

    name: str
    state: Literal["success", "pending", "failure"]
    url: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    title: str
    url: str
    author: str
    state: Literal["open", "closed", "merged"]
    head_ref: str
    head_sha: str
    base: str
    merge_sha: str | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """From ``base`` to ``head``: ``commits`` are those in head that base lacks, oldest first, at most 250."""

    ahead_by: int
    behind_by: int
    commits: tuple[Commit, ...]
    url: str


@dataclass(frozen=True, slots=True)
class NewRemoteDeployment:
    """The body of GitHub's "create a deployment"; ``payload`` is sent as an object."""

    repository: str
    sha: str
    task: str
    environment: str
    description: str
    payload: dict[str, JSON]
    request_id: str
    production: bool = False
    transient: bool = False
    auto_merge: bool = False


@dataclass(frozen=True, slots=True)
class MergedInstead:
    """GitHub's 202: the default branch was merged into the ref, and nothing was deployed."""

    sha: str
    sentence: str


@dataclass(frozen=True, slots=True)
class NewRemoteStatus:
    """``state`` is GitHub's: queued, in_progress, success, failure, error, inactive, pending.

    The adapter cuts ``description`` to the 140 characters that GitHub takes.
    """

    state: str
    description: str
    environment: str
    log_url: str | None = None
    environment_url: str | None = None
    auto_inactive: bool = True


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    id: int
    state: str
    description: str
    log_url: str | None
    environment_url: str | None
    creator: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RemoteDeployment:
    id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str
    creator: str
    request_id: str | None
    created_at: datetime


class Forge(Protocol):
    """Where the code lives and the deployments are recorded: GitHub, or a local git repository.

    ``keeps_permissions`` is False where nobody is kept out: whoever sits at the machine owns the repository.
    ``sign_in`` is None where people cannot prove who they are.
    """

    @property
    def keeps_permissions(self) -> bool: ...

    @property
    def sign_in(self) -> SignIn | None: ...

    @property
    def past(self) -> Past: ...

    @property
    def guards(self) -> Guards: ...

    def repository(self, repository: str) -> Repository:
        """Raises NotThere where it does not exist or cannot be seen."""

    def resolve(self, repository: str, ref: str) -> Commit | None:
        """The commit behind a branch, a tag, a (short) commit id or ``#123``, in this order; None if there is none."""

    def refs(self, repository: str) -> Sequence[str]:
        """Names of branches and tags for suggestions; at most a few hundred."""

    def checks(self, repository: str, sha: str) -> Sequence[Check]:
        """Commit statuses and check runs together, the latest of each name."""

    def compare(self, repository: str, base: str, head: str) -> Comparison: ...

    def pull_request(self, repository: str, number: int) -> PullRequest | None: ...

    def pull_requests_of(self, repository: str, sha: str) -> Sequence[PullRequest]:
        """Pull requests that contain the commit, merged ones first."""

    def create_deployment(self, new: NewRemoteDeployment) -> int | MergedInstead:
        """The new deployment's id.

        Raises Conflict (409), NotThere (404), NotAllowed (403), Rejected (422), Unavailable. Creating is not
        idempotent: look with ``find_deployment`` before a repeat.
        """

    def find_deployment(self, new: NewRemoteDeployment) -> int | None:
        """The deployment that carries ``new.request_id`` in its payload, if it was created already."""

    def deployment(self, repository: str, remote_id: int) -> RemoteDeployment | None: ...

    def statuses(self, repository: str, remote_id: int) -> Sequence[RemoteStatus]:
        """Oldest first."""

    def post_status(self, repository: str, remote_id: int, status: NewRemoteStatus) -> int:
        """The new status's id."""

    def checkout(self, repository: str, sha: str, into: Path) -> None:
        """Put the files of the commit into the existing empty directory ``into``."""

    def permission(self, repository: str, login: str) -> Literal["admin", "write", "read", "none"]:
        """What somebody may do with the repository; ``none`` where there is no such login. At most a minute old."""

    def is_team_member(self, team: str, login: str) -> bool:
        """Whether somebody is an active member of ``org/team``, at most a minute ago.

        Raises NotThere where there is no such team to be seen.
        """

    def login_by_email(self, email: str) -> str | None:
        """The login whose public e-mail address is exactly this one."""
