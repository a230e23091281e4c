"""Rollbacks and promotions on Heroku: an earlier release, the same slug, and what there is instead."""

from __future__ import annotations

import pytest

from bot.core.errors import Rejected
from bot.core.ports.provider import Source
from bot.providers import heroku as provider
from tests.providers.conftest import SHA
from tests.providers.heroku_runs import BUILDS, RELEASES, SETTINGS, MovingClock, carried_out, posts, started

STAGING = "acme-staging"
OTHER = "f" * 40
ACTIVITY = "https://dashboard.heroku.com/apps/acme-web/activity"


@pytest.fixture
def rollback(run_with):
    run = run_with(SETTINGS, rollback_of=6)
    run.clock = MovingClock()
    return run


@pytest.fixture
def promotion(run_with, heroku):
    heroku.add_app(STAGING, pipeline="acme")
    heroku.apps["acme-web"].pipeline = heroku.pipelines["acme"]
    heroku.add_release(STAGING, SHA)
    source = Source("staging", "heroku", provider.Settings(app=STAGING))
    run = run_with(SETTINGS, promoted_from=source)
    run.clock = MovingClock()
    return run


# --- back to an earlier release ----------------------------------------------------------------------------------


def test_a_rollback_is_a_release_of_heroku(heroku, rollback) -> None:
    wanted = heroku.add_release("acme-web", SHA)
    heroku.add_release("acme-web", OTHER)

    outcome = carried_out(rollback)

    [asked] = heroku.asked("POST", RELEASES)
    assert asked.body == {"release": wanted.id}
    assert posts(heroku) == 1
    assert (outcome.result, outcome.description, outcome.log_url) == ("succeeded", "v3 is live on acme-web", ACTIVITY)
    assert rollback.lines == ["v3 is live on acme-web"]


def test_the_release_phase_of_a_rollback_is_waited_for(heroku, rollback) -> None:
    heroku.add_release("acme-web", SHA)
    heroku.slow("acme-web", phase="failed")

    outcome = carried_out(rollback)

    assert (outcome.result, outcome.description) == (
        "failed",
        "The release phase of v2 failed: it did not go live",
    )
    assert rollback.lines == ["Heroku goes back to 1a2b3c4 as v2: release phase", "Migrating"]


def test_the_newest_release_that_can_be_gone_back_to_is_taken(heroku, rollback) -> None:
    heroku.add_release("acme-web", SHA)
    wanted = heroku.add_release("acme-web", SHA)
    heroku.add_release("acme-web", SHA, status="failed")
    heroku.add_release("acme-web", SHA, eligible=False)

    carried_out(rollback)

    assert heroku.asked("POST", RELEASES)[0].body == {"release": wanted.id}


def test_a_release_is_found_over_many_pages(heroku, rollback) -> None:
    wanted = heroku.add_release("acme-web", SHA)
    other = heroku.add_release("acme-web", OTHER)
    for _ in range(150):
        made = heroku.add_release("acme-web", OTHER)
        made.slug = other.slug

    carried_out(rollback)

    pages = [one.headers["Range"] for one in heroku.asked("GET", RELEASES)]
    assert pages == ["version ..; order=desc,max=100", "version ]100..; order=desc,max=100"]
    assert heroku.asked("POST", RELEASES)[0].body == {"release": wanted.id}
    assert len(heroku.asked("GET", "/apps/acme-web/slugs/.*")) == 2


def test_where_no_release_has_the_commit_it_is_built_anew_and_that_is_said(heroku, rollback) -> None:
    heroku.add_release("acme-web", OTHER)

    outcome = carried_out(rollback)

    assert outcome.result == "succeeded"
    assert len(heroku.asked("POST", BUILDS)) == 1
    assert rollback.lines[:2] == [
        "acme-web has no release of 1a2b3c4 to go back to, so it is built anew",
        "Heroku builds 1a2b3c4 for acme-web",
    ]


def test_a_rollback_that_heroku_refuses_is_told(heroku, rollback) -> None:
    heroku.add_release("acme-web", SHA)
    heroku.fail_next("POST", RELEASES, 422, body={"id": "invalid_params", "message": "Slug is too old"})

    with pytest.raises(Rejected, match=r"^Heroku does not take this for acme-web: Slug is too old\.$"):
        provider.start(rollback)


# --- the same slug in another app --------------------------------------------------------------------------------


def test_a_promotion_brings_the_same_slug(heroku, promotion) -> None:
    outcome = carried_out(promotion)

    staging, web = heroku.apps[STAGING], heroku.apps["acme-web"]
    [asked] = heroku.asked("POST", "/pipeline-promotions")
    assert asked.body == {
        "pipeline": {"id": heroku.pipelines["acme"]},
        "source": {"app": {"id": staging.id}},
        "targets": [{"app": {"id": web.id}}],
    }
    assert web.releases[0].slug == staging.releases[0].slug
    assert posts(heroku) == 1
    assert (outcome.result, outcome.description, outcome.log_url) == ("succeeded", "v1 is live on acme-web", ACTIVITY)


def test_the_release_phase_of_a_promotion_is_waited_for(heroku, promotion) -> None:
    heroku.slow("acme-web", phase="succeeded", phase_looks=2)

    assert carried_out(promotion).result == "succeeded"
    assert promotion.lines == [
        "Heroku promotes 1a2b3c4 as v1: release phase",
        "Migrating",
        "v1 is live on acme-web",
    ]


def test_a_promotion_that_fails_is_told_in_herokus_words(heroku, promotion) -> None:
    heroku.promotion_error = "The stack of the target is too old."

    outcome = carried_out(promotion)

    assert (outcome.result, outcome.description) == (
        "failed",
        "Heroku could not promote 1a2b3c4 to acme-web: The stack of the target is too old",
    )


def test_the_pipeline_of_the_settings_may_be_named(heroku, run_with, promotion) -> None:
    named = run_with(provider.Settings(app="acme-web", pipeline="acme"), promoted_from=promotion.job.promoted_from)
    named.clock = MovingClock()

    carried_out(named)

    assert len(heroku.asked("POST", "/pipeline-promotions")) == 1


def test_what_is_not_in_one_pipeline_is_built_anew_and_that_is_said(heroku, promotion) -> None:
    heroku.apps["acme-web"].pipeline = None

    assert carried_out(promotion).result == "succeeded"
    assert promotion.lines[0] == "acme-staging and acme-web are not in one pipeline, so it is built anew"
    assert posts(heroku) == 1


def test_what_the_source_runs_no_longer_is_built_anew_and_that_is_said(heroku, promotion) -> None:
    heroku.add_release(STAGING, OTHER)

    assert carried_out(promotion).result == "succeeded"
    assert promotion.lines[0] == "acme-staging does not run 1a2b3c4 any more, so it is built anew for acme-web"
    assert heroku.apps["acme-web"].builds[0].blob["version"] == SHA


def test_what_has_no_slug_is_built_anew_and_that_is_said(heroku, promotion) -> None:
    heroku.apps[STAGING].releases.clear()

    assert carried_out(promotion).result == "succeeded"
    assert promotion.lines[0] == "acme-staging runs no slug that could be promoted, so it is built anew for acme-web"


def test_a_failed_release_of_the_source_is_not_what_it_runs(heroku, promotion) -> None:
    heroku.add_release(STAGING, OTHER, status="failed")

    carried_out(promotion)

    assert len(heroku.asked("POST", "/pipeline-promotions")) == 1


@pytest.mark.parametrize(
    "source",
    [
        Source("staging", "shell", None),
        Source("staging", "heroku", SETTINGS),
    ],
)
def test_what_comes_from_elsewhere_or_from_the_same_app_is_built(heroku, run_with, source) -> None:
    run = run_with(SETTINGS, promoted_from=source)
    run.clock = MovingClock()

    assert carried_out(run).result == "succeeded"
    assert len(heroku.asked("POST", BUILDS)) == 1


def test_another_commit_that_was_promoted_is_told(heroku, promotion) -> None:
    heroku.fail_next("POST", "/pipeline-promotions", lambda: heroku.add_release(STAGING, OTHER) and None)

    outcome = carried_out(promotion)

    assert (outcome.result, outcome.description) == (
        "failed",
        "Heroku promoted fffffff and not 1a2b3c4: something was released there just before",
    )


def test_a_promotion_cannot_be_stopped_and_that_is_said(heroku, promotion) -> None:
    heroku.promotion_looks = 3
    handle = started(promotion)
    promotion.cancel()

    assert provider.follow(promotion, handle).result == "succeeded"
    assert "Heroku cannot stop it any more, so its end is waited for" in [one.description for one in promotion.told]
