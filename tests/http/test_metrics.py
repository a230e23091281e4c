"""The page for Prometheus: what is true, nothing that is not, and never at the price of a webhook."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.storage.measures import Look
from bot.core.errors import Unavailable
from bot.core.measures.model import Move, Tally
from bot.http.metrics import PATIENCE as FOR_THE_DATABASE
from bot.http.metrics import Meter, Vitals
from bot.http.monitoring import Monitored
from bot.http.server import monitor_server
from tests.http.door import PING, Door, door
from tests.patience import PATIENCE


class Watch:
    """A stopwatch whose hands are moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Places:
    """A database that is looked at: ``turn`` is called at each look, and may raise, or wait."""

    def __init__(self, turn: Callable[[], None] = lambda: None) -> None:
        self.turn = turn
        self.looks = 0

    def __call__(self) -> Look:
        self.looks += 1
        self.turn()
        tally = Tally()
        tally.count(Move(end="succeeded", ran=61.0))
        tally.count(Move(started=2.0))
        tallies = {("web", "production"): tally, ("web", "staging"): Tally()}
        undone = {"delivery": 12.5, "effect": 0.0}
        return Look(tallies, {"checks": 2, "lock": 0}, 3, undone, {"delivery": 1, "effect": 0}, 2, 4.0)


def numbers(page: str) -> dict[str, float]:
    """Each series with what it shows."""
    return {name: float(value) for name, value in re.findall(r"^(shipmate_\S+(?: \S+)*) (\S+)$", page, re.MULTILINE)}


def _wait(event: threading.Event) -> None:
    event.wait(PATIENCE)


def told(listening: Door) -> dict[str, float]:
    status, page = listening.asks("GET", "/metrics")
    assert status == 200
    return numbers(page)


@contextmanager
def measured(directory: Path, look: Places, meter: Meter | None = None, vitals: Vitals | None = None) -> Iterator[Door]:
    with door(directory, look=look, meter=meter or Meter(), vitals=vitals or Vitals()) as made:
        yield made


def test_how_things_are_in_the_database_is_shown(tmp_path: Path) -> None:
    with measured(tmp_path, Places()) as listening:
        shown = told(listening)

    place = 'app="web",environment="production"'
    assert shown[f'shipmate_deployments_total{{{place},result="succeeded"}}'] == 1
    assert shown[f'shipmate_deployments_total{{{place},result="failed"}}'] == 0
    assert shown['shipmate_deployments_total{app="web",environment="staging",result="succeeded"}'] == 0
    assert shown[f'shipmate_deployment_seconds_bucket{{{place},le="60.0"}}'] == 0
    assert shown[f'shipmate_deployment_seconds_bucket{{{place},le="120.0"}}'] == 1
    assert shown[f'shipmate_deployment_seconds_bucket{{{place},le="+Inf"}}'] == 1
    assert shown[f"shipmate_deployment_seconds_count{{{place}}}"] == 1
    assert shown[f"shipmate_deployment_seconds_sum{{{place}}}"] == 61
    assert shown[f"shipmate_start_seconds_count{{{place}}}"] == 1
    assert shown['shipmate_waiting{reason="checks"}'] == 2
    assert shown["shipmate_running"] == 3
    assert shown['shipmate_oldest_undone_seconds{what="delivery"}'] == 12.5
    assert shown['shipmate_postponed{what="delivery"}'] == 1
    assert (shown["shipmate_workers"], shown["shipmate_lease_age_seconds"]) == (2, 4)
    assert shown["shipmate_database_answers"] == 1


@pytest.mark.parametrize(
    "error",
    [Unavailable("The database does not answer."), sa.exc.ProgrammingError("SELECT", {}, Exception("no table"))],
    ids=["away", "without its tables"],
)
def test_a_database_that_tells_nothing_leaves_what_only_it_knows_out(tmp_path: Path, error: Exception) -> None:
    def fails() -> None:
        raise error

    with measured(tmp_path, Places(fails)) as listening:
        listening.posts(PING)
        shown = told(listening)

    assert shown["shipmate_database_answers"] == 0
    assert str(shown["shipmate_set_aside"]) == "nan"
    assert shown['shipmate_webhooks_total{answer="202",event="ping"}'] == 1
    assert [name for name in shown if "deployments" in name or "waiting" in name or "workers" in name] == []


def test_a_database_that_hangs_holds_up_neither_the_page_nor_webhooks(tmp_path: Path) -> None:
    goes_on = threading.Event()
    places = Places(lambda: _wait(goes_on))
    with measured(tmp_path, places) as listening:
        pages: list[dict[str, float]] = []
        threads = [threading.Thread(target=lambda: pages.append(told(listening))) for _ in range(5)]
        for thread in threads:
            thread.start()
        listening.wait_for(lambda: places.looks == 1)
        answer = listening.posts(PING)
        for thread in threads:
            thread.join(PATIENCE)
        goes_on.set()

    assert FOR_THE_DATABASE < 10  # what Prometheus waits for, unless it is told otherwise
    assert answer == (202, "stored\n")
    assert places.looks == 1
    assert [page["shipmate_database_answers"] for page in pages] == [0] * 5


def test_a_look_is_shown_to_all_who_ask_within_a_moment_and_what_is_counted_here_is_always_new(tmp_path: Path) -> None:
    watch, places = Watch(), Places()
    meter = Meter(watch)
    with measured(tmp_path, places, meter) as listening:
        told(listening)
        meter.given_up("effect")
        again = told(listening)
        watch.seconds += 1
        told(listening)

    assert again['shipmate_given_up_total{what="effect"}'] == 1
    assert places.looks == 2


@pytest.mark.parametrize(("took", "until_the_next"), [(0.0, 1.0), (0.3, 3.0), (60.0, 5.0)])
def test_a_look_that_takes_long_is_taken_more_seldom(tmp_path: Path, took: float, until_the_next: float) -> None:
    watch = Watch()

    def takes_long() -> None:
        watch.seconds += took

    places = Places(takes_long)
    with measured(tmp_path, places, Meter(watch)) as listening:
        told(listening)
        watch.seconds += until_the_next - 0.01
        told(listening)
        before = places.looks
        watch.seconds += 0.02
        told(listening)

    assert (before, places.looks) == (1, 2)


def test_calls_are_counted_by_their_result_with_the_time_that_they_took(tmp_path: Path) -> None:
    watch = Watch()
    meter = Meter(watch)
    with meter.call("github") as call:
        watch.seconds += 0.2
        call.result = "ok"
    with pytest.raises(ZeroDivisionError), meter.call("slack"):
        raise ZeroDivisionError

    with measured(tmp_path, Places(), meter) as listening:
        shown = told(listening)

    assert shown['shipmate_calls_total{result="ok",service="github"}'] == 1
    assert shown['shipmate_calls_total{result="fault",service="slack"}'] == 1
    assert shown['shipmate_call_seconds_bucket{le="0.1",service="github"}'] == 0
    assert shown['shipmate_call_seconds_bucket{le="0.25",service="github"}'] == 1


def test_of_githubs_limits_the_lowest_is_shown_until_it_is_full_again(tmp_path: Path) -> None:
    watch = Watch()
    meter = Meter(watch)
    shown = []
    with measured(tmp_path, Places(), meter) as listening:
        shown.append(told(listening))
        meter.quota("acme", 4_000, 3_600)
        meter.quota("other", 12, 60)
        shown.append(told(listening))
        watch.seconds += 61
        shown.append(told(listening))
        watch.seconds += 3_600
        shown.append(told(listening))

    assert [one.get("shipmate_github_quota_remaining") for one in shown] == [None, 12, 4_000, None]


def test_a_process_tells_what_it_has_and_nothing_of_what_it_has_not(tmp_path: Path) -> None:
    vitals = Vitals(lambda: (2, 5), lambda: {"command": 1, "run": 4}, lambda: False)
    with measured(tmp_path, Places(), vitals=vitals) as listening:
        worker = told(listening)
    (tmp_path / "web").mkdir()
    with measured(tmp_path / "web", Places()) as listening:
        web = told(listening)

    assert (worker["shipmate_pool_in_use"], worker["shipmate_pool_size"]) == (2, 5)
    assert worker['shipmate_in_hand{what="run"}'] == 4
    assert worker["shipmate_slack_connected"] == 0
    assert web["shipmate_threads"] > 0
    assert {"shipmate_slack_connected", "shipmate_pool_in_use", 'shipmate_in_hand{what="run"}'} & set(web) == set()


def test_however_many_ask_it_is_written_once_at_a_time_and_others_have_the_threads(tmp_path: Path) -> None:
    goes_on, written = threading.Event(), []

    def pool() -> tuple[int, int]:
        written.append(threading.current_thread().name)
        _wait(goes_on)
        return 2, 5

    with measured(tmp_path, Places(), vitals=Vitals(pool)) as listening:
        pages: list[dict[str, float]] = []
        threads = [threading.Thread(target=lambda: pages.append(told(listening))) for _ in range(60)]
        for thread in threads:
            thread.start()
        listening.wait_for(lambda: sum(one.is_answering for one in tuple(listening.crowd.connections)) == 60)
        ready = listening.asks("GET", "/readyz")
        before = len(written)
        goes_on.set()
        for thread in threads:
            thread.join(PATIENCE)

    assert ready == (200, "ready\n")
    assert before == 1
    assert [page["shipmate_pool_size"] for page in pages] == [5] * 60


def test_a_slash_too_many_leads_to_no_other_host_at_a_workers_port_either() -> None:
    server = monitor_server(Monitored(lambda: ()))
    with socket.create_server(("127.0.0.1", 0)) as opened:
        thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
        thread.start()
        asking = http.client.HTTPConnection("127.0.0.1", opened.getsockname()[1], timeout=PATIENCE)
        asking.request("GET", "/metrics/", headers={"Host": "evil.example"})
        answer = asking.getresponse()
        asking.close()
        server.should_exit = True
        thread.join(PATIENCE)

    assert (answer.status, answer.headers["location"]) == (307, "/metrics")
