"""The one way to GitHub's REST API: every request of the bot to it, with retries, redirects, pages and ETags."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Literal, Protocol, TypeAlias, TypeVar
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

import msgspec
import requests
import structlog
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from bot import __version__
from bot.adapters.circuit_breaker import CircuitBreaker
from bot.adapters.decoding import decode
from bot.adapters.github.errors import asks_for_time, error_of, quota_in
from bot.adapters.github.etag_cache import Page, RecentPages
from bot.adapters.http_dates import date_in
from bot.adapters.measured_calls import measured
from bot.core.errors import NotAccepted, Rejected, ShipmateError, Unavailable
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import JSON
from bot.core.ports.measures import UNMEASURED, Measures, result_of

TIMEOUT = (5.0, 20.0)  # seconds to connect, and between two bytes of an answer
PAUSES = (0.2, 0.8)  # seconds before each repeat of a GET
LONGEST_PAUSE = 2.0  # what asks for more is left to the caller, who waits without holding a thread
REDIRECTS = 5
POOL = 16  # connections kept open: as many as threads usually ask at once
REMEMBERED_BYTES = 4 * 1024 * 1024
HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",  # later ones drop merge_commit_sha from pull requests
    "User-Agent": f"shipmate/{__version__}",
}
TOLD = ("state", "environment", "merge_method", "labels", "tag_name")
"""What the log tells of a body: what was asked for, in a word."""
ANYTHING = ""
T = TypeVar("T")
log = structlog.get_logger(__name__)


Reading: TypeAlias = Literal["whole", "stream", "link"]
"""What is wanted of an answer: all of it, what comes of it bit by bit, or only where it leads."""


class Auth(Protocol):
    """How the bot shows who it is."""

    @property
    def named(self) -> str:
        """What people call these credentials: the environment variables that hold them."""

    @property
    def about_itself(self) -> str:
        """The path at which GitHub tells whose credentials these are."""

    def authorization(self, scope: str | None) -> str | None:
        """The ``Authorization`` header, None for none.

        ``scope`` is what the request is about: a repository (``acme/web``), an organization (``acme``), ANYTHING that
        GitHub tells whoever asks, or None for the credentials themselves.
        """

    def forget(self, authorization: str) -> bool:
        """GitHub answered 401 to it. True where a new one can be had, so that one more try makes sense."""


class _Header(AuthBase):
    """Sets our header, or none at all; without it requests would look for a password in ``~/.netrc``."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value is not None:
            prepared.headers["Authorization"] = self._value
        return prepared


class Connection:
    """Speaks JSON with GitHub. Safe to share between threads.

    ``pause`` waits between the repeats of a GET; everything else is never repeated here, since it may have been
    carried out: the errors say so with ``uncertain``. ``before_change`` is called before GitHub is asked to change
    anything, and may raise.
    """

    def __init__(
        self,
        api_url: str,
        auth: Auth,
        *,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
        timeout: tuple[float, float] = TIMEOUT,
        accept: str = HEADERS["Accept"],
        before_change: Callable[[], None] = lambda: None,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._auth = auth
        self._clock = clock
        self._pause = pause
        self._timeout = timeout
        self._before_change = before_change
        self.ahead = timedelta(0)
        """By how much our clock was ahead of GitHub's at the last answer; that tells whole seconds."""
        self._measures = measures
        self._breaker = CircuitBreaker("GitHub", clock)
        self._pages = RecentPages(REMEMBERED_BYTES)
        self._session = requests.Session()
        self._session.headers.update({**HEADERS, "Accept": accept})
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share nothing but sockets
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=POOL))

    def __repr__(self) -> str:
        return f"Connection({self._api_url!r}, {self._auth!r})"

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, shape: type[T], *, near: str | None = None, **query: str | int) -> T:
        """What is at ``path`` (already quoted), in the given shape.

        ``near`` is what it is about where the path does not say so: see ``Auth.authorization``.
        """
        return _decoded(self._page(self._url(path, query), near).body, shape, "GET")

    def pages(self, path: str, shape: type[T], *, most: int, **query: str | int) -> Iterator[T]:
        """The pages of a list, each in the given shape, following ``Link`` as given; at most ``most`` of them."""
        url: str | None = self._url(path, {"per_page": 100, **query})
        for _ in range(most):
            if url is None:
                return
            page = self._page(url)
            yield _decoded(page.body, shape, "GET")
            url = page.next

    def post(self, path: str, body: dict[str, JSON], shape: type[T]) -> T:
        """Send ``body`` once and read the answer."""
        return _decoded(self._request("POST", self._url(path, {}), body=body).content, shape, "POST")

    def post_for(self, path: str, body: dict[str, JSON], shape: type[T]) -> T | None:
        """Send ``body`` once; None where the answer (204) has nothing to read."""
        answer = self._request("POST", self._url(path, {}), body=body)
        return _decoded(answer.content, shape, "POST") if answer.content else None

    def put(self, path: str, body: dict[str, JSON]) -> None:
        """A PUT whose answer says nothing but that it was done."""
        self._request("PUT", self._url(path, {}), body=body)

    def patch(self, path: str, body: dict[str, JSON]) -> None:
        """A PATCH whose answer says nothing that is not known."""
        self._request("PATCH", self._url(path, {}), body=body)

    def delete(self, path: str) -> None:
        self._request("DELETE", self._url(path, {}))

    def graphql(self, near: str, query: str, variables: dict[str, JSON], shape: type[T]) -> T:
        """What GraphQL answers to a question about ``near``, problems included: their status is 200.

        https://docs.github.com/en/enterprise-server/graphql/guides/forming-calls-with-graphql: an Enterprise server has
        it beside the REST API, and not under it.
        """
        url = f"{self._api_url.removesuffix('/v3')}/graphql"
        body: dict[str, JSON] = {"query": query, "variables": variables}
        return _decoded(self._request("POST", url, body=body, near=near).content, shape, "POST")

    def send(self, path: str) -> None:
        """A POST that says all by its path, and whose answer says nothing."""
        self._request("POST", self._url(path, {}), body={})

    def download(self, path: str) -> requests.Response:
        """An answer whose body is still to be read; the caller closes it. Other hosts are asked without our token."""
        return self._request("GET", self._url(path, {}), reading="stream")

    def location(self, path: str) -> str:
        """Where a GET leads in the end; a link to another host is not followed, so that it is not used up."""
        with self._request("GET", self._url(path, {}), reading="link") as answer:
            return urljoin(answer.url, answer.headers.get("Location", ""))

    def _url(self, path: str, query: dict[str, str | int]) -> str:
        return f"{self._api_url}{path}?{urlencode(query)}" if query else f"{self._api_url}{path}"

    def _page(self, url: str, near: str | None = None) -> Page:
        """A GET that costs nothing where the answer is still the one we remember (304)."""
        known = self._pages.get(url)
        etag = {"If-None-Match": known.etag} if known and known.etag else {}
        answer = self._request("GET", url, headers=etag, near=near)
        if answer.status_code == 304 and known is not None:
            return known
        following = answer.links.get("next", {}).get("url")
        page = Page(answer.headers.get("ETag"), answer.content, urljoin(url, following) if following else None)
        self._pages.put(url, page)
        return page

    def _request(
        self,
        method: str,
        url: str,
        *,
        body: dict[str, JSON] | None = None,
        headers: dict[str, str] | None = None,
        reading: Reading = "whole",
        near: str | None = None,
    ) -> requests.Response:
        """Carry a request out, or raise one of our errors, unless GitHub has asked for time or is down."""
        if method != "GET":
            self._before_change()
        scope = near or _scope_in(url)
        with self._breaker.guarding(self._limit(url, scope), door=_door(url, scope)):
            answer = self._repeated(method, url, scope, body, headers or {}, reading)
        if method != "GET":
            _tell(method, url, body or {}, answer)
        return answer

    def _limit(self, url: str, scope: str | None) -> str:
        """Which limit of requests the question counts against: searching has its own, an App one for each owner."""
        owner = (scope or "").partition("/")[0].lower() if self._auth.about_itself == "/app" else ""
        return f"{'search ' if '/search/' in url else ''}{owner or self._auth.named}"

    def _repeated(
        self,
        method: str,
        url: str,
        scope: str | None,
        body: dict[str, JSON] | None,
        headers: dict[str, str],
        reading: Reading,
    ) -> requests.Response:
        """Only a GET is repeated, and only when that may help soon."""
        for usual in (*PAUSES, None) if method == "GET" else (None,):
            try:
                answer = self._followed(method, url, scope, body, headers, reading)
            except requests.ReadTimeout as slow:  # it has cost 20 seconds already, and would again
                raise _unreachable(slow, method) from slow
            except requests.RequestException as broken:
                error = _unreachable(broken, method)
            else:
                if answer.ok:
                    return answer
                error = self._error_of(answer, method, url)
            if usual is None or not isinstance(error, Unavailable) or isinstance(error, NotAccepted):
                raise error
            wait = usual if error.retry_after is None else error.retry_after
            if wait > LONGEST_PAUSE:
                raise error
            self._pause(wait)
        raise AssertionError("the last try returns or raises")

    def _followed(
        self,
        method: str,
        url: str,
        scope: str | None,
        body: dict[str, JSON] | None,
        headers: dict[str, str],
        reading: Reading,
    ) -> requests.Response:
        """The answer at the end of the redirects (renamed repositories, tarballs), with the same method and body.

        Our token goes to our own host only; a download may lead elsewhere, and goes there without it.
        """
        for _ in range(REDIRECTS + 1):
            ours = _origin(url) == _origin(self._api_url)
            if not ours and reading == "whole":
                raise Rejected(
                    f"GitHub sends the bot to another host, {urlsplit(url).hostname}, which it does not follow."
                )
            authorization = self._auth.authorization(scope) if ours else None
            answer = self._sent(method, url, authorization, body, headers, reading)
            if answer.status_code == 401 and authorization and self._auth.forget(authorization):
                answer.close()  # nothing was carried out, so that even a POST may be sent again
                answer = self._sent(method, url, self._auth.authorization(scope), body, headers, reading)
            if answer.status_code not in (301, 302, 307, 308) or "Location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["Location"])
            if reading == "link" and _origin(url) != _origin(self._api_url):
                return answer
            answer.close()
        raise Unavailable("GitHub's redirects do not end.")

    def _sent(
        self,
        method: str,
        url: str,
        authorization: str | None,
        body: dict[str, JSON] | None,
        headers: dict[str, str],
        reading: Reading,
    ) -> requests.Response:
        with measured(self._measures, "github") as call:
            answer = self._session.request(
                method,
                url,
                json=body,
                headers=headers,
                auth=_Header(authorization),
                stream=reading != "whole",
                timeout=self._timeout,
                allow_redirects=False,
            )
            said = answer.content if reading == "whole" and answer.status_code == 403 else b""
            call.result = result_of(answer.status_code, limited=asks_for_time(answer.status_code, answer.headers, said))
        if (said_at := date_in(answer.headers.get("Date"))) is not None and _origin(url) == _origin(self._api_url):
            self.ahead = self._clock.now() - said_at
        left = quota_in(answer.headers, self._clock.now())
        if left is not None:
            self._measures.quota(self._limit(url, _scope_in(url)), *left)
        return answer

    def _error_of(self, answer: requests.Response, method: str, url: str) -> ShipmateError:
        with answer:
            try:
                body = answer.content
            except requests.RequestException:  # the status has been read, and says enough
                body = b""
        return error_of(
            answer.status_code,
            answer.headers,
            body,
            method=method,
            url=url,
            named=self._auth.named,
            now=self._clock.now(),
        )


class _Made(msgspec.Struct):
    id: int | None = None


def _tell(method: str, url: str, body: dict[str, JSON], answer: requests.Response) -> None:
    """Of each change a line, with the number of what was made. A question that is asked by POST changes nothing."""
    if "query" in body and not str(body["query"]).lstrip().startswith("mutation"):
        return
    said: dict[str, object] = {name: body[name] for name in TOLD if name in body}
    if answer.status_code == 201:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            said["id"] = decode(answer.content, _Made).id
    call = f"{method} {urlsplit(url).path}"
    log.info("called", service="GitHub", call=call, seconds=answer.elapsed.total_seconds(), **said)


def at(repository: str, *rest: str | int) -> str:
    """The path of something in a repository; every part is quoted whole, slashes in branch names included."""
    return "/".join(["/repos", quote(repository), *(quoted(str(part)) for part in rest)])


def quoted(part: str) -> str:
    """As one segment of a URL's path, whatever is in it."""
    return quote(part, safe="", errors="replace")


def _decoded(body: bytes, shape: type[T], method: str) -> T:
    try:
        return decode(body, shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as broken:
        raise Unavailable(f"GitHub's answer is not understood: {broken}.", uncertain=method != "GET") from broken


def _unreachable(broken: requests.RequestException, method: str) -> ShipmateError:
    """No answer, or half of one. The library's own text stays out: it may quote a header, and so the token."""
    if isinstance(broken, ValueError):
        return Rejected("GitHub cannot be asked: GITHUB_API_URL is not an address, or the request is not well-formed.")
    if isinstance(broken, requests.ReadTimeout):
        return Unavailable("GitHub does not answer in time.", uncertain=method != "GET")
    reason = getattr(broken.args[0], "reason", None) if broken.args else None
    never_sent = isinstance(reason, NewConnectionError | ConnectTimeoutError)
    return Unavailable("GitHub cannot be reached.", uncertain=method != "GET" and not never_sent)


def _scope_in(url: str) -> str | None:
    """``acme/web`` of ``…/repos/acme/web/deployments``: an App has other credentials for each owner."""
    found = re.search(r"/repos/([^/?]+/[^/?]+)|/orgs/([^/?]+)", url)
    if found is not None:
        return unquote(found[1] or found[2])
    return ANYTHING if re.search(r"/(search|users)/", url) else None


def _door(url: str, scope: str | None) -> str:
    """Where credentials may be refused on their own: at an owner, or at one of an App's installations."""
    installation = re.search(r"/app/installations/([0-9]+)", url)
    return installation[1] if installation else (scope or "").partition("/")[0].lower()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
