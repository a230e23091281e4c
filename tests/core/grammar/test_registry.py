"""The declarations of the commands, and what is made from them."""

from __future__ import annotations

import pytest

from bot.core.grammar.parser import COMMANDS, Spec, command_table, find, parse
from tests.core.grammar.words import WORDS


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.name)
def test_every_example_is_the_command_that_it_explains(spec: Spec) -> None:
    shown = [example.replace("{app}", "web").replace("{environment}", "production") for example in spec.examples]

    commands = [parse(example, WORDS) for example in shown]

    assert {type(command) for command in commands} == {spec.makes}


def test_no_two_commands_share_a_name() -> None:
    names = [name.lower() for spec in COMMANDS for name in spec.names]

    assert len(names) == len(set(names))
    assert find("Deploy:Lock") is find("lock")
    assert find("nothing") is None


def test_the_table_of_commands_has_a_row_for_each() -> None:
    rows = command_table().splitlines()

    assert rows[:2] == ["| command | what it does |", "|---|---|"]
    assert rows[3] == (
        "| `ship #<pr> [to <env>]` | Merge a pull request when its checks are green, and deploy the merge commit. |"
    )
    assert "| `unlock <env>\\|all\\|mine [on <app>]` | Release a lock. |" in rows
    assert len(rows) == 2 + len(COMMANDS)
