"""What arrives from outside: one frozen dataclass per kind of event, holding only what the bot uses of it.

Adapters make these from what Slack, GitHub and the clock send. All times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.core.events import Event, Joinable, LookAgain
from bot.core.grammar.commands import Command, DeclareFreeze, Deploy, TakeLock, Unfreeze, Unlock
from bot.core.stored import stored

EDIT = ":edit:"
"""Stands in the id of a delivery between that of what was said first and the moment at which it was changed."""


@stored("Place")
class Place:
    """Where in the chat something was said, and so where its answer goes.

    ``thread`` is the id of the thread's first message, None outside threads; ``message`` the id of the message
    itself, None where there is none to answer under (slash commands, the terminal). ``respond`` is an address for
    answers that the chat service hands out with slash commands and buttons (30 minutes, five uses). Whoever has it may
    speak there, so it is kept until the answer is given, and shown nowhere.
    """

    channel: str
    thread: str | None = None
    message: str | None = None
    respond: str | None = field(default=None, repr=False)
    direct: bool = False


@stored("CommandGiven")
class CommandGiven(Event):
    """Somebody said something to the bot. ``text`` is as typed, without the bot's own name or mention.

    ``said_at`` is when, None where that cannot be long ago. Of a press ``screen`` is the message that the button was
    in, ``shown_at`` when that was posted, ``drawn`` what the button was drawn for. ``passing`` is said of
    what names the bot only along the way: it is for the bot where it is a command. ``edit_of`` is the delivery of what
    the person had said before they changed it, ``machine`` the name of a bot or a workflow that has said it. A
    ``stranger`` is of another workspace. ``filled`` is what was filled in, of a command that lacked it: see
    ``bot.core.modals.model.filled_in``.
    """

    text: str
    person: str
    place: Place
    via: Literal["mention", "direct", "slash", "button", "modal", "terminal", "schedule"]
    said_at: datetime | None = None
    screen: str | None = None
    drawn: str | None = None
    passing: bool = False
    edit_of: str | None = None
    machine: str | None = None
    stranger: bool = False
    shown_at: datetime | None = None
    filled: tuple[tuple[str, str], ...] = ()


@stored("ApiRequested")
class ApiRequested(Event):
    """A program asked for something, with a token that ``person`` answers for; one of the commands is what it wants.

    ``request`` is the id under which its answer is kept, ``here`` the app that is meant where the command names none.
    """

    request: str
    token: int
    token_name: str
    person: str
    asked_at: datetime
    here: str | None = None
    deploy: Deploy | None = None
    lock: TakeLock | None = None
    unlock: Unlock | None = None
    freeze: DeclareFreeze | None = None
    unfreeze: Unfreeze | None = None

    @property
    def command(self) -> Command | None:
        """None where this version of the bot does not know what is wanted."""
        return self.deploy or self.lock or self.unlock or self.freeze or self.unfreeze


@stored("PullRequestMerged")
class PullRequestMerged(Event):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request, ``closed`` with ``merged``.

    ``head_ref`` is ``owner:branch`` where the branch is in a fork.
    """

    repository: str
    number: int
    title: str
    url: str
    author: str
    merged_by: str
    base: str
    head_sha: str
    merge_sha: str
    base_sha: str
    merged_at: datetime
    head_ref: str = ""


@stored("PullRequestClosed")
class PullRequestClosed(Event):
    """Closed without a merge; ``head_ref`` as with merged ones."""

    repository: str
    number: int
    head_ref: str
    head_sha: str


@stored("PullRequestChanged")
class PullRequestChanged(LookAgain):
    """Something else about a pull request: that it is open, its commits, base, labels, whether it is a draft."""

    repository: str
    number: int


@stored("PullRequestDequeued")
class PullRequestDequeued(Event):
    """GitHub has taken it out of its merge queue; ``reason`` is a word of GitHub's own, empty where it says none.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request, ``dequeued``.
    """

    repository: str
    number: int
    reason: str = ""


@stored("DeploymentCreated")
class DeploymentCreated(Event):
    """A deployment exists on GitHub: ours or somebody else's. ``request_id`` is in our own payloads only.

    ``taken`` is true where somebody has reported a status of it already, so that it is not ours to carry out;
    ``by_workflow`` where GitHub Actions made it, as it does for each job that names its environment.
    """

    repository: str
    remote_id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str
    creator: str
    request_id: str | None
    created_at: datetime
    taken: bool = False
    by_workflow: bool = False


@stored("DeploymentStatusReported")
class DeploymentStatusReported(Joinable):
    """A status of a deployment. ``status_id`` grows with time within one deployment."""

    repository: str
    remote_id: int
    status_id: int
    state: str
    description: str
    log_url: str | None
    environment_url: str | None
    creator: str
    created_at: datetime
    others: tuple[DeploymentStatusReported, ...] = ()

    @property
    def subject(self) -> str:
        return f"{self.repository}:{self.remote_id}"

    def joined_by(self, other: Joinable) -> DeploymentStatusReported:
        return replace(self, others=(*self.others, other)) if isinstance(other, DeploymentStatusReported) else self

    @property
    def all(self) -> list[DeploymentStatusReported]:
        """It and its others, the oldest first."""
        return sorted((self, *self.others), key=lambda one: one.status_id)


@stored("ChecksChanged")
class ChecksChanged(LookAgain):
    """A status or check run of the commit was reported or changed: who waits for it looks again."""

    repository: str
    sha: str


@stored("WorkflowRunChanged")
class WorkflowRunChanged(LookAgain):
    """A run that somebody dispatched was asked for, has begun or has ended: whoever follows it looks now."""

    repository: str
    number: int


@stored("ReviewChanged")
class ReviewChanged(LookAgain):
    """A review of the pull request was given, changed or dismissed: who waits for it looks again."""

    repository: str
    number: int


@dataclass(frozen=True, slots=True)
class CalledOtherwise(Event):
    """A webhook calls a repository of ours (``repository``) by another name than the bot: ``called``.

    Or a repository that is not ours calls itself by the name of one that is; then ``called`` is empty. ``events`` are
    what the webhook means once it is known what the name is. Made anew of the webhook each time, and never stored.
    """

    repository: str
    called: str
    events: tuple[Event, ...]


@stored("ChannelChanged")
class ChannelChanged(Event):
    """A channel of the chat was renamed, unarchived, or the bot was let in: perhaps it can be spoken in again."""

    channel: str


@stored("HomeOpened")
class HomeOpened(Event):
    """Somebody looks at their home tab: they have opened it, or turned to the part of it that ``look`` says."""

    person: str
    look: str | None = None


@stored("AboutMessage")
class AboutMessage:
    """A message in the chat that a modal was opened for: the ``links`` in it, in order.

    ``deployment`` is the request id that one of our own messages carries.
    """

    links: tuple[str, ...] = ()
    deployment: str | None = None


@stored("ModalTurned")
class ModalTurned(Event):
    """Somebody has opened a modal, or chosen something in it: it is to be drawn with what follows from that.

    ``command`` is what it stands for, empty where that is a deployment that is still to be chosen; ``metadata`` is what
    comes back with it. ``version`` is the view as it was then, ``place`` where it was opened, and ``about`` the message
    that it was opened for.
    """

    view: str
    person: str
    command: str
    metadata: str
    place: Place
    filled: tuple[tuple[str, str], ...] = ()
    version: str | None = None
    about: AboutMessage | None = None


@stored("LinkShared")
class LinkShared(Event):
    """Somebody has posted links to pages of the bot's own; ``links`` as they were written."""

    person: str
    place: Place
    links: tuple[str, ...]


@stored("Tick")
class Tick(Event):
    """The clock fired the job ``name``; ``at`` is the fire time, not the time of handling."""

    name: str
    at: datetime
