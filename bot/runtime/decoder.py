"""Makes events of what was stored: GitHub's payloads, and events of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from bot.adapters.github import webhooks as github_webhooks
from bot.adapters.storage import serialization
from bot.core.events import Event
from bot.core.events.external import ChecksChanged, ReviewChanged
from bot.core.ports.chat import NOBODY, About, Delivery
from bot.core.stored import stored_name
from bot.settings import Settings

Decode = Callable[[Delivery], Sequence[Event]]


def decoder(settings: Settings) -> Decode:
    """What a stored delivery means. GitHub ignores the case of repository names, so events get ours."""
    spelling = _spelling(settings)

    def decode(delivery: Delivery) -> Sequence[Event]:
        if delivery.source != "github":
            return [serialization.event_from_bytes(delivery.name, delivery.body)]
        return [_spelled(event, spelling) for event in github_webhooks.events_of(delivery.name, delivery.body)]

    return decode


def labels(settings: Settings) -> Callable[[Delivery], Delivery]:
    """Adds to a delivery what it is about, so that one that concerns nobody is settled when it is stored.

    One that cannot be read is left as it is, for whoever handles it to say so.
    """
    decode = decoder(settings)
    ours = frozenset(_spelling(settings).values())

    def label(delivery: Delivery) -> Delivery:
        try:
            events = decode(delivery)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is stored, and then told where others are
            return delivery
        if len(events) > 1:
            return delivery
        event = events[0] if events else None
        if event is None or getattr(event, "repository", None) not in ours:
            return replace(delivery, about=NOBODY)
        repeats = serialization.repeats(stored_name(type(event)), serialization.event_to_bytes(event))
        return replace(delivery, about=_about(event), repeats=repeats)

    return label


def _about(event: Event) -> About | None:
    if isinstance(event, ChecksChanged):
        return About(event.repository, event.sha)
    if isinstance(event, ReviewChanged):
        return About(event.repository)
    return None


def _spelling(settings: Settings) -> dict[str, str]:
    return {app.repository.lower(): app.repository for app in settings.apps.values()}


def _spelled(event: Any, spelling: dict[str, str]) -> Event:
    if not any(field.name == "repository" for field in fields(event)):
        return event  # type: ignore[no-any-return]
    return replace(event, repository=spelling.get(event.repository.lower(), event.repository))  # type: ignore[no-any-return]
