"""Pattern matching for what people say in place of a command; the patterns are declared beside the commands.

A pattern is words as people say them, in lower case and without the small words that change nothing (``SMALL``).
``[…]`` may be left out, ``(a|b)`` is one of several, ``<…>`` a set of words (``SETS``), and ``{…}`` a slot:

- ``{where}``  an app or an environment, with ``on``, ``in``, ``to``, ``for`` and the like in front of it or not;
- ``{it}``     the deployment that is spoken of: ``it``, ``that``, ``this one``;
- ``{number}`` a deployment's number;
- ``{env}``    an environment, and ``{app}`` an app, by themselves;
- ``{ref}``    one word that may be a branch, a tag or a commit, ``{pr}`` a pull request;
- ``{command}``  the name of a command, ``{rest}`` whatever follows, as it was typed.

A pattern with ``?`` at its end is one of questions only.

Behind ``=>`` stands the line that is meant, with the same slots; without one it is the command's name with all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bot.core.grammar.commands import IT
from bot.core.grammar.vocabulary import Vocabulary

SMALL = frozenset({
    *("the", "a", "an", "any", "please", "pls", "plz", "just", "actually", "exactly", "really", "still", "yet"),
    *("currently", "presently", "now", "atm", "already", "so", "quickly", "simply", "maybe"),
})  # fmt: skip
_SMALL_PHRASES = re.compile(
    r"\b(?:right now|at (?:the|this) moment|by any chance|for (?:me|us)|(?:do )?you know|in (?:there|here)|so far)\b",
    re.IGNORECASE,
)
_CONTRACTED = (
    (re.compile(r"\b(what|who|where|when|how|why|that|it|there)'s(?!\w)", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\b(what|who|where|when|how)s(?!\w)", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\b(what|who|where|when|how|why|they|we|you)'re(?!\w)", re.IGNORECASE), r"\1 are"),
    (re.compile(r"\b(what|who|where|when|how|why)'d(?!\w)", re.IGNORECASE), r"\1 did"),
    (re.compile(r"\bi'm(?!\w)", re.IGNORECASE), "i am"),
    (re.compile(r"\b(i|we|you|they)'ve(?!\w)", re.IGNORECASE), r"\1 have"),
    (re.compile(r"\bcan'?t(?!\w)|\bcannot\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bwon'?t(?!\w)", re.IGNORECASE), "will not"),
    (re.compile(r"\b(is|are|was|did|do|does|has|have|should|could|would)n'?t(?!\w)", re.IGNORECASE), r"\1 not"),
)
_WITHOUT_MARK = frozenset({
    *("whats", "whos", "wheres", "whens", "hows", "cant", "cannot", "wont", "isnt", "arent", "wasnt", "didnt", "dont"),
    *("doesnt", "hasnt", "havent", "shouldnt", "couldnt", "wouldnt"),
})  # fmt: skip
"""Contractions as they are typed without their apostrophe."""
_WORD = re.compile(r"\S+")
_SET = re.compile(r"<(\w+)>")
_AROUND = '.,;:!?()"“”…'
_PART = re.compile(r"\{(\w+)\}|([\[\]()|])|([^\s\[\]()|{}]+)")

# What marks a word of a sentence that is the name of an environment, of an app, or of both.
_ENVIRONMENT, _APP, _BOTH = "\x01", "\x02", "\x03"
_MARK = f"[{_ENVIRONMENT}{_APP}{_BOTH}]"
_ONE = r"deploy|deployment|deploys|rollout|release|build|run|job|one|thing|commit|version|branch|pr|change|place"
_PREPOSITION = r"on|in|into|to|at|of|for|from|about|with"
_SLOTS = {
    "where": rf"(?: (?:{_PREPOSITION}))?(?P<%s> {_MARK}\S+)(?: (?:environment|env|app|server|servers|site))?",
    "it": rf"(?P<%s> (?:it|that|this|these|those)(?: (?:{_ONE}))?)",
    "number": r"(?: (?:deployment|number|no|nr|release))?(?P<%s> #?[0-9]{1,9})",
    "pr": r" (?:pr|prs|pull request|pull|mr|merge request)(?: number)?(?P<%s> #?[0-9]{1,9})",
    "ref": r"(?P<%s> (?![0-9]+ )[^\s\"'#]+)(?!\S)",
    "env": rf"(?: (?:{_PREPOSITION}))?(?P<%s> [{_ENVIRONMENT}{_BOTH}]\S+)(?: (?:environment|env))?",
    "app": rf"(?: (?:{_PREPOSITION}))?(?P<%s> [{_APP}{_BOTH}]\S+)(?: (?:app))?",
    "rest": r"(?P<%s>(?: \S+)*)",
}
SETS = {
    "something": (
        "(anything|anyone|anybody|something|someone|somebody|everything|deploys|deployments|deploy|deployment|we|"
        "you|others)"
    ),
    "going": (
        "(running|deploying|in progress|going on|going out|in flight|queued|waiting|pending|in line|in queue|"
        "being deployed)"
    ),
    "stuck": (
        "(waiting|waiting for|stuck|not live|not deployed|not running|not started|not out|not deploying|"
        "not moving|not starting|not done|not going out|pending|queued|blocked|held|held up|hanging|slow|so slow|"
        "taking long|taking so long|delayed|on hold|paused|refused|rejected|denied|cancelled|canceled|stopped|"
        "skipped|superseded|expired|not allowed)"
    ),
    "start": "(deploy|start|go out|go live|go through|run|happen|work out|deployed|get deployed)",
    "decided": "(deployed|did|asked for|started|made|approved|rejected|cancelled|canceled|stopped)",
    "do": "(do|make|run|start|trigger|create|perform|kick off|execute)",
    "deploys": "(deploy|deploys|deployment|deployments|release|releases|rollout|rollouts)",
    "logs": "(log|logs|output|errors|error|error message|build log|deploy log|deployment log|deploy logs|build logs)",
    "broke": "(fail|failed|break|broke|crash|crashed|die|not work|error|error out|stop|go wrong)",
    "wrong": "(went wrong|failed|broke|is wrong|was wrong|is error|was error)",
    "blocks": (
        "(blocks|blocked|is blocking|holds up|is holding up|stops|stopped|is stopping|is in way of|is missing for)"
    ),
    "free": "(release|remove|lift|drop|clear|give up|give back|return|free|free up|take off|delete)",
    "back": "(undo|revert|roll back|rollback|back out|take back)",
    "cancel": "(cancel|stop|abort|kill|halt|terminate|interrupt|scrap)",
    "redeploy": "(redeploy|re-deploy|rerun|re-run|restart|repeat)",
    "push": "(push|send|put|publish|launch|release|ship|roll out|rollout)",
    "onto": "(to|onto|on|into|in)",
    "deployment": "(deploy|deployment|release|rollout)",
    "version": "[version|release|deployment|deploy|commit|one|state]",
    "permitted": "(can|may|could|is allowed to)",
    "figure": (
        "(lead time|lead time for changes|deployment frequency|deploy frequency|change failure rate|failure rate|"
        "time to restore|time to recover|time to recovery|mean time to recovery|mttr)"
    ),
    "ended": "[done|finished|live|ready|deployed|out|over|through|complete]",
    "places": "[{where}] [{where}]",
}
"""Words that are alike in many patterns: there ``<cancel>`` stands for all of them."""
_NO_REF = frozenset({
    *("it", "that", "this", "lock", "locks", "freeze", "hold", "me", "us", "you", "again", "back", "latest", "out"),
    *("status", "queue"),
    *("everything", "all", "something", "nothing", "anything", "to", "in", "on", "help", "log", "logs", "for", "at"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pattern:
    """``slots`` are the names of the groups, each with the kind of slot that it is."""

    said: re.Pattern[str]
    slots: tuple[tuple[str, str], ...]
    line: str
    asks: bool


@dataclass(frozen=True, slots=True)
class _Words:
    """A sentence without what changes nothing: ``text`` has a blank before each word, ``places`` where each stood."""

    text: str
    places: tuple[tuple[int, int], ...]

    @property
    def first(self) -> str:
        return self.text[1:].partition(" ")[0].strip(f"{_ENVIRONMENT}{_APP}{_BOTH}").lower()

    def from_(self, start: int, line: str) -> str:
        """What the line has from the word on that begins at ``start`` of the text."""
        return line[next((there for here, there in self.places if here >= start), len(line)) :]


class Phrasings:
    """The patterns of all commands, found by the first word where they begin with one.

    ``said`` are those of each command by its name; ``known`` is the name of a command by each of its names.
    """

    def __init__(self, said: Mapping[str, Iterable[str]], known: Mapping[str, str]) -> None:
        self._known = known
        self._patterns = [(one, name) for name, patterns in said.items() for one in patterns]
        self._by_first: dict[str, list[int]] = {}
        self._by_any: list[int] = []
        for place, (pattern, _) in enumerate(self._patterns):
            firsts = _first_words(pattern)
            for first in firsts or ():
                self._by_first.setdefault(first, []).append(place)
            if firsts is None:
                self._by_any.append(place)

    def meant(self, line: str, words: Vocabulary, *, asks: bool = False) -> str | None:
        """The command's line that is meant by what was said; None where no pattern fits.

        ``asks`` says that it ended in a question mark, which is no part of ``line``.
        """
        plain = _plain(line, words)
        for place in sorted([*self._by_first.get(plain.first, ()), *self._by_any]):
            pattern = _compiled(*self._patterns[place], tuple(self._known))
            if pattern.asks and not asks:
                continue
            meant = _match(pattern, plain, line, words, self._known)
            if meant is not None:
                return meant
        return None


def _first_words(pattern: str) -> set[str] | None:
    """The words of which one begins every sentence of the pattern; None where it may begin with anything."""
    parts = _PART.findall(_with_sets(pattern.partition("=>")[0]))
    if parts[0][2]:
        return {parts[0][2]}
    if parts[0][1] != "(":
        return None
    firsts = set()
    for before, part in pairwise(parts):
        if before[1] and part[2]:
            firsts.add(part[2])
        elif before[1] in {"(", "|"}:
            return None
        if part[1] == ")":
            break
    return firsts


def _with_sets(said: str) -> str:
    return _SET.sub(lambda found: SETS[found[1]], said)


def _expanded(line: str) -> str:
    """Contractions as the words that they stand for: ``what's`` is ``what is``."""
    if "'" not in line and line.lower() not in _WITHOUT_MARK:
        return line
    for short, long in _CONTRACTED:
        line = short.sub(long, line)
    return line


def _match(pattern: _Pattern, plain: _Words, line: str, words: Vocabulary, known: Mapping[str, str]) -> str | None:
    found = pattern.said.fullmatch(plain.text)
    if found is None:
        return None
    values: dict[str, list[str]] = {}
    for group, kind in pattern.slots:
        if found[group] is None:
            continue
        value = plain.from_(found.start(group), line) if kind == "rest" and found[group] else found[group]
        meant = _meaning(kind, value, words, known)
        if meant is None:
            return None
        values.setdefault(kind, []).append(meant)
    return _filled(pattern.line, values)


def _meaning(kind: str, value: str, words: Vocabulary, known: Mapping[str, str]) -> str | None:
    """How the value is written in a command; None where it is not what the slot is for."""
    word = value.strip(f" {_ENVIRONMENT}{_APP}{_BOTH}")
    match kind:
        case "where":
            return words.app(word) if value.strip().startswith(_APP) else f"in {word}"
        case "it":
            return IT
        case "number" | "pr":
            return f"#{word.lstrip('#')}"
        case "ref":
            return None if word.lower() in _NO_REF else word
        case "command":
            return known[" ".join(word.lower().split())]
        case "app":
            return words.app(word)
        case _:
            return word


def _filled(line: str, values: Mapping[str, list[str]]) -> str:
    """The line with its slots filled; an app stands before its environment."""

    def fill(found: re.Match[str]) -> str:
        meant: Sequence[str] = values.get(found[1], ())
        if found[1] == "app" and not meant:
            meant = [value for value in values.get("where", ()) if not value.startswith("in ")]
        return " ".join(sorted(meant, key=lambda value: value.startswith("in ")))

    # What follows stays as it was typed: what is between quotes keeps its blanks.
    before, rest, after = line.partition("{rest}")
    said = " ".join(re.sub(r"\{(\w+)\}", fill, before).split())
    return f"{said} {' '.join(values.get('rest', ()))}{after}".strip() if rest else said


@cache
def _compiled(pattern: str, name: str, commands: tuple[str, ...]) -> _Pattern:
    said, _, line = (part.strip() for part in pattern.partition("=>"))
    asks = said.endswith("?")
    slots: list[tuple[str, str]] = []
    made = ""
    for slot, mark, word in _PART.findall(_with_sets(said.rstrip("? "))):
        if slot:
            group = f"{slot}{len(slots)}"
            slots.append((group, slot))
            made += _SLOTS[slot] % group if slot in _SLOTS else f"(?P<{group}> (?:{_one_of(commands)}))"
        elif mark:
            made += {"[": "(?:", "(": "(?:", "]": ")?"}.get(mark, mark)
        else:
            made += f" {_MARK}?{re.escape(word)}"
    kinds = dict.fromkeys(kind for _, kind in slots)
    shown = line or " ".join([name, *(f"{{{kind}}}" for kind in kinds)])
    return _Pattern(re.compile(made, re.IGNORECASE), tuple(slots), shown, asks)


def _one_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _mark(word: str, words: Vocabulary) -> str:
    environment = any(scope.environment(word) for scope in words.apps.values())
    if words.app(word) is None:
        return _ENVIRONMENT if environment else ""
    return _BOTH if environment else _APP


def _plain(line: str, words: Vocabulary) -> _Words:
    text, places = "", []
    small = [found.span() for found in _SMALL_PHRASES.finditer(line)]
    for found in _WORD.finditer(line):
        if any(start <= found.start() < end for start, end in small):
            continue
        for word in _expanded(found[0].strip(_AROUND)).split():
            if word.lower() not in SMALL or found[0][0] in "\"'":  # with which a reason begins
                places.append((len(text), found.start()))
                text += f" {_mark(word, words)}{word}"
    return _Words(text, tuple(places))
