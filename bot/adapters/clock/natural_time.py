"""Moments and repetitions as people type them, read with dateparser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed_offset
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.durations import duration

_LONGEST = 80
_MORNING = time(9)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_END_OF = re.compile(
    r"(?:the )?end of (?:the |this |my |our )?(?P<part>morning|afternoon|evening|night|day|today|business(?: day)?"
    r"|work(?:ing)?(?: day)?|workday|week|working week)|(?P<short>eod|eob|cob|eow)"
)
_ENDS = {"morning": time(12), "afternoon": time(18), "evening": time(22)}
_EVENING = time(18)
_FRIDAY = 4

_SAID_DIFFERENTLY = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"\ba\.m\.", "am"),
        (r"\bp\.m\.", "pm"),
        (r" ?\bo'clock\b", ""),
        (r"(\d{4}-\d{2}-\d{2})t(\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?", r"\1 \2 "),
        (r"\btonight (?:at )?([1-9]|1[01])$", r"today \1pm"),
        (r"\btonight(?= (?:at )?\d)", "today"),
        (r"\btonight\b", "today 20:00"),
        (r"\bthis (?=morning|afternoon|evening)", "today "),
        (r"\bmorning (?=(?:at )?\d)", ""),
        (r"\bmorning\b", "9:00"),
        (r"\bafter lunch\b", "13:00"),
        (r"\b(?:noon|midday|lunch(?:time)?)\b", "12:00"),
        (r"\bafternoon\b", "14:00"),
        (r"\bevening\b", "18:00"),
        (r"\bnight\b", "20:00"),
        (r"\bmidnight\b", "0:00"),
    )
)

# people say CET in summer as well, and mean the clock on the wall
_ZONES = dict.fromkeys(("utc", "gmt", "z"), "UTC")
_ZONES |= dict.fromkeys(("cet", "cest"), "Europe/Berlin")
_ZONES |= dict.fromkeys(("wet", "west"), "Europe/Lisbon") | dict.fromkeys(("eet", "eest"), "Europe/Helsinki")
_ZONES |= {"bst": "Europe/London", "msk": "Europe/Moscow", "ist": "Asia/Kolkata", "jst": "Asia/Tokyo"}
_ZONES |= dict.fromkeys(("est", "edt", "et"), "America/New_York") | dict.fromkeys(("cst", "cdt"), "America/Chicago")
_ZONES |= dict.fromkeys(("mst", "mdt"), "America/Denver") | dict.fromkeys(("pst", "pdt", "pt"), "America/Los_Angeles")
_ZONES |= dict.fromkeys(("aest", "aedt"), "Australia/Sydney")

_OFFSET = re.compile(r"(?:utc|gmt)?([+-])([0-9]{1,2}):?([0-9]{2})?")
_CLOCKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:]) ?(am|pm)?\b",
        r"(?<![\d:.])(\d{1,2})()() ?(am|pm)\b",
        r"(?<![\d:.])(\d{1,2})h(\d{2})()()\b",
        r"(?:(?<=\bat )|^)(\d{1,2})\.(\d{2})()()(?![\d.])",
        r"\bat (\d{1,2})()()()(?![\d:.])",
    )
)
_DAY_AND_HOUR = re.compile(r"(?P<before>\d{1,2} )?(?P<day>(?:(?:next|this) )?[a-z]{3,9})(?P<after> \d{1,2})?")
_THIS_OR_NEXT = re.compile(r"(?:next|this|coming) ")
_CALENDAR = re.compile(r"\d[-/.]\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
_WEEKDAY = re.compile(r"(mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)(?:day|nesday|sday|rsday|urday)?s?")


@dataclass(frozen=True, slots=True)
class _Said:
    """A phrase taken apart: the time of day, None if it has none; what is left of it; the zone it names, if any."""

    clock: time | None
    day: str
    zone: tzinfo | None


class Times:
    """Reads English. A phrase without a time of day means nine in the morning."""

    def moment(self, text: str, *, now: datetime, timezone: str) -> datetime | None:
        """The next moment that ``text`` can mean after ``now``, in UTC; None if there is none or it is not understood.

        ``timezone`` is an IANA name, and holds unless the text names another zone. Where clocks are put back a time
        that comes twice is the next of both; where they are put forward one that does not come is as much later.
        """
        phrase = _plain(text)
        if not phrase:
            return None
        home = _load(timezone) or UTC
        try:
            length = duration(phrase.removeprefix("in "))
            if length is not None:
                return _later(now.astimezone(home), length, by_days=re.search(r"\d ?[dw]|day|week", phrase) is not None)
            ending = _END_OF.fullmatch(phrase)
            if ending:
                return _end_of(ending["part"] or ending["short"], now, home)
            said = _take_apart(phrase)
            if said is None:
                return None
            zone = said.zone or home
            return next((one for one in _candidates(said, now.astimezone(zone), zone) if one > now), None)
        except OverflowError:
            return None  # a moment after the year 9999

    def cron(self, text: str) -> str | None:
        """``weekday at 9:00`` → ``0 9 * * mon-fri``, with day names, as the numbers of days differ between crons."""
        phrase = _plain(text).removeprefix("every ").removeprefix("on ")
        phrase = re.sub(r"(?<=[a-z]) (?=\d{1,2}$)", " at ", phrase)
        interval = re.fullmatch(r"(?:(\d{1,2}) )?(hour|minute)s?", phrase)
        if interval:
            return _interval(int(interval[1] or 1), interval[2])
        said = _take_apart(phrase)
        if said is None or said.zone is not None or not phrase:
            return None
        days = _cron_days(said.day)
        clock = said.clock or _MORNING
        return None if days is None or clock.second else f"{clock.minute} {clock.hour} * * {days}"


def _plain(text: str) -> str:
    """Lower case, single blanks, and one way to write what has several; empty for what is too long to be a time."""
    if len(text) > _LONGEST:
        return ""
    phrase = " ".join(text.lower().split())
    if _END_OF.fullmatch(phrase):
        return phrase
    for pattern, meant in _SAID_DIFFERENTLY:
        phrase = pattern.sub(meant, phrase)
    return phrase.strip()


def _take_apart(phrase: str) -> _Said | None:
    """None where the phrase has a time of day that no clock shows."""
    *others, last = phrase.split() or [""]
    zone = _zone(last) if others else None
    rest = " ".join(others) if zone is not None else phrase
    for pattern in _CLOCKS:
        found = pattern.search(rest)
        if found:
            clock = _clock(*(found[group] for group in range(1, 5)))
            return _Said(clock, _day(rest[: found.start()] + " " + rest[found.end() :]), zone) if clock else None
    beside = _DAY_AND_HOUR.fullmatch(_day(rest))
    if beside and bool(beside["before"]) != bool(beside["after"]) and _names_day(beside["day"]):
        clock = _clock((beside["before"] or beside["after"]).strip(), "", "", "")
        return _Said(clock, beside["day"], zone) if clock else None
    return _Said(None, _day(rest), zone)


def _day(rest: str) -> str:
    """What is left when the time of day is gone, without the words that join both."""
    words = [word.strip(",") for word in rest.replace(", ", ",").split()]
    while words and words[0] in {"at", "on"}:
        words.pop(0)
    while words and words[-1] in {"at", "on", "in", "the"}:
        words.pop()
    return " ".join(word for word in words if word not in {"at", "on"})


def _names_day(word: str) -> bool:
    return word in {"today", "tomorrow"} or _weekday(_THIS_OR_NEXT.sub("", word)) is not None


def _clock(hour: str, minute: str | None, second: str | None, half: str | None) -> time | None:
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half == "pm" else 0)
    try:
        return time(hours, int(minute or 0), int(second or 0))
    except ValueError:
        return None


def _zone(word: str) -> tzinfo | None:
    """The time zone called ``word``, in lower case: an IANA name, a customary abbreviation or an offset from UTC."""
    offset = _OFFSET.fullmatch(word)
    if offset:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return fixed_offset(away if offset[1] == "+" else -away) if away < timedelta(hours=24) else None
    if word in _ZONES:
        return _load(_ZONES[word])
    # names of zones are files, and files have capitals
    parts = re.split(r"([/_-])", word)
    capitals = "".join(part if part in {"of", "es", "au"} else part[:1].upper() + part[1:] for part in parts)
    return _load(capitals) if "/" in word else None


def _load(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _end_of(part: str, now: datetime, zone: tzinfo) -> datetime | None:
    """When a part of the day that is not over ends; a day's work is over at six, and after that the day at midnight."""
    here = now.astimezone(zone)
    today, one_day = here.date(), timedelta(days=1)
    if part in _ENDS:
        wanted = [datetime.combine(today, _ENDS[part])]
    elif part == "night":
        wanted = [datetime.combine(today + days * one_day, _MORNING) for days in (0, 1)]
    elif "week" in part or part == "eow":
        friday = today + (_FRIDAY - today.weekday()) * one_day
        wanted = [datetime.combine(friday, _EVENING), datetime.combine(friday + 3 * one_day, time())]
    else:
        wanted = [datetime.combine(today, _EVENING), datetime.combine(today + one_day, time())]
    instants = [instant for wall in wanted for instant in _instants(wall, zone)]
    return next((one for one in instants if one > now), None)


def _later(here: datetime, length: timedelta, *, by_days: bool) -> datetime:
    """In two days is at the same time of day; in 48 hours is not, where the clocks change in between."""
    days = timedelta(days=length.days if by_days else 0)
    return (here + days).astimezone(UTC) + (length - days)


def _candidates(said: _Said, here: datetime, zone: tzinfo) -> list[datetime]:
    """The moments that a phrase may mean, earliest first; ``here`` is now on the person's clock."""
    today, clock = here.date(), said.clock or _MORNING
    one_day = timedelta(days=1)
    weekday = _weekday(_THIS_OR_NEXT.sub("", said.day))
    if not said.day:
        days = [today, today + one_day] if said.clock else []
    elif weekday is not None:
        first = today + timedelta(days=(weekday - today.weekday()) % 7)
        days = [first, first + timedelta(days=7)]
    elif _CALENDAR.search(said.day):  # dateparser's future begins after its base, and today may still be meant
        days = [day for base in (today - one_day, today) if (day := _date(said.day, base))]
    else:
        days = [day for day in (_date(said.day, today),) if day]
        if said.clock is None and said.day.startswith("in "):
            clock = here.time()
    instants = {instant for day in days for instant in _instants(datetime.combine(day, clock), zone)}
    return sorted(instants)


def _instants(wall: datetime, zone: tzinfo) -> list[datetime]:
    """When a clock in ``zone`` shows ``wall``: once; twice where clocks go back; later where they go forward."""
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return both[:1] + [one for one in both[1:] if one.astimezone(zone).replace(tzinfo=None) == wall]


def _date(text: str, base: date) -> date | None:
    """What dateparser makes of a day; ``base`` is its today."""
    if re.search(r"hour|minute|second|\d ?[hms]\b", text):
        return None
    import dateparser  # 25 MB and a third of a second, for the first moment only

    settings = {
        "RELATIVE_BASE": datetime.combine(base, time()),
        "PREFER_DATES_FROM": "future",
        "REQUIRE_PARTS": ["day", "month"],
        "DATE_ORDER": "DMY" if re.search(r"\d\.\d", text) else "MDY",
    }
    try:
        found = dateparser.parse(text, languages=["en"], settings=settings)
    except (ValueError, OverflowError):
        return None
    return found.date() if isinstance(found, datetime) else None


def _weekday(word: str) -> int | None:
    found = _WEEKDAY.fullmatch(word)
    return _DAYS.index(found[1][:3]) if found else None


def _interval(count: int, unit: str) -> str | None:
    """Every so many hours or minutes, where a day or an hour has room for a whole number of them."""
    whole = 24 if unit == "hour" else 60
    if not count or whole % count:
        return None
    step = "*" if count == 1 else f"*/{count}"
    if unit == "minute":
        return f"{step} * * * *"
    return f"0 {step} * * *" if count < whole else "0 0 * * *"


def _cron_days(text: str) -> str | None:
    """``mon and thu`` → ``mon,thu``, ``weekday`` → ``mon-fri``, ``day`` → ``*``."""
    if text in {"", "day", "daily", "days"}:
        return "*"
    named = {"weekday": "mon-fri", "workday": "mon-fri", "weekend": "sat,sun", "week": "mon"}
    if text.removesuffix("s") in named:
        return named[text.removesuffix("s")]
    days: list[int] = []
    for part in re.split(r",(?: ?and )?| and ", text):
        ends = [_weekday(end) for end in re.split(r" ?[-–] ?| to | through ", part)]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            return None
        days += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    chosen = sorted(set(days))
    # the week of cron begins with Sunday, so that no span of names ends with it
    unbroken = len(chosen) > 2 and chosen[-1] - chosen[0] == len(chosen) - 1 and chosen[-1] < _DAYS.index("sun")
    return f"{_DAYS[chosen[0]]}-{_DAYS[chosen[-1]]}" if unbroken else ",".join(_DAYS[day] for day in chosen)
