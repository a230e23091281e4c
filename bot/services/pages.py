"""The page of a deployment, for those who hear of it in the chat and on GitHub."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import Deployment
from bot.core.errors import ShipmateError
from bot.services.runs import is_ours
from bot.services.targets import target_at


def page_of(context: Context, deployment: Deployment) -> str | None:
    """Raises Unavailable."""
    return context.pages.deployment(deployment.request_id, context.now)


def page_of_app(context: Context, app: str | None) -> str | None:
    """None as well where several apps are meant, and for one that the settings do not name. Raises Unavailable."""
    return context.pages.app(app, context.now) if app is not None and app in context.settings.apps else None


def log_on_forge(context: Context, deployment: Deployment) -> str | None:
    """Where GitHub sends people for the log.

    To the page, from which one gets to what the provider has of its own. What everybody can read shows no key: where
    nobody could see the page by it, the provider's own is better.
    """
    plain = context.pages.plain(deployment.request_id)
    if plain is None:
        return deployment.log_url
    if context.pages.sign_in:
        return plain
    if _is_private(context, deployment):
        return page_of(context, deployment)
    return deployment.log_url or plain


def _is_private(context: Context, deployment: Deployment) -> bool:
    try:
        return context.forge.repository(deployment.repository, fresh=False).private
    except ShipmateError:  # that nobody can tell must not hold the status up
        return False


def keeps_output(context: Context, deployment: Deployment) -> bool:
    """Whether what is written while it is carried out comes to us."""
    return is_ours(context, target_at(context, deployment.app, deployment.environment), deployment)
