"""Gathers what a deployment would ship and take back, within a bound of requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bot.context import Context
from bot.core.deployments.model import DEPLOY, Changes, Deployment
from bot.core.deployments.shipping import Between, Entry, Wanted, apart, entries, in_other_commits, line_of, lines
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import PullRequestMerged
from bot.core.path_patterns import touched
from bot.core.ports.forge import Forge
from bot.core.ports.forge_types import Commit, Comparison, PullRequest
from bot.core.ports.transaction import Reads
from bot.services.targets import Target

LOOKED_UP = 10
"""How many requests are made about single commits where nothing else tells whose they are."""
LISTED_FROM = 3
"""From so many commits on the pull requests merged last are asked for all at once."""
LISTED = (30, 100, 200)
"""How many of them: as few as may be enough, as each comes with much about it."""
PER_COMMIT = 1.5
"""Others are closed meanwhile, into other branches or unmerged."""
USUAL_OF = 5
"""Of so many successes what they usually take is the middle one."""
USUAL_AMONG = 8
"""So many are looked through for them."""
_NUMBER = re.compile(r"^Merge pull request #([0-9]{1,9}) |\(#([0-9]{1,9})\)$")


def usual_seconds(reads: Reads, app: str, environment: str, task: str = DEPLOY) -> float | None:
    """The median of what the last successes took; what was reported late tells nothing.

    None while there are fewer than two: the first time things are built and fetched that are there afterwards.
    """
    known = [one for one in reads.successes(app, environment, USUAL_AMONG, task) if one.given_up_at is None]
    took = [one.took.total_seconds() for one in known if one.took is not None][:USUAL_OF]
    return median(took) if len(took) > 1 else None


def changes(context: Context, target: Target, commit: Commit, *, merged: PullRequestMerged | None = None) -> Changes:
    """What would ship and what would be taken back, since the last success there.

    ``merged`` is the pull request whose merge it is, where that is known already: it ships at least. Nothing else is
    listed where nothing can be compared with: at first, and where the old commit is gone after a force push.
    """
    last = context.reads.last_success(target.app.name, target.environment.name)
    pull = _as_pull_request(merged) if merged else None
    at_least = (line_of(pull),) if pull else ()
    if last is None:
        return Changes(first=True, shipped=at_least)
    try:
        return between(context, target, last.sha, commit, known=[pull] if pull else [])
    except (NotThere, NotAllowed, Rejected):
        return Changes(base=last.sha, shipped=at_least)


def between(
    context: Context, target: Target, base: str, commit: Commit, *, known: Iterable[PullRequest] = ()
) -> Changes:
    """What ships and what is taken back on the way from one commit to another, as the place looks at it.

    Raises NotThere, NotAllowed or Rejected where they cannot be compared.
    """
    if base == commit.sha:
        return Changes(base=base)
    repository, patterns = target.app.repository, target.environment.migration_paths
    files = bool(patterns)
    there = context.forge.compare(repository, base, commit.sha, files=files)
    back = context.forge.compare(repository, commit.sha, base, files=files) if there.behind_by else None
    return _told(base, commit, there, back, PullRequests(context.forge, repository, known), patterns)


def _told(
    base: str,
    commit: Commit,
    there: Comparison,
    back: Comparison | None,
    known: PullRequests,
    patterns: Sequence[str],
) -> Changes:
    wanted = Wanted(commit.ref, commit.pull_request)
    ahead = Between.of(commit.sha, there.commits)
    behind = Between.of(base, back.commits if back else ())
    all_new, all_old = known.entries(ahead, wanted), known.entries(behind, wanted)
    new, old = apart(all_new, all_old, ahead, behind)
    shipped, more = lines(new, there.ahead_by - len(ahead.reach(ahead.head)))
    taken_back, more_back = lines(old, there.behind_by - len(behind.reach(behind.head)))
    backwards = back is not None and not there.ahead_by
    return Changes(
        base=base,
        shipped=shipped,
        ahead=there.ahead_by - in_other_commits(all_new, new),
        behind=there.behind_by - in_other_commits(all_old, old),
        url=(back.url if back and backwards else there.url) or None,
        taken_back=taken_back,
        more=more,
        more_back=more_back,
        migrations=_migrations(patterns, there) if shipped or more else (),
        migrations_back=_migrations(patterns, back) if back and (taken_back or more_back) else (),
    )


def _migrations(patterns: Sequence[str], comparison: Comparison) -> tuple[str, ...] | None:
    """None where none is seen to be touched, but not all files are told of."""
    if not patterns or not comparison.ahead_by:
        return ()
    found = touched(patterns, comparison.files or ())
    return found if found or comparison.all_files else None


def as_it_ships_now(context: Context, target: Target, deployment: Deployment) -> Changes:
    """What ships of a deployment that has waited: something else may have gone live meanwhile.

    No request where that is not so.
    """
    last = context.reads.last_success(target.app.name, target.environment.name)
    if deployment.rollback_of is not None or (last.sha if last else None) == deployment.changes.base:
        return deployment.changes
    commit = Commit(
        deployment.sha, deployment.ref, deployment.title, "", deployment.url or "", (), deployment.pull_request
    )
    return changes(context, target, commit)


@dataclass
class PullRequests:
    """The pull requests of commits: those that are known, those merged last, and then commit by commit.

    ``merges`` has them by the commit that each merge has made. Where we may not see pull requests, nobody is asked.
    """

    forge: Forge
    repository: str
    known: Iterable[PullRequest] = ()
    left: int = LOOKED_UP
    merges: dict[str, list[PullRequest]] = field(default_factory=dict)
    asked: dict[str, Sequence[PullRequest]] = field(default_factory=dict)
    listed: int = 0

    def __post_init__(self) -> None:
        self._learn(self.known)

    def entries(self, between: Between, wanted: Wanted) -> Sequence[Entry]:
        unknown = sum(one.sha not in self.merges for one in between.chain(between.head))
        if unknown >= LISTED_FROM:
            self._list(next((most for most in LISTED if most >= unknown * PER_COMMIT), LISTED[-1]))
        return entries(between, self.merges, self.ask, wanted)

    def ask(self, commit: Commit) -> Sequence[PullRequest] | None:
        """All that have anything to do with it; None where too many have been asked for already."""
        if commit.sha in self.asked:
            return self.asked[commit.sha]
        if self.left <= 0:
            return None
        self.left -= 1
        try:
            found = [*self.forge.pull_requests_of(self.repository, commit.sha, fresh=False)]
            if not any(one.state != "closed" for one in found):
                found += self._named_by(commit)
        except (NotThere, NotAllowed, Rejected):
            self.left = 0
            return None
        self.asked[commit.sha] = found
        self._learn(found)
        return found

    def _named_by(self, commit: Commit) -> list[PullRequest]:
        """GitHub may not have sorted out yet whose a commit is, a moment after the merge.

        Anybody can write a number into a title: it counts where the merge of that pull request is this very commit.
        """
        number = _NUMBER.search(commit.title)
        if number is None or self.left <= 0:
            return []
        self.left -= 1
        pull = self.forge.pull_request(self.repository, int(number[1] or number[2]))
        return [pull] if pull is not None and pull.merge_sha == commit.sha else []

    def _list(self, most: int) -> None:
        if most <= self.listed or self.left <= 0:
            return
        self.listed = most
        try:
            self._learn(self.forge.lately_merged(self.repository, most))
        except (NotThere, NotAllowed, Rejected):
            self.left = 0

    def _learn(self, found: Iterable[PullRequest]) -> None:
        for pull in found:
            if pull.state != "merged" or not pull.merge_sha:
                continue
            there = self.merges.setdefault(pull.merge_sha, [])
            if all(one.number != pull.number for one in there):
                there.append(pull)
                there.sort(key=lambda one: one.number)


def _as_pull_request(merge: PullRequestMerged) -> PullRequest:
    return PullRequest(
        number=merge.number,
        title=merge.title,
        url=merge.url,
        author=merge.author,
        state="merged",
        head_ref=merge.head_ref,
        head_sha=merge.head_sha,
        base=merge.base,
        merge_sha=merge.merge_sha,
        merged_at=merge.merged_at,
        merged_by=merge.merged_by,
    )
