"""What lies between two deployments, line by line: each commit is told by its pull request, or by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.deployments.model import Shipped
from bot.core.ports.forge_types import Commit, PullRequest

MOST_LINES = 100
"""How many are kept with a deployment; of what is beyond them the commits are counted."""
TITLE_LENGTH = 200
GHOST = "ghost"
"""Whom GitHub shows where the account was deleted: nobody who could be reached."""

Ask = Callable[[Commit], "Sequence[PullRequest] | None"]
"""The pull requests that a commit belongs to, in any way; None where nobody can be asked any more."""


@dataclass(frozen=True, slots=True)
class Between:
    """The commits that ``head`` has and another commit lacks, by id; not all of them, where there are very many."""

    head: str
    commits: Mapping[str, Commit]

    @classmethod
    def of(cls, head: str, commits: Iterable[Commit]) -> Between:
        return cls(head, {one.sha: one for one in commits})

    def reach(self, *tips: str) -> set[str]:
        """These of its commits, and all that they were made from."""
        found: set[str] = set()
        left = [*tips]
        while left:
            sha = left.pop()
            if sha in self.commits and sha not in found:
                found.add(sha)
                left.extend(self.commits[sha].parents)
        return found

    def chain(self, tip: str) -> Iterator[Commit]:
        """A commit and those before it along first parents: the pushes and merges of one branch, newest first."""
        commit = self.commits.get(tip)
        while commit is not None:
            yield commit
            commit = self.commits.get(commit.parents[0]) if commit.parents else None

    def has_all_of(self, pull: PullRequest) -> bool:
        """Whether it has the merge, or the last commit of its branch."""
        return pull.merge_sha in self.commits or pull.head_sha in self.commits


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people asked for: an open pull request that fits it is theirs before any other."""

    ref: str
    pull_request: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, with the commits that it tells of: a pull request's, or a single commit's own."""

    covers: frozenset[str]
    pull: PullRequest | None = None
    commit: Commit | None = None
    unasked: bool = False


@dataclass(slots=True)
class _Teller:
    """Walks back from the head along first parents, where each merge stands for all that came in by it.

    ``merges`` are the pull requests by the commit that their merge has made, as far as they are known; ``ask`` may make
    more of them known.
    """

    between: Between
    merges: Mapping[str, Sequence[PullRequest]]
    ask: Ask
    wanted: Wanted
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    covers: dict[int, set[str]] = field(default_factory=dict)
    alone: dict[tuple[str, str], tuple[Commit, bool, set[str]]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def tell(self) -> list[Entry]:
        tips = [self.between.head]
        while tips:
            run: list[Commit] = []
            for commit in self.between.chain(tips.pop(0)):
                if commit.sha in self.told:
                    break
                if len(commit.parents) < 2:
                    run.append(commit)
                    continue
                self._run(run)
                run = []
                tips += self._merge(commit)
            self._run(run)
        pulls = [Entry(frozenset(self.covers[number]), pull=pull) for number, pull in self.pulls.items()]
        alone = (Entry(frozenset(shas), commit=one, unasked=unasked) for one, unasked, shas in self.alone.values())
        return [*pulls, *alone]

    def _merge(self, commit: Commit) -> Sequence[str]:
        """What came in by a merge is its pull request's; one that nobody asked for has no line, but what it brings has.

        A merge train makes one of several pull requests: each has what its branch had. Returns where to go on.
        """
        pulls = self._merged_as(commit)
        if not pulls:
            self.told.add(commit.sha)
            return commit.parents[1:]
        brought = self.between.reach(*commit.parents[1:]) - self.between.reach(*commit.parents[:1])
        branches = [(brought & self.between.reach(pull.head_sha), pull) for pull in pulls]
        for branch, pull in sorted(branches, key=lambda one: len(one[0])):
            self._cover(pull, branch)
        self._cover(pulls[0], {commit.sha, *brought})
        return ()

    def _run(self, run: Sequence[Commit]) -> None:
        """Commits with one parent each, newest first: of one pull request, they stand together."""
        place = 0
        while place < len(run):
            commit = run[place]
            pulls = self._pulls_of(commit)
            if not pulls:
                self._alone(commit, unasked=pulls is None)
                place += 1
                continue
            last = self._reaches(run, place, pulls[0]) if len(pulls) == 1 else place
            for pull in pulls:
                self._cover(pull, {one.sha for one in run[place : last + 1]})
            place = last + 1

    def _reaches(self, run: Sequence[Commit], first: int, pull: PullRequest) -> int:
        """The place of the last commit in a row that is the pull request's: a binary search, as each look is a request.

        Where the next one's is known to be another's, nobody has to be asked.
        """
        end = first
        while end + 1 < len(run) and run[end + 1].sha not in self.merges:
            end += 1
        if end == first or not self._is_of(run[first + 1], pull):
            return first
        low, high = first + 1, end
        if self._is_of(run[high], pull):
            return high
        while low < high - 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._is_of(run[middle], pull) else (low, middle)
        return low

    def _is_of(self, commit: Commit, pull: PullRequest) -> bool:
        return any(one.number == pull.number for one in self._pulls_of(commit) or ())

    def _merged_as(self, commit: Commit) -> Sequence[PullRequest]:
        """Those whose merge is this very commit."""
        if commit.sha not in self.merges:
            self.ask(commit)
        return self.merges.get(commit.sha, ())

    def _pulls_of(self, commit: Commit) -> Sequence[PullRequest] | None:
        """The one that has brought it in; several only where one commit is the merge of several."""
        if commit.sha in self.merges:
            return self.merges[commit.sha]
        asked = self.ask(commit)
        if asked is None or commit.sha in self.merges:
            return self.merges.get(commit.sha)
        ranked = [(rank, one) for one in asked if (rank := self._rank(commit, one)) is not None]
        # The one that was merged first has brought it in: what was merged later had it already.
        ranked.sort(key=lambda one: (one[0], one[1].merged_at.timestamp() if one[1].merged_at else 0.0, one[1].number))
        return [one for _, one in ranked[:1]]

    def _rank(self, commit: Commit, pull: PullRequest) -> int | None:
        """How well it fits, the best first: its merge is part of this, it is what was asked for, it is merged or open.

        One that was closed without a merge has brought nothing in.
        """
        if pull.state == "merged":
            within = pull.merge_sha is not None and commit.sha in self.between.reach(pull.merge_sha)
            return 0 if within else 3
        if pull.state != "open":
            return None
        if pull.number == self.wanted.pull_request:
            return 1
        return 2 if pull.head_ref == self.wanted.ref else 4

    def _cover(self, pull: PullRequest, commits: set[str]) -> None:
        self.pulls.setdefault(pull.number, pull)
        self.covers.setdefault(pull.number, set()).update(commits - self.told)
        self.told |= commits

    def _alone(self, commit: Commit, *, unasked: bool) -> None:
        """The same text once more is the same line."""
        kept, before, shas = self.alone.setdefault((commit.title, commit.author), (commit, unasked, set()))
        self.alone[commit.title, commit.author] = kept, before and unasked, shas | {commit.sha}
        self.told.add(commit.sha)


def entries(between: Between, merges: Mapping[str, Sequence[PullRequest]], ask: Ask, wanted: Wanted) -> Sequence[Entry]:
    """Each commit of it in exactly one of them, pull requests first and the newest first.

    But for merges that no pull request has made, of which none tells: what they bring in stands for itself.
    """
    return _Teller(between, merges, ask, wanted).tell()


def apart(
    new: Sequence[Entry], back: Sequence[Entry], ahead: Between, behind: Between
) -> tuple[list[Entry], list[Entry]]:
    """What ships and what is taken back, without what both sides have in other commits.

    A branch that was deployed before it was squashed or rebased is the same pull request on both: what has all of it
    takes nothing of it back, and does not ship it where all of it is live. Nor does a commit go away of which there is
    one by the same author and with the same text, as a cherry-pick has; it may have been changed, so it ships.
    """
    both = _as_known_last(new, back)
    picked = {(one.title, one.author) for one in ahead.commits.values()}
    shipped = [one for one in new if not _is_all_in(behind, one, both)]
    taken = [one for one in back if not _is_all_in(ahead, one, both)]
    return shipped, [one for one in taken if one.commit is None or (one.commit.title, one.commit.author) not in picked]


def in_other_commits(found: Sequence[Entry], left: Sequence[Entry]) -> int:
    """How many commits the other side has in other ones, of those that were ``found`` where these are ``left``."""
    return sum(len(one.covers) for one in found) - sum(len(one.covers) for one in left)


def _as_known_last(new: Sequence[Entry], back: Sequence[Entry]) -> Mapping[int, PullRequest]:
    """The pull requests on both sides; one side may have been asked about before it was merged."""
    there, here = ({one.pull.number: one.pull for one in side if one.pull is not None} for side in (new, back))
    return {number: max(there[number], here[number], key=_is_merged) for number in there.keys() & here.keys()}


def _is_merged(pull: PullRequest) -> bool:
    return pull.state == "merged"


def _is_all_in(side: Between, one: Entry, both: Mapping[int, PullRequest]) -> bool:
    return one.pull is not None and one.pull.number in both and side.has_all_of(both[one.pull.number])


def lines(found: Sequence[Entry], unseen: int) -> tuple[tuple[Shipped, ...], int]:
    """The lines as they are kept, and of how many commits none tells; ``unseen`` are those that were not even read."""
    beyond = sum(len(one.covers) for one in found[MOST_LINES:])
    return tuple(_shipped(one) for one in found[:MOST_LINES]), unseen + beyond


def line_of(pull: PullRequest) -> Shipped:
    login = pull.author if pull.author != GHOST else None
    title = one_line(pull.title) or f"Pull request #{pull.number}"
    return Shipped(title, pull.author, pull.url, number=pull.number, login=login, at=pull.merged_at)


def _shipped(entry: Entry) -> Shipped:
    if entry.pull is not None:
        return line_of(entry.pull)
    commit = entry.commit
    assert commit is not None
    title = one_line(commit.title) or f"Commit {commit.sha[:7]}"
    told = Shipped(title, commit.author, commit.url, sha=commit.sha, login=commit.login, unasked=entry.unasked)
    return replace(told, at=commit.at)


def one_line(title: str) -> str:
    """The first line of a title, trimmed.

    >>> one_line("  Add search \\r\\n\\nThis adds it.")
    'Add search'
    """
    return next(iter(title.strip().splitlines()), "").strip()[:TITLE_LENGTH]


def without_pull_request(found: Iterable[Shipped]) -> tuple[Shipped, ...]:
    """The commits that are known to have come in without one: of some nobody has asked.

    >>> without_pull_request([Shipped("A", "a", "", sha="1"), Shipped("B", "b", "", sha="2", unasked=True)])[0].title
    'A'
    """
    return tuple(one for one in found if one.number is None and not one.unasked)


def authors(found: Iterable[Shipped]) -> tuple[str, ...]:
    """Who wrote it, each once, by what they are shown as.

    >>> authors([Shipped("A", "bob", "", number=1), Shipped("B", "carol", "", 2), Shipped("C", "bob", "", number=3)])
    ('bob', 'carol')
    """
    return tuple(dict.fromkeys(one.author for one in found))


def summary(found: Sequence[Shipped], more: int = 0) -> str:
    """How many pull requests and commits these are; ``more`` commits are told by none of the lines.

    >>> summary([Shipped("A", "bob", "", number=1), Shipped("B", "bob", "", sha="2")])
    '1 pull request and 1 commit'
    >>> summary([Shipped("A", "bob", "", number=1)], 40)
    '1 pull request and 40 more commits'
    """
    pulls = sum(one.number is not None for one in found)
    counted = [_counted(pulls, "pull request"), _counted(len(found) - pulls, "commit")]
    counted.append(_counted(more, "more commit" if found else "commit"))
    told = [one for one in counted if one]
    return " and ".join(told) if len(told) < 3 else f"{told[0]}, {told[1]} and {told[2]}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else ""
