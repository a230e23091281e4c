"""What the local record tells of the time in which the bot was not running: the ``Backfill`` port on a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.adapters.local.record import LocalRecord
from bot.core.events.external import PullRequestMerged
from bot.core.ports.backfill import FailedDelivery
from bot.core.ports.forge_types import RemoteDeployment


class LocalBackfill:
    """Implements ``bot.core.ports.backfill.Backfill``. There are no webhooks, so none of them fails."""

    def __init__(self, record: LocalRecord) -> None:
        self._record = record

    def newest_merge(self, repository: str, base: str, since: datetime) -> int | None:
        found = [
            one
            for one in self._record.read().pull_requests
            if (one.repository, one.base) == (repository, base) and one.merged_at >= since
        ]
        return max(found, key=lambda one: one.merged_at).number if found else None

    def merge(self, repository: str, number: int) -> PullRequestMerged | None:
        recorded = self._record.read().pull_requests
        return next((one.event() for one in recorded if (one.repository, one.number) == (repository, number)), None)

    def deployments(self, repository: str, since: datetime) -> Sequence[RemoteDeployment]:
        recorded = self._record.read().deployments
        return [one.remote() for one in recorded if one.repository == repository and one.created_at >= since]

    def failed_deliveries(
        self,
        repository: str | None,  # noqa: ARG002 - there are none of any
        since: datetime,  # noqa: ARG002
    ) -> Sequence[FailedDelivery]:
        return ()

    def redeliver(self, failed: FailedDelivery) -> None:
        """Never called: nothing fails."""
