"""Conversations about carrying a commit on from one environment to the next."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, channel, parent, told
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

ASK = SETTINGS.replace('deploy_on_merge = ["main"]', 'deploy_on_merge = ["main"]\npromote_to = "production"')
AUTO = ASK.replace('promote_to = "production"', 'promote_to = "production"\npromote = "auto"')
SOAK = AUTO.replace('promote = "auto"', 'promote = "auto"\npromote_after = "30m"')


@pytest.fixture
def asks(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, ASK) as world:
        yield world


def first(world: World, number: int) -> str:
    return parent(world, number).split("\n")[0]


def places(world: World) -> list[tuple[str, str, str]]:
    """Each deployment: where to, what has begun it, and how it stands."""
    history = world.store.reads().history(app=None, environment=None, ref=None, limit=50)
    return [(one.environment, one.trigger, one.state) for one in sorted(history, key=lambda one: one.id)]


# --- by a button and by command --------------------------------------------------------------------------------------


def test_what_is_live_is_offered_to_go_on_and_no_more_once_it_has(asks: World) -> None:
    sha = merge(asks, "gift", by="bob")
    another_tool(asks, "success")
    [button] = asks.parent(1).buttons
    asks.presses("maria", asks.parent(1), "Promote to production")
    another_tool(asks, "in_progress", "success")

    assert button["value"] == "promote web from staging to production"
    made = asks.github.deployments(REPOSITORY)[-1]
    assert (made.sha, made.environment) == (sha, "production")
    assert "promoted from staging" in parent(asks, 2)
    assert asks.parent(1).labels == []


def test_the_question_says_what_goes_with_it(asks: World) -> None:
    asks.says("maria", "deploy main to production")
    another_tool(asks, "success")
    for name in ("one", "two"):
        merge(asks, name, by="bob")
        another_tool(asks, "success")

    [button] = [one for one in asks.parent(3).buttons if one["text"]["text"] == "Promote to production"]
    assert button["confirm"]["text"]["text"] == "2 pull requests to web → production."


def test_a_stale_button_promotes_nothing_and_says_what_is_there_now(asks: World) -> None:
    merge(asks, "one", by="bob")
    another_tool(asks, "success")
    stale = deepcopy(asks.parent(1))
    merge(asks, "two", by="bob")
    another_tool(asks, "success")

    asks.slack.press("maria", stale, "Promote to production")
    asks.settle()

    assert [place for place, _, _ in places(asks)] == ["staging", "staging"]
    assert told(asks, "maria")[-1].startswith("#2 (main@")
    assert "and no longer #1, so I promote nothing" in told(asks, "maria")[-1]


@pytest.mark.parametrize(
    "text",
    ["promote web", "promote web to production", "promote web from staging to production", "promote staging to prod"],
)
def test_what_is_not_named_is_what_the_settings_say(asks: World, text: str) -> None:
    merge(asks, "gift", by="bob")
    another_tool(asks, "success")

    asks.says("maria", text)

    assert places(asks)[-1] == ("production", "chat", "starting")


def test_what_cannot_be_promoted_is_told(asks: World) -> None:
    asks.says("maria", "promote web to production")
    nothing = told(asks, "maria")[-1]
    merge(asks, "gift", by="bob")
    another_tool(asks, "success")
    asks.says("maria", "promote web from staging to staging")
    same = told(asks, "maria")[-1]
    asks.says("maria", "promote web to production")
    another_tool(asks, "success")
    asks.says("maria", "promote web to production")

    assert nothing == "Nothing is live in *web → staging* yet, so there is nothing to promote."
    assert same.startswith("That would be from *staging* to itself")
    assert told(asks, "maria")[-1].startswith("☑️ `main` is live in *production* already")


def test_the_gates_of_where_it_goes_are_asked(asks: World) -> None:
    sha = merge(asks, "gift", by="bob")
    another_tool(asks, "success")
    asks.github.set_status(REPOSITORY, sha, "e2e", "failure")

    asks.says("maria", "promote web to production")

    assert "e2e" in told(asks, "maria")[-1]
    assert [place for place, _, _ in places(asks)] == ["staging"]


def test_who_may_not_deploy_there_may_not_promote_there(tmp_path: Path) -> None:
    with open_world(tmp_path, f'{ASK}deployers = ["bob"]\n') as world:
        merge(world, "gift", by="bob")
        another_tool(world, "success")

        world.presses("maria", world.parent(1), "Promote to production")

        assert len(places(world)) == 1
        assert "bob" in told(world, "maria")[-1]


# --- by itself -------------------------------------------------------------------------------------------------------


def test_it_goes_on_by_itself_where_the_settings_say_so(tmp_path: Path) -> None:
    with open_world(tmp_path, AUTO) as world:
        sha = merge(world, "gift", by="bob")
        another_tool(world, "success")

        assert places(world) == [("staging", "merge", "succeeded"), ("production", "promotion", "starting")]
        assert world.github.deployments(REPOSITORY)[-1].sha == sha
        another_tool(world, "success")
        assert first(world, 2) == "✅ *web → production*  is live"


def test_it_stays_for_its_time_and_then_goes_on(tmp_path: Path) -> None:
    with open_world(tmp_path, SOAK) as world:
        merge(world, "gift", by="bob")
        another_tool(world, "success")
        waits = (first(world, 2), world.parent(2).labels)
        world.wait(minutes=29)
        before = places(world)[-1]
        world.wait(minutes=2)

        assert waits == ("⏰ *web → production*  follows by itself at 10:30 UTC", ["Deploy now", "Stop"])
        assert before == ("production", "promotion", "waiting")
        assert places(world)[-1] == ("production", "promotion", "starting")


def test_it_can_be_stopped_and_be_let_go_at_once(tmp_path: Path) -> None:
    with open_world(tmp_path, SOAK) as world:
        merge(world, "one", by="bob")
        another_tool(world, "success")
        world.presses("maria", world.parent(2), "Stop")
        stopped = places(world)[-1]
        merge(world, "two", by="bob")
        another_tool(world, "success")
        world.presses("maria", world.parent(4), "Deploy now")
        another_tool(world, "success")
        world.wait(hours=1)

        assert stopped == ("production", "promotion", "cancelled")
        assert [one for one in places(world) if one[0] == "production"] == [
            ("production", "promotion", "cancelled"),
            ("production", "promotion", "superseded"),
            ("production", "chat", "succeeded"),
        ]


def test_what_follows_there_takes_its_place_and_its_card(tmp_path: Path) -> None:
    with open_world(tmp_path, SOAK) as world:
        merge(world, "one", by="bob")
        another_tool(world, "success")
        world.wait(minutes=10)
        sha = merge(world, "two", by="bob")
        another_tool(world, "success")

        assert channel(world, "#web").count("⏰ *web → production*  follows by itself at 10:40 UTC") == 1
        assert not any("⏭" in line for line in channel(world, "#web"))
        world.wait(minutes=31)
        assert world.github.deployments(REPOSITORY)[-1].sha == sha
        assert [state for place, _, state in places(world) if place == "production"] == ["superseded", "starting"]


def test_what_was_taken_back_does_not_go_on(tmp_path: Path) -> None:
    with open_world(tmp_path, SOAK) as world:
        for name in ("one", "two"):
            merge(world, name, by="bob")
            another_tool(world, "success")
        world.says("maria", "rollback staging")
        another_tool(world, "success")
        world.wait(hours=1)

        assert [state for place, _, state in places(world) if place == "production"] == ["superseded", "cancelled"]
        assert "staging was rolled back" in parent(world, 4)


def test_nothing_older_than_what_is_there_goes_on_by_itself(tmp_path: Path) -> None:
    with open_world(tmp_path, AUTO) as world:
        old = merge(world, "one", by="bob")
        another_tool(world, "success")
        another_tool(world, "success")
        merge(world, "two", by="bob")
        another_tool(world, "success")
        another_tool(world, "success")
        world.says("maria", f"deploy {old} to staging")
        another_tool(world, "success")

        live = world.store.reads().last_success("web", "production")
        assert live is not None
        assert live.sha != old
        assert [place for place, _, _ in places(world)].count("production") == 2


def test_a_success_that_is_told_twice_goes_on_once(tmp_path: Path) -> None:
    with open_world(tmp_path, AUTO) as world:
        merge(world, "gift", by="bob")
        another_tool(world, "success", "success")
        world.reconcile()

        assert [place for place, _, _ in places(world)].count("production") == 1


def test_a_lock_holds_back_what_goes_on_by_itself(tmp_path: Path) -> None:
    with open_world(tmp_path, AUTO) as world:
        world.says("maria", "lock production because load test")
        merge(world, "gift", by="bob")
        another_tool(world, "success")
        waits = first(world, 2)
        world.says("maria", "unlock production")

        assert waits == "🔒 *web → production*  waits for maria: load test"
        assert places(world)[-1] == ("production", "promotion", "starting")
