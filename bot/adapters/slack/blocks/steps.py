"""Steps of what goes on, as many as there is room for: those around the one that is at work."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.rich_text import Step

MOST = 20
FEWEST = 3


def window(steps: Sequence[Step], most: int) -> list[Step]:
    """At most ``most`` steps, three at least: those that are left out before and behind are one each, and counted.

    >>> [step.name for step in window([Step(name, "done") for name in "abcde"], 4)]
    ['3 earlier steps', 'd', 'e']
    """
    if len(steps) <= most:
        return list(steps)
    seen = max(FEWEST, most) - 2
    at_work = next((place for place, step in enumerate(steps) if step.state != "done"), len(steps) - 1)
    start = max(0, min(at_work - seen // 2, len(steps) - seen))
    return [*_counted(steps[:start], "earlier"), *steps[start : start + seen], *_counted(steps[start + seen :], "more")]


def _counted(steps: Sequence[Step], which: str) -> list[Step]:
    """One step for several: as the one of them that says most."""
    if not steps:
        return []
    states = {step.state for step in steps}
    state = next(one for one in ("failed", "running", "pending", "done") if one in states)
    return [Step(f"{len(steps)} {which} step{'s' if len(steps) > 1 else ''}", state)]


def tally(steps: Sequence[Step]) -> str:
    """How far it is.

    >>> tally([Step("Build", "done"), Step("Migrate", "running")])
    '1 of 2 steps done'
    """
    return f"{sum(step.state == 'done' for step in steps)} of {len(steps)} steps done"
