"""Deployments that another tool carries out: Shipmate creates them on GitHub, then follows what is reported there."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bot.core.errors import Rejected
from bot.core.ports.provider import Outcome, Run

carries_out = False


class Settings(BaseModel):
    """There is nothing to set: ``provider = { type = "external" }``."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def start(run: Run) -> str:
    """Never called for a deployment of this kind. Raises Rejected."""
    raise _nothing_to_do(run)


def follow(run: Run, handle: str) -> Outcome:  # noqa: ARG001
    """Never called for a deployment of this kind. Raises Rejected."""
    raise _nothing_to_do(run)


def _nothing_to_do(run: Run) -> Rejected:
    return Rejected(f"{run.job.app} in {run.job.environment} is carried out by another tool, not by Shipmate.")
