"""The bot is killed while it takes a preview away: it is taken away once, and told on its pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.end_to_end.installation import REPOSITORY, Installation
from tests.servers.github import actions
from tests.servers.heroku.server import HerokuServer

APP = "acme-web-pr-1"
SETTINGS = """
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

[people]
"""


@pytest.fixture
def heroku() -> Iterator[HerokuServer]:
    with HerokuServer() as server:
        server.add_app(APP).formation = {"web": 2}
        yield server


def comment(site: Installation) -> str:
    found = site.github.comments(REPOSITORY, 1)
    return found[0].body if found else ""


def opened(site: Installation, provider: str) -> None:
    """A pull request whose preview is live."""
    site.settings(SETTINGS.replace("PROVIDER", provider))
    site.runs()
    site.subscribe()
    site.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"}, author="maria")
    site.github.open_pull_request(REPOSITORY, "topic", author="maria")
    site.wait_for(lambda: "is live" in comment(site), "the preview")


def closed_and_gone(site: Installation, killed: list[str]) -> None:
    site.github.close_pull_request(REPOSITORY, 1)
    site.wait_for(lambda: killed, "the moment to kill")
    site.processes[-1].wait()
    site.runs()
    site.wait_for(lambda: "was removed" in comment(site), "the end of the preview")
    site.wait_for(lambda: all(site.statuses(one.id)[-1] == "inactive" for one in site.deployments()), "its statuses")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("how", "method"), [("delete", "DELETE"), ("stop", "PATCH")])
def test_an_app_on_heroku_is_taken_away(
    site_with: Callable[[str], Installation], heroku: HerokuServer, how: str, method: str, when: str
) -> None:
    site, killed = site_with("true"), list[str]()
    site.environ |= {"HEROKU_API_KEY": heroku.key, "HEROKU_API_URL": heroku.url}
    opened(site, f'type = "heroku", app = "acme-web-pr-{{number}}", remove = "{how}"')

    def trap(at: str, method_: str, path: str) -> bool:
        if killed or (at, method_) != (when, method):
            return False
        site.processes[-1].end_at_once()
        killed.append(path)
        return True

    heroku.trap = trap
    closed_and_gone(site, killed)

    if how == "delete":
        assert list(heroku.apps) == []
    else:
        assert (heroku.apps[APP].formation, heroku.apps[APP].maintenance) == ({"web": 0}, True)


def test_a_workflow_that_removes_is_dispatched_once_and_ends_with_its_webhook(
    site_with: Callable[[str], Installation],
) -> None:
    site, killed = site_with("true"), list[str]()
    for file in ("preview.yml", "remove-preview.yml"):
        actions.add_workflow(site.github, REPOSITORY, file)
    site.github.on_dispatch = lambda run: actions.succeed(site.github, REPOSITORY, run.id)
    opened(site, 'type = "github_actions", workflow = "preview.yml", remove = "remove-preview.yml"')

    def trap(at: str, method: str, path: str) -> bool:
        if killed or at != "after" or not path.endswith("/remove-preview.yml/dispatches"):
            return False
        site.processes[-1].end_at_once()
        killed.append(path)
        return True

    site.github.trap = trap
    closed_and_gone(site, killed)

    made, removed = actions.dispatched(site.github, REPOSITORY)
    assert (made.file, removed.file) == ("preview.yml", "remove-preview.yml")
