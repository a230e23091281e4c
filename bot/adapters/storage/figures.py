"""What the delivery figures are computed from: the FigureReads port on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.core.deployments.model import DEPLOY, Shipped, State
from bot.core.figures.model import FAILED, MOST, Outcome

_D = tables.deployments.c
LONGEST_RUN = timedelta(days=7)
"""The index has when a deployment began: one that ran for longer than this is not found by its end."""
# As text, which is decoded without a detour: thousands of rows are read for three months of a busy place.
_WHAT = (_D.id, _D.state, _D.finished_at, _D.rollback_of, sa.cast(_D.changes, sa.Text).label("changes"))


class _Changes(msgspec.Struct):
    """What of it the figures need."""

    shipped: tuple[Shipped, ...] = ()


_changes = msgspec.json.Decoder(_Changes)


class FigureRows:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[..., Sequence[Any]]) -> None:
        self._run = run

    def outcomes(self, app: str, environment: str, since: datetime, most: int = MOST) -> Sequence[Outcome]:
        there = (_D.app == app, _D.environment == environment, _D.task == DEPLOY)
        ended = _D.state.in_([State.SUCCEEDED, *sorted(FAILED)])
        began = (_D.started_at >= since - LONGEST_RUN, _D.remote_id.isnot(None))
        query = sa.select(*_WHAT).where(*there, ended, *began, _D.finished_at >= since)
        newest = query.order_by(_D.finished_at.desc(), _D.id.desc()).limit(most)
        return [_outcome(row) for row in reversed(self._run(newest))]


def _outcome(row: Any) -> Outcome:
    return Outcome(row.id, State(row.state), row.finished_at, row.rollback_of, _changes.decode(row.changes).shipped)
