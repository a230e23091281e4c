"""Pages of an app's history: what is on them, that nothing is left out between two, and that indexes find it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import from_row, to_row
from bot.adapters.storage.engine import connect
from bot.adapters.storage.history import LOOKED_AT, HistoryRows
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.deployments.history import Page, Wanted
from bot.core.deployments.model import Actor, Changes, Deployment, Shipped, State
from tests.core.deployments.made import a_deployment, t
from tests.databases import migrate
from tests.postgres import new_database


@pytest.fixture(params=["sqlite", "postgres"])
def the_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'history.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, SystemClock())
    engine.dispose()


def add(store: Store, *deployments: Deployment) -> None:
    rows = [{"id": one.id, **to_row(one)} for one in deployments]
    with store.database.writing() as connection:
        connection.execute(sa.insert(tables.deployments), rows)


def made(number: int, **different: Any) -> Deployment:
    plain = {"state": State.SUCCEEDED, "sha": f"{number:x}".rjust(40, "0"), "created_at": t(minutes=number)}
    return a_deployment(id=number, request_id=f"request-{number}", **{**plain, **different})


def found(store: Store, size: int = 50, **wanted: Any) -> Page:
    return store.reads().histories.page(Wanted("web", **wanted), size)


def numbers(store: Store, **wanted: Any) -> list[int]:
    return [one.id for one in found(store, **wanted).deployments]


def test_the_newest_come_first_and_those_of_other_apps_not_at_all(the_store: Store) -> None:
    add(the_store, made(1), made(2, app="api"), made(3, state=State.RUNNING), made(4, task="migrate"))

    assert numbers(the_store) == [4, 3, 1]
    assert found(the_store).before is None


def test_from_page_to_page_each_comes_once(the_store: Store) -> None:
    add(the_store, *(made(number) for number in range(1, 8)))
    seen, before = [], None
    while True:
        page = found(the_store, 3, before=before)
        seen.append([one.id for one in page.deployments])
        before = page.before
        if before is None:
            break

    assert seen == [[7, 6, 5], [4, 3, 2], [1]]


def test_each_filter_leaves_what_it_says(the_store: Store) -> None:
    carol = Actor("Carol D.", "U3", "carol-d")
    add(
        the_store,
        made(1, environment="staging", ref="main"),
        made(2, state=State.FAILED, by=carol),
        made(3, environment="staging", state=State.FAILED, ref="main", by=carol),
        made(4, ref="main"),
    )

    assert numbers(the_store, environment="staging") == [3, 1]
    assert numbers(the_store, state=State.FAILED) == [3, 2]
    assert numbers(the_store, ref="main") == [4, 3, 1]
    assert numbers(the_store, ref="main", environment="staging", state=State.FAILED, person="carol d.") == [3]
    assert numbers(the_store, ref="main", environment="staging", before=3) == [1]
    assert numbers(the_store, ref="mai") == []


@pytest.mark.parametrize("person", ["Carol D.", "carol d.", "@carol-d", "CAROL-D", "U3"])
def test_a_person_goes_by_any_of_their_names(the_store: Store, person: str) -> None:
    add(the_store, made(1), made(2, by=Actor("Carol D.", "U3", "carol-d")), made(3, by=Actor("dave")))

    assert numbers(the_store, person=person) == [2]


def test_a_commit_is_found_by_its_beginning_and_a_branch_that_is_called_like_one_too(the_store: Store) -> None:
    sha = "abcdef1" + "0" * 33
    add(
        the_store,
        made(1, sha=sha),
        made(2, ref="abcdef1"),
        made(3, sha="abcdef2" + "f" * 33),
        made(4, app="api", sha=sha),
    )

    assert numbers(the_store, ref="abcdef1") == [2, 1]
    assert numbers(the_store, ref="ABCDEF10") == [1]
    assert numbers(the_store, ref=sha) == [1]
    assert numbers(the_store, ref="abcdef") == []


def test_what_previews_do_by_themselves_is_shown_where_their_environment_is_asked_for(the_store: Store) -> None:
    add(the_store, made(1), made(2, environment="preview-7", trigger="preview"))

    assert numbers(the_store) == [1]
    assert numbers(the_store, environment="preview-7") == [2]


def test_what_ships_is_not_read(the_store: Store) -> None:
    add(the_store, made(1, changes=Changes(shipped=(Shipped("Add", "bob", ""),))))

    assert found(the_store).deployments[0].changes == Changes()


def test_a_search_ends_after_a_great_many_and_goes_on_from_there(the_store: Store) -> None:
    rare = made(1, state=State.ERROR)
    add(the_store, rare, *(made(number) for number in range(2, LOOKED_AT + 2)))

    first = found(the_store, state=State.ERROR)
    then = found(the_store, state=State.ERROR, before=first.before)

    assert first == Page((), before=2, cut=True)
    assert [one.id for one in then.deployments] == [1]
    assert (then.before, then.cut) == (None, False)


def test_names_with_quotes_and_percent_signs_are_names(the_store: Store) -> None:
    odd = "o'brien\"; -- %_\\"
    add(the_store, made(1, by=Actor(odd), ref=odd), made(2))

    assert numbers(the_store, person=odd) == [1]
    assert numbers(the_store, ref=odd) == [1]
    assert numbers(the_store, person="o%") == []


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted("web"), "ix_deployments_app (app=?"),
        (Wanted("web", before=70), "ix_deployments_app (app=? AND id<?"),
        (
            Wanted("web", environment="production", before=70),
            "ix_deployments_history (app=? AND environment=? AND id<?",
        ),
        (
            Wanted("web", environment="production", state=State.FAILED),
            "ix_deployments_history (app=? AND environment=?",
        ),
        (Wanted("web", state=State.FAILED), "ix_deployments_app (app=?"),
        (Wanted("web", person="maria", before=70), "ix_deployments_app (app=? AND id<?"),
        (Wanted("web", ref="main", before=70), "ix_deployments_app_ref (app=? AND ref=? AND id<?"),
        (Wanted("web", ref="main", environment="production"), "ix_deployments_app_ref (app=? AND ref=?"),
        (Wanted("web", ref="abcdef1"), "ix_deployments_sha (sha>? AND sha<?)"),
    ],
)
def test_an_index_finds_them_in_their_order(tmp_path: Path, wanted: Wanted, index: str) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'rows.db'}")
    migrate(engine)
    plans: list[str] = []

    def run(query: Any, **given: Any) -> Any:
        shown = query.compile(engine, compile_kwargs={"literal_binds": True})
        with engine.connect() as connection:
            # As text to the driver: a percent sign in it is one.
            plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {shown}").fetchall()
            plans.append(" ".join(str(row[-1]) for row in plan))
            return connection.execute(query, given).all()

    HistoryRows(run, from_row).page(wanted, 50)
    engine.dispose()

    assert index in plans[-1]
    assert all("SCAN deployments" not in plan for plan in plans)
    sorted_ = [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan]
    assert sorted_ == [] or wanted.ref == "abcdef1"
