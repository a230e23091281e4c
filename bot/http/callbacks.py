"""The endpoint that deploy hooks call back: verifies the raw bytes, stores the word once, and answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from bot.adapters.hooks.bodies import decoded
from bot.adapters.hooks.signing import SIGNATURE, signed_by
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Deployment
from bot.core.errors import Rejected, Unavailable
from bot.core.events.internal import ProviderCalledBack
from bot.core.hooks.callback import Callback, callback
from bot.core.hooks.pointers import JSON
from bot.http.limits import CALLBACKS
from bot.http.pages.desk import Busy, Desk, Late
from bot.http.refusals import Refusals
from bot.settings import secrets_in
from bot.settings.current import InUse
from bot.settings.environment import secrets_named

log = structlog.get_logger(__name__)

PROVIDER = "http"
UNSIGNED = (401, f"The signature in {SIGNATURE} is missing or wrong; compare the variable that `secret` names.\n")
NOT_STORED = (503, "It could not be stored; please send it again.\n")
TOO_MANY = (503, "Too much with an unknown signature waits to be looked up; please send it again.\n")
PATIENCE = 10.0
"""Seconds that the database has for one of them."""
UNKNOWN = (404, "No deployment of a hook has this request id.\n")
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_REQUEST_ID = re.compile(r"[\w.:-]{1,100}")
Answer = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Takes what was called back. ``stored`` is called where something waits to be handled.

    Nobody learns anything without a signature: not even whether there is such a deployment.
    """

    in_use: InUse
    store: Store
    environ: Mapping[str, str]
    stored: Callable[[], None]

    def may_be_signed(self, body: bytes, signature: str) -> bool:
        """Whether a secret of some hook in the settings has signed it: without asking the database."""
        return bool(signed_by(self._all_secrets(), body, signature))

    def take(self, request_id: str, body: bytes, signature: str) -> Answer:
        """Raises Unavailable."""
        deployment = self.store.reads().by_request(request_id)
        secrets = self._secrets_of(deployment) if deployment is not None else None
        if deployment is None or secrets is None:
            return UNKNOWN if self.may_be_signed(body, signature) else UNSIGNED
        if not signed_by(secrets, body, signature):
            return UNSIGNED
        try:
            said = _object(body)
        except Rejected as error:
            return 400, f"{error}\n"
        try:
            word = callback(said)
        except Rejected as error:
            return 422, f"{error}\n"
        if said.get("request_id") not in (None, request_id):
            return 422, "It is of another deployment: “request_id” is not the one of this address.\n"
        return self._store(deployment, word, body)

    def _store(self, deployment: Deployment, word: Callback, body: bytes) -> Answer:
        if deployment.ended and not deployment.given_up:
            return 200, "It has ended already; nothing has changed.\n"
        if not deployment.ended and not deployment.busy:
            return 409, "It has not begun yet.\n"
        now = self.store.database.clock.now()
        links = (word.environment_url, word.log_url)
        event = ProviderCalledBack(deployment.id, now, word.state, word.description, *links)
        # A repeat says the same, and is the same.
        digest = hashlib.sha256(body).hexdigest()
        if not self.store.inbox.put_event(event, f"called-back:{deployment.request_id}:{digest}"):
            return 200, "known already\n"
        log.info("accepted", callback=word.state, deployment=deployment.id)
        self.stored()
        return 200, "stored\n"

    def _secrets_of(self, deployment: Deployment) -> Sequence[str] | None:
        """By what the settings said when the run began; without one, by the settings. None for no hook."""
        begun = self.store.runs.of(deployment.id)
        if begun is not None:
            return self._held(begun.settings["secret"]) if begun.provider == PROVIDER else None
        app = self.in_use().apps.get(deployment.app)
        environment = app.environment(deployment.environment) if app else None
        there = environment is not None and environment.provider.type == PROVIDER
        return self._held(environment.provider.settings.secret) if environment is not None and there else None

    def _all_secrets(self) -> Sequence[str]:
        environments = (one for app in self.in_use().apps.values() for one in app.all_environments.values())
        names = {one.provider.settings.secret for one in environments if one.provider.type == PROVIDER}
        default = secrets_in(self.in_use().secrets.http_provider_secret)
        return [*dict.fromkeys([*default, *(secret for name in sorted(names) for secret in self._held(name))])]

    def _held(self, name: str) -> tuple[str, ...]:
        return secrets_named(name, self.environ)


def endpoint(callbacks: Callbacks, refusals: Refusals) -> Callable[[Request], Awaitable[Response]]:
    # Of an app that the settings have lost only the database knows the secret: strangers ask it one at a time, and not
    # all that come may wait for that, as each keeps a body and a connection meanwhile.
    strangers = Desk(1, "callbacks of strangers", patience=PATIENCE)

    async def handle(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        request_id, signature = request.path_params["request_id"], request.headers.get(SIGNATURE, "")
        take = partial(callbacks.take, request_id, body, signature)
        try:
            if not _SIGNATURE.fullmatch(signature) or not _REQUEST_ID.fullmatch(request_id):
                answer = UNKNOWN if callbacks.may_be_signed(body, signature) else UNSIGNED
            elif callbacks.may_be_signed(body, signature):
                answer = await run_in_threadpool(take)
            else:
                answer = await strangers.do(take)
        except Busy:
            answer = TOO_MANY
        except Late:
            answer = NOT_STORED
        except Unavailable as error:
            log.error("callback not stored", reason=str(error), during=error.service)
            answer = NOT_STORED
        return _said(answer, request, refusals)

    return handle


def _said(answer: Answer, request: Request, refusals: Refusals) -> Response:
    status, sentence = answer
    said = PlainTextResponse(sentence, status)
    if status == 401 or answer is TOO_MANY:
        refusals.note(status, CALLBACKS, request.client.host if request.client else "")
        said.headers["connection"] = "close"
    return said


def _object(body: bytes) -> dict[str, JSON]:
    try:
        said = decoded(body)
    except Rejected:
        said = None
    if not isinstance(said, dict):
        raise Rejected("The body is not a JSON object.")
    return said
