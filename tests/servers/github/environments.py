"""The environments of a repository on the GitHub server, with their protection rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.servers.github.json import WEB
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.world import World


def protect(
    github: World,
    repository: str,
    environment: str,
    *,
    users: Sequence[str] = (),
    teams: Sequence[str] = (),
    minutes: int = 0,
    branches: str | None = None,
) -> None:
    """Give an environment its rules. ``branches`` is ``protected`` or ``custom``."""
    rules: list[dict[str, Any]] = []
    if minutes:
        rules.append({"id": 1, "type": "wait_timer", "wait_timer": minutes})
    if users or teams:
        reviewers = [{"type": "User", "reviewer": github.write.user(login)} for login in users]
        reviewers += [{"type": "Team", "reviewer": {"id": 1, "slug": slug, "name": slug}} for slug in teams]
        rules.append({"id": 2, "type": "required_reviewers", "prevent_self_review": False, "reviewers": reviewers})
    if branches:
        rules.append({"id": 3, "type": "branch_policy"})
    policy = {"protected_branches": branches == "protected", "custom_branch_policies": branches == "custom"}
    with github.lock:
        github.repositories[repository].environments[environment] = {
            "id": 161088068,
            "name": environment,
            "html_url": f"{WEB}/{repository}/deployments/activity_log?environments_filter={environment}",
            "protection_rules": rules,
            "deployment_branch_policy": policy if branches else None,
        }


@route("GET", "/repos/{repo}/environments/{name}", "actions=read")
def environment(call: Call) -> Answer:
    found = call.repository.environments.get(call.params["name"])
    if found is None:
        raise Refusal(404, "Not Found")
    return Answer(found)
