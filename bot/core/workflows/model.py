"""Runs of workflows, their jobs and steps: what the bot knows of them, in GitHub's own words for states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

FAILED = frozenset({"failure", "timed_out", "startup_failure"})
"""Conclusions by which a job or a step has failed by itself; ``cancelled`` is somebody's doing."""


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """https://docs.github.com/en/rest/actions/workflow-runs

    ``title`` is what the workflow's ``run-name`` makes of it, ``path`` the workflow's file, ``ref`` the branch or tag
    that it was dispatched on, ``attempt`` counts from 1 and grows when jobs are run again. ``conclusion`` is None until
    ``status`` is ``completed``.
    """

    id: int
    title: str
    path: str
    event: str
    status: str
    conclusion: str | None
    url: str
    sha: str
    ref: str
    actor: str
    attempt: int

    @property
    def ended(self) -> bool:
        return self.status == "completed"

    def is_of(self, workflow: str) -> bool:
        """Whether it is a run of the workflow in that file of ``.github/workflows``."""
        return self.path.partition("@")[0].rpartition("/")[2] == workflow


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """Times are None until it has begun, or ended."""

    name: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def failed(self) -> bool:
        return self.conclusion in FAILED


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """A job of the latest attempt; one that ``needs`` others is not there before these have ended."""

    id: int
    name: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    steps: tuple[WorkflowStep, ...] = ()

    @property
    def failed(self) -> bool:
        return self.conclusion in FAILED

    def failed_step(self) -> WorkflowStep | None:
        return next((step for step in self.steps if step.failed), None)


@dataclass(frozen=True, slots=True)
class DispatchRef:
    """A branch or a tag that a workflow can be dispatched on, with the commit that it names at the moment."""

    name: str
    sha: str


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """A workflow of the default branch. ``state`` is ``active`` unless it was disabled; ``text`` is its YAML."""

    path: str
    state: str
    text: str


def awaits_review(run: WorkflowRun, jobs: Sequence[WorkflowJob]) -> bool:
    """Whether nothing of it goes on before somebody has approved on GitHub, or its timer there has run out."""
    if run.ended:
        return False
    states = {job.status for job in jobs}
    return run.status == "waiting" or ("waiting" in states and states <= {"waiting", "completed"})
