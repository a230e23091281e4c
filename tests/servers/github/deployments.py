"""The part of the GitHub server's world that deploys, merges, and tells the webhooks of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.servers.github.json_checks import ChecksWriter
from tests.servers.github.state import Commit, Deployment, DeploymentStatus, Files, PullRequest, Repository
from tests.servers.github.webhooks import Webhooks

NOWHERE = "0" * 40


class DeploymentsWorld:
    """See ``World``, which completes it."""

    lock: threading.RLock
    now: Callable[[], datetime]
    repositories: dict[str, Repository]
    hooks: Webhooks
    write: ChecksWriter
    ids: Iterator[int]

    def create_deployment(
        self,
        repository: str,
        ref: str,
        *,
        environment: str = "production",
        task: str = "deploy",
        payload: Any = None,
        description: str | None = None,
        production: bool | None = None,
        transient: bool = False,
        by: str = "another-tool",
        via_app: str | None = None,
    ) -> int:
        """Create one as another tool does, without a look at checks or the default branch; returns its id.

        ``via_app`` is the slug of the app that does it for somebody.
        """
        with self.lock:
            found = self.repositories[repository]
            deployment = Deployment(
                id=next(self.ids),
                sha=self.sha_of(found, ref),
                ref=ref,
                task=task,
                environment=environment,
                description=description,
                payload={} if payload is None else payload,
                production=environment == "production" if production is None else production,
                transient=transient,
                creator=by,
                created_at=self.now(),
                via_app=via_app,
            )
            found.deployments[deployment.id] = deployment
            body = {
                "action": "created",
                "deployment": self.write.deployment(found, deployment),
                "workflow": None,
                "workflow_run": None,
            }
            self.send(found, "deployment", body, by)
            return deployment.id

    def report_deployment_status(
        self,
        repository: str,
        deployment_id: int,
        state: str,
        *,
        description: str = "",
        log_url: str = "",
        environment_url: str = "",
        environment: str | None = None,
        auto_inactive: bool = True,
        by: str = "another-tool",
    ) -> int:
        """Report a status; returns its id. A success makes its predecessors inactive, of which no webhook tells."""
        with self.lock:
            found = self.repositories[repository]
            deployment = found.deployments[deployment_id]
            status = DeploymentStatus(
                id=next(self.ids),
                state=state,
                description=description,
                log_url=log_url,
                environment_url=environment_url,
                environment=environment or deployment.environment,
                creator=by,
                at=self.now(),
            )
            deployment.statuses.append(status)
            deployment.environment = status.environment
            deployment.updated_at = self.now()
            if state == "success" and auto_inactive:
                self._supersede(found, deployment, by)
            self._send_status(found, deployment, status)
            return status.id

    def merge_default_branch(self, repository: Repository, branch: str, *, by: str) -> str:
        """What ``auto_merge`` does: the default branch goes into ``branch``. Raises MergeConflict."""
        default, head = repository.branches[repository.default_branch], repository.branches[branch]
        files = repository.merged_files(head, default)
        message = f"Merge branch '{repository.default_branch}' into {branch}"
        merged = repository.add_commit(message, by, self.now(), (head, default), files)
        self.move_branch(repository, branch, merged.sha, by)
        return merged.sha

    def send(self, repository: Repository, event: str, payload: Mapping[str, Any], sender: str) -> None:
        """Complete a webhook's payload as GitHub does and hand it to everybody who listens."""
        owner = repository.full_name.partition("/")[0]
        whole = {
            **payload,
            "repository": self.write.repository(repository),
            "organization": {"login": owner, "url": f"{self.write.api(repository)}/orgs/{owner}"},
            "sender": self.write.user(sender),
        }
        self.hooks.send(repository.full_name, event, whole)

    def send_pull_request(self, repository: Repository, pull: PullRequest, action: str, by: str, **more: str) -> None:
        shown = self.write.pull_request(repository, pull, full=True)
        self.send(
            repository, "pull_request", {"action": action, "number": pull.number, "pull_request": shown, **more}, by
        )

    def send_create(self, repository: Repository, name: str, kind: str, by: str) -> None:
        body = {"ref": name, "ref_type": kind, "master_branch": repository.default_branch, "pusher_type": "user"}
        self.send(repository, "create", body, by)

    def send_push(self, repository: Repository, ref: str, before: str, after: str, by: str) -> None:
        """``before`` or ``after`` is forty zeros where the ref is new or deleted."""
        known = repository.commits
        new = [known[after]] if after in known else []
        if after in known and before in known:
            new = repository.between(before, after)
        body = {
            "ref": ref,
            "before": before,
            "after": after,
            "created": before == NOWHERE,
            "deleted": after == NOWHERE,
            "forced": before in known and after in known and before not in repository.history(after),
            "base_ref": None,
            "compare": f"https://github.com/{repository.full_name}/compare/{before[:12]}...{after[:12]}",
            "commits": [self.write.pushed_commit(repository, commit) for commit in new],
            "head_commit": self.write.pushed_commit(repository, known[after]) if after in known else None,
            "pusher": {"name": by, "email": f"{by}@users.noreply.github.com"},
        }
        kind = "branch_creation" if body["created"] else "branch_deletion" if body["deleted"] else "push"
        kind = "force_push" if body["forced"] else kind
        done = {"before": before, "after": after, "ref": ref, "activity_type": kind, "actor": {"login": by}}
        repository.activities.append({"id": next(self.ids), "timestamp": self.now().isoformat(), **done})
        self.send(repository, "push", body, by)

    def move_branch(self, repository: Repository, name: str, sha: str, by: str) -> None:
        """Push: pull requests of the branch follow it."""
        before = repository.branches.get(name)
        repository.branches[name] = sha
        if before is None:
            self.send_create(repository, name, "branch", by)
        self.send_push(repository, f"refs/heads/{name}", before or NOWHERE, sha, by)
        for pull in repository.pull_requests.values():
            own = pull.head_repository == repository.full_name
            if pull.state == "open" and pull.head == name and own and before is not None:
                pull.head_sha = sha
                self.send_pull_request(repository, pull, "synchronize", by, before=before, after=sha)

    def merged_commit(self, repository: Repository, pull: PullRequest, method: str, by: str) -> Commit:
        """The commit (for a rebase: the last of the commits) that a merge puts on the base branch."""
        base = repository.branches[pull.base]
        files = repository.merged_files(base, pull.head_sha)
        if method == "merge":
            owner = pull.head_repository.partition("/")[0]
            message = f"Merge pull request #{pull.number} from {owner}/{pull.head}\n\n{pull.title}"
            return repository.add_commit(message, by, self.now(), (base, pull.head_sha), files)
        if method == "squash":
            message = f"{pull.title} (#{pull.number})"
            return repository.add_commit(message, pull.author, self.now(), (base,), files)
        if method != "rebase":
            raise ValueError(f"no such merge method: {method}")
        return self._rebased(repository, base, pull.head_sha, files)

    def sha_of(self, repository: Repository, ref: str) -> str:
        sha = repository.find(ref)
        if sha is None:
            raise KeyError(f"{repository.full_name} has no {ref}")
        return sha

    def _send_status(self, repository: Repository, deployment: Deployment, status: DeploymentStatus) -> None:
        body = {
            "action": "created",
            "deployment_status": self.write.deployment_status(repository, deployment, status),
            "deployment": self.write.deployment(repository, deployment),
            "check_run": None,
            "workflow": None,
            "workflow_run": None,
        }
        self.send(repository, "deployment_status", body, status.creator)

    def _rebased(self, repository: Repository, base: str, head: str, files: Files) -> Commit:
        onto = repository.commits[base]
        for commit in repository.between(base, head):
            if len(commit.parents) == 1:
                onto = repository.add_commit(commit.message, commit.author, self.now(), (onto.sha,), commit.files)
        onto.files = dict(files)
        return onto

    def _supersede(self, repository: Repository, by_deployment: Deployment, by: str) -> None:
        """https://docs.github.com/en/rest/deployments/deployments#inactive-deployments"""
        for older in repository.deployments.values():
            prior = older.id < by_deployment.id and older.environment == by_deployment.environment
            if prior and older.state == "success" and not older.transient and not older.production:
                at = self.now()
                older.statuses.append(
                    DeploymentStatus(next(self.ids), "inactive", "", "", "", older.environment, by, at)
                )
