"""Slack's methods for who and what there is: the token, channels, people and user groups."""

from __future__ import annotations

from tests.servers.slack.methods import READ_SCOPES, Answer, Arguments, Caller, Refused, method, page, true, visible
from tests.servers.slack.shapes import channel_json, user_json
from tests.servers.slack.state import BOT_ID, BOT_USER, TEAM

TEAM_NAME = "Acme"


@method("auth.test")
def auth_test(caller: Caller, given: Arguments) -> Answer:
    return {
        "url": "https://acme.slack.example/",
        "team": TEAM_NAME,
        "user": caller.workspace.users[BOT_USER].name,
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("conversations.list")
def conversations_list(caller: Caller, given: Arguments) -> Answer:
    kinds = str(given.get("types") or "public_channel").split(",")
    wanted = {{"public_channel": "channel", "private_channel": "group"}.get(kind, kind) for kind in kinds}
    for kind in wanted & READ_SCOPES.keys():
        caller.needs(READ_SCOPES[kind])
    seen = [
        channel
        for channel in caller.workspace.channels.values()
        if channel.type in wanted
        and (channel.type == "channel" or BOT_USER in channel.members)
        and not (channel.is_archived and true(given.get("exclude_archived")))
    ]
    return page([channel_json(channel) for channel in seen], given, "channels")


@method("conversations.info")
def conversations_info(caller: Caller, given: Arguments) -> Answer:
    channel = visible(caller, given)
    caller.needs(READ_SCOPES[channel.type])
    return {"channel": channel_json(channel)}


@method("conversations.members")
def conversations_members(caller: Caller, given: Arguments) -> Answer:
    channel = visible(caller, given)
    caller.needs(READ_SCOPES[channel.type])
    found = page([{"id": member} for member in sorted(channel.members)], given, "members")
    return {**found, "members": [one["id"] for one in found["members"]]}


@method("conversations.open", "im:write")
def conversations_open(caller: Caller, given: Arguments) -> Answer:
    user = caller.workspace.users.get(str(given.get("users")))
    if user is None:
        raise Refused("user_not_found")
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    return {"channel": {"id": caller.workspace.direct(user.id).id}}


@method("users.info", "users:read")
def users_info(caller: Caller, given: Arguments) -> Answer:
    user = caller.workspace.users.get(str(given.get("user")))
    if user is None:
        raise Refused("user_not_found")
    return {"user": user_json(user, email=_sees_email(caller))}


@method("bots.info", "users:read")
def bots_info(caller: Caller, given: Arguments) -> Answer:
    bot = str(given.get("bot"))
    if bot not in caller.workspace.bots:
        raise Refused("bot_not_found")
    return {"bot": {"id": bot, "name": caller.workspace.bots[bot], "deleted": False, "app_id": "A0OTHER"}}


@method("users.list", "users:read")
def users_list(caller: Caller, given: Arguments) -> Answer:
    return page(
        [user_json(user, email=_sees_email(caller)) for user in caller.workspace.users.values()], given, "members"
    )


@method("users.lookupByEmail", "users:read.email")
def users_lookup_by_email(caller: Caller, given: Arguments) -> Answer:
    """Whoever has left is not found, as if they had never been there; the case of letters makes no difference."""
    email = str(given.get("email") or "").lower()
    found = next((one for one in caller.workspace.users.values() if (one.email or "").lower() == email), None)
    if not email or found is None or found.deleted:
        raise Refused("users_not_found")
    return {"user": user_json(found, email=True)}


@method("usergroups.list", "usergroups:read")
def usergroups_list(caller: Caller, given: Arguments) -> Answer:
    groups = caller.workspace.groups.items()
    return {"usergroups": [{"id": group, "handle": handle, "team_id": TEAM} for group, (handle, _) in groups]}


@method("usergroups.users.list", "usergroups:read")
def usergroups_users_list(caller: Caller, given: Arguments) -> Answer:
    if given.get("usergroup") not in caller.workspace.groups:
        raise Refused("no_such_subteam")
    return {"users": caller.workspace.groups[given["usergroup"]][1]}


def _sees_email(caller: Caller) -> bool:
    return "users:read.email" in caller.scopes
