"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("deployment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("deployment_id", "person", name=op.f("pk_approvals")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("app", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("deployment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("command", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"], unique=False)
    op.create_index("ix_audit_deployment", "audit", ["deployment_id", "id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "handler", name=op.f("pk_decisions")),
    )
    op.create_table(
        "deliveries",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at", "seq"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_handled_at", "deliveries", ["handled_at"], unique=False)
    op.create_index(
        "ix_deliveries_unhandled",
        "deliveries",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("handled_at IS NULL"),
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("hosts", sa.Text(), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("force_reason", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("waits_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pull_request", sa.Integer(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rollback_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("superseded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("remote_id", sa.BigInteger(), nullable=True),
        sa.Column("last_status", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("log_url", sa.Text(), nullable=True),
        sa.Column("environment_url", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("asked_channel", sa.Text(), nullable=True),
        sa.Column("asked_thread", sa.Text(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("usual_seconds", sa.Float(), nullable=True),
        sa.Column("cancel_by", sa.Text(), nullable=True),
        sa.Column("password_key", sa.Text(), nullable=True),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.JSON(), nullable=False),
        sa.Column("approvals_missing", sa.Integer(), nullable=False),
        sa.Column("forced", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        sa.UniqueConstraint("request_id", name=op.f("uq_deployments_request_id")),
    )
    op.create_index("ix_deployments_app", "deployments", ["app", "id"], unique=False)
    op.create_index("ix_deployments_app_ref", "deployments", ["app", "ref", "id"], unique=False)
    op.create_index(
        "ix_deployments_due",
        "deployments",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_deployments_environment", "deployments", ["environment", "id"], unique=False)
    op.create_index("ix_deployments_history", "deployments", ["app", "environment", "id"], unique=False)
    op.create_index("ix_deployments_merged", "deployments", ["app", "environment", "merged_at", "id"], unique=False)
    op.create_index("ix_deployments_place", "deployments", ["app", "environment", "state", "task", "id"], unique=False)
    op.create_index("ix_deployments_ref", "deployments", ["ref", "id"], unique=False)
    op.create_index("ix_deployments_remote", "deployments", ["repository", "remote_id"], unique=False)
    op.create_index("ix_deployments_sha", "deployments", ["repository", "sha"], unique=False)
    op.create_index(
        "ix_deployments_unended",
        "deployments",
        ["app", "environment", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.create_index(
        "ix_deployments_unended_all",
        "deployments",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.create_index(
        "ix_deployments_unended_app",
        "deployments",
        ["app", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.create_index(
        "ix_deployments_unended_repository",
        "deployments",
        ["repository", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.create_index(
        "uq_deployments_running",
        "deployments",
        ["app", "environment"],
        unique=True,
        sqlite_where=sa.text("state IN ('starting', 'running') AND \"exclusive\""),
        postgresql_where=sa.text("state IN ('starting', 'running') AND \"exclusive\""),
    )
    op.create_table(
        "effects",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effects")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_effects_delivery_id"), "effects", ["delivery_id"], unique=False)
    op.create_index(op.f("ix_effects_done_at"), "effects", ["done_at"], unique=False)
    op.create_index(
        "ix_effects_undone",
        "effects",
        ["lane", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "environments",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("app", "environment", name=op.f("pk_environments")),
    )
    op.create_table(
        "executors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executors")),
    )
    op.create_table(
        "freezes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
        sa.UniqueConstraint("app", "environment", "person", name=op.f("uq_freezes_app_environment_person")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "identities",
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_identities")),
    )
    op.create_table(
        "kept",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept")),
    )
    op.create_table(
        "lanes",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_lanes")),
    )
    op.create_index(op.f("ix_lanes_due_at"), "lanes", ["due_at"], unique=False)
    op.create_table(
        "lock_watchers",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("app", "environment", "person", name=op.f("pk_lock_watchers")),
    )
    op.create_table(
        "locks",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("pull_request", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("holds_merges", sa.Boolean(), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("app", "environment", name=op.f("pk_locks")),
    )
    op.create_table(
        "output",
        sa.Column("deployment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment_id", "n", name=op.f("pk_output")),
    )
    op.create_table(
        "pending_links",
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("interval", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_pending_links")),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=True),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_schedules_app"), "schedules", ["app"], unique=False)
    op.create_table(
        "timers",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_timers")),
    )
    op.create_index(op.f("ix_timers_due_at"), "timers", ["due_at"], unique=False)
    op.create_table(
        "window_states",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("changes_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("app", "environment", name=op.f("pk_window_states")),
    )


def downgrade() -> None:
    op.drop_table("window_states")
    op.drop_index(op.f("ix_timers_due_at"), table_name="timers")
    op.drop_table("timers")
    op.drop_index(op.f("ix_schedules_app"), table_name="schedules")
    op.drop_table("schedules")
    op.drop_table("pending_links")
    op.drop_table("output")
    op.drop_table("locks")
    op.drop_table("lock_watchers")
    op.drop_index(op.f("ix_lanes_due_at"), table_name="lanes")
    op.drop_table("lanes")
    op.drop_table("kept")
    op.drop_table("identities")
    op.drop_table("freezes")
    op.drop_table("executors")
    op.drop_table("environments")
    op.drop_index(
        "ix_effects_undone",
        table_name="effects",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_index(op.f("ix_effects_done_at"), table_name="effects")
    op.drop_index(op.f("ix_effects_delivery_id"), table_name="effects")
    op.drop_table("effects")
    op.drop_index(
        "uq_deployments_running",
        table_name="deployments",
        sqlite_where=sa.text("state IN ('starting', 'running') AND \"exclusive\""),
        postgresql_where=sa.text("state IN ('starting', 'running') AND \"exclusive\""),
    )
    op.drop_index(
        "ix_deployments_unended_repository",
        table_name="deployments",
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.drop_index(
        "ix_deployments_unended_app",
        table_name="deployments",
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.drop_index(
        "ix_deployments_unended_all",
        table_name="deployments",
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.drop_index(
        "ix_deployments_unended",
        table_name="deployments",
        sqlite_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
        postgresql_where=sa.text("state IN ('requested', 'waiting', 'starting', 'running')"),
    )
    op.drop_index("ix_deployments_sha", table_name="deployments")
    op.drop_index("ix_deployments_remote", table_name="deployments")
    op.drop_index("ix_deployments_ref", table_name="deployments")
    op.drop_index("ix_deployments_place", table_name="deployments")
    op.drop_index("ix_deployments_merged", table_name="deployments")
    op.drop_index("ix_deployments_history", table_name="deployments")
    op.drop_index("ix_deployments_environment", table_name="deployments")
    op.drop_index(
        "ix_deployments_due",
        table_name="deployments",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_index("ix_deployments_app_ref", table_name="deployments")
    op.drop_index("ix_deployments_app", table_name="deployments")
    op.drop_table("deployments")
    op.drop_index(
        "ix_deliveries_unhandled",
        table_name="deliveries",
        sqlite_where=sa.text("handled_at IS NULL"),
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.drop_index("ix_deliveries_handled_at", table_name="deliveries")
    op.drop_index(
        "ix_deliveries_due",
        table_name="deliveries",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("deliveries")
    op.drop_table("decisions")
    op.drop_index("ix_audit_deployment", table_name="audit")
    op.drop_index("ix_audit_at", table_name="audit")
    op.drop_table("audit")
    op.drop_table("approvals")
