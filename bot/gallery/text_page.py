"""The gallery as text, for those who read it beside the code: what people read, and what is notified."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.rich_text import Button
from bot.gallery.page import notification
from bot.gallery.scene import Group, Scene

HEAD = """\
# Every message

Made by `python -m bot.gallery` from the code, with made-up content. [messages.html](messages.html) is the same as Slack
draws it: open it in a browser. Below each message is what telephones and screen readers get, and what its buttons ask
before they do something.
"""


def text_page(groups: Sequence[Group]) -> str:
    return "\n".join([HEAD, *(_group(group) for group in groups)])


def _group(group: Group) -> str:
    return "\n".join([f"## {group.title}\n", *(_scene(scene) for scene in group.scenes)])


def _scene(scene: Scene) -> str:
    about = " · ".join(part for part in (scene.who, scene.note) if part)
    said = f"Notification: {_inert(notification(scene))}"
    asked = [_question(button) for button in (*scene.message.buttons, *scene.message.more) if button.confirm]
    below = "\n".join(f"- {one}" for one in (said, *asked))
    return f"**{scene.name}** ({about})\n\n```text\n{scene.message.text()}\n```\n\n{below}\n"


def _question(button: Button) -> str:
    return f"{_inert(button.label)} asks: {_inert(button.confirm or '')}"


def _inert(text: str) -> str:
    """Nothing in it is markup of the page."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
