"""Reviews and environments' rules, over GitHub's REST API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.core.ports.reviews import Protection, Review
from tests.servers.github.environments import protect
from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def test_reviews_come_oldest_first_with_who_belongs_here(github: Pair) -> None:
    github.server.commit(REPO, "topic", "Add search")
    number = github.server.open_pull_request(REPO, "topic")
    github.server.review(REPO, number, "changes_requested", author="bob")
    github.server.review(REPO, number, "approved", author="bob", association="OWNER")
    github.server.review(REPO, number, "approved", author="mallory", association="CONTRIBUTOR")

    found = github.client.reviews.of(REPO, number)

    assert found == [
        Review("bob", "changes_requested"),
        Review("bob", "approved"),
        Review("mallory", "approved", insider=False),
    ]


def test_all_pages_of_reviews_are_read(github: Pair) -> None:
    github.server.commit(REPO, "topic", "Add search")
    number = github.server.open_pull_request(REPO, "topic")
    for person in range(130):
        github.server.review(REPO, number, author=f"reviewer-{person}")

    found = github.client.reviews.of(REPO, number)

    assert len(found) == 130


def test_the_rules_of_an_environment_are_told(github: Pair) -> None:
    protect(github.server, REPO, "production", users=["octocat"], teams=["ops"], minutes=30, branches="custom")

    found = github.client.reviews.protection(REPO, "production")

    assert found == Protection(
        reviewers=("octocat", "the team ops"),
        wait=timedelta(minutes=30),
        branches="some branches only",
        url="https://github.com/acme/web/deployments/activity_log?environments_filter=production",
    )


def test_an_environment_without_rules_and_one_that_is_not_there_have_none(github: Pair) -> None:
    protect(github.server, REPO, "staging")

    found = [github.client.reviews.protection(REPO, name) for name in ("staging", "production", "a/b c")]

    assert found == [None, None, None]


@pytest.mark.parametrize("fault", [403, 404, 422, 500, "cut_before"])
def test_rules_that_github_does_not_tell_are_in_nobodys_way(github: Pair, fault: int | str) -> None:
    protect(github.server, REPO, "production", minutes=30)
    github.server.fail_next("GET", "/environments/", fault, times=20)

    found = github.client.reviews.protection(REPO, "production")

    assert found is None


def test_rules_are_asked_for_again_after_a_while(github: Pair) -> None:
    reviews = github.client.reviews
    reviews.protection(REPO, "production")
    protect(github.server, REPO, "production", minutes=30)
    soon = reviews.protection(REPO, "production")

    github.clock.tick(minutes=6)

    assert soon is None
    assert reviews.protection(REPO, "production") == Protection(
        wait=timedelta(minutes=30),
        url="https://github.com/acme/web/deployments/activity_log?environments_filter=production",
    )
