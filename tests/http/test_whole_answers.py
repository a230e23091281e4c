"""In how many pieces an answer goes out: each is a call of the system, and a packet."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from bot.http.limits import PRODUCTION
from bot.http.protocol import Crowd, LimitedProtocol
from tests.patience import PATIENCE


class Wire(asyncio.Transport):
    """Keeps what is written, a piece for each call."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4321), "sockname": ("127.0.0.1", 80)})
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.pieces.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def asked(app: Any, wire: Wire, *requests: bytes, pieces: int = 1) -> None:
    """The requests come through ``wire`` one after the other, each when the one before has had so many pieces."""

    async def talk() -> None:
        config = uvicorn.Config(app, lifespan="off", log_config=None)
        config.load()
        protocol = LimitedProtocol(
            Crowd(PRODUCTION, lambda *_: None), config=config, server_state=ServerState(), app_state={}
        )
        protocol.connection_made(wire)
        for request in requests:
            before = len(wire.pieces)
            protocol.data_received(request)
            while len(wire.pieces) < before + pieces or protocol.is_answering:
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(talk(), PATIENCE))


async def plain(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def test_an_answer_goes_out_in_one_piece_each_time() -> None:
    wire = Wire()
    asked(plain, wire, GET, GET)

    assert len(wire.pieces) == 2
    assert all(one.startswith(b"HTTP/1.1 200 OK\r\n") and one.endswith(b"\r\n\r\nhello") for one in wire.pieces)
    assert not wire.closed


def test_an_answer_without_a_body_goes_out_too() -> None:
    wire = Wire()
    asked(plain, wire, GET.replace(b"GET", b"HEAD"))
    [piece] = wire.pieces

    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")
    assert piece.endswith(b"\r\n\r\n")


def test_the_last_answer_is_whole_before_the_connection_ends() -> None:
    wire = Wire()
    asked(plain, wire, GET.replace(b"Host", b"Connection: close\r\nHost"))

    assert wire.pieces[0].endswith(b"\r\n\r\nhello")
    assert len(wire.pieces) == 1
    assert wire.closed


def test_whoever_streams_says_at_once_that_the_answer_begins() -> None:
    wire = Wire()

    async def streams(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not wire.pieces:
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"HTTP/1.1 is only text here", "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})

    asked(streams, wire, GET, pieces=3)
    head, first, last = wire.pieces

    assert head.endswith(b"transfer-encoding: chunked\r\n\r\n")
    assert first == b"1a\r\nHTTP/1.1 is only text here\r\n"
    assert last == b"3\r\nend\r\n0\r\n\r\n"
