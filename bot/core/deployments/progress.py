"""How far a deployment is, and when the next one's turn may come, measured by how long it usually takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from bot.core.deployments.model import Deployment

MINUTE = 60
HOUR = 60 * MINUTE
LATE = 2
"""From so many times the usual on the usual is no measure any more."""
LATE_AT_LEAST = 15.0
"""Seconds over the usual that nobody calls late, however short the usual is."""


def progress(deployment: Deployment, now: datetime) -> str | None:
    """How long it has been under way, of how long it usually takes; None where either is not known.

    What takes a little longer is still told in numbers, what takes twice as long or more is not.

    >>> from datetime import UTC, timedelta
    >>> from bot.core.deployments.model import Actor, State
    >>> t0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    >>> one = Deployment(1, "r", "web", "production", "acme/web", "main", "a" * 40, State.RUNNING, "chat",
    ...                  Actor("alice"), t0, started_at=t0, usual_seconds=240.0)
    >>> for seconds in (20, 125, 360, 500):
    ...     print(progress(one, t0 + timedelta(seconds=seconds)))
    20 s of ~4 min
    2 of ~4 min
    6 of ~4 min
    longer than the usual 4 min
    """
    passed = _passed(deployment, now)
    if passed is None or not deployment.usual_seconds:
        return None
    usual = deployment.usual_seconds
    if passed >= usual + LATE_AT_LEAST and passed >= usual * LATE:
        return f"longer than the usual {_about(usual)}"
    own, unit = _in_unit(passed)
    whole, its_unit = _in_unit(usual)
    return f"{own} of ~{whole} {unit}" if unit == its_unit else f"{own} {unit} of ~{whole} {its_unit}"


def eta_in_queue(busy: Sequence[Deployment], queued_before: Sequence[Deployment], now: datetime) -> str | None:
    """When its turn comes: what is left of what runs, and all of what stands before it. None where it cannot be told.

    What runs for longer than usual may end at any moment, and nobody knows when; so may a review on GitHub.

    >>> from datetime import UTC, timedelta
    >>> from bot.core.deployments.model import Actor, State
    >>> t0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    >>> one = Deployment(1, "r", "web", "production", "acme/web", "main", "a" * 40, State.RUNNING, "chat",
    ...                  Actor("alice"), t0, started_at=t0, usual_seconds=240.0)
    >>> eta_in_queue([one], [one], t0 + timedelta(minutes=2)), eta_in_queue([one], [], t0 + timedelta(seconds=210))
    ('about 6 min', 'about 30 s')
    """
    left = [_left(one, now) for one in busy]
    usual = [one.usual_seconds for one in queued_before]
    if not (left or usual) or None in left or None in usual:
        return None
    # What another tool carries out without asking us may overlap: the last of them is waited for.
    seconds = max((one for one in left if one is not None), default=0.0) + sum(one for one in usual if one is not None)
    return f"about {_about(max(seconds, 1.0))}"


def _left(deployment: Deployment, now: datetime) -> float | None:
    passed = _passed(deployment, now)
    if passed is None or not deployment.usual_seconds or passed > deployment.usual_seconds:
        return None
    return deployment.usual_seconds - passed


def _passed(deployment: Deployment, now: datetime) -> float | None:
    """For how long it has been under way: while GitHub waits for its reviewers, no clock of ours runs."""
    if deployment.started_at is None or not deployment.busy or deployment.reviewed_elsewhere:
        return None
    return max(0.0, (now - deployment.started_at).total_seconds())


def _about(seconds: float) -> str:
    amount, unit = _in_unit(seconds)
    return f"{amount} {unit}"


def _in_unit(seconds: float) -> tuple[str, str]:
    """Seconds under a minute, minutes under two hours, else hours with one decimal; what is left is rounded up there.

    >>> _in_unit(0.2), _in_unit(59.7), _in_unit(290), _in_unit(9000)
    (('1', 's'), ('1', 'min'), ('5', 'min'), ('2.5', 'h'))
    """
    if ceil(seconds) < MINUTE:
        return str(max(1, ceil(seconds))), "s"
    if seconds < 2 * HOUR:
        return str(max(1, round(seconds / MINUTE))), "min"
    return f"{seconds / HOUR:.1f}".removesuffix(".0"), "h"
