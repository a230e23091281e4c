"""How the commands that hold an environment are read and written: lock, unlock, freeze, unfreeze."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.core import phrases
from bot.core.grammar.arguments import Places, misread, read_reason, show_because, show_environment
from bot.core.grammar.commands import DeclareFreeze, TakeLock, TakeOver, Unfreeze, Unlock
from bot.core.grammar.tokens import Misread, TokenCursor, shorten
from bot.core.grammar.vocabulary import Vocabulary

Made = TypeVar("Made")

_ALL = frozenset({"all"})
_UNTIL = frozenset({"until", "till", "til"})


@dataclass(frozen=True, slots=True)
class _Limit:
    """What followed ``for`` or ``until``: one of the three."""

    duration: str | None = None
    until: str | None = None
    reason: str | None = None


def read_lock(cursor: TokenCursor, words: Vocabulary) -> TakeLock:
    """``for`` begins a duration where a number follows it, and a reason otherwise: ``for 2h``, ``for testing``."""
    places = Places(words, special=_ALL, environment_first=True)
    duration, until, reason = None, None, None
    if not cursor.done and cursor.left[0].quoted:  # a name with a blank in it; a reason comes later
        places.take(cursor)
    while not cursor.done and reason is None:
        reason = read_reason(cursor)
        if reason is not None:
            break
        if cursor.word() not in _UNTIL | {"for"}:
            places.take(cursor)
            continue
        limit = _read_limit(cursor)
        if limit.reason is None and (duration or until):
            raise Misread(f"How long? I understood {shorten(duration or until or '')}, and then something else.")
        duration, until, reason = limit.duration or duration, limit.until or until, limit.reason
    app, environment = places.settle()
    if environment is None:
        raise Misread("Which environment? Its name is missing, or “all”.")
    return TakeLock(environment, app, duration, until, reason)


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
        if cursor.word() not in _UNTIL | {"for"} or until:
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
    if cursor.done or cursor.word() in _UNTIL | {"for", "because"}:
        return None
    word = cursor.take().text
    return "all" if word.lower() == "all" else words.environment(word) or word


def _read_limit(cursor: TokenCursor) -> _Limit:
    keyword = cursor.take().word
    left = [token.word for token in cursor.left]
    if keyword in _UNTIL:
        return _Limit(until=phrases.as_moment(cursor.take_words(max(1, phrases.after_keyword(left)))))
    count = phrases.duration(left) or (1 if left and left[0][:1].isdigit() else 0)
    return _Limit(duration=cursor.take_words(count)) if count else _Limit(reason=cursor.take_rest() or None)
