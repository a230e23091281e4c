"""What people type in the thread of a deployment, where nothing has to be named: as the grammar reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from bot.core.grammar.commands import Command, Deploy, Rollback, TakeLock, Unlock
from bot.core.grammar.parser import NotUnderstood, parse, show
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from tests.core.grammar.test_commands import WORDS as NAMES
from tests.core.grammar.test_commands import commands
from tests.core.grammar.words import WORDS

THREAD = replace(WORDS, in_thread=True)
SAID = """
lock -> lock it
lock! -> lock it
lock for 2h -> lock it for 2h
lock until fri 9:00 -> lock it until fri 9:00
lock because testing -> lock it because testing
lock for testing -> lock it because testing
lock it -> lock it
lock staging -> lock staging
lock all -> lock all
unlock -> unlock it
unlock mine -> unlock mine
unlock staging -> unlock staging
take over because of a hotfix -> take over it because of a hotfix
keep -> keep it
ask for -> ask for it
notify me about -> notify me about it
freeze because of an incident -> freeze it because of an incident
freeze until mon 9:00 because of the holidays -> freeze it until mon 9:00 because of the holidays
unfreeze -> unfreeze
rollback -> rollback
undo -> undo it
cancel -> cancel
deploy -> deploy
status -> status
"""
ROWS = [tuple(line.split(" -> ")) for line in SAID.strip().splitlines()]


@pytest.mark.parametrize(("said", "meant"), ROWS)
def test_what_is_left_out_is_the_threads(said: str, meant: str) -> None:
    understood = parse(said, THREAD)

    assert not isinstance(understood, NotUnderstood), understood.reason
    assert show(understood) == meant
    assert parse(show(understood), THREAD) == understood


@pytest.mark.parametrize("said", ["lock", "unlock", "lock for 2h", "take over because of a hotfix", "keep"])
def test_elsewhere_it_is_missing(said: str) -> None:
    understood = parse(said, WORDS)

    assert isinstance(understood, NotUnderstood)
    assert understood.reason.startswith("Which environment? Its name is missing")


def test_where_an_environment_is_called_it_that_is_meant() -> None:
    words = Vocabulary({"web": AppVocabulary(("de", "it", "this"))}, here="web")

    said: list[tuple[str, Command]] = [
        ("deploy main to it", Deploy(ref="main", environment="it")),
        ("lock it", TakeLock("it")),
        ("unlock this", Unlock("this")),
        ("rollback on it", Rollback(environment="it")),
    ]

    assert [parse(text, words) for text, _ in said] == [command for _, command in said]


@settings(max_examples=300, derandomize=True, deadline=None)
@given(commands)
def test_what_is_shown_is_read_back_in_threads_too(command: Command) -> None:
    assert parse(show(command), replace(NAMES, in_thread=True)) == command
