"""The deployments that jobs of GitHub Actions make of what they carry out for us, and what they say together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bot.core.deployments.model import Deployment
from bot.core.workflows.dispatched import LastRun

WORKFLOWS = "github-actions[bot]"
"""The login of every workflow of GitHub Actions; nobody else can have one like it."""

ALLOWANCE = timedelta(minutes=1)
"""Between GitHub's clock and ours."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A deployment on GitHub that is one of ours once more: a job with ``environment:`` makes one by itself.

    ``state`` is GitHub's, of the newest status that was taken in (``last_status``), empty before the first.
    ``followed`` is False where the workflow, or another tool, reports to our own deployment, which has the last word.
    """

    repository: str
    remote_id: int
    deployment_id: int
    state: str = ""
    last_status: int = 0
    followed: bool = True


class TwinReads(Protocol):
    """The twins that are known."""

    def by_remote(self, repository: str, remote_id: int, apps: Collection[str]) -> Twin | None:
        """Of the repository, or of a deployment of one of the ``apps`` whose code is in it, whatever it was called."""

    def of(self, deployment_id: int) -> Sequence[Twin]:
        """Those of one deployment of ours, oldest first."""


class TwinRecords(TwinReads, Protocol):
    """Twins, in a transaction."""

    def save(self, twin: Twin) -> None:
        """Keep it in place of what was known of it."""


FIRST_HEARD = ("failure", "error", "waiting", "in_progress", "queued", "pending")
"""Of several states the one that counts for all: one that fails has failed for all, one that waits holds all up."""


def together(twins: Sequence[Twin]) -> str:
    """The state of GitHub that the jobs of one deployment have together, empty while none has said anything.

    A matrix makes a job, and a twin, of each of its rows: it has succeeded when all that are known have.

    >>> together([Twin("acme/web", 1, 7, "success"), Twin("acme/web", 2, 7, "queued")])
    'in_progress'
    """
    states = {twin.state for twin in twins}
    if "success" not in states:
        return next((state for state in FIRST_HEARD if state in states), "")
    if states == {"success"}:
        return "success"
    return next((state for state in FIRST_HEARD[:3] if state in states), "in_progress")


def reported_by(reporters: set[str], *, picked_up: bool, has_twins: bool) -> Literal["twin", "itself", "another"]:
    """Who tells how our deployment goes on when a job makes a twin of it.

    ``reporters`` are the logins that have reported to our own deployment, ours left out; ``picked_up`` says whether
    anything was heard of it. ``another`` tool carries ours out, and what Actions does there is its own.
    """
    if reporters - {WORKFLOWS}:
        return "another"
    if reporters:
        return "itself"
    return "twin" if has_twins or not picked_up else "another"


def is_of_run(ours: Deployment, sha: str, made_at: datetime, last: LastRun | None) -> bool:
    """Whether a deployment that a workflow made of a commit is a twin of ours, whose workflow we have dispatched.

    ``last`` is the last run of the place: where ours is deployed as an input of a workflow on a branch, the twin is of
    the branch's commit.
    """
    if ours.started_at is None or not ours.exclusive:
        return False
    ended = ours.finished_at or made_at
    shas = {ours.sha, last.sha} if last is not None and last.deployment == ours.id else {ours.sha}
    return sha in shas and ours.started_at - ALLOWANCE <= made_at <= ended + ALLOWANCE
