"""How GitHub writes down statuses, check runs, deployments and hooks."""

from __future__ import annotations

from tests.servers.github.json import WEB, Json, Writer, node_id, number_of
from tests.servers.github.state import CheckRun, Deployment, DeploymentStatus, Hook, Repository, Status, iso


class ChecksWriter(Writer):
    """Everything that ``Writer`` writes, and what is reported about commits."""

    def status(self, repository: Repository, status: Status, *, with_creator: bool = True) -> Json:
        shown: Json = {
            "id": status.id,
            "node_id": node_id("SC", status.id),
            "url": self.api(repository, f"/statuses/{status.sha}"),
            "avatar_url": f"{WEB}/avatars/{status.creator}",
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": iso(status.at),
            "updated_at": iso(status.at),
        }
        if with_creator:
            shown["creator"] = self.user(status.creator)
        return shown

    def check_run(self, repository: Repository, run: CheckRun) -> Json:
        page = run.url or f"{WEB}/{repository.full_name}/runs/{run.id}"
        return {
            "id": run.id,
            "node_id": node_id("CR", run.id),
            "external_id": "",
            "head_sha": run.sha,
            "name": run.name,
            "status": run.status,
            "conclusion": run.conclusion,
            "url": self.api(repository, f"/check-runs/{run.id}"),
            "html_url": page,
            "details_url": page,
            "started_at": iso(run.started_at),
            "completed_at": iso(run.completed_at),
            "output": {"title": run.title, "summary": None, "text": None, "annotations_count": 0},
            "check_suite": {"id": number_of(f"suite {run.app} {run.sha}"), "head_sha": run.sha},
            "app": {"id": number_of(f"app {run.app}"), "slug": run.app, "name": run.app},
            "pull_requests": [],
        }

    def check_suite(self, repository: Repository, run: CheckRun) -> Json:
        """The suite that a run belongs to: one for each app and commit."""
        runs = [other for other in repository.latest_check_runs(run.sha) if other.app == run.app]
        failed = [other for other in runs if other.conclusion not in ("success", "neutral", "skipped")]
        branches = [name for name, sha in repository.branches.items() if sha == run.sha]
        return {
            "id": number_of(f"suite {run.app} {run.sha}"),
            "node_id": node_id("CS", f"{run.app} {run.sha}"),
            "head_branch": branches[0] if branches else None,
            "head_sha": run.sha,
            "status": "completed",
            "conclusion": "failure" if failed else "success",
            "before": None,
            "after": run.sha,
            "pull_requests": [],
            "app": {"id": number_of(f"app {run.app}"), "slug": run.app, "name": run.app},
            "latest_check_runs_count": len(runs),
            "created_at": iso(run.started_at),
            "updated_at": iso(run.completed_at),
        }

    def deployment(self, repository: Repository, deployment: Deployment) -> Json:
        here = f"/deployments/{deployment.id}"
        return {
            "id": deployment.id,
            "node_id": node_id("DE", deployment.id),
            "url": self.api(repository, here),
            "sha": deployment.sha,
            "ref": deployment.ref,
            "task": deployment.task,
            "payload": deployment.payload,
            "original_environment": deployment.environment,
            "environment": deployment.environment,
            "description": deployment.description,
            "creator": self.user(deployment.creator),
            "created_at": iso(deployment.created_at),
            "updated_at": iso(deployment.updated_at or deployment.created_at),
            "statuses_url": self.api(repository, f"{here}/statuses"),
            "repository_url": self.api(repository),
            "transient_environment": deployment.transient,
            "production_environment": deployment.production,
            "performed_via_github_app": {"slug": deployment.via_app} if deployment.via_app else None,
        }

    def deployment_status(self, repository: Repository, deployment: Deployment, status: DeploymentStatus) -> Json:
        here = f"/deployments/{deployment.id}"
        return {
            "id": status.id,
            "node_id": node_id("DES", status.id),
            "url": self.api(repository, f"{here}/statuses/{status.id}"),
            "state": status.state,
            "description": status.description,
            "environment": status.environment,
            "target_url": status.log_url,
            "log_url": status.log_url,
            "environment_url": status.environment_url,
            "creator": self.user(status.creator),
            "created_at": iso(status.at),
            "updated_at": iso(status.at),
            "deployment_url": self.api(repository, here),
            "repository_url": self.api(repository),
            "performed_via_github_app": None,
        }

    def hook(self, repository: Repository, hook: Hook) -> Json:
        """The secret is never shown."""
        return {
            "type": "Repository",
            "id": hook.id,
            "name": "web",
            "active": hook.active,
            "events": list(hook.events),
            "config": {
                "url": hook.url,
                "content_type": hook.content_type,
                "insecure_ssl": "0",
                "secret": "********",
            },
            "url": self.api(repository, f"/hooks/{hook.id}"),
            "deliveries_url": self.api(repository, f"/hooks/{hook.id}/deliveries"),
            "last_response": {"code": None, "status": "unused", "message": None},
        }
