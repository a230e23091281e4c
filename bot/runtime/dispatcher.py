"""Takes deliveries up, a thread each, and runs providers on DBOS. Whatever dies meanwhile, others go on with it.

A delivery is short, and its row says who has it, what was decided on it and whether it is over: leases are all that it
takes to go on with it elsewhere. A record of its own in DBOS would be four more transactions for each webhook, and was
seven tenths of the time. What runs long is a workflow: it begins once, and is followed by whoever lives.

The only module that imports dbos. Workflows are trivial and must stay so: what they call may change freely, but one
that is in flight while the code is upgraded must still find the same steps.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import datetime
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
import structlog
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
    StepOptions,
    _workflow_commands,
)

from bot.adapters.storage import serialization
from bot.adapters.storage.inbox import ClaimedDelivery
from bot.adapters.storage.leases import BEAT_EVERY, EXPIRES_AFTER, Lease
from bot.adapters.storage.serialization import Unreadable
from bot.adapters.storage.store import Moments, Store
from bot.core.errors import Unavailable
from bot.core.events.internal import RunWanted
from bot.core.stored import stored_name
from bot.runtime.heartbeat import Heartbeat
from bot.runtime.pipeline import Pipeline
from bot.runtime.provider_runner import ProviderRunner
from bot.runtime.timers import put_due
from bot.runtime.workload import MEASURED_EVERY, Workload

log = structlog.get_logger(__name__)

T = TypeVar("T")

AT_ONCE = 8
"""How many deliveries are handled at the same time in one process, and how many lanes; fewer where it is busy."""
AHEAD = 4
"""How many deliveries are taken at one time: what is not taken yet can still be joined with what comes."""
COMMANDS_AT_ONCE = 16
"""How many people's commands are handled beside them."""
AGAIN = 2.0
"""Seconds between two tries while the database does not answer."""
RUNS_AT_ONCE = 64
"""How many providers run at the same time in one process; others wait for one of them to end."""
TAKEN_OVER_WITHIN = 5.0
"""Seconds between two looks for runs that were taken over: they have been without anybody for longer already."""
POLL = 1.0
"""Seconds until the inbox is looked at without being told to."""
DRAIN = 22.0
"""Seconds that running steps get to finish on SIGTERM; Heroku kills after 30."""


ENDED_WORKFLOWS = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
"""How the engine says that nobody takes a workflow up any more."""


def _step(name: str) -> StepOptions:
    """A step that is tried for a day while the database does not answer: nobody takes up a workflow that has failed.

    Anything else that it raises would come back each time, so it ends the workflow.
    """
    return {
        "name": name,
        "retries_allowed": True,
        "max_attempts": 43_200,
        "interval_seconds": 2.0,
        "backoff_rate": 1.0,
        "should_retry": _passes,
    }


def _passes(error: BaseException) -> bool:
    return isinstance(error, Unavailable)


class Engine:
    """Takes deliveries up, and runs providers. One per process: DBOS is a singleton."""

    def __init__(self, store: Store, lease: Lease, beat_every: float = BEAT_EVERY) -> None:
        self._store = store
        self._lease = lease
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._load = Workload(AT_ONCE, COMMANDS_AT_ONCE, self._wake.set)
        store.database.before_each = self._load.let_people_first
        self._taken: deque[ClaimedDelivery] = deque()
        # Held until what was taken is in hand: whoever looks in between would find it in nobody's.
        self._taking = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._heartbeat = Heartbeat(lease, self._look_after, beat_every)

    def reserve(self) -> None:
        """Keep a SQLite database to this process. Raises Rejected where another one has it."""
        self._lease.reserve()

    def launch(self, pipeline: Pipeline, provider_runner: ProviderRunner) -> None:
        """Register the workflows, recover what was cut off, and begin to take deliveries."""
        _silence()
        self._pipeline = pipeline
        pipeline.sooner = lambda lane: self._load.deliver(lane, self._deliver)
        self._lease.take()
        config: DBOSConfig = {
            "name": "shipmate",
            # Not connected to, but it says which kind of database the engine is for.
            "system_database_url": self._store.database.engine.url.render_as_string(hide_password=False),
            "system_database_engine": self._store.database.engine,
            "application_version": "1",
            "executor_id": self._lease.id,
            "run_migrations": self._store.database.is_sqlite,
            "log_level": "WARNING",
            "serializer": DBOSPortableJSONSerializer(),
            "use_listen_notify": False,
            # It looks only while a workflow waits for a message, which ours never do, but closing waits for it.
            "notification_listener_polling_interval_sec": 0.5,
            "scheduler_polling_interval_sec": 3600.0,
            "max_executor_threads": RUNS_AT_ONCE,
        }
        engine = DBOS(config=config)
        # Only runs that are taken over come by this queue, and none is delayed or has a deadline in there. To look
        # every second, as it does else, would be six transactions.
        engine._registry.get_internal_queue()._polling_interval_sec = TAKEN_OVER_WITHIN
        _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = TAKEN_OVER_WITHIN
        self._register(provider_runner)
        DBOS.launch()
        self._take_over()
        self._look_after_ours()
        self._thread = threading.Thread(target=self._take_for_ever, name="taker", daemon=True)
        self._thread.start()
        self._heartbeat.start()

    def _register(self, provider_runner: ProviderRunner) -> None:
        # Earlier versions began such for deliveries and lanes. To one that was cut off nothing is left but to end.
        for name in ("handle", "deliver"):
            DBOS.workflow(name=name)(lambda _: None)

        @DBOS.workflow(name="carry_out")
        def carry_out(deployment_id: int) -> None:
            with self._load.running(deployment_id):
                while "later" in (begun := DBOS.run_step(_step("begin"), provider_runner.begin, deployment_id)):
                    DBOS.sleep(float(begun["later"]))
                self._wake.set()
                if "handle" in begun:
                    DBOS.run_step(_step("follow"), provider_runner.follow, deployment_id, str(begun["handle"]))

        self._carry_out = carry_out

    # --- what others call ---------------------------------------------------------------------------------------

    def nudge(self) -> None:
        """Something was put into the inbox."""
        self._wake.set()

    def wait_until_quiet(self, timeout: float) -> bool:
        """Wait until nothing is being handled, delivered or carried out; whether that came true in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.quiet():
                return True
            self._load.wait_for_change(0.05)
        return self.quiet()

    def quiet(self) -> bool:
        return not (self._load.busy() or self._store.inbox.backlog() or self._store.outbox.has_pending())

    def in_hand(self) -> dict[str, int]:
        """How much of what this process works on at the moment."""
        return self._load.counts()

    def obstacles(self) -> list[str]:
        """Why nothing that is stored is worked on here, a clause each; for anybody's eyes."""
        silent = self._lease.silent_for()
        if silent is None or self._thread is None or not self._thread.is_alive():
            return ["nothing is taken up here; look at the log, and start this process again"]
        if silent >= EXPIRES_AFTER:
            return [f"nothing has been heard of this process for {silent:.0f} s; if that goes on, start it again"]
        return []

    def stop(self, drain: float = DRAIN) -> None:
        """Take nothing more, let what runs finish its step and be recorded, and close."""
        self._stopping.set()
        self._heartbeat.leave_others_alone()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(5)
        self._load.drain(drain)
        self._closed.set()
        self._heartbeat.stop()
        try:
            self._lease.release()
        except Unavailable as error:
            log.warning("lease not released; it expires by itself", reason=str(error))

    def close(self, drain: float = 5.0) -> None:
        """For tests: let go of the singleton, so that another engine may be launched."""
        self.stop(drain)
        DBOS.destroy(destroy_registry=True)

    def clear(self, before: datetime) -> None:
        """Delete what ended before that moment: our record of deliveries and effects, and the engine's of workflows."""
        self._store.clear(before)
        clear_workflows(DBOS, before)

    # --- standing in for the dead -----------------------------------------------------------------------------------

    def _look_after(self, silent: bool) -> None:
        self._take_over(silent=silent)
        self._look_after_ours()

    def _take_over(self, *, silent: bool = False) -> None:
        """Go on with what processes had in hand that have left, or are dead because they are silent."""
        dead = self._lease.take_over(silent=silent)
        if dead:
            log.info("taking over", executors=len(dead))
        # Whoever took over before us may have died before it got here, so those count who have no lease, not who has
        # just lost it. Workflows first: whoever begins one has a lease by then. Doing it twice does nothing.
        begun = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        orphaned = self._lease.without_one({one.executor_id for one in begun if one.executor_id})
        if orphaned:
            DBOS._recover_pending_workflows(orphaned)
        self._wake.set()

    def _look_after_ours(self) -> None:
        """What a failed database kept from being recorded is neither handled nor in hand: take it again."""
        # A heartbeat does not wait: where somebody is just taking, it looks at the next one.
        if self._taking.acquire(blocking=False):
            try:
                self._retake()
            finally:
                self._taking.release()
        for lane in self._store.outbox.forgotten_lanes():
            self._load.deliver(lane, self._deliver)

    def _retake(self) -> None:
        taken = [id for one in tuple(self._taken) for id in (one.id, *one.joined)]
        if self._store.inbox.retake(self._lease.id, (*taken, *self._load.deliveries())):
            self._wake.set()

    # --- taking deliveries --------------------------------------------------------------------------------------

    def _take_for_ever(self) -> None:
        while not self._stopping.is_set():
            try:
                self._wake.wait(self._take_all())
            except Exception:
                log.exception("the inbox cannot be read")
                self._stopping.wait(POLL)
            self._wake.clear()

    def _take_all(self) -> float:
        """Start all that is due and has a thread free; returns the seconds until there may be more.

        What is due and has none waits for something that ends, and that wakes us.
        """
        clock, going = self._store.database.clock, True
        self._load.begin_lanes()
        while going and not self._stopping.is_set():
            self._start_taken()
            moments, now = self._store.moments(), clock.now()
            rings = is_due(moments.timer, now) or is_due(moments.deployment, now)
            going = (rings and put_due(self._store, clock)) | self._take(moments, now)
            if is_due(moments.lane, now):
                for lane in self._store.outbox.take_lanes():
                    self._load.deliver(lane, self._deliver)
        ahead = [moment for moment in astuple(moments) if moment is not None and moment > now]
        patience = MEASURED_EVERY if self._load.is_held_back() else POLL
        return min(patience, max(0.01, (min(ahead) - now).total_seconds())) if ahead else patience

    def _take(self, moments: Moments, now: datetime) -> bool:
        """Take what is due into this process's hands; whether there was any.

        What was taken stays here until it is started: nobody else gets it while this process lives. Commands never do,
        and of the others a few are taken ahead, as taking costs as much for one as for many.
        """
        for_commands = self._load.free_slots(commands=True) if is_due(moments.command, now) else 0
        ahead = AHEAD if is_due(moments.delivery, now) and not self._taken and self._load.free_slots() else 0
        if not (for_commands or ahead):
            return False
        with self._taking:
            taken = self._store.inbox.take(ahead, self._lease.id, commands=for_commands)
            self._taken.extendleft(one for one in taken if one.person is not None)
            self._taken.extend(one for one in taken if one.person is None)
        return bool(taken)

    def _start_taken(self) -> None:
        while self._taken and (self._taken[0].person is not None or self._load.free_slots()):
            taken = self._taken[0]
            wanted = _run_in(taken)
            if wanted is None:
                handle = partial(self._handle, joined=taken.joined)
                self._load.handle(taken.id, handle, command=taken.person is not None, joined=taken.joined)
            else:
                self._start_run(taken, wanted)
            self._taken.popleft()

    def _handle(self, delivery_id: str, joined: Sequence[str]) -> None:
        for lane in self._patiently(partial(self._pipeline.decide, joined=joined), delivery_id) or ():
            self._wake.set()
            self._deliver(lane)

    def _deliver(self, lane: str) -> None:
        self._patiently(self._pipeline.deliver, lane)

    def _patiently(self, step: Callable[[str], T], argument: str) -> T | None:
        """Take the step, again and again while the database does not answer: nobody else has it in hand meanwhile.

        Anything else that it raises would come back each time. What could not even be counted as failed is taken again
        at a heartbeat, and counted by that.
        """
        while not self._closed.is_set():
            try:
                return step(argument)
            except Unavailable:
                self._closed.wait(AGAIN)
            except BaseException:
                log.exception("work broken off", of=argument)
                return None
        return None

    def _start_run(self, taken: ClaimedDelivery, wanted: RunWanted) -> None:
        """Begin to carry a deployment out, unless that has begun already: its id says which it is."""
        run = f"run:{wanted.deployment_id}"
        if DBOS.get_workflow_status(run) is None:
            # Whoever looks between here and its first step sees that there is something to do. One that had begun
            # before would never end a second time.
            self._load.expect_run(wanted.deployment_id)
            with SetWorkflowID(run):
                DBOS.start_workflow(self._carry_out, wanted.deployment_id)
        self._store.inbox.handled(taken.id)


def clear_workflows(engine: type[DBOS] | DBOSClient, before: datetime) -> None:
    """Delete what the engine knows of workflows that have ended, and began before that moment."""
    while ended := engine.list_workflows(
        status=ENDED_WORKFLOWS, end_time=before.isoformat(), limit=1_000, load_input=False, load_output=False
    ):
        engine.delete_workflows([workflow.workflow_id for workflow in ended])


def is_due(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _run_in(taken: ClaimedDelivery) -> RunWanted | None:
    """The run that the delivery asks for; None where it is no such, or cannot be read, which is for the pipeline."""
    if taken.name != stored_name(RunWanted):
        return None
    try:
        wanted = serialization.event_from_bytes(taken.name, taken.body)
    except Unreadable:
        return None
    return wanted if isinstance(wanted, RunWanted) else None


def migrate(engine: sa.Engine) -> None:
    """Bring the engine's own tables up to date, without starting anything."""
    _silence()
    DBOS.migrate(engine.url.render_as_string(hide_password=False))


def _silence() -> None:
    """DBOS prints to stderr unless its logger has a handler before it is constructed."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
