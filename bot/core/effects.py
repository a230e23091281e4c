"""What a decision makes happen in the world: small frozen dataclasses, stored with the decision, done afterwards.

Effects with one ``lane`` are done one after another in the order in which they were decided; different lanes do not
wait for each other. Every effect looks before it acts, so that doing it again does nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from bot.core.events.external import AboutMessage, Place
from bot.core.rich_text import Message
from bot.core.stored import stored

Occasion: TypeAlias = Literal["success", "failure", "cancellation", "rollback", "hung"]
"""What the channel may want to hear of outside the thread: the environment's ``notify`` says which."""


Part: TypeAlias = Literal["gates", "run", "end", "after_all"]
"""The replies in the thread of a deployment: see ``bot.core.deployments.thread``."""


class Effect:
    """Effects of one ``lane`` are done one after another, in the order in which they were decided.

    ``LANE`` names it, with the effect itself as ``{0}``.
    """

    __slots__ = ()
    LANE: ClassVar[str]

    @property
    def lane(self) -> str:
        return self.LANE.format(self)


@stored("CreateDeployment")
class CreateDeployment(Effect):
    """Create our deployment on GitHub, unless one with its ``request_id`` is there already."""

    deployment_id: int

    LANE = "remote:{0.deployment_id}"


@stored("PostStatus")
class PostStatus(Effect):
    """Report a status to GitHub, unless the deployment's last status there is this one."""

    deployment_id: int
    state: str
    description: str

    LANE = "remote:{0.deployment_id}"


@stored("StartRun")
class StartRun(Effect):
    """Let the app's provider carry the deployment out, unless it has begun already."""

    deployment_id: int

    LANE = "remote:{0.deployment_id}"


@stored("UpdatePullRequest")
class UpdatePullRequest(Effect):
    """Let the base be merged into the branch of a shipment's pull request, unless its head is another one by now."""

    deployment_id: int
    head: str

    LANE = "remote:{0.deployment_id}"


@stored("MergePullRequest")
class MergePullRequest(Effect):
    """Merge a shipment's pull request, or put it into the merge queue where it ``queues``.

    Unless that is done, its head is another one by now, or whoever asked for it may not do it any more.
    """

    deployment_id: int
    head: str
    queues: bool = False

    LANE = "remote:{0.deployment_id}"


@stored("LeaveMergeQueue")
class LeaveMergeQueue(Effect):
    """Take the pull request of a shipment that has ended out of the merge queue, unless it is not in it."""

    deployment_id: int

    LANE = "remote:{0.deployment_id}"


@stored("RenderParent")
class RenderParent(Effect):
    """Bring the deployment's parent message up to date with the database; post it where there is none.

    ``card`` is the deployment after which the card is called, where that is another one.
    """

    deployment_id: int
    card: int | None = None

    @property
    def lane(self) -> str:
        return f"parent:{self.card or self.deployment_id}"


@stored("BringHome")
class BringHome(Effect):
    """Post the deployment's parent message in its own channel, which was closed to the bot; unless it is there."""

    deployment_id: int

    LANE = "parent:{0.deployment_id}"


@stored("PostInThread")
class PostInThread(Effect):
    """Say something in the deployment's thread; on some occasions the channel shows it too.

    With a ``part`` it is told by the reply of that part, which is drawn from the database and changed where it stands;
    ``message`` is a reply of its own only where each change is to be one.
    """

    deployment_id: int
    message: Message
    occasion: Occasion | None = None
    part: Part | None = None

    LANE = "thread:{0.deployment_id}"


@stored("TellAsker")
class TellAsker(Effect):
    """Say how the deployment stands where it was asked for, if that is not where it is announced."""

    deployment_id: int

    LANE = "asked:{0.deployment_id}"


@stored("DrawMerge")
class DrawMerge(Effect):
    """Bring the merge card of an app up to date; post it where there is none."""

    app: str

    LANE = "merged:{0.app}"


@stored("WorksAgain")
class WorksAgain(Effect):
    """Say in the thread of a deployment that failed that a newer one has succeeded."""

    failed_id: int
    deployment_id: int

    LANE = "thread:{0.failed_id}"


@stored("React")
class React(Effect):
    """Put an emoji on somebody's message, ``instead`` of another one of ours; None for nothing."""

    channel: str
    message: str
    emoji: str | None
    instead: str | None = None

    LANE = "reaction:{0.channel}:{0.message}"


@stored("Reply")
class Reply(Effect):
    """Answer a person where they spoke: in the thread of their message. ``only_to`` makes it ephemeral.

    ``else_to`` is who is told directly where the bot cannot speak there. ``deployment_id`` is what it is about, where
    it is about one.
    """

    event_id: str
    place: Place
    message: Message
    only_to: str | None = None
    else_to: str | None = None
    deployment_id: int | None = None

    @property
    def lane(self) -> str:
        return f"reply:{self.place.channel}:{self.place.thread or self.place.message or self.event_id}"


@stored("Announce")
class Announce(Effect):
    """Say something in the app's channel, at top level."""

    app: str
    message: Message

    LANE = "announce:{0.app}"


@stored("TellPerson")
class TellPerson(Effect):
    """Say something to one person directly; ``person`` is their chat id."""

    person: str
    message: Message

    LANE = "person:{0.person}"


@stored("TellDirectly")
class TellDirectly(Effect):
    """Say something about a deployment to one person directly, by their chat id; who cannot be reached is not told."""

    deployment_id: int
    person: str
    message: Message

    LANE = "person:{0.person}"


@stored("TellAuthor")
class TellAuthor(Effect):
    """Bring the message up to date that tells a person what of theirs a deployment has made live; post it first.

    See ``bot.core.notices.model.Notice``.
    """

    deployment_id: int
    person: str

    LANE = "person:{0.person}"


@stored("DrawComment")
class DrawComment(Effect):
    """Bring the comment on a pull request up to date that tells where it is live; write it first.

    ``repository`` is what the lane is called after: apps that share one share the comment.
    """

    app: str
    pull_request: int
    repository: str

    LANE = "pull request:{0.repository}:{0.pull_request}"


@stored("SetLabels")
class SetLabels(Effect):
    """Let a pull request have the labels of the environments where it is live, and not those of where it was."""

    app: str
    pull_request: int
    repository: str

    LANE = "pull request:{0.repository}:{0.pull_request}"


@stored("PublishRelease")
class PublishRelease(Effect):
    """Make the release of a deployment, unless there is one; its notes begin after that of the deployment ``since``."""

    deployment_id: int
    repository: str
    since: int | None = None

    LANE = "releases:{0.repository}"


@stored("MarkRelease")
class MarkRelease(Effect):
    """Show the release of a deployment as the latest one: its commit is live again."""

    deployment_id: int
    repository: str

    LANE = "releases:{0.repository}"


@stored("TellOfPreviews")
class TellOfPreviews(Effect):
    """Bring the comment on a pull request up to date that tells of its previews; write it first.

    Apps that share the ``repository`` share the comment.
    """

    repository: str
    pull_request: int

    LANE = "previews:{0.repository}:{0.pull_request}"


@stored("PublishHome")
class PublishHome(Effect):
    """Draw the board for one person, by their chat id, as it is by then."""

    person: str

    LANE = "home:{0.person}"


@stored("FillModal")
class FillModal(Effect):
    """Draw a modal that is open with what is known by now: see ``bot.core.events.external.ModalTurned``."""

    view: str
    person: str
    command: str
    metadata: str
    place: Place
    filled: tuple[tuple[str, str], ...] = ()
    version: str | None = None
    about: AboutMessage | None = None

    LANE = "modal:{0.view}"


@stored("ShowLinks")
class ShowLinks(Effect):
    """Show below a person's message what the links in it are about: see ``bot.core.events.external.LinkShared``."""

    person: str
    place: Place
    links: tuple[str, ...]

    LANE = "links:{0.place.channel}:{0.place.message}"


@stored("AskForRedelivery")
class AskForRedelivery(Effect):
    """Ask GitHub to send a webhook again that did not reach the bot: see ``bot.core.ports.backfill.FailedDelivery``."""

    delivery: int
    guid: str
    repository: str | None
    hook: int | None

    LANE = "redelivery:{0.hook}"


@stored("ClearRecords")
class ClearRecords(Effect):
    """Delete the record of deliveries, effects and workflows that ended before that moment; deployments stay."""

    before: datetime

    LANE = "clear"
