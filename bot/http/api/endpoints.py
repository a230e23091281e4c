"""The endpoints of the API: what each operation reads, or lets be decided."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from bot.adapters.storage.store import Store
from bot.core.api import representations
from bot.core.api.model import API
from bot.core.api.problems import Problem
from bot.core.deployments.model import Deployment
from bot.core.deployments.representation import STATES, represented
from bot.core.events.external import ApiRequested
from bot.core.names import listed
from bot.http.api import operations, validation
from bot.http.api.access import Access
from bot.http.api.board import board
from bot.http.api.bodies import Misshapen
from bot.http.api.operations import MOST_SHOWN, SHOWN, Call, Operation
from bot.http.api.requests import Requests, json_of
from bot.http.api.requests import represented as kept_represented
from bot.settings.current import InUse

LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Each takes a call of somebody who may come in. Raises Misshapen, and Unavailable."""

    in_use: InUse
    store: Store
    access: Access
    requests: Requests

    @property
    def all(self) -> tuple[tuple[Operation, Callable[[Call], Awaitable[Response]]], ...]:
        return (
            (operations.ASK_FOR_DEPLOYMENT, self.ask_for_deployment),
            (operations.LIST_DEPLOYMENTS, self.list_deployments),
            (operations.SHOW_DEPLOYMENT, self.show_deployment),
            (operations.SHOW_REQUEST, self.show_request),
            (operations.SHOW_BOARD, self.show_board),
            (operations.LIST_LOCKS, self.list_locks),
            (operations.TAKE_LOCK, self.take_lock),
            (operations.RELEASE_LOCK, self.release_lock),
            (operations.LIST_FREEZES, self.list_freezes),
            (operations.DECLARE_FREEZE, self.declare_freeze),
            (operations.LIFT_FREEZE, self.lift_freeze),
        )

    # --- what changes something -----------------------------------------------------------------------------------

    async def ask_for_deployment(self, call: Call) -> Response:
        return await self._decided(call, deploy=validation.deploy(call.asked, call.scope))

    async def take_lock(self, call: Call) -> Response:
        lock = validation.take_lock(call.asked, call.path("app"), call.path("environment"), call.scope)
        return await self._decided(call, lock=lock)

    async def release_lock(self, call: Call) -> Response:
        unlock = validation.unlock(call.path("app"), call.path("environment"), call.scope)
        return await self._decided(call, unlock=unlock)

    async def declare_freeze(self, call: Call) -> Response:
        freeze, here = validation.freeze(call.asked, call.scope)
        return await self._decided(call, here=here, freeze=freeze)

    async def lift_freeze(self, call: Call) -> Response:
        unfreeze, here = validation.unfreeze(call.query("environment"), call.query("app"), call.scope)
        return await self._decided(call, here=here, unfreeze=unfreeze)

    async def _decided(self, call: Call, **wanted: Any) -> Response:
        token, now = call.token, self.store.database.clock.now()

        def asked(request: str) -> ApiRequested:
            return ApiRequested(request, token.id, token.name, token.person, now, **wanted)

        given = await call.request.body()
        body = json.dumps(json.loads(given), sort_keys=True).encode() if given.strip() else b""
        return await self.requests.take(call.request, token, asked, body)

    # --- what is only read ----------------------------------------------------------------------------------------

    async def list_deployments(self, call: Call) -> Response:
        app, limit = call.query("app"), _number(call, "limit", most=MOST_SHOWN) or SHOWN
        if app is not None:
            call.scope.demand_reach(app)
        state = call.query("state")
        if state is not None and state not in STATES:
            raise Misshapen(Problem(422, "not-valid", f"“state” must be {listed(STATES, 'or')}."))
        environment = call.query("environment")
        words = self.in_use().vocabulary(app)
        page = partial(
            self.store.pages.page,
            apps=[app] if app is not None else call.token.apps,
            environment=(words.environment(environment, app) or environment) if environment else None,
            state=state,
            before=_number(call, "before"),
            limit=limit,
        )
        found = await self.access.ask(page)
        more = {**call.request.query_params, "before": found[-1].id} if len(found) == limit else None
        shown = [self._shown(one) for one in found]
        following = f"{self.requests.root}/{API}/deployments?{urlencode(more)}" if more else None
        return json_of({"deployments": [*shown], "next": following})

    async def show_deployment(self, call: Call) -> Response:
        found = await self.access.ask(self._deployment, call.path("id"))
        if found is None:
            raise _not_there(f"There is no deployment {call.path('id')[:100]}.")
        call.scope.demand_reach(found.app)
        return json_of(self._shown(found))

    def _deployment(self, name: str) -> Deployment | None:
        reads = self.store.reads()
        if name.isascii() and name.isdecimal() and len(name) <= LONGEST_NUMBER:
            return reads.deployment(int(name))
        return reads.by_request(name)

    async def show_request(self, call: Call) -> Response:
        kept = await self.access.ask(self.store.api.request, call.path("id"))
        if kept is None or kept.token_id != call.token.id:
            raise _not_there("There is no such request of this token; answers are kept as long as deliveries are.")
        return json_of(kept_represented(kept), headers={} if kept.status is not None else {"retry-after": "1"})

    async def show_board(self, call: Call) -> Response:
        return json_of(await self.access.ask(board, self.store, call.scope.apps, self.in_use().secrets.base_url))

    async def list_locks(self, call: Call) -> Response:
        now = self.store.database.clock.now()
        found = await self.access.ask(lambda: self.store.reads().locks.all())
        there = [one for one in found if not one.ended(now) and call.token.reaches(one.app)]
        return json_of({"locks": [representations.lock(one) for one in there]})

    async def list_freezes(self, call: Call) -> Response:
        now = self.store.database.clock.now()
        found = await self.access.ask(lambda: self.store.reads().freezes.all())
        there = [one for one in found if not one.ended(now) and call.token.reaches(one.app)]
        return json_of({"freezes": [representations.freeze(one) for one in there]})

    def _shown(self, deployment: Deployment) -> Any:
        return represented(deployment, self.in_use().secrets.base_url)


def _number(call: Call, name: str, *, most: int = 10**LONGEST_NUMBER) -> int | None:
    text = call.query(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER and 0 < int(text) <= most):
        limit = f" from 1 to {most}" if most == MOST_SHOWN else ""
        raise Misshapen(Problem(422, "not-valid", f"“{name}” must be a number{limit}."))
    return int(text)


def _not_there(detail: str) -> Misshapen:
    return Misshapen(Problem(404, "not-there", detail))
