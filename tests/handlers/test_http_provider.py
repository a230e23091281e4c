"""Conversations about deployments behind a hook, between a small Slack, GitHub and a place that deploys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.deployments.model import State
from bot.http.callbacks import Callbacks
from tests.handlers.scenes import parent, thread
from tests.servers.hooks.server import HookServer, Reply
from tests.world import SETTINGS, World
from tests.world import world as open_world

POLLED = (
    'poll = { url = "HOOK/deploys/{/deploy/id}", success = ["live"], failure = ["build_failed"], log_url = "/log", '
    'description = "/said", headers = { Authorization = "Bearer $SERVICE_KEY" } }'
)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookServer]:
    with HookServer() as server:
        monkeypatch.setenv("HTTP_PROVIDER_SECRET", server.secret)
        monkeypatch.setenv("SERVICE_KEY", server.key)
        monkeypatch.setenv("BASE_URL", "https://shipmate.example")
        yield server
    assert server.problems == []


def opened(tmp_path: Path, hook: HookServer, more: str = "") -> Any:
    table = f'provider = {{ type = "http", url = "{hook.url}/deploy"{", " + more if more else ""} }}'
    text = SETTINGS.replace('provider = { type = "external" }', table.replace("HOOK", hook.url))
    return open_world(tmp_path, text, {"HTTP_PROVIDER_SECRET": hook.secret})


@pytest.fixture
def world(tmp_path: Path, hook: HookServer) -> Iterator[World]:
    """One whose hook calls back; providers work when they are told to."""
    with opened(tmp_path, hook) as the_world:
        the_world.hold_runs = True
        yield the_world


def begins(world: World) -> str:
    """The provider has the hook begin; its handle."""
    handle = str(world.provider_runner.begin(1)["handle"])
    world.settle()
    return handle


def follows(world: World, handle: str) -> None:
    world.provider_runner.follow(1, handle)
    world.settle()


def calls_back(world: World, hook: HookServer, *, number: int = 1, **said: Any) -> tuple[int, str]:
    """As the web process takes it, whichever it is."""
    body = json.dumps(said).encode()
    environ = {"HTTP_PROVIDER_SECRET": hook.secret}
    taken = Callbacks(world.settings, world.store, environ, lambda: None).take(
        world.deployment(number).request_id, body, hook.signs(body)
    )
    world.settle()
    return taken


def statuses(world: World) -> list[str]:
    return world.statuses(world.deployment(1).remote_id or 0)


# --- asked ----------------------------------------------------------------------------------------------------------


def test_a_commit_goes_live_behind_a_hook_that_is_asked(tmp_path: Path, hook: HookServer) -> None:
    hook.states.append({"status": "building", "log": "https://logs.example/1"})
    hook.state = {"status": "live", "said": "Deployed in 12 s"}
    with opened(tmp_path, hook, POLLED.replace("headers", 'every = "1s", headers')) as world:
        world.says("maria", "deploy main to staging tier=fast")

        assert parent(world, 1).startswith("✅ *web → staging*  is live\n")
        assert statuses(world)[-1] == "success"
        [remote] = world.github.deployments("acme/web")
        assert (remote.statuses[-1].description, remote.statuses[-1].log_url) == (
            "Deployed in 12 s",
            "https://logs.example/1",
        )
        [asked] = hook.asked
        assert (asked.json["params"], asked.json["requested_by"]) == ({"tier": "fast"}, "maria")
        assert asked.json["request_id"] == remote.payload["request_id"]


def test_a_refusal_is_told_with_its_reason(tmp_path: Path, hook: HookServer) -> None:
    hook.replies.append(Reply(422, b'{"message": "No such service"}'))
    with opened(tmp_path, hook, POLLED) as world:
        world.says("maria", "deploy main to staging")

        why = f"{hook.host} answered 422 Unprocessable Entity: No such service"
        assert parent(world, 1).startswith(f"❌ *web → staging*  failed: {why}\n")
        assert thread(world, 1)[-1].startswith(f"❌ *web → staging* failed: {why}\n@maria")
        assert statuses(world)[-1] == "failure"


def test_a_hook_that_is_down_for_a_while_only_costs_time(tmp_path: Path, hook: HookServer) -> None:
    hook.replies.extend([Reply(503), Reply(cut=True), Reply(429, b"", {"Retry-After": "40"})])
    hook.state = {"status": "live"}
    with opened(tmp_path, hook, POLLED) as world:
        world.says("maria", "deploy main to staging")
        world.wait(minutes=2)

        assert parent(world, 1).startswith("✅ *web → staging*  is live\n")
        assert len(hook.begun) == 1


# --- called back ----------------------------------------------------------------------------------------------------


def test_what_is_called_back_is_seen_and_ends_it(world: World, hook: HookServer) -> None:
    world.says("maria", "deploy main to staging")
    handle = begins(world)
    links = {"log_url": "https://ci.example/1"}

    told = calls_back(world, hook, state="in_progress", description="Migrating (2/4)", **links)
    assert told == (200, "stored\n")
    calls_back(world, hook, state="success", description="Is live", environment_url="https://web.example/", **links)
    follows(world, handle)

    assert parent(world, 1).startswith("✅ *web → staging*  is live\n")
    assert parent(world, 1).split("\n")[1].endswith(" · open · logs")
    assert statuses(world)[-1] == "success"


def test_how_far_it_has_got_is_on_the_card_while_it_runs(world: World, hook: HookServer) -> None:
    world.says("maria", "deploy main to staging")
    handle = begins(world)
    calls_back(world, hook, state="in_progress", description="Migrating (2/4)", log_url="https://ci.example/1")
    found = world.provider_runner._run(1)
    assert found is not None
    run = found[1]
    run.pause = lambda seconds: run.flush() or world.settle() or finish()  # type: ignore[method-assign]
    seen: list[str] = []

    def finish() -> None:
        seen.append(parent(world, 1))
        calls_back(world, hook, state="failure", description="No such table")

    found[0].follow(run, handle)

    assert "step 2 of 4" in seen[0].split("\n")[0]
    assert seen[0].split("\n")[1].endswith(" · logs")


def test_called_back_before_its_answer_was_taken_in_it_counts(world: World, hook: HookServer) -> None:
    world.says("maria", "deploy main to staging")
    hook.when_asked = lambda request: calls_back(world, hook, state="failure", description="No such table") and None
    handle = begins(world)
    follows(world, handle)

    assert world.deployment(1).state is State.FAILED
    assert parent(world, 1).startswith("❌ *web → staging*  failed: No such table\n")
    assert len(hook.asked) == 1


def test_words_count_in_their_order_whatever_order_they_are_taken_up_in(tmp_path: Path, hook: HookServer) -> None:
    said = [{"state": "queued"}, {"state": "in_progress", "description": "a"}, {"state": "success"}]
    for n, order in enumerate(permutations(said)):
        (tmp_path / str(n)).mkdir()
        with opened(tmp_path / str(n), hook) as world:
            world.hold_runs = True
            world.says("maria", "deploy main to staging")
            handle = begins(world)
            for word in order:
                calls_back(world, hook, **word)
            follows(world, handle)

            assert world.deployment(1).state is State.SUCCEEDED


def test_a_repeat_is_answered_alike_and_changes_nothing(world: World, hook: HookServer) -> None:
    world.says("maria", "deploy main to staging")
    handle = begins(world)

    first, again = (calls_back(world, hook, state="success") for _ in range(2))
    follows(world, handle)
    late = calls_back(world, hook, state="failure", description="After all not")

    assert (first, again) == ((200, "stored\n"), (200, "known already\n"))
    assert late == (200, "It has ended already; nothing has changed.\n")
    assert statuses(world).count("success") == 1
    assert world.deployment(1).state is State.SUCCEEDED


# --- stopped --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_stopped_is_said_to_go_on(world: World, hook: HookServer) -> None:
    world.says("maria", "deploy main to staging")
    handle = begins(world)
    world.says("bob", "cancel #1")
    follows(world, handle)

    assert world.deployment(1).state is State.CANCELLED
    told = f"Cancelled by bob: it goes on at {hook.host} (it cannot be stopped from here)"
    assert world.deployment(1).description == told
    assert statuses(world)[-1] == "error"


def test_what_goes_on_after_its_time_may_finish_after_all(world: World, hook: HookServer) -> None:
    world.says("maria", "deploy main to staging")
    handle = begins(world)
    world.wait(minutes=20)
    follows(world, handle)
    timed_out = parent(world, 1).split("\n")[0]
    changed = calls_back(world, hook, state="in_progress")
    succeeded = calls_back(world, hook, state="success", description="Is live", log_url="https://ci.example/1")
    again = calls_back(world, hook, state="failure")

    assert timed_out == "⌛ *web → staging*  has not reported its end in time"
    assert [changed, succeeded] == [(200, "stored\n")] * 2
    assert again == (200, "It has ended already; nothing has changed.\n")
    assert world.deployment(1).state is State.SUCCEEDED
    assert statuses(world)[-2:] == ["error", "success"]
    assert parent(world, 1).startswith("✅ *web → staging*  is live\n")


def test_before_it_has_begun_nothing_can_be_called_back(world: World, hook: HookServer) -> None:
    sha = world.github.commit("acme/web", "main", "Search", author="maria")
    world.github.set_status("acme/web", sha, "ci", "pending")
    world.says("bob", "deploy main to staging when green")

    assert calls_back(world, hook, state="success") == (409, "It has not begun yet.\n")
    assert world.deployment(1).state is State.WAITING


def test_no_secret_is_kept_or_shown(tmp_path: Path, hook: HookServer) -> None:
    hook.replies.append(Reply(400, f"{hook.secret} and {hook.key}".encode()))
    with opened(tmp_path, hook, POLLED) as world:
        world.says("maria", "deploy main to staging")
        engine = world.store.database.engine
        with engine.connect() as connection:
            tables = sa.inspect(connection).get_table_names()
            rows = [str(row) for table in tables for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')]

        assert "•••• and ••••" in parent(world, 1)
        assert [row for row in rows if hook.secret in row or hook.key in row] == []
