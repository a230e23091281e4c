"""How the commands that hold an environment are read and written: lock, unlock, freeze, unfreeze."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.core import phrases
from bot.core.grammar.arguments import (
    BECAUSE,
    TO,
    Places,
    misread,
    read_reason,
    show_because,
    show_environment,
)
from bot.core.grammar.commands import DeclareFreeze, TakeLock, TakeOver, Unfreeze, Unlock
from bot.core.grammar.tokens import Misread, TokenCursor, shorten
from bot.core.grammar.vocabulary import Vocabulary

Made = TypeVar("Made")

_ALL = frozenset({"all"})
_UNTIL = frozenset({"until", "till", "til", "--until"})
_FOR = frozenset({"for", "--for"})
_FOR_EVER = (("further", "notice"), ("ever",), ("forever",), ("indefinitely",))
"""How people say that there is no end."""


@dataclass(frozen=True, slots=True)
class _Limit:
    """How long, and why; of ``duration`` and ``until`` one at most."""

    duration: str | None = None
    until: str | None = None
    reason: str | None = None

    @property
    def is_set(self) -> bool:
        return self.duration is not None or self.until is not None

    def with_more(self, more: _Limit) -> _Limit:
        """Raises Misread where both say how long."""
        if self.is_set and more.is_set:
            known = shorten(self.duration or self.until or "")
            raise Misread(f"How long? I understood {known}, and then something else.")
        return _Limit(self.duration or more.duration, self.until or more.until, more.reason or self.reason)


def read_lock(cursor: TokenCursor, words: Vocabulary) -> TakeLock:
    """``for`` begins a duration where a number follows it, and a reason otherwise: ``for 2h``, ``for testing``.

    The duration may stand alone, the reason behind a colon or in brackets: ``staging 2h (load test)``.
    """
    places = Places(words, special=_ALL, environment_first=True)
    limit = _Limit()
    if not cursor.done and cursor.left[0].quoted:  # a name with a blank in it; a reason comes later
        places.take(cursor)
    while not cursor.done:
        first = cursor.left
        reason = _read_reason(cursor) if limit.reason is None else None
        if len(cursor.left) < len(first):  # brackets may be empty
            limit = replace(limit, reason=reason)
            continue
        if _limit_begins(cursor, words):
            limit = limit.with_more(_read_limit(cursor))
        elif limit.is_set and limit.reason is None and not places.empty and not _place_begins(cursor, words):
            limit = replace(limit, reason=cursor.take_rest())
        else:
            places.take(cursor)
        taken = first[: len(first) - len(cursor.left)]
        ends = taken[-1].word.endswith(":") or (
            taken[-1].word.endswith(",") and not cursor.done and not _place_begins(cursor, words)
        )
        if ends and limit.reason is None and not cursor.done:
            limit = _after_colon(cursor, words, limit)
    app, environment = places.settle()
    if environment is None:
        raise Misread("Which environment? Its name is missing, or “all”.")
    return TakeLock(environment, app, limit.duration, limit.until, limit.reason)


def _after_colon(cursor: TokenCursor, words: Vocabulary, limit: _Limit) -> _Limit:
    """What follows a colon is the reason, unless it says how long."""
    if _limit_begins(cursor, words) or cursor.word() in BECAUSE or cursor.left[0].quoted:
        return limit
    return replace(limit, reason=cursor.take_rest())


def _limit_begins(cursor: TokenCursor, words: Vocabulary) -> bool:
    if cursor.word() in _UNTIL | _FOR or _for_ever(_lowered(cursor)):
        return True
    if any(scope.environment(cursor.left[0].text) for scope in words.apps.values()):
        return False
    return phrases.duration(_lowered(cursor)) > 0


def _place_begins(cursor: TokenCursor, words: Vocabulary) -> bool:
    word = cursor.left[0].text
    return cursor.word() in TO | _ALL or bool(words.app(word) or words.environment(word))


def _read_reason(cursor: TokenCursor) -> str | None:
    """As everywhere, or in brackets, or ``while …``."""
    token = cursor.left[0]
    if token.word.startswith("("):
        closed = next((n for n, one in enumerate(cursor.left, 1) if one.text.rstrip(".,!").endswith(")")), None)
        inside = cursor.take_words(closed) if closed else cursor.take_rest()
        return inside.rstrip(".,!").removeprefix("(").removesuffix(")").strip() or None
    if token.word == "while":
        return cursor.take_rest()
    if token.word == ":":
        return cursor.take_after(cursor.take()) or None
    return read_reason(cursor)


def show_lock(lock: TakeLock) -> str:
    shown = "lock" + show_environment(lock.environment, "") + show_environment(lock.app, "on")
    shown += f" for {lock.duration}" if lock.duration else ""
    shown += f" until {lock.until}" if lock.until else ""
    return shown + show_because(lock.reason)


def read_unlock(cursor: TokenCursor, words: Vocabulary) -> Unlock:
    places = Places(words, special=_ALL | {"mine"}, environment_first=True)
    while not cursor.done:
        places.take(cursor)
    app, environment = places.settle()
    if environment is None:
        raise Misread("Which environment? Its name is missing, or “mine”, or “all”.")
    return Unlock(environment, app)


def show_unlock(unlock: Unlock) -> str:
    return "unlock" + show_environment(unlock.environment, "") + show_environment(unlock.app, "on")


def read_take_over(cursor: TokenCursor, words: Vocabulary) -> TakeOver:
    """``for`` begins a reason, as with lock: ``take over production for a hotfix``."""
    places = Places(words, environment_first=True)
    reason = None
    while not cursor.done and reason is None:
        reason = read_reason(cursor)
        if reason is None and cursor.word() == "for":
            cursor.take()
            reason = cursor.take_rest() or None
        elif reason is None:
            places.take(cursor)
    return TakeOver(*_settled(places), reason)


def show_take_over(take_over: TakeOver) -> str:
    shown = show_environment(take_over.environment, "") + show_environment(take_over.app, "on")
    return "take over" + shown + show_because(take_over.reason)


def read_of_lock(make: Callable[[str, str | None], Made]) -> Callable[[TokenCursor, Vocabulary], Made]:
    """A command about one lock: which environment, and of which app."""

    def read(cursor: TokenCursor, words: Vocabulary) -> Made:
        places = Places(words, environment_first=True)
        while not cursor.done:
            places.take(cursor)
        return make(*_settled(places))

    return read


def show_of_lock(name: str, environment: str, app: str | None) -> str:
    return name + show_environment(environment, "") + show_environment(app, "on")


def _settled(places: Places) -> tuple[str, str | None]:
    app, environment = places.settle()
    if environment is None:
        raise Misread("Which environment? Its name is missing.")
    return environment, app


def read_freeze(cursor: TokenCursor, words: Vocabulary) -> DeclareFreeze:
    environment, until, reason = _read_environment(cursor, words), None, None
    while not cursor.done and reason is None:
        reason = read_reason(cursor)
        if reason is not None:
            break
        if cursor.word() not in _UNTIL | _FOR or until:
            raise misread(cursor.left[0], cursor)
        limit = _read_limit(cursor)
        until, reason = f"in {limit.duration}" if limit.duration else limit.until, limit.reason
    if environment is None:
        raise Misread("Which environment? Its name is missing, or “all”.")
    if reason is None:
        raise Misread("Why? A freeze needs a reason after “because”.")
    return DeclareFreeze(environment, until, reason)


def show_freeze(freeze: DeclareFreeze) -> str:
    shown = "freeze" + show_environment(freeze.environment, "")
    return shown + (f" until {freeze.until}" if freeze.until else "") + show_because(freeze.reason)


def read_unfreeze(cursor: TokenCursor, words: Vocabulary) -> Unfreeze:
    return Unfreeze(_read_environment(cursor, words))


def show_unfreeze(unfreeze: Unfreeze) -> str:
    return "unfreeze" + show_environment(unfreeze.environment, "")


def _read_environment(cursor: TokenCursor, words: Vocabulary) -> str | None:
    if cursor.done or cursor.word() in _UNTIL | _FOR | {"because"}:
        return None
    word = cursor.take().text
    return "all" if word.lower() == "all" else words.environment(word) or word


def _read_limit(cursor: TokenCursor) -> _Limit:
    """What ``for`` or ``until`` says, or a duration that stands alone."""
    keyword = cursor.take().word if cursor.word() in _UNTIL | _FOR else ""
    left = _lowered(cursor)
    if count := _for_ever(left):
        cursor.take(count)
        return _Limit()
    if keyword in _UNTIL:
        return _Limit(until=phrases.as_moment(_words(cursor, max(1, phrases.after_keyword(left)))))
    part, count = phrases.part_of_day(left)
    if part and (count == len(left) or left[count] in TO | BECAUSE | {"while"} or left[count][:1] in {"(", ""}):
        cursor.take(count)
        return _Limit(until=part)
    idle = phrases.before_duration(left)
    count = phrases.duration(left[idle:])
    if count:
        if idle:
            cursor.take(idle)
        return _Limit(duration=_words(cursor, count))
    if idle and phrases.is_unit(left[idle:]):
        cursor.take(idle)
        return _Limit(duration=f"1 {_words(cursor, 1)}")
    if left[:1] == ["now"]:
        cursor.take()
        return _Limit()
    if wrong := phrases.amount(left):
        raise Misread(f"For how long? I did not understand {shorten(_words(cursor, wrong))}: write “for 2h”.")
    return _Limit(reason=cursor.take_rest() or None)


def _for_ever(left: Sequence[str]) -> int:
    """How many words say that there is no end; 0 where none do."""
    return next((len(said) for said in _FOR_EVER if tuple(left[: len(said)]) == said), 0)


def _words(cursor: TokenCursor, count: int) -> str:
    return cursor.take_words(count).rstrip(":,")


def _lowered(cursor: TokenCursor) -> list[str]:
    return [token.word.rstrip(":,") for token in cursor.left]
