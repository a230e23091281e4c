"""Sign in with Slack, which is OpenID Connect: who somebody is, as Slack itself says.

https://docs.slack.dev/authentication/sign-in-with-slack
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from bot.adapters.slack.chat import Slack
from bot.adapters.slack.web_api import Api
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.ports.chat import Person

ISSUER = "https://slack.com"
_CLAIM = "https://slack.com"
SKEW_SECONDS = 60


class SignIn:
    """For people of the bot's own workspace. Raises the errors of ``bot.core.errors``."""

    def __init__(self, slack: Slack, client_id: str, client_secret: str, redirect: str) -> None:
        self._slack = slack
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect = redirect
        url = slack.api.client.base_url
        # It is asked as the app, not as the bot.
        self._api = Api("", url, clock=slack.clock)
        self._home = url.rstrip("/").removesuffix("/api")

    def address(self, state: str, nonce: str) -> str:
        """Where somebody signs in, and comes back from."""
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "state": state,
            "nonce": nonce,
        }
        return f"{self._home}/openid/connect/authorize?{urlencode(asked)}"

    def person(self, code: str, nonce: str) -> Person:
        """Who has come back with the ``code``. Raises NotAllowed for whoever is no member of the workspace."""
        answer = self._api.call(
            "openid.connect.token",
            client_id=self._client_id,
            client_secret=self._client_secret,
            code=code,
            redirect_uri=self._redirect,
            grant_type="authorization_code",
        )
        claims = self._claims(str(answer.get("id_token") or ""), nonce)
        us = self._slack.identity()
        at_home = claims.get(f"{_CLAIM}/team_id") == us.team
        if not at_home and not (us.enterprise and claims.get(f"{_CLAIM}/enterprise_id") == us.enterprise):
            raise NotAllowed(f"That is another workspace than {us.workspace or 'the bot’s own'}.")
        return self.member(str(claims.get(f"{_CLAIM}/user_id") or ""))

    def member(self, person: str) -> Person:
        """Raises NotAllowed where they are none, or a guest, who sees only the channels that they are in."""
        try:
            found = self._slack.person(person)
        except NotThere as error:
            raise NotAllowed("Slack knows no such member of this workspace.") from error
        if found.outsider or found.bot:
            raise NotAllowed("These pages are for members of the workspace.")
        if found.guest:
            raise NotAllowed("These pages are for full members of the workspace, and you are a guest in it.")
        return found

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """What Slack says of the person.

        The token comes from Slack itself over TLS, which stands for its signature:
        https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, 6.
        """
        try:
            claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise Rejected("Slack’s answer says nobody’s name.") from error
        home = urlsplit(self._home)
        audience = claims.get("aud")
        until = claims.get("exp")
        good = (
            claims.get("iss") in (ISSUER, f"{home.scheme}://{home.netloc}")
            and self._client_id in (audience if isinstance(audience, list) else [audience])
            and claims.get("nonce") == nonce
            and isinstance(until, int | float)
            and until > self._slack.clock.now().timestamp() - SKEW_SECONDS
        )
        if not good:
            raise Rejected("Slack’s answer is for somebody else, or too old.")
        return claims
