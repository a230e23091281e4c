"""What a merge card says."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.comparisons.messages import Gap
from bot.core.deployments import ships
from bot.core.deployments.card import joined, minute
from bot.core.deployments.shipping import summary
from bot.core.grammar.commands import Deploy
from bot.core.grammar.offers import offer
from bot.core.merge_cards.model import MergeCard
from bot.core.rich_text import Bold, Button, Line, Link, Message

OFFERED = 2
"""So many environments have a button."""


def card(merged: MergeCard, places: Sequence[tuple[str, bool]], gap: Gap | None) -> Message:
    """``places`` are the environments that it may go to, and whether people outside use them.

    ``gap`` is what the most important of them lacks of it, None where that cannot be told.
    """
    name = (Link(merged.url or None, f"#{merged.number}"), f" {ships.cut(merged.title)}")
    first: Line = ("🔀 ", Bold(merged.app), " ", *name, f" was merged by {merged.merged_by}")
    if gap is not None and gap.live is not None and not gap.behind:
        sentence = f"{merged.app}: #{merged.number} {merged.title} is live in {gap.environment}."
        return Message((sentence,), (first,), ((f"live in {gap.environment}",),))
    buttons = [button for place, production in places[:OFFERED] for button in _deploy(merged, place, gap, production)]
    sentence = f"{merged.merged_by} merged #{merged.number}, {merged.title}. Nothing deploys {merged.app} by itself."
    return Message((sentence,), (first,), (joined([("not deployed by itself",), _waits(gap)]),), tuple(buttons))


def _waits(gap: Gap | None) -> Line:
    """How much waits, and since when."""
    if gap is None or gap.live is None or not gap.behind:
        return ()
    what = summary(gap.changes.shipped, gap.changes.more)
    waits = "waits" if len(gap.changes.shipped) + gap.changes.more == 1 else "wait"
    since: Line = (" since ", minute(gap.oldest)) if gap.oldest is not None else ()
    return (f"{what} {waits} for {gap.environment}", *since)


def _deploy(merged: MergeCard, place: str, gap: Gap | None, production: bool) -> tuple[Button, ...]:
    what = summary(gap.changes.shipped, gap.changes.more) if gap and gap.behind and gap.environment == place else ""
    question = f"{what or f'#{merged.number}'} to {merged.app} → {place}." if production else None
    return offer(f"Deploy to {place}", Deploy(merged.app, merged.base, place), confirm=question)
