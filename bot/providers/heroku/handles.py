"""By what a run is found again on Heroku, in whatever process: a handle, and before there is one, an intent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

Way = Literal["build", "rollback", "promotion"]


@dataclass(frozen=True, slots=True)
class Handle:
    """A build, a release or a promotion, by its id; of nothing where it was to stop before anything was begun.

    Of a preview that is removed, ``id`` says how, and of nothing, why.
    """

    kind: Literal["build", "release", "promotion", "removal", "nothing"]
    app: str
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.app} {self.id}"

    @classmethod
    def of(cls, text: str) -> Handle:
        """
        >>> Handle.of(str(Handle("build", "acme-web", "b-1")))
        Handle(kind='build', app='acme-web', id='b-1')
        """
        kind, app, found = text.split(" ")
        return cls(kind, app, found)  # type: ignore[arg-type]  # it is one of ours


@dataclass(frozen=True, slots=True)
class Intent:
    """What Heroku is about to be asked for, kept before it is asked (a write-ahead log of one entry).

    ``before`` are the newest builds by then, ``after`` is the newest release's number. ``slug`` is what a rollback or a
    promotion is to bring.
    """

    way: Way
    app: str
    at: str
    before: tuple[str, ...] = ()
    after: int = 0
    slug: str = ""

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str | None) -> Intent | None:
        """None where nothing was kept, or what was kept has come to nothing."""
        if not text:
            return None
        read = json.loads(text)
        return cls(**{**read, "before": tuple(read["before"])})

    def age(self, now: datetime) -> float:
        """In seconds."""
        return (now - datetime.fromisoformat(self.at)).total_seconds()
