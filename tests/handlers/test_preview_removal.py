"""Previews that a workflow, Heroku or a hook has made: taken away again where the settings say how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.previews import model
from tests.handlers.scenes import channel
from tests.handlers.test_previews import closes, comment, newest, opens
from tests.servers.github import actions
from tests.servers.heroku.server import HerokuServer
from tests.servers.hooks.server import HookServer, Reply
from tests.world import REPOSITORY, World
from tests.world import world as open_world

APP = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"

[apps.web.environments.production]

[apps.web.environments.preview]
transient = true
preview = { on = "opened" }
provider = { PROVIDER }
"""
DELETED = 'type = "heroku", app = "acme-web-pr-{number}", remove = "delete"'
STOPPED = DELETED.replace("delete", "stop")


@contextmanager
def with_provider(tmp_path: Path, table: str, environ: dict[str, str] | None = None) -> Iterator[World]:
    with open_world(tmp_path, APP.replace("PROVIDER", table), environ) as world:
        yield world


def gone(world: World) -> bool:
    told = comment(world) == "🗑️ **preview-1** was removed."
    return told and set(newest(world)) == {"inactive"} and channel(world, "#web") == []


# --- github_actions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def with_workflows(tmp_path: Path) -> Iterator[World]:
    table = 'type = "github_actions", workflow = "preview.yml", remove = "remove-preview.yml"'
    with with_provider(tmp_path, table) as world:
        for file in ("preview.yml", "remove-preview.yml"):
            actions.add_workflow(world.github, REPOSITORY, file)
        world.github.on_dispatch = lambda run: actions.succeed(world.github, REPOSITORY, run.id)
        yield world


def test_a_workflow_of_its_own_is_told_what_to_remove(with_workflows: World) -> None:
    world = with_workflows
    opens(world)

    closes(world)

    made, removed = actions.dispatched(world.github, REPOSITORY)
    assert (made.file, made.branch) == ("preview.yml", "topic")
    # The branch of a pull request that is over may be gone.
    assert (removed.file, removed.branch) == ("remove-preview.yml", "main")
    assert removed.inputs["environment"] == made.inputs["environment"] == "preview-1"
    assert removed.inputs["sha"] == made.inputs["sha"]
    assert gone(world)


def test_what_is_kept_of_the_last_run_goes_some_time_after_its_preview_and_of_others_stays(
    with_workflows: World,
) -> None:
    world = with_workflows
    opens(world, "one")
    opens(world, "two")

    closes(world, 1)
    world.fires("retain")
    at_once = last_runs(world)
    world.wait(days=15)
    world.fires("retain")

    assert at_once == ["preview-1", "preview-2"]
    assert last_runs(world) == ["preview-2"]


def last_runs(world: World) -> list[str]:
    return [place for _, place, _ in model.last_runs(world.store.reads())]


def test_a_workflow_is_told_the_number_of_the_pull_request(tmp_path: Path) -> None:
    inputs = 'inputs = { request_id = "{request_id}", sha = "{sha}", pull = "pr-{number}" }'
    with with_provider(tmp_path, f'type = "github_actions", workflow = "preview.yml", {inputs}') as world:
        actions.add_workflow(world.github, REPOSITORY, "preview.yml", inputs=("request_id", "sha", "pull"))
        world.github.on_dispatch = lambda run: actions.succeed(world.github, REPOSITORY, run.id)
        opens(world)

        [run] = actions.dispatched(world.github, REPOSITORY)
        assert run.inputs["pull"] == "pr-1"
        assert newest(world) == ["success"]


def test_a_workflow_that_cannot_remove_is_told_on_its_pull_request_and_run_again(with_workflows: World) -> None:
    world = with_workflows
    opens(world)
    world.github.on_dispatch = lambda run: actions.fail(world.github, REPOSITORY, run.id, "no such stack")

    closes(world)
    failed = comment(world)
    card = channel(world, "#web")
    world.github.on_dispatch = lambda run: actions.succeed(world.github, REPOSITORY, run.id)
    world.wait(days=1, minutes=1)
    world.reconcile()

    assert failed == "❌ **preview-1** could not be removed (Migrate database of deploy failed)."
    assert card[0].startswith("❌ *web → preview-1*  `remove` failed at step 2, Migrate database")
    assert comment(world) == "🗑️ **preview-1** was removed."


def test_the_commit_of_a_branch_that_has_moved_keeps_no_preview_alive(tmp_path: Path) -> None:
    inputs = 'inputs = { environment = "{environment}", request_id = "{request_id}" }'
    table = f'type = "github_actions", workflow = "preview.yml", remove = "remove-preview.yml", {inputs}'
    with with_provider(tmp_path, table) as world:
        for file in ("preview.yml", "remove-preview.yml"):
            actions.add_workflow(world.github, REPOSITORY, file, inputs=("environment", "request_id"))
        world.github.on_dispatch = lambda run: actions.succeed(world.github, REPOSITORY, run.id)
        opens(world)
        world.github.commit(REPOSITORY, "main", "Later")

        closes(world)

        assert gone(world)


# --- heroku -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def heroku(monkeypatch: pytest.MonkeyPatch) -> Iterator[HerokuServer]:
    with HerokuServer() as server:
        monkeypatch.setenv("HEROKU_API_KEY", server.key)
        monkeypatch.setenv("HEROKU_API_URL", server.url)
        server.add_app("acme-web-pr-1").formation = {"web": 2, "worker": 1, "release": 0}
        yield server


def test_an_app_of_a_preview_is_deleted_where_the_settings_say_so(tmp_path: Path, heroku: HerokuServer) -> None:
    with with_provider(tmp_path, DELETED) as world:
        opens(world)
        there = list(heroku.apps)

        closes(world)

        assert (there, list(heroku.apps)) == (["acme-web-pr-1"], [])
        assert gone(world)


def test_an_app_is_stopped_and_runs_again_as_it_did_when_its_pull_request_is_opened_again(
    tmp_path: Path, heroku: HerokuServer
) -> None:
    app = heroku.apps["acme-web-pr-1"]
    with with_provider(tmp_path, STOPPED) as world:
        opens(world)
        closes(world)
        stopped = (dict(app.formation), app.maintenance, gone(world))

        world.github.reopen_pull_request(REPOSITORY, 1)
        world.settle()

        assert stopped == ({"web": 0, "worker": 0, "release": 0}, True, True)
        assert (app.formation, app.maintenance) == ({"web": 2, "worker": 1, "release": 0}, False)
        assert comment(world).startswith("✅ **preview-1** is live: ")


def test_one_that_heroku_does_not_let_go_is_told_and_removed_later(tmp_path: Path, heroku: HerokuServer) -> None:
    with with_provider(tmp_path, DELETED) as world:
        opens(world)
        heroku.fail_next("DELETE", "/apps/acme-web-pr-1$", 403, body={"id": "forbidden", "message": "Not yours."})

        closes(world)
        failed = (world.deployment(2).state, comment(world).split(" (")[0])
        world.says("maria", "retry #2")

        assert failed == ("error", "❌ **preview-1** could not be removed")
        assert list(heroku.apps) == []
        assert comment(world) == "🗑️ **preview-1** was removed."


def test_without_the_setting_an_app_stays_and_the_comment_says_so(tmp_path: Path, heroku: HerokuServer) -> None:
    with with_provider(tmp_path, DELETED.replace(', remove = "delete"', "")) as world:
        opens(world)

        closes(world)

        assert list(heroku.apps) == ["acme-web-pr-1"]
        assert newest(world) == ["inactive"]
        assert comment(world) == "🗑️ **preview-1** is inactive; whoever deploys it has to take it down."


# --- http -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookServer]:
    with HookServer() as server:
        monkeypatch.setenv("HTTP_PROVIDER_SECRET", server.secret)
        monkeypatch.setenv("SERVICE_KEY", server.key)
        server.state = {"status": "live"}
        yield server
    assert server.problems == []


def behind(hook: HookServer, more: str) -> str:
    key = 'headers = { Authorization = "Bearer $SERVICE_KEY" }'
    poll = f'{{ url = "{hook.url}/deploys/{{/deploy/id}}", success = ["live"], failure = ["failed"], {key} }}'
    return f'type = "http", url = "{hook.url}/deploy", poll = {poll}, {more}'


@pytest.mark.parametrize("at", ["/deploy", "/deploy/remove"])
def test_a_hook_is_asked_to_remove_what_it_has_made(tmp_path: Path, hook: HookServer, at: str) -> None:
    more = "remove = true" if at == "/deploy" else f'remove_url = "{hook.url}{at}"'
    with with_provider(tmp_path, behind(hook, more)) as world:
        opens(world)

        closes(world)

        made, removed = hook.asked
        assert (made.path, removed.path) == ("/deploy", at)
        assert (removed.json["task"], removed.json["environment"]) == ("remove", "preview-1")
        assert (removed.json["sha"], made.json["task"]) == (made.json["sha"], "deploy")
        assert gone(world)


def test_a_hook_that_refuses_is_told_and_asked_again(tmp_path: Path, hook: HookServer) -> None:
    with with_provider(tmp_path, behind(hook, "remove = true")) as world:
        opens(world)
        hook.replies.append(Reply(422, b'{"message": "It is locked"}'))

        closes(world)
        failed = comment(world)
        world.says("maria", "retry #2")

        assert failed.startswith("❌ **preview-1** could not be removed (")
        assert comment(world) == "🗑️ **preview-1** was removed."
