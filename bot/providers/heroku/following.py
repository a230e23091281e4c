"""How a run is followed on Heroku to its end, with its output and through its release phase."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from bot.adapters.heroku.payloads import Build, Release
from bot.adapters.heroku.platform import Heroku
from bot.core.deployments.model import StepRun, Steps
from bot.core.deployments.steps import Progress
from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.ports.provider import Outcome, Run
from bot.providers.heroku.access import client
from bot.providers.heroku.handles import Handle, Intent
from bot.providers.heroku.removing import removed
from bot.providers.heroku.sections import Section, patiently
from bot.providers.heroku.starting import INTENT, WHY
from bot.providers.heroku.stopping import Stopping
from bot.providers.heroku.watching import POLL_SOON, watched

DASHBOARD = "https://dashboard.heroku.com"
PROMOTES = "Heroku promotes"
Result = Literal["succeeded", "failed", "error", "timed_out", "cancelled"]
_RELEASE_WITHIN = 30
"""Seconds in which a build that has succeeded gets its release."""


def follow(run: Run, handle: str) -> Outcome:
    """Stay with what was begun until it has ended. Raises NotAccepted: nothing is given up for refused credentials."""
    begun = Handle.of(handle)
    if begun.kind == "nothing":
        if begun.id == "timed_out":
            return Outcome("timed_out", "The time was up before anything was begun on Heroku")
        return Outcome("cancelled", "Cancelled before anything was begun on Heroku")
    return _Follower(run, client(run.clock, run.measures), begun).outcome()


class _Follower:
    def __init__(self, run: Run, heroku: Heroku, begun: Handle) -> None:
        self._run = run
        self._heroku = heroku
        self._begun = begun
        self._app = begun.app
        self._commit = run.job.sha[:7]
        self._steps: tuple[StepRun, ...] = ()
        activity = f"{DASHBOARD}/apps/{begun.app}/activity"
        self._log_url = f"{activity}/builds/{begun.id}" if begun.kind == "build" else activity

    def outcome(self) -> Outcome:
        try:
            if self._begun.kind == "build":
                return self._build()
            if self._begun.kind == "promotion":
                return self._promotion()
            if self._begun.kind == "removal":
                return removed(self._run, self._heroku, self._begun)
            intent = Intent.of(patiently(self._run, lambda: self._run.note(INTENT)))
            promoted = intent is not None and intent.way == "promotion"
            return self._release(self._begun.id, PROMOTES if promoted else "Heroku goes back to")
        except NotAccepted:
            if self._run.remaining() > 0:
                raise
            return self._ended("timed_out", "Heroku refuses the bot's key, and the time for it is over")
        except Unavailable as error:
            # Nobody answers, and the time is over or somebody has given it up.
            result: Result = "cancelled" if self._run.cancelled() else "timed_out"
            return self._ended(result, f"{str(error).rstrip('.')}: how it ended there is not known")
        except ShipmateError as error:
            return self._ended("error", str(error))

    # --- a build -----------------------------------------------------------------------------------------------------

    def _build(self) -> Outcome:
        first = patiently(self._run, lambda: self._heroku.build(self._app, self._begun.id))
        why = patiently(self._run, lambda: self._run.note(WHY))
        link = first.source_blob.url
        lines = (*((why,) if why else ()), f"Heroku builds {self._commit} for {self._app}")
        section = Section(self._run, "build", *lines, secrets=(link,) if link else ())
        self._steps = (StepRun(1, "Build", section.began),)
        self._tell(f"Heroku builds {self._commit} for {self._app}{self._maintenance()}")
        stopping = Stopping(self._run, lambda: self._heroku.cancel_build(self._app, self._begun.id), self._tell)
        build = watched(
            self._run, self._heroku, lambda: self._heroku.build(self._app, self._begun.id), section, stopping
        )
        if isinstance(build, Outcome):
            return self._ended(build.result, build.description)
        if build.status == "failed":
            stopped = stopping.outcome()
            if stopped is not None:
                return self._ended(stopped.result, stopped.description)
            return self._ended("failed", f"The build failed on Heroku ({self._app})")
        return self._built(build)

    def _built(self, build: Build) -> Outcome:
        """A build that has succeeded goes live with its release, which has its own way to fail."""
        for _ in range(_RELEASE_WITHIN):
            if build.release_id is not None:
                return self._release(build.release_id, "Heroku releases")
            self._run.pause(POLL_SOON)
            build = patiently(self._run, lambda: self._heroku.build(self._app, self._begun.id))
        return self._ended("failed", f"Heroku built {self._commit}, but made no release of it for {self._app}")

    # --- a release ---------------------------------------------------------------------------------------------------

    def _release(self, release_id: str, doing: str) -> Outcome:
        def ask() -> Release:
            return self._heroku.release(self._app, release_id)

        release = patiently(self._run, ask)
        if release.status == "pending" or release.output_stream_url is not None:
            section = Section(self._run, "release", f"{doing} {self._commit} as v{release.version}: release phase")
            before = tuple(
                StepRun(one.number, one.name, one.started_at, one.ended_at or section.began) for one in self._steps
            )
            self._steps = (*before, StepRun(len(before) + 1, "Release phase", section.began))
            self._tell(f"Release phase of v{release.version}{self._maintenance()}")
            stopping = Stopping(self._run, None, self._tell)
            watch = watched(self._run, self._heroku, ask, section, stopping)
            if isinstance(watch, Outcome):
                return self._ended(watch.result, watch.description)
            release = watch
        if not release.succeeded:
            why = "failed" if release.status == "failed" else f"ended as {release.status}"
            return self._ended("failed", f"The release phase of v{release.version} {why}: it did not go live")
        return self._live(release)

    def _live(self, release: Release) -> Outcome:
        """It is live, whatever may be found out about it now."""
        try:
            app = self._heroku.app(self._app)
        except ShipmateError:
            app = None
        said = f"v{release.version} is live on {self._app}"
        hidden = app is not None and app.maintenance
        if hidden:
            said += f", but in maintenance mode: end it with `heroku maintenance:off -a {self._app}`"
        with suppress(Unavailable):
            Section(self._run, "live", said)
        url = self._run.job.environment_url or (app.address if app else None)
        return Outcome("succeeded", said, url, self._log_url)

    # --- a promotion -------------------------------------------------------------------------------------------------

    def _promotion(self) -> Outcome:
        """Heroku makes the release of it in its own time."""
        self._tell(f"Heroku promotes {self._commit} to {self._app}{self._maintenance()}")
        stopping = Stopping(self._run, None, self._tell)
        while True:
            target = patiently(self._run, lambda: self._heroku.promotion_target(self._begun.id))
            if target is not None and target.status == "failed" and target.release_id is None:
                said = (target.error_message or "it does not say why").rstrip(".")
                return self._ended("failed", f"Heroku could not promote {self._commit} to {self._app}: {said}")
            if target is not None and target.release_id is not None:
                break
            stopped = stopping.asked()
            if stopped is not None:
                return self._ended(stopped.result, stopped.description)
            self._run.pause(POLL_SOON)
        ended = self._release(target.release_id, PROMOTES)
        return self._other_commit(target.release_id) or ended if ended.result == "succeeded" else ended

    def _other_commit(self, release_id: str) -> Outcome | None:
        """Heroku promotes what the source runs at that moment: somebody may have released there just before."""
        intent = Intent.of(patiently(self._run, lambda: self._run.note(INTENT)))
        release = patiently(self._run, lambda: self._heroku.release(self._app, release_id))
        if intent is None or release.slug_id in (None, intent.slug):
            return None
        commit = self._heroku.commit_of(self._app, release.slug_id or "")
        other = commit[:7] if commit else "something else"
        said = f"Heroku promoted {other} and not {self._commit}: something was released there just before"
        return self._ended("failed", said)

    # --- what is told ------------------------------------------------------------------------------------------------

    def _tell(self, description: str) -> None:
        url = self._run.job.environment_url
        steps = Steps(len(self._steps), self._steps)
        self._run.tell(Progress(description, steps, log_url=self._log_url, environment_url=url))

    def _maintenance(self) -> str:
        try:
            return ", which is in maintenance mode" if self._heroku.app(self._app).maintenance else ""
        except NotAccepted:
            raise
        except ShipmateError:
            return ""

    def _ended(self, result: Result, description: str) -> Outcome:
        return Outcome(result, description, log_url=self._log_url)
