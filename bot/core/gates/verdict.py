"""What the thread of a deployment hears of its gates."""

from __future__ import annotations

from bot.core.deployments.model import Deployment
from bot.core.deployments.wording import deed
from bot.core.gates.model import Verdict
from bot.core.rich_text import Line, Message

TOLD = frozenset({"review", "order", "up to date", "approval", "protection"})
"""Gates that are there because somebody set them up; that the others are open goes without saying."""


def gates_line(deployment: Deployment, verdict: Verdict) -> Message | None:
    """Which gates it passed, and which of them by force; None where nothing is worth telling."""
    passed: list[Line] = [("✅ ", *answer.line) for answer in verdict.answers if answer.open and answer.gate in TOLD]
    forced: list[Line] = [("⚠️ Passed by force: ", *answer.line) for answer in verdict.forced]
    if not passed and not forced:
        return None
    how = "passes some gates by force" if forced else "passes its gates"
    return Message((f"{deed(deployment)} {how}.",), (*passed, *forced))
