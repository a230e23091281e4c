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


class Joinable(Event):
    """Batched: several of one ``subject`` that wait together are decided on at once, as one that has them all."""

    __slots__ = ()

    @property
    def subject(self) -> str:
        raise NotImplementedError

    def joined_by(self, other: Joinable) -> Joinable:
        """The same with another one of its subject."""
        raise NotImplementedError
