"""The chat grammar: one parser behind mention, direct message, slash command and terminal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.core.grammar import speech
from bot.core.grammar.arguments import misread
from bot.core.grammar.commands import Approve, Command, Deploy, Help, Promote, Retry, Rollback, Ship
from bot.core.grammar.deploy import VERB
from bot.core.grammar.one_time_password import cut_six_digits, cut_yubikeys
from bot.core.grammar.registry import COMMANDS, DEPLOY, HELP, Spec, find
from bot.core.grammar.slack_text import LONGEST_LINE, clean, clean_lines, protect
from bot.core.grammar.tokens import Misread, TokenCursor, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import nearest

__all__ = [
    "COMMANDS",
    "AskedBack",
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

_STARTS_ONE = frozenset({Deploy, Ship, Rollback, Promote, Retry, Approve})
"""Commands after which a deployment may start, for which a provider may want a one-time password."""
_NUMBERED = frozenset({Ship, Retry, Approve})
"""Those of them whose first number is a pull request or a deployment."""

_END = "?!.,:"


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Why a text is no command: a sentence, the command that may have been meant, and one that works here."""

    reason: str
    nearest: Spec | None
    example: str


@dataclass(frozen=True, slots=True)
class AskedBack(NotUnderstood):
    """A question whether to do something, which changes nothing: ``command`` is what it asks about."""

    command: Command


def parse(text: str, words: Vocabulary) -> Command | NotUnderstood:
    """The command in ``text``, which may be exactly as a chat service sends it. Never raises.

    One-time passwords are dropped: who needs it calls ``split_one_time_password`` before.
    """
    return _understand(clean(text), words)


def parse_slash(text: str, words: Vocabulary) -> Command | NotUnderstood:
    """The command in the text behind ``/deploy``: any other command, or what is to be deployed. Never raises."""
    line = clean(text)
    if not line:
        return Help()
    return _understand(line if speech.names_command(line, words) else f"deploy {line}", words)


def split_one_time_password(text: str, *, slash: bool = False) -> tuple[str, str | None]:
    """All lines without one-time passwords, and the last of these; a text that has none as it is, and None.

    ``slash`` says that the text came behind ``/deploy``, where the verb may be missing.

    >>> split_one_time_password("deploy web to production 123456")
    ('deploy web to production', '123456')
    """
    kept, passwords = [], []
    said_before = DEPLOY if slash else None
    for place, line in enumerate(clean_lines(text)):
        bare, found = _without_passwords(line, said_before, goes_on=place > 0)
        matched = _match(bare)
        said_before = matched[0] if matched else said_before
        passwords += found
        kept.append(bare)
    return ("\n".join(filter(None, kept)), passwords[-1]) if passwords else (text, None)


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
    kept, _ = _without_passwords(text, None)
    said = speech.understood(kept, words)
    matched = _match(said.line)
    if said.refused:
        return NotUnderstood(said.refused, matched[0] if matched else None, (matched or (DEPLOY, 0))[0].example(words))
    if matched is None:
        return _unknown(said.line, words)
    spec, count = matched
    line = TokenCursor(said.line)
    line.verb = line.take_words(count)
    if [token.word for token in line.left] in (["--help"], ["-h"]):
        return Help(spec.name)
    try:
        command = spec.parse(line, words)
        if not line.done:
            raise misread(line.left[0], line)
    except Misread as why:
        return NotUnderstood(str(why), spec, spec.example(words))
    if said.asked and not spec.read_only:
        return AskedBack("That was a question, so I have changed nothing.", spec, spec.example(words), command)
    return command


def _match(text: str) -> tuple[Spec, int] | None:
    """The command that ``text`` begins with, and how many words name it."""
    polite = speech.opening(text)
    said = text.lower().split(maxsplit=polite + 8)[polite : polite + 8]
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


def _without_passwords(line: str, said_before: Spec | None, *, goes_on: bool = False) -> tuple[str, list[str]]:
    """The line without one-time passwords, and these. One that begins with no verb belongs to what was said before.

    Six digits are looked for where a deployment is asked for, also in front of the verb, and where it cannot be told
    what is asked for: the verb may be mistyped.
    """
    line, found = cut_yubikeys(line)
    matched = _match(line)
    first, _, rest = line.partition(" ")
    if matched is None and cut_six_digits(first, goes_on=True)[1] and _takes_password(_match(rest)):
        found, line, matched = [*found, first], rest, _match(rest)
    spec, count = matched or (said_before, 0)
    if spec is not None and spec.makes not in _STARTS_ONE:
        return line, found
    words = line.split(maxsplit=count)
    arguments = words[count] if len(words) > count else ""
    numbered, unknown = spec is not None and spec.makes in _NUMBERED, matched is None and (goes_on or spec is None)
    kept, digits = cut_six_digits(arguments, numbered=numbered, goes_on=unknown)
    return (" ".join([*words[:count], kept]).rstrip(), [*found, *digits]) if digits else (line, found)


def _takes_password(matched: tuple[Spec, int] | None) -> bool:
    return matched is not None and matched[0].makes in _STARTS_ONE
