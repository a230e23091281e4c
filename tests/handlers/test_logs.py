"""Conversations about what was written while something was deployed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.events.internal import RunBegan, RunFinished
from tests.handlers.scenes import answers, parent, thread
from tests.world import SETTINGS, World
from tests.world import world as open_world

OURS = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[World]:
    """Deployment #1 runs, and its provider has still to write something."""
    with open_world(tmp_path, OURS) as world:
        world.hold_runs = True
        world.says("maria", "deploy main to staging")
        world.store.inbox.put_event(RunBegan(1), "began:1")
        world.settle()
        yield world


def writes(world: World, *lines: str) -> None:
    found = world.provider_runner._run(1)
    assert found is not None
    for line in lines:
        found[1].write(line)
    found[1].flush()


def fails(world: World) -> None:
    world.store.inbox.put_event(RunFinished(1, "failed", "exit code 1"), "finished:1")
    world.settle()


def blocks(world: World, said: Any) -> list[str]:
    """The lines of output in the answer, of all its blocks."""
    texts = answers(world, said)[-1].split("```")[1::2]
    return [line for text in texts for line in text.strip("\n").split("\n")]


def test_a_hundred_lines_are_shown_and_what_there_is_no_room_for_is_said(running: World) -> None:
    writes(running, *(f"{n:4} {'<x>' * 30}" for n in range(1, 201)))
    fails(running)

    few, many, too_many = (running.says("bob", f"logs #1{last}") for last in ("", " last 100", " last 500"))

    assert [line[:4].strip() for line in blocks(running, few)] == [str(n) for n in range(181, 201)]
    shown = [int(line[:4]) for line in blocks(running, many)]
    assert shown == list(range(201 - len(shown), 201))
    assert 20 < len(shown) < 100
    assert f"{100 - len(shown)} lines before these are left out for want of room." in answers(running, many)[-1]
    assert blocks(running, too_many) == blocks(running, many)


def test_a_hundred_short_lines_fit_all(running: World) -> None:
    writes(running, *(f"line {n}" for n in range(200)))
    fails(running)

    many, too_many = running.says("bob", "logs #1 last 100"), running.says("bob", "logs #1 last 500")

    assert blocks(running, many) == [f"line {n}" for n in range(100, 200)]
    assert "left out" not in answers(running, many)[-1]
    assert "These are the last 100: no message has room for more." in answers(running, too_many)[-1]


def test_colours_are_kept_with_the_output_and_shown_nowhere_in_the_chat(running: World) -> None:
    writes(running, "\x1b[1mCompiling\x1b[0m", "\x1b[31merror:\x1b[0m no such file")
    running.store.inbox.put_event(RunBegan(1), "again:1")
    fails(running)
    said = running.says("bob", "logs #1")

    assert running.store.reads().output(1, 1) == ["\x1b[31merror:\x1b[0m no such file"]
    assert blocks(running, said) == ["Compiling", "error: no such file"]
    assert "Compiling\nerror: no such file" in thread(running, 1)[-1]
    assert "```\nerror: no such file\n```" in parent(running, 1)


def test_what_was_cleared_away_is_told_of_and_what_is_live_has_its_output_still(running: World) -> None:
    writes(running, "Compiling")
    fails(running)
    running.says("maria", 'deploy main to staging --force "again"')
    running.store.inbox.put_event(RunBegan(2), "began:2")
    running.settle()
    found = running.provider_runner._run(2)
    assert found is not None
    found[1].write("Copying")
    found[1].flush()
    running.store.inbox.put_event(RunFinished(2, "succeeded", ""), "finished:2")
    running.settle()

    running.wait(days=15)
    running.fires("retain")
    gone, live = running.says("bob", "logs #1"), running.says("bob", "logs #2")

    assert answers(running, gone)[-1].endswith("Output is kept for 14 days, so there is none left.")
    assert blocks(running, live) == ["Copying"]
