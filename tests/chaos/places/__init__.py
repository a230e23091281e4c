"""Where deployments go in the game: one module for each way to carry them out, its faults, and what must hold."""

from __future__ import annotations

from tests.chaos.places.commands import Production, Staging
from tests.chaos.places.heroku import Late, OnHeroku, Promoted
from tests.chaos.places.hooks import CallingBack, Polled
from tests.chaos.places.jobs import Jobs
from tests.chaos.places.place import Place
from tests.chaos.places.previews import Previews
from tests.chaos.places.workflows import Workflow

PLACES: dict[str, type[Place]] = {
    "shell": Production,
    "heroku": OnHeroku,
    "promoted": Promoted,
    "late": Late,
    "github_actions": Workflow,
    "jobs": Jobs,
    "http": CallingBack,
    "poll": Polled,
    "previews": Previews,
}
ALWAYS: tuple[type[Place], ...] = (Staging,)
"""Merges go there, whatever is played."""

__all__ = ["ALWAYS", "PLACES", "Place", "Previews"]
