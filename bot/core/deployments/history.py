"""Keyset pagination through an app's deployments, newest first: what is looked for, and a page of what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.core.deployments.model import Deployment, State


@dataclass(frozen=True, slots=True)
class Wanted:
    """Deployments of an app, with the numbers below ``before``; None asks for nothing.

    ``ref`` is a ref, or the beginning of a commit's id; ``person`` whoever asked, by their name, chat id or login.
    """

    app: str
    environment: str | None = None
    state: State | None = None
    person: str | None = None
    ref: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What was found, newest first. There may be more ``before`` that number; None where there is none.

    ``cut`` says that the search has ended before it had found a whole page: it looks at a great many at most.
    """

    deployments: tuple[Deployment, ...]
    before: int | None = None
    cut: bool = False


class HistoryReads(Protocol):
    """Pages of an app's deployments, without what they ship and what is told of them."""

    def page(self, wanted: Wanted, size: int) -> Page:
        """Without an environment what previews do by themselves is left out: nobody means that."""
