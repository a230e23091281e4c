"""The heartbeat of a process: it says that the process is alive, and between two beats looks after what others left."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import structlog

from bot.adapters.storage.leases import BEAT_EVERY, Lease
from bot.core.errors import Unavailable

log = structlog.get_logger(__name__)

STEADY = 3
"""So many heartbeats without a failure, and whoever else is alive has had time to be heard after an outage."""
LEASE_LOST = 75
"""The exit code of a process whose lease is gone (EX_TEMPFAIL: start it again)."""


class Heartbeat:
    """Beats in a thread of its own until ``stop``. ``look_after`` is told whether the silent may be taken for dead."""

    def __init__(self, lease: Lease, look_after: Callable[[bool], None], every: float = BEAT_EVERY) -> None:
        self._lease = lease
        self._look_after = look_after
        self._every = every
        self._alone = threading.Event()
        self._still = threading.Event()
        self._thread = threading.Thread(target=self._beat_for_ever, name="heart", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def leave_others_alone(self) -> None:
        """This process ends soon: it stays alive for what it has in hand, and takes up nothing more."""
        self._alone.set()

    def stop(self) -> None:
        self._still.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _beat_for_ever(self) -> None:
        beats = 0
        while not self._still.wait(self._every):
            try:
                if not self._lease.beat():
                    # Others have taken our work over: whatever we would still do would be done twice.
                    log.error("the lease of this process is gone; it leaves")
                    os._exit(LEASE_LOST)
                beats += 1
                if not self._alone.is_set():
                    self._look_after(beats >= STEADY)
            except Unavailable as error:
                beats = 0
                log.warning("no heartbeat", reason=str(error), during=error.service)
            except Exception:
                log.exception("the heart stumbled")
