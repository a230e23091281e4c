"""What happened while nobody listened is made up for, once, and commands that come too late are not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.deployments import RowRecords
from tests.handlers.scenes import answers, cards, channel, creations, facts, news, parent, thread, told
from tests.servers.webhook_receiver import WebhookReceiver
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

CARRIED_OUT = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
foreign_deployments = "carry_out"
provider = { type = "shell", command = "true", directory = "{directory}" }

[apps.web.environments.production]
"""


@pytest.fixture
def away(world: World) -> World:
    """A bot that has looked at GitHub once, and hears nothing of it since."""
    world.reconcile()
    world.hold_webhooks = True
    world.wait(minutes=3)
    return world


def merge(world: World, branch: str, title: str, base: str = "main") -> str:
    """Somebody merges a pull request; returns the merge commit."""
    world.github.commit(REPOSITORY, branch, title)
    number = world.github.open_pull_request(REPOSITORY, branch, base=base, title=title)
    return world.github.merge_pull_request(REPOSITORY, number, "squash", by="maria")


def questions(world: World, since: int = 0) -> list[str]:
    """What GitHub was asked, beginning with that request; without the repository's name."""
    asked = world.github.requests[since:]
    return [f"{one.method} {one.path.removeprefix(f'/repos/{REPOSITORY}')} {one.status}" for one in asked]


# --- merges ------------------------------------------------------------------------------------------------------


def test_a_merge_whose_webhook_was_lost_is_deployed_at_the_next_look(away: World) -> None:
    sha = merge(away, "topic", "Add search")

    away.reconcile()

    assert cards(away, "#web") == [
        "🚀 *web → staging*  is under way\n"
        f"main@{sha[:7]} · merged by maria · #1 Add search · octocat · first deployment here · since 10:03 UTC"
    ]
    assert [one.sha for one in away.github.deployments(REPOSITORY)] == [sha]


def test_the_webhook_that_comes_after_all_deploys_nothing_twice(away: World) -> None:
    merge(away, "topic", "Add search")
    (webhook,) = [one for one in away.github.webhooks_of("pull_request") if one.json["action"] == "closed"]
    away.reconcile()

    away.deliver(webhook)
    away.wait(seconds=20)
    away.reconcile()

    assert len(channel(away, "#web")) == 1
    assert creations(away) == 1


def test_a_merge_that_was_heard_of_is_not_asked_for_again(world: World) -> None:
    world.reconcile()
    world.wait(minutes=3)
    merge(world, "topic", "Add search")
    world.settle()
    before = len(world.github.requests)

    world.wait(minutes=3)
    world.reconcile()

    assert not [one for one in questions(world, before) if one.startswith("GET /pulls/")]
    assert creations(world) == 1


def test_of_many_missed_merges_the_last_is_deployed_and_tells_what_ships(away: World) -> None:
    first = away.github.create_deployment(REPOSITORY, "main", environment="staging")
    away.github.report_deployment_status(REPOSITORY, first, "success")
    away.reconcile()
    away.wait(minutes=3)
    away.reconcile()
    merge(away, "one", "Add search")
    away.wait(hours=5)
    sha = merge(away, "two", "Mend search")

    away.reconcile()

    shown = parent(away, 2).split("\n")
    assert shown[0].startswith("🚀 *web → staging*  is under way")
    assert shown[1].startswith(f"main@{sha[:7]} · merged by maria · since ")
    assert shown[2:] == [
        "▸ 2 pull requests · octocat",
        "• #2 Mend search · octocat",
        "• #1 Add search · octocat",
        "• compare",
    ]
    assert creations(away) == 1


def test_nothing_older_than_the_first_start_is_deployed(world: World) -> None:
    world.hold_webhooks = True
    merge(world, "topic", "Add search")
    world.wait(minutes=1)

    world.reconcile()
    world.wait(minutes=3)
    world.reconcile()

    assert channel(world, "#web") == []
    assert creations(world) == 0


def test_a_merge_into_another_branch_is_nobodys(away: World) -> None:
    away.github.branch(REPOSITORY, "release")
    merge(away, "topic", "Add search", base="release")

    away.reconcile()

    assert channel(away, "#web") == []


def test_while_github_is_down_nothing_piles_up_and_the_merge_is_found_afterwards(away: World) -> None:
    merge(away, "topic", "Add search")
    away.github.fail_next("GET", "/pulls", 502, times=1_000)
    for _ in range(40):
        away.reconcile()
        away.wait(minutes=3)
    waiting = away.store.inbox.backlog()
    away.github.heal()

    away.reconcile()

    assert waiting == 0
    assert len(channel(away, "#web")) == 1


def test_one_broken_repository_does_not_hold_up_the_other(tmp_path: Path) -> None:
    settings = SETTINGS.replace("[apps.web]", '[apps.old]\nrepository = "acme/old"\n\n[apps.web]') + (
        '\n[apps.old.environments.production]\ndeploy_on_merge = ["main"]\n'
    )
    with open_world(tmp_path, settings) as world:
        world.github.add_repository("acme/old")
        world.reconcile()
        world.hold_webhooks = True
        world.wait(minutes=3)
        merge(world, "topic", "Add search")
        world.github.fail_next("GET", "/repos/acme/old/", 404, times=100)

        world.reconcile()

        assert len(channel(world, "#web")) == 1


# --- deployments of other tools ----------------------------------------------------------------------------------


def test_a_deployment_of_another_tool_is_found_and_followed_to_its_end(away: World) -> None:
    remote = away.github.create_deployment(REPOSITORY, "main", by="jenkins")
    for state in ("in_progress", "success"):
        away.github.report_deployment_status(REPOSITORY, remote, state, by="jenkins")

    away.wait(minutes=3)
    away.reconcile()

    # Also when it ended is known at once, and how long ago it began.
    assert (news(away, 1), facts(away, 1)[1]) == ("is live", "by jenkins")
    assert thread(away, 1) == ["✅ live in 3 min"]


def test_one_that_goes_on_is_followed_from_where_it_is(away: World) -> None:
    remote = away.github.create_deployment(REPOSITORY, "main", by="jenkins")
    away.github.report_deployment_status(REPOSITORY, remote, "in_progress", by="jenkins", description="Migrating")

    away.reconcile()
    begun = news(away, 1)
    away.github.report_deployment_status(REPOSITORY, remote, "failure", by="jenkins")
    away.wait(minutes=3)
    away.reconcile()

    assert begun == "is under way"
    assert news(away, 1) == "failed"


def test_what_was_overlooked_is_not_taken_for_newer_than_what_came_after_it(away: World) -> None:
    remote = away.github.create_deployment(REPOSITORY, "main", by="jenkins")
    away.github.report_deployment_status(REPOSITORY, remote, "success", by="jenkins")
    away.wait(minutes=2)
    later = away.github.create_deployment(REPOSITORY, "main", by="jenkins")
    away.github.report_deployment_status(REPOSITORY, later, "success", by="jenkins")
    for webhook in (*away.github.webhooks_of("deployment")[1:], *away.github.webhooks_of("deployment_status")[1:]):
        away.deliver(webhook)

    away.wait(minutes=1)
    away.reconcile()

    assert away.deployment(2).remote_id == remote
    live = away.store.reads().last_success("web", "production")
    assert live.remote_id == later


def test_a_deployment_that_ended_is_never_asked_about_again(away: World) -> None:
    remote = away.github.create_deployment(REPOSITORY, "main", by="jenkins")
    away.github.report_deployment_status(REPOSITORY, remote, "success", by="jenkins")
    away.reconcile()
    away.wait(minutes=3)
    away.reconcile()
    before = len(away.github.requests)

    away.wait(minutes=30)
    away.reconcile()

    assert questions(away, before) == ["GET /pulls 304", "GET /deployments 304"]


def test_a_deployment_to_an_environment_of_nobodys_is_left_alone(away: World) -> None:
    away.github.create_deployment(REPOSITORY, "main", environment="github-pages", by="jenkins")

    away.reconcile()

    assert channel(away, "#web") == []


@pytest.fixture
def carrying(tmp_path: Path) -> Iterator[World]:
    """A bot that carries out what other tools ask for, and has not heard of GitHub for a while."""
    with open_world(tmp_path, CARRIED_OUT) as world:
        world.reconcile()
        world.hold_webhooks = True
        world.wait(minutes=3)
        yield world


def test_a_missed_deployment_that_waits_for_us_is_carried_out_once(carrying: World) -> None:
    carrying.github.set_permission(REPOSITORY, "jenkins", "write")
    remote = carrying.github.create_deployment(REPOSITORY, "main", by="jenkins")
    (webhook,) = carrying.github.webhooks_of("deployment")

    carrying.reconcile()
    carrying.deliver(webhook)

    assert carrying.statuses(remote) == ["queued", "in_progress", "success"]


def test_a_missed_deployment_that_somebody_took_is_only_followed(carrying: World) -> None:
    remote = carrying.github.create_deployment(REPOSITORY, "main", by="jenkins")
    carrying.github.report_deployment_status(REPOSITORY, remote, "success", by="jenkins")

    carrying.wait(minutes=3)
    carrying.reconcile()

    assert carrying.statuses(remote) == ["success"]
    assert (news(carrying, 1), facts(carrying, 1)[-1]) == ("is live", "3 min")


# --- looking is cheap --------------------------------------------------------------------------------------------


def test_a_quiet_repository_costs_two_requests_that_github_does_not_count(away: World) -> None:
    away.reconcile()
    away.wait(minutes=3)
    before = len(away.github.requests)

    away.reconcile()

    assert questions(away, before) == ["GET /pulls 304", "GET /deployments 304"]


def test_what_our_own_provider_carries_out_is_not_asked_about(carrying: World) -> None:
    carrying.hold_runs = True
    carrying.says("maria", "deploy main to production")
    before = len(carrying.github.requests)

    carrying.wait(minutes=3)
    carrying.reconcile()

    assert not [one for one in questions(carrying, before) if "statuses" in one]


def test_of_many_that_wait_some_are_looked_at_each_time_and_all_in_turn(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
    world.says("maria", "deploy main to production when green")
    with world.store.database.writing() as connection:
        records = RowRecords(connection, "test", world.clock.now())
        for number in range(2, 151):
            records.add(replace(world.deployment(1), request_id=f"r{number}", parent="", channel="C1"))

    looked_at = []
    for _ in range(5):
        before = len(reconsidered(world))
        world.reconcile()
        looked_at.append(len(reconsidered(world)) - before)
        world.stands_still(minutes=3)

    assert looked_at == [30] * 5
    assert len(set(reconsidered(world))) == 150


def reconsidered(world: World) -> list[int]:
    """The deployments that were decided on again because of the clock."""
    row = tables.deliveries.c
    query = sa.select(row.id).where(row.name == "Reconsider", row.id.like("bot:reconsider:%clock:reconcile%"))
    return [int(one.id.split(":")[2]) for one in world.store.database.select(query)]


# --- webhooks that failed ----------------------------------------------------------------------------------------


def test_a_webhook_that_was_turned_away_is_asked_for_once_more(away: World) -> None:
    away.github.set_permission(REPOSITORY, away.github.bot_login, "admin")
    with WebhookReceiver() as door:
        away.github.subscribe(door.url)
        door.status = 503
        away.github.set_status(REPOSITORY, "main", "ci/test", "success")
        away.github.settle()
        (lost,) = door.turned_away
        door.status = 202

        for _ in range(3):
            away.reconcile()
            away.github.settle()
            away.wait(minutes=3)

    assert door.taken == [lost]


def test_a_webhook_that_keeps_failing_is_asked_for_once_only(away: World) -> None:
    away.github.set_permission(REPOSITORY, away.github.bot_login, "admin")
    with WebhookReceiver() as door:
        away.github.subscribe(door.url)
        door.status = 503
        away.github.set_status(REPOSITORY, "main", "ci/test", "success")

        for _ in range(5):
            away.github.settle()
            away.reconcile()
            away.wait(minutes=3)

    assert len(door.turned_away) == 2


def test_a_bot_that_may_not_see_webhooks_asks_once_an_hour(away: World) -> None:
    before = len(away.github.requests)

    for _ in range(25):
        away.reconcile()
        away.wait(minutes=3)

    assert questions(away, before).count("GET /hooks 404") == 2


# --- commands that come too late ---------------------------------------------------------------------------------


def test_a_command_that_waited_for_long_is_not_run_and_the_person_is_told(world: World) -> None:
    said = world.slack.says("maria", "#web", "@shipmate deploy main to production")

    world.stands_still(minutes=25)
    world.settle()

    assert answers(world, said) == []
    assert told(world, "maria") == [
        "You asked 25 min ago, while I was away: `deploy main to production`. Send it again if you still want it."
    ]
    assert creations(world) == 0


def test_the_button_runs_it_after_all(world: World) -> None:
    world.slack.says("maria", "#web", "@shipmate deploy main to production")
    world.stands_still(minutes=25)
    world.settle()
    (late,) = world.slack.ephemerals("maria")

    world.presses("maria", late, "Run it now")

    assert creations(world) == 1


def test_a_slash_command_that_waited_for_long_is_shown_as_a_whole(world: World) -> None:
    world.slack.slash("maria", "#web", "/deploy", "main to staging")

    world.stands_still(hours=2)
    world.settle()

    assert told(world, "maria") == [
        "You asked 2 h ago, while I was away: `deploy main to staging`. Send it again if you still want it."
    ]


def test_a_command_of_nine_minutes_ago_is_run(world: World) -> None:
    world.slack.says("maria", "#web", "@shipmate deploy main to production")

    world.stands_still(minutes=9)
    world.settle()

    assert creations(world) == 1
