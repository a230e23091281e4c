"""How long another service asks to wait, and what its clock shows, in the words of HTTP's headers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def date_in(value: str | None) -> datetime | None:
    """The moment of a ``Date`` header, None where there is none, or it is none."""
    try:
        return parsedate_to_datetime(value).replace(tzinfo=UTC) if value else None  # HTTP knows no other zone
    except ValueError:
        return None


def asked_wait(header: str, now: datetime | None, longest: float) -> float | None:
    """Seconds, or a moment; None where it says neither: https://httpwg.org/specs/rfc9110.html#field.retry-after.

    ``now`` is what the other side's clock shows, None where nobody knows: a moment says nothing then. ``longest`` is
    how long it is believed: whoever asks once more after that loses nothing.
    """
    header = header.strip()
    if header.isascii() and header.isdigit():
        return min(float(header[:9]), longest)
    try:
        moment = parsedate_to_datetime(header)
        return None if now is None else min(max((moment - now).total_seconds(), 0.0), longest)
    except (ValueError, TypeError, OverflowError):
        return None
