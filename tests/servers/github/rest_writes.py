"""What the GitHub server does when told to: every POST and PUT of its REST API, with GitHub's own validation."""

from __future__ import annotations

from typing import Any

from tests.servers.github.accounts import SUSPENDED
from tests.servers.github.merge_rules import conflicts, unmet
from tests.servers.github.rest import deployment_of, pull_of
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.state import MergeConflict, PullRequest, Repository

COMMIT_STATES = ("error", "failure", "pending", "success")
DEPLOYMENT_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
DESCRIPTION_LENGTH = 140

TEXT = (str,)
MAYBE_TEXT = (str, type(None))
FLAG = (bool,)
DEPLOYMENT_BODY: dict[str, tuple[type, ...]] = {
    "ref": TEXT,
    "task": TEXT,
    "auto_merge": FLAG,
    "required_contexts": (list, type(None)),
    "payload": (dict, str),
    "environment": TEXT,
    "description": MAYBE_TEXT,
    "transient_environment": FLAG,
    "production_environment": FLAG,
}
DEPLOYMENT_STATUS_BODY: dict[str, tuple[type, ...]] = {
    "state": TEXT,
    "target_url": TEXT,
    "log_url": TEXT,
    "description": TEXT,
    "environment": TEXT,
    "environment_url": TEXT,
    "auto_inactive": FLAG,
}
STATUS_BODY: dict[str, tuple[type, ...]] = {
    "state": TEXT,
    "target_url": MAYBE_TEXT,
    "description": MAYBE_TEXT,
    "context": TEXT,
}
CHECK_RUN_BODY: dict[str, tuple[type, ...]] = {
    "name": TEXT,
    "head_sha": TEXT,
    "status": TEXT,
    "conclusion": TEXT,
    "details_url": TEXT,
    "output": (dict,),
}
MERGE_BODY: dict[str, tuple[type, ...]] = {
    "commit_title": TEXT,
    "commit_message": TEXT,
    "sha": TEXT,
    "merge_method": TEXT,
}
TYPE_NAMES = {str: "string", bool: "boolean", list: "array", dict: "object", type(None): "null"}


@route("POST", "/app/installations/{id#}/access_tokens", "")
def installation_token(call: Call) -> Answer:
    app = call.credential.app if call.credential.kind == "app" else None
    if app is None:
        raise Refusal(401, "A JSON web token could not be decoded")
    if call.number("id") not in app.installations:
        raise Refusal(404, "Not Found")
    if call.number("id") in app.suspended:
        raise Refusal(403, SUSPENDED)
    token = call.world.accounts.new_installation_token(app, call.number("id"), call.world.now())
    return Answer(token, 201)


@route("POST", "/repos/{repo}/deployments", "deployments=write")
def create_deployment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/deployments#create-a-deployment"""
    body = valid(call.body, DEPLOYMENT_BODY, required="ref")
    _short(body, "Deployment")
    found, ref = call.repository, body["ref"]
    sha = found.find(ref)
    if sha is None:
        raise Refusal(422, f"No ref found for: {ref}")
    if body.get("auto_merge", True):
        branch = _branch_of(found, ref, sha)
        if branch is not None and found.between(sha, found.branches[found.default_branch]):
            return _auto_merge(call, branch)
    _require_contexts(found, sha, ref, body.get("required_contexts"))
    id = call.world.create_deployment(
        found.full_name,
        sha if ref not in found.branches and ref not in found.tags else ref,
        environment=body.get("environment", "production"),
        task=body.get("task", "deploy"),
        payload=body.get("payload", {}),
        description=body.get("description"),
        production=body.get("production_environment"),
        transient=body.get("transient_environment", False),
        by=call.login,
    )
    return Answer(call.world.write.deployment(found, found.deployments[id]), 201)


@route("POST", "/repos/{repo}/deployments/{id#}/statuses", "deployments=write")
def create_deployment_status(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status"""
    found = deployment_of(call)
    body = valid(call.body, DEPLOYMENT_STATUS_BODY, required="state")
    _one_of(body["state"], DEPLOYMENT_STATES, "DeploymentStatus")
    _short(body, "DeploymentStatus")
    id = call.world.report_deployment_status(
        call.repository.full_name,
        found.id,
        body["state"],
        description=body.get("description", ""),
        log_url=body.get("log_url") or body.get("target_url", ""),
        environment_url=body.get("environment_url", ""),
        environment=body.get("environment"),
        auto_inactive=body.get("auto_inactive", True),
        by=call.login,
    )
    status = next(status for status in found.statuses if status.id == id)
    return Answer(call.world.write.deployment_status(call.repository, found, status), 201)


@route("POST", "/repos/{repo}/statuses/{sha}", "statuses=write")
def create_status(call: Call) -> Answer:
    body = valid(call.body, STATUS_BODY, required="state")
    _one_of(body["state"], COMMIT_STATES, "Status")
    _short(body, "Status")
    id = call.world.set_status(
        call.repository.full_name,
        call.commit(call.params["sha"]),
        body.get("context", "default"),
        body["state"],
        description=body.get("description"),
        target_url=body.get("target_url"),
        by=call.login,
    )
    status = next(status for status in call.repository.statuses if status.id == id)
    return Answer(call.world.write.status(call.repository, status), 201)


@route("POST", "/repos/{repo}/check-runs", "checks=write")
def create_check_run(call: Call) -> Answer:
    """Only Apps may."""
    if call.credential.kind != "installation" or call.credential.app is None:
        raise Refusal(403, "You must authenticate via a GitHub App.")
    body = valid(call.body, CHECK_RUN_BODY, required="name")
    id = call.world.set_check_run(
        call.repository.full_name,
        call.commit(body.get("head_sha", "")),
        body["name"],
        body.get("conclusion"),
        status=body.get("status"),
        title=body.get("output", {}).get("title"),
        url=body.get("details_url"),
        app=call.credential.app.slug,
    )
    run = next(run for run in call.repository.check_runs if run.id == id)
    return Answer(call.world.write.check_run(call.repository, run), 201)


@route("PUT", "/repos/{repo}/pulls/{number#}/merge", "contents=write")
def merge_pull_request(call: Call) -> Answer:
    """https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request"""
    pull = pull_of(call)
    body = valid(call.body or {}, MERGE_BODY)
    if pull.state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    if body.get("sha", pull.head_sha) != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    method = body.get("merge_method", "merge")
    _demand_rules(call.repository, pull, method)
    try:
        sha = call.world.merge_pull_request(call.repository.full_name, pull.number, method, by=call.login)
    except MergeConflict as conflict:
        raise Refusal(405, "Pull Request is not mergeable") from conflict
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _demand_rules(found: Repository, pull: PullRequest, method: str) -> None:
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")
    if pull.base in found.queues:
        raise Refusal(405, "Changes must be made through the merge queue")
    if method not in found.methods:
        name = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[method]
        raise Refusal(405, f"{name} are not allowed on this repository.")
    if reason := unmet(found, pull):
        raise Refusal(405, reason)


@route("PUT", "/repos/{repo}/pulls/{number#}/update-branch", "pull_requests=write")
def update_branch(call: Call) -> Answer:
    """https://docs.github.com/en/rest/pulls/pulls#update-a-pull-request-branch"""
    pull, found = pull_of(call), call.repository
    body = valid(call.body or {}, {"expected_head_sha": TEXT})
    if body.get("expected_head_sha", pull.head_sha) != pull.head_sha:
        raise Refusal(422, "expected head sha didn\u2019t match current head ref.")
    if not found.between(pull.head_sha, found.branches[pull.base]):
        raise Refusal(422, "There are no new commits on the base branch.")
    if conflicts(found, pull):
        raise Refusal(422, "merge conflict between base and head")
    call.world.update_pull_request(found.full_name, pull.number, by=call.login)
    url = f"https://github.com/{found.full_name}/pull/{pull.number}"
    return Answer({"message": "Updating pull request branch.", "url": url}, 202)


def _auto_merge(call: Call, branch: str) -> Answer:
    """The default branch goes into the topic branch, and nothing is deployed."""
    default = call.repository.default_branch
    try:
        call.world.merge_default_branch(call.repository, branch, by=call.login)
    except MergeConflict as conflict:
        raise Refusal(409, f"Conflict merging {default} into {branch}.") from conflict
    return Answer({"message": f"Auto-merged {default} into {branch} on deployment."}, 202)


def _branch_of(found: Repository, ref: str, sha: str) -> str | None:
    """The branch that would be merged into: the ref itself, or the one whose head is asked for by its commit id."""
    if ref in found.branches:
        return ref
    return next((name for name, head in found.branches.items() if head == sha and ref not in found.tags), None)


def _require_contexts(found: Repository, sha: str, ref: str, required: list[str] | None) -> None:
    """Left out, every status and every check run must be a success; skipped ones are none."""
    states = [(status.context, status.state) for status in found.latest_statuses(sha)]
    states += [(run.name, run.conclusion or "pending") for run in found.latest_check_runs(sha)]
    if required is not None:
        known = dict(states)
        states = [(context, known.get(context, "pending")) for context in required]
    if all(state == "success" for _, state in states):
        return
    contexts = [{"context": context, "state": state} for context, state in states]
    error = {"contexts": contexts, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}
    raise Refusal(409, f"Conflict: Commit status checks failed for {ref}.", errors=[error])


def valid(body: Any, fields: dict[str, tuple[type, ...]], *, required: str | None = None) -> dict[str, Any]:
    """A body with known fields of the right types. Raises Refusal (422) in GitHub's words."""
    if not isinstance(body, dict):
        raise Refusal(422, f"Invalid request.\n\nFor 'links/0/schema', {body!r} is not an object.")
    if required is not None and required not in body:
        raise Refusal(422, f'Invalid request.\n\n"{required}" wasn\'t supplied.')
    for name, value in body.items():
        if name not in fields:
            raise Refusal(422, f'Invalid request.\n\n"{name}" is not a permitted key.')
        if type(value) not in fields[name]:
            allowed = " or ".join(TYPE_NAMES[kind] for kind in fields[name])
            raise Refusal(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not of type {allowed}.")
    return body


def _short(body: dict[str, Any], resource: str) -> None:
    if len(body.get("description") or "") > DESCRIPTION_LENGTH:
        message = f"description is too long (maximum is {DESCRIPTION_LENGTH} characters)"
        raise Refusal(422, "Validation Failed", errors=[problem(resource, "description", message)])


def _one_of(state: str, states: tuple[str, ...], resource: str) -> None:
    if state not in states:
        message = "state is not included in the list"
        raise Refusal(422, "Validation Failed", errors=[problem(resource, "state", message)])


def problem(resource: str, field: str, message: str) -> dict[str, str]:
    return {"resource": resource, "code": "custom", "field": field, "message": message}
