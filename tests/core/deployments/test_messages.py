"""What the messages of a deployment say in each of its states."""

from __future__ import annotations

import pytest

from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.model import Changes, Shipped, State, Waiting
from bot.core.deployments.wording import name_of, sentence, spoken
from bot.core.rich_text import Message
from tests.core.deployments.made import BASE, SHA, T0, a_deployment, t

BEGUN = {"started_at": T0, "remote_id": 77}
ENDED = {**BEGUN, "finished_at": t(seconds=75)}


@pytest.mark.parametrize(
    ("different", "line", "spoken_sentence", "labels"),
    [
        (
            {"state": State.WAITING, "waits_for": Waiting.CHECKS, "description": "Waiting: checks are pending: lint"},
            "⏳ Waiting: checks are pending: lint",
            "maria asked for this: deploying topic@64fd7b0 of web to production. Waiting: checks are pending: lint.",
            ["Cancel"],
        ),
        (
            {"state": State.STARTING, **BEGUN},
            "🕐 Starting",
            "maria is deploying topic@64fd7b0 of web to production.",
            ["Cancel"],
        ),
        (
            {"state": State.RUNNING, "usual_seconds": 250.0, **BEGUN},
            "🚀 Running, usually 4 min 10 s",
            "maria is deploying topic@64fd7b0 of web to production.",
            ["Cancel"],
        ),
        (
            {"state": State.SUCCEEDED, **ENDED},
            "✅ Succeeded in 1 min 15 s",
            "web: topic@64fd7b0 was deployed to production in 1 min 15 s.",
            [],
        ),
        (
            {"state": State.FAILED, "description": "exit code 3", **ENDED},
            "❌ Failed: exit code 3",
            "Deploying topic@64fd7b0 of web to production failed: exit code 3.",
            ["Retry"],
        ),
        (
            {"state": State.ERROR, "description": "It broke.", **ENDED},
            "💥 Did not work: It broke.",
            "Deploying topic@64fd7b0 of web to production did not work: It broke.",
            ["Retry"],
        ),
        (
            {"state": State.TIMED_OUT, "description": "No end in 15 min", **ENDED},
            "⌛ Timed out: No end in 15 min",
            "Deploying topic@64fd7b0 of web to production timed out: No end in 15 min.",
            ["Retry"],
        ),
        (
            {"state": State.CANCELLED, "description": "Cancelled by bob", **ENDED},
            "🛑 Cancelled by bob",
            "Deploying topic@64fd7b0 of web to production is off. Cancelled by bob.",
            ["Retry"],
        ),
        (
            {"state": State.SUPERSEDED, "description": "Superseded by #2", "superseded_by": 2},
            "⏭️ Superseded by #2",
            "Deploying topic@64fd7b0 of web to production is off. Superseded by #2.",
            [],
        ),
        (
            {"state": State.EXPIRED, "description": "Given up"},
            "🗑️ Given up",
            "Deploying topic@64fd7b0 of web to production is off. Given up.",
            ["Retry"],
        ),
    ],
    ids=lambda value: str(value.get("state")) if isinstance(value, dict) else "",
)
def test_each_state_has_its_line_its_sentence_and_its_buttons(
    different: dict[str, object], line: str, spoken_sentence: str, labels: list[str]
) -> None:
    message = deployment_messages.parent(a_deployment(**different))

    emoji, _, words = line.partition(" ")
    lines = message.text().split("\n")
    assert lines[0] == f"{emoji} web → production  topic@64fd7b0  asked for by @maria"
    assert lines[1] == words
    assert message.summary() == spoken_sentence
    assert [one.label for one in message.buttons] == labels


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


def shipped(**known: object) -> list[str]:
    deployment = a_deployment(changes=Changes(**known))  # type: ignore[arg-type]
    return ["".join(getattr(span, "text", span) for span in line) for line in deployment_messages.ships(deployment)]


def test_what_ships_is_listed_and_what_came_without_a_pull_request_is_marked() -> None:
    by_pull_request = Shipped("Add search", "alice", "https://x.example/1", number=1)
    alone = Shipped("Mend it", "bob", "https://x.example/c", sha="1234567890")

    assert shipped(base=BASE, shipped=(by_pull_request, alone), ahead=2, behind=2) == [
        "• #1 Add search (alice)",
        "• 1234567 Mend it (bob)",
        "⚠️ 1 commit went in without a pull request",
        "⚠️ Lacks 2 commits that are deployed there now",
    ]


def test_more_than_five_are_counted() -> None:
    many = tuple(Shipped(f"Step {n}", "bob", "", number=n) for n in range(7))

    assert shipped(base=BASE, shipped=many)[5:] == ["… and 2 more"]


def test_the_same_commit_an_older_one_and_a_first_one_are_said() -> None:
    assert shipped(base=SHA) == ["The same commit as before"]
    assert shipped(base=BASE, behind=3) == ["Goes back by 3 commits"]
    assert shipped(base=BASE) == []
    assert shipped() == []


def test_the_way_back_is_offered_unless_it_leads_nowhere() -> None:
    ended = a_deployment(state=State.SUCCEEDED, changes=Changes(base=BASE), **ENDED)
    same = a_deployment(state=State.SUCCEEDED, changes=Changes(base=SHA), **ENDED)
    failed = a_deployment(state=State.FAILED, changes=Changes(base=BASE), **ENDED)

    assert [(one.label, one.command) for one in deployment_messages.buttons(ended)] == [
        ("Roll back to d470312", f"rollback web on production to {BASE}")
    ]
    assert deployment_messages.buttons(same) == ()
    assert [one.label for one in deployment_messages.buttons(failed)] == ["Retry", "Roll back to d470312"]


def test_dangerous_buttons_ask_first() -> None:
    for state in State:
        for button in deployment_messages.buttons(a_deployment(state=state, changes=Changes(base=BASE), **ENDED)):
            assert button.confirm


def test_small_print_has_the_number_and_the_links() -> None:
    deployment = a_deployment(
        log_url="https://ci.example/7",
        environment_url="https://web.example",
        changes=Changes(url="https://x.example/c"),
    )

    assert deployment_messages.parent(deployment).text().split("\n")[-2] == "#1 · logs · environment · compare"


def test_a_line_in_another_thread_names_its_deployment_and_keeps_its_output() -> None:
    failed = a_deployment(state=State.FAILED, description="exit code 3", **ENDED)

    line = deployment_messages.elsewhere(failed, deployment_messages.end_line(failed, ["one", "two"]))

    assert line.text() == "web → production #1: ❌ Failed: exit code 3\none\ntwo"
    assert line.summary() == "Deploying topic@64fd7b0 of web to production failed: exit code 3."


def test_every_line_of_a_thread_is_a_full_sentence_for_those_who_only_hear_it() -> None:
    waiting = a_deployment(state=State.WAITING, waits_for=Waiting.QUEUE, description="Queued: #1 comes first")
    running = a_deployment(state=State.RUNNING, description="step 2", **BEGUN)
    lines: list[Message] = [
        deployment_messages.waiting_line(waiting),
        deployment_messages.begins_line(waiting),
        deployment_messages.queued_line(running),
        deployment_messages.running_line(running),
        deployment_messages.not_picked_up(running),
        deployment_messages.hung_checks(waiting),
    ]

    for line in lines:
        assert line.summary()[-1] in ".?`1"
        assert len(line.summary().split()) > 4
