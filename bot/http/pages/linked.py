"""Lines of text whose links lead to our own pages, as HTML."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup, escape

from bot.core.rich_text import Bold, Code, CodeBlock, GroupMention, Line, Link, Mention, Moment, Span, one_line, visible
from bot.http.pages.drawing import moment

Address = Callable[[str], str]
"""Makes the address of one of our own pages of its path."""


def html(line: Line, link: Address, zone: str) -> Markup:
    """A line; what leads to our own pages gets its address from ``link``, moments are those of the ``zone``."""
    return Markup("").join(_span(span, link, zone) for span in line)


def _span(span: Span, link: Address, zone: str) -> Markup:
    match span:
        case str():
            return escape(one_line(span))
        case Bold(text=text):
            return Markup("<b>{}</b>").format(one_line(text))
        case Code(text=text):
            return Markup("<code>{}</code>").format(one_line(text))
        case CodeBlock(text=text):
            return Markup("<pre>{}</pre>").format(visible(text))
        case Link(url=url, text=text):
            return _link(url, one_line(text), link)
        case Mention(name=name) | GroupMention(name=name):
            return escape(f"@{one_line(name)}")
        case Moment(at=at, short=short):
            return moment(at, zone, "%H:%M") if short else moment(at, zone)


def _link(url: str | None, text: str, link: Address) -> Markup:
    """To a page of ours, or elsewhere on the web; any other address is none."""
    if url is not None and url.startswith("/"):
        return Markup('<a href="{}">{}</a>').format(link(url), text)
    if url is not None and url.startswith(("https://", "http://")):
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, text)
    return escape(text)
