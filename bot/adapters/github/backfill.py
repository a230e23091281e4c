"""What GitHub tells of the time in which nobody listened: the ``Backfill`` port over its REST API."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from cachetools import TTLCache
from msgspec import Struct

from bot.adapters.github.http import Auth, Connection, at
from bot.adapters.github.mapping import deployment_of, head_ref_of
from bot.adapters.github.payloads import AwareTime, DeploymentShape, Head, Id, Number, PullRequestShape, login_of, utc
from bot.adapters.github.webhook_doctor import LISTENER, HookConfig
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import PullRequestMerged
from bot.core.names import branch_matches
from bot.core.ports.backfill import FailedDelivery
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import RemoteDeployment

ASK_AGAIN = timedelta(hours=1)
"""How long it is believed that our credentials may not see a webhook."""
MOST_KEPT = 1_000
PULLS_PER_PAGE = 15  # a pull request in a list is some 25 kB, and a page that is too big is not remembered
UNDERSTOOD = frozenset(
    {"pull_request", "deployment", "deployment_status", "status", "check_run", "check_suite", "workflow_run"}
    | {"pull_request_review"}
)
T = TypeVar("T")


class _Pull(Struct, frozen=True):
    """https://docs.github.com/en/rest/pulls/pulls#list-pull-requests"""

    number: Number
    updated_at: AwareTime
    base: Head
    merged_at: AwareTime | None = None


def _last(pulls: list[_Pull]) -> list[int]:
    """The numbers of those that were merged last, in one second if they are several; the lowest first."""
    moment = max(one.merged_at for one in pulls if one.merged_at)
    return sorted(one.number for one in pulls if one.merged_at == moment)


class _Hook(Struct, frozen=True):
    id: Id
    config: HookConfig
    active: bool = True


class _Delivery(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook"""

    id: Id
    guid: str
    delivered_at: AwareTime
    status_code: int
    event: str


class GitHubBackfill:
    """Implements ``bot.core.ports.backfill.Backfill``. Safe to share between threads."""

    def __init__(self, connection: Connection, auth: Auth, clock: Clock) -> None:
        self._connection = connection
        self._is_app = auth.about_itself == "/app"
        self._unseen: TTLCache[str | None, bool, datetime] = TTLCache(MOST_KEPT, ASK_AGAIN, clock.now)
        self._lock = threading.Lock()

    def newest_merges(self, repository: str, bases: Sequence[str], since: datetime) -> Mapping[str, Sequence[int]]:
        """One request while nothing is closed: the list is sorted by what changed last, and remembered."""
        query: dict[str, str | int] = {
            "state": "closed",
            "sort": "updated",
            "direction": "desc",
            "per_page": PULLS_PER_PAGE,
        }
        newest: dict[str, list[_Pull]] = {}
        for pull in self._listed(f"{at(repository)}/pulls", list[_Pull], most=8, **query):
            if pull.updated_at < since:
                break
            base = pull.base.ref
            if pull.merged_at and pull.merged_at >= since and any(branch_matches(one, base) for one in bases):
                newest.setdefault(base, []).append(pull)
        return {base: _last(pulls) for base, pulls in newest.items()}

    def merge(self, repository: str, number: int) -> PullRequestMerged | None:
        try:
            found = self._connection.get(f"{at(repository)}/pulls/{number}", PullRequestShape)
        except NotThere:
            return None
        if found.merged_at is None or not found.merge_commit_sha:
            return None
        return PullRequestMerged(
            repository=repository,
            number=found.number,
            title=found.title,
            url=found.html_url,
            author=login_of(found.user),
            merged_by=login_of(found.merged_by),
            base=found.base.ref,
            head_sha=found.head.sha,
            merge_sha=found.merge_commit_sha,
            base_sha=found.base.sha,
            merged_at=utc(found.merged_at),
            head_ref=head_ref_of(found),
        )

    def deployments(self, repository: str, since: datetime) -> Sequence[RemoteDeployment]:
        found: list[RemoteDeployment] = []
        for deployment in self._listed(f"{at(repository)}/deployments", list[DeploymentShape], most=5, per_page=30):
            if deployment.created_at < since:
                break
            found.append(deployment_of(deployment))
        return found[::-1]

    def failed_deliveries(self, repository: str | None, since: datetime) -> Sequence[FailedDelivery]:
        if self._is_app != (repository is None) or self._is_unseen(repository):
            return ()
        try:
            if repository is None:
                return self._failed("/app/hook/deliveries", since, None, None)
            hooks = list(self._listed(f"{at(repository)}/hooks", list[_Hook], most=2))
            ours = [hook.id for hook in hooks if hook.active and hook.config.url.rstrip("/").endswith(LISTENER)]
            return [one for hook in ours for one in self._failed_of(repository, hook, since)]
        except (NotThere, NotAllowed, Rejected):  # only administrators see webhooks, and the bot need not be one
            with self._lock:
                self._unseen[repository] = True
            return ()

    def redeliver(self, failed: FailedDelivery) -> None:
        hook = f"{at(failed.repository)}/hooks/{failed.hook}" if failed.repository else "/app/hook"
        self._connection.send(f"{hook}/deliveries/{failed.id}/attempts")

    def _failed_of(self, repository: str, hook: int, since: datetime) -> list[FailedDelivery]:
        return self._failed(f"{at(repository)}/hooks/{hook}/deliveries", since, repository, hook)

    def _failed(self, path: str, since: datetime, repository: str | None, hook: int | None) -> list[FailedDelivery]:
        """The newest come first, so that an attempt that succeeded is known before those that it made up for."""
        delivered: set[str] = set()
        failed: dict[str, FailedDelivery] = {}
        for one in self._listed(path, list[_Delivery], most=5):
            if one.delivered_at < since:
                break
            if 200 <= one.status_code < 300:
                delivered.add(one.guid)
            elif one.event in UNDERSTOOD and one.guid not in delivered:
                failed.setdefault(one.guid, FailedDelivery(one.id, one.guid, repository, hook))
        return [one for one in reversed(failed.values()) if one.guid not in delivered]

    def _is_unseen(self, repository: str | None) -> bool:
        with self._lock:
            return repository in self._unseen

    def _listed(self, path: str, shape: type[list[T]], *, most: int, **query: str | int) -> Iterator[T]:
        for page in self._connection.pages(path, shape, most=most, **query):
            yield from page
