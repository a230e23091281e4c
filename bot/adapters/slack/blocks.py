"""A message in Slack's own format: mrkdwn text and Block Kit blocks, always within Slack's limits.

Limits: https://docs.slack.dev/reference/block-kit/blocks; what has to be escaped:
https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from bot.core.rich_text import (
    Bold,
    Button,
    Code,
    CodeBlock,
    GroupMention,
    Line,
    Link,
    Mention,
    Message,
    Moment,
    Span,
    one_line,
    plain,
    visible,
)

Block: TypeAlias = dict[str, Any]

TEXT_LIMIT = 4_000
SECTION_LIMIT = 3_000
BLOCKS_LIMIT = 50
# Slack refuses a message somewhere above 13,000 characters of block text.
TOTAL_LIMIT = 12_500

CONTEXT_TOTAL_LIMIT = 2_000
CONTEXT_ELEMENTS_LIMIT = 10
CODE_BLOCK_LIMIT = 2_800
BUTTONS_LIMIT = 25
LABEL_LIMIT = 75
COMMAND_LIMIT = 2_000
ACTION_ID_LIMIT = 255
CONFIRM_LIMIT = 300

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_GROUP = re.compile(r"S[A-Z0-9]+")
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_UNSAFE_IN_ADDRESS = re.compile(r"[|<>\"`\\^{}\s]")
_HALF_AN_ENTITY = re.compile(r"^[a-z]{0,3};")
_ROOM_FOR_MORE = 40
_LONGEST_TEXT = 1_000
# Slack knows no way to escape these. It marks text from one that no letter comes before to the next of its kind; what
# looks like it does nothing.
_MARK = re.compile(r"(?<![^\W_])[*_~](?=\S|$)|`")
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}


def text_of(message: Message) -> str:
    """The message's sentence as mrkdwn, at most 4,000 characters: notifications and screen readers get this."""
    return _line(message.sentence, TEXT_LIMIT).strip() or "…"


def blocks_of(message: Message) -> list[Block]:
    """The whole message as blocks: body, small print, buttons. What does not fit is counted instead of shown."""
    actions = _actions(message.buttons)
    context = _context(message.context)
    room = TOTAL_LIMIT - _size([*context, *actions])
    sections = _sections(message.lines or (message.sentence,), room, BLOCKS_LIMIT - len(context) - len(actions))
    return [*sections, *context, *actions]


def _sections(lines: Sequence[Line], room: int, most: int) -> list[Block]:
    texts: list[str] = []
    for number, line in enumerate(lines):
        shown = _line(line, SECTION_LIMIT if texts else min(SECTION_LIMIT, room - _ROOM_FOR_MORE))
        joined = f"{texts[-1]}\n{shown}" if texts else shown
        fits_last = bool(texts) and len(joined) <= SECTION_LIMIT
        used = sum(map(len, texts)) + len(shown) + 1
        if (texts and used > room - _ROOM_FOR_MORE) or (not fits_last and len(texts) + 1 >= most):
            texts.append(_more(len(lines) - number, "line"))
            break
        if fits_last:
            texts[-1] = joined
        else:
            texts.append(shown)
    return [_section(text) for text in texts if text.strip()] or [_section("…")]


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # Without verbatim Slack looks for links, channel names and "certain mentions" in the text by itself.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _more(count: int, noun: str) -> str:
    return f"… ({count} more {noun if count == 1 else noun + 's'})"


def _context(lines: Sequence[Line]) -> list[Block]:
    elements: list[Block] = []
    room = CONTEXT_TOTAL_LIMIT
    for number, line in enumerate(lines):
        shown = _line(line, CONTEXT_TOTAL_LIMIT).strip()
        if len(shown) > room - _ROOM_FOR_MORE or len(elements) >= 2 * CONTEXT_ELEMENTS_LIMIT - 1:
            elements.append(_mrkdwn(_more(len(lines) - number, "line")))
            break
        if shown:
            elements.append(_mrkdwn(shown))
            room -= len(shown)
    rows = (elements[at : at + CONTEXT_ELEMENTS_LIMIT] for at in range(0, len(elements), CONTEXT_ELEMENTS_LIMIT))
    return [{"type": "context", "elements": row} for row in rows]


def _actions(buttons: Sequence[Button]) -> list[Block]:
    # A command that is cut would be another command, so a button that cannot carry all of it is not drawn.
    usable = [button for button in buttons if button.command.strip() and len(button.command) <= COMMAND_LIMIT]
    if not usable:
        return []
    drawn = [_button(number, button) for number, button in enumerate(usable[:BUTTONS_LIMIT])]
    row: Block = {"type": "actions", "elements": drawn}
    left = len(usable) - len(drawn)
    if not left:
        return [row]
    return [row, {"type": "context", "elements": [_mrkdwn(_more(left, "button"))]}]


def _button(number: int, button: Button) -> Block:
    verb = re.sub(r"[^a-z]", "", button.command.split(maxsplit=1)[0].lower())[:20]
    label = _cut(one_line(button.label).strip(), LABEL_LIMIT) or verb or "…"
    drawn: Block = {
        "type": "button",
        "action_id": f"command:{number}:{verb}{f':{button.drawn}' if button.drawn else ''}"[:ACTION_ID_LIMIT],
        "text": _plain_text(label),
        "value": button.command,
    }
    if button.style:
        drawn["style"] = button.style
    question = _cut(one_line(button.confirm or "").strip(), CONFIRM_LIMIT)
    if question:
        drawn["confirm"] = _confirm(question, button)
    return drawn


def _confirm(question: str, button: Button) -> Block:
    dialog: Block = {
        "title": _plain_text("Are you sure?"),
        "text": _plain_text(question),
        "confirm": _plain_text("Yes"),
        "deny": _plain_text("No"),
    }
    if button.style:
        dialog["style"] = button.style
    return dialog


def _plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}


def _size(blocks: Iterable[Block]) -> int:
    """Characters of text in blocks, dialogs of buttons included."""
    total = 0
    for block in blocks:
        for element in block["elements"]:
            texts = [element["text"]] if isinstance(element["text"], str) else [element["text"]["text"]]
            texts += [part["text"] for part in element.get("confirm", {}).values() if isinstance(part, dict)]
            total += sum(map(len, texts))
    return total


def _line(line: Line, limit: int) -> str:
    """One line as mrkdwn of at most ``limit`` characters, never cut inside an entity or a link."""
    shown = ""
    for span in line:
        whole = _span(span)
        if len(shown) + len(whole) < limit:
            shown += whole
            continue
        room = limit - len(shown) - 1
        shown += f"{_escape_within(_inert(span), room)}…" if isinstance(span, str) else "…"
        break
    # At the beginning of a line it would be the mark of a quotation.
    return re.sub("^(?:&gt;)+", lambda found: "›" * (len(found[0]) // 4), shown)


def _span(span: Span) -> str:
    match span:
        case str():
            return _escape(_cut(_inert(span), _LONGEST_TEXT))
        case Bold(text=text):
            return _wrapped(text, "*", "∗")
        case Code(text=text):
            return _wrapped(text, "`", "ˋ")
        case CodeBlock(text=text):
            return _code_block(text)
        case Link():
            return _link(span)
        case Mention(chat_id=chat_id, name=name):
            return f"<@{chat_id}>" if chat_id and _PERSON.fullmatch(chat_id) else _escape(f"@{_inert(name)}")
        case GroupMention(group_id=group, name=name):
            # https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups
            return f"<!subteam^{group}>" if group and _GROUP.fullmatch(group) else _escape(f"@{_inert(name)}")
        case Moment(at=at):
            fallback = _escape(plain((span,))).replace("|", "¦")
            return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def _wrapped(text: str, mark: str, lookalike: str) -> str:
    """Text between two marks. Slack wants them to touch the text, on one line, with no such mark inside."""
    inner = (one_line(text) if mark == "`" else _inert(text)).strip()
    return f"{mark}{_escape(inner.replace(mark, lookalike))}{mark}" if inner else " " * len(one_line(text))


def _code_block(text: str) -> str:
    """The end of the text where it is too long: of an output the last lines say what went wrong."""
    shown = _escape(visible(text).strip("\n").replace("```", "ˋˋˋ"))
    if len(shown) > CODE_BLOCK_LIMIT:
        shown = f"…\n{_HALF_AN_ENTITY.sub('', shown[-CODE_BLOCK_LIMIT:])}"
    return f"```\n{shown}\n```" if shown.strip() else ""


def _link(link: Link) -> str:
    label = _inert(link.text).replace("|", "¦").strip()
    # Only these schemes: an address that begins with ! or @ would be a mention.
    if not link.url or not _ADDRESS.fullmatch(link.url.strip()):
        return _escape(_inert(link.text))
    address = _UNSAFE_IN_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", visible(link.url.strip()))
    address = address.replace("&", "&amp;")
    return f"<{address}|{_escape(label)}>" if label else f"<{address}>"


def _escape(text: str) -> str:
    return "".join(_ENTITIES.get(letter, letter) for letter in text)


def _escape_within(text: str, limit: int) -> str:
    """As much of the escaped text as ``limit`` characters hold."""
    shown = ""
    for letter in text[: max(0, limit)]:
        escaped = _ENTITIES.get(letter, letter)
        if len(shown) + len(escaped) > limit:
            break
        shown += escaped
    return shown


def _inert(text: str) -> str:
    """Text that Slack takes for nothing but text: one line, and no bold, italic, struck or code in it."""
    return _MARK.sub(lambda found: _LOOKALIKES[found[0]], one_line(text))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
