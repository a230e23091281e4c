"""The forge of ``talk``: local git repositories, and a record of what GitHub would remember about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bot.adapters.local.backfill import LocalBackfill
from bot.adapters.local.deployments import LocalDeployments
from bot.adapters.local.expected_checks import LocalExpectedChecks
from bot.adapters.local.git import GitRepository, LoggedCommit, Signature
from bot.adapters.local.merging import LocalMerging
from bot.adapters.local.publishing import LocalPublishing
from bot.adapters.local.record import CheckState, LocalRecord, RecordedCheck, RecordedPullRequest
from bot.adapters.local.users import LocalUsers
from bot.core.errors import Conflict, NotThere, Rejected
from bot.core.events import Event
from bot.core.events.external import ChecksChanged, PullRequestMerged
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import Check, Commit, Comparison, Meaning, PullRequest, Relation, Remote, Repository
from bot.core.ports.reviews import NoReviews
from bot.core.ports.workflows import Workflows
from bot.core.refs import short_name

_MOST_REFS = 300


def find_repositories(names: Iterable[str], near: Path) -> dict[str, Path]:
    """Where each repository is probably meant to be: a path from ``near``, its bare name there, or ``near`` itself."""
    return {name: _find(name, near) for name in names}


class LocalGit:
    """Implements ``Forge``. ``paths`` says where each ``owner/name`` is; ``record`` is the file of everything else.

    ``deliver`` is told what GitHub's webhooks would tell. There are no pages to link to: every url is empty.
    """

    def __init__(self, paths: Mapping[str, Path], record: Path, clock: Clock, deliver: Callable[[Event], None]) -> None:
        self._paths = dict(paths)
        self._record = LocalRecord(record)
        self._clock = clock
        self.users = LocalUsers()
        self.reviews = NoReviews()
        self.expected_checks = LocalExpectedChecks(self._git, self.checks)
        self.deployments = LocalDeployments(self._record, clock, deliver, self._sha_of)
        self.backfill = LocalBackfill(self._record)
        self.merging = LocalMerging(self.pull_request)
        self.publishing = LocalPublishing()

    @property
    def workflows(self) -> Workflows:
        raise Rejected("Workflows of GitHub Actions run on GitHub alone, and this is a repository on this machine.")

    def authenticate(self, place: str) -> None:
        """Nobody is kept out here."""

    def repository(self, repository: str, *, fresh: bool = True) -> Repository:  # noqa: ARG002
        return Repository(name=repository, default_branch=self._git(repository).default_branch(), url="")

    def repository_numbered(self, number: int, near: str) -> Repository:  # noqa: ARG002 - directories have names alone
        raise NotThere("Repositories on this machine have no numbers.")

    def resolve(self, repository: str, ref: str) -> Commit | None:
        return next((meaning.commit for meaning in self.meanings(repository, ref)), None)

    def meanings(self, repository: str, ref: str) -> Sequence[Meaning]:
        git = self._git(repository)
        number = re.fullmatch(r"#(\d{1,9})", ref)
        pull_request = self.pull_request(repository, int(number[1])) if number else None
        if pull_request is not None:
            return [Meaning(ref, _commit(git.commit(pull_request.head_sha), ref, pull_request.number))]
        return [Meaning(exact, _commit(git.commit(sha), short_name(ref))) for exact, sha in git.meanings(ref).items()]

    def branches_of(self, repository: str, login: str) -> Sequence[str]:
        """The newest branch whose last commit has their name, else the one that is checked out."""
        git = self._git(repository)
        default = git.default_branch()
        theirs = [name for name, author in git.branches() if author.casefold() == login.casefold()]
        found = [*theirs, git.checked_out()]
        return [name for name in found if name and name != default][:1]

    def refs(self, repository: str) -> Sequence[str]:
        return self._git(repository).refs(_MOST_REFS)

    def checks(self, repository: str, sha: str, *, thorough: bool = False) -> Sequence[Check]:  # noqa: ARG002
        return [
            Check(name=check.name, state=check.state)
            for check in self._record.read().checks
            if (check.repository, check.sha) == (repository, sha)
        ]

    def compare(self, repository: str, base: str, head: str, *, files: bool = False) -> Comparison:
        git = self._git(repository)
        old, new = self._pin(repository, base), self._pin(repository, head)
        ahead, behind = git.distance(old, new)
        commits = tuple(_commit(commit, commit.sha) for commit in git.commits_between(old, new))
        touched = tuple(git.changed_files(old, new)) if files else None
        return Comparison(ahead_by=ahead, behind_by=behind, commits=commits, url="", files=touched)

    def holds(self, repository: str, branch: str, sha: str) -> bool:
        return self.compare(repository, branch, sha).ahead_by == 0

    def relation(self, repository: str, base: str, head: str) -> Relation:
        ahead, behind = self._git(repository).distance(self._pin(repository, base), self._pin(repository, head))
        if ahead and behind:
            return "diverged"
        return "ahead" if ahead else "behind" if behind else "identical"

    def pull_request(self, repository: str, number: int) -> PullRequest | None:
        recorded = self._record.read().pull_requests
        return next(
            (one.pull_request() for one in recorded if (one.repository, one.number) == (repository, number)), None
        )

    def pull_requests_of(self, repository: str, sha: str, *, fresh: bool = True) -> Sequence[PullRequest]:  # noqa: ARG002
        return [
            one.pull_request()
            for one in self._record.read().pull_requests
            if one.repository == repository and (sha == one.merge_sha or sha in one.commits)
        ]

    def lately_merged(self, repository: str, most: int) -> Sequence[PullRequest]:
        recorded = [one for one in self._record.read().pull_requests if one.repository == repository]
        return [one.pull_request() for one in recorded[-most:][::-1]]

    def open_pull_requests(self, repository: str, most: int) -> Sequence[PullRequest]:  # noqa: ARG002 - none wait here
        return ()

    def remote(self, repository: str) -> Remote:
        return Remote(str(self._git(repository).git_directory))

    def tarball(self, repository: str, sha: str) -> str:  # noqa: ARG002
        raise Rejected(f"{repository} is a git repository on this machine: nobody else can fetch its files from it.")

    def checkout(self, repository: str, sha: str, into: Path) -> None:
        self._git(repository).extract(self._pin(repository, sha), into)

    def set_check(self, repository: str, sha: str, name: str, state: CheckState) -> ChecksChanged:
        """Report the check ``name`` on a commit, as a CI would; the latest of each name counts.

        What a webhook would tell of it is returned and not delivered: whoever plays the CI wants to speak first.
        """
        with self._record.change() as book:
            others = [one for one in book.checks if (one.repository, one.sha, one.name) != (repository, sha, name)]
            book.checks = [*others, RecordedCheck(repository, sha, name, state)]
        return ChecksChanged(repository=repository, sha=sha)

    def merge(self, repository: str, ref: str, by: str) -> PullRequestMerged:
        """Merge the ref into the default branch with a merge commit, as the pull request that it becomes by it.

        What a webhook would tell of it is returned and not delivered, as with checks. Raises NotThere
        without such a ref, Conflict naming the files, Rejected where there is nothing to merge.
        """
        git = self._git(repository)
        base, head = git.default_branch(), git.commit(self._pin(repository, ref))
        base_sha = self._pin(repository, base)
        brought = git.commits_between(base_sha, head.sha)
        if not brought:
            raise Rejected(f"{base} has everything of {ref} already: there is nothing to merge.")
        now = self._clock.now()
        with self._record.change() as book:
            number = book.next_number(repository)
            message = f"Merge pull request #{number} from {ref}\n\n{head.title}\n"
            sha = _merge(git, (base, base_sha), (ref, head.sha), message, Signature(by, f"{by}@localhost", now))
            merged = RecordedPullRequest(
                number=number,
                repository=repository,
                title=head.title,
                author=head.author,
                head_ref=ref,
                head_sha=head.sha,
                base=base,
                base_sha=base_sha,
                merge_sha=sha,
                merged_by=by,
                merged_at=now,
                commits=[commit.sha for commit in brought],
            )
            book.pull_requests.append(merged)
        return merged.event()

    def checked_out(self, repository: str) -> str | None:
        """The branch that the repository's work tree shows, where it has one."""
        return self._git(repository).checked_out()

    def _sha_of(self, repository: str, ref: str) -> str | None:
        return self._git(repository).resolve(ref)

    def _git(self, repository: str) -> GitRepository:
        path = self._paths.get(repository)
        if path is None:
            raise NotThere(f"There is no repository {repository} here.")
        try:
            return GitRepository.at(path)
        except NotThere as error:
            raise NotThere(
                f"There is no git repository for {repository}: {path} is none. Clone it into the folder of the "
                f"settings file, as {repository.rpartition('/')[2]}, or correct `repository` there."
            ) from error

    def _pin(self, repository: str, ref: str) -> str:
        sha = self._sha_of(repository, ref)
        if sha is None:
            raise NotThere(f"There is no branch, tag or commit {ref} in {repository}.")
        return sha


def _find(name: str, near: Path) -> Path:
    bare = name.rpartition("/")[2]
    candidates = (near / name, near / bare, near / f"{bare}.git")
    return next((path for path in candidates if path.is_dir()), near)


def _merge(git: GitRepository, base: tuple[str, str], head: tuple[str, str], message: str, by: Signature) -> str:
    """``base`` and ``head`` are each what people call it and its commit."""
    try:
        return git.merge(*base, head[1], message, by)
    except Conflict as conflict:
        raise Conflict(f"{head[0]} cannot be merged into {base[0]}. {conflict}") from conflict


def _commit(logged: LoggedCommit, ref: str, pull_request: int | None = None) -> Commit:
    return Commit(logged.sha, ref, logged.title, logged.author, "", logged.parents, pull_request, at=logged.at)
