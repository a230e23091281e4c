"""Merges that wait share one card: the newest has it, and those before it are part of that. So do promotions.

When one of them goes the card is its, and what still waits behind it gets a card of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.deployments.ancestry import same_line
from bot.core.deployments.model import Deployment, State
from bot.core.ports.transaction import Records


def taken_over(records: Records, wanted: Deployment) -> Deployment:
    """What comes by itself and is about to wait or to start, with the card of those before it that wait."""
    before = [
        one
        for one in records.waiting(wanted.app, wanted.environment)
        if one.trigger == wanted.trigger and same_line(one, wanted) and one.parent != GONE
    ]
    if not before:
        return wanted
    last = before[-1]
    return replace(wanted, card=last.shown_on, channel=last.channel, parent=last.parent, edited_at=last.edited_at)


GONE = ""
"""The parent message of one that goes on without."""


def left_by(records: Records, begun: Deployment) -> Sequence[Deployment]:
    """What came after it and still waits gets a card of its own: to be drawn."""
    newer = [one for one in sharing(records, begun) if one.id > begun.id and one.state is State.WAITING]
    if not newer:
        return ()
    leave(records, newer)
    found = [records.deployment(one.id) for one in newer]
    return [one for one in found if one is not None]


def leave(records: Records, leaving: Sequence[Deployment]) -> None:
    """These have a card of their own from now on, together, and the message stays with the others.

    A card that is called after one of these keeps the name, as what is under way for it does. Theirs has the newest
    one's, else that of whoever has it: they are called after somebody else, and do not need their own.
    """
    own = {one.id for one in leaving}
    name = max(own)
    while others := [one.id for one in records.on_card(name) if one.id not in own]:
        name = others[-1]
    records.leave_card(sorted(own), name)


def waits_with(records: Records, deployment: Deployment) -> Sequence[Deployment]:
    """What else waits on the same card, of merges before it."""
    return [one for one in sharing(records, deployment) if one.id < deployment.id and one.state is State.WAITING]


def sharing(records: Records, deployment: Deployment) -> Sequence[Deployment]:
    return records.on_card(deployment.shown_on)
