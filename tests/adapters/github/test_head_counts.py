"""How many people GitHub says there are, where it says so at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.head_counts import MOST
from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def test_a_teams_active_members_are_counted(github: Pair) -> None:
    github.server.add_team("acme/devs", ["octocat", "mona"], invited=["hubot"])

    found = [github.client.head_counts.of_team(team) for team in ("acme/devs", "acme/nothing")]

    assert found == [2, None]


def test_who_may_write_is_counted_and_who_is_from_outside_is_named(github: Pair) -> None:
    for login, level in {"octocat": "admin", "mona": "write", "hubot": "read", "eve": "write"}.items():
        github.server.set_permission(REPO, login, level)
    github.server.people.outside = {"eve", "hubot"}

    counts = github.client.head_counts

    assert counts.writers(REPO) == 4  # the bot among them
    assert counts.outside_writers(REPO) == ("eve",)


def test_more_than_one_request_tells_are_not_counted(github: Pair) -> None:
    for n in range(MOST):
        github.server.set_permission(REPO, f"person-{n}", "write")

    assert github.client.head_counts.writers(REPO) is None


@pytest.mark.parametrize("status", [403, 404, 503])
def test_what_github_does_not_tell_is_left_out(github: Pair, status: int) -> None:
    github.server.fail_next("GET", "/collaborators", status, times=9)

    counts = github.client.head_counts

    assert counts.writers(REPO) is None
    assert counts.outside_writers(REPO) == ()
