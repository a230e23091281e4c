"""What a provider is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from bot.core.deployments.steps import Progress
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Remote
from bot.core.ports.measures import Measures
from bot.core.ports.workflows import Workflows


@dataclass(frozen=True, slots=True)
class Source:
    """The environment that a promotion carries a commit on from, and who carries deployments out there."""

    environment: str
    provider: str
    settings: object


@dataclass(frozen=True, slots=True)
class Job:
    """What a provider is told about the deployment it carries out. Never holds a secret of the bot.

    ``environment_url`` is the address that the settings give the environment. ``rollback_of`` is the deployment that is
    taken back, ``promoted_from`` where the commit is live that is carried on; None where it is no such.
    ``retry_of`` is the deployment that it is to do once more.
    ``pull_request`` is the number of the one that it is of, where it is known to be of one. With the task ``remove``
    the preview of that is to be taken away: see ``bot.core.previews.model.removes``.
    """

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
    environment_url: str | None = None
    rollback_of: int | None = None
    promoted_from: Source | None = None
    retry_of: int | None = None
    pull_request: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a provider's work ended. ``description`` is a sentence without a full stop, short enough for a status.

    It is ``given_up`` where the work may go on elsewhere, and whoever does it may still tell how it ended.
    """

    result: Literal["succeeded", "failed", "error", "timed_out", "cancelled"]
    description: str
    environment_url: str | None = None
    log_url: str | None = None
    given_up: bool = False


class Run(Protocol):
    """A provider's way to talk back while it works."""

    @property
    def job(self) -> Job: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def measures(self) -> Measures:
        """Where the provider's calls are counted."""

    def write(self, line: str) -> None:
        """Keep one line of output (capped, secrets masked, of control sequences the colours alone)."""

    def written(self) -> int:
        """How many lines there are of this run, those included that an earlier process has stored."""

    def cancelled(self) -> bool:
        """Whether somebody asked to stop; cheap enough to ask a few times a second."""

    def heard(self) -> str | None:
        """The word that came last from where the work is done, another one each time: a reason to look there now.

        As it was when ``cancelled`` looked last, at no cost; None where none has come.
        """

    def remaining(self) -> float:
        """Seconds until the timeout; negative when it has passed. They stand still while a review is waited for."""

    def tell(self, progress: Progress) -> None:
        """How far it has got, for the card and the thread: all that is known, as the latest word alone counts."""

    def note(self, name: str) -> str | None:
        """What was kept under ``name`` for this run, by whatever process. Raises Unavailable."""

    def keep(self, name: str, value: str) -> None:
        """Keep a small thing for this run until it has ended, before it is acted upon.

        Raises Unavailable, also where others may have taken over meanwhile: then nothing may be acted upon. It is
        ``uncertain``, as is that of ``note`` and of ``claim``: without the notes nobody knows what has begun.
        """

    def claim(self, name: str, value: str) -> str:
        """Keep it unless something is kept under ``name`` already; what is kept now. Raises Unavailable.

        For what must be begun by one worker alone: whoever finds their own value may act, and the others may not.
        """

    def remote(self) -> Remote:
        """Where git fetches the job's repository. Raises NotThere, NotAccepted and Unavailable."""

    def remembered(self, name: str) -> str | None:
        """What a run in this app and environment has left under ``name``, which may be over. Raises Unavailable."""

    def remember(self, name: str, value: str) -> None:
        """Leave a small thing for the next run in this app and environment. Raises Unavailable."""

    @property
    def workflows(self) -> Workflows:
        """GitHub Actions, in the repositories that the bot may see."""

    def tarball(self) -> str:
        """A link to the tarball of the job's commit that anybody may fetch for some minutes, and nobody should print.

        Raises NotThere, NotAllowed, Unavailable, and Rejected where there is none.
        """

    def checkout(self, into: Path) -> None:
        """Put the files of the job's commit into the existing empty directory ``into``."""

    def pause(self, seconds: float) -> None:
        """Store what was written, and wait; returns early when somebody asked to stop."""


class Provider(Protocol):
    """A module in ``bot/providers``: ``Settings``, ``start`` and ``follow``. Nothing to register.

    ``start`` looks before it acts (by ``job.deployment_id``), begins the work and returns a handle, a string by which
    ``follow`` finds the work again, after a restart too. Where it raises Unavailable, ``uncertain`` says that the work
    may have begun all the same, by this call or one before. It is called again after a cancellation and after its time,
    for what has begun to be found: what has not must not begin then. ``follow`` returns when the work has ended, was
    cancelled or timed out, and leaves nothing running. ``carries_out`` is False where somebody else does the work. A
    module may have a function ``doctor`` too, which takes its Settings and answers ``python -m bot check`` with
    findings, and ``doctor_at``, which takes the repository and its workflows as well. One with a key that may be
    refused (NotAccepted) has ``SERVICE``, the name in that error, and ``authenticate`` to show it.
    ``removes_previews = True`` says that it takes a preview away where the task is ``remove``, and a function of that
    name whether it does with these Settings: without it nobody here does. ``OWN_IN_PREVIEWS`` names those of its
    Settings that must have ``{number}`` in them, so that each preview has its own, and ``ONLY_IN_PREVIEWS`` those that
    no other environment has.
    """

    carries_out: bool
    Settings: type

    def start(self, run: Run) -> str: ...

    def follow(self, run: Run, handle: str) -> Outcome: ...
