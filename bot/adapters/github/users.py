"""Who people are on GitHub and what they may do there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal, TypeAlias
from urllib.parse import quote

from cachetools import TTLCache, cachedmethod
from msgspec import Struct

from bot.adapters.github.http import Auth, Connection
from bot.adapters.github.payloads import Account, Named, Repo
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.people.logins import in_lower_case, same_login
from bot.core.people.model import SignIn
from bot.core.ports.chat import Clock

KEPT_FOR = timedelta(minutes=1)
"""Somebody whose permission is taken away keeps it here for this long at most, from GitHub's last answer on."""
OWN_KEPT_FOR = timedelta(hours=1)
"""A login can be changed, and is what it is called now wherever GitHub shows it."""
MOST_KEPT = 5_000
CANDIDATES = 3
Level: TypeAlias = Literal["admin", "write", "read", "none"]


class CredentialOwner(Struct, frozen=True):
    """Whom credentials belong to: a user has a ``login``; an App has a ``slug``, ``permissions`` and ``events``."""

    login: str = ""
    slug: str = ""
    events: list[str] = []
    permissions: dict[str, str] = {}

    @property
    def acts_as(self) -> str | None:
        """The login that GitHub shows for what is done with them."""
        return self.login or (f"{self.slug}[bot]" if self.slug else None)


class _CollaboratorPermission(Struct, frozen=True):
    """https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user

    ``maintain`` is told as ``write`` here, ``triage`` as ``read``, and roles of one's own as what they are based on.
    """

    permission: Level


class _TeamMembership(Struct, frozen=True):
    """``pending`` until an invitation is accepted."""

    state: str


class _Profile(Struct, frozen=True):
    login: str
    email: str | None = None


class _Signature(Struct, frozen=True):
    email: str = ""


class _Written(Struct, frozen=True):
    author: _Signature | None = None


class _WrittenCommit(Struct, frozen=True):
    """https://docs.github.com/en/rest/commits/commits#list-commits

    ``author`` is the account to which GitHub counts the commit: only such as have shown that its address is theirs.
    """

    commit: _Written
    author: Account | None = None


class _Found(Struct, frozen=True):
    items: list[_Profile]


def _leads_nowhere(email: str) -> bool:
    """Whether GitHub has made it up, as ``123+octocat@users.noreply.github.com``; an Enterprise server has its own."""
    return re.fullmatch(r"[^\s@]+@(?:[^\s@]+\.)?noreply\.[^\s@]+|noreply@.*", in_lower_case(email)) is not None


def _regardless_of_case(_: GitHubUsers, place: str, login: str) -> str:
    return in_lower_case(f"{place} {login}")


class GitHubUsers:
    """Implements ``bot.core.ports.users.Users``. Safe to share between threads.

    ``auth`` holds the credentials of ``connection``.
    """

    keeps_permissions = True

    def __init__(self, connection: Connection, clock: Clock, sign_in: SignIn | None, auth: Auth) -> None:
        self._connection = connection
        self._auth = auth
        self._sign_in = sign_in
        self._levels: TTLCache[str, Level, datetime] = TTLCache(MOST_KEPT, KEPT_FOR, clock.now)
        self._memberships: TTLCache[str, bool, datetime] = TTLCache(MOST_KEPT, KEPT_FOR, clock.now)
        self._own: TTLCache[str, str | None, datetime] = TTLCache(1, OWN_KEPT_FOR, clock.now)
        self._lock = Lock()

    @property
    def sign_in(self) -> SignIn | None:
        return self._sign_in

    @cachedmethod(lambda self: self._own, key=lambda self: self._auth.about_itself, lock=lambda self: self._lock)
    def own_login(self) -> str | None:
        try:
            return self._connection.get(self._auth.about_itself, CredentialOwner).acts_as
        except (NotAllowed, NotThere, Rejected):  # an installation's token may not ask who it is
            return None

    def forget(self, login: str) -> None:
        with self._lock:
            for kept in (self._levels, self._memberships):
                for key in [key for key in kept if key.endswith(f" {login}".lower())]:
                    kept.pop(key, None)

    def permission(self, repository: str, login: str) -> Level:
        return self._ask_level(repository, login)

    def is_team_member(self, team: str, login: str) -> bool:
        return self._ask_membership(team, login)

    def team_members(self, team: str) -> tuple[str, ...]:
        organization, _, slug = team.partition("/")
        path = f"/orgs/{quote(organization, safe='')}/teams/{quote(slug, safe='')}/members"
        pages = self._connection.pages(path, list[Account], most=3)
        return tuple(member.login for page in pages for member in page)

    def emails_of(self, repository: str, login: str) -> Iterator[str]:
        """The public address of the profile, then that of their last commit in the repository."""
        for ask in (self._public_email, self._commit_email):
            email = None
            with suppress(NotAllowed, NotThere, Rejected):
                email = ask(repository, login)
            if email and not _leads_nowhere(email):
                yield email

    def _public_email(self, _repository: str, login: str) -> str | None:
        return self._connection.get(f"/users/{quote(login, safe='')}", _Profile).email

    def _commit_email(self, repository: str, login: str) -> str | None:
        path = f"/repos/{quote(repository)}/commits"
        for one in self._connection.get(path, list[_WrittenCommit], author=login, per_page=1):
            if one.author is not None and same_login(one.author.login, login) and one.commit.author is not None:
                return one.commit.author.email
        return None

    def login_by_email(self, email: str) -> str | None:
        """GitHub's search finds similar addresses too, so that the profile has the last word.

        A public address is one that GitHub has verified, and belongs to one account only.
        """
        if not re.fullmatch(r"[^\s@\":]+@[^\s@\":]+", email):
            return None
        try:
            found = self._connection.get("/search/users", _Found, q=f"{email} in:email", per_page=CANDIDATES)
        except Rejected:  # 422: the search takes no such word
            return None
        for one in found.items[:CANDIDATES]:
            profile = self._connection.get(f"/users/{quote(one.login, safe='')}", _Profile)
            if profile.email is not None and in_lower_case(profile.email) == in_lower_case(email):
                return profile.login
        return None

    @cachedmethod(lambda self: self._levels, key=_regardless_of_case, lock=lambda self: self._lock)
    def _ask_level(self, repository: str, login: str) -> Level:
        path = f"/repos/{quote(repository)}/collaborators/{quote(login, safe='')}/permission"
        try:
            return self._connection.get(path, _CollaboratorPermission).permission
        except NotThere:
            # No such login, or no such repository: asking for the repository tells which, and raises.
            self._connection.get(f"/repos/{quote(repository)}", Repo)
            return "none"

    @cachedmethod(lambda self: self._memberships, key=_regardless_of_case, lock=lambda self: self._lock)
    def _ask_membership(self, team: str, login: str) -> bool:
        organization, _, slug = team.partition("/")
        path = f"/orgs/{quote(organization, safe='')}/teams/{quote(slug, safe='')}"
        try:
            found = self._connection.get(f"{path}/memberships/{quote(login, safe='')}", _TeamMembership)
            return found.state == "active"
        except NotThere:
            pass
        try:  # not in the team, or no such team: asking for the team tells which
            self._connection.get(path, Named)
        except NotThere as unseen:
            raise NotThere(f"GitHub has no team {team}, or {self._auth.named} cannot see it.") from unseen
        return False
