"""What is written, as server-sent events: in order, from where somebody was, to its end, and read once for all."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.deployments.model import Deployment, State
from tests.http.pages.site import PAGE, Pages, serving
from tests.patience import PATIENCE

OUTPUT = f"{PAGE}/output"


@dataclass(frozen=True)
class Event:
    kind: str
    data: str
    id: str = ""


class Stream:
    """The events of one connection, one after another."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._answer = answer

    def next(self) -> Event:
        """The next event. Raises EOFError at the end."""
        found: dict[str, str] = {}
        while line := self._answer.readline().decode():
            if line == "\n" and "data" in found:
                return Event(found.get("event", "message"), found["data"], found.get("id", ""))
            name, _, value = line.rstrip("\n").partition(": ")
            found[name] = value
        raise EOFError

    def lines(self, count: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while len(found) < count:
            event = self.next()
            found += [(event.id, event.data)] if event.kind == "message" else []
        return found

    def rest(self) -> list[Event]:
        found = []
        while True:
            try:
                found.append(self.next())
            except EOFError:
                return found


@contextmanager
def watching(pages: Pages, address: str = OUTPUT, **headers: str) -> Iterator[Stream]:
    connection = http.client.HTTPConnection("127.0.0.1", pages.door.port, timeout=PATIENCE)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", pages.with_key(address, PAGE), headers=sent)
        yield Stream(connection.getresponse())
    finally:
        connection.close()


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with serving(tmp_path) as made:
        yield made


def ends(pages: Pages, one: Deployment) -> None:
    pages.save(one, state=State.SUCCEEDED, finished_at=one.created_at)


def test_lines_come_as_they_are_written_until_it_has_ended(pages: Pages) -> None:
    one = pages.add()
    pages.writes(one, "first", "\x1b[31msecond\x1b[0m")

    with watching(pages) as stream:
        before = stream.lines(2)
        pages.writes(one, "third")
        after = stream.lines(1)
        ends(pages, one)
        rest = stream.rest()

    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert before == [("0", "first"), ("1", "\x1b[31msecond\x1b[0m")]
    assert after == [("2", "third")]
    assert rest[-2:] == [Event("state", "succeeded"), Event("end", "succeeded")]


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (OUTPUT, {"Last_Event_ID": "1"}),
        (f"{OUTPUT}?after=1", {}),
        (f"{OUTPUT}?after=0", {"Last_Event_ID": "1"}),
    ],
)
def test_whoever_was_cut_off_goes_on_behind_the_last_line(pages: Pages, address: str, headers: dict[str, str]) -> None:
    one = pages.add()
    pages.writes(one, "a", "b", "c")
    ends(pages, one)

    with watching(pages, address, **headers) as stream:
        assert [event.data for event in stream.rest() if event.kind == "message"] == ["c"]


@pytest.mark.parametrize("given", ["x", "-5", "", "9" * 40, "1.5"])
def test_a_place_that_cannot_be_is_the_beginning(pages: Pages, given: str) -> None:
    one = pages.add()
    pages.writes(one, "a")
    ends(pages, one)

    with watching(pages, Last_Event_ID=given) as stream:
        assert stream.lines(1) == [("0", "a")]


def test_whoever_begins_behind_the_end_hears_what_comes_next_and_so_do_all_others(pages: Pages) -> None:
    one = pages.add()
    pages.writes(one, "a")

    with watching(pages, Last_Event_ID="99999999") as behind:
        assert behind.next() == Event("state", "running")
        with watching(pages) as other:
            other.lines(1)
            pages.writes(one, "news")

            assert behind.lines(1) == other.lines(1) == [("1", "news")]


def test_long_output_comes_whole_and_in_order(pages: Pages) -> None:
    one = pages.add()
    pages.writes(one, *(f"line {n}" for n in range(2_300)))
    ends(pages, one)

    with watching(pages) as stream:
        found = [event for event in stream.rest() if event.kind == "message"]

    assert [event.id for event in found] == [str(n) for n in range(2_300)]


def test_all_who_watch_share_one_look_and_each_gets_everything(pages: Pages) -> None:
    one = pages.add()
    pages.writes(one, *(f"line {n}" for n in range(50)))

    with watching(pages) as first, watching(pages, f"{OUTPUT}?after=47") as late, watching(pages) as third:
        assert (len(first.lines(50)), len(late.lines(2)), len(third.lines(50))) == (50, 2, 50)
        assert [watch.watchers for watch in pages.site.watches.values()] == [3]
        pages.writes(one, "news")
        assert {stream.lines(1)[0] for stream in (first, late, third)} == {("50", "news")}

    pages.door.wait_for(lambda: not pages.site.watches)


def test_where_all_seats_are_taken_others_are_asked_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path, seats=2) as pages:
        pages.writes(pages.add(), "a")
        with watching(pages) as first, watching(pages) as second:
            first.lines(1), second.lines(1)
            with watching(pages) as third:
                assert (third.status, third.headers["retry-after"]) == (503, "5")
            assert pages.gets(pages.with_key()).status == 200
            assert pages.door.posts(b"{}")[0] == 202

        pages.door.wait_for(lambda: not pages.site.is_full)
        with watching(pages) as again:
            assert again.lines(1) == [("0", "a")]


def test_those_who_watch_are_let_go_when_the_process_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as pages:
        pages.writes(pages.add(), "a")
        with watching(pages) as stream:
            stream.lines(1)
            pages.door.stop()
            assert [event for event in stream.rest() if event.kind != "state"] == []


def test_a_line_cannot_make_an_event(pages: Pages) -> None:
    one = pages.add()
    pages.door.kept.output.write(one.id, 0, ["a\nevent: end\ndata: x\r\nid: 99", "b\u202ec"])
    ends(pages, one)

    with watching(pages) as stream:
        found = stream.rest()

    assert [(event.kind, event.id) for event in found if event.kind != "state"] == [
        ("message", "0"),
        ("message", "1"),
        ("end", ""),
    ]
    assert found[-2].data == "bc" or found[-3].data == "bc"


def test_strangers_hear_nothing(pages: Pages) -> None:
    pages.writes(pages.add(), "a")

    assert pages.gets(OUTPUT).status == 401
    assert pages.gets(f"{OUTPUT}?key={pages.key('/deployments/r-2')}").status == 401
