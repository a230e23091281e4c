"""People, channels and messages as Slack's JSON shows them."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.state import APP, BOT_USER, TEAM, Channel, Message, User


def channel_json(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.type == "channel",
        "is_private": channel.type != "channel",
        "is_im": channel.type == "im",
        "is_archived": channel.is_archived,
        "is_ext_shared": channel.is_ext_shared,
        "is_member": BOT_USER in channel.members,
        "num_members": len(channel.members),
    }


def user_json(user: User, *, email: bool) -> dict[str, Any]:
    profile = {"display_name": user.name, "real_name": user.real_name, "team": user.team}
    if user.email and email:
        profile["email"] = user.email
    more = {"is_email_confirmed": user.confirmed, "deleted": user.deleted}
    seen = {"id": user.id, "team_id": user.team, "name": user.name, "real_name": user.real_name, "tz": user.tz}
    return {
        **seen,
        "is_bot": user.is_bot,
        "is_stranger": user.is_stranger,
        "is_restricted": user.is_guest,
        **more,
        "profile": profile,
    }


def message_json(message: Message, *, metadata: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": TEAM,
    }
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
    if message.broadcast:
        body["subtype"] = "thread_broadcast"
    if message.bot_id:
        body |= {"bot_id": message.bot_id, "app_id": APP}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.reactions:
        names = dict.fromkeys(name for name, _ in message.reactions)
        who = {name: [user for given, user in message.reactions if given == name] for name in names}
        body["reactions"] = [{"name": name, "users": users, "count": len(users)} for name, users in who.items()]
    if metadata and message.metadata:
        body["metadata"] = message.metadata
    return body
