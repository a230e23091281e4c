"""What a hook calls back: kept for the provider that follows its deployment, or taken for its end after all."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.deployments import ending
from bot.core.deployments.model import REMOTE_STATES, Deployment, notes_key
from bot.core.events.internal import ProviderCalledBack
from bot.core.hooks.callback import CALLBACK, Callback
from bot.core.ports.transaction import Records
from bot.router import Router

router = Router()


@router.on(ProviderCalledBack, name="provider_callbacks.called_back")
def called_back(context: Context, event: ProviderCalledBack) -> None:
    """Once it has ended, only the end of one that was given up changes anything."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(event.deployment_id)
    if deployment is None:
        return
    at = event.at.isoformat()
    said = Callback(event.state, event.description, event.environment_url, event.log_url, at)
    if deployment.busy:
        _keep(records, deployment, said)
    elif deployment.given_up and said.end is not None:
        linked = replace(
            deployment,
            log_url=said.log_url or deployment.log_url,
            environment_url=said.environment_url or deployment.environment_url,
        )
        described = said.description or f"Reported {said.state}"
        ending.end_after_all(records, linked, REMOTE_STATES[said.state], context.now, described, copied=True)


def _keep(records: Records, deployment: Deployment, said: Callback) -> None:
    """The provider reads it within a second, in whatever process."""
    key = notes_key(deployment.id, CALLBACK)
    if said.outdates(Callback.read(records.kept(key))):
        records.keep(key, said.written())
