"""How far a run has got, and how it ended: its jobs and steps as a deployment's, its conclusion as an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.deployments.model import StepRun, Steps
from bot.core.deployments.steps import MOST, Progress
from bot.core.ports.provider import Outcome
from bot.core.workflows.model import WorkflowJob, WorkflowRun, WorkflowStep, awaits_review

_GITHUBS_OWN = ("Set up job", "Complete job", "Initialize containers", "Stop containers")
_WAITS = {
    "pending": "Waits on GitHub for a run before it",
    "queued": "Waits for a runner of GitHub Actions",
    "requested": "Waits for a runner of GitHub Actions",
}
NEVER_BEGAN = {
    "skipped": "All its jobs were skipped: look at their “if” conditions",
    "startup_failure": "GitHub could not start the workflow: its file is not valid",
    "action_required": "GitHub wanted somebody's approval before it started the run",
    "stale": "GitHub gave the run up, as nothing came of it for too long",
}


def progress(run: WorkflowRun, jobs: Sequence[WorkflowJob]) -> Progress:
    """For one job its steps, for several the jobs."""
    held = awaits_review(run, jobs)
    return Progress(
        description=_WAITS.get(run.status, "Runs on GitHub Actions"),
        steps=_steps(jobs),
        log_url=run.url or None,
        review_url=run.url if held else None,
    )


def outcome(run: WorkflowRun, jobs: Sequence[WorkflowJob]) -> Outcome:
    """Of a run that has ended by itself."""
    link = run.url or None
    match run.conclusion:
        case "success" | "neutral":
            return Outcome("succeeded", "The workflow succeeded", log_url=link)
        case "cancelled":
            return Outcome("cancelled", "The run was cancelled on GitHub", log_url=link)
        case "timed_out":
            where = _where(jobs)
            return Outcome("timed_out", f"GitHub's own timeout ended {where or 'the run'}", log_url=link)
        case "failure":
            where = _where(jobs)
            return Outcome("failed", f"{where} failed" if where else "The workflow failed", log_url=link)
        case never if never in NEVER_BEGAN:
            return Outcome("failed", NEVER_BEGAN[never], log_url=link)
    return Outcome("error", f"The run ended as “{run.conclusion}”, which says nothing of success", log_url=link)


def _where(jobs: Sequence[WorkflowJob]) -> str:
    """The first job that failed, with its step where it has one."""
    job = next((job for job in jobs if job.failed), None)
    step = job.failed_step() if job else None
    if job is None:
        return ""
    return f"“{_short(step.name)}” of {_short(job.name)}" if step else f"The job {_short(job.name)}"


def _short(name: str) -> str:
    """As long as leaves room for the rest of a sentence."""
    line = " ".join(name.split())
    return line if len(line) <= 50 else f"{line[:49].rstrip()}…"


def _steps(jobs: Sequence[WorkflowJob]) -> Steps:
    parts: Sequence[WorkflowJob | WorkflowStep] = jobs
    if len(jobs) == 1:
        parts = [step for step in jobs[0].steps if step.failed or not _is_githubs_own(step)]
    parts = [part for part in parts if part.conclusion != "skipped"]
    begun = [(part, at) for part in parts if (at := part.started_at) is not None and part.status != "queued"]
    begun.sort(key=lambda pair: pair[1])
    runs = tuple(_step_run(n, part, at) for n, (part, at) in enumerate(begun[:MOST], start=1))
    return Steps(min(len(parts), MOST), runs)


def _step_run(number: int, part: WorkflowJob | WorkflowStep, began: datetime) -> StepRun:
    ended = (part.ended_at or began) if part.status == "completed" else None
    return StepRun(number, _short(part.name), began, ended, failed=part.failed)


def _is_githubs_own(step: WorkflowStep) -> bool:
    return step.name in _GITHUBS_OWN or step.name.startswith("Post ")
