"""Conversations about who people are and what they may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.core.people.model import How
from tests.handlers.scenes import another_tool, answers, parent, thread, told
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

UNKNOWN = f"{SETTINGS}\n[people]\n"
"""Settings that say of nobody who they are on GitHub."""
MAPPED = f'{SETTINGS}\n[people]\nU00000001 = "maria"\n'
ENTER = (
    "Please show that you are *octocat*: enter `WDJB-0001` at https://github.com/login/device before "
    "Mon 02 Mar 10:15 UTC. I keep nothing of it but your login. Enter no code that you have not asked for yourself."
)
LINK_FIRST = (
    "🚫 *web → production*  maria may not deploy to production: write permission on acme/web decides, "
    "and I do not know their GitHub login; tell me with `link <your GitHub login>`"
)

Opens = Callable[..., World]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Opens a world with other settings, and closes it at the end."""
    with ExitStack() as stack:
        yield lambda settings, **environ: stack.enter_context(open_world(tmp_path, settings, environ))


def allowing(deployers: str = "", admins: str = "") -> str:
    """Settings with ``deployers`` for production, and admins."""
    bot = f"[bot]\nadmins = [{admins}]\n" if admins else ""
    return f"{bot}{SETTINGS}deployers = [{deployers}]\n"


def started(world: World) -> int:
    return len(world.github.deployments(REPOSITORY))


# --- permission to deploy ---------------------------------------------------------------------------------------


def test_read_permission_is_not_enough_to_deploy(world: World) -> None:
    world.github.set_permission(REPOSITORY, "maria", "read")

    world.says("maria", "deploy main to production")

    assert told(world, "maria") == [
        "🚫 *web → production*  maria may not deploy to production: maria has only read permission on acme/web, and it "
        "takes write; its admins can give it"
    ]
    assert world.slack.ephemerals("maria")[0].labels == []
    assert started(world) == 0


def test_without_a_github_login_the_way_to_link_is_told(opens: Opens) -> None:
    world = opens(UNKNOWN)

    world.says("maria", "deploy main to production")

    assert LINK_FIRST in told(world, "maria")[0].split("\n")
    assert started(world) == 0


def test_force_does_not_pass_the_permission(world: World) -> None:
    world.github.set_permission(REPOSITORY, "maria", "none")

    world.says("maria", 'deploy main to production --force "I want it"')

    assert (
        "🚫 *web → production*  maria may not deploy to production: maria has no permission on acme/web"
        in told(world, "maria")[0]
    )
    assert started(world) == 0


def test_deployers_are_named_by_slack_id(opens: Opens) -> None:
    world = opens(allowing('"U00000001"'))

    world.says("bob", "deploy main to production")
    world.says("maria", "deploy main to production")

    assert "🚫 *web → production*  bob may not deploy to production: that is for maria; ask them" in told(world, "bob")
    assert started(world) == 1


def test_deployers_are_named_by_user_group(opens: Opens) -> None:
    world = opens(allowing('"@oncall"'))
    world.slack.add_group("oncall", ["bob"])

    world.says("maria", "deploy main to production")
    world.says("bob", "deploy main to production")

    assert "🚫 *web → production*  maria may not deploy to production: that is for @oncall; ask one of them" in told(
        world, "maria"
    )
    assert started(world) == 1


def test_deployers_are_named_by_github_login_and_team(opens: Opens) -> None:
    world = opens(allowing('"maria", "acme/devs"'))
    world.github.add_team("acme/devs", ["bob"])

    for person in ("maria", "bob"):
        world.says(person, "deploy main to staging")
        world.says(person, "deploy main to production")

    assert [world.deployment(id).state for id in (1, 2, 3, 4)] == ["starting", "starting", "waiting", "waiting"]
    assert told(world, "maria") + told(world, "bob") == []


def test_a_deployer_who_is_named_needs_no_write_permission(opens: Opens) -> None:
    world = opens(allowing('"U00000001"'))
    world.github.set_permission(REPOSITORY, "maria", "none")

    world.says("maria", "deploy main to production")

    assert started(world) == 1


def test_write_permission_does_not_help_where_deployers_are_named(opens: Opens) -> None:
    world = opens(allowing('"acme/devs"'))
    world.github.add_team("acme/devs", [])

    world.says("maria", "deploy main to production")

    assert "🚫 *web → production*  maria may not deploy to production: that is for acme/devs; ask one of them" in told(
        world, "maria"
    )


def test_a_party_that_is_gone_lets_nobody_in_and_is_told(opens: Opens) -> None:
    world = opens(allowing('"@gone", "acme/gone"'))

    world.says("maria", "deploy main to production")

    assert (
        "🚫 *web → production*  maria may not deploy to production: that is for @gone and acme/gone. "
        "Slack knows no user group @gone. "
        "GitHub has no team acme/gone, or GITHUB_TOKEN cannot see it"
    ) in told(world, "maria")[0].split("\n")
    assert started(world) == 0


def test_admins_may_always_deploy(opens: Opens) -> None:
    world = opens(allowing('"carol"', admins='"acme/ops"'))
    world.github.add_team("acme/ops", ["maria"])

    world.says("bob", "deploy main to production")
    world.says("maria", "deploy main to production")

    assert "🚫 *web → production*  bob may not deploy to production: that is for carol" in told(world, "bob")[0]
    assert started(world) == 1


def test_an_outage_of_github_lets_nobody_in_and_the_request_goes_on_afterwards(world: World) -> None:
    world.github.fail_next("GET", "/collaborators/", 503, times=9)

    world.says("maria", "deploy main to production")
    during = (told(world, "maria"), started(world))
    world.wait(seconds=10)

    assert during == (["GitHub has a problem of its own (status 503). I keep trying and go on by myself."], 0)
    assert started(world) == 1


def test_permission_is_checked_again_at_the_click(world: World) -> None:
    world.says("maria", "deploy main to production")
    world.github.report_deployment_status(REPOSITORY, world.github.deployments(REPOSITORY)[0].id, "failure")
    world.settle()
    world.github.set_permission(REPOSITORY, "maria", "read")
    world.wait(minutes=1)

    world.presses("maria", world.parent(1), "Retry")

    assert "maria may not deploy to production: maria has only read permission on acme/web" in told(world, "maria")[-1]
    assert started(world) == 1


def test_a_merge_needs_no_permission_of_its_own(opens: Opens) -> None:
    world = opens(SETTINGS.replace("deploy_on_merge", 'deployers = ["U99999999"]\ndeploy_on_merge'))
    world.github.commit(REPOSITORY, "topic", "Add search")
    number = world.github.open_pull_request(REPOSITORY, "topic")

    world.github.merge_pull_request(REPOSITORY, number, by="mallory")
    world.settle()

    assert started(world) == 1


def test_a_rollback_needs_permission(world: World) -> None:
    for message in ("One", "Two"):
        world.github.commit(REPOSITORY, "main", message)
        world.says("maria", "deploy main to production")
        world.github.report_deployment_status(REPOSITORY, world.github.deployments(REPOSITORY)[-1].id, "success")
        world.settle()
    world.github.set_permission(REPOSITORY, "bob", "read")

    world.says("bob", "rollback web on production")

    assert "🚫 *web → production*  bob may not deploy to production" in told(world, "bob")[0]
    assert started(world) == 2


# --- cancelling -------------------------------------------------------------------------------------------------


def test_ones_own_request_may_always_be_cancelled(world: World) -> None:
    world.says("maria", "deploy main to production")
    world.github.set_permission(REPOSITORY, "maria", "none")
    world.wait(minutes=1)

    world.says("maria", "cancel #1")

    assert world.deployment(1).state == "cancelled"


def test_somebody_elses_request_is_cancelled_by_those_who_may_deploy(world: World) -> None:
    world.github.set_permission(REPOSITORY, "bob", "read")
    world.says("maria", "deploy main to production")

    world.says("bob", "cancel #1")
    refused = world.deployment(1).state
    world.github.set_permission(REPOSITORY, "bob", "write")
    world.wait(minutes=1)
    world.says("bob", "cancel #1")

    assert told(world, "bob") == [
        "🚫 bob may not cancel #1: bob has only read permission on acme/web, and it takes write; its admins can give it"
    ]
    assert (refused, world.deployment(1).state) == ("starting", "cancelled")


def test_who_merged_may_cancel_their_merge(opens: Opens) -> None:
    world = opens(MAPPED)
    world.github.commit(REPOSITORY, "topic", "Add search")
    number = world.github.open_pull_request(REPOSITORY, "topic")
    world.github.merge_pull_request(REPOSITORY, number, by="maria")
    world.settle()
    world.github.set_permission(REPOSITORY, "maria", "read")

    world.says("maria", "cancel #1")

    assert world.deployment(1).state == "cancelled"


# --- strangers --------------------------------------------------------------------------------------------------


def test_people_of_other_workspaces_are_refused(world: World) -> None:
    world.slack.add_user("guest", is_stranger=True)
    world.slack.add_channel("lobby", members=["guest"])

    world.says("guest", "deploy main to production", "#lobby")

    assert told(world, "guest") == ["I take no commands from people of other workspaces."]
    assert started(world) == 0


def test_bots_are_refused(world: World) -> None:
    world.slack.add_user("robot", is_bot=True)

    world.slash("robot", "deploy main to production")

    assert told(world, "robot") == ["I take no commands from bots."]
    assert started(world) == 0


# --- who somebody is --------------------------------------------------------------------------------------------


def test_whoami_shows_what_is_known_and_how_and_what_one_may_do(world: World) -> None:
    said = world.says("maria", "whoami")

    assert answers(world, said) == []
    assert told(world, "maria") == [
        "You are maria.\nChat id: U00000001\nGitHub login: maria, as my settings say\n"
        "Time zone: Etc/UTC; now it is 10:00 UTC\nYou may deploy *web* to staging and production"
    ]


def test_whoami_says_why_one_may_not(opens: Opens) -> None:
    world = opens(allowing('"acme/devs"', admins='"U00000002"') + "\n[people]\n")
    world.github.add_team("acme/devs", ["maria"])

    world.says("maria", "whoami")
    world.says("bob", "whoami")

    assert told(world, "maria")[0].split("\n")[2:] == [
        "GitHub login: none that I know of; tell me with `link <your GitHub login>`",
        "Time zone: Etc/UTC; now it is 10:00 UTC",
        "🚫 *web*: maria may not deploy to staging: write permission on acme/web decides, and I do not know their "
        "GitHub login; tell me with `link <your GitHub login>`",
        "🚫 *web*: maria may not deploy to production: that is for acme/devs. I do not know their GitHub login; "
        "tell me with `link <your GitHub login>`",
    ]
    assert told(world, "bob")[0].split("\n")[4:] == [
        "You are one of my admins",
        "You may deploy *web* to staging and production",
    ]


def test_an_address_that_is_public_on_github_tells_who_somebody_is(opens: Opens) -> None:
    world = opens(UNKNOWN)
    world.slack.add_user("carol", email="carol@example.com")
    world.slack.add_channel("ops", members=["carol"])
    world.github.set_email("carol-on-github", "carol@example.com")
    world.github.set_permission(REPOSITORY, "carol-on-github", "write")

    world.says("carol", "deploy main to production", "#ops")
    world.wait(hours=2)
    world.says("carol", "whoami", "#ops")

    assert started(world) == 1
    assert world.deployment(1).by.login == "carol-on-github"
    assert told(world, "carol")[-1].split("\n")[2] == (
        "GitHub login: carol-on-github, found by your e-mail address, 10:00 UTC"
    )
    assert sum(one.path == "/search/users" for one in world.github.requests) == 1


def test_nobody_found_by_an_address_is_looked_for_again_after_an_hour(opens: Opens) -> None:
    world = opens(UNKNOWN)
    world.slack.workspace.user("maria").email = "maria@example.com"
    world.says("maria", "deploy main to production")
    world.github.set_email("maria", "maria@example.com")
    world.says("maria", "deploy main to production")
    soon = started(world)

    world.wait(hours=1)
    world.says("maria", "deploy main to production")

    assert (soon, started(world)) == (0, 1)


def test_help_and_status_look_nobody_up_and_ask_github_for_the_branch_once(opens: Opens) -> None:
    world = opens(UNKNOWN)
    world.slack.workspace.user("maria").email = "maria@example.com"
    asked = len(world.github.requests)

    world.says("maria", "help")
    world.says("maria", "status")
    world.says("maria", "help")

    assert [one.path for one in world.github.requests[asked:]] == ["/repos/acme/web"]


# --- linking ----------------------------------------------------------------------------------------------------


def test_link_proves_who_somebody_is(opens: Opens) -> None:
    world = opens(UNKNOWN)
    world.github.set_permission(REPOSITORY, "octocat", "write")

    said = world.says("maria", "link octocat")
    before = (answers(world, said), told(world, "maria"))
    world.wait(seconds=30)
    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.wait(seconds=5)
    world.says("maria", "deploy main to production")

    assert before == ([], [ENTER])
    assert told(world, "maria")[1:] == ["Thank you: you are *octocat* on GitHub. `whoami` tells what you may do."]
    assert world.deployment(1).by.login == "octocat"
    assert " · maria · " in parent(world, 1)
    identity = world.store.reads().people.identity("U00000001")
    assert identity is not None
    assert (identity.login, identity.how) == ("octocat", How.LINK)
    assert world.store.reads().people.pending("U00000001") is None


def test_a_proof_survives_a_restart_and_counts_more_than_the_settings(world: World) -> None:
    world.says("maria", "link octocat")
    world.restart()
    world.github.sign_ins.enter("WDJB-0001", "OctoCat")
    world.wait(seconds=5)

    world.says("maria", "whoami")

    assert told(world, "maria")[-1].split("\n")[2] == ("GitHub login: OctoCat, proved by signing in, 10:00 UTC")


def test_signing_in_as_somebody_else_proves_nothing(world: World) -> None:
    world.says("maria", "link octocat")

    world.github.sign_ins.enter("WDJB-0001", "hubot")
    world.wait(seconds=5)

    assert told(world, "maria")[1:] == [
        "You have signed in to GitHub as hubot and not as octocat, so nothing is linked. "
        "Are you *hubot*? Then say `link hubot`"
    ]
    assert world.store.reads().people.identity("U00000001") is None


def test_the_code_runs_out(world: World) -> None:
    world.says("maria", "link octocat")

    world.wait(minutes=16)
    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.wait(minutes=5)

    assert told(world, "maria")[1:] == ["The code has expired, and nothing is linked. For a new one: `link octocat`"]
    assert world.store.timers.next_due() is None


def test_a_sign_in_that_is_declined_is_told(world: World) -> None:
    world.says("maria", "link octocat")

    world.github.sign_ins.decline("WDJB-0001")
    world.wait(seconds=5)

    assert told(world, "maria")[1:] == [
        "GitHub says that the sign-in was declined, so nothing is linked. If that was a mistake: `link octocat`"
    ]


def test_github_is_asked_no_more_often_than_it_likes(world: World) -> None:
    world.says("maria", "link octocat")
    code = next(iter(world.github.sign_ins.codes.values()))
    code.interval = 8

    world.wait(minutes=1)

    polls = [one for one in world.github.requests if one.path == "/login/oauth/access_token"]
    assert len(polls) == 5  # after 5, 10 (too soon: 13 from now on), 23, 36 and 49 seconds


def test_a_second_link_replaces_the_first(world: World) -> None:
    world.says("maria", "link octocat")
    world.says("maria", "link hubot")

    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.wait(seconds=10)
    before = world.store.reads().people.identity("U00000001")
    world.github.sign_ins.enter("WDJB-0002", "hubot")
    world.wait(seconds=10)

    assert before is None
    assert told(world, "maria")[2:] == ["Thank you: you are *hubot* on GitHub. `whoami` tells what you may do."]


def test_an_outage_while_waiting_only_costs_time(world: World) -> None:
    world.says("maria", "link octocat")
    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.github.fail_next("POST", "/login/oauth/access_token", 503, times=2)

    world.wait(minutes=1)

    assert told(world, "maria")[1:] == ["Thank you: you are *octocat* on GitHub. `whoami` tells what you may do."]


def test_whoever_has_proved_it_need_not_again(world: World) -> None:
    world.says("maria", "link octocat")
    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.wait(seconds=5)

    world.says("maria", "link OctoCat")

    assert told(world, "maria")[2:] == ["You are *octocat* on GitHub, and have proved it already. `whoami` tells more."]


def test_without_a_client_id_linking_is_not_set_up(opens: Opens) -> None:
    world = opens(UNKNOWN, GITHUB_CLIENT_ID="")

    world.says("maria", "link octocat")
    world.says("maria", "deploy main to production")

    assert told(world, "maria")[0] == (
        "I cannot ask GitHub who you are, because GITHUB_CLIENT_ID is not set. Whoever runs me can set it, or add you "
        "to [people] in settings.toml."
    )
    assert (
        "🚫 *web → production*  maria may not deploy to production: write permission on acme/web decides, "
        "and I do not know their GitHub login; whoever runs me can add it to [people] in settings.toml"
    ) in told(world, "maria")[1].split("\n")


def test_an_app_without_the_device_flow_is_told(world: World) -> None:
    world.github.sign_ins.enabled = False

    world.says("maria", "link octocat")

    assert told(world, "maria") == [
        "The app behind GITHUB_CLIENT_ID does not allow the device flow: switch it on in the app's settings. "
        "Nothing is linked."
    ]


def test_the_authors_of_merges_are_known_by_their_proof(opens: Opens) -> None:
    world = opens(UNKNOWN)
    world.says("maria", "link octocat")
    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.wait(seconds=5)
    world.github.commit(REPOSITORY, "topic", "Add search")
    number = world.github.open_pull_request(REPOSITORY, "topic")

    world.github.merge_pull_request(REPOSITORY, number, by="octocat")
    world.settle()

    another_tool(world, "failure")

    assert " · merged by octocat · " in parent(world, 1)
    assert "@maria" in thread(world, 1)[-1]


# --- where can I deploy -----------------------------------------------------------------------------------------


def test_where_can_i_deploy_lists_what_one_may(world: World) -> None:
    said = world.says("maria", "where can I deploy")

    assert answers(world, said) == []
    assert told(world, "maria") == [
        "You can deploy:\n*web* to staging and production (default)\nFor example: `deploy web to production`"
    ]


def test_where_can_i_deploy_says_why_not_elsewhere(opens: Opens) -> None:
    world = opens(allowing('"@oncall"'))
    world.slack.add_group("oncall", [])

    world.says("maria", "wcid")

    assert told(world, "maria") == [
        "You can deploy:\n*web* to staging\n🚫 *web*: maria may not deploy to production: "
        "that is for @oncall; ask one of them\n"
        "For example: `deploy web to staging`"
    ]


def test_where_nothing_may_be_deployed_the_reasons_are_told(world: World) -> None:
    world.github.set_permission(REPOSITORY, "maria", "none")

    world.says("maria", "where can I deploy web")

    assert told(world, "maria") == [
        "There is nothing here that you may deploy:\n"
        "🚫 *web*: maria may not deploy to staging: maria has no permission on acme/web, and it takes write; "
        "its admins can give it\n"
        "🚫 *web*: maria may not deploy to production: maria has no permission on acme/web, and it takes write; "
        "its admins can give it"
    ]


# --- being left alone -------------------------------------------------------------------------------------------


def test_mute_says_what_is_muted_and_how_to_undo_it(world: World) -> None:
    said = [
        world.says("maria", text) for text in ("stop pinging me", "mute", "whoami", "ping me again", "unmute", "whoami")
    ]

    muted, again, shown, unmuted, once_more, after = told(world, "maria")
    assert muted == (
        "🔕 You are muted: I write to you neither when your pull requests go live nor when something waits for your "
        "approval, and name you without a mention where a deployment ends or wants approval. What you ask me I still "
        "answer, and I still tell you about locks that you hold or asked for. To undo it: `unmute`"
    )
    assert "Muted since 10:00 UTC; `unmute` ends that" in shown.split("\n")
    assert unmuted == (
        "🔔 You are not muted any more: I write to you when your pull requests go live in production, and mention you "
        "when a deployment of yours fails or needs your approval. To be left alone again: `mute`"
    )
    assert again == "🔕 You are muted already, since 10:00 UTC. To undo it: `unmute`"
    assert once_more == "🔔 You are not muted, so there is nothing to undo. To be left alone: `mute`"
    assert "Muted" not in after
    assert [answers(world, one) for one in said] == [[]] * 6


def test_everybody_is_muted_for_themselves(world: World) -> None:
    world.says("maria", "mute")

    world.says("bob", "whoami")
    assert "Muted" not in told(world, "bob")[0]


def test_a_slash_command_is_muted_where_nobody_else_reads_it(world: World) -> None:
    world.slash("maria", "mute")

    assert told(world, "maria")[0].startswith("🔕 You are muted")
