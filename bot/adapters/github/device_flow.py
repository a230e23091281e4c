"""How people prove who they are on GitHub: the device flow, in which they type a code in at GitHub's own pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from bot.adapters.github.auth import NoAuth, TokenAuth
from bot.adapters.github.http import Connection
from bot.adapters.github.payloads import Account
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected
from bot.core.people.model import DeviceCode, SignedIn
from bot.core.ports.chat import Clock

GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_OVER = frozenset({"expired_token", "token_expired", "incorrect_device_code", "bad_verification_code"})


class _Started(Struct, frozen=True):
    device_code: str = ""
    user_code: str = ""
    verification_uri: str = ""
    expires_in: float = 0
    interval: float = 5
    error: str = ""


class _Asked(Struct, frozen=True):
    """Errors come with status 200: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#error-codes-for-the-device-flow"""

    access_token: str = ""
    error: str = ""
    interval: float | None = None


class DeviceFlow:
    """Implements ``bot.core.people.model.SignIn``. Safe to share between threads.

    ``web_url`` is where people sign in (``https://github.com``), ``api_url`` where GitHub tells whose a token is. The
    token that GitHub gives in the end is asked that one question and not kept; it carries no scope at all.
    """

    def __init__(
        self,
        client_id: str,
        *,
        web_url: str,
        api_url: str,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client_id = client_id
        self._api_url = api_url
        self._clock = clock
        self._pause = pause
        self._web = Connection(web_url, NoAuth("GITHUB_CLIENT_ID"), clock=clock, pause=pause, accept="application/json")

    def __repr__(self) -> str:
        return f"DeviceFlow({self._client_id!r})"

    def begin(self) -> DeviceCode:
        try:
            started = self._web.post("/login/device/code", {"client_id": self._client_id}, _Started)
        except (NotAccepted, NotThere) as unknown:  # nobody waits for this: only its asker is concerned
            raise Rejected("GitHub knows no app with this GITHUB_CLIENT_ID.") from unknown
        if started.error or not started.device_code:
            raise Rejected(_refusal(started.error))
        return DeviceCode(
            user_code=started.user_code,
            url=started.verification_uri,
            interval=started.interval,
            expires_at=self._clock.now() + timedelta(seconds=started.expires_in),
            code=started.device_code,
        )

    def ask(self, code: str) -> SignedIn:
        body = {"client_id": self._client_id, "device_code": code, "grant_type": GRANT}
        try:
            asked = self._web.post("/login/oauth/access_token", {**body}, _Asked)
        except NotAccepted as refused:
            raise Rejected(_refusal("invalid_client")) from refused
        if asked.access_token:
            return SignedIn("done", self._whose(asked.access_token))
        if asked.error == "authorization_pending":
            return SignedIn("pending")
        if asked.error == "slow_down":
            return SignedIn("slower", interval=asked.interval)
        if asked.error == "access_denied":
            return SignedIn("denied")
        if asked.error in _OVER:
            return SignedIn("expired")
        raise Rejected(_refusal(asked.error))

    def _whose(self, token: str) -> str:
        api = Connection(self._api_url, TokenAuth(token), clock=self._clock, pause=self._pause)
        try:
            return api.get("/user", Account).login
        except (NotAccepted, NotAllowed, NotThere) as refused:
            raise Rejected("GitHub gave a token and then did not say whose it is.") from refused
        finally:
            api.close()


def _refusal(error: str) -> str:
    if error == "device_flow_disabled":
        return "The app behind GITHUB_CLIENT_ID does not allow the device flow: switch it on in the app's settings."
    if error in {"incorrect_client_credentials", "unauthorized_client", "invalid_client"}:
        return "GitHub does not accept GITHUB_CLIENT_ID."
    return f"GitHub does not sign anybody in for this GITHUB_CLIENT_ID ({error or 'no reason given'})."
