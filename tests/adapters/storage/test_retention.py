"""Retention: what is over goes table by table, on both databases; records and what may still be asked for stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import retention, tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.kept_keys import told_key, tries_key, turned_red_key
from bot.core.deployments.model import DEPLOY, Actor, Deployment, State, notes_key, place_key, run_key
from bot.core.effects import RenderParent
from bot.core.events.external import ApiRequested
from bot.core.locks.messages import offer_key
from bot.core.ports.chat import Delivery
from bot.core.ports.parents import AwayCard, Silence
from bot.core.presses.model import Press
from bot.core.previews.model import REMOVE
from bot.core.previews.model import told_key as comment_key
from bot.core.workflows.dispatched import LAST_RUN
from tests.databases import migrate
from tests.postgres import new_database

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT = 14 * DAY
OLD, NEW = NOW - 20 * DAY, NOW - 2 * DAY


class HandClock:
    at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else new_database())
    migrate(engine)
    yield Store(engine, HandClock())
    engine.dispose()


def deployed(kept: Store, at: datetime, **different: Any) -> int:
    one = Deployment(
        id=0,
        request_id=f"request-{rows(kept, tables.deployments)}",
        app="web",
        environment="production",
        repository="acme/web",
        ref="main",
        sha="a" * 40,
        title="Add search",
        state=State.SUCCEEDED,
        trigger="chat",
        by=Actor("maria", "U1", "maria"),
        created_at=at,
        started_at=at,
        finished_at=at,
    )
    with kept.database.writing() as connection:
        row = to_row(replace(one, **different))
        number = connection.execute(sa.insert(tables.deployments).values(row)).inserted_primary_key
    assert number is not None
    return int(number[0])


def rows(kept: Store, table: sa.Table) -> int:
    return int(kept.database.select(sa.select(sa.func.count()).select_from(table))[0][0])


def keep(kept: Store, **those: str) -> None:
    with kept.database.writing() as connection:
        connection.execute(sa.insert(tables.kept), [{"key": key, "value": value} for key, value in those.items()])


def keys(kept: Store) -> set[str]:
    return {row.key for row in kept.database.select(sa.select(tables.kept.c.key))}


def with_output(kept: Store) -> list[int]:
    of = tables.output.c.deployment_id
    return [row[0] for row in kept.database.select(sa.select(of).distinct().order_by(of))]


def clear(kept: Store) -> None:
    kept.clear(NOW - KEPT)


# --- rows that have a moment of their own ---------------------------------------------------------------------------


def happened(kept: Store, at: datetime, number: int) -> None:
    """Once all that leaves rows behind which are no record."""
    clock = kept.database.clock
    assert isinstance(clock, HandClock)
    clock.at = at
    kept.inbox.put(Delivery(f"github:{number}", "github", "ping", b"{}"))
    with kept.decisions.open(f"github:{number}", "handler", ends=True) as decision:
        records = decision.begin(None, None)
        records.emit(RenderParent(number))
        records.presses.keep(Press(f"press-{number}", "maria", "U1", None, at))
    pending = kept.outbox.claim(f"parent:{number}", "me")
    assert pending is not None
    kept.outbox.done(pending, "me")
    kept.parents.fell_silent(Silence("#web", "archived", visible=False), at, thread=f"{number}.1")
    kept.api.put(ApiRequested(f"asked-{number}", 1, "ci", "U1", at), "fingerprint")
    with kept.decisions.open(f"api:asked-{number}", "api", ends=True) as decision:
        decision.begin(None, None).api.answer(f"asked-{number}", 200, "{}")
    clock.at = NOW


def test_of_what_is_no_record_nothing_is_left_that_is_older(kept: Store) -> None:
    happened(kept, OLD, 1)
    happened(kept, NEW, 2)
    moments = {
        tables.deliveries: "received_at",
        tables.decisions: "decided_at",
        tables.effects: "done_at",
        tables.presses: "at",
        tables.api_requests: "created_at",
        tables.silences: "since",
    }
    before = {table.name: rows(kept, table) for table in moments}

    clear(kept)

    for table, name in moments.items():
        left = [row[0] for row in kept.database.select(sa.select(table.c[name]))]
        assert left, table.name
        assert min(left) >= NOW - KEPT, table.name
        assert len(left) == before[table.name] / 2, table.name


def test_decisions_go_that_were_made_on_nothing_that_is_stored(kept: Store) -> None:
    clock = kept.database.clock
    assert isinstance(clock, HandClock)
    clock.at = OLD
    with kept.decisions.open("operator:1", "mend") as decision:
        decision.begin(None, None)
    clock.at = NOW

    clear(kept)

    assert rows(kept, tables.decisions) == 0


def test_a_question_goes_that_nobody_can_answer_any_more_and_stays_while_somebody_can(kept: Store) -> None:
    clock = kept.database.clock
    assert isinstance(clock, HandClock)
    clock.at = OLD
    for name in ("dropped", "waits"):
        kept.api.put(ApiRequested(name, 1, "ci", "U1", OLD), "fingerprint")
    kept.inbox.handled("api:dropped", "it was dropped")
    clock.at = NOW

    clear(kept)

    assert kept.api.request("dropped") is None
    assert kept.api.request("waits") is not None


def test_more_than_fits_into_one_transaction_goes_too(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "DEPLOYMENTS_AT_ONCE", 2)
    for number in range(10):
        happened(kept, OLD, number)
        kept.output.write(deployed(kept, OLD, state=State.FAILED), 0, ["one"])

    clear(kept)

    assert {rows(kept, one) for one in (tables.deliveries, tables.decisions, tables.effects, tables.output)} == {0}


# --- what belongs to deployments ------------------------------------------------------------------------------------


def test_output_goes_with_retention_but_of_what_is_live_or_goes_on(kept: Store) -> None:
    failed = deployed(kept, OLD, state=State.FAILED)
    former = deployed(kept, OLD)
    live = deployed(kept, OLD + DAY)
    elsewhere = deployed(kept, OLD, environment="staging")
    runs = deployed(kept, OLD, environment="dev", state=State.RUNNING, finished_at=None)
    given_up = deployed(kept, OLD, state=State.TIMED_OUT, given_up_at=NEW)
    lately = deployed(kept, NEW, state=State.FAILED)
    for number in (failed, former, live, elsewhere, runs, given_up, lately):
        kept.output.write(number, 0, ["one", "two"])

    clear(kept)

    assert with_output(kept) == [live, elsewhere, runs, given_up, lately]
    assert rows(kept, tables.deployments) == 7


def test_the_output_of_a_preview_goes_after_its_removal(kept: Store) -> None:
    of = {"environment": "preview-12", "pull_request": 12}
    preview = deployed(kept, OLD, **of)
    kept.output.write(preview, 0, ["one"])
    clear(kept)
    assert with_output(kept) == [preview]

    deployed(kept, OLD + DAY, task=REMOVE, **of)
    clear(kept)

    assert with_output(kept) == []


def test_small_things_go_with_their_deployment(kept: Store) -> None:
    over, live = deployed(kept, OLD), deployed(kept, OLD + DAY)
    for number in (over, live):
        keep(
            kept,
            **{
                run_key(number): "{}",
                notes_key(number, "reported"): "x",
                offer_key(number): "lock",
                turned_red_key(number): "ci",
                f"ahead:web:production:{number}": str(number),
            },
        )
    keep(kept, **{"measured:web:production": "{}", "secret_key": "1", "digest:web": "2026-11-01", "red:card": "x"})
    there = keys(kept)

    clear(kept)

    gone = {run_key(over), notes_key(over, "reported"), offer_key(over), turned_red_key(over)}
    assert there - keys(kept) == gone | {f"ahead:web:production:{over}"}


def test_cards_that_never_came_home_go_with_their_deployment(kept: Store) -> None:
    over, live = deployed(kept, OLD), deployed(kept, OLD + DAY)
    for number in (over, live):
        kept.parents.leaves(AwayCard(number, "#web", None, "archived", number))

    clear(kept)

    assert [one.deployment_id for one in kept.parents.all_away()] == [live]


def test_what_is_known_of_a_merge_goes_with_what_was_decided_on(kept: Store) -> None:
    key = tries_key("a" * 40, "web", "production")
    keep(kept, **{key: "1", told_key("#web", "a" * 40): "github:1"})
    kept.inbox.put(Delivery("github:1", "github", "ping", b"{}"))
    kept.inbox.put(Delivery(f"bot:{key}:1", "bot", "MergeToDeploy", b"{}"))
    clear(kept)
    assert len(keys(kept)) == 2

    with kept.database.writing() as connection:
        connection.execute(sa.delete(tables.deliveries))
    clear(kept)

    assert keys(kept) == set()


# --- places that are gone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since_then", "stays"),
    [({}, False), ({"task": DEPLOY}, True), ({"state": State.RUNNING, "task": DEPLOY, "finished_at": None}, True)],
)
def test_the_row_of_a_preview_goes_once_it_was_removed(kept: Store, since_then: dict[str, Any], stays: bool) -> None:
    of: dict[str, Any] = {"environment": "preview-12", "pull_request": 12}
    places = [{"app": "web", "environment": name} for name in ("preview-12", "production")]
    with kept.database.writing() as connection:
        connection.execute(sa.insert(tables.environments), places)
    keep(kept, **{place_key("web", "preview-12", LAST_RUN): "12", place_key("web", "preview-12", "stopped"): "web=1"})
    keep(kept, **{comment_key("acme/web", 12): "7 drawn", comment_key("acme/web", 13): "8 drawn"})
    deployed(kept, OLD)
    deployed(kept, OLD, **of)
    deployed(kept, OLD + DAY, task=REMOVE, **of)
    if since_then:
        deployed(kept, NEW, **(of | since_then))

    clear(kept)

    names = {row.environment for row in kept.database.select(sa.select(tables.environments))}
    assert names == ({"production", "preview-12"} if stays else {"production"})
    assert (place_key("web", "preview-12", LAST_RUN) in keys(kept)) is stays
    assert (comment_key("acme/web", 12) in keys(kept)) is stays
    assert {place_key("web", "preview-12", "stopped"), comment_key("acme/web", 13)} <= keys(kept)


# --- what the documents say -----------------------------------------------------------------------------------------


def test_the_documents_say_of_every_table_how_long_its_rows_are_kept() -> None:
    text = Path("docs/operations.md").read_text(encoding="utf-8")
    section = text.partition("\n## How the database grows\n")[2].partition("\n## ")[0]
    named = [name for line in section.splitlines() if line.startswith("| `") for name in _names(line)]

    assert sorted(named) == sorted(table.name for table in tables.metadata.tables.values())


def _names(line: str) -> list[str]:
    return re.findall(r"`(\w+)`", line.split("|")[1])
