"""Conversations about what the bot is and understands."""

from __future__ import annotations

import handlers
from bot import __version__
from bot.core.grammar.parser import COMMANDS
from bot.router import collect
from tests.handlers.scenes import answers, told
from tests.world import World


def test_help_has_one_line_for_each_command_that_is_there(world: World) -> None:
    said = world.says("maria", "help")

    assert answers(world, said) == []
    lines = told(world, "maria")[0].split("\n")
    answered = [spec for spec in COMMANDS if any(line.startswith(f"`{spec.usage}`") for line in lines)]
    assert lines[0] == "This is what I understand:"
    assert [line for line in lines[1:-1] if not line.startswith("`")] == []
    assert {"deploy", "rollback", "cancel", "retry", "status", "deploys", "help"} <= {one.name for one in answered}
    assert lines[-1] == "For example: `deploy web/topic to production`. More about one: `help deploy`"


def test_help_on_one_command_has_examples_of_this_channel(world: World) -> None:
    world.says("maria", "help rollback")

    assert told(world, "maria")[0].split("\n")[1:4] == [
        "Deploy again what ran before, or an earlier commit or deployment.",
        "For example:",
        "• `rollback web on production`",
    ]


def test_help_on_something_else_is_for_the_asker_only(world: World) -> None:
    world.says("maria", "help dploy")
    world.says("maria", "help frobnicate")

    assert told(world, "maria") == [
        "There is no command called dploy. Did you mean deploy, deploys or undeployed? `help` shows what there is.",
        "There is no command called frobnicate. `help` shows what there is.",
    ]


def test_version_is_the_packages(world: World) -> None:
    said = world.says("maria", "version")

    assert (answers(world, said), told(world, "maria")) == ([], [f"Shipmate {__version__}"])


def test_a_command_that_is_not_there_yet_says_so_in_one_sentence(world: World) -> None:
    there = collect(handlers).commands
    missing = [spec for spec in COMMANDS if spec.makes not in there]

    for spec in missing:
        world.says("maria", spec.examples[0].replace("{app}", "web").replace("{environment}", "production"))

    assert told(world, "maria") == [f"`{spec.name}` is not there yet; `help` shows what is." for spec in missing]
