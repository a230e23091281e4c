"""What a scene is: one message as somebody sees it, under a name, with who sees it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.core.moments import of_today
from bot.core.rich_text import Message
from bot.gallery.material import NOW

Audience: TypeAlias = Literal["channel", "thread", "broadcast", "only you", "direct"]
"""Who sees it: a channel, those in a thread, both, the asker alone, or one person in a direct message."""


@dataclass(frozen=True, slots=True)
class Scene:
    """``note`` says when it is sent, in a few words."""

    name: str
    message: Message
    who: Audience = "channel"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Scenes that belong together, in the order in which they are read."""

    title: str
    scenes: tuple[Scene, ...]


def answers(*scenes: tuple[str, Message], who: Audience = "only you") -> list[Scene]:
    """What the asker is told, on their clock: alone, or in the thread of what they said."""
    return [Scene(name, of_today(message, NOW, "UTC"), who) for name, message in scenes]
