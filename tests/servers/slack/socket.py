"""The server's side of a WebSocket: enough of RFC 6455 for Socket Mode, and for going silent on purpose."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
from contextlib import suppress
from io import BufferedIOBase
from threading import Lock
from typing import Any

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
# Fixed by RFC 6455, section 1.3.
_ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key: str) -> str:
    """The value of ``Sec-WebSocket-Accept`` for the client's ``Sec-WebSocket-Key``."""
    return base64.b64encode(hashlib.sha1((key + _ACCEPT_SUFFIX).encode()).digest()).decode()


class Socket:
    """One open connection. While ``silent`` it takes everything and answers nothing, like a line that died."""

    def __init__(self, line: socket.socket, incoming: BufferedIOBase) -> None:
        self._line = line
        self._incoming = incoming
        self._sending = Lock()
        self.silent = False

    def send(self, message: dict[str, Any]) -> bool:
        """Whether the message went out; a silent line takes it and loses it."""
        return self.silent or self._frame(_TEXT, json.dumps(message).encode())

    def read(self) -> dict[str, Any] | None:
        """The next message of the client, None once the connection has ended. Answers pings on the way."""
        while True:
            with suppress(OSError, ValueError):
                code, data = self._next_frame()
                if code == _PING and not self.silent:
                    self._frame(_PONG, data)
                if code == _TEXT and not self.silent:
                    parsed: dict[str, Any] = json.loads(data)
                    return parsed
                if code != _CLOSE:
                    continue
            return None

    def close(self) -> None:
        """End the connection without a word."""
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def _frame(self, code: int, data: bytes) -> bool:
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x80 | code, size)
        elif size < 65_536:
            head = struct.pack("!BBH", 0x80 | code, 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | code, 127, size)
        try:
            with self._sending:
                self._line.sendall(head + data)
        except OSError:
            return False
        return True

    def _next_frame(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._exactly(8))
        # Clients always mask: RFC 6455, section 5.3.
        mask = self._exactly(4)
        data = self._exactly(size)
        return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))

    def _exactly(self, size: int) -> bytes:
        data = self._incoming.read(size)
        if len(data) < size:
            raise ConnectionError("the client is gone")
        return data
