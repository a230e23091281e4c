"""Ways to say the same: arrows, articles, the word environment; and several places at once, which are too many.

Only the words in front of a reason are looked at, for a reason is the person's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.core.grammar.arguments import BECAUSE, FLAG, TO
from bot.core.grammar.tokens import Token, TokenCursor
from bot.core.grammar.vocabulary import Vocabulary

_ARROW = re.compile(r"[-–—=]{0,3}>|[→⇒➔➙➛➜➝➞➟➠➡⟶⇨]\ufe0f?")
_ATTACHED_ARROW = re.compile(r"(?P<what>[^\s>]+?)(?:[-–—=]{1,3}>|[→⇒➔➜➡⟶]\ufe0f?)(?P<where>[^\s>]+)")
_INTO = frozenset({"into", "onto"})
_ARTICLES = frozenset({"the", "our"})
_ENVIRONMENT = frozenset({"environment", "env"})
_AND = frozenset({"and", "&", "+", "plus", "or", ",", "und"})
_JOINED = re.compile(r"[,&+;]")
_REASONS = BECAUSE | {FLAG, "--reason", "for", "until", "till", "til"}


@dataclass(frozen=True, slots=True)
class Several:
    """Names of places, or of apps, that stand together between ``start`` and ``end`` of a line."""

    names: tuple[str, ...]
    start: int
    end: int


def reworded(arguments: str, words: Vocabulary, *, deploys: bool) -> str:
    """What follows a verb, in the words that the grammar has for it. ``deploys``: an arrow can only say where to.

    >>> from bot.core.grammar.vocabulary import AppVocabulary
    >>> reworded("main -> the staging environment", Vocabulary({"web": AppVocabulary(("staging",))}), deploys=True)
    'main to staging'
    """
    head, rest = _head(arguments)
    kept: list[str] = []
    for place, token in enumerate(head):
        following = head[place + 1].text if place + 1 < len(head) else ""
        before = head[place - 1].text if place else ""
        attached = _ATTACHED_ARROW.fullmatch(token.text) if not token.quoted else None
        if _is_arrow(token) and following and (deploys or _is_place(following, words)):
            kept.append("to")
        elif attached and _is_place(attached["where"], words):
            kept += [attached["what"], "to", attached["where"]]
        elif not _is_idle(token, before, following, words):
            kept.append(_raw(arguments, head, place, rest))
    return " ".join([*kept, arguments[rest:]]).strip()


def says_where(line: str, words: Vocabulary) -> bool:
    """Whether the line has an arrow that points to an environment, as in ``main -> staging``."""
    head, _ = _head(line)
    pointed = [head[n + 1].text for n, token in enumerate(head[:-1]) if n and _ARROW.fullmatch(token.word)]
    pointed += [found["where"] for token in head if (found := _ATTACHED_ARROW.fullmatch(token.word))]
    return any(_is_place(word, words) for word in pointed)


def several(arguments: str, words: Vocabulary) -> Several | None:
    """The first environments, or apps, of which several are named where one is meant."""
    head, rest = _head(arguments)
    for place, token in enumerate(head):
        for known in (_environment_of(words), words.app):
            names, last = _together(head, place, known)
            if len(set(names)) > 1 and (known == words.app or _in_one_app(names, words)):
                end = head[last + 1].start if last + 1 < len(head) else rest
                return Several(tuple(dict.fromkeys(names)), token.start, end)
    return None


def _in_one_app(names: Sequence[str], words: Vocabulary) -> bool:
    """Whether there is an app that has all of them; what one app has and the other has not is no list."""
    return any(all(scope.environment(name) for name in names) for scope in words.apps.values())


def _head(arguments: str) -> tuple[Sequence[Token], int]:
    """The words up to a reason, and where that begins."""
    tokens = TokenCursor(arguments).left
    for place, token in enumerate(tokens):
        begins = token.word in _REASONS or (token.quoted and " " in token.text)
        begins = begins or (token.word.startswith(("--", "(")) and not _is_arrow(token))
        if token.key or begins:
            return tokens[:place], token.start
        if token.word.endswith(":") and place + 1 < len(tokens):
            return tokens[: place + 1], tokens[place + 1].start
    return tokens, len(arguments)


def _raw(arguments: str, head: Sequence[Token], place: int, rest: int) -> str:
    end = head[place + 1].start if place + 1 < len(head) else rest
    return arguments[head[place].start : end].strip()


def _is_arrow(token: Token) -> bool:
    return token.word in _INTO or (bool(token.word) and _ARROW.fullmatch(token.word) is not None)


def _is_idle(token: Token, before: str, following: str, words: Vocabulary) -> bool:
    """``the`` before a name, ``environment`` beside one, ``app`` after one."""
    if _is_place(token.text, words) or words.app(token.text):
        return False
    if token.word in _ARTICLES:
        named = _is_place(following, words) or words.app(following) or following.lower() in _ENVIRONMENT
        return bool(named)
    if token.word.rstrip(".,!?") in _ENVIRONMENT:
        return _is_place(before, words) or _is_place(following, words)
    return token.word == "app" and words.app(before) is not None


def _is_place(word: str, words: Vocabulary) -> bool:
    return bool(word) and any(scope.environment(word.partition("/")[0]) for scope in words.apps.values())


def _environment_of(words: Vocabulary) -> Callable[[str], str | None]:
    def known(word: str) -> str | None:
        meant = words.environment(word)
        return meant or next((word for scope in words.apps.values() if scope.environment(word)), None)

    return known


def _together(head: Sequence[Token], place: int, known: Callable[[str], str | None]) -> tuple[list[str], int]:
    """The names that are listed from here on, and the place of the last one."""
    names: list[str] = []
    last = place
    while place < len(head):
        token = head[place]
        after_to = place > 0 and head[place - 1].word in TO
        parts = [part for part in _JOINED.split(token.text) if part]
        if after_to and known(token.text) is None and "/" in token.text:
            parts = token.text.split("/")
        meant = [known(part) for part in parts]
        if token.quoted or not parts or None in meant:
            break
        names += [name for name in meant if name]
        last = place
        goes_on = token.text.endswith((",", ";", "&", "+"))
        place += 1
        if place < len(head) and head[place].word in _AND:
            goes_on = True
            place += 1
        if not goes_on:
            break
    return names, last
