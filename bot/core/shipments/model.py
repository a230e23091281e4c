"""A pull request that is merged for somebody, and what GitHub has been asked to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

MergeMethod: TypeAlias = Literal["merge", "squash", "rebase"]
METHODS: tuple[MergeMethod, ...] = ("merge", "squash", "rebase")
"""In the order in which one is taken where the settings name none."""
Asked: TypeAlias = Literal["", "update", "merge", "queue"]
"""What was asked for last: to bring it up to date with its base, to merge it, or to merge it when its turn comes."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Optimistic locking: it is merged while its head is the one that was asked for, and goes into the same branch.

    That head is known since ``head_at``. ``asked`` is what the forge was asked for, at ``asked_at``, ``queues`` says
    that it is merged through a queue, and ``refused`` why the forge did not merge it when it was asked last.
    ``merged_by`` is who did, where that was somebody else.
    """

    title: str
    url: str
    base: str
    head_at: datetime
    asked: Asked = ""
    asked_at: datetime | None = None
    queues: bool = False
    refused: str = ""
    merged_by: str | None = None


def method_of(wanted: MergeMethod | None, allowed: Sequence[MergeMethod]) -> MergeMethod | None:
    """How it is merged: as the settings say, else the first way that the repository allows; None where it may not.

    >>> method_of(None, ("rebase", "squash")), method_of("merge", ("squash",)), method_of("squash", ("squash",))
    ('squash', None, 'squash')
    """
    if wanted is not None:
        return wanted if wanted in allowed else None
    return next((one for one in METHODS if one in allowed), None)
