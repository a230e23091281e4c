"""Pages of an app's deployments, found by an index however many there are: the HistoryReads port on SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.core.deployments.history import Page, Wanted
from bot.core.deployments.model import Deployment
from bot.core.previews.model import PREVIEW

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

_D = tables.deployments.c
LOOKED_AT = 5_000
"""Among so many is looked for what no index finds; whoever wants to goes on from there."""
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_AFTER_DIGITS = "g"
"""Comes after all hexadecimal digits, in any collation."""
_SHORT = [one for one in _D if one.name not in {"changes", "story"}]
_COLUMNS = (*_SHORT, sa.null().label("changes"), sa.null().label("story"))


class HistoryRows:
    """Reads through ``run``, which executes a select and returns all of its rows; ``of`` makes a deployment of one."""

    def __init__(self, run: Callable[..., Sequence[Any]], of: Callable[[Any], Deployment]) -> None:
        self._run = run
        self._of = of

    def page(self, wanted: Wanted, size: int) -> Page:
        indexed, looked_through = _indexed(wanted), _looked_through(wanted)
        last = self._last(indexed) if looked_through else None
        within = [_D.id >= last] if last is not None else []
        newest = sa.select(*_COLUMNS).where(*indexed, *within, *looked_through).order_by(_D.id.desc())
        found = [self._of(row) for row in self._run(newest.limit(size + 1))]
        shown = tuple(found[:size])
        if len(found) > size:
            return Page(shown, shown[-1].id)
        return Page(shown, last, cut=last is not None)

    def _last(self, indexed: Sequence[ColumnElement[bool]]) -> int | None:
        """The number of the last one that is looked at, where there are more than that."""
        numbers = sa.select(_D.id).where(*indexed).order_by(_D.id.desc())
        rows = self._run(numbers.limit(2).offset(LOOKED_AT - 1))
        return rows[0].id if len(rows) > 1 else None


def _indexed(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What one of the indexes on the app finds, by number."""
    found = [_D.app == wanted.app]
    if wanted.before is not None:
        found.append(_D.id < wanted.before)
    if wanted.ref is not None:
        found.append(_named(wanted.app, wanted.ref))
    elif wanted.environment is not None:
        found.append(_D.environment == wanted.environment)
    return found


def _named(app: str, ref: str) -> ColumnElement[bool]:
    commit = ref.lower()
    if not _COMMIT.fullmatch(commit):
        return _D.ref == ref
    one = tables.deployments.alias().c
    of_ref = sa.select(one.id).where(one.app == app, one.ref == ref)
    of_commit = sa.select(one.id).where(one.sha >= commit, one.sha < commit + _AFTER_DIGITS)
    return _D.id.in_(sa.union(of_ref, of_commit))


def _looked_through(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What is compared deployment by deployment, in words that make no index look better than one of the above."""
    found: list[ColumnElement[bool]] = []
    if wanted.environment is None:
        found.append(_D.trigger != PREVIEW)
    elif wanted.ref is not None:
        found.append(sa.func.coalesce(_D.environment, "") == wanted.environment)
    if wanted.state is not None:
        found.append(sa.func.coalesce(_D.state, "") == wanted.state)
    if wanted.person is not None:
        name = wanted.person.removeprefix("@")
        known = [_D.by[key].as_string() for key in ("name", "chat_id", "login")]
        found.append(sa.or_(*(one == name for one in known), *(sa.func.lower(one) == name.lower() for one in known)))
    return found
