"""Conversations about what the bot is and understands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import handlers
from bot import __version__
from bot.core.grammar.parser import COMMANDS, NotUnderstood, parse
from bot.router import collect
from tests.handlers.scenes import answers, channel, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

OUTSIDE = SETTINGS.replace('default_environment = "production"', 'default_environment = "staging"').replace(
    "[apps.web.environments.production]\n", "[apps.web.environments.production]\nproduction = true\n"
)
ANOTHER = """
[apps.api]
repository = "acme/api"
provider = { type = "external" }

[apps.api.environments.production]
"""
ALONE = SETTINGS.replace('[apps.web.environments.staging]\nchecks_settle = "0s"\ndeploy_on_merge = ["main"]\n', "")


def copied(text: str) -> list[str]:
    """What stands there to be copied."""
    return re.findall(r"`([^`]+)`", text)


def test_help_is_four_groups_of_what_can_be_typed_here_and_for_the_asker_alone(tmp_path: Path) -> None:
    with open_world(tmp_path, OUTSIDE) as world:
        said = world.says("maria", "help")

        assert (answers(world, said), channel(world, "#web")) == ([], [])
        (shown,) = world.slack.ephemerals("maria")
        assert told(world, "maria") == [
            "*Deploy*  `deploy main to staging` · `deploy main to production when green`\n"
            "*Undo*  `rollback on production` · `cancel`\n"
            "*Look*  `status` · `deploys`\n"
            "*Keep*  `lock staging for 2h because load test` · "
            "`freeze production until mon 9:00 because of the holidays`\n"
            "Where no app is named, *web* is meant · `help deploy` shows its forms, with more examples"
        ]
        assert shown.labels == ["Deploy…", "All commands"]
        assert shown.text == "Say for example: deploy main to staging. Type help deploy, and I tell more of it."


def test_in_a_channel_of_no_app_every_sentence_names_the_app(tmp_path: Path) -> None:
    with open_world(tmp_path, OUTSIDE + ANOTHER) as world:
        world.github.add_repository("acme/api")

        world.says("maria", "help", "#random")

        lines = told(world, "maria")[0].split("\n")
        assert lines[:4] == [
            "*Deploy*  `deploy web/main to staging` · `deploy web/main to production when green`",
            "*Undo*  `rollback web on production` · `cancel`",
            "*Look*  `status web` · `deploys web`",
            "*Keep*  `lock staging on web for 2h because load test` · "
            "`freeze production until mon 9:00 because of the holidays`",
        ]


@pytest.mark.parametrize("where", ["#web", "#random"])
@pytest.mark.parametrize("more", ["", "another app", "one environment"])
def test_what_help_shows_is_understood_where_it_is_shown(tmp_path: Path, more: str, where: str) -> None:
    settings = {"": SETTINGS, "another app": OUTSIDE + ANOTHER, "one environment": ALONE}[more]
    with open_world(tmp_path, settings) as world:
        world.github.add_repository("acme/api")
        world.says("maria", "help", where)
        here = "web" if where == "#web" else None

        read = [parse(one, world.settings.vocabulary(here)) for one in copied(told(world, "maria")[0])]

        assert len(read) == 9
        assert [one for one in read if isinstance(one, NotUnderstood)] == []


def test_help_is_there_while_github_is_not(world: World) -> None:
    world.restart()
    world.github.fail_next("GET", "/", 503, times=50)

    world.says("maria", "help")

    assert (
        "`deploy to production`" in told(world, "maria")[0] or "`deploy main to production`" in told(world, "maria")[0]
    )


def test_all_commands_are_behind_a_button(world: World) -> None:
    world.says("maria", "help")

    world.presses("maria", world.slack.ephemerals("maria")[0], "All commands")

    lines = told(world, "maria")[-1].split("\n")
    answered = [spec for spec in COMMANDS if any(line.startswith(f"`{spec.usage}`") for line in lines)]
    assert lines[0] == "This is what I understand:"
    assert [line for line in lines[1:-1] if not line.startswith("`")] == []
    assert {"deploy", "rollback", "cancel", "retry", "status", "deploys", "help"} <= {one.name for one in answered}
    assert lines[-1] == "For example: `deploy web/topic to production`. More about one: `help deploy`"


def test_the_form_to_deploy_is_behind_a_button(world: World) -> None:
    world.says("maria", "help")

    world.opens_form("maria", world.slack.ephemerals("maria")[0], "Deploy…")

    form = world.slack.modal("maria")
    assert form is not None
    assert form.body["title"]["text"] == "Deploy"
    assert world.github.deployments(REPOSITORY) == []


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
