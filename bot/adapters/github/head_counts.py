"""How many people belong to a team or may write to a repository, where one request tells it."""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct

from bot.adapters.github.http import Connection
from bot.core.errors import ShipmateError

MOST = 100
"""So many come with one request; where there are more, nobody counts them."""


class _Team(Struct, frozen=True):
    """https://docs.github.com/en/rest/teams/teams#get-a-team-by-name"""

    members_count: int


class _Collaborator(Struct, frozen=True):
    """https://docs.github.com/en/rest/collaborators/collaborators#list-repository-collaborators"""

    login: str
    permissions: dict[str, bool] = {}


class HeadCounts:
    """Implements ``bot.exposure.HeadCounts``. What GitHub does not tell, or not at once, is None."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_team(self, team: str) -> int | None:
        organization, _, slug = team.partition("/")
        path = f"/orgs/{quote(organization, safe='')}/teams/{quote(slug, safe='')}"
        try:
            return self._connection.get(path, _Team).members_count
        except ShipmateError:
            return None

    def writers(self, repository: str) -> int | None:
        """Everybody with write permission, however they have it."""
        found = self._writing(repository, "all")
        return None if found is None else len(found)

    def outside_writers(self, repository: str) -> tuple[str, ...]:
        """Logins of those among them who do not belong to the organisation."""
        return self._writing(repository, "outside") or ()

    def _writing(self, repository: str, affiliation: str) -> tuple[str, ...] | None:
        path = f"/repos/{quote(repository)}/collaborators"
        try:
            found = self._connection.get(path, list[_Collaborator], affiliation=affiliation, per_page=MOST)
        except ShipmateError:
            return None
        if len(found) >= MOST:
            return None
        return tuple(one.login for one in found if one.permissions.get("push", False))
