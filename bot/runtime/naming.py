"""Correlation ids: what the lines of the log are found by that belong to one story."""

from __future__ import annotations


def about(what: object) -> dict[str, int]:
    """``deployment`` where the event or the effect is about one, to be bound while it is worked on."""
    number = getattr(what, "deployment_id", None)
    return {"deployment": number} if number is not None else {}
