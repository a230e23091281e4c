"""People, groups and channels that somebody mentions in a reason, by their names: whoever reads it is not called."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

from bot.context import Context
from bot.core.errors import ShipmateError
from bot.core.grammar.commands import Command

_REASONS = ("reason", "force_reason")
_MENTION = re.compile(r"(?<![\w@#])(?P<mark>[@#])(?P<id>[UWSCG](?=[A-Z]*[0-9])[A-Z0-9]{6,})\b")


def with_names(context: Context, command: Command) -> Command:
    """The command with names in the place of the chat's ids in its reasons."""
    said = {name: getattr(command, name, None) for name in _REASONS}
    named = {name: _MENTION.sub(lambda found: _name(context, found), text) for name, text in said.items() if text}
    changed = {name: text for name, text in named.items() if text != said[name]}
    return cast("Command", replace(cast("Any", command), **changed)) if changed else command


def _name(context: Context, found: re.Match[str]) -> str:
    """As people read it; the id where nobody is called so, or the chat does not tell."""
    mark, key = found["mark"], found["id"]
    try:
        if mark == "#":
            return next((name for name in context.chat.channel_names(key) if name.startswith("#")), found[0])
        name = context.chat.group_name(key) if key.startswith("S") else context.chat.person(key).name
    except ShipmateError:
        return found[0]
    return f"@{name}" if name else found[0]
