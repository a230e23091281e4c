"""Deployments that another tool carries out: Shipmate creates them on GitHub, then follows what is reported there.

Of the run nothing is left but what stands behind it: the health check, once the tool has reported a success.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bot.core.deployments.reported import REPORTED, Reported
from bot.core.errors import Rejected
from bot.core.ports.provider import Outcome, Run

carries_out = False


class Settings(BaseModel):
    """There is nothing to set: ``provider = { type = "external" }``."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def start(run: Run) -> str:
    """Nothing is begun. Raises Rejected where the tool has not reported a success."""
    _word(run)
    return ""


def follow(run: Run, handle: str) -> Outcome:  # noqa: ARG001 - there is one word of the tool
    """What the tool has reported. Raises Rejected as above."""
    return Outcome("succeeded", _word(run).description or "Reported as a success")


def _word(run: Run) -> Reported:
    said = Reported.read(run.note(REPORTED))
    if said is None:
        raise Rejected(f"{run.job.app} in {run.job.environment} is carried out by another tool, not by Shipmate.")
    return said
