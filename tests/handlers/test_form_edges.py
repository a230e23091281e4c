"""Forms that are late, closed, sent off twice, too big, or made up by whoever sends them off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.slack import modals
from bot.core.events.external import CommandGiven, Place
from tests.handlers.test_modals import APPROVED, live, modal
from tests.servers.slack.state import Message, View
from tests.servers.slack.view_limits import problems_of
from tests.world import REPOSITORY, SETTINGS, World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as the_world:
        yield the_world


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, APPROVED) as the_world:
        the_world.says("maria", "deploy main to production")
        yield the_world


def forged(view: View, **different: Any) -> dict[str, Any]:
    """The view as somebody may send it off who speaks Slack's protocol themselves."""
    return {**view.body, "id": view.id, "hash": view.hash, "blocks": [], "state": {"values": {}}, **different}


def with_metadata(view: View, **different: Any) -> dict[str, Any]:
    kept = {**json.loads(view.body["private_metadata"]), **different}
    return forged(view, private_metadata=json.dumps(kept))


# --- late ------------------------------------------------------------------------------------------------------------


def card_live(here: World) -> Message:
    here.says("maria", "deploy main to production")
    live(here)
    return here.parent(1)


def told_of_lock(here: World) -> Any:
    here.says("maria", "lock production")
    here.says("bob", "lock production")
    return here.slack.ephemerals("bob")[-1]


@pytest.mark.parametrize(
    ("shown", "label", "typed"),
    [
        (card_live, "Lock production…", "lock production on web"),
        (card_live, "Deploy…", "deploy web/main to production"),
        (told_of_lock, "Take over…", "take over production on web"),
    ],
)
def test_where_the_trigger_has_expired_it_is_said_how_to_type_it(
    here: World, shown: Any, label: str, typed: str
) -> None:
    message = shown(here)
    here.slack.trigger_lives = -1.0
    before = len(here.slack.ephemerals("bob"))

    here.opens_form("bob", message, label)

    assert here.slack.modal("bob") is None
    assert [one.text.replace("`", "") for one in here.slack.ephemerals("bob")[before:]] == [
        f"Slack let me open no form for that just now. Press it again, or type {typed}."
    ]


# --- closed, twice, over ---------------------------------------------------------------------------------------------


def test_nothing_is_held_for_a_form_that_is_closed(here: World) -> None:
    here.opens_form("bob", card_live(here), "Lock production…")
    view = modal(here, "bob")

    here.slack.closes("bob")
    sent = here.slack.tells_of_closing("bob", view)
    here.settle()

    assert sent.acked
    assert here.store.reads().locks.of("web", "production") is None
    here.says("maria", "lock production")
    assert here.store.reads().locks.of("web", "production") is not None


def test_the_deploy_form_sent_off_twice_deploys_once(here: World) -> None:
    here.slash("maria", "")
    view = modal(here, "maria")

    here.slack.submits("maria")
    here.slack.submits_again("maria", view)
    here.settle()

    assert len(here.github.deployments(REPOSITORY)) == 1
    assert here.told("maria") == []


def test_what_was_let_go_while_the_form_was_open_is_taken_as_it_is_then(here: World) -> None:
    here.says("maria", "lock production because load test")
    here.says("bob", "deploy main to production when green")
    here.opens_form("bob", here.parent(1), "Take over…")
    here.says("maria", "unlock production")

    here.slack.submits("bob", why="pager")
    here.settle()

    lock = here.store.reads().locks.of("web", "production")
    assert lock is not None
    assert (lock.by.name, lock.reason) == ("bob", "pager")
    assert [one.lines for one in here.slack.messages("@maria")] == []


def test_who_has_lost_the_right_deploys_nothing_with_a_form_that_is_open(here: World) -> None:
    here.slash("maria", "")
    here.github.set_permission(REPOSITORY, "maria", "read")
    here.wait(minutes=11)

    here.slack.submits("maria")
    here.settle()

    assert here.github.deployments(REPOSITORY) == []
    assert "may not deploy" in here.told("maria")[-1]


def test_whose_account_was_closed_deploys_nothing_with_a_form_that_is_open(here: World) -> None:
    here.slash("maria", "")
    here.slack.deactivate("maria")
    here.wait(minutes=11)

    here.slack.submits("maria")
    here.settle()

    assert here.github.deployments(REPOSITORY) == []


# --- made up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [
        *("", "null", "{}", "[]", "{" * 3_000, "[" * 3_000, "\ud800", 7, {"text": "cancel #1"}),
        *('{"text": 1}', '{"text": "cancel #1", "person": "U00000001"}'),
    ],
)
def test_what_cannot_be_read_does_nothing(guarded: World, metadata: Any) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    sent = guarded.slack.sends_off("bob", forged(modal(guarded, "bob"), private_metadata=metadata))
    guarded.settle()

    assert sent.acked
    assert guarded.deployment(1).state == "waiting"


def test_half_of_a_character_in_a_form_is_no_trouble(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    kept = json.loads(modal(guarded, "bob").body["private_metadata"])
    values = {"why": {"any": {"type": "plain_text_input", "value": "half \ud800 of it"}}}

    sent = guarded.slack.sends_off(
        "bob", forged(modal(guarded, "bob"), private_metadata=json.dumps(kept), state={"values": values})
    )
    guarded.settle()

    assert sent.acked
    assert guarded.deployment(1).description == "Rejected by bob: half ? of it"


def test_nobody_acts_as_somebody_else(guarded: World) -> None:
    """Whoever asks for it may not approve it: bob says that he is maria, and the other way round."""
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    maria = guarded.slack.workspace.user("maria").id

    guarded.slack.sends_off("bob", with_metadata(modal(guarded, "bob"), person=maria, via="direct"))
    guarded.settle()

    assert guarded.deployment(1).description == "Rejected by bob"


def test_a_form_carries_no_command_that_no_form_asks_for(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    guarded.slack.sends_off("bob", with_metadata(modal(guarded, "bob"), text="deploy main to staging"))
    guarded.settle()

    assert guarded.github.deployments(REPOSITORY) == []
    assert guarded.deployment(1).state == "waiting"


def test_another_deployment_is_looked_at_anew_with_permission(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    guarded.slack.sends_off("bob", with_metadata(modal(guarded, "bob"), text="reject #99"))
    guarded.settle()

    assert "#99" in guarded.told("bob")[-1]


def test_an_address_for_answers_that_was_slipped_in_is_never_called(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    view = modal(guarded, "bob")
    place = {**json.loads(view.body["private_metadata"])["place"], "respond": f"{guarded.slack.api_url}respond/evil"}

    guarded.slack.sends_off("bob", with_metadata(view, text="reject #99", place=place))
    guarded.settle()

    assert not [one for one in guarded.slack.requests if one.arguments.get("at") == "evil"]


@pytest.mark.parametrize("channel", ["https://evil.example", "../chat", "", "C1;drop", "c00000001"])
def test_a_place_that_is_no_channel_does_nothing(guarded: World, channel: str) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")

    guarded.slack.sends_off("bob", with_metadata(modal(guarded, "bob"), place={"channel": channel}))
    guarded.settle()

    assert guarded.deployment(1).state == "waiting"


def test_a_channel_in_which_it_may_not_be_deployed_is_no_way_around_the_settings(tmp_path: Path) -> None:
    closed = SETTINGS.replace('channel = "#web"', 'channel = "#web"\nallowed_channels = ["#web"]')
    with world(tmp_path, closed) as there:
        there.slash("bob", "", "#random")

        there.slack.submits("bob")
        there.settle()

        assert there.github.deployments(REPOSITORY) == []


def test_people_of_another_workspace_send_nothing_off(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    guarded.slack.add_user("eve", team="T99999999", is_stranger=True)

    guarded.slack.sends_off("eve", forged(modal(guarded, "bob")))
    guarded.settle()

    assert guarded.deployment(1).state == "waiting"


# --- too much --------------------------------------------------------------------------------------------------------


def test_a_hundred_branches_and_more_are_found_as_one_types(here: World) -> None:
    for number in range(130):
        here.github.commit(REPOSITORY, f"topic-{number:03}", "Greet")
    here.slash("maria", "")

    at_first = here.slack.searches("maria", "what", "")
    typed = here.slack.searches("maria", "what", "topic-12")
    here.slack.submits("maria", what="topic-129")
    here.settle()

    assert len(at_first) == 100
    assert typed == ["topic-12", *(f"topic-12{digit}" for digit in range(10))]
    assert here.deployment(1).ref == "topic-129"


def test_two_hundred_apps_with_long_names_fit_into_the_form(tmp_path: Path) -> None:
    tables = "".join(
        f'[apps.{"a" * 60}{number}]\nrepository = "acme/web"\nchannel = "#web"\n'
        + "".join(f"[apps.{'a' * 60}{number}.environments.{'e' * 60}{place}]\n" for place in range(3))
        for number in range(200)
    )
    with world(tmp_path, SETTINGS + tables) as there:
        there.slash("maria", "")

        shown = modal(there, "maria")
        assert problems_of(shown.body, "modal") == []
        there.slack.submits("maria", to="staging")
        there.settle()
        assert there.deployment(1).environment == "staging"


def test_a_reason_of_the_greatest_length_is_taken_as_it_is(guarded: World) -> None:
    guarded.opens_form("bob", guarded.parent(1), "Reject…")
    guarded.slack.submits("bob", why="y" * 300)
    guarded.settle()

    assert guarded.deployment(1).description == f"Rejected by bob: {'y' * 300}"


def test_a_command_that_is_too_long_to_come_back_with_a_form_opens_none(here: World) -> None:
    trigger = here.slack.workspace.next_trigger(here.slack.workspace.user("bob").id)
    endless = CommandGiven(f"lock production on web because {'x' * 3_000}", "U00000002", Place("C1"), "button")

    assert modals.open_for(here.chat.api, endless, trigger) is None
    assert here.slack.calls("views.open") == []


# --- moments ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def berlin(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as the_world:
        the_world.slack.workspace.user("maria").tz = "Europe/Berlin"
        the_world.slash("maria", "")
        the_world.slack.fills("maria", when="Another moment…")
        the_world.settle()
        yield the_world


def test_another_moment_is_read_on_the_clock_of_whoever_types_it(berlin: World) -> None:
    shown = modal(berlin, "maria")
    [at] = [block for block in shown.blocks if block.get("block_id") == "at"]

    berlin.slack.submits("maria", at="17:30")
    berlin.settle()

    assert at["hint"]["text"] == "On your clock: Europe/Berlin."
    assert shown.body["submit"]["text"] == "Schedule"
    [kept] = berlin.store.reads().schedules.of("web")
    assert kept.at == datetime(2026, 3, 2, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("2026-03-01 9:00", "“2026-03-01 9:00” is over already. "),
        ("when pigs fly", "I do not understand “when pigs fly” as a moment to come. "),
        ("   ", "Say when: "),
    ],
)
def test_what_is_no_moment_to_come_is_said_at_the_field(berlin: World, words: str, error: str) -> None:
    berlin.slack.fills("maria", at=words)
    view = modal(berlin, "maria")

    berlin.slack.submits_again("maria", view)
    berlin.settle()

    assert list(view.errors) == ["at"]
    assert view.errors["at"].startswith(error)
    assert berlin.slack.modal("maria") is view
    assert list(berlin.store.reads().schedules.of("web")) == []


def test_a_moment_is_what_it_was_when_it_was_sent_off(berlin: World) -> None:
    """The bot may be down for a while: nine minutes later “in 2 hours” would be another moment."""
    berlin.slack.submits("maria", at="in 2 hours")
    berlin.is_down(minutes=9)

    [kept] = berlin.store.reads().schedules.of("web")
    assert kept.at == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
