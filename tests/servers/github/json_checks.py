"""How GitHub writes down statuses, check runs, deployments and hooks."""

from __future__ import annotations

from tests.servers.github.json import WEB, Json, Writer, node_id, number_of
from tests.servers.github.state import (
    CheckRun,
    Deployment,
    DeploymentStatus,
    Hook,
    Repository,
    Status,
    WorkflowRun,
    iso,
)


def suite_id(suite: str, sha: str) -> int:
    return number_of(f"suite {suite} {sha}")


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
        made = repository.deployments.get(run.deployment) if run.deployment is not None else None
        deployment = {"deployment": self.deployment(repository, made)} if made is not None else {}
        return {
            **deployment,
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
            "check_suite": {"id": suite_id(run.suite, run.sha), "head_sha": run.sha},
            "app": {"id": number_of(f"app {run.app}"), "slug": run.app, "name": run.app},
            "pull_requests": [],
        }

    def check_suite(self, repository: Repository, run: CheckRun) -> Json:
        """The suite that a run belongs to: one for each run of a workflow, and for each other app and commit."""
        workflow = next((one for one in repository.workflow_runs if one.suite == run.suite), None)
        return self._suite(repository, run.suite, run.app, run.sha, workflow)

    def check_suites(self, repository: Repository, sha: str) -> list[Json]:
        """Of a commit: also those of apps that never report, which stay queued."""
        workflows = {one.suite: one for one in repository.workflow_runs if one.sha == sha}
        apps = {
            **dict.fromkeys(workflows, "github-actions"),
            **{app: app for app, of in repository.idle_suites if of == sha},
        }
        apps |= {run.suite: run.app for run in repository.check_runs if run.sha == sha}
        return [self._suite(repository, suite, app, sha, workflows.get(suite)) for suite, app in apps.items()]

    def _suite(self, repository: Repository, suite: str, app: str, sha: str, workflow: WorkflowRun | None) -> Json:
        runs = [run for run in repository.latest_check_runs(sha) if run.suite == suite]
        failed = [run for run in runs if run.conclusion not in ("success", "neutral", "skipped")]
        branches = [name for name, head in repository.branches.items() if head == sha]
        ended = bool(runs) and all(run.status == "completed" for run in runs)
        status = workflow.status if workflow else "completed" if ended else "in_progress" if runs else "queued"
        return {
            "id": suite_id(suite, sha),
            "node_id": node_id("CS", f"{suite} {sha}"),
            "head_branch": branches[0] if branches else None,
            "head_sha": sha,
            "status": status,
            "conclusion": None if status != "completed" else "failure" if failed else "success",
            "before": None,
            "after": sha,
            "pull_requests": [],
            "app": {"id": number_of(f"app {app}"), "slug": app, "name": app},
            "latest_check_runs_count": len(runs),
            "created_at": iso(min((run.started_at for run in runs), default=None)),
            "updated_at": iso(max((run.completed_at or run.started_at for run in runs), default=None)),
        }

    def workflow_run(self, repository: Repository, run: WorkflowRun) -> Json:
        """https://docs.github.com/en/rest/actions/workflow-runs"""
        branches = [name for name, head in repository.branches.items() if head == run.sha]
        return {
            "id": run.id,
            "name": run.name,
            "node_id": node_id("WFR", run.id),
            "check_suite_id": suite_id(run.suite, run.sha),
            "check_suite_node_id": node_id("CS", f"{run.suite} {run.sha}"),
            "head_branch": run.branch or (branches[0] if branches else None),
            "head_sha": run.sha,
            "path": run.path or f".github/workflows/{run.file or f'{run.name.lower()}.yml'}",
            "run_number": run.id,
            "run_attempt": run.attempt,
            "event": run.event,
            "display_title": run.title or run.name,
            "actor": self.user(run.actor),
            "triggering_actor": self.user(run.actor),
            "status": run.status,
            "conclusion": run.conclusion,
            "workflow_id": number_of(f"workflow {run.name}"),
            "url": self.api(repository, f"/actions/runs/{run.id}"),
            "html_url": f"{WEB}/{repository.full_name}/actions/runs/{run.id}",
            "created_at": iso(run.at),
            "updated_at": iso(run.at),
            "run_started_at": iso(run.at),
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
