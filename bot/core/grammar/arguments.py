"""Clauses that several commands share: which app and environment, which deployment, and why."""

from __future__ import annotations

import re

from bot.core.grammar.commands import IT
from bot.core.grammar.tokens import Misread, Token, TokenCursor, quote, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import listed, mistyped

TO = frozenset({"to", "in", "on"})
END = "?!.,:;"
"""What ends a sentence, or a part of one."""
FLAG, REASON = "--force", "--reason"
BECAUSE = frozenset({"because", "because:", "bc", "cause", "cuz", "-", "--", "–", "—", REASON, "reason:", "-m"})
NO_REFS = frozenset(
    [
        *("again", "latest", "newest", "last", "current", "that", "this", "them", "everything", "both"),
        *("now", "please", "thanks", "not", "don't", "and", "or"),
    ]
)
"""Words that say something else than a name; a branch that is called so has its app in front, or ``refs/heads/``."""

_NUMBER = re.compile(r"#?([0-9]{1,9})")
_IMPOSSIBLE_REF = re.compile(
    # https://git-scm.com/docs/git-check-ref-format, and no leading dash, so that no program takes it for an option
    r"^[-/.]|\.\.|//|/\.|@\{|[~^:?*\[\\\s\x00-\x1f\x7f]|[/.]$|\.lock(?:/|$)|^@$"
)


def as_ref(word: str) -> str:
    """``word`` if a branch, a tag, a commit id or ``#123`` can look like this. Raises Misread."""
    if not word or _IMPOSSIBLE_REF.search(word):
        raise Misread(f"{shorten(word)} cannot be the name of a branch, a tag or a commit.")
    return word


def split_app(word: str, words: Vocabulary) -> tuple[str, str] | None:
    """``web/feature/x``, ``web@topic`` and ``web#123`` as the app and the ref; None where no app stands in front."""
    for mark in "/@#":
        head, found, rest = word.partition(mark)
        app = words.app(head) if found else None
        if app is not None:
            return app, "#" + rest.lstrip("#") if mark == "#" else rest
    return None


def demand_one_app(repository: str, words: Vocabulary) -> None:
    """Raises Misread for the name of a repository, or its address, where several apps have their code there."""
    apps = words.apps_of(repository)
    if len(apps) > 1:
        raise Misread(f"{shorten(repository)} is the repository of {listed(apps)}: please name the app.")


def read_subject(cursor: TokenCursor, words: Vocabulary, *, second: bool) -> tuple[str | None, str | None]:
    """What is to be deployed, as the app and the ref: ``web``, ``web/topic``, ``web@topic``, ``web topic``, ``topic``.

    ``second`` says whether a word of its own after the app may be the ref. An app that shares its name with a branch is
    the app: the branch is reached as ``web/web``.
    """
    word = cursor.take().text
    split = split_app(word, words)
    if split is not None:
        app, ref = split
        return app, as_ref(ref) if ref else None
    named = words.app(word)
    if named is None:
        return None, _as_bare_ref(word)
    return named, _as_bare_ref(cursor.take().text) if second else None


def _as_bare_ref(word: str) -> str:
    if word.lower() in NO_REFS:
        raise Misread(f"What is {shorten(word)}? I take a branch, a tag, a commit or a pull request by its name.")
    return as_ref(word)


def read_number(cursor: TokenCursor) -> int | None:
    """A deployment's number, ``#12`` or ``12``, if it comes next. Raises Misread for one of a pull request."""
    ahead = pull_request(cursor)
    if ahead and _NUMBER.fullmatch(cursor.word(ahead)):
        raise Misread("That is a pull request, and I need the number of a deployment: “deploys” lists them.")
    if cursor.word() in {"deployment", "deploy"} and _NUMBER.fullmatch(cursor.word(1)):
        cursor.take()
    return read_bare_number(cursor)


def pull_request(cursor: TokenCursor) -> int:
    """How many words come next that say that a number is one of a pull request."""
    if cursor.word() in {"pull", "merge"} and cursor.word(1) in {"request", "requests"}:
        return 2
    return 1 if cursor.word() in {"pr", "mr", "pull"} else 0


def read_bare_number(cursor: TokenCursor) -> int | None:
    """``#12`` or ``12``, if it comes next."""
    found = _NUMBER.fullmatch(cursor.word())
    if found is None:
        return None
    cursor.take()
    return int(found[1])


def read_reason(cursor: TokenCursor) -> str | None:
    """``because …``, ``- …`` or words in quotes, to the end of the line, if they come next.

    What ``--reason`` has in quotes ends where they do.
    """
    if cursor.done:
        return None
    token = cursor.left[0]
    if token.key == REASON:
        return cursor.take().value or None
    if token.word.startswith(f"{REASON}="):
        cursor.take()
        return f"{token.text.partition('=')[2]} {cursor.take_rest()}".strip() or None
    if token.word in BECAUSE:
        cursor.take()
        quoted = token.word == REASON and not cursor.done and cursor.left[0].quoted
        reason = cursor.take().text if quoted else cursor.take_after(token)
        if not reason:
            raise Misread("The reason is missing.")
        return reason
    return cursor.take_rest() or None if token.quoted else None


def misread(token: Token, cursor: TokenCursor) -> Misread:
    """A word that the command has no place for."""
    return Misread(f"I did not understand {shorten(token.text)} after {shorten(before(token, cursor))}.")


def before(token: Token, cursor: TokenCursor) -> str:
    """The word in front of a token, for a sentence about where things went wrong."""
    return cursor.text[: token.start].split()[-1] if cursor.text[: token.start].strip() else cursor.verb


def show_subject(app: str | None, ref: str | None) -> str:
    """How ``read_subject`` is written: `` web/topic``, with a blank in front, or nothing."""
    if app and ref:
        return f" {app}{ref}" if ref.startswith("#") else f" {app}/{ref}"
    return f" {app or ref}" if app or ref else ""


def show_environment(environment: str | None, word: str = "to") -> str:
    """`` to staging``, with another word or none in place of ``to``; nothing where there is no environment."""
    if not environment:
        return ""
    return f" {word} {quote(environment)}" if word else f" {quote(environment)}"


def show_because(reason: str | None) -> str:
    return f" because {_as_rest(reason)}" if reason else ""


def show_quoted(reason: str | None) -> str:
    return " " + quote(reason, always=True) if reason else ""


def _as_rest(reason: str) -> str:
    flat = " ".join(reason.split()) if not reason.isprintable() else reason.strip()
    # Unquoted, a question mark would make a question of the whole line.
    return quote(flat, always=True) if flat[:1] in {'"', "'"} or set(flat) & {"?", "？"} else flat


class Places:
    """The app and the environment of a command, whichever comes first: ``web production``, ``production on web``.

    ``special`` are words that stand in an environment's place, such as ``all``; ``environment_first`` says what a
    word is that names both an app and an environment.
    """

    def __init__(
        self, words: Vocabulary, *, special: frozenset[str] = frozenset(), environment_first: bool = False
    ) -> None:
        self._words = words
        self._special = special
        self._environment_first = environment_first
        self._found: list[tuple[str, bool]] = []

    @property
    def empty(self) -> bool:
        return not self._found

    @property
    def full(self) -> bool:
        return len(self._found) > 1

    def take(self, cursor: TokenCursor) -> None:
        """The next word, and a ``to``, ``in`` or ``on`` before it. Raises Misread where two are known already."""
        connected = cursor.word() in TO
        if connected:
            cursor.take()
        token = cursor.take()
        demand_one_app(token.text, self._words)
        split = None if self._words.app(token.text) else split_app(token.text, self._words)
        names = [token.text] if split is None or not split[1] else list(split)
        if len(self._found) + len(names) > 2:
            raise misread(token, cursor)
        self._found += [(IT if name.lower().rstrip(END) == IT else name, connected) for name in names]

    def settle(self) -> tuple[str | None, str | None]:
        """The app and the environment, each None where the command names none. Raises Misread for a mistyped app."""
        if self.full:  # a place that is named wins over what is spoken of
            said = [one for one in self._found if one[0].lower() == IT]
            if said and any(self._is_environment(one[0]) for one in self._found if one not in said):
                self._found = [one for one in self._found if one not in said]
        app, environment = self._two() if self.full else self._one()
        if environment is None:
            return app, None
        if environment.lower() in self._special:
            return app, environment.lower()
        return app, self._words.environment(environment, app) or environment

    def _one(self) -> tuple[str | None, str | None]:
        if not self._found:
            return None, None
        word, connected = self._found[0]
        app, environment = self._words.app(word), self._is_environment(word)
        if app and not (environment and self._environment_first):
            return app, None
        if not environment and not connected and not mistyped(word, self._words.environments):
            self._check_spelling(word)
        return None, word

    def _two(self) -> tuple[str | None, str | None]:
        first, second = self._found
        pairs = [(first, second), (second, first)]
        if self._environment_first:
            pairs.reverse()
        for app, environment in pairs:
            if self._words.app(app[0]) and self._is_environment(environment[0]):
                return self._words.app(app[0]), environment[0]
        for app, environment in pairs:
            if self._words.app(app[0]):
                return self._words.app(app[0]), environment[0]
        app, environment = next((pair for pair in pairs if self._is_environment(pair[1][0])), pairs[0])
        if self._is_environment(app[0]) and self._is_environment(environment[0]):
            raise Misread(f"{shorten(first[0].rstrip(END))} or {shorten(second[0])}? I understood two environments.")
        if not app[1]:
            self._check_spelling(app[0])
            raise Misread(f"There is no app {shorten(app[0])}.")
        return app[0], environment[0]

    def _check_spelling(self, word: str) -> None:
        if word.lower() == IT:
            return
        meant = mistyped(word, self._words.apps)
        if meant:
            raise Misread(f"There is no app {shorten(word)}. Did you mean {shorten(meant[0])}?")

    def _is_environment(self, word: str) -> bool:
        if word.lower() in self._special:
            return True
        return any(scope.environment(word) for scope in self._words.apps.values())
