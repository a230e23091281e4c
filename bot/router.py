"""Which function answers which command, event or effect.

A feature file makes a ``Router`` and registers its functions where they stand; ``collect`` finds the routers of all
files in ``handlers/``. There is no other list of features.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from bot.context import Context
from bot.core.errors import ShipmateError
from bot.core.events import Event
from bot.core.rich_text import Message

Handler = Callable[[Context, Any], Message | None]
Performer = Callable[[Context, Any], Iterable[Event]]
GivesUp = Callable[[Context, Any, ShipmateError], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A function that is called for an event. Decisions are stored under its ``name``, so that one is never changed.

    ``given_up`` decides in its place where it raised what no further try will mend; without one the log alone tells.
    """

    name: str
    handle: Handler
    given_up: GivesUp | None = None


H = TypeVar("H", bound=Handler)
P = TypeVar("P", bound=Performer)


class Router:
    """The registrations of one feature, or, merged, of all.

    ``commands`` and ``effects`` have one function per type; an event may be answered by several features.
    """

    def __init__(self) -> None:
        self.commands: dict[type, Handler] = {}
        self.events: dict[type, list[Subscription]] = {}
        self.effects: dict[type, Performer] = {}
        self.names: dict[str, Subscription] = {}

    def command(self, *types: type) -> Callable[[H], H]:
        """The decorated function answers commands of these types; what it returns is the answer.

        It may raise ``Refused``: then nothing of its decision is kept and only the asker reads why.
        """

        def register(function: H) -> H:
            for kind in types:
                _once(self.commands, kind, function)
            return function

        return register

    def on(self, *types: type, name: str, given_up: GivesUp | None = None) -> Callable[[H], H]:
        """The decorated function is called for events of these types.

        ``name`` (``feature.what``) stays when the function is renamed or moved: a delivery that was decided on under it
        before an upgrade is not decided on again. It is nobody else's. ``given_up``: see ``Subscription``.
        """

        def register(function: H) -> H:
            listener = Subscription(name, function, given_up)
            self._take_name(listener)
            for kind in types:
                self.events.setdefault(kind, []).append(listener)
            return function

        return register

    def performs(self, kind: type) -> Callable[[P], P]:
        """The decorated function does effects of this type; it returns the events that follow from it.

        It looks before it acts: it is called again where an earlier call may have been cut off.
        """

        def register(function: P) -> P:
            _once(self.effects, kind, function)
            return function

        return register

    def include(self, other: Router) -> None:
        for kind, command in other.commands.items():
            _once(self.commands, kind, command)
        for listener in other.names.values():
            self._take_name(listener)
        for kind, listeners in other.events.items():
            self.events.setdefault(kind, []).extend(listeners)
        for kind, performer in other.effects.items():
            _once(self.effects, kind, performer)

    def _take_name(self, listener: Subscription) -> None:
        if listener.name in self.names:
            raise ValueError(f"{listener.name} is the name of two functions that answer events.")
        self.names[listener.name] = listener


def _once(table: dict[type, Any], kind: type, function: Any) -> None:
    if kind in table:
        raise ValueError(f"{kind.__name__} is answered by {table[kind].__module__} and by {function.__module__}.")
    table[kind] = function


def collect(package: ModuleType) -> Router:
    """One router made of those of every module in the package, in the order of their names."""
    everything = Router()
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        router = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "router", None)
        if isinstance(router, Router):
            everything.include(router)
    return everything
