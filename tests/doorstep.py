"""Webhooks as the listener stores them, without the listener: what concerns nobody is settled at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from bot.adapters.storage.bulk_insert import Arrival, Outcome, Stored, Writer
from bot.adapters.storage.store import Store
from bot.core.errors import ShipmateError
from bot.core.ports.chat import Delivery


def arrival(store: Store, delivery: Delivery) -> Arrival:
    labels = (delivery.about, delivery.repeats, delivery.joins)
    return Arrival(delivery.id, delivery.source, delivery.name, delivery.body, store.database.clock.now(), *labels)


def written(store: Store, groups: Iterable[Sequence[Arrival]]) -> list[Outcome]:
    """What became of each, one group after the other through one connection."""

    async def write() -> list[Outcome]:
        writer = Writer(store.database)
        try:
            return [outcome for group in groups for outcome in await writer.store(group)]
        finally:
            await writer.close()

    return asyncio.run(write())


def comes_in(store: Store, delivery: Delivery) -> Stored:
    """Store it for good; what became of it."""
    [outcome] = written(store, [[arrival(store, delivery)]])
    if isinstance(outcome, ShipmateError):
        raise outcome
    return outcome
