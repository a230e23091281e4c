"""Lets a provider carry a deployment out: what it is told, what it says, and how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from bot.adapters.storage.runs import BegunRun
from bot.adapters.storage.store import Store
from bot.core.beginnings import told_apart
from bot.core.deployments.model import DEPLOY, Deployment, Steps
from bot.core.deployments.reported import REPORTED, Reported
from bot.core.deployments.steps import Progress
from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.events.internal import RunBegan, RunFinished, RunHeldUp, RunProgressed
from bot.core.outages import model as outages
from bot.core.ports.chat import Clock
from bot.core.ports.forge import Forge
from bot.core.ports.forge_types import Remote
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.ports.provider import Job, Outcome, Provider, Source
from bot.core.ports.workflows import Workflows
from bot.providers import load
from bot.runtime import plans
from bot.runtime.plans import Plan
from bot.runtime.retries import REFUSED_PAUSE
from bot.runtime.run_output import RunOutput
from bot.runtime.stages import is_followed_again, never_seen_to_begin
from bot.settings import Settings, secret_values
from bot.settings.current import InUse

log = structlog.get_logger(__name__)

TELL_AGAIN = 1.0
"""Seconds between two words of how far it has got: what comes faster is told together."""
ASK_AGAIN = 0.5
"""Seconds between two looks at whether somebody cancelled."""
LOOKED_WITHIN = 10
"""Seconds within which it is noticed that what has not begun is cancelled, however long it was to wait."""
STORE_AGAIN = 2.0
"""Seconds between two tries to store output that could not be stored."""
LOST = "Its settings are gone"


class Passwords:
    """One-time passwords on their way from a command to its provider: in memory only, the last few."""

    def __init__(self, keep: int = 20) -> None:
        self._keep = keep
        self._guard = threading.Lock()
        self._passwords: dict[str, str] = {}

    def put(self, delivery_id: str, password: str) -> None:
        with self._guard:
            self._passwords[delivery_id] = password
            while len(self._passwords) > self._keep:
                del self._passwords[next(iter(self._passwords))]

    def get(self, delivery_id: str | None) -> str | None:
        with self._guard:
            return self._passwords.get(delivery_id) if delivery_id else None


class StoredRun:
    """The Run port on the database: output goes into rows, and a cancellation is read from one."""

    def __init__(self, provider_runner: ProviderRunner, job: Job, deployment: Deployment) -> None:
        self._runner = provider_runner
        self.job = job
        secrets = (*secret_values(provider_runner.settings.secrets), job.one_time_password or "")
        self._output = RunOutput(provider_runner.store, job.deployment_id, secrets)
        self.began = began = deployment.started_at or deployment.created_at
        self._deadline = began + timedelta(seconds=job.timeout_seconds) + deployment.stood_for_reviews
        self._held_since = deployment.waits_since
        self._told = self._to_tell = Progress()
        self._steps = {one.number for one in deployment.steps.runs if one.ended_at is not None}
        self._told_at = -TELL_AGAIN
        self._last = began
        self._asked_at = 0.0
        self._cancelled = False
        self._heard: str | None = None

    @property
    def clock(self) -> Clock:
        return self._runner.clock

    @property
    def measures(self) -> Measures:
        return self._runner.measures

    def written(self) -> int:
        return self._output.count

    def write(self, line: str) -> None:
        self._output.write(line)

    def flush(self) -> None:
        """Store what was written. Raises Unavailable, and keeps it, while the database does not answer."""
        self._tell_rest()
        self._output.flush()

    def tell(self, progress: Progress) -> None:
        self._to_tell = progress
        self._log_steps(progress.steps)
        now = self._runner.clock.now()
        if progress.review_url is not None:
            self._held_since = self._held_since or now
        elif self._held_since is not None:
            self._deadline += now - self._held_since
            self._held_since = None
        if self._runner.stopwatch() - self._told_at >= TELL_AGAIN:
            self._tell_rest()

    def _log_steps(self, steps: Steps) -> None:
        """A line for each that has ended since the last word, where there are several."""
        for one in steps.runs if steps.total > 1 else ():
            if one.ended_at is not None and one.number not in self._steps:
                self._steps.add(one.number)
                seconds = (one.ended_at - one.started_at).total_seconds()
                result = "failed" if one.failed else "succeeded"
                log.info("step ended", step=one.name, number=one.number, result=result, seconds=seconds)

    @property
    def last_word(self) -> Progress | None:
        """How far it has got, None where it has told nothing."""
        return self._to_tell if self._to_tell != Progress() else None

    def _tell_rest(self) -> None:
        """What could not be told is told later, with what there is to tell by then."""
        if self._to_tell == self._told:
            return
        number = self.job.deployment_id
        self._last = max(self._runner.clock.now(), self._last + timedelta(microseconds=1))
        word = RunProgressed(number, self._last, self._to_tell)
        try:
            self._runner.store.inbox.put_event(word, f"progressed:{number}:{self._last.isoformat()}")
        except Unavailable as error:
            log.warning("progress not told yet", deployment=number, reason=str(error), during=error.service)
            return
        self._told, self._told_at = self._to_tell, self._runner.stopwatch()

    def note(self, name: str) -> str | None:
        with told_apart(_nobody_knows):
            return self._runner.store.runs.note(self.job.deployment_id, name)

    def keep(self, name: str, value: str) -> None:
        with told_apart(_nobody_knows):
            self._runner.store.runs.keep_note(self.job.deployment_id, name, value)
            # What is kept is acted upon next, which only one process may do.
            self._runner.before_start()

    def claim(self, name: str, value: str) -> str:
        with told_apart(_nobody_knows):
            # What was done until here may have taken long, and somebody else may have taken over.
            self._runner.before_start()
            return self._runner.store.runs.claim_note(self.job.deployment_id, name, value)

    def remote(self) -> Remote:
        return self._runner.forge.remote(self.job.repository)

    def remembered(self, name: str) -> str | None:
        with told_apart(_nobody_knows):
            return self._runner.store.runs.remembered(self.job.app, self.job.environment, name)

    def remember(self, name: str, value: str) -> None:
        with told_apart(_nobody_knows):
            self._runner.store.runs.remember(self.job.app, self.job.environment, name, value)

    @property
    def workflows(self) -> Workflows:
        return self._runner.forge.workflows

    def tarball(self) -> str:
        return self._runner.forge.tarball(self.job.repository, self.job.sha)

    def cancelled(self) -> bool:
        self._output.look()
        if not self._cancelled and self._runner.stopwatch() - self._asked_at >= ASK_AGAIN:
            self._asked_at = self._runner.stopwatch()
            try:
                look = self._runner.store.runs.look(self.job.deployment_id)
            except Unavailable:  # nobody can have cancelled it meanwhile
                return False
            self._cancelled, self._heard = look.stop, look.heard
        return self._cancelled

    def heard(self) -> str | None:
        return self._heard

    def remaining(self) -> float:
        return (self._deadline - (self._held_since or self._runner.clock.now())).total_seconds()

    def checkout(self, into: Path) -> None:
        self._output.flush_if_possible()
        self._runner.forge.checkout(self.job.repository, self.job.sha, into)
        # It may have taken long, and what is begun now would not be begun by whoever has taken over.
        self._runner.before_start()

    def pause(self, seconds: float) -> None:
        if self._runner.stopwatch() - self._told_at >= TELL_AGAIN:
            self._tell_rest()
        self._output.flush_if_possible()
        if self._runner.stopping.wait(seconds):
            # The process ends soon; until then the provider's loop must not take the others' time.
            time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class _How:
    """A provider by its name, an instance of its Settings, how long it may take, and the environment's address."""

    provider: str
    settings: Any
    timeout_seconds: float
    url: str | None = None
    plan: Plan = field(default_factory=Plan)

    @property
    def begun(self) -> BegunRun:
        return BegunRun(self.provider, self.settings.model_dump(mode="json"), self.timeout_seconds)


class ProviderRunner:
    """Begins and follows runs. Both may be called again after a restart: the provider finds its work again."""

    def __init__(
        self,
        store: Store,
        forge: Forge,
        settings: InUse,
        clock: Clock,
        passwords: Passwords,
        before_start: Callable[[], None] = lambda: None,
        measures: Measures = UNMEASURED,
    ) -> None:
        self.store = store
        self.forge = forge
        self._settings = settings
        self.clock = clock
        self.passwords = passwords
        self.before_start = before_start
        self.measures = measures
        self.stopping = threading.Event()
        self.stopwatch = time.monotonic
        self._not_before: dict[int, datetime] = {}

    @property
    def settings(self) -> Settings:
        """Those that are in use now."""
        return self._settings()

    def begin(self, deployment_id: int) -> dict[str, str | int]:
        """Start the provider. Returns ``handle``, or ``later`` in seconds, or nothing where there is no run.

        Like ``follow`` it raises Unavailable alone, where not even the end can be stored.
        """
        try:
            with bound_contextvars(deployment=deployment_id):
                return self._begin(deployment_id)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - nobody takes up a run that has failed: it ends with a sentence
            self._finish(deployment_id, _fault(deployment_id, error))
            return {}

    def _begin(self, deployment_id: int) -> dict[str, str | int]:
        found = self._run(deployment_id)
        if found is None:
            return {}
        provider, run, how = found
        if (left := self._wait_left(run)) > 0:
            return {"later": min(left, LOOKED_WITHIN)}
        # Before it begins, so that what runs is found again whatever becomes of the settings.
        self.store.runs.keep(deployment_id, how.begun)
        plan = plans.keep(run, how.plan if run.job.task == DEPLOY else Plan())
        try:
            handle = plans.work(plan, provider, self._refused).start(run)
        except Unavailable as error:
            return self._not_begun(run, how, error)
        self._store_rest(run)
        log.info("provider started", provider=how.provider)
        self.store.inbox.put_event(RunBegan(deployment_id), f"began:{deployment_id}")
        return {"handle": handle}

    def _wait_left(self, run: StoredRun) -> int:
        """Seconds until it is tried again; none where that is to be ended, whatever the other side has asked for."""
        until = self._not_before.get(run.job.deployment_id, self.clock.now())
        left = ceil((until - self.clock.now()).total_seconds())
        if left > 0 and not run.cancelled() and run.remaining() > 0:
            return left
        self._not_before.pop(run.job.deployment_id, None)
        return 0

    def _not_begun(self, run: StoredRun, how: _How, error: Unavailable) -> dict[str, str | int]:
        """When it is tried again; nothing where it is not, as it has ended by that."""
        number, over, later = run.job.deployment_id, never_seen_to_begin(run, error), int(error.retry_after or 5) + 1
        if not error.uncertain:
            # Nothing goes on with these settings: whoever mends them meanwhile is heard.
            plans.forget(run)
            self.store.runs.forget(number)
        if isinstance(error, NotAccepted):
            self._refused(error)
            if over is None or over.result == "timed_out":  # none of its time is over
                self.store.inbox.put_event(RunHeldUp(number), f"held-up:{number}:{self.clock.now().isoformat()}")
                over, later = None, int(REFUSED_PAUSE.total_seconds())
        if over is None:
            _held_up(how, error)
            if later <= LOOKED_WITHIN or isinstance(error, NotAccepted):
                return {"later": later}
            self._not_before[number] = self.clock.now() + timedelta(seconds=later)
            return {"later": LOOKED_WITHIN}
        is_failure = over.result == "timed_out" and not error.uncertain
        self._finish(number, Outcome("error", str(error)) if is_failure else over)
        return {}

    def follow(self, deployment_id: int, handle: str) -> None:
        """Stay with the work until it has ended, and store how."""
        try:
            with bound_contextvars(deployment=deployment_id):
                self._follow(deployment_id, handle)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._finish(deployment_id, _fault(deployment_id, error))

    def _follow(self, deployment_id: int, handle: str) -> None:
        found = self._run(deployment_id)
        if found is None:
            return
        provider, run, _ = found
        work = plans.work(plans.kept(run) or Plan(), provider, self._refused)
        try:
            outcome = work.follow(run, handle)
        except Exception as error:
            if isinstance(error, NotAccepted):
                self._refused(error)
            if is_followed_again(error):
                self._store_rest(run)
                raise
            outcome = _fault(deployment_id, error)
        self._store_rest(run)
        self._finish(deployment_id, outcome, run.last_word)
        seconds = (self.clock.now() - run.began).total_seconds()
        log.info("provider ended", result=outcome.result, seconds=seconds, reason=outcome.description)

    def _refused(self, error: NotAccepted) -> None:
        outages.report(self.store.reads(), self.store.inbox.put_event, error)

    def _store_rest(self, run: StoredRun) -> None:
        """The provider hands its output over once, so what is not stored yet is kept until the database is back."""
        while True:
            try:
                return run.flush()
            except Unavailable:
                if self.stopping.wait(STORE_AGAIN):
                    raise

    def _run(self, deployment_id: int) -> tuple[Provider, StoredRun, _How] | None:
        deployment = self.store.reads().deployment(deployment_id)
        if deployment is None or not deployment.busy:
            return None
        how = self._how(deployment)
        if how is None:
            self._finish(deployment_id, Outcome("error", LOST))
            return None
        seconds = how.timeout_seconds
        said = Reported.read(self.store.runs.note(deployment_id, REPORTED))
        if said is not None:  # another tool has had its own time, and what is left begins when it was done
            began = deployment.started_at or deployment.created_at
            seconds += max((datetime.fromisoformat(said.at) - began).total_seconds(), 0.0)
        job = Job(
            deployment_id=deployment.id,
            request_id=deployment.request_id,
            app=deployment.app,
            environment=deployment.environment,
            repository=deployment.repository,
            ref=deployment.ref,
            sha=deployment.sha,
            task=deployment.task,
            hosts=deployment.hosts,
            params=dict(deployment.params),
            force=deployment.force,
            requested_by=deployment.by.login or deployment.by.name,
            timeout_seconds=seconds,
            settings=how.settings,
            one_time_password=self.passwords.get(deployment.password_key),
            environment_url=how.url,
            rollback_of=deployment.rollback_of,
            promoted_from=self._source(deployment),
            retry_of=deployment.retry_of,
            pull_request=deployment.pull_request,
        )
        return load(how.provider), StoredRun(self, job, deployment), how

    def _how(self, deployment: Deployment) -> _How | None:
        """By what the settings said when the run began; before that, by the settings."""
        app = self.settings.apps.get(deployment.app)
        environment = app.environment(deployment.environment) if app else None
        url, plan = (environment.url, plans.planned(environment)) if environment is not None else (None, Plan())
        begun = self.store.runs.of(deployment.id)
        if begun is not None:
            settings = load(begun.provider).Settings(**begun.settings)
            return _How(begun.provider, settings, begun.timeout_seconds, url, plan)
        if environment is None:
            return None
        there = environment.provider
        return _How(there.type, there.settings, environment.timeout.total_seconds(), url, plan)

    def _source(self, deployment: Deployment) -> Source | None:
        """Where a promotion comes from, as far as the settings still know the place."""
        before = self.store.reads().deployment(deployment.promoted_from or 0)
        app = self.settings.apps.get(before.app) if before else None
        place = app.environment(before.environment) if app and before else None
        return Source(place.name, place.provider.type, place.provider.settings) if place else None

    def _finish(self, deployment_id: int, outcome: Outcome, last_word: Progress | None = None) -> None:
        links = outcome.environment_url, outcome.log_url
        event = RunFinished(deployment_id, outcome.result, outcome.description, *links, last_word)
        if outcome.given_up:
            event = replace(event, given_up=True)
        self.store.inbox.put_event(event, f"finished:{deployment_id}")


def _nobody_knows() -> bool:
    """Without the notes, or where somebody else has taken over, it may have begun."""
    return True


def _held_up(how: _How, error: Unavailable) -> None:
    log.warning("provider not started yet", provider=how.provider, reason=str(error), during=error.service)


def _fault(deployment_id: int, error: Exception) -> Outcome:
    """A provider must not raise; where it does, people read a sentence and the log has the rest."""
    if isinstance(error, ShipmateError):
        return Outcome("error", str(error))
    log.error("provider failed", deployment=deployment_id, exc_info=error)
    return Outcome("error", "The provider failed in a way that it should not; the log tells more")
