"""Which checks a commit will have: the ``ExpectedChecks`` port over GitHub's REST API, which is asked little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

import msgspec
from cachetools import TTLCache, cachedmethod

from bot.adapters.decoding import decode
from bot.adapters.github.branches import Branches
from bot.adapters.github.checks import GitHubChecks, Reported
from bot.adapters.github.http import Connection, at
from bot.adapters.github.known_commits import KnownCommits
from bot.adapters.github.payloads import Branch, BranchProtection, BranchRule, CommitShape, RuleParameters
from bot.core.errors import Conflict, NotAllowed, NotThere, Rejected
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Check, EarlierCheck

T = TypeVar("T")
LOOKED_BACK = 30
"""How many commits before are looked at, at most: of a push of many only the last one may have checks, or none yet."""
ENOUGH = 5
"""How many of them with checks are enough: a name that none of them has is let go."""
LISTED = 50
"""How many commits are listed to find them: those that a merge brought in stand between."""
MOST_LISTS = 3
BRIEF = timedelta(minutes=10)
WHILE = timedelta(minutes=30)
LASTING = timedelta(days=1)
"""What an old commit had does not change once all of it has ended, nor does what came before it."""
COMPLETE = timedelta(hours=1)
"""How long ago the last of a commit's checks was reported, or the commit made, where no more will come of it."""
SETTLED = timedelta(minutes=2)
"""How long nothing new must have come of a commit that was looked at for itself, before that is taken for all."""
MOST_KEPT = 5_000
UNREADABLE = (NotAllowed, NotThere, Rejected, Conflict)
Name = tuple[str, str]
"""A check's name, and the app that reports it."""


class GitHubExpectedChecks:
    """Implements ``bot.core.ports.expected_checks.ExpectedChecks``. Safe to share between threads."""

    def __init__(
        self, connection: Connection, checks: GitHubChecks, known: KnownCommits, branches: Branches, clock: Clock
    ) -> None:
        self._connection = connection
        self._checks = checks
        self._known = known
        self._branches = branches
        self._clock = clock
        self._brief: TTLCache[tuple[str, ...], object, datetime] = TTLCache(MOST_KEPT, BRIEF, clock.now)
        self._lasting: TTLCache[tuple[str, ...], object, datetime] = TTLCache(MOST_KEPT, LASTING, clock.now)
        self._looked: TTLCache[tuple[str, ...], object, datetime] = TTLCache(MOST_KEPT, WHILE, clock.now)
        self._reporting: set[str] = set()
        self._lock = Lock()

    def saw_branch(self, repository: str, branch: Branch) -> None:
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

    def looked(self, repository: str, sha: str, found: Reported) -> None:
        """What is reported of a commit was asked for anyway, and need not be when the next one is looked at.

        What it has is what it will have once all of it has ended, nothing has come for a while, and nothing lacks that
        commits before it had: that is seen when these are asked about, see ``_believe``.
        """
        if found.checks():
            self.reports(repository)
        names, last, key = _names_of(found.come_by_themselves()), found.last(), (repository.lower(), sha)
        settled = found.is_over() and last is not None and last + SETTLED <= self._clock.now()
        with self._lock:
            self._brief.pop(("nothing", *key), None)
            self._brief.pop(("settled", *key), None)
            self._forget_less_than(names, *key)
            if not names:
                self._brief["nothing", *key] = True
            elif settled:
                self._brief["settled", *key] = names

    def _forget_less_than(self, names: Sequence[Name], *key: str) -> None:
        """What was remembered of a commit before more came of it; the lock is held."""
        for kept in (self._lasting, self._looked, self._brief):
            if not set(names) <= set(kept.get(("names", *key), names)):  # type: ignore[call-overload]
                del kept["names", *key]

    def _believe(self, repository: str, sha: str, expected: Set[Name]) -> None:
        """What is there is all: for long where it is what was expected, a while where nobody knows what to expect."""
        key = (repository.lower(), sha)
        with self._lock:
            names = self._brief.pop(("settled", *key), None)
            if isinstance(names, tuple) and expected <= set(names):
                (self._lasting if expected else self._looked)["names", *key] = names

    def _remembered(self, place: str, sha: str) -> tuple[Name, ...] | None:
        """The names that a commit had, None where nothing is known of them."""
        key = ("names", place, sha)
        with self._lock:
            found = (one.get(key) for one in (self._lasting, self._looked, self._brief))
            return next((one for one in found if one is not None), None)  # type: ignore[return-value]

    def required(self, repository: str, branch: str) -> Sequence[str]:
        with self._lock:
            if ("no branch", repository.lower(), branch) in self._brief:
                return ()
        both = (*self._rules(repository, branch), *self._protection(repository, branch))
        return tuple(dict.fromkeys(both))

    def before(
        self,
        repository: str,
        ref: str,
        sha: str,
        *,
        base: str | None = None,
        thorough: bool = True,
        partial: Callable[[str], bool] = lambda _: False,
    ) -> Sequence[EarlierCheck]:
        if not thorough and repository.lower() not in self._reporting and self._nothing_just_before(repository, sha):
            return ()
        own: dict[Name, None] = {}
        others: dict[Name, None] = {}
        shared: set[str] = set()
        enough, elsewhere = ENOUGH, False
        for commit in self._chain(repository, sha, base):
            elsewhere = elsewhere or self._is_elsewhere(repository, ref, sha, commit)
            if own and elsewhere:
                break
            names = self._names(repository, commit)
            (others if elsewhere else own).update(dict.fromkeys(names))
            shared.update(name for name, count in Counter(name for name, _ in names).items() if count > 1)
            enough -= bool(names) and not partial(commit)
            if not enough:
                break
        self._believe(repository, sha, (own or others).keys())
        return tuple(EarlierCheck(*one, same_branch=bool(own), shared=one[0] in shared) for one in own or others)

    def _nothing_just_before(self, repository: str, sha: str) -> bool:
        """Whether the commit before is known, and has nothing reported; or there is none."""
        commit = self._known.get(repository, sha)
        if commit is None:
            return False
        parent = next(iter(commit.parents), None)
        with self._lock:
            nothing = parent is None or ("nothing", repository.lower(), parent) in self._brief
        return nothing or not self._names(repository, str(parent))

    def _chain(self, repository: str, sha: str, base: str | None) -> Iterator[str]:
        """The commits before ``sha``, along first parents; from ``base`` on where ``sha`` is not known yet."""
        begun = False
        try:
            for commit in self._ancestors(repository, sha):
                begun = True
                yield commit
        except UNREADABLE:  # a merge that the API does not know yet
            if base is not None and not begun:
                yield base
                yield from self._chain(repository, base, None)

    def _ancestors(self, repository: str, sha: str) -> Iterator[str]:
        """A list is asked for only where nobody knows how it goes on."""
        lists = MOST_LISTS
        for _ in range(LOOKED_BACK):
            commit = self._known.get(repository, sha)
            if commit is None and lists:
                lists -= 1
                self._log(repository, sha)
                commit = self._known.get(repository, sha)
            if commit is None or not commit.parents:
                return
            sha = commit.parents[0]
            yield sha

    def _is_elsewhere(self, repository: str, ref: str, sha: str, commit: str) -> bool:
        """Whether a commit of the chain is of the default branch, but ``sha`` itself is not: so are all before it."""
        default = self._branches.default(repository)
        return ref != default and self._is_of(repository, default, commit) and not self._is_of(repository, default, sha)

    def _is_of(self, repository: str, branch: str, commit: str) -> bool:
        known = self._branches.holds(repository, branch, commit)
        return known if known is not None else commit in self._commits_of(repository, branch)

    def _names(self, repository: str, sha: str) -> tuple[Name, ...]:
        key = ("names", repository.lower(), sha)
        known = self._remembered(repository.lower(), sha)
        if known is not None:
            return known
        found = self._checks.of_earlier(repository, sha)
        names = _names_of(found)
        complete = all(check.state != "pending" for check in found) and self._is_long_ago(repository, sha, found)
        with self._lock:
            (self._lasting if complete else self._brief)[key] = names
        if names:
            self.reports(repository)
        return names

    def _is_long_ago(self, repository: str, sha: str, found: Iterable[Check]) -> bool:
        last = max((check.at for check in found if check.at is not None), default=None)
        commit = self._known.get(repository, sha)
        at = last or (commit.at if commit else None)
        return at is not None and at + COMPLETE <= self._clock.now()

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

    @cachedmethod(
        lambda self: self._brief, key=lambda _, *of: ("branch", of[0].lower(), of[1]), lock=lambda self: self._lock
    )
    def _commits_of(self, repository: str, branch: str) -> frozenset[str]:
        try:
            found = frozenset(commit.sha for commit in self._log(repository, branch))
        except UNREADABLE:
            return frozenset()
        self._branches.lists(repository, branch, found)
        return found

    def _log(self, repository: str, ref: str) -> list[CommitShape]:
        found = self._connection.get(at(repository, "commits"), list[CommitShape], sha=ref, per_page=LISTED)
        self._known.saw(repository, found)
        return found


def _names_of(checks: Iterable[Check]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys((check.name, check.app) for check in checks))


def _protected(branch: Branch) -> tuple[str, ...]:
    required = _read(branch.protection, BranchProtection()).required_status_checks
    return (*required.contexts, *(one.context for one in required.checks)) if required else ()


def _read(raw: msgspec.Raw, otherwise: T) -> T:
    """What is not of the shape that is documented requires nothing, and hides nothing else of the answer."""
    try:
        return decode(raw, type(otherwise))
    except msgspec.MsgspecError:
        return otherwise
