"""What GitHub is asked of the time in which nobody listened: merges, deployments, and webhooks that failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.auth import AppAuth
from bot.adapters.github.forge import GitHub
from bot.core.ports.backfill import FailedDelivery
from tests.servers.github.pair import REPO, T0, Pair, StillClock, pair
from tests.servers.webhook_receiver import WebhookReceiver


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


@pytest.fixture
def door() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as door:
        yield door


def merge(github: Pair, branch: str, base: str = "main") -> int:
    github.clock.tick(minutes=1)
    github.server.commit(REPO, branch, f"Change {branch}")
    number = github.server.open_pull_request(REPO, branch, base=base)
    github.server.merge_pull_request(REPO, number, by="maria")
    return number


# --- merges ------------------------------------------------------------------------------------------------------


def test_the_newest_merge_is_the_one_that_was_merged_last(github: Pair) -> None:
    merge(github, "one")
    second = merge(github, "two")

    assert github.client.backfill.newest_merges(REPO, ["main"], T0) == {"main": [second]}


def test_what_is_closed_without_a_merge_or_merged_elsewhere_does_not_count(github: Pair) -> None:
    wanted = merge(github, "one")
    github.server.branch(REPO, "release")
    merge(github, "two", base="release")
    github.server.commit(REPO, "three", "Never mind")
    github.server.close_pull_request(REPO, github.server.open_pull_request(REPO, "three"))

    assert github.client.backfill.newest_merges(REPO, ["main"], T0) == {"main": [wanted]}


def test_branches_are_meant_by_patterns_and_a_merge_queue_merges_several_at_once(github: Pair) -> None:
    for base in ("release/1", "release/2", "release/2/fix"):
        github.server.branch(REPO, base)
    first = merge(github, "one", base="release/1")
    merge(github, "two", base="release/2/fix")
    together = []
    for name in ("three", "four"):
        github.server.commit(REPO, name, f"Change {name}")
        together.append(github.server.open_pull_request(REPO, name, base="release/2"))
        github.server.merge_pull_request(REPO, together[-1])

    found = github.client.backfill.newest_merges(REPO, ["release/*"], T0)

    assert found == {"release/1": [first], "release/2": together}


def test_an_older_merge_is_no_news(github: Pair) -> None:
    merge(github, "one")

    assert github.client.backfill.newest_merges(REPO, ["main"], github.clock.now().replace(minute=30)) == {}


def test_asking_again_costs_nothing(github: Pair) -> None:
    merge(github, "one")
    github.client.backfill.newest_merges(REPO, ["main"], T0)
    before = len(github.server.requests)

    github.client.backfill.newest_merges(REPO, ["main"], T0)

    assert [one.status for one in github.server.requests[before:]] == [304]


def test_a_merge_is_told_as_its_webhook_would_tell_it(github: Pair) -> None:
    number = merge(github, "one")
    pull = github.server.repository(REPO).pull_requests[number]

    told = github.client.backfill.merge(REPO, number)

    assert told is not None
    assert (told.repository, told.number, told.title, told.base) == (REPO, number, "Change one", "main")
    assert (told.author, told.merged_by) == ("octocat", "maria")
    assert (told.merge_sha, told.head_sha, told.base_sha) == (pull.merge_sha, pull.head_sha, pull.base_sha)
    assert told.merged_at == pull.merged_at


def test_an_open_or_unknown_pull_request_is_no_merge(github: Pair) -> None:
    github.server.commit(REPO, "one", "Wait for it")
    number = github.server.open_pull_request(REPO, "one")

    assert github.client.backfill.merge(REPO, number) is None
    assert github.client.backfill.merge(REPO, 404) is None


# --- deployments -------------------------------------------------------------------------------------------------


def test_deployments_since_then_come_oldest_first_over_all_pages(github: Pair) -> None:
    github.server.create_deployment(REPO, "main")
    github.clock.tick(minutes=5)
    since = github.clock.now()
    wanted = [github.server.create_deployment(REPO, "main") for _ in range(40)]

    found = github.client.backfill.deployments(REPO, since)

    assert [one.id for one in found] == wanted
    assert github.asked() == ["/deployments", "/deployments"]


# --- webhooks that failed ----------------------------------------------------------------------------------------


def failed(github: Pair, repository: str | None = REPO) -> list[FailedDelivery]:
    return list(github.client.backfill.failed_deliveries(repository, T0))


def administers(github: Pair) -> None:
    github.server.set_permission(REPO, github.server.bot_login, "admin")


def report(github: Pair, door: WebhookReceiver, status: int) -> None:
    """CI reports, and the door answers its webhook with that status."""
    door.status = status
    github.server.set_status(REPO, "main", "ci/test", "success")
    github.server.settle()


def test_a_delivery_that_was_turned_away_has_failed(github: Pair, door: WebhookReceiver) -> None:
    administers(github)
    github.server.subscribe("http://127.0.0.1:9/elsewhere", events=())
    hook = github.server.subscribe(door.url)
    report(github, door, 500)
    report(github, door, 202)

    (lost,) = failed(github)

    assert (lost.guid, lost.repository, lost.hook) == (door.turned_away[0], REPO, hook.id)


def test_where_nobody_opened_the_door_it_has_failed_too(github: Pair, door: WebhookReceiver) -> None:
    administers(github)
    github.server.subscribe("http://127.0.0.1:9/github/webhook")
    report(github, door, 202)

    assert len(failed(github)) == 1


def test_a_delivery_that_got_through_later_has_not_failed(github: Pair, door: WebhookReceiver) -> None:
    administers(github)
    github.server.subscribe(door.url)
    report(github, door, 500)
    (lost,) = failed(github)
    door.status = 202

    github.client.backfill.redeliver(lost)
    github.server.settle()

    assert door.taken == door.turned_away == [lost.guid]
    assert failed(github) == []


def test_what_the_bot_does_not_use_is_not_missed(github: Pair, door: WebhookReceiver) -> None:
    administers(github)
    github.server.subscribe(door.url)
    door.status = 500
    github.server.ping(REPO)
    github.server.settle()

    assert failed(github) == []


def test_who_may_not_see_webhooks_is_told_of_none_and_asks_again_in_an_hour(
    github: Pair, door: WebhookReceiver
) -> None:
    github.server.subscribe(door.url)
    report(github, door, 500)
    looks = []

    for minutes in (0, 30, 29, 1):
        github.clock.tick(minutes=minutes)
        assert failed(github) == []
        looks.append(github.asked().count("/hooks"))

    assert looks == [1, 1, 1, 2]


def test_with_a_token_there_is_no_app_to_ask(github: Pair) -> None:
    assert failed(github, None) == []
    assert github.asked() == []


def test_an_app_asks_for_its_own_deliveries(door: WebhookReceiver) -> None:
    with pair() as github:
        app = github.server.add_app(REPO)
        app.hook_url = door.url
        clock = StillClock()
        auth = AppAuth(app.app_id, app.private_key, api_url=github.server.url, clock=clock)
        client = GitHub(github.server.url, auth, clock=clock, web_url=github.server.web_url)
        github.server.subscribe(door.url)
        report(github, door, 500)

        (lost,) = client.backfill.failed_deliveries(None, T0)
        none = client.backfill.failed_deliveries(REPO, T0)
        door.status = 202
        client.backfill.redeliver(lost)
        github.server.settle()

        assert (lost.guid, lost.repository, lost.hook) == (door.turned_away[0], None, None)
        assert none == ()
        assert door.taken == [lost.guid]
        client.close()
        auth.close()
