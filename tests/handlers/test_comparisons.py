"""Conversations about what a place lacks: ``diff`` and ``undeployed``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import another_tool, answers, told
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


@pytest.fixture
def behind(world: World) -> World:
    """Production is four merges and a commit behind, staging one commit."""
    for place in ("production", "staging"):
        world.says("maria", f"deploy main to {place}")
        another_tool(world, "success")
    for number in range(4):
        merge(world, f"gift-{number}", by="bob")
        another_tool(world, "success")
        world.wait(minutes=30)
    world.github.commit(REPOSITORY, "main", "hotfix straight to main", author="bob")
    world.wait(minutes=10)
    return world


def asked(world: World, text: str, channel: str = "#web") -> tuple[list[str], list[str]]:
    """The lines of the answer, and its buttons."""
    message = world.says("maria", text, channel=channel)
    [answer] = world.slack.thread(channel, message.ts)
    return answers(world, message)[0].split("\n"), [button["value"] for button in answer.buttons]


def test_diff_tells_what_a_place_lacks_of_what_is_deployed_there_by_default(behind: World) -> None:
    lines, buttons = asked(behind, "diff production")

    assert lines[0].startswith("*web → production* lacks 4 pull requests and 1 commit of `main`, the oldest for 2 h")
    assert lines[1:5] == [f"• #{number} Add gift-{number - 1} · alice" for number in (4, 3, 2, 1)]
    assert lines[5].endswith(" hotfix straight to main · bob")
    assert lines[6] == "⚠️ 1 commit without a pull request · compare"
    assert buttons == ["deploy web/main to production"]


def test_diff_of_two_places_offers_the_very_commit_that_was_looked_at(behind: World) -> None:
    staging = behind.store.reads().last_success("web", "staging")
    assert staging is not None

    lines, buttons = asked(behind, "diff production staging")

    assert lines[0].startswith("*web → production* lacks 4 pull requests of `staging`")
    assert buttons == [f"deploy web/{staging.sha} to production"]


def test_what_goes_the_other_way_is_told_too(behind: World) -> None:
    lines, buttons = asked(behind, "diff staging production")

    assert lines[:2] == ["*web → staging* has all of `production`", "It has what `production` lacks:"]
    assert lines[2] == "• #4 Add gift-3 · alice"
    assert buttons == []


def test_a_branch_that_is_not_up_to_date_lacks_and_has(behind: World) -> None:
    first = behind.store.reads().successes("web", "staging", 9)[-1].sha
    behind.github.branch(REPOSITORY, "old", at=first)
    behind.github.commit(REPOSITORY, "old", "Something else", author="carol")

    lines, _ = asked(behind, "diff staging old")

    assert lines[0].startswith("*web → staging* lacks 1 commit of `old`")
    assert "And it has what `old` lacks:" in lines


def test_what_is_the_same_is_said_in_one_line(world: World) -> None:
    world.says("maria", "deploy main")
    another_tool(world, "success")

    lines, buttons = asked(world, "diff production")

    assert lines[0] == "*web → production* has all of `main`"
    assert buttons == []


def test_nothing_there_yet_and_nothing_to_compare_are_said(world: World) -> None:
    assert asked(world, "diff production")[0][0] == "Nothing has been deployed to *web → production* yet."
    world.says("maria", "diff production staging")
    assert told(world, "maria")[-1].startswith("Nothing has been deployed to *web → staging* yet")
    world.says("maria", "diff production nope")
    assert told(world, "maria")[-1].startswith("`nope` is neither a branch")


def test_undeployed_tells_each_place_that_lacks_something(behind: World) -> None:
    lines, buttons = asked(behind, "undeployed")

    assert [line for line in lines if line.startswith("*")] == [
        "*web → staging* lacks 1 commit of `main`, the oldest for 10 min",
        "*web → production* lacks 4 pull requests and 1 commit of `main`, the oldest for 2 h 10 min",
    ]
    assert buttons == ["deploy web/main to staging", "deploy web/main to production"]


def test_undeployed_says_in_one_line_that_nothing_is(world: World) -> None:
    for place in ("production", "staging"):
        world.says("maria", f"deploy main to {place}")
        another_tool(world, "success")

    lines, buttons = asked(world, "undeployed")

    assert lines == ["Everything that was merged is live in *web → staging, web → production*."]
    assert buttons == []


def test_what_it_is_about_to_ship_is_a_question_of_production_only(behind: World) -> None:
    message = behind.says("maria", "undeployed")
    [answer] = behind.slack.thread("#web", message.ts)
    questions: list[Any] = [button.get("confirm") for button in answer.buttons]

    assert questions[0] is None
    assert questions[1]["text"]["text"] == "4 pull requests and 1 commit go to production."


def test_titles_are_no_business_of_those_who_may_not_read_them(behind: World) -> None:
    behind.slack.add_user("eve")
    behind.slack.workspace.channel("random").members.add(behind.slack.workspace.user("eve").id)

    for text in ("undeployed", "diff production"):
        behind.says("eve", text, channel="#random")

    refused = "What is in the repository of *web* is told in its own channel"
    assert [one.startswith(refused) for one in told(behind, "eve")] == [True, True]


def test_migrations_are_told(tmp_path: Path) -> None:
    with open_world(tmp_path, f'{SETTINGS}migration_paths = ["db/migrate/**"]\n') as world:
        world.says("maria", "deploy main")
        another_tool(world, "success")
        world.github.commit(REPOSITORY, "main", "New index", files={"db/migrate/1.sql": "x"})

        lines, _ = asked(world, "diff production")

        assert "🗄 changes `db/migrate`" in " ".join(lines)


def test_a_dozen_places_are_looked_at_and_the_others_named(tmp_path: Path) -> None:
    more = "".join(f"\n[apps.web.environments.env{n}]\nchecks_settle = '0s'\n" for n in range(12))
    with open_world(tmp_path, SETTINGS + more) as world:
        lines, _ = asked(world, "undeployed")

        assert lines[-1] == "2 more places; name an app to see its own: `undeployed web`"
