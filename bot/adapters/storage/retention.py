"""Retention: clears away what is no record and has been over for long, a few rows in each transaction.

Deployments and the audit stay, and with them what says who approved, where it is told and what it was of. How long each
table's rows are kept stands in ``docs/operations.md``; a test has every table named there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.core.api.model import API
from bot.core.deployments.kept_keys import MERGE, TOLD, deployment_of
from bot.core.deployments.model import DEPLOY, ENDED, State, place_key
from bot.core.previews.model import REMOVE, told_key
from bot.core.workflows.dispatched import LAST_RUN

BATCH = 2_000
"""Rows of one transaction at most: on SQLite everybody else waits for it."""
DEPLOYMENTS_AT_ONCE = 10
"""Of so many the output is cleared in one transaction: it may be five thousand lines of each."""

_D, _K, _E = tables.deployments.c, tables.kept.c, tables.environments.c
_LATER = tables.deployments.alias("later").c
_AFTERWARDS = sa.exists().where(
    _LATER.app == _D.app,
    _LATER.environment == _D.environment,
    _LATER.state == State.SUCCEEDED,
    _LATER.task.in_([DEPLOY, REMOVE]),
    _LATER.started_at > _D.started_at,
)
_LIVE = sa.and_(_D.state == State.SUCCEEDED, _D.task == DEPLOY, ~_AFTERWARDS)
"""What is live in its place is of use however old it is; a preview that was removed is not."""


def clear(database: Database, before: datetime) -> None:
    """Delete what was over before that moment. Broken off at any time, it goes on the next time."""
    for table, over in _of_tables(before):
        _delete(database, table, over)
    _clear_output(database, before)
    _clear_kept(database, before)
    _clear_removed_places(database, before)


def _over(before: datetime) -> sa.ColumnElement[bool]:
    """Deployments that nobody works on any more, and that are not live."""
    ended = sa.func.coalesce(_D.given_up_at, _D.finished_at, _D.created_at) < before
    return sa.and_(_D.state.in_(ENDED), ended, ~_LIVE)


def _of_tables(before: datetime) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """What is set aside stays: somebody has yet to say what is to become of it. Decisions stay with their delivery,
    and a question of a program that nobody has answered as long as it may be."""
    deliveries, effects, decisions = tables.deliveries.c, tables.effects.c, tables.decisions.c
    requests, silences, away = tables.api_requests.c, tables.silences.c, tables.away_cards.c
    yield tables.deliveries, sa.and_(deliveries.handled_at < before, deliveries.set_aside_at.is_(None))
    decided_on = sa.exists().where(deliveries.id == decisions.delivery_id)
    yield tables.decisions, sa.and_(decisions.decided_at < before, ~decided_on)
    yield tables.effects, sa.and_(effects.done_at < before, effects.set_aside_at.is_(None))
    yield tables.presses, tables.presses.c.at < before
    asked = sa.exists().where(deliveries.id == sa.literal(f"{API}:").concat(requests.id))
    yield tables.api_requests, sa.and_(requests.created_at < before, sa.or_(requests.status.isnot(None), ~asked))
    yield tables.silences, sa.and_(silences.since < before, silences.thread != "")
    yield tables.away_cards, sa.exists().where(_D.id == away.deployment_id, _over(before))


def _delete(database: Database, table: sa.Table, over: sa.ColumnElement[bool]) -> None:
    key = sa.tuple_(*table.primary_key.columns) if len(table.primary_key) > 1 else table.primary_key.columns[0]
    some = sa.select(*table.primary_key.columns).where(over).limit(BATCH)
    deleted = BATCH
    while deleted == BATCH:
        with database.writing() as connection:
            deleted = connection.execute(sa.delete(table).where(key.in_(some))).rowcount


# --- output ------------------------------------------------------------------------------------------------------


def _clear_output(database: Database, before: datetime) -> None:
    written = [row.id for row in database.select(_with_output())]
    for some in _portions(_those_over(database, written, before), DEPLOYMENTS_AT_ONCE):
        with database.writing() as connection:
            connection.execute(sa.delete(tables.output).where(tables.output.c.deployment_id.in_(some)))


def _with_output() -> sa.Select[Any]:
    """The deployments with lines, by as many looks at the index: there are hundreds of lines for each."""
    of = tables.output.c.deployment_id
    one = sa.select(sa.func.min(of).label("id")).cte("one", recursive=True)
    following = sa.select(sa.func.min(of)).where(of > one.c.id).scalar_subquery()
    one = one.union_all(sa.select(following).where(one.c.id.isnot(None)))
    return sa.select(one.c.id).where(one.c.id.isnot(None))


def _those_over(database: Database, ids: Sequence[int], before: datetime) -> list[int]:
    found = []
    for some in _portions(ids, BATCH):
        query = sa.select(_D.id).where(_D.id.in_(some), _over(before)).order_by(_D.id)
        found += [row.id for row in database.select(query)]
    return found


def _portions(them: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (them[first : first + size] for first in range(0, len(them), size))


# --- what is kept under keys ----------------------------------------------------------------------------------------


def _clear_kept(database: Database, before: datetime) -> None:
    """Small things have no moment of their own, so they go with what they were kept for."""
    rows = database.select(sa.select(_K.key, _K.value))
    deployment = {row.key: number for row in rows if (number := deployment_of(row.key, row.value)) is not None}
    over = {*_those_over(database, sorted({*deployment.values()}), before)}
    gone = [key for key, number in deployment.items() if number in over]
    merges = {row.key: _deliveries_of(row) for row in rows if row.key.startswith((MERGE, TOLD))}
    there = _there(database, [one for those in merges.values() for one in those])
    gone += [key for key, those in merges.items() if there.isdisjoint(those)]
    for some in _portions(gone, BATCH):
        with database.writing() as connection:
            connection.execute(sa.delete(tables.kept).where(_K.key.in_(some)))


def _deliveries_of(row: Any) -> list[str]:
    """What was decided on when a merge was given up: as long as that is there, the merge may be found again."""
    if row.key.startswith(TOLD):
        return [row.value]
    tries = int(row.value) if row.value.isdecimal() else 0
    return [f"bot:{row.key}", *(f"bot:{row.key}:{n}" for n in range(1, tries + 1))]


def _there(database: Database, ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in _portions(ids, BATCH):
        query = sa.select(tables.deliveries.c.id).where(tables.deliveries.c.id.in_(some))
        known |= {row.id for row in database.select(query)}
    return known


# --- places that are gone -------------------------------------------------------------------------------------------


def _clear_removed_places(database: Database, before: datetime) -> None:
    """The rows of previews that were removed: each pull request had one. What comes back there is held anew.

    Held while it is looked at once more, as something may have begun there since.
    """
    removed = _ended_with_removal(before)
    places = sa.select(_E.app, _E.environment, _D.repository, _D.pull_request).where(removed)
    for place in database.select(places):
        there = sa.and_(_E.app == place.app, _E.environment == place.environment)
        with database.writing() as connection:
            free = sa.select(_E.app).where(there).with_for_update(skip_locked=True)
            if connection.execute(free).first() is None:
                continue
            still = sa.exists().where(removed).correlate(tables.environments)
            if connection.execute(sa.delete(tables.environments).where(there, still)).rowcount:
                # What a provider has yet to know when the place comes back, such as how much ran there, stays.
                of = (
                    place_key(place.app, place.environment, LAST_RUN),
                    told_key(place.repository, place.pull_request),
                )
                connection.execute(sa.delete(tables.kept).where(_K.key.in_(of)))


def _ended_with_removal(before: datetime) -> sa.ColumnElement[bool]:
    """Of a place and its last deployment."""
    last = sa.select(sa.func.max(_LATER.id)).where(_LATER.app == _E.app, _LATER.environment == _E.environment)
    removed = (_D.task == REMOVE, _D.state == State.SUCCEEDED, _D.pull_request.isnot(None), _D.finished_at < before)
    here = (_D.app == _E.app, _D.environment == _E.environment)
    return sa.and_(*here, _D.id == last.correlate(tables.environments).scalar_subquery(), *removed)
