"""One-time passwords: taken off deploy commands, and nowhere to be seen."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import Deploy
from bot.core.grammar.parser import parse, parse_slash, split_one_time_password
from tests.core.grammar.words import WORDS, YUBIKEY


@pytest.mark.parametrize(
    ("said", "kept", "password"),
    [
        ("deploy web to production 123456", "deploy web to production", "123456"),
        ("deploy! web 123456", "deploy! web", "123456"),
        (f"deploy:migrate web/topic to stg/fe {YUBIKEY}", "deploy:migrate web/topic to stg/fe", YUBIKEY),
        ("please deploy web `123456`\nthanks", "please deploy web", "123456"),
        ("deploy 123456", "deploy 123456", None),
        ("deploy to 123456", "deploy to 123456", None),
        ("deploy web to 123456", "deploy web to 123456", None),
        ("deploy web 1234567", "deploy web 1234567", None),
        ("deploy web build=123456", "deploy web build=123456", None),
        ("deploys web 123456", "deploys web 123456", None),
        ("deploy:lock web 123456", "deploy:lock web 123456", None),
        ("web to production 123456", "web to production 123456", None),
        ("deploy", "deploy", None),
        ("", "", None),
    ],
)
def test_a_one_time_password_is_taken_off_the_end(said: str, kept: str, password: str | None) -> None:
    assert split_one_time_password(said) == (kept, password)


def test_a_slash_command_has_its_password_without_the_verb() -> None:
    assert split_one_time_password("web to production 123456", slash=True) == ("web to production", "123456")
    assert split_one_time_password("status web 123456", slash=True) == ("status web 123456", None)


@pytest.mark.parametrize("password", ["123456", YUBIKEY])
def test_a_password_that_nobody_took_off_is_in_no_command(password: str) -> None:
    commands = [
        parse(f"deploy web to production {password}", WORDS),
        parse(f"deploy web --force {password}", WORDS),
        parse_slash(f"web {password}", WORDS),
    ]

    assert commands == [Deploy(app="web", environment="production"), Deploy(app="web", force=True), Deploy(app="web")]
    assert password not in repr(commands)
