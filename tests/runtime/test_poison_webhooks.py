"""Webhooks of GitHub with one thing in them that should not be there: each ends, and people are answered."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.core.errors import Rejected
from bot.core.ports.chat import Delivery
from bot.runtime.decoder import decoder
from bot.settings import read
from tests.databases import migrate
from tests.postgres import new_database
from tests.servers.github.pair import REPO, StillClock
from tests.servers.github.server import GitHubServer
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

Path_ = tuple[str | int, ...]
DEEP = 1_000
POISON: dict[str, Any] = {
    "null": None,
    "true": True,
    "a word": "word",
    "nothing": "",
    "a list": [],
    "an object": {},
    "brackets": "[" * DEEP,
    "braces": '{"a":' * DEEP,
    "a deep list": json.loads("[" * 900 + "]" * 900),
    "NUL": "a\0b",
    "half a pair": "a\ud800b",
    "very long": "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(300)),
    "minus one": -1,
    "a fraction": 1.5,
    "33 bits": 2**32,
    "64 bits": 2**63,
    "400 digits": 10**400,
    "not a number": float("nan"),
    "endless": float("inf"),
    "the year 1": "0001-01-01T00:00:00+14:00",
    "the year 9999": "9999-12-31T23:59:59-14:00",
    "no zone": "2026-03-02T10:00:00",
    "no such day": "2026-02-30T10:00:00Z",
    "a leap second": "2026-06-30T23:59:60Z",
}
"""In a pull request's number 33 bits are too many."""


def leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Where everything in a payload is, objects and lists included."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))


def poisoned(payload: Any, path: Path_, poison: Any) -> bytes:
    """The payload with something else at that place. As Python writes it, so not always as JSON allows."""
    changed = copy.deepcopy(payload)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = poison
    return json.dumps(changed).encode()


def happenings(github: GitHubServer, repository: str) -> None:
    """Something of everything that GitHub sends."""
    head = github.commit(repository, "topic", "Greet the crew", files={"hello.txt": "hello"})
    number = github.open_pull_request(repository, "topic")
    github.review(repository, number)
    github.set_status(repository, head, "ci/test", "success")
    github.set_check_run(repository, head, "build")
    github.merge_pull_request(repository, number)
    made = github.create_deployment(
        repository, "main", environment="staging", payload={"request_id": "r"}, by="jenkins"
    )
    github.report_deployment_status(repository, getattr(made, "id", made), "success")


@cache
def payloads() -> dict[str, Any]:
    """One valid payload for each event that the bot reads."""
    with GitHubServer(now=StillClock().now) as github:
        github.add_repository(REPO)
        happenings(github, REPO)
        found = {webhook.event: webhook.json for webhook in github.webhooks}
    suite = found["check_suite"]
    found["workflow_run"] = {"action": "completed", "workflow_run": suite["check_suite"]} | {
        name: suite[name] for name in ("repository", "sender")
    }
    return {name: found[name] for name in READ}


READ = (
    *("pull_request", "pull_request_review", "deployment", "deployment_status"),
    *("status", "check_run", "check_suite", "workflow_run"),
)


@pytest.fixture(scope="module")
def decode() -> Callable[[str, bytes], list[Any]]:
    """What a webhook means; a Rejected becomes nothing, and any other exception stays one."""
    decodes = decoder(read(SETTINGS, {}))

    def meaning(name: str, body: bytes) -> list[Any]:
        try:
            return list(decodes(Delivery("github:1", "github", name, body)))
        except Rejected:
            return []

    return meaning


@pytest.mark.parametrize("name", READ)
def test_a_valid_one_means_something(decode: Callable[[str, bytes], list[Any]], name: str) -> None:
    assert len(decode(name, json.dumps(payloads()[name]).encode())) == 1


@pytest.mark.parametrize("name", READ)
def test_whatever_is_at_whatever_place_is_an_event_that_can_be_kept_or_refused(
    decode: Callable[[str, bytes], list[Any]], name: str
) -> None:
    payload = payloads()[name]
    wrong = []

    for path in leaves(payload):
        for what, poison in POISON.items():
            try:
                events = decode(name, poisoned(payload, path, poison))
            except (OverflowError, ValueError, RecursionError):
                continue  # the pipeline ends it: tests/runtime/test_faults.py
            for event in events:
                wrong += [(path, what, f.name) for f in fields(event) if not keepable(getattr(event, f.name))]

    assert wrong == []


def keepable(value: Any) -> bool:
    """Whether both databases take it: numbers of 64 bits, text in UTF-8."""
    match value:
        case int():
            return -(2**63) <= value < 2**63
        case str():
            return value.encode("utf-8", "replace").decode() == value
    return True


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_anything_at_any_place_ends_in_an_event_or_a_refusal(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(READ))
    payload = payloads()[name]
    body = poisoned(payload, data.draw(st.sampled_from(sorted(leaves(payload), key=str))), data.draw(_JSON))
    decodes = decoder(read(SETTINGS, {}))

    try:
        events = list(decodes(Delivery("github:1", "github", name, body)))
    except (Rejected, OverflowError):
        events = []

    assert len(events) <= 1


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from((*READ, "push", "ping", "sunrise", "")),
    st.binary(max_size=200) | _JSON.map(json.dumps).map(str.encode),
)
def test_any_bytes_at_all_end_in_an_event_or_a_refusal(name: str, body: bytes) -> None:
    decodes = decoder(read(SETTINGS, {}))

    try:
        events = list(decodes(Delivery("github:1", "github", name, body)))
    except Rejected:
        events = []

    assert events == []


# --- with the whole bot, on both databases ---------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgres"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    engine = connect(new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'bot.db'}")
    migrate(engine)
    with open_world(tmp_path, database=engine) as world:
        yield world
    engine.dispose()


def matters(world: World, name: str, payload: Any) -> list[Path_]:
    """The places that the bot reads: where another value makes another event."""
    decodes = decoder(world.settings)

    def meaning(body: bytes) -> Any:
        try:
            return decodes(Delivery("github:1", "github", name, body))
        except Rejected:
            return None

    before = meaning(json.dumps(payload).encode())
    return [path for path in leaves(payload) if meaning(poisoned(payload, path, "~~")) != before]


def faults(world: World) -> list[Any]:
    """What failed by a fault of the bot's own, however it ended."""
    rows: list[Any] = []
    with world.store.database.engine.connect() as connection:
        for table in (tables.deliveries, tables.effects):
            rows += connection.execute(sa.select(table).where(table.c.faults > 0)).all()
    return rows


@pytest.mark.parametrize("name", READ)
def test_what_strangers_write_leaves_no_fault_in_the_whole_bot_and_a_person_is_answered(bot: World, name: str) -> None:
    happenings(bot.github, REPOSITORY)
    bot.settle()
    found = {webhook.event: webhook.json for webhook in bot.github.webhooks}
    found["workflow_run"] = found["check_suite"] | {"workflow_run": found["check_suite"]["check_suite"]}
    payload = found[name]
    for n, path in enumerate(matters(bot, name, payload)):
        for m, poison in enumerate(POISON.values()):
            body = poisoned(payload, path, poison)
            bot.store.inbox.put(Delivery(f"github:poison:{n}:{m}", "github", name, body))

    with capture_logs() as lines:
        bot.wait(minutes=10)
    bot.says("maria", "version")

    assert faults(bot) == []
    assert bot.store.set_aside.count() == 0
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []
    assert [line.split()[0] for line in bot.told("maria")] == ["Shipmate"]
