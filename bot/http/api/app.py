"""The API as an ASGI app: lets in who may, reads what they ask, and tells each error as a problem."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.adapters.storage.store import Store
from bot.core.api.problems import Problem, told
from bot.core.errors import Unavailable
from bot.core.names import nearest
from bot.http.api import openapi, validation
from bot.http.api.access import Access
from bot.http.api.bodies import Misshapen, NothingAsked, read
from bot.http.api.endpoints import Endpoints
from bot.http.api.operations import OPERATIONS, Call, Operation
from bot.http.api.requests import PATIENCE, Answers, Patience, Requests, json_of
from bot.http.limits import API
from bot.http.refusals import Refusals
from bot.settings.current import InUse

log = structlog.get_logger(__name__)

_NOTHING = "The database does not answer, so nothing could be read or stored; please ask again."
_UNKNOWN = (
    "The database has not answered in time, so nobody knows whether this was stored; "
    "please ask again with the same Idempotency-Key."
)
RETRY = 5
"""In so many seconds whoever could not be answered asks again."""
Answering = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Api:
    """What the API works with. ``stored`` is called where something waits to be decided on.

    ``patience`` is how long, and how many, wait for that.
    """

    in_use: InUse
    store: Store
    stored: Callable[[], None]
    patience: Patience = PATIENCE
    _answers: list[Answers] = field(default_factory=list, init=False, repr=False)

    def leave(self) -> None:
        """The process ends, and nobody waits for an answer any more."""
        for one in self._answers:
            one.leave()

    def app(self, refusals: Refusals) -> ASGIApp:
        access = Access(self.store)
        root = self.in_use().secrets.base_path
        answers = Answers(access, self.store, self.patience)
        self._answers.append(answers)
        requests = Requests(access, self.store, self.stored, answers, root)
        endpoints = Endpoints(self.in_use, self.store, access, requests)
        by_path: dict[str, dict[str, tuple[Operation, Answering]]] = {}
        for one, answering in endpoints.all:
            by_path.setdefault(one.path, {})[one.method] = one, answering
        routes = [
            Route(_pattern(path), Resource(self.in_use, access, refusals, methods)) for path, methods in by_path.items()
        ]
        return Router([Route(openapi.PATH, Described(root)), *routes], redirect_slashes=False, default=_unknown)


def _pattern(path: str) -> str:
    """Names of environments may hold slashes."""
    return path.replace("{environment}", "{environment:path}")


@dataclass(frozen=True, slots=True)
class Resource:
    """What may be done at one address, by the method; an ASGI app."""

    in_use: InUse
    access: Access
    refusals: Refusals
    methods: Mapping[str, tuple[Operation, Answering]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._answered(request)
        except Misshapen as error:
            return self._refused(request, error.problem)
        except ClientDisconnect:
            return Response(status_code=400)
        except Unavailable as error:
            log.error("request to the API not taken", reason=str(error), during=error.service)
            return self._refused(
                request,
                Problem(503, "not-available", _UNKNOWN if error.uncertain else _NOTHING, more={"retry_after": RETRY}),
            )
        except Exception:
            log.exception("request to the API failed", path=request.url.path)
            detail = "It failed by a fault of the bot's own; whoever runs it finds more in its log."
            return self._refused(request, Problem(500, "fault", detail))

    async def _answered(self, request: Request) -> Response:
        """Raises Misshapen, and Unavailable."""
        method = "GET" if request.method == "HEAD" else request.method
        token = await self.access.token_of(request)
        if method not in self.methods:
            raise Misshapen(Problem(405, "method", f"Use {' or '.join(self.methods)} here."))
        operation, answering = self.methods[method]
        if operation.changes and token.read_only:
            detail = f"The token {token.name} may only read; make one without --read-only for this."
            raise Misshapen(Problem(403, "read-only", detail))
        _demand_known_parameters(request, operation)
        asked = read(await _json(request), operation.asked or NothingAsked) if operation.changes else None
        return await answering(Call(request, token, validation.Scope(self.in_use(), token), asked))

    def _refused(self, request: Request, problem: Problem) -> Response:
        headers = {}
        if problem.status == 401:
            headers["www-authenticate"] = "Bearer"
            self.refusals.note(401, API, request.client.host if request.client else "")
        if problem.status == 405:
            headers["allow"] = ", ".join(self.methods)
        if "retry_after" in problem.more:
            headers["retry-after"] = str(problem.more["retry_after"])
        return json_of(told(problem), problem.status, headers)


async def _json(request: Request) -> bytes:
    """The body. Raises Misshapen where it is something else."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.strip() and kind != "application/json":
        raise Misshapen(Problem(415, "not-json", "Send the body as JSON, with “Content-Type: application/json”."))
    return body if body.strip() else b"{}"


def _demand_known_parameters(request: Request, operation: Operation) -> None:
    for name in request.query_params:
        if name not in operation.query:
            near = nearest(name, operation.query)
            meant = f"; did you mean “{near}”?" if near else "."
            raise Misshapen(Problem(400, "unknown-parameter", f"There is no parameter “{name[:100]}” here{meant}"))
        if operation.changes and len(request.query_params.getlist(name)) > 1:
            raise Misshapen(
                Problem(400, "repeated-parameter", f"“{name}” is there twice; ask for one after the other.")
            )


class Described:
    """The OpenAPI document; an ASGI app."""

    def __init__(self, root: str) -> None:
        self._document = json.dumps(openapi.document(root), ensure_ascii=False).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Response(self._document, media_type="application/json")
        if scope["method"] not in ("GET", "HEAD"):
            answer = json_of(told(Problem(405, "method", "Use GET here.")), 405, {"allow": "GET, HEAD"})
        await answer(scope, receive, send)


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    paths = ", ".join(sorted({one.path for one in OPERATIONS}))
    detail = f"Nothing of the API is here. There are {paths}; {openapi.PATH} describes them."
    await json_of(told(Problem(404, "no-such-address", detail)), 404)(scope, receive, send)
