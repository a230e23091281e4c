"""Webhooks that concern nobody are settled where they are stored; everything else waits to be decided on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import to_row
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor, Deployment, State, Waiting
from bot.core.ports.chat import Delivery
from bot.core.repositories.model import KnownRepository
from bot.runtime.decoder import labels
from bot.settings import read
from tests.databases import migrate
from tests.doorstep import comes_in
from tests.postgres import new_database
from tests.runtime.works import SETTINGS, HandClock

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OURS, SHA = 7, "1a" * 20
label = labels(read(SETTINGS, {}))
_ids = count(1)


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'door.db'}"
    engine = connect(url)
    migrate(engine)
    yield Store(engine, HandClock())
    engine.dispose()


def comes(kept: Store, event: str, payload: dict[str, Any], name: str = "acme/web", number: int = OURS) -> str:
    """What became of a webhook."""
    whole = {"repository": {"full_name": name, "id": number}, **payload}
    return comes_in(kept, label(Delivery(f"github:{next(_ids)}", "github", event, json.dumps(whole).encode())))


def check(sha: str = SHA) -> dict[str, Any]:
    return {"action": "completed", "check_run": {"head_sha": sha}}


REVIEW = {"action": "submitted", "pull_request": {"number": 3}}
OPENED = {"action": "opened"}
PULL = {"action": "opened", "pull_request": {"number": 3}}
MADE = {
    "action": "created",
    "deployment": {
        "id": 1,
        "sha": SHA,
        "ref": "main",
        "task": "deploy",
        "environment": "production",
        "payload": {},
        "description": None,
        "creator": {"login": "argo"},
        "created_at": "2026-03-02T10:00:00Z",
    },
}


def deployed(kept: Store, state: State, **more: Any) -> None:
    waits = {"waits_for": Waiting.CHECKS, "waits_since": T0} if state is State.WAITING else {}
    one = Deployment(
        id=0,
        request_id=str(next(_ids)),
        app="web",
        environment="production",
        repository="acme/web",
        ref="main",
        sha=SHA,
        state=state,
        trigger="chat",
        by=Actor("maria"),
        created_at=T0,
        started_at=T0,
    )
    with kept.database.writing() as connection:
        connection.execute(sa.insert(tables.deployments).values(to_row(replace(one, **(waits | more)))))


def known(kept: Store, called: str = "acme/web") -> None:
    with kept.decisions.open(str(next(_ids)), "test") as decision:
        records = decision.begin(None, None)
        records.repositories.save(KnownRepository("web", "acme/web", OURS, called, T0))


def bodies(kept: Store) -> list[bytes]:
    return [row.body for row in kept.database.select(sa.select(tables.deliveries.c.body))]


# --- what concerns nobody ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["push", "ping", "issues", "star", "merge_group", "check_run"])
def test_another_repositorys_webhooks_are_settled_and_leave_an_id_behind(kept: Store, event: str) -> None:
    known(kept)

    became = comes(kept, event, check(), name="acme/other", number=8)

    assert became == "settled"
    assert bodies(kept) == [b""]
    assert kept.moments().delivery is None


@pytest.mark.parametrize(
    ("event", "payload"),
    [("push", {}), ("issues", OPENED), ("pull_request", {"action": "assigned"}), ("deployment", {"action": "deleted"})],
)
def test_events_of_ours_that_mean_nothing_are_settled(kept: Store, event: str, payload: dict[str, Any]) -> None:
    assert comes(kept, event, payload) == "settled"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("check_run", check()),
        ("workflow_run", {"action": "completed", "workflow_run": {"id": 4, "head_sha": SHA}}),
        ("pull_request_review", REVIEW),
        ("pull_request", PULL),
        ("deployment", MADE),
    ],
)
def test_a_fork_that_has_commits_of_ours_is_another_repository(
    kept: Store, event: str, payload: dict[str, Any]
) -> None:
    known(kept)
    deployed(kept, State.WAITING)
    preview = "[apps.web.environments.preview]\ntransient = true\npreview = { on = 'opened' }\n"
    door = labels(read(SETTINGS + preview, {}))
    whole = {"repository": {"full_name": "stranger/web", "id": 8}, **payload}

    became = comes_in(kept, door(Delivery("github:fork", "github", event, json.dumps(whole).encode())))

    assert became == "settled"
    assert comes(kept, event, payload) == "waits"


def test_a_settled_webhook_that_comes_again_is_known(kept: Store) -> None:
    delivery = label(Delivery("github:once", "github", "push", b'{"repository": {"full_name": "acme/web", "id": 7}}'))

    assert [comes_in(kept, delivery) for _ in range(2)] == ["settled", "known"]


def test_a_pull_request_that_is_opened_concerns_nobody_where_there_are_no_previews(kept: Store) -> None:
    assert comes(kept, "pull_request", PULL) == "settled"


@pytest.mark.parametrize("action", ["opened", "reopened", "labeled", "unlabeled", "synchronize", "ready_for_review"])
def test_where_there_are_previews_it_may_want_one(kept: Store, action: str) -> None:
    preview = "[apps.web.environments.preview]\ntransient = true\npreview = { on = 'opened' }\n"
    door = labels(read(SETTINGS + preview, {}))
    known(kept)

    def became(name: str, number: int) -> str:
        whole = {**PULL, "action": action, "repository": {"full_name": name, "id": number}}
        return comes_in(
            kept, door(Delivery(f"github:{next(_ids)}", "github", "pull_request", json.dumps(whole).encode()))
        )

    # Also under a name that nobody has heard of yet, but no other repository's.
    assert [became("acme/web", OURS), became("acme/renamed", OURS), became("acme/other", 8)] == [
        "waits",
        "waits",
        "settled",
    ]


# --- checks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_a_check_concerns_whoever_has_not_ended_or_is_live(kept: Store, state: State) -> None:
    deployed(kept, state)
    concerned = {State.REQUESTED, State.WAITING, State.STARTING, State.RUNNING, State.SUCCEEDED}

    assert comes(kept, "check_run", check()) == ("waits" if state in concerned else "settled")
    assert comes(kept, "check_run", check("2b" * 20)) == "settled"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("status", {"sha": SHA}),
        ("check_suite", {"check_suite": {"head_sha": SHA}}),
        ("workflow_run", {"workflow_run": {"head_sha": SHA}}),
    ],
)
def test_every_kind_of_check_counts(kept: Store, event: str, payload: dict[str, Any]) -> None:
    before = comes(kept, event, payload)
    deployed(kept, State.WAITING)

    assert (before, comes(kept, event, payload)) == ("settled", "waits")


def test_a_run_that_was_dispatched_may_be_that_of_whatever_has_not_ended(kept: Store) -> None:
    of_another_commit = {"workflow_run": {"head_sha": "2b" * 20, "id": 7, "event": "workflow_dispatch"}}
    before = comes(kept, "workflow_run", of_another_commit)
    deployed(kept, State.RUNNING)

    assert (before, comes(kept, "workflow_run", of_another_commit)) == ("settled", "waits")


def test_a_check_of_the_same_commit_does_not_stand_for_a_run(kept: Store) -> None:
    deployed(kept, State.RUNNING)
    comes(kept, "check_run", check())
    for action in ("in_progress", "completed"):
        run = {"head_sha": SHA, "id": 7, "event": "workflow_dispatch"}
        comes(kept, "workflow_run", {"action": action, "workflow_run": run})

    taken = kept.inbox.take(10)

    assert [one.name for one in taken] == ["check_run", "workflow_run"]


def test_what_is_live_is_the_success_that_started_last(kept: Store) -> None:
    deployed(kept, State.SUCCEEDED)
    live = comes(kept, "check_run", check())
    for more in ({"task": "deploy:migrate"}, {"environment": "staging"}, {"started_at": T0 - timedelta(hours=1)}):
        deployed(kept, State.SUCCEEDED, sha="2b" * 20, **{"started_at": T0 + timedelta(hours=1)} | more)
    still = comes(kept, "check_run", check())

    deployed(kept, State.SUCCEEDED, sha="3c" * 20, started_at=T0 + timedelta(hours=2))

    assert (live, still, comes(kept, "check_run", check())) == ("waits", "waits", "settled")


def test_a_review_concerns_whatever_has_not_ended(kept: Store) -> None:
    deployed(kept, State.SUCCEEDED)
    before = comes(kept, "pull_request_review", REVIEW)
    deployed(kept, State.WAITING)

    assert (before, comes(kept, "pull_request_review", REVIEW)) == ("settled", "waits")


# --- what somebody has to look at -------------------------------------------------------------------------------------


def test_what_is_known_by_its_new_name_is_no_news(kept: Store) -> None:
    known(kept, called="acme/site")
    deployed(kept, State.WAITING)

    nothing, other = comes(kept, "push", {}, name="acme/Site"), comes(kept, "check_run", check("2b" * 20), "acme/site")
    ours, merged = comes(kept, "check_run", check(), name="acme/site"), comes(kept, "deployment", MADE, "acme/site")

    assert (nothing, other, ours, merged) == ("settled", "settled", "waits", "waits")
    assert comes(kept, "deployment", MADE, "acme/site", number=8) == "waits"
    assert comes(kept, "deployment", MADE, "acme/other", number=8) == "settled"


def test_ours_under_another_name_and_another_under_our_name_are_looked_at(kept: Store) -> None:
    unknown = comes(kept, "push", {}, name="acme/site")
    known(kept)

    assert unknown == "settled"
    assert comes(kept, "push", {}, name="acme/site") == "waits"
    assert comes(kept, "push", {}, name="ACME/Web") == "settled"
    assert comes(kept, "push", {}, number=8) == "waits"


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("check_run", b"{}"),
        ("check_run", b'{"repository": {"full_name": "acme/web"}, "check_run": 7}'),
        ("status", b'{"repository": {"full_name": 7}, "sha": "1a"}'),
        ("check_run", b'{"repository": {"full_name": "acme/elsewhere"}, "check_run": {"head_sha": "1a"}}'),
        ("pull_request", b'{"repository": {"full_name": "acme/web"}, "action": "closed", "pull_request": null}'),
    ],
)
def test_what_cannot_be_read_or_placed_is_left_for_whoever_handles_it(kept: Store, event: str, body: bytes) -> None:
    assert comes_in(kept, label(Delivery("github:odd", "github", event, body))) == "waits"
    assert bodies(kept) == [body]


# --- of those that say the same, one ----------------------------------------------------------------------------------


def test_of_checks_of_one_commit_that_wait_together_one_is_taken(kept: Store) -> None:
    deployed(kept, State.WAITING)
    deployed(kept, State.WAITING, sha="2b" * 20, environment="staging")
    for sha in (SHA, "2b" * 20, SHA, SHA):
        comes(kept, "check_run", check(sha))
    comes(kept, "status", {"sha": SHA})

    taken = kept.inbox.take(16)

    assert [one.tries for one in taken] == [0, 0]
    assert kept.inbox.take(16) == []
    assert kept.inbox.backlog() == 2


def test_one_that_comes_while_another_is_in_hand_or_put_off_is_decided_on_too(kept: Store) -> None:
    deployed(kept, State.WAITING)
    comes(kept, "check_run", check())
    [first] = kept.inbox.take(16)
    comes(kept, "check_run", check())
    [second] = kept.inbox.take(16)
    kept.inbox.postpone(first.id, timedelta(minutes=5), "GitHub does not answer.")
    kept.inbox.handled(second.id)

    comes(kept, "check_run", check())

    assert len({first.id, second.id, *(one.id for one in kept.inbox.take(16))}) == 3
    assert kept.inbox.backlog() == 2


def test_what_says_something_of_its_own_is_never_left_out(kept: Store) -> None:
    for number in range(3):
        merged = {"number": number, "merged_at": "2026-03-02T10:00:00Z", "merge_commit_sha": SHA}
        refs = {"head": {"sha": SHA, "ref": "topic"}, "base": {"sha": SHA, "ref": "main"}}
        more = {"title": "Add search", "html_url": "", "user": {"login": "alice"}}
        comes(kept, "pull_request", {"action": "closed", "pull_request": merged | refs | more})

    assert len(kept.inbox.take(16)) == 3
