"""The one way to Heroku's Platform API: every request of the bot to it, with retries and pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from operator import attrgetter
from typing import TypeVar

import msgspec
import requests
import structlog
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from bot import __version__
from bot.adapters.circuit_breaker import CircuitBreaker
from bot.adapters.decoding import decode
from bot.adapters.heroku.errors import SERVICE, error_of
from bot.adapters.measured_calls import measured
from bot.core.errors import NotAccepted, Rejected, ShipmateError, Unavailable
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import JSON
from bot.core.ports.measures import UNMEASURED, Measures, result_of

TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two bytes of an answer; Heroku's router gives up after 30
PAUSES = (0.2, 0.8)  # seconds before each repeat of a GET
LONGEST_PAUSE = 2.0  # what asks for more is left to the caller, who waits without holding a thread
POOL = 16
FEW = 500
"""Requests left of an account's 4,500 from which on the bot asks more seldom: others use the account as well."""
HEADERS = {"Accept": "application/vnd.heroku+json; version=3", "User-Agent": f"shipmate/{__version__}"}
T = TypeVar("T")
log = structlog.get_logger(__name__)


class _Bearer(AuthBase):
    """Sets our header; without it requests would look for a password in ``~/.netrc``."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Bearer {self._key}"
        return prepared


class Connection:
    """Speaks JSON with Heroku. Safe to share between threads.

    Only a GET is repeated; anything else may have been carried out: the errors say so with ``uncertain``. Without a
    ``clock`` there is no circuit breaker: for whoever asks once.
    """

    def __init__(
        self,
        api_url: str,
        key: str,
        *,
        clock: Clock | None,
        pause: Callable[[float], None] = time.sleep,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._key = key
        self._pause = pause
        self._measures = measures
        self._breaker = CircuitBreaker(SERVICE, clock) if clock is not None else None
        self._left: int | None = None
        self._session = requests.Session()
        self._session.headers.update(HEADERS)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share nothing but sockets
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=POOL))

    def __repr__(self) -> str:
        return f"Connection({self._api_url!r})"

    @property
    def runs_low(self) -> bool:
        """Whether the account has few requests left."""
        return self._left is not None and self._left < FEW

    def get(self, path: str, shape: type[T]) -> T:
        return _decoded(self._request("GET", path), shape, "GET")

    def newest(self, path: str, shape: type[T], *, by: str, most: int, page: int = 100) -> Iterator[T]:
        """A list's items, those with the highest ``by`` first, at most ``most``.

        Pages are ranges, and each says which one follows it; who knows no ranges answers with all that there is.
        https://devcenter.heroku.com/articles/platform-api-reference#ranges
        """
        wanted: str | None = f"{by} ..; order=desc,max={min(most, page)}"
        while wanted is not None and most > 0:
            answer = self._request("GET", path, headers={"Range": wanted})
            items = _decoded(answer, list[shape], "GET")  # type: ignore[valid-type]  # it is what the caller says
            yield from sorted(items, key=attrgetter(by), reverse=True)[:most]
            most -= len(items)
            wanted = answer.headers.get("Next-Range") if answer.status_code == 206 and items else None

    def post(self, path: str, body: dict[str, JSON], shape: type[T]) -> T:
        """Send ``body`` once and read the answer."""
        return _decoded(self._request("POST", path, body=body), shape, "POST")

    def patch(self, path: str, body: dict[str, JSON], shape: type[T]) -> T:
        """Make something so as ``body`` says, which may be said again."""
        return _decoded(self._request("PATCH", path, body=body), shape, "PATCH")

    def delete(self, path: str) -> None:
        self._request("DELETE", path)

    def _request(
        self, method: str, path: str, *, body: dict[str, JSON] | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """Carry a request out, or raise one of our errors, unless Heroku has asked for time or is down."""
        guard = self._breaker.guarding("requests") if self._breaker is not None else contextlib.nullcontext()
        with guard:
            for usual in (*PAUSES, None) if method == "GET" else (None,):
                try:
                    answer = self._sent(method, path, body, headers or {})
                    if method != "GET":
                        seconds = answer.elapsed.total_seconds()
                        log.info("called", service=SERVICE, call=f"{method} {path}", seconds=seconds)
                    return answer
                except Unavailable as error:
                    if usual is None or isinstance(error, NotAccepted):
                        raise
                    wait = usual if error.retry_after is None else error.retry_after
                    if wait > LONGEST_PAUSE:
                        raise
                    self._pause(wait)
        raise AssertionError("the last try returns or raises")

    def _sent(self, method: str, path: str, body: dict[str, JSON] | None, headers: dict[str, str]) -> requests.Response:
        try:
            with measured(self._measures, "heroku") as call:
                answer = self._session.request(
                    method,
                    f"{self._api_url}{path}",
                    json=body,
                    headers=headers,
                    auth=_Bearer(self._key),
                    timeout=TIMEOUT,
                    allow_redirects=False,  # a token goes to its own host only
                )
                call.result = result_of(answer.status_code)
        except (requests.RequestException, ValueError) as broken:
            raise _unreachable(broken, method) from None
        left = answer.headers.get("RateLimit-Remaining", "")
        self._left = int(left) if left.isascii() and left.isdigit() else self._left
        if answer.status_code in range(200, 300):
            return answer
        said = answer.content.replace(self._key.encode(), b"***")
        raise error_of(answer.status_code, answer.headers, said, method=method, path=path)


def _decoded(answer: requests.Response, shape: type[T], method: str) -> T:
    try:
        return decode(answer.content, shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as broken:
        raise Unavailable(f"Heroku's answer is not understood: {broken}.", uncertain=method != "GET") from broken


def _unreachable(broken: requests.RequestException | ValueError, method: str) -> ShipmateError:
    """No answer, or half of one. The libraries' own text stays out: it may quote a header, and so the key."""
    if isinstance(broken, ValueError):
        return Rejected("Heroku cannot be asked: HEROKU_API_URL is not an address, or HEROKU_API_KEY is not a key.")
    if isinstance(broken, requests.ReadTimeout):
        return Unavailable("Heroku does not answer in time.", uncertain=method != "GET")
    reason = getattr(broken.args[0], "reason", None) if broken.args else None
    never_sent = isinstance(reason, NewConnectionError | ConnectTimeoutError)
    return Unavailable("Heroku cannot be reached.", uncertain=method != "GET" and not never_sent)
