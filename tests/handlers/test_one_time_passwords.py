"""Conversations with one-time passwords in them: afterwards they are nowhere."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa

from bot.adapters.storage.compression import unpacked
from bot.adapters.storage.tables import metadata
from tests.core.grammar.words import YUBIKEY
from tests.world import REPOSITORY, World, read_out

LINES = (
    "deploy main to staging {}",
    "{} deploy main to staging",
    "deploy {} main to staging",
    "deploy main {} to staging",
    'deploy main to staging {} --force "the site is down"',
    "deploy main to staging --force {}",
    "deploy main to staging when green {}",
    "deploy main to staging {} at 17:00",
    "deploy tpoic to staging {}",
    "deploy main to nowhere {}",
    "depoly main to staging {}",
    "deploy main to staging {} rubbish",
    "deploy main to staging\n{}",
    "deploy main\nto staging `{}`\nthanks",
    "rollback web on staging {}",
    "retry #1 {}",
    "approve #1 {}",
    "{}",
)
FOR_YUBIKEYS = (
    "lock staging because {}",
    "lock staging\nbecause {}",
    "status {}",
    "cancel #1 {}",
    'reject #1 "{} is my key"',
    "deploy {} to staging",
    "deploy main to staging otp={}",
    "help {}",
    "link {}",
)
SAID = [(line, secret) for secret in ("918273", YUBIKEY) for line in LINES] + [(line, YUBIKEY) for line in FOR_YUBIKEYS]


def kept_and_shown(world: World) -> str:
    """Every row of every table, what compressed columns hold included, and all that Slack and GitHub were told."""
    cells: list[bytes] = []
    with world.store.database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.text(f'SELECT * FROM "{table.name}"')):
                cells += [unpacked(cell) if isinstance(cell, bytes) else str(cell).encode() for cell in row]
    calls = [repr(one) for one in (*world.slack.requests, *world.github.requests)]
    return "\n".join([*(cell.decode("utf-8", "replace") for cell in cells), *calls])


def say(world: World, way: str, text: str) -> None:
    match way:
        case "mention":
            world.says("maria", text)
        case "thread":
            world.says("maria", text, thread=world.says("maria", "whoami").ts)
        case "direct":
            world.says("maria", text, "@maria")
        case _:
            world.slash("maria", text)


@pytest.mark.parametrize("way", ["mention", "thread", "direct", "slash"])
def test_a_one_time_password_is_neither_stored_nor_shown(
    world: World, way: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    world.github.branch(REPOSITORY, "topic")

    for line, secret in SAID:
        if way == "slash" and line == "{}" and secret.isdecimal():
            continue  # behind /deploy a number alone is what is to be deployed
        say(world, way, line.format(secret))
        world.wait(minutes=1)

    shown = [read_out(one) for one in world.slack.ephemerals("maria")]
    logged = [str(record.__dict__) for record in caplog.records]
    everything = "\n".join([kept_and_shown(world), *shown, *logged, *capfd.readouterr()])
    assert "deploy main to staging" in everything
    assert [secret for secret in ("918273", YUBIKEY) if secret in everything] == []


@pytest.mark.parametrize("secret", ["918273", YUBIKEY])
def test_it_reaches_its_provider_from_wherever_it_stood(world: World, secret: str) -> None:
    world.says("maria", f'deploy main {secret} to staging --force "the site is down"')

    assert world.passwords.get(world.deployment(1).password_key) == secret


def test_a_branch_of_such_a_name_has_its_app_in_front(world: World) -> None:
    world.github.commit(REPOSITORY, YUBIKEY, "Who calls a branch so?")

    world.says("maria", f"deploy web/{YUBIKEY} to staging")

    assert world.deployment(1).ref == YUBIKEY
