"""What GitHub would remember about a repository, kept in one JSON file: deployments, pull requests and checks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from bot.adapters.decoding import decode
from bot.adapters.system.directories import make_private_file
from bot.core.errors import Rejected, Unavailable
from bot.core.events.external import DeploymentCreated, DeploymentStatusReported, PullRequestMerged
from bot.core.ports.forge_types import PullRequest, RemoteDeployment, RemoteStatus

CheckState: TypeAlias = Literal["success", "pending", "failure"]


class RecordedStatus(msgspec.Struct):
    id: int
    state: str
    description: str
    environment: str
    log_url: str | None
    environment_url: str | None
    creator: str
    created_at: datetime

    def remote(self) -> RemoteStatus:
        return RemoteStatus(
            id=self.id,
            state=self.state,
            description=self.description,
            log_url=self.log_url,
            environment_url=self.environment_url,
            creator=self.creator,
            created_at=self.created_at,
        )

    def event(self, deployment: RecordedDeployment) -> DeploymentStatusReported:
        return DeploymentStatusReported(
            repository=deployment.repository,
            remote_id=deployment.id,
            status_id=self.id,
            state=self.state,
            description=self.description,
            log_url=self.log_url,
            environment_url=self.environment_url,
            creator=self.creator,
            created_at=self.created_at,
        )


class RecordedDeployment(msgspec.Struct):
    id: int
    repository: str
    sha: str
    task: str
    environment: str
    description: str
    payload: dict[str, Any]
    request_id: str
    production: bool
    transient: bool
    creator: str
    created_at: datetime
    statuses: list[RecordedStatus]

    def remote(self) -> RemoteDeployment:
        """As GitHub shows one of ours: its ref is the pinned commit."""
        return RemoteDeployment(
            id=self.id,
            sha=self.sha,
            ref=self.sha,
            task=self.task,
            environment=self.environment,
            description=self.description,
            creator=self.creator,
            request_id=self.request_id,
            created_at=self.created_at,
        )

    def event(self) -> DeploymentCreated:
        return DeploymentCreated(
            repository=self.repository,
            remote_id=self.id,
            sha=self.sha,
            ref=self.sha,
            task=self.task,
            environment=self.environment,
            description=self.description,
            creator=self.creator,
            request_id=self.request_id,
            created_at=self.created_at,
        )


class RecordedPullRequest(msgspec.Struct):
    """``commits`` are the full ids of those that the pull request brought."""

    number: int
    repository: str
    title: str
    author: str
    head_ref: str
    head_sha: str
    base: str
    base_sha: str
    merge_sha: str
    merged_by: str
    merged_at: datetime
    commits: list[str]

    def pull_request(self) -> PullRequest:
        return PullRequest(
            number=self.number,
            title=self.title,
            url="",
            author=self.author,
            state="merged",
            head_ref=self.head_ref,
            head_sha=self.head_sha,
            base=self.base,
            merge_sha=self.merge_sha,
            merged_at=self.merged_at,
            merged_by=self.merged_by,
        )

    def event(self) -> PullRequestMerged:
        return PullRequestMerged(
            repository=self.repository,
            number=self.number,
            title=self.title,
            url="",
            author=self.author,
            merged_by=self.merged_by,
            base=self.base,
            head_sha=self.head_sha,
            merge_sha=self.merge_sha,
            base_sha=self.base_sha,
            merged_at=self.merged_at,
            head_ref=self.head_ref,
        )


class RecordedCheck(msgspec.Struct):
    repository: str
    sha: str
    name: str
    state: CheckState


class Book(msgspec.Struct):
    """Everything in the file. ``last_id`` is the newest id of a deployment or a status."""

    last_id: int = 0
    deployments: list[RecordedDeployment] = []
    pull_requests: list[RecordedPullRequest] = []
    checks: list[RecordedCheck] = []

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def next_number(self, repository: str) -> int:
        """The number of the repository's next pull request."""
        return 1 + max((one.number for one in self.pull_requests if one.repository == repository), default=0)

    def deployment(self, repository: str, remote_id: int) -> RecordedDeployment | None:
        return next((one for one in self.deployments if (one.repository, one.id) == (repository, remote_id)), None)


class LocalRecord:
    """The file. Several threads and processes may use it; what was written is whole after any crash.

    Raises Rejected where the file is not such a record, Unavailable where it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Book:
        try:
            return decode(self._path.read_bytes(), Book)
        except FileNotFoundError:
            return Book()
        except OSError as error:
            raise Unavailable(f"{self._path} could not be read: {error.strerror}.") from error
        except msgspec.MsgspecError as error:
            raise Rejected(
                f"{self._path} is not a record of deployments ({error}). Move it away to begin anew."
            ) from error

    @contextmanager
    def change(self) -> Iterator[Book]:
        """The record, for changing it: kept when the block ends without an error, one block at a time."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = self._path.with_name(self._path.name + ".lock")
            make_private_file(lock)
            turn = lock.open("wb")
        except OSError as error:
            raise Unavailable(f"{self._path} could not be written: {error.strerror}.") from error
        with turn:
            # A lock on a file of its own: the record itself is replaced, and a lock would stay with the old one.
            fcntl.flock(turn, fcntl.LOCK_EX)
            book = self.read()
            yield book
            self._write(msgspec.json.format(msgspec.json.encode(book), indent=1))

    def _write(self, content: bytes) -> None:
        new = self._path.with_name(self._path.name + ".new")
        try:
            make_private_file(new)
            with new.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise Unavailable(f"{self._path} could not be written: {error.strerror}.") from error
