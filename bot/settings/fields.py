"""The kinds of values that settings have: each a type that pydantic checks and explains in plain words.

A validator raises ValueError with the rest of a sentence whose beginning is the place: ``must be …, not …``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, PlainValidator

from bot.core.cron import with_sunday_last
from bot.core.durations import duration
from bot.core.names import listed, nearest

SECRET_PREFIXES = re.compile(
    r"xox[a-z]-|xapp-|ghp_|gho_|ghs_|ghu_|github_pat_|HRKU-|-----BEGIN|postgres(ql)?(\+\w+)?://[^/]*:"
)
_LONGEST_SHOWN = 40
DASHBOARDS = 3
DASHBOARD_NAME = 30
"""At most so many links to dashboards, with names of so many characters: they share a line with the rest."""
LABEL_PLACEHOLDERS = ("environment", "app")
LABEL_LENGTH = 50
"""GitHub takes no longer names of labels."""
_PLACEHOLDER = re.compile(r"\{(environment|app)\}")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``Did you mean "staging"?``, or the list of what there is, or nothing where there is nothing to offer.

    >>> did_you_mean("stagin", ["staging", "production"])
    'Did you mean "staging"?'
    """
    near = nearest(word, known)
    if near is not None:
        return f'Did you mean "{near}"?'
    if not known:
        return ""
    return f"There is only {known[0]}." if len(known) == 1 else f"There are {listed(known)}."


def shown(value: object) -> str:
    """A value as it stands in the file, cut where it is long, and never a secret."""
    if isinstance(value, str) and SECRET_PREFIXES.match(value):
        return "••••"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        text = "[" + ", ".join(shown(one) for one in value) + "]"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _text(value: object, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f'must be text in quotes, such as "{example}", not {shown(value)}')
    return value.strip()


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    read = duration(_text(value, "15m"))
    if read is None or read <= timedelta(0):
        raise ValueError(f'must be a duration such as "15m", "1h" or "64h", not {shown(value)}')
    return read


def _pause(value: object) -> timedelta:
    return timedelta(0) if isinstance(value, str) and re.fullmatch(r"\s*0+\s*[a-z]*\s*", value) else _duration(value)


def _timezone(value: object) -> str:
    name = _text(value, "Europe/Berlin")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = nearest(name, sorted(available_timezones()))
        meant = f". Did you mean {shown(near)}?" if near else ""
        raise ValueError(f'must be a time zone such as "Europe/Berlin", not {shown(value)}{meant}') from None
    return name


def _repository(value: object) -> str:
    name = _text(value, "acme/web")
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", name):
        return name
    inside = re.fullmatch(r"(?:https?://|git@)[^/:]+[/:]([^/]+/[^/]+?)(?:\.git)?/?", name)
    meant = f'. Write "{inside[1]}"' if inside else ""
    raise ValueError(f'must be the owner and the name of a repository, such as "acme/web", not {shown(value)}{meant}')


def _channel(value: object) -> str:
    name = _text(value, "#deploys")
    bare = name.removeprefix("#")
    if re.fullmatch(r"[CGD][A-Z0-9]{7,}", name) or (re.fullmatch(r"[\w-]{1,80}", bare) and bare == bare.lower()):
        return name
    raise ValueError(
        f'must be a Slack channel such as "#deploys" (lower case, no spaces) or the id of one, not {shown(value)}'
    )


def _party(value: object) -> str:
    name = _text(value, "acme/devs")
    # The login of an enterprise's managed user ends with an underscore and the enterprise's short name.
    if re.fullmatch(r"[UWS][A-Z0-9]{2,}|@[\w.-]+|[A-Za-z0-9][A-Za-z0-9_-]{0,60}(/[\w.-]+|\[bot\])?", name, re.ASCII):
        return name
    raise ValueError(
        'must name people by a Slack id such as "U012AB3CD", a Slack user group such as "@oncall", '
        f'a GitHub login such as "octocat" (of an app: "deployer[bot]"), or a GitHub team such as "acme/devs", '
        f"not {shown(value)}"
    )


def _bot(value: object) -> str:
    name = _text(value, "B012AB3CD")
    if re.fullmatch(r"B0[A-Z0-9]{6,}", name):
        return name
    raise ValueError(
        'must be the id of a Slack bot or workflow such as "B012AB3CD", as the bot says it where it refuses one, '
        f"not {shown(value)}"
    )


def _ref(value: object) -> str:
    name = _text(value, "main")
    if not name or re.search(r"\s", name):
        raise ValueError(f'must be a branch, a tag or a commit, such as "main", not {shown(value)}')
    return name


def is_name(text: str) -> bool:
    """Whether commands can take ``text`` as one word: a slash or an @ would begin what follows a name."""
    return re.fullmatch(r"[^\W_][\w.-]*", text) is not None


def _name(value: object) -> str:
    name = _text(value, "web")
    if not is_name(name):
        raise ValueError(f"must be letters, digits, dots and dashes without spaces or slashes, not {shown(value)}")
    return name


def _url(value: object) -> str:
    url = _text(value, "https://web.example.com")
    if not re.match(r"https?://[^\s/]", url):
        raise ValueError(f"must be an address that begins with https:// or http://, not {shown(value)}")
    return url


def _health_url(value: object) -> str:
    url = _url(value)
    if "@" in re.split(r"[/?#]", url.partition("://")[2])[0]:
        raise ValueError("must not hold a user or a password: let the address be one that anybody may ask")
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        whole = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f'must be an address such as "https://web.example.com/up", not {shown(value)}')
    return url


def _statuses(value: object) -> tuple[int, ...]:
    given = value if isinstance(value, list | tuple) else [value]
    if not given or not all(type(one) is int and 100 <= one <= 599 for one in given):
        raise ValueError(f"must be a status such as 200, or a list such as [200, 204], not {shown(value)}")
    return tuple(given)


def _check_name(value: object) -> str:
    name = _text(value, "codecov/*")
    if not name:
        raise ValueError('must name checks, such as "codecov/*", and not be empty')
    return name


def _path_pattern(value: object) -> str:
    pattern = _text(value, "db/migrate/**")
    bare = pattern.removeprefix("!")
    odd = not bare or bare.startswith("/") or "\\" in bare or {".", ".."} & set(bare.split("/"))
    if odd or re.search(r"[\x00-\x1f]", bare):
        raise ValueError(
            'must be a path from the root of the repository, such as "db/migrate/**", without a slash in front, '
            f"not {shown(value)}"
        )
    return pattern


def _path_patterns(value: object) -> Any:
    patterns = _list(value)
    if patterns and str(patterns[0]).startswith("!"):
        raise ValueError(f"must begin with a path that counts: {shown(patterns[0])} only takes out what one before has")
    return patterns


def _label(value: object) -> str:
    label = _text(value, "deployed: {environment}")
    if not label or not label.isprintable():
        raise ValueError('must be the text of a label, such as "deployed: {environment}"')
    for name in re.findall(r"\{([^{}]*)\}", label):
        if name not in LABEL_PLACEHOLDERS:
            raise ValueError(f"has the placeholder {{{name}}}, and may only have {{environment}} and {{app}}")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", label)):
        raise ValueError(f"must have both braces of each placeholder, as in {{environment}}, not {shown(value)}")
    return label


def label_for(label: str, app: str, environment: str) -> str:
    """The label of a place.

    >>> label_for("deployed: {environment}", "web", "production")
    'deployed: production'
    """
    names = {"app": app, "environment": environment}
    return _PLACEHOLDER.sub(lambda found: names[found[1]], label)


def _required_checks(value: object) -> Literal["all", "none"] | tuple[str, ...]:
    if value == "all" or value == "none":
        return "all" if value == "all" else "none"
    if isinstance(value, list | tuple) and all(isinstance(name, str) and name.strip() for name in value):
        return tuple(value) or "none"
    raise ValueError(f'must be "all", "none", or a list of names such as ["ci/test"], not {shown(value)}')


_LONGEST_STEP_NAME = 60
_CRON = ("the minute", "the hour", "the day of the month", "the month", "the day of the week")
_FRIDAYS = '"0 17 * * 5" for Fridays at 17:00'
# Whether a line ever fires is the same at any time.
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def _cron(value: object) -> str:
    line = _text(value, "0 17 * * 5")
    fields = line.split()
    if len(fields) != len(_CRON):
        raise ValueError(
            "must be a cron line of five fields (minute, hour, day of the month, month, day of the week), "
            f"such as {_FRIDAYS}, not {shown(value)}"
        )
    for place, (what, text) in enumerate(zip(_CRON, fields, strict=True)):
        alone = ["*"] * len(_CRON)
        alone[place] = text
        if not _fires(alone):
            raise ValueError(f"is not a cron line such as {_FRIDAYS}: {what} cannot be {shown(text)}")
    if not _fires(fields):
        raise ValueError(
            f"is not a cron line such as {_FRIDAYS}: the day of the month, the month and the day of the week "
            f"of {shown(value)} never come together"
        )
    return " ".join(fields)


def _fires(fields: Sequence[str]) -> bool:
    try:
        return next(CronSim(with_sunday_last(" ".join(fields)), _SOME_TIME), None) is not None
    except (CronSimError, ValueError):  # the latter for numbers of thousands of digits
        return False


def _true_or_false(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, without quotes, not {shown(value)}")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"must be a whole number, 0 or more, without quotes, not {shown(value)}")
    return value


def _positive(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"must be a whole number, 1 or more, without quotes, not {shown(value)}")
    return value


def _preview_occasion(value: object) -> str:
    on = _text(value, "opened")
    label = on.removeprefix("label:").strip()
    if on == "opened" or (on.startswith("label:") and label):
        return on if on == "opened" else f"label:{label}"
    raise ValueError(f'must be "opened", or a label such as "label:preview", not {shown(value)}')


def _runbook(value: object) -> Any:
    steps = [value] if isinstance(value, str) else value
    if not isinstance(steps, list | tuple) or not all(isinstance(step, str) and step.strip() for step in steps):
        raise ValueError(f"must be an address, or a list of steps, not {shown(value)}")
    return tuple(step.strip() for step in steps)


def _dashboards(value: object) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f'must be a table such as {{ Grafana = "https://…" }}, not {shown(value)}')
    if len(value) > DASHBOARDS:
        raise ValueError(f"must not have more than {DASHBOARDS} dashboards: there is one line for them")
    if nameless := [name for name in value if not name.strip() or len(name) > DASHBOARD_NAME]:
        raise ValueError(f"must name each with 1 to {DASHBOARD_NAME} characters, not {shown(nameless[0])}")
    return {name.strip(): _url(address) for name, address in value.items()}


def _step_name(value: object) -> str:
    name = " ".join(_text(value, "Migrate").split())
    if not 0 < len(name) <= _LONGEST_STEP_NAME or not name.isprintable():
        raise ValueError(f"must be a few words, {_LONGEST_STEP_NAME} characters at most, not {shown(value)}")
    return name


def _list(value: object) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list in square brackets, such as [{shown(value)}], not {shown(value)}")
    return value


Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_duration)]
Pause: TypeAlias = Annotated[timedelta, BeforeValidator(_pause)]
"""A duration that may be none at all."""
Timezone: TypeAlias = Annotated[str, BeforeValidator(_timezone)]
Repository: TypeAlias = Annotated[str, BeforeValidator(_repository)]
Channel: TypeAlias = Annotated[str, BeforeValidator(_channel)]
TrustedBot: TypeAlias = Annotated[str, BeforeValidator(_bot)]
Party: TypeAlias = Annotated[str, BeforeValidator(_party)]
Ref: TypeAlias = Annotated[str, BeforeValidator(_ref)]
StepName: TypeAlias = Annotated[str, BeforeValidator(_step_name)]
Name: TypeAlias = Annotated[str, BeforeValidator(_name)]
Url: TypeAlias = Annotated[str, BeforeValidator(_url)]
HealthUrl: TypeAlias = Annotated[str, BeforeValidator(_health_url)]
Statuses: TypeAlias = Annotated[tuple[int, ...], PlainValidator(_statuses)]
Cron: TypeAlias = Annotated[str, BeforeValidator(_cron)]
Label: TypeAlias = Annotated[str, BeforeValidator(_label)]
Flag: TypeAlias = Annotated[bool, PlainValidator(_true_or_false)]
Positive: TypeAlias = Annotated[int, PlainValidator(_positive)]
PreviewOccasion: TypeAlias = Annotated[str, BeforeValidator(_preview_occasion)]
Count: TypeAlias = Annotated[int, PlainValidator(_count)]
RequiredChecks: TypeAlias = Annotated[Literal["all", "none"] | tuple[str, ...], PlainValidator(_required_checks)]

Channels: TypeAlias = Annotated[tuple[Channel, ...], BeforeValidator(_list)]
Parties: TypeAlias = Annotated[tuple[Party, ...], BeforeValidator(_list)]
TrustedBots: TypeAlias = Annotated[tuple[TrustedBot, ...], BeforeValidator(_list)]
Refs: TypeAlias = Annotated[tuple[Ref, ...], BeforeValidator(_list)]
CheckNames: TypeAlias = Annotated[tuple[Annotated[str, BeforeValidator(_check_name)], ...], BeforeValidator(_list)]
PathPatterns: TypeAlias = Annotated[
    tuple[Annotated[str, BeforeValidator(_path_pattern)], ...], BeforeValidator(_path_patterns)
]
Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(_list)]
Occasion: TypeAlias = Literal["success", "failure", "cancellation", "rollback", "hung", "all"]
Dashboards: TypeAlias = Annotated[dict[str, str], BeforeValidator(_dashboards)]
Runbook: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_runbook)]
Occasions: TypeAlias = Annotated[tuple[Occasion, ...], BeforeValidator(_list)]
