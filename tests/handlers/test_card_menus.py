"""What is behind ⋯ of a card: the deploy form with what it shows, the command to copy, a lock while nobody has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.test_modals import live, modal
from tests.world import REPOSITORY, SETTINGS, World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """Where topic is live."""
    with world(tmp_path) as the_world:
        the_world.github.commit(REPOSITORY, "topic", "Greet")
        the_world.says("maria", "deploy topic to production")
        live(the_world)
        yield the_world


def test_deploy_opens_the_form_with_what_the_card_shows(here: World) -> None:
    here.github.commit(REPOSITORY, "topic", "Greet again")

    here.opens_form("bob", here.parent(1), "Deploy…")
    chosen = [
        block["element"]["initial_option"]["value"]
        for block in modal(here, "bob").blocks
        if block.get("element", {}).get("initial_option")
    ]
    here.slack.submits("bob")
    here.settle()

    assert chosen == ["web", "production", "topic", "now"]
    assert (here.deployment(2).ref, here.deployment(2).by.name) == ("topic", "bob")


def test_it_is_a_request_of_its_own_whatever_has_become_of_the_card(here: World) -> None:
    """It repeats nothing that the card shows: everything in it is chosen anew."""
    here.opens_form("bob", here.parent(1), "Deploy…")
    here.github.commit(REPOSITORY, "topic", "Greet again")
    here.says("maria", "deploy topic to production")
    live(here)
    here.github.commit(REPOSITORY, "topic", "Greet once more")

    here.slack.submits("bob")
    here.settle()

    assert here.deployment(3).by.name == "bob"


def test_copy_command_shows_it_to_whoever_presses_and_to_nobody_else(here: World) -> None:
    before = len(here.slack.thread("#web", here.parent(1).ts))

    here.presses("bob", here.parent(1), "Copy command")

    assert here.slack.ephemerals("bob")[-1].lines == [
        "```",
        "deploy web/topic to production",
        "```",
        f"Exactly this commit: `deploy web/{here.deployment(1).sha} to production`",
    ]
    assert here.slack.ephemerals("maria") == []
    assert len(here.slack.thread("#web", here.parent(1).ts)) == before


@pytest.mark.parametrize(
    ("asked", "copied"),
    [
        ("deploy topic to staging, please", "deploy web/topic to staging"),
        ('deploy topic to staging --force "pager"', "deploy web/topic to staging"),
        ("deploy:migrate topic to staging", "deploy:migrate web/topic to staging"),
    ],
)
def test_what_is_copied_asks_for_the_same_when_it_is_typed(here: World, asked: str, copied: str) -> None:
    here.says("maria", asked)
    here.says("bob", "copy #2")

    assert here.slack.ephemerals("bob")[-1].lines[1] == copied


def test_a_deployment_that_is_none_is_said(here: World) -> None:
    here.says("bob", "copy #77")

    assert "#77" in here.told("bob")[0]


def test_nobody_is_offered_a_lock_that_somebody_has(here: World) -> None:
    free = here.parent(1).menu

    here.says("maria", "lock production because load test")
    held = here.parent(1).menu
    here.says("maria", "unlock production")

    assert free == ["Lock production…", "Deploy…", "Details", "Copy command"]
    assert held == ["Deploy…", "Details", "Copy command"]
    assert here.parent(1).menu == free


def test_a_lock_that_runs_out_is_offered_again(here: World) -> None:
    here.says("maria", "lock production for 1h")
    held = here.parent(1).menu
    here.wait(minutes=61)

    assert "Lock production…" not in held
    assert "Lock production…" in here.parent(1).menu


def test_a_press_on_a_lock_that_was_drawn_before_somebody_took_it_says_who_has_it(here: World) -> None:
    here.opens_form("bob", here.parent(1), "Lock production…")
    here.says("maria", "lock production because load test")

    here.slack.submits("bob")
    here.settle()

    assert here.told("bob")[-1].startswith("*web → production* is locked by maria since ")
    lock = here.store.reads().locks.of("web", "production")
    assert lock is not None
    assert lock.by.name == "maria"


def test_a_card_has_two_buttons_and_the_menu(tmp_path: Path) -> None:
    with world(tmp_path, SETTINGS + "production = true\n") as there:
        there.says("maria", "deploy main to production")
        there.github.report_deployment_status(REPOSITORY, there.github.deployments(REPOSITORY)[-1].id, "failure")
        there.settle()

        assert there.parent(1).labels == ["Retry"]
        assert there.parent(1).menu == ["Lock production…", "Deploy…", "Details", "Copy command"]
