"""Merging pull requests, over GitHub's REST API and GraphQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.auth import TokenAuth
from bot.adapters.github.forge import GitHub
from bot.core.errors import NotAllowed, Unavailable
from bot.core.ports.merging import Candidate, MergeRules, NotMerged
from tests.servers.github.pair import REPO, Pair, StillClock, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def pull(github: Pair, branch: str = "topic") -> int:
    github.server.commit(REPO, branch, "Add search")
    return github.server.open_pull_request(REPO, branch)


def candidate(github: Pair, number: int) -> Candidate:
    found = github.client.merging.candidate(REPO, number)
    assert found is not None
    return found


def head(github: Pair, branch: str = "topic") -> str:
    return github.server.repository(REPO).branches[branch]


# --- how it stands ---------------------------------------------------------------------------------------------------


def test_github_says_whether_it_would_merge_it(github: Pair) -> None:
    number, found = pull(github), github.server.repository(REPO)
    states = [candidate(github, number).mergeable]
    github.server.set_status(REPO, "topic", "lint", "failure")
    states.append(candidate(github, number).mergeable)
    github.server.require_checks(REPO, "main", "lint")
    states.append(candidate(github, number).mergeable)
    found.strict.add("main")
    github.server.commit(REPO, "main", "Meanwhile", files={"changes/2.txt": "mine"})
    states.append(candidate(github, number).mergeable)
    github.server.commit(REPO, "topic", "Clash", files={"changes/2.txt": "yours"})
    states.append(candidate(github, number).mergeable)

    assert states == ["clean", "unstable", "blocked", "dirty", "dirty"]


def test_what_lacks_its_base_is_behind_and_a_draft_is_one(github: Pair) -> None:
    number = pull(github)
    github.server.repository(REPO).strict.add("main")
    github.server.commit(REPO, "main", "Meanwhile", files={"other.txt": "1"})
    behind = candidate(github, number)
    github.server.set_draft(REPO, number, True)
    draft = candidate(github, number)

    assert (behind.mergeable, behind.draft) == ("behind", False)
    assert (draft.mergeable, draft.draft) == ("blocked", True)


def test_it_is_not_known_at_first_and_there_may_be_none(github: Pair) -> None:
    number = pull(github)
    github.server.repository(REPO).pull_requests[number].looked_at = False

    assert candidate(github, number).mergeable == "unknown"
    assert candidate(github, number).mergeable == "clean"
    assert github.client.merging.candidate(REPO, 99) is None


def test_the_rules_of_a_branch_say_how_it_is_merged_into(github: Pair) -> None:
    found = github.server.repository(REPO)
    usual = github.client.merging.rules(REPO, "main")
    found.methods, found.queues = ("squash", "rebase"), {"main"}
    found.reviews_required["main"] = 2
    strict = github.client.merging.rules(REPO, "main")
    github.server.fail_next("GET", r"/rules/branches", 404)
    unseen = github.client.merging.rules(REPO, "main")

    assert usual == MergeRules()
    assert strict == MergeRules(("squash", "rebase"), reviews=2, queue=True)
    assert unseen == MergeRules(("squash", "rebase"))


@pytest.mark.parametrize(
    ("rule", "methods"),
    [
        ({"type": "required_linear_history"}, ("squash", "rebase")),
        ({"type": "pull_request", "parameters": {"allowed_merge_methods": ["rebase"]}}, ("rebase",)),
        ({"type": "pull_request", "parameters": {"allowed_merge_methods": "odd"}}, ("merge", "squash", "rebase")),
    ],
)
def test_a_rule_may_leave_fewer_ways(github: Pair, rule: dict[str, object], methods: tuple[str, ...]) -> None:
    github.server.fail_next("GET", r"/rules/branches", 200, body=[rule])

    assert github.client.merging.rules(REPO, "main").methods == methods


# --- the merge -------------------------------------------------------------------------------------------------------


def test_it_is_merged_while_its_head_is_the_one_that_is_meant(github: Pair) -> None:
    number = pull(github)
    other = github.client.merging.merge(REPO, number, "0" * 40, "squash")
    done = github.client.merging.merge(REPO, number, head(github), "squash")

    assert other == NotMerged("Head branch was modified. Review and try the merge again.", "moved")
    assert done is None
    assert len(github.server.repository(REPO).commits[head(github, "main")].parents) == 1


@pytest.mark.parametrize(
    ("status", "message", "why"),
    [
        (405, "Changes must be made through the merge queue", "queue"),
        (405, "Squash merges are not allowed on this repository.", "for_good"),
        (405, "Pull Request is not mergeable", "not_yet"),
        (405, 'Required status check "ci" is expected.', "not_yet"),
        (422, "Validation Failed", "not_yet"),
        (403, "Resource not accessible by integration", "for_good"),
        (404, "Not Found", "for_good"),
    ],
)
def test_why_it_was_not_merged(github: Pair, status: int, message: str, why: str) -> None:
    number = pull(github)
    github.server.fail_next("PUT", r"/merge$", status, body={"message": message})

    answer = github.client.merging.merge(REPO, number, head(github), "merge")

    assert answer is not None
    assert answer.why == why


def test_what_will_pass_is_to_be_tried_again(github: Pair) -> None:
    number = pull(github)
    message = {"message": "Base branch was modified. Review and try the merge again."}
    for status, body in ((405, message), (502, None)):
        github.server.fail_next("PUT", r"/merge$", status, body=body)
        with pytest.raises(Unavailable):
            github.client.merging.merge(REPO, number, head(github), "merge")


# --- up to date ------------------------------------------------------------------------------------------------------


def test_the_base_is_merged_into_the_branch(github: Pair) -> None:
    number, before = pull(github), head(github)
    nothing = github.client.merging.update(REPO, number, before)
    base = github.server.commit(REPO, "main", "Meanwhile", files={"other.txt": "1"})
    moved = github.client.merging.update(REPO, number, "0" * 40)
    done = github.client.merging.update(REPO, number, before)

    assert (nothing, done) == (None, None)
    assert moved is not None
    assert moved.why == "moved"
    assert github.server.repository(REPO).commits[head(github)].parents == (before, base)


def test_a_branch_that_cannot_be_updated(github: Pair) -> None:
    number = pull(github)
    github.server.commit(REPO, "topic", "Mine", files={"a": "1"})
    github.server.commit(REPO, "main", "Yours", files={"a": "2"})
    conflict = github.client.merging.update(REPO, number, head(github))
    github.server.fail_next("PUT", r"/update-branch", 403)
    refused = github.client.merging.update(REPO, number, head(github))

    assert conflict == NotMerged("merge conflict between base and head.", "for_good")
    assert refused is not None
    assert refused.why == "for_good"


# --- the queue -------------------------------------------------------------------------------------------------------


def test_it_goes_into_the_queue_once_and_out_of_it(github: Pair) -> None:
    github.server.repository(REPO).queues.add("main")
    found = candidate(github, pull(github))
    merging = github.client.merging
    before = merging.is_queued(REPO, found)
    entered = [merging.enqueue(REPO, found), merging.enqueue(REPO, found)]
    inside = merging.is_queued(REPO, found)
    merging.dequeue(REPO, found)
    merging.dequeue(REPO, found)

    assert (before, entered, inside) == (False, [None, None], True)
    assert not merging.is_queued(REPO, found)


def test_why_the_queue_does_not_take_it(github: Pair) -> None:
    found = candidate(github, pull(github))
    no_queue = github.client.merging.enqueue(REPO, found)
    github.server.repository(REPO).queues.add("main")
    github.server.commit(REPO, "topic", "More")
    moved = github.client.merging.enqueue(REPO, found)
    github.server.deny(github.server.token, "pull_requests=write")
    refused = github.client.merging.enqueue(REPO, found)

    assert no_queue == NotMerged("Base branch has no merge queue.", "not_yet")
    assert [one.why for one in (moved, refused) if one] == ["moved", "for_good"]


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        ({"type": "RATE_LIMITED", "message": "API rate limit exceeded"}, Unavailable),
        ({"message": "Something went wrong while executing your query."}, Unavailable),
        ({"type": "FORBIDDEN", "message": "Resource not accessible by integration"}, NotAllowed),
    ],
)
def test_problems_of_graphql_are_our_own_errors(github: Pair, problem: dict[str, str], error: type[Exception]) -> None:
    found = candidate(github, pull(github))
    github.server.fail_next("POST", r"/graphql", 200, body={"data": None, "errors": [problem]})

    with pytest.raises(error):
        github.client.merging.is_queued(REPO, found)


def test_an_enterprise_server_has_graphql_beside_its_rest_api() -> None:
    with pair() as both:
        found = candidate(both, pull(both))
        auth = TokenAuth(both.server.token)
        url = f"{both.server.url}/api/v3"
        client = GitHub(url, auth, clock=StillClock(), web_url=both.server.web_url, pause=lambda _: None)
        both.server.fail_next("POST", r"^/api/graphql$", 200, body={"data": {"node": {"isInMergeQueue": True}}})

        assert client.merging.is_queued(REPO, found)
        client.close()
