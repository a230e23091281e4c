"""What lies between two deployments: who is told of a commit that several pull requests have to do with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest

from bot.core.deployments.model import Shipped
from bot.core.deployments.shipping import (
    MOST_LINES,
    TITLE_LENGTH,
    Between,
    Entry,
    Wanted,
    apart,
    authors,
    entries,
    lines,
    summary,
)
from bot.core.ports.forge_types import Commit, PullRequest
from tests.core.deployments.made import T0, t


def commit(sha: str, *parents: str, title: str = "", author: str = "alice") -> Commit:
    return Commit(sha, sha, title or f"Commit {sha}", author, "", parents, login=author)


def pull(number: int, state: str = "merged", at: datetime | None = T0, **but: str) -> PullRequest:
    fields = {"head_ref": f"b{number}", "head_sha": f"h{number}", "base": "main", "merge_sha": f"m{number}", **but}
    merged_at = at if state == "merged" else None
    return PullRequest(number, f"Pull {number}", "", "bob", state, merged_at=merged_at, **fields)  # type: ignore[arg-type]


def told(
    commits: Sequence[Commit], about: Mapping[str, Sequence[PullRequest]], wanted: Wanted | None = None
) -> list[tuple[int | str | None, frozenset[str]]]:
    """Nothing is known before anybody asks; what is not in ``about`` nobody can be asked about."""
    found = entries(Between.of(commits[-1].sha, commits), {}, lambda one: about.get(one.sha), wanted or Wanted("main"))
    return [(one.pull.number if one.pull else one.commit and one.commit.sha, one.covers) for one in found]


@pytest.mark.parametrize(
    ("about", "number"),
    [
        # one whose merge is part of this, before one that was merged elsewhere
        ([pull(1, at=t(hours=-9)), pull(2, merge_sha="c")], 2),
        # of two of them the one that was merged first has brought it in
        ([pull(1, merge_sha="c", at=t(hours=1)), pull(2, merge_sha="b")], 2),
        # what was asked for, before what was merged elsewhere, before any that is open
        ([pull(1), pull(2, "open"), pull(3, "open")], 3),
        ([pull(1, "open", head_ref="topic"), pull(3, "open")], 3),
        ([pull(1), pull(2, "open", head_ref="topic")], 2),
        ([pull(1, "open"), pull(2)], 2),
        ([pull(1, "open"), pull(2, "open")], 1),
        ([pull(1, "closed"), pull(2, "open")], 2),
        ([pull(1, "closed")], "a"),
        ([], "a"),
    ],
)
def test_of_several_pull_requests_the_one_that_fits_best_is_told(about: list[PullRequest], number: int | str) -> None:
    history = [commit("a", "0"), commit("b", "a"), commit("c", "b")]

    found = told(history, {"a": about, "b": [], "c": []}, Wanted("topic", 3))

    assert found[-1 if number == "a" else 0] == (number, frozenset("a"))


def test_a_merge_commit_is_nobodys_but_of_the_pull_request_that_it_merges() -> None:
    history = [commit("a", "0"), commit("side", "0"), commit("back", "a", "side"), commit("b", "back")]
    open_one = [pull(7, "open", head_ref="topic")]

    found = told(history, {"a": open_one, "b": open_one, "back": open_one, "side": []}, Wanted("topic"))

    assert found == [(7, frozenset("ab")), ("side", frozenset({"side"}))]


def test_commits_of_which_nobody_can_be_asked_stand_alone_and_say_so() -> None:
    history = [commit("a", "0"), commit("b", "a")]

    found = entries(Between.of("b", history), {}, lambda _: None, Wanted("main"))
    kept, more = lines(found, 0)

    assert [(one.sha, one.unasked) for one in kept] == [("b", True), ("a", True)]
    assert more == 0


def test_more_lines_than_are_kept_are_counted_by_their_commits() -> None:
    history = [commit(f"c{n}", f"c{n - 1}") for n in range(MOST_LINES + 9)]

    found = entries(Between.of(history[-1].sha, history), {}, lambda _: [], Wanted("main"))
    kept, more = lines(found, 500)

    assert (len(kept), more) == (MOST_LINES, 509)


def test_titles_are_one_line_and_of_a_length_and_nobody_is_called_ghost_by_login() -> None:
    gone = PullRequest(7, "", "", "ghost", "merged", "b", "h", "main")
    long = commit("abcdef0123", title="x" * 1_000)

    kept, _ = lines([Entry(frozenset(), pull=gone), Entry(frozenset(), commit=long)], 0)

    assert kept[0] == Shipped("Pull request #7", "ghost", "", number=7)
    assert kept[1].title == "x" * TITLE_LENGTH


def test_what_both_sides_have_a_part_of_is_told_on_both() -> None:
    """An open branch that was pushed anew by force: neither side has its last commit."""
    open_one = pull(7, "open")
    new, old = Entry(frozenset("b"), pull=open_one), Entry(frozenset("a"), pull=open_one)

    assert apart([new], [old], Between.of("b", [commit("b")]), Between.of("a", [commit("a")])) == ([new], [old])


@pytest.mark.parametrize("knows", ["new", "old"])
def test_what_was_squashed_is_on_both_sides_where_one_was_asked_about_it_before(knows: str) -> None:
    """What a commit belongs to is remembered for some minutes: on one side the pull request is still open."""
    before, merged = pull(7, "open", head_sha="a"), pull(7, head_sha="a", merge_sha="m")
    new = Entry(frozenset("m"), pull=merged if knows == "new" else before)
    old = Entry(frozenset("a"), pull=merged if knows == "old" else before)

    assert apart([new], [old], Between.of("m", [commit("m")]), Between.of("a", [commit("a")])) == ([], [])


def test_a_summary_counts_pull_requests_and_commits() -> None:
    pulls = [Shipped("A", "bob", "", number=1), Shipped("B", "carol", "", number=2)]
    alone = [Shipped("C", "bob", "", sha="c"), Shipped("D", "dave", "", sha="d")]

    assert summary(pulls) == "2 pull requests"
    assert summary([*pulls, *alone], 40) == "2 pull requests, 2 commits and 40 more commits"
    assert summary((), 1) == "1 commit"
    assert summary(()) == ""
    assert authors([*pulls, *alone]) == ("bob", "carol", "dave")
