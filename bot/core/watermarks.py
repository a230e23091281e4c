"""How far the bot has looked back: for each question to the past two moments, kept in the database.

Since when it is asked, and when it was answered last; a third one is when it was asked in vain since then.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.ports.transaction import Reads, Records

OVERLAP = timedelta(minutes=10)
"""Clocks differ, and lists are late: what was looked at last is looked at again."""
FURTHEST = timedelta(days=3)
"""A bot that was away for longer does not make up for everything: GitHub keeps deliveries as long as this."""


def catch_up(repository: str) -> str:
    """The question what was merged and deployed there."""
    return f"catch-up:{repository}"


def redeliveries(repository: str) -> str:
    """The question which webhooks of the repository did not reach us."""
    return f"redeliveries:{repository}"


def renamed(records: Records, old: str, new: str) -> None:
    """The repository is called otherwise now, and nothing is asked of it for the first time because of that."""
    for was, now in zip(keys(old), keys(new), strict=True):
        kept = records.kept(was)
        if kept is not None:
            records.keep(now, kept)


def keys(repository: str) -> tuple[str, ...]:
    """Under which is kept how far the bot has looked back at the repository."""
    return tuple(f"mark:{question(repository)}" for question in (catch_up, redeliveries))


def since(reads: Reads, question: str, now: datetime) -> datetime | None:
    """From when on the answer to ``question`` is news. None the first time: nothing older than that is made up for."""
    kept = reads.kept(f"mark:{question}")
    if kept is None:
        return None
    first, last, *asked = (datetime.fromisoformat(moment) for moment in kept.split(" "))
    awake = now - max([last, *asked]) <= FURTHEST
    return max(first, last - OVERLAP, first if awake else now - FURTHEST)


def in_vain(records: Records, question: str, now: datetime) -> None:
    """The question was asked and not answered: the bot is not away, however long that goes on."""
    kept = records.kept(f"mark:{question}")
    if kept is not None:
        first, last, *_ = kept.split(" ")
        records.keep(f"mark:{question}", f"{first} {last} {now.replace(microsecond=0).isoformat()}")


def answered(records: Records, question: str, now: datetime) -> None:
    """The question has been answered, or is asked for the first time. The forge's own times are of whole seconds."""
    kept = records.kept(f"mark:{question}")
    moment = now.replace(microsecond=0).isoformat()
    records.keep(f"mark:{question}", f"{kept.split(' ')[0] if kept else moment} {moment}")
