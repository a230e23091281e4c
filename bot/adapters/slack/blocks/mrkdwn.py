"""Lines in mrkdwn, Slack's own markup: escaped, inert where they are text of others, and cut where they are too long.

What has to be escaped: https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from __future__ import annotations

import re

from bot.core.rich_text import (
    Bold,
    Code,
    CodeBlock,
    GroupMention,
    Line,
    Link,
    Mention,
    Moment,
    Span,
    one_line,
    plain,
    visible,
)

CODE_BLOCK_LIMIT = 2_800
DATE_FORMAT = "{date_short_pretty} {time}"
TIME_FORMAT = "{time}"

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
PERSON = re.compile(r"[UW][A-Z0-9]+")
GROUP = re.compile(r"S[A-Z0-9]+")
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_UNSAFE_IN_ADDRESS = re.compile(r"[|<>\"`\\^{}\s]")
_HALF_AN_ENTITY = re.compile(r"^[a-z]{0,3};")
_LONGEST_TEXT = 1_000
# Slack knows no way to escape these. It marks text from one that no letter comes before to the next of its kind; what
# looks like it does nothing.
_MARK = re.compile(r"(?<![^\W_])[*_~](?=\S|$)|`")
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}


def mrkdwn(line: Line, limit: int) -> str:
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
            return _escape(cut(_inert(span), _LONGEST_TEXT))
        case Bold(text=text):
            return _wrapped(text, "*", "∗")
        case Code(text=text):
            return _wrapped(text, "`", "ˋ")
        case CodeBlock(text=text):
            return code_block(text)
        case Link():
            return _link(span)
        case Mention(chat_id=chat_id, name=name):
            return f"<@{chat_id}>" if chat_id and PERSON.fullmatch(chat_id) else _escape(f"@{_inert(name)}")
        case GroupMention(group_id=group, name=name):
            # https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups
            return f"<!subteam^{group}>" if group and GROUP.fullmatch(group) else _escape(f"@{_inert(name)}")
        case Moment(at=at, short=short):
            fallback = _escape(plain((span,))).replace("|", "¦")
            return f"<!date^{int(at.timestamp())}^{TIME_FORMAT if short else DATE_FORMAT}|{fallback}>"


def _wrapped(text: str, mark: str, lookalike: str) -> str:
    """Text between two marks. Slack wants them to touch the text, on one line, with no such mark inside."""
    inner = (one_line(text) if mark == "`" else _inert(text)).strip()
    return f"{mark}{_escape(inner.replace(mark, lookalike))}{mark}" if inner else " " * len(one_line(text))


def code_block(text: str, limit: int = CODE_BLOCK_LIMIT) -> str:
    """The end of the text where it is too long: of an output the last lines say what went wrong."""
    shown = _escape(visible(text).strip("\n").replace("```", "ˋˋˋ"))
    if len(shown) > limit:
        shown = f"…\n{_HALF_AN_ENTITY.sub('', shown[-limit:])}"
    return f"```\n{shown}\n```" if shown.strip() else ""


def _link(link: Link) -> str:
    label, where = _inert(link.text).replace("|", "¦").strip(), address(link)
    if where is None:
        return _escape(_inert(link.text))
    where = where.replace("&", "&amp;")
    return f"<{where}|{_escape(label)}>" if label else f"<{where}>"


def address(link: Link) -> str | None:
    """What the link leads to, as an address that nothing gets out of; None where it is no address."""
    # Only these schemes: one that begins with ! or @ would be a mention.
    if not link.url or not _ADDRESS.fullmatch(link.url.strip()):
        return None
    return _UNSAFE_IN_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", visible(link.url.strip()))


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


def cut(text: str, limit: int) -> str:
    """Text of at most ``limit`` characters.

    >>> cut("a long title", 7)
    'a long…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
