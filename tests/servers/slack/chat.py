"""Slack's methods for messages: posting, changing, reading back, reactions and views."""

from __future__ import annotations

from tests.servers.slack import limits
from tests.servers.slack.methods import (
    Answer,
    Arguments,
    Caller,
    Refused,
    method,
    page,
    readable,
    true,
    visible,
    writable,
)
from tests.servers.slack.shapes import message_json
from tests.servers.slack.state import APP, BOT_ID, BOT_USER, Ephemeral, Message, Shown


@method("chat.postMessage", "chat:write")
def chat_post_message(caller: Caller, given: Arguments) -> Answer:
    workspace = caller.workspace
    channel = writable(caller, given)
    if channel.is_restricted:
        raise Refused("restricted_action")
    shown = seen_as(given, limits.POST_TEXT)
    metadata = given.get("metadata")
    if metadata is not None and (problem := limits.metadata_problem(metadata)):
        raise Refused(problem)
    # Slack posts a reply to a thread that is gone at top level, and does not say so.
    parent = workspace.message(channel.id, given.get("thread_ts"))
    message = Message(
        shown.text,
        shown.blocks,
        channel=channel.id,
        ts=workspace.next_ts(),
        user=BOT_USER,
        bot_id=BOT_ID,
        thread_ts=(parent.thread_ts or parent.ts) if parent else None,
        metadata=metadata,
        broadcast=bool(parent and given.get("reply_broadcast")),
    )
    workspace.said[channel.id].append(message)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message, metadata=True)}


@method("chat.update", "chat:write")
def chat_update(caller: Caller, given: Arguments) -> Answer:
    channel = writable(caller, given)
    message = caller.workspace.message(channel.id, given.get("ts"))
    if message is None:
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused("cant_update_message")
    shown = seen_as(given, limits.UPDATE_TEXT)
    if (metadata := given.get("metadata")) is not None:
        if problem := limits.metadata_problem(metadata):
            raise Refused(problem)
        message.metadata = metadata
    message.edits.append(Shown(message.text, message.blocks))
    message.text, message.blocks = shown.text, shown.blocks
    return {"channel": channel.id, "ts": message.ts, "text": message.text}


@method("chat.postEphemeral", "chat:write")
def chat_post_ephemeral(caller: Caller, given: Arguments) -> Answer:
    channel = writable(caller, given)
    if given.get("user") not in channel.members:
        raise Refused("user_not_in_channel")
    shown = seen_as(given, limits.POST_TEXT)
    ts = caller.workspace.next_ts()
    caller.workspace.ephemerals.append(
        Ephemeral(
            shown.text,
            shown.blocks,
            channel=channel.id,
            ts=ts,
            user=given["user"],
            by="chat.postEphemeral",
            thread_ts=given.get("thread_ts"),
        )
    )
    return {"message_ts": ts}


@method("chat.getPermalink")
def chat_get_permalink(caller: Caller, given: Arguments) -> Answer:
    channel = visible(caller, given)
    message = caller.workspace.message(channel.id, given.get("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    link = f"https://acme.slack.example/archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.is_reply else ""
    return {"channel": channel.id, "permalink": link + thread}


@method("conversations.history")
def conversations_history(caller: Caller, given: Arguments) -> Answer:
    channel = readable(caller, given)
    said = [one for one in caller.workspace.said[channel.id] if not one.is_reply or one.broadcast]
    return _messages(list(reversed(said)), given)


@method("conversations.replies")
def conversations_replies(caller: Caller, given: Arguments) -> Answer:
    channel = readable(caller, given)
    parent = caller.workspace.message(channel.id, given.get("ts"))
    if parent is None:
        raise Refused("thread_not_found")
    return _messages([one for one in caller.workspace.said[channel.id] if parent.ts in (one.ts, one.thread_ts)], given)


@method("reactions.add", "reactions:write")
def reactions_add(caller: Caller, given: Arguments) -> Answer:
    channel = writable(caller, given)
    if caller.workspace.message(channel.id, given.get("timestamp")) is None:
        raise Refused("message_not_found")
    reaction = {"channel": channel.id, "ts": given["timestamp"], "name": given["name"]}
    if reaction in caller.workspace.reactions:
        raise Refused("already_reacted")
    caller.workspace.reactions.append(reaction)
    return {}


@method("views.open")
def views_open(caller: Caller, given: Arguments) -> Answer:
    return _keep_view(caller, given, "trigger_id")


@method("views.publish")
def views_publish(caller: Caller, given: Arguments) -> Answer:
    return _keep_view(caller, given, "user_id")


def _keep_view(caller: Caller, given: Arguments, key: str) -> Answer:
    view = given.get("view")
    if not given.get(key) or not isinstance(view, dict):
        raise Refused("invalid_arguments")
    kept = {**view, "id": caller.workspace.next_id("V"), key: given[key], "app_id": APP}
    caller.workspace.views.append(kept)
    return {"view": kept}


def seen_as(given: Arguments, most: int) -> Shown:
    text, blocks = str(given.get("text") or ""), given.get("blocks") or []
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > most:
        raise Refused("msg_too_long")
    if problems := limits.problems_of(blocks):
        raise Refused("invalid_blocks", errors=problems, response_metadata={"messages": problems})
    if limits.characters_of(blocks) > limits.ALL_TEXT:
        raise Refused("msg_blocks_too_long")
    return Shown(text, [{"block_id": f"b{number}", **block} for number, block in enumerate(blocks)])


def _messages(said: list[Message], given: Arguments) -> Answer:
    metadata = true(given.get("include_all_metadata"))
    found = page([message_json(one, metadata=metadata) for one in said], given, "messages")
    return {**found, "has_more": bool(found["response_metadata"]["next_cursor"])}
