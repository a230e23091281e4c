"""What is written beside the code for whoever reads there: comments and labels of pull requests, and releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A release of the commit ``sha``, whose tag is made with it.

    ``text`` stands before the notes that the forge makes of what was merged, since the tag ``since`` where there is
    one. ``latest`` says whether it is shown as the newest.
    """

    tag: str
    sha: str
    name: str
    text: str
    since: str | None = None
    latest: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """``sha`` is the commit that it was asked for with; a branch where somebody else has made it."""

    id: int
    tag: str
    sha: str


class Publishing(Protocol):
    """Every method may raise the errors of ``bot.core.errors``.

    NotAllowed says that a permission is missing, Rejected that this one pull request takes nothing, as it is locked.
    """

    def find_comment(self, repository: str, number: int, marker: str) -> int | None:
        """The first comment of the bot's own on a pull request that begins with the ``marker``."""

    def comment(self, repository: str, number: int, body: str) -> int: ...

    def edit_comment(self, repository: str, comment_id: int, body: str) -> None:
        """Raises NotThere where somebody has deleted it."""

    def add_label(self, repository: str, number: int, label: str) -> None:
        """Idempotent; a label that the repository does not have yet is made."""

    def remove_label(self, repository: str, number: int, label: str) -> None:
        """Idempotent."""

    def find_release(self, repository: str, tag: str) -> Release | None: ...

    def release(self, repository: str, new: NewRelease) -> int:
        """It is not asked whether that was done before."""

    def mark_latest(self, repository: str, release_id: int) -> None: ...

    def lacks(self, repository: str, *, pull_requests: bool, releases: bool) -> Sequence[str]:
        """The permissions that the bot lacks to write on these, as far as can be told without trying."""
