"""How the other commands that move code are read and written: ship, roll back, promote."""

from __future__ import annotations

import re

from bot.core.grammar.arguments import (
    END,
    TO,
    Places,
    as_ref,
    misread,
    pull_request,
    read_bare_number,
    read_reason,
    show_environment,
    show_quoted,
    show_subject,
    split_app,
)
from bot.core.grammar.commands import IT, SPOKEN_OF, Promote, Rollback, Ship
from bot.core.grammar.queries import read_deployment, show_number
from bot.core.grammar.tokens import Misread, TokenCursor, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import nearest

UNDOES = frozenset({"undo", "revert"})
"""The words for a rollback that say what is taken back, and not what to go back to."""
_COMMIT = re.compile(r"#[0-9]{1,9}|[0-9a-f]{7,40}")
_CALLED = frozenset({"commit", "version", "tag", "release", "deployment", "deploy"})
"""What people call that to which they go back."""
_UNDO_COMMIT = (
    "I take back deployments, and not commits: “undo #12” for one, “rollback to {commit}” to go back to that commit."
)


def read_ship(cursor: TokenCursor, words: Vocabulary) -> Ship:
    """``#123``; where the channel has several apps, ``web#123`` or ``web #123``. ``it`` is that of the thread."""
    if cursor.done and words.in_thread:
        return Ship(SPOKEN_OF)
    if cursor.word().rstrip(END) == IT:
        cursor.take()
        cursor.take(pull_request(cursor))
        return Ship(SPOKEN_OF)
    first = cursor.left[0].text if cursor.left else ""
    split = split_app(first, words)
    app = split[0] if split else words.app(first)
    if app:
        cursor.take()
    if not split and (ahead := pull_request(cursor)) < len(cursor.left):
        cursor.take(ahead)
    number = read_bare_number(TokenCursor(split[1]) if split else cursor)
    if not number:
        raise Misread("Which pull request? Its number is missing.")
    environment = None
    if cursor.word() in TO:
        cursor.take()
        environment = _meant(cursor.take().text, app, words)
    return Ship(number, environment, app)


def show_ship(ship: Ship) -> str:
    if ship.pull_request == SPOKEN_OF:
        return f"ship {IT}"
    return f"ship {ship.app or ''}#{ship.pull_request}" + show_environment(ship.environment)


def read_rollback(cursor: TokenCursor, words: Vocabulary) -> Rollback:
    """``to`` says what to go back to where a commit or a deployment follows it, and otherwise where.

    ``undo #12`` takes that one back, and ``undo`` alone what is spoken of, unless a place is named.
    """
    places, to, reason, whose = Places(words), None, None, None
    undoes = cursor.verb.lower().rstrip(END) in UNDOES
    of = read_deployment(cursor) if undoes or cursor.word() == IT else None
    while not cursor.done and reason is None:
        reason, after_to = read_reason(cursor), cursor.word() == "to"
        target = None if cursor.done or reason else _target(cursor, words, places)
        if target and to:
            raise Misread(f"To {shorten(to)} or to {shorten(target)}? I understood both.")
        if target and undoes and of is None and not after_to:
            raise Misread(_UNDO_COMMIT.format(commit=target))
        if target:
            named, to = _commit_of(target, words)
            whose = named or whose
        if not target and not reason:
            places.take(cursor)
    app, environment = places.settle()
    app = app or whose
    if app or environment:
        if of:
            raise Misread(f"Of #{of} I know where it was: please leave out {shorten(environment or app or '')}.")
        return Rollback(app, environment, to, reason)
    return Rollback(None, None, to, reason, SPOKEN_OF if of is None and undoes and to is None else of)


def _commit_of(target: str, words: Vocabulary) -> tuple[str | None, str]:
    """``web@bc493b1`` as the app and the commit."""
    split = split_app(target, words)
    if split is None or not split[1].strip("#"):
        return None, target
    if split[1].startswith("#"):
        raise Misread(f"One goes back to a deployment or a commit: {shorten(target)} is a pull request.")
    return split


def show_rollback(rollback: Rollback) -> str:
    if rollback.of is not None:
        shown = show_number("undo", rollback.of)
        return shown + (f" to {rollback.to}" if rollback.to else "") + show_quoted(rollback.reason)
    shown = "rollback" + show_subject(rollback.app, None) + show_environment(rollback.environment, "on")
    return shown + (f" to {rollback.to}" if rollback.to else "") + show_quoted(rollback.reason)


def read_promote(cursor: TokenCursor, words: Vocabulary) -> Promote:
    app, source, environment = None, None, None
    while not cursor.done:
        connector = cursor.take().word if cursor.word() in TO | {"from"} else ""
        token = cursor.take()
        if connector == "from" and source is None:
            source = token.text
        elif connector in TO and environment is None:
            environment = token.text
        elif connector or app is not None:
            raise misread(token, cursor)
        elif source is None and cursor.word() in TO and _is_place(token.text, words):
            source = token.text  # ``staging to production``
        elif _is_place(token.text, words):
            raise Misread(f"From or to {shorten(token.text)}? Please write one of them in front of it.")
        else:
            app = words.app(token.text) or token.text
    return Promote(app, source and _meant(source, app, words), environment and _meant(environment, app, words))


def show_promote(promote: Promote) -> str:
    shown = "promote" + show_subject(promote.app, None) + show_environment(promote.source, "from")
    return shown + show_environment(promote.environment)


def _is_place(word: str, words: Vocabulary) -> bool:
    return words.app(word) is None and words.environment(word) is not None


def _meant(word: str, app: str | None, words: Vocabulary) -> str:
    return words.environment(word, app) or word


def _target(cursor: TokenCursor, words: Vocabulary, places: Places) -> str | None:
    """The commit, ref or deployment to go back to if it comes next, taken from the line."""
    after_to = cursor.word() == "to" and len(cursor.left) > 1
    ahead = 1 if after_to else 0
    called = cursor.word(ahead) in _CALLED and len(cursor.left) > ahead + 1
    if called and (after_to or _COMMIT.fullmatch(cursor.word(ahead + 1))):
        ahead += 1
    word = cursor.left[ahead].text
    if not places.full and (words.app(word) or any(scope.environment(word) for scope in words.apps.values())):
        return None
    if not _COMMIT.fullmatch(word.lower()):
        mistyped = nearest(word, words.environments) is not None
        if not after_to or (mistyped and not places.full):
            return None
    cursor.take(ahead + 1)
    return as_ref(word)
