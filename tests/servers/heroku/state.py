"""What the small Heroku has: apps, builds, slugs, releases, pipelines and promotions, and how each goes on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

T0 = "2026-03-02T10:00:{:02d}Z"


@dataclass(frozen=True)
class Plan:
    """What becomes of a build, a rollback or a promotion.

    ``looks``: how often it is seen pending before it ends, None until a test ends it. ``phase``: how its release phase
    ends, None where there is none.
    """

    output: tuple[str, ...] = ("-----> Building", "-----> Done")
    result: str = "succeeded"
    looks: int | None = 1
    phase: str | None = None
    phase_output: tuple[str, ...] = ("Migrating",)
    phase_looks: int | None = 1


class Stream:
    """Text that grows until it has ended."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self.text = b""
        self.ended = False
        self.gone = False
        self.whole = False  # each answer begins at the beginning
        self.cut_at: list[int] = []

    def write(self, *lines: str) -> None:
        with self._changed:
            self.text += "".join(f"{line}\n" for line in lines).encode()
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()


@dataclass
class Release:
    id: str
    app: str
    version: int
    slug: str
    description: str
    status: str = "succeeded"
    stream: Stream | None = None
    looks: int | None = 0
    ends: str = "succeeded"
    eligible: bool = True


@dataclass
class Build:
    id: str
    app: str
    number: int
    blob: dict[str, Any]
    plan: Plan
    stream: Stream
    looks: int | None
    status: str = "pending"
    release: str | None = None
    slug: str | None = None


@dataclass
class App:
    id: str
    name: str
    pipeline: str | None = None
    maintenance: bool = False
    plan: Plan = field(default_factory=Plan)
    builds: list[Build] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    current: str | None = None
    formation: dict[str, int] = field(default_factory=lambda: {"web": 1})


@dataclass
class Promotion:
    id: str
    pipeline: str
    target: str
    slug: str
    looks: int
    release: str | None = None
    error: str | None = None


class State:
    """Its lock is held whenever anything is looked at or changed."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.apps: dict[str, App] = {}
        self.pipelines: dict[str, str] = {}
        self.slugs: dict[str, str | None] = {}
        self.promotions: dict[str, Promotion] = {}
        self.promotion_looks = 1
        self.promotion_error: str | None = None
        self._ids = 0

    def new_id(self) -> str:
        self._ids += 1
        return str(UUID(int=self._ids))

    def app(self, named: str) -> App | None:
        return next((app for app in self.apps.values() if named in (app.name, app.id)), None)

    def add_app(self, name: str, *, pipeline: str | None = None, plan: Plan | None = None) -> App:
        app = App(self.new_id(), name, plan=plan or Plan())
        if pipeline is not None:
            app.pipeline = self.pipelines.setdefault(pipeline, self.new_id())
        self.apps[name] = app
        return app

    def add_release(self, app: str, commit: str | None, *, status: str = "succeeded", eligible: bool = True) -> Release:
        """As if somebody had released a slug of that commit."""
        slug = self.new_id()
        self.slugs[slug] = commit
        current = self.apps[app].current
        made = self.release(self.apps[app], slug, f"Deploy {(commit or '')[:8]}", Plan())
        made.status, made.eligible = status, eligible
        if status != "succeeded":
            self.apps[app].current = current
        return made

    def build(self, app: App, blob: dict[str, Any]) -> Build:
        stream = Stream(self.changed)
        stream.write(*app.plan.output)
        made = Build(self.new_id(), app.name, len(app.builds), blob, app.plan, stream, app.plan.looks)
        app.builds.append(made)
        return made

    def release(self, app: App, slug: str, description: str, plan: Plan) -> Release:
        made = Release(self.new_id(), app.name, len(app.releases) + 1, slug, description)
        app.releases.append(made)
        if plan.phase is None:
            app.current = made.id
        else:
            made.status, made.ends, made.looks = "pending", plan.phase, plan.phase_looks
            made.stream = Stream(self.changed)
            made.stream.write(*plan.phase_output)
        return made

    # --- how they go on ------------------------------------------------------------------------------------------

    def seen_build(self, build: Build) -> None:
        if build.status == "pending" and build.looks is not None:
            if build.looks == 0:
                self.end_build(build)
            else:
                build.looks -= 1

    def end_build(self, build: Build, result: str | None = None) -> None:
        build.status = result or build.plan.result
        build.stream.end()
        if build.status == "succeeded":
            build.slug = self.new_id()
            self.slugs[build.slug] = build.blob.get("version")
            app = self.apps[build.app]
            build.release = self.release(app, build.slug, f"Deploy {str(build.blob['version'])[:8]}", build.plan).id

    def seen_release(self, release: Release) -> None:
        if release.status == "pending" and release.looks is not None:
            if release.looks == 0:
                self.end_release(release)
            else:
                release.looks -= 1

    def end_release(self, release: Release, result: str | None = None) -> None:
        release.status = result or release.ends
        if release.stream is not None:
            release.stream.end()
        if release.status == "succeeded":
            self.apps[release.app].current = release.id

    def seen_promotion(self, promotion: Promotion) -> None:
        if promotion.looks > 0:
            promotion.looks -= 1
        elif promotion.release is None and promotion.error is None:
            self.carry_out(promotion)

    def carry_out(self, promotion: Promotion) -> None:
        if self.promotion_error is not None:
            promotion.error = self.promotion_error
            return
        target = self.app(promotion.target)
        assert target is not None
        promotion.release = self.release(target, promotion.slug, "Promote", target.plan).id

    def current_slug(self, app: App) -> str | None:
        return next((one.slug for one in app.releases if one.id == app.current), None)

    def slow(self, app: str, **changes: Any) -> None:
        """Another plan for what is begun from now on."""
        self.apps[app].plan = replace(self.apps[app].plan, **changes)
