"""GitHub as the forge: where the code lives and the deployments are recorded, over its REST API."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import IO, cast

from cachetools import LRUCache, TTLCache, cachedmethod
from msgspec import Struct

from bot.adapters.github.backfill import GitHubBackfill
from bot.adapters.github.branches import Branches
from bot.adapters.github.checks import GitHubChecks
from bot.adapters.github.deployments import GitHubDeployments
from bot.adapters.github.device_flow import DeviceFlow
from bot.adapters.github.doctor import doctor
from bot.adapters.github.expected_checks import GitHubExpectedChecks
from bot.adapters.github.head_counts import HeadCounts
from bot.adapters.github.http import TIMEOUT, Auth, Connection, at, quoted
from bot.adapters.github.known_commits import KnownCommits
from bot.adapters.github.mapping import commit_of, head_ref_of, repository_of
from bot.adapters.github.merging import GitHubMerging
from bot.adapters.github.payloads import (
    Activity,
    Branch,
    CommitShape,
    ComparisonShape,
    GitRef,
    Named,
    PullRequestShape,
    RelationShape,
    Repo,
)
from bot.adapters.github.publishing import GitHubPublishing
from bot.adapters.github.pull_requests import GitHubPullRequests
from bot.adapters.github.reviews import GitHubReviews
from bot.adapters.github.tarball import unpack
from bot.adapters.github.users import GitHubUsers
from bot.adapters.github.workflows import GitHubWorkflows
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected
from bot.core.ports.chat import Clock, Finding
from bot.core.ports.forge_types import Check, Commit, Comparison, Meaning, PullRequest, Relation, Remote, Repository
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.refs import HEADS, TAGS, is_exact, is_full_id, looks_like_id, short_name

REF_LENGTH = 250  # GitHub takes no longer names
COMPARED_AT_ONCE = 100
LAST_PAGES = 3
"""How many pages of a comparison are read besides the first: the last ones, which have the newest commits."""
COMPARED_FILES = 300
"""GitHub tells of no more."""
RELATIONS_KEPT = 5_000
ABSENT_FOR = timedelta(minutes=10)
NAMES_KEPT = 1_000
ACTIVITIES = 50
"""How many of somebody's last pushes are looked through for a branch that is there."""
PUSHES = frozenset({"push", "force_push", "branch_creation"})
UNTOLD = (NotThere, NotAllowed, Rejected)
NOT_A_NAME = (".", "..")  # as a segment of a URL they would lead elsewhere


class _Anything(Struct, frozen=True):
    """An answer of which nothing is read."""


class GitHub:
    """Implements ``bot.core.ports.forge.Forge``. Safe to share between threads.

    ``api_url`` is ``https://api.github.com`` or an Enterprise server's ``…/api/v3``; ``web_url`` is where people look,
    and where they sign in for the app with ``client_id`` (without one nobody can prove who they are). Git fetches from
    ``git_url``, else from there. ``deploying`` tells the files of the workflows that are dispatched to deploy.
    """

    def __init__(
        self,
        api_url: str,
        auth: Auth,
        *,
        clock: Clock,
        web_url: str,
        git_url: str | None = None,
        client_id: str | None = None,
        pause: Callable[[float], None] = time.sleep,
        timeout: tuple[float, float] = TIMEOUT,
        before_change: Callable[[], None] = lambda: None,
        deploying: Callable[[], Collection[str]] = tuple,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._connection = Connection(
            api_url, auth, clock=clock, pause=pause, timeout=timeout, before_change=before_change, measures=measures
        )
        self._auth = auth
        self._relations: LRUCache[tuple[Hashable, ...], Relation] = LRUCache(RELATIONS_KEPT)
        self._relations_lock, self._absent_lock = Lock(), Lock()
        self._web_url, self._git_url = web_url.rstrip("/"), (git_url or web_url).rstrip("/")
        at_their_place = {"web_url": web_url, "api_url": api_url}
        sign_in = DeviceFlow(client_id, **at_their_place, clock=clock, pause=pause) if client_id else None
        self.users = GitHubUsers(self._connection, clock, sign_in, auth)
        self.reviews = GitHubReviews(self._connection, clock)
        self._checks = GitHubChecks(self._connection, clock, deploying)
        self._known = KnownCommits()
        self._branches = Branches(self._connection, self._known, clock)
        self._pulls = GitHubPullRequests(self._connection, self._known, self._branches, clock)
        self._absent: TTLCache[tuple[str, str], bool, datetime] = TTLCache(NAMES_KEPT, ABSENT_FOR, clock.now)
        self.expected_checks = GitHubExpectedChecks(self._connection, self._checks, self._known, self._branches, clock)
        self.deployments = GitHubDeployments(self._connection, self.resolve, self.users.own_login)
        self.backfill = GitHubBackfill(self._connection, auth, clock)
        self.merging = GitHubMerging(self._connection)
        self.publishing = GitHubPublishing(self._connection, auth, self.users.own_login)
        self.head_counts = HeadCounts(self._connection)
        self.workflows = GitHubWorkflows(
            self._connection, auth, self.meanings, self.pull_request, self.repository, self.users.own_login
        )

    def __repr__(self) -> str:
        return f"GitHub({self._connection!r})"

    def close(self) -> None:
        self._connection.close()

    def doctor(self, repositories: Sequence[str], base_url: str | None = None) -> list[Finding]:
        """What ``python -m bot check`` says of GitHub: credentials, and for each repository access and webhook.

        ``base_url`` is where the bot is reached, as far as it knows.
        """
        return doctor(self._connection, self._auth, repositories, self._web_url, base_url)

    def authenticate(self, place: str) -> None:
        """Whatever else GitHub says is said to somebody whom it knows."""
        with suppress(NotAllowed, NotThere, Rejected):
            self._connection.get(self._auth.about_itself, _Anything)
        with suppress(NotAllowed, NotThere, Rejected):
            self._connection.get(at(place) if "/" in place else f"/orgs/{quoted(place)}", _Anything)

    def repository(self, repository: str, *, fresh: bool = True) -> Repository:
        return self._branches.described(repository) if fresh else self._branches.remembered(repository)

    def repository_numbered(self, number: int, near: str) -> Repository:
        """At the address to which GitHub redirects from each name that a repository had."""
        return repository_of(self._connection.get(f"/repositories/{number}", Repo, near=near))

    def resolve(self, repository: str, ref: str) -> Commit | None:
        """A branch takes one request, a tag or a short commit id two, ``#123`` two, a full commit id one."""
        if re.fullmatch(r"#[0-9]{1,9}", ref):
            return self._head_of(repository, int(ref[1:]))
        if not ref or len(ref) > REF_LENGTH or short_name(ref) in NOT_A_NAME:
            return None
        if ref.startswith((HEADS, TAGS)):
            look = self._branch if ref.startswith(HEADS) else self._tag
            found = look(repository, short_name(ref))
            if found is None:
                self.repository(repository)  # raises where that is what is missing
            return found
        branch = None if is_full_id(ref) else self._branch(repository, ref)
        return branch or self._tag_or_id(repository, ref)

    def meanings(self, repository: str, ref: str) -> Sequence[Meaning]:
        """A branch takes two requests, all else three; the name of a branch or tag that may be an id sixteen more.

        Where there is a branch, it is remembered for some minutes that no tag has its name; and the other way round.
        """
        if is_exact(ref) or not ref or len(ref) > REF_LENGTH or ref in NOT_A_NAME:
            only = self.resolve(repository, ref)
            return [Meaning(ref.lower() if is_full_id(ref) else ref, only)] if only else []
        branch, tag = self._named(repository, ref)
        named = [Meaning(HEADS + ref, branch)] if branch else []
        named += [Meaning(TAGS + ref, tag)] if tag else []
        found = None if named else self._tag_or_id(repository, ref)
        if found is not None:
            return [Meaning(found.sha if found.sha.startswith(ref.lower()) else ref, found)]
        return [*named, *(Meaning(one.sha, one) for one in self._begun_with(repository, ref.lower()))]

    def branches_of(self, repository: str, login: str) -> Sequence[str]:
        """Three requests, and one more for each branch that is gone. Enterprise servers before 3.10 do not tell."""
        default = self._branches.default(repository)
        done = self._connection.get(at(repository, "activity"), list[Activity], actor=login, per_page=ACTIVITIES)
        pushed = dict.fromkeys(one.ref.removeprefix(HEADS) for one in done if one.activity_type in PUSHES)
        there = (name for name in pushed if name != default and self._branch(repository, name) is not None)
        return list(islice(there, 1))

    def refs(self, repository: str) -> Sequence[str]:
        names: dict[str, None] = {}
        for kind in ("branches", "tags"):
            for page in self._connection.pages(at(repository, kind), list[Named], most=2):
                names.update((found.name, None) for found in page)
        return tuple(names)

    def checks(self, repository: str, sha: str, *, thorough: bool = False) -> Sequence[Check]:
        """One entry for each name. Where several apps or workflows use one name, the worst of them counts."""
        found = self._checks.of(repository, sha, thorough=thorough)
        self.expected_checks.looked(repository, sha, found)
        return found.checks()

    def compare(self, repository: str, base: str, head: str, *, files: bool = False) -> Comparison:
        """No request where both are commits, all between them are known, and no files are asked for."""
        between = None if files else self._known.between(repository, base, head)
        if between is not None:
            page = between[-1].url.removesuffix(f"/commit/{head}")
            return Comparison(len(between), 0, tuple(between), f"{page}/compare/{base}...{head}")
        path = f"{at(repository, 'compare')}/{quoted(base)}...{quoted(head)}"
        first = self._connection.get(path, ComparisonShape, per_page=COMPARED_AT_ONCE)
        shown = self._newest_of(path, first)
        self._known.saw(repository, shown)
        touched = (path for one in first.files for path in (one.previous_filename, one.filename) if path)
        return Comparison(
            first.ahead_by,
            first.behind_by,
            tuple(commit_of(commit, commit.sha[:7]) for commit in shown),
            first.html_url,
            files=tuple(dict.fromkeys(touched)) if files else None,
            all_files=len(first.files) < COMPARED_FILES,
        )

    def _newest_of(self, path: str, first: ComparisonShape) -> list[CommitShape]:
        """GitHub lists the oldest first: of more commits than we read, those on the last pages are the ones to know."""
        last = -(-first.ahead_by // COMPARED_AT_ONCE)
        numbers = range(max(2, last - LAST_PAGES + 1), last + 1)
        pages = [
            self._connection.get(path, ComparisonShape, per_page=COMPARED_AT_ONCE, page=number) for number in numbers
        ]
        whole = last <= LAST_PAGES + 1
        return [commit for page in ([first] if whole else []) + pages for commit in page.commits]

    def holds(self, repository: str, branch: str, sha: str) -> bool:
        if self._branches.is_lacking(repository, branch, sha):
            return False
        lacks = self.compare(repository, branch, sha).ahead_by > 0
        if lacks:
            self._branches.lacks(repository, branch, sha)
        return not lacks

    def relation(self, repository: str, base: str, head: str) -> Relation:
        try:
            return self._relation(repository, base, head)
        except UNTOLD:  # no ancestor in common, one of them is gone, or not everywhere at GitHub yet
            return self._relation_by_lists(repository, base, head)

    def _relation_by_lists(self, repository: str, base: str, head: str) -> Relation:
        """What the lists of commits tell where the two cannot be compared."""
        if base in self._listed(repository, head):
            return "ahead"
        try:
            return "behind" if head in self._listed(repository, base) else "diverged"
        except UNTOLD:
            return "diverged"

    def _listed(self, repository: str, sha: str) -> set[str]:
        found = self._connection.get(at(repository, "commits"), list[CommitShape], sha=sha, per_page=100)
        return {commit.sha for commit in found}

    @cachedmethod(lambda self: self._relations, lock=lambda self: self._relations_lock)
    def _relation(self, repository: str, base: str, head: str) -> Relation:
        """No request where one is known to come before the other, along first parents."""
        if base in self._known.before(repository, head):
            return "ahead"
        if head in self._known.before(repository, base):
            return "behind"
        path = f"{at(repository, 'compare')}/{quoted(base)}...{quoted(head)}"
        return self._connection.get(path, RelationShape, per_page=1).status

    def pull_request(self, repository: str, number: int) -> PullRequest | None:
        return self._pulls.get(repository, number)

    def pull_requests_of(self, repository: str, sha: str, *, fresh: bool = True) -> Sequence[PullRequest]:
        """``merged_by`` is not told here."""
        return self._pulls.of(repository, sha) if fresh else self._pulls.remembered(repository, sha)

    def lately_merged(self, repository: str, most: int) -> Sequence[PullRequest]:
        """A request for each hundred; ``merged_by`` is not told here."""
        return self._pulls.lately_merged(repository, most)

    def open_pull_requests(self, repository: str, most: int) -> Sequence[PullRequest]:
        return self._pulls.open(repository, most)

    def remote(self, repository: str) -> Remote:
        header = self._auth.authorization(repository) or ""
        return Remote(f"{self._git_url}/{repository}.git", header.removeprefix("Bearer ") or None)

    def tarball(self, repository: str, sha: str) -> str:
        return self._connection.location(at(repository, "tarball", sha))

    def checkout(self, repository: str, sha: str, into: Path) -> None:
        with self._connection.download(at(repository, "tarball", sha)) as answer:
            unpack(cast("IO[bytes]", answer.raw), into)

    def _head_of(self, repository: str, number: int) -> Commit | None:
        try:
            found = self._connection.get(at(repository, "pulls", number), PullRequestShape)
        except NotThere:
            return None
        commit = self._connection.get(at(repository, "commits", found.head.sha), CommitShape)
        self._known.saw(repository, [commit])
        return commit_of(commit, head_ref_of(found), pull_request=number)

    def _named(self, repository: str, name: str) -> tuple[Commit | None, Commit | None]:
        """The branch and the tag of that name: where one is there, the other is not looked for again and again."""
        place = repository.lower()
        with self._absent_lock:
            no_branch, no_tag = ((place, kind + name) in self._absent for kind in (HEADS, TAGS))
        if no_tag and (branch := self._branch(repository, name)) is not None:
            return branch, None
        if no_branch and (tag := self._tag(repository, name)) is not None:
            return None, tag
        branch, tag = self._branch(repository, name), self._tag(repository, name)
        if (branch is None) != (tag is None):
            with self._absent_lock:
                self._absent[place, (HEADS if branch is None else TAGS) + name] = True
        return branch, tag

    def _branch(self, repository: str, name: str) -> Commit | None:
        try:
            branch = self._connection.get(at(repository, "branches", name), Branch)
        except NotThere:  # no such branch, or no such repository: the next request tells which
            self.expected_checks.saw_no_branch(repository, name)
            return None
        self._known.saw(repository, [branch.commit])
        self._branches.saw_head(repository, branch.name, branch.commit.sha)
        self._pulls.saw_head(repository, branch.name, branch.commit.sha)
        self.expected_checks.saw_branch(repository, branch)
        return commit_of(branch.commit, branch.name)

    def _tag(self, repository: str, name: str) -> Commit | None:
        try:
            self._connection.get(at(repository, "git", "ref", "tags", name), GitRef)
        except (NotThere, Conflict, Rejected):
            return None
        found = self._commit(repository, f"tags/{name}")  # peels annotated ones
        return commit_of(found, name) if found else None

    def _tag_or_id(self, repository: str, ref: str) -> Commit | None:
        """Asking for a commit peels annotated tags, and a tag wins over a commit id as in git itself."""
        found = self._commit(repository, ref)
        if found is None:
            return None
        if len(ref) < 7 and found.sha.startswith(ref.lower()):  # "fade" is a word, not a commit
            return None
        if is_full_id(ref) and found.sha != ref.lower():
            return None
        return commit_of(found, ref)

    def _begun_with(self, repository: str, digits: str) -> Iterator[Commit]:
        """All commits whose ids begin so, though a branch or a tag be called so: GitHub would tell only of that.

        With one digit more each of them is told, unless a branch is called like this too; then with one more still.
        """
        if not looks_like_id(digits) or is_full_id(digits):
            return
        for longer in (digits + digit for digit in "0123456789abcdef"):
            found = self._commit(repository, longer)
            if found is not None and found.sha.startswith(longer):
                yield commit_of(found, found.sha)
            elif found is not None:
                yield from self._begun_with(repository, longer)

    def _commit(self, repository: str, ref: str) -> CommitShape | None:
        """None where there is none. Raises NotThere where it is the repository that is missing."""
        try:
            found = self._connection.get(at(repository, "commits", ref), CommitShape)
        except NotThere:  # Enterprise servers say 404 for a ref too
            self.repository(repository)
        except Conflict:  # 409: the repository is empty
            pass
        except Rejected:  # 422: no commit found
            pass
        else:
            self._known.saw(repository, [found])
            return found
        return None
