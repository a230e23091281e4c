"""Signed keys of links, and tokens: who has one was given it by the bot, for something, and until some moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from urllib.parse import quote

from itsdangerous import BadData, Signer, URLSafeSerializer

# Of the last of 43 letters two bits mean nothing: others than ours would be read as the same signature.
_SIGNATURE = r"[\w-]{42}[AEIMQUYcgkosw048]"
_KEY = re.compile(rf"([0-9a-f]{{1,12}})\.({_SIGNATURE})", re.ASCII)
_TOKEN = re.compile(rf"[\w.-]+\.{_SIGNATURE}", re.ASCII)
_LINK = b"shipmate page link"
LONGEST_TOKEN = 2_000
GOOD_FOR = timedelta(days=7)
"""How long links to pages hold at least."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a key opens: the path ``scope`` and everything below it, ``until`` then."""

    scope: str
    until: datetime


class Signatures:
    """Keys of links, and tokens of sessions: HMAC-SHA256, compared in constant time, each purpose with its own salt.

    ``secrets`` are asked for once, when the first is needed; the first of them signs, and all are believed. That may
    raise Unavailable, and so may everything here until it has been answered.
    """

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        self._ask = secrets

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        # Of several the last one signs there.
        return tuple(reversed(self._ask()))

    @cached_property
    def _links(self) -> Signer:
        return Signer(self._secrets, salt=_LINK, digest_method=sha256)

    @property
    def ready(self) -> bool:
        """Whether the secrets are there, so that nothing has to be waited for."""
        return "_secrets" in self.__dict__

    def make_ready(self) -> None:
        """Raises Unavailable."""
        self._links  # noqa: B018

    def key(self, scope: str, until: datetime) -> str:
        """Opens the path ``scope`` and everything below it."""
        moment = f"{int(until.timestamp()):x}"
        return f"{moment}.{self._links.get_signature(_signed(moment, scope)).decode()}"

    def opens(self, key: str, path: str) -> Opened | None:
        """What the key opens, where ``path`` is in it: also one that has expired. None for any other key."""
        found = _KEY.fullmatch(key)
        if found is None:
            return None
        for scope in _scopes(path):
            if self._links.verify_signature(_signed(found[1], scope), found[2]):
                return Opened(scope, datetime.fromtimestamp(int(found[1], 16), UTC))
        return None

    def token(self, purpose: str, said: Mapping[str, str], until: datetime) -> str:
        """What is said, for its ``purpose`` alone, so that it can be neither changed nor used for another."""
        return self._tokens(purpose).dumps({**said, "until": int(until.timestamp())})

    def read(self, purpose: str, token: str, now: datetime) -> dict[str, str] | None:
        """None where it is no token of ours for this purpose, or is over."""
        if len(token) > LONGEST_TOKEN or _TOKEN.fullmatch(token) is None:
            return None
        try:
            said = self._tokens(purpose).loads(token)
        except BadData:
            return None
        return said if said.pop("until") > now.timestamp() else None

    def _tokens(self, purpose: str) -> URLSafeSerializer:
        signing = {"digest_method": sha256}
        return URLSafeSerializer(self._secrets, salt=f"shipmate {purpose}".encode(), signer_kwargs=signing)


def _signed(moment: str, scope: str) -> bytes:
    return f"{moment}:{scope}".encode("utf-8", "surrogatepass")


def _scopes(path: str) -> list[str]:
    """The path, and all that it is below.

    >>> _scopes("/deployments/ab12/output.txt")
    ['/deployments/ab12/output.txt', '/deployments/ab12', '/deployments', '/']
    """
    scopes = [path]
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0]
        scopes.append(path or "/")
    return scopes


# --- links -------------------------------------------------------------------------------------------------------


class PageLinks:
    """Implements ``Pages``. ``base`` is the public address of the web process."""

    def __init__(self, base: str, signatures: Signatures, *, sign_in: bool) -> None:
        self._base = base.rstrip("/")
        self._signatures = signatures
        self._sign_in = sign_in

    @property
    def sign_in(self) -> bool:
        return self._sign_in

    def deployment(self, request_id: str, now: datetime) -> str | None:
        return self._address(f"/deployments/{request_id}", now)

    def app(self, name: str, now: datetime) -> str | None:
        return self._address(f"/apps/{name}", now)

    def board(self, now: datetime) -> str | None:
        return self._address("/", now)

    def _address(self, path: str, now: datetime) -> str:
        shown = f"{self._base}{quote(path)}"
        return shown if self._sign_in else f"{shown}?key={self._signatures.key(path, until(now))}"

    def plain(self, request_id: str) -> str | None:
        return f"{self._base}/deployments/{request_id}"


def until(now: datetime) -> datetime:
    """The midnight after seven days: what is drawn again on the same day has the same link.

    >>> from datetime import UTC, datetime
    >>> until(datetime(2026, 3, 2, 10, 0, tzinfo=UTC)).isoformat()
    '2026-03-10T00:00:00+00:00'
    """
    day = (now + GOOD_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)
