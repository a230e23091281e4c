"""What can happen: what arrives from outside, and what the bot tells itself."""

from __future__ import annotations


class Event:
    """Something that has happened; handlers subscribe to the kinds of it. Stored as JSON until it is decided on."""

    __slots__ = ()


class LookAgain(Event):
    """Idempotent: it says only that something may have changed, and whoever answers it asks how it is by then.

    So of several that are equal and wait together one is decided on, and the others are over with that.
    """

    __slots__ = ()
