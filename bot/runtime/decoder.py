"""Makes events of what was stored: GitHub's payloads, and events of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from bot.adapters.github import webhooks as github_webhooks
from bot.adapters.github.webhooks import NamedRepository
from bot.adapters.storage import serialization
from bot.core.events import Event, Joinable, LookAgain
from bot.core.events.external import (
    CalledOtherwise,
    ChecksChanged,
    CommandGiven,
    PullRequestChanged,
    PullRequestDequeued,
    ReviewChanged,
    WorkflowRunChanged,
)
from bot.core.grammar.parser import separate
from bot.core.ports.chat import NOBODY, About, Delivery
from bot.core.repositories.model import KnownRepository, same_name
from bot.core.stored import stored_name
from bot.settings import Settings
from bot.settings.current import InUse

Decode = Callable[[Delivery], Sequence[Event]]


def decoder(settings: InUse, known: Callable[[], Sequence[KnownRepository]] = lambda: ()) -> Decode:
    """What a stored delivery means. Events get the names that repositories have in the settings as they are ``known``:
    GitHub says them in any case, and its numbers decide which repository is which."""

    def decode(delivery: Delivery) -> Sequence[Event]:
        names = Names(settings(), known())
        if delivery.source != "github":
            event = serialization.event_from_bytes(delivery.name, delivery.body)
            return [names.of_now(one) for one in _one_by_one(event)]
        said, events = github_webhooks.heard_in(delivery.name, delivery.body)
        return names.heard(said, events) if said else events

    return decode


def _one_by_one(event: Event) -> Sequence[Event]:
    """An event for each command that somebody gave in one text, in their order: each is a decision of its own."""
    if not isinstance(event, CommandGiven):
        return [event]
    return [replace(event, text=text) for text in separate(event.text, slash=event.via == "slash")]


def labels(settings: InUse) -> Callable[[Delivery], Delivery]:
    """Adds to a delivery what it is about, so that one that concerns nobody is settled when it is stored.

    One that cannot be read, or tells nothing of where it comes from, is left as it is for whoever handles it.
    """
    names_in = _Remembered(settings)

    def label(delivery: Delivery) -> Delivery:
        names, previewed = names_in.now()
        try:
            said, events = github_webhooks.heard_in(delivery.name, delivery.body)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is stored, and then told where others are
            return delivery
        if said is None:
            return delivery if events else replace(delivery, about=NOBODY)
        known = said.name.casefold() in names
        if not known and said.number is None:
            return delivery
        if not events:
            return replace(delivery, about=About(said.name, said.number))
        event = events[0]
        subject = _subject(said.name, event)
        name = stored_name(type(event))
        again = isinstance(event, LookAgain)
        repeats = serialization.repeats(name, serialization.event_to_bytes(event)) if again else None
        joins = f"{name}:{event.subject}" if isinstance(event, Joinable) and len(events) == 1 else None
        # A pull request that was never heard of may want a preview.
        previews = previewed and (said.name.casefold() in previewed or not known)
        wanted = isinstance(event, PullRequestChanged) and bool(previews)
        concerned = _about(events, said, known=known, wanted=wanted)
        return replace(delivery, about=concerned, repeats=repeats, joins=joins, subject=subject)

    return label


class _Remembered:
    """The names of our repositories in lower letters, and of those with previews: made once for each settings."""

    def __init__(self, settings: InUse) -> None:
        self._in_use = settings
        self._of: Settings | None = None
        self._names = (frozenset[str](), frozenset[str]())

    def now(self) -> tuple[frozenset[str], frozenset[str]]:
        settings = self._in_use()
        if settings is not self._of:
            apps = settings.apps.values()
            previewed = frozenset(app.written.casefold() for app in apps if app.previews)
            self._names, self._of = (frozenset(app.written.casefold() for app in apps), previewed), settings
        return self._names


def _subject(repository: str, event: Event) -> str:
    """``acme/web#5``, ``acme/web@1a2b3c4`` or ``acme/web deployment 77``, for the log."""
    if (number := getattr(event, "number", None)) is not None:
        return f"{repository}#{number}"
    if (remote_id := getattr(event, "remote_id", None)) is not None:
        return f"{repository} deployment {remote_id}"
    sha = getattr(event, "sha", None)
    return f"{repository}@{sha[:7]}" if sha else repository


_OF_PULL_REQUESTS = (ReviewChanged, PullRequestChanged, PullRequestDequeued)


def _about(events: Sequence[Event], said: NamedRepository, *, known: bool, wanted: bool) -> About | None:
    event, last = events[0], events[-1]
    # Of a name that is not ours the number has to be: a fork has commits of ours.
    name, number, ours = said.name, said.number, not known
    if isinstance(last, ChecksChanged):
        # Whose run it is stands in notes: whatever goes on may be followed by it.
        return About(name, number, last.sha, isinstance(event, WorkflowRunChanged), ours)
    if isinstance(event, _OF_PULL_REQUESTS) and not wanted:
        return About(name, number, unended=True, ours=ours)
    return None if known else About(name, number, ours=ours)


class Names:
    """Which repository is meant by what, as things are now."""

    def __init__(self, settings: Settings, known: Sequence[KnownRepository]) -> None:
        now = settings.as_called(known)
        self._spelling = {app.repository.casefold(): app.repository for app in now.apps.values()}
        self._by_number: dict[int, str] = {}
        self._former: dict[str, str] = {}
        for one in known:
            app = now.apps.get(one.app)
            if app is not None and one.is_meant_by(app.written):
                self._by_number[one.number] = app.repository
                self._former |= {name.casefold(): app.repository for name in (one.name, one.called)}

    def of_now(self, event: Event) -> Event:
        """An event of our own may be older than what its repository is called now."""
        said = getattr(event, "repository", None)
        return _at(event, self._believed(said)) if said else event

    def heard(self, said: NamedRepository, events: Sequence[Event]) -> Sequence[Event]:
        """What a webhook means in which a repository calls itself so. One without a number is believed its name."""
        if said.number is None:
            return [_at(event, self._believed(said.name)) for event in events]
        ours = self._by_number.get(said.number)
        if ours is not None:
            meant = tuple(_at(event, ours) for event in events)
            return meant if same_name(ours, said.name) else [CalledOtherwise(ours, said.name, meant)]
        name = self._spelling.get(said.name.casefold(), said.name)
        if name in self._by_number.values():
            return [CalledOtherwise(name, "", ())]
        return [_at(event, name) for event in events]

    def _believed(self, name: str) -> str:
        return self._spelling.get(name.casefold()) or self._former.get(name.casefold()) or name


def _at(event: Event, repository: str) -> Event:
    """The event, with its repository by this name."""
    made: Event = replace(cast("Any", event), repository=repository)
    return made
