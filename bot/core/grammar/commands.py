"""What people can ask for: one frozen dataclass per command.

``app`` is None where the person named none: the channel's app is meant, or the only one. ``environment`` is the name in
the settings where the word meant one, else the word as typed, so that near names can be offered. Moments and durations
are the person's words; the ReadsTimes port makes times of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self, cast

IT = "it"
"""In the place of a ref or an environment: what is spoken of. In a thread that is its deployment, elsewhere nobody
knows; a branch of that name is reached as ``refs/heads/it``."""
SPOKEN_OF = 0
"""The same in the place of a deployment's number, of which the first is 1."""
MINE = "mine"
"""In the place of a ref: the branch to which the person has pushed last."""


class Command:
    """What a person asks for; ``bot.core.grammar.registry`` has all that there are.

    One that lacks something, or has it wrong, is completed with what was meant: ``show`` writes that for a button.
    """

    __slots__ = ()

    def with_app(self, name: str) -> Self:
        return self._with(app=name)

    def with_environment(self, name: str) -> Self:
        return self._with(environment=name)

    def with_ref(self, name: str) -> Self:
        return self._with(ref=name)

    def _with(self, **known: str | None) -> Self:
        return cast("Self", replace(cast("Any", self), **known))


@dataclass(frozen=True, slots=True)
class Deploy(Command):
    """``ref`` is a branch, a tag, a (short) commit id, or ``#123`` for the head of a pull request.

    ``hosts`` is the host filter after the environment's slash. ``task`` is GitHub's: ``deploy`` or ``deploy:<task>``.
    ``at`` is a moment (``17:00``, ``in 2 hours``), ``every`` a repetition (``weekday at 9:00``). ``may_be_ref`` is the
    word for the environment where it stood in the place of a ref, as in ``deploy staging``: a branch may have the name.
    """

    app: str | None = None
    ref: str | None = None
    environment: str | None = None
    hosts: str | None = None
    task: str = "deploy"
    force: bool = False
    force_reason: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    when_green: bool = False
    at: str | None = None
    every: str | None = None
    may_be_ref: str | None = None

    def with_environment(self, name: str) -> Self:
        return self._with(environment=name, may_be_ref=None)

    def with_ref(self, name: str) -> Self:
        return self._with(ref=name, may_be_ref=None)


@dataclass(frozen=True, slots=True)
class Ship(Command):
    """Merge the pull request when it is green, and deploy the merge commit.

    ``pull_request`` is ``SPOKEN_OF`` for that of what is spoken of.
    """

    pull_request: int
    environment: str | None = None
    app: str | None = None


@dataclass(frozen=True, slots=True)
class Rollback(Command):
    """``to`` is a commit id or another ref, or ``#<id>`` of an earlier deployment; None for the last good one.

    ``of`` is the deployment that is taken back, where one is named or spoken of: its place is meant.
    """

    app: str | None = None
    environment: str | None = None
    to: str | None = None
    reason: str | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Promote(Command):
    """Deploy to ``environment`` what runs in ``source``."""

    app: str | None = None
    source: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """``app`` and ``environment`` are where it is, in the place of its number; so it is with the next three."""

    deployment: int | None = None
    app: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Retry(Command):
    deployment: int | None = None
    app: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Approve(Command):
    deployment: int | None = None
    app: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Reject(Command):
    deployment: int | None = None
    reason: str | None = None
    app: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Queue(Command):
    app: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class TakeLock(Command):
    """``environment`` may be ``all``. ``duration`` and ``until`` are words; at most one of them is set."""

    environment: str
    app: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unlock(Command):
    """``environment`` may be ``all``, or ``mine``."""

    environment: str
    app: str | None = None


@dataclass(frozen=True, slots=True)
class Locks(Command):
    pass


@dataclass(frozen=True, slots=True)
class TakeOver(Command):
    """Take a lock over from whoever has it; without a ``reason`` the bot asks for one."""

    environment: str
    app: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AskToRelease(Command):
    """Ask whoever has the lock to release it."""

    environment: str
    app: str | None = None


@dataclass(frozen=True, slots=True)
class NotifyMe(Command):
    """Be told when the lock is released."""

    environment: str
    app: str | None = None


@dataclass(frozen=True, slots=True)
class KeepLock(Command):
    """The lock is still needed."""

    environment: str
    app: str | None = None


@dataclass(frozen=True, slots=True)
class DeclareFreeze(Command):
    """``environment`` may be ``all``. ``until`` is a moment in words, None for a freeze without an end."""

    environment: str
    until: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unfreeze(Command):
    """``environment`` may be ``all``."""

    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Freezes(Command):
    pass


@dataclass(frozen=True, slots=True)
class Deploys(Command):
    """The record: of an app, a ref, an environment; or one ``deployment`` with its log."""

    app: str | None = None
    ref: str | None = None
    environment: str | None = None
    deployment: int | None = None


@dataclass(frozen=True, slots=True)
class Logs(Command):
    """The end of what was written while something was deployed: of one, else of the last that failed there.

    ``last`` is how many lines.
    """

    app: str | None = None
    environment: str | None = None
    deployment: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class CopyCommand(Command):
    """The command that asks for the same as a deployment, to be copied."""

    deployment: int


@dataclass(frozen=True, slots=True)
class Why(Command):
    """Why something waits, was refused or did not go out: what the gates said, as it is recorded."""

    app: str | None = None
    environment: str | None = None
    deployment: int | None = None


@dataclass(frozen=True, slots=True)
class Status(Command):
    app: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Diff(Command):
    """What runs in ``environment`` against ``target``: a ref, or the name of another environment."""

    app: str | None = None
    environment: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Undeployed(Command):
    app: str | None = None


@dataclass(frozen=True, slots=True)
class Figures(Command):
    app: str | None = None


@dataclass(frozen=True, slots=True)
class WhereCanIDeploy(Command):
    app: str | None = None


@dataclass(frozen=True, slots=True)
class ShowSchedule(Command):
    app: str | None = None


@dataclass(frozen=True, slots=True)
class Unschedule(Command):
    """``entry`` is the number of one in the schedule, which has numbers of its own."""

    entry: int


@dataclass(frozen=True, slots=True)
class LinkLogin(Command):
    login: str


@dataclass(frozen=True, slots=True)
class HandOver(Command):
    """A GitHub login is somebody else's from now on; ``person`` is their chat id."""

    login: str
    person: str


@dataclass(frozen=True, slots=True)
class Withhold(Command):
    """A GitHub login stays whose it is, whatever ``person`` (a chat id) has proved."""

    login: str
    person: str


@dataclass(frozen=True, slots=True)
class WhoAmI(Command):
    pass


@dataclass(frozen=True, slots=True)
class Mute(Command):
    pass


@dataclass(frozen=True, slots=True)
class Unmute(Command):
    pass


@dataclass(frozen=True, slots=True)
class NotToday(Command):
    """No more reminders of what waits to be deployed, until the next day of work."""

    app: str | None = None


@dataclass(frozen=True, slots=True)
class Version(Command):
    pass


@dataclass(frozen=True, slots=True)
class Help(Command):
    """``topic`` is a command's name where the word named one, else the words as typed."""

    topic: str | None = None
