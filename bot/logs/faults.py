"""Faults in the log: a traceback for each kind of them, once; what troubles a service is a sentence."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.core.errors import ShipmateError, Unavailable

log = structlog.get_logger(__name__)

TOLD_EVERY = 60.0
FORGOTTEN_AFTER = 3600.0
"""Seconds after which the traceback of a kind is shown again."""
KINDS = 500
"""How many kinds are remembered, and of each how many whom it has met."""
DATABASE = "database"
# What a driver or SQLAlchemy's pool raises where a server is away, by the names of the classes: which driver it is, is
# not known here.
_DATABASE_TROUBLE = frozenset(
    {"OperationalError", "InterfaceError", "InternalError", "DisconnectionError", "PendingRollbackError"}
)
_OF_DATABASES = ("sqlalchemy.", "psycopg.", "sqlite3")
_OF_LINES = ("urllib3.", "requests.", "slack_sdk.", "http.client")
ROOT = Path(__file__).resolve().parents[2]

Report = Callable[[BaseException, EventDict], None]


@dataclass(slots=True)
class _Kind:
    """``untold`` counts what was left out since ``told``, by the stopwatch; ``met`` is whom the lines have named."""

    first: float
    told: float
    untold: int = 0
    met: OrderedDict[object, None] = field(default_factory=OrderedDict)


class Faults:
    """Looks after exceptions in lines (a processor of structlog). ``report`` is told of each kind, once.

    The same fault at the same place is one kind. Of one that comes again, a line without its traceback names the
    deployment or the delivery that it meets, each once; everything else is counted.
    """

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self._stopwatch = stopwatch
        self._guard = threading.Lock()
        self._kinds: OrderedDict[str, _Kind] = OrderedDict()
        self.report: Report = lambda *_: None

    def __call__(self, _: WrappedLogger, __: str, line: EventDict) -> EventDict:
        error = _error_in(line.pop("exc_info", None))
        if error is None:
            return line
        trouble = troubled(error, ours="logger" not in line)
        if trouble is not None:
            line.setdefault("reason", sentence_of(error))
            return {**line, "during": trouble} if trouble and "away" not in line else line
        fault = f"{type(error).__name__} in {_place_of(error)}"
        whom = line.get("deployment") or line.get("delivery") or line.get("effect")
        if self._is_new(fault, whom):
            self.report(error, line)
            return {**line, "exc_info": error}
        return {**line, "fault": fault, "reason": line.get("reason") or sentence_of(error)}

    def _is_new(self, fault: str, whom: object) -> bool:
        """Raises DropEvent where there is nothing new in it."""
        now = self._stopwatch()
        with self._guard:
            kind = self._kinds.get(fault)
            if kind is None or now - kind.first >= FORGOTTEN_AFTER:
                self._kinds[fault] = kind = _Kind(now, now, kind.untold if kind else 0)
                kind.met[whom] = None
                _keep_few(self._kinds)
                return True
            if whom is None or whom in kind.met:
                kind.untold += 1
                raise structlog.DropEvent
            kind.met[whom] = None
            _keep_few(kind.met)
            return False

    def tick(self, *, last: bool = False) -> None:
        """Say once a minute how often faults have come again."""
        now = self._stopwatch()
        told: list[tuple[str, int, float]] = []
        with self._guard:
            for fault, kind in self._kinds.items():
                if kind.untold and (last or now - kind.told >= TOLD_EVERY):
                    told.append((fault, kind.untold, now - kind.told))
                    kind.untold, kind.told = 0, now
        for fault, times, seconds in told:
            log.error("fault repeated", fault=fault, times=times, seconds=seconds)


def troubled(error: BaseException, *, ours: bool) -> str | None:
    """Which service is in trouble, "" where nobody knows which one; None for a fault, which somebody has to look at.

    Libraries may meet a broken line; what gets as far as ``ours`` has no business to be one.
    """
    if isinstance(error, ShipmateError):
        return (isinstance(error, Unavailable) and error.service) or ""
    for one in _with_causes(error):
        if isinstance(one, Unavailable):
            return one.service or ""
        for kind in type(one).__mro__:
            module = f"{kind.__module__}."
            if kind.__name__ in _DATABASE_TROUBLE and module.startswith(_OF_DATABASES):
                return DATABASE
            if not ours and (kind in {ConnectionError, TimeoutError} or module.startswith(_OF_LINES)):
                return ""
    return None


def sentence_of(error: BaseException) -> str:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, ShipmateError):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _error_in(exc_info: object) -> BaseException | None:
    """As structlog takes it: an exception, what ``sys.exc_info`` returns, or True for the one at hand."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and len(exc_info) == 3:
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__  # what went wrong while trouble was looked after is a fault all the same


def _place_of(error: BaseException) -> str:
    """Where it was raised; of what a library raised, from where of ours it was called."""
    frames = [(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(error.__traceback__)]
    ours = [one for one in frames if one[0].startswith(f"{ROOT}/") and "site-packages" not in one[0]]
    if not frames:
        return "an unknown place"
    file, number = ours[-1] if ours else frames[-1]
    return f"{file.removeprefix(f'{ROOT}/')}:{number}"


def _keep_few(kept: OrderedDict[str, _Kind] | OrderedDict[object, None]) -> None:
    while len(kept) > KINDS:
        kept.popitem(last=False)
