"""Deployments as rows: nothing of one is lost on the way, and the database itself keeps the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import from_row, to_row
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor, Changes, Deployment, Shipped, State, StepRun, Steps, Waited, Waiting
from bot.core.rich_text import Link
from tests.databases import migrate

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHA = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
IDS = st.integers(1, 2**31)


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


SHIPPED = st.builds(Shipped, TEXTS, TEXTS, TEXTS, maybe(IDS), maybe(TEXTS), maybe(TEXTS), st.booleans())
LINES = st.lists(SHIPPED, max_size=2).map(tuple)
PATHS = maybe(st.lists(TEXTS, max_size=2).map(tuple))
CHANGES = st.builds(
    Changes,
    base=maybe(TEXTS),
    shipped=LINES,
    ahead=st.integers(0, 99),
    behind=IDS,
    url=maybe(TEXTS),
    first=st.booleans(),
    taken_back=LINES,
    more=IDS,
    more_back=IDS,
    migrations=PATHS,
    migrations_back=PATHS,
)
LINE = st.lists(TEXTS | st.builds(Link, maybe(TEXTS), TEXTS), max_size=3).map(tuple)
WAITED = st.builds(Waited, st.sampled_from(Waiting), MOMENTS, maybe(MOMENTS), st.booleans())
STEPS = st.builds(StepRun, IDS, TEXTS, MOMENTS, maybe(MOMENTS), st.booleans())
DEPLOYMENTS = st.builds(
    Deployment,
    id=st.just(0),
    request_id=st.builds(lambda: str(uuid4())),
    app=TEXTS,
    environment=TEXTS,
    repository=TEXTS,
    ref=TEXTS,
    sha=TEXTS,
    state=st.sampled_from(State),
    trigger=TEXTS,
    by=st.builds(Actor, TEXTS, maybe(TEXTS), maybe(TEXTS)),
    created_at=MOMENTS,
    title=TEXTS,
    url=maybe(TEXTS),
    task=TEXTS,
    hosts=maybe(TEXTS),
    params=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
    force=st.booleans(),
    force_reason=maybe(TEXTS),
    forced=st.lists(TEXTS, max_size=2).map(tuple),
    approved_by=st.lists(st.builds(Actor, TEXTS, maybe(TEXTS), maybe(TEXTS)), max_size=2).map(tuple),
    approvals_missing=st.integers(0, 9),
    reason=maybe(TEXTS),
    waits_for=maybe(st.sampled_from(Waiting)),
    waits_since=maybe(MOMENTS),
    due_at=maybe(MOMENTS),
    pull_request=maybe(IDS),
    merged_at=maybe(MOMENTS),
    retry_of=maybe(IDS),
    rollback_of=maybe(IDS),
    superseded_by=maybe(IDS),
    remote_id=maybe(st.integers(1, 2**62)),
    last_status=st.integers(0, 2**62),
    started_at=maybe(MOMENTS),
    finished_at=maybe(MOMENTS),
    description=TEXTS,
    news=LINE,
    facts=st.lists(LINE, max_size=2).map(tuple),
    waited=st.lists(WAITED, max_size=2).map(tuple),
    steps=st.just(Steps()) | st.builds(Steps, st.integers(1, 9), st.lists(STEPS, max_size=2).map(tuple)),
    log_url=maybe(TEXTS),
    environment_url=maybe(TEXTS),
    channel=maybe(TEXTS),
    parent=maybe(TEXTS),
    asked_channel=maybe(TEXTS),
    asked_thread=maybe(TEXTS),
    changes=CHANGES,
    usual_seconds=maybe(st.floats(0, 1e6)),
    cancel_by=maybe(TEXTS),
    password_key=maybe(TEXTS),
    # What occupies an environment is one at a time; this is about everything else.
    exclusive=st.just(False),
    edited_at=maybe(MOMENTS),
    given_up_at=maybe(MOMENTS),
)


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'kept.db'}")
    migrate(engine)
    yield Store(engine, StoppedClock())
    engine.dispose()


def deployment(**but: object) -> Deployment:
    one = Deployment(
        id=0,
        request_id=str(uuid4()),
        app="web",
        environment="production",
        repository="acme/web",
        ref="topic",
        sha=SHA,
        state=State.REQUESTED,
        trigger="chat",
        by=Actor("maria", "U1"),
        created_at=T0,
    )
    return replace(one, **but)  # type: ignore[arg-type]


def add(kept: Store, *new: Deployment) -> list[Deployment]:
    with kept.decisions.open(str(uuid4()), "test") as decision:
        records = decision.begin("web", "production")
        return [records.add(one) for one in new]


def test_a_row_has_a_column_for_every_field() -> None:
    row = to_row(deployment())

    # What a deployment has been through is one column, ``story``.
    told = {"news", "facts", "waited", "held", "steps", "shipment"}
    assert (set(row) - {"story"}) | told | {"id"} == {field.name for field in fields(Deployment)}
    # ``drawn`` is kept by whoever posts the card, beside what the deployment is.
    assert set(row) | {"id", "drawn"} == {column.name for column in tables.deployments.columns}


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEPLOYMENTS)
def test_every_field_of_a_deployment_comes_back_as_it_was(kept: Store, one: Deployment) -> None:
    [added] = add(kept, one)

    found = kept.reads().deployment(added.id)

    assert found == replace(one, id=added.id)


def test_what_shipped_is_read_as_earlier_versions_have_written_it(kept: Store) -> None:
    [added] = add(kept, deployment())
    line = {"title": "Add search", "author": "alice", "url": "", "number": 7, "sha": None}
    before = {"base": SHA, "shipped": [line], "ahead": 1, "behind": 2, "url": None}
    with kept.database.engine.begin() as connection:
        connection.execute(sa.update(tables.deployments).values(changes=before))

    found = kept.reads().deployment(added.id)

    assert found is not None
    assert found.changes == Changes(SHA, (Shipped("Add search", "alice", "", number=7),), 1, 2)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEPLOYMENTS)
def test_saving_changes_every_field_but_the_parent_message_and_the_repository(kept: Store, changed: Deployment) -> None:
    [added] = add(kept, deployment(channel="C1", parent="1.0", edited_at=T0))

    with kept.decisions.open(str(uuid4()), "test") as decision:
        decision.begin("web", "production").save(replace(changed, id=added.id))

    stays = {"repository": added.repository, "channel": "C1", "parent": "1.0", "edited_at": T0}
    expected = replace(changed, id=added.id, **stays)
    assert kept.reads().deployment(added.id) == expected


def test_the_parent_message_is_written_beside_the_decisions(kept: Store) -> None:
    [added] = add(kept, deployment())

    kept.parents.posted(added.id, "C1", "1.0", T0 + timedelta(seconds=2))

    found = kept.reads().deployment(added.id)
    assert found == replace(added, channel="C1", parent="1.0", edited_at=T0 + timedelta(seconds=2))


def test_an_edit_that_was_under_way_takes_back_nobody_who_has_left_the_card_meanwhile(kept: Store) -> None:
    """What shares a card is told apart in a decision, which waits for no message that is just being edited."""
    [first] = add(kept, deployment())
    second, third = add(kept, deployment(card=first.id), deployment(card=first.id))
    kept.parents.posted(third.shown_on, "C1", "1.0", T0)
    edited = kept.reads().deployment(third.id)
    assert edited is not None

    with kept.decisions.open(str(uuid4()), "test") as decision:
        decision.begin("web", "production").leave_card([second.id, third.id], third.id)
    kept.parents.posted(edited.shown_on, "C1", "1.0", T0, "as it looks now")

    found = [kept.reads().deployment(one.id) for one in (first, second, third)]
    assert [(one.parent, one.shown_on) for one in found if one] == [
        *[("1.0", first.id), (None, third.id), (None, third.id)],
    ]
    assert (kept.parents.drawn(first.id), kept.parents.drawn(third.id)) == ("as it looks now", None)


def test_whoever_waits_for_a_card_that_several_share_goes_on_when_it_is_there(kept: Store) -> None:
    [first] = add(kept, deployment())
    [second] = add(kept, deployment(card=first.id))

    kept.parents.posted(second.shown_on, "C1", "1.0", T0)

    assert [one.parent for one in kept.reads().on_card(first.id)] == ["1.0", "1.0"]


def test_the_database_refuses_a_second_running_deployment_to_an_environment(kept: Store) -> None:
    add(kept, deployment(state=State.RUNNING))

    with pytest.raises(sa.exc.IntegrityError):
        add(kept, deployment(state=State.STARTING))

    assert [one.state for one in kept.reads().busy("web", "production")] == [State.RUNNING]


def test_other_environments_ended_and_foreign_deployments_do_not_count_as_a_second_one(kept: Store) -> None:
    add(kept, deployment(state=State.RUNNING))

    add(
        kept,
        deployment(state=State.RUNNING, environment="staging"),
        deployment(state=State.RUNNING, app="api"),
        deployment(state=State.SUCCEEDED),
        deployment(state=State.WAITING),
        deployment(state=State.RUNNING, exclusive=False),
    )

    assert [one.id for one in kept.reads().busy("web", "production")] == [1, 6]


def test_a_second_deployment_may_run_when_the_first_has_ended(kept: Store) -> None:
    [first] = add(kept, deployment(state=State.RUNNING))
    with kept.decisions.open("github:1", "test") as decision:
        decision.begin("web", "production").save(replace(first, state=State.SUCCEEDED))

    [second] = add(kept, deployment(state=State.RUNNING))

    assert [one.id for one in kept.reads().busy("web", "production")] == [second.id]


def test_the_same_request_is_stored_once(kept: Store) -> None:
    [first] = add(kept, deployment())

    with pytest.raises(sa.exc.IntegrityError):
        add(kept, deployment(request_id=first.request_id))

    assert kept.reads().by_request(first.request_id) == first


def test_deployments_are_found_by_what_they_are_called_elsewhere(kept: Store) -> None:
    one, other = add(kept, deployment(remote_id=5001), deployment(remote_id=5001, repository="acme/api", app="api"))

    found = kept.reads()

    assert found.by_remote("acme/web", 5001, ()) == one
    assert found.by_remote("acme/api", 5001, ()) == other
    assert found.by_remote("acme/web", 5002, ()) is None
    assert found.by_request(other.request_id) == other
    assert found.by_request("nobody's") is None
    assert found.deployment(99) is None


def test_who_waits_is_listed_in_the_order_of_asking(kept: Store) -> None:
    queued = deployment(state=State.WAITING, waits_for=Waiting.QUEUE)
    for_checks = deployment(state=State.WAITING, waits_for=Waiting.CHECKS)
    elsewhere = deployment(state=State.WAITING, waits_for=Waiting.CHECKS, sha="f" * 40, environment="staging")
    add(kept, queued, for_checks, elsewhere, deployment(state=State.RUNNING))

    reads = kept.reads()

    assert [one.id for one in reads.waiting("web", "production")] == [1, 2]
    assert [one.id for one in reads.waiting_for_checks("acme/web", SHA, ())] == [2]
    assert [one.id for one in reads.unended()] == [1, 2, 3, 4]
    assert [one.id for one in reads.unended("acme/api")] == []


def test_what_is_deployed_of_a_commit_is_running_or_live(kept: Store) -> None:
    add(
        kept,
        deployment(state=State.SUCCEEDED),
        deployment(state=State.SUCCEEDED),
        deployment(state=State.FAILED),
        deployment(state=State.RUNNING),
        deployment(state=State.SUCCEEDED, environment="staging"),
        deployment(state=State.SUCCEEDED, environment="staging", sha="f" * 40),
        deployment(state=State.RUNNING, environment="test", task="migrate"),
        deployment(state=State.STARTING, environment="qa"),
        deployment(state=State.SUCCEEDED, repository="acme/api", app="api"),
    )

    found = kept.reads().deployed_from("acme/web", SHA, ())

    assert [one.id for one in found] == [8, 4, 2]


def test_what_is_deployed_is_the_last_success_of_the_deploy_task(kept: Store) -> None:
    add(
        kept,
        deployment(state=State.SUCCEEDED),
        deployment(state=State.SUCCEEDED),
        deployment(state=State.FAILED),
        deployment(state=State.SUCCEEDED, task="migrate"),
        deployment(state=State.SUCCEEDED, environment="staging"),
    )

    reads = kept.reads()

    last = reads.last_success("web", "production")
    assert last is not None
    assert last.id == 2
    assert [one.id for one in reads.successes("web", "production", 5)] == [2, 1]
    assert reads.last_success("web", "qa") is None


def test_history_is_the_newest_first_and_narrowed_by_what_is_asked(kept: Store) -> None:
    add(kept, deployment(), deployment(environment="staging"), deployment(app="api"), deployment(ref="main"))

    reads = kept.reads()

    assert [one.id for one in reads.history(app=None, environment=None, ref=None, limit=3)] == [4, 3, 2]
    assert [one.id for one in reads.history(app="web", environment="production", ref=None, limit=9)] == [4, 1]
    assert [one.id for one in reads.history(app="web", environment=None, ref="main", limit=9)] == [4]


def test_a_merge_that_was_taken_up_is_known_by_its_commit_and_its_pull_request(kept: Store) -> None:
    add(
        kept,
        deployment(merged_at=T0, trigger="merge", pull_request=7, state=State.SUPERSEDED),
        deployment(pull_request=8),
    )

    reads = kept.reads()

    assert [reads.merge_known("web", "production", pull_request=number) for number in (7, 8)] == [True, False]
    assert not reads.merge_known("web", "staging", pull_request=7)
    assert [reads.merged("web", "production", sha) for sha in (deployment().sha, "e" * 40)] == [True, False]


def test_what_cancel_may_mean_is_what_one_asked_for_oneself(kept: Store) -> None:
    add(
        kept,
        deployment(state=State.RUNNING),
        deployment(state=State.WAITING),
        deployment(state=State.WAITING, by=Actor("bob", "U2")),
        deployment(state=State.FAILED),
    )

    reads = kept.reads()

    assert [one.id for one in reads.cancellable("U1", "web")] == [2, 1]
    assert [one.id for one in reads.cancellable(None, "web")] == [3, 2, 1]
    assert reads.cancellable(None, "api") == []


def test_a_row_and_a_deployment_say_the_same(kept: Store) -> None:
    [added] = add(kept, deployment(params=(("color", "blue"),), by=Actor("maria", "U1", "octocat")))

    with kept.database.engine.connect() as connection:
        row = connection.exec_driver_sql('SELECT "by", params, state, created_at FROM deployments').one()

    assert tuple(row) == (
        '{"name": "maria", "chat_id": "U1", "login": "octocat", "author": null}',
        '[["color", "blue"]]',
        "requested",
        "2026-03-02 10:00:00.000000",
    )
    assert from_row(SimpleRow(added)) == added


class SimpleRow:
    """A deployment's columns as attributes, as the database would give them."""

    def __init__(self, one: Deployment) -> None:
        self.__dict__.update(to_row(one), id=one.id)


def test_a_thread_has_the_one_whose_card_it_hangs_under_first_and_then_what_was_asked_for_in_it(kept: Store) -> None:
    asked, card, elsewhere, later = add(
        kept,
        deployment(asked_channel="C1", asked_thread="1.0"),
        deployment(asked_channel="C1", asked_thread="0.5"),
        deployment(asked_channel="C2", asked_thread="1.0"),
        deployment(asked_channel="C1", asked_thread="1.0"),
    )
    kept.parents.posted(card.id, "C1", "1.0", T0)
    kept.parents.posted(elsewhere.id, "C3", "1.0", T0)

    found = [one.id for one in kept.reads().in_thread("C1", "1.0")]

    assert found == [card.id, asked.id, later.id]
    assert kept.reads().in_thread("C1", "2.0") == []
