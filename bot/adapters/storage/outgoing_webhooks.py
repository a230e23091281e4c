"""Outgoing webhooks as rows: events that wait, in order for each deployment and receiver, and how receivers stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.engine import Database
from bot.adapters.storage.inbox import insert_delivery
from bot.adapters.storage.upsert import insert_new
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.representation import state_told
from bot.core.events.internal import WebhookGivenUp
from bot.core.outgoing_webhooks.model import Answer, PendingEvent, Receiver, Standing, name_of, snapshot
from bot.core.outgoing_webhooks.retries import OUTAGE, Failure, is_back
from bot.core.stored import stored_name

FORGOTTEN_AFTER = timedelta(minutes=10)
"""So long no process has a receiver in its settings before others take it for gone: a release is not done at once."""

_E = tables.webhook_events.c
_R = tables.webhook_receivers.c
_KEY: sa.BindParameter[Any] = sa.bindparam("receiver")
_older = tables.webhook_events.alias("older")
_FIRST_OF_ITS_DEPLOYMENT = ~sa.exists(
    sa.select(sa.literal(1)).where(
        _older.c.receiver == _E.receiver, _older.c.deployment_id == _E.deployment_id, _older.c.id < _E.id
    )
)
# Statements are made once: to make one costs more than to execute it.
_NEXT = (
    sa.select(tables.webhook_events, _R.failures, _R.failing_since, _R.told_at, _R.rests_until)
    .outerjoin(tables.webhook_receivers, _R.id == _E.receiver)
    .where(_E.receiver == _KEY, _FIRST_OF_ITS_DEPLOYMENT)
    .order_by(_E.due_at, _E.id)
    .limit(1)
)
_CLAIM = sa.update(tables.webhook_receivers).where(
    _R.id == _KEY,
    sa.or_(
        _R.owner.is_(None),
        _R.owner == sa.bindparam("me"),
        _R.owner.not_in(sa.select(tables.executors.c.id)),
    ),
)
_CLAIM = _CLAIM.values(owner=sa.bindparam("me"))
_RELEASE = sa.update(tables.webhook_receivers).where(_R.id == _KEY, _R.owner == sa.bindparam("me")).values(owner=None)
_WAITING = sa.select(sa.func.count()).where(_E.receiver == _R.id).scalar_subquery()
_STANDINGS = sa.select(_R.id, _R.name, _WAITING.label("n"), _R.failing_since, _R.reason, _R.given_up)
_STANDINGS = _STANDINGS.order_by(_R.name, _R.id)
_OLDEST_TRIED = sa.select(sa.func.min(_E.id)).where(_E.tries > 0).group_by(_E.receiver)
_TRIED = sa.select(_E.receiver, _E.created_at, _E.reason).where(_E.id.in_(_OLDEST_TRIED))
_AT_PEACE: dict[str, Any] = {"failures": 0, "failing_since": None, "rests_until": None, "reason": "", "given_up": 0}


class WebhookTransaction:
    """Keeps events on a connection whose transaction belongs to somebody else. ``kept`` says whether there were any."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._receivers: Sequence[Receiver] = ()
        self._base_url: str | None = None
        self.kept = False

    def subscribe(self, receivers: Sequence[Receiver], base_url: str | None) -> None:
        self._receivers = receivers
        self._base_url = base_url

    def changed(self, deployment: Deployment) -> None:
        """The deployment has come to its state just now. That it was only asked for is no event: more follows."""
        if not self._receivers or deployment.state is State.REQUESTED:
            return
        state = state_told(deployment)
        wanted = [one for one in self._receivers if one.wants(deployment.app, state)]
        told = snapshot(deployment, self._base_url) if wanted else ""
        for receiver in wanted:
            row = {**_AT_PEACE, "id": receiver.id, "name": receiver.name, "seen_at": self._now}
            insert_new(self._connection, tables.webhook_receivers, [row], "id")
            event = {
                "receiver": receiver.id,
                "delivery": str(uuid4()),
                "deployment_id": deployment.id,
                "name": name_of(deployment),
                "deployment": told,
                "created_at": self._now,
                "due_at": self._now,
                "tries": 0,
                "reason": "",
            }
            self._connection.execute(sa.insert(tables.webhook_events), event)
            self.kept = True


class EventQueue:
    """Every method is a transaction of its own. Raises Unavailable.

    A receiver is in the hands of one process at a time, which sends one event after another.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- sending ------------------------------------------------------------------------------------------------

    def next_due(self, receiver: str) -> datetime | None:
        """When the next event may be sent there, None where none waits. What is older than it in its deployment is
        sent first."""
        rows = self._database.select(_NEXT, receiver=receiver)
        return _moment(rows[0]) if rows else None

    def claim(self, receiver: str, owner: str) -> bool:
        """Take the receiver, unless another process that is alive has it."""
        with self._database.writing() as connection:
            return connection.execute(_CLAIM, {"receiver": receiver, "me": owner}).rowcount == 1

    def release(self, receiver: str, owner: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_RELEASE, {"receiver": receiver, "me": owner})

    def first(self, receiver: str) -> PendingEvent | None:
        """The event whose turn it is now; it stays there until it is said what came of it."""
        rows = self._database.select(_NEXT, receiver=receiver)
        if not rows or _moment(rows[0]) > self._database.clock.now():
            return None
        row = rows[0]
        return PendingEvent(
            id=row.id,
            receiver=row.receiver,
            delivery=row.delivery,
            deployment_id=row.deployment_id,
            name=row.name,
            deployment=row.deployment,
            created_at=row.created_at,
            tries=row.tries,
            failures=row.failures or 0,
            failing_since=row.failing_since,
            told_at=row.told_at,
        )

    def sent(self, event: PendingEvent) -> None:
        """It was taken. Where the receiver was away, all that waits for it is sent now."""
        now = self._database.clock.now()
        with self._database.writing() as connection:
            connection.execute(sa.delete(tables.webhook_events).where(_E.id == event.id))
            if event.failing_since is not None:
                there = sa.update(tables.webhook_receivers).where(_R.id == event.receiver)
                connection.execute(there.values(_AT_PEACE))
            if is_back(event, now):
                late = sa.update(tables.webhook_events).where(_E.receiver == event.receiver, _E.due_at > now)
                connection.execute(late.values(due_at=now))

    def failed(self, event: PendingEvent, name: str, answer: Answer, failure: Failure) -> int:
        """It was not taken; how many events are given up with that. Admins are told by an event of the bot's own."""
        now = self._database.clock.now()
        with self._database.writing() as connection:
            given_up = _give_up(connection, event, failure)
            if failure.due_at is not None:
                _put_off(connection, event, answer.reason, failure.due_at)
            tells = bool(given_up) and failure.tells
            standing: dict[str, Any] = {
                "failures": failure.failures,
                "failing_since": event.failing_since or now,
                "rests_until": failure.rests_until,
                "reason": answer.reason,
                "given_up": _R.given_up + given_up,
                **({"told_at": now} if tells else {}),
            }
            connection.execute(sa.update(tables.webhook_receivers).where(_R.id == event.receiver).values(standing))
            if tells:
                told = WebhookGivenUp(name, given_up, answer.reason, failure.all_given_up)
                insert_delivery(connection, _own(told, f"webhook-given-up:{event.delivery}", now))
        return given_up

    # --- who there is -------------------------------------------------------------------------------------------

    def has(self, receivers: Sequence[Receiver]) -> None:
        """This process has them in its settings, now."""
        now = self._database.clock.now()
        with self._database.writing() as connection:
            for one in sorted(receivers, key=lambda receiver: receiver.id):
                row = {**_AT_PEACE, "id": one.id, "name": one.name, "seen_at": now}
                if not insert_new(connection, tables.webhook_receivers, [row], "id"):
                    there = sa.update(tables.webhook_receivers).where(_R.id == one.id)
                    connection.execute(there.values(name=one.name, seen_at=now))

    def forget(self, kept: Collection[str], owner: str) -> list[tuple[str, int]]:
        """Drop all receivers but those by their ids, with what waits for them; their names, and how many that were.

        One that another process may still have in its settings stays for now.
        """
        unknown = sa.select(_R.id, _R.name, _R.seen_at).where(_R.id.not_in(sorted(kept)))
        if not self._database.select(unknown.limit(1)):
            return []
        oldest = self._database.clock.now() - FORGOTTEN_AFTER
        dropped = []
        with self._database.writing() as connection:
            lease = tables.executors.c
            alone = not connection.execute(sa.select(lease.id).where(lease.id != owner).limit(1)).all()
            for row in connection.execute(unknown).all():
                if alone or row.seen_at <= oldest:
                    waiting = sa.delete(tables.webhook_events).where(_E.receiver == row.id)
                    dropped.append((row.name, connection.execute(waiting).rowcount))
                    connection.execute(sa.delete(tables.webhook_receivers).where(_R.id == row.id))
        return dropped

    def standings(self) -> list[Standing]:
        """Of all receivers, by their names."""
        rows = self._database.select(_STANDINGS)
        tried = {row.receiver: row for row in self._database.select(_TRIED)}
        now = self._database.clock.now()
        return [_standing(row, tried.get(row.id), now) for row in rows]


def _standing(row: Any, tried: Any | None, now: datetime) -> Standing:
    """One that takes other events may still refuse one."""
    since = row.failing_since or (tried.created_at if tried is not None else None)
    reason = row.reason or (tried.reason if tried is not None else "")
    lasting = since is not None and (now - since >= OUTAGE or row.given_up > 0)
    return Standing(row.id, row.name, row.n, since, reason, lasting, row.given_up)


def _moment(row: Any) -> datetime:
    due_at: datetime = row.due_at
    return max(due_at, row.rests_until) if row.rests_until is not None else due_at


def _give_up(connection: sa.Connection, event: PendingEvent, failure: Failure) -> int:
    there = sa.delete(tables.webhook_events).where(_E.receiver == event.receiver)
    if failure.all_given_up:
        return connection.execute(there).rowcount
    given_up = 0
    if failure.due_at is None:
        given_up += connection.execute(there.where(_E.id == event.id)).rowcount
    if failure.overdue is not None:
        given_up += connection.execute(there.where(_E.created_at <= failure.overdue)).rowcount
    return given_up


def _put_off(connection: sa.Connection, event: PendingEvent, reason: str, due_at: datetime) -> None:
    """With all that comes after it in its deployment."""
    mine = sa.and_(_E.receiver == event.receiver, _E.deployment_id == event.deployment_id)
    connection.execute(sa.update(tables.webhook_events).where(mine).values(due_at=due_at))
    again = sa.update(tables.webhook_events).where(_E.id == event.id)
    connection.execute(again.values(tries=_E.tries + 1, reason=reason))


def _own(event: WebhookGivenUp, key: str, now: datetime) -> dict[str, Any]:
    body = serialization.event_to_bytes(event)
    name = stored_name(type(event))
    return {"id": f"bot:{key}", "source": "bot", "name": name, "body": body, "received_at": now, "due_at": now}
