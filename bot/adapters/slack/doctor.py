"""What ``python -m bot check`` finds out about Slack: tokens, scopes, channels, each with the way to mend it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.slack import validation
from bot.adapters.slack.chat import Slack
from bot.core.errors import ShipmateError
from bot.core.ports.chat import Finding
from bot.core.rich_text import Message

# Why each is needed; slack-manifest.yaml asks for the same.
SCOPES = {
    "app_mentions:read": "to hear its mention",
    "channels:history": "to hear its name and to find its own messages in public channels",
    "channels:read": "to know the channels by name",
    "chat:write": "to speak",
    "commands": "for /deploy",
    "groups:history": "to hear its name and to find its own messages in private channels",
    "groups:read": "to know the private channels by name",
    "im:history": "to hear direct messages",
    "im:write": "to write to people directly",
    "links:read": "to hear of links to its own pages",
    "links:write": "to show below them how things stand",
    "reactions:write": "to show on a command that it was heard, and how it ended",
    "usergroups:read": "to know who belongs to a user group, and to mention it",
    "users:read": "to know people and their time zones",
    "users:read.email": "to know who is who on GitHub, also of authors who never wrote to it",
}


def doctor(slack: Slack, channels: Sequence[str]) -> list[Finding]:
    """The bot token, its scopes and each of ``channels`` (``#name`` or id). What goes wrong is a finding."""
    try:
        us = slack.identity()
    except ShipmateError as error:
        return [Finding(False, str(error), "Check SLACK_BOT_TOKEN (xoxb-…) and SLACK_API_URL.")]
    found = [Finding(True, f"Slack: signed in to {us.workspace} as @{us.name}")]
    found.append(_scopes(us.scopes))
    found += [_channel(slack, channel, us.name) for channel in dict.fromkeys(channels)]
    return found


def examine_app_token(slack: Slack, app_token: str) -> Finding:
    """Whether Socket Mode can be opened with the app-level token (``xapp-…``)."""
    try:
        slack.api.call_as(app_token, "apps.connections.open")
    except ShipmateError as error:
        return Finding(
            False,
            f"Slack: Socket Mode cannot be opened: {error}",
            "Switch Socket Mode on, make an app-level token with connections:write, and put it in SLACK_APP_TOKEN.",
        )
    return Finding(True, "Slack: Socket Mode can be opened")


def _scopes(granted: frozenset[str]) -> Finding:
    missing = [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in granted]
    if not missing:
        return Finding(True, "Slack: the app has every scope it needs")
    return Finding(
        False,
        f"Slack: the app lacks {len(missing)} of its scopes: {', '.join(missing)}",
        "Add them under OAuth & Permissions, or take slack-manifest.yaml as it is, and install the app again.",
    )


def _channel(slack: Slack, name: str, bot: str) -> Finding:
    invite = f"Write /invite @{bot} in {name}"
    try:
        channel = slack.channel_id(name)
        about = slack.directory.channel(channel) if channel else None
    except ShipmateError as error:
        return Finding(False, f"Slack: the channel {name} could not be looked up: {error}", "Try again later.")
    if about is None:
        return Finding(
            False,
            f"Slack: there is no channel {name} that the bot can see",
            f"{invite}, or correct the name in settings.toml.",
        )
    if about.get("is_archived"):
        return Finding(False, f"Slack: the channel {name} is archived", f"Unarchive {name}, or name another channel.")
    if not about.get("is_member"):
        return Finding(False, f"Slack: the bot is not in {name}", f"{invite}.")
    called = f"#{about.get('name')}"
    if name.startswith("#") and called != name.lower():
        what = f"Slack: the bot is in {name}, which is called {called} now"
        return Finding(True, what, f"Write {called} in settings.toml when you like.", warning=True)
    if about.get("is_ext_shared"):
        what = f"Slack: {name} is shared with other workspaces, whose people read what is announced there"
        return Finding(True, what, "Announce in a channel of your own where that is not meant.", warning=True)
    return Finding(True, f"Slack: the bot is in {name}")


class SlackDoctor:
    """Asks Slack about the bot token, the channels and, where there is one, the app token."""

    def __init__(self, slack: Slack, app_token: str | None) -> None:
        self._slack = slack
        self._app_token = app_token

    def doctor(self, names: Sequence[str], /) -> Sequence[Finding]:
        found = doctor(self._slack, names)
        if self._app_token is not None:
            found.append(examine_app_token(self._slack, self._app_token))
        return found

    def problems(self, message: Message, /, *, plainly: bool) -> Sequence[str]:
        """What Slack would refuse the message for."""
        return validation.problems(self._slack.api, message, plainly=plainly)
