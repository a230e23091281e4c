"""What the bot needs from the world, in its own words. Adapters implement these; tests bring models with behaviour.

Every method may raise the errors of ``bot.core.errors`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.core.events.external import Place
from bot.core.home_view import HomeView
from bot.core.modals.model import Modal
from bot.core.rich_text import Message


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the chat. ``forge_login`` is their GitHub login, where known.

    A ``trusted`` bot is one that the settings let give commands. A ``guest`` sees only the channels that they are in.
    """

    id: str
    name: str
    timezone: str | None = None
    email: str | None = None
    forge_login: str | None = None
    bot: bool = False
    foreign: bool = False
    deactivated: bool = False
    trusted: bool = False
    guest: bool = False

    @property
    def outsider(self) -> bool:
        """Whether they do not belong to the workspace, or no longer: then they may do nothing at all."""
        return (self.bot and not self.trusted) or self.foreign or self.deactivated


@dataclass(frozen=True, slots=True)
class Tag:
    """What a message tells, for other tools: which deployment (its request id) it is about, as what, in which state.

    ``kind`` is card, gates, run, end, again, reply, broadcast, direct or status.
    """

    deployment: str
    kind: str
    state: str


class Chat(Protocol):
    """Where people talk: Slack, or the terminal.

    ``between_edits`` is how long to wait, in seconds, before a message is edited again.
    """

    between_edits: float

    def post(
        self,
        place: Place,
        message: Message,
        *,
        key: str,
        maybe_sent: bool = False,
        broadcast: bool = False,
        tag: Tag | None = None,
    ) -> str:
        """Post and return the message's id. In the thread ``place.thread``, else at top level of the channel.

        ``key`` names this post for ever; with ``maybe_sent`` the chat is searched for a message with that key first,
        and its id returned, so that a repeat after a lost answer never posts twice. ``broadcast`` shows a threaded
        reply in the channel as well. Raises Unpostable where the channel is gone, archived, or the bot is not in it;
        ThreadGone where it was posted, but at top level, as there is no such thread any more.
        """

    def edit(
        self, channel: str, message_id: str, message: Message, *, key: str | None = None, tag: Tag | None = None
    ) -> None:
        """Replace a message of ours, which was posted under ``key``. Raises NotThere where somebody has deleted it."""

    def react(self, channel: str, message_id: str, emoji: str, *, on: bool = True) -> None:
        """Put an emoji of ours on a message, or take it off; once is as good as twice.

        Raises Unpostable or NotThere where that cannot be done, also where nobody has allowed it.
        """

    def whisper(self, place: Place, person: str, message: Message, *, key: str, maybe_sent: bool = False) -> None:
        """Show a message to one person only, at ``place``.

        Nobody can look up afterwards what one person was shown: after a lost answer (``maybe_sent``) it is shown again,
        not never. Where they gave a slash command that is in their direct messages, in which ``key`` is found again.
        """

    def answer_to_all(self, place: Place, message: Message) -> bool:
        """Say something for everybody where a command was given, as far as ``place`` brought a way to.

        False where it did not, or no longer does, so that nobody has read anything. Raises Unavailable, ``uncertain``
        where they may have: nobody can look that up.
        """

    def closed(self, channel: str) -> str | None:
        """Why nothing can be said in the channel, as a sentence, as far as its description tells; None if nothing."""

    def authenticate(self) -> None:
        """Raises NotAccepted where the bot's credentials are refused."""

    def person(self, person: str) -> Person:
        """Somebody, or a bot by its id. May be ten minutes old. Raises NotThere where there is no such person."""

    def person_by_email(self, email: str) -> Person | None:
        """Whose confirmed address it is in the workspace, None where there is nobody, or nobody may tell."""

    def forget(self, person: str) -> None:
        """Ask anew who the person is, and what groups they are in, when that is wanted next."""

    def group_members(self, handle: str) -> frozenset[str]:
        """Ids of the members of the user group ``@handle``. Raises NotThere where there is no such group."""

    def group_name(self, group: str) -> str | None:
        """What people call the user group with this id, without the ``@``. None where there is none to be seen."""

    def group_id(self, handle: str) -> str | None:
        """The id of the user group ``@handle``; None where there is no such group to be seen."""

    def channel_names(self, channel: str) -> frozenset[str]:
        """Every way to write the channel: its id, ``#name`` and ``name``; the id alone where it cannot be seen."""

    def channel_id(self, name: str) -> str | None:
        """The id behind ``#name``; an id is returned as it is, for a person's that of the direct message with them.

        None where there is no such channel to see.
        """

    def sees(self, person: Person, channel: str) -> bool:
        """Whether the person may read what is said in the channel (its id or ``#name``), as far as that is known."""

    def all_see(self, here: str, channel: str) -> bool:
        """Whether everybody who reads what is said ``here`` may read what is said in the ``channel``, too.

        As far as that is known; guests of the workspace are left aside.
        """

    def publish_home(self, person: str, view: HomeView) -> None:
        """Show that on the person's home tab, in the place of what was there. Raises NotThere or Rejected."""

    def fill_modal(self, view: str, shown: Modal, metadata: str, *, asked: bool, version: str | None) -> None:
        """Draw a modal that is open anew; ``asked`` where something is asked of a command.

        Raises NotThere or Rejected where it is closed, or was changed since it was that ``version``.
        """

    def unfurl(self, channel: str, message_id: str, shown: Mapping[str, Message]) -> None:
        """Show below somebody's message what links in it are about, by those links as they are written there.

        Once is as good as twice. Raises NotAllowed, NotThere or Rejected where that cannot be done.
        """

    def link_to(self, channel: str, message_id: str) -> str | None:
        """A permanent link to a message."""


class ChannelNames(Protocol):
    """Which channels are meant by which names, for ever: a channel that is renamed is still the one that was meant.

    Names are without ``#``, in lower case.
    """

    def meant(self, name: str) -> str | None:
        """The id of the channel that was found under the name first."""

    def names(self, channel: str) -> frozenset[str]:
        """The names under which the channel is meant."""

    def learned(self, name: str, channel: str) -> None:
        """From now on the name means this channel."""


class Notebook(Protocol):
    """Small things that an adapter has found out about the other side, and is to know after a restart, too."""

    def read(self, key: str) -> str | None:
        """What was found out last under ``key``. Raises Unavailable."""

    def write(self, key: str, value: str) -> None:
        """Keep it in the place of what was found out before. Raises Unavailable."""


class Clock(Protocol):
    """The only source of time. Handlers see one ``now`` per event instead."""

    def now(self) -> datetime:
        """Aware, UTC."""


class ReadsTimes(Protocol):
    """Understands moments and durations as people type them."""

    def moment(self, text: str, *, now: datetime, timezone: str) -> datetime | None:
        """``17:00``, ``tomorrow 9am``, ``fri 9:00``, ``in 2 hours``: the next such moment, aware.

        None if not understood.
        """

    def cron(self, text: str) -> str | None:
        """``weekday at 9:00``, ``monday 10:00``, ``day at 17:00`` → a cron line of five fields; else None."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``python -m bot check``: what was looked at, whether it is good, and how to mend it if not.

    A ``warning`` is good enough to go on with, but should be read.
    """

    good: bool
    what: str
    mend: str | None = None
    warning: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What has to be there for somebody to be concerned.

    A deployment that waits for the commit ``sha``, or has it live; where ``unended``, any that has not ended; where it
    counts for ``ours`` alone, a repository of ours with the sender's ``number`` besides. And whatever it tells: of ours
    under a name that is not known yet, or of another one under a name of ours, somebody has to know.
    """

    repository: str | None = None
    number: int | None = None
    sha: str | None = None
    unended: bool = False
    ours: bool = False

    @property
    def hardly(self) -> bool:
        """Whether it probably concerns nobody, so that it is not worth making its body small."""
        return self.sha is None or self.ours


NOBODY = About()


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that arrived, exactly as it arrived: stored first, understood later.

    ``id`` is the sender's own (``github:<X-GitHub-Delivery>``, ``slack:<channel>:<ts>``, ``clock:<job>:<fire time>``),
    so that a repeat is recognised. ``source`` is github, chat, clock or bot; ``name`` the kind within the source
    (GitHub's event name; for the others the stored name of an event, whose JSON is ``body``).

    One that is ``about`` what concerns nobody when it is stored is settled by that. Of those that say the same, by
    ``repeats``, and wait together, one is decided on; those of one subject, by ``joins``, are decided on together.
    ``subject`` tells whoever reads the log what it is about.
    """

    id: str
    source: Literal["github", "chat", "clock", "bot"]
    name: str
    body: bytes
    about: About | None = None
    repeats: str | None = None
    joins: str | None = None
    subject: str = ""


class Inbox(Protocol):
    """Where deliveries are kept until somebody has handled them."""

    def put(self, delivery: Delivery) -> bool:
        """Store durably; False if a delivery with this id is known already. Raises Unavailable."""
