"""The Bolt app: what Slack sends is stored under its own id, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPException
from threading import Event, Lock, Thread

import msgspec
import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context import BoltContext
from slack_bolt.context.ack import Ack
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bot.adapters.decoding import decode
from bot.adapters.slack.chat import Slack
from bot.adapters.slack.errors import OPEN_SOCKET, from_answer, from_line
from bot.adapters.slack.modal_listeners import NOT_STORED, listen_to_modals, open_form, pressing
from bot.adapters.slack.modals import ReadMoment, Suggest, nothing
from bot.adapters.slack.payloads import (
    HOME_OPENED,
    LINK_SHARED,
    OPENING,
    Addressed,
    Name,
    Payload,
    heard,
    home_opened,
    is_stranger,
    link_shared,
    of_another_installation,
    opened,
    typed,
    whole,
)
from bot.adapters.slack.reading import Unreadable, demand_kind, reads
from bot.adapters.slack.web_api import TIMEOUT_SECONDS
from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.events.external import ChannelChanged, CommandGiven, HomeOpened, LinkShared, ModalTurned
from bot.core.grammar.parser import split_one_time_password
from bot.core.ports.chat import Clock, Delivery, Inbox
from bot.core.stored import stored_name

STORED_TEXT_LIMIT = 4_000
# A silently closed connection is noticed after 12 s with this, after 58 s with the library's default.
PING_SECONDS = 2.0
TRY_AGAIN_SECONDS = 30.0
TOLD_EVERY = 60.0
THREADS = 40
"""So many requests over HTTP are worked on at once: threads of their own, so that while a database or Slack hangs
monitors, programs and hooks are answered all the same."""
CAPTURED = 86_400
"""Seconds after which nothing that Slack has signed comes from Slack."""

_ANYTHING = re.compile("")
_SECONDS = re.compile(r"[0-9]{1,12}")
# Bolt writes whole request bodies at lower levels, one-time passwords included.
_bolt = logging.getLogger("bot.adapters.slack.bolt")
_bolt.setLevel(logging.ERROR)
_bolt.addFilter(lambda record: _in_a_line(record))
_log = logging.getLogger(__name__)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CommandInbox:
    """Where a command goes: its one-time password to ``keep_password``, the rest to ``inbox``, word to ``on_stored``.

    ``keep_password`` is given the delivery's id and the password, before the delivery is stored.
    """

    inbox: Inbox
    on_stored: Callable[[], None]
    keep_password: Callable[[str, str], None]
    clock: Clock

    def store(self, given: Addressed, *, stranger: bool) -> None:
        """Raises Unavailable where nothing was stored. A ``stranger`` is told that nobody takes commands from them."""
        text, password = split_one_time_password(given.command.text, slash=given.command.via == "slash")
        # Slack does not say when a slash command was given, but it comes at once or never.
        said_at = given.command.said_at or self.clock.now()
        command = replace(given.command, text=text[:STORED_TEXT_LIMIT], said_at=said_at, stranger=stranger)
        delivery = _delivery(given.id, command)
        if password is not None:
            self.keep_password(given.id, password)
        new = self.inbox.put(delivery)
        if new and not command.passing:  # what only names the bot is hardly ever for it
            where = {"by": command.person, "via": command.via, "channel": command.place.channel}
            log.info("accepted", delivery=given.id, **where)
        self.on_stored()

    def note(self, happened: tuple[str, ChannelChanged | HomeOpened | LinkShared | ModalTurned] | None) -> None:
        """No command, and something is to be done all the same. Raises Unavailable where nothing was stored."""
        if happened is not None:
            self.inbox.put(_delivery(*happened))
            self.on_stored()


@reads
def _delivery(key: str, event: CommandGiven | ChannelChanged | HomeOpened | LinkShared | ModalTurned) -> Delivery:
    """Read once before it is stored: what cannot be read then would be tried nine times."""
    body = msgspec.json.encode(event)
    decode(body, type(event))
    return Delivery(key, "chat", stored_name(type(event)), body)


def build(
    slack: Slack,
    *,
    bot_name: str,
    inbox: Inbox,
    on_stored: Callable[[], None],
    keep_password: Callable[[str, str], None],
    suggest: Suggest = nothing,
    read_moment: ReadMoment | None = None,
) -> App:
    """A Bolt app that acknowledges everything and stores what is said to the bot.

    An event that could not be stored is not acknowledged: Slack sends it again, at once, after one and after five
    minutes. Makes no call to Slack before the first request. Verifies no signature: ``http_handler`` does.
    """
    app = App(
        # Also the name of a logger whose level Bolt changes.
        name=_bolt.name,
        logger=_bolt,
        client=WebClient(base_url=slack.api.client.base_url, timeout=TIMEOUT_SECONDS, retry_handlers=[], logger=_bolt),
        # Bolt knows one secret, and while that is changed there are two.
        request_verification_enabled=False,
        # Without this Bolt acknowledges an event before its listener runs.
        process_before_response=True,
        before_authorize=_refuse_other_workspaces(slack),
        authorize=_authorize(slack),
        attaching_conversation_kwargs_enabled=False,
    )
    app.error(_log_failure)
    app.middleware(_with_whole_text)
    intake = CommandInbox(inbox, on_stored, keep_password, slack.clock)
    _listen(app, slack, bot_name, intake)
    listen_to_modals(app, slack, intake, suggest, read_moment)
    return app


def _listen(app: App, slack: Slack, bot_name: str, intake: CommandInbox) -> None:
    def event(event: Payload, body: Payload) -> None:
        if event["type"] in OPENING:
            intake.note(opened(event, slack.identity()))
        if event["type"] == HOME_OPENED:
            intake.note(home_opened(event))
        if event["type"] == LINK_SHARED and not is_stranger(body, slack.identity()):
            intake.note(link_shared(event, slack.identity()))
        if event["type"] not in ("message", "app_mention"):
            return
        us = slack.identity()
        given = heard(event, Name(bot_name, us.user), us)
        if given:
            intake.store(given, stranger=is_stranger(body, us))

    def command(ack: Ack, body: Payload) -> BoltResponse:
        try:
            given = typed(body)
            if not given.command.text.strip() and open_form(slack, intake, given, body):
                return ack()
            intake.store(given, stranger=is_stranger(body, slack.identity()))
        except Unavailable:
            _log.warning("A slash command was not stored", exc_info=True)
            return ack(text=NOT_STORED, response_type="ephemeral")
        return ack()

    app.event(_ANYTHING)(event)
    app.command(_ANYTHING)(command)
    app.action(_ANYTHING)(pressing(slack, intake))


def _refuse_other_workspaces(slack: Slack) -> Callable[..., BoltResponse | None]:
    def refuse(body: Payload, context: BoltContext, next: Callable[[], None]) -> BoltResponse | None:
        # Slack's check of the address names no workspace.
        if body.get("type") == "url_verification" or not of_another_installation(body, slack.identity()):
            next()
            return None
        _log.info("Ignored %s of another workspace (%s)", context.user_id, context.actor_team_id)
        return BoltResponse(status=200, body="")

    return refuse


def _with_whole_text(body: Payload, next: Callable[[], None]) -> None:
    """JSON may hold half of a surrogate pair anywhere, which nothing after this can write down."""
    body.update(reads(whole)(body))
    next()


def _authorize(slack: Slack) -> Callable[..., AuthorizeResult]:
    # Bolt's own look-up answers 200 where auth.test fails, and what was said would be lost.
    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        us = slack.identity()
        return AuthorizeResult(
            enterprise_id=enterprise_id or us.enterprise, team_id=team_id or us.team, bot_id=us.bot, bot_user_id=us.user
        )

    return authorize


def _log_failure(error: Exception) -> BoltResponse | None:
    if isinstance(error, Unreadable):
        return _left_alone(error)
    _log.error("A request of Slack was not handled and not acknowledged", exc_info=error)
    return None


def _left_alone(why: Unreadable) -> BoltResponse:
    _log.warning("Left alone what Slack has sent and is not as Slack documents it (%s)", why)
    return BoltResponse(status=400, body="This is not as Slack documents it.")


def connect(app: App, app_token: str, *, ping_seconds: float = PING_SECONDS) -> SocketModeClient:
    """Open Socket Mode and return at once; ``close()`` ends it. It reconnects by itself once it was open.

    Raises NotAccepted where Slack does not accept the app token, Unavailable where it does not answer.
    """
    client = _SocketMode(app, app_token, ping_interval=ping_seconds).client
    try:
        client.connect()
    except SlackApiError as error:
        client.close()
        raise from_answer(error, OPEN_SOCKET, None) from error
    except (OSError, HTTPException, ValueError, SlackClientError) as error:
        client.close()
        raise from_line(error, OPEN_SOCKET) from error
    return client


class _SocketMode(SocketModeHandler):
    """Acknowledges also what is not as Slack documents it, which would come again otherwise."""

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override] # as Bolt's
        heard = partial(BoltRequest, body=req.payload, headers=build_headers(req), mode="socket_mode")
        answer = _answered(self.app, heard)
        send_response(client, req, BoltResponse(status=200) if answer.status == 400 else answer, 0.0)


def _answered(app: App, heard: Callable[[], BoltRequest]) -> BoltResponse:
    try:
        request = _request(heard)
        demand_kind(request.body)
    except Unreadable as why:
        return _left_alone(why)
    return app.dispatch(request)


@reads
def _request(heard: Callable[[], BoltRequest]) -> BoltRequest:
    return heard()


def _in_a_line(record: logging.LogRecord) -> bool:
    """Frames that are no envelopes end in the library, of which a traceback tells nobody more than its sentence."""
    if str(record.msg).startswith(("Failed to run message listeners", "Failed to process a message")):
        record.exc_info = None
    return True


class Listening:
    """Socket Mode, opened at once or as soon as Slack lets us; ``close`` ends it. It says once why it is not open.

    Meanwhile the bot does what it need not be told for in the chat, such as deploying what is merged.
    """

    def __init__(self, app: App, app_token: str, *, again_after: float = TRY_AGAIN_SECONDS) -> None:
        self._open = partial(connect, app, app_token)
        self._again_after = again_after
        self._closing = Event()
        self._lock = Lock()
        self._client: SocketModeClient | None = None
        if not self._opened():
            Thread(target=self._keep_trying, name="opening Socket Mode", daemon=True).start()

    def connected(self) -> bool:
        """Whether Slack is heard at this moment; the library opens a connection that broke anew by itself."""
        client = self._client
        return client is not None and client.is_connected()

    def close(self) -> None:
        with self._lock:
            self._closing.set()
            if self._client is not None:
                self._client.close()

    def _keep_trying(self) -> None:
        while not self._closing.wait(self._again_after):
            if self._opened(again=True):
                _log.warning("Slack is heard again: Socket Mode is open")
                return

    def _opened(self, *, again: bool = False) -> bool:
        with self._lock:
            if self._closing.is_set():
                return False
            try:
                self._client = self._open()
            except ShipmateError as error:
                if not again:
                    mend = f" {error.mend}" if isinstance(error, NotAccepted) else ""
                    _log.error("Slack is not heard: %s%s I keep trying.", error, mend)
                return False
            return True


def http_handler(app: App, signing_secrets: tuple[str, ...]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint for ``/slack/events`` (POST): Bolt in a thread, behind Slack's signature of at most five minutes.

    One of ``signing_secrets`` is enough: there are two while it is changed.
    """
    verifiers = [SignatureVerifier(secret) for secret in signing_secrets]
    out_of_time = _OutOfTime(signing_secrets)
    threads = ThreadPoolExecutor(THREADS, "slack")

    async def handle(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        # Before Bolt, which parses what it is given.
        if not _is_signed(verifiers, body, request):
            out_of_time.note(body, request)
            return JSONResponse({"error": "invalid request"}, status_code=401)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(threads, _answered, app, partial(to_bolt_request, request, body))
        return to_starlette_response(answer)

    return handle


class _OutOfTime:
    """Tells once a minute that what Slack has signed is refused for its time stamp alone: a clock is to be set.

    The stamp is compared with this machine's clock. What is signed and older than a day was captured by somebody.
    """

    def __init__(self, signing_secrets: tuple[str, ...]) -> None:
        self._secrets = signing_secrets
        self._told_at = -TOLD_EVERY

    def note(self, body: bytes, request: Request) -> None:
        now, stamp = asyncio.get_running_loop().time(), request.headers.get("x-slack-request-timestamp", "")
        if now - self._told_at < TOLD_EVERY or not _SECONDS.fullmatch(stamp):
            return
        late, then = SignatureClock().now() - int(stamp), _Then(int(stamp))
        if late < CAPTURED and _is_signed([SignatureVerifier(one, then) for one in self._secrets], body, request):
            self._told_at = now
            _log.error(
                "Slack is not heard: what it signs is refused, as by this machine's clock it was signed %s. %s",
                f"{late:.0f} s ago" if late > 0 else f"in {-late:.0f} s",
                "Set the clock",
            )


class _Then(SignatureClock):
    """A clock that stands at the moment at which something was signed."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> float:
        return self._at


def _is_signed(verifiers: Sequence[SignatureVerifier], body: bytes, request: Request) -> bool:
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    # The library subtracts whatever int() takes from a float, and some of that is too large for one.
    if not (_SECONDS.fullmatch(timestamp) and signature.isascii()):
        return False
    try:
        # All of them, so that the time it takes does not tell which one it was.
        return any([verifier.is_valid(body, timestamp, signature) for verifier in verifiers])  # noqa: C419
    except UnicodeDecodeError:
        return False
