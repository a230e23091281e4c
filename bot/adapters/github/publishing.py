"""Comments, labels and releases: the ``Publishing`` port over GitHub's REST API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from bot.adapters.github.http import Auth, Connection, at
from bot.adapters.github.payloads import Id, Repo
from bot.adapters.github.users import CredentialOwner
from bot.core.errors import NotThere, Rejected
from bot.core.people.logins import same_login
from bot.core.ports.forge_types import JSON
from bot.core.ports.publishing import NewRelease, Release

COMMENT_PAGES = 10
"""How many hundred comments of a pull request are looked through for the bot's own."""
LONGEST_NOTES = 120_000
"""Characters of a release's text; GitHub takes 125,000."""


class _Author(Struct, frozen=True):
    login: str = ""
    type: str = ""


class _Comment(Struct, frozen=True):
    """https://docs.github.com/en/rest/issues/comments; a pull request is an issue as well."""

    id: Id
    body: str | None = None
    user: _Author | None = None


class _Label(Struct, frozen=True):
    name: str


class _Release(Struct, frozen=True):
    """https://docs.github.com/en/rest/releases/releases"""

    id: Id
    tag_name: str
    target_commitish: str = ""


class _Notes(Struct, frozen=True):
    body: str


class GitHubPublishing:
    """Implements ``bot.core.ports.publishing.Publishing``. Safe to share between threads.

    ``own_login`` tells as whom things are written, None where the credentials may not ask.
    """

    def __init__(self, connection: Connection, auth: Auth, own_login: Callable[[], str | None]) -> None:
        self._connection = connection
        self._auth = auth
        self._own_login = own_login

    def find_comment(self, repository: str, number: int, marker: str) -> int | None:
        path = at(repository, "issues", number, "comments")
        for page in self._connection.pages(path, list[_Comment], most=COMMENT_PAGES):
            for one in page:
                if (one.body or "").startswith(marker) and self._is_own(one):
                    return one.id
        return None

    def _is_own(self, comment: _Comment) -> bool:
        """Anybody can write a marker. Credentials that may not ask who they are belong to an app."""
        author, own = comment.user or _Author(), self._own_login()
        return author.type == "Bot" if own is None else same_login(author.login, own)

    def comment(self, repository: str, number: int, body: str) -> int:
        return self._connection.post(at(repository, "issues", number, "comments"), {"body": body}, _Comment).id

    def edit_comment(self, repository: str, comment_id: int, body: str) -> None:
        self._connection.patch(at(repository, "issues", "comments", comment_id), {"body": body})

    def add_label(self, repository: str, number: int, label: str) -> None:
        self._connection.post(at(repository, "issues", number, "labels"), {"labels": [label]}, list[_Label])

    def remove_label(self, repository: str, number: int, label: str) -> None:
        with suppress(NotThere):
            self._connection.delete(at(repository, "issues", number, "labels", label))

    def find_release(self, repository: str, tag: str) -> Release | None:
        try:
            found = self._connection.get(at(repository, "releases", "tags", tag), _Release)
        except NotThere:
            return None
        return Release(found.id, found.tag_name, found.target_commitish)

    def release(self, repository: str, new: NewRelease) -> int:
        """Two requests where it is known since when; else GitHub chooses the release that its notes begin with."""
        notes = self._notes(repository, new)
        body: dict[str, JSON] = {
            "tag_name": new.tag,
            "target_commitish": new.sha,
            "name": new.name,
            "body": f"{new.text}\n\n{notes}"[:LONGEST_NOTES] if notes is not None else new.text,
            "generate_release_notes": notes is None,
            "make_latest": "true" if new.latest else "false",
        }
        return self._connection.post(at(repository, "releases"), body, _Release).id

    def _notes(self, repository: str, new: NewRelease) -> str | None:
        """None where there is no tag to begin with, or somebody has deleted it."""
        if new.since is None:
            return None
        body: dict[str, JSON] = {
            "tag_name": new.tag,
            "target_commitish": new.sha,
            "previous_tag_name": new.since,
        }
        try:
            return self._connection.post(at(repository, "releases", "generate-notes"), body, _Notes).body
        except (NotThere, Rejected):
            return None

    def mark_latest(self, repository: str, release_id: int) -> None:
        self._connection.patch(at(repository, "releases", release_id), {"make_latest": "true"})

    def lacks(self, repository: str, *, pull_requests: bool, releases: bool) -> Sequence[str]:
        """An App says what it may; of a token only what its owner may is told, and not what it was made for."""
        if self._auth.about_itself != "/app":
            may = self._connection.get(at(repository), Repo).permissions
            return ["write access"] if may and not may.get("push", False) else []
        granted = self._connection.get(self._auth.about_itself, CredentialOwner).permissions
        needed = [*(["pull_requests"] if pull_requests else []), *(["contents"] if releases else [])]
        return [f"{name}: write" for name in needed if granted.get(name) != "write"]
