"""What is remembered of a dispatch: for the run itself, lest there be two, and for the place, as runs are run again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Noted before it is done: on which ``ref``, at which commit, and the number of the newest run before it.

    Where the failed jobs of an earlier run are run again, ``again`` is that run, and ``attempt`` the last one it had.
    """

    ref: str = ""
    sha: str = ""
    after: int = 0
    again: int | None = None
    attempt: int = 0

    def written(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """None where nothing was noted, or what was noted has come to nothing."""
        return cls(**json.loads(text)) if text else None


FOUND = "run"
"""The note of a run in which its number and attempt on GitHub stand, ``7:1``, once they are known for certain."""
LAST_RUN = "workflow"
"""The name under which a place remembers its last run of a workflow."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of a place: of which deployment, at which commit of the repository, and what it was told.

    ``run`` is None where GitHub did not say for certain which one it is; ``told`` is a digest.
    """

    deployment: int
    sha: str
    told: str
    run: int | None = None

    def written(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        return cls(**json.loads(text)) if text else None
