"""What is said in Slack, as HTML: lines of text with links, and lines of output with their colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from bot.core.ansi import COLOUR, parts
from bot.core.rich_text import Bold, Code, CodeBlock, GroupMention, Line, Link, Mention, Moment, Span, one_line, visible
from bot.http.pages.drawing import moment

Numbered = tuple[int, str]
"""A line of output with its number, which counts from 0; people see them counted from 1."""
_BETWEEN = re.compile(f"({COLOUR.pattern})")


def said(line: Line, timezone: str) -> Markup:
    """A line as it is said; whatever others wrote in it is text, and its links lead to web pages alone.

    >>> said(("See ", Link("https://x.example/?a=1&b", "<logs>")), "UTC")
    Markup('See <a href="https://x.example/?a=1&amp;b" rel="noreferrer">&lt;logs&gt;</a>')
    >>> said((Link("javascript:alert(1)", "logs"),), "UTC")
    Markup('logs')
    """
    return Markup("").join(_span(span, timezone) for span in line)


def _span(span: Span, timezone: str) -> Markup:
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
            return link(url, one_line(text))
        case Mention(name=name) | GroupMention(name=name):
            return Markup("@{}").format(one_line(name))
        case Moment(at=at, short=short):
            return moment(at, timezone, *(("%H:%M",) if short else ()))


def link(url: str | None, text: str) -> Markup:
    """To a page in the web; anything else is no link."""
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, text) if is_web(url) else escape(text)


def is_web(url: str | None) -> bool:
    try:
        return url is not None and urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def seen(line: str) -> str:
    """A line of output, and only one, with its colours and nothing hidden that turns the direction of writing."""
    return "".join(one if COLOUR.fullmatch(one) else visible(one).replace("\n", " ") for one in _BETWEEN.split(line))


def coloured(line: str) -> Markup:
    """A line of output, in spans that look alike.

    >>> coloured("\\x1b[31m<b>\\x1b[0m ok")
    Markup('<span class="f1">&lt;b&gt;</span> ok')
    """
    pieces = ((looks, escape(text)) for looks, text in parts(seen(line)))
    return Markup("").join(Markup('<span class="{}">{}</span>').format(*one) if one[0] else one[1] for one in pieces)


def rows(lines: Sequence[Numbered], before: int | None = None) -> list[Markup]:
    """Lines of output, each with an anchor of its own; where the numbers have a gap, a word on it.

    ``before`` is the number of the line before the first of them, where that is known.
    """
    drawn = []
    for number, line in lines:
        if before is not None and number > before + 1:
            drawn.append(Markup('<div class="gap">… {:,} lines left out …</div>').format(number - before - 1))
        drawn.append(Markup('<div id="L{0}"><a href="#L{0}">{0}</a>{1}</div>').format(number + 1, coloured(line)))
        before = number
    return drawn
