"""A stream of output, read by a thread of its own while others wait: it resumes where it was cut off."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from bot import __version__

TIMEOUT = (5.0, 55.0)
"""Seconds to connect, and between two bytes: Heroku's router ends what has been silent for so long."""
LONGEST = 64 * 1024
"""A line of more bytes than that is cut there, wherever the stream happens to be cut."""
AHEAD = 10_000
"""Lines that are read before somebody takes them."""
PAUSES = (0.2, 1.0, 2.0, 5.0)
PATIENCE = 5.0


class _Nobody(AuthBase):
    """The address itself lets in whoever knows it: no token, and no password of ``~/.netrc`` either."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        return prepared


class OutputStream:
    """The lines of a stream from its beginning on, each once.

    "Clients should be prepared to handle disconnects and can resume the stream by sending a ``Range`` header"
    (https://devcenter.heroku.com/articles/platform-api-reference#build). What of an answer is known already is skipped.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lines: queue.Queue[bytes] = queue.Queue(AHEAD)
        self._closing = threading.Event()
        self._ended = threading.Event()
        self._answer: requests.Response | None = None
        self._read = 0
        self._rest = b""
        self._thread = threading.Thread(target=self._work, name="heroku-output", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether all has been taken that there is: it has come to its end, or is not there (any more)."""
        return self._ended.is_set() and self._lines.empty()

    def take(self) -> Iterator[str]:
        """The lines that have come meanwhile."""
        for _ in range(AHEAD):
            try:
                yield self._lines.get_nowait().decode("utf-8", errors="replace")
            except queue.Empty:
                return

    def close(self) -> Iterator[str]:
        """Read no further; what there is yet, with the last line although no line feed follows it."""
        self._closing.set()
        answer = self._answer
        if answer is not None:
            with suppress(Exception):  # whatever state it is in, it is to be over
                answer.raw.shutdown()
        self._thread.join(PATIENCE)
        yield from self.take()
        if self._rest and not self._thread.is_alive():
            yield self._rest.decode("utf-8", errors="replace")
            self._rest = b""

    def _work(self) -> None:
        failures = 0
        while not self._closing.is_set():
            before, done = self._read, False
            with suppress(requests.RequestException, HTTPError, OSError, ValueError):
                done = self._read_on()
            failures = 0 if self._read > before else min(failures + 1, len(PAUSES))
            if done or failures == len(PAUSES):
                self._ended.set()
            if done or failures:
                # Whoever made it says when nothing comes any more; until then it may only have broken off.
                self._closing.wait(PAUSES[failures - 1 if failures else -1])

    def _read_on(self) -> bool:
        """Read until it breaks off or ends; whether it came to its end, or is not there."""
        headers = {"Accept": "text/plain", "Accept-Encoding": "identity", "User-Agent": f"shipmate/{__version__}"}
        if self._read:
            headers["Range"] = f"bytes={self._read}-"
        with requests.get(self._url, headers=headers, auth=_Nobody(), stream=True, timeout=TIMEOUT) as answer:
            self._answer = answer
            if answer.status_code == 416:
                return True
            if answer.status_code not in (200, 206):
                return False  # a release's is there only once its command has begun
            skip = self._read if answer.status_code == 200 else 0
            while not self._closing.is_set():
                chunk = answer.raw.read1(LONGEST, decode_content=False)
                if not chunk:
                    return True
                known, skip = chunk[:skip], max(0, skip - len(chunk))
                self._take_in(chunk[len(known) :])
        return False

    def _take_in(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._ended.clear()
        self._read += len(chunk)
        self._rest += chunk
        while len(self._rest) >= LONGEST or b"\n" in self._rest:
            line, feed, rest = self._rest.partition(b"\n")
            if len(line) > LONGEST or not feed:
                line, rest = self._rest[:LONGEST], self._rest[LONGEST:]
            self._put(line)
            self._rest = rest

    def _put(self, line: bytes) -> None:
        while not self._closing.is_set():
            with suppress(queue.Full):
                self._lines.put(line, timeout=0.5)
                return
