"""What is remembered of the pull requests that a commit belongs to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def push(github: Pair, branch: str = "topic") -> str:
    sha = github.server.commit(REPO, branch, "Step")
    github.client.resolve(REPO, branch)
    return sha


def numbers(github: Pair, sha: str, *, fresh: bool = False) -> list[int]:
    return [one.number for one in github.client.pull_requests_of(REPO, sha, fresh=fresh)]


def asked(github: Pair) -> int:
    return sum(path.endswith("/pulls") for path in github.asked())


def test_those_of_one_commit_are_asked_once(github: Pair) -> None:
    sha = push(github)
    number = github.server.open_pull_request(REPO, "topic")

    assert [numbers(github, sha) for _ in range(3)] == [[number]] * 3
    assert asked(github) == 1


def test_who_wants_to_know_is_told_what_is_so_now(github: Pair) -> None:
    sha = push(github)
    numbers(github, sha)
    number = github.server.open_pull_request(REPO, "topic")
    late = numbers(github, sha)

    assert (late, numbers(github, sha, fresh=True), numbers(github, sha)) == ([], [number], [number])


def test_what_is_pushed_on_top_of_a_branch_belongs_to_its_pull_request(github: Pair) -> None:
    first = push(github)
    number = github.server.open_pull_request(REPO, "topic")

    found = [numbers(github, first), *(numbers(github, push(github)) for _ in range(3))]

    assert found == [[number]] * 4
    assert asked(github) == 1


@pytest.mark.parametrize("how", ["time", "another branch", "the default branch", "a merge", "it is seen"])
def test_what_cannot_be_told_by_the_head_before_is_asked(github: Pair, how: str) -> None:
    branch = "main" if how == "the default branch" else "topic"
    numbers(github, push(github, branch))
    if how == "time":
        github.clock.tick(minutes=20)
    if how == "another branch":
        github.server.branch(REPO, "other", at="topic")
        branch = "other"
    if how == "a merge":
        number = github.server.open_pull_request(REPO, "topic")
        github.server.merge_pull_request(REPO, number)
        github.server.branch(REPO, "topic", at="main")
        sha = github.server.repository(REPO).branches["topic"]
        github.client.resolve(REPO, "topic")
    elif how == "it is seen":
        number = github.server.open_pull_request(REPO, "topic")
        github.client.pull_request(REPO, number)
        sha = github.server.repository(REPO).branches["topic"]
    else:
        sha = push(github, branch)
    before = asked(github)

    numbers(github, sha)

    assert asked(github) == before + 1


def test_a_pull_request_that_was_merged_is_not_taken_for_that_of_what_comes_later(github: Pair) -> None:
    sha = push(github)
    number = github.server.open_pull_request(REPO, "topic")
    github.server.merge_pull_request(REPO, number)
    merged = numbers(github, sha)

    later = numbers(github, push(github))

    assert (merged, later) == ([number], [])
