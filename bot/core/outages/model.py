"""Outages by refused credentials: which there are, kept in the database, so that each is told once by all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.errors import NotAccepted
from bot.core.events import Event
from bot.core.events.internal import CredentialsRefused
from bot.core.ports.transaction import Reads, Records


@dataclass(frozen=True, slots=True)
class Outage:
    """The last outage of its kind: the ``number`` of them so far, and ``since`` when it lasts, None if it is over.

    ``owner`` is the one place at the ``service`` where the credentials are refused, empty for all of it.
    """

    service: str
    owner: str
    number: int = 0
    since: datetime | None = None

    @property
    def key(self) -> str:
        """Of its row, and of the timer that has the credentials tried again."""
        return f"outage:{self.service}:{self.owner}"


def last(reads: Reads, service: str, owner: str) -> Outage:
    outage = Outage(service, owner)
    kept = reads.kept(outage.key)
    if kept is None:
        return outage
    number, _, since = kept.partition(" ")
    return replace(outage, number=int(number), since=datetime.fromisoformat(since) if since else None)


def keep(records: Records, outage: Outage) -> None:
    records.keep(outage.key, f"{outage.number} {outage.since.isoformat() if outage.since else ''}")


def keep_reason(records: Records, outage: Outage, reason: str) -> None:
    """Why changes are refused although questions are answered, as where everybody may read; empty where nothing is."""
    records.keep(_reason_key(outage), reason)


def refuses_changes(reads: Reads, outage: Outage) -> bool:
    """Whether something still waits for the reason that was kept."""
    reason = reads.kept(_reason_key(outage))
    return bool(reason) and reads.held_up_by(reason or "")


def _reason_key(outage: Outage) -> str:
    return f"refused:{outage.key}"


def lasts(reads: Reads, service: str, owner: str) -> bool:
    """Whether what needs the service at that owner has to wait."""
    return any(last(reads, service, where).since is not None for where in ("", owner.lower()))


def lasting(reads: Reads, owners: Iterable[str]) -> list[Outage]:
    """All that there are now; ``owners`` are those of the repositories in the settings."""
    places = [("Slack", ""), ("GitHub", ""), ("Heroku", ""), *(("GitHub", owner) for owner in owners)]
    return [outage for place in places if (outage := last(reads, *place)).since is not None]


def report(reads: Reads, put: Callable[[Event, str], object], error: NotAccepted) -> None:
    """Somebody met the error. However many do, and however often, one event comes of each outage."""
    outage = last(reads, error.service, error.owner)
    if outage.since is None:
        number = outage.number + 1
        event = CredentialsRefused(error.service, error.owner, number, str(error), error.mend)
        put(event, f"{outage.key}:{number}")


def remember_members(records: Records, team: str, logins: Sequence[str]) -> None:
    """Who is in an admins' team, for when the forge tells nobody."""
    records.keep(f"team:{team}", " ".join(logins))


def members(reads: Reads, team: str) -> list[str]:
    return (reads.kept(f"team:{team}") or "").split()
