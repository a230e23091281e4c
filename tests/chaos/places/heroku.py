"""A Heroku whose builds take their time, or never end, whose release phases fail, and which answers as it likes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from tests.chaos.places.commands import Stepped
from tests.chaos.places.place import is_truthful
from tests.end_to_end.installation import Installation
from tests.servers.heroku.server import HerokuServer
from tests.servers.heroku.state import App, Build, Plan, Promotion

PIPELINE = "acme"
MARK = re.compile(r"Shipmate ([0-9a-f-]{36})")
FAULTS: tuple[tuple[int | str, dict[str, str]], ...] = (
    (500, {}),
    (503, {}),
    (429, {"Retry-After": "1"}),
    ("cut_before", {}),
    ("cut_after", {}),
)
AT = (("POST", "/builds$"), ("POST", "/builds$"), ("POST", "/releases$"), ("DELETE", "/builds/"), ("GET", "/apps/"))
AT_PROMOTIONS = (("POST", "/pipeline-promotions$"), ("POST", "/pipeline-promotions$"), ("GET", "/promotion-targets$"))
TIME = "20s"
OVERTAKEN = "something was released there just before"


class FickleHeroku(HerokuServer):
    """What becomes of a build or a promotion is decided by its commit; those of the apps ``endless`` may never end."""

    def __init__(self, fails: dict[str, str]) -> None:
        super().__init__()
        self.endless: set[str] = set()
        self._fails = fails

    def build(self, app: App, blob: dict[str, Any]) -> Build:
        app.plan = self._plan(app, blob["version"])
        made = super().build(app, blob)
        app.plan = Plan()
        return made

    def carry_out(self, promotion: Promotion) -> None:
        target = self.app(promotion.target)
        assert target is not None
        sha = self.slugs[promotion.slug] or "0"
        target.plan = Plan(phase="succeeded", phase_looks=_looks(sha)) if _has_phase(sha) else Plan()
        super().carry_out(promotion)
        target.plan = Plan()

    def _plan(self, app: App, sha: str) -> Plan:
        bad = self._fails.get(sha) == "work"
        if app.name in self.endless and never_ends(sha):
            return Plan(looks=None)
        if _has_phase(sha):
            return Plan(looks=_looks(sha), phase="failed" if bad else "succeeded", phase_looks=_looks(sha))
        return Plan(looks=_looks(sha), result="failed" if bad else "succeeded")


def _has_phase(sha: str) -> bool:
    return int(sha[:4], 16) % 2 == 1


def _looks(sha: str) -> int:
    return int(sha[4:6], 16) % 3


def never_ends(sha: str) -> bool:
    """Whether a build of it goes on until it is told to stop, where there are such."""
    return int(sha[6:10], 16) % 3 == 0


_OPEN: WeakKeyDictionary[Installation, FickleHeroku] = WeakKeyDictionary()


def _shared(here: Installation, stack: ExitStack, fails: dict[str, str]) -> FickleHeroku:
    """The one Heroku of a game, where all of its places there have their apps."""
    if here not in _OPEN:
        heroku = _OPEN[here] = FickleHeroku(fails)
        stack.enter_context(heroku)
        here.environ |= {"HEROKU_API_KEY": heroku.key, "HEROKU_API_URL": heroku.url}
    return _OPEN[here]


class OnHeroku(Stepped):
    name = "heroku"
    app: ClassVar[str] = "acme-web"
    faults_at: ClassVar[Sequence[tuple[str, str]]] = AT

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.heroku = _shared(self.here, self.stack, self.fails)
        self.heroku.add_app(self.app, pipeline=PIPELINE)

    def table(self) -> str:
        provider = f"provider = {{ type = 'heroku', app = '{self.app}' }}\n{self.steps()}"
        goes_on = self.app == OnHeroku.app and Promoted.app in self.heroku.apps
        return f"{provider}\npromote_to = '{Promoted.name}'\npromote = 'auto'" if goes_on else provider

    def storm(self) -> None:
        fault, headers = self.chance.choice(FAULTS)
        method, path = self.chance.choice(self.faults_at)
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
        for build in self.heroku.apps[self.app].builds:
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
        done = [one for one in self.heroku.apps[self.app].releases if one.description.startswith("Rollback")]
        asked = [one for one in deployments if one.rollback_of is not None]
        if len(done) > len(asked):
            yield f"Heroku has rolled back {len(done)} times, and {len(asked)} rollbacks were asked for"

    def is_live(self, one: Any, builds: Sequence[Build]) -> bool:
        """Whether what was begun for it went live."""
        releases = {release.id: release for release in self.heroku.apps[self.app].releases}
        release = releases.get(builds[0].release or "") if builds else None
        return release is not None and release.status == "succeeded"

    def _untrue(self, one: Any, builds: list[Build]) -> Iterator[str]:
        live = self.is_live(one, builds)
        if one.state == "succeeded" and not live and one.rollback_of is None:
            yield f"#{one.id} has succeeded, and is not live on Heroku"
        if one.state == "failed" and self.fails.get(one.sha) == "work" and live:
            yield f"#{one.id} has failed, and is live on Heroku"
        if one.state in {"cancelled", "timed_out"} and live and not is_truthful(one):
            yield f"#{one.id} is {one.state}, and is live on Heroku: {one.description}"


class Promoted(OnHeroku):
    """Where what has succeeded there goes on to by itself, in a promotion of Heroku's own."""

    name = "promoted"
    app = "acme-promoted"
    faults_at = AT_PROMOTIONS

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.heroku.promotion_looks = 4  # so that somebody may cancel it meanwhile

    def goes_on(self) -> None:
        """Heroku makes the release of a promotion in its own time, whoever looks."""
        with self.heroku.changed:
            for promotion in self.heroku.promotions.values():
                self.heroku.seen_promotion(promotion)

    def excused(self, deployment: Any) -> bool:
        """Heroku promotes what the source runs at that moment, which may be something else by then: that is told."""
        return deployment.state == "failed" and OVERTAKEN in deployment.description

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from super().untrue(deployments)
        slugs = [one.slug for one in self.heroku.promotions.values()]
        promoted = Counter(self.heroku.slugs[slug] for slug in slugs)
        asked = [one for one in deployments if one.promoted_from is not None]
        by_themselves = Counter(one.promoted_from for one in asked if one.trigger == "promotion")
        yield from (f"#{number} went on by itself {n} times" for number, n in by_themselves.items() if n > 1)
        wanted = Counter(one.sha for one in asked)
        overtaken = sum(self.excused(one) for one in asked)
        for sha, count in promoted.items():
            if count > wanted[sha or ""] + overtaken:
                yield f"Heroku has promoted {sha} {count} times, which was asked for {wanted[sha or '']} times"
        yield from self.untold(asked, overtaken)

    def untold(self, asked: Sequence[Any], overtaken: int = 0) -> Iterator[str]:
        """What went live although it was told that it had not."""
        told = Counter(one.sha for one in asked if one.state == "succeeded" or is_truthful(one))
        for sha, count in self._went_live().items():
            if count > told[sha or ""] + overtaken:
                yield f"{sha} went live by {count} promotions on Heroku, of which {told[sha or '']} are told"

    def _went_live(self) -> Counter[str | None]:
        done = (one for one in self.heroku.apps[self.app].releases if one.description == "Promote")
        return Counter(self.heroku.slugs[one.slug] for one in done if one.status == "succeeded")

    def is_live(self, one: Any, builds: Sequence[Build]) -> bool:
        """Heroku does not say whose a promotion is: of a commit that was promoted again, one that came to nothing is
        told by how many there are."""
        if one.promoted_from is None or builds:
            return super().is_live(one, builds)
        return one.state not in {"cancelled", "timed_out"} and self._went_live()[one.sha] > 0


class Late(OnHeroku):
    """Where there is little time, and builds do not end by themselves."""

    name = "late"
    app = "acme-late"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.heroku.endless.add(self.app)

    def table(self) -> str:
        return f"timeout = '{TIME}'\n{super().table()}"

    def excused(self, deployment: Any) -> bool:
        """Time is short for all of them; what must hold is that nothing of it goes on, or that people are told."""
        return deployment.state == "timed_out"

    def _untrue(self, one: Any, builds: list[Build]) -> Iterator[str]:
        yield from super()._untrue(one, builds)
        if one.state in {"succeeded", "failed"} and any(build.plan.looks is None for build in builds):
            yield f"#{one.id} is {one.state}, and its build never ended by itself: {one.description}"
