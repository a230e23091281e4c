"""What the bot may not write on the forge: kept in the database, so that each is told once, until it works again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.core.ports.transaction import Reads

What: TypeAlias = Literal["comment", "label", "release", "preview"]
KINDS: tuple[What, ...] = ("comment", "label", "release", "preview")
_KEY = "publishing refused:"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The forge lets the bot not write something of this kind in a repository, for this ``reason``."""

    repository: str
    what: What
    reason: str


def key(repository: str, what: What) -> str:
    return f"{_KEY}{what}:{repository.lower()}"


def lasting(reads: Reads) -> list[Refusal]:
    """All that are not over."""
    found = []
    for one in reads.kept_keys(_KEY):
        kind, _, repository = one.removeprefix(_KEY).partition(":")
        found += [Refusal(repository, what, reads.kept(one) or "") for what in KINDS if what == kind]
    return found
