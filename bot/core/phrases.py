"""Where a moment, a repetition or a duration begins and ends among a line's words.

What such a phrase means is for the ReadsTimes port; here it only has to be told from environments, refs and reasons.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WEEKDAY = (
    r"(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?"
)
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
    r"|january|february|march|april|june|july|august|september|october|november|december)"
)
_UNIT = r"(?:s|m|h|d|w|sec|secs|seconds?|min|mins|minutes?|hr|hrs|hours?|days?|weeks?|months?|fortnights?)"

_DAY = re.compile(rf"(?:{_WEEKDAY}|today|tomorrow|tonight|noon|midday|midnight|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\S*),?")
_DATE = re.compile(
    rf"(?:{_MONTH}|the|[0-9]{{1,2}}(?:st|nd|rd|th)?|[0-9]{{1,2}}[./][0-9]{{1,2}}(?:[./][0-9]{{2,4}})?\.?),?"
)
_CLOCK = re.compile(
    r"[0-9]{1,2}(?::[0-9]{2}){1,2}(?:am|pm|z|h)?|[0-9]{1,2}[.][0-9]{2}(?:am|pm|h)?|[0-9]{1,2}(?:am|pm|h),?"
)
_ZONE = re.compile(
    r"(?:z|utc|gmt|w?est|w?et|ce?st|c[de]t|cest|eet|eest|bst|ist|edt|m[sd]t|p[sd]t|akst|akdt|hst|jst|kst|sgt|a[ce][sd]t|aest|msk)"
    r"|(?:africa|america|antarctica|asia|atlantic|australia|europe|indian|pacific|etc)/[a-z_+/0-9-]+"
    r"|(?:utc|gmt)?[+-][0-9]{1,2}(?::?[0-9]{2})?"
)
_JOINING = re.compile(
    r"at|next|this|coming|of|and|o'clock|am|pm|a\.m\.|p\.m\.|week|morning|afternoon|evening|night|[0-9]{4}"
)
_AMOUNT = re.compile(rf"(?:[0-9]+(?:\.[0-9]+)?{_UNIT})+,?")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|an?|one|two|three|half")
_UNIT_WORD = re.compile(rf"{_UNIT},?")
_END_OF = re.compile(
    r"(?:the )?end of (?:the |this |my |our )?(?:morning|afternoon|evening|night|day|today|business(?: day)?"
    r"|work(?:ing)?(?: day)?|workday|week|working week)(?!\S)"
)
_PART = re.compile(
    r"(?:(?:the )?rest of |all )?(?:(?:the|this) )?"
    r"(?P<part>morning|afternoon|evening|night|day|week|today|tonight)(?!\S)"
)
_PARTS_SAID = {"today": "day", "tonight": "night"}
_VAGUE = frozenset({"a", "an", "the", "few", "couple", "of", "some", "several", "many", "next", "another", "about"})
_REPEATED = re.compile(
    rf"{_WEEKDAY}(?:(?:,|-|–){_WEEKDAY})*,?|weekdays?|weekends?|workdays?|days?|weeks?|hours?|minutes?|other|on|from|[0-9]+"
)


def moment(words: Sequence[str]) -> int:
    """How many of ``words``, in lower case, make up the moment that stands at their beginning; 0 if none does.

    Only what cannot be a name is taken: ``tomorrow 9am``, ``in 2 hours``, ``on fri at 9``, ``17:00 UTC``.

    >>> moment(["in", "2", "hours", "to", "staging"])
    3
    """
    match list(words[:2]):
        case ["in", _]:
            relative = duration(words[1:])
            return relative + 1 if relative else 0
        case ["on", day] if _DAY.fullmatch(day) or _DATE.fullmatch(day):
            return 1 + after_keyword(words[1:])
        case ["next" | "this", day] if _DAY.fullmatch(day) or day in {"week", "morning", "afternoon", "evening"}:
            return after_keyword(words)
        case [first, *_] if _DAY.fullmatch(first) or _CLOCK.fullmatch(first):
            return after_keyword(words)
    return 0


def after_keyword(words: Sequence[str]) -> int:
    """How many words belong to a moment after ``at`` or ``until``: the first, whatever it is, and those about time."""
    if words and words[0] == "in":
        return moment(words) or min(1, len(words))
    if ends := _end_of(words):
        return ends
    count = min(1, len(words))
    while count < len(words) and _speaks_of_time(words, count):
        count += 1
    return count


def _end_of(words: Sequence[str]) -> int:
    """How many words make up ``the end of the day`` and its like at their beginning; 0 if none do."""
    found = _END_OF.match(" ".join(words[:6]))
    return len(found[0].split()) if found else 0


def part_of_day(words: Sequence[str]) -> tuple[str, int]:
    """The end of what is named after ``for``, and how many words name it: ``the afternoon``, ``the rest of the day``.

    >>> part_of_day(["the", "rest", "of", "the", "day", "because"])
    ('end of the day', 5)
    """
    found = _PART.match(" ".join(words[:6]))
    if found is None:
        return "", 0
    named = _PARTS_SAID.get(found["part"], found["part"])
    return f"end of the {named}", len(found[0].split())


def before_duration(words: Sequence[str]) -> int:
    """How many words stand before a duration and add nothing to it: ``the next 2 hours``, ``another hour``."""
    for idle in (("the", "next"), ("at", "least"), ("up", "to"), ("next",), ("another",), ("about",), ("the",)):
        if tuple(words[: len(idle)]) == idle:
            return len(idle)
    return 0


def is_unit(words: Sequence[str]) -> bool:
    """Whether a unit comes next of which one is meant, as in ``the next hour``."""
    return bool(words) and _UNIT_WORD.fullmatch(words[0]) is not None


def amount(words: Sequence[str]) -> int:
    """How many words look like a duration and are none: they begin with a number or a sign, or say it vaguely.

    >>> [amount(said.split()) for said in ("-1h because", "- 1h", "a few hours", "a demo")]
    [1, 2, 3, 0]
    """
    if words and re.match(r"[-+−–—]?[0-9]", words[0]):
        return 1
    if re.match(r"[-+−–—] [0-9]", " ".join(words[:2])):
        return 2
    counted = next((n for n, word in enumerate(words[:4]) if _UNIT_WORD.fullmatch(word)), 0)
    vague = counted and all(word in _VAGUE or _NUMBER.fullmatch(word) for word in words[:counted])
    return counted + 1 if vague else 0


def as_moment(phrase: str) -> str:
    """A bare hour with the ``at`` that makes it one: ``9`` alone says nothing to whoever reads the phrase later."""
    return f"at {phrase}" if re.fullmatch(r"[0-9]{1,2}", phrase) else phrase


def show_moment(phrase: str) -> str:
    """The moment with the word that a sentence has in front of it: ``at 17:00``, ``on friday``, ``in 2 hours``."""
    first = phrase.lower().split()[0] if phrase.strip() else ""
    if first in {"in", "at", "on"}:
        return phrase
    return f"on {phrase}" if re.fullmatch(_WEEKDAY, first) else f"at {phrase}"


def repetition(words: Sequence[str]) -> int:
    """How many words belong to a repetition after ``every``: ``weekday at 9:00``, ``mon, thu 9am``, ``2 hours``."""
    count = min(1, len(words))
    while count < len(words) and (_REPEATED.fullmatch(words[count]) or _speaks_of_time(words, count)):
        if words[count] in {"on", "from"} and not (count + 1 < len(words) and _REPEATED.fullmatch(words[count + 1])):
            break
        count += 1
    return count


def duration(words: Sequence[str]) -> int:
    """How many words make up the duration at their beginning: ``2h``, ``1h 30m``, ``half an hour``; 0 if none does."""
    count = 0
    while count < len(words):
        start = count + 1 if count and words[count] == "and" else count
        step = _one_amount(words[start:])
        if not step:
            break
        count = start + step
    return count


def _one_amount(words: Sequence[str]) -> int:
    if words and _AMOUNT.fullmatch(words[0]):
        return 1
    numbers = 0
    while numbers < min(2, len(words)) and _NUMBER.fullmatch(words[numbers]):
        numbers += 1
    if numbers and numbers < len(words) and _UNIT_WORD.fullmatch(words[numbers]):
        return numbers + 1
    return 0


def _speaks_of_time(words: Sequence[str], place: int) -> bool:
    word = words[place]
    if word == "on":
        return place + 1 < len(words) and bool(_DAY.fullmatch(words[place + 1]))
    return any(kind.fullmatch(word) for kind in (_DAY, _DATE, _CLOCK, _ZONE, _JOINING, _AMOUNT, _UNIT_WORD))
