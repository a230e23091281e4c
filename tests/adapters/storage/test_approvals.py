"""Approvals as rows: each person once, for the very same only, and what waits for them."""

from __future__ import annotations

import threading
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
from bot.core.approvals.model import Approval
from bot.core.deployments.model import Actor, Deployment, State, Waiting
from tests import postgres
from tests.databases import migrate
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOB = Actor("bob", "U2", "bob")
WANTED = Deployment(
    id=0,
    request_id="",
    app="web",
    environment="production",
    repository="acme/web",
    ref="topic",
    sha="1a2b3c4",
    state=State.WAITING,
    waits_for=Waiting.APPROVAL,
    trigger="chat",
    by=Actor("maria", "U1"),
    created_at=T0,
    params=(("steps", "3"),),
    approvals_missing=1,
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


def decide(kept: Store, work: Callable[[RowRecords], None]) -> None:
    with kept.decisions.open(str(uuid4()), "test") as decision:
        work(decision.begin("web", "production"))


def add(kept: Store, deployment: Deployment = WANTED) -> Deployment:
    added: list[Deployment] = []
    decide(kept, lambda records: added.append(records.add(replace(deployment, request_id=str(uuid4())))))
    return added[0]


def give(kept: Store, deployment: Deployment, by: Actor = BOB, at: datetime = T0) -> bool:
    given: list[bool] = []
    decide(kept, lambda records: given.append(records.approvals.give(Approval(deployment.id, by, at))))
    return given[0]


def test_an_approval_comes_back_as_it_was_given(kept: Store) -> None:
    deployment = add(kept)

    given = give(kept, deployment)

    assert given
    assert kept.reads().approvals.of(deployment.id) == [Approval(deployment.id, BOB, T0)]


def test_the_same_person_at_the_same_instant_counts_once(kept: Store) -> None:
    deployment = add(kept)
    given: list[bool] = []
    threads = [threading.Thread(target=lambda: given.append(give(kept, deployment))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(given) == [False, False, False, True]
    assert len(kept.reads().approvals.of(deployment.id)) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(WANTED, app="api"),
        replace(WANTED, repository="acme/api"),
        replace(WANTED, sha="fff"),
        replace(WANTED, environment="staging"),
        replace(WANTED, task="deploy:migrate"),
        replace(WANTED, hosts="fe"),
        replace(WANTED, params=()),
        replace(WANTED, params=(("steps", "4"),)),
    ],
    ids=["app", "repository", "commit", "environment", "task", "hosts", "no parameters", "other parameters"],
)
def test_an_approval_counts_for_the_very_same_only(kept: Store, other: Deployment) -> None:
    give(kept, add(kept))

    same = kept.reads().approvals.for_same(add(kept), T0 - timedelta(hours=1))
    different = kept.reads().approvals.for_same(add(kept, other), T0 - timedelta(hours=1))

    assert [one.by for one in same] == [BOB]
    assert different == []


def test_an_old_approval_and_its_own_are_not_among_those_for_the_same(kept: Store) -> None:
    first = add(kept)
    give(kept, first, at=T0 - timedelta(minutes=61))
    second = add(kept)
    give(kept, second)

    found = kept.reads().approvals.for_same(second, T0 - timedelta(hours=1))

    assert found == []


def test_a_no_takes_the_approvals_of_one_deployment_away(kept: Store) -> None:
    first, second = add(kept), add(kept)
    give(kept, first)
    give(kept, second)

    decide(kept, lambda records: records.approvals.withdraw(first.id))

    assert kept.reads().approvals.of(first.id) == []
    assert len(kept.reads().approvals.of(second.id)) == 1


def test_what_waits_for_approval_is_found_by_app(kept: Store) -> None:
    first = add(kept)
    add(kept, replace(WANTED, approvals_missing=0))
    elsewhere = add(kept, replace(WANTED, app="api"))

    reads = kept.reads()

    assert [one.id for one in reads.wanting_approval("web", 10)] == [first.id]
    assert [one.id for one in reads.wanting_approval(None, 10)] == [first.id, elsewhere.id]
    assert [one.id for one in reads.waiting_for(Waiting.APPROVAL, "acme/web", ())] == [1, 2, 3]


def test_the_successes_of_a_commit_in_another_environment_are_found_newest_first(kept: Store) -> None:
    wanted = add(kept)
    add(kept, replace(WANTED, environment="staging", state=State.FAILED))
    before = kept.reads().successes_of(wanted, "staging")
    there = [add(kept, replace(WANTED, environment="staging", state=State.SUCCEEDED)) for _ in range(2)]
    add(kept, replace(WANTED, environment="staging", state=State.SUCCEEDED, sha="fff"))
    add(kept, replace(WANTED, environment="staging", state=State.SUCCEEDED, task="deploy:migrate"))

    found = kept.reads().successes_of(wanted, "staging")

    assert before == []
    assert [one.id for one in found] == [there[1].id, there[0].id]


def test_who_approved_and_what_was_forced_come_back_with_the_deployment(kept: Store) -> None:
    deployment = replace(WANTED, approved_by=(BOB, Actor("octocat")), forced=("Checks failed: ci",))

    added = add(kept, deployment)

    assert kept.reads().deployment(added.id) == added
