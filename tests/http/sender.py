"""A connection that sends bytes just as they are given, as those do who mean no good."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    """``status`` 0: the connection was closed without one."""

    status: int
    headers: dict[str, str]
    body: str


NONE = Answer(0, {}, "")


class Sender:
    """Reads with a buffer of its own; ``patience`` guards against hanging only."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._got = b""

    def sends(self, *parts: bytes) -> bool:
        """Whether all of it could be sent."""
        try:
            for part in parts:
                self._socket.sendall(part)
        except OSError:
            return False
        return True

    def trickles(self, byte: bytes, every: float = 0.02) -> Answer:
        """Send one byte after another until there is an answer."""
        self._socket.settimeout(every)
        while self.sends(byte):
            try:
                some = self._socket.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                return NONE
            self._got += some
            break
        self._socket.settimeout(PATIENCE)
        return self.answer()

    def answer(self) -> Answer:
        """The next answer that is whole; interim ones are answers too."""
        while b"\r\n\r\n" not in self._got:
            if not self._more():
                return NONE
        head, _, rest = self._got.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", 0))
        while len(rest) < size and self._more():
            rest = self._got.partition(b"\r\n\r\n")[2]
        self._got = rest[size:]
        return Answer(int(lines[0].split()[1]), headers, rest[:size].decode())

    def is_closed(self) -> bool:
        """Wait until the other side has closed; False where it says something instead."""
        return not self._more() and not self._got

    def _more(self) -> bool:
        try:
            some = self._socket.recv(65_536)
        except ConnectionError:
            return False
        self._got += some
        return bool(some)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def sender(port: int) -> Iterator[Sender]:
    opened = Sender(port)
    try:
        yield opened
    finally:
        opened.close()


def post(path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request; headers by name, ``_`` for ``-``. Without one that frames it, the length is told."""
    given = {"Host": "test", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if not {"Content-Length", "Transfer-Encoding"} & set(given):
        given["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body; the empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)
