"""What is said of a deployment beside its card, in words that are read and in words that are heard."""

from __future__ import annotations

import pytest

from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.model import State, Waiting
from bot.core.deployments.wording import name_of, sentence, spoken
from bot.core.rich_text import Message
from tests.core.deployments.made import SHA, T0, a_deployment, t

BEGUN = {"started_at": T0, "remote_id": 77}
ENDED = {**BEGUN, "finished_at": t(seconds=75)}


@pytest.mark.parametrize(
    ("different", "begun", "done"),
    [
        (
            {"trigger": "rollback"},
            "maria is rolling web on production back to topic@64fd7b0.",
            "web: production was rolled back to topic@64fd7b0 in 1 min 15 s.",
        ),
        (
            {"task": "deploy:migrate", "hosts": "fe"},
            "maria is running deploy:migrate with topic@64fd7b0 of web on production/fe.",
            "web: deploy:migrate ran with topic@64fd7b0 on production/fe in 1 min 15 s.",
        ),
        (
            {"trigger": "merge", "pull_request": 12, "ref": "main"},
            "maria merged #12: main@64fd7b0 of web goes to production.",
            "web: main@64fd7b0 was deployed to production in 1 min 15 s.",
        ),
        (
            {"hosts": "fe"},
            "maria is deploying topic@64fd7b0 of web to production/fe.",
            "web: topic@64fd7b0 was deployed to production/fe in 1 min 15 s.",
        ),
    ],
)
def test_the_sentence_says_what_is_done(different: dict[str, object], begun: str, done: str) -> None:
    running = a_deployment(state=State.RUNNING, **BEGUN, **different)
    ended = a_deployment(state=State.SUCCEEDED, **ENDED, **different)

    assert (sentence(running), sentence(ended)) == (begun, done)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (75, "1 min 15 s"),
        (600, "10 min"),
        (3_660, "1 h 1 min"),
        (7_200, "2 h"),
        (200_000, "2 days"),
    ],
)
def test_durations_are_spoken(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


@pytest.mark.parametrize(
    ("ref", "name"), [("topic", "topic@64fd7b0"), ("64fd7b0", "64fd7b0"), (SHA[:12], "64fd7b0"), (SHA, "64fd7b0")]
)
def test_a_bare_commit_is_named_once(ref: str, name: str) -> None:
    assert name_of(a_deployment(ref=ref)) == name


def test_every_line_of_a_thread_is_a_full_sentence_for_those_who_only_hear_it() -> None:
    waiting = a_deployment(state=State.WAITING, waits_for=Waiting.QUEUE, description="Queued: #1 comes first")
    running = a_deployment(state=State.RUNNING, description="step 2", **BEGUN)
    lines: list[Message] = [
        deployment_messages.waiting_line(waiting),
        deployment_messages.begins_line(waiting),
        deployment_messages.queued_line(running),
        deployment_messages.running_line(running),
        deployment_messages.hung_checks(waiting),
    ]

    for line in lines:
        assert line.summary()[-1] in ".?`1"
        assert len(line.summary().split()) > 4
