"""The audit as rows: states record themselves, in the transaction that moves them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from bot.adapters.storage.deployments import RowRecords
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.audit.model import ITSELF, LONGEST, AuditEntry, Origin
from bot.core.deployments.model import Actor, Deployment, State, Waiting
from tests import postgres
from tests.databases import migrate

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MARIA = Origin("maria", "U1", "maria", "mention", "C1")
WANTED = Deployment(
    id=0,
    request_id="",
    app="web",
    environment="production",
    repository="acme/web",
    ref="topic",
    sha="1a2b3c4",
    state=State.REQUESTED,
    trigger="chat",
    by=Actor("maria", "U1"),
    created_at=T0,
)


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'kept.db'}" if request.param == "sqlite" else postgres.new_database()
    with ExitStack() as stack:
        engine = connect(url)
        stack.callback(engine.dispose)
        migrate(engine)
        yield Store(engine, StoppedClock())


def decide(kept: Store, work: Callable[[RowRecords], None], cause: str = "") -> None:
    with kept.decisions.open(cause or str(uuid4()), "test") as decision:
        work(decision.begin("web", "production"))


def entries(kept: Store) -> list[AuditEntry]:
    return list(kept.reads().audit.since(T0, 0, 100))


def test_an_entry_comes_back_as_it_was_recorded(kept: Store) -> None:
    def lock(records: RowRecords) -> None:
        records.audit.attribute(MARIA, "web", "production")
        records.audit.record("lock", reason="testing", command="lock production because testing")

    decide(kept, lock, "slack:1")

    assert entries(kept) == [
        AuditEntry(
            id=1,
            at=T0,
            cause="slack:1",
            action="lock",
            outcome="done",
            origin=MARIA,
            app="web",
            environment="production",
            deployment_id=None,
            command="lock production because testing",
            reason="testing",
        )
    ]


def test_states_are_recorded_where_they_change_and_nowhere_else(kept: Store) -> None:
    def ask(records: RowRecords) -> None:
        records.audit.attribute(MARIA, "web", "production")
        asked = records.add(replace(WANTED, request_id=str(uuid4())))
        waiting = replace(asked, state=State.WAITING, waits_for=Waiting.CHECKS, description="Waiting: ci")
        records.save(waiting)
        records.save(replace(waiting, description="Waiting: ci and lint"))
        records.save(replace(waiting, waits_for=Waiting.QUEUE, description="Queued: #1"))
        records.audit.record("deploy")

    decide(kept, ask)

    assert [(one.action, one.outcome, one.reason, one.deployment_id) for one in entries(kept)] == [
        ("deployment", "requested", "by chat: topic@1a2b3c4", 1),
        ("deployment", "waiting for checks", "Waiting: ci", 1),
        ("deployment", "waiting for queue", "Queued: #1", 1),
        ("deploy", "done", "", 1),
    ]
    assert {one.origin for one in entries(kept)} == {MARIA}


def test_that_somebody_wants_to_stop_a_running_one_is_recorded(kept: Store) -> None:
    def stop(records: RowRecords) -> None:
        asked = records.add(replace(WANTED, request_id=str(uuid4()), state=State.RUNNING))
        records.save(replace(asked, cancel_by="maria"))

    decide(kept, stop)

    assert [one.outcome for one in entries(kept)] == ["running", "stopping"]


def test_what_is_rolled_back_leaves_no_entry(kept: Store) -> None:
    def fail(records: RowRecords) -> None:
        records.audit.record("lock")
        raise ValueError

    with pytest.raises(ValueError):
        decide(kept, fail)

    assert entries(kept) == []


def test_what_nobody_asked_for_was_the_bots_own_doing(kept: Store) -> None:
    decide(kept, lambda records: records.audit.record("lock expired", app="web", environment="staging"))

    found = entries(kept)[0]

    assert (found.origin, found.app, found.environment) == (ITSELF, "web", "staging")


def test_entries_are_read_page_by_page_and_from_a_moment_on(kept: Store) -> None:
    for number in range(5):
        decide(kept, lambda records, number=number: records.audit.record(f"action {number}"))
    audit = kept.reads().audit

    first = audit.since(T0, 0, 3)
    rest = audit.since(T0, first[-1].id, 3)
    later = audit.since(T0 + timedelta(seconds=1), 0, 3)

    assert [one.action for one in (*first, *rest)] == [f"action {number}" for number in range(5)]
    assert later == []


def test_the_newest_entries_of_a_deployment_are_read_oldest_first(kept: Store) -> None:
    def act(records: RowRecords) -> None:
        for number in range(5):
            records.audit.record(f"action {number}", deployment_id=7)
        records.audit.record("other", deployment_id=8)

    decide(kept, act)

    assert [one.action for one in kept.reads().audit.of(7, 3)] == ["action 2", "action 3", "action 4"]


def test_a_reason_of_any_length_is_cut(kept: Store) -> None:
    decide(kept, lambda records: records.audit.record("lock", reason="x" * 10_000))

    assert len(entries(kept)[0].reason) == LONGEST


def test_what_was_refused_is_found_the_newest_first(kept: Store) -> None:
    for number, outcome in enumerate(["refused", "done", "refused"]):
        decide(kept, lambda records, n=number, how=outcome: records.audit.record(f"{n}", outcome=how))  # type: ignore[misc]

    found = kept.reads().audit.refused(T0, 10)

    assert [one.action for one in found] == ["2", "0"]
    assert [one.action for one in kept.reads().audit.refused(T0, 1)] == ["2"]
    assert kept.reads().audit.refused(T0 + timedelta(seconds=1), 10) == []
