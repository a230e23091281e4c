"""How a provider has a workflow of GitHub Actions carry a deployment out, and hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.core.errors import Rejected
from bot.core.workflows.model import DispatchRef, WorkflowFile, WorkflowJob, WorkflowRun


class UnknownInputs(Rejected):
    """The workflow declares no inputs of these ``names``."""

    def __init__(self, sentence: str, names: Sequence[str]) -> None:
        super().__init__(sentence)
        self.names = tuple(names)


class NotDispatchable(Rejected):
    """The workflow has no ``workflow_dispatch`` trigger."""


class NoSuchRef(Rejected):
    """There is no branch and no tag of that name."""


class Workflows(Protocol):
    """Workflows are named by their file, without ``.github/workflows/``.

    Every method raises the errors of ``bot.core.errors``; ``uncertain`` of ``Unavailable`` says that what was asked for
    may have been done.
    """

    def own_login(self) -> str | None:
        """As whom runs are dispatched; None where GitHub does not tell."""

    def may_dispatch(self) -> bool | None:
        """Whether the bot's credentials have the permission to; None where GitHub tells that only by refusing."""

    def dispatchable(self, repository: str, ref: str) -> DispatchRef | None:
        """The branch or tag that ``ref`` names; None for a commit, and for a branch that is in a fork or gone.

        A pull request (``#123``) is its branch.
        """

    def default_branch(self, repository: str) -> DispatchRef: ...

    def newest(self, repository: str) -> int:
        """The number of the newest run that was dispatched in the repository: later ones have greater numbers."""

    def dispatch(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> int | None:
        """Begin a run. Its number, or None where GitHub does not tell it; not idempotent.

        Raises NotThere where there is no such workflow, UnknownInputs, NotDispatchable, and NoSuchRef.
        """

    def dispatched(self, repository: str, workflow: str, after: int) -> Sequence[WorkflowRun]:
        """The runs of the workflow that were dispatched after the one of that number."""

    def run(self, repository: str, number: int) -> WorkflowRun: ...

    def jobs(self, repository: str, number: int) -> Sequence[WorkflowJob]: ...

    def log(
        self, repository: str, job: int, began: datetime | None, ended: datetime | None, most: int
    ) -> Sequence[str]:
        """The last lines of a job's log, ``most`` of them, of those that were written between the two moments.

        Raises NotThere while there is none yet, and when it was deleted.
        """

    def cancel(self, repository: str, number: int, *, force: bool = False) -> None:
        """Ask for a run to end; ``force`` passes over what it would still do. Does nothing where it has ended."""

    def rerun_failed(self, repository: str, number: int) -> None:
        """Run the jobs that failed once more, as another attempt of the same run. Does nothing where that goes on.

        Raises Rejected where GitHub does not do that: after 30 days, or where nothing of it had begun.
        """

    def file(self, repository: str, workflow: str) -> WorkflowFile:
        """What the default branch has in that file. Raises NotThere."""
