"""Whatever the history: each commit that is new there is told by exactly one line, and nothing that is live already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.deployments.shipping import Between, Entry, Wanted, apart
from bot.services.shipping import PullRequests
from tests.servers.github.pair import Pair, pair
from tests.servers.github.server import GitHubServer

REPOSITORIES = (f"acme/r{number}" for number in count(1))
METHODS = ("merge", "squash", "rebase")
DEED = st.one_of(
    st.just(("push",)),
    st.tuples(st.just("pull request"), st.sampled_from(METHODS), st.integers(1, 5)),
    st.tuples(st.just("behind main"), st.sampled_from(METHODS), st.integers(1, 3)),
    st.tuples(st.just("upon another"), st.sampled_from(METHODS), st.sampled_from(METHODS)),
    st.tuples(st.just("queue"), st.sampled_from(METHODS), st.integers(2, 3)),
    st.tuples(st.just("by hand"), st.booleans(), st.integers(1, 3)),
    st.tuples(st.just("by way of develop"), st.sampled_from(METHODS), st.integers(1, 2)),
)
NOBODY = None
A_MERGE = 0


@dataclass
class Story:
    """A repository in which things happen, and whose each commit is: a pull request's number, nobody's, or a merge."""

    server: GitHubServer
    repository: str
    owners: dict[str, int | None] = field(default_factory=dict)
    names: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.heads = [self.server.add_repository(self.repository)]

    @property
    def state(self) -> Any:
        return self.server.repository(self.repository)

    def happens(self, deed: str, *how: Any) -> None:
        getattr(self, f"_{deed.replace(' ', '_')}")(*how)
        self.heads.append(self.state.branches["main"])

    def _push(self, branch: str = "main", times: int = 1) -> None:
        for _ in range(times):
            number = next(self.names)
            sha = self.server.commit(self.repository, branch, f"Step {number}", files={f"{number}.txt": "x"})
            self.owners[sha] = NOBODY

    def branch(self, steps: int, base: str = "main") -> str:
        name = f"branch-{next(self.names)}"
        self.server.branch(self.repository, name, at=base)
        self._push(name, steps)
        return name

    def opened(self, branch: str, base: str = "main") -> int:
        return self.server.open_pull_request(self.repository, branch, base=base)

    def merge(self, number: int, method: str) -> None:
        base = self.state.pull_requests[number].base
        before = self.state.branches[base]
        self._brought(before, self.server.merge_pull_request(self.repository, number, method), number)

    def _brought(self, before: str, after: str, number: int) -> None:
        self.owners |= {commit.sha: number for commit in self.state.between(before, after)}

    def _pull_request(self, method: str, steps: int) -> None:
        self.merge(self.opened(self.branch(steps)), method)

    def _behind_main(self, method: str, steps: int) -> None:
        """It takes main in, once or twice, before it is merged."""
        branch = self.branch(steps)
        for _ in range(steps):
            self._pull_request("squash", 1)
            self._push()
            sha = self.server.push_merge(self.repository, branch, "main")
            self.owners[sha] = A_MERGE
            self._push(branch)
        self.merge(self.opened(branch), "squash" if method == "rebase" else method)

    def _upon_another(self, inner: str, outer: str) -> None:
        branch = self.branch(2)
        above = self.branch(2, base=branch)
        number, upon = self.opened(branch), self.opened(above, base=branch)
        self.merge(upon, inner)
        self.merge(number, outer)

    def _queue(self, method: str, many: int) -> None:
        numbers = [self.opened(self.branch(2)) for _ in range(many)]
        before = self.state.branches["main"]
        self.server.merge_queue(self.repository, numbers, method)
        for number in numbers:
            pull = self.state.pull_requests[number]
            self._brought(before, pull.merge_sha, number)
            before = pull.merge_sha

    def _by_hand(self, asked: bool, steps: int) -> None:
        branch = self.branch(steps)
        number = self.opened(branch) if asked else None
        before = self.state.branches["main"]
        sha = self.server.push_merge(self.repository, "main", branch)
        if number is None:
            self.owners[sha] = A_MERGE
        else:
            self._brought(before, sha, number)

    def _by_way_of_develop(self, method: str, many: int) -> None:
        develop = self.branch(0)
        for _ in range(many):
            self.merge(self.opened(self.branch(2, base=develop), base=develop), method)
        self._push(develop)
        self.owners[self.server.push_merge(self.repository, "main", develop)] = A_MERGE


@pytest.fixture(scope="module")
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def entries(github: Pair, story: Story, old: str, new: str) -> tuple[Between, list[Entry]]:
    comparison = github.client.compare(story.repository, old, new)
    between = Between.of(new, comparison.commits)
    known = PullRequests(github.client, story.repository, left=10_000)
    return between, [*known.entries(between, Wanted("main"))]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, min_size=1, max_size=7), live=st.integers(0, 6))
def test_each_new_commit_is_told_by_exactly_one_line_and_by_the_right_one(
    github: Pair, deeds: list[tuple[Any, ...]], live: int
) -> None:
    story = Story(github.server, next(REPOSITORIES))
    for deed in deeds:
        story.happens(*deed)
    old, new = story.heads[min(live, len(story.heads) - 2)], story.heads[-1]

    between, found = entries(github, story, old, new)

    expected = {commit.sha: story.owners[commit.sha] for commit in story.state.between(old, new)}
    told = [(sha, entry.pull.number if entry.pull else NOBODY) for entry in found for sha in entry.covers]
    assert len(told) == len(dict(told))
    assert dict(told) == {sha: owner for sha, owner in expected.items() if owner != A_MERGE}
    assert all(entry.commit is None or not entry.unasked for entry in found)
    assert apart(found, [], between, Between.of(old, ())) == (found, [])


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, max_size=3), method=st.sampled_from(METHODS), steps=st.integers(1, 4))
def test_nothing_is_listed_that_is_live_already_in_other_commits(
    github: Pair, deeds: list[tuple[Any, ...]], method: str, steps: int
) -> None:
    """A branch goes live before it is merged, as many do; then others are merged, and then that one."""
    story = Story(github.server, next(REPOSITORIES))
    branch = story.branch(steps)
    number, old = story.opened(branch), story.state.branches[branch]
    for deed in deeds:
        story.happens(*deed)
    between_them = story.state.branches["main"]
    story.merge(number, method)
    new = story.state.branches["main"]

    ahead, ships = entries(github, story, old, new)
    behind, lacks = entries(github, story, new, old)
    shipped, taken_back = apart(ships, lacks, ahead, behind)

    others = {story.owners[one.sha] for one in story.state.between(old, between_them)}
    numbers = {entry.pull.number for entry in shipped if entry.pull}
    assert numbers - {number} == others - {NOBODY, A_MERGE}
    assert (number in numbers) == (method == "merge")
    assert taken_back == []
