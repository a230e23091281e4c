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

    def plain(self, request_id: str) -> str | None:  # noqa: ARG002
        return None


NO_PAGES = NoPages()
