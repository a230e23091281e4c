"""Conversations in which merges come close together, late, or in any order: nothing older follows something newer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.deployments.model import State
from tests.handlers.scenes import another_tool, answers, channel
from tests.handlers.test_merges import merge
from tests.servers.github.webhooks import Webhook
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

OURS = SETTINGS.replace(
    'provider = { type = "external" }', 'provider = { type = "local", directory = "{directory}/releases" }'
)


CHECKED = OURS.replace("deploy_on_merge", 'required_checks = ["ci/test"]\ndeploy_on_merge')


def open_pull(world: World, branch: str) -> int:
    world.github.commit(REPOSITORY, branch, f"Add {branch}", author="alice", files={branch: "x"})
    return world.github.open_pull_request(REPOSITORY, branch, author="alice")


def merges(world: World, *branches: str) -> list[tuple[str, Webhook]]:
    """Merged within one second, as a merge queue does; the commits in the order of the branch, with their webhooks."""
    world.hold_webhooks = True
    numbers = [open_pull(world, branch) for branch in branches]
    shas = [world.github.merge_pull_request(REPOSITORY, number) for number in numbers]
    closed = [one for one in world.github.webhooks_of("pull_request") if one.json["action"] == "closed"]
    return list(zip(shas, closed[-len(branches) :], strict=True))


def shipped(world: World) -> list[str]:
    return [one.sha for one in world.github.deployments(REPOSITORY)]


def green(world: World, sha: str, state: str = "success") -> None:
    world.github.set_status(REPOSITORY, sha, "ci/test", state)
    world.hold_webhooks = False
    world.settle()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_merges_of_one_second_end_with_the_newest_in_whatever_order_they_are_heard_of(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    with open_world(tmp_path, OURS) as world:
        group = merges(world, "one", "two", "three")

        for index in order:
            world.deliver(group[index][1])

        assert shipped(world)[-1] == group[2][0]
        assert world.store.reads().last_success("web", "staging").sha == group[2][0]  # type: ignore[union-attr]


def test_what_is_said_of_the_older_one_is_true(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS) as world:
        (_, first), (newer, second) = merges(world, "one", "two")

        world.deliver(second)
        world.deliver(first)

        assert shipped(world) == [newer]
        superseded = world.deployment(2)
        assert superseded.description == f"Superseded by #1 (main@{newer[:7]}), which has all of it"
        # It is a row, and no message.
        assert channel(world, "#web") == ["✅ *web → staging*  is live: #2 Add two"]
        why = world.says("maria", "why #2")
        assert superseded.description in answers(world, why)[0]


def test_the_newest_green_one_goes_and_a_newer_one_that_still_waits_holds_nothing_up(tmp_path: Path) -> None:
    with open_world(tmp_path, CHECKED) as world:
        first, second, third = merge(world, "one"), merge(world, "two"), merge(world, "three")
        green(world, third, "failure")

        green(world, second)

        assert shipped(world) == [second]
        assert world.deployment(1).state is State.SUPERSEDED
        assert world.deployment(3).state is State.WAITING
        green(world, first)
        assert shipped(world) == [second]
        green(world, third)
        assert shipped(world) == [second, third]


def test_one_that_turns_green_after_a_newer_one_has_gone_gives_way(tmp_path: Path) -> None:
    with open_world(tmp_path, CHECKED) as world:
        first = merge(world, "one")
        world.says("maria", 'deploy main to staging --force "at once"')
        newer = world.github.repository(REPOSITORY).branches["main"]

        green(world, first)

        assert newer == first
        assert shipped(world) == [first]


def test_of_several_that_stand_in_the_queue_the_newest_goes_next(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        merge(world, "one")
        second, third = merge(world, "two"), merge(world, "three")
        world.github.commit(REPOSITORY, "topic", "Something else")
        world.says("maria", "deploy topic to staging")

        another_tool(world, "in_progress", "success")

        assert shipped(world)[1:] == [third]
        assert world.deployment(2).superseded_by == 3
        assert world.deployment(4).state is State.WAITING
        assert second not in shipped(world)
        another_tool(world, "in_progress", "success")
        assert world.deployment(4).state is State.STARTING


def test_of_several_in_the_queue_one_that_turned_red_lets_the_one_before_it_go(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        merge(world, "one")
        second, third = merge(world, "two"), merge(world, "three")
        world.hold_webhooks = True
        world.github.set_status(REPOSITORY, third, "ci/test", "failure")
        world.hold_webhooks = False

        another_tool(world, "in_progress", "success")

        assert shipped(world)[1:] == [second]
        assert world.deployment(3).state is State.WAITING


def test_people_may_go_back_and_merges_follow_only_forwards(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS) as world:
        first, second = merge(world, "one"), merge(world, "two")

        world.says("maria", f"deploy {first} to staging")
        third = merge(world, "three")

        assert shipped(world) == [first, second, first, third]


def test_a_merge_that_somebody_has_shipped_already_is_not_shipped_again(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS) as world:
        ((sha, webhook),) = merges(world, "one")
        world.says("maria", "deploy main to staging")

        world.deliver(webhook)

        assert shipped(world) == [sha]
        assert world.deployment(2).description == f"Superseded by #1 (main@{sha[:7]}), which is this very commit"
        assert channel(world, "#web") == ["✅ *web → staging*  is live"]


def test_a_branch_that_was_forced_back_goes_on_from_there(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS) as world:
        start = world.github.repository(REPOSITORY).branches["main"]
        merge(world, "one")
        world.github.repository(REPOSITORY).branches["main"] = start

        again = merge(world, "two")

        assert shipped(world)[-1] == again


@pytest.mark.parametrize("status", [403, 404, 422, 500])
def test_where_two_commits_cannot_be_compared_their_lists_tell(tmp_path: Path, status: int) -> None:
    """GitHub may not know a commit everywhere that was merged a moment ago."""
    with open_world(tmp_path, OURS.replace("deploy_on_merge", 'required_checks = "none"\ndeploy_on_merge')) as world:
        (_, first), (newer, second) = merges(world, "one", "two")
        world.deliver(second)
        world.restart()
        world.github.fail_next("GET", r"/compare/", status, times=6)

        world.deliver(first)
        world.wait(minutes=2)

        assert shipped(world) == [newer]
        assert world.deployment(2).description == f"Superseded by #1 (main@{newer[:7]}), which has all of it"


def test_a_merge_that_github_does_not_list_yet_is_not_taken_for_a_newer_one(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS.replace("deploy_on_merge", 'required_checks = "none"\ndeploy_on_merge')) as world:
        (_, first), (newer, second) = merges(world, "one", "two")
        world.deliver(second)
        world.restart()
        world.github.fail_next("GET", r"/compare/", 404, times=3)
        world.github.fail_next("GET", r"/commits$", 404, times=3)

        world.deliver(first)
        world.wait(minutes=2)

        assert shipped(world) == [newer]


def test_a_merge_that_its_branch_has_dropped_does_not_follow_what_it_was_forced_to(tmp_path: Path) -> None:
    with open_world(tmp_path, CHECKED) as world:
        start = world.github.repository(REPOSITORY).branches["main"]
        dropped = merge(world, "one")
        world.github.branch(REPOSITORY, "main", at=start)
        kept = merge(world, "two")
        green(world, kept)

        green(world, dropped)

        assert shipped(world) == [kept]
        assert world.deployment(1).description == (
            f"Superseded by #2 (main@{kept[:7]}), as the branch was forced to another history and has this commit no "
            "more"
        )
        assert channel(world, "#web")[-1] == "⏭️ *web → staging*  gave way to #2"


def test_a_pattern_names_the_branches_whose_merges_are_deployed(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS.replace('["main"]', '["release/*"]')) as world:
        for base in ("release/1", "release/1/fix"):
            world.github.branch(REPOSITORY, base)
        world.reconcile()
        world.wait(minutes=3)
        world.github.commit(REPOSITORY, "one", "Add one", author="alice")
        number = world.github.open_pull_request(REPOSITORY, "one", base="release/1")
        sha = world.github.merge_pull_request(REPOSITORY, number)
        world.settle()
        merge(world, "elsewhere")
        world.hold_webhooks = True
        world.github.commit(REPOSITORY, "two", "Add two", author="alice")
        lost = world.github.open_pull_request(REPOSITORY, "two", base="release/1")
        found_later = world.github.merge_pull_request(REPOSITORY, lost)
        world.wait(minutes=3)
        world.reconcile()

        assert shipped(world) == [sha, found_later]


def test_events_of_a_merge_queue_are_known_and_mean_nothing(world: World) -> None:
    body = json.dumps(
        {"action": "checks_requested", "merge_group": {}, "repository": {"full_name": REPOSITORY}}
    ).encode()
    webhook = merges(world, "one")[0][1]

    world.deliver(Webhook(**{**vars_of(webhook), "event": "merge_group", "delivery_id": "queue-1", "body": body}))

    assert shipped(world) == []


def vars_of(webhook: Webhook) -> dict[str, object]:
    return {name: getattr(webhook, name) for name in webhook.__dataclass_fields__}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_last_commit_that_may_be_deployed_is_what_is_live(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Merges, their webhooks and their checks in any order."""
    with open_world(tmp_path_factory.mktemp("w"), CHECKED) as world:
        group = merges(world, *[f"b{n}" for n in range(data.draw(st.integers(1, 4)))])
        checks = {sha: data.draw(st.sampled_from(["success", "failure", None])) for sha, _ in group}
        steps = [("merged", n) for n in range(len(group))] + [
            ("checked", n) for n, (sha, _) in enumerate(group) if checks[sha]
        ]
        for kind, n in data.draw(st.permutations(steps)):
            sha, webhook = group[n]
            if kind == "merged":
                world.deliver(webhook)
                continue
            world.github.set_status(REPOSITORY, sha, "ci/test", checks[sha])
            world.deliver(world.github.webhooks_of("status")[-1])

        order = [sha for sha, _ in group]
        went = [order.index(sha) for sha in shipped(world)]
        may = [n for n, sha in enumerate(order) if checks[sha] == "success"]
        assert went == sorted(set(went))
        assert (went[-1:] or None) == (may[-1:] or None)
