"""Workflows of GitHub Actions that are dispatched: the ``Workflows`` port over GitHub's REST API."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import requests
from msgspec import Struct

from bot.adapters.github.http import Auth, Connection, at
from bot.adapters.github.payloads import Account, AwareTime, Id, login_of
from bot.adapters.github.users import CredentialOwner
from bot.adapters.github.webhooks import DISPATCH
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.ports.forge_types import JSON, Meaning, PullRequest, Repository
from bot.core.ports.workflows import NoSuchRef, NotDispatchable, UnknownInputs
from bot.core.refs import HEADS, TAGS, is_exact, is_full_id, short_name
from bot.core.workflows.logs import last_lines
from bot.core.workflows.model import DispatchRef, WorkflowFile, WorkflowJob, WorkflowRun, WorkflowStep

DETAILS = "return_run_details"
"""https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids/; Enterprise has it from 3.21."""
LOOKED_AT = 100
PAGES = 3
LONGEST_LOG = 128 * 1024 * 1024
LONGEST_LINE = 64 * 1024
ACTIONS = "“Actions: write”"
# In the words of GitHub's answers, which have no other mark: all of them come with status 422, or 403 the last two.
_UNKNOWN_INPUTS = re.compile(r"unexpected inputs provided:?\s*\[(.*?)\]", re.IGNORECASE)
_NO_DETAILS = re.compile(rf"{DETAILS}|permitted key|additional propert|unknown (?:field|parameter|key)", re.IGNORECASE)
_NO_TRIGGER = re.compile(r"does not have 'workflow_dispatch' trigger", re.IGNORECASE)
_NO_REF = re.compile(r"no ref found for|reference does not exist", re.IGNORECASE)
_GOES_ON = re.compile(r"already running", re.IGNORECASE)
_NOT_AGAIN = re.compile(r"cannot be (?:retried|rerun)|unable to retry|over a month ago", re.IGNORECASE)


class _Dispatched(Struct, frozen=True):
    workflow_run_id: Id | None = None


class _Run(Struct, frozen=True):
    """https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run"""

    id: Id
    status: str | None = None
    conclusion: str | None = None
    name: str | None = None
    display_title: str | None = None
    path: str | None = None
    event: str = ""
    html_url: str | None = None
    head_sha: str = ""
    head_branch: str | None = None
    actor: Account | None = None
    run_attempt: int | None = None


class _Runs(Struct, frozen=True):
    workflow_runs: list[_Run]


class _Step(Struct, frozen=True):
    name: str
    status: str
    conclusion: str | None = None
    started_at: AwareTime | None = None
    completed_at: AwareTime | None = None


class _Job(Struct, frozen=True):
    """https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run"""

    id: Id
    name: str
    status: str
    conclusion: str | None = None
    started_at: AwareTime | None = None
    completed_at: AwareTime | None = None
    steps: list[_Step] | None = None


class _Jobs(Struct, frozen=True):
    jobs: list[_Job]


class _Workflow(Struct, frozen=True):
    """https://docs.github.com/en/rest/actions/workflows#get-a-workflow"""

    path: str
    state: str


class _Content(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/contents#get-repository-content"""

    content: str = ""


class GitHubWorkflows:
    """Implements ``bot.core.ports.workflows.Workflows``. Safe to share between threads.

    The functions are those of the forge: what a ref names, a pull request, a repository, and who the bot is there.
    """

    def __init__(
        self,
        connection: Connection,
        auth: Auth,
        meanings: Callable[[str, str], Sequence[Meaning]],
        pull_request: Callable[[str, int], PullRequest | None],
        described: Callable[[str], Repository],
        own_login: Callable[[], str | None],
    ) -> None:
        self._connection = connection
        self._auth = auth
        self._meanings = meanings
        self._pull_request = pull_request
        self._described = described
        self._own_login = own_login
        self._tells_runs = True

    def own_login(self) -> str | None:
        return self._own_login()

    def may_dispatch(self) -> bool | None:
        """Of an App; what a token may do is told by none of GitHub's answers but the refusal."""
        if self._auth.about_itself != "/app":
            return None
        return self._connection.get(self._auth.about_itself, CredentialOwner).permissions.get("actions") == "write"

    def dispatchable(self, repository: str, ref: str) -> DispatchRef | None:
        if (number := re.fullmatch(r"#(\d{1,9})", ref)) is not None:
            pull = self._pull_request(repository, int(number[1]))
            # A branch in a fork is called "owner:branch", which none of ours can be.
            return self.dispatchable(repository, HEADS + pull.head_ref) if pull and ":" not in pull.head_ref else None
        if is_full_id(ref):
            return None
        found = self._meanings(repository, short_name(ref))
        named = [one for one in found if one.exact.startswith((HEADS, TAGS))]
        meant = next((one for one in named if not is_exact(ref) or one.exact == ref), None)
        if meant is None:
            return None
        # What names a branch and a tag is written so that it is the name of one alone.
        return DispatchRef(short_name(ref) if len(named) == 1 else meant.exact, meant.commit.sha)

    def default_branch(self, repository: str) -> DispatchRef:
        name = self._described(repository).default_branch
        found = self.dispatchable(repository, HEADS + name)
        if found is None:
            raise NotThere(f"{repository} has no branch {name} on GitHub.")
        return DispatchRef(name, found.sha)

    def newest(self, repository: str) -> int:
        path = at(repository, "actions", "runs")
        found = self._connection.get(path, _Runs, event=DISPATCH, per_page=1).workflow_runs
        return max((run.id for run in found), default=0)

    def dispatch(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> int | None:
        """https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event"""
        body: dict[str, JSON] = {"ref": ref, "inputs": dict(inputs)}
        path = at(repository, "actions", "workflows", workflow, "dispatches")
        try:
            if self._tells_runs:
                try:
                    answer = self._connection.post_for(path, {**body, DETAILS: True}, _Dispatched)
                except Rejected as refused:
                    if not _NO_DETAILS.search(str(refused)):
                        raise
                    self._tells_runs = False
            if not self._tells_runs:
                answer = self._connection.post_for(path, body, _Dispatched)
        except ShipmateError as refused:
            raise _explained(refused, repository, workflow) from refused
        return answer.workflow_run_id if answer is not None else None

    def dispatched(self, repository: str, workflow: str, after: int) -> Sequence[WorkflowRun]:
        found: list[WorkflowRun] = []
        path = at(repository, "actions", "runs")
        for page in self._connection.pages(path, _Runs, most=PAGES, event=DISPATCH):
            runs = [_run_of(run) for run in page.workflow_runs]
            found += [run for run in runs if run.id > after and run.is_of(workflow)]
            if any(run.id <= after for run in runs):
                break
        return found

    def run(self, repository: str, number: int) -> WorkflowRun:
        return _run_of(self._connection.get(at(repository, "actions", "runs", number), _Run))

    def jobs(self, repository: str, number: int) -> Sequence[WorkflowJob]:
        path = at(repository, "actions", "runs", number, "jobs")
        pages = self._connection.pages(path, _Jobs, most=PAGES, filter="latest")
        return [_job_of(job) for page in pages for job in page.jobs]

    def log(
        self, repository: str, job: int, began: datetime | None, ended: datetime | None, most: int
    ) -> Sequence[str]:
        """https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run"""
        with self._connection.download(at(repository, "actions", "jobs", job, "logs")) as answer:
            try:
                return last_lines(_lines(answer), began, ended, most)
            except requests.RequestException as broken:
                raise Unavailable("The log did not arrive whole.") from broken

    def cancel(self, repository: str, number: int, *, force: bool = False) -> None:
        # It has ended; or an Enterprise server knows no force.
        with suppress(*([Conflict, NotThere] if force else [Conflict])):
            self._connection.send(at(repository, "actions", "runs", number, "force-cancel" if force else "cancel"))

    def rerun_failed(self, repository: str, number: int) -> None:
        """https://docs.github.com/en/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run"""
        try:
            self._connection.send(at(repository, "actions", "runs", number, "rerun-failed-jobs"))
        except (NotAllowed, Rejected) as refused:
            if _GOES_ON.search(str(refused)):
                return
            if _NOT_AGAIN.search(str(refused)):
                raise Rejected(f"GitHub does not run it again: {refused}") from refused
            raise

    def file(self, repository: str, workflow: str) -> WorkflowFile:
        found = self._connection.get(at(repository, "actions", "workflows", workflow), _Workflow)
        held = self._connection.get(at(repository, "contents", *found.path.split("/")), _Content)
        return WorkflowFile(found.path, found.state, base64.b64decode(held.content).decode("utf-8", "replace"))


def _explained(refused: ShipmateError, repository: str, workflow: str) -> ShipmateError:
    """The same with what to do about it. What may be tried again stays as it is."""
    said = str(refused)
    if isinstance(refused, NotThere):
        return NotThere(f"{repository} has no workflow {workflow} on its default branch, or I may not see it.")
    if isinstance(refused, NotAllowed):
        return NotAllowed(f"{said} Workflows are begun with {ACTIONS}.")
    if not isinstance(refused, Rejected):
        return refused
    if (inputs := _UNKNOWN_INPUTS.search(said)) is not None:
        names = re.findall(r"[\w-]+", inputs[1])
        return UnknownInputs(f"{workflow} does not declare the inputs {', '.join(names)}.", names)
    if _NO_TRIGGER.search(said):
        return NotDispatchable(f"{workflow} cannot be dispatched: it has no workflow_dispatch trigger.")
    if _NO_REF.search(said):
        return NoSuchRef(said)
    return Rejected(f"GitHub does not begin {workflow}: {said}")


def _run_of(run: _Run) -> WorkflowRun:
    return WorkflowRun(
        id=run.id,
        title=run.display_title or run.name or "",
        path=run.path or "",
        event=run.event,
        status=run.status or "queued",
        conclusion=run.conclusion,
        url=run.html_url or "",
        sha=run.head_sha,
        ref=run.head_branch or "",
        actor=login_of(run.actor),
        attempt=run.run_attempt or 1,
    )


def _job_of(job: _Job) -> WorkflowJob:
    steps = (
        WorkflowStep(one.name, one.status, one.conclusion, one.started_at, one.completed_at) for one in job.steps or ()
    )
    return WorkflowJob(job.id, job.name, job.status, job.conclusion, job.started_at, job.completed_at, tuple(steps))


def _lines(answer: requests.Response) -> Iterator[str]:
    """Line by line, whatever its length: of one without an end the beginning counts, of a flood what came first."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest, read = "", 0
    for chunk in answer.iter_content(64 * 1024):
        read += len(chunk)
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (line.removesuffix("\r") for line in whole)
        rest = rest[:LONGEST_LINE]
        if read > LONGEST_LOG:
            return
    if rest:
        yield rest
