"""What a line that is no command may have been meant to be: the person's own words, with one of them mended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.grammar.arguments import FLAG, TO
from bot.core.grammar.tokens import Token, TokenCursor
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import mistyped

_MOST_WORDS = 16
_KEYWORDS = ("because", "until", "green", "when", "every", "tomorrow", "today", FLAG)
# what fingers make of "to"; other short words are words of their own
_MEANS_TO = frozenset({"ot", "too", "tp", "ti", "yo", "ro", "tto", "t", "tro", "tot"})


def repaired(line: str, verb_words: int, words: Vocabulary) -> list[str]:
    """The line with one word for another that it may be a slip of: an app, an environment, a word of the grammar."""
    tokens = TokenCursor(line).left
    if len(tokens) > _MOST_WORDS:
        return []
    names = [*words.apps, *(name for scope in words.apps.values() for name in (*scope.environments, *scope.aliases))]
    found: list[str] = []
    for place, token in enumerate(tokens):
        if place < verb_words or token.quoted or _is_known(token, words):
            continue
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if token.word in _MEANS_TO and _is_environment(following, words):
            found.append(_with(line, tokens, place, "to"))
        found += [_with(line, tokens, place, name) for name in mistyped(token.text, [*names, *_KEYWORDS])]
    return found


def with_verb(line: str, names: Iterable[str]) -> list[str]:
    """The line with each of the names in the place of its first word."""
    _, _, rest = line.partition(" ")
    return [f"{name} {rest}".strip() for name in names if " " not in name]


def _with(line: str, tokens: Sequence[Token], place: int, word: str) -> str:
    end = tokens[place].start + len(tokens[place].text)
    return line[: tokens[place].start] + word + line[end:]


def _is_known(token: Token, words: Vocabulary) -> bool:
    known = token.word in TO or token.word in _KEYWORDS or words.app(token.text) is not None
    return known or _is_environment(token.text, words)


def _is_environment(word: str, words: Vocabulary) -> bool:
    return bool(word) and any(scope.environment(word) for scope in words.apps.values())
