"""Deployments and their statuses in the local record: the ``RemoteDeployments`` port on a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.adapters.local.record import Book, LocalRecord, RecordedDeployment, RecordedStatus
from bot.adapters.local.users import BOT
from bot.core.errors import NotThere, Rejected
from bot.core.events import Event
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import (
    MergedInstead,
    NewRemoteDeployment,
    NewRemoteStatus,
    RemoteDeployment,
    RemoteStatus,
)

_LONGEST_DESCRIPTION = 140
_STATES = frozenset({"queued", "pending", "in_progress", "success", "failure", "error", "inactive"})


class LocalDeployments:
    """Implements ``bot.core.ports.remote_deployments.RemoteDeployments``.

    ``deliver`` is told what GitHub's webhooks would tell; ``sha_of`` finds a repository's commit.
    """

    def __init__(
        self,
        record: LocalRecord,
        clock: Clock,
        deliver: Callable[[Event], None],
        sha_of: Callable[[str, str], str | None],
    ) -> None:
        self._record = record
        self._clock = clock
        self._deliver = deliver
        self._sha_of = sha_of

    def create(self, new: NewRemoteDeployment) -> int | MergedInstead:
        sha = self._sha_of(new.repository, new.sha)
        if sha is None:
            raise Rejected(f"There is no commit {new.sha[:7]} in {new.repository}.")
        with self._record.change() as book:
            created = RecordedDeployment(
                id=book.next_id(),
                repository=new.repository,
                sha=sha,
                task=new.task,
                environment=new.environment,
                description=new.description[:_LONGEST_DESCRIPTION],
                payload=dict(new.payload),
                request_id=new.request_id,
                production=new.production,
                transient=new.transient,
                creator=BOT,
                created_at=self._clock.now(),
                statuses=[],
            )
            book.deployments.append(created)
        self._deliver(created.event())
        return created.id

    def find(self, new: NewRemoteDeployment) -> int | None:
        wanted = (new.repository, new.request_id)
        recorded = self._record.read().deployments
        return next((one.id for one in recorded if (one.repository, one.request_id) == wanted), None)

    def get(self, repository: str, remote_id: int) -> RemoteDeployment | None:
        found = self._record.read().deployment(repository, remote_id)
        return found.remote() if found else None

    def statuses(self, repository: str, remote_id: int) -> Sequence[RemoteStatus]:
        found = self._record.read().deployment(repository, remote_id)
        if found is None:
            raise NotThere(f"There is no deployment {remote_id} in {repository}.")
        return [status.remote() for status in found.statuses]

    def post_status(self, repository: str, remote_id: int, status: NewRemoteStatus) -> int:
        if status.state not in _STATES:
            raise Rejected(f"A deployment's status cannot be {status.state}.")
        with self._record.change() as book:
            deployment = book.deployment(repository, remote_id)
            if deployment is None:
                raise NotThere(f"There is no deployment {remote_id} in {repository}.")
            posted = self._append(book, deployment, status)
            if status.state == "success" and status.auto_inactive:
                self._retire_others(book, deployment)
        self._deliver(posted.event(deployment))
        return posted.id

    def _append(self, book: Book, deployment: RecordedDeployment, status: NewRemoteStatus) -> RecordedStatus:
        posted = RecordedStatus(
            id=book.next_id(),
            state=status.state,
            description=status.description[:_LONGEST_DESCRIPTION],
            environment=status.environment,
            log_url=status.log_url,
            environment_url=status.environment_url,
            creator=BOT,
            created_at=self._clock.now(),
        )
        deployment.statuses.append(posted)
        return posted

    def _retire_others(self, book: Book, newest: RecordedDeployment) -> None:
        """GitHub's ``auto_inactive``; no webhook tells of it."""
        place = (newest.repository, newest.environment)
        for old in book.deployments:
            if old is newest or (old.repository, old.environment) != place or old.production or old.transient:
                continue
            if old.statuses and old.statuses[-1].state == "success":
                self._append(book, old, NewRemoteStatus("inactive", "", newest.environment))
