"""What a GitHub knows of a repository: commits, refs, pull requests, checks, deployments, and git's rules for them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Files = dict[str, bytes]


class MergeConflict(Exception):
    """Both sides changed the same file."""


@dataclass
class Commit:
    """``files`` is the whole tree; ``serial`` grows with time, so that parents are always smaller than children.

    ``author`` is a login, or with ``known`` False the name in git of somebody whom GitHub does not know.
    """

    sha: str
    serial: int
    message: str
    author: str
    date: datetime
    parents: tuple[str, ...]
    files: Files
    known: bool = True


@dataclass
class Tag:
    """``object_sha`` is the tag object's own id where the tag is annotated."""

    name: str
    commit_sha: str
    object_sha: str | None = None


@dataclass
class Review:
    id: int
    author: str
    state: str
    sha: str
    at: datetime
    association: str = "MEMBER"


@dataclass
class PullRequest:
    id: int
    number: int
    title: str
    author: str
    head: str
    head_sha: str
    base: str
    base_sha: str
    head_repository: str
    created_at: datetime
    state: str = "open"
    merged_at: datetime | None = None
    merged_by: str | None = None
    closed_at: datetime | None = None
    merge_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    draft: bool = False
    queued: bool = False
    looked_at: bool = True
    locked: bool = False
    labels: list[str] = field(default_factory=list)


@dataclass
class IssueComment:
    """On the page of a pull request, which is an issue as well."""

    id: int
    number: int
    author: str
    body: str
    created_at: datetime
    updated_at: datetime
    edits: int = 0


@dataclass
class Release:
    """``target`` is the commitish that it was made with; its tag may be elsewhere, where that was there before."""

    id: int
    tag: str
    target: str
    name: str | None
    body: str | None
    author: str
    draft: bool
    prerelease: bool
    created_at: datetime


@dataclass
class Status:
    id: int
    sha: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: str
    at: datetime


@dataclass
class Workflow:
    """A file in ``.github/workflows`` of the default branch; one whose ``inputs`` are None cannot be dispatched."""

    file: str
    text: str
    inputs: tuple[str, ...] | None
    run_name: str
    required: tuple[str, ...] = ()
    state: str = "active"

    @property
    def path(self) -> str:
        return f".github/workflows/{self.file}"

    @property
    def title(self) -> str:
        return self.file.partition(".")[0].title()


@dataclass
class Step:
    name: str
    started_at: datetime
    conclusion: str | None = None
    completed_at: datetime | None = None


@dataclass
class Job:
    """A job of one attempt of a run, with the lines of its log as GitHub keeps them."""

    id: int
    name: str
    attempt: int
    started_at: datetime
    status: str = "in_progress"
    conclusion: str | None = None
    completed_at: datetime | None = None
    steps: list[Step] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass
class WorkflowRun:
    """A run of a workflow of GitHub Actions; ``status`` is ``completed`` once it has a ``conclusion``.

    One that was dispatched has a ``file``, the ``branch`` it was dispatched on, by whom, and with which ``inputs``.
    """

    id: int
    sha: str
    name: str
    event: str
    status: str
    conclusion: str | None
    at: datetime
    file: str = ""
    path: str = ""
    branch: str | None = None
    title: str = ""
    actor: str = "octocat"
    attempt: int = 1
    inputs: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    @property
    def suite(self) -> str:
        return f"workflow run {self.id}"


@dataclass
class CheckRun:
    """``suite`` is what tells its check suite from others; ``deployment`` is the one that a job makes."""

    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    title: str | None
    url: str | None
    app: str
    started_at: datetime
    completed_at: datetime | None
    suite: str
    deployment: int | None = None


@dataclass
class DeploymentStatus:
    id: int
    state: str
    description: str
    log_url: str
    environment_url: str
    environment: str
    creator: str
    at: datetime


@dataclass
class Deployment:
    """``payload`` is as it was sent: an object stays an object, a string a string."""

    id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str | None
    payload: Any
    production: bool
    transient: bool
    creator: str
    created_at: datetime
    statuses: list[DeploymentStatus] = field(default_factory=list)
    updated_at: datetime | None = None
    via_app: str | None = None

    @property
    def state(self) -> str:
        """The latest status's state; ``pending`` before there is one, as on GitHub's own pages."""
        return self.statuses[-1].state if self.statuses else "pending"


@dataclass
class Hook:
    """A webhook as its settings page shows it. ``repository`` is None for one of the whole server."""

    id: int
    url: str
    secret: str
    events: tuple[str, ...]
    content_type: str
    active: bool = True
    repository: str | None = None


@dataclass
class Repository:
    id: int
    full_name: str
    default_branch: str
    private: bool
    created_at: datetime
    archived: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    check_runs: list[CheckRun] = field(default_factory=list)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    idle_suites: list[tuple[str, str]] = field(default_factory=list)
    rules: dict[str, list[str]] = field(default_factory=dict)
    protection: dict[str, list[str]] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    permissions: dict[str, str] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    activities: list[dict[str, Any]] = field(default_factory=list)
    methods: tuple[str, ...] = ("merge", "squash", "rebase")
    strict: set[str] = field(default_factory=set)
    reviews_required: dict[str, int] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)
    comments: dict[int, IssueComment] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    """As they are spelled, by their names in lower case."""
    releases: dict[int, Release] = field(default_factory=dict)
    latest_release: int | None = None

    def add_commit(self, message: str, author: str, date: datetime, parents: tuple[str, ...], files: Files) -> Commit:
        """A commit on no branch yet."""
        serial = len(self.commits) + 1
        seed = f"{self.full_name}\n{serial}\n{message}\n{author}\n{parents}\n{sorted(files.items())}"
        commit = Commit(hashlib.sha1(seed.encode()).hexdigest(), serial, message, author, date, parents, dict(files))
        self.commits[commit.sha] = commit
        return commit

    def find(self, ref: str) -> str | None:
        """The commit behind ``heads/x``, ``tags/x``, a branch, a tag, or the beginning of a commit id (four and up).

        Forty digits are an id before all else, as in git.
        """
        if re.fullmatch(r"[0-9a-fA-F]{40}", ref):
            return ref.lower() if ref.lower() in self.commits else None
        ref = ref.removeprefix("refs/")
        kind, _, name = ref.partition("/")
        if kind == "heads" and name in self.branches:
            return self.branches[name]
        if kind == "tags" and name in self.tags:
            return self.tags[name].commit_sha
        if ref in self.branches:
            return self.branches[ref]
        if ref in self.tags:
            return self.tags[ref].commit_sha
        found = [sha for sha in self.commits if sha.startswith(ref.lower())] if len(ref) >= 4 else []
        return found[0] if len(found) == 1 else None

    def history(self, sha: str) -> set[str]:
        """The commit and everything it was made from."""
        seen: set[str] = set()
        left = [sha]
        while left:
            current = left.pop()
            if current not in seen:
                seen.add(current)
                left.extend(self.commits[current].parents)
        return seen

    def between(self, base: str, head: str) -> list[Commit]:
        """The commits in head that base lacks, oldest first."""
        new = self.history(head) - self.history(base)
        return sorted((self.commits[sha] for sha in new), key=lambda commit: commit.serial)

    def merge_base(self, one: str, other: str) -> str | None:
        common = self.history(one) & self.history(other)
        return max(common, key=lambda sha: self.commits[sha].serial, default=None)

    def changed_files(self, base: str, head: str) -> list[tuple[str, str]]:
        """What head has done since both were one, by path: added, modified or removed."""
        common = self.merge_base(base, head)
        before, after = self.commits[common].files if common else {}, self.commits[head].files
        found = {path: "modified" if path in before else "added" for path in after if before.get(path) != after[path]}
        found |= {path: "removed" for path in before if path not in after}
        return sorted(found.items())

    def merged_files(self, ours: str, theirs: str) -> Files:
        """The tree of a three-way merge. Raises MergeConflict."""
        base = self.merge_base(ours, theirs)
        before = self.commits[base].files if base else {}
        left, right = self.commits[ours].files, self.commits[theirs].files
        merged: Files = {}
        for path in sorted({*left, *right}):
            chosen = _merged_file(before.get(path), left.get(path), right.get(path), path)
            if chosen is not None:
                merged[path] = chosen
        return merged

    def latest_statuses(self, sha: str) -> list[Status]:
        """The latest of each context, the newest first."""
        latest: dict[str, Status] = {}
        for status in self.statuses:
            if status.sha == sha:
                latest[status.context] = status
        return sorted(latest.values(), key=lambda status: -status.id)

    def latest_check_runs(self, sha: str) -> list[CheckRun]:
        """The latest of each check suite and name, the newest first."""
        latest: dict[tuple[str, str], CheckRun] = {}
        for run in self.check_runs:
            if run.sha == sha:
                latest[run.suite, run.name] = run
        return sorted(latest.values(), key=lambda run: -run.id)


def _merged_file(before: bytes | None, left: bytes | None, right: bytes | None, path: str) -> bytes | None:
    if left in (right, before):
        return right
    if right == before:
        return left
    raise MergeConflict(path)


def iso(moment: datetime | None) -> str | None:
    """As GitHub writes times: UTC, whole seconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
