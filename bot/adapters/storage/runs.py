"""How providers of ours carry out what has begun: kept until it has ended, as the settings may change meanwhile."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new, upsert
from bot.core.deployments.model import ENDED, HEARD, State, notes_key, place_key, run_key


@dataclass(frozen=True, slots=True)
class BegunRun:
    """The provider's name, what the settings said to it, and how long it may take, in seconds."""

    provider: str
    settings: dict[str, Any]
    timeout_seconds: float


_D, _K = tables.deployments.c, tables.kept.c
# A statement that each run asks twice a second is made once.
_LOOK = (
    sa.select(_D.state, _D.cancel_by, _K.value.label("heard"))
    .select_from(tables.deployments.outerjoin(tables.kept, _K.key == sa.bindparam("heard_key")))
    .where(_D.id == sa.bindparam("deployment"))
)


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a run is to stop, and the last word that came for it, None where none has."""

    stop: bool
    heard: str | None


class RunRows:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, deployment_id: int, run: BegunRun) -> None:
        row = {"key": run_key(deployment_id), "value": json.dumps(asdict(run))}
        with self._database.writing() as connection:
            upsert(connection, tables.kept, row, "key")

    def of(self, deployment_id: int) -> BegunRun | None:
        """None where it has not begun."""
        rows = self._database.select(sa.select(tables.kept.c.value).where(tables.kept.c.key == run_key(deployment_id)))
        return BegunRun(**json.loads(rows[0].value)) if rows else None

    def forget(self, deployment_id: int) -> None:
        """It has not begun after all."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(tables.kept).where(tables.kept.c.key == run_key(deployment_id)))

    def look(self, deployment_id: int) -> Look:
        """All that a run has to hear of while it goes on, in one statement."""
        rows = self._database.select(_LOOK, deployment=deployment_id, heard_key=notes_key(deployment_id, HEARD))
        if not rows:
            return Look(stop=True, heard=None)
        return Look(State(rows[0].state) in ENDED or rows[0].cancel_by is not None, rows[0].heard)

    def note(self, deployment_id: int, name: str) -> str | None:
        """What was kept of the run under ``name``."""
        return self._kept(notes_key(deployment_id, name))

    def keep_note(self, deployment_id: int, name: str, value: str) -> None:
        self._keep(notes_key(deployment_id, name), value)

    def remembered(self, app: str, environment: str, name: str) -> str | None:
        """What the last run there has left under ``name``."""
        return self._kept(place_key(app, environment, name))

    def remember(self, app: str, environment: str, name: str, value: str) -> None:
        self._keep(place_key(app, environment, name), value)

    def _kept(self, key: str) -> str | None:
        rows = self._database.select(sa.select(tables.kept.c.value).where(tables.kept.c.key == key))
        return str(rows[0].value) if rows else None

    def _keep(self, key: str, value: str) -> None:
        with self._database.writing() as connection:
            upsert(connection, tables.kept, {"key": key, "value": value}, "key")

    def claim_note(self, deployment_id: int, name: str, value: str) -> str:
        """Keep it unless something is kept there; what is kept. Of several at one instant one alone finds its own."""
        key = notes_key(deployment_id, name)
        with self._database.writing() as connection:
            insert_new(connection, tables.kept, [{"key": key, "value": value}], "key")
            return str(connection.execute(sa.select(tables.kept.c.value).where(tables.kept.c.key == key)).scalar_one())
