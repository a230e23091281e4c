"""What programs are told of what they asked for, where the chat's own sentences do not say it."""

from __future__ import annotations

from datetime import timedelta

from bot.core.deployments.wording import spoken


def stale(age: timedelta) -> str:
    return f"This was asked {spoken(age)} ago and was not done: who knows what has happened since. Ask again."


def no_person(person: str) -> str:
    return (
        f"{person}, who answers for this token, has left the workspace, so their tokens are revoked. "
        "Make a token for somebody else with `python -m bot token create`."
    )


def revoked() -> str:
    return "This token was revoked, or has expired, before its turn came."


def no_name(name: str) -> str:
    return f"“{name}” is no name for a token: letters, digits, “.”, “_” and “-”, 64 at most."


def unknown_request() -> str:
    return "This version of the bot does not know what was asked for."
