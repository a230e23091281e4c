"""What a token of the API is, and what is kept of what was asked with one."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

API = "api"
"""How a command comes that a program has given."""
STALE_AFTER = timedelta(minutes=10)
"""What is older when its turn comes is not done: who knows what has happened since. As with people's commands."""
_PREFIX = "shp_"
_SECRET = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A bearer token: whoever has it may do what ``person`` (a chat id) may, in these ``apps`` (none: in all).

    Of the secret itself only the SHA-256 is kept, and nobody can make the one of the other: it has 256 random bits.
    """

    id: int
    name: str
    person: str
    apps: tuple[str, ...]
    read_only: bool
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def reaches(self, app: str) -> bool:
        return not self.apps or app in self.apps

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def is_name(text: str) -> bool:
    """Whether a token may be called so.

    >>> is_name("ci"), is_name("build.2"), is_name("a b"), is_name("-ci")
    (True, True, False, False)
    """
    return _NAME.fullmatch(text) is not None


def new_secret() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether it looks like one: what does not is nobody's.

    >>> is_secret("shp_" + "a" * 43), is_secret("shp_a"), is_secret("xoxb-1")
    (True, False, False)
    """
    return _SECRET.fullmatch(text) is not None


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiReads(Protocol):
    """Tokens, as they are now."""

    def answer_for_tokens(self, now: datetime) -> Sequence[str]:
        """Who answers for tokens that are valid, by their ids in the chat."""

    def token(self, token_id: int) -> ApiToken | None: ...


class ApiRecords(ApiReads, Protocol):
    """What is decided on what a program asked for."""

    def answer(self, request: str, status: int, body: str) -> None:
        """Kept for whoever waits for it, or asks for the same again."""

    def revoke_of(self, person: str, at: datetime) -> Sequence[str]:
        """Every token for which that person answers; the names of those that were valid until now."""
