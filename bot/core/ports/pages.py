"""Where the bot's own pages are, as far as people can see them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Pages(Protocol):
    """Addresses of pages. None where there are none."""

    def deployment(self, request_id: str, now: datetime) -> str | None:
        """For those who read what the bot says: whoever follows it may see the page.

        The same for a day, so that a message does not change with it. Raises Unavailable.
        """

    def app(self, name: str, now: datetime) -> str | None:
        """Of an app, with its history and figures, for those who may see how it stands; as with ``deployment``."""

    def board(self, now: datetime) -> str | None:
        """Of all apps, and all pages from there on, for those who may see all of them; as with ``deployment``."""

    def plain(self, request_id: str) -> str | None:
        """For everybody's eyes: who follows it has to show who they are."""

    @property
    def sign_in(self) -> bool:
        """Whether people can show who they are."""


class NoPages:
    """Nobody serves any."""

    sign_in = False

    def deployment(self, request_id: str, now: datetime) -> str | None:  # noqa: ARG002
        return None

    def app(self, name: str, now: datetime) -> str | None:  # noqa: ARG002
        return None

    def board(self, now: datetime) -> str | None:  # noqa: ARG002
        return None

    def plain(self, request_id: str) -> str | None:  # noqa: ARG002
        return None


NO_PAGES = NoPages()
