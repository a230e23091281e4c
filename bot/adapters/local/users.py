"""People at this machine: everybody is who they say, and owns what is here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

BOT = "shipmate"
"""As whom the bot creates deployments."""


class LocalUsers:
    """Implements ``bot.core.ports.users.Users``."""

    keeps_permissions = False

    @property
    def sign_in(self) -> None:
        return None

    def own_login(self) -> str | None:
        return BOT

    def forget(self, login: str) -> None:
        """Nobody's rights change here."""

    def permission(self, repository: str, login: str) -> Literal["admin"]:  # noqa: ARG002 - whoever sits here owns it
        return "admin"

    def is_team_member(self, team: str, login: str) -> bool:  # noqa: ARG002 - there are no teams to be kept out of
        return True

    def team_members(self, team: str) -> tuple[str, ...]:  # noqa: ARG002 - nor to be told anything
        return ()

    def emails_of(self, repository: str, login: str) -> Iterator[str]:  # noqa: ARG002 - nor to be written to
        return iter(())

    def login_by_email(self, email: str) -> str | None:  # noqa: ARG002 - everybody here is who they say
        return None
