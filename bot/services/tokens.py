"""Tokens of the API whose people have left: none of theirs is good any longer."""

from __future__ import annotations

from datetime import datetime

from bot.core.api import messages
from bot.core.audit.model import ITSELF
from bot.core.ports.transaction import Records


def revoke_of(records: Records, person: str, now: datetime) -> None:
    """Whoever has left answers for none of their tokens: what is read with them is not to be read either."""
    records.audit.attribute(ITSELF)
    for name in records.api.revoke_of(person, now):
        records.audit.record("token revoke", reason=f"{name}: {messages.no_person(person)}")
