"""The gallery as text, for those who read it beside the code: what people read, and what is notified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.modals.model import Field
from bot.core.rich_text import Button, one_line, plain
from bot.gallery.forms import FormScene
from bot.gallery.page import FORMS, notification
from bot.gallery.scene import Group, Scene

HEAD = """\
# Every message

Made by `python -m bot.gallery` from the code, with made-up content. [messages.html](messages.html) is the same as Slack
draws it: open it in a browser. Below each message is what telephones and screen readers get, and what its buttons ask
before they do something.
"""


def text_page(groups: Sequence[Group], forms: Sequence[FormScene] = ()) -> str:
    drawn = [f"## {FORMS}\n", *(_form(one) for one in forms)] if forms else []
    return "\n".join([HEAD, *(_group(group) for group in groups), *drawn])


def _form(scene: FormScene) -> str:
    shown = scene.modal
    alert = [f"⛔ {one_line(plain(shown.alert)).strip()}"] if shown.alert else []
    fields = [line for one in shown.fields for line in _field(one, scene.errors)]
    lines = [
        one_line(shown.title),
        *(plain(line) for line in shown.lines),
        *fields,
        *alert,
        *(plain(line) for line in shown.notes),
        f"[Cancel]{f' [{shown.submit}]' if shown.submit else ''}",
    ]
    body = "\n".join(one_line(line).strip() for line in lines)
    return f"**{scene.name}** ({scene.note or 'form'})\n\n```text\n{body}\n```\n"


def _field(field: Field, errors: Mapping[str, str]) -> list[str]:
    """What is chosen in it, or what stands in it while it is empty."""
    label = f"{field.label}{' (optional)' if field.optional else ''}"
    shown = field.chosen.label if field.chosen else field.example or "…"
    wrong = [f"  ✗ {errors[field.name]}"] if field.name in errors else []
    hint = [f"  {field.hint}"] if field.hint else []
    return [f"{label}: {shown}", *wrong, *hint]


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
