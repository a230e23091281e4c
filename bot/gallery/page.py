"""The gallery as one page of HTML that needs nothing else: each message as Slack draws it, and what is notified."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from bot.adapters.slack.blocks import blocks_of, text_of
from bot.gallery import modal_html
from bot.gallery.forms import FormScene
from bot.gallery.material import NOW, ONCALL, names
from bot.gallery.mrkdwn_html import to_text
from bot.gallery.scene import Group, Scene
from bot.gallery.slack_html import Reader
from bot.gallery.stylesheet import STYLE

READER = Reader({**names(["alice", "bob", "carol", "dave"]), ONCALL: "oncall"}, NOW.date())
FORMS = "Forms"
_HINTS = {
    "channel": "",
    "thread": "",
    "only you": "👁 Only visible to you",
    "direct": "",
    "broadcast": "replied to a thread – also sent to the channel",
}
_CLASSES = {"only you": "only", "channel": "", "direct": "", "thread": "thread", "broadcast": "broadcast"}


def page(groups: Sequence[Group], forms: Sequence[FormScene] = ()) -> str:
    """All groups of scenes, with their names as a table of contents, and the forms."""
    titles = [*(group.title for group in groups), *([FORMS] if forms else [])]
    contents = "".join(f'<a href="#{slug(title)}">{html.escape(title)}</a>' for title in titles)
    shown = "\n".join([*(_group(group) for group in groups), *([_forms(forms)] if forms else [])])
    intro = (
        "<h1>Every message of Shipmate</h1><p>Drawn from the very blocks that are sent, with made-up content. What is "
        "folded can be opened, and buttons that ask first show their question. Below each message, small, is what "
        "telephones and screen readers get.</p>"
    )
    return document("Every message of Shipmate", f"{intro}\n<nav>{contents}</nav>\n{shown}")


def document(title: str, body: str, theme: str = "") -> str:
    """A whole page; ``theme`` is ``light`` or ``dark``, else as the reader likes it."""
    themed = f' data-theme="{theme}"' if theme else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"{themed}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def slug(title: str) -> str:
    """A name as part of an address.

    >>> slug("Cards: under way")
    'cards-under-way'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _group(group: Group) -> str:
    scenes = "\n".join(_scene(scene) for scene in group.scenes)
    return f'<h2 id="{slug(group.title)}">{html.escape(group.title)}</h2>\n{scenes}'


def _scene(scene: Scene) -> str:
    details = [*([scene.who] if scene.who == "direct" else []), *([scene.note] if scene.note else [])]
    more = f" <span>· {html.escape(' · '.join(details))}</span>" if details else ""
    said = html.escape(notification(scene), quote=False)
    return f'<h3>{html.escape(scene.name)}{more}</h3>\n{message(scene)}\n<p class="said">“{said}”</p>'


def _forms(forms: Sequence[FormScene]) -> str:
    shown = "\n".join(_form(one) for one in forms)
    return f'<h2 id="{slug(FORMS)}">{FORMS}</h2>\n{shown}'


def _form(scene: FormScene) -> str:
    more = f" <span>· {html.escape(scene.note)}</span>" if scene.note else ""
    return f"<h3>{html.escape(scene.name)}{more}</h3>\n{modal_html.drawn(READER, scene.view, scene.errors)}"


def notification(scene: Scene) -> str:
    """What is read where no blocks are drawn."""
    return to_text(text_of(scene.message), READER.names, READER.today)


def message(scene: Scene, at: str = f"{NOW:%H:%M}") -> str:
    """One message, with who says it."""
    hint = f'<div class="hint">{_HINTS[scene.who]}</div>' if _HINTS[scene.who] else ""
    who = f'<div class="who"><b>shipmate</b><i>APP</i><time>{at}</time></div>'
    body = f'<div class="body">{READER.drawn(blocks_of(scene.message))}</div>'
    return f'<div class="message {_CLASSES[scene.who]}">{hint}<div class="avatar">⚓</div>{who}{body}</div>'
