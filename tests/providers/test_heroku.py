"""Deployments to Heroku: built, released, refused, stopped."""

from __future__ import annotations

import pytest

from bot.core.deployments.steps import Progress
from bot.core.errors import Conflict, NotAccepted, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.ports.provider import Outcome
from bot.providers import heroku as provider
from bot.providers.heroku.sections import patiently
from tests.providers.conftest import SHA
from tests.providers.heroku_runs import BUILDS, SETTINGS, MovingClock, carried_out, started
from tests.servers.heroku.server import HerokuServer
from tests.servers.heroku.state import Plan

URL = "https://acme-web-0123456789ab.herokuapp.com/"


def build_page(heroku: HerokuServer) -> str:
    return f"https://dashboard.heroku.com/apps/acme-web/activity/builds/{heroku.apps['acme-web'].builds[0].id}"


@pytest.fixture
def run(run_with):
    run = run_with(SETTINGS)
    run.clock = MovingClock()
    return run


def test_a_commit_is_built_from_its_tarball_and_goes_live(heroku, run) -> None:
    outcome = carried_out(run)

    [asked] = heroku.asked("POST", BUILDS)
    assert asked.body == {
        "source_blob": {
            "url": f"https://codeload.example/acme/web/{SHA}",
            "version": SHA,
            "version_description": "topic by octocat (Shipmate d3f4c8a0-7)",
        }
    }
    assert outcome == Outcome("succeeded", "v1 is live on acme-web", URL, build_page(heroku))
    assert run.lines == [
        "Heroku builds 1a2b3c4 for acme-web",
        "-----> Building",
        "-----> Done",
        "v1 is live on acme-web",
    ]


def test_the_release_phase_is_a_step_of_its_own_and_waited_for(heroku, run) -> None:
    heroku.slow("acme-web", phase="succeeded", phase_output=("Migrating", "Migrated"))

    outcome = carried_out(run)

    assert outcome.result == "succeeded"
    assert run.lines[3:] == [
        "Heroku releases 1a2b3c4 as v1: release phase",
        "Migrating",
        "Migrated",
        "v1 is live on acme-web",
    ]
    assert [one.name for one in run.told[0].steps.runs] == ["Build"]
    last = run.told[-1]
    assert (last.description, last.log_url) == ("Release phase of v1", build_page(heroku))
    assert [(one.name, one.ended_at is None) for one in last.steps.runs] == [("Build", False), ("Release phase", True)]


@pytest.mark.parametrize(
    ("plan", "outcome", "last"),
    [
        (Plan(("error: no such gem",), "failed"), "The build failed on Heroku (acme-web)", "error: no such gem"),
        (
            Plan(phase="failed", phase_output=("relation exists",)),
            "The release phase of v1 failed: it did not go live",
            "relation exists",
        ),
    ],
)
def test_what_fails_is_told_with_its_last_line(heroku, run, plan, outcome, last) -> None:
    heroku.apps["acme-web"].plan = plan

    ended = carried_out(run)

    assert ended == Outcome("failed", outcome, log_url=build_page(heroku))
    assert run.lines[-1] == last


def test_maintenance_mode_is_told_while_it_runs_and_at_the_end(heroku, run) -> None:
    heroku.apps["acme-web"].maintenance = True

    outcome = carried_out(run)

    assert run.told[0].description == "Heroku builds 1a2b3c4 for acme-web, which is in maintenance mode"
    assert outcome.description == (
        "v1 is live on acme-web, but in maintenance mode: end it with `heroku maintenance:off -a acme-web`"
    )
    assert len(outcome.description) <= 140


def test_the_address_of_the_settings_counts_before_herokus(heroku, run_with) -> None:
    run = run_with(SETTINGS, environment_url="https://www.acme.example")
    run.clock = MovingClock()

    assert carried_out(run).environment_url == "https://www.acme.example"


# --- output ------------------------------------------------------------------------------------------------------


def test_output_that_breaks_off_goes_on_where_it_was(heroku, run) -> None:
    heroku.slow("acme-web", output=tuple(f"line {n}" for n in range(40)), looks=4)
    handle = started(run)
    heroku.apps["acme-web"].builds[0].stream.cut_at = [0, 3, 100, 101, 200]

    provider.follow(run, handle)

    assert [line for line in run.lines if line.startswith("line")] == [f"line {n}" for n in range(40)]
    assert any("Range" in one.headers for one in heroku.stream_requests)


def test_output_that_is_gone_keeps_nothing_from_ending(heroku, run) -> None:
    handle = started(run)
    heroku.apps["acme-web"].builds[0].stream.gone = True

    assert provider.follow(run, handle).result == "succeeded"
    assert run.lines == ["Heroku builds 1a2b3c4 for acme-web", "v1 is live on acme-web"]


def test_neither_the_key_nor_the_tarballs_link_is_in_the_output(heroku, run) -> None:
    link = f"https://codeload.example/acme/web/{SHA}"
    heroku.slow("acme-web", output=(f"fetching {link}", "\x1b[31mred\x1b[0m"))

    carried_out(run)

    assert run.lines[1:3] == ["fetching ••••", "\x1b[31mred\x1b[0m"]
    assert not any(heroku.key in line for line in run.lines)


# --- what Heroku refuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error", "sentence"),
    [
        (401, None, NotAccepted, "HEROKU_API_KEY is not accepted by Heroku (Invalid credentials provided)."),
        (
            402,
            None,
            Rejected,
            "Heroku wants to be paid before it does more for acme-web: Your account has an unpaid balance. Its owner "
            "has to look at Billing on Heroku; then deploy again.",
        ),
        (
            403,
            None,
            NotAllowed,
            "HEROKU_API_KEY may not do this with acme-web on Heroku: You do not have access to the app. Give its "
            "account access to deploy there.",
        ),
        (
            403,
            {"id": "suspended", "message": "App is suspended"},
            NotAllowed,
            "Heroku has suspended acme-web or its account: App is suspended. Its owner has to ask Heroku why.",
        ),
        (
            404,
            None,
            NotThere,
            "Heroku has no app acme-web, or HEROKU_API_KEY cannot see it: look at `provider` in the settings.",
        ),
        (
            409,
            None,
            Conflict,
            "Heroku is busy with something else in acme-web: Another build is in progress. Deploy again when that is "
            "over.",
        ),
        (422, None, Rejected, "Heroku does not take this for acme-web: Source could not be read."),
        (
            422,
            {"id": "verification_needed", "message": "Please verify your account"},
            Rejected,
            "Heroku wants to be paid before it does more for acme-web: Please verify your account. Its owner has to "
            "look at Billing on Heroku; then deploy again.",
        ),
        (
            429,
            None,
            Unavailable,
            "Heroku asks the bot to slow down: it has used up the requests of its account.",
        ),
        (503, b"<html>", Unavailable, "Heroku has a problem of its own (status 503)."),
    ],
)
def test_what_heroku_refuses_is_said_in_a_sentence(heroku, run, status, body, error, sentence) -> None:
    heroku.fail_next("POST", BUILDS, status, body=body)

    with pytest.raises(ShipmateError) as raised:
        provider.start(run)

    assert type(raised.value) is error
    assert str(raised.value) == sentence


def test_a_refusal_that_quotes_the_tarballs_link_does_not_pass_it_on(heroku, run) -> None:
    message = f"Could not fetch https://codeload.example/acme/web/{SHA}"
    heroku.fail_next("POST", BUILDS, 422, body={"id": "invalid_params", "message": message})

    with pytest.raises(Rejected, match=r"Could not fetch the commit's tarball\.$"):
        provider.start(run)


def test_after_a_limit_of_requests_it_goes_on_by_itself_and_builds_once(heroku, run) -> None:
    heroku.fail_next("POST", BUILDS, 429, headers={"Retry-After": "7"})

    with pytest.raises(Unavailable) as limited:
        provider.start(run)
    run.clock.move(8)
    outcome = carried_out(run)

    assert limited.value.retry_after == 7
    assert outcome.result == "succeeded"
    assert len(heroku.apps["acme-web"].builds) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "deploy:migrate"}, "Heroku has no task deploy:migrate for the bot to run: `heroku run -a acme-web` "),
        ({"hosts": "fe"}, "Heroku deploys a whole app, and not only fe: leave that out."),
    ],
)
def test_who_wants_less_than_a_deployment_does_not_get_a_whole_one(heroku, run_with, changes, sentence) -> None:
    with pytest.raises(Rejected, match=sentence):
        provider.start(run_with(SETTINGS, **changes))

    assert heroku.asked("POST", BUILDS) == []


def test_without_a_key_it_is_said_what_to_do(heroku, run, monkeypatch) -> None:
    monkeypatch.delenv("HEROKU_API_KEY")

    with pytest.raises(Rejected, match=r"^HEROKU_API_KEY is not set\. Make one with `heroku authorizations:create`"):
        provider.start(run)


def test_an_outage_of_heroku_is_waited_for(heroku, run) -> None:
    handle = started(run)
    heroku.fail_next("GET", f"{BUILDS}/", 503, times=3)
    heroku.fail_next("GET", f"{BUILDS}/", "cut_before", times=3)

    assert provider.follow(run, handle).result == "succeeded"


def test_an_outage_that_lasts_is_waited_for_while_there_is_time(run, monkeypatch) -> None:
    monkeypatch.setattr("tests.providers.conftest.MOST_PAUSES", 10_000)
    run._cancelled.wait = lambda _: None
    asked = []

    def away() -> str:
        asked.append(run.remaining() > 0)
        if len(asked) == 900:
            run.run_out_of_time()
        raise Unavailable("Heroku does not answer.")

    with pytest.raises(Unavailable):
        patiently(run, away)

    assert asked == [True] * 900
    assert not run.remaining() > 0


def test_a_refused_key_is_no_end_while_there_is_time(heroku, run) -> None:
    handle = started(run)
    heroku.fail_next("GET", f"{BUILDS}/", 401)

    with pytest.raises(NotAccepted):
        provider.follow(run, handle)

    assert provider.follow(run, handle).result == "succeeded"


def test_a_build_that_is_gone_is_told(heroku, run) -> None:
    handle = started(run)
    heroku.apps["acme-web"].builds.clear()

    ended = provider.follow(run, handle)

    assert (ended.result, ended.description) == ("error", "acme-web has no such build on Heroku any more.")


# --- stopped -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "outcome"),
    [
        ("cancel", Outcome("cancelled", "Cancelled before anything was begun on Heroku")),
        ("run_out_of_time", Outcome("timed_out", "The time was up before anything was begun on Heroku")),
    ],
)
def test_what_is_to_stop_before_it_begins_is_never_begun(heroku, run, stop, outcome) -> None:
    getattr(run, stop)()

    assert carried_out(run) == outcome
    assert heroku.asked("POST", BUILDS) == []


def test_a_cancelled_build_is_stopped(heroku, run) -> None:
    heroku.slow("acme-web", looks=None)
    run.on_line["-----> Building"] = run.cancel

    outcome = carried_out(run)

    assert (outcome.result, outcome.description) == ("cancelled", "Cancelled")
    assert len(heroku.asked("DELETE", f"{BUILDS}/.*")) == 1
    assert heroku.apps["acme-web"].builds[0].status == "failed"


def test_a_cancelled_build_is_stopped_although_heroku_was_away_for_a_moment(heroku, run) -> None:
    heroku.slow("acme-web", looks=None)
    heroku.fail_next("DELETE", f"{BUILDS}/", 503, times=2)
    run.on_line["-----> Building"] = run.cancel

    assert carried_out(run).result == "cancelled"
    assert heroku.apps["acme-web"].builds[0].status == "failed"


def test_a_build_that_heroku_does_not_stop_is_followed_to_its_end_and_that_is_said(heroku, run) -> None:
    heroku.slow("acme-web", looks=2)
    heroku.fail_next("DELETE", f"{BUILDS}/", 403, times=9)
    run.on_line["-----> Building"] = run.cancel

    outcome = carried_out(run)

    assert outcome.result == "succeeded"
    assert run.told[-1].description.startswith("Heroku does not stop the build (HEROKU_API_KEY may not do this")
    assert run.told[-1].description.endswith(", so its end is waited for")


@pytest.mark.parametrize("stop", ["cancel", "run_out_of_time"])
@pytest.mark.parametrize(("ends", "result"), [("succeeded", "succeeded"), ("failed", "failed")])
def test_a_build_that_has_ended_by_then_is_not_stopped_any_more(heroku, run, stop, ends, result) -> None:
    heroku.slow("acme-web", result=ends, looks=0)
    handle = started(run)
    getattr(run, stop)()

    assert provider.follow(run, handle).result == result
    assert heroku.asked("DELETE", f"{BUILDS}/.*") == []


def test_a_build_that_ends_as_it_is_told_to_stop_has_ended_so(heroku, run) -> None:
    heroku.slow("acme-web", looks=None)
    build = heroku.apps["acme-web"].builds
    heroku.fail_next("DELETE", f"{BUILDS}/", lambda: heroku.end_build(build[0]))
    run.on_line["-----> Building"] = run.cancel

    outcome = carried_out(run)

    heroku.refuses()
    assert outcome.result == "succeeded"


def test_a_release_phase_cannot_be_stopped_and_that_is_said(heroku, run) -> None:
    heroku.slow("acme-web", phase="succeeded", phase_looks=2)
    run.on_line["Migrating"] = run.cancel

    outcome = carried_out(run)

    assert outcome.result == "succeeded"
    assert run.told[-1].description == "Heroku cannot stop it any more, so its end is waited for"
    assert heroku.asked("DELETE", f"{BUILDS}/.*") == []


def test_at_the_timeout_the_build_is_stopped(heroku, run) -> None:
    heroku.slow("acme-web", looks=None)
    run.on_line["-----> Building"] = run.run_out_of_time

    outcome = carried_out(run)

    assert (outcome.result, outcome.description) == ("timed_out", "Stopped at the timeout of 15 min")
    assert heroku.apps["acme-web"].builds[0].status == "failed"


def test_at_the_timeout_a_release_phase_is_left_to_heroku_and_that_is_said(heroku, run) -> None:
    heroku.slow("acme-web", phase="succeeded", phase_looks=None)
    run.on_line["Migrating"] = run.run_out_of_time

    outcome = carried_out(run)

    assert outcome.result == "timed_out"
    assert outcome.description == "Heroku was not done within 15 min; it goes on there"
    assert isinstance(run.told[-1], Progress)


def test_at_the_timeout_an_outage_of_heroku_is_waited_for_no_longer(heroku, run) -> None:
    heroku.slow("acme-web", looks=None)
    handle = started(run)
    heroku.fail_next("DELETE", BUILDS, 503, times=99)
    run.on_line["-----> Building"] = run.run_out_of_time

    outcome = provider.follow(run, handle)

    assert (outcome.result, outcome.description) == (
        "timed_out",
        "Heroku was not done within 15 min; it goes on there",
    )


# --- python -m bot check -----------------------------------------------------------------------------------------


def said(settings: provider.Settings) -> list[tuple[bool, str]]:
    return [(one.good, one.what) for one in provider.doctor(settings)]


def test_the_doctor_looks_at_the_key_the_app_and_the_pipeline(heroku, monkeypatch) -> None:
    heroku.add_app("acme-shop", pipeline="shop")

    assert said(SETTINGS) == [(True, "acme-web is there on Heroku")]
    assert said(provider.Settings(app="acme-shop", pipeline="shop"))[1:] == [
        (True, "acme-shop is in the pipeline shop")
    ]
    assert said(provider.Settings(app="acme-web", pipeline="shop"))[1:] == [
        (False, "acme-web is not in the pipeline shop, so nothing can be promoted to it")
    ]
    assert said(provider.Settings(app="acme-wbe")) == [
        (False, "Heroku has no app acme-wbe, or HEROKU_API_KEY cannot see it: look at `provider` in the settings.")
    ]
    assert said(provider.Settings(app="acme-web", pipeline="shoop"))[1:] == [
        (False, "Heroku has no pipeline shoop, or HEROKU_API_KEY cannot see it: look at `provider` in the settings.")
    ]
    monkeypatch.setenv("HEROKU_API_KEY", "another-key")
    assert said(SETTINGS) == [(False, "HEROKU_API_KEY is not accepted by Heroku (Invalid credentials provided).")]
    monkeypatch.delenv("HEROKU_API_KEY")
    assert said(SETTINGS) == [(False, "HEROKU_API_KEY is not set")]


@pytest.mark.parametrize("app", ["", "Acme", "acme/web", "acme web", "https://acme-web.herokuapp.com"])
def test_a_name_that_no_app_has_is_refused(app) -> None:
    with pytest.raises(ValueError, match="must be the name of an app on Heroku"):
        provider.Settings(app=app)
