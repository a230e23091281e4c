"""People on the GitHub server: teams, public e-mail addresses, and the device flow by which they sign in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.servers.github.accounts import Accounts, Credential
from tests.servers.github.routes import Answer, Call, Refusal, route

EXPIRES_IN = 900
INTERVAL = 5


@dataclass
class People:
    """``base`` is what somebody may do with every repository that says nothing else; ``teams`` are by ``org/slug``.

    ``emails`` are the public ones, ``written`` those that people write commits with.
    """

    base: dict[str, str] = field(default_factory=dict)
    teams: dict[str, dict[str, str]] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)

    def level(self, permissions: dict[str, str], login: str) -> str:
        return permissions.get(login, self.base.get(login, "none"))


@route("GET", "/orgs/{org}/teams/{slug}/memberships/{login}", "")
def team_membership(call: Call) -> Answer:
    """A person is asked for in any case; who is invited only is pending."""
    if "members=read" in call.credential.denied:
        raise Refusal(403, "Resource not accessible", headers={"X-Accepted-GitHub-Permissions": "members=read"})
    if call.credential.kind == "app":
        raise Refusal(401, "A JSON web token could not be decoded")
    team = call.world.people.teams.get(f"{call.params['org']}/{call.params['slug']}", {})
    state = {login.lower(): state for login, state in team.items()}.get(call.params["login"].lower())
    if state is None:
        raise Refusal(404, "Not Found")
    return Answer({"state": state, "role": "member", "url": f"{call.world.url}{call.path}"})


@route("GET", "/orgs/{org}/teams/{slug}/members", "")
def team_members(call: Call) -> Answer:
    """https://docs.github.com/en/rest/teams/members#list-team-members"""
    if "members=read" in call.credential.denied:
        raise Refusal(403, "Resource not accessible by personal access token")
    team = call.world.people.teams.get(f"{call.params['org']}/{call.params['slug']}")
    if team is None:
        raise Refusal(404, "Not Found")
    return Answer([call.world.write.user(login) for login, state in team.items() if state == "active"])


@route("GET", "/orgs/{org}/teams/{slug}", "")
def team(call: Call) -> Answer:
    members = call.world.people.teams.get(f"{call.params['org']}/{call.params['slug']}")
    if members is None:
        raise Refusal(404, "Not Found")
    count = sum(state == "active" for state in members.values())
    return Answer({"name": call.params["slug"].title(), "slug": call.params["slug"], "members_count": count})


@route("GET", "/search/users", "")
def search_users(call: Call) -> Answer:
    """Similar addresses are found too, as GitHub does it."""
    if call.credential.kind == "app":
        raise Refusal(401, "A JSON web token could not be decoded")
    words, _, qualifier = call.query["q"].partition(" ")
    assert qualifier == "in:email"
    part = words.partition("@")[2].partition(".")[0].lower()
    found = [login for login, email in call.world.people.emails.items() if part in email.lower()]
    items = [call.world.write.user(login) for login in found[: int(call.query.get("per_page", "30"))]]
    return Answer({"total_count": len(found), "incomplete_results": False, "items": items})


@route("GET", "/users/{login}", "")
def profile(call: Call) -> Answer:
    login = call.params["login"]
    return Answer({**call.world.write.user(login), "email": call.world.people.emails.get(login)})


@route("GET", "/orgs/{org}/installation", "")
def organization_installation(call: Call) -> Answer:
    app = call.credential.app
    if call.credential.kind != "app" or app is None:
        raise Refusal(401, "A JSON web token could not be decoded")
    for id, names in app.installations.items():
        if any(name.startswith(f"{call.params['org']}/") for name in names):
            return Answer({"id": id})
    raise Refusal(404, "Not Found")


@route("GET", "/app/installations", "")
def installations(call: Call) -> Answer:
    app = call.credential.app
    if call.credential.kind != "app" or app is None:
        raise Refusal(401, "A JSON web token could not be decoded")
    of = {id: next(iter(names), "nobody/nothing").partition("/")[0] for id, names in app.installations.items()}
    suspended = call.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return Answer(
        [
            {
                "id": id,
                "account": {"login": owner},
                "permissions": app.accepted.get(id, app.permissions),
                "suspended_at": suspended if id in app.suspended else None,
            }
            for id, owner in of.items()
        ]
    )


@dataclass
class Code:
    """One sign-in: what the person types in, and what has become of it."""

    user_code: str
    expires_at: datetime
    interval: int = INTERVAL
    asked_at: datetime | None = None
    login: str | None = None
    declined: bool = False


class SignIns:
    """https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow

    ``enabled`` is what the app's owner has ticked. Everything but a wrong address is answered with status 200.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], datetime], client_id: str) -> None:
        self.client_id = client_id
        self.enabled = True
        self.codes: dict[str, Code] = {}
        self._accounts = accounts
        self._now = now
        self._serial = itertools.count(1)

    def enter(self, user_code: str, login: str) -> None:
        """A person, signed in as ``login``, types the code in and agrees."""
        self._typed(user_code).login = login

    def decline(self, user_code: str) -> None:
        self._typed(user_code).declined = True

    def answer(self, path: str, body: dict[str, Any], accept: str) -> Answer:
        if accept != "application/json":
            raise Refusal(406, "Without Accept: application/json the answer is a form.")
        if body.get("client_id") != self.client_id:
            if path == "/login/device/code":
                raise Refusal(404, "Not Found")
            return Answer({"error": "incorrect_client_credentials"})
        if not self.enabled:
            return Answer({"error": "device_flow_disabled"})
        return self._new() if path == "/login/device/code" else self._token(body)

    def _typed(self, user_code: str) -> Code:
        return next(code for code in self.codes.values() if code.user_code == user_code)

    def _new(self) -> Answer:
        number = next(self._serial)
        code = Code(f"WDJB-{number:04d}", self._now() + timedelta(seconds=EXPIRES_IN))
        device_code = f"{number:040d}"
        self.codes[device_code] = code
        shown = {"verification_uri": "https://github.com/login/device", "expires_in": EXPIRES_IN, "interval": INTERVAL}
        return Answer({"device_code": device_code, "user_code": code.user_code, **shown})

    def _token(self, body: dict[str, Any]) -> Answer:
        if body.get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code":
            return Answer({"error": "unsupported_grant_type"})
        code = self.codes.get(str(body.get("device_code")))
        if code is None:
            return Answer({"error": "incorrect_device_code"})
        now = self._now()
        too_soon = code.asked_at is not None and now < code.asked_at + timedelta(seconds=code.interval)
        code.asked_at = now
        if now >= code.expires_at:
            return Answer({"error": "expired_token"})
        if too_soon:
            code.interval += 5
            return Answer({"error": "slow_down", "interval": code.interval})
        if code.declined:
            return Answer({"error": "access_denied"})
        if code.login is None:
            return Answer({"error": "authorization_pending"})
        del self.codes[str(body["device_code"])]
        token = f"gho_{next(self._serial):036d}"
        self._accounts.tokens[token] = Credential(code.login)
        return Answer({"access_token": token, "token_type": "bearer", "scope": ""})
