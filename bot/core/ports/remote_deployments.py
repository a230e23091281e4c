"""The forge's own record of deployments and their statuses, which other tools read and write as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.core.ports.forge_types import (
    MergedInstead,
    NewRemoteDeployment,
    NewRemoteStatus,
    RemoteDeployment,
    RemoteStatus,
)


class RemoteDeployments(Protocol):
    """All methods may raise the errors of ``bot.core.errors``."""

    def create(self, new: NewRemoteDeployment) -> int | MergedInstead:
        """The new deployment's id.

        Raises Conflict (409), NotThere (404), NotAllowed (403), Rejected (422), Unavailable. Creating is not
        idempotent: look with ``find`` before a repeat.
        """

    def find(self, new: NewRemoteDeployment) -> int | None:
        """The deployment of the bot's own that carries ``new.request_id`` in its payload, if it was created already."""

    def get(self, repository: str, remote_id: int) -> RemoteDeployment | None: ...

    def statuses(self, repository: str, remote_id: int) -> Sequence[RemoteStatus]:
        """Oldest first."""

    def post_status(self, repository: str, remote_id: int, status: NewRemoteStatus) -> int:
        """The new status's id."""
