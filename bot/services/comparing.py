"""How far a place is behind a commit: for whoever asks, and for reminders and digests."""

from __future__ import annotations

from bot.context import Context
from bot.core.comparisons.messages import Gap
from bot.core.deployments.model import Changes
from bot.core.ports.forge_types import Commit
from bot.services import shipping
from bot.services.targets import Target


def default_ref(context: Context, target: Target) -> str:
    """What is deployed there where nobody names anything."""
    named = target.environment.ref or target.app.default_ref
    return named or context.forge.repository(target.app.repository, fresh=False).default_branch


def gap(context: Context, target: Target, commit: Commit, name: str) -> Gap:
    """What the place lacks of the commit, which goes by that name.

    Raises NotThere, NotAllowed or Rejected where they cannot be compared.
    """
    live = context.reads.last_success(*target.place)
    changes = Changes(first=True) if live is None else shipping.between(context, target, live.sha, commit)
    return Gap(*target.place, name, name, live, changes, target.environment.production)
