"""The board for programs: from one read for each table, of all apps that a token reaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from bot.adapters.storage.store import Store
from bot.core.api import representations
from bot.core.board.model import Found, Standing, standing
from bot.core.hooks.pointers import JSON
from bot.settings import AppSettings


def board(store: Store, apps: Mapping[str, AppSettings], base_url: str | None) -> dict[str, JSON]:
    """Raises Unavailable."""
    reads, now = store.reads(), store.database.clock.now()
    found: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in reads.board.found([place for app in apps.values() for place in app.places]):
        found[one.deployment.app, one.deployment.environment].append(one)
    locks = {one.place: one for one in reads.locks.all() if not one.ended(now)}
    freezes = {(one.app, one.environment): one for one in reads.freezes.all() if not one.ended(now)}

    def place(app: str, environment: str, *, production: bool) -> Standing:
        key = (app, environment)
        bare = Standing(app, environment, production, lock=locks.get(key), freeze=freezes.get(key))
        return standing(bare, found.get(key, ()))

    standings = {
        name: [place(name, one.name, production=one.production) for one in app.environments.values()]
        for name, app in apps.items()
    }
    return representations.board(standings, base_url)
