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
        ("please deploy web `123456`\nthanks", "please deploy web\nthanks", "123456"),
        ("deploy 123456", "deploy 123456", None),
        ("deploy to 123456", "deploy to 123456", None),
        ("deploy web to 123456", "deploy web to 123456", None),
        ("deploy web 1234567", "deploy web 1234567", None),
        ("deploy web build=123456", "deploy web build=123456", None),
        ("deploys web 123456", "deploys web 123456", None),
        ("deploy:lock web 123456", "deploy:lock web 123456", None),
        ("web to production 123456", "web to production", "123456"),
        ("deploy", "deploy", None),
        ("", "", None),
    ],
)
def test_a_one_time_password_is_taken_off_the_end(said: str, kept: str, password: str | None) -> None:
    assert split_one_time_password(said) == (kept, password)


@pytest.mark.parametrize(
    "said",
    [
        "{} deploy web to production",
        "deploy {} web to production",
        "deploy web {} to production",
        "deploy web/topic {} to production",
        "deploy web to production {}.",
        "deploy web to production `{}` please",
        "deploy web to production *{}*",
        'deploy web to production "{}"',
        "deploy web to production {} when green",
        "deploy web to production {} size=2",
        'deploy web to production {} --force "it burns"',
        "deploy web to production --force {} --force",
        "deploy web to production --force it {} burns",
        "deploy web to production\n{}",
        "deploy web\nto production {}\nthanks",
        "lock staging\ndeploy web to production {}",
        "please deploy web to production {} now",
        "depoly web to production {}",
        "rollback web on production {}",
        "rollback web {} on production",
        'rollback web on production {} "errors"',
        "promote web from staging to production {}",
        "ship #12 {} to production",
        "ship web 654321 to production {}",
        "retry #12 {}",
        "retry 654321 {}",
        "approve {0} {0}",
        "approve 12 {}",
        "{}",
        "x" * 1200 + " {}",
    ],
)
@pytest.mark.parametrize(
    "secret", ["123456", YUBIKEY, YUBIKEY.upper(), "c" * 32, "v" * 64], ids=lambda it: str(len(it))
)
def test_a_one_time_password_is_found_wherever_it_stands(said: str, secret: str) -> None:
    if said == "approve {0} {0}" and len(secret) == 6:
        said = "approve 7 {0}"

    kept, password = split_one_time_password(said.format(secret))

    assert password == secret
    assert secret not in kept


@pytest.mark.parametrize(
    "said",
    [
        "lock staging because {}",
        "lock staging because {} is my key",
        "status {}",
        "status otp={}",
        'deploy web to production --force "{} is my key"',
        "deploy web to production --force={}",
        "deploy web to production otp={}",
        "deploy {} to production",
        "hello <http://example.com|{}>",
        "good morning, {}!",
        "({})",
        "_{}_",
        "—{}",
    ],
)
def test_what_a_yubikey_types_is_cut_out_of_everything(said: str) -> None:
    text = said.format(YUBIKEY)

    kept, password = split_one_time_password(text)

    assert password == YUBIKEY
    assert YUBIKEY not in kept


@pytest.mark.parametrize(
    "said",
    [
        *("deploy 123456 to production", "deploy 123456", "deploy 123456 please", "deploy 123456 size=2"),
        *("deploy web/123456", "deploy web@123456 to production", "deploy #123456", "deploy web #123456 to production"),
        *("deploy web build=123456 to production", 'deploy web build="123456"', "deploy web to production in 123456 s"),
        *('deploy web --force "123456"', 'deploy web --force "see ticket 123456"', 'deploy! web because "123456"'),
        *("ship 123456", "ship web 123456", "ship PR 123456 to production", "retry 123456", "approve 123456"),
        *("cancel 123456", "unschedule 123456", "deploys web 123456", "diff web production 123456"),
        *("lock production because ticket 123456 is open", "reject #12 123456 is wrong", "lock staging\nfor 123456"),
        *("deploy web/1234567", "deploy 1234567 to production", "deploy web 12345 to production"),
        *("rollback to 123456", "rollback web on production to 123456", "promote web from 123456 to production"),
        *(f"deploy web/{YUBIKEY}", f"deploy refs/heads/{YUBIKEY} to production", f"deploy web@{YUBIKEY}"),
        *(f"deploy fix-{YUBIKEY}", f"deploy {'c' * 31}", f"deploy {'c' * 65}", f"deploy {YUBIKEY}x"),
        f"deploy web to production https://example.com/{YUBIKEY}",
    ],
)
def test_what_has_a_place_in_the_command_is_no_password(said: str) -> None:
    assert split_one_time_password(said) == (said, None)


def test_invisible_characters_hide_no_password() -> None:
    hidden = f"deploy web to production {YUBIKEY[:9]}\u200b{YUBIKEY[9:]}"

    assert split_one_time_password(hidden) == ("deploy web to production", YUBIKEY)


def test_commands_on_several_lines_stay_commands_on_several_lines() -> None:
    said = f"deploy web to staging {YUBIKEY}\nand thanks\nlock *staging* 123456"

    assert split_one_time_password(said) == ("deploy web to staging\nand thanks\nlock staging 123456", YUBIKEY)


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
