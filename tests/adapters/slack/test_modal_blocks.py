"""Forms as Slack draws them: within its limits, and read as they were filled in."""

from __future__ import annotations

import pytest

from bot.adapters.slack.blocks.modal import ASKED, DEPLOY, filled, modal, options
from bot.core.grammar.commands import Reject, Rollback, TakeLock, TakeOver
from bot.core.modals import messages
from bot.core.modals.model import (
    APP,
    AT,
    FORCE,
    OTHER,
    TO,
    WHAT,
    WHEN,
    WHY,
    Modal,
    Option,
    deployment,
    filled_in,
    tick_of,
)
from tests.servers.slack.view_limits import problems_of

LONG = "x" * 5_000


@pytest.mark.parametrize("command", ["reject #12", "rollback web on production", "take over staging", "lock staging"])
def test_slack_takes_every_form(command: str) -> None:
    shown = messages.form(command, ((LONG,), (LONG,)))

    assert shown is not None
    assert problems_of(modal(shown, ASKED, "{}"), "modal") == []


@pytest.mark.parametrize("command", ["deploy main to staging", "status", "locks", "rejected", "approve #12"])
def test_of_other_commands_nothing_is_asked(command: str) -> None:
    assert messages.form(command) is None


@pytest.mark.parametrize("count", [1, 100, 250])
def test_slack_takes_the_deploy_modal_of_however_many_apps(count: int) -> None:
    apps = [f"app{n}" for n in range(count)]
    places = [Option(LONG, f"place{n}", LONG) for n in range(count)]
    chosen = ((APP, apps[-1]), (TO, "place0"), (WHAT, "topic"), (WHEN, OTHER))
    chosen = (*chosen, (FORCE, tick_of(dict(chosen))))
    preview = messages.Preview(LONG, (LONG,), (LONG,), forcible=True)

    shown = modal(messages.deploy(apps, places, chosen, preview, remark=(LONG,), zone=LONG), DEPLOY, "{}")

    assert problems_of(shown, "modal") == []
    asked = [block["block_id"].partition("@")[0] for block in shown["blocks"] if block["type"] == "input"]
    assert asked == [APP, TO, WHAT, WHEN, AT, FORCE, WHY]


@pytest.mark.parametrize("shown", [messages.opening(), messages.nothing_to_deploy(), Modal(LONG, LONG)])
def test_slack_takes_a_modal_in_which_there_is_nothing_to_fill_in(shown: Modal) -> None:
    assert problems_of(modal(shown, DEPLOY, "{}"), "modal") == []


def test_an_option_that_would_have_to_be_cut_is_left_out() -> None:
    assert options((Option("a", "a"), Option("b", LONG), Option("c", ""))) == options((Option("a", "a"),))


def test_what_was_filled_in_is_read_by_the_names_of_the_fields() -> None:
    text = {"field:why": {"type": "plain_text_input", "value": "because"}}
    chosen = {"field:to": {"type": "static_select", "selected_option": {"value": "staging"}}}
    nothing = {"field:for": {"type": "static_select", "selected_option": {"value": "-"}}}

    found = filled({"state": {"values": {"why": text, "to@web": chosen, "for": nothing, "what@web": {}}}})

    assert found == (("why", "because"), ("to", "staging"))
    assert filled({}) == ()


def test_what_was_filled_in_becomes_part_of_the_command() -> None:
    why = (("why", "wait\nfor the audit "),)

    assert filled_in(Reject(12), why) == Reject(12, "wait for the audit")
    assert filled_in(Rollback("web", "production"), why) == Rollback("web", "production", reason="wait for the audit")
    assert filled_in(TakeOver("staging", "web"), (("why", " "),)) == TakeOver("staging", "web")
    assert filled_in(TakeLock("staging"), (*why, ("for", "2h"))) == TakeLock(
        "staging", duration="2h", reason="wait for the audit"
    )
    assert filled_in(TakeLock("staging"), (("for", "until tomorrow 9:00"),)) == TakeLock(
        "staging", until="tomorrow 9:00"
    )


def test_the_deploy_modal_is_the_command_that_it_says() -> None:
    chosen = ((APP, "web"), (TO, "staging"))

    assert deployment(chosen).ref is None
    assert deployment((*chosen, (WHEN, "green"))).when_green
    assert deployment((*chosen, (WHEN, "tomorrow 9:00"))).at == "tomorrow 9:00"
    assert deployment((*chosen, (WHAT, "feature/x"))).ref == "feature/x"
