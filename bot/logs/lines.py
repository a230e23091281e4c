"""What becomes of a line before it is written: nothing in it ends it, colours it, or tells a secret."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.core.masking import Masker

LONGEST = 1_000
"""How many characters of one value are written: texts of others may have any length."""
LONGEST_TRACE = 12_000
FROM_GITHUB = "github:"
# All that a terminal, an editor or a log drain may take for the end of a line, a command or a change of direction; and
# halves of surrogate pairs, which cannot be written. A line's end is escaped by the renderer.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def named_as_github_does(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A webhook has the id that GitHub shows, so that it is found on both sides."""
    delivery = line.get("delivery")
    if isinstance(delivery, str):
        line["delivery"] = delivery.removeprefix(FROM_GITHUB)
    return line


def cleaned(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Whoever named a branch or wrote a title does not write lines of the log (CWE-117)."""
    for name, value in line.items():
        if value is None or isinstance(value, bool | int):
            continue
        if isinstance(value, float):
            line[name] = round(value, 3)
            continue
        most = LONGEST_TRACE if name == "exception" else LONGEST
        text = value if isinstance(value, str) else str(value)
        line[name] = _UNSEEN.sub("�", text if len(text) <= most else _shortened(text, most))
    return line


def _shortened(text: str, most: int) -> str:
    """Its beginning, and its end, where a traceback says what was wrong."""
    return f"{text[: most // 2]} … {len(text) - most} characters … {text[-(most // 2) :]}"


def renderer(order: Sequence[str], *, colours: bool) -> Processor:
    if colours:
        # Tracebacks come as text: with the values of variables, as rich shows them, come secrets.
        console = structlog.dev.ConsoleRenderer(sort_keys=False, exception_formatter=structlog.dev.plain_traceback)

        def on_one_line(logger: WrappedLogger, method: str, line: EventDict) -> str:
            # It escapes a line's end in values alone, and what libraries say is an event.
            return console(logger, method, {**line, "event": str(line["event"]).replace("\n", "\\n")})

        return on_one_line
    return structlog.processors.LogfmtRenderer(key_order=order, drop_missing=True)


class Mask:
    """Takes the secrets out of a finished line: those that it knows, and what looks like one."""

    def __init__(self) -> None:
        self._masker = Masker()
        self._guard = threading.Lock()

    def hide(self, secrets: Iterable[str]) -> None:
        self._masker = Masker(secrets)

    def __call__(self, _: WrappedLogger, __: str, line: str) -> str:
        with self._guard:
            # A key that begins in this line says nothing about the next one, which is somebody else's.
            self._masker.key_lines = 0
            return self._masker.hide(line)

    def text(self, text: str) -> str:
        """Another text without secrets, line by line."""
        return "\n".join(self(None, "", line) for line in text.split("\n"))
