"""What the GitHub server answers at ``/graphql``: the merge queue, which the REST API does not have."""

from __future__ import annotations

import re
from typing import Any

from tests.servers.github.accounts import check_access
from tests.servers.github.json import node_id
from tests.servers.github.merge_rules import unmet
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.state import PullRequest, Repository


class Problem(Exception):
    """An entry of ``errors``: the status is 200 all the same."""

    def __init__(self, message: str, type: str = "UNPROCESSABLE") -> None:
        super().__init__(message)
        self.type = type


@route("POST", "/graphql", "")
def graphql(call: Call) -> Answer:
    """https://docs.github.com/en/graphql: the three questions that the bot has."""
    query, variables = call.body["query"], call.body.get("variables", {})
    missing = [name for name in re.findall(r"\$(\w+): \w+!", query) if variables.get(name) is None]
    assert not missing, f"a variable without a value: {missing}"
    asked = next(name for name in ("enqueuePullRequest", "dequeuePullRequest", "isInMergeQueue") if name in query)
    try:
        found, pull = _pull(call, variables["id"])
        return Answer({"data": _ANSWERS[asked](call, found, pull, variables)})
    except Problem as problem:
        error = {"type": problem.type, "path": [asked], "message": str(problem)}
        return Answer({"data": {asked: None}, "errors": [error]})


def _pull(call: Call, key: str) -> tuple[Repository, PullRequest]:
    for found in call.world.repositories.values():
        for pull in found.pull_requests.values():
            if node_id("PR", pull.id) == key:
                return found, pull
    raise Problem(f"Could not resolve to a node with the global id of '{key}'", "NOT_FOUND")


def _enqueue(call: Call, found: Repository, pull: PullRequest, variables: dict[str, Any]) -> Any:
    """https://docs.github.com/en/graphql/reference/mutations#enqueuepullrequest"""
    _demand_write(call, found)
    if pull.queued:
        raise Problem("Pull request is already in the queue")
    if variables["head"] != pull.head_sha:
        raise Problem("Expected head OID does not match the head of the pull request")
    if pull.base not in found.queues:
        raise Problem("Base branch has no merge queue")
    if reason := unmet(found, pull):
        raise Problem(f"Pull request {reason}")
    call.world.enqueue(found.full_name, pull.number, by=call.login)
    return {"enqueuePullRequest": {"mergeQueueEntry": {"id": node_id("MQE", pull.id)}}}


def _dequeue(call: Call, found: Repository, pull: PullRequest, variables: dict[str, Any]) -> Any:
    """https://docs.github.com/en/graphql/reference/mutations#dequeuepullrequest"""
    _demand_write(call, found)
    if not pull.queued:
        raise Problem("Pull request is not in the queue")
    call.world.dequeue(found.full_name, pull.number, "MANUAL", by=call.login)
    return {"dequeuePullRequest": {"mergeQueueEntry": {"id": node_id("MQE", pull.id)}}}


def _look(call: Call, found: Repository, pull: PullRequest, variables: dict[str, Any]) -> Any:
    return {"node": {"isInMergeQueue": pull.queued}}


def _demand_write(call: Call, found: Repository) -> None:
    try:
        check_access(call.credential, found, "pull_requests=write")
    except Refusal as refusal:
        raise Problem(str(refusal), "FORBIDDEN") from refusal


_ANSWERS = {"enqueuePullRequest": _enqueue, "dequeuePullRequest": _dequeue, "isInMergeQueue": _look}
