"""The representations of locks, freezes and the board: what programs are told of them, under stable names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.board.model import Standing
from bot.core.deployments.model import Actor
from bot.core.deployments.representation import represented, timestamp
from bot.core.freezes.model import Freeze
from bot.core.hooks.pointers import JSON
from bot.core.locks.model import Lock


def lock(held: Lock) -> dict[str, JSON]:
    return {
        "app": held.app,
        "environment": held.environment,
        "held_by": _person(held.by),
        "reason": held.reason,
        "since": timestamp(held.since),
        "until": timestamp(held.until),
        "ref": held.ref,
        "sha": held.sha,
        "pull_request": held.pull_request,
    }


def freeze(declared: Freeze) -> dict[str, JSON]:
    return {
        "id": declared.id,
        "app": declared.app,
        "environment": declared.environment,
        "declared_by": _person(declared.by),
        "reason": declared.reason,
        "declared_at": timestamp(declared.declared_at),
        "until": timestamp(declared.until),
    }


def board(apps: Mapping[str, Sequence[Standing]], base_url: str | None) -> dict[str, JSON]:
    """Each app with its places, in the order of the settings."""
    return {
        "apps": [
            {"name": name, "environments": [_standing(place, base_url) for place in places]}
            for name, places in apps.items()
        ]
    }


def _standing(place: Standing, base_url: str | None) -> dict[str, JSON]:
    live = place.live
    return {
        "name": place.environment,
        "production": place.production,
        "live": represented(live.deployment, base_url) if live else None,
        "behind": live.behind if live else None,
        "failing": place.failing,
        "running": [represented(one, base_url) for one in place.busy],
        "waiting": [represented(one, base_url) for one in place.waiting],
        "lock": lock(place.lock) if place.lock else None,
        "freeze": freeze(place.freeze) if place.freeze else None,
    }


def _person(who: Actor) -> dict[str, JSON]:
    return {"slack": who.chat_id, "github": who.login, "name": who.name}
