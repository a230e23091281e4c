"""Modals: what a command lacks is asked in a form, and it is given as if it had been typed with that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.slack.state import View
from tests.world import REPOSITORY, SETTINGS, World, world

APPROVED = SETTINGS + "approvals = 1\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as the_world:
        yield the_world


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, APPROVED) as the_world:
        the_world.says("maria", "deploy main to production")
        yield the_world


def modal(here: World, person: str) -> View:
    shown = here.slack.modal(person)
    assert shown is not None
    return shown


def live(here: World) -> None:
    """What was deployed last succeeds."""
    here.github.report_deployment_status(REPOSITORY, here.github.deployments(REPOSITORY)[-1].id, "success")
    here.settle()


def test_reject_asks_why_and_says_what_is_rejected(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    shown = modal(guarded, "bob")
    assert shown.body["title"]["text"] == "Reject"
    assert shown.lines[0].endswith("asked for by maria, is not deployed then.")
    assert guarded.deployment(1).state == "waiting"
    guarded.slack.submits("bob", why="wait for the audit")
    guarded.settle()
    assert guarded.deployment(1).state == "cancelled"
    assert guarded.deployment(1).description == "Rejected by bob: wait for the audit"


def test_a_form_that_is_closed_does_nothing(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    guarded.slack.closes("bob")
    guarded.settle()

    assert guarded.deployment(1).state == "waiting"


def test_a_form_that_is_closed_before_it_is_filled_disturbs_nobody(guarded: World) -> None:
    guarded.slack.press("bob", guarded.parent(1), "Reject…")
    guarded.slack.closes("bob")

    guarded.settle()

    assert guarded.told("bob") == []


def test_sent_off_twice_it_is_done_once(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    view = modal(guarded, "bob")

    guarded.slack.submits("bob", why="no")
    guarded.slack.submits_again("bob", view)
    guarded.settle()

    assert guarded.deployment(1).state == "cancelled"
    assert [one for one in guarded.told("bob") if "already" in one] == []


def test_where_the_trigger_has_expired_it_is_said_how_to_type_it(guarded: World) -> None:
    guarded.slack.trigger_lives = -1.0

    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    assert guarded.slack.modal("bob") is None
    assert guarded.told("bob") == ["Slack let me open no form for that just now. Press it again, or type reject #1."]
    assert guarded.deployment(1).state == "waiting"


def test_permission_is_asked_for_when_it_is_sent_off(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    guarded.github.set_permission(REPOSITORY, "bob", "read")
    guarded.wait(minutes=11)

    guarded.slack.submits("bob", why="no")
    guarded.settle()

    assert guarded.deployment(1).state == "waiting"
    assert guarded.told("bob") != []


def test_what_has_changed_since_it_was_opened_is_said_when_it_is_sent_off(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    guarded.says("maria", "cancel #1")

    guarded.slack.submits("bob", why="no")
    guarded.settle()

    assert guarded.told("bob")[0].startswith("#1 has ended already")


def test_roll_back_says_what_is_lost_and_keeps_why(here: World) -> None:
    first = here.github.commit(REPOSITORY, "main", "First")
    here.says("maria", "deploy main to production")
    live(here)
    here.github.commit(REPOSITORY, "main", "Second")
    here.says("maria", "deploy main to production")
    live(here)

    here.opens_form("bob", here.parent(2), f"Roll back to {first[:7]}")
    shown = modal(here, "bob")
    here.slack.submits("bob", why="checkout errors")
    here.settle()

    assert f"(live) to {first[:7]}." in shown.lines[0]
    assert (here.deployment(3).sha, here.deployment(3).reason) == (first, "checkout errors")


def test_take_over_must_say_why(here: World) -> None:
    here.says("maria", "lock production because load test")
    here.says("bob", "deploy main to production when green")
    here.opens_form("bob", here.parent(1), "Take over…")
    here.slack.fills("bob", why="   ")
    view = modal(here, "bob")

    here.slack.submits_again("bob", view)
    still = here.slack.modal("bob")
    here.slack.submits("bob", why="pager is on fire")
    here.settle()

    assert view.errors == {"why": "Say why: others will ask."}
    assert still is view
    lock = here.store.reads().locks.of("web", "production")
    assert lock is not None
    assert (lock.by.name, lock.reason) == ("bob", "pager is on fire")


def test_slash_deploy_alone_opens_the_deploy_modal(here: World) -> None:
    here.github.commit(REPOSITORY, "topic", "Greet")
    here.slash("maria", "")
    here.slack.fills("maria", to="staging")
    here.settle()

    offered = here.slack.searches("maria", "what", "top")
    here.slack.submits("maria", what="topic")
    here.settle()

    assert offered == ["top", "topic"]
    one = here.deployment(1)
    assert (one.app, one.environment, one.ref) == ("web", "staging", "topic")
    assert here.slack.modal("maria") is None


def test_the_deploy_modal_shows_what_is_live_and_what_would_come_of_it(here: World) -> None:
    here.says("maria", "deploy main to production")
    live(here)
    here.github.commit(REPOSITORY, "main", "Greet")

    here.slash("maria", "")

    shown = modal(here, "maria")
    [to] = [block for block in shown.blocks if block["block_id"] == "to@web"]
    texts = {one["value"]: one["description"]["text"] for one in to["element"]["options"]}
    assert texts["production"].endswith("is live")
    assert texts["staging"] == "nothing deployed yet"
    assert shown.lines[-1].startswith("Ships ")
    assert shown.body["submit"]["text"] == "Deploy"


def test_what_stops_it_is_said_before_it_is_sent_off_and_after(here: World) -> None:
    head = here.github.commit(REPOSITORY, "main", "Greet")
    here.github.set_status(REPOSITORY, head, "ci", "failure")

    here.slash("maria", "")
    shown = modal(here, "maria")
    here.slack.submits("maria")
    here.settle()

    assert any(line.startswith("⛔") and "ci" in line for line in shown.lines)
    assert "ci" in here.told("maria")[-1]
    assert here.github.deployments(REPOSITORY) == []


def test_where_the_trigger_has_expired_slash_deploy_is_help(here: World) -> None:
    here.slack.trigger_lives = -1.0

    here.slash("maria", "")

    assert "deploy" in here.told("maria")[0]


def test_deploy_on_the_home_tab_opens_it_for_that_app(here: World) -> None:
    here.opens_home("maria")

    here.presses_home("maria", "Deploy…")
    here.slack.submits("maria")
    here.settle()

    assert (here.deployment(1).app, here.deployment(1).environment) == ("web", "production")
    assert here.deployment(1).by.name == "maria"


def test_names_of_branches_are_not_told_to_those_who_may_not_read_the_repository(here: World) -> None:
    here.github.commit(REPOSITORY, "secret-topic", "Greet")
    here.github.set_permission(REPOSITORY, "bob", "none")
    here.slash("bob", "")

    assert here.slack.searches("bob", "what", "secret") == ["secret"]


def test_the_branch_to_which_one_has_pushed_last_comes_first(here: World) -> None:
    here.github.commit(REPOSITORY, "a-topic", "Greet", author="bob")
    here.github.commit(REPOSITORY, "my-topic", "Greet", author="maria")
    here.slash("maria", "")

    assert here.slack.searches("maria", "what", "")[0] == "my-topic"


def test_lock_asks_for_how_long_and_why(here: World) -> None:
    here.says("maria", "deploy main to production")
    live(here)
    here.opens_form("maria", here.parent(1), "Lock production")

    here.slack.fills("maria", **{"for": "For 2 hours"})
    here.slack.submits("maria", why="load test")
    here.settle()

    lock = here.store.reads().locks.of("web", "production")
    assert lock is not None
    assert lock.reason == "load test"
    assert lock.until is not None


def test_no_address_for_answers_is_kept_with_a_form(here: World) -> None:
    here.says("maria", "deploy main to production")
    live(here)

    here.opens_form("maria", here.parent(1), "Lock production")

    assert "respond" not in modal(here, "maria").body["private_metadata"].replace('"respond":null', "")


def test_of_an_app_that_is_chosen_its_own_places_are_offered(tmp_path: Path) -> None:
    more = '[apps.api]\nrepository = "acme/web"\nchannel = "#web"\n[apps.api.environments.eu]\n'
    with world(tmp_path, SETTINGS + more) as here:
        here.slash("maria", "")
        here.slack.fills("maria", app="api")
        here.settle()

        here.slack.submits("maria", to="eu")
        here.settle()

        assert (here.deployment(1).app, here.deployment(1).environment) == ("api", "eu")


def test_a_moment_that_is_chosen_is_a_schedule(here: World) -> None:
    here.slash("maria", "")
    here.slack.fills("maria", when="17:00")
    here.settle()
    submit = modal(here, "maria").body["submit"]["text"]

    here.slack.submits("maria")
    here.settle()

    assert submit == "Schedule"
    assert here.github.deployments(REPOSITORY) == []
    assert len(here.store.reads().schedules.of("web")) == 1


def test_open_pull_requests_are_found_by_number_and_by_title(here: World) -> None:
    here.github.commit(REPOSITORY, "greeting", "Greet", files={"greeting.txt": "hello"})
    number = here.github.open_pull_request(REPOSITORY, "greeting", title="Say hello")
    here.slash("maria", "")

    by_title = here.slack.searches("maria", "what", "say hel")
    here.slack.submits("maria", what=f"#{number} Say hello")
    here.settle()

    assert by_title == ["say hel", f"#{number} Say hello"]
    assert here.deployment(1).pull_request == number


def test_a_ref_that_cannot_be_told_from_other_words_is_said_at_its_field(here: World) -> None:
    here.slash("maria", "")
    view = modal(here, "maria")

    here.slack.submits("maria", what="main --force")
    here.settle()

    assert list(view.errors) == ["what@web"]
    assert here.slack.modal("maria") is view
    assert here.github.deployments(REPOSITORY) == []
