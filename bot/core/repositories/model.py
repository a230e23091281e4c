"""Which repositories the settings mean, by the forge's own numbers: names change hands, numbers do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KnownRepository:
    """The repository that an app's code is in.

    ``name`` is what the settings called it when it was looked at last, ``called`` what the forge did, empty where the
    forge shows it no more and its name belongs to another one. ``told`` is the address that admins were told last.
    """

    app: str
    name: str
    number: int
    called: str
    looked_at: datetime
    told: str = ""

    @property
    def address(self) -> str:
        """What the forge is to be asked for; where that would be another repository, a name that none can have.

        >>> KnownRepository("web", "acme/web", 7, "", datetime(2026, 3, 2)).address
        'acme/web#7'
        """
        return self.called or f"{self.name}#{self.number}"

    def spelled(self, written: str) -> str:
        """The address, in the settings' own spelling where it is called just as it is ``written`` there."""
        return written if same_name(self.address, written) else self.address

    def is_meant_by(self, name: str) -> bool:
        """Whether the settings mean it by this name: by the one that they had, or as they have followed since."""
        return any(same_name(name, one) for one in (self.name, self.called))


def same_name(one: str, other: str) -> bool:
    """GitHub ignores case there.

    >>> same_name("Acme/Web", "acme/web")
    True
    """
    return one.casefold() == other.casefold()


class RepositoryReads(Protocol):
    """What is known of them."""

    def all(self) -> Sequence[KnownRepository]:
        """One for each app, at most; also of apps that are in the settings no more."""


class RepositoryRecords(RepositoryReads, Protocol):
    """In a transaction, in which nobody else changes what ``all`` has told."""

    def save(self, known: KnownRepository) -> None:
        """Keep it in place of what was known of the app."""

    def moved(self, app: str, old: str, new: str) -> None:
        """What the app has deployed of ``old`` is found under ``new`` from now on: it is the same repository."""
