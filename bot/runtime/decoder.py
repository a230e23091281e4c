"""Makes events of what was stored: GitHub's payloads, and events of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from bot.adapters.github import webhooks as github_webhooks
from bot.adapters.storage import serialization
from bot.core.events import Event
from bot.core.ports.chat import Delivery
from bot.runtime.pipeline import Decode
from bot.settings import Settings


def decoder(settings: Settings) -> Decode:
    """What a stored delivery means. GitHub ignores the case of repository names, so events get ours."""
    spelling = {app.repository.lower(): app.repository for app in settings.apps.values()}

    def decode(delivery: Delivery) -> Sequence[Event]:
        if delivery.source != "github":
            return [serialization.event_from_bytes(delivery.name, delivery.body)]
        return [_spelled(event, spelling) for event in github_webhooks.events_of(delivery.name, delivery.body)]

    return decode


def _spelled(event: Any, spelling: dict[str, str]) -> Event:
    if not any(field.name == "repository" for field in fields(event)):
        return event  # type: ignore[no-any-return]
    return replace(event, repository=spelling.get(event.repository.lower(), event.repository))  # type: ignore[no-any-return]
