"""Slack's methods for views: modals that are opened, changed and pushed, and home tabs that are published."""

from __future__ import annotations

import time
from typing import Any

from tests.servers.slack import view_limits
from tests.servers.slack.methods import Answer, Arguments, Caller, Refused, method
from tests.servers.slack.state import BOT_ID, TEAM, View

MOST_IN_STACK = 3


@method("views.open")
def views_open(caller: Caller, given: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/views.open."""
    user = _triggered(caller, given)
    view = _made(caller, given, "modal", user)
    caller.workspace.modals[user] = [view]
    return {"view": view_json(view)}


@method("views.push")
def views_push(caller: Caller, given: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/views.push."""
    user = _triggered(caller, given)
    stack = caller.workspace.modals.get(user) or []
    if not stack:
        raise Refused("not_found")
    if len(stack) >= MOST_IN_STACK:
        raise Refused("push_limit_reached")
    view = _made(caller, given, "modal", user)
    stack.append(view)
    return {"view": view_json(view)}


@method("views.update")
def views_update(caller: Caller, given: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/views.update."""
    stacks = caller.workspace.modals.values()
    found = next((one for stack in stacks for one in stack if one.id == given.get("view_id")), None)
    if found is None:
        raise Refused("not_found")
    if given.get("hash") and given["hash"] != found.hash:
        raise Refused("hash_conflict")
    return {"view": view_json(replaced(caller.workspace, found, _checked(given, "modal")))}


@method("views.publish")
def views_publish(caller: Caller, given: Arguments) -> Answer:
    """https://docs.slack.dev/reference/methods/views.publish."""
    user = str(given.get("user_id"))
    if user not in caller.workspace.users:
        raise Refused("user_not_found")
    if not caller.workspace.home_enabled:
        raise Refused("not_enabled")
    before = caller.workspace.homes.get(user)
    if before is not None and given.get("hash") and given["hash"] != before.hash:
        raise Refused("hash_conflict")
    if before is None:
        caller.workspace.homes[user] = view = _made(caller, given, "home", user)
    else:
        view = replaced(caller.workspace, before, _checked(given, "home"))
    caller.workspace.published.append((user, time.time()))
    return {"view": view_json(view)}


def _triggered(caller: Caller, given: Arguments) -> str:
    """Whose trigger it is; each is good for one view, within three seconds."""
    known = caller.workspace.triggers.pop(str(given.get("trigger_id")), None)
    if known is None:
        raise Refused("exchanged_trigger_id" if given.get("trigger_id") else "invalid_arguments")
    user, until = known
    if time.time() > until:
        raise Refused("expired_trigger_id")
    return user


def _checked(given: Arguments, kind: str) -> dict[str, Any]:
    view = given.get("view")
    if not isinstance(view, dict):
        raise Refused("invalid_arguments")
    if problems := view_limits.problems_of(view, kind):
        raise Refused("invalid_arguments", response_metadata={"messages": problems})
    return view


def _made(caller: Caller, given: Arguments, kind: str, user: str) -> View:
    return View(
        text="",
        blocks=[],
        id=caller.workspace.next_id("V"),
        hash="",
        user=user,
        body={},
    ).filled(_checked(given, kind), caller.workspace.next_id("hash."))


def replaced(workspace: Any, view: View, body: dict[str, Any]) -> View:
    """What is typed in stays where its block and its element stay."""
    view.earlier.append(list(view.lines))
    return view.filled(body, workspace.next_id("hash."))


def view_json(view: View) -> dict[str, Any]:
    """https://docs.slack.dev/reference/views/modal-views, as it comes with payloads."""
    return {
        **view.body,
        "id": view.id,
        "team_id": TEAM,
        "hash": view.hash,
        "blocks": view.blocks,
        "private_metadata": view.body.get("private_metadata", ""),
        "callback_id": view.body.get("callback_id", ""),
        "state": {"values": view.values},
        "bot_id": BOT_ID,
        "root_view_id": view.id,
        "previous_view_id": None,
    }
