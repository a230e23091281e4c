"""What is reported about a commit: commit statuses, check runs, and the runs of workflows and apps behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from threading import Lock
from typing import Any, Literal, TypeVar

from cachetools import TTLCache

from bot.adapters.github.http import Connection, at
from bot.adapters.github.mapping import BADNESS, check_of_run, check_of_status
from bot.adapters.github.payloads import (
    CheckRun,
    CheckRuns,
    CheckSuite,
    CheckSuites,
    CombinedStatus,
    Slug,
    WorkflowRun,
    WorkflowRuns,
)
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Check

T = TypeVar("T")
ACTIONS = "github-actions"
OF_DEPLOYMENTS = frozenset({"deployment", "deployment_status"})
"""What these start belongs to a deployment of the commit, and says nothing about the commit."""
OF_COMMITS = frozenset({"push", "pull_request", "pull_request_target", "merge_group", "dynamic"})
"""What these start comes by itself with every commit; a person, a clock or another event starts the others."""
REFUSED_FOR = timedelta(minutes=10)
"""How long it is not asked again what the bot may not read."""


class GitHubChecks:
    """Safe to share between threads."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._refused: TTLCache[tuple[str, str], bool, Any] = TTLCache(1_000, REFUSED_FOR, clock.now)
        self._lock = Lock()

    def of(self, repository: str, sha: str, *, thorough: bool = False) -> tuple[Check, ...]:
        """One entry for each name: the worst where several apps, workflows or statuses use one.

        Where runs of workflows may not be read, nothing is known of them, and the rest is told all the same.
        """
        statuses, runs = self._statuses(repository, sha), self._check_runs(repository, sha)
        workflows = self._workflows(repository, sha) if thorough or _may_be_of_actions(runs) else {}
        counted = [run for run in runs if not _is_of_deployment(workflows.get(_suite(run)))]
        suites = self._suites(repository, sha) if runs else []
        found: dict[tuple[str, str], Check] = {}
        for check in (*statuses, *_newest(counted, workflows), *_behind(counted, workflows, suites)):
            known = found.setdefault((check.kind, check.name), check)
            if BADNESS[check.state] > BADNESS[known.state]:
                found[check.kind, check.name] = check
        return tuple(found.values())

    def come_by_themselves(self, repository: str, sha: str) -> list[Check]:
        """What is reported of the commit because it is one, and would be of the next one too."""
        statuses, runs = self._statuses(repository, sha), self._check_runs(repository, sha)
        workflows = self._workflows(repository, sha) if _may_be_of_actions(runs) else {}
        own = [run for run in runs if (by := workflows.get(_suite(run))) is None or by.event in OF_COMMITS]
        return [check for check in (*statuses, *map(check_of_run, own)) if check.kind == "check"]

    def _statuses(self, repository: str, sha: str) -> list[Check]:
        path = at(repository, "commits", sha, "status")
        pages = self._connection.pages(path, CombinedStatus, most=10)
        return [check_of_status(status) for page in pages for status in page.statuses]

    def _check_runs(self, repository: str, sha: str) -> list[CheckRun]:
        """``latest`` is the latest of each suite: what an earlier run of a workflow left behind is among them."""
        path = at(repository, "commits", sha, "check-runs")
        pages = self._connection.pages(path, CheckRuns, most=10, filter="latest")
        return [run for page in pages for run in page.check_runs]

    def _workflows(self, repository: str, sha: str) -> Mapping[int | None, WorkflowRun]:
        """The runs of the commit's workflows, by their check suites."""
        path = at(repository, "actions", "runs")
        pages = self._readable(
            "runs", repository, lambda: self._connection.pages(path, WorkflowRuns, most=5, head_sha=sha)
        )
        return {run.check_suite_id: run for page in pages for run in page.workflow_runs if run.head_sha == sha}

    def _suites(self, repository: str, sha: str) -> list[CheckSuite]:
        path = at(repository, "commits", sha, "check-suites")
        pages = self._readable("suites", repository, lambda: self._connection.pages(path, CheckSuites, most=5))
        return [suite for page in pages for suite in page.check_suites]

    def _readable(self, what: str, repository: str, ask: Callable[[], Iterable[T]]) -> list[T]:
        key = (what, repository.lower())
        with self._lock:
            if key in self._refused:
                return []
        try:
            return list(ask())
        except (NotAllowed, NotThere, Rejected):
            with self._lock:
                self._refused[key] = True
            return []


def _suite(run: CheckRun) -> int | None:
    return run.check_suite.id if run.check_suite else None


def _is_of_deployment(workflow: WorkflowRun | None) -> bool:
    return workflow is not None and workflow.event in OF_DEPLOYMENTS


def _may_be_of_actions(runs: Iterable[CheckRun]) -> bool:
    return any(run.app is None or run.app.slug == ACTIONS for run in runs)


def _newest(runs: Iterable[CheckRun], workflows: Mapping[int | None, WorkflowRun]) -> Iterator[Check]:
    """The last run of each name and app; two workflows that use one name for their jobs are told apart."""
    newest: dict[tuple[str, str, str], CheckRun] = {}
    for run in runs:
        workflow = workflows.get(_suite(run))
        key = (run.name, run.app.slug if run.app else "", (workflow.path if workflow else "") or "")
        if key not in newest or run.id > newest[key].id:
            newest[key] = run
    return map(check_of_run, newest.values())


def _behind(
    runs: Iterable[CheckRun], workflows: Mapping[int | None, WorkflowRun], suites: Iterable[CheckSuite]
) -> Iterator[Check]:
    """The runs that report them: unfinished ones may report more, as a job that ``needs`` others comes after these.

    One with a job that is on its way is not told as pending: that one is, and may be none that anybody waits for.
    """
    at_work = {_suite(run) for run in runs if run.status != "completed"}
    for id, workflow in workflows.items():
        if workflow.event not in OF_DEPLOYMENTS:
            going_on = workflow.status != "completed" and id not in at_work
            name = workflow.name or workflow.path or "a workflow"
            yield Check(name, _state(going_on), workflow.html_url or None, app=ACTIONS, kind="run")
    for suite in suites:
        going_on = suite.status not in (None, "completed") and suite.id not in at_work
        if suite.id not in workflows and suite.latest_check_runs_count and going_on:
            app = suite.app or Slug()
            yield Check(app.name or app.slug or "an app", "pending", app=app.slug, kind="run")


def _state(going_on: bool) -> Literal["success", "pending"]:
    return "pending" if going_on else "success"
