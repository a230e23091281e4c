"""What the GitHub server answers to questions: every GET of its REST API."""

from __future__ import annotations

from typing import Any

from tests.servers.github.json import WEB
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.state import Deployment, PullRequest


@route("GET", "/user", "")
def user(call: Call) -> Answer:
    if call.credential.kind == "installation":
        raise Refusal(403, "Resource not accessible by integration")
    return Answer(call.world.write.user(call.login))


@route("GET", "/app", "")
def app(call: Call) -> Answer:
    found = _app(call)
    shown = {"id": int(found.app_id), "slug": found.slug, "owner": call.world.write.user("acme")}
    shown["html_url"] = f"https://github.com/apps/{found.slug}"
    return Answer({**shown, "events": list(found.events), "permissions": found.permissions})


@route("GET", "/app/hook/config", "")
def app_hook(call: Call) -> Answer:
    return Answer({"url": _app(call).hook_url, "content_type": "json", "insecure_ssl": "0", "secret": "********"})


@route("GET", "/repos/{repo}/installation", "")
def installation(call: Call) -> Answer:
    found = _app(call)
    id = found.installation_of(call.params["repo"])
    if id is None:
        raise Refusal(404, "Not Found")
    return Answer({"id": id, "app_id": int(found.app_id), "target_type": "Organization", "events": list(found.events)})


@route("GET", "/repos/{repo}")
def repository(call: Call) -> Answer:
    return Answer(call.world.write.repository(call.repository, call.login))


@route("GET", "/repos/{repo}/activity", "contents=read")
def activity(call: Call) -> Answer:
    actor = call.query.get("actor")
    done = [one for one in reversed(call.repository.activities) if actor in {None, one["actor"]["login"]}]
    return Answer(done[: int(call.query.get("per_page", "30"))])


@route("GET", "/repos/{repo}/branches", "contents=read")
def branches(call: Call) -> Answer:
    names, headers = call.page(sorted(call.repository.branches))
    shown = [{"name": name, "commit": {"sha": call.repository.branches[name]}, "protected": False} for name in names]
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/branches/{branch+}", "contents=read")
def branch(call: Call) -> Answer:
    name = call.params["branch"]
    sha = call.repository.branches.get(name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    commit = call.world.write.commit(call.repository, call.repository.commits[sha])
    contexts = call.repository.protection.get(name)
    required = {
        "enforcement_level": "non_admins" if contexts else "off",
        "contexts": contexts or [],
        "checks": [{"context": context, "app_id": None} for context in contexts or []],
    }
    protection = {"enabled": contexts is not None, "required_status_checks": required}
    protected = bool(contexts or call.repository.rules.get(name))
    return Answer({"name": name, "commit": commit, "protected": protected, "protection": protection})


@route("GET", "/repos/{repo}/rules/branches/{branch+}")
def branch_rules(call: Call) -> Answer:
    """https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch"""
    source = {"ruleset_source_type": "Repository", "ruleset_source": call.repository.full_name, "ruleset_id": 42}
    found, branch = call.repository, call.params["branch"]
    rules = []
    if (contexts := found.rules.get(branch)) is not None:
        parameters = {
            "strict_required_status_checks_policy": branch in found.strict,
            "required_status_checks": [{"context": context, "integration_id": 15368} for context in contexts],
        }
        rules += [{"type": "deletion"}, {"type": "required_status_checks", "parameters": parameters}]
    if (reviews := found.reviews_required.get(branch)) is not None:
        asked = {"required_approving_review_count": reviews, "allowed_merge_methods": ["merge", "squash", "rebase"]}
        rules.append({"type": "pull_request", "parameters": asked})
    if branch in found.queues:
        queue = {"merge_method": "MERGE", "grouping_strategy": "ALLGREEN", "max_entries_to_merge": 5}
        rules.append({"type": "merge_queue", "parameters": queue})
    return Answer([{**rule, **source} for rule in rules])


@route("GET", "/repos/{repo}/tags")
def tags(call: Call) -> Answer:
    names, headers = call.page(sorted(call.repository.tags, reverse=True))
    found = call.repository.tags
    return Answer([{"name": name, "commit": {"sha": found[name].commit_sha}} for name in names], headers=headers)


@route("GET", "/repos/{repo}/git/ref/{ref+}", "contents=read")
def git_ref(call: Call) -> Answer:
    kind, _, name = call.params["ref"].partition("/")
    found = call.repository
    if kind == "heads" and name in found.branches:
        target = {"sha": found.branches[name], "type": "commit"}
    elif kind == "tags" and name in found.tags:
        tag = found.tags[name]
        target = {"sha": tag.object_sha or tag.commit_sha, "type": "tag" if tag.object_sha else "commit"}
    else:
        raise Refusal(404, "Not Found")
    return Answer({"ref": f"refs/{kind}/{name}", "object": target})


@route("GET", "/repos/{repo}/commits", "contents=read")
def commits(call: Call) -> Answer:
    found = call.repository
    start = call.commit(call.query.get("sha") or found.default_branch, status=404)
    newest_first = sorted(found.history(start), key=lambda sha: -found.commits[sha].serial)
    by = call.query.get("author")
    shas, headers = call.page([sha for sha in newest_first if by in (None, found.commits[sha].author)])
    return Answer([call.world.write.commit(found, found.commits[sha]) for sha in shas], headers=headers)


@route("GET", "/repos/{repo}/commits/{ref+}/status", "statuses=read")
def combined_status(call: Call) -> Answer:
    """Statuses only, never check runs; "pending" where nothing was reported."""
    found, sha = call.repository, call.commit(call.params["ref"])
    latest = found.latest_statuses(sha)
    states = {status.state for status in latest}
    state = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    page, headers = call.page(latest)
    shown = {
        "state": state,
        "statuses": [call.world.write.status(found, status, with_creator=False) for status in page],
        "sha": sha,
        "total_count": len(latest),
        "repository": call.world.write.repository(found),
        "commit_url": call.world.write.api(found, f"/commits/{sha}"),
    }
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/commits/{ref+}/statuses", "statuses=read")
def statuses(call: Call) -> Answer:
    found, sha = call.repository, call.commit(call.params["ref"])
    all_of_them = [status for status in reversed(found.statuses) if status.sha == sha]
    page, headers = call.page(all_of_them)
    return Answer([call.world.write.status(found, status) for status in page], headers=headers)


@route("GET", "/repos/{repo}/commits/{ref+}/check-runs", "checks=read")
def check_runs(call: Call) -> Answer:
    found, sha = call.repository, call.commit(call.params["ref"])
    runs = found.latest_check_runs(sha)
    if call.query.get("filter", "latest") == "all":
        runs = [run for run in reversed(found.check_runs) if run.sha == sha]
    runs = [run for run in runs if call.query.get("check_name") in (None, run.name)]
    page, headers = call.page(runs)
    shown = {"total_count": len(runs), "check_runs": [call.world.write.check_run(found, run) for run in page]}
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/commits/{ref+}/check-suites", "checks=read")
def check_suites(call: Call) -> Answer:
    found, sha = call.repository, call.commit(call.params["ref"])
    suites = call.world.write.check_suites(found, sha)
    page, headers = call.page(suites)
    return Answer({"total_count": len(suites), "check_suites": page}, headers=headers)


@route("GET", "/repos/{repo}/actions/runs", "actions=read")
def workflow_runs(call: Call) -> Answer:
    """The newest first."""
    found = call.repository
    runs = [run for run in reversed(found.workflow_runs) if call.query.get("head_sha") in (None, run.sha)]
    runs = [run for run in runs if call.query.get("event") in (None, run.event)]
    runs = [run for run in runs if call.query.get("branch") in (None, run.branch)]
    runs = [run for run in runs if call.query.get("actor") in (None, run.actor)]
    page, headers = call.page(runs)
    shown = {"total_count": len(runs), "workflow_runs": [call.world.write.workflow_run(found, run) for run in page]}
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/commits/{ref}/pulls", "pull_requests=read")
def pulls_of_commit(call: Call) -> Answer:
    """Pull requests that brought the commit in, or hold it while they are open."""
    found, sha = call.repository, call.commit(call.params["ref"])
    holding = [pull for pull in found.pull_requests.values() if _holds(call, pull, sha)]
    page, headers = call.page(holding)
    return Answer([call.world.write.pull_request(found, pull, full=False) for pull in page], headers=headers)


@route("GET", "/repos/{repo}/commits/{ref+}", "contents=read")
def commit(call: Call) -> Answer:
    sha = call.commit(call.params["ref"])
    shown = call.world.write.commit(call.repository, call.repository.commits[sha])
    return Answer({**shown, "stats": {"total": 1, "additions": 1, "deletions": 0}, "files": []})


@route("GET", "/repos/{repo}/compare/{basehead+}", "contents=read")
def compare(call: Call) -> Answer:
    found, write = call.repository, call.world.write
    base_ref, _, head_ref = call.params["basehead"].partition("...")
    base, head = call.commit(base_ref, status=404), call.commit(head_ref, status=404)
    merge_base = found.merge_base(base, head)
    if merge_base is None:
        raise Refusal(404, f"No common ancestor between {base_ref} and {head_ref}.")
    ahead, behind = found.between(base, head), found.between(head, base)
    page, headers = call.page(ahead) if {"page", "per_page"} & set(call.query) else (ahead[:250], {})
    state = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    shown = {
        "url": write.api(found, f"/compare/{base_ref}...{head_ref}"),
        "html_url": f"{WEB}/{found.full_name}/compare/{base_ref}...{head_ref}",
        "base_commit": write.commit(found, found.commits[base]),
        "merge_base_commit": write.commit(found, found.commits[merge_base]),
        "status": state,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [write.commit(found, commit) for commit in page],
        "files": write.changed_files(found, base, head) if call.query.get("page", "1") == "1" else [],
    }
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/pulls", "pull_requests=read")
def pulls(call: Call) -> Answer:
    state = call.query.get("state", "open")
    found = sorted(call.repository.pull_requests.values(), key=lambda pull: -pull.number)
    if call.query.get("sort") == "updated":
        found.sort(key=lambda pull: pull.closed_at or pull.created_at)
    if call.query.get("sort") and call.query.get("direction", "asc") == "desc":
        found.reverse()
    found = [pull for pull in found if call.query.get("base") in (None, pull.base)]
    page, headers = call.page([pull for pull in found if state in ("all", pull.state)])
    return Answer([call.world.write.pull_request(call.repository, pull, full=False) for pull in page], headers=headers)


@route("GET", "/repos/{repo}/pulls/{number#}", "pull_requests=read")
def pull(call: Call) -> Answer:
    found = pull_of(call)
    answer = Answer(call.world.write.pull_request(call.repository, found, full=True))
    found.looked_at = True
    return answer


@route("GET", "/repos/{repo}/pulls/{number#}/reviews", "pull_requests=read")
def reviews(call: Call) -> Answer:
    found = pull_of(call)
    page, headers = call.page(found.reviews)
    shown = [call.world.write.review(call.repository, found, review, webhook=False) for review in page]
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/deployments", "deployments=read")
def deployments(call: Call) -> Answer:
    """The newest first."""
    found = sorted(call.repository.deployments.values(), key=lambda deployment: -deployment.id)
    for name in ("sha", "ref", "task", "environment"):
        if name in call.query:
            found = [deployment for deployment in found if getattr(deployment, name) == call.query[name]]
    page, headers = call.page(found)
    return Answer([call.world.write.deployment(call.repository, one) for one in page], headers=headers)


@route("GET", "/repos/{repo}/deployments/{id#}", "deployments=read")
def deployment(call: Call) -> Answer:
    return Answer(call.world.write.deployment(call.repository, deployment_of(call)))


@route("GET", "/repos/{repo}/deployments/{id#}/statuses", "deployments=read")
def deployment_statuses(call: Call) -> Answer:
    """The newest first."""
    found = deployment_of(call)
    page, headers = call.page(found.statuses[::-1])
    shown = [call.world.write.deployment_status(call.repository, found, status) for status in page]
    return Answer(shown, headers=headers)


@route("GET", "/repos/{repo}/hooks", "administration=read")
def hooks(call: Call) -> Answer:
    mine = [subscriber.hook for subscriber in call.world.hooks.subscribers]
    here = [hook for hook in mine if hook.repository in (None, call.repository.full_name)]
    page, headers = call.page(here)
    return Answer([call.world.write.hook(call.repository, hook) for hook in page], headers=headers)


@route("GET", "/repos/{repo}/collaborators")
def collaborators(call: Call) -> Answer:
    """Everybody who may read; with ``affiliation=outside`` those who do not belong to the organisation."""
    people = call.world.people
    levels = {**people.base, **call.repository.permissions}
    outside = call.query.get("affiliation") == "outside"
    found = [login for login, level in levels.items() if level != "none" and (not outside or login in people.outside)]
    page, headers = call.page(found)
    pushes = {login: levels[login] in {"write", "maintain", "admin"} for login in page}
    return Answer(
        [{**call.world.write.user(login), "permissions": {"push": pushes[login]}} for login in page], headers=headers
    )


@route("GET", "/repos/{repo}/collaborators/{login}/permission")
def permission(call: Call) -> Answer:
    login = call.params["login"]
    level = call.world.people.level(call.repository.permissions, login)
    coarse = {"maintain": "write", "triage": "read"}.get(level, level)
    return Answer({"permission": coarse, "role_name": level, "user": call.world.write.user(login)})


@route("GET", "/repos/{repo}/tarball/{ref+}", "contents=read")
def tarball(call: Call) -> Answer:
    """A link to another host that needs no token, as on GitHub."""
    sha = call.commit(call.params["ref"], status=404)
    link = f"{call.world.codeload_url}/{call.repository.full_name}/legacy.tar.gz/{sha}?token=signed"
    return Answer(None, 302, {"Location": link})


def pull_of(call: Call) -> PullRequest:
    found = call.repository.pull_requests.get(call.number("number"))
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def deployment_of(call: Call) -> Deployment:
    found = call.repository.deployments.get(call.number("id"))
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _holds(call: Call, pull: PullRequest, sha: str) -> bool:
    found = call.repository
    if pull.merged_at is None:
        base = found.branches.get(pull.base, pull.base_sha)
        return sha in {commit.sha for commit in found.between(base, pull.head_sha)}
    own = {commit.sha for commit in found.between(pull.base_sha, pull.head_sha)}
    brought = {commit.sha for commit in found.between(pull.base_sha, pull.merge_sha)} if pull.merge_sha else set()
    return sha in own | brought


def _app(call: Call) -> Any:
    if call.credential.kind != "app" or call.credential.app is None:
        raise Refusal(401, "A JSON web token could not be decoded")
    return call.credential.app
