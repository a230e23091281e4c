"""What chat services and keyboards do to a line of text, undone."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_LINE = 1_000

_NOTHING = re.compile(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]"
    # joiners mean something between emoji or Persian letters, and nothing beside plain letters
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f]")
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile(r"[^\S ]")

# https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
_LINK = re.compile(r"<((?:@|#|!|https?:|mailto:|tel:|ftp:)[^<>|]*)(?:\|([^<>]*))?>")
_PAGE = re.compile(
    r"https?://[^/\s]+/[\w.-]+/[\w.-]+/(?:pull|commits?|tree|compare|releases|deployments)(?![\w-])", re.IGNORECASE
)
"""Pages of a forge about what may be deployed."""
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
_QUOTES = str.maketrans({**dict.fromkeys("“”„‟«»〝〞＂", '"'), **dict.fromkeys("‘’‚‛＇", "'")})
_DASHES = re.compile(r"(?<!\S)[‒–—―]+-?(?=[^\W\d_])")

_WRAPPED_LINE = re.compile(r"(?P<mark>```|`|\*|_|~)(?P<inside>\S(?:.*\S)?)(?P=mark)")
_WRAPPED_WORD = re.compile(r"(?<!\S)(?P<mark>[*_~])(?P<inside>[^\s*_~](?:\S*[^\s*_~])?)(?P=mark)(?!\S)")
_WRAPPED_WORDS = re.compile(r"(?<!\S)(?P<mark>[*~])(?P<inside>[^\s*~](?:[^*~]*[^\s*~])?)(?P=mark)(?!\S)")
_QUOTED = re.compile(r"(?:> ?)+")
_FENCE = re.compile(r"`{3,9}(?:sh|bash|zsh|shell|console|text|txt|plain|plaintext)?|~{3,9}", re.IGNORECASE)
_BACK_TICKS = re.compile(r"(?<!\S)`+(?=\S)|(?<=\S)`+(?!\S)")


def clean(text: str) -> str:
    """The first line of ``text`` that is not empty, as the person meant it.

    Links, mentions and entities become what they show, typographic quotes and dashes what is on the keys, marks around
    words and invisible characters go. A line longer than ``LONGEST_LINE`` characters keeps its marks: nobody reads it
    as a command. Any ``str`` is taken and none is refused.

    >>> clean("“deploy” `topic` to <http://v1.io|v1.io> —force")
    '"deploy" topic to v1.io --force'
    """
    return next(clean_lines(text), "")


def clean_lines(text: str) -> Iterator[str]:
    """Every line of ``text`` that is not empty, as the person meant it; the fences of code blocks are no lines."""
    for line in _LINE_END.split(_CONTROL.sub("", _NOTHING.sub("", text))):
        flat = _SPACE.sub(" ", line).strip()
        meant = _meant(flat) if flat and not _FENCE.fullmatch(flat) else ""
        if meant:
            yield meant


def _meant(line: str) -> str:
    line = _ENTITY.sub(lambda found: _ENTITIES[found[1]], _LINK.sub(_link_shows, line))
    line = _DASHES.sub("--", line.translate(_QUOTES)).strip()
    quoted = _QUOTED.match(line)
    line = line[quoted.end() :].strip() if quoted else line
    return line if len(line) > LONGEST_LINE else without_marks(line)


def protect(line: str) -> str:
    """Write a line so that ``clean`` gives it back where it looks like an entity or a link already."""
    guarded = _ENTITY.sub(r"&amp;\1;", line)
    return _LINK.sub(lambda found: "&lt;" + found[0][1:-1] + "&gt;", guarded)


def _link_shows(found: re.Match[str]) -> str:
    target, label = found[1], found[2] or ""
    match target[0]:
        case "@":  # a person's label is a name, and names are no addresses: the id stays
            return target
        case "#":
            return "#" + label.removeprefix("#") if label else target
        case "!":
            shown = label or target[1:].removeprefix("subteam^")
            return shown if target.startswith("!date") else "@" + shown.removeprefix("@")
        case _ if _PAGE.match(target):  # whatever it is called, it leads to one thing
            return target
        case _:
            return label or target.removeprefix("mailto:").removeprefix("tel:")


def without_marks(line: str) -> str:
    """The line without the marks that make words of it bold, struck or code."""
    whole = _WRAPPED_LINE.fullmatch(line)
    if whole and whole["mark"] not in whole["inside"]:
        line = whole["inside"]
    for _ in range(3):  # *`word`* wears one mark inside another
        bare = _BACK_TICKS.sub("", line)
        for wrapped in (_WRAPPED_WORD, _WRAPPED_WORDS):
            bare = wrapped.sub(r"\g<inside>", bare)
        if bare == line:
            break
        line = bare
    return line.strip()
