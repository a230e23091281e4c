"""What handlers may read and write: our own rows, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.core.api.model import ApiReads, ApiRecords
from bot.core.approvals.model import ApprovalReads, ApprovalRecords
from bot.core.audit.model import AuditReads, AuditRecords
from bot.core.board.model import BoardReads, BoardRecords
from bot.core.deployments.history import HistoryReads
from bot.core.deployments.model import DEPLOY, Deployment, Waiting
from bot.core.deployments.twins import TwinReads, TwinRecords
from bot.core.effects import Effect
from bot.core.events import Event
from bot.core.figures.model import FigureReads
from bot.core.freezes.model import FreezeReads, FreezeRecords
from bot.core.locks.model import LockReads, LockRecords
from bot.core.merge_cards.model import MergeCardReads, MergeCardRecords
from bot.core.notices.model import NoticeReads, NoticeRecords
from bot.core.outgoing_webhooks.model import WebhookRecords
from bot.core.people.model import PeopleReads, PeopleRecords
from bot.core.presses.model import PressReads, PressRecords
from bot.core.publications.model import PublicationReads, PublicationRecords
from bot.core.repositories.model import RepositoryReads, RepositoryRecords
from bot.core.schedules.model import ScheduleReads, ScheduleRecords


class Reads(Protocol):
    """Our rows, as they are now."""

    def deployment(self, deployment_id: int) -> Deployment | None: ...

    def by_remote(self, repository: str, remote_id: int, apps: Collection[str]) -> Deployment | None:
        """Of the repository or of one of the ``apps`` whose code is in it, whatever it was called then."""

    def by_request(self, request_id: str) -> Deployment | None: ...

    def busy(self, app: str, environment: str) -> Sequence[Deployment]:
        """Deployments that occupy the environment, oldest first: ours (one at most) and those of other tools."""

    def waiting(self, app: str, environment: str) -> Sequence[Deployment]:
        """In the order in which they were asked for."""

    def waiting_for_checks(self, repository: str, sha: str, apps: Collection[str]) -> Sequence[Deployment]:
        """Also what waits for a pull request whose head the commit is. As with ``by_remote``."""

    def deployed_from(self, repository: str, sha: str, apps: Collection[str]) -> Sequence[Deployment]:
        """What is being deployed of the commit, and what was and is what each place has now. As with ``by_remote``."""

    def unended(self, repository: str | None = None) -> Sequence[Deployment]:
        """Everything that has not ended, oldest first."""

    def unended_places(self) -> Sequence[tuple[str, str]]:
        """The app and the environment of everything that has not ended, each pair once."""

    def given_up(self, since: datetime) -> Sequence[Deployment]:
        """What was given up since then and has not been heard of again, oldest first."""

    def waiting_for(self, reason: Waiting, repository: str, apps: Collection[str]) -> Sequence[Deployment]:
        """What waits for that, oldest first. As with ``by_remote``."""

    def wanting_approval(self, app: str | None, limit: int) -> Sequence[Deployment]:
        """What waits and still needs approvals, oldest first."""

    def in_thread(self, channel: str, thread: str) -> Sequence[Deployment]:
        """The one whose parent message ``thread`` is, and then those that were asked for in it, oldest first."""

    def on_card(self, card: int) -> Sequence[Deployment]:
        """Those that share the card which that deployment had first, by id: the last one is what it shows."""

    def successes_of(self, deployment: Deployment, environment: str) -> Sequence[Deployment]:
        """The last successes of the same commit in that environment of the app, newest first."""

    def offering(self, app: str, environment: str) -> Sequence[Deployment]:
        """What has ended there and was not replaced yet by what went live afterwards, newest first; a few at most."""

    def last_success(self, app: str, environment: str) -> Deployment | None:
        """What is deployed there now, as far as the bot knows: of those that succeeded the one that started last."""

    def successes(self, app: str, environment: str, limit: int, task: str = DEPLOY) -> Sequence[Deployment]:
        """The one that started last comes first; for rollbacks and for how long it usually takes."""

    def history(
        self, *, app: str | None, environment: str | None, ref: str | None, limit: int, task: str | None = None
    ) -> Sequence[Deployment]:
        """Newest first. Without an environment what previews do by themselves is left out: nobody means that."""

    def later_than(self, deployment: Deployment) -> Sequence[Deployment]:
        """What was asked for after it in the same place and retries it, or is a rollback; oldest first."""

    def undecided(self, delivery_id: str, changed_before: str) -> bool:
        """Whether the delivery is known and not handled yet, or a change of what was said in it, before that one."""

    def promotions_of(self, deployment_id: int) -> Sequence[Deployment]:
        """What has carried its commit on to another environment, oldest first."""

    def merged(self, app: str, environment: str, sha: str) -> bool:
        """Whether a merge of this commit was taken up there before, whatever became of it."""

    def merge_of(self, app: str, environment: str, sha: str) -> Deployment | None:
        """What has taken it up."""

    def merge_known(self, app: str, environment: str, *, pull_request: int) -> bool:
        """Whether the merge of the pull request was taken up there, whatever became of it."""

    def cancellable(self, chat_id: str | None, app: str | None) -> Sequence[Deployment]:
        """What ``cancel`` without a number may mean: not ended, newest first; not what previews do alone."""

    def output(self, deployment_id: int, last: int) -> Sequence[str]:
        """The last lines that the provider wrote, with their colours (``bot.core.ansi``)."""

    def output_from(self, deployment_id: int, first: int, limit: int) -> Sequence[tuple[int, str]]:
        """At most ``limit`` lines that the provider wrote, by their numbers, from the number ``first`` on.

        The first line has number 0. Where a number is missing, lines were left out: of what is very long the beginning
        and the end are kept.
        """

    def held_up_by(self, reason: str) -> bool:
        """Whether something that is to be done in the world was refused for this reason several times in a row."""

    @property
    def locks(self) -> LockReads: ...

    @property
    def people(self) -> PeopleReads: ...

    @property
    def freezes(self) -> FreezeReads: ...

    @property
    def schedules(self) -> ScheduleReads: ...

    def kept(self, key: str) -> str | None:
        """A small thing that was kept under ``key``."""

    def kept_keys(self, beginning: str) -> Sequence[str]:
        """All keys that begin so under which something is kept."""

    def kept_beginning(self, beginning: str) -> Mapping[str, str]:
        """All that is kept under keys that begin so, by these, in their order."""

    @property
    def api(self) -> ApiReads: ...

    @property
    def approvals(self) -> ApprovalReads: ...

    @property
    def audit(self) -> AuditReads: ...

    @property
    def merge_cards(self) -> MergeCardReads: ...

    @property
    def presses(self) -> PressReads: ...

    @property
    def notices(self) -> NoticeReads: ...

    @property
    def publications(self) -> PublicationReads: ...

    @property
    def figures(self) -> FigureReads: ...

    @property
    def board(self) -> BoardReads: ...

    @property
    def histories(self) -> HistoryReads: ...

    @property
    def twins(self) -> TwinReads: ...

    @property
    def repositories(self) -> RepositoryReads: ...


class Records(Reads, Protocol):
    """A transaction: everything below is kept together with the event's decision, or not at all."""

    def hold(self, app: str, environment: str) -> None:
        """Lock the row of one more environment; in the order of their names, so that nobody waits for each other."""

    @property
    def locks(self) -> LockRecords: ...

    @property
    def people(self) -> PeopleRecords: ...

    @property
    def freezes(self) -> FreezeRecords: ...

    @property
    def schedules(self) -> ScheduleRecords: ...

    @property
    def api(self) -> ApiRecords: ...

    @property
    def approvals(self) -> ApprovalRecords: ...

    @property
    def audit(self) -> AuditRecords: ...

    @property
    def merge_cards(self) -> MergeCardRecords: ...

    @property
    def presses(self) -> PressRecords: ...

    @property
    def notices(self) -> NoticeRecords: ...

    @property
    def publications(self) -> PublicationRecords: ...

    @property
    def board(self) -> BoardRecords: ...

    @property
    def twins(self) -> TwinRecords: ...

    @property
    def webhooks(self) -> WebhookRecords: ...

    @property
    def repositories(self) -> RepositoryRecords: ...

    def add(self, deployment: Deployment) -> Deployment:
        """Store a new deployment; the returned one has its ``id`` (the given one's id is ignored)."""

    def save(self, deployment: Deployment) -> None:
        """All of it but what its repository is called, which changes by itself: see ``repositories``."""

    def leave_card(self, deployment_ids: Sequence[int], card: int) -> None:
        """They share their card no more: from now on they have this one, together, which is still to be posted."""

    def keep(self, key: str, value: str) -> None:
        """Keep a small thing in place of what was kept under ``key`` before."""

    def forget(self, key: str) -> None:
        """Keep nothing under ``key`` any more."""

    def emit(self, *effects: Effect) -> None:
        """To be done when the transaction is committed, in this order within a lane."""

    def put(self, event: Event, key: str) -> bool:
        """An event of our own, handled after this one; the ``key`` makes it happen once. Whether the key was new."""

    def set_timer(self, key: str, at: datetime, event: Event) -> None:
        """Let ``event`` happen at that moment; a timer of the same key is replaced."""

    def stop_timer(self, key: str) -> None: ...

    @property
    def cause(self) -> str:
        """The id of the delivery that is being decided on: unique, so fit to make keys from."""
