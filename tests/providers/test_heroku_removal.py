"""A preview's app on Heroku: stopped or deleted, by bots that may be killed meanwhile."""

from __future__ import annotations

import pytest

from bot.core.errors import Rejected
from bot.core.ports.provider import Outcome
from bot.providers import heroku as provider
from tests.providers.heroku_runs import BotKilled, MortalRun, MovingClock, carried_out, reborn, started

APP = "acme-web-pr-12"
REMOVAL = {"environment": "preview-12", "task": "remove", "pull_request": 12}


def settings(how: str | None, app: str = APP) -> provider.Settings:
    return provider.Settings(app=app, remove=how)


@pytest.fixture
def app(heroku):
    made = heroku.add_app(APP)
    made.formation = {"web": 2, "worker": 0}
    return made


def run_of(run_with, how: str | None, **changes):
    run = run_with(settings(how), **{**REMOVAL, **changes})
    run.clock = MovingClock()
    return run


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("how", ["stop", "delete"])
def test_a_bot_that_is_killed_at_any_step_of_a_removal_leaves_it_to_the_next(run_with, heroku, app, how, after) -> None:
    for step in range(1, 30):
        heroku.apps[APP] = app
        app.formation, app.maintenance = {"web": 2, "worker": 0}, False
        mortal = MortalRun(run_of(run_with, how).job, step, after=after)
        mortal.clock = MovingClock()
        try:
            carried_out(mortal)
            break
        except BotKilled:
            again = reborn(mortal)
            again.memory = mortal.memory
        outcome = carried_out(again)

        assert outcome.result == "succeeded", step
        assert APP not in heroku.apps if how == "delete" else not any(app.formation.values()), step
        if how == "stop":
            deployed = run_with(settings(how), environment="preview-12", pull_request=12)
            deployed.clock, deployed.memory = MovingClock(), again.memory
            assert carried_out(deployed).result == "succeeded"
            assert (app.formation, app.maintenance) == ({"web": 2, "worker": 0}, False), step
    else:
        raise AssertionError("it never ends")
    assert step > 3


def test_an_outage_of_heroku_is_waited_for(run_with, heroku, app) -> None:
    run = run_of(run_with, "stop")
    for method, path in (("GET", "/formation$"), ("PATCH", "/formation$"), ("PATCH", f"/apps/{APP}$")):
        heroku.fail_next(method, path, 503, times=4)
    heroku.fail_next("PATCH", "/formation$", "cut_after")

    said = f"{APP} was stopped: it has no dynos, and shows Heroku's maintenance page"
    assert carried_out(run) == Outcome("succeeded", said)
    assert run.lines == [said]


def test_what_people_have_scaled_or_hidden_themselves_is_left_as_they_had_it(run_with, heroku, app) -> None:
    app.maintenance = True
    memory: dict[str, str] = {}
    for formation in ({"web": 0, "worker": 3}, {"web": 1, "worker": 0}):
        app.formation = dict(formation)
        run = run_of(run_with, "stop")
        run.memory = memory
        carried_out(run)
    deployed = run_with(settings("stop"), environment="preview-12", pull_request=12)
    deployed.clock, deployed.memory = MovingClock(), memory
    carried_out(deployed)

    assert (app.formation, app.maintenance) == ({"web": 1, "worker": 3}, True)
    assert f"{APP} was stopped, and runs again" in deployed.lines


def test_a_process_that_is_gone_meanwhile_keeps_nothing_from_being_deployed(run_with, heroku, app) -> None:
    run = run_of(run_with, "stop")
    carried_out(run)
    app.formation = {"worker": 0}
    deployed = run_with(settings("stop"), environment="preview-12", pull_request=12)
    deployed.clock, deployed.memory = MovingClock(), run.memory

    assert carried_out(deployed).result == "succeeded"


@pytest.mark.parametrize("how", ["stop", "delete"])
def test_what_is_gone_already_is_removed(run_with, heroku, how) -> None:
    assert carried_out(run_of(run_with, how)) == Outcome("succeeded", f"There is no {APP} on Heroku any more")


def test_one_that_is_cancelled_before_it_began_removes_nothing(run_with, heroku, app) -> None:
    run = run_of(run_with, "delete")
    run.cancel()

    assert carried_out(run).result == "cancelled"
    assert APP in heroku.apps


@pytest.mark.parametrize("how", ["stop", "delete"])
def test_one_that_is_cancelled_after_a_kill_is_gone_through_with_or_was_never_begun(run_with, heroku, app, how) -> None:
    results = set()
    for step in range(1, 30):
        heroku.apps[APP] = app
        app.formation, app.maintenance = {"web": 2, "worker": 0}, False
        mortal = MortalRun(run_of(run_with, how).job, step)
        mortal.clock = MovingClock()
        try:
            carried_out(mortal)
            break
        except BotKilled:
            again = reborn(mortal)
            again.memory = mortal.memory
            again.cancel()
        outcome = carried_out(again)

        untouched = APP in heroku.apps and (app.formation, app.maintenance) == ({"web": 2, "worker": 0}, False)
        done = APP not in heroku.apps if how == "delete" else not any(app.formation.values()) and app.maintenance
        assert untouched if outcome.result == "cancelled" else done, step
        results.add(outcome.result)
    assert results == {"cancelled", "succeeded"}


def test_heroku_may_refuse_it(run_with, heroku, app) -> None:
    heroku.fail_next("DELETE", f"/apps/{APP}$", 403, body={"id": "forbidden", "message": "Not yours."}, times=9)

    outcome = carried_out(run_of(run_with, "delete"))

    assert outcome.result == "error"
    assert outcome.description == (
        f"HEROKU_API_KEY may not do this with {APP} on Heroku: Not yours. Give its account access to deploy there."
    )


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        ("acme-web", REMOVAL),
        ("acme-web-pr-112", REMOVAL),
        (APP, {**REMOVAL, "environment": "production"}),
        (APP, {**REMOVAL, "pull_request": None}),
        (APP, {**REMOVAL, "environment": "preview-13"}),
    ],
)
def test_no_app_but_that_of_the_pull_request_is_deleted(run_with, heroku, app, named, changes) -> None:
    heroku.add_app("acme-web-pr-112")
    run = run_with(settings("delete", named), **changes)

    with pytest.raises(Rejected):
        provider.start(run)

    assert {"acme-web", APP, "acme-web-pr-112"} <= set(heroku.apps)


def test_without_the_setting_nothing_is_removed(run_with, heroku, app) -> None:
    with pytest.raises(Rejected, match="Heroku has no task remove"):
        started(run_of(run_with, None))

    assert not provider.removes_previews(settings(None))
