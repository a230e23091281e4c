"""Who people are on the forge, and what they may do there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from bot.core.people.model import SignIn


class Users(Protocol):
    """All methods may raise the errors of ``bot.core.errors``.

    ``keeps_permissions`` is False where nobody is kept out: whoever sits at the machine owns the repository.
    ``sign_in`` is None where people cannot prove who they are.
    """

    @property
    def keeps_permissions(self) -> bool: ...

    @property
    def sign_in(self) -> SignIn | None: ...

    def own_login(self) -> str | None:
        """The login under which the bot itself acts; None where the forge does not tell it. At most an hour old."""

    def forget(self, login: str) -> None:
        """Ask anew what somebody may do, and what teams they are in, when that is wanted next."""

    def permission(self, repository: str, login: str) -> Literal["admin", "write", "read", "none"]:
        """What somebody may do with the repository; ``none`` where there is no such login. At most a minute old."""

    def is_team_member(self, team: str, login: str) -> bool:
        """Whether somebody is an active member of ``org/team``, at most a minute ago.

        Raises NotThere where there is no such team to be seen.
        """

    def team_members(self, team: str) -> Sequence[str]:
        """The logins of the members of ``org/team``, a few hundred at most. Raises NotThere as above."""

    def emails_of(self, repository: str, login: str) -> Iterator[str]:
        """Addresses that the forge itself takes for those of this login: the public one first, then that of commits.

        Each is asked for when it is wanted. Those that lead nowhere, as the forge gives them out in the place of real
        ones, are left out.
        """

    def login_by_email(self, email: str) -> str | None:
        """The login whose public e-mail address is exactly this one."""
