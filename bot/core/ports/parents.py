"""What is remembered of messages in the chat: parent messages, those that are away from home, and silences."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AwayCard:
    """A deployment whose parent message is not where it belongs: in ``channel`` (its id, else as the settings say).

    ``parent`` is its message there, where it had one before that channel was closed; ``reason`` why it is away.
    ``effect_id`` is the effect that takes it elsewhere, of several that find the channel closed.
    """

    deployment_id: int
    channel: str
    parent: str | None
    reason: str
    effect_id: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A channel in which the bot was not let speak, and why; ``visible``: see ``bot.core.errors.Unpostable``."""

    channel: str
    reason: str
    visible: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """A reply of ours, or a copy of a parent message, that is changed where it stands. ``drawn`` is its fingerprint."""

    channel: str
    message_id: str
    edited_at: datetime
    drawn: str


class Parents(Protocol):
    """Remembers parent messages, and where nothing could be said.

    These are facts that were found out in the chat, so they stay true whatever is decided: each is written at once.
    """

    def posted(self, card: int, channel: str, message_id: str, at: datetime, drawn: str = "") -> None:
        """The card's message was posted or edited at that moment; ``drawn`` is its fingerprint.

        It is that of all whose card it is: see ``Deployment.shown_on``. Who has left the card meanwhile has another.
        """

    def drawn(self, deployment_id: int) -> str | None:
        """The fingerprint of the parent message as it was posted or edited last."""

    def merge_posted(self, app: str, posted: Posted) -> None:
        """The app's merge card was posted or edited."""

    def merge_drawn(self, app: str) -> Posted | None:
        """How it was posted or edited last."""

    def reply(self, deployment_id: int, kind: str) -> Posted | None:
        """The deployment's reply of that kind."""

    def replied(self, deployment_id: int, kind: str, posted: Posted) -> None:
        """It was posted or edited."""

    def drawn_again(self, lane: str, effect_id: int) -> bool:
        """Whether a later effect of the lane will draw the message anyway."""

    def leaves(self, card: AwayCard) -> bool:
        """The deployment's message goes elsewhere; False where another effect takes it there or has done so.

        Atomic: one effect is told True, each time that it asks.
        """

    def away(self, deployment_id: int) -> AwayCard | None: ...

    def all_away(self) -> Sequence[AwayCard]:
        """In the order of the deployments."""

    def at_home(self, deployment_id: int) -> None:
        """The deployment's message is where it belongs, or is not needed there any more."""

    def fell_silent(self, silence: Silence, at: datetime, thread: str = "") -> bool:
        """In the channel, or one thread of it; whether nobody knew."""

    def silence(self, channel: str, thread: str = "") -> Silence | None: ...

    def silent_channels(self) -> Set[str]:
        """Those in which nothing could be said, also in one thread, and that show when that is over."""

    def speaks_again(self, channel: str, thread: str = "") -> None:
        """Something can be said in the channel: in its threads too, where they show it, and in that ``thread``."""
