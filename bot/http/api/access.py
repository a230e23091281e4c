"""Who may come in: bearer tokens, and token buckets that keep one from costing the others their answer."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from bot.adapters.storage.store import Store
from bot.core.api.model import ApiToken, digest, is_secret
from bot.core.api.problems import Problem
from bot.http.api.bodies import Misshapen

PER_SECOND, BURST = 20.0, 120.0
"""So many requests with one token, of one process, on average and at once."""
STRANGERS_PER_SECOND, STRANGERS_BURST = 0.5, 30.0
"""So many without a valid token, from one address."""
REMEMBERED = 1_000
"""How many tokens, and addresses, are remembered."""
LOOKED_EVERY = 5.0
"""Seconds between two looks at which tokens are valid, while strangers are too many."""
DATABASE_PATIENCE = 10.0
"""Seconds to wait for one's turn, and for what the database says: routers in front give up after thirty."""
NO_ANSWER = "The database has not answered in time."
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class TokenBucket:
    """It is filled evenly; a request takes one out."""

    left: float
    at: float


@dataclass(slots=True)
class RateLimit:
    """A token bucket for each key; of too many the one that was used longest ago is forgotten."""

    per_second: float
    burst: float
    _buckets: OrderedDict[str, TokenBucket] = field(default_factory=OrderedDict)

    def wait(self, key: str, now: float) -> float:
        """Take one; in how many seconds there is one again where there was none, else 0."""
        bucket = self._fill(key, now)
        if bucket.left < 1:
            return (1 - bucket.left) / self.per_second
        bucket.left -= 1
        return 0.0

    def is_empty(self, key: str, now: float) -> bool:
        """Nobody is remembered for being asked about: those who guess would have the others forgotten."""
        return key in self._buckets and self._fill(key, now).left < 1

    def _fill(self, key: str, now: float) -> TokenBucket:
        bucket = self._buckets.pop(key, None) or TokenBucket(self.burst, now)
        bucket.left = min(self.burst, bucket.left + (now - bucket.at) * self.per_second)
        bucket.at = now
        self._buckets[key] = bucket
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket


class Access:
    """Asks the database one thing at a time, so that most of its connections are left to webhooks and to Slack.

    Strangers are counted by their address. Where there were too many, what they send is compared with the digests of
    all valid tokens, in memory: whoever shares an address with somebody who guesses is let in. Behind a router all do.
    """

    def __init__(self, store: Store, patience: float = DATABASE_PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._one_at_a_time = asyncio.Semaphore(1)
        self._tokens = RateLimit(PER_SECOND, BURST)
        self._strangers = RateLimit(STRANGERS_PER_SECOND, STRANGERS_BURST)
        self._digests: frozenset[str] = frozenset()
        self._looking: asyncio.Task[None] | None = None
        self._look_at = -math.inf

    async def ask(self, function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """What the function finds in the database. Raises what it raises, and Unavailable where that takes too long.

        What is asked cannot be taken back, so it goes on: nobody else asks meanwhile, and what came of it is uncertain.
        """
        try:
            await asyncio.wait_for(self._one_at_a_time.acquire(), self._patience)
        except TimeoutError:
            raise self._store.database.away(NO_ANSWER) from None
        asking = asyncio.ensure_future(run_in_threadpool(function, *given, **named))
        asking.add_done_callback(self._next)
        done, _ = await asyncio.wait({asking}, timeout=self._patience)
        if not done:
            late = self._store.database.away(NO_ANSWER)
            late.uncertain = True
            raise late
        return asking.result()

    def _next(self, asked: asyncio.Future[Any]) -> None:
        self._one_at_a_time.release()
        if not asked.cancelled():
            asked.exception()  # whoever wanted to know may have gone

    async def token_of(self, request: Request) -> ApiToken:
        """Raises Misshapen for whoever has none that is valid, or asks too often."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        secret = secret.strip()
        now = asyncio.get_running_loop().time()
        if scheme.lower() != "bearer" or not is_secret(secret):
            raise self._stranger(request, now, _SEND_ONE)
        hashed = digest(secret)
        if self._strangers.is_empty(_address(request), now) and not await self._may_be_valid(hashed, now):
            raise _too_often(_STRANGERS, 1 / STRANGERS_PER_SECOND)
        if self._tokens.is_empty(hashed, now):  # a look at the database would take another's turn
            raise _too_often(_IT, self._tokens.wait(hashed, now))
        token = await self.ask(self._store.api.use, hashed)
        if token is None:
            raise self._stranger(request, now, "The token is not known, was revoked, or has expired; make a new one.")
        if seconds := self._tokens.wait(hashed, now):
            raise _too_often(_IT, seconds)
        return token

    def _stranger(self, request: Request, now: float, detail: str) -> Misshapen:
        seconds = self._strangers.wait(_address(request), now)
        return _too_often(_STRANGERS, seconds) if seconds else Misshapen(Problem(401, "no-token", detail))

    async def _may_be_valid(self, hashed: str, now: float) -> bool:
        """However many guess, they cost one look at the database in a while. Raises Unavailable."""
        if hashed not in self._digests and now >= self._look_at:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look(now))
            await asyncio.shield(self._looking)
        return hashed in self._digests

    async def _look(self, now: float) -> None:
        self._digests = await self.ask(self._store.api.digests)
        self._look_at = now + LOOKED_EVERY


_SEND_ONE = "Send “Authorization: Bearer shp_…”; `python -m bot token create` makes one, in `talk` /token."
_IT = "This token has asked too often"
_STRANGERS = "Too many requests without a valid token have come from this address"


def _too_often(what: str, seconds: float) -> Misshapen:
    wait = max(1, round(seconds + 0.5))
    return Misshapen(Problem(429, "too-often", f"{what}; ask again in {wait} s.", more={"retry_after": wait}))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
