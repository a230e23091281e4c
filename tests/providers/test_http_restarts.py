"""Hooks that do not answer, and bots that do not live to hear it: each deployment is begun once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from bot.core.errors import Unavailable
from bot.core.ports.provider import Outcome
from bot.providers import http
from bot.providers.http.handles import ACCEPTED, SENT
from tests.providers.http_runs import HandClock, begun, carried_out, hook_server, polled, stopped_at
from tests.servers.hooks.server import HookServer, Reply


class BotKilled(BaseException):
    """Stands for kill -9: nothing after this line of the bot is carried out."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[HookServer]:
    with hook_server(monkeypatch) as server:
        yield server


@pytest.fixture
def run_to(run_with, hook: HookServer):
    """A run of one and the same deployment; with ``after`` as another process takes it over."""

    def make(*, after: Any = None, **settings: Any) -> Any:
        run = run_with(http.Settings(**{"url": f"{hook.url}/deploy", **settings}))
        run.clock = after.clock if after else HandClock()
        run.notes = dict(after.notes) if after else {}
        return run

    return make


# --- the bot is killed ----------------------------------------------------------------------------------------------


def killed_at_note(run: Any, number: int) -> None:
    """Its bot dies as it keeps its n-th note: before that is stored, where n is even, or just after."""
    keep, left = run.keep, iter(range(number // 2))

    def dying(name: str, value: str) -> None:
        if next(left, None) is not None:
            return keep(name, value)
        if number % 2:
            keep(name, value)
        raise BotKilled

    run.keep = dying


@pytest.mark.parametrize("number", range(4))
def test_killed_at_any_note_it_is_begun_once_under_one_key(hook, run_to, number) -> None:
    before = run_to(poll=polled(hook))
    killed_at_note(before, number)
    with pytest.raises(BotKilled):
        http.start(before)

    after = run_to(after=before, poll=polled(hook))
    hook.state = {"status": "live"}
    outcome = carried_out(after)

    assert outcome.result == "succeeded"
    assert hook.begun == {"d3f4c8a0-7": 1}
    assert len({one.body for one in hook.asked}) == 1
    assert len(hook.asked) == (2 if number == 2 else 1)


def test_killed_for_real_while_it_waits_for_the_answer(hook, run_to, tmp_path) -> None:
    child = os.fork()
    if child == 0:
        hook.when_asked = lambda request: None
        doomed = run_to()
        keep = doomed.keep

        def stored(name: str, value: str) -> None:
            (tmp_path / name).write_text(value)
            keep(name, value)
            if name == ACCEPTED:
                os.kill(os.getpid(), signal.SIGKILL)

        (tmp_path / ACCEPTED).touch()
        doomed.keep = lambda name, value: (
            os.kill(os.getpid(), signal.SIGKILL) if name == ACCEPTED else stored(name, value)
        )
        http.start(doomed)
    _, status = os.waitpid(child, 0)
    after = run_to()
    after.notes = {SENT: (tmp_path / SENT).read_text()}

    begun(after)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert [one.headers["idempotency-key"] for one in hook.asked] == ["d3f4c8a0-7"] * 2
    assert hook.begun == {"d3f4c8a0-7": 1}


def test_a_repeated_start_asks_nothing_again(hook, run_to) -> None:
    before = run_to(poll=polled(hook))
    handle = begun(before)

    assert begun(run_to(after=before, poll=polled(hook))) == handle
    assert len(hook.asked) == 1


# --- the hook does not take it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(cut=True)],
        [Reply(500, b"oops"), Reply(503, b"<html>"), Reply(502)],
        [Reply(429, b"", {"Retry-After": "30"})],
        [Reply(429, b"", {"Retry-After": "Mon, 02 Mar 2026 10:00:30 GMT"})],
        [Reply(cut=True), Reply(409, b'{"message": "A request with this key is being processed"}')],
    ],
    ids=["answer lost", "down", "slow down", "slow down until", "still at it"],
)
def test_what_does_not_take_it_is_asked_again_under_the_same_key(hook, run_to, replies) -> None:
    hook.replies.extend(replies)
    run = run_to()

    begun(run)

    assert len(hook.asked) == len(replies) + 1
    assert {one.headers["idempotency-key"] for one in hook.asked} == {"d3f4c8a0-7"}
    assert len({one.body for one in hook.asked}) == 1
    assert len(hook.begun) == 1


def test_it_waits_as_long_as_the_hook_asks_and_looks_meanwhile_whether_it_is_cancelled(hook, run_to) -> None:
    hook.replies.append(Reply(429, b"", {"Retry-After": "30"}))
    run = run_to()
    waits = []
    for _ in range(4):
        with pytest.raises(Unavailable) as later:
            http.start(run)
        waits.append(later.value.retry_after)
        run.clock.passes(5)
    run.cancel()

    outcome = http.follow(run, http.start(run))

    assert waits == [4, 4, 4, 4]
    assert outcome == Outcome("cancelled", "Cancelled before the hook had taken it")
    assert len(hook.asked) == 1


def test_what_is_never_taken_has_failed_after_five_minutes(hook, run_to) -> None:
    hook.replies.extend([Reply(429, b"Too many deploys\nat once")] * 200)
    run = run_to()

    outcome = carried_out(run)

    assert outcome == Outcome(
        "failed", f"{hook.host} answered 429 Too Many Requests: Too many deploys (asked for 5 min)"
    )
    assert 300 <= (run.clock.at - HandClock().at).total_seconds() < 330
    assert run.lines == [f"{hook.host} answered 429 Too Many Requests: Too many deploys: it is asked again"]


def test_time_in_which_nobody_asked_is_none_of_the_five_minutes(hook, run_to) -> None:
    hook.replies.extend([Reply(503, b"")] * 3)
    run = run_to()
    for seconds in (5, 10 * 60, 5):
        with pytest.raises(Unavailable):
            http.start(run)
        run.clock.passes(seconds)

    begun(run)

    assert len(hook.asked) == 4
    assert len(hook.begun) == 1


def test_where_it_may_have_begun_that_is_said(hook, run_to) -> None:
    hook.replies.extend([Reply(500, b"")] * 200)

    outcome = carried_out(run_to())

    assert (outcome.result, outcome.given_up) == ("error", True)
    assert outcome.description.endswith("; whether it has begun is not known, so look there before you retry")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(400, b"\n  ref is not known \nmore"), "answered 400 Bad Request: ref is not known"),
        (Reply(401, b'{"error": "bad signature"}'), "answered 401 Unauthorized: bad signature"),
        (Reply(404, b"<!DOCTYPE html><html>", {"Content-Type": "text/html"}), "answered 404 Not Found"),
        (Reply(422, b'{"errors": [{"message": "No such app"}]}'), "answered 422 Unprocessable Entity: No such app"),
        (Reply(409, b'{"title": "Locked", "detail": "Locked by bob"}'), "answered 409 Conflict: Locked by bob"),
        (Reply(400, b"\xff\x00\x1b[31mred"), "answered 400 Bad Request: � [31mred"),
        (Reply(413, b"x" * 300_000), f"answered 413 Request Entity Too Large: {'x' * 119}…"),
        (
            Reply(307, b"", {"Location": "https://elsewhere.example/"}),
            "answered 307 Temporary Redirect, which sends the bot elsewhere; it does not go there. "
            "Set the final address",
        ),
        (Reply(418), "answered 418 I'm a Teapot"),
    ],
)
def test_a_refusal_fails_it_with_its_first_line_and_is_not_repeated(hook, run_to, reply, reason) -> None:
    hook.replies.append(reply)
    run = run_to()

    outcome = carried_out(run)

    assert outcome == Outcome("failed", f"{hook.host} {reason}")
    assert run.lines == [f"{hook.host} {reason}"]
    assert len(hook.asked) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[1, 2", b'{"deploy": {"id": null}}'])
def test_what_has_taken_it_is_not_asked_again_for_what_it_does_not_tell(hook, run_to, body, monkeypatch) -> None:
    hook.replies.append(Reply(202, body))
    hook.replies.append(Reply(202, body))
    called = run_to(poll=polled(hook))
    called.on_pause = called.run_out_of_time
    late = carried_out(called)
    monkeypatch.delenv("BASE_URL")
    unknown = carried_out(run_to(poll=polled(hook)))

    assert late.description.endswith(
        "; " + f"{hook.host} has not told where to ask, so what it calls back is waited for"
    )
    told = f"{hook.host} has taken it, but tells nothing at /deploy/id, so nobody can tell how it ends"
    assert unknown == Outcome("error", told, given_up=True)
    assert len(hook.asked) == 2


# --- cancelled before it has begun ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "outcome"),
    [
        ("cancel", Outcome("cancelled", "Cancelled before the hook had taken it")),
        ("run_out_of_time", Outcome("timed_out", "The time was up before the hook had taken it")),
    ],
)
def test_too_late_before_anything_was_sent_nothing_is(hook, run_to, stop, outcome) -> None:
    run = run_to()
    getattr(run, stop)()

    assert carried_out(run) == outcome
    assert hook.received == []


def test_cancelled_while_nobody_knows_whether_it_has_begun_that_is_said(hook, run_to) -> None:
    hook.replies.append(Reply(cut=True))
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))
    with pytest.raises(Unavailable):
        http.start(run)
    run.cancel()

    outcome = carried_out(run)

    assert outcome == Outcome("cancelled", f"Cancelled: whether {hook.host} has begun is not known")
    assert len(hook.asked) == 1


def test_a_hook_that_cannot_be_reached_has_not_begun(hook, run_with, monkeypatch) -> None:
    run = run_with(http.Settings(url="http://127.0.0.1:1/deploy"))
    run.clock = HandClock()

    assert carried_out(run) == Outcome("failed", "127.0.0.1:1 cannot be reached (asked for 5 min 20 s)")


def test_a_refusal_after_an_answer_that_was_lost_does_not_say_that_nothing_has_begun(hook, run_to) -> None:
    hook.replies += [Reply(cut=True), Reply(422, b'{"message": "Deploying already"}')]
    run = run_to(poll=polled(hook))

    outcome = carried_out(run)

    said = f"{hook.host} answered 422 Unprocessable Entity: Deploying already"
    unknown = "whether it has begun is not known, so look there before you retry"
    assert outcome == Outcome("error", f"{said}; {unknown}", given_up=True)


def test_what_waits_for_its_next_try_may_have_begun(hook, run_to) -> None:
    hook.replies.append(Reply(cut=True))
    run = run_to(poll=polled(hook))

    for _ in range(2):
        with pytest.raises(Unavailable) as later:
            http.start(run)
        assert later.value.uncertain
    assert len(hook.asked) == 1


def test_late_while_nobody_knows_whether_it_has_begun_it_may_still_be_told(hook, run_to) -> None:
    hook.replies.append(Reply(cut=True))
    run = run_to()
    with pytest.raises(Unavailable):
        http.start(run)
    run.run_out_of_time()

    unknown = f"Timed out after 15 min: whether {hook.host} has begun is not known"
    assert carried_out(run) == Outcome("timed_out", unknown, given_up=True)


# --- told to stop -----------------------------------------------------------------------------------------------------


def stops_once(hook: HookServer, reply: Reply) -> None:
    """It stops at the first word, whose answer is ``reply``, and at the second one there is nothing to stop."""
    replies = iter([reply])

    def stop(number: int) -> Reply:
        hook.stopped.append(number)
        hook.answers += [Reply(200, b'{"status": "canceling"}')] * 3
        hook.state = {"status": "canceled"}
        return next(replies, Reply(409, b'{"message": "It is being stopped already"}'))

    hook._stop = stop  # type: ignore[method-assign]


@pytest.mark.parametrize(("stop", "result"), [("cancel", "cancelled"), ("run_out_of_time", "timed_out")])
@pytest.mark.parametrize("lost", [Reply(cut=True), Reply(502)], ids=["cut", "502"])
def test_what_has_stopped_although_no_answer_came_has_stopped(hook, run_to, lost, stop, result) -> None:
    stops_once(hook, lost)
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))
    run.on_pause = getattr(run, stop)

    outcome = carried_out(run)

    assert outcome.result == result
    assert "goes on" not in outcome.description
    assert len(hook.stopped) == 2


def test_what_was_told_to_stop_before_a_restart_and_is_at_it_has_stopped(hook, run_to) -> None:
    stops_once(hook, Reply(202))
    before = run_to(poll=polled(hook), cancel=stopped_at(hook))
    handle = begun(before)
    before.cancel()
    before.on_pause = lambda: hook.stopped and (_ for _ in ()).throw(BotKilled)
    with pytest.raises(BotKilled):
        http.follow(before, handle)
    after = run_to(after=before, poll=polled(hook), cancel=stopped_at(hook))
    after.cancel()

    assert http.follow(after, handle) == Outcome("cancelled", "Cancelled")
    assert len(hook.stopped) == 2


def test_whether_it_has_stopped_is_not_known_where_nothing_tells_of_its_end(hook, run_to) -> None:
    stops_once(hook, Reply(cut=True))
    hook.state = {"status": "build_in_progress"}
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))
    run.on_pause = run.cancel
    hook.answers += [Reply(200, b'{"status": "canceling"}')] * 99

    refused = f"{hook.host} answered 409 Conflict: It is being stopped already"
    assert carried_out(run) == Outcome(
        "cancelled", f"Cancelled: whether {hook.host} has stopped is not known ({refused})"
    )


@pytest.mark.parametrize(("state", "result"), [("live", "succeeded"), ("build_failed", "failed")])
def test_what_refuses_to_stop_as_it_has_just_ended_has_ended_so(hook, run_to, state, result) -> None:
    run = run_to(poll=polled(hook), cancel=stopped_at(hook))
    run.on_pause = run.cancel

    def ends(number: int) -> Reply:
        hook.state = {"status": state}
        return Reply(409, b'{"message": "It has ended"}')

    hook._stop = ends  # type: ignore[method-assign]

    assert carried_out(run) == Outcome(result, f"Ended with the state {state}")
