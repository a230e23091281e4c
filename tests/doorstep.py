"""Webhooks as the listener stores them, without the listener: what concerns nobody is settled at once."""

from __future__ import annotations

from bot.adapters.storage.bulk_insert import Arrival, Stored, Writer
from bot.adapters.storage.store import Store
from bot.core.errors import ShipmateError
from bot.core.ports.chat import Delivery


def arrival(store: Store, delivery: Delivery) -> Arrival:
    labels = (delivery.about, delivery.repeats, delivery.joins)
    return Arrival(delivery.id, delivery.source, delivery.name, delivery.body, store.database.clock.now(), *labels)


def comes_in(store: Store, delivery: Delivery) -> Stored:
    """Store it for good; what became of it."""
    writer = Writer(store.database)
    try:
        [outcome] = writer.store([arrival(store, delivery)])
    finally:
        writer.close()
    if isinstance(outcome, ShipmateError):
        raise outcome
    return outcome
