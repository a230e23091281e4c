"""The queue: places in line, leaving it, looking at it, and nothing older after something newer."""

from __future__ import annotations

from tests.handlers.scenes import another_tool, answers, cards, creations, facts, news, parent, thread, told
from tests.world import REPOSITORY, World


def branches(world: World, *names: str) -> None:
    for name in names:
        world.github.commit(REPOSITORY, name, f"Add {name}")


def deployed(world: World) -> list[str]:
    """The refs that were deployed, in order."""
    return [one.payload["ref"] for one in world.github.deployments(REPOSITORY)]


def test_each_in_line_knows_who_is_before_them(world: World) -> None:
    branches(world, *"abcd")

    for name in "abcd":
        world.says("maria", f"deploy {name} to staging")

    shas = {name: world.github.repository(REPOSITORY).branches[name][:7] for name in "bcd"}
    assert cards(world, "#web")[1:] == [
        f"⏸️ *web → staging*  is next\nb@{shas['b']} · asked by maria · behind #1 (maria)",
        f"⏸️ *web → staging*  is 2nd in line\nc@{shas['c']} · asked by maria · behind #1 (maria) and #2 (maria)",
        "⏸️ *web → staging*  is 3rd in line\n"
        # Its commit begins with its name.
        f"{shas['d']} · asked by maria · behind #1 (maria), #2 (maria) and #3 (maria)",
    ]


def test_a_long_line_is_not_read_out(world: World) -> None:
    names = [f"branch-{number}" for number in range(8)]
    branches(world, *names)

    for name in names:
        world.says("maria", f"deploy {name} to staging")

    first, facts = parent(world, 8).split("\n")[:2]
    assert first == "⏸️ *web → staging*  is 7th in line"
    assert facts.endswith(" · behind #1 (maria), #2 (maria), #3 (maria), #4 (maria), #5 (maria) and 2 more")


def test_who_leaves_the_queue_makes_room_for_the_others(world: World) -> None:
    branches(world, *"abc")
    for name in "abc":
        world.says("maria", f"deploy {name} to staging")
    offered = world.parent(2).labels

    world.presses("maria", world.parent(2), "Leave queue")
    moved_up = cards(world, "#web")[2]
    another_tool(world, "success")

    sha = world.github.repository(REPOSITORY).branches["c"][:7]
    assert offered == ["Leave queue"]
    assert parent(world, 2).startswith("🛑 *web → staging*  cancelled by maria\n")
    assert thread(world, 2) == ["🛑 cancelled by maria"]
    assert moved_up == f"⏸️ *web → staging*  is next\nc@{sha} · asked by maria · behind #1 (maria)"
    assert deployed(world) == ["a", "c"]


def test_queue_shows_what_runs_and_what_waits_for_what_and_for_how_long(world: World) -> None:
    branches(world, *"abc")
    world.says("maria", "deploy a to staging")
    world.wait(minutes=1)
    world.says("bob", "deploy b to staging")
    world.github.set_status(REPOSITORY, "c", "ci/test", "pending")
    world.says("maria", "deploy c to staging when green")
    world.wait(minutes=2)

    said = world.says("bob", "queue")
    of_one = world.says("bob", "queue web production")

    shas = {name: world.github.repository(REPOSITORY).branches[name][:7] for name in "abc"}
    assert answers(world, said)[0].split("\n") == [
        "What runs, and what waits for what:",
        "*web → staging*",
        f"    🚀 #1 a@{shas['a']} by maria, starting for 3 min",
        f"    1. #2 b@{shas['b']} by bob, in line for 2 min",
        f"    ⏳ #3 c@{shas['c']} by maria, waiting for 2 min: checks are pending: ci/test",
    ]
    assert answers(world, of_one) == ["Nothing runs and nothing waits in web → production."]


def test_queue_shows_how_far_it_is_and_when_a_turn_comes_where_it_is_known_how_long_it_takes(world: World) -> None:
    branches(world, *"vwxyz")
    for name in "vw":
        world.says("maria", f"deploy {name} to staging")
        world.wait(minutes=4)
        another_tool(world, "success")
    for name in "xyz":
        world.says("maria", f"deploy {name} to staging")
    world.wait(minutes=2)

    said = world.says("bob", "queue")
    world.wait(minutes=8)
    late = world.says("bob", "queue")

    shas = {name: world.github.repository(REPOSITORY).branches[name][:7] for name in "xyz"}
    assert answers(world, said)[0].split("\n")[2:] == [
        f"    🚀 #3 x@{shas['x']} by maria, starting for 2 min (2 of ∼4 min)",
        f"    1. #4 y@{shas['y']} by maria, in line for 2 min, starts in about 2 min",
        f"    2. #5 z@{shas['z']} by maria, in line for 2 min, starts in about 6 min",
    ]
    assert answers(world, late)[0].split("\n")[2:4] == [
        f"    🚀 #3 x@{shas['x']} by maria, starting for 10 min (longer than the usual 4 min)",
        f"    1. #4 y@{shas['y']} by maria, in line for 10 min",
    ]


def test_the_card_of_what_waits_keeps_its_time_until_its_turn_comes(world: World) -> None:
    branches(world, *"vwxy")
    for name in "vw":
        world.says("maria", f"deploy {name} to staging")
        world.wait(minutes=4)
        another_tool(world, "success")
    for name in "xy":
        world.says("maria", f"deploy {name} to staging")
    stood = []
    for _ in range(3):
        stood.append((news(world, 4), facts(world, 4)[-1]))
        world.wait(minutes=1)
    world.wait(minutes=9)
    edits = len(world.slack.calls("chat.update"))
    late = news(world, 4), facts(world, 4)[-1]
    world.wait(minutes=2)
    in_vain = len(world.slack.calls("chat.update")) - edits
    another_tool(world, "success")
    world.wait(minutes=5)

    assert stood == [
        ("is next, about 4 min", "behind #3 (maria, 1 s of ∼4 min)"),
        ("is next, about 3 min", "behind #3 (maria, 1 of ∼4 min)"),
        ("is next, about 2 min", "behind #3 (maria, 2 of ∼4 min)"),
    ]
    assert late == ("is next", "behind #3 (maria, longer than the usual 4 min)")
    assert in_vain == 0
    assert world.store.timers.next_due() is None


def test_queue_of_an_environment_that_is_not_there_names_the_nearest(world: World) -> None:
    world.says("bob", "queue web stagging")

    assert told(world, "bob") == ["*web* has no environment called stagging. Did you mean staging?"]


def test_an_older_commit_that_waits_gives_way_to_a_newer_one_of_its_branch(world: World) -> None:
    branches(world, "topic")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    old = world.github.repository(REPOSITORY).branches["topic"]
    said = world.says("maria", "deploy topic to staging when green")
    world.github.commit(REPOSITORY, "topic", "Better")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")

    world.says("bob", "deploy topic to staging")
    another_tool(world, "success")
    world.github.set_status(REPOSITORY, old, "ci/test", "success")
    world.settle()

    newer = world.github.repository(REPOSITORY).branches["topic"][:7]
    gone = f"Superseded by #2 (topic@{newer}), which has all of it"
    assert parent(world, 1).startswith("⏭️ *web → staging*  is part of #2\n")
    assert answers(world, said) == [f"⏭️ @maria {gone[:1].lower()}{gone[1:]}"]
    assert creations(world) == 1


def test_a_merge_that_waits_gives_way_to_the_newer_head_of_its_branch(world: World) -> None:
    branches(world, "topic")
    number = world.github.open_pull_request(REPOSITORY, "topic")
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    merged = world.github.merge_pull_request(REPOSITORY, number)
    world.github.set_status(REPOSITORY, merged, "ci/test", "pending")
    world.settle()
    head = world.github.commit(REPOSITORY, "main", "Hotfix")
    world.github.set_status(REPOSITORY, head, "ci/test", "success")

    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.github.set_status(REPOSITORY, merged, "ci/test", "success")
    world.settle()

    assert world.deployment(1).description == f"Superseded by #2 (main@{head[:7]}), which has all of it"
    assert parent(world, 1).startswith("⏭️ *web → staging*  is part of #2\n")
    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [head]


def test_requests_of_one_branch_that_stand_in_line_go_in_their_order(world: World) -> None:
    branches(world, "a", "topic")
    world.says("maria", "deploy a to staging")
    first = world.github.repository(REPOSITORY).branches["topic"]
    world.says("maria", "deploy topic to staging")
    second = world.github.commit(REPOSITORY, "topic", "Better")
    world.says("maria", "deploy topic to staging")

    for _ in range(3):
        another_tool(world, "success")

    assert [one.sha for one in world.github.deployments(REPOSITORY)][1:] == [first, second]


def test_a_retry_of_something_older_takes_nobodys_place(world: World) -> None:
    branches(world, "topic")
    world.says("maria", "deploy topic to staging")
    another_tool(world, "failure")
    newer = world.github.commit(REPOSITORY, "topic", "Better")
    world.github.set_status(REPOSITORY, newer, "ci/test", "pending")
    world.says("bob", "deploy topic to staging when green")

    world.says("maria", "retry #1")

    assert cards(world, "#web")[1] == (
        "⏳ *web → staging*  waits for its check\n"
        f"topic@{newer[:7]} · asked by bob · first deployment here · still running: `ci/test`"
    )


def test_another_task_of_the_same_branch_is_not_superseded(world: World) -> None:
    branches(world, "topic")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    world.says("maria", "deploy:migrate topic to staging when green")
    world.github.commit(REPOSITORY, "topic", "Better")

    world.says("bob", "deploy topic to staging")

    assert parent(world, 1).startswith("⏳ *web → staging*  `deploy:migrate` waits for its check\n")
