"""GitHub's record of deployments and their statuses: the ``RemoteDeployments`` port over its REST API."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.adapters.github.http import Connection, at
from bot.adapters.github.mapping import deployment_of, status_of
from bot.adapters.github.payloads import (
    CreatedDeployment,
    DeploymentShape,
    DeploymentStatusShape,
    login_of,
    request_id_in,
)
from bot.core.errors import NotThere, Unavailable
from bot.core.people.logins import same_login
from bot.core.ports.forge_types import (
    JSON,
    Commit,
    MergedInstead,
    NewRemoteDeployment,
    NewRemoteStatus,
    RemoteDeployment,
    RemoteStatus,
)

DESCRIPTION_LENGTH = 140  # https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status


class GitHubDeployments:
    """Implements ``bot.core.ports.remote_deployments.RemoteDeployments``. Safe to share between threads.

    ``resolve`` finds the commit behind a repository's branch, ``own_login`` tells as whom deployments are created.
    """

    def __init__(
        self,
        connection: Connection,
        resolve: Callable[[str, str], Commit | None],
        own_login: Callable[[], str | None],
    ) -> None:
        self._connection = connection
        self._resolve = resolve
        self._own_login = own_login

    def create(self, new: NewRemoteDeployment) -> int | MergedInstead:
        body: dict[str, JSON] = {
            "ref": new.sha,
            "task": new.task,
            "environment": new.environment,
            "description": _cut(new.description),
            "payload": {**new.payload, "request_id": new.request_id},
            "auto_merge": new.auto_merge,
            "required_contexts": [],  # the checks were read before: GitHub's own test blocks on skipped ones
            "production_environment": new.production,
            "transient_environment": new.transient,
        }
        created = self._connection.post(at(new.repository, "deployments"), body, CreatedDeployment)
        if created.id is not None:
            return created.id
        if not created.message:
            raise Unavailable("GitHub's answer names no deployment.", uncertain=True)
        return MergedInstead(created.sha or self._merged_head(new), created.message)

    def find(self, new: NewRemoteDeployment) -> int | None:
        query = {"sha": new.sha, "environment": new.environment, "task": new.task}
        for page in self._connection.pages(at(new.repository, "deployments"), list[DeploymentShape], most=5, **query):
            for deployment in page:
                if request_id_in(deployment.payload) == new.request_id and self._is_own(deployment):
                    return deployment.id
        return None

    def _is_own(self, deployment: DeploymentShape) -> bool:
        """Others can read our request ids, and send them. A token that may not ask who it is has to believe them."""
        own = self._own_login()
        return own is None or same_login(login_of(deployment.creator), own)

    def get(self, repository: str, remote_id: int) -> RemoteDeployment | None:
        try:
            found = self._connection.get(at(repository, "deployments", remote_id), DeploymentShape)
        except NotThere:
            return None
        return deployment_of(found)

    def statuses(self, repository: str, remote_id: int) -> Sequence[RemoteStatus]:
        path = at(repository, "deployments", remote_id, "statuses")
        found: list[RemoteStatus] = []
        for page in self._connection.pages(path, list[DeploymentStatusShape], most=5):
            found.extend(map(status_of, page))
        return tuple(sorted(found, key=lambda status: status.id))  # GitHub lists the newest first

    def post_status(self, repository: str, remote_id: int, status: NewRemoteStatus) -> int:
        body: dict[str, JSON] = {
            "state": status.state,
            "description": _cut(status.description),
            "environment": status.environment,
            "auto_inactive": status.auto_inactive,
        }
        if status.log_url:
            body["log_url"] = status.log_url
        if status.environment_url:
            body["environment_url"] = status.environment_url
        path = at(repository, "deployments", remote_id, "statuses")
        return self._connection.post(path, body, DeploymentStatusShape).id

    def _merged_head(self, new: NewRemoteDeployment) -> str:
        """The merge commit that GitHub has just made is the new head of the branch that was asked for."""
        branch = new.payload.get("ref")
        merged = self._resolve(new.repository, branch) if isinstance(branch, str) else None
        return merged.sha if merged else new.sha


def _cut(text: str) -> str:
    """At most as many characters as GitHub takes, on one line, with an ellipsis where something is missing."""
    line = " ".join(text.split())
    return line if len(line) <= DESCRIPTION_LENGTH else f"{line[: DESCRIPTION_LENGTH - 1].rstrip()}…"
