"""What is remembered of people as rows: who they are on GitHub, and the proofs under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import convert
from bot.adapters.storage import tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.upsert import insert_new, upsert
from bot.core.events.external import Place
from bot.core.people.logins import in_lower_case
from bot.core.people.model import Claim, How, Identity, PendingLink, Reached

_I = tables.identities.c
_P = tables.pending_links.c
_C = tables.login_claims.c
_R = tables.reached_people.c
_M = tables.mutes.c


class PeopleRowReads:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[[sa.Select[Any]], Sequence[Any]]) -> None:
        self._run = run

    def identity(self, chat_id: str) -> Identity | None:
        rows = self._run(sa.select(tables.identities).where(_I.chat_id == chat_id))
        return Identity(rows[0].chat_id, rows[0].login, How(rows[0].how), rows[0].at) if rows else None

    def chat_id_of(self, login: str, *, besides: str | None = None) -> str | None:
        """What was proved counts before what was found by an address, and the newest of each."""
        query = sa.select(_I.chat_id).where(_is_login(login), _I.chat_id != (besides or ""))
        rows = self._run(query.order_by((_I.how == How.LINK).desc(), _I.at.desc()).limit(1))
        return str(rows[0].chat_id) if rows else None

    def reached(self, login: str) -> Reached | None:
        rows = self._run(sa.select(tables.reached_people).where(_R.login == in_lower_case(login)))
        return Reached(login, rows[0].chat_id, rows[0].at) if rows else None

    def muted(self, chat_id: str) -> datetime | None:
        rows = self._run(sa.select(_M.since).where(_M.chat_id == chat_id))
        return rows[0].since if rows else None

    def pending(self, chat_id: str) -> PendingLink | None:
        rows = self._run(sa.select(tables.pending_links).where(_P.chat_id == chat_id))
        if not rows:
            return None
        row = rows[0]
        place = convert(row.place, Place)
        return PendingLink(chat_id, row.attempt, row.login, place, row.interval, row.expires_at, row.device_code)

    def claim(self, chat_id: str) -> Claim | None:
        rows = self._run(sa.select(tables.login_claims).where(_C.chat_id == chat_id))
        if not rows:
            return None
        row = rows[0]
        return Claim(chat_id, row.login, row.holder, convert(row.place, Place), row.expires_at)


class PeopleRowRecords(PeopleRowReads):
    """Writes on ``connection``; whoever opened it commits it or rolls it back."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query: connection.execute(query).all())
        self._connection = connection

    def learn(self, identity: Identity) -> None:
        _learn(self._connection, identity)

    def mute(self, chat_id: str, since: datetime) -> None:
        insert_new(self._connection, tables.mutes, [{"chat_id": chat_id, "since": since}], "chat_id")

    def unmute(self, chat_id: str) -> None:
        self._connection.execute(sa.delete(tables.mutes).where(_M.chat_id == chat_id))

    def begin_link(self, pending: PendingLink) -> None:
        row = {
            "chat_id": pending.chat_id,
            "attempt": pending.attempt,
            "login": pending.login,
            "place": msgspec.to_builtins(pending.place),
            "interval": pending.interval,
            "expires_at": pending.expires_at,
            "device_code": pending.device_code,
        }
        upsert(self._connection, tables.pending_links, row, "chat_id")

    def end_link(self, chat_id: str) -> None:
        self._connection.execute(sa.delete(tables.pending_links).where(_P.chat_id == chat_id))

    def begin_claim(self, claim: Claim) -> None:
        row = {
            "chat_id": claim.chat_id,
            "login": claim.login,
            "holder": claim.holder,
            "place": msgspec.to_builtins(claim.place),
            "expires_at": claim.expires_at,
        }
        upsert(self._connection, tables.login_claims, row, "chat_id")

    def end_claim(self, chat_id: str) -> bool:
        ended = sa.delete(tables.login_claims).where(_C.chat_id == chat_id).returning(_C.chat_id)
        return self._connection.execute(ended).first() is not None

    def forget(self, login: str, *, besides: str) -> None:
        self._connection.execute(sa.delete(tables.identities).where(_is_login(login), _I.chat_id != besides))


class IdentityRows:
    """Remembers who is who, outside of decisions. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def learned(self, identity: Identity) -> None:
        with self._database.writing() as connection:
            _learn(connection, identity)

    def reached(self, found: Reached) -> None:
        row = {"login": in_lower_case(found.login), "chat_id": found.chat_id, "at": found.at}
        with self._database.writing() as connection:
            upsert(connection, tables.reached_people, row, "login")


def _is_login(login: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(_I.login) == in_lower_case(login)


def _learn(connection: sa.Connection, identity: Identity) -> None:
    row = {"chat_id": identity.chat_id, "login": identity.login, "how": identity.how, "at": identity.at}
    # An address that was looked for at the same moment must not take the place of a proof.
    only_over = None if identity.how is How.LINK else _I.how != How.LINK
    upsert(connection, tables.identities, row, "chat_id", only_over=only_over)
