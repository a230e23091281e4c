"""Draws templates, everything in them escaped, with the headers that keep what others wrote from doing anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from bot.core.rich_text import one_line, visible
from bot.http.pages import static

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No style and no script but our own files, nothing of anybody else's, and in nobody's frame."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The key is in the address, which is nobody else's business.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


def draw(template: str, status: int = 200, /, **values: object) -> Response:
    """A page, with the headers of all pages; ``root`` is among the values (see ``Access.root``)."""
    return HTMLResponse(_environment().get_template(template).render(values), status, headers=HEADERS)


def guarded(response: Response) -> Response:
    """With the headers of all pages."""
    response.headers.update(HEADERS)
    return response


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.http.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = static.address
    made.filters["moment"] = moment
    # What others named: on one line, and nothing hidden in it that turns the direction of writing.
    made.filters["plain"] = lambda text: one_line(str(text))
    made.filters["visible"] = visible
    return made


def moment(at: datetime, timezone: str, form: str = "%d %b %H:%M") -> Markup:
    """A moment for machines and for people: in the zone of the settings, until a script shows it in the reader's.

    Without ``%d`` in the form the day is shown by the script neither.

    >>> moment(datetime(2026, 3, 2, 9, 30, tzinfo=UTC), "Europe/Berlin")
    Markup('<time datetime="2026-03-02T09:30:00Z">02 Mar 10:30</time>')
    """
    utc = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = at.astimezone(ZoneInfo(timezone)).strftime(form)
    if "%d" in form:
        return Markup('<time datetime="{}">{}</time>').format(utc, shown)
    return Markup('<time datetime="{}" data-short>{}</time>').format(utc, shown)
