"""How the commands that ask, follow and introduce are read and written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from bot.core.grammar.arguments import (
    TO,
    Places,
    as_ref,
    demand_one_app,
    misread,
    read_number,
    read_reason,
    read_subject,
    show_environment,
    show_quoted,
    show_subject,
    split_app,
)
from bot.core.grammar.commands import (
    IT,
    SPOKEN_OF,
    Approve,
    Cancel,
    CopyCommand,
    Deploys,
    Diff,
    LinkLogin,
    Logs,
    Reject,
    Retry,
    Unschedule,
    Why,
)
from bot.core.grammar.tokens import Misread, TokenCursor, quote, shorten
from bot.core.grammar.vocabulary import Vocabulary

Made = TypeVar("Made")

_AGAINST = frozenset({"with", "against", "vs", "and"})
_LOGIN = re.compile(r"(?:@|https?://[^/\s]+/)?(?P<login>[A-Za-z0-9][A-Za-z0-9_-]{0,38})/?")
_ENTRY = re.compile(r"#?s(?P<number>[1-9][0-9]{0,8})")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")
_CHAT_ID = re.compile(r"@(?P<id>[UW](?=[A-Z]*[0-9])[A-Z0-9]+)")


def alone(make: Callable[[], Made]) -> Callable[[TokenCursor, Vocabulary], Made]:
    """A command that takes nothing."""
    return lambda _line, _words: make()


def numbered(make: Callable[[int | None, str | None, str | None], Made]) -> Callable[[TokenCursor, Vocabulary], Made]:
    """A command that takes a deployment's number, ``it``, where the deployment is, or nothing."""

    def read(cursor: TokenCursor, words: Vocabulary) -> Made:
        places, number = Places(words), read_deployment(cursor)
        while not cursor.done and number is None:
            take_known(cursor, words, places)
        return make(number, *places.settle())

    return read


def take_known(cursor: TokenCursor, words: Vocabulary, places: Places) -> None:
    """A word that names an app or an environment. Raises Misread for any other."""
    ahead = 1 if cursor.word() in TO and len(cursor.left) > 1 else 0
    token = cursor.left[ahead]
    demand_one_app(token.text, words)
    if not words.app(token.text) and not any(scope.environment(token.text) for scope in words.apps.values()):
        raise misread(token, cursor)
    places.take(cursor)


def of_app(make: Callable[[str | None], Made]) -> Callable[[TokenCursor, Vocabulary], Made]:
    """A command that takes an app or nothing."""

    def read(cursor: TokenCursor, words: Vocabulary) -> Made:
        if cursor.word() in TO | {"for"}:
            cursor.take()
        if cursor.done:
            return make(None)
        word = cursor.take().text
        return make(words.app(word) or word)

    return read


def of_place(make: Callable[[str | None, str | None], Made]) -> Callable[[TokenCursor, Vocabulary], Made]:
    """A command that takes an app, an environment, both or nothing."""

    def read(cursor: TokenCursor, words: Vocabulary) -> Made:
        places = Places(words)
        while not cursor.done:
            places.take(cursor)
        return make(*places.settle())

    return read


def read_deployment(cursor: TokenCursor) -> int | None:
    """A deployment's number, or ``it`` for the one that is spoken of, if it comes next."""
    if cursor.word() == IT:
        cursor.take()
        return SPOKEN_OF
    return read_number(cursor)


def show_number(name: str, number: int | None) -> str:
    if number == SPOKEN_OF:
        return f"{name} {IT}"
    return name if number is None else f"{name} #{number}"


def show_place(name: str, app: str | None, environment: str | None) -> str:
    return name + show_subject(app, None) + show_environment(environment, "in")


def read_reject(cursor: TokenCursor, words: Vocabulary) -> Reject:
    """Words that are no app and no environment are the reason."""
    places, number = Places(words), read_deployment(cursor)
    while not cursor.done and number is None and not places.full and not cursor.left[0].quoted:
        try:
            take_known(cursor, words, places)
        except Misread:
            break
    return Reject(number, read_reason(cursor) or cursor.take_rest() or None, *places.settle())


def show_reject(reject: Reject) -> str:
    return show_numbered("reject", reject) + show_quoted(reject.reason)


def show_numbered(name: str, command: Cancel | Retry | Approve | Reject | Why | Logs) -> str:
    """With its number, or where it is."""
    place = show_subject(command.app, None) + show_environment(command.environment, "in")
    return show_number(name, command.deployment) + place


def read_unschedule(cursor: TokenCursor, _words: Vocabulary) -> Unschedule:
    """``s3`` as it is printed; ``#3`` and ``3`` are as clear."""
    if found := _ENTRY.fullmatch(cursor.word()):
        cursor.take()
        return Unschedule(int(found["number"]))
    number = read_number(cursor)
    if number is None:
        raise Misread("Which deployment? Its number is missing: “schedule” shows it, for example s3.")
    return Unschedule(number)


def read_copy(cursor: TokenCursor, _words: Vocabulary) -> CopyCommand:
    number = read_number(cursor)
    if number is None:
        raise Misread("Of which deployment? Its number is missing: “deploys” shows it.")
    return CopyCommand(number)


def read_deploys(cursor: TokenCursor, words: Vocabulary) -> Deploys:
    """A word of its own that names an environment is one: a ref of that name is reached as ``web/production``."""
    if cursor.word().startswith("#"):
        number = read_number(cursor)
        if number is not None:
            return Deploys(deployment=number)
    app, ref, environment = None, None, None
    if not cursor.done and cursor.word() not in TO:
        word = cursor.left[0].text
        environment = words.environment(word) if not words.app(word) else None
        if environment:
            cursor.take()
        else:
            app, ref = read_subject(cursor, words, second=False)
    if app and not ref and not cursor.done and cursor.word() not in TO:
        word = cursor.take().text
        environment = words.environment(word, app)
        ref = None if environment else as_ref(word)
    if cursor.word() in TO and environment is None:
        cursor.take()
        word = cursor.take().text
        environment = words.environment(word, app) or word
    return Deploys(app, ref, environment)


def show_deploys(deploys: Deploys) -> str:
    if deploys.deployment is not None:
        return show_number("deploys", deploys.deployment)
    return "deploys" + show_subject(deploys.app, deploys.ref) + show_environment(deploys.environment, "in")


def read_logs(cursor: TokenCursor, words: Vocabulary) -> Logs:
    """``logs #12 last 50``; ``logs web in staging`` is of the last that failed there."""
    places, number, last = Places(words), read_deployment(cursor), None
    while not cursor.done:
        if cursor.word() == "last" and last is None and _COUNT.fullmatch(cursor.word(1)):
            last = int(cursor.take(2).text)
        elif number is None:
            places.take(cursor)
        else:
            raise misread(cursor.left[0], cursor)
    return Logs(*places.settle(), number, last)


def show_logs(logs: Logs) -> str:
    shown = show_numbered("logs", logs)
    return shown if logs.last is None else f"{shown} last {logs.last}"


def read_why(cursor: TokenCursor, words: Vocabulary) -> Why:
    places, number = Places(words), read_deployment(cursor)
    while not cursor.done and number is None:
        places.take(cursor)
    return Why(*places.settle(), number)


def show_why(why: Why) -> str:
    return show_numbered("why", why)


def read_diff(cursor: TokenCursor, words: Vocabulary) -> Diff:
    """One word alone is what to look at where it names an environment, and else the target; of two, the second is."""
    first = cursor.left[0].text if cursor.left else ""
    split = split_app(first, words)
    app = split[0] if split else words.app(first)
    environment, target = None, as_ref(split[1]) if split and split[1] else None
    if app:
        cursor.take()
    while not cursor.done:
        against = cursor.take().word in _AGAINST if cursor.word() in TO | _AGAINST else False
        token = cursor.take()
        known = words.environment(token.text, app)
        if environment is None and not against and (known or (target is None and not cursor.done)):
            environment = known or token.text
        elif target is None:
            target = known or as_ref(token.text)
        else:
            raise misread(token, cursor)
    return Diff(app, environment, target)


def show_diff(diff: Diff) -> str:
    shown = "diff" + show_subject(diff.app, None) + (f" {quote(diff.environment)}" if diff.environment else "")
    return shown + (f" against {quote(diff.target)}" if diff.target else "")


def read_link(cursor: TokenCursor, _words: Vocabulary) -> LinkLogin:
    return LinkLogin(_read_login(cursor))


def of_claim(make: Callable[[str, str], Made]) -> Callable[[TokenCursor, Vocabulary], Made]:
    """A command about a login that somebody claims: which login, and who."""

    def read(cursor: TokenCursor, _words: Vocabulary) -> Made:
        login = _read_login(cursor)
        if cursor.word() in TO | {"from"}:
            cursor.take()
        found = None if cursor.done else _CHAT_ID.fullmatch(cursor.take().text)
        if found is None:
            raise Misread("Who claims it? Mention the person at the end.")
        return make(login, found["id"])

    return read


def _read_login(cursor: TokenCursor) -> str:
    if cursor.done:
        raise Misread("Which GitHub login? It is missing.")
    word = cursor.take().text
    found = _LOGIN.fullmatch(word)
    if found is None or _CHAT_ID.fullmatch(word):
        raise Misread(f"{shorten(word)} is no GitHub login.")
    return found["login"]
