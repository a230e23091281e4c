"""The chat grammar: one parser behind mention, direct message, slash command and terminal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.core.grammar.arguments import misread
from bot.core.grammar.commands import Command, Help
from bot.core.grammar.deploy import VERB
from bot.core.grammar.one_time_password import take_password
from bot.core.grammar.registry import COMMANDS, DEPLOY, HELP, Spec, find
from bot.core.grammar.slack_text import LONGEST_LINE, clean, protect
from bot.core.grammar.tokens import Misread, TokenCursor, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import nearest

__all__ = [
    "COMMANDS",
    "NotUnderstood",
    "Spec",
    "Vocabulary",
    "clean",
    "command_table",
    "find",
    "parse",
    "parse_slash",
    "show",
    "split_one_time_password",
]

_POLITE = frozenset({"please", "pls", "plz"})
_END = "?!.,:"


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Why a text is no command: a sentence, the command that may have been meant, and one that works here."""

    reason: str
    nearest: Spec | None
    example: str


def parse(text: str, words: Vocabulary) -> Command | NotUnderstood:
    """The command in ``text``, which may be exactly as a chat service sends it. Never raises.

    A deploy's one-time password is dropped: who needs it calls ``split_one_time_password`` before.
    """
    return _understand(clean(text), words)


def parse_slash(text: str, words: Vocabulary) -> Command | NotUnderstood:
    """The command in the text behind ``/deploy``: any other command, or what is to be deployed. Never raises."""
    line = clean(text)
    if not line:
        return Help()
    return _understand(line if _match(line) else f"deploy {line}", words)


def split_one_time_password(text: str, *, slash: bool = False) -> tuple[str, str | None]:
    """A deploy command without the one-time password at its end, and the password; other texts as they are, and None.

    ``slash`` says that the text came behind ``/deploy``, where the verb may be missing.

    >>> split_one_time_password("deploy web to production 123456")
    ('deploy web to production', '123456')
    """
    line = clean(text)
    kept, password = _split_password(line, slash=slash)
    return (text, None) if password is None else (kept, password)


def show(command: Command) -> str:
    """The command as text that ``parse`` reads back as the same command.

    >>> from bot.core.grammar.commands import Lock
    >>> show(Lock("staging", "web", duration="2h", reason="testing"))
    'lock staging on web for 2h because testing'
    """
    spec = next(spec for spec in COMMANDS if isinstance(command, spec.makes))
    return protect(spec.show(command))


def command_table(there: Collection[type] | None = None) -> str:
    """All commands as a table in Markdown; those that are not among the types ``there`` are marked."""
    rows = [f"| `{spec.usage.replace('|', chr(92) + '|')}` | {spec.help}{_mark(spec, there)} |" for spec in COMMANDS]
    return "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n"


def _mark(spec: Spec, there: Collection[type] | None) -> str:
    return "" if there is None or spec.makes in there else " *Not there yet.*"


def _understand(text: str, words: Vocabulary) -> Command | NotUnderstood:
    if len(text) > LONGEST_LINE:
        sentence = f"This is too long for a command: I read {LONGEST_LINE:,} characters at most."
        return NotUnderstood(sentence, None, DEPLOY.example(words))
    kept, _ = _split_password(text, slash=False)
    matched = _match(kept)
    if matched is None:
        return _unknown(kept, words)
    spec, count = matched
    line = TokenCursor(kept)
    line.verb = line.take_words(count)
    if [token.word for token in line.left] in (["--help"], ["-h"]):
        return Help(spec.name)
    try:
        command = spec.parse(line, words)
        if not line.done:
            raise misread(line.left[0], line)
    except Misread as why:
        return NotUnderstood(str(why), spec, spec.example(words))
    return command


def _match(text: str) -> tuple[Spec, int] | None:
    """The command that ``text`` begins with, and how many words name it."""
    said = text.lower().split(maxsplit=8)[:8]
    polite = next((place for place, word in enumerate(said) if word not in _POLITE), 0)
    said = said[polite:]
    for length in range(min(4, len(said)), 0, -1):
        name = " ".join(said[:length])
        spec = find(name) or find(name.rstrip(_END))
        if spec is not None and (length == 1 or said[length - 1].strip(_END)):
            return spec, polite + length
    return (DEPLOY, polite + 1) if said and VERB.fullmatch(said[0]) else None


def _unknown(text: str, words: Vocabulary) -> NotUnderstood:
    if not text:
        return NotUnderstood("There was no command. “help” shows all of them.", HELP, "help")
    word = TokenCursor(text).take().text
    if words.app(word) or words.environment(word):
        spec: Spec | None = DEPLOY
    else:
        names = [name for one in COMMANDS for name in one.names]
        spec = find(nearest(word, names) or nearest(" ".join(text.split()[:4]), names) or "")
    return NotUnderstood(f"I do not know the command {shorten(word)}.", spec, (spec or DEPLOY).example(words))


def _split_password(line: str, *, slash: bool) -> tuple[str, str | None]:
    if len(line) > LONGEST_LINE:
        return line, None
    matched = _match(line)
    if matched is None and slash:
        return take_password(line)
    if matched is None or matched[0] is not DEPLOY:
        return line, None
    named = line.split(maxsplit=matched[1])
    if len(named) <= matched[1]:
        return line, None
    kept, password = take_password(named[-1])
    return (line, None) if password is None else (" ".join([*named[:-1], kept]), password)
