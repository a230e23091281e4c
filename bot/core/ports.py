"""What the bot needs from the world, in its own words. Adapters implement these; tests bring models with behaviour.

Every method may raise the errors of ``bot.core.errors`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from bot.core.events import Place
from bot.core.guards import Guards
from bot.core.messages import Message
from bot.core.people import SignIn

if TYPE_CHECKING:
    from bot.core.past import Past

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Repository:
    name: str
    default_branch: str
    url: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A ref, pinned. ``ref`` is what people call it (branch, tag, short id), ``sha`` all forty characters.

    ``pull_request`` is set where the ref was given as ``#123``; ``moment`` is the committer's date.
    """

    sha: str
    ref: str
    title: str
    author: str
    url: str
    parents: tuple[str, ...] = ()
    pull_request: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A commit status or a check run, by its context or name.

    ``state``: success (neutral and skipped included), pending, or failure (errors, cancellations, time-outs included).
    """

    name: str
    state: Literal["success", "pending", "failure"]
    url: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    title: str
    url: str
    author: str
    state: Literal["open", "closed", "merged"]
    head_ref: str
    head_sha: str
    base: str
    merge_sha: str | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """From ``base`` to ``head``: ``commits`` are those in head that base lacks, oldest first, at most 250."""

    ahead_by: int
    behind_by: int
    commits: tuple[Commit, ...]
    url: str


@dataclass(frozen=True, slots=True)
class NewRemoteDeployment:
    """The body of GitHub's "create a deployment"; ``payload`` is sent as an object."""

    repository: str
    sha: str
    task: str
    environment: str
    description: str
    payload: dict[str, JSON]
    request_id: str
    production: bool = False
    transient: bool = False
    auto_merge: bool = False


@dataclass(frozen=True, slots=True)
class MergedInstead:
    """GitHub's 202: the default branch was merged into the ref, and nothing was deployed."""

    sha: str
    sentence: str


@dataclass(frozen=True, slots=True)
class NewRemoteStatus:
    """``state`` is GitHub's: queued, in_progress, success, failure, error, inactive, pending.

    The adapter cuts ``description`` to the 140 characters that GitHub takes.
    """

    state: str
    description: str
    environment: str
    log_url: str | None = None
    environment_url: str | None = None
    auto_inactive: bool = True


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    id: int
    state: str
    description: str
    log_url: str | None
    environment_url: str | None
    creator: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RemoteDeployment:
    id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str
    creator: str
    request_id: str | None
    created_at: datetime


class Forge(Protocol):
    """Where the code lives and the deployments are recorded: GitHub, or a local git repository.

    ``keeps_permissions`` is False where nobody is kept out: whoever sits at the machine owns the repository.
    ``sign_in`` is None where people cannot prove who they are.
    """

    @property
    def keeps_permissions(self) -> bool: ...

    @property
    def sign_in(self) -> SignIn | None: ...

    @property
    def past(self) -> Past: ...

    @property
    def guards(self) -> Guards: ...

    def repository(self, repository: str) -> Repository:
        """Raises NotThere where it does not exist or cannot be seen."""

    def resolve(self, repository: str, ref: str) -> Commit | None:
        """The commit behind a branch, a tag, a (short) commit id or ``#123``, in this order; None if there is none."""

    def refs(self, repository: str) -> Sequence[str]:
        """Names of branches and tags for suggestions; at most a few hundred."""

    def checks(self, repository: str, sha: str) -> Sequence[Check]:
        """Commit statuses and check runs together, the latest of each name."""

    def compare(self, repository: str, base: str, head: str) -> Comparison: ...

    def pull_request(self, repository: str, number: int) -> PullRequest | None: ...

    def pull_requests_of(self, repository: str, sha: str) -> Sequence[PullRequest]:
        """Pull requests that contain the commit, merged ones first."""

    def create_deployment(self, new: NewRemoteDeployment) -> int | MergedInstead:
        """The new deployment's id.

        Raises Conflict (409), NotThere (404), NotAllowed (403), Rejected (422), Unavailable. Creating is not idempotent: look with ``find_deployment`` before a repeat.
        """

    def find_deployment(self, new: NewRemoteDeployment) -> int | None:
        """The deployment that carries ``new.request_id`` in its payload, if it was created already."""

    def deployment(self, repository: str, remote_id: int) -> RemoteDeployment | None: ...

    def statuses(self, repository: str, remote_id: int) -> Sequence[RemoteStatus]:
        """Oldest first."""

    def post_status(self, repository: str, remote_id: int, status: NewRemoteStatus) -> int:
        """The new status's id."""

    def checkout(self, repository: str, sha: str, into: Path) -> None:
        """Put the files of the commit into the existing empty directory ``into``."""

    def permission(self, repository: str, login: str) -> Literal["admin", "write", "read", "none"]:
        """What somebody may do with the repository; ``none`` where there is no such login. At most a minute old."""

    def is_team_member(self, team: str, login: str) -> bool:
        """Whether somebody is an active member of ``org/team``, at most a minute ago.

        Raises NotThere where there is no such team to be seen.
        """

    def login_by_email(self, email: str) -> str | None:
        """The login whose public e-mail address is exactly this one."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the chat. ``forge_login`` is their GitHub login, where known."""

    id: str
    name: str
    timezone: str | None = None
    email: str | None = None
    forge_login: str | None = None
    bot: bool = False
    foreign: bool = False


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
    ) -> str:
        """Post and return the message's id. In the thread ``place.thread``, else at top level of the channel.

        ``key`` names this post for ever; with ``maybe_sent`` the chat is searched for a message with that key first,
        and its id returned, so that a repeat after a lost answer never posts twice. ``broadcast`` shows a threaded
        reply in the channel as well. Raises Rejected where the channel is gone, archived, or the bot is not in it.
        """

    def edit(self, channel: str, message_id: str, message: Message) -> None:
        """Replace a message of ours. Raises NotThere where somebody has deleted it."""

    def whisper(self, place: Place, person: str, message: Message) -> None:
        """Show a message to one person only, at ``place``.

        Nobody can look up afterwards what one person was shown: after a lost answer it is shown again, not never.
        """

    def person(self, person: str) -> Person: ...

    def group_members(self, handle: str) -> frozenset[str]:
        """Ids of the members of the user group ``@handle``. Raises NotThere where there is no such group."""

    def channel_names(self, channel: str) -> frozenset[str]:
        """Every way to write the channel: its id, ``#name`` and ``name``; the id alone where it cannot be seen."""

    def channel_id(self, name: str) -> str | None:
        """The id behind ``#name``; an id is returned as it is. None where there is no such channel to see."""

    def link_to(self, channel: str, message_id: str) -> str | None:
        """A permanent link to a message."""


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
class Job:
    """What a provider is told about the deployment it carries out. Never holds a secret of the bot."""

    deployment_id: int
    request_id: str
    app: str
    environment: str
    repository: str
    ref: str
    sha: str
    task: str
    hosts: str | None
    params: dict[str, str]
    force: bool
    requested_by: str
    timeout_seconds: float
    settings: object
    one_time_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a provider's work ended. ``description`` is a sentence without a full stop, short enough for a status."""

    result: Literal["succeeded", "failed", "error", "timed_out", "cancelled"]
    description: str
    environment_url: str | None = None
    log_url: str | None = None


class Run(Protocol):
    """A provider's way to talk back while it works."""

    @property
    def job(self) -> Job: ...

    def write(self, line: str) -> None:
        """Keep one line of output (capped, secrets masked)."""

    def cancelled(self) -> bool:
        """Whether somebody asked to stop; cheap enough to ask a few times a second."""

    def remaining(self) -> float:
        """Seconds until the timeout; negative when it has passed."""

    def checkout(self, into: Path) -> None:
        """Put the files of the job's commit into the existing empty directory ``into``."""

    def pause(self, seconds: float) -> None:
        """Wait, returning early when somebody asked to stop."""


class Provider(Protocol):
    """A module in ``bot/providers``: ``Settings``, ``start`` and ``follow``. Nothing to register.

    ``start`` looks before it acts (by ``job.deployment_id``), begins the work and returns a handle, a string by which
    ``follow`` finds the work again, after a restart too. ``follow`` returns when the work has ended, was cancelled or
    timed out, and leaves nothing running. ``carries_out`` is False where somebody else does the work.
    """

    carries_out: bool
    Settings: type

    def start(self, run: Run) -> str: ...

    def follow(self, run: Run, handle: str) -> Outcome: ...


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
class Delivery:
    """Something that arrived, exactly as it arrived: stored first, understood later.

    ``id`` is the sender's own (``github:<X-GitHub-Delivery>``, ``slack:<channel>:<ts>``, ``clock:<job>:<fire time>``),
    so that a repeat is recognised. ``source`` is github, chat, clock or bot; ``name`` the kind within the source
    (GitHub's event name; for the others the name of a dataclass of ``bot.core.events``, whose JSON is ``body``).
    """

    id: str
    source: Literal["github", "chat", "clock", "bot"]
    name: str
    body: bytes


class Inbox(Protocol):
    """Where deliveries are kept until somebody has handled them."""

    def put(self, delivery: Delivery) -> bool:
        """Store durably; False if a delivery with this id is known already. Raises Unavailable."""
