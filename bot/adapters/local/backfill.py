"""What the local record tells of the time in which the bot was not running: the ``Backfill`` port on a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.adapters.local.record import LocalRecord
from bot.core.events.external import PullRequestMerged
from bot.core.names import branch_matches
from bot.core.ports.backfill import FailedDelivery
from bot.core.ports.forge_types import RemoteDeployment


class LocalBackfill:
    """Implements ``bot.core.ports.backfill.Backfill``. There are no webhooks, so none of them fails."""

    def __init__(self, record: LocalRecord) -> None:
        self._record = record

    def newest_merges(self, repository: str, bases: Sequence[str], since: datetime) -> Mapping[str, Sequence[int]]:
        """Later merges take the place of earlier ones; no two are made at once here."""
        found = [one for one in self._record.read().pull_requests if one.repository == repository]
        merged = sorted((one for one in found if one.merged_at >= since), key=lambda one: one.merged_at)
        return {one.base: [one.number] for one in merged if any(branch_matches(base, one.base) for base in bases)}

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
