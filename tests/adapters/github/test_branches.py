"""What is remembered of branches: that they have a commit, or had not, and which one is the default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.core.errors import NotThere
from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def push(github: Pair, branch: str = "topic") -> str:
    sha = github.server.commit(REPO, branch, "Step")
    github.client.resolve(REPO, branch)
    return sha


def compared(github: Pair) -> int:
    return sum(path.startswith("/compare/") for path in github.asked())


def test_what_a_branch_lacks_it_lacks_with_all_that_comes_after(github: Pair) -> None:
    first = push(github)
    lacking = [github.client.holds(REPO, "main", first)]
    lacking += [github.client.holds(REPO, "main", push(github)) for _ in range(3)]

    assert lacking == [False] * 4
    assert compared(github) == 1


def test_what_a_branch_has_is_asked_each_time(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]

    assert [github.client.holds(REPO, "main", sha) for _ in range(2)] == [True, True]
    assert compared(github) == 2


@pytest.mark.parametrize("how", ["time", "the branch is seen", "another branch"])
def test_that_it_lacks_something_is_not_believed_for_long(github: Pair, how: str) -> None:
    github.client.resolve(REPO, "main")
    sha = push(github)
    github.client.holds(REPO, "main", sha)
    github.server.branch(REPO, "release", at=sha)
    github.server.branch(REPO, "main", at=sha)
    still = github.client.holds(REPO, "main", sha)

    if how == "time":
        github.clock.tick(minutes=30)
    elif how == "the branch is seen":
        github.client.resolve(REPO, "main")

    assert still is False
    assert github.client.holds(REPO, "release" if how == "another branch" else "main", sha) is True


def test_the_default_branch_is_remembered_for_an_hour_by_those_who_may_be_late(github: Pair) -> None:
    github.client.repository(REPO)
    github.server.repository(REPO).default_branch = "trunk"
    late = github.client.repository(REPO, fresh=False).default_branch
    github.clock.tick(hours=1)

    assert (late, github.client.repository(REPO, fresh=False).default_branch) == ("main", "trunk")


def test_whoever_asks_anew_is_told_and_so_are_the_others(github: Pair) -> None:
    github.client.repository(REPO, fresh=False)
    github.server.repository(REPO).default_branch = "trunk"

    assert github.client.repository(REPO).default_branch == "trunk"
    assert github.client.repository(REPO, fresh=False).default_branch == "trunk"


def test_a_repository_that_is_not_there_is_not_remembered(github: Pair) -> None:
    for _ in range(2):
        with pytest.raises(NotThere):
            github.client.repository("acme/new", fresh=False)
    github.server.add_repository("acme/new")

    assert github.client.repository("acme/new", fresh=False).name == "acme/new"
