"""GitHub or Slack refuses the bot's own credentials: an outage, told once, after which everything goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.adapters.storage.batching_inbox import BatchingInbox
from bot.http.server import listener
from tests.handlers.scenes import (
    another_tool,
    answers,
    broadcasts,
    channel,
    creations,
    news,
    parent,
    seen,
    thread,
    told,
)
from tests.handlers.test_noise import reactions
from tests.servers.github.accounts import App, other_key
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

MARIA, BOB = "U00000001", "U00000002"
WITH_ADMIN = f'[bot]\nadmins = ["{MARIA}"]\n{SETTINGS}'
TWO_APPS = (
    WITH_ADMIN
    + """
[apps.api]
repository = "other/api"
channel = "#random"
provider = { type = "external" }

[apps.api.environments.live]
deploy_on_merge = ["main"]
"""
)
BEGAN = (
    "🔑 *GitHub does not accept my credentials.* GITHUB_TOKEN is not accepted by GitHub (Bad credentials).\n"
    "Merges, commands and deployments that need GitHub wait, and nothing is lost.\n"
    "Make new credentials on GitHub, set GITHUB_TOKEN anew, and restart me. I go on by myself within a minute of being "
    "accepted again."
)


@pytest.fixture
def led(tmp_path: Path) -> Iterator[World]:
    """A world in which maria is the admin."""
    with open_world(tmp_path, WITH_ADMIN) as world:
        yield world


def merge(world: World, branch: str = "search", repository: str = REPOSITORY) -> str:
    """Somebody merges a pull request; returns the merge commit."""
    world.github.commit(repository, branch, f"Add {branch}")
    number = world.github.open_pull_request(repository, branch)
    return world.github.merge_pull_request(repository, number)


def direct(world: World, person: str) -> list[str]:
    """What the bot has said in the direct message with somebody."""
    return [seen(world, read_out(one)) for one in world.slack.messages(f"@{person}")]


def keys(lines: list[str]) -> list[str]:
    """What was said of credentials: whether they are refused, or accepted again."""
    return ["refused" if "does not accept" in line else "accepted" for line in lines if line.startswith("🔑")]


def deployed(world: World, repository: str = REPOSITORY) -> list[str]:
    return [one.sha for one in world.github.deployments(repository)]


# --- a merge -----------------------------------------------------------------------------------------------------


def test_a_merge_that_came_while_the_token_was_refused_is_deployed_once_it_is_accepted(led: World) -> None:
    led.github.deny(led.github.token)
    sha = merge(led)
    led.wait(minutes=20)
    meanwhile = creations(led)

    led.github.allow(led.github.token)
    led.wait(minutes=1)

    assert meanwhile == 0
    assert deployed(led) == [sha]
    assert len(channel(led, "#web")) == 1
    led.wait(minutes=1)
    assert direct(led, "maria")[0] == BEGAN
    assert keys(direct(led, "maria")) == ["refused", "accepted"]
    assert direct(led, "bob") == channel(led, "#deploys") == []


def test_a_new_token_and_a_restart_mend_it_and_nobody_is_told_twice(led: World) -> None:
    led.github.deny(led.github.token)
    first = merge(led)
    led.wait(minutes=5)
    led.restart()
    led.wait(minutes=5)
    second = merge(led, "filters")
    led.wait(minutes=5)

    led.environ["GITHUB_TOKEN"] = led.github.add_token(led.github.bot_login)
    led.restart()
    led.wait(minutes=2)

    assert set(deployed(led)) <= {first, second}
    assert second in {led.deployment(number).sha for number in (1, 2)}
    assert creations(led) == 1
    assert keys(direct(led, "maria")) == ["refused", "accepted"]


def test_a_merge_outlives_an_outage_of_days_and_trouble_after_it(led: World) -> None:
    led.github.deny(led.github.token)
    sha = merge(led)
    led.wait(hours=4)  # more tries than a webhook has
    led.stands_still(days=4)
    led.github.allow(led.github.token)
    led.github.fail_next("GET", "/repos/acme/web", 502, times=12)

    led.wait(minutes=10)

    assert deployed(led) == [sha]
    assert keys(direct(led, "maria")) == ["refused", "accepted"]


def test_each_merge_of_several_repositories_is_deployed_and_one_message_tells_of_one_token(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("other/api")
        world.github.deny(world.github.token)
        shas = merge(world), merge(world, "paging", "other/api")
        world.wait(minutes=10)

        world.github.allow(world.github.token)
        world.wait(minutes=2)

        assert (deployed(world), deployed(world, "other/api")) == ([shas[0]], [shas[1]])
        assert keys(direct(world, "maria")) == ["refused", "accepted"]


def test_it_is_told_anew_each_time_it_happens(led: World) -> None:
    for number in range(3):
        led.github.deny(led.github.token)
        merge(led, f"change-{number}")
        led.wait(minutes=3)
        led.github.allow(led.github.token)
        led.wait(minutes=3)

    assert keys(direct(led, "maria")) == ["refused", "accepted"] * 3


def test_a_refusal_that_is_over_before_anybody_could_be_told_is_not_told(led: World) -> None:
    led.github.fail_next("GET", "/pulls/1$", 401)

    merge(led)
    led.wait(minutes=1)

    assert direct(led, "maria") == []
    assert creations(led) == 1


# --- a GitHub App ------------------------------------------------------------------------------------------------


@pytest.fixture
def app_world(tmp_path: Path) -> Iterator[tuple[World, App]]:
    """Two repositories of two owners, for each of which the App is installed."""
    with open_world(tmp_path, TWO_APPS) as world:
        world.github.add_repository("other/api")
        app = world.github.add_app(REPOSITORY)
        app.installations[7002] = {"other/api"}
        world.environ |= {"GITHUB_APP_ID": app.app_id, "GITHUB_PRIVATE_KEY": app.private_key}
        world.restart()
        yield world, app


def suspends(app: App) -> Callable[[], None]:
    app.suspended.add(7001)
    return app.suspended.clear


def uninstalls(app: App) -> Callable[[], None]:
    del app.installations[7001]
    return lambda: app.installations.update({7003: {REPOSITORY}})


@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("refuse", [suspends, uninstalls])
def test_an_owner_that_refuses_the_app_holds_up_its_own_merges_alone(
    app_world: tuple[World, App], refuse: Callable[[App], Callable[[], None]], restarts: bool
) -> None:
    world, app = app_world
    world.says("maria", "deploy main to production")
    mend = refuse(app)
    world.wait(minutes=61)  # its token of an hour is over by then
    shas = merge(world), merge(world, "paging", "other/api")
    world.wait(minutes=10)
    if restarts:
        world.restart()
        world.wait(minutes=10)
    meanwhile = (len(deployed(world)), deployed(world, "other/api"))

    mend()
    world.wait(minutes=2)

    assert meanwhile == (1, [shas[1]])
    assert deployed(world)[1:] == [shas[0]]
    first, *rest = direct(world, "maria")
    assert first.startswith("🔑 *GitHub (acme) does not accept my credentials.* The GitHub App ")
    assert keys([first, *rest]) == ["refused", "accepted"]


def test_an_app_whose_key_was_changed_goes_on_with_the_new_one(app_world: tuple[World, App]) -> None:
    world, app = app_world
    right, app.public_key = app.public_key, other_key()
    shas = merge(world), merge(world, "paging", "other/api")
    world.wait(minutes=10)

    app.public_key = right
    world.wait(minutes=2)

    assert (deployed(world), deployed(world, "other/api")) == ([shas[0]], [shas[1]])
    assert keys(direct(world, "maria")) == ["refused", "accepted"]


def test_merges_into_a_repository_whose_app_was_suspended_for_days_are_found_without_a_webhook(
    app_world: tuple[World, App],
) -> None:
    world, app = app_world
    world.reconcile()
    world.wait(minutes=3)
    app.suspended.add(7001)
    world.hold_webhooks = True
    world.wait(minutes=10)
    sha = merge(world)
    for _ in range(5 * 8):
        world.reconcile()
        world.stands_still(hours=3)
    world.wait(minutes=1)

    app.suspended.clear()
    world.wait(minutes=2)

    assert deployed(world) == [sha]


# --- who is told -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("admins", "hearers"),
    [
        (f'["{MARIA}", "{BOB}"]', ["maria", "bob"]),
        ('["@ops"]', ["bob"]),
        ('["maria"]', ["maria"]),  # a GitHub login that the settings know
        (f'["@gone", "{BOB}", "@ops", "nobody-knows"]', ["bob"]),
        ('["acme/ops"]', ["bob"]),
    ],
)
def test_admins_of_every_kind_are_told_directly(tmp_path: Path, admins: str, hearers: list[str]) -> None:
    with open_world(tmp_path, f"[bot]\nadmins = {admins}\n{SETTINGS}") as world:
        world.slack.add_group("ops", ["bob"])
        world.github.add_team("acme/ops", ["bob", "stranger"])
        world.reconcile()
        world.github.deny(world.github.token)
        merge(world)
        world.wait(minutes=10)

        assert {name: direct(world, name) for name in ("maria", "bob")} == {
            name: [BEGAN] if name in hearers else [] for name in ("maria", "bob")
        }
        assert channel(world, "#deploys") == []


@pytest.mark.parametrize("admins", ["[]", '["@gone"]', '["U09999999"]', f'["{BOB}"]'])
def test_without_an_admin_to_be_found_the_channel_is_told(tmp_path: Path, admins: str) -> None:
    with open_world(tmp_path, f"[bot]\nadmins = {admins}\n{SETTINGS}") as world:
        world.slack.deactivate("bob")
        world.github.deny(world.github.token)
        merge(world)
        world.wait(minutes=10)
        world.github.allow(world.github.token)
        world.wait(minutes=2)

        assert keys(channel(world, "#deploys")) == ["refused", "accepted"]


def test_without_a_channel_of_its_own_the_channels_of_the_apps_are_told(tmp_path: Path) -> None:
    settings = SETTINGS.replace('[slack]\nchannel = "#deploys"\n', "")
    with open_world(tmp_path, settings) as world:
        world.github.deny(world.github.token)
        merge(world)
        world.wait(minutes=10)

        assert keys(channel(world, "#web")) == ["refused"]


def test_a_bot_that_nobody_uses_notices_it_all_the_same(led: World) -> None:
    led.reconcile()
    led.wait(minutes=3)
    led.github.deny(led.github.token)

    led.reconcile()

    assert keys(direct(led, "maria")) == ["refused"]


def test_an_owner_of_a_team_alone_that_refuses_the_token_is_told_of_once_too(tmp_path: Path) -> None:
    settings = WITH_ADMIN.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\ndeployers = ["elsewhere/devs"]'
    )
    with open_world(tmp_path, settings) as world:
        sso = {"X-GitHub-SSO": "required; url=https://github.com/orgs/elsewhere/sso"}
        world.github.fail_next("GET", "/orgs/elsewhere", 403, times=1_000, headers=sso)
        world.says("bob", "deploy main to production")
        world.wait(minutes=5)
        world.github.heal()
        world.wait(minutes=2)

        assert keys(direct(world, "maria")) == ["refused", "accepted"]
        assert direct(world, "maria")[0].startswith("🔑 *GitHub (elsewhere) does not accept my credentials.*")


# --- commands ----------------------------------------------------------------------------------------------------


def test_a_command_waits_its_person_is_told_once_and_it_goes_on(led: World) -> None:
    led.github.deny(led.github.token)

    said = led.says("bob", "deploy main to production")
    led.wait(minutes=8)
    led.github.allow(led.github.token)
    led.wait(seconds=40)

    assert told(led, "bob") == [
        "GitHub does not accept my credentials. My admins are told, and I go on by myself once they are accepted again."
    ]
    assert (channel(led, "#web"), answers(led, said)) == (["🚀 *web → production*  is under way"], [])
    assert creations(led) == 1
    assert reactions(said) == {"👀"}


def test_a_command_that_is_too_old_by_then_is_given_up(led: World) -> None:
    led.github.deny(led.github.token)

    led.says("bob", "deploy main to production")
    led.wait(minutes=15)
    led.github.allow(led.github.token)
    led.wait(minutes=5)

    assert told(led, "bob")[1:] == [
        "GITHUB_TOKEN is not accepted by GitHub (Bad credentials). I have given up on this command and nothing was "
        "changed; please send it again later."
    ]
    assert creations(led) == 0


# --- deployments under way ---------------------------------------------------------------------------------------

OURS = WITH_ADMIN.replace(
    'provider = { type = "external" }',
    'provider = { type = "shell", command = "echo once >> {directory}/ran", directory = "{directory}/runs" }',
)


@pytest.mark.parametrize(("method", "path"), [("POST", "/deployments$"), ("POST", "/statuses$"), ("GET", "/tarball/")])
def test_a_deployment_of_ours_goes_on_where_it_stood_after_a_day(tmp_path: Path, method: str, path: str) -> None:
    with open_world(tmp_path, OURS) as world:
        world.github.fail_next(method, path, 401, times=1_000_000)
        world.says("maria", "deploy main to production")
        world.wait(minutes=30)
        world.stands_still(days=1)
        world.wait(minutes=5)

        world.github.heal()
        world.wait(minutes=2)

        [remote] = world.github.deployments(REPOSITORY)
        assert world.statuses(remote.id) == ["queued", "in_progress", "success"]
        assert (world.directory / "ran").read_text() == "once\n"
        assert news(world, 1) == "is live"


def test_a_deployment_for_another_tool_has_its_whole_time_from_its_creation_on(led: World) -> None:
    led.github.fail_next("POST", "/deployments$", 401, times=1_000_000)
    led.says("maria", "deploy main to production")
    led.wait(minutes=30)
    led.github.heal()
    led.wait(minutes=2)

    another_tool(led, "in_progress", "success")

    assert news(led, 1) == "is live"
    assert [line.split(" ")[0] for line in thread(led, 1)] == ["🚀", "✅"]
    assert not [line for line in [*thread(led, 1), parent(led, 1)] if "given up" in line]


def test_what_waits_for_checks_does_not_expire_while_nobody_can_see_them(led: World) -> None:
    led.github.set_status(REPOSITORY, "main", "ci/test", "success")
    sha = merge(led)
    led.settle()
    led.github.deny(led.github.token)
    led.github.set_status(REPOSITORY, sha, "ci/test", "success")

    led.wait(minutes=70)
    led.stands_still(days=1)
    led.wait(minutes=5)
    led.github.allow(led.github.token)
    led.wait(minutes=2)

    assert deployed(led) == [sha]


# --- Slack -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, OURS) as world:
        yield world


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive", "not_authed"])
def test_a_deployment_that_ended_while_slack_refused_the_token_is_told_once_with_its_end(
    ours: World, code: str
) -> None:
    ours.hold_runs = True
    ours.says("maria", "deploy main to production")
    ours.slack.revoke(code)
    ours.hold_runs = False
    ours.wait(minutes=30)
    ours.stands_still(days=1)
    before = news(ours, 1)

    ours.environ["SLACK_BOT_TOKEN"] = ours.slack.new_token()
    ours.restart()
    ours.wait(minutes=2)

    [remote] = ours.github.deployments(REPOSITORY)
    assert ours.statuses(remote.id) == ["queued", "in_progress", "success"]
    assert before == "is under way"
    assert news(ours, 1) == "is live"
    assert [line.split(" ")[0] for line in thread(ours, 1)] == ["✅"]
    assert len(channel(ours, "#web")) == 1
    assert broadcasts(ours, "#web") == ["✅ @maria live in 0 s"]
    [line] = direct(ours, "maria")
    assert line.startswith("🔑 Slack did not accept my token for ")


def test_a_merge_is_deployed_while_slack_refuses_the_token_and_its_card_comes_late(ours: World) -> None:
    ours.says("maria", "whoami")
    ours.slack.revoke("token_revoked")

    sha = merge(ours)
    ours.wait(minutes=5)
    meanwhile = deployed(ours)
    ours.environ["SLACK_BOT_TOKEN"] = ours.slack.new_token()
    ours.restart()
    ours.wait(minutes=2)

    assert meanwhile == [sha]
    assert news(ours, 1) == "is live: #1 Add search"
    assert len(channel(ours, "#web")) == 1


def test_the_listeners_page_tells_of_it_as_long_as_it_lasts(ours: World) -> None:
    pages = listener(ours.settings, ours.store, BatchingInbox(ours.store.database), lambda one: one, lambda: None, None)
    ours.slack.revoke("token_revoked")
    merge(ours)
    ours.wait(minutes=1)
    meanwhile = list(pages.outages())

    ours.environ["SLACK_BOT_TOKEN"] = ours.slack.new_token()
    ours.restart()
    ours.wait(minutes=1)

    assert meanwhile == ["Slack refuses the bot's credentials since 2026-03-02 10:00 UTC."]
    assert list(pages.outages()) == []


def test_who_is_refused_by_both_is_told_of_github_once_slack_takes_the_token_again(led: World) -> None:
    led.slack.revoke("token_revoked")
    led.github.deny(led.github.token)
    sha = merge(led)
    led.wait(minutes=30)

    led.environ["SLACK_BOT_TOKEN"] = led.slack.new_token()
    led.restart()
    led.wait(minutes=3)
    told_late = keys(direct(led, "maria"))
    led.github.allow(led.github.token)
    led.wait(minutes=2)

    assert told_late.count("refused") == 1
    assert keys(direct(led, "maria"))[-1] == "accepted"
    assert deployed(led) == [sha]


# --- refused in part ---------------------------------------------------------------------------------------------

SSO = {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=AZ"}


@pytest.mark.parametrize(("status", "headers"), [(401, {}), (403, SSO)])
def test_where_only_changes_are_refused_admins_are_told_once_and_it_goes_on(
    led: World, status: int, headers: dict[str, str]
) -> None:
    """A public repository may be read by everybody, also by whom its owner keeps out."""
    led.github.fail_next("POST", "/repos/", status, headers=headers, times=1_000_000)
    sha = merge(led)
    led.wait(minutes=20)
    meanwhile = (creations(led) < 60, deployed(led), keys(direct(led, "maria")))

    led.github.heal()
    led.wait(minutes=2)

    assert meanwhile == (True, [], ["refused"])
    assert deployed(led) == [sha]
    assert keys(direct(led, "maria")) == ["refused", "accepted"]


def test_where_one_question_is_refused_it_is_not_asked_every_second(led: World) -> None:
    led.github.fail_next("GET", "/commits/", 401, times=1_000_000)
    sha = merge(led)
    before = len(led.github.requests)
    led.wait(minutes=20)
    asked = [one.path for one in led.github.requests[before:] if "/commits/" in one.path]

    led.github.heal()
    led.wait(minutes=1)

    assert len(asked) < 120
    assert deployed(led) == [sha]
