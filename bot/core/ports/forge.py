"""Where the code lives and the deployments are recorded, in the bot's own words: GitHub, or a local git repository.

Every method may raise the errors of ``bot.core.errors`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bot.core.ports.backfill import Backfill
from bot.core.ports.expected_checks import ExpectedChecks
from bot.core.ports.forge_types import Check, Commit, Comparison, Meaning, PullRequest, Relation, Remote, Repository
from bot.core.ports.merging import Merging
from bot.core.ports.publishing import Publishing
from bot.core.ports.remote_deployments import RemoteDeployments
from bot.core.ports.reviews import Reviews
from bot.core.ports.users import Users
from bot.core.ports.workflows import Workflows


class Forge(Protocol):
    """Code, its checks and its pull requests; everything else is in the parts."""

    @property
    def users(self) -> Users: ...

    @property
    def reviews(self) -> Reviews: ...

    @property
    def expected_checks(self) -> ExpectedChecks: ...

    @property
    def deployments(self) -> RemoteDeployments: ...

    @property
    def backfill(self) -> Backfill: ...

    @property
    def merging(self) -> Merging: ...

    @property
    def publishing(self) -> Publishing: ...

    @property
    def workflows(self) -> Workflows: ...

    def authenticate(self, place: str) -> None:
        """Raises NotAccepted where the bot's credentials are refused, as such or for that repository or its owner."""

    def repository(self, repository: str, *, fresh: bool = True) -> Repository:
        """By exactly this name, which may lead to one that is called otherwise now; unless ``fresh``, as it was in the
        last hour.

        Raises NotThere where it does not exist or cannot be seen.
        """

    def repository_numbered(self, number: int, near: str) -> Repository:
        """The one with the number, whatever it is called now. Raises NotThere where there is none to be seen.

        ``near`` is a name that it has or had: its owner lets us in, if anybody does.
        """

    def resolve(self, repository: str, ref: str) -> Commit | None:
        """The commit behind a branch, a tag, a (short) commit id or ``#123``, in this order; None if there is none.

        All forty digits are the commit's, whatever a branch is called; ``refs/heads/…`` and ``refs/tags/…`` say which.
        """

    def meanings(self, repository: str, ref: str) -> Sequence[Meaning]:
        """Everything that the ref may be the name of, in that order: a branch, a tag, commits whose ids begin so."""

    def branches_of(self, repository: str, login: str) -> Sequence[str]:
        """The branch to which somebody has pushed last, if there is one; never the default branch.

        Raises NotThere where that cannot be told.
        """

    def refs(self, repository: str) -> Sequence[str]:
        """Names of branches and tags for suggestions; at most a few hundred."""

    def checks(self, repository: str, sha: str, *, thorough: bool = False) -> Sequence[Check]:
        """Commit statuses and check runs together, the latest of each name, and the runs that report them.

        Without ``thorough`` runs are not looked for where nothing is reported yet.
        """

    def compare(self, repository: str, base: str, head: str, *, files: bool = False) -> Comparison:
        """What ``head`` has that ``base`` lacks; which files that touches only where they are asked for."""

    def holds(self, repository: str, branch: str, sha: str) -> bool:
        """Whether the branch has the commit, for what may be said a little late.

        That it had not is believed for half an hour, unless the branch is seen to have moved.
        """

    def relation(self, repository: str, base: str, head: str) -> Relation:
        """How the commit ``head`` stands to the commit ``base``: ahead of it where it has all of it and more.

        Diverged where ``base`` is gone, as after a force push. Raises NotThere where ``head`` is not known, or not yet.
        """

    def pull_request(self, repository: str, number: int) -> PullRequest | None: ...

    def pull_requests_of(self, repository: str, sha: str, *, fresh: bool = True) -> Sequence[PullRequest]:
        """Pull requests that contain the commit, merged ones first; unless ``fresh``, as it was some minutes ago."""

    def lately_merged(self, repository: str, most: int) -> Sequence[PullRequest]:
        """The pull requests that were merged last, into whatever branch, of the ``most`` that were closed last."""

    def open_pull_requests(self, repository: str, most: int) -> Sequence[PullRequest]:
        """Those to which something has happened last come first; a hundred at most."""

    def remote(self, repository: str) -> Remote:
        """Where git fetches it, with credentials that hold for some minutes at least.

        Raises NotThere, NotAccepted and Unavailable.
        """

    def tarball(self, repository: str, sha: str) -> str:
        """A link to the commit's tarball that anybody may fetch for some minutes.

        Raises Rejected where there is no such thing.
        """

    def checkout(self, repository: str, sha: str, into: Path) -> None:
        """Put the files of the commit into the existing empty directory ``into``."""
