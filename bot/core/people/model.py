"""Who somebody in the chat is on GitHub, how that is known, and how it is being proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

from bot.core.events.external import Place

FOUND_FOR = timedelta(days=1)
"""How long a login that was found by an e-mail address is believed before it is looked for again."""
MISSED_FOR = timedelta(hours=1)
"""How long nobody is looked for again after nobody was found."""


ANSWERED_WITHIN = timedelta(hours=24)
"""How long somebody's claim to a login waits for the answer of whoever holds it."""


class How(StrEnum):
    """How a login is known. Proof counts most, then what the settings say, then what an address tells."""

    LINK = "link"
    SETTINGS = "settings"
    CHAT = "chat"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's GitHub login, None where an address was looked for and nobody found. ``at`` is when it was learned."""

    chat_id: str
    login: str | None
    how: How
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """Who a login is, by an e-mail address that GitHub tells of it: ``chat_id`` is None where nobody was found.

    Good enough for somebody to be told something, never to be let do something.
    """

    login: str
    chat_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PendingLink:
    """A proof under way: GitHub is asked every ``interval`` seconds whether the person has signed in as ``login``.

    ``attempt`` is new for each ``link``, so that what is left of an earlier one is recognised. ``device_code`` is what
    the bot asks with, and nobody else may see it.
    """

    chat_id: str
    attempt: str
    login: str
    place: Place
    interval: float
    expires_at: datetime
    device_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """A login that a person has proved to be theirs while ``holder`` has it: it is theirs when that person agrees.

    Of the proof nothing is kept but this.
    """

    chat_id: str
    login: str
    holder: str
    place: Place
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person is shown to prove who they are: ``user_code`` is typed in at ``url``, until ``expires_at``.

    The bot asks with ``code``, which nobody else may see, no more often than every ``interval`` seconds.
    """

    user_code: str
    url: str
    interval: float
    expires_at: datetime
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """How far a proof has come: a ``login`` once it is ``done``, the new pace where we are to ask ``slower``."""

    state: Literal["pending", "slower", "done", "expired", "denied"]
    login: str | None = None
    interval: float | None = None


class SignIn(Protocol):
    """GitHub's device flow, by which people prove who they are. Nothing is kept of what it gives us."""

    def begin(self) -> DeviceCode:
        """Raises Rejected where GitHub does not offer it to us, with the way to mend that."""

    def ask(self, code: str) -> SignedIn: ...


class PeopleReads(Protocol):
    """What is remembered of people."""

    def identity(self, chat_id: str) -> Identity | None:
        """What was proved, else what was found by the e-mail address, however old."""

    def chat_id_of(self, login: str, *, besides: str | None = None) -> str | None:
        """The person who is this GitHub login; GitHub ignores case. ``besides`` is somebody who is left out."""

    def reached(self, login: str) -> Reached | None:
        """What was found out about a login in order to tell them something, however old; GitHub ignores case."""

    def muted(self, chat_id: str) -> datetime | None:
        """Since when the person wants to be neither mentioned nor written to of the bot's own accord."""

    def claim(self, chat_id: str) -> Claim | None:
        """The login that the person waits for."""

    def pending(self, chat_id: str) -> PendingLink | None:
        """The proof that the person has begun."""


class PeopleRecords(PeopleReads, Protocol):
    """What a decision may write about people."""

    def learn(self, identity: Identity) -> None:
        """Remember who somebody is. What was proved is replaced by a newer proof only."""

    def mute(self, chat_id: str, since: datetime) -> None:
        """Who is muted already stays so since then."""

    def unmute(self, chat_id: str) -> None: ...

    def begin_link(self, pending: PendingLink) -> None:
        """In place of an earlier one of the same person."""

    def end_link(self, chat_id: str) -> None: ...

    def begin_claim(self, claim: Claim) -> None:
        """In place of an earlier one of the same person."""

    def end_claim(self, chat_id: str) -> bool:
        """Whether there was one: of several who decide on it at the same instant one does."""

    def forget(self, login: str, *, besides: str) -> None:
        """Nobody but this person is the login any more."""


def known(
    chat_id: str, *, row: Identity | None, mapped: str | None, told: str | None, now: datetime
) -> Identity | None:
    """Who somebody is as far as it is known without asking: ``row`` is remembered, ``mapped`` stands in the settings.

    ``told`` is what the chat itself says. None where an e-mail address may tell more.
    """
    if row is not None and row.how is How.LINK:
        return row
    if mapped is not None:
        return Identity(chat_id, mapped, How.SETTINGS)
    if told is not None:
        return Identity(chat_id, told, How.CHAT)
    if row is None or row.at is None:
        return None
    believed = MISSED_FOR if row.login is None else FOUND_FOR
    return row if now - row.at < believed else None
