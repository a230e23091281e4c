"""A workflow of GitHub Actions: dispatched once, though the bot may be killed, and followed with its jobs and steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from bot.core.beginnings import told_apart
from bot.core.errors import NotThere, NotYet, Rejected, ShipmateError, Unavailable
from bot.core.names import listed
from bot.core.ports.chat import Finding
from bot.core.ports.provider import Job, Outcome, Run
from bot.core.ports.workflows import NotDispatchable, UnknownInputs, Workflows
from bot.core.previews.model import removes
from bot.core.workflows.dispatched import FOUND, LAST_RUN, Dispatch, LastRun
from bot.core.workflows.doctor import doctor as _doctor
from bot.core.workflows.finding import Found, find
from bot.core.workflows.inputs import (
    DEFAULT_INPUTS,
    LONGEST,
    MOST_INPUTS,
    OF_PREVIEWS,
    PLACEHOLDERS,
    declaration,
    digest,
    filled,
    holds,
    unknown_placeholders,
)
from bot.core.workflows.model import FAILED, DispatchRef, WorkflowJob, WorkflowRun
from bot.core.workflows.progress import outcome, progress

carries_out = True
ONLY_IN_PREVIEWS = ("remove",)

POLL, POLL_SELDOM = 4, 10
"""Seconds between two looks at a run: usually, and where webhooks tell of it. An answer that is the same as before
counts against no limit of GitHub's; webhooks tell of its beginning and its end, and not of its steps."""
LOOK_AGAIN = 3
LOOKS = 20
"""How often a run is looked for, or waited for to end, before that is given up."""
LOG_LINES = 60
LOG_TRIES = 3
MISSED = 5
"""How often in a row a run is not there before it is believed to be gone."""
UNKNOWN = "Whether the workflow has begun is not known: look at its runs on GitHub before you retry"
AMBIGUOUS = "Several runs may be this deployment's: look at them on GitHub, and give the workflow a run-name"

_DISPATCHED = "dispatched"
_LOG_TOLD = "log"
_ASKED = "asked"
"""The note of when GitHub was asked to run the failed jobs again, which is kept before it is."""
_SHOWN_WITHIN = 10.0
"""Seconds in which GitHub may be at that, and still show the attempt before."""
_TO_BE_FOUND = "?"
_NEVER_BEGUN = {"cancelled": "-", "timed_out": "-late"}
"""What handles say of a run that was never begun, by why not."""
_RUN_AGAIN = FAILED | {"cancelled"}


def _text(value: object) -> object:
    """Inputs are texts, and YAML's own true and 3 may be written as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


class Settings(BaseModel):
    """``provider = { type = "github_actions", workflow = "deploy.yml" }``.

    ``workflow``: the name of a file in ``.github/workflows``. ``ref``: the branch or tag whose version of it runs, else
    the deployment's own. ``inputs``: what the workflow is told, with placeholders. ``remove``: the workflow that takes
    a preview away, which is told the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workflow: str
    ref: Annotated[str, Field(min_length=1, max_length=250)] | None = None
    inputs: dict[str, Annotated[str, BeforeValidator(_text)]] = dict(DEFAULT_INPUTS)
    remove: str | None = None

    @field_validator("workflow", "remove")
    @classmethod
    def _names_a_file(cls, workflow: str | None) -> str | None:
        if workflow is not None and re.fullmatch(r"[\w.-]+\.ya?ml", workflow) is None:
            raise ValueError(f'must be the name of a file in .github/workflows, such as "deploy.yml", not "{workflow}"')
        return workflow

    @field_validator("inputs")
    @classmethod
    def _can_be_sent(cls, inputs: dict[str, str]) -> dict[str, str]:
        if len(inputs) > MOST_INPUTS:
            raise ValueError(f"GitHub takes {MOST_INPUTS} inputs at most, and these are {len(inputs)}")
        for name, value in inputs.items():
            if unknown := unknown_placeholders(value):
                known = listed([f"{{{one}}}" for one in PLACEHOLDERS])
                there = f"There are {known}, and {{{OF_PREVIEWS}}} in previews"
                raise ValueError(f"`{name}` holds {{{unknown[0]}}}, which stands for nothing. {there}")
        return inputs


def removes_previews(settings: Settings) -> bool:
    return settings.remove is not None


def start(run: Run) -> str:
    """Dispatch the workflow, or run what failed of it again, unless that was done before; the handle names the run.

    Raises Unavailable, where nothing was begun, and what speaks against it for good.
    """
    known = run.note(FOUND)
    if known is not None:
        return known
    with told_apart(lambda: _may_be_on_its_way(run)):
        return _found_or_begun(run, _told(run.job))


def _found_or_begun(run: Run, told: str) -> str:
    about = Dispatch.read(run.note(_DISPATCHED))
    if about is not None and about.again is None:
        # It was on its way when the bot was killed: what became of it is seen, and never done a second time.
        return _TO_BE_FOUND
    if about is None:
        if (stop := _reason_to_stop(run)) is not None:
            return _NEVER_BEGUN[stop.result]
        about = _former(run, told)
    again = _again(run, about, about.again, told) if about is not None and about.again is not None else None
    if again is None and (stop := _reason_to_stop(run)) is not None:
        return _NEVER_BEGUN[stop.result]
    return again or _dispatch(run, _place(run), told)


def _may_be_on_its_way(run: Run) -> bool:
    about = Dispatch.read(run.note(_DISPATCHED))
    return about is not None and (about.again is None or run.note(_ASKED) is not None)


def follow(run: Run, handle: str) -> Outcome:
    """Pass on how far its jobs are, until the run has ended or was stopped. A repeat goes on where it stands."""
    if handle == _NEVER_BEGUN["cancelled"]:
        return Outcome("cancelled", "Cancelled before anything had begun")
    if handle == _NEVER_BEGUN["timed_out"]:
        return Outcome("timed_out", "The time was up before anything had begun")
    found = _look_for(run) if handle == _TO_BE_FOUND else handle
    if isinstance(found, Outcome):
        return found
    number, attempt = (int(part) for part in found.split(":"))
    missed = 0
    while missed < MISSED:
        seen, heard = None, run.heard()
        try:
            seen = _look(run, number, attempt)
            missed = 0
        except NotThere:  # for a moment after it was dispatched, or for good
            missed += 1
        except Unavailable:
            pass  # nobody knows what it does meanwhile; the timeout goes on
        if seen is not None and seen[0].ended:
            return _stopped_before(run, seen[0]) or _ended(run, *seen)
        reason = _reason_to_stop(run, seen[0] if seen is not None else None)
        if reason is not None:
            return _stop(run, number, attempt, reason)
        _wait(run, heard)
    return Outcome("error", "The run is gone from GitHub, so nobody can tell how it ended")


def doctor_at(settings: Settings, repository: str, workflows: Workflows) -> Sequence[Finding]:
    """For ``python -m bot check``: whether the workflow is there, can be dispatched, and takes what it is told."""
    try:
        if workflows.may_dispatch() is False:
            return [Finding(False, "the GitHub App cannot begin workflows", "Give it the permission “Actions: write”.")]
    except ShipmateError as failed:
        return [Finding(False, f"{settings.workflow} cannot be looked at. {failed}")]
    named = {"workflow": settings.workflow, "remove": settings.remove}
    return [one for key, name in named.items() if name for one in _at(key, name, settings, repository, workflows)]


def _at(key: str, name: str, settings: Settings, repository: str, workflows: Workflows) -> Sequence[Finding]:
    try:
        return _doctor(name, workflows.file(repository, name), settings.inputs)
    except NotThere:
        mend = f"Push .github/workflows/{name} to the default branch, or correct `{key}`."
        return [Finding(False, f"{repository} has no workflow {name}", mend)]
    except ShipmateError as failed:
        return [Finding(False, f"{name} cannot be looked at. {failed}")]


# --- dispatching ----------------------------------------------------------------------------------------------------


def _place(run: Run) -> DispatchRef:
    """Where the workflow is dispatched: GitHub takes branches and tags, and no commits.

    Raises Rejected where another commit would be deployed than was asked for.
    """
    job, settings, workflows = run.job, _settings(run.job), run.workflows
    removed = _is_removal(job)
    # The branch of a pull request that is over may be gone, or nobody's any more.
    own = None if removed else job.ref
    wanted = settings.ref or own
    found = workflows.dispatchable(job.repository, wanted) if wanted is not None else None
    if found is None and settings.ref is not None:
        raise Rejected(f"{job.repository} has no branch and no tag {settings.ref}, which `ref` of the settings names.")
    place = found or workflows.default_branch(job.repository)
    taken = _taken_commit(run, place)
    if taken != job.sha and not removed:
        raise Rejected(
            f"{_workflow(job)} would deploy {taken[:7]}, and not {job.sha[:7]}: give `inputs` a {{sha}}, and "
            "let the workflow check that out."
        )
    return place


def _taken_commit(run: Run, place: DispatchRef) -> str:
    """The commit that the workflow takes: by what it is told of it, else that on which it runs."""
    job, settings = run.job, _settings(run.job)
    if holds(settings.inputs, "sha") or (holds(settings.inputs, "ref") and job.sha.startswith(job.ref.lower())):
        return job.sha
    if not holds(settings.inputs, "ref") or settings.ref is None:
        return place.sha
    told = run.workflows.dispatchable(job.repository, job.ref)
    return told.sha if told is not None else place.sha


def _dispatch(run: Run, place: DispatchRef, told: str) -> str:
    job, settings, workflows = run.job, _settings(run.job), run.workflows
    inputs = filled(settings.inputs, job)
    if sum(len(text) for text in inputs.values()) > LONGEST:
        raise Rejected(f"The inputs of {_workflow(job)} are longer than the {LONGEST} characters that GitHub takes.")
    about = Dispatch(place.name, place.sha, workflows.newest(job.repository))
    run.remember(LAST_RUN, LastRun(job.deployment_id, place.sha, told).written())
    run.keep(_DISPATCHED, about.written())
    try:
        number = workflows.dispatch(job.repository, _workflow(job), place.name, inputs)
    except Unavailable as error:
        if error.uncertain:
            return _TO_BE_FOUND
        run.keep(_DISPATCHED, "")
        raise
    except ShipmateError as error:
        run.keep(_DISPATCHED, "")
        _explain(run, error, list(inputs))
        raise
    run.write(f"Dispatched {_workflow(job)} on {place.name}")
    if number is None:
        return _TO_BE_FOUND
    run.remember(LAST_RUN, LastRun(job.deployment_id, place.sha, told, number).written())
    return _is(run, number, 1)


def _explain(run: Run, error: ShipmateError, names: Sequence[str]) -> None:
    """The lines that the workflow lacks, in the output: a status is too short for them."""
    lacking = error.names if isinstance(error, UnknownInputs) else names
    if isinstance(error, UnknownInputs | NotDispatchable):
        run.write(f"Add to .github/workflows/{_workflow(run.job)}, or change `inputs` in settings.toml:")
        for line in declaration(lacking):
            run.write(line)
        run.pause(0)


def _former(run: Run, told: str) -> Dispatch | None:
    """For a retry: the run that failed, if it was told the same and GitHub may run it again."""
    job = run.job
    last = LastRun.read(run.remembered(LAST_RUN))
    if last is None or last.run is None or (last.deployment, last.told) != (job.retry_of, told):
        return None
    try:
        former = run.workflows.run(job.repository, last.run)
    except NotThere:
        return None
    if not former.ended or former.conclusion not in _RUN_AGAIN:
        return None
    about = Dispatch(former.ref, former.sha, again=former.id, attempt=former.attempt)
    run.keep(_DISPATCHED, about.written())
    return about


def _again(run: Run, about: Dispatch, number: int, told: str) -> str | None:
    """Another attempt than that one, unless it is there already; None where GitHub refuses, and a new run begins."""
    job, workflows = run.job, run.workflows
    run.remember(LAST_RUN, LastRun(job.deployment_id, about.sha, told, number).written())
    try:
        if workflows.run(job.repository, number).attempt == about.attempt:
            if (stop := _reason_to_stop(run)) is not None:
                _wait_to_see(run)
                return _NEVER_BEGUN[stop.result]
            run.keep(_ASKED, run.clock.now().isoformat())
            workflows.rerun_failed(job.repository, number)
    except Unavailable:
        raise
    except ShipmateError as refused:
        run.write(f"Run {number} is not run again, so a new one begins. {refused}")
        run.keep(_DISPATCHED, "")
        return None
    run.write(f"Running the failed jobs of run {number} again")
    return _is(run, number, about.attempt + 1)


def _wait_to_see(run: Run) -> None:
    """Raises NotYet while GitHub may be at what a process before this one has asked for."""
    asked = run.note(_ASKED)
    if asked is None:
        return
    left = _SHOWN_WITHIN - (run.clock.now() - datetime.fromisoformat(asked)).total_seconds()
    if left > 0:
        said = "GitHub may still be at what it was asked for."
        raise NotYet(said, retry_after=min(left, LOOK_AGAIN), uncertain=True)


def _told(job: Job) -> str:
    settings = _settings(job)
    return digest(_workflow(job), settings.ref or job.ref, settings.inputs, job)


def _is(run: Run, number: int, attempt: int) -> str:
    handle = f"{number}:{attempt}"
    run.keep(FOUND, handle)
    return handle


def _look_for(run: Run) -> str | Outcome:
    """The run that was dispatched, by the deployment that its name tells, else the only one that can be meant."""
    known, about = run.note(FOUND), Dispatch.read(run.note(_DISPATCHED))
    if known is not None:
        return known
    if about is None:
        return Outcome("error", UNKNOWN)
    job, workflows, runs, looks = run.job, run.workflows, list[WorkflowRun](), 0
    while looks < LOOKS:
        looks, heard = looks + 1, run.heard()
        try:
            runs = [*workflows.dispatched(job.repository, _workflow(job), about.after)]
            found = find(runs, job.request_id, about.ref, about.sha, workflows.own_login())
        except Unavailable:
            found = None
            looks -= _reason_to_stop(run) is None
        if found is not None:
            return _taken(run, found, about)
        for _ in range(LOOK_AGAIN):
            if _reason_to_stop(run) is None and run.heard() != heard:
                looks -= 1  # a webhook is no reason to give up sooner
                break
            run.pause(1.0)
    if run.cancelled():
        return Outcome("cancelled", f"Cancelled. {UNKNOWN}")
    return Outcome("error", AMBIGUOUS if runs else UNKNOWN)


def _taken(run: Run, found: Found, about: Dispatch) -> str:
    if found.certain:
        last = LastRun(run.job.deployment_id, about.sha, _told(run.job), found.run.id)
        run.remember(LAST_RUN, last.written())
    else:
        run.write(
            f"GitHub does not say which run is this deployment's. It is probably {found.run.url}, the only one that "
            "began on this branch since; a run-name with the request_id would tell."
        )
    return _is(run, found.run.id, 1)


# --- following ------------------------------------------------------------------------------------------------------


def _look(run: Run, number: int, attempt: int) -> tuple[WorkflowRun, Sequence[WorkflowJob]] | None:
    """The run as it stands, which is told; None while GitHub still shows the attempt before."""
    found = run.workflows.run(run.job.repository, number)
    if found.attempt < attempt:
        return None
    jobs = run.workflows.jobs(run.job.repository, number)
    if found.conclusion != "cancelled":  # it has got no further, and what it waited for has not come
        run.tell(progress(found, jobs))
    return found, jobs


def _reason_to_stop(run: Run, found: WorkflowRun | None = None) -> Outcome | None:
    if run.cancelled():
        return Outcome("cancelled", "Cancelled")
    if run.remaining() <= 0:
        return Outcome("timed_out", f"Stopped at the timeout of {_duration(run.job.timeout_seconds)}")
    inputs = _settings(run.job).inputs
    moved = found is not None and found.sha != run.job.sha and not _is_removal(run.job)
    if found is not None and moved and not (holds(inputs, "sha") or holds(inputs, "ref")):
        return Outcome("error", f"{found.ref} moved to {found.sha[:7]} as it began, which nobody has asked for")
    return None


def _wait(run: Run, heard: str | None) -> None:
    """Until it is time to look again: at once where anything was ``heard`` since the look before."""
    for _ in range(POLL if heard is None else POLL_SELDOM):
        if _reason_to_stop(run) is not None or run.heard() != heard:
            return
        run.pause(1.0)


def _stop(run: Run, number: int, attempt: int, reason: Outcome) -> Outcome:
    """Ask GitHub to end it, by force where it does not; what has succeeded by then has succeeded."""
    missed = 0
    for force in (False, True):
        asked = False
        for _ in range(LOOKS):
            seen = None
            try:
                if not asked:
                    run.workflows.cancel(run.job.repository, number, force=force)
                    asked = True
                seen = _look(run, number, attempt)
            except NotThere:  # for a moment after it was dispatched, or for good
                missed += 1
            except Unavailable:
                pass
            except ShipmateError as refused:
                return Outcome(reason.result, f"{reason.description}, but its run may go on: {refused}")
            if seen is not None and seen[0].ended:
                found, jobs = seen
                return outcome(found, jobs) if found.conclusion == "success" else replace(reason, log_url=found.url)
            if missed == MISSED:
                return Outcome(reason.result, f"{reason.description}. Its run is gone from GitHub")
            run.pause(LOOK_AGAIN)
    return Outcome(reason.result, f"{reason.description}, but run {number} would not end: look at it on GitHub")


def _stopped_before(run: Run, found: WorkflowRun) -> Outcome | None:
    """One that a process before this one told to stop, and that has: why it did is not known to GitHub."""
    reason = _reason_to_stop(run) if found.conclusion == "cancelled" else None
    return replace(reason, log_url=found.url) if reason is not None else None


def _ended(run: Run, found: WorkflowRun, jobs: Sequence[WorkflowJob]) -> Outcome:
    failed = next((job for job in jobs if job.failed), None)
    if failed is not None and run.note(_LOG_TOLD) is None:
        for line in _log(run, failed):
            run.write(line)
        run.pause(0)  # stores them, so that they are not written a second time
        run.keep(_LOG_TOLD, str(found.attempt))
    return outcome(found, jobs)


def _log(run: Run, job: WorkflowJob) -> Sequence[str]:
    """The last lines of the step that failed. Without a log it has failed all the same."""
    step = job.failed_step()
    began, ended = (step.started_at, step.ended_at) if step else (None, None)
    for _ in range(LOG_TRIES):
        try:
            return run.workflows.log(run.job.repository, job.id, began, ended, LOG_LINES)
        except NotThere:  # not there yet
            run.pause(1.0)
        except ShipmateError as failed:
            return [f"The log of {job.name} could not be read. {failed}"]
    return []


def _settings(job: Job) -> Settings:
    return Settings.model_validate(job.settings)


def _is_removal(job: Job) -> bool:
    return removes(job.task, job.environment, job.pull_request) and _settings(job).remove is not None


def _workflow(job: Job) -> str:
    """The file of the one that does what the deployment is for."""
    settings = _settings(job)
    return settings.remove if settings.remove is not None and _is_removal(job) else settings.workflow


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
