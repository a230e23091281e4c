"""What Slack sends, as commands given to the bot: pure, and only of what is meant for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from bot.adapters.slack.web_api import BotIdentity
from bot.core.events.external import ChannelChanged, CommandGiven, Place

Payload: TypeAlias = dict[str, Any]

COMMAND_ACTION = "command:"

OPENING = frozenset({"member_joined_channel", "channel_unarchive", "group_unarchive", "channel_rename", "group_rename"})
"""Events after which a channel may be spoken in again, or is found under its name."""

# Words that people write themselves; every other subtype is an edit, a deletion or a notice of Slack's:
# https://docs.slack.dev/reference/events/message#subtypes
_SPOKEN = frozenset({None, "file_share", "thread_broadcast"})
_GREETING = r"(?:(?:hey|hi|hello|ok|okay|please|yo)[\s,!]+)?"


@dataclass(frozen=True, slots=True)
class Addressed:
    """A command together with the id under which it is stored: the same for every copy that Slack sends of it."""

    id: str
    command: CommandGiven


class Name:
    """How the bot is spoken to: by its mention, or by its name as the first word; a greeting may come before."""

    def __init__(self, bot_name: str, user: str) -> None:
        mention = rf"<@{re.escape(user)}(?:\|[^>]*)?>"
        called = rf"@?{re.escape(bot_name)}(?=[\s:,]|$)"
        self._start = re.compile(rf"\s*{_GREETING}(?:{mention}|{called})[\s:,]*", re.IGNORECASE)

    def after(self, text: str) -> str | None:
        """What follows the bot's name, None where the text does not begin with it."""
        found = self._start.match(text)
        return text[found.end() :] if found else None


def heard(event: Payload, name: Name) -> Addressed | None:
    """A ``message`` or ``app_mention`` event, None where it is not for the bot or not by a person.

    In a direct message every word is for the bot, elsewhere what begins with its name. A mention arrives as both
    events; the message's place and moment make them one.
    """
    if event.get("subtype") not in _SPOKEN or event.get("bot_id") or event.get("hidden") or event.get("edited"):
        return None
    person, channel, ts = event.get("user"), event.get("channel"), event.get("ts")
    if not person or not channel or not ts or person == "USLACKBOT":
        return None
    text = str(event.get("text") or "")
    direct = str(channel).startswith("D")
    rest = name.after(text)
    if rest is None and not (direct and text.strip()):
        return None
    place = Place(channel=channel, thread=event.get("thread_ts"), message=ts, direct=direct)
    via: Literal["direct", "mention"] = "direct" if direct else "mention"
    words = text if rest is None else rest
    command = CommandGiven(text=words, person=person, place=place, via=via, said_at=moment(ts))
    return Addressed(f"slack:{channel}:{ts}", command)


def opened(event: Payload, us: BotIdentity) -> tuple[str, ChannelChanged] | None:
    """A channel that may be open to the bot from now on, and an id for it; None for any other event.

    https://docs.slack.dev/reference/events: ``channel`` is an object where the channel got another name.
    """
    kind, channel = event.get("type"), event.get("channel")
    if kind not in OPENING or (kind == "member_joined_channel" and event.get("user") != us.user):
        return None
    known = channel.get("id") if isinstance(channel, dict) else channel
    if not isinstance(known, str):
        return None
    return f"slack:{kind}:{known}:{event.get('event_ts', '')}", ChannelChanged(known)


def typed(body: Payload) -> Addressed:
    """A slash command: https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling."""
    channel = str(body["channel_id"])
    place = Place(channel=channel, respond=body.get("response_url"), direct=channel.startswith("D"))
    command = CommandGiven(text=str(body.get("text") or ""), person=str(body["user_id"]), place=place, via="slash")
    return Addressed(f"slack:slash:{body['trigger_id']}", command)


def pressed(body: Payload) -> Addressed | None:
    """A press on one of our buttons, None where it carries no command.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    action = next((one for one in body.get("actions", ()) if one.get("action_id", "").startswith(COMMAND_ACTION)), None)
    container = body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id")
    if action is None or not action.get("value") or not channel:
        return None
    shown_in = container.get("message_ts", "")
    place = Place(
        channel=channel,
        thread=(body.get("message") or {}).get("thread_ts") or container.get("thread_ts"),
        # Nobody can answer under a message that only one person sees.
        message=None if container.get("is_ephemeral") else shown_in or None,
        respond=body.get("response_url"),
        direct=str(channel).startswith("D"),
    )
    command = CommandGiven(
        text=action["value"],
        person=body["user"]["id"],
        place=place,
        via="button",
        said_at=moment(action["action_ts"]),
        screen=f"{channel}:{shown_in}" if shown_in else None,
        # After the number and the verb; a button that an older version has drawn has none.
        drawn=":".join(action["action_id"].split(":")[3:]) or None,
    )
    return Addressed(f"slack:button:{shown_in}:{action['action_ts']}", command)


def moment(ts: str) -> datetime | None:
    """When that was: Slack's ``ts`` are seconds since 1970.

    >>> moment("1772445600.000100").isoformat()
    '2026-03-02T10:00:00+00:00'
    """
    seconds, _, _ = str(ts).partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isdecimal() and len(seconds) < 11 else None


def from_elsewhere(body: Payload, us: BotIdentity) -> bool:
    """Whether somebody from another workspace is behind it: Slack Connect shares channels between companies."""
    event = body.get("event") or {}
    user = body.get("user")
    team = body.get("team")
    named = [
        body.get("team_id"),
        team.get("id") if isinstance(team, dict) else team,
        user.get("team_id") if isinstance(user, dict) else None,
        *(event.get(key) for key in ("team", "user_team", "source_team")),
    ]
    teams = {one for one in named if isinstance(one, str)}
    home = {us.team} | ({us.enterprise} if us.enterprise else set())
    if us.enterprise and _enterprise(body) == us.enterprise and not body.get("is_ext_shared_channel"):
        return False
    return not teams or not teams <= home


def _enterprise(body: Payload) -> str | None:
    named = body.get("enterprise_id") or (body.get("enterprise") or {}).get("id")
    return named if isinstance(named, str) else None
