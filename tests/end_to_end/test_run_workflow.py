"""The bot is killed around a workflow that it dispatches: one run on GitHub, followed to its end by whoever lives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.end_to_end.installation import REPOSITORY, SETTINGS, Installation
from tests.servers.github import actions

OURS = SETTINGS.replace(
    '{ type = "shell", command = "{command}", directory = "{directory}/work" }',
    '{ type = "github_actions", workflow = "deploy.yml" }',
)


@pytest.fixture
def site(site_with: Callable[[str], Installation]) -> Installation:
    site = site_with("true")
    site.settings(OURS.replace("{directory}", str(site.directory)))
    actions.add_workflow(site.github, REPOSITORY, "deploy.yml")
    return site


def runs(site: Installation) -> list[str | None]:
    return [one.conclusion for one in actions.dispatched(site.github, REPOSITORY)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bot_that_is_killed_as_it_dispatches_leaves_one_run_at_most(site: Installation, when: str) -> None:
    sprung: list[str] = []
    site.github.on_dispatch = lambda run: actions.succeed(site.github, REPOSITORY, run.id)

    def trap(at: str, method: str, path: str) -> bool:
        if sprung or at != when or not path.endswith("/dispatches"):
            return False
        site.processes[-1].end_at_once()
        sprung.append(path)
        return True

    site.github.trap = trap
    site.runs()
    site.deploys()
    site.wait_for(lambda: sprung, "the moment to kill")
    site.processes[-1].wait()
    site.runs()

    if when == "before":
        site.ended("did not work: Whether the workflow has begun is not known")
        assert runs(site) == []
    else:
        site.ended("is live")
        assert runs(site) == ["success"]
        [remote] = site.deployments()
        assert [state for state in site.statuses(remote.id) if state != "in_progress"] == ["queued", "success"]


def test_a_run_outlives_the_bot_and_is_reported_by_the_next_one(site: Installation) -> None:
    bot = site.runs()
    site.deploys()
    site.wait_for(lambda: runs(site), "the run")
    bot.kill()
    actions.fail(site.github, REPOSITORY, actions.dispatched(site.github, REPOSITORY)[0].id, "no such table")

    site.runs()

    site.ended("failed at step 2, Migrate database")
    assert runs(site) == ["failure"]
