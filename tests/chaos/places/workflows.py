"""A workflow of GitHub Actions: its runs queue, wait for a review, go on and end, and some do not want to stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos.places.place import Place, is_truthful
from tests.end_to_end.installation import REPOSITORY
from tests.servers.github import actions
from tests.servers.github.state import WorkflowRun

FILE = "deploy.yml"
WAYS = {
    0: ("queued", "in_progress"),
    1: ("queued", "waiting", "in_progress"),
    2: ("in_progress",),
}
AT = (
    ("POST", "/dispatches$"),
    ("POST", "/dispatches$"),
    ("POST", "/cancel$"),
    ("GET", "/actions/"),
    ("POST", "/rerun"),
)
FAULTS = (500, 502, 503, "cut_before", "cut_after", "malformed")
NOT_BEGUN = "Whether the workflow has begun is not known"


class Workflow(Place):
    name = "actions"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        actions.add_workflow(self.here.github, REPOSITORY, FILE)
        self._at: dict[tuple[int, int], int] = {}

    @property
    def runs(self) -> list[WorkflowRun]:
        return actions.dispatched(self.here.github, REPOSITORY)

    def table(self) -> str:
        return f"provider = {{ type = 'github_actions', workflow = '{FILE}' }}"

    def goes_on(self) -> None:
        github = self.here.github
        github.stubborn = {"cancel"} if self.chance.random() < 0.2 else set()
        for run in self.runs:
            with github.lock:
                if run.status != "completed":
                    self._next(run)

    def _next(self, run: WorkflowRun) -> None:
        github, way = self.here.github, WAYS[run.id % 3]
        at = self._at.get((run.id, run.attempt), 0)
        self._at[run.id, run.attempt] = at + 1
        if at < len(way):
            actions.set_run(github, REPOSITORY, run.id, way[at])
            if way[at] == "in_progress":
                actions.set_job(github, REPOSITORY, run.id, "deploy", ("Build", None))
        elif self.fails.get(run.sha) == "work":
            actions.fail(github, REPOSITORY, run.id, "no such table")
        else:
            actions.succeed(github, REPOSITORY, run.id)

    def storm(self) -> None:
        fault, (method, path) = self.chance.choice(FAULTS), self.chance.choice(AT)
        self.here.github.fail_next(method, path, fault, times=self.chance.choice((1, 1, 2)))
        self.happened[f"Actions {fault}"] += 1

    def excused(self, deployment: Any) -> bool:
        """Killed as it dispatched, it is not dispatched a second time: that is told, and nothing runs."""
        begun = any(run.inputs.get("request_id") == deployment.request_id for run in self.runs)
        return deployment.state == "error" and NOT_BEGUN in deployment.description and not begun

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        own: dict[str, list[WorkflowRun]] = {}
        for run in self.runs:
            own.setdefault(run.inputs["request_id"], []).append(run)
            if run.status != "completed":
                yield f"run {run.id} is {run.status} for ever"
        yield from (f"{request} has {len(runs)} runs" for request, runs in own.items() if len(runs) > 1)
        known = {one.id: one for one in deployments}
        asked = {one.request_id for one in deployments}
        yield from (f"a run was dispatched for {request}, and nobody asked" for request in own if request not in asked)
        again = {run.id: 0 for runs in own.values() for run in runs}
        for one in deployments:
            run = _run_of(one, known, own)
            if run is not None and one.request_id not in own and one.state != "error":
                again[run.id] += 1
            yield from _untrue(one, run, own)
        for runs in own.values():
            if runs[0].attempt - 1 > again[runs[0].id]:
                yield f"run {runs[0].id} was run {runs[0].attempt} times, and asked for {again[runs[0].id] + 1} times"


def _run_of(one: Any, known: dict[int, Any], own: dict[str, list[WorkflowRun]]) -> WorkflowRun | None:
    """Its own run, else the one of what it does once more, which was run again for it."""
    while one is not None:
        if one.request_id in own:
            return own[one.request_id][0]
        one = known.get(one.retry_of)
    return None


def _untrue(one: Any, run: WorkflowRun | None, own: dict[str, list[WorkflowRun]]) -> Iterator[str]:
    is_own = one.request_id in own
    if one.state in {"succeeded", "failed"} and run is None:
        yield f"#{one.id} is {one.state}, and was never run"
    if one.state == "succeeded" and run is not None and run.conclusion != "success":
        yield f"#{one.id} has succeeded, and its run {run.id} is {run.conclusion}"
    went_on = is_own and run is not None and run.conclusion == "success" and run.attempt == 1
    if one.state == "cancelled" and went_on and not is_truthful(one):
        yield f"#{one.id} is cancelled, and its run has succeeded: {one.description}"
