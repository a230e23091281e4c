"""Conversations in the thread of a deployment: what is left out there is the thread's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.deployments.model import State
from tests.handlers.scenes import another_tool, answers, parent, told
from tests.servers.slack.state import Message
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world


@pytest.fixture
def versions(world: World) -> list[str]:
    """Two commits of main in staging (#1, #2) and in production (#3, #4), one after the other."""
    shas = []
    for environment in ("staging", "production"):
        for n in (1, 2):
            shas.append(world.github.commit(REPOSITORY, "main", f"Version {n} for {environment}"))
            world.says("maria", f"deploy main to {environment}")
            another_tool(world, "success")
    return shas


def card(world: World, deployment_id: int) -> Message:
    return world.parent(deployment_id)


def under(world: World, person: str, text: str, deployment_id: int) -> Message:
    """Somebody says something under the card of a deployment."""
    return world.says(person, text, thread=card(world, deployment_id).ts)


def buttons(world: World, person: str) -> dict[str, str]:
    """The labels and the commands of what this person alone was shown last."""
    return {one["text"]["text"]: one["value"] for one in world.slack.ephemerals(person)[-1].buttons}


def last(world: World) -> tuple[str, str, str]:
    """The environment, the commit and the trigger of the newest deployment."""
    newest = world.store.reads().history(app=None, environment=None, ref=None, limit=1)[0]
    return newest.environment, newest.sha, newest.trigger


@pytest.mark.parametrize(
    "said", ["rollback", "undo", "undo that", "roll it back", "Please roll it back.", "can you revert this?", "undo it"]
)
def test_a_rollback_in_the_thread_of_a_staging_deployment_is_one_of_staging(
    world: World, versions: list[str], said: str
) -> None:
    under(world, "bob", said, 2)

    assert last(world) == ("staging", versions[0], "rollback")
    assert world.deployment(5).rollback_of == 2


@pytest.mark.parametrize("said", ["cancel staging", "stop the deployment to staging", "cancel web"])
def test_a_place_stands_for_the_deployment_that_is_there(world: World, versions: list[str], said: str) -> None:
    world.says("maria", "deploy main to staging")

    world.says("maria", said)

    assert world.deployment(5).state is State.CANCELLED


def test_outside_of_threads_unlock_it_offers_what_is_locked(world: World, versions: list[str]) -> None:
    world.says("bob", "unlock it")
    world.says("maria", "lock staging")
    nothing = told(world, "bob")[-1]
    world.says("maria", "unlock this")
    offered = buttons(world, "maria")
    world.says("bob", "take over it because of a hotfix")

    assert offered == {"Unlock staging on web": "unlock staging on web"}
    assert nothing == "Nothing is locked here. `locks` shows who holds what."
    assert list(buttons(world, "bob").values()) == ["take over staging on web because of a hotfix"]


def test_a_place_wins_over_the_thread(world: World, versions: list[str]) -> None:
    world.says("maria", "deploy main to staging")
    under(world, "maria", "cancel production", 5)
    under(world, "maria", "redeploy production", 5)

    assert not world.deployment(5).ended
    nothing_there = "There is nothing to cancel in *web → production*. `queue` shows what runs and what waits."
    assert told(world, "maria")[-1] == nothing_there
    assert last(world) == ("production", versions[3], "retry")


def test_what_is_deployed_again_in_a_place_is_what_is_there(world: World, versions: list[str]) -> None:
    world.github.commit(REPOSITORY, "main", "Not deployed yet")

    world.says("bob", "redeploy staging")

    assert last(world) == ("staging", versions[1], "retry")


def test_an_app_alone_does_not_say_where_to_deploy_again(world: World, versions: list[str]) -> None:
    world.says("bob", "retry web")

    assert told(world, "bob")[-1].startswith("web has several of them. Which one do you mean?")
    assert buttons(world, "bob") == {"Retry #2": "retry #2", "Retry #4": "retry #4"}
    asks = {one["value"]: bool(one.get("confirm")) for one in world.slack.ephemerals("bob")[-1].buttons}
    assert asks == {"retry #2": False, "retry #4": True}
    assert last(world) == ("production", versions[3], "chat")


@pytest.mark.parametrize("said", ["approve PR 2", "cancel pull request #2", "retry mr 2", "revert PR 2"])
def test_the_number_of_a_pull_request_is_none_of_a_deployment(world: World, versions: list[str], said: str) -> None:
    world.says("maria", said)

    assert last(world) == ("production", versions[3], "chat")
    assert "I need the number of a deployment" in world.told("maria")[-1]


def test_under_the_command_it_is_the_same_as_under_the_card(world: World) -> None:
    first = world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Version 2")
    said = world.says("maria", "deploy main to staging")
    another_tool(world, "success")

    world.says("bob", "rollback", thread=said.ts)

    assert last(world) == ("staging", first, "rollback")


@pytest.mark.parametrize("said", ["cancel", "cancel that", "stop it", "abort", "kill it please", "don't deploy this"])
def test_what_is_stopped_in_a_thread_is_its_deployment(world: World, said: str) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy main to production")

    under(world, "maria", said, 1)

    assert [world.deployment(n).state for n in (1, 2)] == ["cancelled", "starting"]


@pytest.mark.parametrize("said", ["retry", "retry it", "deploy again", "redeploy", "try again please", "run it again"])
def test_a_retry_in_a_thread_is_of_its_deployment(world: World, said: str) -> None:
    old = world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    world.github.commit(REPOSITORY, "main", "Version 2")
    world.says("maria", "deploy main to production")
    another_tool(world, "failure")

    under(world, "bob", said, 1)

    assert last(world) == ("staging", old, "retry")
    assert world.deployment(3).retry_of == 1


@pytest.mark.parametrize(
    "said", ["deploy it to production", "deploy this to prod", "can you ship it to production?", "put it on production"]
)
def test_it_is_the_commit_of_the_thread_wherever_its_branch_is_by_now(world: World, said: str) -> None:
    world.github.commit(REPOSITORY, "main", "Main")
    old = world.github.commit(REPOSITORY, "topic", "First try")
    world.says("maria", "deploy topic to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "topic", "Second try")

    under(world, "bob", said, 1)

    assert last(world) == ("production", old, "chat")
    assert f"\ntopic@{old[:7]} · bob" in parent(world, 2)


def test_it_is_deployed_although_its_branch_is_gone(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Main")
    old = world.github.commit(REPOSITORY, "topic", "First try")
    world.says("maria", "deploy topic to staging")
    another_tool(world, "success")
    world.github.delete_branch(REPOSITORY, "topic")

    under(world, "bob", "deploy it to production", 1)

    assert last(world) == ("production", old, "chat")


@pytest.mark.parametrize("said", ["lock it", "lock", "lock this for 2h", "lock because testing", "reserve it for 2h"])
def test_a_lock_in_a_thread_is_of_its_environment(world: World, versions: list[str], said: str) -> None:
    under(world, "bob", said, 2)

    held = world.store.reads().locks.all()
    assert [one.place for one in held] == [("web", "staging")]
    under(world, "bob", "unlock", 2)
    assert world.store.reads().locks.all() == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("status", "*web* · main is 2 ahead of staging\nwhere | what is live | since | now\nstaging | main@{1}"),
        ("what's up?", "*web* · main is 2 ahead of staging\nwhere | what is live | since | now\nstaging | main@{1}"),
        ("queue", "Nothing runs and nothing waits in web → staging."),
        ("deploys", "The last deployments of web in staging:"),
        ("history", "The last deployments of web in staging:"),
    ],
)
def test_a_look_in_a_thread_is_at_its_environment(world: World, versions: list[str], said: str, answer: str) -> None:
    said_at = under(world, "bob", said, 2)

    read = answers(world, said_at)[-1]
    assert read.startswith(answer.replace("{1}", versions[1][:7]))
    assert "production" not in read


@pytest.mark.parametrize("said", ["logs", "log", "show me the log", "why did it fail?", "what went wrong"])
def test_the_log_in_a_thread_is_its_deployments(world: World, said: str) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    for environment in ("staging", "production"):
        world.says("maria", f"deploy main to {environment}")
        another_tool(world, "failure", log_url=f"https://ci.example.com/{environment}", description="Disk full")

    said_at = under(world, "bob", said, 1)

    assert answers(world, said_at)[-1].split("\n")[0].startswith("❌ #1  *web → staging*")
    assert "Failed: Disk full" in answers(world, said_at)[-1]


def test_outside_of_threads_the_log_is_of_the_last_that_failed(world: World, versions: list[str]) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "error", description="Disk full")
    world.says("maria", "deploy main to production")
    another_tool(world, "success")

    said_at = world.says("bob", "why did it fail?")
    none = world.says("bob", "logs in production")

    assert answers(world, said_at)[-1].startswith("❌ #5  *web → staging*")
    assert told(world, "bob")[-1] == (
        "No deployment of web in production has failed lately. `deploys` lists the last ones; `logs #12` shows the log "
        "of one."
    )
    assert answers(world, none) == []


@pytest.mark.parametrize(
    ("said", "environment"),
    [("rollback production", "production"), ("rollback on prod", "production"), ("rollback web", "staging")],
)
def test_what_is_named_wins_over_the_thread(world: World, versions: list[str], said: str, environment: str) -> None:
    under(world, "bob", said, 2)

    assert last(world)[0] == environment


def test_who_looks_at_an_app_looks_at_all_of_it(world: World, versions: list[str]) -> None:
    said = under(world, "bob", "status web", 2)

    places = [line.split(" | ")[0] for line in answers(world, said)[-1].split("\n")[2:]]
    assert places == ["staging", "production"]


def test_a_number_wins_over_the_thread(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy main to production")

    under(world, "maria", "cancel #2", 1)

    assert [world.deployment(n).state for n in (1, 2)] == ["starting", "cancelled"]


def test_what_is_no_longer_there_is_not_taken_back_for_something_else(world: World, versions: list[str]) -> None:
    under(world, "bob", "rollback", 1)

    assert told(world, "bob")[-1] == (
        f"#2 (main@{versions[1][:7]}) was deployed to *web → staging* after #1. A rollback would take that one back."
    )
    assert buttons(world, "bob") == {"Rollback web on staging": "rollback web on staging"}
    assert len(world.store.reads().history(app=None, environment=None, ref=None, limit=9)) == 4


@pytest.mark.parametrize("said", ["undo #1", "roll #1 back", "roll back deployment #1", "revert #1"])
def test_a_deployment_is_taken_back_by_its_number_only_where_it_is_there(
    world: World, versions: list[str], said: str
) -> None:
    world.says("bob", said)

    assert told(world, "bob")[-1].startswith(f"#2 (main@{versions[1][:7]}) was deployed to *web → staging* after #1.")
    world.says("bob", said.replace("#1", "#2"))
    assert last(world) == ("staging", versions[0], "rollback")


def test_what_runs_still_is_not_taken_back(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")

    under(world, "maria", "undo", 1)

    assert told(world, "maria")[-1] == (
        "#1 has not ended yet, so there is nothing to take back. To stop it: `cancel #1`."
    )


def test_a_retry_of_something_older_says_what_is_there_now(world: World, versions: list[str]) -> None:
    said = under(world, "bob", "retry", 1)

    assert answers(world, said)[-1] == f"Mind that #2 (main@{versions[1][:7]}) is live there since #1."


def test_outside_of_threads_undo_asks_what_is_meant(world: World, versions: list[str]) -> None:
    for said in ("undo", "revert", "roll it back", "undo that", "please roll it back"):
        world.says("bob", said)

        assert told(world, "bob")[-1] == "Which one do you mean? In the thread of a deployment I would know."
        assert buttons(world, "bob") == {
            "Rollback web on production": "rollback web on production",
            "Rollback web on staging": "rollback web on staging",
        }
    assert len(world.store.reads().history(app=None, environment=None, ref=None, limit=9)) == 4


def test_what_touches_production_is_confirmed(world: World, versions: list[str]) -> None:
    world.says("bob", "undo")

    confirms = [one.get("confirm") for one in world.slack.ephemerals("bob")[-1].buttons]
    assert [bool(one) for one in confirms] == [True, False]
    world.presses("bob", world.slack.ephemerals("bob")[-1], "Rollback web on staging")
    assert last(world) == ("staging", versions[0], "rollback")


@pytest.mark.parametrize(
    ("said", "labels"),
    [
        ("cancel it", ["Cancel #2", "Cancel #1"]),
        ("stop that", ["Cancel #2", "Cancel #1"]),
        ("lock it", ["Lock staging on web", "Lock production on web"]),
        ("lock it for 2h", ["Lock staging on web for 2h", "Lock production on web for 2h"]),
        ("deploy it to production", ["Deploy web/main@{0} to production"]),
        ("approve it", None),
        ("retry it", None),
    ],
)  # fmt: skip
def test_outside_of_threads_it_is_asked_about(world: World, said: str, labels: list[str] | None) -> None:
    sha = world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy main to production")

    world.says("maria", said)

    assert world.slack.ephemerals("maria")[-1].labels == [one.replace("{0}", sha[:7]) for one in labels or []]
    assert [world.deployment(n).state for n in (1, 2)] == ["starting", "starting"]
    assert world.store.reads().locks.all() == []


def test_nothing_named_in_the_thread_of_a_branch_is_asked_about(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Main")
    sha = world.github.commit(REPOSITORY, "topic", "Topic")
    world.says("maria", "deploy topic to staging")
    another_tool(world, "failure")

    under(world, "maria", "deploy", 1)

    assert told(world, "maria")[-1] == (
        f"What do you want to deploy? This thread is about topic@{sha[:7]}, and where nothing is named I take main."
    )
    assert buttons(world, "maria") == {
        f"Deploy web/topic@{sha[:7]} to staging": f"deploy web/topic@{sha} to staging",
        "Deploy web/topic to staging": "deploy web/topic to staging",
        "Deploy web/main to staging": "deploy web/main to staging",
    }


def test_nothing_named_in_the_thread_of_the_default_branch_is_that_branch(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Broken")
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    mended = world.github.commit(REPOSITORY, "main", "Mended")

    under(world, "maria", "deploy", 1)

    assert last(world) == ("staging", mended, "chat")


def test_of_several_in_one_thread_the_one_that_can_be_meant_is(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    under(world, "maria", "deploy it to production", 1)

    under(world, "maria", "cancel it", 1)

    assert [world.deployment(n).state for n in (1, 2)] == ["succeeded", "cancelled"]


def test_of_several_in_one_thread_that_may_be_meant_it_is_asked_which(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    under(world, "maria", "deploy it to production", 1)

    under(world, "maria", "cancel", 1)

    assert told(world, "maria")[-1].startswith("This thread has several of them. Which one do you mean?")
    assert buttons(world, "maria") == {"Cancel #1": "cancel #1", "Cancel #2": "cancel #2"}


def test_in_a_direct_message_a_thread_is_about_its_deployment_too(world: World, versions: list[str]) -> None:
    said = world.says("bob", "deploy main to staging", channel="@bob")
    another_tool(world, "failure")

    world.says("bob", "retry it", channel="@bob", thread=said.ts)

    assert world.deployment(6).retry_of == 5


def test_a_thread_of_something_else_is_nobodys(world: World, versions: list[str]) -> None:
    said = world.slack.says("maria", "#web", "lunch?")

    world.says("bob", "undo that", thread=said.ts)

    assert told(world, "bob")[-1].startswith("Which one do you mean?")


def test_in_a_channel_of_several_apps_the_thread_says_which(world: World) -> None:
    settings = world.text + (
        '[apps.api]\nrepository = "acme/api"\nchannel = "#web"\nprovider = { type = "external" }\n'
        '[apps.api.environments.staging]\nchecks_settle = "0s"\n'
    )
    world.github.add_repository("acme/api")
    world.github.commit("acme/api", "main", "Api")
    world.restart(settings)
    world.says("maria", "deploy api/main to staging")
    another_tool(world, "failure", repository="acme/api")

    under(world, "maria", "retry", 1)
    under(world, "maria", "lock it", 1)

    assert world.deployment(2).app == "api"
    assert [one.place for one in world.store.reads().locks.all()] == [("api", "staging")]


def test_a_question_is_asked_back_and_changes_nothing(world: World, versions: list[str]) -> None:
    world.says("bob", "deploy main to staging?")
    world.says("bob", "should we deploy main to prod")

    assert told(world, "bob")[-1] == "That was a question, so I have changed nothing. Shall I?"
    assert buttons(world, "bob") == {"Deploy web/main to production": "deploy web/main to production"}
    assert len(world.store.reads().history(app=None, environment=None, ref=None, limit=9)) == 4
    world.presses("bob", world.slack.ephemerals("bob")[-1], "Deploy web/main to production")
    assert last(world) == ("production", versions[3], "chat")


def test_why_it_waits_is_the_record_of_its_gates(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "main", "Version 1")
    world.github.set_status(REPOSITORY, sha, "build", "pending")
    world.says("maria", "deploy main to staging when green")

    said = under(world, "bob", "why is it waiting?", 1)
    by_number = world.says("bob", "why is #1 not live?")

    assert answers(world, said)[-1].startswith(f"⏳ #1  *web → staging*  main@{sha[:7]}\nWaiting: ")
    assert "build" in answers(world, said)[-1]
    assert answers(world, by_number)[-1] == answers(world, said)[-1]


def test_why_it_was_refused_is_what_was_said_then(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "main", "Version 1")
    world.github.set_status(REPOSITORY, sha, "build", "failure")
    refused = world.says("maria", "deploy main to staging")
    another = world.says("bob", "deploy main to production")
    world.github.set_status(REPOSITORY, sha, "build", "success")

    mine = world.says("maria", "why was it refused?")
    of_thread = world.says("bob", "why?", thread=refused.ts)
    last_one = world.says("bob", "why was it refused")

    assert answers(world, mine)[-1].startswith("maria asked 10:00 UTC: `deploy main to staging` was refused:")
    assert "build" in answers(world, mine)[-1]
    assert "to staging" in answers(world, of_thread)[-1]
    assert "to production" in answers(world, last_one)[-1]
    assert answers(world, another) == []


def test_how_long_it_takes_is_told_by_how_long_it_took(world: World, versions: list[str]) -> None:
    world.says("maria", "deploy main to staging")

    said = under(world, "maria", "when will it be done?", 5)

    assert f"🚀 #5 main@{versions[-1][:7]} by maria, 1 of ~10 s" in answers(world, said)[-1]


def test_ones_own_branch_is_the_one_that_was_pushed_to_last(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Main", author="maria")
    old = world.github.commit(REPOSITORY, "older", "Older", author="maria")
    mine = world.github.commit(REPOSITORY, "mine", "Mine", author="maria")
    world.github.commit(REPOSITORY, "gone", "Gone", author="maria")
    world.github.delete_branch(REPOSITORY, "gone")
    world.github.commit(REPOSITORY, "main", "Main again", author="maria")
    world.github.commit(REPOSITORY, "theirs", "Theirs", author="bob")

    world.says("maria", "deploy my branch to staging")
    world.github.branch(REPOSITORY, "older", at=mine, by="maria")
    world.says("maria", "can you deploy my latest changes to production?")

    assert parent(world, 1).startswith(f"🚀 *web → staging*  is under way\nmine@{mine[:7]} · maria")
    assert parent(world, 2).startswith(f"🚀 *web → production*  is under way\nolder@{mine[:7]} · maria")
    assert old != mine


def test_who_has_no_branch_is_told_so(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Main", author="maria")

    world.says("maria", "deploy my branch to staging")

    nobodys = "I find no branch of acme/web with a recent push by maria. Please name the branch."
    assert told(world, "maria")[-1] == nobodys


def test_who_is_nobody_on_github_is_told_so(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Main")
    world.slack.add_user("carol")

    world.slash("carol", "my branch to staging")

    assert told(world, "carol")[-1].startswith("I do not know which branch is yours")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[World]:
    """Two deployments of two branches wait for approval: #1 in staging, #2 in production."""
    settings = SETTINGS.replace('checks_settle = "0s"', 'checks_settle = "0s"\napprovals = 1')
    with open_world(tmp_path, settings) as world:
        world.github.commit(REPOSITORY, "main", "Main")
        world.github.commit(REPOSITORY, "topic", "Topic")
        world.says("maria", "deploy topic to staging")
        world.says("maria", "deploy topic to production")
        yield world


@pytest.mark.parametrize("said", ["approve", "approve it", "approve this", "lgtm", "I approve this"])
def test_an_approval_in_a_thread_is_of_its_deployment(guarded: World, said: str) -> None:
    under(guarded, "bob", said, 1)

    assert [guarded.deployment(n).state for n in (1, 2)] == ["starting", "waiting"]


@pytest.mark.parametrize("said", ["reject", "reject it", "deny this", "reject because the migration is missing"])
def test_a_rejection_in_a_thread_is_of_its_deployment(guarded: World, said: str) -> None:
    under(guarded, "bob", said, 1)

    assert [guarded.deployment(n).state for n in (1, 2)] == ["cancelled", "waiting"]


def test_outside_of_threads_an_approval_of_it_is_asked_about(guarded: World) -> None:
    for said in ("approve it", "lgtm"):
        guarded.says("bob", said)

        assert buttons(guarded, "bob") == {"Approve #1": "approve #1", "Approve #2": "approve #2"}
    assert [guarded.deployment(n).state for n in (1, 2)] == ["waiting", "waiting"]


def test_a_thread_goes_on_with_what_was_asked_for_in_it(world: World) -> None:
    first = world.github.commit(REPOSITORY, "main", "Version 1")
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Version 2")
    said = world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    world.says("maria", "retry", thread=said.ts)
    another_tool(world, "success")

    world.says("bob", "undo that", thread=said.ts)

    assert last(world) == ("staging", first, "rollback")
    assert world.deployment(4).rollback_of == 3


def test_what_waits_for_its_moment_is_what_the_thread_was_about(world: World) -> None:
    old = world.github.commit(REPOSITORY, "topic", "First try")
    world.says("maria", "deploy topic to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "topic", "Second try")

    under(world, "maria", "deploy it to production at 17:00", 1)
    world.wait(hours=7, minutes=1)

    assert last(world) == ("production", old, "schedule")


def test_a_button_in_a_thread_is_the_deed_on_it(world: World, versions: list[str]) -> None:
    under(world, "bob", "rollback", 1)

    world.presses("bob", world.slack.ephemerals("bob")[-1], "Rollback web on staging")

    assert last(world) == ("staging", versions[0], "rollback")


def test_what_is_recorded_of_a_command_in_a_thread_is_the_whole_deed(world: World, versions: list[str]) -> None:
    under(world, "bob", "rollback", 2)
    under(world, "bob", "lock it", 2)

    recorded = [one.command for one in world.store.reads().audit.since(world.clock.now().replace(hour=0), 0, 99)]
    assert recorded[-1] == "lock staging on web"
    assert "undo #2" in recorded
