"""What the delivery figures are computed from: the rows that count, in order, found by an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.adapters.storage import figures, tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.engine import connect
from bot.core.deployments.model import Changes, Shipped, State
from bot.core.figures.model import MOST, Outcome
from tests.core.deployments.made import a_deployment, t
from tests.databases import migrate
from tests.world_database import new_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    with new_database(tmp_path) as engine:
        yield engine


def ended(engine: sa.Engine, state: State = State.SUCCEEDED, hours: float = 1, **more: Any) -> int:
    at = t(hours=hours)
    given = {"started_at": at - timedelta(minutes=5), "finished_at": at, "remote_id": 7} | more
    made = a_deployment(request_id=str(uuid4()), state=state, **given)
    with engine.begin() as connection:
        key = connection.execute(sa.insert(tables.deployments).values(to_row(made))).inserted_primary_key
    assert key is not None
    return int(key[0])


def outcomes(engine: sa.Engine, **since: float) -> list[Outcome]:
    def run(query: Any, **given: Any) -> Any:
        with engine.connect() as connection:
            return connection.execute(query, given).all()

    return list(figures.FigureRows(run).outcomes("web", "production", t(**since)))


def test_they_come_in_the_order_of_their_ends_with_what_they_shipped(database: sa.Engine) -> None:
    one = Shipped("Add search", "alice", "https://x.example/1", number=1, at=t())
    late = ended(database, hours=3, changes=Changes(shipped=(one,)))
    early = ended(database, State.FAILED, hours=2, rollback_of=9)

    assert outcomes(database) == [
        Outcome(early, State.FAILED, t(hours=2), rollback_of=9),
        Outcome(late, State.SUCCEEDED, t(hours=3), shipped=(one,)),
    ]


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.ERROR, State.TIMED_OUT])
def test_every_end_of_what_had_begun_counts(database: sa.Engine, state: State) -> None:
    ended(database, state)

    assert [one.state for one in outcomes(database)] == [state]


@pytest.mark.parametrize(
    "different",
    [
        {"state": State.CANCELLED},
        {"state": State.SUPERSEDED},
        {"state": State.EXPIRED},
        {"state": State.RUNNING, "finished_at": None},
        {"state": State.FAILED, "remote_id": None},
        {"task": "deploy:migrate"},
        {"app": "api"},
        {"environment": "staging"},
        {"hours": -0.01},
    ],
)
def test_nothing_else_does(database: sa.Engine, different: dict[str, Any]) -> None:
    ended(database, **different)

    assert outcomes(database) == []


def test_what_began_before_and_ended_within_counts(database: sa.Engine) -> None:
    ended(database, hours=0, started_at=t(days=-6))

    assert len(outcomes(database)) == 1


def test_the_newest_of_very_many_are_read(database: sa.Engine) -> None:
    rows = [
        to_row(
            a_deployment(
                request_id=str(number),
                state=State.SUCCEEDED,
                remote_id=number + 1,
                started_at=t(minutes=number),
                finished_at=t(minutes=number + 1),
            )
        )
        for number in range(MOST + 5)
    ]
    with database.begin() as connection:
        connection.execute(sa.insert(tables.deployments), rows)

    found = outcomes(database)

    assert len(found) == MOST
    assert (found[0].finished_at, found[-1].finished_at) == (t(minutes=6), t(minutes=MOST + 5))


def test_an_index_finds_them(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'rows.db'}")
    migrate(engine)
    plans: list[str] = []

    def run(query: Any, **_given: Any) -> Any:
        shown = query.compile(engine, compile_kwargs={"literal_binds": True})
        with engine.connect() as connection:
            plans.extend(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {shown}"))
            return connection.execute(query).all()

    figures.FigureRows(run).outcomes("web", "production", t())
    engine.dispose()

    assert "ix_deployments_started (app=? AND environment=? AND state=? AND task=? AND started_at>?" in plans[0]
