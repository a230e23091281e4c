"""Calls to Slack's Web API: the one place where requests go out and where errors become ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Lock
from typing import Any, TypeAlias
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.adapters.circuit_breaker import CircuitBreaker
from bot.adapters.slack.errors import BLOCKS_REFUSED, SlackRejected, from_answer, from_line, retry_after
from bot.core.errors import NotAccepted, ShipmateError, Speechless, Unavailable
from bot.core.ports.chat import Clock
from bot.core.ports.measures import UNMEASURED, Call, Measures, Result, result_of

Answer: TypeAlias = dict[str, Any]

TIMEOUT_SECONDS = 10
RESPONSE = "response_url"
PAGE_SIZE = 200

# The library's own lines repeat what our errors say, and at debug level they hold whole messages.
_silent = logging.getLogger("bot.adapters.slack.library")
_silent.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who the token makes us: ids of the workspace, of the bot's user and of the bot itself; the scopes granted.

    ``name`` is the name of the bot's user, ``workspace`` that of the workspace.
    """

    team: str
    enterprise: str | None
    user: str
    bot: str | None
    name: str
    workspace: str
    scopes: frozenset[str] = field(default_factory=frozenset)


class Api:
    """Slack's Web API with one token. Safe to share between threads: each call opens a connection of its own.

    Nothing is repeated here: whoever calls knows whether a repeat is safe. Every method raises the errors of
    ``bot.core.errors`` only. ``before_call`` is called before each request, and may raise.
    """

    def __init__(
        self,
        token: str,
        api_url: str,
        *,
        clock: Clock,
        timeout: int = TIMEOUT_SECONDS,
        before_call: Callable[[], None] = lambda: None,
        measures: Measures = UNMEASURED,
    ) -> None:
        self.client = WebClient(token=token, base_url=api_url, timeout=timeout, retry_handlers=[], logger=_silent)
        self._timeout = timeout
        self._before_call = before_call
        self._measures = measures
        self._breaker = CircuitBreaker("Slack", clock, Speechless)
        self._identity: BotIdentity | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Api({self.client.base_url!r})"

    def call(self, method: str, **arguments: Any) -> Answer:
        """One call; arguments that are None are left out. The answer's body, which is ``ok``."""
        return _body(self._send(method, arguments))

    def call_as(self, token: str, method: str) -> Answer:
        """One call without arguments and with another token."""
        return _body(self._send(method, {"token": token}))

    def pages(self, method: str, *, most: int, **arguments: Any) -> Iterator[Answer]:
        """The answers of a paged method, at most ``most`` of them."""
        cursor: str | None = None
        for _ in range(most):
            answer = self.call(method, limit=PAGE_SIZE, cursor=cursor, **arguments)
            yield answer
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def identity(self) -> BotIdentity:
        """Who we are, asked once."""
        with self._lock:
            if self._identity is None:
                self._identity = _identity(self._send("auth.test", {}))
            return self._identity

    def answer_at(self, address: str, body: Mapping[str, Any]) -> bool:
        """Post to a ``response_url``; False where it is used up or expired, so that certainly nobody saw anything.

        The address is a capability: neither it nor what Slack says of it stands in an error. Raises SlackRejected where
        the blocks are refused; Speechless, ``uncertain`` where it may have been shown, which nobody can look up.
        """
        if not address.startswith(("https://", "http://")):
            return False
        webhook = WebhookClient(address, timeout=self._timeout, retry_handlers=[], logger=_silent)
        with self._measures.call("slack") as call:
            try:
                # Unlike the Web API this neither raises for a status nor says ok in JSON: https://docs.slack.dev/
                # interactivity/handling-user-interaction#message_responses
                answer = webhook.send_dict(dict(body))
            except (OSError, HTTPException, ValueError, SlackClientError) as error:
                call.result = _no_answer(error)
                raise from_line(error, RESPONSE) from None
            call.result = result_of(answer.status_code)
        if answer.status_code == 429:
            pause = retry_after(answer.headers)
            raise Speechless(f"Slack asks to wait {pause:g} s before the next {RESPONSE}.", retry_after=pause)
        if answer.status_code >= 500:
            raise Speechless(f"Slack is having trouble ({RESPONSE}: status {answer.status_code}).", uncertain=True)
        refused = next((code for code in BLOCKS_REFUSED if f'"{code}"' in answer.body or answer.body == code), None)
        if refused:
            raise SlackRejected(f"Slack refuses {RESPONSE}: {refused}.", refused)
        return answer.status_code == 200

    def _send(self, method: str, arguments: Mapping[str, Any]) -> SlackResponse:
        """One call, unless Slack is down or has asked for time: it limits each method, and each channel's posts."""
        self._before_call()
        # Another token is refused on its own.
        key, door = (method, arguments.get("channel")), arguments.get("token", "")
        with self._breaker.guarding(key, door), self._measures.call("slack") as call:
            return self._sent(method, arguments, call)

    def _sent(self, method: str, arguments: Mapping[str, Any], call: Call) -> SlackResponse:
        given = {name: value for name, value in arguments.items() if value is not None}
        # Slack's reading methods take forms only; what is nested goes as JSON, which the writing methods take.
        nested = any(isinstance(value, dict | list) for value in given.values())
        try:
            answer = self.client.api_call(method, json=given if nested else None, params=None if nested else given)
        except SlackApiError as error:
            ours = from_answer(error, method, given.get("channel"))
            call.result = _result_of(ours, error.response.status_code)
            raise ours from error
        except (OSError, HTTPException, ValueError, AttributeError, SlackClientError) as error:
            call.result = _no_answer(error)
            raise from_line(error, method) from error
        if not isinstance(answer.data, dict):
            call.result = "server_error"
            raise from_line(ValueError("no object"), method)
        call.result = "ok"
        return answer


def _result_of(error: ShipmateError, status: int) -> Result:
    """Slack says most of what is wrong in the body of an answer with status 200."""
    match error:
        case NotAccepted():
            return "refused"
        case Unavailable():
            return "server_error" if error.retry_after is None else "rate_limited"
    return result_of(status) if status >= 400 else "client_error"


def _no_answer(error: Exception) -> Result:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "timeout"
    return "unreachable" if isinstance(reason, OSError | HTTPException) else "server_error"


def _body(answer: SlackResponse) -> Answer:
    body = answer.data
    return body if isinstance(body, dict) else {}


def _identity(answer: SlackResponse) -> BotIdentity:
    body = _body(answer)
    scopes = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
    return BotIdentity(
        team=body["team_id"],
        enterprise=body.get("enterprise_id"),
        user=body["user_id"],
        bot=body.get("bot_id"),
        name=body.get("user", ""),
        workspace=body.get("team", ""),
        scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )
