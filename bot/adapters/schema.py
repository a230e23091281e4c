"""The tables. Migrations in ``bot/migrations`` bring a database to this shape; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite counts up by itself only in a column that is INTEGER to the letter."""


class Utc(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, aware on our side; SQLite keeps no zone, so it is taken off and put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _column(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=options.pop("nullable", False), **options)


deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    _column("id", sa.Text, unique=True),
    _column("source", sa.Text),
    _column("name", sa.Text),
    _column("body", sa.LargeBinary),
    _column("received_at", Utc),
    _column("due_at", Utc, nullable=True),
    _column("tries", sa.Integer, server_default="0"),
    _column("taken_by", sa.Text, nullable=True),
    _column("handled_at", Utc, nullable=True),
    _column("failure", sa.Text, nullable=True),
)
# What is still to be taken up; a handled or taken delivery has no due_at, so the index stays as small as the backlog.
sa.Index(
    "ix_deliveries_due",
    deliveries.c.due_at,
    deliveries.c.seq,
    sqlite_where=deliveries.c.due_at.isnot(None),
    postgresql_where=deliveries.c.due_at.isnot(None),
)
sa.Index(
    "ix_deliveries_unhandled",
    deliveries.c.seq,
    sqlite_where=deliveries.c.handled_at.is_(None),
    postgresql_where=deliveries.c.handled_at.is_(None),
)
sa.Index("ix_deliveries_handled_at", deliveries.c.handled_at)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("handler", sa.Text, primary_key=True),
    _column("decided_at", Utc),
)

effects = sa.Table(
    "effects",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    _column("delivery_id", sa.Text, index=True),
    _column("lane", sa.Text),
    _column("name", sa.Text),
    _column("body", sa.Text),
    _column("created_at", Utc),
    _column("attempted_at", Utc, nullable=True),
    _column("done_at", Utc, nullable=True, index=True),
    _column("failure", sa.Text, nullable=True),
    # Keys of posts and of events are made of the id: one that was deleted must not come again.
    sqlite_autoincrement=True,
)
sa.Index(
    "ix_effects_undone",
    effects.c.lane,
    effects.c.id,
    sqlite_where=effects.c.done_at.is_(None),
    postgresql_where=effects.c.done_at.is_(None),
)

lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("lane", sa.Text, primary_key=True),
    _column("due_at", Utc, nullable=True, index=True),
    _column("tries", sa.Integer),
    _column("reason", sa.Text),
    _column("owner", sa.Text, nullable=True),
    _column("again", sa.Boolean),
)

executors = sa.Table(
    "executors",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _column("seen_at", sa.DateTime(timezone=True)),
)
"""Processes that are alive, by their leases; the moment is the database's own."""

environments = sa.Table(
    "environments",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    _column("request_id", sa.Text, unique=True),
    _column("app", sa.Text),
    _column("environment", sa.Text),
    _column("repository", sa.Text),
    _column("ref", sa.Text),
    _column("sha", sa.Text),
    _column("state", sa.Text),
    _column("trigger", sa.Text),
    _column("by", sa.JSON),
    _column("created_at", Utc),
    _column("title", sa.Text),
    _column("url", sa.Text, nullable=True),
    _column("task", sa.Text),
    _column("hosts", sa.Text, nullable=True),
    _column("params", sa.JSON),
    _column("force", sa.Boolean),
    _column("force_reason", sa.Text, nullable=True),
    _column("reason", sa.Text, nullable=True),
    _column("waits_for", sa.Text, nullable=True),
    _column("waits_since", Utc, nullable=True),
    _column("due_at", Utc, nullable=True),
    _column("pull_request", sa.Integer, nullable=True),
    _column("merged_at", Utc, nullable=True),
    _column("retry_of", BigId, nullable=True),
    _column("rollback_of", BigId, nullable=True),
    _column("superseded_by", BigId, nullable=True),
    _column("remote_id", sa.BigInteger, nullable=True),
    _column("last_status", sa.BigInteger),
    _column("started_at", Utc, nullable=True),
    _column("finished_at", Utc, nullable=True),
    _column("description", sa.Text),
    _column("log_url", sa.Text, nullable=True),
    _column("environment_url", sa.Text, nullable=True),
    _column("channel", sa.Text, nullable=True),
    _column("parent", sa.Text, nullable=True),
    _column("asked_channel", sa.Text, nullable=True),
    _column("asked_thread", sa.Text, nullable=True),
    _column("changes", sa.JSON),
    _column("usual_seconds", sa.Float, nullable=True),
    _column("cancel_by", sa.Text, nullable=True),
    _column("password_key", sa.Text, nullable=True),
    _column("exclusive", sa.Boolean),
    _column("edited_at", Utc, nullable=True),
    _column("approved_by", sa.JSON),
    _column("approvals_missing", sa.Integer),
    _column("forced", sa.JSON),
)

# In words that both databases understand; the migrations hold the same.
_IN_PROGRESS = sa.text("state IN ('starting', 'running') AND \"exclusive\"")
UNENDED = sa.text("state IN ('requested', 'waiting', 'starting', 'running')")
"""Queries say it in the same words: SQLite uses the indexes of what has not ended for no others."""
# One running deployment per app and environment: the database refuses a second one, whoever asks for it.
sa.Index(
    "uq_deployments_running",
    deployments.c.app,
    deployments.c.environment,
    unique=True,
    sqlite_where=_IN_PROGRESS,
    postgresql_where=_IN_PROGRESS,
)
sa.Index(
    "ix_deployments_due",
    deployments.c.due_at,
    sqlite_where=deployments.c.due_at.isnot(None),
    postgresql_where=deployments.c.due_at.isnot(None),
)
for _name, *_of in (
    ("unended", "app", "environment", "id"),
    ("unended_app", "app", "id"),
    ("unended_repository", "repository", "id"),
    ("unended_all", "id"),
):
    _key = [deployments.c[column] for column in _of]
    sa.Index(f"ix_deployments_{_name}", *_key, sqlite_where=UNENDED, postgresql_where=UNENDED)
# For every way to ask for what was deployed, newest first, however much that is.
for _name, *_of in (
    ("sha", "repository", "sha"),
    ("remote", "repository", "remote_id"),
    ("place", "app", "environment", "state", "task", "id"),
    ("merged", "app", "environment", "merged_at", "id"),
    ("history", "app", "environment", "id"),
    ("app", "app", "id"),
    ("environment", "environment", "id"),
    ("app_ref", "app", "ref", "id"),
    ("ref", "ref", "id"),
):
    sa.Index(f"ix_deployments_{_name}", *[deployments.c[column] for column in _of])

output = sa.Table(
    "output",
    metadata,
    sa.Column("deployment_id", BigId, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    _column("line", sa.Text),
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    _column("by", sa.JSON),
    _column("since", Utc),
    _column("reason", sa.Text, nullable=True),
    _column("until", Utc, nullable=True),
    _column("ref", sa.Text, nullable=True),
    _column("sha", sa.Text, nullable=True),
    _column("pull_request", sa.Integer, nullable=True),
    _column("url", sa.Text, nullable=True),
    _column("holds_merges", sa.Boolean),
    _column("remind_at", Utc, nullable=True),
)
"""Environments in one person's hands: the primary key lets one have it, whoever else comes at the same instant."""

lock_watchers = sa.Table(
    "lock_watchers",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    _column("asked_at", Utc, nullable=True),
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("deployment_id", BigId, primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    _column("by", sa.JSON),
    _column("at", Utc),
)
"""Who said yes to a deployment: the primary key counts each person once."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    _column("at", Utc),
    _column("cause", sa.Text),
    _column("action", sa.Text),
    _column("outcome", sa.Text),
    _column("name", sa.Text),
    _column("chat_id", sa.Text, nullable=True),
    _column("login", sa.Text, nullable=True),
    _column("via", sa.Text),
    _column("channel", sa.Text, nullable=True),
    _column("app", sa.Text, nullable=True),
    _column("environment", sa.Text, nullable=True),
    _column("deployment_id", BigId, nullable=True),
    _column("command", sa.Text, nullable=True),
    _column("reason", sa.Text),
    sqlite_autoincrement=True,
)
"""Every decision, kept for ever."""
sa.Index("ix_audit_deployment", audit.c.deployment_id, audit.c.id)
sa.Index("ix_audit_at", audit.c.at, audit.c.id)

timers = sa.Table(
    "timers",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    _column("due_at", Utc, index=True),
    _column("name", sa.Text),
    _column("body", sa.LargeBinary),
)
"""Events that are to happen at a moment."""

kept = sa.Table(
    "kept",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    _column("value", sa.Text),
)
"""Small things that the bot keeps for itself, such as the key that signs links."""

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("chat_id", sa.Text, primary_key=True),
    _column("login", sa.Text, nullable=True),
    _column("how", sa.Text),
    _column("at", Utc),
)
"""Who people are on GitHub: proved, or found by their e-mail address."""

pending_links = sa.Table(
    "pending_links",
    metadata,
    sa.Column("chat_id", sa.Text, primary_key=True),
    _column("attempt", sa.Text),
    _column("login", sa.Text),
    _column("place", sa.JSON),
    _column("interval", sa.Float),
    _column("expires_at", Utc),
    _column("device_code", sa.Text),
)
"""Proofs under way: a person has been given a code to type in at GitHub."""

freezes = sa.Table(
    "freezes",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    _column("app", sa.Text),
    _column("environment", sa.Text),
    _column("person", sa.Text),
    _column("by", sa.JSON),
    _column("reason", sa.Text),
    _column("declared_at", Utc),
    _column("until", Utc, nullable=True),
    sa.UniqueConstraint("app", "environment", "person"),
    # The timers of a freeze are called after its id: one that is over must not come again.
    sqlite_autoincrement=True,
)

window_states = sa.Table(
    "window_states",
    metadata,
    sa.Column("app", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    _column("closed", sa.Boolean),
    _column("changes_at", Utc, nullable=True),
)
"""What the channel was told last of an environment's windows."""

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    _column("app", sa.Text, index=True),
    _column("environment", sa.Text),
    _column("command", sa.Text),
    _column("ref", sa.Text),
    _column("by", sa.JSON),
    _column("place", sa.JSON),
    _column("created_at", Utc),
    _column("at", Utc),
    _column("timezone", sa.Text),
    _column("every", sa.Text, nullable=True),
    _column("cron", sa.Text, nullable=True),
    sqlite_autoincrement=True,
)
"""Deployments that wait for their moment."""
