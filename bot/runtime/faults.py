"""Faults of the bot's own, as opposed to what the world refuses."""

from __future__ import annotations

from bot.core.errors import ShipmateError


class Fault(Exception):
    """A handler failed in a way that it should not."""


def described(error: Exception) -> str:
    """What went wrong, in one line, for whoever runs the bot."""
    said = str(error).strip().partition("\n")[0][:300]
    if isinstance(error, ShipmateError | Fault):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
