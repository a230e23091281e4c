"""Whole bots and a deploy hook: begun once though the bot is killed, and called back at whichever process listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.cluster import Cluster, cluster
from tests.end_to_end.installation import SETTINGS, Installation
from tests.servers.hooks.server import HookServer, Received, Reply


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server
    assert server.problems == []


def behind(there: Installation, hook: HookServer) -> None:
    """Production is deployed by the hook, which calls back."""
    table = f'{{ type = "http", url = "{hook.url}/deploy" }}'
    shell = '{ type = "shell", command = "{command}", directory = "{directory}/work" }'
    there.settings(SETTINGS.replace(shell, table).replace("{directory}", str(there.directory)))
    there.environ["HTTP_PROVIDER_SECRET"] = hook.secret


@pytest.fixture
def site(site_with: Callable[[str], Installation], hook: HookServer) -> Installation:
    site = site_with("true")
    behind(site, hook)
    site.environ["BASE_URL"] = site.url
    return site


@pytest.mark.parametrize("answered", [False, True], ids=["before it has begun", "before its answer"])
def test_a_bot_that_is_killed_as_it_asks_has_it_begun_once(
    site: Installation, hook: HookServer, answered: bool
) -> None:
    def kill(request: Received) -> None:
        if len(hook.asked) == 1:
            if not answered:
                hook.replies.append(Reply(503))
            site.processes[-1].end_at_once()

    hook.when_asked = kill
    site.runs()
    site.deploys()
    site.wait_for(lambda: hook.asked, "the moment to kill")
    site.processes[-1].wait()
    site.runs()
    site.wait_for(lambda: len(hook.asked) == 2, "the same once more")
    assert hook.calls_back(state="success", description="Is live") == (200, "stored\n")
    site.ended("is live")

    assert len(hook.begun) == 1
    assert len({(one.body, one.headers["idempotency-key"]) for one in hook.asked}) == 1
    [remote] = site.deployments()
    assert [state for state in site.statuses(remote.id) if state != "in_progress"] == ["queued", "success"]


def test_what_is_called_back_while_nobody_listens_is_sent_again_and_counts(
    site: Installation, hook: HookServer
) -> None:
    bot = site.runs()
    site.deploys()
    site.wait_for(lambda: hook.begun, "the hook")
    bot.kill()
    with pytest.raises(OSError, match="refused"):
        hook.calls_back(state="failure", description="No such table")
    site.runs()

    assert hook.calls_back(state="failure", description="No such table") == (200, "stored\n")
    site.ended("failed: No such table")
    assert len(hook.asked) == 1


def test_a_hook_calls_a_web_process_back_and_a_worker_hears_of_it(tmp_path: Path, hook: HookServer) -> None:
    with ExitStack() as stack:
        there: Cluster = stack.enter_context(cluster(tmp_path, "true"))
        behind(there, hook)
        there.environ["BASE_URL"] = "http://nobody.invalid"
        there.web()
        port = there.environ["PORT"]
        there.environ["BASE_URL"] = f"http://127.0.0.1:{port}"
        there.worker()
        there.deploys()
        there.wait_for(lambda: hook.begun, "the hook")

        told = hook.calls_back(state="in_progress", description="Migrating (2/4)", log_url="https://ci.example/1")
        there.wait_for(lambda: "step 2 of 4" in there.parents()[0].lines[0], "how far it has got")
        refused = hook.posts(b'{"state": "failure"}', signature=f"sha256={'0' * 64}")
        ended = hook.calls_back(state="success", description="Is live")
        there.ended("is live")

        assert (told, refused[0], ended) == ((200, "stored\n"), 401, (200, "stored\n"))
        assert len(hook.asked) == 1
        printed = "\n".join(one.printed for one in there.processes)
        assert hook.secret not in printed
