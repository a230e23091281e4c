"""What is said of receivers of webhooks that take no events: to admins, and by ``python -m bot check``."""

from __future__ import annotations

from bot.core.outgoing_webhooks.model import Standing
from bot.core.rich_text import Bold, Code, Message, say

MEND = "mend what receives them, or take it out of [[webhooks]]; what waits is sent by itself once it is taken"


def given_up(name: str, count: int, reason: str, *, gone: bool) -> Message:
    """For admins, once until the receiver takes events again."""
    news = f"{name} wants no webhooks any more." if gone else f"{name} has not taken a webhook for a day."
    events = "1 event that waited for it is" if count == 1 else f"{count} events that waited for it are"
    lost = f"{events} dropped" if gone else f"Events are given up after a day, {count} so far"
    later = "What happens from now on is sent all the same" if gone else "What is newer is still tried"
    return say(
        "🪝 ",
        Bold(news),
        f" {_sentence(reason)}",
        lines=[
            (f"{lost}, and will not be sent again. Deployments go on as always.",),
            (f"{later}: mend what receives them, or take it out of ", Code("[[webhooks]]"), " in my settings."),
        ],
    )


def failing(one: Standing) -> str:
    """For ``check``: the last error, since when, and how many wait."""
    since = f" since {one.failing_since:%Y-%m-%d %H:%M} UTC" if one.failing_since else ""
    waits = f"{one.waiting} {'event waits' if one.waiting == 1 else 'events wait'}"
    lost = f", {one.given_up} {'was' if one.given_up == 1 else 'were'} given up" if one.given_up else ""
    return f"The webhook at {one.name} fails{since}: {one.reason.rstrip('.')}; {waits}{lost}"


def _sentence(reason: str) -> str:
    return reason if reason.endswith((".", "!", "?", "…")) else f"{reason}."
