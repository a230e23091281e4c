"""What can happen: what arrives from outside, and what the bot tells itself."""

from __future__ import annotations


class Event:
    """Something that has happened; handlers subscribe to the kinds of it. Stored as JSON until it is decided on."""

    __slots__ = ()
