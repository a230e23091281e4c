"""Lines of text whose links lead to our own pages, as HTML."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from bot.core.rich_text import Line, Link, one_line
from bot.http.pages.lines import said

Address = Callable[[str], str]
"""Makes the address of one of our own pages of its path."""


def html(line: Line, link: Address, zone: str) -> Markup:
    """A line as it is said; what leads to a path gets its address from ``link``."""
    drawn = Markup("")
    for span in line:
        if isinstance(span, Link) and span.url is not None and span.url.startswith("/"):
            drawn += Markup('<a href="{}">{}</a>').format(link(span.url), one_line(span.text))
        else:
            drawn += said((span,), zone)
    return drawn
