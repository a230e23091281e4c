"""Lines that are heard, and lines from a pipe: what the bot is told and the screen shows."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.core.events.external import ChecksChanged
from bot.talk.sample import REPOSITORY
from bot.talk.session import greeting, piped, typed
from tests.talk.terminal_session import TOPIC, TerminalSession


@pytest.fixture
def evening(tmp_path: Path) -> TerminalSession:
    return TerminalSession(tmp_path / "home")


def test_what_has_no_slash_is_said_to_the_bot(evening: TerminalSession) -> None:
    evening.hears("deploy topic to production", "  status ", "", "   ")

    assert evening.scribe.told == [("you", "deploy topic to production"), ("you", "status")]


def test_the_bots_own_name_and_a_slash_before_a_command_are_not_part_of_it(evening: TerminalSession) -> None:
    evening.hears(
        "@shipmate deploy topic", "Shipmate: status", "/deploy:migrate! topic", "shipmate", "shipmates status"
    )

    texts = [text for _, text in evening.scribe.told]  # type: ignore[misc]
    assert texts == ["deploy topic", "status", "deploy:migrate! topic", "shipmate", "shipmates status"]


@pytest.mark.parametrize("line", ["/quit", " /QUIT ", "/quit now", "exit", "Quit"])
def test_quit_ends_the_conversation(evening: TerminalSession, line: str) -> None:
    assert not evening.talk.hear(line)


def test_piped_lines_are_echoed_and_each_waits_for_the_one_before(evening: TerminalSession) -> None:
    code = piped(evening.talk, io.StringIO("deploy topic to production 123456\n\n/ci pass topic\nstatus"))

    assert code == 0
    assert evening.scribe.told == [
        ("you", "deploy topic to production 123456"),
        "waited 900 s",
        ChecksChanged(repository=REPOSITORY, sha=TOPIC),
        "waited 900 s",
        ("you", "status"),
        "waited 900 s",
    ]
    assert evening.screen.getvalue() == (
        "\n> deploy topic to production ••••••\n\n> /ci pass topic\n· ci is green on topic (d872d00).\n\n> status\n"
    )


def test_pipe_ends_at_quit(evening: TerminalSession) -> None:
    code = piped(evening.talk, io.StringIO("/quit\nstatus\n"))

    assert code == 0
    assert evening.scribe.told == []


def test_what_does_not_end_in_time_is_said_and_makes_the_exit_code_1(tmp_path: Path) -> None:
    evening = TerminalSession(tmp_path / "home", quiet=False)

    code = piped(evening.talk, io.StringIO("deploy topic\n"), patience=120)

    assert code == 1
    assert evening.screen.getvalue() == "\n> deploy topic\n· This is still not done after 2 minutes; going on.\n"


def test_somebody_who_leaves_is_told_that_work_goes_on(tmp_path: Path) -> None:
    evening = TerminalSession(tmp_path / "home", quiet=False)

    typed(evening.talk, iter(["deploy topic", "/quit", "status"]))

    assert evening.scribe.told == [("you", "deploy topic")]
    assert evening.screen.getvalue() == "· What is still running goes on when you come back.\n"


def test_greeting_names_three_things_worth_typing(evening: TerminalSession) -> None:
    message = greeting(evening.forge, REPOSITORY, "production")

    assert message.text() == (
        "Shipmate is here. Three things worth typing:\n"
        "deploy topic to production   deploys it: really, on this machine\n"
        "/merge topic                 merges it into main\n"
        "help                         shows what to type; /help is about the lines with a slash"
    )


def test_greeting_without_anything_to_merge_offers_something_else(evening: TerminalSession) -> None:
    evening.hears("/merge topic")

    message = greeting(evening.forge, REPOSITORY, "staging")

    assert message.text().splitlines()[1:3] == [
        "deploy main to staging   deploys it: really, on this machine",
        "/ci fail main            lets its checks fail",
    ]
