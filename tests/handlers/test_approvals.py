"""Approvals: asked for, given, refused, used again, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, answers, broadcasts, creations, facts, news, parent, thread, told
from tests.world import REPOSITORY, World
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.staging]
checks_settle = "0s"

[apps.web.environments.production]
checks_settle = "0s"
approvals = 1
"""
TWO = SETTINGS.replace("approvals = 1", "approvals = 2")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, SETTINGS) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        yield world


@pytest.fixture
def twice(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, TWO) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        add_person(world, "eve", "write")
        yield world


def add_person(world: World, name: str, level: str, login: str = "") -> None:
    """Somebody whose e-mail address tells who they are on GitHub."""
    person = world.slack.add_user(name, email=f"{name}@example.com")
    for channel in world.slack.workspace.channels.values():
        if channel.of is None:
            channel.members.add(person.id)
    world.github.people.emails[login or name] = f"{name}@example.com"
    if not login:
        world.github.set_permission(REPOSITORY, name, level)


def test_a_request_waits_for_approval_and_starts_when_somebody_else_gives_it(guarded: World) -> None:
    said = guarded.says("maria", "deploy topic to production")
    waiting, buttons = parent(guarded, 1), (guarded.parent(1).labels, guarded.parent(1).menu)
    asked = answers(guarded, said)

    guarded.presses("bob", guarded.parent(1), "Approve")

    assert asked == ["🙋 needs 1 approval"]
    assert waiting.split("\n") == [
        "🙋 *web → production*  needs 1 approval",
        "topic@64fd7b0 · asked by maria · first deployment here · until 11:00 UTC, then it is given up",
    ]
    assert buttons == (["Approve", "Reject…"], ["Cancel", "Details", "Copy command"])
    assert parent(guarded, 1).split("\n") == [
        "🚀 *web → production*  is under way",
        "topic@64fd7b0 · maria, approved by bob · first deployment here · since 10:00 UTC",
    ]
    assert answers(guarded, said) == thread(guarded, 1) == ["✅ approved after 0 s\n👍 bob"]
    assert creations(guarded) == 1


def test_the_names_stay_in_the_message(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", "approve #1")

    another_tool(guarded, "in_progress", "success")

    assert news(guarded, 1) == "is live"
    assert facts(guarded, 1)[:2] == ["topic@64fd7b0", "maria, approved by bob"]


def test_approving_by_command_is_answered_where_it_was_said(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")

    said = guarded.says("bob", "approve", "#random")
    other = guarded.says("bob", "approve")

    assert answers(guarded, said) == ["You approved #1 (*web* → *production*, topic@64fd7b0). That is enough."]
    assert answers(guarded, other) == []
    assert told(guarded, "bob") == ["Nothing waits for approval here. `queue` shows what waits for what."]


def test_nobody_approves_their_own_request(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")

    guarded.presses("maria", guarded.parent(1), "Approve")

    assert told(guarded, "maria") == [
        "#1 is your own request, so somebody else has to approve it. You can take it back: `cancel #1`"
    ]
    assert creations(guarded) == 0


def test_the_settings_may_let_people_approve_their_own_requests(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + "self_approval = true\n") as world:
        world.says("maria", "deploy to production")

        world.says("maria", "approve #1")

        assert facts(world, 1)[1] == "maria, approved by maria"
        assert creations(world) == 1


def test_several_approvals_are_counted_by_person(twice: World) -> None:
    twice.says("maria", "deploy topic to production")
    twice.presses("bob", twice.parent(1), "Approve")
    after_one = (news(twice, 1), facts(twice, 1)[3], thread(twice, 1))
    twice.presses("bob", twice.parent(1), "Approve")

    twice.presses("eve", twice.parent(1), "Approve")

    assert after_one == ("needs 1 more approval", "👍 bob", ["🙋 needs 1 more approval\n👍 bob"])
    assert told(twice, "bob") == ["You have approved #1 already; 1 more approval is needed from others."]
    assert [line.split("\n")[1] for line in thread(twice, 1)] == ["👍 bob and eve"]
    assert facts(twice, 1)[1] == "maria, approved by bob and eve"
    assert creations(twice) == 1


def test_two_accounts_of_one_person_count_once(twice: World) -> None:
    add_person(twice, "bob-again", "none", login="bob")
    twice.says("maria", "deploy topic to production")
    twice.says("bob", "approve #1")

    twice.says("bob-again", "approve #1")

    assert told(twice, "bob-again") == ["You have approved #1 already; 1 more approval is needed from others."]
    assert creations(twice) == 0


def test_a_no_ends_it_and_says_who_and_why(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")

    guarded.says("bob", 'reject #1 "the migration is missing"')

    assert parent(guarded, 1).split("\n") == [
        "🛑 *web → production*  rejected by bob: the migration is missing",
        "topic@64fd7b0 · asked by maria",
    ]
    assert thread(guarded, 1) == [
        "🛑 waited for approval",
        "🛑 @maria rejected by bob: the migration is missing",
    ]
    assert creations(guarded) == 0


def test_after_a_no_earlier_approvals_count_no_longer(twice: World) -> None:
    twice.says("maria", "deploy topic to production")
    twice.says("bob", "approve #1")
    twice.presses("eve", twice.parent(1), "Reject")

    twice.says("maria", "deploy topic to production")

    assert news(twice, 2) == "needs 2 approvals"
    assert "👍" not in parent(twice, 2)


def test_only_approvers_approve(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + 'approvers = ["acme/leads"]\n') as world:
        world.github.people.teams["acme/leads"] = {"eve": "active"}
        world.says("maria", "deploy to production")

        world.presses("bob", world.parent(1), "Approve")

        assert news(world, 1) == "needs 1 approval, from @acme/leads"
        assert told(world, "bob") == ["🚫 bob may not approve for production: that is for acme/leads; ask one of them"]
        assert creations(world) == 0


def test_who_may_not_deploy_may_not_approve(guarded: World) -> None:
    add_person(guarded, "dan", "read")
    guarded.says("maria", "deploy topic to production")

    guarded.says("dan", "approve #1")

    assert told(guarded, "dan") == [
        "🚫 dan may not approve for production: dan has only read permission on acme/web, and it takes write; "
        "its admins can give it"
    ]


def test_it_is_given_up_when_nobody_approves_in_time(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")

    guarded.wait(minutes=59)
    before = news(guarded, 1)
    guarded.wait(minutes=2)

    assert before == "needs 1 approval"
    assert parent(guarded, 1).split("\n") == [
        "⌫ *web → production*  was not approved in time",
        "topic@64fd7b0 · asked by maria · 0 of 1 approvals",
    ]
    assert thread(guarded, 1) == [
        "⌫ waited 1 h for approval",
        "⌫ @maria given up: nobody approved it within 1 h",
    ]
    assert broadcasts(guarded, "#web") == []
    assert creations(guarded) == 0


def test_it_is_given_up_when_too_few_approve_in_time(twice: World) -> None:
    twice.says("maria", "deploy topic to production")
    twice.says("bob", "approve #1")

    twice.wait(minutes=61)

    assert news(twice, 1) == "was not approved in time"
    assert "1 of 2 approvals, bob" in facts(twice, 1)
    assert thread(twice, 1)[0] == "⌫ waited 1 h for approval\n👍 bob"


def test_the_same_commit_needs_no_new_approval_for_a_while(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", "approve #1")
    another_tool(guarded, "failure")

    guarded.presses("maria", guarded.parent(1), "Retry")

    assert news(guarded, 2) == "is under way"
    assert facts(guarded, 2)[:2] == ["topic@64fd7b0", "maria, approved by bob (for #1)"]
    assert thread(guarded, 2) == []
    assert creations(guarded) == 2


def test_an_old_approval_does_not_count_for_a_new_request(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", "approve #1")
    another_tool(guarded, "failure")
    guarded.wait(minutes=61)

    guarded.says("maria", "retry #1")

    assert news(guarded, 2) == "needs 1 approval"


def test_an_approval_holds_for_this_commit_task_and_parameters_only(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", "approve #1")
    another_tool(guarded, "success")

    guarded.says("maria", "deploy main to production")
    guarded.says("maria", "deploy:migrate topic to production")
    guarded.says("maria", "deploy topic to production steps=all")

    waiting = [news(guarded, number) for number in (2, 3, 4)]
    assert waiting == ["needs 1 approval", "`deploy:migrate` needs 1 approval", "needs 1 approval"]


def test_ones_own_approval_of_somebody_elses_request_does_not_help_oneself(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", "approve #1")
    another_tool(guarded, "failure")

    guarded.says("bob", "deploy topic to production")

    assert news(guarded, 2) == "needs 1 approval"


def test_the_gates_are_asked_again_when_the_last_approval_is_there(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.github.set_status(REPOSITORY, "topic", "ci/test", "failure")
    guarded.settle()

    guarded.says("bob", "approve #1")

    assert news(guarded, 1) == "`ci/test` failed"
    assert "👍 bob" in facts(guarded, 1)
    assert creations(guarded) == 0


def test_what_is_approved_while_it_waits_for_checks_starts_when_they_are_green(guarded: World) -> None:
    guarded.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    guarded.says("maria", "deploy topic to production when green")
    guarded.presses("bob", guarded.parent(1), "Approve")
    before = creations(guarded)

    guarded.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    guarded.settle()

    assert before == 0
    assert creations(guarded) == 1


def test_a_merge_waits_for_approval_too(tmp_path: Path) -> None:
    settings = SETTINGS + 'deploy_on_merge = ["main"]\n'
    with open_world(tmp_path, settings) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        number = world.github.open_pull_request(REPOSITORY, "topic", title="Search")
        world.github.merge_pull_request(REPOSITORY, number, by="maria")
        world.settle()
        world.says("maria", "approve #1")

        world.says("bob", "approve #1")

        assert told(world, "maria")[0].startswith("#1 is your own request")
        assert facts(world, 1)[1] == "merged by maria, approved by bob"
        assert creations(world) == 1


def test_a_rollback_needs_no_approval(guarded: World) -> None:
    for ref in ("main", "topic"):
        guarded.says("maria", f"deploy {ref} to production")
        guarded.says("bob", "approve")
        another_tool(guarded, "success")
        guarded.wait(hours=2)

    guarded.says("maria", "rollback web on production")

    assert news(guarded, 3).startswith("is under way")
    assert facts(guarded, 3)[0].startswith("main@")
    assert creations(guarded) == 3


def test_what_runs_or_has_ended_needs_no_approval(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("bob", "approve #1")
    guarded.says("bob", "approve #1")
    another_tool(guarded, "success")

    guarded.says("bob", "reject #1")
    guarded.says("bob", "approve #9")

    assert told(guarded, "bob") == [
        "#1 needs no approval: it is starting.",
        "#1 has ended already: it succeeded.",
        "There is no deployment #9. `deploys` lists the last ones.",
    ]


def test_several_that_wait_are_offered_as_buttons(guarded: World) -> None:
    guarded.says("maria", "deploy topic to production")
    guarded.says("maria", "deploy main to production")

    guarded.says("bob", "approve")
    guarded.presses("bob", guarded.slack.ephemerals("bob")[-1], "Approve #1 web → production (topic)")

    assert told(guarded, "bob")[0] == "Which one do you want to approve?"
    assert guarded.slack.ephemerals("bob")[0].labels == [
        "Approve #1 web → production (topic)",
        "Approve #2 web → production (main)",
    ]
    assert creations(guarded) == 1


def test_a_force_does_not_pass_approval(guarded: World) -> None:
    guarded.says("maria", 'deploy! topic to production --force "it is urgent"')

    assert news(guarded, 1) == "needs 1 approval"
    assert creations(guarded) == 0


def test_whoever_asked_for_what_needs_no_approval_is_told_that_it_needs_none(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")

    world.says("maria", "approve #1")

    assert "needs no approval" in told(world, "maria")[-1]
