"""How far a deployment has got: read from what is said of it while it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from bot.core.deployments.model import Deployment, StepRun, Steps

MOST = 50
"""More steps than that are no steps that somebody wants to see."""
_OF = r"(\d{1,2}) ?(?:/|of) ?(\d{1,2})"
_COUNTS = re.compile(rf"[(\[] ?(?:step )?{_OF} ?[)\]]|\bstep {_OF}\b|^{_OF}:", re.IGNORECASE)
_MARKS = " \t:·-–—,."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a provider of ours has got: all that is known of it, so that the latest alone counts.

    Without a ``description``, steps or links it says nothing new of these. ``review_url`` is where GitHub wants a
    review before it goes on: until that is None again no clock runs.
    """

    description: str = ""
    steps: Steps = field(default_factory=Steps)
    log_url: str | None = None
    environment_url: str | None = None
    review_url: str | None = None


class Told(NamedTuple):
    """The step ``number`` of ``total``; without a name of its own it is called after its number."""

    number: int
    total: int
    name: str


def told_step(description: str) -> Told | None:
    """The step that a description tells of, None where it tells of none.

    >>> told_step("Migrating database (2/4)")
    Told(number=2, total=4, name='Migrating database')
    >>> told_step("Step 3 of 4: Restart dynos").name, told_step("[1/4]").name
    ('Restart dynos', 'Step 1')
    >>> told_step("3/4 of the tests passed on 2/3"), told_step("Step 5 of 4")
    (None, None)
    """
    found = [*_COUNTS.finditer(description)]
    if len(found) != 1:
        return None
    number, total = (int(count) for count in found[0].groups() if count is not None)
    if not 1 <= number <= total <= MOST:
        return None
    rest = f"{description[: found[0].start()].strip(_MARKS)} {description[found[0].end() :].strip(_MARKS)}".strip()
    return Told(number, total, rest or f"Step {number}")


def counted(steps: Steps) -> str:
    """Which step it has come to; how many there are is not always known.

    >>> run = StepRun(2, "Migrate", datetime(2026, 3, 2))
    >>> counted(Steps(4, (run,))), counted(Steps(0, (run,)))
    ('step 2 of 4', 'step 2')
    """
    number = steps.runs[-1].number
    return f"step {number} of {steps.total}" if steps.total >= number else f"step {number}"


def went_on(deployment: Deployment, now: datetime) -> Deployment:
    """With the step that its description tells of, if that is a new one; what goes back is not believed."""
    told, steps = told_step(deployment.description), deployment.steps
    if told is None:
        return deployment
    current = steps.runs[-1] if steps.runs else None
    if current is not None and told.number <= current.number:
        return deployment
    ended = tuple(replace(one, ended_at=one.ended_at or now) for one in steps.runs)
    return replace(deployment, steps=Steps(told.total, (*ended, StepRun(told.number, told.name, now))))


def ended_with(steps: Steps, now: datetime, *, succeeded: bool) -> Steps:
    """The steps of one that has ended: what was still going on has come to its end, or failed."""
    if not steps.runs or steps.runs[-1].ended_at is not None:
        return steps
    last = replace(steps.runs[-1], ended_at=now, failed=not succeeded)
    return replace(steps, runs=(*steps.runs[:-1], last))


def progressed(deployment: Deployment, progress: Progress) -> Deployment:
    """The deployment with what its provider tells; steps never become fewer."""
    further = len(progress.steps.runs) >= len(deployment.steps.runs)
    return replace(
        deployment,
        description=progress.description or deployment.description,
        steps=progress.steps if progress.steps.runs and further else deployment.steps,
        log_url=progress.review_url or progress.log_url or deployment.log_url,
        environment_url=progress.environment_url or deployment.environment_url,
    )
