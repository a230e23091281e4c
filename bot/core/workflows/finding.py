"""Which of the runs that GitHub shows was dispatched for a deployment: by correlation, else by elimination."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.people.logins import same_login
from bot.core.refs import short_name
from bot.core.workflows.model import WorkflowRun

_ANY_REQUEST = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Found:
    """``certain`` where the run itself names the deployment; else it is the only one that can be meant."""

    run: WorkflowRun
    certain: bool


def find(runs: Sequence[WorkflowRun], request_id: str, ref: str, sha: str, login: str | None) -> Found | None:
    """The run among those that were dispatched since, None where there is none, or several might be meant.

    ``ref`` is what it was dispatched on, ``sha`` the commit that this named a moment before, and ``login`` who
    dispatched it, None where GitHub does not tell.
    """
    # Who may read a request id on GitHub can dispatch with it, so it is believed of what the bot itself has dispatched.
    own = [run for run in runs if login is None or same_login(run.actor, login)]
    named = [run for run in own if request_id in run.title]
    if named:
        return Found(min(named, key=lambda run: run.id), certain=True)
    others = [run for run in own if run.ref == short_name(ref) and not _ANY_REQUEST.search(run.title)]
    # A branch may have moved in that moment, so another commit speaks against a run only where there is a better one.
    of_commit = [run for run in others if run.sha == sha] or others
    return Found(of_commit[0], certain=False) if len(of_commit) == 1 else None
