"""Views as HTML, as Slack draws modals: a title, fields to be filled in, what is wrong with them, and two buttons."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from bot.gallery.slack_html import Block, Reader


def drawn(reader: Reader, view: Block, errors: Mapping[str, str]) -> str:
    """The whole modal; ``errors`` are by the names of the fields."""
    inside = "\n".join(_block(reader, block, errors) for block in view["blocks"])
    submit = f'<span class="button primary">{reader.text(view["submit"])}</span>' if "submit" in view else ""
    foot = f'<span class="button">{reader.text(view["close"])}</span>{submit}'
    head = f'<div class="head"><i>⚓</i><b>{reader.text(view["title"])}</b><span>✕</span></div>'
    return f'<div class="modal">{head}<div class="inside">{inside}</div><div class="foot">{foot}</div></div>'


def _block(reader: Reader, block: Block, errors: Mapping[str, str]) -> str:
    if block["type"] != "input":
        return reader.drawn([block])
    optional = " <i>(optional)</i>" if block["optional"] else ""
    label = f"<b>{reader.text(block['label'])}</b>{optional}"
    hint = f'<p class="hint">{reader.text(block["hint"])}</p>' if "hint" in block else ""
    wrong = errors.get(block["block_id"].partition("@")[0])
    error = f'<p class="error">{html.escape(wrong, quote=False)}</p>' if wrong else ""
    return f'<div class="field">{label}{_element(reader, block["element"])}{error}{hint}</div>'


def _element(reader: Reader, element: Block) -> str:
    match element["type"]:
        case "plain_text_input":
            example = reader.text(element["placeholder"]) if "placeholder" in element else ""
            return f'<div class="entry"><span class="empty">{example}</span></div>'
        case "checkboxes":
            ticked = element.get("initial_options", ())
            return "".join(_tick(reader, one, ticked=one in ticked) for one in element["options"])
    chosen = element.get("initial_option")
    shown = reader.text(chosen["text"]) if chosen else '<span class="empty">Choose an option</span>'
    choices = _choices(reader, _options(element))
    return f'<details class="ask"><summary class="entry">{shown}<i>⌄</i></summary>{choices}</details>'


def _options(element: Block) -> list[Block]:
    """Those that come with it; what is searched for is not known here."""
    groups = element.get("option_groups") or [element]
    return [one for group in groups for one in group.get("options", ())]


def _choices(reader: Reader, options: Iterable[Block]) -> str:
    shown = "".join(f"<li>{reader.text(one['text'])}{_description(reader, one)}</li>" for one in options)
    return f'<ul class="dialog">{shown or "<li>is searched for as one types</li>"}</ul>'


def _description(reader: Reader, option: Block) -> str:
    return f"<br><small>{reader.text(option['description'])}</small>" if "description" in option else ""


def _tick(reader: Reader, option: Block, *, ticked: bool) -> str:
    return f'<div class="tick"><i>{"☑" if ticked else "☐"}</i> {reader.text(option["text"])}</div>'
