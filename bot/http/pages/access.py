"""Who may see a page: whoever has a link that is signed for it, and members of the workspace who are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from starlette.requests import Request

from bot.adapters.signing import Signatures
from bot.core.ports.chat import Clock

KEY = "key"
"""The name of the signed key in the query of an address."""
SESSION = "shipmate_session"
"""The cookie of those who are signed in, and the purpose of its signature."""
SIGNED_IN_FOR = timedelta(hours=12)
SIGN_IN, CALLBACK, SIGN_OUT = "/auth/slack", "/auth/slack/callback", "/auth/sign-out"
NEXT = "next"
"""The name, in the query of ``SIGN_IN``, of the path to come back to."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever may see a page: by a ``key`` for all that is below ``scope``, or signed in as ``person`` (an id).

    ``until``: when that ends.
    """

    scope: str
    until: datetime
    key: str | None = None
    person: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whoever may not; ``expired`` where their link or their session was good once."""

    expired: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """``root`` is what all paths begin with where a proxy in front has the bot below an address of its own.

    ``sessions`` says whether anybody can sign in.
    """

    signatures: Signatures
    clock: Clock
    root: str = ""
    sessions: bool = False

    def of(self, request: Request) -> Reader | Stranger:
        """Looks at the request alone. Raises Unavailable until the secrets have been found."""
        now, path = self.clock.now(), request.scope["path"]
        cookie = request.cookies.get(SESSION, "") if self.sessions else ""
        session = self.signatures.read(SESSION, cookie, now)
        if session is not None:
            return Reader("/", now + SIGNED_IN_FOR, person=session["person"], name=session["name"])
        key = request.query_params.get(KEY, "")
        opened = self.signatures.opens(key, path)
        if opened is None:
            return Stranger()
        return Reader(opened.scope, opened.until, key) if opened.until > now else Stranger(expired=True)

    def link(self, reader: Reader, path: str, **query: object) -> str:
        """The address of another page that is drawn on one for ``reader``: they may follow it for as long as this one.

        Where their own key does not open it, it gets one of its own: draw no link to what they are not to see.
        """
        asked = {name: str(value) for name, value in query.items() if value is not None}
        if reader.key is not None:
            asked[KEY] = reader.key if covers(reader, path) else self.signatures.key(path, reader.until)
        return f"{self.root}{quote(path)}{'?' if asked else ''}{urlencode(asked)}"


def covers(reader: Reader, path: str) -> bool:
    """Whether it is what their key is for, or below that; everything, for those who are signed in."""
    return reader.scope in ("/", path) or path.startswith(f"{reader.scope}/")
