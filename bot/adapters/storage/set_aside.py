"""What failed again and again and is not tried any more by itself, until somebody says what is to become of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.core.errors import NotThere
from bot.core.ports.chat import Finding

_IN = tables.deliveries.c
_OUT = tables.effects.c
EFFECT = "effect:"
"""What the names of effects begin with; a delivery is called by its id."""
LONGEST = 19
"""Digits of which no number that a database has given consists."""
SHOWN = 10
"""How many are named at once; the number of the others is told."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A delivery or an effect that was set aside. ``what`` is what it is, such as ``deployment`` or a lane."""

    name: str
    what: str
    since: datetime
    reason: str


class SetAside:
    """Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self) -> int:
        counts = [
            sa.select(sa.func.count()).where(column.isnot(None)).scalar_subquery()
            for column in (_IN.set_aside_at, _OUT.set_aside_at)
        ]
        return int(self._database.select(sa.select(counts[0] + counts[1]))[0][0])

    def first(self, limit: int = SHOWN) -> list[Aside]:
        """Those that were set aside first."""
        found = [
            *self._of(_IN.id, _IN.name, _IN, limit),
            *self._of(sa.literal(EFFECT) + sa.cast(_OUT.id, sa.Text), _OUT.lane, _OUT, limit),
        ]
        return sorted(found, key=lambda one: one.since)[:limit]

    def _of(self, name: Any, what: Any, row: Any, limit: int) -> list[Aside]:
        query = sa.select(name, what, row.set_aside_at, row.failure).where(row.set_aside_at.isnot(None))
        return [Aside(*found) for found in self._database.select(query.order_by(row.set_aside_at).limit(limit))]

    def retry(self, names: Sequence[str]) -> None:
        """They are tried again, as often as at first. Raises NotThere, and leaves all as they are."""
        now = self._database.clock.now()
        again = {"set_aside_at": None, "failure": None, "faults": 0}
        # A delivery's attempts are told apart by the number of its tries, so that goes on.
        self._change(
            names, again | {"handled_at": None, "due_at": now, "tries": _IN.tries + 1}, again | {"done_at": None}
        )

    def drop(self, names: Sequence[str]) -> None:
        """They have failed for good, and are cleared away in time. Raises NotThere, and leaves all as they are."""
        self._change(names, {"set_aside_at": None, "body": b""}, {"set_aside_at": None, "body": ""})

    def _change(self, names: Sequence[str], delivery: dict[str, Any], effect: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            for name in names:
                number = name.removeprefix(EFFECT)
                change = sa.update(tables.deliveries).where(_IN.id == name, _IN.set_aside_at.isnot(None))
                rows = connection.execute(change.values(delivery)).rowcount
                if not rows and name.startswith(EFFECT) and number.isdecimal() and len(number) < LONGEST:
                    change = sa.update(tables.effects).where(_OUT.id == int(number), _OUT.set_aside_at.isnot(None))
                    rows = connection.execute(change.values(effect)).rowcount
                if not rows:
                    raise NotThere(f"Nothing that is called {name} is set aside; see `python -m bot check`.")

    def names(self) -> list[str]:
        """A few of them and the number of the others, for anybody's eyes."""
        names = [one.name for one in self.first()]
        more = self.count() - len(names)
        return [*names, f"{more} more"] if more > 0 else names

    def doctor(self) -> list[Finding]:
        """For ``python -m bot check``."""
        found = [_finding(one) for one in self.first()]
        more = self.count() - len(found)
        return [*found, Finding(False, f"{more} more are set aside", "begin with those above")] if more > 0 else found


def _finding(one: Aside) -> Finding:
    name = shlex.quote(one.name)
    return Finding(
        False,
        f"{one.name} ({one.what}) is set aside since {one.since:%Y-%m-%d %H:%M} UTC: {one.reason}",
        f"python -m bot retry {name} when the cause is mended, or python -m bot drop {name} to leave it undone",
    )
