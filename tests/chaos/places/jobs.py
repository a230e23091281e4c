"""Jobs of GitHub Actions that carry out what they find on GitHub, and make a deployment of their own of it: a twin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bot.core.deployments.twins import WORKFLOWS
from tests.chaos.places.place import Place
from tests.end_to_end.installation import REPOSITORY
from tests.servers.github.state import Deployment

BEGINS = ("queued", "in_progress")


class Jobs(Place):
    name = "jobs"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._twins: dict[int, int] = {}
        self._waits: list[tuple[int, list[str]]] = []

    def table(self) -> str:
        return "provider = { type = 'external' }"

    def goes_on(self) -> None:
        github = self.here.github
        for remote in github.deployments(REPOSITORY):
            if remote.environment == self.name and remote.creator == github.bot_login and remote.id not in self._twins:
                self._begin(remote)
        for twin, states in self._waits:
            if states and self.chance.random() < 0.5:
                github.report_deployment_status(REPOSITORY, twin, states.pop(0), by=WORKFLOWS)

    def _begin(self, remote: Deployment) -> None:
        made = self.here.github.create_deployment(REPOSITORY, remote.sha, environment=self.name, by=WORKFLOWS)
        self._twins[remote.id] = made
        end = "failure" if self.failing(remote.sha) else "success"
        self._waits.append((made, [*BEGINS, end]))

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from (f"the job {twin} has not ended" for twin, states in self._waits if states)
        ours = {self._twins.get(one.remote_id): one for one in deployments if one.trigger != "foreign"}
        for one in deployments:
            if one.trigger != "foreign" and one.state in {"succeeded", "failed"} and one.remote_id not in self._twins:
                yield f"#{one.id} is {one.state}, and no job was there for it"
            # What a job does of one that was cancelled before is a deployment of its own.
            if one.trigger == "foreign" and (one.remote_id not in ours or ours[one.remote_id].state != "cancelled"):
                yield f"#{one.id} is told of as if another tool had made it, and is a job's of ours"
