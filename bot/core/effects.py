"""What a decision makes happen in the world: small frozen dataclasses, stored with the decision, done afterwards.

Effects with one ``lane`` are done one after another in the order in which they were decided; different lanes do not
wait for each other. Every effect looks before it acts, so that doing it again does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.arrivals import Place
from bot.core.messages import Message

Occasion: TypeAlias = Literal["success", "failure", "cancellation", "rollback", "hung"]
"""What the channel may want to hear of outside the thread: the environment's ``notify`` says which."""


@dataclass(frozen=True, slots=True)
class CreateDeployment:
    """Create our deployment on GitHub, unless one with its ``request_id`` is there already."""

    deployment_id: int

    @property
    def lane(self) -> str:
        return f"remote:{self.deployment_id}"


@dataclass(frozen=True, slots=True)
class PostStatus:
    """Report a status to GitHub, unless the deployment's last status there is this one."""

    deployment_id: int
    state: str
    description: str

    @property
    def lane(self) -> str:
        return f"remote:{self.deployment_id}"


@dataclass(frozen=True, slots=True)
class StartRun:
    """Let the app's provider carry the deployment out, unless it has begun already."""

    deployment_id: int

    @property
    def lane(self) -> str:
        return f"remote:{self.deployment_id}"


@dataclass(frozen=True, slots=True)
class RenderParent:
    """Bring the deployment's parent message up to date with the database; post it where there is none."""

    deployment_id: int

    @property
    def lane(self) -> str:
        return f"parent:{self.deployment_id}"


@dataclass(frozen=True, slots=True)
class PostInThread:
    """Add a line to the thread under the deployment's parent message; on some occasions the channel shows it too."""

    deployment_id: int
    message: Message
    occasion: Occasion | None = None

    @property
    def lane(self) -> str:
        return f"thread:{self.deployment_id}"


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a person where they spoke: in the thread of their message. ``only_to`` makes it ephemeral.

    ``else_to`` is who is told directly where the bot cannot speak there.
    """

    event_id: str
    place: Place
    message: Message
    only_to: str | None = None
    else_to: str | None = None

    @property
    def lane(self) -> str:
        return f"reply:{self.place.channel}:{self.place.thread or self.place.message or self.event_id}"


@dataclass(frozen=True, slots=True)
class Announce:
    """Say something in the app's channel, at top level."""

    app: str
    message: Message

    @property
    def lane(self) -> str:
        return f"announce:{self.app}"


@dataclass(frozen=True, slots=True)
class TellPerson:
    """Say something to one person directly; ``person`` is their chat id."""

    person: str
    message: Message

    @property
    def lane(self) -> str:
        return f"person:{self.person}"


@dataclass(frozen=True, slots=True)
class AskForRedelivery:
    """Ask GitHub to send a webhook again that did not reach the bot: see ``bot.core.past.FailedDelivery``."""

    delivery: int
    guid: str
    repository: str | None
    hook: int | None

    @property
    def lane(self) -> str:
        return f"redelivery:{self.hook}"


@dataclass(frozen=True, slots=True)
class ClearRecords:
    """Delete the record of deliveries, effects and workflows that ended before that moment; deployments stay."""

    before: datetime

    @property
    def lane(self) -> str:
        return "clear"


Effect: TypeAlias = (
    CreateDeployment
    | PostStatus
    | StartRun
    | RenderParent
    | PostInThread
    | Reply
    | Announce
    | TellPerson
    | AskForRedelivery
    | ClearRecords
)
