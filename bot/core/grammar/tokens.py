"""A command's line as words, read from left to right."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.core.grammar.courtesy import is_emoji, thanks_begin, without_marks_at_end
from bot.core.grammar.slack_text import LONGEST_LINE

_WORD = re.compile(
    r"(?P<key>(?:[A-Za-z_][\w.-]*|--force|--reason)=)?"
    r"(?:\"(?P<double>(?:\\.|[^\\\"])*)\"|'(?P<single>(?:\\.|[^\\'])*)')(?!\S)"
    r"|\S+",
)
_ESCAPED = re.compile(r"\\([\"'\\])")
_PLAIN = re.compile(r"[^\s\"'?？][^\s\"?？]*")
_SHOWN = 60


class Misread(Exception):
    """A line is no command; the sentence says why. It never leaves the grammar.

    ``instead`` are lines that may have been meant.
    """

    def __init__(self, reason: str, instead: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.instead = instead


@dataclass(frozen=True, slots=True)
class Token:
    """One word, or several between quotes. ``start`` is its place in the line.

    Of ``key="…"`` all is the ``text``, for whoever has no use for keys, and what stands between the quotes ``value``.
    """

    text: str
    start: int
    quoted: bool = False
    key: str = ""

    @property
    def value(self) -> str:
        return self.text[len(self.key) + 1 :] if self.key else self.text

    @property
    def word(self) -> str:
        """In lower case, to compare with the grammar's own words; empty when quoted, for quoted words are nobody's."""
        return "" if self.quoted else self.text.lower()


class TokenCursor:
    """A cursor over the words of ``text``. ``verb`` is the word, or words, that named the command.

    Thanks, emoji and a full stop at the end are no words of the command; whoever takes the rest of the line has them.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.verb = ""
        tokens = tuple(_token(found) for found in _WORD.finditer(text))
        self._tokens = without_courtesy(text, tokens)
        self._next = 0

    @property
    def done(self) -> bool:
        return self._next >= len(self._tokens)

    @property
    def left(self) -> tuple[Token, ...]:
        return self._tokens[self._next :]

    def word(self, ahead: int = 0) -> str:
        """The next word, or one further on, in lower case; empty at the end and for quoted words."""
        left = self.left
        return left[ahead].word if ahead < len(left) else ""

    def take(self, count: int = 1) -> Token:
        """The next token; of several, the last. Raises Misread at the end of the line."""
        if self._next + count > len(self._tokens):
            last = self._tokens[-1].text if self._tokens else self.verb
            raise Misread(f"Something is missing after {shorten(last)}.")
        self._next += count
        return self._tokens[self._next - 1]

    def take_words(self, count: int) -> str:
        """The next ``count`` words with one space between them."""
        return " ".join(self.take().text for _ in range(count))

    def take_after(self, token: Token) -> str:
        """All that follows a word that was taken. Where that is nothing but thanks, it is the thanks."""
        return self.text[token.start :].partition(" ")[2].strip() if self.done else self.take_rest()

    def take_rest(self) -> str:
        """All that is left of the line, as typed; quotes around the whole of it go."""
        if self.done:
            return ""
        left, self._next = self.left, len(self._tokens)
        if len(left) == 1 and left[0].quoted:
            return left[0].text
        rest = self.text[left[0].start :].strip()
        unclosed = rest[0] in "\"'" and rest.count(rest[0]) == 1
        return rest[1:].strip() if unclosed else rest


def quote(text: str, *, always: bool = False) -> str:
    """``text`` as one word of a line: as it is where that is possible, else between quotes.

    >>> quote("hot fix")
    '"hot fix"'
    """
    flat = " ".join(text.split()) if not text.isprintable() else text
    if not always and _PLAIN.fullmatch(flat) and TokenCursor(flat).left == (Token(flat, 0),):
        return flat
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shorten(text: str) -> str:
    """A person's own word between quotation marks, for a sentence that speaks of it."""
    return f"“{text}”" if len(text) <= _SHOWN else f"“{text[: _SHOWN - 1]}…”"


def _token(found: re.Match[str]) -> Token:
    inside = found["double"] if found["double"] is not None else found["single"]
    if inside is None:
        return Token(found[0], found.start())
    key = found["key"] or ""
    return Token(key + _ESCAPED.sub(r"\1", inside), found.start(), quoted=True, key=key[:-1])


def without_courtesy(text: str, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The words without thanks and emoji at the end, and without the full stop of the last one."""
    count = len(tokens)
    if len(text) > LONGEST_LINE:  # nobody reads it as a command
        return tokens
    while count:
        end = tokens[count].start if count < len(tokens) else len(text)
        last = tokens[count - 1]
        if not last.quoted and is_emoji(last.text):
            count -= 1
            continue
        begin = thanks_begin(text[:end])
        kept = sum(token.start < begin for token in tokens[:count]) if begin is not None else count
        if kept == count or tokens[kept].start != begin or any(token.quoted for token in tokens[kept:count]):
            break
        count = kept
    if not count or tokens[count - 1].quoted:
        return tokens[:count]
    last = tokens[count - 1]
    return (*tokens[: count - 1], replace(last, text=without_marks_at_end(last.text, polite=count < len(tokens))))
