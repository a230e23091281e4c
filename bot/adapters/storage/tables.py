"""The tables. Migrations in ``bot/migrations`` bring a database to this shape; a test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

from bot.adapters.storage.columns import BigId, Text, Utc, column, metadata
from bot.adapters.storage.feature_tables import (
    api_requests,
    api_tokens,
    approvals,
    audit,
    away_cards,
    channels,
    deployed_pull_requests,
    freezes,
    home_viewers,
    identities,
    lock_watchers,
    locks,
    login_claims,
    merge_cards,
    mutes,
    notices,
    pending_links,
    presses,
    reached_people,
    releases,
    replies,
    repositories,
    schedules,
    silences,
    twins,
    webhook_events,
    webhook_receivers,
    window_states,
)

__all__ = [
    "UNENDED",
    "BigId",
    "Utc",
    "api_requests",
    "api_tokens",
    "approvals",
    "audit",
    "away_cards",
    "channels",
    "decisions",
    "deliveries",
    "deployed_pull_requests",
    "deployments",
    "effects",
    "environments",
    "executors",
    "freezes",
    "home_viewers",
    "identities",
    "kept",
    "lanes",
    "lock_watchers",
    "locks",
    "login_claims",
    "merge_cards",
    "metadata",
    "mutes",
    "notices",
    "output",
    "pending_links",
    "presses",
    "reached_people",
    "releases",
    "replies",
    "repositories",
    "schedules",
    "silences",
    "timers",
    "twins",
    "webhook_events",
    "webhook_receivers",
    "window_states",
]

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    column("id", Text, unique=True),
    column("source", Text),
    column("name", Text),
    column("body", sa.LargeBinary),
    column("received_at", Utc),
    column("due_at", Utc, nullable=True),
    column("tries", sa.Integer, server_default="0"),
    column("refused", sa.Integer, server_default="0"),
    column("taken_by", Text, nullable=True),
    column("handled_at", Utc, nullable=True),
    column("failure", Text, nullable=True),
    column("person", Text, nullable=True),
    column("faults", sa.Integer, server_default="0"),
    column("set_aside_at", Utc, nullable=True),
    column("repeats", Text, nullable=True),
    column("joins", Text, nullable=True),
)
"""``person`` has given a command. Of those with the same ``repeats`` that wait together one is enough, those with the
same ``joins`` are decided on together. ``faults``
counts the attempts that failed by a fault of the bot's own, or of which their process died. What is set aside counts as
handled: nobody waits for it, and the version before leaves it alone."""
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
_REPEATS = sa.and_(deliveries.c.due_at.isnot(None), deliveries.c.repeats.isnot(None))
sa.Index("ix_deliveries_repeats", deliveries.c.repeats, sqlite_where=_REPEATS, postgresql_where=_REPEATS)
_JOINS = sa.and_(deliveries.c.due_at.isnot(None), deliveries.c.joins.isnot(None))
sa.Index("ix_deliveries_joins", deliveries.c.joins, sqlite_where=_JOINS, postgresql_where=_JOINS)
# One person's commands, of which one is taken at a time; webhooks are none of its business.
_COMMANDS = sa.and_(deliveries.c.handled_at.is_(None), deliveries.c.person.isnot(None))
sa.Index(
    "ix_deliveries_person",
    deliveries.c.person,
    deliveries.c.due_at,
    deliveries.c.seq,
    sqlite_where=_COMMANDS,
    postgresql_where=_COMMANDS,
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("delivery_id", Text, primary_key=True),
    sa.Column("handler", Text, primary_key=True),
    column("decided_at", Utc),
)

effects = sa.Table(
    "effects",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("delivery_id", Text, index=True),
    column("lane", Text),
    column("name", Text),
    column("body", Text),
    column("created_at", Utc),
    column("attempted_at", Utc, nullable=True),
    column("done_at", Utc, nullable=True, index=True),
    column("failure", Text, nullable=True),
    column("faults", sa.Integer, server_default="0"),
    column("set_aside_at", Utc, nullable=True),
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

for _table in (deliveries, effects):
    _aside = _table.c.set_aside_at
    sa.Index(
        f"ix_{_table.name}_set_aside_at", _aside, sqlite_where=_aside.isnot(None), postgresql_where=_aside.isnot(None)
    )

lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("lane", Text, primary_key=True),
    column("due_at", Utc, nullable=True, index=True),
    column("tries", sa.Integer),
    column("reason", Text),
    column("owner", Text, nullable=True),
    column("again", sa.Boolean),
)

executors = sa.Table(
    "executors",
    metadata,
    sa.Column("id", Text, primary_key=True),
    column("seen_at", sa.DateTime(timezone=True)),
)
"""Processes that are alive, by their leases; the moment is the database's own."""

environments = sa.Table(
    "environments",
    metadata,
    sa.Column("app", Text, primary_key=True),
    sa.Column("environment", Text, primary_key=True),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("request_id", Text, unique=True),
    column("app", Text),
    column("environment", Text),
    column("repository", Text),
    column("ref", Text),
    column("sha", Text),
    column("state", Text),
    column("trigger", Text),
    column("by", sa.JSON),
    column("created_at", Utc),
    column("title", Text),
    column("url", Text, nullable=True),
    column("task", Text),
    column("hosts", Text, nullable=True),
    column("params", sa.JSON),
    column("force", sa.Boolean),
    column("force_reason", Text, nullable=True),
    column("reason", Text, nullable=True),
    column("waits_for", Text, nullable=True),
    column("waits_since", Utc, nullable=True),
    column("due_at", Utc, nullable=True),
    column("pull_request", sa.Integer, nullable=True),
    column("merged_at", Utc, nullable=True),
    column("retry_of", BigId, nullable=True),
    column("rollback_of", BigId, nullable=True),
    column("superseded_by", BigId, nullable=True),
    column("remote_id", sa.BigInteger, nullable=True),
    column("last_status", sa.BigInteger),
    column("started_at", Utc, nullable=True),
    column("finished_at", Utc, nullable=True),
    column("description", Text),
    column("log_url", Text, nullable=True),
    column("environment_url", Text, nullable=True),
    column("channel", Text, nullable=True),
    column("parent", Text, nullable=True),
    column("asked_channel", Text, nullable=True),
    column("asked_thread", Text, nullable=True),
    column("changes", sa.JSON),
    column("usual_seconds", sa.Float, nullable=True),
    column("cancel_by", Text, nullable=True),
    column("password_key", Text, nullable=True),
    column("exclusive", sa.Boolean),
    column("edited_at", Utc, nullable=True),
    column("approved_by", sa.JSON),
    column("approvals_missing", sa.Integer),
    column("forced", sa.JSON),
    column("given_up_at", Utc, nullable=True),
    column("replaced_by", BigId, nullable=True),
    column("thread", Text, nullable=True),
    column("asked_message", Text, nullable=True),
    column("card", BigId, nullable=True),
    column("story", sa.JSON(none_as_null=True), nullable=True),
    column("drawn", Text, nullable=True),
    column("promoted_from", BigId, nullable=True),
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
sa.Index(
    "ix_deployments_given_up",
    deployments.c.given_up_at,
    sqlite_where=deployments.c.given_up_at.isnot(None),
    postgresql_where=deployments.c.given_up_at.isnot(None),
)
_MERGED = deployments.c.merged_at.isnot(None)
sa.Index(
    "ix_deployments_merges",
    deployments.c.app,
    deployments.c.environment,
    deployments.c.pull_request,
    sqlite_where=_MERGED,
    postgresql_where=_MERGED,
)
# Whose thread it is in which something is said: under its parent message, or under the command that asked for it.
for _name, *_of in (("parent", "parent", "channel"), ("asked", "asked_thread", "asked_channel")):
    _there = deployments.c[_of[0]].isnot(None)
    _key = [deployments.c[column] for column in _of]
    sa.Index(f"ix_deployments_{_name}", *_key, sqlite_where=_there, postgresql_where=_there)
_PROMOTED = deployments.c.promoted_from.isnot(None)
sa.Index(
    "ix_deployments_promoted_from",
    deployments.c.promoted_from,
    sqlite_where=_PROMOTED,
    postgresql_where=_PROMOTED,
)
_SHARED = deployments.c.card.isnot(None)
sa.Index("ix_deployments_card", deployments.c.card, sqlite_where=_SHARED, postgresql_where=_SHARED)
_OFFERS = deployments.c.replaced_by.is_(None)
sa.Index(
    "ix_deployments_offering",
    deployments.c.app,
    deployments.c.environment,
    deployments.c.id,
    sqlite_where=_OFFERS,
    postgresql_where=_OFFERS,
)
# For every way to ask for what was deployed, newest first, however much that is.
for _name, *_of in (
    ("sha", "sha"),
    ("remote", "remote_id"),
    ("place", "app", "environment", "state", "task", "id"),
    ("started", "app", "environment", "state", "task", "started_at", "id"),
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
    column("line", Text),
)

timers = sa.Table(
    "timers",
    metadata,
    sa.Column("key", Text, primary_key=True),
    column("due_at", Utc, index=True),
    column("name", Text),
    column("body", sa.LargeBinary),
)
"""Events that are to happen at a moment."""

kept = sa.Table(
    "kept",
    metadata,
    sa.Column("key", Text, primary_key=True),
    column("value", Text),
)
"""Small things that the bot keeps for itself, such as the key that signs links."""
