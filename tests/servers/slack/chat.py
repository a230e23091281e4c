"""Slack's methods for messages: posting, changing, reading back, and reactions."""

from __future__ import annotations

import json
import re
from typing import Any

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
from tests.servers.slack.state import BOT_ID, BOT_USER, Ephemeral, Message, Shown, Workspace

MOST_EMOJI = 23
MOST_REACTIONS = 23
EMOJI_NAME = re.compile(r"[a-z0-9_+-]{1,100}")


@method("chat.postMessage", "chat:write")
def chat_post_message(caller: Caller, given: Arguments) -> Answer:
    workspace = caller.workspace
    channel = writable(caller, given)
    if channel.is_restricted:
        raise Refused("restricted_action")
    shown = seen_as(workspace, given, limits.POST_TEXT)
    metadata = _metadata(given)
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
    shown = seen_as(caller.workspace, given, limits.UPDATE_TEXT)
    metadata = _metadata(given)
    message.edits.append(Shown(message.text, message.blocks))
    message.text, message.blocks = shown.text, shown.blocks
    # Without metadata it keeps what it had; an empty object takes that away.
    if metadata is not None:
        message.metadata = metadata or None
    return {"channel": channel.id, "ts": message.ts, "text": message.text}


@method("chat.postEphemeral", "chat:write")
def chat_post_ephemeral(caller: Caller, given: Arguments) -> Answer:
    channel = writable(caller, given)
    if given.get("user") not in channel.members:
        raise Refused("user_not_in_channel")
    shown = seen_as(caller.workspace, given, limits.POST_TEXT)
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
    message, ours = _reacted_to(caller, given)
    if ours in message.reactions:
        raise Refused("already_reacted")
    if len({name for name, _ in message.reactions} | {ours[0]}) > MOST_EMOJI:
        raise Refused("too_many_emoji")
    if sum(user == BOT_USER for _, user in message.reactions) >= MOST_REACTIONS:
        raise Refused("too_many_reactions")
    message.reactions.append(ours)
    return {}


@method("reactions.remove", "reactions:write")
def reactions_remove(caller: Caller, given: Arguments) -> Answer:
    message, ours = _reacted_to(caller, given)
    if ours not in message.reactions:
        raise Refused("no_reaction")
    message.reactions.remove(ours)
    return {}


def _reacted_to(caller: Caller, given: Arguments) -> tuple[Message, tuple[str, str]]:
    """The message, and the bot's own reaction with the emoji: https://docs.slack.dev/reference/methods/reactions.add."""
    channel = writable(caller, given)
    if not given.get("timestamp"):
        raise Refused("no_item_specified")
    name = str(given.get("name") or "")
    if not EMOJI_NAME.fullmatch(name):
        raise Refused("invalid_name")
    message = caller.workspace.message(channel.id, given["timestamp"])
    if message is None:
        raise Refused("message_not_found")
    return message, (name, BOT_USER)


@method("blocks.validate")
def blocks_validate(caller: Caller, given: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/blocks.validate: exactly one of three, each as JSON in a string."""
    named = [name for name in ("blocks", "message", "view") if given.get(name)]
    if len(named) != 1 or not isinstance(given[named[0]], str):
        raise Refused("invalid_arguments")
    payload = json.loads(given[named[0]])
    blocks = payload if named[0] == "blocks" else payload.get("blocks")
    lacking = limits.unknown_to_it(blocks) if caller.workspace.lacks_new_blocks else []
    if problems := lacking or limits.problems_of(blocks):
        raise Refused(f"invalid_{named[0]}", errors=[_flaw(problem) for problem in problems])
    return {}


def _flaw(problem: str) -> Answer:
    message, _, pointer = problem.partition(" [json-pointer:")
    return {"pointer": pointer.rstrip("]") or "/blocks", "code": "failed_constraint", "message": message}


def _metadata(given: Arguments) -> dict[str, Any] | None:
    metadata: dict[str, Any] | None = given.get("metadata")
    if metadata and (problem := limits.metadata_problem(metadata)):
        raise Refused(problem)
    return metadata


def seen_as(workspace: Workspace, given: Arguments, most: int) -> Shown:
    text, blocks = str(given.get("text") or ""), given.get("blocks") or []
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > most:
        raise Refused("msg_too_long")
    lacking = limits.unknown_to_it(blocks) if workspace.lacks_new_blocks else []
    if problems := lacking or limits.problems_of(blocks):
        raise Refused("invalid_blocks", errors=problems, response_metadata={"messages": problems})
    if limits.characters_of(blocks) > limits.ALL_TEXT:
        raise Refused("msg_blocks_too_long")
    return Shown(text, [{"block_id": f"b{number}", **block} for number, block in enumerate(blocks)])


def _messages(said: list[Message], given: Arguments) -> Answer:
    metadata = true(given.get("include_all_metadata"))
    found = page([message_json(one, metadata=metadata) for one in said], given, "messages")
    return {**found, "has_more": bool(found["response_metadata"]["next_cursor"])}
