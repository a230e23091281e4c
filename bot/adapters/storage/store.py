"""The bot's own storage, put together: one part per concern, all on one database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.storage import measures, retention
from bot.adapters.storage.api import ApiRows
from bot.adapters.storage.board import PublishedBoards
from bot.adapters.storage.channels import ChannelRows
from bot.adapters.storage.decisions import Decisions
from bot.adapters.storage.deployment_pages import DeploymentPages
from bot.adapters.storage.deployments import RowReads
from bot.adapters.storage.engine import Database
from bot.adapters.storage.inbox import NEXT_COMMAND, NEXT_OTHER, InboxRows
from bot.adapters.storage.notebook import NotebookRows
from bot.adapters.storage.notices import PostedNotices
from bot.adapters.storage.outbox import NEXT_LANE, Outbox
from bot.adapters.storage.outgoing_webhooks import EventQueue
from bot.adapters.storage.output import OutputRows
from bot.adapters.storage.parents import ParentRows
from bot.adapters.storage.people import IdentityRows
from bot.adapters.storage.publications import WrittenPublications
from bot.adapters.storage.repositories import KnownRepositories
from bot.adapters.storage.runs import RunRows
from bot.adapters.storage.set_aside import SetAside
from bot.adapters.storage.timers import NEXT_DEPLOYMENT, NEXT_TIMER, Timers
from bot.core.ports.chat import Clock, Finding


@dataclass(frozen=True, slots=True)
class Moments:
    """When the first command, other delivery, lane, timer and waiting deployment is due; None where there is none."""

    command: datetime | None
    delivery: datetime | None
    lane: datetime | None
    timer: datetime | None
    deployment: datetime | None


_MOMENTS = sa.select(
    *(query.scalar_subquery() for query in (NEXT_COMMAND, NEXT_OTHER, NEXT_LANE, NEXT_TIMER, NEXT_DEPLOYMENT))
)


class Store:
    """Everything that the bot keeps, by its parts; here is only what concerns several of them.

    Raises Unavailable where the database does not answer.
    """

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self.database = Database(engine, clock)
        self.inbox = InboxRows(self.database)
        self.decisions = Decisions(self.database)
        self.outbox = Outbox(self.database)
        self.events = EventQueue(self.database)
        self.timers = Timers(self.database)
        self.output = OutputRows(self.database)
        self.runs = RunRows(self.database)
        self.parents = ParentRows(self.database)
        self.channels = ChannelRows(self.database)
        self.notebook = NotebookRows(self.database)
        self.people = IdentityRows(self.database)
        self.notices = PostedNotices(self.database)
        self.publications = WrittenPublications(self.database)
        self.boards = PublishedBoards(self.database)
        self.repositories = KnownRepositories(self.database)
        self.set_aside = SetAside(self.database)
        self.api = ApiRows(self.database)
        self.pages = DeploymentPages(self.database)

    def reads(self) -> RowReads:
        """Rows as they are now, without a lock."""
        return RowReads(self.database.select)

    def next_due(self) -> datetime | None:
        """When the first postponed delivery or lane wants to be looked at."""
        moments = (self.inbox.next_due(), self.outbox.next_due())
        return min((moment for moment in moments if moment is not None), default=None)

    def moments(self) -> Moments:
        """When the first of each kind is due, in one look."""
        found = self.database.select(_MOMENTS)[0]
        return Moments(*found)

    def clear(self, before: datetime) -> None:
        """Delete what was over before that moment and is no record; see ``retention``."""
        retention.clear(self.database, before)

    def doctor(self) -> list[Finding]:
        """For ``python -m bot check``: how the database is, who works on what waits, and what is set aside."""
        found = self.database.doctor()
        if all(one.good for one in found) and self.database.is_current():
            found += [*measures.doctor(self.database), *self.set_aside.doctor()]
        return found
