"""What the bot says about refused credentials of its own: to admins, and to whoever waits."""

from __future__ import annotations

from datetime import timedelta

from bot.core.deployments.wording import spoken
from bot.core.errors import NotAccepted
from bot.core.outages.model import Outage
from bot.core.rich_text import Bold, Message, say


def refused(service: str, owner: str, reason: str, mend: str) -> Message:
    """For admins, when it begins."""
    return say(
        "🔑 ",
        Bold(f"{_who(service, owner)} does not accept my credentials."),
        f" {reason}",
        lines=[
            (f"Merges, commands and deployments that need {service} wait, and nothing is lost.",),
            (f"{mend} I go on by myself within a minute of being accepted again.",),
        ],
    )


def over(service: str, owner: str, lasted: timedelta) -> Message:
    """For those who were told."""
    return say(
        f"🔑 {_who(service, owner)} accepts my credentials again, after {spoken(lasted)}. I go on with what has waited."
    )


def speaks_again(lasted: timedelta) -> Message:
    """For admins: while it lasted nobody could be told."""
    return say(
        f"🔑 Slack did not accept my token for {spoken(lasted)}, so I could say nothing. What I had to say comes now."
    )


def lasts(outage: Outage) -> str:
    """For whoever looks at the listener's page."""
    since = f" since {outage.since:%Y-%m-%d %H:%M} UTC" if outage.since else ""
    return f"{_who(outage.service, outage.owner)} refuses the bot's credentials{since}."


def waits(error: NotAccepted) -> Message:
    """For whoever gave a command meanwhile."""
    return say(
        f"{_who(error.service, error.owner)} does not accept my credentials. My admins are told, and I go on by myself "
        "once they are accepted again."
    )


def _who(service: str, owner: str) -> str:
    return f"{service} ({owner})" if owner else service
