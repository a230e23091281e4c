"""The stages of a run: the steps before the provider, its own work, the steps after it.

Each is begun once and ended once, whatever dies meanwhile. What is known of one is a note of the run (a checkpoint):
that it has begun, with the handle by which it is found again, and how it ended before the next one begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from bot.core.deployments.model import StepRun, Steps
from bot.core.deployments.steps import Progress
from bot.core.errors import NotAccepted, ShipmateError, Unavailable
from bot.core.names import listed
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Remote
from bot.core.ports.measures import Measures
from bot.core.ports.provider import Job, Outcome, Run
from bot.core.ports.workflows import Workflows

T = TypeVar("T")
ASK_AGAIN = 5.0
"""Seconds until a stage that cannot begin yet is tried again, where nobody says when."""
STORE_AGAIN = 2.0
LOOKED_FOR = 300.0
"""Seconds after its time in which it is still found out whether a stage has begun, so that it can be stopped."""
DEPLOYED = "it had been deployed by then"
MAY_FAIL = frozenset({"failed", "error"})


class Stage(Protocol):
    """``key`` tells it from the others of its run, ``name`` is what people read. What ``may_fail`` stops nothing.

    ``start`` looks before it acts, and ``follow`` returns when it has ended, as those of a provider do.
    """

    @property
    def key(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def may_fail(self) -> bool: ...

    @property
    def ours(self) -> bool:
        """Whether it is one beside the provider: then its name is said with how it ended, and with its own steps."""

    def start(self, run: Run) -> str: ...

    def follow(self, run: Run, handle: str) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a stage that has begun; ``runs`` are its steps, once it has ended."""

    begun: datetime
    handle: str = ""
    outcome: Outcome | None = None
    runs: tuple[StepRun, ...] = ()

    def text(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def of(cls, text: str) -> Record:
        kept = json.loads(text)
        outcome = Outcome(**kept["outcome"]) if kept["outcome"] else None
        return cls(_moment(kept["begun"]), kept["handle"], outcome, tuple(map(_step_run, kept["runs"])))


class StagedRun:
    """A run as one of its stages sees it: the steps that this tells of are numbered among those of all."""

    def __init__(self, run: Run, stage: Stage, before: Sequence[StepRun], begun: datetime, later: int) -> None:
        self._run = run
        self._stage = stage
        self._before = tuple(before)
        self._later = later
        self._runs: tuple[StepRun, ...] = (StepRun(len(before) + 1, stage.name, begun),)

    def tell(self, progress: Progress) -> None:
        prefix = f"{self._stage.name}: " if self._stage.ours else ""
        number = len(self._before)
        own = tuple(
            replace(one, number=number + n, name=f"{prefix}{one.name}") for n, one in enumerate(progress.steps.runs, 1)
        )
        self._runs = own or self._runs
        total = number + max(progress.steps.total, len(self._runs)) + self._later
        said = f"{prefix}{progress.description}" if progress.description else self._runs[-1].name
        self._run.tell(replace(progress, description=said, steps=Steps(total, (*self._before, *self._runs))))

    def ended(self, outcome: Outcome) -> tuple[StepRun, ...]:
        """Its steps, of which the last one has come to its end."""
        *earlier, last = self._runs
        end = last.ended_at or self._run.clock.now()
        return (*earlier, replace(last, ended_at=end, failed=outcome.result != "succeeded"))

    # --- the rest is the run's own ----------------------------------------------------------------------------------

    @property
    def job(self) -> Job:
        return self._run.job

    def write(self, line: str) -> None:
        self._run.write(line)

    @property
    def clock(self) -> Clock:
        return self._run.clock

    @property
    def measures(self) -> Measures:
        return self._run.measures

    def written(self) -> int:
        return self._run.written()

    def cancelled(self) -> bool:
        return self._run.cancelled()

    def heard(self) -> str | None:
        return self._run.heard()

    def remaining(self) -> float:
        return self._run.remaining()

    def note(self, name: str) -> str | None:
        return self._run.note(name)

    def keep(self, name: str, value: str) -> None:
        self._run.keep(name, value)

    def claim(self, name: str, value: str) -> str:
        return self._run.claim(name, value)

    def remote(self) -> Remote:
        return self._run.remote()

    def remembered(self, name: str) -> str | None:
        return self._run.remembered(name)

    def remember(self, name: str, value: str) -> None:
        self._run.remember(name, value)

    @property
    def workflows(self) -> Workflows:
        return self._run.workflows

    def tarball(self) -> str:
        return self._run.tarball()

    def checkout(self, into: Path) -> None:
        self._run.checkout(into)

    def pause(self, seconds: float) -> None:
        self._run.pause(seconds)


@dataclass(slots=True)
class Stages:
    """Several stages in the place of a provider; ``refused`` hears when the bot's own credentials are."""

    stages: Sequence[Stage]
    refused: Callable[[NotAccepted], None] = lambda _: None
    _finished: list[StepRun] = field(default_factory=list)

    def start(self, run: Run) -> str:
        """Begin the first stage. Raises Unavailable; what is wrong for good is how it has ended."""
        first, kept = self.stages[0], _record(run, self.stages[0])
        record = kept or Record(run.clock.now())
        if kept is None:
            staged = self._staged(run, first, record)
            staged.tell(Progress())
            record = self._begun(run, first, record, staged)
        return record.handle

    def follow(self, run: Run, _handle: str) -> Outcome:
        """Go through the stages that are left. The handles are in the notes."""
        self._finished.clear()
        ends: list[tuple[Stage, Outcome]] = []
        for stage in self.stages:
            outcome = self._ended(run, stage)
            ends.append((stage, outcome))
            if outcome.result != "succeeded" and not _passes(stage, outcome):
                return _failure(stage, outcome, deployed=any(not one.ours for one, _ in ends[:-1]))
        run.tell(Progress(steps=Steps(len(self._finished), tuple(self._finished))))
        return _success(ends)

    def _ended(self, run: Run, stage: Stage) -> Outcome:
        """How the stage has ended, once it has."""
        kept = _record(run, stage)
        record = kept or Record(run.clock.now())
        staged = self._staged(run, stage, record)
        outcome = record.outcome
        if outcome is None:
            staged.tell(Progress())
            if kept is None:
                record = self._begin(run, stage, record, staged)
            outcome = record.outcome or _sentenced(stage.follow, staged, record.handle)
            record = replace(record, outcome=outcome, runs=staged.ended(outcome))
            _keep(run, stage, record)
            if _passes(stage, outcome):
                run.write(f"{stage.name} failed ({outcome.description}), and may: the deployment goes on")
        self._finished += record.runs
        return outcome

    def _begin(self, run: Run, stage: Stage, record: Record, staged: StagedRun) -> Record:
        """Begin it as soon as that can be; the record says too why it could not.

        Whoever was killed at it, or got no answer, may have begun it: then the stage is asked, and looks first.
        """
        if not _was_tried(run, stage):
            if run.cancelled():
                return replace(record, outcome=Outcome("cancelled", "Cancelled"))
            if run.remaining() <= 0:
                return replace(record, outcome=Outcome("timed_out", "the time was up before it began"))
            _note_try(run, stage)
        while True:
            try:
                return self._begun(run, stage, record, staged)
            except Unavailable as error:
                if isinstance(error, NotAccepted):
                    self.refused(error)
                over = never_seen_to_begin(run, error)
                if over is not None:
                    return replace(record, outcome=over)
                staged.tell(Progress(description=str(error)))
                _wait(run, error.retry_after or ASK_AGAIN)

    def _begun(self, run: Run, stage: Stage, record: Record, staged: StagedRun) -> Record:
        try:
            begun = replace(record, handle=stage.start(staged))
        except Unavailable:
            raise
        except ShipmateError as error:
            outcome = Outcome("error", str(error))
            begun = replace(record, outcome=outcome, runs=staged.ended(outcome))
        _keep(run, stage, begun)
        return begun

    def _staged(self, run: Run, stage: Stage, record: Record) -> StagedRun:
        later = len(self.stages) - 1 - self.stages.index(stage)
        return StagedRun(run, stage, self._finished, record.begun, later)


def is_followed_again(error: Exception) -> bool:
    """Whether what goes on can only not be seen: the bot's credentials are refused, or its notes out of reach.

    It ends as nothing for that, and is followed again in a moment.
    """
    return isinstance(error, NotAccepted) or (isinstance(error, Unavailable) and error.uncertain)


def never_seen_to_begin(run: Run, error: Unavailable) -> Outcome | None:
    """How what cannot begin ends, where that is waited for no longer; what may have begun is looked for a while."""
    if run.remaining() > (-LOOKED_FOR if error.uncertain else 0):
        return None
    result: Literal["cancelled", "timed_out"] = "cancelled" if run.cancelled() else "timed_out"
    said = "Cancelled" if run.cancelled() else "the time was up"
    if not error.uncertain:
        return Outcome(result, f"{said} before it was seen to begin: {error}")
    why = str(error).rstrip(".")
    return Outcome(result, f"{said} before it was seen to begin: {why}; it may have begun, so look before you retry")


def _passes(stage: Stage, outcome: Outcome) -> bool:
    """Whether it has failed and the next one begins all the same."""
    return stage.may_fail and outcome.result in MAY_FAIL


def _sentenced(follow: Callable[[Run, str], Outcome], run: Run, handle: str) -> Outcome:
    try:
        return follow(run, handle)
    except ShipmateError as error:
        if is_followed_again(error):
            raise
        return Outcome("error", str(error))


def _failure(stage: Stage, outcome: Outcome, *, deployed: bool) -> Outcome:
    """``deployed``: the provider was done before, and a step that is stopped, or late, takes nothing back."""
    if outcome.result == "cancelled":
        return replace(outcome, description=f"{outcome.description}: {DEPLOYED}") if deployed else outcome
    if not stage.ours:
        return outcome
    done = f"; {DEPLOYED}" if deployed and outcome.result == "timed_out" else ""
    return replace(outcome, description=f"{stage.name}: {outcome.description}{done}")


def _success(ends: Sequence[tuple[Stage, Outcome]]) -> Outcome:
    """The provider's own word, with the links that any of them gave, and what failed all the same."""
    own = next(outcome for stage, outcome in ends if not stage.ours)
    failed = [stage.name for stage, outcome in ends if outcome.result != "succeeded"]
    links = [(outcome.environment_url, outcome.log_url) for _, outcome in ends]
    return replace(
        own,
        description=f"{own.description}; {listed(failed)} failed" if failed else own.description,
        environment_url=next((url for url, _ in reversed(links) if url), None),
        log_url=own.log_url or next((url for _, url in reversed(links) if url), None),
    )


def _record(run: Run, stage: Stage) -> Record | None:
    text = _patiently(run, lambda: run.note(f"stage:{stage.key}"))
    return Record.of(text) if text is not None else None


def _keep(run: Run, stage: Stage, record: Record) -> None:
    _patiently(run, lambda: run.keep(f"stage:{stage.key}", record.text()))


def _was_tried(run: Run, stage: Stage) -> bool:
    return _patiently(run, lambda: run.note(f"tried:{stage.key}")) is not None


def _note_try(run: Run, stage: Stage) -> None:
    _patiently(run, lambda: run.keep(f"tried:{stage.key}", run.clock.now().isoformat()))


def _patiently(run: Run, ask: Callable[[], T]) -> T:
    """What is not known could be done twice, so the database is waited for: that is no failure of what runs."""
    while True:
        try:
            return ask()
        except Unavailable:
            run.pause(STORE_AGAIN)


def _wait(run: Run, seconds: float) -> None:
    """So long, or until it is cancelled or the time is over, unless it was that before."""
    known = run.cancelled(), run.remaining() <= 0
    for _ in range(max(1, round(seconds))):
        if (run.cancelled(), run.remaining() <= 0) != known:
            return
        run.pause(1.0)


def _step_run(kept: dict[str, Any]) -> StepRun:
    end = kept["ended_at"]
    begun = _moment(kept["started_at"])
    return StepRun(kept["number"], kept["name"], begun, _moment(end) if end else None, kept["failed"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
