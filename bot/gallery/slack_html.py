"""Blocks as HTML, as Slack draws them: text, small print, folds, steps, tables, buttons, their questions and menus."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from bot.gallery import mrkdwn_html
from bot.gallery.mrkdwn_html import link, mention, moment

Block: TypeAlias = Mapping[str, Any]

_STATES = {"pending": "○", "in_progress": "◔", "complete": "✓", "error": "✕"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever looks: whose ``names`` they know by which id, and which day it is ``today``."""

    names: Mapping[str, str]
    today: date

    def text(self, part: Block) -> str:
        """A text object; plain text has no markup."""
        if part["type"] == "mrkdwn":
            return mrkdwn_html.to_html(part["text"], self.names, self.today)
        return html.escape(part["text"], quote=False)

    def drawn(self, blocks: Sequence[Block]) -> str:
        """All blocks, one below the other. Raises KeyError for one that nobody has drawn yet."""
        return "\n".join(_DRAWN[block["type"]](self, block) for block in blocks)


def _section(reader: Reader, block: Block) -> str:
    return f'<div class="section">{reader.text(block["text"])}</div>'


def _context(reader: Reader, block: Block) -> str:
    shown = "".join(f"<span>{reader.text(element)}</span>" for element in block["elements"])
    return f'<div class="context">{shown}</div>'


def _divider(_reader: Reader, _block: Block) -> str:
    return "<hr>"


def _container(reader: Reader, block: Block) -> str:
    is_open = "" if block.get("default_collapsed") else " open"
    inside = reader.drawn(block["child_blocks"])
    return f'<details class="container"{is_open}><summary>{reader.text(block["title"])}</summary>{inside}</details>'


def _plan(reader: Reader, block: Block) -> str:
    tasks = "".join(_task(reader, task) for task in block["tasks"])
    title = html.escape(block["title"], quote=False)
    return f'<details class="plan" open><summary>{title}</summary><ol>{tasks}</ol></details>'


def _task(reader: Reader, task: Block) -> str:
    detail = f'<span class="detail">{_rich_text(reader, task["details"])}</span>' if "details" in task else ""
    title = html.escape(task["title"], quote=False)
    return f'<li class="{task["status"]}"><i>{_STATES[task["status"]]}</i>{title}{detail}</li>'


def _table(reader: Reader, block: Block) -> str:
    head, *rows = block["rows"]
    shown = f"<tr>{''.join(f'<th>{_cell(reader, cell)}</th>' for cell in head)}</tr>"
    for row in rows:
        shown += f"<tr>{''.join(f'<td>{_cell(reader, cell)}</td>' for cell in row)}</tr>"
    return f'<div class="scroll"><table>{shown}</table></div>'


def _cell(reader: Reader, cell: Block) -> str:
    return html.escape(cell["text"], quote=False) if cell["type"] == "raw_text" else _rich_text(reader, cell)


def _rich_text(reader: Reader, block: Block) -> str:
    return "".join(_element(reader, element) for part in block["elements"] for element in part["elements"])


def _element(reader: Reader, element: Block) -> str:
    match element["type"]:
        case "link":
            return link(element["url"], element["text"])
        case "user" | "usergroup":
            who = element.get("user_id") or element["usergroup_id"]
            return mention(reader.names.get(who, who))
        case "date":
            return f"<time>{moment(element['timestamp'], element['format'], reader.today)}</time>"
    style, shown = element.get("style", {}), html.escape(element["text"], quote=False)
    shown = f"<b>{shown}</b>" if style.get("bold") else shown
    return f"<code>{shown}</code>" if style.get("code") else shown


def _chart(_reader: Reader, block: Block) -> str:
    """Bars side by side for each label, and whose they are below."""
    series, labels = block["chart"]["series"], block["chart"]["axis_config"]["categories"]
    highest = max((point["value"] for one in series for point in one["data"]), default=0) or 1
    groups = "".join(
        f"<li>{''.join(_bar(number, one['data'][at]['value'], highest) for number, one in enumerate(series))}"
        f"<small>{html.escape(label)}</small></li>"
        for at, label in enumerate(labels)
    )
    names = "".join(f'<i class="s{number}"></i>{html.escape(one["name"])} ' for number, one in enumerate(series))
    title = html.escape(block["title"], quote=False)
    return f'<div class="chart"><b>{title}</b><ol>{groups}</ol><p>{names}</p></div>'


def _bar(number: int, value: int, highest: int) -> str:
    return f'<i class="s{number}" style="height:{round(72 * value / highest)}px" title="{value}"></i>'


def _actions(reader: Reader, block: Block) -> str:
    drawn = (_menu if element["type"] == "overflow" else _button for element in block["elements"])
    shown = "".join(draw(reader, element) for draw, element in zip(drawn, block["elements"], strict=True))
    return f'<div class="actions">{shown}</div>'


def _button(reader: Reader, element: Block) -> str:
    style = f" {element['style']}" if "style" in element else ""
    if "confirm" not in element:
        return f'<span class="button{style}">{reader.text(element["text"])}</span>'
    asked = _dialog(reader, element["confirm"])
    return (
        f'<details class="ask"><summary class="button{style}">{reader.text(element["text"])}</summary>{asked}</details>'
    )


def _dialog(reader: Reader, dialog: Block) -> str:
    title, text, confirm, deny = (reader.text(dialog[part]) for part in ("title", "text", "confirm", "deny"))
    style = dialog.get("style", "primary")
    return (
        f'<div class="dialog"><b>{title}</b><p>{text}</p><p class="choice"><span class="button">{deny}</span>'
        f'<span class="button {style}">{confirm}</span></p></div>'
    )


def _menu(reader: Reader, element: Block) -> str:
    options = "".join(f"<li>{reader.text(option['text'])}</li>" for option in element["options"])
    return f'<details class="ask"><summary class="button menu">⋯</summary><ul class="dialog">{options}</ul></details>'


_DRAWN: dict[str, Callable[[Reader, Block], str]] = {
    "section": _section,
    "context": _context,
    "divider": _divider,
    "container": _container,
    "plan": _plan,
    "table": _table,
    "actions": _actions,
    "data_visualization": _chart,
}
