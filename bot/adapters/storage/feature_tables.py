"""The tables of single features, such as locks, freezes, approvals, schedules, people, notices and the audit."""

from __future__ import annotations

import sqlalchemy as sa

from bot.adapters.storage.columns import BigId, Text, Utc, column, metadata

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("app", Text, primary_key=True),
    sa.Column("environment", Text, primary_key=True),
    column("by", sa.JSON),
    column("since", Utc),
    column("reason", Text, nullable=True),
    column("until", Utc, nullable=True),
    column("ref", Text, nullable=True),
    column("sha", Text, nullable=True),
    column("pull_request", sa.Integer, nullable=True),
    column("url", Text, nullable=True),
    column("holds_merges", sa.Boolean),
    column("remind_at", Utc, nullable=True),
)
"""Environments in one person's hands: the primary key lets one have it, whoever else comes at the same instant."""

lock_watchers = sa.Table(
    "lock_watchers",
    metadata,
    sa.Column("app", Text, primary_key=True),
    sa.Column("environment", Text, primary_key=True),
    sa.Column("person", Text, primary_key=True),
    column("asked_at", Utc, nullable=True),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("name", Text),
    column("digest", Text, unique=True),
    column("person", Text),
    column("apps", sa.JSON),
    column("read_only", sa.Boolean),
    column("created_at", Utc),
    column("expires_at", Utc, nullable=True),
    column("revoked_at", Utc, nullable=True),
    column("last_used_at", Utc, nullable=True),
    sqlite_autoincrement=True,
)
"""Tokens of the API, each by its SHA-256 alone. No ``apps`` are all of them."""
_VALID = api_tokens.c.revoked_at.is_(None)
# Of a name one is valid; those that were revoked before may have had the same.
sa.Index("uq_api_tokens_name", api_tokens.c.name, unique=True, sqlite_where=_VALID, postgresql_where=_VALID)

api_requests = sa.Table(
    "api_requests",
    metadata,
    sa.Column("id", Text, primary_key=True),
    column("token_id", BigId),
    column("fingerprint", Text),
    column("created_at", Utc, index=True),
    column("status", sa.Integer, nullable=True),
    column("answer", Text, nullable=True),
)
"""What programs have asked for, and the answer once it is decided: the HTTP ``status``, and the body as JSON.

The id is made of the token and the idempotency key, if there is one; ``fingerprint`` tells whether it is the same."""

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("deployment_id", BigId, primary_key=True),
    sa.Column("person", Text, primary_key=True),
    column("by", sa.JSON),
    column("at", Utc),
)
"""Who said yes to a deployment: the primary key counts each person once."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("at", Utc),
    column("cause", Text),
    column("action", Text),
    column("outcome", Text),
    column("name", Text),
    column("chat_id", Text, nullable=True),
    column("login", Text, nullable=True),
    column("via", Text),
    column("channel", Text, nullable=True),
    column("token", Text, nullable=True),
    column("app", Text, nullable=True),
    column("environment", Text, nullable=True),
    column("deployment_id", BigId, nullable=True),
    column("command", Text, nullable=True),
    column("reason", Text),
    sqlite_autoincrement=True,
)
"""Every decision, kept for ever."""
sa.Index("ix_audit_deployment", audit.c.deployment_id, audit.c.id)
sa.Index("ix_audit_at", audit.c.at, audit.c.id)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("chat_id", Text, primary_key=True),
    column("login", Text, nullable=True),
    column("how", Text),
    column("at", Utc),
)
"""Who people are on GitHub: proved, or found by their e-mail address."""

pending_links = sa.Table(
    "pending_links",
    metadata,
    sa.Column("chat_id", Text, primary_key=True),
    column("attempt", Text),
    column("login", Text),
    column("place", sa.JSON),
    column("interval", sa.Float),
    column("expires_at", Utc),
    column("device_code", Text),
)
"""Proofs under way: a person has been given a code to type in at GitHub."""

login_claims = sa.Table(
    "login_claims",
    metadata,
    sa.Column("chat_id", Text, primary_key=True),
    column("login", Text),
    column("holder", Text),
    column("place", sa.JSON),
    column("expires_at", Utc),
)
"""Logins that a person has proved and another one holds."""

mutes = sa.Table(
    "mutes",
    metadata,
    sa.Column("chat_id", Text, primary_key=True),
    column("since", Utc),
)
"""People who want to be written to and mentioned only where they have asked for something."""

reached_people = sa.Table(
    "reached_people",
    metadata,
    sa.Column("login", Text, primary_key=True),
    column("chat_id", Text, nullable=True),
    column("at", Utc),
)
"""Who a login on GitHub is, by an e-mail address: to be told something, never to be let do something."""

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("app", Text, primary_key=True),
    sa.Column("environment", Text, primary_key=True),
    sa.Column("pull_request", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("person", Text, primary_key=True),
    column("deployment_id", BigId),
    column("changed_by", BigId),
    column("title", Text),
    column("url", Text, nullable=True),
    column("live", sa.Boolean),
    column("message_id", Text, nullable=True),
    sa.Index(None, "deployment_id", "person"),
)
"""Authors who were told of their pull requests in an environment: the primary key tells each of them once."""

deployed_pull_requests = sa.Table(
    "deployed_pull_requests",
    metadata,
    sa.Column("app", Text, primary_key=True),
    sa.Column("environment", Text, primary_key=True),
    sa.Column("pull_request", sa.Integer, primary_key=True, autoincrement=False),
    column("deployment_id", BigId),
    column("changed_by", BigId),
    column("live", sa.Boolean),
    column("waits", sa.Boolean),
    column("comment_id", sa.BigInteger, nullable=True),
    column("drawn", Text, nullable=True),
    column("label", Text, nullable=True),
    sa.Index(None, "app", "pull_request"),
)
"""Where pull requests are live, and what is written of that on them; what ``waits`` is still to be written."""
_WAITS = sa.text("waits")
sa.Index(
    "ix_deployed_pull_requests_waits",
    deployed_pull_requests.c.changed_by,
    sqlite_where=_WAITS,
    postgresql_where=_WAITS,
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("deployment_id", BigId, primary_key=True, autoincrement=False),
    column("app", Text),
    column("environment", Text),
    column("sha", Text),
    column("tag", Text),
    column("release_id", sa.BigInteger, nullable=True),
    sa.Index(None, "app", "environment", "deployment_id"),
)
"""Deployments of which there is a release, or is to be one."""

freezes = sa.Table(
    "freezes",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("app", Text),
    column("environment", Text),
    column("person", Text),
    column("by", sa.JSON),
    column("reason", Text),
    column("declared_at", Utc),
    column("until", Utc, nullable=True),
    sa.UniqueConstraint("app", "environment", "person"),
    # The timers of a freeze are called after its id: one that is over must not come again.
    sqlite_autoincrement=True,
)

window_states = sa.Table(
    "window_states",
    metadata,
    sa.Column("app", Text, primary_key=True),
    sa.Column("environment", Text, primary_key=True),
    column("closed", sa.Boolean),
    column("changes_at", Utc, nullable=True),
)
"""What the channel was told last of an environment's windows."""

twins = sa.Table(
    "twins",
    metadata,
    sa.Column("repository", Text, primary_key=True),
    sa.Column("remote_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    column("deployment_id", BigId, index=True),
    column("state", Text),
    column("last_status", sa.BigInteger),
    column("followed", sa.Boolean),
)
"""Deployments that jobs of GitHub Actions make of ours."""

repositories = sa.Table(
    "repositories",
    metadata,
    sa.Column("app", Text, primary_key=True),
    column("name", Text),
    column("number", sa.BigInteger),
    column("called", Text),
    column("looked_at", Utc),
    column("told", Text),
)
"""Which repository an app's code is in, by GitHub's number."""

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("app", Text, index=True),
    column("environment", Text),
    column("command", Text),
    column("ref", Text),
    column("by", sa.JSON),
    column("place", sa.JSON),
    column("created_at", Utc),
    column("at", Utc),
    column("timezone", Text),
    column("every", Text, nullable=True),
    column("cron", Text, nullable=True),
    sqlite_autoincrement=True,
)
"""Deployments that wait for their moment."""

presses = sa.Table(
    "presses",
    metadata,
    sa.Column("key", Text, primary_key=True),
    column("name", Text),
    column("chat_id", Text, nullable=True),
    column("deployment_id", BigId, nullable=True),
    column("at", Utc),
)
"""What was started by a button, under the button, so that it is started once."""

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("name", Text, primary_key=True),
    column("id", Text, index=True),
)
"""Which channel the settings mean by a name, however it is called now."""

silences = sa.Table(
    "silences",
    metadata,
    sa.Column("channel", Text, primary_key=True),
    sa.Column("thread", Text, primary_key=True),
    column("reason", Text),
    column("visible", sa.Boolean),
    column("since", Utc),
)
"""Where the bot was not let speak: a thread, or a whole channel. What is ``visible`` is looked at again."""

home_viewers = sa.Table(
    "home_viewers",
    metadata,
    sa.Column("person", Text, primary_key=True),
    column("opened_at", Utc, index=True),
    column("openings", sa.Integer),
    column("asked", sa.Integer),
    column("shown", sa.Integer),
    column("look", Text),
    column("published_at", Utc, nullable=True),
    column("drawn", Text),
)
"""Who has opened the home tab, what they look at, and what was drawn for them last."""

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("deployment_id", BigId, primary_key=True),
    sa.Column("kind", Text, primary_key=True),
    column("channel", Text),
    column("message_id", Text),
    column("edited_at", Utc),
    column("drawn", Text),
)
"""What is told of a deployment beside its parent message, and changed where it stands."""

merge_cards = sa.Table(
    "merge_cards",
    metadata,
    sa.Column("app", Text, primary_key=True),
    column("number", sa.Integer),
    column("title", Text),
    column("url", Text),
    column("merged_by", Text),
    column("base", Text),
    column("sha", Text),
    column("first_sha", Text),
    column("merged_at", Utc),
    column("channel", Text, nullable=True),
    column("message_id", Text, nullable=True, index=True),
    column("edited_at", Utc, nullable=True),
    column("drawn", Text, nullable=True),
)
"""The newest merge of an app that nothing deploys by itself, and the message that announces it."""

away_cards = sa.Table(
    "away_cards",
    metadata,
    sa.Column("deployment_id", BigId, primary_key=True),
    column("channel", Text, index=True),
    column("parent", Text, nullable=True),
    column("reason", Text),
    column("effect_id", BigId),
)
"""Deployments whose parent message is not where it belongs, in the ``channel``; ``parent`` was posted there before."""

webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    column("receiver", Text),
    column("delivery", Text),
    column("deployment_id", BigId),
    column("name", Text),
    column("deployment", Text),
    column("created_at", Utc),
    column("due_at", Utc),
    column("tries", sa.Integer),
    column("reason", Text),
    sqlite_autoincrement=True,
)
"""Events of outgoing webhooks that wait to be sent, a row for each receiver; whatever was sent is gone."""
sa.Index(None, webhook_events.c.receiver, webhook_events.c.due_at, webhook_events.c.id)
sa.Index(None, webhook_events.c.receiver, webhook_events.c.deployment_id, webhook_events.c.id)

webhook_receivers = sa.Table(
    "webhook_receivers",
    metadata,
    sa.Column("id", Text, primary_key=True),
    column("name", Text),
    column("seen_at", Utc),
    column("owner", Text, nullable=True),
    column("failures", sa.Integer),
    column("failing_since", Utc, nullable=True),
    column("rests_until", Utc, nullable=True),
    column("reason", Text),
    column("given_up", sa.Integer),
    column("told_at", Utc, nullable=True),
)
"""Who receives them. ``seen_at`` is when a process last had it in its settings, ``owner`` the process that sends."""
