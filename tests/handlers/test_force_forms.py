"""A force asks why in a form: on buttons that force, and in the deploy form where it would help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.slack.state import Ephemeral, View
from tests.world import REPOSITORY, SETTINGS, World, world

TICK = "Deploy all the same, by force"
REASON = SETTINGS + "force_needs_reason = true\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as the_world:
        yield red(the_world)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, REASON) as the_world:
        yield red(the_world)


def red(here: World) -> World:
    """What is to be deployed has failed its check."""
    head = here.github.commit(REPOSITORY, "main", "Greet")
    here.github.set_status(REPOSITORY, head, "ci", "failure")
    return here


def refused(here: World) -> Ephemeral:
    here.says("maria", "deploy main to production")
    return here.slack.ephemerals("maria")[-1]


def form(here: World, person: str = "maria") -> View:
    shown = here.slack.modal(person)
    assert shown is not None
    return shown


def asked(shown: View) -> dict[str, bool]:
    """The fields, and which of them may be left out."""
    inputs = [block for block in shown.blocks if block["type"] == "input"]
    return {block["block_id"].partition("@")[0]: bool(block.get("optional")) for block in inputs}


def test_a_refusal_that_a_force_would_pass_offers_it_with_a_form(here: World) -> None:
    here.opens_form("maria", refused(here), "Deploy by force…")

    shown = form(here)
    assert shown.body["title"]["text"] == "Deploy by force"
    assert "production, although: " in shown.lines[0]
    assert "ci" in shown.lines[0]
    assert asked(shown) == {"why": True}
    here.slack.submits("maria", why="pager is on fire")
    here.settle()
    assert (here.deployment(1).force, here.deployment(1).force_reason) == (True, "pager is on fire")


def test_where_a_reason_is_needed_the_form_demands_it(strict: World) -> None:
    strict.opens_form("maria", refused(strict), "Deploy by force…")
    shown = form(strict)
    strict.slack.fills("maria", why="  ")

    strict.slack.submits_again("maria", shown)
    errors = dict(shown.errors)
    strict.slack.submits("maria", why="pager is on fire")
    strict.settle()

    assert asked(shown) == {"why": False}
    assert errors == {"why": "Say why: others will ask."}
    assert strict.deployment(1).force_reason == "pager is on fire"


def test_a_reason_that_is_left_out_behind_the_forms_back_is_asked_for_by_the_command(strict: World) -> None:
    strict.opens_form("maria", refused(strict), "Deploy by force…")
    shown = form(strict)
    body = {**shown.body, "id": shown.id, "hash": shown.hash, "blocks": [], "state": {"values": {}}}

    strict.slack.sends_off("maria", body)
    strict.settle()

    assert strict.told("maria")[-1].startswith("*production* takes a force only with a reason.")
    assert strict.github.deployments(REPOSITORY) == []


def test_what_no_force_passes_is_said_in_the_form(here: World) -> None:
    message = refused(here)
    here.says("bob", "lock production because load test")

    here.opens_form("maria", message, "Deploy by force…")

    assert any("load test" in line for line in form(here).lines)
    here.slack.submits("maria", why="now")
    here.settle()
    assert here.github.deployments(REPOSITORY) == []


def test_where_nothing_stops_it_any_more_the_form_says_so(here: World) -> None:
    message = refused(here)
    here.github.set_status(REPOSITORY, here.github.commit(REPOSITORY, "main", "Mended"), "ci", "success")

    here.opens_form("maria", message, "Deploy by force…")

    assert form(here).lines[0].endswith("Nothing stops it now that a force would pass.")


def test_who_may_not_deploy_any_more_forces_nothing(here: World) -> None:
    here.opens_form("maria", refused(here), "Deploy by force…")
    here.github.set_permission(REPOSITORY, "maria", "read")
    here.wait(minutes=11)

    here.slack.submits("maria", why="now")
    here.settle()

    assert here.github.deployments(REPOSITORY) == []


def test_where_the_trigger_has_expired_the_command_is_shown(here: World) -> None:
    message = refused(here)
    here.slack.trigger_lives = -1.0

    here.opens_form("maria", message, "Deploy by force…")

    assert here.slack.modal("maria") is None
    assert here.told("maria")[-1].endswith("or type deploy web/main to production --force.")
    assert here.github.deployments(REPOSITORY) == []


def test_the_deploy_form_lets_one_tick_a_force_and_asks_why(strict: World) -> None:
    strict.slash("maria", "")
    before = asked(form(strict))
    strict.slack.fills("maria", force=TICK)
    strict.settle()

    shown = form(strict)
    assert list(before) == ["app", "to", "what", "when", "force"]
    assert asked(shown) == {**before, "why": False}
    assert shown.body["submit"]["text"] == "Deploy all the same"
    assert not any(line.startswith("⛔") for line in shown.lines)
    assert shown.lines[-1].startswith("By force, although: ")
    strict.slack.submits("maria", why="pager is on fire")
    strict.settle()
    assert strict.deployment(1).force_reason == "pager is on fire"


def test_a_force_is_ticked_for_what_is_chosen_then_and_for_nothing_else(here: World) -> None:
    here.github.set_status(REPOSITORY, here.github.commit(REPOSITORY, "topic", "Try"), "ci", "failure")
    here.slash("maria", "")
    here.slack.fills("maria", force=TICK)
    here.settle()

    here.slack.fills("maria", what="topic")
    here.settle()

    shown = form(here)
    assert "why" not in asked(shown)
    assert any(line.startswith("⛔") for line in shown.lines)
    here.slack.submits("maria")
    here.settle()
    assert here.github.deployments(REPOSITORY) == []


def test_where_no_force_helps_none_is_offered(here: World) -> None:
    here.says("bob", "lock production because load test")

    here.slash("maria", "")

    assert "force" not in asked(form(here))


def test_a_frozen_place_asks_why_whatever_the_settings_say(tmp_path: Path) -> None:
    with world(tmp_path, SETTINGS.replace("[slack]", '[bot]\nadmins = ["U00000001"]\n[slack]', 1)) as there:
        there.says("maria", "freeze production because audit")

        there.slash("maria", "")
        there.slack.fills("maria", force=TICK)
        there.settle()

        assert asked(form(there))["why"] is False
