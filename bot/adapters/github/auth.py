"""How the bot shows GitHub who it is: with a token, or as a GitHub App."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from bot.adapters.github.errors import kept_out, not_accepted, refused
from bot.adapters.github.http import ANYTHING, Connection
from bot.adapters.github.payloads import Account, AwareTime
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected, Unavailable
from bot.core.people.logins import same_login
from bot.core.ports.chat import Clock
from bot.core.ports.measures import UNMEASURED, Measures

APP_NAMED = "the GitHub App (GITHUB_APP_ID, GITHUB_PRIVATE_KEY)"
# https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app: 60 seconds back against
# clocks that differ, and no more than ten minutes ahead.
JWT_SINCE = timedelta(seconds=60)
JWT_UNTIL = timedelta(minutes=8)
RENEW_BEFORE = timedelta(minutes=5)  # an installation's token lives for an hour


class NoAuth:
    """None at all: for questions that know the bot by something that they carry, such as a client id or a code."""

    about_itself = "/"

    def __init__(self, named: str) -> None:
        self.named = named

    def authorization(self, scope: str | None) -> None:  # noqa: ARG002 - there is none for anything
        return None

    def forget(self, authorization: str) -> bool:  # noqa: ARG002 - there is nothing to forget
        return False


class TokenAuth:
    """A personal access token: ``GITHUB_TOKEN``."""

    named = "GITHUB_TOKEN"
    about_itself = "/user"

    def __init__(self, token: str) -> None:
        self._token = token.strip()

    def __repr__(self) -> str:
        return "TokenAuth(…)"

    def authorization(self, scope: str | None) -> str:  # noqa: ARG002 - one token for all
        """Raises NotAccepted where the token cannot be one: such a header would fail with the token in the message."""
        if not re.fullmatch(r"[\x21-\x7e]+", self._token):
            sentence = "GITHUB_TOKEN is not a token: it is empty, or holds spaces or letters that no token has."
            raise not_accepted(sentence, self.named)
        return f"Bearer {self._token}"

    def forget(self, authorization: str) -> bool:  # noqa: ARG002 - there is no other token to try
        return False


class _Installation(Struct, frozen=True):
    id: int
    account: Account | None = None


class _NewToken(Struct, frozen=True):
    token: str
    expires_at: AwareTime


@dataclass(frozen=True, slots=True)
class _Cached:
    header: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"_Cached(…, {self.expires_at})"


class _AppItself:
    """The App as such, by a token it signs itself. It may only ask about itself and where it is installed."""

    named = APP_NAMED
    about_itself = "/app"

    def __init__(self, app_id: str, private_key: str, clock: Clock) -> None:
        self._app_id = app_id.strip()
        self._private_key = private_key
        self._clock = clock
        self._key: RSAPrivateKey | None = None

    def __repr__(self) -> str:
        return f"_AppItself({self._app_id!r}, …)"

    def authorization(self, scope: str | None) -> str:  # noqa: ARG002 - the same for all
        now = self._clock.now()
        claims = {
            "iat": int((now - JWT_SINCE).timestamp()),
            "exp": int((now + JWT_UNTIL).timestamp()),
            "iss": self._app_id,
        }
        return f"Bearer {jwt.encode(claims, self._rsa_key(), algorithm='RS256')}"

    def forget(self, authorization: str) -> bool:  # noqa: ARG002 - the next one would be the same
        return False

    def _rsa_key(self) -> RSAPrivateKey:
        """The key, read once. Line ends written as ``\\n`` are what is left of a key pasted into one line."""
        if self._key is None:
            pem = self._private_key.replace("\\n", "\n").strip().encode()
            try:
                key = load_pem_private_key(pem, password=None)
            except (ValueError, TypeError):
                key = None
            if not isinstance(key, RSAPrivateKey):
                sentence = "GITHUB_PRIVATE_KEY is not the private key of a GitHub App (a PEM file, RSA)."
                raise not_accepted(sentence, self.named)
            self._key = key
        return self._key


class AppAuth:
    """A GitHub App: a token of one hour for each place where it is installed, kept until five minutes before its end.

    ``private_key`` is the text of the PEM file; ``api_url`` is where tokens are asked for. Threads may share it.
    """

    named = APP_NAMED
    about_itself = "/app"

    def __init__(
        self,
        app_id: str,
        private_key: str,
        *,
        api_url: str,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._clock = clock
        self._app = _AppItself(app_id, private_key, clock)
        self._connection = Connection(api_url, self._app, clock=clock, pause=pause, measures=measures)
        self._installations: dict[str, int] = {}
        self._tokens: dict[int, _Cached] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"AppAuth({self._app!r})"

    def close(self) -> None:
        self._connection.close()

    def authorization(self, scope: str | None) -> str:
        """Raises NotThere where the App is not installed on the repository, or in the organization; NotAccepted where
        it is suspended, or not installed at the owner of the repository at all.

        One thread at a time asks for a token: the others would only ask for the same one.
        """
        if scope is None:
            return self._app.authorization(None)
        with self._lock:
            installation = self._installation(scope)
            cached = self._tokens.get(installation)
            if cached is None or cached.expires_at - RENEW_BEFORE <= self._clock.now():
                cached = self._tokens[installation] = self._new_token(scope, installation)
            return cached.header

    def forget(self, authorization: str) -> bool:
        with self._lock:
            stale = [id for id, cached in self._tokens.items() if cached.header == authorization]
            for id in stale:
                del self._tokens[id]
            return bool(stale)

    def _installation(self, scope: str) -> int:
        if scope == ANYTHING and self._installations:
            return next(iter(self._installations.values()))
        if scope not in self._installations:
            self._installations[scope] = self._ask_installation(scope)
        return self._installations[scope]

    def _ask_installation(self, scope: str) -> int:
        if scope == ANYTHING:
            found = self._connection.get("/app/installations", list[_Installation], per_page=1)
            if not found:
                raise NotThere("The GitHub App is not installed anywhere.")
            return found[0].id
        path = f"/repos/{quote(scope)}" if "/" in scope else f"/orgs/{quote(scope)}"
        try:
            return self._connection.get(f"{path}/installation", _Installation).id
        except NotThere as unknown:
            if "/" in scope and not self._is_installed_at(scope.partition("/")[0]):
                raise self._kept_out(f"The GitHub App is not installed on {scope}.", scope) from unknown
            raise NotThere(f"The GitHub App is not installed on {scope}.") from unknown

    def _is_installed_at(self, owner: str) -> bool:
        """Whether it is installed on other repositories of theirs, so that only this one was left out, or misspelt."""
        everywhere = self._connection.pages("/app/installations", list[_Installation], most=10)
        accounts = [one.account for page in everywhere for one in page]
        return any(account is None or same_login(account.login, owner) for account in accounts)

    def _kept_out(self, sentence: str, scope: str) -> NotAccepted:
        owner = scope.partition("/")[0]
        return kept_out(sentence, self.named, owner) if owner else not_accepted(sentence, self.named)

    def _new_token(self, scope: str, installation: int) -> _Cached:
        try:
            new = self._connection.post(f"/app/installations/{installation}/access_tokens", {}, _NewToken)
        except NotThere as gone:  # uninstalled since, and perhaps installed anew under another id: ask next time
            self._installations = {name: id for name, id in self._installations.items() if id != installation}
            sentence = f"The GitHub App is no longer installed on {scope or 'any repository'}."
            raise self._kept_out(sentence, scope) from gone
        except (NotAllowed, Rejected) as no:
            raise refused(str(no), self.named) from no
        except NotAccepted as no:
            if "suspended" in str(no):  # the address of this question names no owner
                raise self._kept_out(f"The GitHub App is suspended on {scope or 'GitHub'}.", scope) from no
            raise
        except Unavailable as away:  # a token made in vain is no harm, and what it was for was never sent
            raise Unavailable(str(away), retry_after=away.retry_after) from away
        return _Cached(f"Bearer {new.token}", new.expires_at)
