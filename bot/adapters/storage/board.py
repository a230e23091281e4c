"""The board as rows: what it is drawn from, in one read, and who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new
from bot.core.board.model import Found, Look, Viewer
from bot.core.deployments.model import DEPLOY, Deployment, State

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import ScalarSelect

_V = tables.home_viewers.c
_E = tables.environments.c
_APPS: sa.BindParameter[Any] = sa.bindparam("apps", expanding=True)
_PLACES: sa.BindParameter[Any] = sa.bindparam("places", expanding=True)
_VIEWER = sa.select(tables.home_viewers).where(_V.person == sa.bindparam("who"))
_TRIED = (State.SUCCEEDED, State.FAILED, State.ERROR, State.TIMED_OUT)


def _first(states: Sequence[State], *order: str) -> ScalarSelect[int]:
    """The id of the one in the place of ``environments`` that comes first when it is ordered so, the greatest first."""
    one = tables.deployments.alias()
    there = (one.c.app == _E.app, one.c.environment == _E.environment, one.c.task == DEPLOY)
    state = one.c.state == states[0] if len(states) == 1 else one.c.state.in_(states)
    return (
        sa.select(one.c.id)
        .where(*there, state)
        .order_by(*(one.c[by].desc() for by in order))
        .limit(1)
        .scalar_subquery()
    )


def _columns() -> list[sa.ColumnElement[Any]]:
    """What is long is read only of what is drawn with it: who approves is asked with what ships."""
    d = tables.deployments.c
    short = [one for one in d if one.name not in {"changes", "story"}]
    changes = sa.case((d.approvals_missing > 0, d.changes), else_=sa.null()).label("changes")
    return [*short, changes, sa.null().label("story")]


def _of_the_board() -> sa.Select[Any]:
    """Each place was held before anything was deployed there, so ``environments`` has them all: also those of pull
    requests that are long over, of which nothing is read here.

    How far behind something is, is known where what is live there was merged: by the merges to the same branch that
    the same place has heard of since.
    """
    d = tables.deployments
    places = sa.select(_E.app, _E.environment).where(sa.tuple_(_E.app, _E.environment).in_(_PLACES))
    live = places.with_only_columns(
        _first([State.SUCCEEDED], "started_at", "id").label("id"), sa.literal(1).label("live")
    )
    tried = places.with_only_columns(_first(_TRIED, "id"), sa.literal(0))
    # Of all apps, so that no other index is thought to be better than that of what has not ended.
    open_ = sa.select(d.c.id, sa.literal(0)).where(sa.and_(tables.UNENDED))
    every = sa.union_all(live, tried, open_).cte("every")
    shown = sa.select(every.c.id, sa.func.max(every.c.live).label("live")).where(every.c.id.isnot(None))
    wanted = shown.group_by(every.c.id).cte("wanted")
    base, same, later = d.alias("base"), d.alias("same"), d.alias("later")
    merged = sa.select(same.c.id).where(same.c.sha == d.c.sha, same.c.app == d.c.app, same.c.merged_at.isnot(None))
    first_merged = merged.order_by(same.c.id).limit(1).correlate(d).scalar_subquery()
    since = (later.c.app == base.c.app, later.c.environment == base.c.environment, later.c.ref == base.c.ref)
    count = sa.select(sa.func.count(later.c.sha.distinct())).where(*since, later.c.merged_at > base.c.merged_at)
    return (
        sa.select(
            *_columns(),
            wanted.c.live.label("is_live"),
            base.c.ref.label("branch"),
            count.scalar_subquery().label("behind"),
        )
        .select_from(wanted)
        .join(d, d.c.id == wanted.c.id)
        .outerjoin(base, sa.and_(wanted.c.live == 1, base.c.id == first_merged))
        .where(d.c.app.in_(_APPS))
        .order_by(d.c.id)
    )


_BOARD = _of_the_board()


class BoardRows:
    """Reads through ``run``, which executes a select and returns all of its rows; ``of`` makes a deployment of one."""

    def __init__(self, run: Callable[..., Sequence[Any]], of: Callable[[Any], Deployment]) -> None:
        self._run = run
        self._of = of

    def found(self, places: Collection[tuple[str, str]]) -> Sequence[Found]:
        apps = sorted({app for app, _ in places})
        rows = self._run(_BOARD, apps=apps, places=sorted(set(places))) if places else ()
        return [_found(self._of(row), row) for row in rows]

    def viewer(self, person: str) -> Viewer | None:
        rows = self._run(_VIEWER, who=person)
        return Viewer(**rows[0]._mapping) if rows else None

    def viewers(self, since: datetime) -> Sequence[str]:
        query = sa.select(_V.person).where(_V.opened_at > since).order_by(_V.person)
        return [row.person for row in self._run(query)]


def _found(deployment: Deployment, row: Any) -> Found:
    known = row.is_live == 1 and row.branch is not None
    return Found(deployment, row.is_live == 1, row.behind if known else None, row.branch if known else None)


class BoardTransaction(BoardRows):
    """Writes on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection, of: Callable[[Any], Deployment]) -> None:
        super().__init__(lambda query, **given: connection.execute(query, given).all(), of)
        self._connection = connection

    def opened(self, person: str, at: datetime) -> None:
        if not insert_new(self._connection, tables.home_viewers, [asdict(Viewer(person, at))], "person"):
            self._asks(person, opened_at=at, openings=_V.openings + 1)

    def turned(self, person: str, look: Look, at: datetime) -> None:
        self._asks(person, opened_at=at, look=str(look))

    def _asks(self, person: str, **change: Any) -> None:
        mine = sa.update(tables.home_viewers).where(_V.person == person)
        self._connection.execute(mine.values(asked=_V.asked + 1, **change))


class PublishedBoards:
    """Remembers what was drawn, outside of decisions. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def published(self, viewer: Viewer, at: datetime, drawn: str) -> None:
        mine = sa.update(tables.home_viewers).where(_V.person == viewer.person)
        with self._database.writing() as connection:
            connection.execute(mine.values(shown=viewer.asked, published_at=at, drawn=drawn))
