"""Sign in with Slack: what somebody does on Slack's page, and the code that the app takes to Slack afterwards.

https://docs.slack.dev/authentication/sign-in-with-slack
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from tests.servers.slack.methods import Answer, Arguments, Refused
from tests.servers.slack.state import User

CLIENT_ID, CLIENT_SECRET = "123.456", "client-secret-789"


class OpenId:
    """A code is good once, for the app and the address that it was made for."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, dict[str, Any]]] = {}

    def approves(self, user: User, address: str, **claims: Any) -> str:
        """Where the person is sent after saying yes at ``address``; ``claims`` that are told otherwise."""
        page = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(page.query).items()}
        assert page.path == "/openid/connect/authorize"
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self._codes)}"
        now = int(time.time())
        told = {
            "iss": "https://slack.com",
            "sub": user.id,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            "https://slack.com/user_id": user.id,
            "https://slack.com/team_id": user.team,
        }
        self._codes[code] = (asked["redirect_uri"], {**told, **claims})
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def exchange(self, given: Arguments) -> Answer:
        """``openid.connect.token``."""
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("bad_client_secret")
        address, claims = self._codes.pop(str(given.get("code")), ("", {}))
        if not claims:
            raise Refused("invalid_code")
        if given.get("redirect_uri") != address:
            raise Refused("bad_redirect_uri")
        token = jwt.encode(claims, "a key of Slack's, which is thirty-two bytes and more", algorithm="HS256")
        return {"access_token": "xoxp-1", "token_type": "Bearer", "id_token": token}
