"""What a word may be the name of in git, and how each of these is written so that it is the name of nothing else."""

from __future__ import annotations

import re

HEADS, TAGS = "refs/heads/", "refs/tags/"
_ID = re.compile(r"[0-9a-fA-F]{7,40}")
FULL_ID_LENGTH = 40
SHOWN_DIGITS = 12
"""How many of a commit's id are shown where several begin alike; a button carries all of them."""


def looks_like_id(word: str) -> bool:
    """Whether it may be a commit's id, or the beginning of one: with fewer digits ``fade`` would be one."""
    return _ID.fullmatch(word) is not None


def is_full_id(word: str) -> bool:
    """Whether it is all of a commit's id. Such a word is never anything else, whatever a branch is called."""
    return len(word) == FULL_ID_LENGTH and looks_like_id(word)


def is_exact(ref: str) -> bool:
    """Whether the ref says itself what it is: a pull request, a whole id, or ``refs/heads/…`` and ``refs/tags/…``."""
    return ref.startswith((HEADS, TAGS)) or is_full_id(ref) or re.fullmatch(r"#[0-9]{1,9}", ref) is not None


def short_name(ref: str) -> str:
    """What people call it.

    >>> short_name("refs/heads/topic")
    'topic'
    """
    return ref.removeprefix(HEADS) if ref.startswith(HEADS) else ref.removeprefix(TAGS)
