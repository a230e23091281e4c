"""What a provider of ours tells while it works: on the card, in the thread, and to GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from bot.core.deployments.model import State, StepRun, Steps
from bot.core.deployments.steps import Progress
from bot.core.events.internal import RunBegan, RunFinished, RunProgressed
from bot.runtime.provider_runner import StoredRun
from tests.handlers.scenes import parent, thread
from tests.world import SETTINGS, World
from tests.world import world as open_world

OURS = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[World]:
    """Deployment #1 has begun, and the provider has still to say something."""
    with open_world(tmp_path, OURS) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        world.store.inbox.put_event(RunBegan(1), "began:1")
        world.settle()
        yield world


def run_of(world: World) -> StoredRun:
    """The provider's way to talk back, as a process makes it that has just been started."""
    found = world.provider_runner._run(1)
    assert found is not None
    return found[1]


def tells(world: World, run: StoredRun, progress: Progress, *, after: float = 10.0) -> None:
    world.wait(seconds=after)
    run.tell(progress)
    run.flush()
    world.settle()


def steps(world: World, *names: str, total: int = 0, ended: int = 0) -> Steps:
    """Ten seconds each; the first ``ended`` are done."""
    begun = world.clock.now() - timedelta(seconds=10 * len(names))
    runs = []
    for n, name in enumerate(names):
        at = begun + timedelta(seconds=10 * n)
        runs.append(StepRun(n + 1, name, at, at + timedelta(seconds=10) if n < ended else None))
    return Steps(total, tuple(runs))


def test_steps_and_the_log_are_seen_while_it_runs_and_github_hears_of_the_log_once(running: World) -> None:
    run = run_of(running)
    tells(running, run, Progress(log_url="https://logs.example/1", steps=steps(running, "Build", total=3)))

    assert "step 1 of 3" in parent(running, 1)
    assert parent(running, 1).split("\n")[1].endswith(" · logs")

    second = Progress(log_url="https://logs.example/1", steps=steps(running, "Build", "Migrate", total=3, ended=1))
    tells(running, run, second)

    assert "step 2 of 3" in parent(running, 1)
    assert "Build 10 s · Migrate …" in thread(running, 1)[0]
    remote = running.deployment(1).remote_id or 0
    assert running.statuses(remote) == ["queued", "in_progress", "in_progress"]
    told = running.github.deployments("acme/web")[0].statuses
    assert [one.log_url for one in told][1:] == ["", "https://logs.example/1"]


def test_of_several_words_the_newest_counts_in_whatever_order_they_are_taken_up(running: World) -> None:
    names = ("Build", "Migrate", "Restart")
    told = [
        RunProgressed(
            1, running.clock.now() + timedelta(seconds=n), Progress(steps=steps(running, *names[:n], total=3))
        )
        for n in (1, 2, 3)
    ]
    for round_, order in enumerate(permutations(told)):
        for event in order:
            running.store.inbox.put_event(event, f"{round_}:{event.at}")
            running.settle()
        assert [one.name for one in running.deployment(1).steps.runs] == list(names)


def test_how_many_steps_there_are_need_not_be_known(running: World) -> None:
    tells(running, run_of(running), Progress(steps=steps(running, "Build", "Migrate", ended=1)))

    assert parent(running, 1).startswith("🚀 *web → staging*  step 2\n")


def test_while_github_wants_a_review_no_clock_runs_and_it_goes_on_with_the_time_it_had(running: World) -> None:
    run = run_of(running)
    before = run.remaining()
    tells(running, run, Progress(review_url="https://github.example/runs/1"), after=0)

    assert parent(running, 1).startswith("🙋 *web → staging*  waits for a review on GitHub")
    running.wait(minutes=50)
    assert running.deployment(1).state is State.RUNNING
    assert run.remaining() == before
    assert run_of(running).remaining() == pytest.approx(before, abs=1)

    tells(running, run, Progress(description="Restarting"), after=0)

    assert "is under way" in parent(running, 1)
    assert run.remaining() == before
    # So does the process that takes it over.
    assert run_of(running).remaining() == pytest.approx(before, abs=1)


def test_a_rush_of_words_is_told_together(running: World) -> None:
    run = run_of(running)
    for percent in range(100):
        run.tell(Progress(description=f"{percent} %"))
    backlog = running.store.inbox.backlog()
    run.flush()
    running.settle()

    assert backlog == 1
    assert running.deployment(1).description == "99 %"


def test_notes_of_a_run_outlive_the_process_and_end_with_it(running: World) -> None:
    run_of(running).keep("build", "b-1")
    run_of(running).keep("build", "b-2")

    assert run_of(running).note("build") == "b-2"
    assert run_of(running).note("release") is None

    running.store.inbox.put_event(RunFinished(1, "succeeded", "Done"), "finished:1")
    running.settle()

    assert running.store.reads().kept_keys("run:1") == []
    assert running.deployment(1).state is State.SUCCEEDED


def test_what_is_told_after_the_end_changes_nothing(running: World) -> None:
    late = RunProgressed(1, running.clock.now(), Progress("Still busy", steps(running, "Build")))
    running.store.inbox.put_event(RunFinished(1, "failed", "exit code 1"), "finished:1")
    running.store.inbox.put_event(late, "late")
    running.settle()

    assert running.deployment(1).state is State.FAILED
    assert running.deployment(1).steps == Steps()
    assert running.store.reads().kept_keys("run:1") == []


def test_the_last_word_may_be_taken_up_after_the_end(running: World) -> None:
    run = run_of(running)
    run.tell(Progress(steps=steps(running, "Build", "Migrate", total=3, ended=1), log_url="https://logs.example/1"))
    last = run.last_word
    running.store.inbox.put_event(RunFinished(1, "failed", "exit code 1", progress=last), "finished:1")
    running.settle()

    assert parent(running, 1).startswith("❌ *web → staging*  failed at step 2, Migrate")
    assert running.deployment(1).log_url == "https://logs.example/1"
