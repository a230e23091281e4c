"""What a forge tells and is told, as plain data: shared by all parts of the port."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

Relation: TypeAlias = Literal["ahead", "behind", "diverged", "identical"]
JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Repository:
    """``name`` is what it is called now; ``number`` never changes, and is None where names are for ever.

    ``private`` where not everybody may see it.
    """

    name: str
    default_branch: str
    url: str
    number: int | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Remote:
    """Where git finds a repository. ``address`` is one for git, without credentials; ``token`` is what lets us in."""

    address: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Commit:
    """A ref, pinned. ``ref`` is what people call it (branch, tag, short id), ``sha`` all forty characters.

    ``pull_request`` is set where the ref was given as ``#123``. ``author`` is a login, or the name in git where the
    author has none; ``login`` is only ever a login. ``at`` is when it was committed, as its committer says.
    """

    sha: str
    ref: str
    title: str
    author: str
    url: str
    parents: tuple[str, ...] = ()
    pull_request: int | None = None
    login: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """One of the things that a word is the name of.

    ``exact`` names this one alone: ``refs/heads/topic``, ``refs/tags/v1``, ``#123``, or all forty digits of an id.
    """

    exact: str
    commit: Commit


@dataclass(frozen=True, slots=True)
class Check:
    """A commit status or a check run, by its context or name.

    ``state``: success (neutral and skipped included), pending, or failure (errors, cancellations, time-outs included).
    ``app`` is who reported it, empty for commit statuses; ``at`` is when that was. ``kind`` is ``deployment`` for a job
    that is part of a deployment, and ``run`` for a whole run of such an app, pending while it may report more. ``apps``
    are all who reported the name, where several did.
    """

    name: str
    state: Literal["success", "pending", "failure"]
    url: str | None = None
    description: str = ""
    app: str = field(default="", compare=False)
    at: datetime | None = field(default=None, compare=False)
    kind: Literal["check", "deployment", "run"] = "check"
    apps: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class EarlierCheck:
    """What a commit before had reported, by whom, and whether that was a commit of the very same branch.

    ``shared`` says that others reported the same name of the same commit, so that each of them is waited for.
    """

    name: str
    app: str = ""
    same_branch: bool = True
    shared: bool = False


@dataclass(frozen=True, slots=True)
class PullRequest:
    """``head_ref`` is ``owner:branch`` where the branch is in a fork."""

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
    draft: bool = False
    labels: tuple[str, ...] = ()
    updated_at: datetime | None = None

    @property
    def from_fork(self) -> bool:
        """No branch has a colon in its name."""
        return ":" in self.head_ref


@dataclass(frozen=True, slots=True)
class Comparison:
    """From ``base`` to ``head``: ``commits`` are those in head that base lacks, oldest first: the newest some hundred.

    ``files`` are the paths that these commits touch, those that they gave up too; None where nobody asked for them.
    ``all_files`` is False where there are more of them than are told.
    """

    ahead_by: int
    behind_by: int
    commits: tuple[Commit, ...]
    url: str
    files: tuple[str, ...] | None = None
    all_files: bool = True


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
    """``by_workflow`` is true where GitHub Actions made it, which nobody else can pretend."""

    id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str
    creator: str
    request_id: str | None
    created_at: datetime
    by_workflow: bool = False
