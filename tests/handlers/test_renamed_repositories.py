"""Conversations about repositories that are renamed or transferred on GitHub, while the settings name the old ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.core.deployments.model import State
from tests.handlers.scenes import another_tool, answers, cards, channel, creations, parent, seen, thread
from tests.servers.github.accounts import App
from tests.servers.github.webhooks import Webhook
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

MARIA = "U00000001"
LED = f'[bot]\nadmins = ["{MARIA}"]\n{SETTINGS}'
NEW = "acme/website"
NEW_NAMES = ("acme/website", "newowner/web", "newowner/site")
TOLD = (
    "📛 *{old} is called {new} now:* change `repository` in [apps.web] of my settings.\n"
    "I go on with it under its new name meanwhile: it is the same repository."
)
TAKEN = (
    "📛 *acme/web is another repository now.* The one that I know by this name is gone from GitHub, or my credentials "
    "cannot see it.\n"
    "I take nothing of the other one for the app web.\n"
    "If it is meant all the same: `python -m bot adopt acme/web`. Else change repository in [apps.web] of my settings."
)


def following(name: str, settings: str = LED) -> str:
    """The settings when they have followed."""
    return settings.replace(f'repository = "{REPOSITORY}"', f'repository = "{name}"')


@pytest.fixture
def led(tmp_path: Path) -> Iterator[World]:
    """A bot that has looked at GitHub once, and whose admin is maria."""
    with open_world(tmp_path, LED) as world:
        world.reconcile()
        world.wait(minutes=3)
        yield world


def merge(world: World, repository: str, branch: str = "search") -> str:
    """Somebody merges a pull request; returns the merge commit."""
    world.github.commit(repository, branch, f"Add {branch}", author="alice")
    number = world.github.open_pull_request(repository, branch, author="alice")
    sha = world.github.merge_pull_request(repository, number)
    world.settle()
    return sha


def rename(world: World, new: str = NEW, old: str = REPOSITORY, *, in_silence: bool = False) -> None:
    """With ``in_silence`` nobody is told: who has ticked no “Repositories” at the webhook hears of it by the others."""
    before = len(world.github.webhooks)
    world.github.rename_repository(old, new)
    if in_silence:
        del world.github.webhooks[before:]
    world.settle()


def deployed(world: World, repository: str) -> list[str]:
    return [one.sha for one in world.github.deployments(repository)]


def direct(world: World, person: str = "maria") -> list[str]:
    """What the bot has said in the direct message with somebody."""
    return [seen(world, read_out(one)) for one in world.slack.messages(f"@{person}")]


def asked(world: World, since: int = 0) -> list[str]:
    return [f"{one.method} {one.path}" for one in world.github.requests[since:]]


# --- the name changes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_silence", [False, True], ids=["told", "in silence"])
@pytest.mark.parametrize("new", NEW_NAMES)
def test_a_merge_in_the_renamed_repository_is_deployed_and_admins_are_told_once(
    led: World, new: str, in_silence: bool
) -> None:
    rename(led, new, in_silence=in_silence)
    first = merge(led, new)
    another_tool(led, "in_progress", "success", repository=new)
    led.restart()
    second = merge(led, new, "filters")
    another_tool(led, "in_progress", "success", repository=new)
    led.wait(hours=5)
    led.reconcile()

    assert deployed(led, new) == [first, second]
    assert [line.split("  ")[0] for line in channel(led, "#web")] == ["✅ *web → staging*"] * 2
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=new)]
    assert direct(led, "bob") == channel(led, "#deploys") == []


def test_once_it_is_known_nothing_is_asked_by_the_old_name(led: World) -> None:
    rename(led)
    before = len(led.github.requests)

    merge(led, NEW)
    led.says("maria", "deploy main to production")
    led.reconcile()

    assert creations(led) == 2
    assert [one for one in asked(led, before) if f"/repos/{REPOSITORY}/" in f"{one}/"] == []


def test_a_new_name_after_another_is_told_and_the_same_one_is_not(led: World) -> None:
    rename(led)
    rename(led, "acme/site", NEW)
    led.reconcile()
    rename(led, "acme/site2", "acme/site")
    led.wait(hours=2)
    led.reconcile()

    names = [NEW, "acme/site", "acme/site2"]
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=name) for name in names]


def test_a_name_that_is_taken_back_is_nothing_to_be_told(led: World) -> None:
    rename(led)
    rename(led, REPOSITORY, NEW)
    sha = merge(led, REPOSITORY)

    assert deployed(led, REPOSITORY) == [sha]
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]


def test_a_name_in_other_letters_is_the_same_name(led: World) -> None:
    rename(led, "Acme/Web")
    sha = merge(led, "Acme/Web")
    led.wait(hours=2)
    led.reconcile()

    assert deployed(led, "Acme/Web") == [sha]
    assert direct(led) == []
    assert led.deployment(1).repository == REPOSITORY


def test_where_there_are_no_admins_the_channel_is_told(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        world.reconcile()
        rename(world)

        assert channel(world, "#deploys") == [TOLD.format(old=REPOSITORY, new=NEW).split("\n")[0]]


def test_a_repository_that_was_renamed_before_the_bot_knew_its_number_is_found_by_redirects(tmp_path: Path) -> None:
    with open_world(tmp_path, LED) as world:
        rename(world)
        unheard = merge(world, NEW)
        world.reconcile()
        sha = merge(world, NEW, "filters")

        assert unheard not in deployed(world, NEW)
        assert deployed(world, NEW) == [sha]
        assert direct(world) == [TOLD.format(old=REPOSITORY, new=NEW)]


def test_webhooks_without_numbers_are_believed_their_names(led: World) -> None:
    led.hold_webhooks = True
    sha = merge(led, REPOSITORY)
    webhooks = [numberless(one) for one in led.github.webhooks_of("pull_request")]

    for webhook in webhooks:
        led.deliver(webhook)

    assert deployed(led, REPOSITORY) == [sha]


def numberless(webhook: Webhook) -> Webhook:
    payload = webhook.json
    del payload["repository"]["id"]
    return replace(webhook, body=json.dumps(payload).encode())


# --- what is under way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", NEW_NAMES)
@pytest.mark.parametrize("how", ["status", "check run"])
def test_a_merge_that_waits_for_its_checks_goes_on_under_the_new_name(led: World, new: str, how: str) -> None:
    led.github.set_status(REPOSITORY, "main", "ci", "success")
    sha = merge(led, REPOSITORY)
    before = (parent(led, 1).split("\n")[0], creations(led))

    rename(led, new, in_silence=True)
    if how == "status":
        led.github.set_status(new, sha, "ci", "success")
    else:
        led.github.set_check_run(new, sha, "ci", "success")
    led.settle()

    assert before == ("⏳ *web → staging*  waits for its first check", 0)
    assert deployed(led, new) == [sha]
    assert channel(led, "#web") == ["🚀 *web → staging*  is under way"]


def test_what_another_tool_reports_of_ours_under_the_new_name_is_said_in_the_thread(led: World) -> None:
    led.says("maria", "deploy main to production")
    before = len(thread(led, 1))

    rename(led, in_silence=True)
    another_tool(led, "in_progress", repository=NEW)
    led.restart(following(NEW))
    another_tool(led, "success", repository=NEW)
    led.reconcile()

    assert thread(led, 1)[before:] == ["🚀 Started 10:03 UTC", "✅ @maria live in 20 s"]
    assert len(channel(led, "#web")) == 1


def test_what_we_carry_out_goes_on_and_is_reported_to_the_renamed_repository(tmp_path: Path) -> None:
    carried_out = LED.replace('type = "external"', 'type = "local", directory = "{directory}/releases"')
    with open_world(tmp_path, carried_out) as world:
        world.reconcile()
        world.hold_runs = True
        world.says("maria", "deploy main to production")

        rename(world)
        world.hold_runs = False
        world.settle()

        [remote] = world.github.deployments(NEW)
        assert world.deployment(1).state is State.SUCCEEDED
        assert world.statuses(remote.id, NEW)[-1] == "success"
        assert direct(world) == [TOLD.format(old=REPOSITORY, new=NEW)]


def test_what_other_tools_deploy_is_announced_and_followed(led: World) -> None:
    first = led.github.create_deployment(REPOSITORY, "main")
    led.settle()

    rename(led, in_silence=True)
    led.github.report_deployment_status(NEW, first, "success")
    led.settle()
    second = led.github.create_deployment(NEW, "main", environment="staging")
    led.settle()
    led.github.report_deployment_status(NEW, second, "failure")
    led.settle()

    assert [world_state(led, number) for number in (1, 2)] == [State.SUCCEEDED, State.FAILED]
    assert len(channel(led, "#web")) == 2


def world_state(world: World, number: int) -> State:
    return world.deployment(number).state


def test_a_locked_branch_that_is_merged_under_the_new_name_ends_its_lock(led: World) -> None:
    led.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    number = led.github.open_pull_request(REPOSITORY, "topic")
    led.says("maria", f"deploy #{number} to production")
    another_tool(led, "in_progress", "success")
    led.says("maria", "lock production")

    rename(led, in_silence=True)
    held = led.store.reads().locks.of("web", "production")
    led.github.merge_pull_request(NEW, number)
    led.settle()

    assert held is not None
    assert (held.ref, held.pull_request) == ("topic", number)
    assert led.store.reads().locks.of("web", "production") is None


def test_a_pull_request_of_the_renamed_repository_is_of_no_fork(led: World) -> None:
    led.github.commit(REPOSITORY, "topic", "Add search")
    first = led.github.open_pull_request(REPOSITORY, "topic")
    rename(led, in_silence=True)
    led.github.commit(NEW, "filters", "Add filters")
    second = led.github.open_pull_request(NEW, "filters")

    led.says("maria", f"deploy #{first} to staging")
    led.says("maria", f"deploy #{second} to production")

    refs = [one.split("\n")[1].partition("@")[0] for one in cards(led, "#web")]
    assert refs == ["topic", "filters"]


# --- the old name is given away ----------------------------------------------------------------------------------


def test_another_repository_by_the_old_name_is_not_taken_for_ours(led: World) -> None:
    rename(led)
    led.github.add_repository(REPOSITORY)

    merge(led, REPOSITORY)
    led.github.create_deployment(REPOSITORY, "main", environment="staging")
    led.settle()
    led.wait(minutes=3)
    led.reconcile()
    theirs = deployed(led, REPOSITORY)
    sha = merge(led, NEW, "filters")
    led.says("maria", "deploy main to production")

    assert len(theirs) == 1
    assert deployed(led, NEW) == [sha, sha]
    assert channel(led, "#web") == [parent(led, 1).split("\n")[0], parent(led, 2).split("\n")[0]]
    assert f"\nmain@{sha[:7]} · maria" in parent(led, 2)
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_whoever_is_heard_of_first_it_is_found_out_which_is_which(led: World, first: str) -> None:
    rename(led, in_silence=True)
    led.github.add_repository(REPOSITORY)

    if first == "theirs":
        merge(led, REPOSITORY)
    sha = merge(led, NEW, "filters")

    assert deployed(led, NEW) == [sha]
    assert deployed(led, REPOSITORY) == []
    assert len(channel(led, "#web")) == 1
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]


def test_a_webhook_that_comes_late_by_the_old_name_is_asked_about_by_the_new_one(led: World) -> None:
    led.hold_webhooks = True
    sha = merge(led, REPOSITORY)
    [late] = [one for one in led.github.webhooks_of("pull_request") if one.json["action"] == "closed"]
    rename(led, in_silence=True)
    led.github.add_repository(REPOSITORY)
    del led.github.webhooks[:]
    led._seen = 0
    led.hold_webhooks = False
    led.github.set_status(NEW, "main", "lint", "success")
    led.settle()

    led.deliver(late)

    assert late.json["repository"]["full_name"] == REPOSITORY
    assert deployed(led, NEW) == [sha]
    assert deployed(led, REPOSITORY) == []
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]


def test_a_repository_that_is_made_anew_is_refused_until_somebody_says_that_it_is_meant(led: World) -> None:
    make_anew(led)
    merge(led, REPOSITORY)
    led.says("maria", "deploy main to production")
    led.reconcile()
    before = (deployed(led, REPOSITORY), channel(led, "#web"), direct(led))

    led.store.repositories.forget(REPOSITORY)
    led.wait(minutes=3)
    led.reconcile()
    sha = merge(led, REPOSITORY, "filters")

    assert before == ([], [], [TAKEN])
    assert deployed(led, REPOSITORY) == [sha]
    assert direct(led) == [TAKEN]


def make_anew(world: World) -> None:
    del world.github.repositories[REPOSITORY]
    world.github.add_repository(REPOSITORY)
    world.github.tag(REPOSITORY, "v1")
    world.settle()


def test_who_asks_for_what_is_gone_is_told_so(led: World) -> None:
    make_anew(led)

    led.says("maria", "deploy main to production")

    [sentence] = [seen(led, line) for line in led.told("maria")]
    assert sentence.startswith("acme/web#1001 does not exist on GitHub, or GITHUB_TOKEN cannot see it.")


def test_one_that_is_out_of_sight_for_a_while_is_found_again(led: World) -> None:
    ours = led.github.repositories[REPOSITORY]
    make_anew(led)
    lost = led.settings.as_called(led.store.repositories.all()).apps["web"].repository

    led.github.repositories[NEW] = ours
    ours.full_name = NEW
    sha = merge(led, NEW)

    assert lost == "acme/web#1001"
    assert deployed(led, NEW) == [sha]
    assert direct(led) == [TAKEN, TOLD.format(old=REPOSITORY, new=NEW)]


TWO = (
    LED
    + """
[apps.next]
repository = "acme/web-next"
channel = "#random"
provider = { type = "external" }

[apps.next.environments.staging]
checks_settle = "0s"
deploy_on_merge = ["main"]
"""
)


@pytest.mark.parametrize("in_silence", [False, True], ids=["told", "in silence"])
@pytest.mark.parametrize("follow", [False, True], ids=["as before", "followed"])
def test_two_apps_whose_repositories_pass_a_name_on_keep_their_own(
    tmp_path: Path, in_silence: bool, follow: bool
) -> None:
    with open_world(tmp_path, TWO) as world:
        world.github.add_repository("acme/web-next")
        world.reconcile()
        world.wait(minutes=3)

        rename(world, "acme/web-old", in_silence=in_silence)
        rename(world, REPOSITORY, "acme/web-next", in_silence=in_silence)
        if follow:
            followed = following("acme/web-old", TWO).replace('"acme/web-next"', f'"{REPOSITORY}"')
            world.restart(followed)
            world.reconcile()
        new = merge(world, REPOSITORY)
        old = merge(world, "acme/web-old", "filters")
        world.wait(minutes=3)
        world.reconcile()

        assert (deployed(world, "acme/web-old"), deployed(world, REPOSITORY)) == ([old], [new])
        assert [world.deployment(number).app for number in (1, 2)] == ["next", "web"]
        assert (len(channel(world, "#web")), len(channel(world, "#random"))) == (1, 1)


# --- the settings follow -----------------------------------------------------------------------------------------


def test_when_the_settings_follow_nothing_is_deployed_or_told_twice(led: World) -> None:
    shas = [merge(led, REPOSITORY)]
    another_tool(led, "in_progress", "success")
    rename(led)
    shas.append(merge(led, NEW, "filters"))

    led.restart(following(NEW))
    led.reconcile()
    for webhook in [one for one in led.github.webhooks_of("pull_request") if one.json["action"] == "closed"]:
        led.deliver(webhook)
        led.deliver(replace(webhook, delivery_id=f"again-{webhook.delivery_id}"))
    led.wait(minutes=3)
    led.reconcile()
    another_tool(led, "in_progress", "success", repository=NEW)
    shas.append(merge(led, NEW, "paging"))

    assert deployed(led, NEW) == shas
    assert len(channel(led, "#web")) == 3
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]
    assert {led.deployment(number).repository for number in (1, 2, 3)} == {NEW}


def test_history_locks_and_what_was_live_stay_with_the_app(led: World) -> None:
    first = merge(led, REPOSITORY)
    another_tool(led, "in_progress", "success")
    led.says("maria", "lock production")
    rename(led, in_silence=True)

    led.restart(following(NEW))
    led.reconcile()
    merge(led, NEW, "filters")
    said = led.says("maria", "deploys web in staging")

    assert " · merged by octocat · #2 Add filters · alice · " in parent(led, 2)
    assert any(first[:7] in line for line in answers(led, said))
    assert led.store.reads().locks.of("web", "production") is not None


def test_a_bot_that_was_away_meanwhile_takes_up_what_it_left_and_what_it_missed(led: World) -> None:
    """Renamed, deployed and merged while nobody listened, and the settings changed before the next start."""
    merge(led, REPOSITORY)
    led.wait(minutes=3)
    led.reconcile()
    led.hold_webhooks = True
    rename(led)
    led.github.report_deployment_status(NEW, led.github.deployments(NEW)[0].id, "in_progress")
    led.github.report_deployment_status(NEW, led.github.deployments(NEW)[0].id, "success")
    sha = merge(led, NEW, "filters")
    led.stands_still(minutes=20)

    led.restart(following(NEW))
    led.hold_webhooks = False
    led.settle()
    led.reconcile()
    led.wait(minutes=3)
    led.reconcile()

    assert deployed(led, NEW)[1:] == [sha]
    assert thread(led, 1)[-1].startswith("✅ live in ")
    assert len(channel(led, "#web")) == 2
    assert direct(led) == []


def test_what_another_tool_began_before_is_recognised_though_nobody_noticed_the_change(led: World) -> None:
    remote = led.github.create_deployment(REPOSITORY, "main")
    led.settle()
    led.hold_webhooks = True
    rename(led)
    led.github.report_deployment_status(NEW, remote, "success")

    led.restart(following(NEW))
    led.hold_webhooks = False
    led.settle()

    assert led.deployment(1).state is State.SUCCEEDED
    assert len(channel(led, "#web")) == 1


def test_ours_whose_answer_was_lost_is_recognised_though_nobody_noticed_the_change(led: World) -> None:
    led.hold_webhooks = True
    rename(led)
    led.github.fail_next("POST", "^/repositories/.*/deployments$", "cut_after")
    led.slack.says("maria", "#web", "@shipmate deploy main to production")
    while not led.github.deployments(NEW):
        led._step()

    led.restart(following(NEW))
    led.hold_webhooks = False
    led.settle()

    [remote] = led.github.deployments(NEW)
    assert led.deployment(1).remote_id == remote.id
    assert len(channel(led, "#web")) == 1


@pytest.mark.parametrize("noticed", [False, True])
def test_a_merge_whose_webhook_was_lost_around_the_change_is_found_and_deployed_once(led: World, noticed: bool) -> None:
    known = merge(led, REPOSITORY)
    another_tool(led, "in_progress", "success")
    led.wait(minutes=3)
    led.reconcile()
    led.hold_webhooks = True
    rename(led)
    if noticed:
        led.wait(hours=1)
        led.reconcile()
    sha = merge(led, NEW, "filters")
    led.stands_still(minutes=5)

    led.restart(following(NEW))
    led.reconcile()
    led.wait(minutes=3)
    led.reconcile()

    assert deployed(led, NEW) == [known, sha]
    assert len(channel(led, "#web")) == 2


def test_an_earlier_version_deployed_it_already(led: World) -> None:
    """Its keys had the repository's name in them."""
    sha = merge(led, REPOSITORY)
    [webhook] = [one for one in led.github.webhooks_of("pull_request") if one.json["action"] == "closed"]
    forget_keys(led)

    rename(led)
    led.restart(following(NEW))
    led.deliver(replace(webhook, delivery_id="again"))
    led.reconcile()

    assert deployed(led, NEW) == [sha]
    assert len(channel(led, "#web")) == 1


def forget_keys(world: World) -> None:
    """As if everything had been put under other keys."""
    with world.store.database.engine.begin() as connection:
        connection.execute(sa.delete(tables.deliveries).where(tables.deliveries.c.id.startswith("bot:")))


def test_a_merge_that_was_told_to_be_refused_is_not_told_again_by_a_new_version(led: World) -> None:
    led.github.deny(led.github.token, "deployments")
    led.github.deny(led.github.token, "pull_requests")
    sha = merge(led, REPOSITORY)
    told = channel(led, "#web")
    with led.store.database.engine.begin() as connection:
        change = sa.update(tables.kept).where(tables.kept.c.key.startswith("told:"))
        changed = connection.execute(change.values(key=f"told:#web:{REPOSITORY}:{sha}")).rowcount
    forget_keys(led)

    [webhook] = [one for one in led.github.webhooks_of("pull_request") if one.json["action"] == "closed"]
    led.deliver(replace(webhook, delivery_id="again"))

    assert (len(told), changed) == (1, 1)
    assert channel(led, "#web") == told


MONO = (
    LED
    + """
[apps.api]
repository = "acme/web"
channel = "#random"
provider = { type = "external" }

[apps.api.environments.live]
checks_settle = "0s"
deploy_on_merge = ["main"]
"""
)


def test_apps_that_share_a_repository_are_named_together_and_may_follow_one_by_one(tmp_path: Path) -> None:
    with open_world(tmp_path, MONO) as world:
        world.reconcile()
        rename(world)
        message = direct(world)
        world.restart(MONO.replace(f'"{REPOSITORY}"', f'"{NEW}"', 1))
        world.reconcile()
        sha = merge(world, NEW)

        assert message == [TOLD.format(old=REPOSITORY, new=NEW).replace("[apps.web]", "[apps.web] and [apps.api]")]
        assert direct(world) == message
        assert [one.environment for one in world.github.deployments(NEW)] == ["staging", "live"]
        assert deployed(world, NEW) == [sha, sha]


def test_an_app_that_is_given_another_repository_is_another_matter(led: World) -> None:
    led.github.add_repository("acme/other")
    led.says("maria", "deploy main to production")

    led.restart(following("acme/other"))
    led.reconcile()
    sha = merge(led, "acme/other")
    merge(led, REPOSITORY, "filters")
    led.wait(minutes=3)
    led.reconcile()

    assert deployed(led, "acme/other") == [sha]
    assert [led.deployment(number).repository for number in (1, 2)] == [REPOSITORY, "acme/other"]
    assert direct(led) == []


# --- GitHub does not tell ----------------------------------------------------------------------------------------


def test_a_webhook_waits_until_github_tells_what_its_repository_is_called(led: World) -> None:
    rename(led, in_silence=True)
    led.github.fail_next("GET", "^/repositories/", 503, times=50)
    sha = merge(led, NEW)
    meanwhile = creations(led)

    led.github.heal()
    led.wait(minutes=5)

    assert meanwhile == 0
    assert deployed(led, NEW) == [sha]
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]


def test_a_token_that_is_refused_meanwhile_holds_it_up(led: World) -> None:
    rename(led, in_silence=True)
    led.github.deny(led.github.token)
    sha = merge(led, NEW)
    led.wait(minutes=20)

    led.github.allow(led.github.token)
    led.wait(minutes=2)

    assert deployed(led, NEW) == [sha]


def test_without_webhooks_it_is_found_out_within_an_hour(led: World) -> None:
    led.hold_webhooks = True
    rename(led)
    led.github.add_repository(REPOSITORY)
    led.wait(hours=1)
    led.reconcile()
    sha = merge(led, NEW)

    led.wait(minutes=3)
    led.reconcile()

    assert deployed(led, NEW) == [sha]
    assert direct(led) == [TOLD.format(old=REPOSITORY, new=NEW)]


# --- a GitHub App ------------------------------------------------------------------------------------------------


@pytest.fixture
def by_app(tmp_path: Path) -> Iterator[tuple[World, App]]:
    """The bot comes as a GitHub App that is installed at acme and at newowner."""
    with open_world(tmp_path, LED) as world:
        app = world.github.add_app(REPOSITORY)
        app.installations[7002] = {"newowner/tools"}
        world.environ |= {"GITHUB_APP_ID": app.app_id, "GITHUB_PRIVATE_KEY": app.private_key}
        world.restart()
        world.reconcile()
        yield world, app


def test_an_app_that_is_installed_at_the_new_owner_goes_on_there(by_app: tuple[World, App]) -> None:
    world, app = by_app
    rename(world, "newowner/web", in_silence=True)
    app.installations[7002].add("newowner/web")
    sha = merge(world, "newowner/web")

    assert deployed(world, "newowner/web") == [sha]
    assert direct(world) == [TOLD.format(old=REPOSITORY, new="newowner/web")]


def test_an_app_goes_on_where_only_the_name_changes(by_app: tuple[World, App]) -> None:
    world, _ = by_app
    rename(world)
    sha = merge(world, NEW)

    assert deployed(world, NEW) == [sha]


def test_an_app_that_is_not_installed_at_the_new_owner_deploys_nothing_of_it(by_app: tuple[World, App]) -> None:
    world, _ = by_app
    rename(world, "elsewhere/web", in_silence=True)
    merge(world, "elsewhere/web")
    world.github.add_repository(REPOSITORY)
    world.wait(minutes=3)
    world.reconcile()

    said = channel(world, "#web")
    assert deployed(world, "elsewhere/web") == deployed(world, REPOSITORY) == []
    assert len(said) == 1
    assert said[0].startswith("⚠️ #1 Add search was merged into main, and I could not take it up to deploy it.")


def payload_of(webhook: Webhook) -> Any:
    return webhook.json


def test_the_event_that_tells_of_it_has_githubs_shape(led: World) -> None:
    led.github.rename_repository(REPOSITORY, "newowner/site")

    told = [payload_of(one) for one in led.github.webhooks_of("repository")]

    assert [one["action"] for one in told] == ["transferred", "renamed"]
    assert told[0]["changes"]["owner"]["from"]["organization"]["login"] == "acme"
    assert told[1]["changes"] == {"repository": {"name": {"from": "web"}}}
    assert {one["repository"]["full_name"] for one in told} == {"newowner/site"}
