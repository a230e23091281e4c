"""What ``python -m bot check`` tells of orphans, and asks of each with ``--mend``: whether it ends or goes elsewhere.

What is done is decided as in the running bot, in one transaction with all that follows from it; whoever runs next does
that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO
from uuid import uuid4

import structlog

from bot.adapters.storage.store import Store
from bot.core.audit.model import Origin
from bot.core.deployments.model import Actor, Deployment
from bot.core.errors import Unavailable
from bot.core.grammar.vocabulary import AppVocabulary
from bot.core.names import nearest
from bot.core.orphans import lifecycle, messages, model
from bot.core.orphans.model import Orphan
from bot.core.ports.chat import Finding
from bot.core.ports.transaction import Reads, Records
from bot.services.targets import Target
from bot.settings import AppSettings, Settings

log = structlog.get_logger(__name__)

SHOWN = 20
"""How many are named by ``check``; the number of the others is told."""
OPERATOR = Actor("the operator")
BY = Origin("operator", via="terminal")

Ask = Callable[[str], str | None]
"""Shows a question and returns what was typed; None where nobody answers any more."""
Tell = Callable[[str], object]
"""Shows a line."""


class Mender:
    """On the bot's database, by the settings as they are now."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def found(self, reads: Reads | None = None) -> list[Orphan]:
        """Raises Unavailable."""
        now = self._store.database.clock.now()
        return model.orphans(reads or self._store.reads(), self._settings.places, now)

    def log(self) -> None:
        """Name each in the log, for whoever starts the bot."""
        for one in self.found():
            log.warning(f"{messages.summary(one)}; to mend it: {messages.MEND}")

    def doctor(self) -> list[Finding]:
        """A database that cannot be read is a finding of its own."""
        try:
            found = self.found() if self._store.database.is_current() else []
        except Unavailable:
            return []
        told = [_finding(one) for one in found[:SHOWN]]
        more = len(found) - len(told)
        return [*told, Finding(False, f"{more} more are not in the settings", messages.MEND)] if more > 0 else told

    def at_terminal(self, typed: TextIO, out: TextIO) -> None:
        """As ``mend``, where both are one; where nobody can be asked, that is said. Raises Unavailable."""

        def tell(text: str, end: str = "\n") -> None:
            encoding = out.encoding or "utf-8"  # a terminal without → shows a question mark rather than a traceback
            out.write(text.encode(encoding, "replace").decode(encoding) + end)
            out.flush()

        def ask(question: str) -> str | None:
            tell(question, end="")
            line = typed.readline()
            if not line:
                tell("")
            return line or None

        if not self._store.database.is_current():
            return
        if typed.isatty():
            self.mend(ask, tell)
        else:
            tell(messages.NOBODY)

    def mend(self, ask: Ask, tell: Tell) -> None:
        """Ask of each what is to become of it. Raises Unavailable."""
        found = self.found()
        if not found:
            tell(messages.NOTHING)
        for one in found:
            tell(f"{messages.summary(one)}.")
            if not self._is_settled(one, ask, tell):
                tell(messages.STOPPED)
                return

    def _is_settled(self, orphan: Orphan, ask: Ask, tell: Tell) -> bool:
        """Whether all that there was to ask of it was answered."""
        to = likely(self._settings, self._store.reads(), orphan) if lifecycle.may_go(orphan) else None
        if to is not None:
            answer = _is_yes(ask, messages.ask_hand_over(to.place))
            if answer is None:
                return False
            if answer and self._do(orphan, tell, to):
                return True
        answer = _is_yes(ask, messages.ASK_END[type(orphan.thing)])
        if answer is None:
            return False
        if answer:
            self._do(orphan, tell, None)
        else:
            tell(messages.LEFT)
        return True

    def _do(self, orphan: Orphan, tell: Tell, to: Target | None) -> bool:
        """Hand it over, or end it without ``to``; whether nothing is left to be asked."""
        with self._store.decisions.open(f"operator:{uuid4()}", "mend") as decision:
            first, *others = sorted({orphan.place, to.place if to else orphan.place})
            records = decision.begin(*first)
            for place in others:
                records.hold(*place)
            records.audit.attribute(BY, *orphan.place)
            records.webhooks.subscribe(self._settings.receivers, self._settings.secrets.base_url)
            there = next((one for one in self.found(records) if one.key == orphan.key), None)
            if there is None:
                tell(messages.MEANWHILE)
                return True
            if not self._decide(records, there, to):
                assert to is not None, "what is to end always does"
                tell(messages.taken(to.place))
                return False
            records.forget(orphan.key)
        tell(messages.DONE)
        return True

    def _decide(self, records: Records, orphan: Orphan, to: Target | None) -> bool:
        if to is not None:
            return lifecycle.hand_over(records, orphan, to.place, OPERATOR, to.environment.url)
        lifecycle.end(records, orphan, OPERATOR, self._store.database.clock.now())
        return True


def _finding(orphan: Orphan) -> Finding:
    runs = isinstance(orphan.thing, Deployment) and orphan.thing.busy
    return Finding(runs, messages.summary(orphan), messages.MEND, warning=runs)


def _is_yes(ask: Ask, question: str) -> bool | None:
    while (answer := ask(question)) is not None:
        if answer.strip().lower() in {"y", "yes"}:
            return True
        if answer.strip().lower() in {"n", "no"}:
            return False
    return None


# --- where it may go on ---------------------------------------------------------------------------------------------


def likely(settings: Settings, reads: Reads, orphan: Orphan) -> Target | None:
    """The environment that its own was probably renamed to, None where none is likely."""
    app = settings.apps[orphan.app] if orphan.has_app else _renamed_app(settings, reads, orphan)
    if app is None or not _is_of(app, orphan):
        return None
    old, names = orphan.environment, list(app.environments)
    new = [name for name in names if not _has_history(reads, app.name, name)]
    meant = _alike(app, old, new) or nearest(old, new)
    # What nothing was deployed to yet is new, or is production: what nobody deploys to by mistake.
    only = new[0] if len(new) == 1 and not app.environments[new[0]].production else None
    meant = meant or only or _alike(app, old, names) or nearest(old, names)
    return Target(app, app.environments[meant]) if meant else None


def _is_of(app: AppSettings, orphan: Orphan) -> bool:
    """Whether the app is where a deployment's commit is; to all other things that is the same."""
    thing = orphan.thing
    return not isinstance(thing, Deployment) or thing.repository.casefold() == app.repository.casefold()


def _renamed_app(settings: Settings, reads: Reads, orphan: Orphan) -> AppSettings | None:
    """Of the same repository, where that is known."""
    before = reads.history(app=orphan.app, environment=None, ref=None, limit=1)
    apps = settings.apps_of_repository(before[0].repository) if before else tuple(settings.apps.values())
    names = [app.name for app in apps]
    new = [name for name in names if not _has_history(reads, name)]
    meant = nearest(orphan.app, new) or (new[0] if len(new) == 1 else None) or nearest(orphan.app, names)
    return settings.apps[meant] if meant else None


def _alike(app: AppSettings, environment: str, names: Sequence[str]) -> str | None:
    """The one of the names that the old one is another word for."""
    aliases = {alias: name for name in names for alias in app.environments[name].aliases}
    return AppVocabulary(tuple(names), aliases).environment(environment)


def _has_history(reads: Reads, app: str, environment: str | None = None) -> bool:
    return bool(reads.history(app=app, environment=environment, ref=None, limit=1))
