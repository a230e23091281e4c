"""The keys of small things that are kept for a deployment or a merge, and whose they are."""

from __future__ import annotations

from bot.core.deployments.ancestry import AHEAD
from bot.core.deployments.model import run_key
from bot.core.locks.messages import offer_key

TURNED_RED = "red:"
MERGE = "merge:"
TOLD = "told:"


def turned_red_key(deployment_id: int) -> str:
    """Under this is kept which checks were told to have turned red."""
    return f"{TURNED_RED}{deployment_id}"


def tries_key(merge_sha: str, app: str, environment: str) -> str:
    """Under this is kept how often it was given up, so that a merge that is found again is taken up again."""
    return f"{MERGE}{merge_sha}:{app}:{environment}"


def told_key(channel: str, merge_sha: str) -> str:
    """Under this is kept by what the channel was told that a merge cannot be taken up."""
    return f"{TOLD}{channel}:{merge_sha}"


def deployment_of(key: str, value: str) -> int | None:
    """The number of the deployment that it is kept for; None where it is for something else.

    >>> deployment_of("run:12:begun", "…"), deployment_of("ahead:web:production:main", "12")
    (12, 12)
    >>> deployment_of("digest:web", "2026-11-27") is None
    True
    """
    if key.startswith(AHEAD):
        return int(value) if value.isdecimal() else None
    for beginning in (run_key(0), offer_key(0), turned_red_key(0)):
        kind = beginning.removesuffix("0")
        number = key.removeprefix(kind).partition(":")[0]
        if key.startswith(kind) and number.isdecimal():
            return int(number)
    return None
