"""Merges that wait share one card; which of them it goes on to show, and that the others have one of their own."""

from __future__ import annotations

from pathlib import Path

from tests.handlers.scenes import seen
from tests.handlers.test_merges import merge
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

WAITS = "⏳ *web → staging*  waits for its first check"


def cards(world: World) -> list[str]:
    """The first lines of all that the bot shows in the channel."""
    bot = world.slack.workspace.user("shipmate").id
    shown = [one for one in world.slack.messages("#web") if one.user == bot and not one.is_reply]
    return [seen(world, read_out(one)).split("\n")[0] for one in shown]


def green(world: World, sha: str) -> None:
    world.github.set_status(REPOSITORY, sha, "build", "success")
    world.settle()


def ends(world: World, number: int) -> None:
    remote = world.deployment(number).remote_id
    assert remote is not None
    for state in ("in_progress", "success"):
        world.github.report_deployment_status(REPOSITORY, remote, state)
    world.settle()
    world.wait(minutes=1)


def test_one_after_another_each_that_goes_has_the_card_and_those_behind_it_a_new_one(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "build", "success")
    shas = [merge(world, f"topic-{number}", by="bob") for number in range(4)]
    shown = [cards(world)]
    for number, sha in enumerate(shas, start=1):
        green(world, sha)
        ends(world, number)
        shown.append(cards(world))

    live = "✅ *web → staging*  is live: #{number} Add topic-{before}"
    assert shown[0] == [WAITS]
    assert [len(one) for one in shown] == [1, 2, 3, 4, 4]
    assert shown[-1] == [live.format(number=number + 1, before=number) for number in range(4)]
    assert len({world.deployment(number).parent for number in (1, 2, 3, 4)}) == 4
    assert len({world.deployment(number).shown_on for number in (1, 2, 3, 4)}) == 4


def test_what_waits_has_a_card_of_its_own_when_the_newest_is_rejected(tmp_path: Path) -> None:
    release = 'deploy_on_merge = ["release"]\napprovals = 1\n'
    with open_world(tmp_path, SETTINGS + release) as world:
        world.github.commit(REPOSITORY, "release", "Start")
        green(world, "release")
        shas = []
        for number in range(2):
            world.github.commit(REPOSITORY, f"topic-{number}", "Add", author="alice")
            pull = world.github.open_pull_request(REPOSITORY, f"topic-{number}", author="alice", base="release")
            shas.append(world.github.merge_pull_request(REPOSITORY, pull, by="alice"))
            world.settle()
        green(world, shas[1])
        world.says("maria", "reject #2")
        world.wait(minutes=1)

        assert [world.deployment(number).state for number in (1, 2)] == ["waiting", "cancelled"]
        assert cards(world) == [
            "🛑 *web → production*  rejected by maria",
            "⏳ *web → production*  waits for its first check and needs an approval",
        ]
