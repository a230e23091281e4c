"""What the three replies in the thread of a deployment say, and what whoever asked elsewhere reads."""

from __future__ import annotations

from typing import Any

from bot.core.deployments import thread
from bot.core.deployments.card import NOTHING
from bot.core.deployments.model import Actor, Changes, State, StepRun, Steps, Waited, Waiting
from bot.core.notices.model import Concerned
from bot.core.rich_text import Mention
from tests.core.deployments.made import BASE, T0, a_deployment, t

MARIA = Concerned(Mention("U00000001", "maria"), (), 0)
NOBODY = Concerned(None, (), 0)
BEGUN: dict[str, Any] = {"started_at": T0, "remote_id": 77}
ENDED: dict[str, Any] = {**BEGUN, "finished_at": t(seconds=75)}


def gates(**different: Any) -> list[str]:
    return thread.gates(a_deployment(**different), NOTHING).text().split("\n")


def test_what_passes_by_itself_has_no_reply_and_what_failed_or_is_wanted_of_people_has_one() -> None:
    quiet = [Waited(Waiting.CHECKS, T0), Waited(Waiting.QUEUE, T0, t(minutes=1))]
    told = [Waited(Waiting.CHECKS, T0, failed=True), Waited(Waiting.LOCK, T0), Waited(Waiting.APPROVAL, T0)]

    assert [thread.has_gates(a_deployment(waited=(one,))) for one in quiet] == [False, False]
    assert [thread.has_gates(a_deployment(waited=(one,))) for one in told] == [True, True, True]


def test_the_first_reply_says_what_is_waited_for_and_then_how_long_that_took() -> None:
    failed = Waited(Waiting.CHECKS, T0, failed=True)
    said = {"news": ("build failed",), "description": "Waiting: checks failed: build"}
    waits = {"state": State.WAITING, "waits_for": Waiting.CHECKS, **said}

    assert gates(**waits, waited=(failed,)) == ["❌ build failed"]
    over = Waited(Waiting.CHECKS, T0, t(minutes=6), failed=True)
    approval = Waited(Waiting.APPROVAL, t(minutes=6), t(minutes=8))
    assert gates(state=State.STARTING, **BEGUN, waited=(over, approval), approved_by=(Actor("bob"),)) == [
        "✅ all green after 6 min",
        "✅ approved after 2 min",
        "👍 bob",
    ]
    given_up = {"state": State.EXPIRED, "finished_at": t(days=1)}
    assert gates(**given_up, waited=(Waited(Waiting.CHECKS, T0, t(days=1), failed=True),)) == [
        "⌫ waited 24 h for its checks"
    ]


def test_the_second_reply_is_the_record_of_its_steps() -> None:
    runs = (StepRun(1, "Build", T0, t(seconds=48)), StepRun(2, "Migrate", t(seconds=48)))
    running = a_deployment(state=State.RUNNING, steps=Steps(4, runs), log_url="https://ci.example/7", **BEGUN)

    message = thread.run(running)

    assert message.text() == "🚀 Started 10:00 UTC · Build 48 s · Migrate … · logs"
    assert message.summary() == "Deploying topic@64fd7b0 of web to production has started."


def test_the_last_reply_says_what_came_of_it_to_whom_it_concerns() -> None:
    succeeded = a_deployment(state=State.SUCCEEDED, **ENDED)
    migrated = a_deployment(state=State.SUCCEEDED, task="deploy:migrate", **ENDED)
    rolled_back = a_deployment(state=State.SUCCEEDED, trigger="rollback", **ENDED)
    cancelled = a_deployment(state=State.CANCELLED, description="Cancelled by bob", **ENDED)

    told = [thread.end(one, MARIA).text() for one in (succeeded, migrated, rolled_back, cancelled)]

    assert told == [
        "✅ @maria live in 1 min 15 s",
        "✅ @maria deploy:migrate is done in 1 min 15 s",
        "⏪ @maria back on 64fd7b0 in 1 min 15 s",
        "🛑 @maria cancelled by bob",
    ]
    assert thread.end(succeeded, NOBODY).text() == "✅ live in 1 min 15 s"
    assert thread.end(succeeded, MARIA).summary() == "web: topic@64fd7b0 was deployed to production in 1 min 15 s."


def test_a_failure_calls_people_says_what_to_do_and_ends_with_the_last_lines_of_output() -> None:
    failed = a_deployment(
        state=State.FAILED,
        description="exit code 3",
        log_url="https://ci.example/7",
        changes=Changes(base=BASE),
        **ENDED,
    )
    authors = Concerned(Mention("U00000001", "maria"), (Mention("U00000002", "bob"), Mention(None, "carol")), 23)

    message = thread.end(failed, authors, output=[f"line {n}" for n in range(30)])

    assert message.text().split("\n") == [
        "❌ web → production failed: exit code 3",
        "@maria @bob carol and 21 more",
        *(f"line {n}" for n in range(10, 30)),
        "1. Look at the log",
        "2. retry #1",
        "3. rollback web on production",
    ]
    assert message.summary() == (
        "Deploying topic@64fd7b0 of web to production failed: exit code 3. Try again with: retry #1."
    )


def test_lines_of_output_come_with_a_failure_only() -> None:
    succeeded = a_deployment(state=State.SUCCEEDED, **ENDED)

    assert thread.end(succeeded, MARIA, output=["one", "two"]).output == ""


def test_a_runbook_takes_the_place_of_the_next_steps() -> None:
    failed = a_deployment(state=State.TIMED_OUT, description="", log_url="https://ci.example/7", **ENDED)

    assert thread.end(failed, NOBODY, runbook=["Call the office"]).text().split("\n")[1:] == ["1. Call the office"]


def test_who_asked_elsewhere_reads_the_card_and_where_it_goes_on() -> None:
    running = a_deployment(state=State.RUNNING, **BEGUN)

    message = thread.asked(running, NOTHING, "https://slack.example/1", "#web")

    assert message.text() == "🚀 web → production  is under way\ntopic@64fd7b0 · maria · since 10:00 UTC · #1 in #web"
    assert message.summary() == "maria is deploying topic@64fd7b0 of web to production."
