"""What Slack sends to an app: events, slash commands and presses on buttons, as Slack words them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers.slack.shapes import message_json
from tests.servers.slack.state import APP, BOT_USER, TEAM, Channel, Ephemeral, Message, User

Kind = Literal["events_api", "slash_commands", "interactive"]


@dataclass
class Envelope:
    """One thing sent to the app. ``acked`` turns true when the app says so; ``answer`` is what it said with it."""

    id: str
    kind: Kind
    payload: dict[str, Any]
    user: str
    channel: str
    attempts: int = 0
    acked: bool = False
    answer: dict[str, Any] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)


def event(event: dict[str, Any], *, event_id: str, team: str = TEAM, shared: bool = False) -> dict[str, Any]:
    """https://docs.slack.dev/apis/events-api#event-type-structure."""
    return {
        "token": "unused",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "api_app_id": APP,
        "type": "event_callback",
        "event": event,
        "event_id": event_id,
        "event_time": int(time.time()),
        "is_ext_shared_channel": shared,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
    }


def said(message: Message, channel: Channel, by: User, *, kind: str = "message") -> dict[str, Any]:
    """The inner event of something said: a ``message`` or an ``app_mention``."""
    inner = {**message_json(message), "type": kind, "channel": channel.id, "event_ts": message.ts, "team": by.team}
    if kind == "message":
        inner["channel_type"] = channel.type
    if by.team != TEAM:
        inner |= {"user_team": by.team, "source_team": by.team}
    return inner


def edited(message: Message, channel: Channel, now: str) -> dict[str, Any]:
    """``message_changed``: hidden, and without a text of its own."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.type,
        "ts": now,
        "event_ts": now,
        "message": {**message_json(message), "edited": {"user": message.user, "ts": now}},
        "previous_message": {**message_json(message), "text": message.edits[-1].text},
    }


def deleted(message: Message, channel: Channel) -> dict[str, Any]:
    """``message_deleted``."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.type,
        "deleted_ts": message.ts,
        "ts": message.ts,
        "event_ts": message.ts,
        "previous_message": message_json(message),
    }


def slash(user: User, channel: Channel, command: str, text: str, *, trigger: str, respond: str) -> dict[str, Any]:
    """https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling."""
    return {
        "token": "unused",
        "team_id": user.team,
        "team_domain": "acme",
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.of else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": respond,
        "trigger_id": trigger,
    }


def act(
    user: User, view: dict[str, Any], action: dict[str, Any], block: str, *, ts: str, trigger: str
) -> dict[str, Any]:
    """Something is pressed or chosen in a view: there is no channel, and no address for answers."""
    return {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "unused",
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger,
        "team": {"id": TEAM, "domain": "acme"},
        "enterprise": None,
        "is_enterprise_install": False,
        "view": view,
        "actions": [{**action, "action_ts": ts, "block_id": block}],
    }


def sent_off(user: User, view: dict[str, Any], *, trigger: str) -> dict[str, Any]:
    """https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload#view_submission."""
    return {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "unused",
        "trigger_id": trigger,
        "view": view,
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def closed(user: User, view: dict[str, Any]) -> dict[str, Any]:
    """https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload#view_closed."""
    return {
        "type": "view_closed",
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "unused",
        "view": view,
        "is_cleared": False,
        "is_enterprise_install": False,
        "enterprise": None,
    }


def shortcut(
    user: User, callback: str, message: Message, channel: Channel, *, trigger: str, respond: str
) -> dict[str, Any]:
    """A message shortcut: https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload."""
    return {
        "type": "message_action",
        "callback_id": callback,
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "unused",
        "trigger_id": trigger,
        "response_url": respond,
        "action_ts": f"{time.time():.6f}",
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": "directmessage" if channel.of else channel.name},
        "message": {**message_json(message, metadata=True), "type": "message"},
        "is_enterprise_install": False,
        "enterprise": None,
    }


def suggestion(user: User, view: dict[str, Any], block: str, action: str, typed: str) -> dict[str, Any]:
    """https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload."""
    return {
        "type": "block_suggestion",
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user.id, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "unused",
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "block_id": block,
        "action_id": action,
        "value": typed,
    }


def press(
    user: User,
    shown: Message | Ephemeral,
    channel: Channel,
    pressed: dict[str, Any],
    *,
    ts: str,
    trigger: str,
    respond: str,
) -> dict[str, Any]:
    """``pressed`` is the button, or the menu with its ``selected_option``.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    only_to_one = isinstance(shown, Ephemeral)
    container = {
        "type": "message",
        "message_ts": shown.ts,
        "channel_id": channel.id,
        "is_ephemeral": only_to_one,
        **({"thread_ts": shown.thread_ts} if shown.thread_ts else {}),
    }
    body = {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": "unused",
        "container": container,
        "trigger_id": trigger,
        "team": {"id": TEAM, "domain": "acme"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": "directmessage" if channel.of else channel.name},
        "response_url": respond,
        "actions": [{**pressed, "action_ts": ts, "block_id": "b0"}],
    }
    return body if isinstance(shown, Ephemeral) else {**body, "message": message_json(shown)}


def links(
    message: Message, channel: Channel, found: list[tuple[str, str]], source: str, member: bool
) -> dict[str, Any]:
    """The inner event of links that were shared, each with its domain: https://docs.slack.dev/reference/events/link_shared."""
    composed = source == "composer"
    return {
        "type": "link_shared",
        "channel": "COMPOSER" if composed else channel.id,
        "is_bot_user_member": member,
        "user": message.user,
        "message_ts": f"{message.user}-composed" if composed else message.ts,
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        "unfurl_id": f"{channel.id}.{message.ts}",
        "source": source,
        "links": [{"url": link, "domain": domain} for link, domain in found],
        "event_ts": message.ts,
    }


def press_unfurled(
    user: User,
    message: Message,
    channel: Channel,
    pressed: dict[str, Any],
    link: str,
    *,
    ts: str,
    trigger: str,
    respond: str,
) -> dict[str, Any]:
    """A press below a link: the container is the message of whoever posted it, which does not come along."""
    body = press(user, message, channel, pressed, ts=ts, trigger=trigger, respond=respond)
    del body["message"]
    unfurled = {"type": "message_attachment", "attachment_id": 1, "is_app_unfurl": True, "app_unfurl_url": link}
    shown = {"id": 1, "blocks": message.unfurls[link].blocks, "app_unfurl_url": link, "is_app_unfurl": True}
    return {**body, "container": {**body["container"], **unfurled}, "app_unfurl": shown}
