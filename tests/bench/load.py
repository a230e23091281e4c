"""The load generator, a process of its own: each connection sends the next signed webhook when one is answered."""

from __future__ import annotations

import argparse
import json
import re
import resource
import select
import socket
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.payloads import payloads, signature

PATIENCE = 10.0
"""Seconds without any answer after which the run is given up."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """One connection, and what of the current answer has arrived."""

    socket: socket.socket
    sent_at: float = 0.0
    unsent: bytes = b""
    answer: bytes = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.answer = b""
        self.unsent = request
        self.push()

    def push(self) -> bool:
        """Send what the socket takes; whether all is sent."""
        try:
            taken = self.socket.send(self.unsent)
        except BlockingIOError:
            return False
        self.unsent = self.unsent[taken:]
        return not self.unsent

    def whole(self) -> bool:
        """Take what has arrived; whether the answer is complete. Raises ConnectionError where the line has ended."""
        some = self.socket.recv(65_536)
        if not some:
            raise ConnectionError("the server closed the connection")
        self.answer += some
        head, separator, rest = self.answer.partition(b"\r\n\r\n")
        if not separator:
            return False
        length = _LENGTH.search(head)
        return len(rest) >= int(length[1]) if length else rest.endswith(b"0\r\n\r\n")


@dataclass
class Tally:
    """What one run came to; times in seconds."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    cpu: float = 0.0

    def report(self) -> dict[str, object]:
        ordered = sorted(self.latencies)
        return {
            "answered": len(ordered),
            "rate": len(ordered) / self.seconds,
            "p50": ordered[len(ordered) // 2] if ordered else None,
            "p99": ordered[int(len(ordered) * 0.99)] if ordered else None,
            "statuses": self.statuses,
            "own_cpu": self.cpu / self.seconds,
        }


class Requests:
    """Endless requests, each with a delivery id of its own; the bodies repeat. ``webhooks`` are events and bodies."""

    def __init__(self, host: str, path: str, webhooks: Sequence[tuple[str, bytes]]) -> None:
        self._parts: list[tuple[bytes, bytes]] = []
        for event, body in webhooks:
            before = (
                f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nContent-Type: application/json\r\n"
                f"User-Agent: GitHub-Hookshot/044aadd\r\nX-GitHub-Event: {event}\r\nX-GitHub-Hook-ID: 1\r\n"
                f"X-GitHub-Hook-Installation-Target-Type: repository\r\nX-Hub-Signature-256: {signature(body)}\r\n"
                f"Content-Length: {len(body)}\r\nX-GitHub-Delivery: "
            )
            self._parts.append((before.encode(), b"\r\n\r\n" + body))
        self._run = uuid.uuid4().hex[:23]
        self.sent = 0

    def next(self) -> bytes:
        before, after = self._parts[self.sent % len(self._parts)]
        self.sent += 1
        return b"%b%b-%012x%b" % (before, self._run.encode(), self.sent, after)


def run(
    host: str,
    port: int,
    path: str,
    connections: int,
    seconds: float,
    warm_up: float,
    webhooks: Sequence[tuple[str, bytes]],
    most: int,
) -> Tally:
    """Keep all connections busy until time is up or ``most`` are answered; what is in the warm-up is not counted."""
    requests = Requests(f"{host}:{port}", path, webhooks)
    poll = select.epoll()
    lines: dict[int, Line] = {}
    for _ in range(connections):
        opened = socket.create_connection((host, port), timeout=PATIENCE)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        lines[opened.fileno()] = Line(opened)
        poll.register(opened, select.EPOLLIN)
    for number, line in lines.items():
        _send(poll, number, line, requests)
    if warm_up:
        _turn(poll, lines, requests, Tally(warm_up), most)
    tally = Tally(seconds)
    before = resource.getrusage(resource.RUSAGE_SELF)
    tally.seconds = _turn(poll, lines, requests, tally, most)
    after = resource.getrusage(resource.RUSAGE_SELF)
    tally.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    for line in lines.values():
        line.socket.close()
    return tally


def _turn(poll: select.epoll, lines: dict[int, Line], requests: Requests, tally: Tally, most: int) -> float:
    """Until the tally's time is up, or so many are answered; returns how long it took."""
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < tally.seconds and len(tally.latencies) < most:
        ready = poll.poll(PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer for {PATIENCE} seconds")
        for number, event in ready:
            line = lines[number]
            if event & select.EPOLLOUT and line.push():
                poll.modify(number, select.EPOLLIN)
            if event & ~select.EPOLLOUT and line.whole():
                tally.latencies.append(time.perf_counter() - line.sent_at)
                status = line.answer[9:12].decode()
                tally.statuses[status] = tally.statuses.get(status, 0) + 1
                if requests.sent < most:
                    _send(poll, number, line, requests)
    return now - began


def _send(poll: select.epoll, number: int, line: Line, requests: Requests) -> None:
    line.send(requests.next())
    if line.unsent:
        poll.modify(number, select.EPOLLIN | select.EPOLLOUT)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--warm-up", type=float, default=0.7)
    parser.add_argument("--webhooks", type=Path, help="a file of JSON lines, each an event and a body as text")
    parser.add_argument("--most", type=int, default=sys.maxsize, help="how many are sent")
    given = parser.parse_args()
    webhooks = [("pull_request", body) for body in payloads(16)]
    if given.webhooks:
        lines = map(json.loads, given.webhooks.read_text().splitlines())
        webhooks = [(event, body.encode()) for event, body in lines]
    times = (given.connections, given.seconds, given.warm_up)
    tally = run("127.0.0.1", given.port, given.path, *times, webhooks, given.most)
    json.dump(tally.report(), sys.stdout)


if __name__ == "__main__":
    main()
