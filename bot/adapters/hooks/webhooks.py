"""The way to those who receive outgoing webhooks: a signed POST, once, with a deadline for all of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from socket import SHUT_RDWR
from threading import Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from bot.adapters.hooks.client import NoPasswords, body_of, host_of, new_session, unreachable
from bot.adapters.hooks.errors import error_of
from bot.adapters.hooks.signing import DELIVERY, EVENT, SIGNATURE, signature
from bot.adapters.http_dates import asked_wait
from bot.core.errors import Unavailable
from bot.core.masking import MASK
from bot.core.outgoing_webhooks.model import Answer, PendingEvent, Receiver
from bot.core.outgoing_webhooks.retries import LONGEST_PAUSE

DEADLINE = 10.0
"""Seconds to connect, and from then on until there is an answer, however it trickles."""
LARGEST = 64 * 1024
"""Bytes of an answer that are read; only what is wrong matters of it."""


class WebhookClient:
    """Safe to share between threads. Nothing is repeated here, and no redirect is followed: a signature goes to the
    address that was written, and nowhere else."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._session = new_session(_DeadlineAdapter(deadline))

    def post(self, receiver: Receiver, event: PendingEvent, now: datetime) -> Answer:
        who, body = host_of(receiver.url), event.body(now)
        headers = {
            "Content-Type": "application/json",
            EVENT: event.name,
            DELIVERY: event.delivery,
            SIGNATURE: signature(receiver.key or "", body),
        }
        try:
            answer = self._answer(receiver.url, headers, body, who, now)
        except (requests.RequestException, HTTPError, ValueError) as broken:
            answer = Answer(taken=False, reason=str(unreachable(broken, who, asks=True)), away=True)
        return replace(answer, reason=_masked(answer.reason, receiver))

    def _answer(self, url: str, headers: dict[str, str], body: bytes, who: str, now: datetime) -> Answer:
        with self._session.post(
            url,
            data=body,
            headers=headers,
            auth=NoPasswords(),
            timeout=self._deadline,
            allow_redirects=False,
            stream=True,
        ) as answer:
            try:
                said = body_of(answer, LARGEST, self._deadline)
            except (requests.RequestException, HTTPError):  # the status has been read, and says enough
                said = None
            status = answer.status_code
            if 200 <= status < 300:
                return Answer(taken=True)
            error = error_of(status, answer.headers, said or b"", who=who, now=now, asks=True)
            wait = asked_wait(answer.headers.get("Retry-After", ""), now, LONGEST_PAUSE.total_seconds())
            away, gone = isinstance(error, Unavailable), status == HTTPStatus.GONE
            return Answer(taken=False, reason=str(error), away=away, gone=gone, wait=wait)


def _masked(reason: str, receiver: Receiver) -> str:
    """Whoever receives it knows the secret, and may repeat it."""
    for secret in (*receiver.secrets, receiver.url):
        reason = reason.replace(secret, MASK)
    return reason


# --- a deadline for all of an answer --------------------------------------------------------------------------------


class _Deadline:
    """Closes the connection when the time is up: a timeout of requests only counts from one byte to the next."""

    deadline: float

    def getresponse(self) -> Any:
        """Raises TimeoutError, which urllib3 takes for a timeout of its own."""
        connection: Any = self
        late: list[bool] = []

        def close() -> None:
            late.append(True)
            _shut(connection.sock)

        timer = Timer(self.deadline, close)
        timer.daemon = True
        timer.start()
        try:
            answer = super().getresponse()  # type: ignore[misc]
        except Exception as error:
            if late:
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
        if late:  # half of a head passes for a whole one
            raise TimeoutError
        return answer


def _shut(sock: Any) -> None:
    """Whoever reads from it reads its end."""
    with suppress(OSError, AttributeError):  # it is closed already
        sock.shutdown(SHUT_RDWR)


class _DeadlineAdapter(HTTPAdapter):
    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        super().__init__(pool_connections=16, pool_maxsize=2)

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, **more)
        plain = type("Plain", (_Deadline, HTTPConnection), {"deadline": self._deadline})
        secure = type("Secure", (_Deadline, HTTPSConnection), {"deadline": self._deadline})
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
