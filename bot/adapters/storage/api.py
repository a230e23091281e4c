"""The API as rows: its tokens, and what was asked with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.audit import AuditTransaction
from bot.adapters.storage.engine import Database
from bot.adapters.storage.inbox import insert_delivery
from bot.adapters.storage.upsert import insert_new
from bot.core.api.model import API, ApiToken
from bot.core.audit.model import Origin
from bot.core.errors import NotThere, Rejected
from bot.core.events.external import ApiRequested
from bot.core.stored import stored_name

BY = Origin("operator", via="terminal")
"""Whoever makes and revokes tokens: they can run the bot."""
USE_NOTED_EVERY = timedelta(minutes=1)
_T = tables.api_tokens.c
_R = tables.api_requests.c
_BY_DIGEST = sa.select(tables.api_tokens).where(_T.digest == sa.bindparam("digest"))
_BY_ID = sa.select(tables.api_tokens).where(_T.id == sa.bindparam("key"))
_REQUEST = sa.select(tables.api_requests).where(_R.id == sa.bindparam("key"))
_ANSWERED = sa.select(tables.api_requests).where(_R.id.in_(sa.bindparam("ids", expanding=True)), _R.status.isnot(None))


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """What was asked for, and the answer as it was decided: ``status`` is None where it is not yet."""

    id: str
    token_id: int
    fingerprint: str
    created_at: datetime
    status: int | None = None
    answer: str | None = None


class ApiRows:
    """Tokens and requests. Every method is a transaction of its own. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- tokens -------------------------------------------------------------------------------------------------

    def create(self, token: ApiToken, digest: str) -> ApiToken:
        """Store it; the returned one has its ``id``. Raises Rejected where a valid one has the name."""
        row = {
            "name": token.name,
            "digest": digest,
            "person": token.person,
            "apps": list(token.apps),
            "read_only": token.read_only,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        with self._database.writing() as connection:
            if connection.execute(_named(token.name)).first() is not None:
                raise Rejected(f"There is a token called {token.name} already; take another name, or revoke it first.")
            key = connection.execute(sa.insert(tables.api_tokens).values(row)).inserted_primary_key
            assert key is not None
            _audit(connection, token, "token create", token.created_at)
        return replace(token, id=key[0])

    def tokens(self) -> list[ApiToken]:
        """All that were ever made, oldest first."""
        return [_token(row) for row in self._database.select(sa.select(tables.api_tokens).order_by(_T.id))]

    def revoke(self, name: str) -> ApiToken:
        """Raises NotThere where no valid one has the name."""
        now = self._database.clock.now()
        with self._database.writing() as connection:
            row = connection.execute(_named(name)).first()
            if row is None:
                raise NotThere(f"No valid token is called {name}; `python -m bot token list` shows those that are.")
            connection.execute(sa.update(tables.api_tokens).where(_T.id == row.id).values(revoked_at=now))
            _audit(connection, _token(row), "token revoke", now)
        return _token(row)

    def digests(self) -> frozenset[str]:
        """Those of all valid tokens."""
        now = self._database.clock.now()
        lasting = sa.or_(_T.expires_at.is_(None), _T.expires_at > now)
        valid = sa.select(_T.digest).where(_T.revoked_at.is_(None), lasting)
        return frozenset(row.digest for row in self._database.select(valid))

    def use(self, digest: str) -> ApiToken | None:
        """The valid token with this digest; that it was used is noted once a minute."""
        rows = self._database.select(_BY_DIGEST, digest=digest)
        token, now = _token(rows[0]) if rows else None, self._database.clock.now()
        if token is None or not token.is_valid(now):
            return None
        if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
            with self._database.writing() as connection:
                connection.execute(sa.update(tables.api_tokens).where(_T.id == token.id).values(last_used_at=now))
        return token

    # --- requests -----------------------------------------------------------------------------------------------

    def put(self, event: ApiRequested, fingerprint: str) -> tuple[KeptRequest, bool]:
        """Store the request with the delivery that lets it be decided on; the one that was there before, if any.

        Second comes whether it is new.
        """
        now = self._database.clock.now()
        row = {"id": event.request, "token_id": event.token, "fingerprint": fingerprint, "created_at": now}
        delivery = {
            "id": f"{API}:{event.request}",
            "source": API,
            "name": stored_name(ApiRequested),
            "body": serialization.event_to_bytes(event),
            "received_at": now,
            "due_at": now,
        }
        with self._database.writing() as connection:
            if not insert_new(connection, tables.api_requests, [row], "id"):
                return _request(connection.execute(_REQUEST, {"key": event.request}).one()), False
            insert_delivery(connection, delivery)
        return KeptRequest(event.request, event.token, fingerprint, now), True

    def request(self, request: str) -> KeptRequest | None:
        rows = self._database.select(_REQUEST, key=request)
        return _request(rows[0]) if rows else None

    def answered(self, requests: Collection[str]) -> list[KeptRequest]:
        """Those of them that are decided."""
        return [_request(row) for row in self._database.select(_ANSWERED, ids=list(requests))]


class ApiRowReads:
    """The ApiReads port, through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[..., Sequence[Any]]) -> None:
        self._run = run

    def answer_for_tokens(self, now: datetime) -> list[str]:
        valid = sa.and_(_T.revoked_at.is_(None), sa.or_(_T.expires_at.is_(None), _T.expires_at > now))
        return [row.person for row in self._run(sa.select(_T.person).where(valid).distinct().order_by(_T.person))]

    def token(self, token_id: int) -> ApiToken | None:
        rows = self._run(_BY_ID, key=token_id)
        return _token(rows[0]) if rows else None


class ApiTransaction(ApiRowReads):
    """The ApiRecords port, on a connection whose transaction belongs to somebody else."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(lambda query, **given: connection.execute(query, given).all())
        self._connection = connection

    def answer(self, request: str, status: int, body: str) -> None:
        change = sa.update(tables.api_requests).where(_R.id == request)
        self._connection.execute(change.values(status=status, answer=body))

    def revoke_of(self, person: str, at: datetime) -> list[str]:
        theirs = sa.and_(_T.person == person, _T.revoked_at.is_(None))
        change = sa.update(tables.api_tokens).where(theirs).values(revoked_at=at)
        return sorted(row.name for row in self._connection.execute(change.returning(_T.name)))


def _named(name: str) -> sa.Select[Any]:
    return sa.select(tables.api_tokens).where(_T.name == name, _T.revoked_at.is_(None))


def _audit(connection: sa.Connection, token: ApiToken, action: str, now: datetime) -> None:
    scope = f"{', '.join(token.apps) or 'all apps'}{', read only' if token.read_only else ''}"
    audit = AuditTransaction(connection, f"token:{token.name}", now)
    audit.attribute(Origin(BY.name, via=BY.via, token=token.name))
    audit.record(action, reason=f"for {token.person}; {scope}")


def _token(row: Any) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        person=row.person,
        apps=tuple(row.apps),
        read_only=row.read_only,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _request(row: Any) -> KeptRequest:
    return KeptRequest(row.id, row.token_id, row.fingerprint, row.created_at, row.status, row.answer)
