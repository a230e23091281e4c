"""The bot is killed at its requests to Heroku and started again: one build, one release, one story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.end_to_end.installation import Installation
from tests.servers.heroku.server import HerokuServer

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"

[apps.web.environments.production]
provider = { type = "heroku", app = "acme-web" }

[people]
"""


@pytest.fixture
def heroku() -> Iterator[HerokuServer]:
    with HerokuServer() as server:
        server.add_app("acme-web")
        server.slow("acme-web", output=tuple(f"line {n}" for n in range(20)), looks=4, phase="succeeded", phase_looks=2)
        yield server


@pytest.fixture
def site(site_with: Callable[[str], Installation], heroku: HerokuServer) -> Installation:
    site = site_with("true")
    site.settings(SETTINGS)
    site.environ |= {"HEROKU_API_KEY": heroku.key, "HEROKU_API_URL": heroku.url}
    return site


def killed_at(site: Installation, heroku: HerokuServer, *moments: tuple[str, str, str]) -> None:
    """Maria deploys; the bot is killed at these moments, one after another, and started again each time."""
    killed: list[tuple[str, str, str]] = []

    def sprung(when: str, method: str, path: str) -> bool:
        if len(killed) == len(moments):
            return False
        awaited = moments[len(killed)]
        if (when, method) != awaited[:2] or not re.search(awaited[2], path):
            return False
        site.processes[-1].end_at_once()
        killed.append(awaited)
        return True

    heroku.trap = sprung
    site.runs()
    site.deploys()
    for number in range(1, len(moments) + 1):
        site.wait_for(lambda number=number: len(killed) == number, "the moment to kill")
        site.processes[-1].wait()
        site.starts("run")


def test_a_bot_that_is_killed_at_its_requests_to_heroku_has_one_build(site: Installation, heroku: HerokuServer) -> None:
    killed_at(
        site,
        heroku,
        ("before", "POST", "/builds$"),
        ("after", "POST", "/builds$"),
        ("after", "GET", "/builds/"),
        ("before", "GET", "/releases/"),
    )

    site.wait_for(lambda: [one for one in site.parents() if "is live" in one.lines[0]], "the end")

    [deployment] = site.deployments()
    site.wait_for(lambda: site.statuses(deployment.id)[-1] == "success", "the statuses")
    assert len(heroku.apps["acme-web"].builds) == len(heroku.apps["acme-web"].releases) == 1
    assert len(site.parents()) == 1
    assert site.statuses(deployment.id).count("success") == 1


def test_a_bot_that_is_killed_while_it_stops_a_build_stops_it(site: Installation, heroku: HerokuServer) -> None:
    heroku.slow("acme-web", looks=None)
    heroku.fail_next("GET", "/builds/", lambda: site.slack.says("maria", "#web", "@shipmate cancel #1") and None)

    killed_at(site, heroku, ("before", "DELETE", "/builds/"), ("after", "DELETE", "/builds/"))

    site.wait_for(lambda: [one for one in site.parents() if "cancelled by maria" in one.lines[0]], "the end")
    assert [one.status for one in heroku.apps["acme-web"].builds] == ["failed"]
    assert heroku.apps["acme-web"].releases == []
