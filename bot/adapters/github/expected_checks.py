"""Which checks a commit will have: the ``ExpectedChecks`` port over GitHub's REST API, which is asked little."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

import msgspec
from cachetools import LRUCache, TTLCache, cachedmethod

from bot.adapters.github.checks import GitHubChecks
from bot.adapters.github.http import Connection, at
from bot.adapters.github.payloads import Branch, BranchProtection, BranchRule, CommitShape, Repo, RuleParameters
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import EarlierCheck

T = TypeVar("T")
LOOKED_BACK = 10
"""How many commits before are looked at, at most."""
ENOUGH = 5
"""How many of them with checks are enough: a name that none of them has is let go."""
LISTED = 50
"""How many commits are listed to find them: those that a merge brought in stand between."""
BRIEF = timedelta(minutes=10)
LASTING = timedelta(days=1)
"""What an old commit had does not change once all of it has ended, nor does what came before it."""
MOST_KEPT = 5_000
UNREADABLE = (NotAllowed, NotThere, Rejected, Conflict)
Name = tuple[str, str]
"""A check's name, and the app that reports it."""


class GitHubExpectedChecks:
    """Implements ``bot.core.ports.expected_checks.ExpectedChecks``. Safe to share between threads."""

    def __init__(self, connection: Connection, checks: GitHubChecks, clock: Clock) -> None:
        self._connection = connection
        self._checks = checks
        self._brief: TTLCache[tuple[str, ...], object, datetime] = TTLCache(MOST_KEPT, BRIEF, clock.now)
        self._lasting: TTLCache[tuple[str, ...], object, datetime] = TTLCache(MOST_KEPT, LASTING, clock.now)
        self._parents: LRUCache[tuple[str, str], str | None] = LRUCache(MOST_KEPT)
        self._reporting: set[str] = set()
        self._lock = Lock()

    def saw(self, repository: str, commit: CommitShape) -> None:
        """A commit was asked for anyway, so that nobody has to ask for what came before it."""
        with self._lock:
            self._parents[repository.lower(), commit.sha] = _first_parent(commit)

    def saw_branch(self, repository: str, branch: Branch) -> None:
        self.saw(repository, branch.commit)
        with self._lock:
            self._brief["protection", repository.lower(), branch.name] = _protected(branch)
            self._brief.pop(("no branch", repository.lower(), branch.name), None)

    def saw_no_branch(self, repository: str, name: str) -> None:
        """What is no branch has no rules either."""
        with self._lock:
            self._brief["no branch", repository.lower(), name] = True

    def reports(self, repository: str) -> None:
        """Something is reported of a commit there: from now on it is known as a repository with checks."""
        self._reporting.add(repository.lower())

    def required(self, repository: str, branch: str) -> Sequence[str]:
        with self._lock:
            if ("no branch", repository.lower(), branch) in self._brief:
                return ()
        both = (*self._rules(repository, branch), *self._protection(repository, branch))
        return tuple(dict.fromkeys(both))

    def before(
        self, repository: str, ref: str, sha: str, *, base: str | None = None, thorough: bool = True
    ) -> Sequence[EarlierCheck]:
        if not thorough and repository.lower() not in self._reporting and self._nothing_just_before(repository, sha):
            return ()
        chain = self._chain(repository, sha, base)[:LOOKED_BACK]
        elsewhere = self._of_default_branch(repository, ref, sha) if chain else frozenset()
        own: dict[Name, None] = {}
        others: dict[Name, None] = {}
        enough = ENOUGH
        for commit in chain:
            if not enough or (own and commit in elsewhere):
                break
            names = self._names(repository, commit)
            (others if commit in elsewhere else own).update(dict.fromkeys(names))
            enough -= bool(names)
        return tuple(EarlierCheck(*name, same_branch=bool(own)) for name in own or others)

    def _nothing_just_before(self, repository: str, sha: str) -> bool:
        """Whether the commit before is known, and has nothing reported; or there is none."""
        key = (repository.lower(), sha)
        with self._lock:
            if key not in self._parents:
                return False
            parent = self._parents[key]
        return parent is None or not self._names(repository, parent)

    def _chain(self, repository: str, sha: str, base: str | None) -> list[str]:
        """The commits before ``sha``, along first parents."""
        try:
            return list(self._ancestors(repository, sha))
        except UNREADABLE:  # a merge that the API does not know yet
            if base is None:
                return []
        try:
            return [base, *self._ancestors(repository, base)]
        except UNREADABLE:
            return []

    def _of_default_branch(self, repository: str, ref: str, sha: str) -> frozenset[str]:
        """The commits of the default branch that are not of the branch asked about: none where that is the same."""
        default = self._default_branch(repository)
        if ref == default:
            return frozenset()
        try:
            found = self._commits_of(repository, default)
        except UNREADABLE:
            return frozenset()
        return frozenset() if sha in found else found

    def _names(self, repository: str, sha: str) -> tuple[Name, ...]:
        key = ("names", repository.lower(), sha)
        with self._lock:
            known = self._lasting.get(key) or self._brief.get(key)
        if known is not None:
            return known  # type: ignore[return-value]
        found = self._checks.come_by_themselves(repository, sha)
        names = tuple(dict.fromkeys((check.name, check.app) for check in found))
        ended = names and all(check.state != "pending" for check in found)
        with self._lock:
            (self._lasting if ended else self._brief)[key] = names
        if names:
            self.reports(repository)
        return names

    @cachedmethod(
        lambda self: self._brief, key=lambda _, *of: ("rules", of[0].lower(), of[1]), lock=lambda self: self._lock
    )
    def _rules(self, repository: str, branch: str) -> tuple[str, ...]:
        try:
            pages = list(self._connection.pages(at(repository, "rules", "branches", branch), list[BranchRule], most=3))
        except UNREADABLE:
            return ()
        rules = [rule for page in pages for rule in page if rule.type == "required_status_checks"]
        return tuple(
            one.context for rule in rules for one in _read(rule.parameters, RuleParameters()).required_status_checks
        )

    @cachedmethod(
        lambda self: self._brief, key=lambda _, *of: ("protection", of[0].lower(), of[1]), lock=lambda self: self._lock
    )
    def _protection(self, repository: str, branch: str) -> tuple[str, ...]:
        try:
            return _protected(self._connection.get(at(repository, "branches", branch), Branch))
        except UNREADABLE:
            return ()

    @cachedmethod(lambda self: self._brief, key=lambda _, one: ("default", one.lower()), lock=lambda self: self._lock)
    def _default_branch(self, repository: str) -> str:
        return self._connection.get(at(repository), Repo).default_branch

    @cachedmethod(
        lambda self: self._lasting, key=lambda _, *of: ("before", of[0].lower(), of[1]), lock=lambda self: self._lock
    )
    def _ancestors(self, repository: str, sha: str) -> tuple[str, ...]:
        parents = {commit.sha: _first_parent(commit) for commit in self._log(repository, sha)}
        found: list[str] = []
        before = parents.get(sha)
        while before is not None and len(found) < LOOKED_BACK:
            found.append(before)
            before = parents.get(before)
        return tuple(found)

    @cachedmethod(
        lambda self: self._brief, key=lambda _, *of: ("branch", of[0].lower(), of[1]), lock=lambda self: self._lock
    )
    def _commits_of(self, repository: str, branch: str) -> frozenset[str]:
        return frozenset(commit.sha for commit in self._log(repository, branch))

    def _log(self, repository: str, ref: str) -> list[CommitShape]:
        return self._connection.get(at(repository, "commits"), list[CommitShape], sha=ref, per_page=LISTED)


def _first_parent(commit: CommitShape) -> str | None:
    return commit.parents[0].sha if commit.parents else None


def _protected(branch: Branch) -> tuple[str, ...]:
    required = _read(branch.protection, BranchProtection()).required_status_checks
    return (*required.contexts, *(one.context for one in required.checks)) if required else ()


def _read(raw: msgspec.Raw, otherwise: T) -> T:
    """What is not of the shape that is documented requires nothing, and hides nothing else of the answer."""
    try:
        return msgspec.json.decode(raw, type=type(otherwise))
    except msgspec.MsgspecError:
        return otherwise
