"""Metrics, as adapters and the engine report them: calls of services, what their limits leave, what is given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, get_args

Service: TypeAlias = Literal["github", "slack", "heroku", "hook"]
Result: TypeAlias = Literal[
    "ok", "client_error", "refused", "rate_limited", "server_error", "timeout", "unreachable", "fault"
]
"""How a call ended: by its answer, or without one. ``refused`` are our credentials; ``fault`` is one of the bot's own,
of which nobody has said more."""
RESULTS: tuple[Result, ...] = get_args(Result)
What: TypeAlias = Literal["delivery", "effect"]


@dataclass(slots=True)
class Call:
    """One request and its answer; whoever makes it says what came of it."""

    result: Result = "fault"


class Measures(Protocol):
    """Where it is counted. Cheap, safe from any thread, and never an error."""

    def call(self, service: Service) -> AbstractContextManager[Call]:
        """Goes around one request: counted by its result when it is over, with the time that it took."""

    def quota(self, limit: str, remaining: int, seconds: float | None) -> None:
        """So many requests are left of the limit, which is full again in so many seconds, where that is said."""

    def given_up(self, what: What) -> None:
        """Something will not be done, and is not tried again."""


class Unmeasured:
    """Null object: for whoever is asked by nobody."""

    @contextmanager
    def call(self, service: Service) -> Iterator[Call]:  # noqa: ARG002
        yield Call()

    def quota(self, limit: str, remaining: int, seconds: float | None) -> None:
        pass

    def given_up(self, what: What) -> None:
        pass


UNMEASURED = Unmeasured()


def result_of(status: int, *, limited: bool = False) -> Result:
    """What an answer with this HTTP status means for the caller; ``limited`` says that it asks for time.

    >>> result_of(204), result_of(304), result_of(404), result_of(429), result_of(403, limited=True), result_of(502)
    ('ok', 'ok', 'client_error', 'rate_limited', 'rate_limited', 'server_error')
    """
    if limited or status == 429:
        return "rate_limited"
    if status == 401:
        return "refused"
    if status < 400:
        return "ok"
    return "server_error" if status >= 500 or status == 408 else "client_error"
