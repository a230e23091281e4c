"""The health check: what was deployed must answer, and go on answering for a while, before it counts as a success."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from urllib.parse import urlsplit

from bot.adapters import probe
from bot.adapters.probe import Answer
from bot.core.deployments.steps import Progress
from bot.core.errors import Rejected, Unavailable
from bot.core.names import listed
from bot.core.ports.provider import Outcome, Run

PATIENCE = 3
"""It may take so many times as long as it must hold: what has just been released has to come up first."""


@dataclass(frozen=True, slots=True)
class HealthStage:
    """``url`` must answer with one of the statuses ``expect`` for ``hold`` seconds; it is asked each ``every`` seconds.

    It is counted in answers: no clock that is set meanwhile, and no slow answer, makes it shorter.
    """

    url: str
    expect: tuple[int, ...]
    hold: float
    every: float
    private: bool = False
    key: str = "health"
    name: str = "Health check"
    may_fail: bool = False
    ours: bool = True
    ask: Callable[..., Answer] = probe.ask

    def start(self, run: Run) -> str:  # noqa: ARG002 - there is nothing to begin
        return ""

    def follow(self, run: Run, handle: str) -> Outcome:  # noqa: ARG002
        """Look until it has held, or cannot hold any more. A restart of the bot begins anew."""
        steps = math.ceil(self.hold / self.every)
        needed, left = steps + 1, PATIENCE * steps + 1
        good, said = 0, ""
        while True:
            looked = self._look(run)
            if looked is None:
                return self._stopped(run, said) or Outcome("cancelled", "Cancelled")
            is_good, answer = looked
            good, left = good + 1 if is_good else 0, left - 1
            if answer != said:
                run.write(f"{self._shown} {answer}")
            said = answer
            if good >= needed:
                return Outcome("succeeded", f"{self._shown} {answer}")
            if left < needed - good:
                return Outcome("failed", f"{self._shown} {answer}{self._though(is_good)}")
            run.tell(Progress(f"{100 * good // needed} %" if is_good else answer))
            if (stopped := self._wait(run, answer)) is not None:
                return stopped

    def _look(self, run: Run) -> tuple[bool, str] | None:
        """Whether it is as it should be, and what it does, as it goes on behind the address.

        None where somebody stops it meanwhile: nobody waits for a name service, or for a site that says nothing.
        """
        found: list[tuple[bool, str]] = []
        asking = Thread(target=lambda: found.append(self._asked()), name="health", daemon=True)
        asking.start()
        while True:
            asking.join(1.0)
            if not asking.is_alive():
                return found[0]
            if run.cancelled() or run.remaining() <= 0:
                return None

    def _asked(self) -> tuple[bool, str]:
        try:
            status = self.ask(self.url, private=self.private).status
        except (Unavailable, Rejected) as error:
            return False, str(error)
        good = status in self.expect
        return good, f"answered {status}{'' if good else self._instead}"

    def _though(self, is_good: bool) -> str:
        return f", but has not done so for {self.hold:.0f} s without a break" if is_good else ""

    @property
    def _instead(self) -> str:
        return "" if self.expect == (200,) else f" (not {listed(list(map(str, self.expect)), 'or')})"

    def _wait(self, run: Run, answer: str) -> Outcome | None:
        """Until it is time to look again; how it ends where somebody stops it meanwhile."""
        seconds = self.every
        while (stopped := self._stopped(run, answer)) is None and seconds > 0:
            run.pause(min(1.0, seconds))
            seconds -= 1.0
        return stopped

    def _stopped(self, run: Run, answer: str) -> Outcome | None:
        if run.cancelled():
            return Outcome("cancelled", "Cancelled")
        if run.remaining() <= 0:
            last = f"; {self._shown} {answer}" if answer else ""
            return Outcome("timed_out", f"the time was up before it held{last}")
        return None

    @property
    def _shown(self) -> str:
        """Without what may be nobody's business."""
        url = urlsplit(self.url)
        return f"{url.scheme}://{url.netloc}{url.path}"
