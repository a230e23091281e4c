"""The bot is killed at any moment and started again: one deployment, one run, one message each, in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.installation import REPOSITORY, Harbour, shown

WAITS = "echo begun >>{directory}/begun; until test -e {directory}/go; do sleep 0.02; done; echo over"
QUICK = "echo begun >>{directory}/begun; echo over"
ENDED = ["queued", "in_progress", "success"]
STORY = [
    "🕐 Queued (deployment (id) on GitHub)",
    "🚀 In progress",
    "✅ Succeeded in (n) s: The command succeeded",
]


def begun(harbour: Harbour) -> int:
    """How often the command was begun."""
    file = harbour.directory / "begun"
    return len(file.read_text().splitlines()) if file.exists() else 0


def assert_told_once(harbour: Harbour) -> None:
    """Exactly one of everything, whatever was killed meanwhile."""
    parent = harbour.ended("Succeeded")
    [deployment] = harbour.deployments()
    harbour.wait_for(lambda: harbour.statuses(deployment.id) == ENDED, "the statuses")
    assert begun(harbour) == 1
    assert harbour.parents() == [parent]
    told = harbour.thread(parent)
    assert [text for text in told if text[0] in "🕐🚀✅❌"] == STORY
    assert len(told) == len(set(told))
    answers = [text for said in harbour.slack.messages("#web") if said.bot_id is None for text in harbour.thread(said)]
    assert len(answers) == len(set(answers))


def test_a_running_command_outlives_the_bot_and_is_reported_by_the_next_one(
    harbour_with: Callable[[str], Harbour],
) -> None:
    harbour = harbour_with(WAITS)
    bot = harbour.runs()
    harbour.subscribe()
    harbour.deploys()
    harbour.wait_for(lambda: begun(harbour), "the command")
    bot.kill()

    harbour.runs()
    (harbour.directory / "go").touch()

    assert_told_once(harbour)


def test_a_command_that_ended_while_the_bot_was_dead_is_reported(harbour_with: Callable[[str], Harbour]) -> None:
    harbour = harbour_with(WAITS + "; echo >{directory}/over")
    bot = harbour.runs()
    harbour.deploys()
    harbour.wait_for(lambda: begun(harbour), "the command")
    bot.kill()
    (harbour.directory / "go").touch()
    harbour.wait_for((harbour.directory / "over").exists, "its end")

    harbour.runs()

    assert_told_once(harbour)


def test_a_bot_that_is_killed_at_every_request_to_github_leaves_one_of_everything(
    harbour_with: Callable[[str], Harbour],
) -> None:
    harbour = harbour_with(QUICK)
    moments = [
        ("before", "POST", "/deployments"),
        ("after", "POST", "/deployments"),
        ("after", "POST", "/statuses"),
        ("before", "POST", "/statuses"),
        ("after", "POST", "/statuses"),
    ]
    killed = trap(harbour, moments)
    harbour.runs()
    harbour.deploys()

    for number in range(1, 6):
        harbour.wait_for(lambda number=number: len(killed) == number, "the moment to kill")
        harbour.processes[-1].wait()
        harbour.starts("run")

    assert_told_once(harbour)
    assert killed == moments


def trap(harbour: Harbour, moments: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The process that runs is killed at these moments, one after another; those that have come to pass."""
    killed: list[tuple[str, str, str]] = []

    def sprung(when: str, method: str, path: str) -> bool:
        if len(killed) == len(moments):
            return False
        awaited = moments[len(killed)]
        if (when, method) != awaited[:2] or not path.endswith(awaited[2]):
            return False
        harbour.processes[-1].end_at_once()
        killed.append(awaited)
        return True

    harbour.github.trap = sprung
    return killed


def test_a_message_whose_answer_was_lost_with_the_bot_is_not_posted_again(
    harbour_with: Callable[[str], Harbour],
) -> None:
    harbour = harbour_with(QUICK)
    bot = harbour.runs()
    harbour.slack.fail_next("chat.postMessage", cut="after", times=2)
    harbour.deploys()
    harbour.wait_for(harbour.parents, "the parent message")
    bot.kill()

    harbour.runs()

    assert_told_once(harbour)


def test_a_bot_that_is_killed_at_random_moments_leaves_one_of_everything(
    harbour_with: Callable[[str], Harbour],
) -> None:
    harbour, chance = harbour_with(QUICK), random.Random(2)
    bot = harbour.runs()
    harbour.subscribe()
    harbour.deploys()

    for _ in range(4):
        enough = requests(harbour) + chance.randint(1, 6)
        harbour.wait_for(lambda enough=enough: requests(harbour) >= enough or over(harbour), "some requests")
        bot.kill()
        bot = harbour.runs()

    assert_told_once(harbour)


def requests(harbour: Harbour) -> int:
    return len(harbour.github.requests) + len(harbour.slack.requests)


def over(harbour: Harbour) -> bool:
    return any("Succeeded" in shown(parent) for parent in harbour.parents())


def test_sigterm_ends_it_in_time_while_a_command_runs_and_the_next_one_goes_on(
    harbour_with: Callable[[str], Harbour],
) -> None:
    harbour = harbour_with(WAITS)
    bot = harbour.runs()
    harbour.deploys()
    harbour.wait_for(lambda: begun(harbour), "the command")

    code = bot.terminate()
    harbour.runs()
    (harbour.directory / "go").touch()

    assert code == 0
    assert "event=stopping" in bot.printed
    assert "Traceback" not in bot.printed
    assert_told_once(harbour)


def test_what_is_said_just_before_the_bot_is_killed_is_answered_by_the_next_one(
    harbour_with: Callable[[str], Harbour],
) -> None:
    harbour = harbour_with(QUICK)
    bot = harbour.runs()
    harbour.deploys()
    harbour.wait_for(lambda: all(one.acked for one in harbour.slack.envelopes), "the acknowledgement")
    bot.kill()

    harbour.runs()

    assert_told_once(harbour)


def test_a_merge_that_arrives_just_before_the_bot_is_killed_is_deployed_by_the_next_one(harbour: Harbour) -> None:
    bot = harbour.runs()
    harbour.subscribe()
    harbour.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})
    number = harbour.github.open_pull_request(REPOSITORY, "topic")
    sha = harbour.github.merge_pull_request(REPOSITORY, number)
    harbour.github.settle()
    bot.kill()

    harbour.runs()

    harbour.ended("Succeeded")
    assert len(harbour.parents()) == 1
    assert (harbour.directory / "staging" / "current").readlink() == Path("releases") / sha
