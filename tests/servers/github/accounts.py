"""Who may do what on the GitHub server: tokens, GitHub Apps, and the permissions of both."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.github.json import LEVELS
from tests.servers.github.routes import Refusal
from tests.servers.github.state import Repository, iso

BY_TOKEN = "Resource not accessible by personal access token"
PERMISSIONS = {
    "deployments": "write",
    "checks": "write",
    "statuses": "write",
    "contents": "write",
    "pull_requests": "write",
    "metadata": "read",
}
SUSPENDED = "This installation has been suspended"
BY_APP = "Resource not accessible by integration"


@dataclass
class Credential:
    """Somebody's token. ``denied`` holds permissions it lacks, such as ``checks`` or ``deployments=write``."""

    login: str
    kind: str = "user"
    denied: set[str] = field(default_factory=set)
    repositories: set[str] | None = None
    expires_at: datetime | None = None
    app: App | None = None
    installation: int | None = None


@dataclass
class App:
    """A GitHub App. ``private_key`` is the PEM text that goes into GITHUB_PRIVATE_KEY."""

    app_id: str
    slug: str
    private_key: str
    public_key: str
    events: tuple[str, ...] = ("pull_request", "deployment", "deployment_status", "status", "check_run")
    hook_url: str = ""
    installations: dict[int, set[str]] = field(default_factory=dict)
    suspended: set[int] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    permissions: dict[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    accepted: dict[int, dict[str, str]] = field(default_factory=dict)
    """What the owner of an installation has agreed to, where that is not all that the App asks for."""

    def installation_of(self, repository: str) -> int | None:
        return next((id for id, names in self.installations.items() if repository in names), None)


class Accounts:
    """Tokens by their text, Apps by their id."""

    def __init__(self) -> None:
        self.tokens: dict[str, Credential] = {}
        self.apps: dict[str, App] = {}
        self._serial = itertools.count(1)

    def new_app(self, slug: str) -> App:
        private, public = _key_pair()
        app = App(str(4000 + next(self._serial)), slug, private, public)
        self.apps[app.app_id] = app
        return app

    def new_installation_token(self, app: App, installation: int, now: datetime) -> dict[str, object]:
        """A token of one hour, as GitHub answers it."""
        token, expires_at = f"ghs_{next(self._serial):036d}", now + timedelta(hours=1)
        self.tokens[token] = Credential(
            login=f"{app.slug}[bot]",
            kind="installation",
            denied=app.denied,
            repositories=app.installations[installation],
            expires_at=expires_at,
            app=app,
            installation=installation,
        )
        return {
            "token": token,
            "expires_at": iso(expires_at),
            "permissions": app.permissions,
            "repository_selection": "selected",
        }

    def credential(self, header: str | None, now: datetime) -> Credential:
        """Whose ``Authorization`` header this is. Raises Refusal (401)."""
        if not header:
            raise Refusal(401, "Requires authentication")
        _, _, token = header.partition(" ")
        if token.count(".") == 2:
            return self._app_itself(token, now)
        found = self.tokens.get(token)
        if found is None or (found.expires_at is not None and found.expires_at <= now):
            raise Refusal(401, "Bad credentials")
        if found.app is not None and found.installation in found.app.suspended:
            raise Refusal(403, SUSPENDED)
        return found

    def _app_itself(self, token: str, now: datetime) -> Credential:
        """https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app"""
        unread = {"verify_signature": False, "verify_exp": False, "verify_iat": False}
        app = self.apps.get(str(jwt.decode(token, options=unread).get("iss")))
        if app is None:
            raise Refusal(404, "Integration not found")
        trusting = {"verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, app.public_key, algorithms=["RS256"], options=trusting)
        except jwt.InvalidTokenError as broken:
            raise Refusal(401, "A JSON web token could not be decoded") from broken
        if claims["exp"] <= now.timestamp():
            raise Refusal(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
        if claims["exp"] > now.timestamp() + 600:
            raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
        if claims["iat"] > now.timestamp() + 5:
            raise Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time in the past")
        return Credential(app.slug, "app", app=app)


def check_access(credential: Credential, repository: Repository, needs: str) -> None:
    """Raises Refusal: 404 where the repository must not be known to exist, 403 where the permission is lacking."""
    level = "write" if credential.kind == "installation" else repository.permissions.get(credential.login, "none")
    if credential.repositories is not None and repository.full_name not in credential.repositories:
        raise Refusal(404, "Not Found")
    if level == "none" and repository.private:
        raise Refusal(404, "Not Found")
    # One of several is enough, of which the last is the one that does for a pull request:
    # https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#insufficient-permissions-errors
    accepted, needs = needs, needs.rpartition("; ")[2]
    permission, _, access = needs.partition("=")
    if permission == "administration" and level != "admin":  # webhooks: as if there were none
        raise Refusal(404, "Not Found")
    able = level in LEVELS and LEVELS.index(level) >= LEVELS.index("write")
    if {permission, needs} & credential.denied or (access == "write" and not able):
        message = BY_APP if credential.kind == "installation" else BY_TOKEN
        raise Refusal(403, message, headers={"X-Accepted-GitHub-Permissions": accepted})


def other_key() -> str:
    """The public key of another pair: what is signed with the old private key is refused."""
    return _key_pair(1)[1]


@functools.cache
def _key_pair(_number: int = 0) -> tuple[str, str]:
    """Made once for each run of the tests: it takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
