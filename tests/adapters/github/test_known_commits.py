"""Commits that GitHub has told of: what lies between two of them, and before one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.known_commits import FARTHEST, REMEMBERED_BYTES, KnownCommits
from bot.adapters.github.payloads import CommitDetail, CommitShape, Sha
from bot.core.errors import NotThere
from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def commit(sha: str, *parents: str, message: str = "") -> CommitShape:
    return CommitShape(
        sha, CommitDetail(message or sha), f"https://github.com/{REPO}/commit/{sha}", None, list(map(Sha, parents))
    )


def known(*commits: CommitShape) -> KnownCommits:
    cache = KnownCommits()
    cache.saw(REPO, commits)
    return cache


STRAIGHT = (commit("a"), commit("b", "a"), commit("c", "b"))
MERGE = (*STRAIGHT, commit("side", "a"), commit("m", "c", "side"), commit("d", "m"))


@pytest.mark.parametrize(
    ("commits", "base", "head", "found"),
    [
        (STRAIGHT, "a", "c", ["b", "c"]),
        (STRAIGHT, "b", "c", ["c"]),
        (STRAIGHT[1:], "a", "c", ["b", "c"]),
        (STRAIGHT, "c", "a", None),
        (STRAIGHT, "b", "b", None),
        (STRAIGHT, "elsewhere", "c", None),
        (STRAIGHT[2:], "a", "c", None),
        (MERGE, "a", "d", None),
        (MERGE, "c", "m", None),
        (MERGE, "m", "d", ["d"]),
    ],
)
def test_only_what_has_one_parent_each_is_known_to_lie_between(
    commits: tuple[CommitShape, ...], base: str, head: str, found: list[str] | None
) -> None:
    between = known(*commits).between(REPO, base, head)

    assert (None if between is None else [one.sha for one in between]) == found


def test_a_repository_has_one_name_in_any_case_and_its_own_commits() -> None:
    cache = known(*STRAIGHT)

    assert cache.get(REPO.upper(), "a") is not None
    assert cache.get("acme/other", "a") is None


def test_before_a_merge_comes_its_first_parent_and_before_the_first_none() -> None:
    assert list(known(*MERGE).before(REPO, "d")) == ["m", "c", "b", "a", None]
    assert list(known(commit("b", "a")).before(REPO, "b")) == ["a"]
    assert list(known().before(REPO, "b")) == []


def test_it_is_bounded_in_room_and_in_how_far_it_looks() -> None:
    long = [commit("0"), *(commit(str(n), str(n - 1)) for n in range(1, FARTHEST + 2))]
    cache = known(*long)
    cache.saw(REPO, [commit("huge", "0", message="x" * REMEMBERED_BYTES)])
    cache.saw(REPO, (commit(f"more {n}", message="x" * 1_000) for n in range(5_000)))

    assert known(*long).between(REPO, "0", str(FARTHEST + 1)) is None
    assert len(known(*long).between(REPO, "1", str(FARTHEST + 1)) or ()) == FARTHEST
    assert cache.get(REPO, "huge") is None
    assert cache.get(REPO, "0") is None


def test_what_is_known_is_compared_as_github_would(github: Pair) -> None:
    base = github.server.repository(REPO).branches["main"]
    for n in range(3):
        head = github.server.commit(REPO, "topic", f"Step {n}\n\nMore.", author="hubot")

    by_github = github.client.compare(REPO, base, head)
    from_memory = github.client.compare(REPO, base, head)

    assert from_memory == by_github
    assert github.client.relation(REPO, base, head) == "ahead"
    assert len(github.asked()) == 1


def test_what_was_moved_back_is_compared_by_github(github: Pair) -> None:
    base = github.server.repository(REPO).branches["main"]
    head = github.server.commit(REPO, "topic", "Step")
    github.client.compare(REPO, base, head)

    back = github.client.compare(REPO, head, base)

    assert (back.ahead_by, back.behind_by, back.commits) == (0, 1, ())


def test_a_merge_is_known_to_have_what_comes_before_it(github: Pair) -> None:
    base = github.server.repository(REPO).branches["main"]
    github.server.commit(REPO, "topic", "Step")
    merge = github.server.merge_pull_request(REPO, github.server.open_pull_request(REPO, "topic"))
    github.client.resolve(REPO, "main")
    before = len(github.asked())

    found = [github.client.relation(REPO, *pair_) for pair_ in ((base, merge), (merge, base))]

    assert found == ["ahead", "behind"]
    assert len(github.asked()) == before
    assert github.client.compare(REPO, base, merge).ahead_by == 2


def test_commits_that_cannot_be_compared_are_told_by_lists(github: Pair) -> None:
    aside = github.server.commit(REPO, "topic", "Aside")
    base = github.server.commit(REPO, "main", "One")
    head = github.server.commit(REPO, "main", "Two")
    github.server.fail_next("GET", "/compare/", 404, times=9)

    found = [github.client.relation(REPO, *pair_) for pair_ in ((base, head), (head, base), (aside, head))]

    assert found == ["ahead", "behind", "diverged"]


def test_what_is_gone_went_apart_and_what_is_not_there_yet_is_not_told(github: Pair) -> None:
    head, unknown = github.server.commit(REPO, "main", "One"), "f" * 40

    assert github.client.relation(REPO, unknown, head) == "diverged"
    with pytest.raises(NotThere):
        github.client.relation(REPO, head, unknown)
