"""The world behind the GitHub server: what people, CI and other tools do there, each telling the webhooks."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tests.servers.github.deployments import NOWHERE
from tests.servers.github.json_checks import ChecksWriter
from tests.servers.github.people import People
from tests.servers.github.publications import PublicationsWorld
from tests.servers.github.state import CheckRun, Files, PullRequest, Repository, Review, Status, Tag, WorkflowRun
from tests.servers.github.webhooks import Webhooks


class World(PublicationsWorld):
    """Played by tests with methods, and by the bot over HTTP: both change the same state and send the same webhooks.

    ``repository`` is always ``owner/name``; ``author``, ``by`` and the like are logins, of anybody; methods return the
    new thing's sha, number or id. Safe to call from any thread.

    ``returns_run_details`` is False for an Enterprise server that does not know how to, ``stubborn`` has the requests
    (``cancel``, ``force-cancel``) that end no run, and ``on_dispatch`` is called as a run begins, or begins again.
    """

    def __init__(self, now: Callable[[], datetime] | None, webhook_secret: str) -> None:
        self.url = ""
        self.lock = threading.RLock()
        self.now = now or (lambda: datetime.now(UTC))
        self.repositories: dict[str, Repository] = {}
        self.renamed: dict[str, int] = {}
        self.people = People()
        self.hooks = Webhooks(self.lock, webhook_secret, self.now)
        self.write = ChecksWriter(self)
        self.ids = itertools.count(1001)
        self.codeload_url = ""
        self.returns_run_details = True
        self.stubborn: set[str] = set()
        self.on_dispatch: Callable[[WorkflowRun], None] = lambda _: None

    def repository(self, name: str) -> Repository:
        """The state of a repository, to look at. Raises KeyError."""
        return self.repositories[name]

    def add_repository(
        self,
        name: str,
        *,
        default_branch: str = "main",
        files: Mapping[str, str | bytes] | None = None,
        author: str = "octocat",
        private: bool = True,
        empty: bool = False,
    ) -> str:
        """A repository with one first commit, whose sha is returned (an empty one has none, and returns "")."""
        with self.lock:
            found = Repository(next(self.ids), name, default_branch, private, self.now())
            self.repositories[name] = found
            self.renamed.pop(name, None)
            if empty:
                return ""
            first = found.add_commit("Begin", author, self.now(), (), _bytes(files or {"README.md": f"{name}\n"}))
            found.branches[default_branch] = first.sha
            return first.sha

    def rename_repository(self, old: str, new: str, *, by: str = "octocat") -> None:
        """Rename or transfer it, and tell: the old name keeps working by redirects, until a new repository has it."""
        with self.lock:
            found = self.repositories.pop(old)
            found.full_name = new
            self.repositories[new] = found
            self.renamed[old] = found.id
            self.renamed.pop(new, None)
            for pull in found.pull_requests.values():
                pull.head_repository = new if pull.head_repository == old else pull.head_repository
            self.hooks.rename(old, new)
            (old_owner, _, old_name), (owner, _, name) = old.partition("/"), new.partition("/")
            if old_owner != owner:
                changes = {"owner": {"from": {"organization": self.write.user(old_owner)}}}
                self.send(found, "repository", {"action": "transferred", "changes": changes}, by)
            if old_name != name:
                changes = {"repository": {"name": {"from": old_name}}}
                self.send(found, "repository", {"action": "renamed", "changes": changes}, by)

    def commit(
        self,
        repository: str,
        branch: str,
        message: str,
        *,
        files: Mapping[str, str | bytes | None] | None = None,
        author: str = "octocat",
        known: bool = True,
    ) -> str:
        """Commit to a branch (a new one starts at the default branch) and push. A file that is None is deleted.

        With ``known`` False the author is a name in git that GitHub knows nobody by.
        """
        with self.lock:
            found = self.repositories[repository]
            before = found.branches.get(branch)
            parent = before or found.branches.get(found.default_branch)
            tree = dict(found.commits[parent].files) if parent else {}
            changes = files if files is not None else {f"changes/{len(found.commits) + 1}.txt": message}
            tree.update(_bytes({path: content for path, content in changes.items() if content is not None}))
            for path in [path for path, content in changes.items() if content is None]:
                tree.pop(path, None)
            commit = found.add_commit(message, author, self.now(), (parent,) if parent else (), tree)
            commit.known = known
            self.move_branch(found, branch, commit.sha, author)
            return commit.sha

    def branch(self, repository: str, name: str, *, at: str | None = None, by: str = "octocat") -> str:
        """Make a branch at a ref (default: the default branch), or move it there by force."""
        with self.lock:
            found = self.repositories[repository]
            sha = self.sha_of(found, at or found.default_branch)
            self.move_branch(found, name, sha, by)
            return sha

    def delete_branch(self, repository: str, name: str, *, by: str = "octocat") -> None:
        with self.lock:
            found = self.repositories[repository]
            before = found.branches.pop(name)
            self.send(found, "delete", {"ref": name, "ref_type": "branch", "pusher_type": "user"}, by)
            self.send_push(found, f"refs/heads/{name}", before, NOWHERE, by)

    def tag(
        self, repository: str, name: str, *, at: str | None = None, annotated: bool = False, by: str = "octocat"
    ) -> str:
        """Tag a ref (default: the default branch); returns the commit's sha, also where the tag is annotated."""
        with self.lock:
            found = self.repositories[repository]
            sha = self.sha_of(found, at or found.default_branch)
            object_sha = hashlib.sha1(f"tag {name} {sha}".encode()).hexdigest() if annotated else None
            found.tags[name] = Tag(name, sha, object_sha)
            self.send_create(found, name, "tag", by)
            self.send_push(found, f"refs/tags/{name}", NOWHERE, object_sha or sha, by)
            return sha

    def open_pull_request(
        self,
        repository: str,
        head: str,
        *,
        base: str | None = None,
        title: str = "",
        author: str = "octocat",
        fork: str | None = None,
        draft: bool = False,
    ) -> int:
        """Open one for the branch ``head``; with ``fork`` (``mallory/web``) for a new commit in that fork's branch.

        The title defaults to that of the last commit.
        """
        with self.lock:
            found = self.repositories[repository]
            base = base or found.default_branch
            base_sha = found.branches[base]
            if fork is None:
                head_sha = found.branches[head]
            else:
                tree = {**found.commits[base_sha].files, f"changes/{head}.txt": b"from a fork"}
                head_sha = found.add_commit(title or head, author, self.now(), (base_sha,), tree).sha
            number = max(found.pull_requests, default=0) + 1
            pull = PullRequest(
                id=next(self.ids),
                number=number,
                title=title or found.commits[head_sha].message.partition("\n")[0],
                author=author,
                head=head,
                head_sha=head_sha,
                base=base,
                base_sha=base_sha,
                head_repository=fork or repository,
                created_at=self.now(),
                draft=draft,
            )
            found.pull_requests[number] = pull
            self.send_pull_request(found, pull, "opened", author)
            return number

    def close_pull_request(self, repository: str, number: int, *, by: str = "octocat") -> None:
        """Close without a merge."""
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            pull.state, pull.closed_at = "closed", self.now()
            self.send_pull_request(found, pull, "closed", by)

    def reopen_pull_request(self, repository: str, number: int, *, by: str = "octocat") -> None:
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            pull.state, pull.closed_at = "open", None
            self.send_pull_request(found, pull, "reopened", by)

    def review(
        self,
        repository: str,
        number: int,
        state: str = "approved",
        *,
        author: str = "octocat",
        association: str = "MEMBER",
    ) -> int:
        """Review a pull request: approved, changes_requested, commented or dismissed."""
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            review = Review(next(self.ids), author, state, pull.head_sha, self.now(), association)
            pull.reviews.append(review)
            payload = {
                "action": "submitted",
                "review": self.write.review(found, pull, review, webhook=True),
                "pull_request": self.write.pull_request(found, pull, full=False),
            }
            self.send(found, "pull_request_review", payload, author)
            return review.id

    def set_status(
        self,
        repository: str,
        ref: str,
        context: str,
        state: str,
        *,
        description: str | None = None,
        target_url: str | None = None,
        by: str = "ci-bot",
    ) -> int:
        """Report a commit status: success, pending, failure or error."""
        with self.lock:
            found = self.repositories[repository]
            sha = self.sha_of(found, ref)
            status = Status(next(self.ids), sha, context, state, description, target_url, by, self.now())
            found.statuses.append(status)
            payload = {
                **self.write.status(found, status, with_creator=False),
                "sha": sha,
                "name": found.full_name,
                "commit": self.write.commit(found, found.commits[sha]),
                "branches": [{"name": name} for name, head in found.branches.items() if head == sha],
            }
            self.send(found, "status", payload, by)
            return status.id

    def set_check_run(
        self,
        repository: str,
        ref: str,
        name: str,
        conclusion: str | None = "success",
        *,
        status: str | None = None,
        title: str | None = None,
        url: str | None = None,
        app: str = "github-actions",
        workflow: int | None = None,
        deployment: int | None = None,
    ) -> int:
        """Report a check run: completed with a conclusion; without one, ``status`` (in_progress, queued, …).

        ``workflow`` is the run of a workflow that it is a job of, ``deployment`` what such a job makes.
        """
        with self.lock:
            found = self.repositories[repository]
            sha = self.sha_of(found, ref)
            status = status or ("completed" if conclusion else "in_progress")
            ended = self.now() if status == "completed" else None
            suite = next((one.suite for one in found.workflow_runs if one.id == workflow), app)
            more = {"suite": suite, "deployment": deployment}
            run = CheckRun(next(self.ids), sha, name, status, conclusion, title, url, app, self.now(), ended, **more)
            found.check_runs.append(run)
            payload = {"action": "completed" if ended else "created", "check_run": self.write.check_run(found, run)}
            self.send(found, "check_run", payload, f"{app}[bot]")
            if (said := self.write.check_suite(found, run))["status"] == "completed":
                payload = {"action": "completed", "check_suite": said}
                self.send(found, "check_suite", payload, f"{app}[bot]")
            return run.id

    def start_workflow(
        self,
        repository: str,
        ref: str,
        name: str = "CI",
        *,
        event: str = "push",
        status: str = "in_progress",
        path: str = "",
    ) -> int:
        """A run of a workflow begins; its jobs are reported with ``set_check_run``, and ``end_workflow`` ends it.

        ``path`` is where it is, for one that GitHub itself makes: ``dynamic/dependabot/dependabot-updates``.
        """
        with self.lock:
            found = self.repositories[repository]
            run = WorkflowRun(next(self.ids), self.sha_of(found, ref), name, event, status, None, self.now(), path=path)
            found.workflow_runs.append(run)
            self.tell_of_workflow(found, run, "requested")
            return run.id

    def end_workflow(self, repository: str, run_id: int, conclusion: str = "success") -> None:
        with self.lock:
            found = self.repositories[repository]
            run = next(one for one in found.workflow_runs if one.id == run_id)
            run.status, run.conclusion, run.at = "completed", conclusion, self.now()
            self.tell_of_workflow(found, run, "completed")

    def tell_of_workflow(self, found: Repository, run: WorkflowRun, action: str) -> None:
        """Send the webhook ``workflow_run``."""
        payload = {
            "action": action,
            "workflow_run": self.write.workflow_run(found, run),
            "workflow": {"name": run.name},
        }
        self.send(found, "workflow_run", payload, "github-actions[bot]")

    def add_idle_suite(self, repository: str, ref: str, app: str) -> None:
        """GitHub makes a suite for an app that never reports."""
        with self.lock:
            found = self.repositories[repository]
            found.idle_suites.append((app, self.sha_of(found, ref)))

    def require_checks(self, repository: str, branch: str, *contexts: str, classic: bool = False) -> None:
        """By a ruleset, or with ``classic`` by the branch's own protection."""
        with self.lock:
            found = self.repositories[repository]
            (found.protection if classic else found.rules)[branch] = list(contexts)


def _bytes(files: Mapping[str, str | bytes]) -> Files:
    return {path: content.encode() if isinstance(content, str) else content for path, content in files.items()}
