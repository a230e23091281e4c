"""Merging pull requests: the ``Merging`` port over GitHub's REST API, and over GraphQL for its merge queue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from bot.adapters.decoding import decode
from bot.adapters.github.http import Connection, at
from bot.adapters.github.mapping import pull_request_of
from bot.adapters.github.payloads import BranchRule, PullRequestShape
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.merging import Candidate, Mergeable, MergeRules, NotMerged
from bot.core.shipments.model import METHODS, MergeMethod

T = TypeVar("T")
MERGEABLE: dict[str, Mergeable] = {
    "clean": "clean",
    "has_hooks": "clean",
    "unstable": "unstable",
    "behind": "behind",
    "dirty": "dirty",
    "blocked": "blocked",
    "draft": "blocked",
}
"""https://docs.github.com/en/graphql/reference/enums#mergestatestatus, as the REST API writes it."""
SOON = 3.0
"""Seconds after which it is tried again where somebody else was merging into the same branch at that moment."""
# In the words of GitHub's answers, which have no other mark: all of the first come with status 405.
_QUEUE = re.compile(r"merge queue", re.IGNORECASE)
_METHOD = re.compile(r"not allowed on this repository|merge method|merges are not allowed", re.IGNORECASE)
_AT_THE_MOMENT = re.compile(r"base branch was modified|try (?:the merge )?again", re.IGNORECASE)
_MOVED = re.compile(r"head (?:sha|branch|oid)|expected head", re.IGNORECASE)
_NOTHING_NEW = re.compile(r"no new commits on the base branch", re.IGNORECASE)
_IN_QUEUE = re.compile(r"already (?:in|queued|enqueued)", re.IGNORECASE)

_ENQUEUE = (
    "mutation($id: ID!, $head: GitObjectID!) { enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head})"
    " { mergeQueueEntry { id } } }"
)
_DEQUEUE = "mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { id } } }"
_QUEUED = "query($id: ID!) { node(id: $id) { ... on PullRequest { isInMergeQueue } } }"


class _Candidate(PullRequestShape, frozen=True):
    """A single one tells more than those in a list."""

    node_id: str = ""
    draft: bool = False
    mergeable: bool | None = None
    mergeable_state: str = "unknown"


class _Allowed(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/repos#get-a-repository; shown to those who may push."""

    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True


class _Parameters(Struct, frozen=True):
    """https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch, of the rule ``pull_request``."""

    required_approving_review_count: int = 0
    allowed_merge_methods: list[str] | None = None


class _Problem(Struct, frozen=True):
    message: str = ""
    type: str = ""


class _Entered(Struct, frozen=True):
    """What changes something tells nothing that is not known."""


class _Node(Struct, frozen=True):
    isInMergeQueue: bool = False  # noqa: N815 - as GitHub calls it


class _Queued(Struct, frozen=True):
    node: _Node | None = None


class _Answer(Struct, frozen=True):
    """https://docs.github.com/en/graphql: the status is 200 whatever is wrong."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[_Problem] = []


class GitHubMerging:
    """Implements ``bot.core.ports.merging.Merging``. Safe to share between threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def candidate(self, repository: str, number: int) -> Candidate | None:
        try:
            found = self._connection.get(at(repository, "pulls", number), _Candidate)
        except NotThere:
            return None
        known = "dirty" if found.mergeable is False else found.mergeable_state
        # GitHub finds it out when it is asked first, and until then knows nothing else of it either.
        state = MERGEABLE.get(known, "unknown") if found.mergeable is not None else "unknown"
        return Candidate(pull_request_of(found), state, found.draft, found.node_id)

    def rules(self, repository: str, branch: str) -> MergeRules:
        """Two requests. Protection by rules of the older kind is told to administrators alone."""
        allowed = self._connection.get(at(repository), _Allowed)
        may = (allowed.allow_merge_commit, allowed.allow_squash_merge, allowed.allow_rebase_merge)
        methods = [name for name, allows in zip(METHODS, may, strict=True) if allows]
        reviews, queue = 0, False
        for rule in self._rules_of(repository, branch):
            queue |= rule.type == "merge_queue"
            if rule.type == "required_linear_history":
                methods = [one for one in methods if one != "merge"]
            if rule.type == "pull_request":
                asked = _read(rule.parameters, _Parameters())
                reviews = max(reviews, asked.required_approving_review_count)
                methods = [one for one in methods if one in (asked.allowed_merge_methods or METHODS)]
        return MergeRules(tuple(methods), reviews, queue)

    def _rules_of(self, repository: str, branch: str) -> Sequence[BranchRule]:
        """None where they may not be read, or an Enterprise server is too old to have any."""
        path = at(repository, "rules", "branches", branch)
        try:
            return [rule for page in self._connection.pages(path, list[BranchRule], most=3) for rule in page]
        except (NotAllowed, NotThere, Rejected):
            return ()

    def merge(self, repository: str, number: int, head: str, method: MergeMethod) -> NotMerged | None:
        """https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request"""
        try:
            self._connection.put(at(repository, "pulls", number, "merge"), {"sha": head, "merge_method": method})
        except Conflict as moved:
            return NotMerged(str(moved), "moved")
        except (NotAllowed, NotThere) as refused:
            return NotMerged(str(refused), "for_good")
        except Rejected as refused:
            return _not_merged(str(refused))
        return None

    def update(self, repository: str, number: int, head: str) -> NotMerged | None:
        """https://docs.github.com/en/rest/pulls/pulls#update-a-pull-request-branch"""
        try:
            self._connection.put(at(repository, "pulls", number, "update-branch"), {"expected_head_sha": head})
        except (NotAllowed, NotThere) as refused:
            return NotMerged(str(refused), "for_good")
        except Rejected as refused:
            sentence = str(refused)
            if _NOTHING_NEW.search(sentence):
                return None
            return NotMerged(sentence, "moved" if _MOVED.search(sentence) else "for_good")
        return None

    def enqueue(self, repository: str, candidate: Candidate) -> NotMerged | None:
        """https://docs.github.com/en/graphql/reference/mutations#enqueuepullrequest"""
        variables = {"id": candidate.key, "head": candidate.pull_request.head_sha}
        try:
            self._ask(repository, _ENQUEUE, variables, _Entered)
        except NotAllowed as refused:
            return NotMerged(str(refused), "for_good")
        except (NotThere, Rejected) as refused:
            sentence = str(refused)
            if _IN_QUEUE.search(sentence):
                return None
            return NotMerged(sentence, "moved" if _MOVED.search(sentence) else "not_yet")
        return None

    def dequeue(self, repository: str, candidate: Candidate) -> None:
        """https://docs.github.com/en/graphql/reference/mutations#dequeuepullrequest"""
        if self.is_queued(repository, candidate):
            self._ask(repository, _DEQUEUE, {"id": candidate.key}, _Entered)

    def is_queued(self, repository: str, candidate: Candidate) -> bool:
        node = self._ask(repository, _QUEUED, {"id": candidate.key}, _Queued).node
        return node is not None and node.isInMergeQueue

    def _ask(self, repository: str, query: str, variables: dict[str, str], shape: type[T]) -> T:
        """Raises our own error for the first of those that GitHub lists."""
        answer = self._connection.graphql(repository, query, dict(variables), _Answer)
        for problem in answer.errors:
            raise _error_of(problem)
        try:
            return decode(answer.data, shape)
        except msgspec.MsgspecError as broken:
            raise Unavailable(f"GitHub's answer is not understood: {broken}.", uncertain=True) from broken


def _not_merged(sentence: str) -> NotMerged:
    if _QUEUE.search(sentence):
        return NotMerged(sentence, "queue")
    if _AT_THE_MOMENT.search(sentence):
        raise Unavailable(sentence, retry_after=SOON)
    return NotMerged(sentence, "for_good" if _METHOD.search(sentence) else "not_yet")


def _error_of(problem: _Problem) -> Exception:
    sentence = problem.message if problem.message.endswith(".") else f"{problem.message}."
    match problem.type:
        case "RATE_LIMITED":
            return Unavailable("GitHub asks the bot to slow down.", retry_after=60.0)
        case "NOT_FOUND":
            return NotThere(sentence)
        case "FORBIDDEN" | "INSUFFICIENT_SCOPES":
            return NotAllowed(sentence)
    # A fault of its own has no type.
    if "Something went wrong" in sentence:
        return Unavailable("GitHub has a problem of its own.", uncertain=True)
    return Rejected(sentence)


def _read(raw: msgspec.Raw, otherwise: T) -> T:
    """What is not of the shape that is documented asks for nothing: GitHub keeps its rules by itself."""
    try:
        return decode(raw, type(otherwise))
    except msgspec.MsgspecError:
        return otherwise
