"""The one way to deploy hooks and what stands beside them: every request of the ``http`` provider."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import requests
import structlog
from cachetools import LRUCache
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from bot import __version__
from bot.adapters.circuit_breaker import CircuitBreaker
from bot.adapters.hooks.errors import error_of
from bot.adapters.measured_calls import measured
from bot.core.errors import NotYet, Rejected, ShipmateError, Unavailable
from bot.core.ports.chat import Clock
from bot.core.ports.measures import UNMEASURED, Measures, result_of

log = structlog.get_logger(__name__)

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two bytes of an answer
ASKING = (5.0, 10.0)  # the same for what changes nothing and is asked again in a moment
WHOLE = 60.0  # seconds for all of an answer, however it trickles
LARGEST = 1024 * 1024
PIECE = 64 * 1024
SERVICES = 64  # circuit breakers that are remembered


@dataclass(frozen=True, slots=True)
class Request:
    """Neither the address nor the headers are shown: there are secrets in them."""

    method: Method
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None


class NoPasswords(AuthBase):
    """Without it requests would look for a password in ``~/.netrc``."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        return prepared


class Hooks:
    """Asks whatever the settings name. Safe to share between threads.

    Nothing is repeated here and no redirect is followed: a signature and a key go to the address that was written, and
    nowhere else. All requests to one origin share a circuit breaker.
    """

    def __init__(self, clock: Clock, measures: Measures = UNMEASURED) -> None:
        self._clock = clock
        self._measures = measures
        self._lock = threading.Lock()
        self._breakers: LRUCache[str, CircuitBreaker] = LRUCache(SERVICES)
        self._session = new_session(HTTPAdapter(pool_connections=16, pool_maxsize=16))

    def ask(self, request: Request) -> bytes | None:
        """The body of an answer with 2xx, None where it cannot be read whole.

        Raises one of our errors for any other answer, and for none; its sentence names the host only. It is NotYet
        where nothing was sent, as others have found out that it makes no sense.
        """
        who, sent = host_of(request.url), False
        try:
            with self._breaker(request.url, who).guarding(who):
                sent = True
                try:
                    return self._answer(request, who)
                except (requests.RequestException, HTTPError, ValueError) as broken:
                    raise unreachable(broken, who, asks=request.method == "GET") from None
        except Unavailable as error:
            if sent or error.retry_after is None:
                raise
            raise NotYet(str(error), retry_after=error.retry_after) from None

    def _answer(self, request: Request, who: str) -> bytes | None:
        asks = request.method == "GET"
        with (
            measured(self._measures, "hook") as call,
            self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=dict(request.headers),
                auth=NoPasswords(),
                timeout=ASKING if asks else TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            call.result = result_of(answer.status_code)
            try:
                body = body_of(answer)
            except (requests.RequestException, HTTPError):  # the status has been read, and says enough
                body = None
            if answer.status_code in range(200, 300):
                if not asks:  # the path may be what lets people in
                    log.info("called", service=who, call=request.method, seconds=answer.elapsed.total_seconds())
                return body
            now = self._clock.now()
            raise error_of(answer.status_code, answer.headers, body or b"", who=who, now=now, asks=asks)

    def _breaker(self, url: str, who: str) -> CircuitBreaker:
        with self._lock:
            parts = urlsplit(url)
            return self._breakers.setdefault(f"{parts.scheme}://{parts.netloc}", CircuitBreaker(who, self._clock))


def host_of(url: str) -> str:
    """What people call the place of an address, without what may be secret in it.

    >>> host_of("https://bot:secret@hooks.example:8443/deploy?key=1"), host_of("https://api.render.com/x")
    ('hooks.example:8443', 'api.render.com')
    """
    return urlsplit(url).netloc.rpartition("@")[2] or "The hook"


def new_session(adapter: HTTPAdapter) -> requests.Session:
    """One that says who asks, takes nothing that is packed, and keeps no cookies."""
    session = requests.Session()
    session.headers.update({"User-Agent": f"shipmate/{__version__}", "Accept": "application/json"})
    # What is packed may be any size unpacked.
    session.headers["Accept-Encoding"] = "identity"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def body_of(answer: requests.Response, largest: int = LARGEST, seconds: float = WHOLE) -> bytes | None:
    """All of it; None where that is more, or takes longer, than an answer may."""
    began, kept = time.monotonic(), b""
    while piece := answer.raw.read1(PIECE, decode_content=False):
        kept += piece
        if len(kept) > largest or time.monotonic() - began > seconds:
            return None
    return kept


def unreachable(broken: Exception, who: str, *, asks: bool) -> ShipmateError:
    """No answer, or half of one. The libraries' own text stays out: it quotes addresses, and secrets in them."""
    if isinstance(broken, ValueError) and not isinstance(broken, requests.ConnectionError):
        return Rejected(f"{who} cannot be asked: its address or a header is not well-formed.")
    if isinstance(broken, requests.exceptions.SSLError):
        return Unavailable(f"The certificate of {who} is not valid, so nothing was sent.")
    if isinstance(broken, requests.ReadTimeout):
        return Unavailable(f"{who} does not answer in time.", uncertain=not asks)
    reason = getattr(broken.args[0], "reason", None) if broken.args else None
    never_sent = isinstance(reason, NewConnectionError | ConnectTimeoutError)
    return Unavailable(f"{who} cannot be reached.", uncertain=not asks and not never_sent)
