"""Lets a provider carry a deployment out: what it is told, what it says, and how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.adapters.storage.output import OUTPUT_LINES
from bot.adapters.storage.runs import BegunRun
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Deployment
from bot.core.deployments.steps import Progress
from bot.core.deployments.waits import reviewed_for
from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.events.internal import RunBegan, RunFinished, RunHeldUp, RunProgressed
from bot.core.outages import model as outages
from bot.core.ports.chat import Clock
from bot.core.ports.forge import Forge
from bot.core.ports.forge_types import Remote
from bot.core.ports.provider import Job, Outcome, Provider
from bot.providers import load
from bot.runtime.retries import REFUSED_PAUSE
from bot.settings import Settings, masked

log = structlog.get_logger(__name__)

TELL_AGAIN = 1.0
"""Seconds between two words of how far it has got: what comes faster is told together."""
ASK_AGAIN = 0.5
"""Seconds between two looks at whether somebody cancelled."""
STORE_AGAIN = 2.0
"""Seconds between two tries to store output that could not be stored."""
FLUSH_AT = 50
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

    def __init__(self, provider_runner: ProviderRunner, job: Job, deployment: Deployment, written: int) -> None:
        self._runner = provider_runner
        self.job = job
        self._line = written
        self._buffer: list[str] = []
        began = deployment.started_at or deployment.created_at
        self._deadline = began + timedelta(seconds=job.timeout_seconds) + reviewed_for(deployment)
        self._held_since = deployment.waits_since
        self._told = self._to_tell = Progress()
        self._told_at = -TELL_AGAIN
        self._last = began
        self._asked_at = 0.0
        self._cancelled = False

    def write(self, line: str) -> None:
        self._buffer.append(masked(line, self._runner.settings.secrets))
        if len(self._buffer) >= FLUSH_AT:
            self._flush_if_possible()

    def flush(self) -> None:
        """Store what was written. Raises Unavailable, and keeps it, while the database does not answer."""
        self._tell_rest()
        lines = tuple(self._buffer)
        self._runner.store.output.write(self.job.deployment_id, self._line, lines)
        self._line += len(lines)
        del self._buffer[: len(lines)]

    def tell(self, progress: Progress) -> None:
        self._to_tell = progress
        now = self._runner.clock.now()
        if progress.review_url is not None:
            self._held_since = self._held_since or now
        elif self._held_since is not None:
            self._deadline += now - self._held_since
            self._held_since = None
        if time.monotonic() - self._told_at >= TELL_AGAIN:
            self._tell_rest()

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
            log.warning("progress not told yet", deployment=number, reason=str(error))
            return
        self._told, self._told_at = self._to_tell, time.monotonic()

    def note(self, name: str) -> str | None:
        return self._runner.store.runs.note(self.job.deployment_id, name)

    def keep(self, name: str, value: str) -> None:
        self._runner.store.runs.keep_note(self.job.deployment_id, name, value)

    def claim(self, name: str, value: str) -> str:
        # What was done until here may have taken long, and somebody else may have taken over.
        self._runner.before_start()
        return self._runner.store.runs.claim_note(self.job.deployment_id, name, value)

    def remote(self) -> Remote:
        return self._runner.forge.remote(self.job.repository)

    def tarball(self) -> str:
        return self._runner.forge.tarball(self.job.repository, self.job.sha)

    def _flush_if_possible(self) -> None:
        """The work goes on while the database is away; what comes out meanwhile is kept, as much as is ever stored."""
        try:
            self.flush()
        except Unavailable as error:
            log.warning("output not stored yet", deployment=self.job.deployment_id, reason=str(error))
            del self._buffer[OUTPUT_LINES:]

    def cancelled(self) -> bool:
        if not self._cancelled and time.monotonic() - self._asked_at >= ASK_AGAIN:
            self._asked_at = time.monotonic()
            try:
                deployment = self._runner.store.reads().deployment(self.job.deployment_id)
            except Unavailable:  # nobody can have cancelled it meanwhile
                return False
            self._cancelled = deployment is None or deployment.ended or deployment.cancel_by is not None
        return self._cancelled

    def remaining(self) -> float:
        return (self._deadline - (self._held_since or self._runner.clock.now())).total_seconds()

    def checkout(self, into: Path) -> None:
        self._runner.forge.checkout(self.job.repository, self.job.sha, into)
        # It may have taken long, and what is begun now would not be begun by whoever has taken over.
        self._runner.before_start()

    def pause(self, seconds: float) -> None:
        if time.monotonic() - self._told_at >= TELL_AGAIN or self._buffer:
            self._flush_if_possible()
        if self._runner.stopping.wait(seconds):
            # The process ends soon; until then the provider's loop must not take the others' time.
            time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class _How:
    """A provider by its name, an instance of its Settings, and how long it may take."""

    provider: str
    settings: Any
    timeout_seconds: float

    @property
    def begun(self) -> BegunRun:
        return BegunRun(self.provider, self.settings.model_dump(mode="json"), self.timeout_seconds)


class ProviderRunner:
    """Begins and follows runs. Both may be called again after a restart: the provider finds its work again."""

    def __init__(
        self,
        store: Store,
        forge: Forge,
        settings: Settings,
        clock: Clock,
        passwords: Passwords,
        before_start: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.forge = forge
        self.settings = settings
        self.clock = clock
        self.passwords = passwords
        self.before_start = before_start
        self.stopping = threading.Event()

    def begin(self, deployment_id: int) -> dict[str, str | int]:
        """Start the provider. Returns ``handle``, or ``later`` in seconds, or nothing where there is no run.

        Like ``follow`` it raises Unavailable alone, where not even the end can be stored.
        """
        try:
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
        # Before it begins, so that what runs is found again whatever becomes of the settings.
        self.store.runs.keep(deployment_id, how.begun)
        try:
            handle = provider.start(run)
        except NotAccepted as error:
            outages.report(self.store.reads(), self.store.inbox.put_event, error)
            self.store.inbox.put_event(
                RunHeldUp(deployment_id), f"held-up:{deployment_id}:{self.clock.now().isoformat()}"
            )
            return {"later": int(REFUSED_PAUSE.total_seconds())}
        except Unavailable as error:
            if run.remaining() <= 0:
                self._finish(deployment_id, Outcome("error", str(error)))
                return {}
            return {"later": int(error.retry_after or 5) + 1}
        self._store_rest(run)
        self.store.inbox.put_event(RunBegan(deployment_id), f"began:{deployment_id}")
        return {"handle": handle}

    def follow(self, deployment_id: int, handle: str) -> None:
        """Stay with the work until it has ended, and store how."""
        try:
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
        try:
            outcome = provider.follow(run, handle)
        except Exception as error:  # noqa: BLE001 - whatever a provider raises ends its deployment with a sentence
            outcome = _fault(deployment_id, error)
        self._store_rest(run)
        self._finish(deployment_id, outcome)

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
            timeout_seconds=how.timeout_seconds,
            settings=how.settings,
            one_time_password=self.passwords.get(deployment.password_key),
            pull_request=deployment.pull_request,
        )
        written = self.store.output.count(deployment_id)
        return load(how.provider), StoredRun(self, job, deployment, written), how

    def _how(self, deployment: Deployment) -> _How | None:
        """By the settings; where they have lost the place, by what they said when the run began."""
        app = self.settings.apps.get(deployment.app)
        environment = app.environment(deployment.environment) if app else None
        if environment is not None:
            there = environment.provider
            return _How(there.type, there.settings, environment.timeout.total_seconds())
        begun = self.store.runs.of(deployment.id)
        if begun is None:
            return None
        return _How(begun.provider, load(begun.provider).Settings(**begun.settings), begun.timeout_seconds)

    def _finish(self, deployment_id: int, outcome: Outcome) -> None:
        event = RunFinished(
            deployment_id, outcome.result, outcome.description, outcome.environment_url, outcome.log_url
        )
        self.store.inbox.put_event(event, f"finished:{deployment_id}")


def _fault(deployment_id: int, error: Exception) -> Outcome:
    """A provider must not raise; where it does, people read a sentence and the log has the rest."""
    if isinstance(error, ShipmateError):
        return Outcome("error", str(error))
    log.error("provider failed", deployment=deployment_id, exc_info=error)
    return Outcome("error", "The provider failed in a way that it should not; the log tells more")
