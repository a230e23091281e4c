"""The bot is killed at any moment and started again: one deployment, one run, one message each, in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.installation import REPOSITORY, Installation, is_story, shown

WAITS = "echo begun >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over"
QUICK = "echo begun >>{directory}/begun; echo over"
ENDED = ["queued", "in_progress", "success"]


def begun(site: Installation) -> int:
    """How often the command was begun."""
    file = site.directory / "begun"
    return len(file.read_text().splitlines()) if file.exists() else 0


def assert_told_once(site: Installation) -> None:
    """Exactly one of everything, whatever was killed meanwhile."""
    parent = site.ended("is live")
    [deployment] = site.deployments()
    site.wait_for(lambda: site.statuses(deployment.id) == ENDED, "the statuses")
    assert begun(site) == 1
    assert site.parents() == [parent]
    assert is_story(site.told(parent)), site.told(parent)
    answers = [text for said in site.slack.messages("#web") if said.bot_id is None for text in site.thread(said)]
    assert len(answers) == len(set(answers))


def test_a_running_command_outlives_the_bot_and_is_reported_by_the_next_one(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(WAITS)
    bot = site.runs()
    site.subscribe()
    site.deploys()
    site.wait_for(lambda: begun(site), "the command")
    bot.kill()

    site.runs()
    (site.directory / "go").touch()

    assert_told_once(site)


def test_a_command_that_ended_while_the_bot_was_dead_is_reported(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(WAITS + "; echo >{directory}/over")
    bot = site.runs()
    site.deploys()
    site.wait_for(lambda: begun(site), "the command")
    bot.kill()
    (site.directory / "go").touch()
    site.wait_for((site.directory / "over").exists, "its end")

    site.runs()

    assert_told_once(site)


def test_a_bot_that_is_killed_at_every_request_to_github_leaves_one_of_everything(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(QUICK)
    moments = [
        ("before", "POST", "/deployments"),
        ("after", "POST", "/deployments"),
        ("after", "POST", "/statuses"),
        ("before", "POST", "/statuses"),
        ("after", "POST", "/statuses"),
    ]
    killed = trap(site, moments)
    site.runs()
    site.deploys()

    for number in range(1, 6):
        site.wait_for(lambda number=number: len(killed) == number, "the moment to kill")
        site.processes[-1].wait()
        site.starts("run")

    assert_told_once(site)
    assert killed == moments


@pytest.mark.parametrize(
    ("wanted", "moments"),
    [
        (
            'comment = true, label = "live"',
            [("before", "POST", "/comments"), ("after", "POST", "/comments"), ("after", "POST", "/labels")],
        ),
        ("release = true", [("before", "POST", "/releases"), ("after", "POST", "/releases")]),
    ],
)
def test_a_bot_that_is_killed_while_it_writes_on_github_has_written_it_once(
    site_with: Callable[[str], Installation], wanted: str, moments: list[tuple[str, str, str]]
) -> None:
    site = site_with(QUICK)
    file = site.directory / "settings.toml"
    app, production = "[apps.web]\n", "[apps.web.environments.production]\n"
    text = file.read_text(encoding="utf-8").replace(app, f"{app}github = {{ {wanted} }}\n")
    file.write_text(text.replace(production, f"{production}production = true\n"), encoding="utf-8")
    site.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})
    site.github.open_pull_request(REPOSITORY, "topic")
    killed = trap(site, moments)
    site.runs()
    site.deploys("deploy #1 to production")

    for number in range(1, len(moments) + 1):
        site.wait_for(lambda number=number: len(killed) == number, "the moment to kill")
        site.processes[-1].wait()
        site.starts("run")

    assert_told_once(site)
    written = site.github.labels if "label" in wanted else lambda repository, _: site.github.releases(repository)
    site.wait_for(lambda: written(REPOSITORY, 1), "what is written last")
    comments, labels = site.github.comments(REPOSITORY, 1), site.github.labels(REPOSITORY, 1)
    assert (len(comments), labels) == ((1, ["live"]) if "label" in wanted else (0, []))
    assert len(site.github.releases(REPOSITORY)) == ("release" in wanted)
    assert killed == moments


PREVIEW = """
[apps.web.environments.review]
transient = true
preview = { on = "opened" }
provider = { type = "shell", command = "echo $SHIPMATE_TASK $SHIPMATE_ENVIRONMENT $SHIPMATE_PULL_REQUEST >>{begun}" }
"""


@pytest.mark.parametrize(
    ("made", "removed"),
    [
        (
            [("before", "POST", "/deployments"), ("after", "POST", "/deployments"), ("after", "POST", "/statuses")],
            [("after", "POST", "/deployments"), ("after", "POST", "/statuses")],
        ),
        ([("before", "POST", "/comments"), ("after", "POST", "/comments")], []),
    ],
)
def test_a_preview_is_made_and_removed_once_however_often_the_bot_is_killed(
    site_with: Callable[[str], Installation], made: list[tuple[str, str, str]], removed: list[tuple[str, str, str]]
) -> None:
    site = site_with(QUICK)
    file, told = site.directory / "settings.toml", lambda: [one.body for one in site.github.comments(REPOSITORY, 1)]
    text = PREVIEW.replace("{begun}", str(site.directory / "begun")) + "\n[people]"
    file.write_text(file.read_text(encoding="utf-8").replace("\n[people]", text), encoding="utf-8")
    site.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})
    killed = trap(site, made)
    site.runs()
    site.subscribe()

    site.github.open_pull_request(REPOSITORY, "topic")
    _started_again(site, killed, made)
    site.wait_for(lambda: any("is live" in text for text in told()), "the preview")
    killed = trap(site, removed)
    site.github.close_pull_request(REPOSITORY, 1)
    _started_again(site, killed, removed)
    site.wait_for(lambda: any("was removed" in text for text in told()), "its end")
    site.wait_for(lambda: {one.state for one in site.deployments()} == {"inactive"}, "its end on GitHub")

    assert (site.directory / "begun").read_text().splitlines() == ["deploy review-1 1", "remove review-1 1"]
    assert sorted(one.task for one in site.deployments()) == ["deploy", "remove"]
    assert len(told()) == 1
    assert site.parents() == []


def _started_again(site: Installation, killed: list[tuple[str, str, str]], moments: list[tuple[str, str, str]]) -> None:
    for number in range(1, len(moments) + 1):
        site.wait_for(lambda number=number: len(killed) == number, "the moment to kill")
        site.processes[-1].wait()
        site.starts("run")


def trap(site: Installation, moments: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The process that runs is killed at these moments, one after another; those that have come to pass."""
    killed: list[tuple[str, str, str]] = []

    def sprung(when: str, method: str, path: str) -> bool:
        if len(killed) == len(moments):
            return False
        awaited = moments[len(killed)]
        if (when, method) != awaited[:2] or not path.endswith(awaited[2]):
            return False
        site.processes[-1].end_at_once()
        killed.append(awaited)
        return True

    site.github.trap = sprung
    return killed


def test_a_message_whose_answer_was_lost_with_the_bot_is_not_posted_again(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(QUICK)
    bot = site.runs()
    site.slack.fail_next("chat.postMessage", cut="after", times=2)
    site.deploys()
    site.wait_for(site.parents, "the parent message")
    bot.kill()

    site.runs()

    assert_told_once(site)


def test_a_bot_that_is_killed_at_random_moments_leaves_one_of_everything(
    site_with: Callable[[str], Installation],
) -> None:
    site, chance = site_with(QUICK), random.Random(2)
    bot = site.runs()
    site.subscribe()
    site.deploys()

    for _ in range(4):
        enough = requests(site) + chance.randint(1, 6)
        site.wait_for(lambda enough=enough: requests(site) >= enough or over(site), "some requests")
        bot.kill()
        bot = site.runs()

    assert_told_once(site)


def requests(site: Installation) -> int:
    return len(site.github.requests) + len(site.slack.requests)


def over(site: Installation) -> bool:
    return any("is live" in shown(parent) for parent in site.parents())


def test_sigterm_ends_it_in_time_while_a_command_runs_and_the_next_one_goes_on(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(WAITS)
    bot = site.runs()
    site.deploys()
    site.wait_for(lambda: begun(site), "the command")

    code = bot.terminate()
    site.runs()
    (site.directory / "go").touch()

    assert code == 0
    assert "event=stopping" in bot.printed
    assert "Traceback" not in bot.printed
    assert_told_once(site)


def test_what_is_said_just_before_the_bot_is_killed_is_answered_by_the_next_one(
    site_with: Callable[[str], Installation],
) -> None:
    site = site_with(QUICK)
    bot = site.runs()
    site.deploys()
    site.wait_for(lambda: all(one.acked for one in site.slack.envelopes), "the acknowledgement")
    bot.kill()

    site.runs()

    assert_told_once(site)


def test_a_merge_that_arrives_just_before_the_bot_is_killed_is_deployed_by_the_next_one(
    site: Installation,
) -> None:
    bot = site.runs()
    site.subscribe()
    site.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})
    number = site.github.open_pull_request(REPOSITORY, "topic")
    sha = site.github.merge_pull_request(REPOSITORY, number)
    site.github.settle()
    bot.kill()

    site.runs()

    site.ended("is live")
    assert len(site.parents()) == 1
    assert (site.directory / "staging" / "current").readlink() == Path("releases") / sha
