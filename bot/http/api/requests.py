"""Requests that change something: stored once as deliveries, and answered when they are decided, or soon after."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.storage.api import KeptRequest
from bot.adapters.storage.store import Store
from bot.core.api.model import API, ApiToken
from bot.core.api.problems import MEDIA_TYPE, Problem
from bot.core.errors import Unavailable
from bot.core.events.external import ApiRequested
from bot.core.hooks.pointers import JSON
from bot.http.api.access import Access
from bot.http.api.bodies import Misshapen

log = structlog.get_logger(__name__)

KEY = "idempotency-key"
LONGEST_KEY = 255
LOOKED_EVERY = 0.1
LOOKED_AGAIN_AFTER = 1.0
"""Seconds between two looks at the database for all who wait; and after one that it did not answer."""


@dataclass(frozen=True, slots=True)
class Patience:
    """``seconds`` is how long a program waits for what is decided; then it looks itself.

    ``most`` wait at once: more would take the connections that webhooks need, so they look themselves at once.
    """

    seconds: float = 10.0
    most: int = 64


PATIENCE = Patience()


@dataclass(slots=True)
class Answers:
    """One look at the database for all who wait, however many they are."""

    access: Access
    store: Store
    patience: Patience
    _waiting: dict[str, list[asyncio.Future[KeptRequest]]] = field(default_factory=dict)
    _count: int = 0
    _looking: asyncio.Task[None] | None = None
    _leaving: bool = False

    async def of(self, kept: KeptRequest) -> KeptRequest:
        """The request with its answer, or as it was where that does not come in time."""
        if kept.status is not None or self._leaving or self._count >= self.patience.most:
            return kept
        answer: asyncio.Future[KeptRequest] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(kept.id, []).append(answer)
        self._count += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            return await asyncio.wait_for(answer, self.patience.seconds)
        except (TimeoutError, asyncio.CancelledError):
            # Cancelled are those who wait when the process ends.
            return kept
        finally:
            self._leave(kept.id, answer)

    def leave(self) -> None:
        """The process ends: whoever waits is told at once where the answer will be."""
        self._leaving = True
        for answer in [one for waiting in self._waiting.values() for one in waiting]:
            answer.cancel()

    def _leave(self, request: str, answer: asyncio.Future[KeptRequest]) -> None:
        self._count -= 1
        others = self._waiting.get(request, [])
        if answer in others:
            others.remove(answer)
        if not others:
            self._waiting.pop(request, None)

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(LOOKED_EVERY)
            try:
                found = await self.access.ask(self.store.api.answered, list(self._waiting))
            except Unavailable as error:
                log.warning("answers not looked for", reason=str(error), during=error.service)
                await asyncio.sleep(LOOKED_AGAIN_AFTER)
                continue
            for one in found:
                for answer in self._waiting.get(one.id, []):
                    if not answer.done():
                        answer.set_result(one)


@dataclass(frozen=True, slots=True)
class Requests:
    """Takes requests; ``stored`` is called where one waits to be decided on. ``root``: see ``Secrets.base_path``."""

    access: Access
    store: Store
    stored: Callable[[], None]
    answers: Answers
    root: str = ""

    async def take(
        self, request: Request, token: ApiToken, make: Callable[[str], ApiRequested], body: bytes
    ) -> Response:
        """Store what ``make`` makes with an id, unless the same was asked before, and answer. Raises Misshapen."""
        key = _key(request)
        asked = make(_id(token, key))
        # Not ``request.url``: that is read anew from the Host header, and ends where a name of the path holds a ``#``.
        address = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
        fingerprint = hashlib.sha256(f"{request.method} {address}\n".encode() + body)
        kept, is_new = await self.access.ask(self.store.api.put, asked, fingerprint.hexdigest())
        if kept.fingerprint != fingerprint.hexdigest():
            detail = "Something else was asked with this Idempotency-Key; take another one for another request."
            raise Misshapen(Problem(422, "key-used-already", detail))
        if is_new:
            log.info("accepted", delivery=f"{API}:{kept.id}", by=token.person, via=API, token=token.name)
            self.stored()
        response = answer_of(await self.answers.of(kept), self.root)
        if not is_new:
            response.headers["idempotent-replayed"] = "true"
        return response


def _key(request: Request) -> str | None:
    key = request.headers.get(KEY)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        detail = f"“Idempotency-Key” must be 1 to {LONGEST_KEY} printable ASCII characters."
        raise Misshapen(Problem(400, "key-not-valid", detail))
    return key


def _id(token: ApiToken, key: str | None) -> str:
    """The same for the same key of the same token: whoever asks for it again asks for the same request."""
    return uuid.uuid4().hex if key is None else hashlib.sha256(f"{token.id}:{key}".encode()).hexdigest()[:32]


def answer_of(kept: KeptRequest, root: str = "") -> Response:
    """What was decided; where nothing is yet, where to look."""
    if kept.status is None:
        where = f"{root}/{API}/requests/{kept.id}"
        return json_of(represented(kept), 202, {"location": where, "retry-after": "1"})
    body = json.loads(kept.answer or "null")
    if kept.status == 204:
        return Response(status_code=204)
    headers = {"www-authenticate": "Bearer"} if kept.status == 401 else {}
    if isinstance(body, dict) and "number" in body:
        headers["location"] = f"{root}/{API}/deployments/{body['id']}"
    return json_of(body, kept.status, headers)


def represented(kept: KeptRequest) -> dict[str, JSON]:
    decided = kept.status is not None
    answer: JSON = json.loads(kept.answer) if kept.answer else None
    return {"id": kept.id, "decided": decided, "status": kept.status, "answer": answer}


def json_of(body: JSON, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    kind = MEDIA_TYPE if status >= 400 else "application/json"
    return Response(json.dumps(body, ensure_ascii=False).encode(), status, headers, kind)
