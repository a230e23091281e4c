"""The chat grammar: one parser behind mention, direct message, slash command and terminal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from bot.core.grammar import repair, speech
from bot.core.grammar.arguments import END, misread
from bot.core.grammar.commands import Approve, Command, Deploy, Diff, Help, Promote, Retry, Rollback, Ship
from bot.core.grammar.courtesy import courtesy
from bot.core.grammar.lines import POLITE, begun, commands_in, match
from bot.core.grammar.one_time_password import cut_six_digits, cut_yubikeys, may_hold_one
from bot.core.grammar.registry import COMMANDS, DEPLOY, HELP, Spec, find
from bot.core.grammar.rewording import reworded, says_where, several
from bot.core.grammar.slack_text import LONGEST_LINE, clean, clean_lines, protect
from bot.core.grammar.tokens import Misread, TokenCursor, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import listed, mistyped

__all__ = [
    "COMMANDS",
    "AskedBack",
    "NotUnderstood",
    "Spec",
    "Vocabulary",
    "clean",
    "command_table",
    "commands_in",
    "find",
    "parse",
    "parse_slash",
    "separate",
    "show",
    "split_one_time_password",
]

LONGEST_TEXT = 4_000
"""Of a longer one not all is stored, and the end of what is stored may be half a word."""
MOST_COMMANDS = 10
"""So many commands are taken from one text."""

_STARTS_ONE = frozenset({Deploy, Ship, Rollback, Promote, Retry, Approve})
"""Commands after which a deployment may start, for which a provider may want a one-time password."""
_NUMBERED = frozenset({Ship, Retry, Approve})
"""Those of them whose first number is a pull request or a deployment."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Why a text is no command: a sentence, the command that it names, lines that are one, and what may be meant.

    ``meant`` are the person's own words, repaired: no app, no environment and no deed that was not among them.
    """

    reason: str
    nearest: Spec | None
    examples: tuple[str, ...] = ("status", "help")
    meant: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedBack(NotUnderstood):
    """A question whether to do something, which changes nothing: ``command`` is what it asks about."""

    command: Command = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Courtesy(NotUnderstood):
    """Thanks, or a greeting, and nothing else: ``emoji`` is all the answer that it wants."""

    emoji: str = field(kw_only=True)


def parse(text: str, words: Vocabulary) -> Command | NotUnderstood:
    """The command in ``text``, which may be exactly as a chat service sends it. Never raises.

    One-time passwords are dropped: who needs it calls ``split_one_time_password`` before. A text of several commands is
    none: who has one reads each of ``commands_in``.
    """
    return _only(commands_in(text), text, words)


def parse_slash(text: str, words: Vocabulary) -> Command | NotUnderstood:
    """The command in the text behind ``/deploy``: any other command, or what is to be deployed. Never raises."""
    lines = commands_in(text, slash=True)
    if not lines:
        return Help()
    return _only([lines[0] if speech.names_command(lines[0], words) else f"deploy {lines[0]}", *lines[1:]], text, words)


def separate(text: str, *, slash: bool = False) -> list[str]:
    """The texts of the commands that are to be decided on one by one: all of it, where that is one or too much."""
    lines = commands_in(text, slash=slash)
    too_much = len(text) >= LONGEST_TEXT or len(lines) > MOST_COMMANDS
    return [text] if too_much or len(lines) < 2 else [protect(line) for line in lines]


def _only(lines: list[str], text: str, words: Vocabulary) -> Command | NotUnderstood:
    if len(lines) > 1 and len(text) < LONGEST_TEXT:
        sentence = f"These are {len(lines)} commands in one message; I take {MOST_COMMANDS} at most."
        return NotUnderstood(sentence, None)
    if len(text) >= LONGEST_TEXT or len(lines[0] if lines else "") > LONGEST_LINE:
        sentence = f"This is too long for a command: I read {LONGEST_LINE:,} characters at most."
        return NotUnderstood(sentence, None)
    return _understand(lines[0] if lines else "", words)


def split_one_time_password(text: str, *, slash: bool = False) -> tuple[str, str | None]:
    """All lines without one-time passwords, and the last of these; a text that has none as it is, and None.

    ``slash`` says that the text came behind ``/deploy``, where the verb may be missing.

    >>> split_one_time_password("deploy web to production 123456")
    ('deploy web to production', '123456')
    """
    kept, passwords = [], []
    said_before = DEPLOY if slash else None
    lines = list(clean_lines(text))
    if not any(map(may_hold_one, lines)):
        return text, None
    for place, line in enumerate(lines):
        bare, found = _without_passwords(line, said_before, goes_on=place > 0)
        matched = match(begun(bare) or bare)
        said_before = matched[0] if matched else said_before
        passwords += found
        kept.append(bare)
    whole, more = _without_more("\n".join(filter(None, kept)) if passwords else text, slash=slash)
    return (whole, (more or passwords)[-1]) if more or passwords else (text, None)


def _without_more(text: str, *, slash: bool) -> tuple[str, list[str]]:
    """The text without what only those lines show that belong together, and that; else the text as it is."""
    kept, passwords = [], []
    for place, line in enumerate(commands_in(text, slash=slash)):
        bare, found = _without_passwords(line, DEPLOY if slash and not place else None)
        kept.append(bare)
        passwords += found
    return ("\n".join(filter(None, kept)), passwords) if passwords else (text, [])


def show(command: Command) -> str:
    """The command as text that ``parse`` reads back as the same command.

    >>> from bot.core.grammar.commands import TakeLock
    >>> show(TakeLock("staging", "web", duration="2h", reason="testing"))
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
    kept, _ = _without_passwords(text, None)
    said = speech.understood(kept, words)
    line = said.line if match(said.line) or not says_where(said.line, words) else f"deploy {said.line}"
    matched = match(line)
    if said.refused:
        return NotUnderstood(said.refused, matched[0] if matched else None)
    if matched is None:
        return _unknown(line, words)
    spec, count = matched
    try:
        command = _read(line, words)
    except Misread as why:
        instead = why.instead or repair.repaired(line, count, words)
        return NotUnderstood(str(why), spec, (f"help {spec.name}", "status"), _meant(instead, words))
    if said.asked and not spec.read_only:
        return AskedBack("That was a question, so I have changed nothing.", spec, command=command)
    return command


def _read(line: str, words: Vocabulary) -> Command:
    """The command that the line is. Raises Misread."""
    matched = match(line)
    if matched is None:
        raise Misread(f"I do not know the command {shorten(line)}.")
    spec, count = matched
    said = line.split(maxsplit=count)
    arguments = said[count] if len(said) > count else ""
    arguments = arguments if spec is HELP else reworded(arguments, words, deploys=spec is DEPLOY)
    verb = " ".join(word for word in said[:count] if word.lower() not in POLITE)
    _demand_one(verb, arguments, spec, words)
    cursor = TokenCursor(f"{verb} {arguments}".strip())
    cursor.verb = cursor.take_words(len(verb.split()))
    if [token.word for token in cursor.left] in (["--help"], ["-h"]):
        return Help(spec.name)
    command = spec.parse(cursor, words)
    if not cursor.done:
        raise misread(cursor.left[0], cursor)
    return command


def _demand_one(verb: str, arguments: str, spec: Spec, words: Vocabulary) -> None:
    """Raises Misread where several places are named, with a line for each."""
    found = several(arguments, words) if spec.makes is not Diff else None
    if found is not None:
        names = listed(shorten(name) for name in found.names)
        before, after = arguments[: found.start], arguments[found.end :]
        lines = tuple(f"{verb} {before}{name} {after}".strip() for name in found.names)
        raise Misread(f"One at a time, please: I understood {names}.", lines)


def _meant(lines: Collection[str], words: Vocabulary) -> tuple[Command, ...]:
    """The commands among the lines, each once."""
    found: list[Command] = []
    for line in lines:
        try:
            found.append(_read(line, words))
        except Misread:
            continue
    return tuple(dict.fromkeys(found))


def _unknown(text: str, words: Vocabulary) -> NotUnderstood:
    if not text or _only_polite(text):
        reason = "There was no command. “help” shows what I understand."
        emoji = courtesy(text)
        return Courtesy(reason, HELP, ("help",), emoji=emoji) if emoji else NotUnderstood(reason, HELP, ("help",))
    word = text.split()[0]
    word = word.rstrip(END) or word
    names = [name for one in COMMANDS for name in one.names]
    near = mistyped(word, names) or mistyped(" ".join(text.split()[:4]), names)
    spec = find(near[0]) if near else None
    meant = _meant(repair.with_verb(text, near), words)
    return NotUnderstood(f"I do not know the command {shorten(word)}.", spec, meant=meant)


def _only_polite(text: str) -> bool:
    """Whether it is a greeting, or thanks, and asks for nothing."""
    said = " ".join(token.text for token in TokenCursor(text).left)
    return not said or speech.opening(f"{said} status") == len(said.split())


def _without_passwords(line: str, said_before: Spec | None, *, goes_on: bool = False) -> tuple[str, list[str]]:
    """The line without one-time passwords, and these. One that begins with no verb belongs to what was said before.

    Six digits are looked for where a deployment is asked for, also in front of the verb, and where it cannot be told
    what is asked for: the verb may be mistyped.
    """
    line, found = cut_yubikeys(line)
    matched = match(line)
    first, _, rest = line.partition(" ")
    if matched is None and cut_six_digits(first, goes_on=True)[1] and _takes_password(match(rest)):
        found, line, matched = [*found, first], rest, match(rest)
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
