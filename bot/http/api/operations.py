"""What may be asked: one declaration for each operation, by which requests are routed and the document is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from bot.core.api.model import ApiToken
from bot.core.deployments.representation import STATES
from bot.http.api.bodies import (
    Asked,
    Board,
    Deployment,
    DeploymentAsked,
    Deployments,
    FreezeAsked,
    Freezes,
    Lock,
    LockAsked,
    Locks,
)
from bot.http.api.bodies import Request as KeptRequest
from bot.http.api.validation import Scope

MOST_SHOWN = 100
SHOWN = 50
"""Of a page of deployments: at most, and where nobody says how many."""
_TEXT: dict[str, Any] = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody who may come in; ``asked`` is its body, where the operation takes one."""

    request: Request
    token: ApiToken
    scope: Scope
    asked: Any = None

    def query(self, name: str) -> str | None:
        return self.request.query_params.get(name)

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value


Answering: TypeAlias = Callable[[Any, Call], Awaitable[Response]]
"""Given what the API works with, and the call."""


@dataclass(frozen=True, slots=True)
class Operation:
    """``answers`` are the bodies by their statuses; errors that any request may meet are not among them."""

    method: str
    path: str
    summary: str
    answers: dict[int, type[Struct] | None]
    asked: type[Asked] | None = None
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: tuple[int, ...] = ()

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def name(self) -> str:
        """Stable, for programs that are made of the document."""
        words = self.path.replace("{app}/{environment}", "environment").replace("{id}", "one").split("/")
        return "_".join([self.method.lower(), *words[2:]])


_PLACE = "/api/locks/{app}/{environment}"
_REFUSED = (403, 409)
_PAGE = {
    "app": _TEXT,
    "environment": _TEXT,
    "state": {"type": "string", "enum": list(STATES)},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_SHOWN, "default": SHOWN},
    "before": {"type": "integer", "minimum": 1},
}
_OF_FREEZE = {"environment": _TEXT, "app": _TEXT}
ASK_FOR_DEPLOYMENT = Operation(
    *("POST", "/api/deployments", "Ask for a deployment."),
    {201: Deployment, 202: Deployment},
    DeploymentAsked,
    errors=_REFUSED,
)
LIST_DEPLOYMENTS = Operation(
    "GET", "/api/deployments", "Deployments, newest first.", {200: Deployments}, query=_PAGE, errors=(403,)
)
SHOW_DEPLOYMENT = Operation(
    *("GET", "/api/deployments/{id}", "One deployment, by its id or its number."), {200: Deployment}, errors=(403, 404)
)
SHOW_REQUEST = Operation(
    *("GET", "/api/requests/{id}", "What became of a request that was not decided at once."),
    {200: KeptRequest},
    errors=(404,),
)
SHOW_BOARD = Operation("GET", "/api/board", "What is where.", {200: Board})
LIST_LOCKS = Operation("GET", "/api/locks", "What is locked.", {200: Locks})
TAKE_LOCK = Operation("POST", _PLACE, "Take a lock.", {201: Lock, 202: KeptRequest}, LockAsked, errors=_REFUSED)
RELEASE_LOCK = Operation("DELETE", _PLACE, "Release a lock.", {204: None, 202: KeptRequest}, errors=(403, 404, 409))
LIST_FREEZES = Operation("GET", "/api/freezes", "What is frozen.", {200: Freezes})
DECLARE_FREEZE = Operation(
    *("POST", "/api/freezes", "Freeze an environment, or all."),
    {201: Freezes, 202: Freezes},
    FreezeAsked,
    errors=_REFUSED,
)
LIFT_FREEZE = Operation(
    *("DELETE", "/api/freezes", "Lift a freeze."),
    {204: None, 202: KeptRequest},
    query=_OF_FREEZE,
    errors=(403, 404, 409),
)
OPERATIONS = (
    *(ASK_FOR_DEPLOYMENT, LIST_DEPLOYMENTS, SHOW_DEPLOYMENT, SHOW_REQUEST, SHOW_BOARD),
    *(LIST_LOCKS, TAKE_LOCK, RELEASE_LOCK, LIST_FREEZES, DECLARE_FREEZE, LIFT_FREEZE),
)
