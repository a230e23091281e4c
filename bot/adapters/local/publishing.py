"""The ``Publishing`` port of git on this machine, whose pull requests have no page to write on."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.errors import Rejected
from bot.core.ports.publishing import NewRelease, Release

NO_PAGE = "Without GitHub there are no pages of pull requests or releases to write on."


class LocalPublishing:
    """Implements ``bot.core.ports.publishing.Publishing``."""

    def find_comment(self, repository: str, number: int, marker: str) -> int | None:  # noqa: ARG002
        return None

    def comment(self, repository: str, number: int, body: str) -> int:  # noqa: ARG002
        raise Rejected(NO_PAGE)

    def edit_comment(self, repository: str, comment_id: int, body: str) -> None:  # noqa: ARG002
        raise Rejected(NO_PAGE)

    def add_label(self, repository: str, number: int, label: str) -> None:  # noqa: ARG002
        raise Rejected(NO_PAGE)

    def remove_label(self, repository: str, number: int, label: str) -> None:
        """Nothing ever has one here."""

    def find_release(self, repository: str, tag: str) -> Release | None:  # noqa: ARG002
        return None

    def release(self, repository: str, new: NewRelease) -> int:  # noqa: ARG002
        raise Rejected(NO_PAGE)

    def mark_latest(self, repository: str, release_id: int) -> None:  # noqa: ARG002
        raise Rejected(NO_PAGE)

    def lacks(self, repository: str, *, pull_requests: bool, releases: bool) -> Sequence[str]:  # noqa: ARG002
        return ()
