"""What would ship and what would be taken back, as GitHub's own protocol tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import pytest

from bot.adapters.github.forge import GitHub
from bot.core.deployments.model import DEPLOY, Changes, Deployment, Shipped, State
from bot.core.deployments.shipping import without_pull_request
from bot.services.shipping import LISTED_FROM, LOOKED_UP, as_it_ships_now, changes, usual_seconds
from bot.services.targets import Target
from bot.settings import Settings, read
from tests.core.deployments.made import T0, a_deployment, t
from tests.servers.github.pair import REPO, Pair, pair
from tests.servers.github.server import GitHubServer

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"

[apps.web.environments.production]
"""
MIGRATIONS = f'{SETTINGS}migration_paths = ["db/migrate/**", "**/schema.sql", "!db/migrate/*.md"]\n'
NAMES = (f"b{number}" for number in count(1))


@dataclass
class Past:
    """As much of Reads as it takes: successes, newest first."""

    done: list[Deployment] = field(default_factory=list)

    def last_success(self, app: str, environment: str) -> Deployment | None:
        return self.done[0] if self.done else None

    def successes(self, app: str, environment: str, limit: int, task: str = DEPLOY) -> Sequence[Deployment]:
        return [one for one in self.done if one.task == task][:limit]


@dataclass
class Around:
    """As much of a Context as it takes, with the GitHub behind it."""

    server: GitHubServer
    forge: GitHub
    reads: Past = field(default_factory=Past)
    settings: Settings = field(default_factory=lambda: read(SETTINGS, {}))

    @property
    def target(self) -> Target:
        app = self.settings.apps["web"]
        return Target(app, app.environments["production"])

    @property
    def main(self) -> str:
        return self.server.repository(REPO).branches["main"]

    def goes_live(self, sha: str) -> None:
        self.reads.done.insert(0, a_deployment(sha=sha, state=State.SUCCEEDED))

    def changes(self, ref: str = "main", *, merged: int | None = None) -> Changes:
        """What a deployment of the ref ships; ``merged`` is the pull request that brings it about."""
        commit = self.forge.resolve(REPO, ref)
        assert commit is not None
        event = self.forge.backfill.merge(REPO, merged) if merged else None
        self.server.requests.clear()
        return changes(self, self.target, commit, merged=event)  # type: ignore[arg-type]

    def asked(self) -> list[str]:
        return [one.path.removeprefix(f"/repos/{REPO}") for one in self.server.requests]


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


@pytest.fixture
def around(github: Pair) -> Around:
    """The first commit is live."""
    found = Around(github.server, github.client)
    found.goes_live(found.main)
    return found


def pull(
    around: Around, title: str, *steps: str, author: str = "alice", base: str = "main", fork: str | None = None
) -> int:
    """A pull request of a new branch of its own, with a commit for each step."""
    branch, server = next(NAMES), around.server
    if fork:
        return server.open_pull_request(REPO, branch, base=base, title=title, author=author, fork=fork)
    server.branch(REPO, branch, at=base)
    for step in steps or (title,):
        server.commit(REPO, branch, step, author=author)
    return server.open_pull_request(REPO, branch, base=base, title=title, author=author)


def merged(around: Around, title: str, *steps: str, method: str = "merge", author: str = "alice") -> int:
    number = pull(around, title, *steps, author=author)
    around.server.merge_pull_request(REPO, number, method, by="dave")
    return number


def told(found: Sequence[Shipped]) -> list[str]:
    names = (f"#{one.number}" if one.number is not None else "–" if not one.unasked else "?" for one in found)
    return [f"{name} {one.title} ({one.author})" for name, one in zip(names, found, strict=True)]


# --- how a pull request comes in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_several_commits_of_a_pull_request_are_one_line_with_its_own_author(around: Around, method: str) -> None:
    merged(around, "Add search", "Find words", "Find names", "Find both", method=method)

    found = around.changes()

    assert told(found.shipped) == ["#1 Add search (alice)"]
    assert found.shipped[0].login == "alice"
    assert found.shipped[0].url == f"https://github.com/{REPO}/pull/1"
    assert (found.more, found.behind, found.taken_back, found.first) == (0, 0, (), False)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_newest_pull_request_stands_first(around: Around, method: str) -> None:
    for title in ("Add search", "Add filters", "Add sorting", "Add paging"):
        merged(around, title, "Begin", "Go on", method=method)

    assert [one.number for one in around.changes().shipped] == [4, 3, 2, 1]


def test_all_ways_to_merge_stand_beside_each_other(around: Around) -> None:
    for method in ("rebase", "merge", "squash", "rebase", "squash", "merge"):
        merged(around, f"Merged by {method}", "Begin", "Go on", "End", method=method)
    around.server.commit(REPO, "main", "Mend the footer", author="bob")

    found = around.changes()

    assert [one.number for one in found.shipped] == [6, 5, 4, 3, 2, 1, None]
    assert told(without_pull_request(found.shipped)) == ["– Mend the footer (bob)"]


def test_commits_that_were_pushed_are_told_apart_from_a_rebase_right_above_them(around: Around) -> None:
    around.server.commit(REPO, "main", "Mend the footer", author="bob")
    around.server.commit(REPO, "main", "Mend the header", author="bob")
    merged(around, "Add search", *(f"Step {n}" for n in range(9)), method="rebase")
    around.server.commit(REPO, "main", "Mend the menu", author="bob")

    assert told(around.changes().shipped) == [
        "#1 Add search (alice)",
        "– Mend the menu (bob)",
        "– Mend the header (bob)",
        "– Mend the footer (bob)",
    ]


def test_a_revert_is_the_pull_request_that_made_it(around: Around) -> None:
    merged(around, "Add search", method="squash")
    around.goes_live(around.main)
    for method in ("squash", "merge", "rebase"):
        merged(around, 'Revert "Add search (#1)"', method=method, author="bob")

    assert told(around.changes().shipped) == [f'#{number} Revert "Add search (#1)" (bob)' for number in (4, 3, 2)]


@pytest.mark.parametrize(
    "title", ["Mend what #1 broke (#1)", "Merge pull request #1 from acme/other", 'Revert "Add search (#1)"']
)
def test_a_number_in_a_title_that_is_no_merges_number_means_nothing(around: Around, title: str) -> None:
    merged(around, "Add search", method="squash")
    around.goes_live(around.main)
    around.server.commit(REPO, "main", title, author="bob")

    assert told(around.changes().shipped) == [f"– {title} (bob)"]


def test_a_number_of_a_pull_request_in_the_text_of_another_ones_squash_means_nothing(around: Around) -> None:
    merged(around, "Add search")
    around.goes_live(around.main)
    number = pull(around, "Add filters\n\nMerge pull request #1 from acme/search")
    around.server.merge_pull_request(REPO, number, "squash")

    assert told(around.changes().shipped) == ["#2 Add filters (alice)"]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_queue_puts_several_pull_requests_on_the_branch_at_once(around: Around, method: str) -> None:
    numbers = [pull(around, title, "Begin", "End") for title in ("Add search", "Add filters", "Add sorting")]
    around.server.merge_queue(REPO, numbers, method)

    found = around.changes(merged=3)

    assert told(found.shipped) == ["#3 Add sorting (alice)", "#2 Add filters (alice)", "#1 Add search (alice)"]


def test_a_merge_train_makes_one_commit_of_several_pull_requests(around: Around) -> None:
    for title in ("Add search", "Add filters"):
        pull(around, title, "Begin", "End")
    heads = [around.server.repository(REPO).pull_requests[number].head for number in (1, 2)]

    around.server.push_merge(REPO, "main", *heads, message="Merge #1 #2", author="bors[bot]")

    assert sorted(told(around.changes().shipped)) == ["#1 Add search (alice)", "#2 Add filters (alice)"]


def test_a_pull_request_into_a_branch_is_part_of_the_one_that_brings_the_branch_in(around: Around) -> None:
    outer = pull(around, "Add search")
    branch = around.server.repository(REPO).pull_requests[outer].head
    inner = pull(around, "Find names", base=branch)
    around.server.merge_pull_request(REPO, inner)
    around.server.merge_pull_request(REPO, outer)

    assert told(around.changes().shipped) == ["#1 Add search (alice)"]


def test_pull_requests_into_a_branch_are_told_where_that_was_merged_by_hand(around: Around) -> None:
    around.server.branch(REPO, "develop")
    for title in ("Add search", "Add filters"):
        around.server.merge_pull_request(REPO, pull(around, title, "Begin", "End", base="develop"))
    around.server.commit(REPO, "develop", "Mend the footer", author="bob")
    around.server.push_merge(REPO, "main", "develop")

    assert told(around.changes().shipped) == [
        "#2 Add filters (alice)",
        "#1 Add search (alice)",
        "– Mend the footer (bob)",
    ]


def test_a_merge_of_the_default_branch_brings_in_what_is_new_there_and_is_no_line(around: Around) -> None:
    merged(around, "Add search")
    around.goes_live(around.main)
    topic = pull(around, "Add filters", "Begin")
    branch = around.server.repository(REPO).pull_requests[topic].head
    merged(around, "Add sorting", method="squash")
    around.server.push_merge(REPO, branch, "main", message=f"Merge branch 'main' into {branch}", author="alice")
    around.server.commit(REPO, branch, "End", author="alice")

    on_the_branch = told(around.changes(branch).shipped)
    around.server.merge_pull_request(REPO, topic)
    at_home = told(around.changes().shipped)

    assert sorted(on_the_branch) == sorted(at_home) == ["#2 Add filters (alice)", "#3 Add sorting (alice)"]


def test_an_octopus_that_nobody_asked_for_is_told_by_what_it_brings(around: Around) -> None:
    for branch in ("one", "two", "three"):
        around.server.commit(REPO, branch, f"Add {branch}", author="bob")

    around.server.push_merge(REPO, "main", "one", "two", "three", author="bob")

    assert sorted(told(around.changes().shipped)) == ["– Add one (bob)", "– Add three (bob)", "– Add two (bob)"]


def test_a_cherry_pick_is_a_commit_of_its_own(around: Around) -> None:
    merged(around, "Add search", method="squash")
    around.server.branch(REPO, "release", at=around.reads.done[0].sha)
    around.server.commit(REPO, "release", "Add search (#1)", author="alice")

    assert told(around.changes("release").shipped) == ["– Add search (#1) (alice)"]


# --- whose it is -------------------------------------------------------------------------------------------------


def test_a_bot_a_fork_and_somebody_without_an_account_are_called_what_they_are(around: Around) -> None:
    merged(around, "Bump urllib3", method="squash", author="dependabot[bot]")
    around.server.merge_pull_request(REPO, pull(around, "Mend a word", author="mallory", fork="mallory/web"))
    around.server.commit(REPO, "main", "Mend the footer", author="Björn Å. Svensson", known=False)

    found = around.changes().shipped

    assert told(found) == [
        "#2 Mend a word (mallory)",
        "#1 Bump urllib3 (dependabot[bot])",
        "– Mend the footer (Björn Å. Svensson)",
    ]
    assert [one.login for one in found] == ["mallory", "dependabot[bot]", None]


def test_the_same_text_twice_is_one_line_and_titles_are_one_line(around: Around) -> None:
    for message in ("  Mend it  \n\nReally.", "Mend it", "Mend it \r\n\r\nNow."):
        around.server.commit(REPO, "main", message, author="bob")
    around.server.commit(REPO, "main", "Mend it", author="carol")

    found = around.changes()

    assert told(found.shipped) == ["– Mend it (carol)", "– Mend it (bob)"]
    assert (found.ahead, found.more) == (4, 0)


# --- branches ----------------------------------------------------------------------------------------------------


def test_a_branch_that_is_still_open_is_told_by_its_pull_request(around: Around) -> None:
    number = pull(around, "Add search", *(f"Step {n}" for n in range(9)))
    branch = around.server.repository(REPO).pull_requests[number].head

    assert told(around.changes(branch).shipped) == ["#1 Add search (alice)"]
    assert told(around.changes("#1").shipped) == ["#1 Add search (alice)"]


def test_a_pull_request_that_was_closed_without_a_merge_has_brought_nothing_in(around: Around) -> None:
    number = pull(around, "Add search")
    around.server.close_pull_request(REPO, number)
    branch = around.server.repository(REPO).pull_requests[number].head

    assert told(around.changes(branch).shipped) == ["– Add search (alice)"]


def test_of_two_open_pull_requests_the_one_that_was_asked_for_is_told(around: Around) -> None:
    branch = around.server.repository(REPO).pull_requests[pull(around, "Add search")].head
    around.server.branch(REPO, "release")
    around.server.open_pull_request(REPO, branch, base="release", title="Add search to the release", author="bob")

    assert told(around.changes("#2").shipped) == ["#2 Add search to the release (bob)"]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_branch_that_is_live_already_ships_nothing_when_it_is_merged(around: Around, method: str) -> None:
    number = pull(around, "Add search", "Begin", "End")
    around.goes_live(around.server.repository(REPO).pull_requests[number].head_sha)
    around.server.merge_pull_request(REPO, number, method)

    found = around.changes(merged=number if method != "merge" else None)

    if method != "merge":
        assert found == Changes(base=found.base, url=found.url)
    else:  # the merge itself is what is new
        assert (told(found.shipped), found.taken_back) == (["#1 Add search (alice)"], ())


@pytest.mark.parametrize("method", ["squash", "rebase"])
def test_what_came_to_the_branch_after_it_went_live_ships_with_the_merge(around: Around, method: str) -> None:
    number = pull(around, "Add search", "Begin", "End")
    state = around.server.repository(REPO).pull_requests[number]
    around.goes_live(state.head_sha)
    around.server.commit(REPO, state.head, "One thing more", author="alice")
    around.server.merge_pull_request(REPO, number, method)

    found = around.changes()

    assert (told(found.shipped), found.taken_back) == (["#1 Add search (alice)"], ())


def test_an_old_branch_takes_back_what_the_default_branch_has_and_does_not_ship_what_was_squashed(
    around: Around,
) -> None:
    number = pull(around, "Add search", "Begin", "End")
    branch = around.server.repository(REPO).pull_requests[number].head
    around.server.merge_pull_request(REPO, number, "squash")
    merged(around, "Add filters", method="squash", author="bob")
    around.goes_live(around.main)

    found = around.changes(branch)

    assert (told(found.shipped), told(found.taken_back)) == ([], ["#2 Add filters (bob)"])


# --- back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_goes_back_tells_what_it_takes_back(around: Around, method: str) -> None:
    before = around.main
    merged(around, "Add search", "Begin", "End", method=method)
    around.server.commit(REPO, "main", "Mend the footer", author="bob")
    merged(around, "Add filters", method=method)
    around.goes_live(around.main)

    found = around.changes(before)

    assert (found.shipped, found.ahead, found.migrations) == ((), 0, ())
    assert told(found.taken_back) == ["#2 Add filters (alice)", "#1 Add search (alice)", "– Mend the footer (bob)"]
    assert found.behind == len(around.server.repository(REPO).between(before, around.main))


def test_two_branches_that_went_apart_are_told_both(around: Around) -> None:
    number = pull(around, "Add search")
    merged(around, "Add filters")
    around.goes_live(around.main)

    found = around.changes(f"#{number}")

    assert (told(found.shipped), told(found.taken_back)) == (["#1 Add search (alice)"], ["#2 Add filters (alice)"])


def test_what_was_picked_for_a_release_is_not_taken_back_by_the_next_release(around: Around) -> None:
    merged(around, "Add search")
    around.server.branch(REPO, "release-1")
    merged(around, "Mend the search", method="squash")
    merged(around, "Add filters")
    around.server.commit(REPO, "release-1", "Mend the search (#2)", author="alice")
    around.server.commit(REPO, "release-1", "For this release alone", author="alice")
    around.goes_live(around.server.repository(REPO).branches["release-1"])

    found = around.changes("main")

    assert told(found.shipped) == ["#3 Add filters (alice)", "#2 Mend the search (alice)"]
    assert told(found.taken_back) == ["– For this release alone (alice)"]
    assert found.behind == 1


# --- migrations --------------------------------------------------------------------------------------------------


def test_the_migrations_that_ship_are_named_and_so_are_those_that_are_taken_back(around: Around) -> None:
    around.settings = read(MIGRATIONS, {})
    before = around.main
    around.server.commit(REPO, "main", "Add an index", files={"db/migrate/7.sql": "create index"})
    around.server.commit(REPO, "main", "Explain it", files={"db/migrate/README.md": "…", "shop/schema.sql": "x"})

    ships = around.changes()
    around.goes_live(around.main)
    back = around.changes(before)

    assert (ships.migrations, ships.migrations_back) == (("db/migrate", "**/schema.sql"), ())
    assert (back.migrations, back.migrations_back) == ((), ("db/migrate", "**/schema.sql"))


def test_where_github_tells_of_too_few_files_nobody_knows_of_a_migration(around: Around) -> None:
    around.settings = read(MIGRATIONS, {})
    many = {f"app/{number}.rb": "x" for number in range(300)}
    around.server.commit(REPO, "main", "Add a lot", files=many)
    without = around.changes().migrations
    around.server.commit(REPO, "main", "Add an index", files={"a/schema.sql": "x", "z/db/migrate/1.sql": "x"})
    found = around.changes().migrations

    assert (without, found) == (None, ("**/schema.sql",))


def test_without_paths_nobody_asks_for_files(around: Around) -> None:
    around.server.commit(REPO, "main", "Add an index", files={"db/migrate/7.sql": "create index"})

    assert around.changes().migrations == ()


# --- the first, and none -----------------------------------------------------------------------------------------


def test_a_first_deployment_says_so_and_lists_no_commit(around: Around) -> None:
    around.reads.done.clear()
    number = merged(around, "Add search")

    by_hand, by_merge = around.changes(), around.changes(merged=number)

    assert by_hand == Changes(first=True)
    assert (by_merge.first, told(by_merge.shipped)) == (True, ["#1 Add search (alice)"])
    assert around.asked() == []


def test_the_same_commit_ships_nothing_and_costs_nothing(around: Around) -> None:
    number = merged(around, "Add search")
    around.goes_live(around.main)

    assert around.changes() == around.changes(merged=number) == Changes(base=around.main)
    assert around.asked() == []


def test_a_base_that_is_gone_does_not_hold_the_deployment_up(around: Around) -> None:
    around.goes_live("d" * 40)
    number = merged(around, "Add search")

    assert around.changes() == Changes(base="d" * 40)
    assert told(around.changes(merged=number).shipped) == ["#1 Add search (alice)"]


def test_where_pull_requests_may_not_be_seen_commits_are_listed_and_nothing_is_said_of_them(around: Around) -> None:
    merged(around, "Add search", "Begin", method="squash")
    around.server.commit(REPO, "main", "Mend the footer", author="bob")
    around.server.fail_next("GET", r"/pulls", 403, times=9)

    found = around.changes()

    assert told(found.shipped) == ["? Mend the footer (bob)", "? Add search (#1) (alice)"]
    assert without_pull_request(found.shipped) == ()


def test_what_has_waited_ships_what_is_new_by_then(around: Around) -> None:
    merged(around, "Add search")
    between = around.main
    merged(around, "Add filters")
    waits = a_deployment(sha=around.main, ref="main", changes=around.changes())

    same = as_it_ships_now(around, around.target, waits)  # type: ignore[arg-type]
    around.goes_live(between)
    later = as_it_ships_now(around, around.target, waits)  # type: ignore[arg-type]

    assert same is waits.changes
    assert told(later.shipped) == ["#2 Add filters (alice)"]


# --- what it costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "commits", "requests"),
    [("merge", 1, 1), ("merge", 5, 1), ("squash", 5, 1), ("rebase", 1, 1), ("rebase", 2, 2), ("rebase", 9, 4)],
)
def test_a_merge_that_is_known_costs_little_but_the_comparison(
    around: Around, method: str, commits: int, requests: int
) -> None:
    number = merged(around, "Add search", *(f"Step {n}" for n in range(commits)), method=method)

    found = around.changes(merged=number)

    assert told(found.shipped) == ["#1 Add search (alice)"]
    assert len(around.asked()) <= requests


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_many_pull_requests_are_asked_for_all_at_once(around: Around, method: str) -> None:
    for number in range(25):
        merged(around, f"Step {number}", method=method)

    found = around.changes()

    assert len(found.shipped) == 25
    assert len(around.asked()) <= 2


def test_a_few_are_asked_for_one_by_one(around: Around) -> None:
    for number in range(LISTED_FROM - 1):
        merged(around, f"Step {number}", method="squash")

    around.changes()

    assert sum("/pulls" in path and "/commits/" in path for path in around.asked()) == LISTED_FROM - 1


def test_many_commits_cost_so_many_requests_at_most_and_are_counted(around: Around) -> None:
    for number in range(640):
        around.server.commit(REPO, "main", f"Step {number}", author="bob")
    head = around.main
    new = around.changes()
    there = around.asked()
    around.goes_live(head)
    back = around.changes(around.reads.done[1].sha)

    assert (new.ahead, len(new.shipped), new.more) == (640, 100, 540)
    assert new.shipped[0].title == "Step 639"
    assert [one.unasked for one in new.shipped] == [False] * LOOKED_UP + [True] * (100 - LOOKED_UP)
    assert len(there) <= 4 + 2 + LOOKED_UP
    assert (back.behind, len(back.taken_back), back.more_back) == (640, 100, 540)
    assert len(around.asked()) <= 1 + 4 + 2 + LOOKED_UP


def test_what_github_has_not_sorted_out_yet_is_told_by_the_number_in_its_title(around: Around) -> None:
    merged(around, "Add search", method="squash")
    around.server.fail_next("GET", r"/commits/[0-9a-f]+/pulls", 422, times=9)

    assert told(around.changes().shipped) == ["#1 Add search (alice)"]


# --- how long it usually takes -----------------------------------------------------------------------------------


def took(seconds: float, *, task: str = DEPLOY, given_up_at: datetime | None = None) -> Deployment:
    ended = {"state": State.SUCCEEDED, "started_at": T0, "finished_at": t(seconds=seconds)}
    return a_deployment(**ended, task=task, given_up_at=given_up_at)


def usually(*done: Deployment, task: str = DEPLOY) -> float | None:
    return usual_seconds(Past([*done]), "web", "production", task)  # type: ignore[arg-type]


def test_how_long_it_usually_takes_is_the_median_of_the_last_five() -> None:
    assert usually(took(10)) is None
    assert usually(*(took(n) for n in (10, 900, 20, 30, 20, 1))) == 20


def test_what_was_reported_late_makes_room_for_one_that_tells_something() -> None:
    late = [took(4_000, given_up_at=T0) for _ in range(3)]

    assert usually(*late, *(took(n) for n in (10, 20, 30))) == 20


def test_each_task_has_its_own_time() -> None:
    done = [took(10), took(500, task="migrate"), took(20), took(700, task="migrate")]

    assert (usually(*done), usually(*done, task="migrate")) == (15, 600)
