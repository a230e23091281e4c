"""Streams of output as they come: cut off anywhere, resumed, gone, silent, or without an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.adapters.heroku.output import LONGEST, OutputStream
from tests.patience import PATIENCE
from tests.servers.heroku.server import HerokuServer
from tests.servers.heroku.state import Build, Plan


@pytest.fixture
def server() -> Iterator[HerokuServer]:
    with HerokuServer() as server:
        yield server


@pytest.fixture
def build(server: HerokuServer) -> Build:
    return server.build(server.add_app("acme-web", plan=Plan(output=())), {})


@pytest.fixture
def open_stream(server: HerokuServer, build: Build) -> Iterator[Callable[[], OutputStream]]:
    opened: list[OutputStream] = []

    def open_() -> OutputStream:
        opened.append(OutputStream(f"{server.streams_url}/streams/{build.id}"))
        return opened[-1]

    yield open_
    for stream in opened:
        list(stream.close())


def until(server: HerokuServer, stream: OutputStream, *, lines: int | None = None) -> list[str]:
    """What comes until it has ended, or until there are so many lines."""
    found: list[str] = []
    with server.changed:
        for _ in range(int(PATIENCE / 0.01)):
            found.extend(stream.take())
            if (lines is not None and len(found) >= lines) or (lines is None and stream.ended):
                return found
            server.changed.wait(0.01)
    raise AssertionError(f"it never comes; so far {found}")


def test_lines_come_while_it_grows(server, build, open_stream) -> None:
    stream = open_stream()
    build.stream.write("one", "two")
    first = until(server, stream, lines=2)
    build.stream.write("three")
    second = until(server, stream, lines=1)
    build.stream.end()

    assert (first, second) == (["one", "two"], ["three"])
    assert until(server, stream) == []


@pytest.mark.parametrize("cuts", [[0], [1], [5], [3, 4, 5, 6, 20], list(range(0, 60, 7))])
def test_wherever_it_is_cut_off_each_line_comes_once(server, build, open_stream, cuts) -> None:
    lines = [f"line {n} ähnlich" for n in range(9)]
    build.stream.write(*lines)
    build.stream.cut_at = list(cuts)
    build.stream.end()

    assert until(server, open_stream()) == lines


def test_who_does_not_resume_but_begins_again_is_understood(server, build, open_stream) -> None:
    build.stream.whole = True
    build.stream.write("one", "two", "three")
    build.stream.cut_at = [5, 9]
    build.stream.end()

    assert until(server, open_stream()) == ["one", "two", "three"]


def test_a_last_line_without_a_feed_comes_in_the_end(server, build, open_stream) -> None:
    stream = open_stream()
    build.stream.write("one")
    build.stream.text += b"unfinished"
    build.stream.end()

    assert [*until(server, stream), *stream.close()] == ["one", "unfinished"]


def test_a_line_that_never_ends_is_cut_wherever_the_connection_is(server, build, open_stream) -> None:
    build.stream.text = b"x" * (2 * LONGEST) + b"y\nz\n"
    build.stream.cut_at = [10, LONGEST, LONGEST + 5]
    build.stream.end()

    assert [len(line) for line in until(server, open_stream())] == [LONGEST, LONGEST, 1, 1]


def test_what_is_not_there_has_ended(server, build, open_stream) -> None:
    build.stream.gone = True

    assert until(server, open_stream()) == []


def test_what_is_silent_can_be_closed_at_once(server, build, open_stream) -> None:
    build.stream.write("one")
    stream = open_stream()
    until(server, stream, lines=1)

    assert list(stream.close()) == []
    assert not stream._thread.is_alive()


def test_what_is_no_text_is_replaced(server, build, open_stream) -> None:
    build.stream.text = b"\xff\xfe\n"
    build.stream.end()

    assert until(server, open_stream()) == ["\ufffd\ufffd"]
