"""Bots that are killed while they deploy to Heroku: one build, one release, each line once."""

from __future__ import annotations

import pytest

from bot.core.errors import Unavailable
from bot.core.ports.provider import Source
from bot.providers import heroku as provider
from tests.providers.conftest import SHA
from tests.providers.heroku_runs import (
    BUILDS,
    SETTINGS,
    BotKilled,
    MortalRun,
    MovingClock,
    carried_out,
    posts,
    reborn,
    started,
)

STAGING = "acme-staging"
OTHER = "f" * 40


def job_of(run_with, heroku, way: str):
    if way == "rollback":
        heroku.add_release("acme-web", SHA)
        heroku.add_release("acme-web", OTHER)
        return run_with(SETTINGS, rollback_of=6).job
    if way == "promotion":
        heroku.add_app(STAGING, pipeline="acme")
        heroku.apps["acme-web"].pipeline = heroku.pipelines["acme"]
        heroku.add_release(STAGING, SHA)
        return run_with(SETTINGS, promoted_from=Source("staging", "heroku", provider.Settings(app=STAGING))).job
    return run_with(SETTINGS).job


def killed_and_reborn(job, clock, step: int, *, after: bool):
    """The run as it is when it has ended although the bot was killed at that step; None where it had ended before."""
    mortal = MortalRun(job, step, after=after)
    mortal.clock = clock
    try:
        carried_out(mortal)
    except BotKilled:
        run = reborn(mortal)
        return run, carried_out(run)
    return None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("way", ["build", "rollback", "promotion"])
def test_a_bot_that_is_killed_at_any_of_its_steps_leaves_one_of_everything(run_with, heroku, way, after) -> None:
    heroku.slow("acme-web", looks=1, phase="succeeded")
    job = job_of(run_with, heroku, way)
    alive = MortalRun(job)
    alive.clock = MovingClock()
    carried_out(alive)
    for step in range(1, 60):
        before = posts(heroku)
        ended = killed_and_reborn(job, MovingClock(), step, after=after)
        if ended is None:
            break
        run, outcome = ended
        assert posts(heroku) - before == 1, f"killed at step {step}"
        assert outcome.result == "succeeded"
        assert [line.split(" as v")[0] for line in run.lines[:-1]] == [
            line.split(" as v")[0] for line in alive.lines[:-1]
        ]
        if way == "rollback":
            continue
        heroku.apps["acme-web"].releases.clear()
        heroku.apps["acme-web"].builds.clear()
    assert step > 5


@pytest.mark.parametrize("way", ["build", "rollback", "promotion"])
def test_what_was_made_although_no_answer_came_is_found_again(run_with, heroku, way) -> None:
    run = MortalRun(job_of(run_with, heroku, way))
    run.clock = MovingClock()
    heroku.fail_next("POST", ".", "cut_after")

    with pytest.raises(Exception, match="cannot be reached"):
        provider.start(run)
    outcome = carried_out(reborn(run))

    assert outcome.result == "succeeded"
    assert posts(heroku) == 1


@pytest.mark.parametrize(("stop", "result"), [("cancel", "cancelled"), ("run_out_of_time", "timed_out")])
def test_what_was_made_although_no_answer_came_is_found_and_stopped(run_with, heroku, stop, result) -> None:
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    heroku.slow("acme-web", looks=9)
    heroku.fail_next("POST", BUILDS, "cut_after")
    with pytest.raises(Unavailable) as lost:
        provider.start(run)
    getattr(run, stop)()

    outcome = carried_out(run)

    assert lost.value.uncertain
    assert outcome.result == result
    assert [one.status for one in heroku.apps["acme-web"].builds] == ["failed"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("stop", "result"), [("cancel", "cancelled"), ("run_out_of_time", "timed_out")])
def test_what_is_to_stop_after_a_kill_at_any_step_is_left_pending_by_none(
    run_with, heroku, stop, result, after
) -> None:
    for step in range(1, 60):
        heroku.apps["acme-web"].builds.clear()
        heroku.slow("acme-web", looks=99)
        mortal = MortalRun(run_with(SETTINGS).job, step, after=after)
        mortal.clock = MovingClock()
        with pytest.raises(BotKilled):
            carried_out(mortal)
        run = reborn(mortal)
        getattr(run, stop)()
        before = posts(heroku)

        outcome = carried_out(run)

        builds = heroku.apps["acme-web"].builds
        assert [one.status for one in builds] == ["failed"] * len(builds), f"killed at step {step}"
        assert (outcome.result, "anything was begun" in outcome.description) == (result, not builds), step
        assert posts(heroku) == before
        if any("pause" in one for one in mortal.steps):
            break
    assert step > 8


@pytest.mark.parametrize("status", [503, 401])
def test_an_outage_after_heroku_was_asked_tells_that_it_may_have_begun(run_with, heroku, status) -> None:
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    heroku.fail_next("POST", BUILDS, "cut_after")
    with pytest.raises(Unavailable):
        provider.start(run)
    heroku.fail_next("GET", BUILDS, status, times=9)

    with pytest.raises(Unavailable) as lost:
        provider.start(run)

    assert lost.value.uncertain


def test_an_outage_before_heroku_was_asked_for_anything_tells_that_nothing_has_begun(run_with, heroku) -> None:
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    heroku.fail_next("GET", BUILDS, 503, times=9)

    with pytest.raises(Unavailable) as away:
        provider.start(run)

    assert not away.value.uncertain


def test_a_build_is_not_stopped_while_nobody_could_be_told_why_after_a_kill(run_with, heroku) -> None:
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    heroku.slow("acme-web", looks=99)
    handle = provider.start(run)
    keep, away, asked = run.keep, iter([True] * 3), []

    def keeps(name: str, value: str) -> None:
        if name == "stopping":
            asked.append([one.status for one in heroku.apps["acme-web"].builds])
            if next(away, False):
                raise Unavailable("The database does not answer.")
        keep(name, value)

    run.keep = keeps
    run.cancel()

    assert provider.follow(run, handle).description == "Cancelled"
    assert asked == [["pending"]] * 4


def test_a_build_of_somebody_else_of_the_same_commit_is_not_taken_for_ours(run_with, heroku) -> None:
    run = run_with(SETTINGS)
    run.clock = MovingClock()

    def others() -> None:
        heroku.build(heroku.apps["acme-web"], {"url": "https://x", "version": SHA, "version_description": "by hand"})
        heroku.build(heroku.apps["acme-web"], {"url": "https://x", "version": OTHER})

    heroku.fail_next("POST", BUILDS, others)
    heroku.fail_next("POST", BUILDS, "cut_before")
    heroku._faults.reverse()

    handle = started(run)

    [ours] = [one for one in heroku.apps["acme-web"].builds if "Shipmate" in one.blob.get("version_description", "")]
    assert handle == f"build acme-web {ours.id}"


def test_a_build_that_came_before_is_not_taken_for_ours(run_with, heroku) -> None:
    heroku.build(heroku.apps["acme-web"], {"url": "https://x", "version": SHA})
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    heroku.fail_next("POST", BUILDS, "cut_before")

    handle = started(run)

    assert handle == f"build acme-web {heroku.apps['acme-web'].builds[1].id}"
    assert len(heroku.apps["acme-web"].builds) == 2


def test_what_heroku_is_still_at_is_not_asked_for_again_at_once(run_with, heroku) -> None:
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    heroku.fail_next("POST", BUILDS, "cut_before", times=1)

    with pytest.raises(Exception, match="cannot be reached"):
        provider.start(run)
    with pytest.raises(Exception, match="may still be at"):
        provider.start(run)

    assert posts(heroku) == 1
    assert started(run)


def test_a_bot_that_comes_back_while_it_is_built_repeats_no_line_and_misses_none(run_with, heroku) -> None:
    heroku.slow("acme-web", output=tuple(f"line {n}" for n in range(20)), looks=4)
    mortal = MortalRun(run_with(SETTINGS).job)
    mortal.clock = MovingClock()
    handle = started(mortal)

    def crash() -> None:
        raise BotKilled

    mortal.on_line["line 11"] = crash
    with pytest.raises(BotKilled):
        provider.follow(mortal, handle)
    heroku.apps["acme-web"].builds[0].stream.write("line 20")
    run = reborn(mortal)
    provider.follow(run, handle)

    assert [line for line in run.lines if line.startswith("line")] == [f"line {n}" for n in range(21)]


def test_a_bot_that_was_killed_while_it_stopped_the_build_knows_why_it_failed(run_with, heroku) -> None:
    heroku.slow("acme-web", looks=None)
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    handle = started(run)
    run.run_out_of_time()
    heroku.fail_next("DELETE", BUILDS, "cut_after")
    run.on_pause = lambda: (_ for _ in ()).throw(BotKilled())

    with pytest.raises(BotKilled):
        provider.follow(run, handle)
    outcome = provider.follow(reborn(run), handle)

    assert (outcome.result, outcome.description) == ("timed_out", "Stopped at the timeout of 15 min")


def test_the_steps_keep_their_times_over_a_restart(run_with, heroku) -> None:
    heroku.slow("acme-web", phase="succeeded", phase_looks=3)
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    handle = started(run)
    run.on_line["Migrating"] = lambda: (_ for _ in ()).throw(BotKilled())

    with pytest.raises(BotKilled):
        provider.follow(run, handle)
    told = run.told[-1].steps
    again = reborn(run)
    again.clock.move(40)
    provider.follow(again, handle)

    assert again.told[-1].steps == told
