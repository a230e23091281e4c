"""What a handler is given: one ``now``, who and where, the settings, and the ports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.core.audit.model import ITSELF, Origin
from bot.core.board.model import Published
from bot.core.deployments.model import Actor
from bot.core.events.external import Place
from bot.core.freezes.windows import CronLines
from bot.core.grammar.commands import Command
from bot.core.notices.model import Notices
from bot.core.people.model import Identity, Reached
from bot.core.ports.chat import Chat, Person, ReadsTimes
from bot.core.ports.forge import Forge
from bot.core.ports.pages import NO_PAGES, Pages
from bot.core.ports.parents import Parents
from bot.core.ports.transaction import Reads, Records
from bot.core.presses.model import Screen
from bot.core.publications.model import Publications
from bot.core.threads.model import Thread
from bot.settings import Settings


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SkippableClock:
    """A clock whose hands can be moved forward, for trying things out in the terminal."""

    def __init__(self) -> None:
        self._skipped = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skipped

    def skip(self, delta: timedelta) -> None:
        self._skipped += delta


class Transactions(Protocol):
    """How a context reaches our rows."""

    def begin(self, app: str | None, environment: str | None) -> Records:
        """Open the decision's transaction with the environment's row locked."""

    def reads(self) -> Reads:
        """Rows as they are now, without a lock: for gathering facts."""


class Identities(Protocol):
    """Remembers who is who. What was found out stays true whatever is decided, so it is kept outside of decisions."""

    def learned(self, identity: Identity) -> None: ...

    def reached(self, found: Reached) -> None: ...


class Archive(Protocol):
    """What is long over and may be forgotten."""

    def clear(self, before: datetime) -> None:
        """Delete the record of deliveries, effects and workflows that ended before that moment."""


@dataclass(slots=True)
class Context:
    """One event's surroundings. Gather first (``forge``, ``chat``, ``reads``), then ``begin`` and decide.

    ``person`` and ``place`` are set for commands; ``here`` is the app whose channel, or the thread of whose deployment,
    the command was given in, and ``thread`` is that thread.
    ``screen`` is what somebody saw who pressed a button. ``command`` is what was understood, ``origin`` who caused the
    event, as far as the event itself tells.
    ``answered`` are the types of the commands that some feature answers.
    ``repeated`` is true in a performer whose effect may have been done already by an attempt that was cut off.
    """

    event_id: str
    now: datetime
    settings: Settings
    transactions: Transactions
    parents: Parents
    identities: Identities
    notices: Notices
    publications: Publications
    boards: Published
    archive: Archive
    times: ReadsTimes
    cron: CronLines
    _forge: Forge
    _chat: Chat
    person: Person | None = None
    place: Place | None = None
    via: str | None = None
    screen: Screen | None = None
    command: Command | None = None
    here: str | None = None
    thread: Thread | None = None
    answered: frozenset[type] = frozenset()
    repeated: bool = False
    pages: Pages = NO_PAGES
    effect_id: int = 0
    origin: Origin = ITSELF
    _records: Records | None = None

    @property
    def forge(self) -> Forge:
        self._still_gathering()
        return self._forge

    @property
    def chat(self) -> Chat:
        self._still_gathering()
        return self._chat

    @property
    def reads(self) -> Reads:
        """Our rows: a fresh look while gathering, the transaction's own view after ``begin``."""
        return self._records or self.transactions.reads()

    def begin(self, app: str | None = None, environment: str | None = None) -> Records:
        """Stop gathering and start deciding; what is written from here on is kept with the decision or not at all."""
        if self._records is None:
            self._records = self.transactions.begin(app, environment)
            self._records.audit.attribute(self.who, app, environment)
            self._records.webhooks.subscribe(self.settings.receivers, self.settings.secrets.base_url)
        return self._records

    @property
    def begun(self) -> bool:
        """Whether it has stopped gathering."""
        return self._records is not None

    @property
    def who(self) -> Origin:
        """Who caused this, for the audit: as the event tells, and better where the person was looked up."""
        if self.person is None:
            return self.origin
        return replace(self.origin, name=self.person.name, login=self.person.forge_login)

    def _still_gathering(self) -> None:
        if self._records is not None:
            raise RuntimeError("The world is asked before begin(): a transaction must not wait for the network.")

    @property
    def asker(self) -> Person:
        """The person who gave the command. Only commands have one."""
        if self.person is None:
            raise RuntimeError("This event was not caused by a person in the chat.")
        return self.person

    @property
    def actor(self) -> Actor:
        """The asker, as what they do is recorded."""
        return Actor(self.asker.name, self.asker.id, self.asker.forge_login)

    @property
    def where(self) -> Place:
        """Where the command was given. Only commands have one."""
        if self.place is None:
            raise RuntimeError("This event was not caused by a person in the chat.")
        return self.place
