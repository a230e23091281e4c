"""GitHub Actions on the GitHub server: workflows that are dispatched, and runs that go on when a test says so."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.servers.github.json import WEB, node_id, number_of
from tests.servers.github.rest_writes import TEXT, TYPE_NAMES
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.state import Job, Repository, Step, Workflow, WorkflowRun, iso
from tests.servers.github.world import World

MOST_INPUTS = 25
CALLED = re.compile(r"\$\{\{ *(?:github\.event\.)?inputs\.([\w-]+) *\}\}")


def add_workflow(
    github: World,
    repository: str,
    file: str,
    *,
    inputs: Sequence[str] | None = ("environment", "ref", "sha", "deployment_id", "request_id"),
    run_name: str = "Deploy ${{ inputs.request_id }}",
    required: Sequence[str] = (),
) -> None:
    """Push a workflow to the default branch; with ``inputs`` None it cannot be dispatched."""
    lines = [f"name: {file.partition('.')[0].title()}", *([f"run-name: {run_name}"] if run_name else [])]
    lines += ["on:", "  push:"] if inputs is None else ["on:", "  workflow_dispatch:"]
    lines += ["    inputs:", *(f"      {one}: {{ type: string }}" for one in inputs)] if inputs else []
    lines += ["jobs:", "  deploy:", "    runs-on: ubuntu-latest", "    steps:", "      - run: bin/deploy", ""]
    with github.lock:
        found = github.repositories[repository]
        declared = tuple(inputs) if inputs is not None else None
        found.workflows[file] = Workflow(file, "\n".join(lines), declared, run_name, tuple(required))


def run_of(github: World, repository: str, run_id: int) -> WorkflowRun:
    return next(one for one in github.repositories[repository].workflow_runs if one.id == run_id)


def dispatched(github: World, repository: str) -> list[WorkflowRun]:
    """The runs that were dispatched, oldest first."""
    return [one for one in github.repositories[repository].workflow_runs if one.event == "workflow_dispatch"]


def set_run(github: World, repository: str, run_id: int, status: str, conclusion: str | None = None) -> None:
    """A run goes on, which the webhook ``workflow_run`` tells; with a conclusion it has ended."""
    with github.lock:
        found, run = github.repositories[repository], run_of(github, repository, run_id)
        run.status, run.conclusion = ("completed" if conclusion else status), conclusion
        github.tell_of_workflow(found, run, "completed" if conclusion else status)


def set_job(
    github: World,
    repository: str,
    run_id: int,
    name: str,
    *steps: tuple[str, str | None],
    conclusion: str | None = None,
    status: str = "in_progress",
    log: Sequence[str] = (),
) -> int:
    """A job of the run as it stands now: each step with its conclusion, None while it goes on. Returns its id.

    ``log`` is what has been written, without moments: the server dates each line now. The job shows as a check run of
    the commit.
    """
    with github.lock:
        run = run_of(github, repository, run_id)
        before = next((one for one in run.jobs if one.name == name and one.attempt == run.attempt), None)
        job = before or Job(next(github.ids), name, run.attempt, github.now())
        job.status, job.conclusion = ("completed" if conclusion else status), conclusion
        job.completed_at = github.now() if conclusion else None
        known = {step.name: step for step in job.steps}
        job.steps = [_step(github, known.get(title), title, ended) for title, ended in steps]
        job.log += [f"{github.now():%Y-%m-%dT%H:%M:%S}.1234567Z {line}" for line in log]
        if before is None:
            run.jobs.append(job)
        github.set_check_run(repository, run.sha, name, conclusion, status=job.status, workflow=run_id)
        return job.id


def fail(github: World, repository: str, run_id: int, *log: str) -> None:
    """The run's only job fails at its step “Migrate database”, with this log."""
    steps = (("Set up job", "success"), ("Build", "success"), ("Migrate database", "failure"))
    set_job(github, repository, run_id, "deploy", *steps, conclusion="failure", log=log)
    set_run(github, repository, run_id, "completed", "failure")


def succeed(github: World, repository: str, run_id: int) -> None:
    set_job(github, repository, run_id, "deploy", ("Set up job", "success"), ("Build", "success"), conclusion="success")
    set_run(github, repository, run_id, "completed", "success")


def _step(github: World, before: Step | None, name: str, conclusion: str | None) -> Step:
    step = before or Step(name, github.now())
    ended = step.completed_at or github.now() if conclusion else None
    return replace(step, conclusion=conclusion, completed_at=ended)


# --- the REST API -------------------------------------------------------------------------------------------------


@route("POST", "/repos/{repo}/actions/workflows/{file}/dispatches", "actions=write")
def dispatch(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event"""
    found, workflow = call.repository, _workflow(call)
    body = _body(call.body, with_details=call.world.returns_run_details)
    ref, inputs = body["ref"], body.get("inputs", {})
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    sha = found.branches.get(name) or (found.tags[name].commit_sha if name in found.tags else None)
    if sha is None:
        raise Refusal(422, f"No ref found for: {ref}")
    if workflow.inputs is None:
        raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
    if workflow.state != "active":
        raise Refusal(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    if unknown := [one for one in inputs if one not in workflow.inputs]:
        quoted = ", ".join(f'"{one}"' for one in unknown)
        raise Refusal(422, f"Unexpected inputs provided: [{quoted}]")
    for one in workflow.required:
        if one not in inputs:
            raise Refusal(422, f"Required input '{one}' not provided")
    run = _begin(call.world, found, workflow, name, sha, inputs, call.login)
    if not body.get("return_run_details", False):
        return Answer(None, 204)
    url = call.world.write.api(found, f"/actions/runs/{run.id}")
    page = f"{WEB}/{found.full_name}/actions/runs/{run.id}"
    return Answer({"workflow_run_id": run.id, "run_url": url, "html_url": page})


def _begin(
    world: World, found: Repository, workflow: Workflow, ref: str, sha: str, inputs: Mapping[str, str], by: str
) -> WorkflowRun:
    title = CALLED.sub(lambda called: inputs.get(called[1], ""), workflow.run_name)
    run = WorkflowRun(next(world.ids), sha, workflow.title, "workflow_dispatch", "queued", None, world.now())
    run.file, run.branch, run.actor = workflow.file, ref, by
    run.title, run.inputs = title or workflow.title, dict(inputs)
    found.workflow_runs.append(run)
    world.tell_of_workflow(found, run, "requested")
    world.on_dispatch(run)
    return run


def _body(body: Any, *, with_details: bool) -> dict[str, Any]:
    fields: dict[str, tuple[type, ...]] = {"ref": TEXT, "inputs": (dict,)}
    if with_details:
        fields["return_run_details"] = (bool,)
    if not isinstance(body, dict) or "ref" not in body:
        raise Refusal(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
    for name, value in body.items():
        if name not in fields:
            raise Refusal(422, f'Invalid request.\n\n"{name}" is not a permitted key.')
        if type(value) not in fields[name]:
            allowed = " or ".join(TYPE_NAMES[kind] for kind in fields[name])
            raise Refusal(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not of type {allowed}.")
    inputs = body.get("inputs", {})
    if len(inputs) > MOST_INPUTS or any(not isinstance(value, str) for value in inputs.values()):
        raise Refusal(422, "Invalid request.\n\nFor 'properties/inputs', too many, or not all of them are strings.")
    return body


@route("GET", "/repos/{repo}/actions/workflows/{file}", "actions=read")
def workflow(call: Call) -> Answer:
    found = _workflow(call)
    id = number_of(f"workflow {found.file}")
    shown = {"id": id, "node_id": node_id("W", id), "name": found.title, "path": found.path, "state": found.state}
    return Answer(shown)


@route("GET", "/repos/{repo}/contents/{path+}", "contents=read")
def contents(call: Call) -> Answer:
    path = call.params["path"]
    found = next((one for one in call.repository.workflows.values() if one.path == path), None)
    if found is None:
        raise Refusal(404, "Not Found")
    content = base64.encodebytes(found.text.encode()).decode()
    return Answer({"type": "file", "encoding": "base64", "path": path, "content": content})


@route("GET", "/repos/{repo}/actions/runs/{id#}", "actions=read")
def workflow_run(call: Call) -> Answer:
    return Answer(call.world.write.workflow_run(call.repository, _run(call)))


@route("GET", "/repos/{repo}/actions/runs/{id#}/jobs", "actions=read")
def jobs(call: Call) -> Answer:
    run = _run(call)
    latest = call.query.get("filter", "latest") == "latest"
    found = [job for job in run.jobs if not latest or job.attempt == run.attempt]
    page, headers = call.page(found)
    return Answer({"total_count": len(found), "jobs": [_shown(call, run, job) for job in page]}, headers=headers)


@route("GET", "/repos/{repo}/actions/jobs/{id#}/logs", "actions=read")
def logs(call: Call) -> Answer:
    """A link to another host, good for a minute; nothing before the job has ended."""
    jobs = (job for run in call.repository.workflow_runs for job in run.jobs)
    job = next((job for job in jobs if job.id == call.number("id")), None)
    if job is None or job.status != "completed":
        raise Refusal(404, "Not Found")
    return Answer(None, 302, {"Location": f"{call.world.codeload_url}/{call.repository.full_name}/logs/{job.id}"})


@route("POST", "/repos/{repo}/actions/runs/{id#}/cancel", "actions=write")
def cancel(call: Call) -> Answer:
    """It ends by itself a moment later, unless it will not: see ``World.stubborn``."""
    return _cancelled(call, "cancel")


@route("POST", "/repos/{repo}/actions/runs/{id#}/force-cancel", "actions=write")
def force_cancel(call: Call) -> Answer:
    return _cancelled(call, "force-cancel")


def _cancelled(call: Call, how: str) -> Answer:
    run = _run(call)
    if run.status == "completed":
        raise Refusal(409, "Cannot cancel a workflow run that is completed.")
    if how not in call.world.stubborn:
        for job in run.jobs:
            if job.status != "completed":
                job.status, job.conclusion, job.completed_at = "completed", "cancelled", call.world.now()
        set_run(call.world, call.repository.full_name, run.id, "completed", "cancelled")
    return Answer({}, 202)


@route("POST", "/repos/{repo}/actions/runs/{id#}/rerun-failed-jobs", "actions=write")
def rerun_failed(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run"""
    run = _run(call)
    if run.status != "completed":
        raise Refusal(403, "This workflow is already running")
    if (call.world.now() - run.at).days >= 30:
        raise Refusal(403, "Unable to retry this workflow run because it was created over a month ago")
    if not any(job.conclusion in {"failure", "cancelled", "timed_out"} for job in run.jobs):
        raise Refusal(403, "This workflow run cannot be retried")
    run.attempt, run.status, run.conclusion = run.attempt + 1, "queued", None
    call.world.tell_of_workflow(call.repository, run, "requested")
    call.world.on_dispatch(run)
    return Answer({}, 201)


def _workflow(call: Call) -> Workflow:
    found = call.repository.workflows.get(call.params["file"])
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _run(call: Call) -> WorkflowRun:
    found = next((one for one in call.repository.workflow_runs if one.id == call.number("id")), None)
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _shown(call: Call, run: WorkflowRun, job: Job) -> dict[str, Any]:
    """https://docs.github.com/en/rest/actions/workflow-jobs"""
    page = f"{WEB}/{call.repository.full_name}/actions/runs/{run.id}/job/{job.id}"
    steps = [
        {
            "name": step.name,
            "status": "completed" if step.conclusion else "in_progress",
            "conclusion": step.conclusion,
            "number": number,
            "started_at": iso(step.started_at),
            "completed_at": iso(step.completed_at),
        }
        for number, step in enumerate(job.steps, start=1)
    ]
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": call.world.write.api(call.repository, f"/actions/runs/{run.id}"),
        "node_id": node_id("CR", job.id),
        "head_sha": run.sha,
        "url": call.world.write.api(call.repository, f"/actions/jobs/{job.id}"),
        "html_url": page,
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": iso(job.started_at),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.completed_at),
        "name": job.name,
        "steps": steps,
        "check_run_url": call.world.write.api(call.repository, f"/check-runs/{job.id}"),
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "GitHub Actions 1",
        "runner_group_id": 2,
        "runner_group_name": "GitHub Actions",
        "workflow_name": run.name,
        "head_branch": run.branch,
        "run_attempt": job.attempt,
    }
