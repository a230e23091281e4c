"""GitHub as the forge, against a server that speaks its REST API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from bot.adapters.github.mapping import head_ref_of
from bot.adapters.github.payloads import PullRequestShape
from bot.core.errors import NotAllowed, NotThere
from bot.core.ports.forge_types import Check, Commit, Repository
from tests.servers.github.pair import REPO, T0, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def test_repository_is_described(github: Pair) -> None:
    found = github.client.repository(REPO)

    number = github.server.repository(REPO).id
    assert found == Repository("acme/web", "main", "https://github.com/acme/web", number, private=True)


def test_unknown_repository_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere) as error:
        github.client.repository("acme/nothing")

    assert str(error.value) == "acme/nothing does not exist on GitHub, or GITHUB_TOKEN cannot see it."


@pytest.mark.parametrize("new", ["acme/website", "newowner/web", "newowner/site"])
def test_a_renamed_repository_is_found_by_its_old_name_and_by_its_number(github: Pair, new: str) -> None:
    number = github.server.repository(REPO).id
    github.server.rename_repository(REPO, new)
    expected = Repository(new, "main", f"https://github.com/{new}", number, private=True)

    assert github.client.repository(REPO) == expected
    assert github.client.repository_numbered(number, REPO) == expected


def test_the_number_stays_when_the_name_is_given_to_another(github: Pair) -> None:
    number = github.server.repository(REPO).id
    github.server.rename_repository(REPO, "acme/website")
    github.server.rename_repository("acme/website", "acme/site")
    github.server.add_repository(REPO)

    assert github.client.repository_numbered(number, REPO).name == "acme/site"
    assert github.client.repository("acme/website").number == number
    assert github.client.repository(REPO).number not in (None, number)


def test_a_repository_by_a_number_that_none_has_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere):
        github.client.repository_numbered(1, REPO)


def test_being_asked_again_by_its_number_costs_nothing(github: Pair) -> None:
    number = github.server.repository(REPO).id

    for _ in range(2):
        github.client.repository_numbered(number, REPO)

    assert [request.status for request in github.server.requests] == [200, 304]


def test_branch_resolves_with_one_request(github: Pair) -> None:
    parent = github.server.repository(REPO).branches["main"]
    sha = github.server.commit(REPO, "feature/search", "Add search\n\nIt finds things.", author="hubot")

    found = github.client.resolve(REPO, "feature/search")

    assert found == Commit(
        sha=sha,
        ref="feature/search",
        title="Add search",
        author="hubot",
        url=f"https://github.com/acme/web/commit/{sha}",
        parents=(parent,),
        login="hubot",
        at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    )
    assert github.asked() == ["/branches/feature%2Fsearch"]


@pytest.mark.parametrize("name", ["$(rm -rf /)", "a b", "?", "50%", "ünï", "#", "a#b", "x&y=z", "100%25", "heads/main"])
def test_odd_branch_names_are_quoted(github: Pair, name: str) -> None:
    sha = github.server.commit(REPO, name, "Odd")

    found = github.client.resolve(REPO, name)

    assert found is not None
    assert (found.sha, found.ref) == (sha, name)


@pytest.mark.parametrize("name", ["", ".", "..", "../../user", "a/../b", "nope", "\ud800", "x" * 5000, "#12a", "a\nb"])
def test_names_that_nothing_has_resolve_to_nothing(github: Pair, name: str) -> None:
    found = github.client.resolve(REPO, name)

    assert found is None
    assert {request.path.split("/")[1] for request in github.server.requests} <= {"repos"}


def test_tags_are_peeled(github: Pair) -> None:
    light = github.server.tag(REPO, "v1")
    github.server.commit(REPO, "main", "Next")
    annotated = github.server.tag(REPO, "v2", annotated=True)

    found = [github.client.resolve(REPO, name) for name in ("v1", "v2")]

    assert [commit and (commit.sha, commit.ref) for commit in found] == [(light, "v1"), (annotated, "v2")]


def test_branch_wins_over_tag_and_over_commit_id(github: Pair) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    github.server.branch(REPO, first[:8], at=second)
    github.server.tag(REPO, "same", at=first)
    github.server.branch(REPO, "same", at=second)

    found = [github.client.resolve(REPO, name) for name in (first[:8], "same")]

    assert [commit and commit.sha for commit in found] == [second, second]


def meant(github: Pair, ref: str) -> list[tuple[str, str]]:
    return [(one.exact, one.commit.sha) for one in github.client.meanings(REPO, ref)]


def test_a_branch_is_all_that_its_name_means_after_two_requests(github: Pair) -> None:
    sha = github.server.commit(REPO, "feature/search", "Add search")

    assert meant(github, "feature/search") == [("refs/heads/feature/search", sha)]
    assert github.asked() == ["/branches/feature%2Fsearch", "/git/ref/tags/feature%2Fsearch"]


def test_that_no_tag_has_a_branchs_name_is_remembered_for_minutes(github: Pair) -> None:
    sha = github.server.commit(REPO, "topic", "Add search")
    github.client.meanings(REPO, "topic")
    github.server.tag(REPO, "topic", at="main")
    soon = meant(github, "topic")
    asked = len(github.asked())
    github.clock.tick(minutes=10)

    assert (soon, asked) == ([("refs/heads/topic", sha)], 3)
    assert [exact for exact, _ in meant(github, "topic")] == ["refs/heads/topic", "refs/tags/topic"]


def test_that_no_branch_has_a_tags_name_is_remembered_for_minutes(github: Pair) -> None:
    sha = github.server.tag(REPO, "v1")
    github.client.meanings(REPO, "v1")
    github.server.branch(REPO, "v1")
    soon = meant(github, "v1")
    asked = github.asked().count("/branches/v1")
    github.clock.tick(minutes=10)

    assert (soon, asked) == ([("refs/tags/v1", sha)], 1)
    assert [exact for exact, _ in meant(github, "v1")] == ["refs/heads/v1", "refs/tags/v1"]


@pytest.mark.parametrize("other", ["branch", "tag"])
def test_what_takes_the_place_of_a_name_that_is_gone_is_found_at_once(github: Pair, other: str) -> None:
    """A branch is deleted and a tag is made of it, or the other way round."""
    known, make = github.server.repository(REPO), {"branch": github.server.branch, "tag": github.server.tag}
    make["tag" if other == "branch" else "branch"](REPO, "v1")
    github.client.meanings(REPO, "v1")
    (known.tags if other == "branch" else known.branches).pop("v1")
    make[other](REPO, "v1")

    assert [exact for exact, _ in meant(github, "v1")] == [f"refs/{'tags' if other == 'tag' else 'heads'}/v1"]


def test_a_name_of_nothing_is_looked_for_each_time(github: Pair) -> None:
    nothing = meant(github, "v1")
    github.server.tag(REPO, "v1")

    assert (nothing, len(meant(github, "v1"))) == ([], 1)


def test_a_name_of_several_things_means_each_of_them(github: Pair) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    third = github.server.commit(REPO, "main", "Third")
    for name in (first[:7], "v1"):
        github.server.branch(REPO, name, at=second)
        github.server.tag(REPO, name, at=third, annotated=True)

    assert meant(github, "v1") == [("refs/heads/v1", second), ("refs/tags/v1", third)]
    assert meant(github, first[:7].upper()) == [(first, first)]
    assert meant(github, first[:7]) == [
        (f"refs/heads/{first[:7]}", second),
        (f"refs/tags/{first[:7]}", third),
        (first, first),
    ]


def test_no_number_of_branches_hides_a_commit(github: Pair) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    for length in (7, 8, 9, 10):
        github.server.branch(REPO, first[:length], at=second)

    assert meant(github, first[:7]) == [(f"refs/heads/{first[:7]}", second), (first, first)]


def test_the_beginning_of_two_ids_means_both_commits(github: Pair) -> None:
    known = github.server.repository(REPO)
    first = known.branches["main"]
    twin = first[:9] + ("1" if first[9] == "0" else "0") + first[10:]
    known.commits[twin] = replace(known.commits[first], sha=twin)

    found = meant(github, first[:9])

    assert sorted(found) == sorted([(first, first), (twin, twin)])


@pytest.mark.parametrize("name", ["tag", "branch"])
def test_what_is_written_in_full_is_this_and_nothing_else(github: Pair, name: str) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    github.server.tag(REPO, "same", at=first)
    github.server.branch(REPO, "same", at=second)
    github.server.branch(REPO, first, at=second)  # as a git of one's own may have it
    exact, sha = {"tag": ("refs/tags/same", first), "branch": ("refs/heads/same", second)}[name]

    found = github.client.resolve(REPO, exact)

    assert found is not None
    assert (found.sha, found.ref) == (sha, "same")
    assert meant(github, exact) == [(exact, sha)]
    assert meant(github, first) == [(first, first)]
    assert meant(github, f"refs/heads/{first}") == [(f"refs/heads/{first}", second)]


@pytest.mark.parametrize(
    "ref", ["", "..", "refs/heads/..", "refs/heads/none", "refs/tags/none", "none", "fade", "fadefade"]
)
def test_what_nothing_is_called_means_nothing(github: Pair, ref: str) -> None:
    assert meant(github, ref) == []


def test_tag_wins_over_commit_id(github: Pair) -> None:
    first = github.server.repository(REPO).branches["main"]
    second = github.server.commit(REPO, "main", "Second")
    github.server.tag(REPO, first[:8], at=second)

    found = github.client.resolve(REPO, first[:8])

    assert found is not None
    assert found.sha == second


def test_commit_ids_need_seven_characters(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]

    found = [github.client.resolve(REPO, name) for name in (sha, sha[:7], sha[:7].upper(), sha[:6])]

    assert [commit and commit.sha for commit in found] == [sha, sha, sha, None]


def test_full_commit_id_resolves_with_one_request(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]

    github.client.resolve(REPO, sha)
    github.client.resolve(REPO, "f" * 40)

    assert github.asked() == [f"/commits/{sha}", f"/commits/{'f' * 40}"]


def test_pull_request_resolves_to_its_head(github: Pair) -> None:
    sha = github.server.commit(REPO, "topic", "Add search")
    number = github.server.open_pull_request(REPO, "topic")

    found = github.client.resolve(REPO, f"#{number}")

    assert found is not None
    assert (found.sha, found.ref, found.title, found.pull_request) == (sha, "topic", "Add search", number)


@pytest.mark.parametrize(
    ("head", "base", "ref"),
    [
        ({"id": 7, "full_name": "acme/web"}, {"id": 7, "full_name": "acme/website"}, "topic"),
        ({"id": 7, "full_name": "acme/website"}, {"id": 7, "full_name": "acme/web"}, "topic"),
        ({"id": 8, "full_name": "acme/web"}, {"id": 7, "full_name": "acme/web"}, "mallory:topic"),
        ({"id": 8, "full_name": "mallory/web"}, {"id": 7, "full_name": "acme/web"}, "mallory:topic"),
        ({"full_name": "Acme/Web"}, {"id": 7, "full_name": "acme/web"}, "topic"),
        ({"full_name": "mallory/web"}, {"full_name": "acme/web"}, "mallory:topic"),
        (None, {"id": 7, "full_name": "acme/web"}, "mallory:topic"),
    ],
)
def test_numbers_tell_a_fork_from_the_repository_itself(
    head: dict[str, object] | None, base: dict[str, object], ref: str
) -> None:
    sides = {"sha": "0" * 40, "label": "mallory:topic"}
    shown = {
        "number": 2,
        "title": "Add search",
        "html_url": "",
        "state": "open",
        "head": {**sides, "ref": "topic", "repo": head},
        "base": {**sides, "ref": "main", "repo": base},
    }

    assert head_ref_of(msgspec.convert(shown, PullRequestShape)) == ref


def test_pull_request_of_a_fork_says_whose_branch_it_is(github: Pair) -> None:
    number = github.server.open_pull_request(REPO, "main", fork="mallory/web", author="mallory")

    found = github.client.resolve(REPO, f"#{number}")

    assert found is not None
    assert found.ref == "mallory:main"
    assert found.sha != github.server.repository(REPO).branches["main"]


def test_unknown_pull_request_resolves_to_nothing(github: Pair) -> None:
    assert github.client.resolve(REPO, "#99") is None
    assert github.client.pull_request(REPO, 99) is None


def test_ref_of_an_unknown_repository_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere, match=r"acme/nothing does not exist on GitHub, or GITHUB_TOKEN cannot see it\."):
        github.client.resolve("acme/nothing", "main")


def test_ref_of_an_empty_repository_resolves_to_nothing(github: Pair) -> None:
    github.server.add_repository("acme/new", empty=True)

    assert github.client.resolve("acme/new", "main") is None


def test_refs_names_branches_then_tags_over_all_pages(github: Pair) -> None:
    for number in range(120):
        github.server.branch(REPO, f"b{number:03}")
    github.server.tag(REPO, "v1")

    found = github.client.refs(REPO)

    assert found == (*(f"b{number:03}" for number in range(120)), "main", "v1")


def test_checks_reads_statuses_and_check_runs(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_status(REPO, sha, "ci/test", "success", description="12 tests", target_url="https://ci/1")
    github.server.set_status(REPO, sha, "ci/lint", "error")
    github.server.set_status(REPO, sha, "ci/slow", "pending")
    for conclusion in (
        "success",
        "neutral",
        "skipped",
        "failure",
        "cancelled",
        "timed_out",
        "action_required",
        "stale",
    ):
        github.server.set_check_run(REPO, sha, conclusion, conclusion, title=f"It was {conclusion}", url="https://ci/2")
    for status in ("queued", "in_progress", "waiting", "pending", "requested"):
        github.server.set_check_run(REPO, sha, status, None, status=status)

    found = {check.name: check for check in github.client.checks(REPO, sha)}

    assert found["ci/test"] == Check("ci/test", "success", "https://ci/1", "12 tests")
    assert found["neutral"] == Check("neutral", "success", "https://ci/2", "It was neutral")
    assert {name: check.state for name, check in found.items()} == {
        "ci/test": "success",
        "ci/lint": "failure",
        "ci/slow": "pending",
        "success": "success",
        "neutral": "success",
        "skipped": "success",
        "failure": "failure",
        "cancelled": "failure",
        "timed_out": "failure",
        "action_required": "failure",
        "stale": "failure",
        "queued": "pending",
        "in_progress": "pending",
        "waiting": "pending",
        "pending": "pending",
        "requested": "pending",
    }


def test_latest_report_of_a_check_counts(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_status(REPO, sha, "ci", "failure")
    github.server.set_status(REPO, sha, "ci", "success")
    github.server.set_check_run(REPO, sha, "build", "failure")
    github.server.set_check_run(REPO, sha, "build", "success")

    found = github.client.checks(REPO, sha)

    assert [(check.name, check.state) for check in found] == [("ci", "success"), ("build", "success")]


def test_worst_of_two_apps_with_one_check_name_counts(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.set_check_run(REPO, sha, "build", "failure", app="one")
    github.server.set_check_run(REPO, sha, "build", "success", app="two")

    found = github.client.checks(REPO, sha)

    assert [(check.name, check.state) for check in found] == [("build", "failure")]


def test_checks_are_read_over_all_pages(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    for number in range(101):
        github.server.set_status(REPO, sha, f"status {number}", "success")
        github.server.set_check_run(REPO, sha, f"run {number}", "success")

    found = github.client.checks(REPO, sha)

    assert len(found) == 202


def test_token_that_may_not_read_check_runs_is_told_so(github: Pair) -> None:
    sha = github.server.repository(REPO).branches["main"]
    github.server.deny(github.server.token, "checks")

    with pytest.raises(NotAllowed) as error:
        github.client.checks(REPO, sha)

    assert str(error.value) == (
        "GITHUB_TOKEN lacks the permission “checks: read” on acme/web: "
        "Resource not accessible by personal access token."
    )


def test_compare_lists_the_new_commits_oldest_first(github: Pair) -> None:
    base = github.server.repository(REPO).branches["main"]
    one = github.server.commit(REPO, "topic", "One")
    two = github.server.commit(REPO, "topic", "Two")
    github.server.commit(REPO, "main", "Elsewhere")

    found = github.client.compare(REPO, "main", "topic")

    assert (found.ahead_by, found.behind_by) == (2, 1)
    assert [(commit.sha, commit.ref, commit.title) for commit in found.commits] == [
        (one, one[:7], "One"),
        (two, two[:7], "Two"),
    ]
    assert found.commits[0].parents == (base,)
    assert found.url == "https://github.com/acme/web/compare/main...topic"


@pytest.mark.parametrize(("pushed", "shown", "requests"), [(99, 99, 1), (260, 260, 3), (400, 400, 4), (730, 230, 4)])
def test_of_many_commits_the_newest_are_compared(github: Pair, pushed: int, shown: int, requests: int) -> None:
    for number in range(pushed):
        github.server.commit(REPO, "topic", f"Commit {number}", files={})

    found = github.client.compare(REPO, "main", "topic")

    assert found.ahead_by == pushed
    assert [commit.title for commit in found.commits] == [f"Commit {n}" for n in range(pushed - shown, pushed)]
    assert len(github.asked()) == requests


def test_the_files_that_a_branch_touches_are_told_where_they_are_asked_for(github: Pair) -> None:
    github.server.commit(REPO, "main", "Begin", files={"old.txt": "x", "kept.txt": "x"})
    base = github.server.branch(REPO, "topic")
    head = github.server.commit(REPO, "topic", "Go on", files={"old.txt": None, "kept.txt": "y", "a/new.txt": "z"})
    github.server.commit(REPO, "main", "Elsewhere", files={"elsewhere.txt": "x"})

    unasked = github.client.compare(REPO, base, head)
    asked = github.client.compare(REPO, base, head, files=True)
    apart = github.client.compare(REPO, "main", "topic", files=True)

    assert (unasked.files, asked.files, asked.all_files) == (None, ("a/new.txt", "kept.txt", "old.txt"), True)
    assert apart.files == asked.files


def test_of_more_than_300_files_github_tells_no_more(github: Pair) -> None:
    github.server.commit(REPO, "topic", "A lot", files={f"{number:03}.txt": "x" for number in range(301)})
    for number in range(120):
        github.server.commit(REPO, "topic", f"Commit {number}", files={})

    found = github.client.compare(REPO, "main", "topic", files=True)

    assert (len(found.files or ()), found.all_files, len(found.commits)) == (300, False, 121)


def test_what_was_merged_last_is_listed_whatever_branch_it_went_into(github: Pair) -> None:
    github.server.branch(REPO, "release")
    for number, base in enumerate(("main", "release", "main", "main")):
        github.server.commit(REPO, f"step-{number}", f"Step {number}", author="hubot")
        github.server.open_pull_request(REPO, f"step-{number}", base=base, author="hubot")
    github.server.close_pull_request(REPO, 3)
    github.clock.tick(minutes=1)
    merges = [github.server.merge_pull_request(REPO, number, "squash") for number in (2, 1)]

    found = github.client.lately_merged(REPO, 30)

    assert {(one.number, one.author, one.base, one.merge_sha) for one in found} == {
        (2, "hubot", "release", merges[0]),
        (1, "hubot", "main", merges[1]),
    }
    assert len(github.asked()) == 1


def test_a_commit_of_somebody_unknown_has_a_name_and_no_login(github: Pair) -> None:
    github.server.commit(REPO, "topic", "Begin", author="Björn Å. Svensson", known=False)

    found = github.client.resolve(REPO, "topic")

    assert found is not None
    assert (found.author, found.login) == ("Björn Å. Svensson", None)


def test_compare_with_an_unknown_ref_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere, match=r"acme/web has no compare/main\.\.\.gone on GitHub"):
        github.client.compare(REPO, "main", "gone")


def test_merged_pull_request_tells_its_merge_commit(github: Pair) -> None:
    head = github.server.commit(REPO, "topic", "Add search")
    number = github.server.open_pull_request(REPO, "topic", title="Search", author="hubot")
    before = github.client.pull_request(REPO, number)
    merge = github.server.merge_pull_request(REPO, number, method="squash", by="octocat")

    after = github.client.pull_request(REPO, number)

    assert before is not None
    assert (before.state, before.merge_sha, before.merged_at) == ("open", None, None)
    assert after is not None
    assert (after.state, after.merge_sha, after.merged_at, after.merged_by) == ("merged", merge, T0, "octocat")
    assert (after.title, after.author, after.head_ref, after.head_sha) == ("Search", "hubot", "topic", head)
    assert (after.base, after.url) == ("main", f"https://github.com/acme/web/pull/{number}")


def test_pull_requests_of_a_commit_come_merged_first(github: Pair) -> None:
    head = github.server.commit(REPO, "topic", "Add search")
    github.server.branch(REPO, "release", at="main")
    waiting = github.server.open_pull_request(REPO, "topic", base="release")
    merged = github.server.open_pull_request(REPO, "topic")
    merge = github.server.merge_pull_request(REPO, merged)

    of_head = github.client.pull_requests_of(REPO, head)
    of_merge = github.client.pull_requests_of(REPO, merge)

    assert [(pull.number, pull.state) for pull in of_head] == [(merged, "merged"), (waiting, "open")]
    assert [pull.number for pull in of_merge] == [merged]
    assert github.client.pull_requests_of(REPO, "f" * 40) == ()
