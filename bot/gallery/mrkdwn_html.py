"""Mrkdwn as HTML, as far as the bot writes it: what Slack makes of the text of blocks and notifications."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

_MARKUP = re.compile(
    r"\n?```\n?(?P<block>.*?)\n?```\n?|`(?P<code>[^`\n]+)`|<(?P<angle>[^<>\n]+)>|(?<!\w)\*(?!\s)(?P<bold>[^*\n]+)(?<!\s)\*(?!\w)"
    r"|(?<!\w)_(?!\s)(?P<italic>[^_\n]+)(?<!\s)_(?!\w)|(?<!\w)~(?!\s)(?P<struck>[^~\n]+)(?<!\s)~(?!\w)",
    re.DOTALL,
)
_DATE = re.compile(r"!date\^(-?\d+)\^([^|^]*)(?:\^[^|]*)?\|(.*)")
_TAGS = {"bold": "b", "italic": "i", "struck": "s"}


def to_html(text: str, names: Mapping[str, str], today: date) -> str:
    """``names`` are the people and groups by their ids; dates are shown as on ``today``."""
    shown, at = "", 0
    for found in _MARKUP.finditer(text):
        shown += _text(text[at : found.start()])
        shown += _marked(found, names, today)
        at = found.end()
    return shown + _text(text[at:])


def to_text(text: str, names: Mapping[str, str], today: date) -> str:
    """What is left to be read of it where nothing is drawn."""
    return html.unescape(re.sub(r"<[^>]+>", "", to_html(text, names, today).replace("<br>", "\n")))


def _marked(found: re.Match[str], names: Mapping[str, str], today: date) -> str:
    kind, inner = found.lastgroup, found[found.lastgroup or 0]
    if kind == "block":
        return f"<pre>{_escaped(inner)}</pre>"
    if kind == "code":
        return f"<code>{_escaped(inner)}</code>"
    if kind == "angle":
        return _angle(inner, names, today)
    tag = _TAGS[kind or ""]
    return f"<{tag}>{to_html(inner, names, today)}</{tag}>"


def _angle(inner: str, names: Mapping[str, str], today: date) -> str:
    if inner.startswith("@"):
        return mention(names.get(inner[1:], inner[1:]))
    if inner.startswith("!subteam^"):
        return mention(names.get(inner[9:], inner[9:]))
    if said := _DATE.fullmatch(inner):
        return f"<time>{html.escape(moment(int(said[1]), said[2], today))}</time>"
    if inner.startswith("!"):
        return mention(inner[1:])
    address, _, label = inner.partition("|")
    return link(html.unescape(address), html.unescape(label or address))


def mention(name: str) -> str:
    return f'<span class="mention">@{_escaped(name)}</span>'


def link(address: str, label: str) -> str:
    return f'<a href="{html.escape(address)}">{html.escape(label)}</a>'


def moment(timestamp: int, date_format: str, today: date) -> str:
    """A moment as Slack shows it to somebody in UTC: https://docs.slack.dev/messaging/formatting-message-text#dates."""
    at = datetime.fromtimestamp(timestamp, UTC)
    near = {timedelta(days=-1): "yesterday", timedelta(0): "today", timedelta(days=1): "tomorrow"}
    day = near.get(at.date() - today, f"{at:%b} {at.day}, {at.year}")
    return date_format.replace("{date_short_pretty}", day).replace("{time}", f"{at:%H:%M}")


def _text(text: str) -> str:
    return _escaped(text).replace("\n", "<br>")


def _escaped(text: str) -> str:
    """Slack's entities are HTML's; what is none is escaped."""
    return html.escape(html.unescape(text), quote=False)
