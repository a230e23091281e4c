"""What people say, as the line that the parser reads: openings, questions, habits, and other words for a command."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.grammar import openings
from bot.core.grammar.commands import IT, MINE
from bot.core.grammar.courtesy import thanks_begin
from bot.core.grammar.pasted import written_out
from bot.core.grammar.phrasing import Phrasings
from bot.core.grammar.registry import COMMANDS, NAMES, find
from bot.core.grammar.tokens import Misread
from bot.core.grammar.vocabulary import Vocabulary

_FIRST_WORDS = frozenset(name.split()[0].partition(":")[0] for name in NAMES)
_PHRASINGS = Phrasings({spec.name: spec.phrasings for spec in COMMANDS}, NAMES)
_ASKS = re.compile(r"\s*[?？][?？!\s.…)]*(?:(?:thanks|thank you|thx|please|pls|plz)[\s!.]*)?$", re.IGNORECASE)
_TO_BE_DEPLOYED = re.compile(r"[^\s?？]+|#[0-9]+\s*[?？]*|(?!(?:how|where|what|when|who) )\S+ to .*", re.IGNORECASE)
_HABIT = re.compile(r"^[!./](?=[A-Za-z])")
_IT = (
    r"(?:it|that|this|these|those|same)(?: (?:one|deploy|deployment|rollout|release|build|run|commit|version|branch|pr"
    r"|thing|environment|env|place))?"
)
_PRONOUN = re.compile(rf"(?:the )?{_IT}(?![\w/@.:-])", re.IGNORECASE)
_NOTHING_NAMED = re.compile(r"(?:$|,\s|(?=(?:for|until|till|til|because|on|in|with)\b|[-–—(\"]))", re.IGNORECASE)
_TAKES_ENVIRONMENT = frozenset({"lock", "unlock", "keep", "ask for", "notify me about", "take over", "freeze"})
_GREEN = re.compile(
    r"\b(?:when|once|if|as soon as|after|whenever)(?: the| its| all| all the| your| our)?"
    r" (?:ci|checks?|tests?|builds?|pipelines?|github actions|actions|everything|it|it's)"
    r"(?: (?:is|are|has|have|turns?|goes?|gets?|becomes?|will be))?(?: all)?"
    r" ?(?:green|pass(?:es|ed|ing)?|ok|okay|done|fine|finish(?:es|ed)?|through|succeeds?|succeeded|good)(?=\s|$|[?.!,])"
    r"|\b(?:on|when) green(?=\s|$|[?.!,])",
    re.IGNORECASE,
)
_UNREADABLE = re.compile(r"--force|\bbecause\b|(?<!\w)[\"']|\s[-–—]\s", re.IGNORECASE)
"""From here on a deploy's line is somebody's reason, and not to be read as anything else."""
_PULL_REQUEST = r"(?:pr|prs|pull[ -]?requests?|pull|mr|merge[ -]?requests?)"
_NEWEST = r"(?:the )?(?:latest|newest|current)(?: (?:version|code|state|commits?|changes?))?"
_TO = r"(?:to|in|on|into)\b"
_OWN = r"my(?: own)?(?: (?:latest|last|newest|current|recent))? (?:branch|changes?|work|stuff|code|push|commits?)"
_REFS = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        (rf"(?:the |my )?{_PULL_REQUEST}(?: number| no\.?| nr\.?)? ?#?([0-9]{{1,9}})(?!\S*\w)", r"#\1"),
        (rf"(?:the |my )?{_PULL_REQUEST} (?=[\w.-]*#[0-9])", ""),
        (_OWN, MINE),
        (rf"{_NEWEST}(?: (?:of|from|on))? (?!{_TO}|(?:version|code|state|commits?|changes?)\b)(?=[\w@#])", ""),
        (rf"(?:the )?(?:branch|tag|commit|sha|ref|revision)(?: called| named)? (?!{_TO})(?=\S)", ""),
        (r"(?:the )?([^\s\"'#]+) (?:branch|tag)(?=\s|$)", r"\1"),
        (r"the (?=\S)", ""),
    )
)
"""What people say of the ref behind ``deploy``, and how the grammar has it: the first that fits."""
_IDLE = r"please|pls|plz|thanks|thank you|thx|ty|now|right now|right away|asap|immediately|quickly|too|as well|also"
_IDLE_END = re.compile(rf"(?:[\s,]+(?:{_IDLE})[!.]*)+$", re.IGNORECASE)
_REJECTED = re.compile(r"\S+(?: (?:it|that|this|#?[0-9]+))?", re.IGNORECASE)
_PLEASE = re.compile(r"(?:please|pls|plz|kindly)[\s,]+(?=\S)", re.IGNORECASE)
_FOR_ME = re.compile(rf"\s+for (?:me|us)(?=\s+(?:for|until|till|to|on|in|{_IDLE})\b|[.!]*\s*$)", re.IGNORECASE)
_AGAIN = re.compile(r"(?:\s+(?:again|once more|one more time))+$", re.IGNORECASE)


PASTED_INTO = frozenset({
    *("deploy", "ship", "rollback", "promote", "diff", "deploys", "status", "queue", "logs", "why", "undeployed"),
    *("where can I deploy", "schedule", "figures", "not today"),
})  # fmt: skip
"""Commands in which a link is what it leads to; in the others it is a part of somebody's reason."""


@dataclass(frozen=True, slots=True)
class Said:
    """The ``line`` that is meant; ``asked`` where it is a question, which changes nothing.

    ``refused`` is a sentence where something that was pasted into it cannot be meant.
    """

    line: str
    asked: bool = False
    refused: str | None = None


def understood(line: str, words: Vocabulary) -> Said:
    """What is meant by a line, in the words of the commands. A line in those words stays as it is."""
    try:
        line = _with_pasted(line, words)
    except Misread as why:
        return Said(line, refused=str(why))
    line = _single_spaced(line)
    asks = _ASKS.search(line) is not None
    line = _without_habit((_ASKS.sub("", line).rstrip(" ,;:") if asks else "") or line)
    said, polite, asked = line, False, False
    while (meant := _phrased(said, words, asks=asks or asked)) is None and (found := _opening_of(said)):
        polite = polite or found.re is openings.REQUEST
        asked = asked or found.re in {openings.QUESTION, openings.LOOK}
        said = said[found.end() :]
    return Said(_settled(_without_thanks(meant or said), words), asked or (asks and not polite))


def _phrased(said: str, words: Vocabulary, *, asks: bool) -> str | None:
    meant = _PHRASINGS.meant(said, words, asks=asks)
    bare = _without_thanks(said).rstrip(" ,") if meant is None else said
    return meant if bare == said or not bare else _PHRASINGS.meant(bare, words, asks=asks)


def _without_thanks(line: str) -> str:
    """Without what is said out of politeness or haste, in front of the reason or at the end."""
    reason = _UNREADABLE.search(line)
    head, tail = (line[: reason.start()], line[reason.start() :]) if reason else (line, "")
    head = _FOR_ME.sub("", head)
    if tail:
        return head + tail
    thanks = thanks_begin(head)
    head = head[:thanks].rstrip(" ,") if thanks else head
    short = _IDLE_END.sub("", head)
    begins_reason = (_verb(head) or ("",))[0] == "reject" and not _REJECTED.fullmatch(short)  # ``reject #12 not now``
    return head if begins_reason or not short else short


def _single_spaced(line: str) -> str:
    """With one blank between words, up to the reason."""
    reason = _UNREADABLE.search(line)
    head, tail = (line[: reason.start()], line[reason.start() :]) if reason else (line.strip(), "")
    return re.sub(r"\s+", " ", head).lstrip() + tail


def _without_habit(line: str) -> str:
    """Without the mark in front that other bots want; behind ``/deploy`` any command may stand, as in the chat."""
    bare = _HABIT.sub("", line, count=1)
    named = _verb(bare) if bare != line else None
    if named is not None and line.startswith("/") and named[0] == "deploy" and _verb(named[1]) is not None:
        return named[1]
    return bare


def _with_pasted(line: str, words: Vocabulary) -> str:
    """With what is pasted in the words of the grammar. Raises Misread."""
    named = _verb(" ".join(line.split()[opening(line) :]))
    return written_out(line, words) if named is None or named[0] in PASTED_INTO else line


def names_command(line: str, words: Vocabulary) -> bool:
    """Whether the line is one for a command by its first words, or by other words for one.

    One word that names no command, such as ``#12`` or ``changes``, may be what is to be deployed, and so is what has
    ``to`` behind it.
    """
    if _TO_BE_DEPLOYED.fullmatch(line):
        return _verb(_HABIT.sub("", line)) is not None
    return _verb(understood(line, words).line) is not None


def opening(line: str) -> int:
    """How many words of the line lead up to a command and change nothing: ``please``, ``can you please``."""
    said = line
    while (found := _opening_of(said)) is not None and found.re in {openings.GREETING, openings.REQUEST}:
        said = said[found.end() :]
    return len(line.split()) - len(said.split())


def _opening_of(line: str) -> re.Match[str] | None:
    """The words at the beginning that lead up to a command, or to what is asked."""
    named = _verb(line)
    if named is not None and named[0] != "why":  # which begins questions that are not about the record, too
        return None
    return openings.opening_of(line)


def _verb(line: str) -> tuple[str, str] | None:
    """The name of the command that the line begins with, and what follows."""
    said = line.split(maxsplit=4)
    if not said or said[0].lower().rstrip("?!.,:").partition(":")[0].rstrip("!") not in _FIRST_WORDS:
        return None
    for length in range(min(4, len(said)), 0, -1):
        spec = find(" ".join(said[:length]).rstrip("?!.,:"))
        if spec is not None:
            rest = line.split(maxsplit=length)
            return spec.name, rest[length] if len(rest) > length else ""
    if said and re.fullmatch(r"deploy(?::[\w.:-]*[\w.-])?!?", said[0], re.IGNORECASE):
        return "deploy", line.split(maxsplit=1)[1] if len(said) > 1 else ""
    return None


def _settled(line: str, words: Vocabulary) -> str:
    """With ``it`` for what is spoken of, and what people say of refs and checks in the words of the grammar."""
    found = _verb(line)
    if found is None:
        return line
    name, rest = found
    head = line[: len(line) - len(rest)].rstrip() if rest else line.rstrip()
    if name == "deploy":
        return f"{head} {_deployed(rest, words)}".rstrip()
    pronoun = _PRONOUN.match(rest)
    begins_reason = name == "reject" and pronoun and not _NOTHING_NAMED.match(rest[pronoun.end() :].lstrip())
    if pronoun and not begins_reason and rest[: pronoun.end()].lower() not in words.names:
        after = rest[pronoun.end() :]
        return f"{head} {IT} {after.lstrip(' ,')}".rstrip() if name == "reject" else f"{head} {IT}{after}"
    if name in _TAKES_ENVIRONMENT and words.in_thread and _NOTHING_NAMED.match(rest):
        return f"{head} {IT} {rest}".rstrip()
    return line


def _deployed(rest: str, words: Vocabulary) -> str:
    """What follows ``deploy``, as the grammar has it: up to the reason, which stays as it is."""
    reason = _UNREADABLE.search(rest)
    said, after = (rest[: reason.start()], rest[reason.start() :]) if reason else (rest, "")
    said, blank = said.rstrip(), said[len(said.rstrip()) :]
    said = _PLEASE.sub("", said)
    said = _GREEN.sub("when green", said)
    said = said if after else _AGAIN.sub("", f" {said}").strip()
    first, _, more = said.partition(" ")
    said = f"{first} {_as_ref(more)}" if words.app(first) and more else _as_ref(said)
    pronoun = _PRONOUN.match(said)
    if pronoun and said[: pronoun.end()].lower() not in words.names:
        said = f"{IT}{said[pronoun.end() :]}"
    return said + blank + after


def _as_ref(said: str) -> str:
    for rule, meant in _REFS:
        found = rule.match(said)
        if found:
            return f"{found.expand(meant)}{said[found.end() :]}".strip()
    return said
