"""A Heroku whose builds take their time, whose release phases fail, and which answers as it likes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos.places.commands import Stepped
from tests.chaos.places.place import is_truthful
from tests.servers.heroku.server import HerokuServer
from tests.servers.heroku.state import App, Build, Plan

APP = "acme-web"
MARK = re.compile(r"Shipmate ([0-9a-f-]{36})")
FAULTS: tuple[tuple[int | str, dict[str, str]], ...] = (
    (500, {}),
    (503, {}),
    (429, {"Retry-After": "1"}),
    ("cut_before", {}),
    ("cut_after", {}),
)
AT = (("POST", "/builds$"), ("POST", "/builds$"), ("POST", "/releases$"), ("DELETE", "/builds/"), ("GET", "/apps/"))


class FickleHeroku(HerokuServer):
    """What becomes of a build is decided by its commit."""

    def __init__(self, fails: dict[str, str]) -> None:
        super().__init__()
        self._fails = fails

    def build(self, app: App, blob: dict[str, Any]) -> Build:
        app.plan = self._plan(blob["version"])
        made = super().build(app, blob)
        app.plan = Plan()
        return made

    def _plan(self, sha: str) -> Plan:
        kind, looks = int(sha[:4], 16), int(sha[4:6], 16) % 3
        bad = self._fails.get(sha) == "work"
        if kind % 2:
            return Plan(looks=looks, phase="failed" if bad else "succeeded", phase_looks=looks)
        return Plan(looks=looks, result="failed" if bad else "succeeded")


class OnHeroku(Stepped):
    name = "heroku"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.heroku: HerokuServer = self.stack.enter_context(FickleHeroku(self.fails))
        self.heroku.add_app(APP)
        self.here.environ |= {"HEROKU_API_KEY": self.heroku.key, "HEROKU_API_URL": self.heroku.url}

    def table(self) -> str:
        return f"provider = {{ type = 'heroku', app = '{APP}' }}\n{self.steps()}"

    def storm(self) -> None:
        fault, headers = self.chance.choice(FAULTS)
        method, path = self.chance.choice(AT)
        self.heroku.fail_next(method, path, fault, times=self.chance.choice((1, 1, 2)), headers=dict(headers))
        self.happened[f"Heroku {fault}"] += 1

    def fair(self) -> None:
        with self.heroku.changed:
            self.heroku._faults.clear()

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from super().untrue(deployments)
        yield from (f"Heroku: {mistake}" for mistake in self.heroku.mistakes)
        self.heroku.mistakes.clear()
        made: dict[str, list[Build]] = defaultdict(list)
        for build in self.heroku.apps[APP].builds:
            about = MARK.search(build.blob["version_description"])
            made[about[1] if about else "nobody"].append(build)
            if build.status == "pending":
                yield f"the build {build.number} is still pending on Heroku"
        yield from (f"{request} has {len(builds)} builds" for request, builds in made.items() if len(builds) > 1)
        known = {one.request_id for one in deployments}
        yield from (f"Heroku built for {request}, who has not asked" for request in made if request not in known)
        yield from self._rollbacks(deployments)
        for one in deployments:
            yield from self._untrue(one, made[one.request_id])

    def _rollbacks(self, deployments: Sequence[Any]) -> Iterator[str]:
        done = [one for one in self.heroku.apps[APP].releases if one.description.startswith("Rollback")]
        asked = [one for one in deployments if one.rollback_of is not None]
        if len(done) > len(asked):
            yield f"Heroku has rolled back {len(done)} times, and {len(asked)} rollbacks were asked for"

    def _untrue(self, one: Any, builds: list[Build]) -> Iterator[str]:
        releases = {release.id: release for release in self.heroku.apps[APP].releases}
        release = releases.get(builds[0].release or "") if builds else None
        live = release is not None and release.status == "succeeded"
        if one.state == "succeeded" and not live and one.rollback_of is None:
            yield f"#{one.id} has succeeded, and is not live on Heroku"
        if one.state == "failed" and self.fails[one.sha] == "work" and live:
            yield f"#{one.id} has failed, and is live on Heroku"
        if one.state == "cancelled" and live and not is_truthful(one):
            yield f"#{one.id} is cancelled, and is live on Heroku: {one.description}"
