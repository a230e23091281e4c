"""What an unsigned sender may have of the listener: bytes, time and number, each with its answer, over a real port."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from bot.http.limits import PRODUCTION, Limits, shown
from tests.http.door import PING, Door, door, signature
from tests.http.sender import NONE, Sender, chunk, post, sender
from tests.patience import PATIENCE

KB = 1024
SHORT = 0.3
"""Seconds; what is waited for takes as long, and nothing is measured by it."""
SMALL = replace(
    PRODUCTION,
    head_bytes=4 * KB,
    headers=20,
    bodies={"/github/webhook": 64 * KB, "/slack/events": 16 * KB},
    other_body=8 * KB,
    linger_seconds=60,
)
TOO_LARGE_A_HEAD = "The headers, or the address, are too large or too many.\n"
TOO_SLOW = "The request did not come whole in time.\n"
MALFORMED = "This is not HTTP as it is spoken here.\n"


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path, limits=SMALL) as made:
        yield made
        # Whoever was refused left nothing behind.
        assert made.crowd.held == 0


def signed(body: bytes = PING, delivery: str = "d1", **headers: str) -> bytes:
    given = {"X_GitHub_Event": "ping", "X_GitHub_Delivery": delivery, "X_Hub_Signature_256": signature(body)}
    return post("/github/webhook", body, **{**given, **headers})


# --- the head --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nCookie: " + b"a" * 5_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a" * 5_000 + b": x\r\n\r\n",
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /slack/events?" + b"a=1&" * 2_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 10_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 21 + b"\r\n",
        b"\r\n" * 5_000 + b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 4_000_000,
        b"GET /" + b"a" * 4_000_000,
    ],
    ids=["value", "name", "address", "query", "10,000 headers", "one header too many", "line ends", "endless", "url"],
)
def test_a_head_that_is_too_large_is_refused_and_the_connection_closed(listening: Door, head: bytes) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(head)
        answer = somebody.answer()
        closed = somebody.is_closed()

    assert (answer.status, answer.body) == (431, TOO_LARGE_A_HEAD)
    assert answer.headers["connection"] == "close"
    assert closed
    assert listening.asks("GET", "/healthz") == (200, "ok\n")


def test_a_head_that_never_ends_is_refused_at_the_limit(listening: Door) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(b"GET / HTTP/1.1\r\n")
        sent = 0
        while sent < 1_000 and somebody.sends(b"X-Name: " + b"a" * 1_000 + b"\r\n"):
            sent += 1
        answer = somebody.answer()

    assert answer.status == 431


def test_a_head_of_just_the_limit_is_accepted(listening: Door) -> None:
    start = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 19 + b"X: "
    head = start + b"a" * (SMALL.head_bytes - len(start) - 4) + b"\r\n\r\n"

    with sender(listening.port) as somebody:
        somebody.sends(head)
        answer = somebody.answer()

    assert len(head) == SMALL.head_bytes
    assert answer.status == 200


def test_the_limit_of_a_head_is_counted_anew_for_each_request_of_a_connection(listening: Door) -> None:
    request = b"GET / HTTP/1.1\r\nX: " + b"a" * 3_000 + b"\r\n\r\n"

    with sender(listening.port) as somebody:
        statuses = []
        for _ in range(5):
            somebody.sends(request)
            statuses.append(somebody.answer().status)

    assert statuses == [200] * 5


# --- the body --------------------------------------------------------------------------------------------------------

BODIES = [("/github/webhook", 64), ("/slack/events", 16), ("/nowhere", 8), ("/", 8), ("/%67ithub/webhook", 64)]


@pytest.mark.parametrize(("path", "kilobytes"), BODIES)
def test_a_body_that_says_that_it_is_too_large_is_refused_before_it_is_sent(
    listening: Door, path: str, kilobytes: int
) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(post(path, Content_Length=str(kilobytes * KB + 1)))
        answer = somebody.answer()
        closed = somebody.is_closed()

    assert (answer.status, answer.body) == (413, f"The body is over {kilobytes} kB.\n")
    assert answer.headers["connection"] == "close"
    assert closed


@pytest.mark.parametrize(("path", "kilobytes"), BODIES)
def test_a_body_in_chunks_is_refused_at_the_limit_and_the_answer_is_seen(
    listening: Door, path: str, kilobytes: int
) -> None:
    with sender(listening.port) as somebody:
        could_send = somebody.sends(post(path, Transfer_Encoding="chunked"), *[chunk(b"x" * 64 * KB)] * 200)
        answer = somebody.answer()

    assert could_send  # a reset would overtake the answer, at some senders
    assert (answer.status, answer.body) == (413, f"The body is over {kilobytes} kB.\n")
    assert listening.stored() == []


def test_a_chunked_webhook_is_stored_like_any_other(listening: Door) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(signed(Transfer_Encoding="chunked")[: -len(PING)], chunk(PING[:9]), chunk(PING[9:]), chunk(b""))
        answer = somebody.answer()

    assert (answer.status, answer.body) == (202, "stored\n")


def test_who_asks_first_is_told_to_go_on_or_that_it_is_too_much(listening: Door) -> None:
    with sender(listening.port) as polite, sender(listening.port) as large:
        polite.sends(signed(Expect="100-continue")[: -len(PING)])
        interim = polite.answer()
        polite.sends(PING)
        answer = polite.answer()
        large.sends(post("/github/webhook", Content_Length="70000", Expect="100-continue"))
        refused = large.answer()

    assert (interim.status, answer.status, refused.status) == (100, 202, 413)


@pytest.mark.parametrize("path", ["/github/webhook", "/slack/events", "/nowhere"])
@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: -1",
        b"Content-Length: many",
        b"Content-Length: 1e3",
        b"Content-Length: " + b"9" * 400,
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: chunked\r\n\r\nmany",
        b"Transfer-Encoding: chunked\r\n\r\n-5",
    ],
)
def test_a_length_that_is_none_is_refused(listening: Door, path: str, framing: bytes) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(b"POST %b HTTP/1.1\r\nHost: test\r\n%b\r\n\r\n" % (path.encode(), framing), b"hello")
        answer = somebody.answer()

    assert (answer.status, answer.body) == (400, MALFORMED)
    assert listening.stored() == []


@pytest.mark.parametrize(
    "start",
    [b"\0\1\2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"CONNECT a:443 HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"],
)
def test_what_is_not_http_is_refused(listening: Door, start: bytes) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(start)
        answer = somebody.answer()
        closed = somebody.is_closed()

    assert (answer.status, answer.body, closed) == (400, MALFORMED, True)


@pytest.mark.parametrize(
    "pieces",
    [
        [chunk(b"x")] * 30_000,
        [b"1;" + b"name=value;" * 30_000],
        [chunk(b"x"), b"0\r\n", *[b"X-Trailer: value\r\n"] * 10_000],
        [chunk(b"x"), b"0\r\nX-Trailer: " + b"a" * 300_000],
    ],
    ids=["tiny chunks", "extensions", "trailers", "one trailer"],
)
def test_what_surrounds_a_body_is_limited_as_well(listening: Door, pieces: list[bytes]) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(post("/github/webhook", Transfer_Encoding="chunked"), *pieces)
        answer = somebody.answer()

    assert answer.status == 400
    assert answer.body == "The body comes in pieces that are too small, or with too much around them.\n"


def test_what_follows_a_body_is_no_header(listening: Door) -> None:
    body = b'{"a": 1}'
    unsigned = post("/github/webhook", Transfer_Encoding="chunked", X_GitHub_Event="ping", X_GitHub_Delivery="d1")

    with sender(listening.port) as somebody:
        trailer = f"X-Hub-Signature-256: {signature(body)}\r\n\r\n".encode()
        somebody.sends(unsigned + chunk(body) + b"0\r\n" + trailer)
        answer = somebody.answer()

    assert answer.status == 401


@pytest.mark.parametrize("signs", [True, False])
def test_a_compressed_body_is_not_unpacked(listening: Door, signs: bool) -> None:
    body = gzip.compress(b"{" + b" " * 10_000_000 + b"}")

    with sender(listening.port) as somebody:
        somebody.sends(signed(body, Content_Encoding="gzip", **({} if signs else {"X_Hub_Signature_256": "sha256=0"})))
        answer = somebody.answer()

    assert answer.status == (400 if signs else 401)
    assert listening.stored() == []


# --- several requests in a connection, and other protocols -----------------------------------------------------------


@pytest.mark.parametrize(
    "behind",
    [signed(delivery="d2"), b"GET / HTTP/1.1\r\n\r\n" * 5_000, b"\0\0\0", b"GET / HT", b"x" * 500_000],
    ids=["a request", "many", "noise", "half a request", "much"],
)
def test_what_is_sent_before_the_answer_is_not_read(listening: Door, behind: bytes) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(signed() + behind)
        answer = somebody.answer()
        closed = somebody.is_closed()

    assert (answer.status, answer.headers["connection"], closed) == (202, "close", True)
    assert listening.stored() == [("github:d1", "ping")]


@pytest.mark.parametrize("ends", [b"", b"\r\n"])
def test_one_request_after_the_other_is_answered_in_one_connection(listening: Door, ends: bytes) -> None:
    with sender(listening.port) as somebody:
        answers = []
        for number in range(3):
            somebody.sends(signed(delivery=f"d{number}") + ends)
            answers.append(somebody.answer().status)

    assert answers == [202, 202, 202]


@pytest.mark.parametrize("wanted", ["websocket", "h2c", "TLS/1.0"])
def test_whoever_wants_another_protocol_is_answered_in_this_one(listening: Door, wanted: str) -> None:
    upgrade = f"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: {wanted}\r\n\r\n".encode()

    with sender(listening.port) as somebody, sender(listening.port) as other:
        somebody.sends(upgrade + b"\x81\x85what follows")
        answer = somebody.answer()
        closed = somebody.is_closed()
        other.sends(signed(Connection="Upgrade", Upgrade=wanted))
        refused = other.answer()

    assert (answer.status, answer.body, closed) == (200, "ok\n", True)
    assert refused.status == 400
    assert refused.body == "Only HTTP/1.1 is spoken here: send the body without an Upgrade header.\n"


def test_whoever_is_not_signed_gets_no_second_request(listening: Door) -> None:
    with sender(listening.port) as somebody:
        somebody.sends(post("/github/webhook", PING))
        answer = somebody.answer()
        closed = somebody.is_closed()

    assert (answer.status, answer.headers["connection"], closed) == (401, "close", True)


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hurried(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path, limits=replace(SMALL, request_seconds=SHORT)) as made:
        yield made


def test_a_connection_that_says_nothing_is_closed(hurried: Door) -> None:
    with sender(hurried.port) as somebody:
        assert somebody.answer() == NONE


@pytest.mark.parametrize(
    "begun",
    [
        b"G",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHost: te",
        post("/github/webhook", Content_Length="60000"),
        post("/github/webhook", Content_Length="60000") + b"x" * 50_000,
        post("/slack/events", Transfer_Encoding="chunked") + chunk(b"hello"),
        post("/nowhere", PING, Content_Length="100"),
        post("/github/webhook", Content_Length="60000", Expect="100-continue"),
    ],
    ids=["a letter", "a line", "half a head", "no body", "half a body", "chunks", "a length that is wrong", "asks"],
)
def test_a_request_that_does_not_come_whole_is_given_up(hurried: Door, begun: bytes) -> None:
    with sender(hurried.port) as somebody:
        somebody.sends(begun)
        answer = somebody.answer()
        answer = somebody.answer() if answer.status == 100 else answer
        closed = somebody.is_closed()

    assert (answer.status, answer.body, closed) == (408, TOO_SLOW, True)
    assert hurried.stored() == []
    assert hurried.crowd.held == 0


@pytest.mark.parametrize(
    "begun", [b"GET / HTTP/1.1\r\nX: ", post("/github/webhook", Content_Length="60000")], ids=["head", "body"]
)
def test_who_sends_a_byte_now_and_then_gains_no_time(hurried: Door, begun: bytes) -> None:
    with sender(hurried.port) as somebody:
        somebody.sends(begun)
        answer = somebody.trickles(b"x")

    assert answer.status in (408, 0)
    assert hurried.asks("GET", "/healthz") == (200, "ok\n")


def test_a_later_request_of_a_connection_has_a_deadline_too(hurried: Door) -> None:
    with sender(hurried.port) as somebody:
        somebody.sends(signed())
        first = somebody.answer()
        somebody.sends(signed(delivery="d2")[:-1])
        second = somebody.answer()

    assert (first.status, second.status) == (202, 408)


def test_a_deadline_ends_with_the_request(tmp_path: Path) -> None:
    asked, goes_on = Event(), Event()

    def obstacles() -> list[str]:
        asked.set()
        goes_on.wait(PATIENCE)
        return []

    limits = replace(SMALL, request_seconds=SHORT)
    with door(tmp_path, limits=limits, obstacles=obstacles) as listening, sender(listening.port) as patient:
        patient.sends(b"GET /readyz HTTP/1.1\r\n\r\n")
        asked.wait(PATIENCE)
        with sender(listening.port) as silent:
            silent.answer()  # one deadline later
        goes_on.set()
        answer = patient.answer()

    assert (answer.status, answer.body) == (200, "ready\n")


def test_a_connection_that_is_kept_is_closed_when_nothing_comes(tmp_path: Path) -> None:
    limits = replace(SMALL, keep_alive_seconds=SHORT)  # type: ignore[arg-type]

    with door(tmp_path, limits=limits) as listening, sender(listening.port) as somebody:
        somebody.sends(signed())
        answer = somebody.answer()
        closed = somebody.is_closed()

    assert (answer.status, closed) == (202, True)


def test_who_does_not_read_the_answer_is_dropped(tmp_path: Path) -> None:
    limits = replace(SMALL, stalled_seconds=SHORT)

    with ExitStack() as stack:
        listening = stack.enter_context(door(tmp_path, limits=limits, obstacles=lambda: ["x" * 30_000_000]))
        somebody, other = (stack.enter_context(sender(listening.port)) for _ in range(2))
        somebody.sends(b"GET /readyz HTTP/1.1\r\n\r\n")
        listening.wait_for(lambda: answering(listening) == 1)
        listening.wait_for(lambda: answering(listening) == 0)
        other.sends(signed())
        stored = other.answer().status
        some = somebody.answer()

    assert len(some.body) < 30_000_000
    assert stored == 202


def answering(listening: Door) -> int:
    return sum(one.is_answering for one in tuple(listening.crowd.connections))


# --- number ----------------------------------------------------------------------------------------------------------


def half_open(stack: ExitStack, listening: Door, kilobytes: int) -> Sender:
    """Somebody who has sent so much of a webhook, and keeps still."""
    somebody = stack.enter_context(sender(listening.port))
    declared = str(SMALL.bodies["/github/webhook"])
    somebody.sends(post("/github/webhook", Content_Length=declared), b"x" * kilobytes * KB)
    return somebody


def held(listening: Door) -> list[int]:
    """What each connection holds, in kilobytes, the most first."""
    return sorted((one.held // KB for one in tuple(listening.crowd.connections) if one.held), reverse=True)


def test_whoever_holds_most_gives_way_where_all_bodies_together_are_too_much(tmp_path: Path) -> None:
    limits = replace(SMALL, unverified_bytes=100 * KB)

    with door(tmp_path, limits=limits) as listening, ExitStack() as stack:
        most = half_open(stack, listening, 50)
        half_open(stack, listening, 40)
        listening.wait_for(lambda: held(listening) == [50, 40])
        half_open(stack, listening, 20)
        answer = most.answer()
        listening.wait_for(lambda: held(listening) == [40, 20])

    assert (answer.status, answer.body) == (503, "Too much is coming in at once; please send it again.\n")
    assert (answer.headers["retry-after"], answer.headers["connection"]) == ("10", "close")


def test_large_bodies_that_stand_still_do_not_keep_small_ones_out(tmp_path: Path) -> None:
    limits = replace(SMALL, unverified_bytes=200 * KB)

    with door(tmp_path, limits=limits) as listening, ExitStack() as stack:
        answers, most = [], 0
        for number in range(20):
            half_open(stack, listening, 60)
            most = max(most, sum(held(listening)))
            answers.append(listening.posts(b'{"a": "' + b"x" * 20 * KB + b'"}', X_GitHub_Delivery=f"d{number}"))

    assert answers == [(202, "stored\n")] * 20
    assert 0 < most <= 200


def test_what_has_come_whole_or_hung_up_counts_no_more(tmp_path: Path) -> None:
    limits = replace(SMALL, unverified_bytes=64 * KB)
    body = b'{"a": "' + b"x" * (64 * KB - 9) + b'"}'

    with door(tmp_path, limits=limits) as listening, ExitStack() as stack:
        for number in range(3):
            somebody = half_open(stack, listening, 60)
            listening.wait_for(lambda: held(listening) == [60])
            somebody.close()
            listening.wait_for(lambda: listening.crowd.held == 0)
            assert listening.posts(body, X_GitHub_Delivery=f"d{number}") == (202, "stored\n")

    assert len(body) == limits.unverified_bytes


def test_among_too_many_connections_the_one_that_has_waited_longest_makes_room(tmp_path: Path) -> None:
    limits = replace(SMALL, connections=8)

    with door(tmp_path, limits=limits) as listening, ExitStack() as stack:
        crowd = []
        for number in range(30):
            crowd.append(stack.enter_context(sender(listening.port)))
            assert listening.posts(PING, X_GitHub_Delivery=f"d{number}") == (202, "stored\n")
            assert len(listening.crowd.connections) <= limits.connections
        gone = [one.answer() for one in crowd[:20]]
        crowd[-1].sends(signed(delivery="d0"))
        youngest = crowd[-1].answer()

    assert gone == [NONE] * 20
    assert youngest.body == "known already\n"


def test_where_all_connections_wait_for_an_answer_the_next_one_is_sent_away(tmp_path: Path) -> None:
    goes_on = Event()
    limits = replace(SMALL, connections=4)

    def obstacles() -> list[str]:
        goes_on.wait(PATIENCE)
        return []

    with door(tmp_path, limits=limits, obstacles=obstacles) as listening, ExitStack() as stack:
        waiting = [stack.enter_context(sender(listening.port)) for _ in range(4)]
        for one in waiting:
            one.sends(b"GET /readyz HTTP/1.1\r\n\r\n")
        listening.wait_for(lambda: answering(listening) == 4)
        next_one = stack.enter_context(sender(listening.port))
        refused = next_one.answer()
        goes_on.set()
        answers = [one.answer().body for one in waiting]

    assert (refused.status, refused.headers["retry-after"]) == (503, "10")
    assert answers == ["ready\n"] * 4


def test_however_many_ask_the_database_is_asked_by_one_at_a_time(tmp_path: Path) -> None:
    at_once, most = 0, 0
    comes = Event()

    def obstacles() -> list[str]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        comes.wait(0.05)
        at_once -= 1
        return []

    with door(tmp_path, obstacles=obstacles) as listening:
        threads = [Thread(target=listening.asks, args=("GET", "/readyz")) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

    assert most == 1


def test_the_limits_in_use_leave_room_for_everybody() -> None:
    limits = Limits()

    share = limits.unverified_bytes // limits.connections

    assert limits.largest_body("/github/webhook") == 25 * KB * KB
    assert limits.largest_body("/slack/events") == KB * KB
    assert limits.largest_body("/metrics") == 64 * KB
    assert share >= 256 * KB
    assert limits.unverified_bytes > 2 * limits.largest_body("/github/webhook")


def test_the_page_for_operators_names_the_limits_in_use() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", page, flags=re.MULTILINE))
    limits = PRODUCTION

    said = {
        "request line and headers": f"{shown(limits.head_bytes)}, {limits.headers} headers",
        "body at `/github/webhook`": f"{shown(limits.largest_body('/github/webhook'))}, as GitHub's own",
        "body at `/slack/events`": shown(limits.largest_body("/slack/events")),
        "body at `/providers/http/…`": shown(limits.largest_body("/providers/http/r-1")),
        "body anywhere else": f"{shown(limits.other_body)}, and nobody reads it",
        "all bodies together that have not come whole": shown(limits.unverified_bytes),
        "connections": str(limits.connections),
    }

    assert said.items() <= rows.items()
    assert rows["time until a request has come whole"].startswith(f"{limits.request_seconds} s ")
    assert rows["a connection that is kept after an answer"].startswith(f"{limits.keep_alive_seconds} s ")
    assert rows["reading an answer"].startswith(f"{limits.stalled_seconds} s ")
    assert f"A body of at most {shown(limits.unverified_bytes // limits.connections)} always has room" in page
