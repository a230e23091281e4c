"""What is reported about a commit: commit statuses, check runs, and the runs of workflows and apps behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
"""What these start belongs to a deployment of the commit; so does what is dispatched to deploy."""
DISPATCHED = "workflow_dispatch"
OF_COMMITS = frozenset({"push", "pull_request", "pull_request_target", "merge_group", "dynamic"})
"""What these start comes by itself with every commit; a person, a clock or another event starts the others."""
DEPENDABOT = "dynamic/dependabot/"
"""Its workflows are ``dynamic`` as well, but run by a clock, on whatever the default branch has then."""
REFUSED_FOR = timedelta(minutes=10)
"""How long it is not asked again what the bot may not read, nor for the runs behind what has ended and not changed."""
MOST_KEPT = 500
MOST_PAGES = 100
"""More than GitHub has: it tells the runs of a thousand suites, and a matrix has 256 jobs at most."""


@dataclass(frozen=True)
class Reported:
    """What is reported about a commit, read at one time. ``workflows`` are its runs, by their check suites.

    ``deploying`` are the files of the workflows that are dispatched to deploy.
    """

    statuses: list[Check]
    runs: list[CheckRun]
    workflows: Mapping[int | None, WorkflowRun]
    suites: list[CheckSuite]
    deploying: Collection[str] = ()

    def checks(self) -> tuple[Check, ...]:
        """One entry for each name: the worst where several apps, workflows or statuses use one."""
        others = {id: one for id, one in self.workflows.items() if not self._deploys(one)}
        deploying = self.workflows.keys() - others.keys()
        counted = [run for run in self.runs if _suite(run) not in deploying]
        suites = [suite for suite in self.suites if suite.id not in deploying]
        behind = _behind(counted, others, suites)
        found: dict[tuple[str, str], Check] = {}
        for check in (*self.statuses, *_newest(counted, self.workflows), *behind):
            known = found.setdefault((check.kind, check.name), check)
            worst = check if BADNESS[check.state] > BADNESS[known.state] else known
            found[check.kind, check.name] = replace(worst, apps=known.apps | {check.app})
        return tuple(found.values())

    def _deploys(self, workflow: WorkflowRun) -> bool:
        """Whether the run belongs to a deployment of the commit, and says nothing about the commit."""
        file = (workflow.path or "").partition("@")[0].rpartition("/")[2]
        return workflow.event in OF_DEPLOYMENTS or (workflow.event == DISPATCHED and file in self.deploying)

    def come_by_themselves(self) -> list[Check]:
        """What is reported of the commit because it is one, and would be of the next one too."""
        own = [run for run in self.runs if _comes_by_itself(self.workflows.get(_suite(run)))]
        return [check for check in (*self.statuses, *map(check_of_run, own)) if check.kind == "check"]

    def is_over(self) -> bool:
        """Whether nothing is on its way: neither a check nor a run that may report more."""
        checks = (*self.statuses, *map(check_of_run, self.runs))
        workflows = all(one.status == "completed" for one in self.workflows.values())
        suites = all(one.status in (None, "completed") for one in self.suites if one.latest_check_runs_count)
        return workflows and suites and all(check.state != "pending" for check in checks)

    def last(self) -> datetime | None:
        """When the last of it was reported."""
        checks = (*self.statuses, *map(check_of_run, self.runs))
        return max((check.at for check in checks if check.at is not None), default=None)


class GitHubChecks:
    """Safe to share between threads. ``deploying`` tells the files of workflows that are dispatched to deploy."""

    def __init__(self, connection: Connection, clock: Clock, deploying: Callable[[], Collection[str]] = tuple) -> None:
        self._connection = connection
        self._deploying = deploying
        self._refused: TTLCache[tuple[str, str], bool, Any] = TTLCache(1_000, REFUSED_FOR, clock.now)
        self._over: TTLCache[Hashable, Mapping[int | None, WorkflowRun], Any] = TTLCache(
            MOST_KEPT, REFUSED_FOR, clock.now
        )
        self._lock = Lock()

    def of(self, repository: str, sha: str, *, thorough: bool = False) -> Reported:
        """Where runs of workflows may not be read, nothing is known of them, and the rest is told all the same.

        Without ``thorough`` the runs are not asked for again where the very same check runs are there as when all of
        them had ended a few minutes ago: one that goes on, or is run again, shows in these.
        """
        # First: a run that has ended by now has no job that is not among what is read after it.
        workflows = self._workflows(repository, sha) if thorough else None
        statuses, runs = self._statuses(repository, sha), self._check_runs(repository, sha)
        key = _told_by(repository, sha, runs)
        known = None if thorough else self._kept(key)
        if known is not None:
            return Reported(statuses, runs, known, [], self._deploying())
        if workflows is None:
            workflows = self._workflows(repository, sha) if _may_be_of_actions(runs) else {}
        suites = self._suites(repository, sha) if runs else []
        found = Reported(statuses, runs, workflows, suites, self._deploying())
        if runs and found.is_over():
            with self._lock:
                self._over[key] = workflows
        return found

    def of_earlier(self, repository: str, sha: str) -> list[Check]:
        """What was reported of a commit by itself: see ``Reported.come_by_themselves``."""
        statuses, runs = self._statuses(repository, sha), self._check_runs(repository, sha)
        workflows = self._kept(_told_by(repository, sha, runs))
        if workflows is None:
            workflows = self._workflows(repository, sha) if _may_be_of_actions(runs) else {}
        return Reported(statuses, runs, workflows, []).come_by_themselves()

    def _kept(self, key: Hashable) -> Mapping[int | None, WorkflowRun] | None:
        with self._lock:
            return self._over.get(key)

    def _statuses(self, repository: str, sha: str) -> list[Check]:
        path = at(repository, "commits", sha, "status")
        pages = self._connection.pages(path, CombinedStatus, most=MOST_PAGES)
        return [check_of_status(status) for page in pages for status in page.statuses]

    def _check_runs(self, repository: str, sha: str) -> list[CheckRun]:
        """``latest`` is the latest of each suite: what an earlier run of a workflow left behind is among them."""
        path = at(repository, "commits", sha, "check-runs")
        pages = self._connection.pages(path, CheckRuns, most=MOST_PAGES, filter="latest")
        return [run for page in pages for run in page.check_runs]

    def _workflows(self, repository: str, sha: str) -> Mapping[int | None, WorkflowRun]:
        """The runs of the commit's workflows, by their check suites."""
        path = at(repository, "actions", "runs")
        pages = self._readable(
            "runs", repository, lambda: self._connection.pages(path, WorkflowRuns, most=MOST_PAGES, head_sha=sha)
        )
        return {run.check_suite_id: run for page in pages for run in page.workflow_runs if run.head_sha == sha}

    def _suites(self, repository: str, sha: str) -> list[CheckSuite]:
        path = at(repository, "commits", sha, "check-suites")
        pages = self._readable("suites", repository, lambda: self._connection.pages(path, CheckSuites, most=MOST_PAGES))
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


def _told_by(repository: str, sha: str, runs: Iterable[CheckRun]) -> Hashable:
    """Changes with any of the check runs of the commit."""
    return repository.lower(), sha, hash(frozenset((run.id, run.status, run.conclusion, _suite(run)) for run in runs))


def _suite(run: CheckRun) -> int | None:
    return run.check_suite.id if run.check_suite else None


def _comes_by_itself(workflow: WorkflowRun | None) -> bool:
    """Whether a job of it comes with every commit; so does what is no job of a workflow."""
    if workflow is None:
        return True
    return workflow.event in OF_COMMITS and not (workflow.path or "").startswith(DEPENDABOT)


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
