"""What monitors are told of whole bots: of one process, of many on one Postgres, and of those whose world fails."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.cluster import Cluster, cluster
from tests.end_to_end.installation import REPOSITORY, Installation, free_port
from tests.patience import PATIENCE

ENDED = "shipmate_deployments_total"
PRODUCTION = 'app="web",environment="production"'
NOBODY = re.compile(
    r"not ready: no worker has been heard of for \d.*; what comes in is stored and waits: start one "
    r"\(python -m bot worker\), or look at its log\n"
)


@pytest.fixture
def cluster_with(tmp_path: Path) -> Iterator[Callable[[str], Cluster]]:
    with ExitStack() as stack:
        yield lambda command: stack.enter_context(cluster(tmp_path, command))


def asked(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def shows(url: str, series: str) -> float | None:
    """What the page shows of a series, None where it does not have it."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", asked(f"{url}/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else None


def ends(url: str, result: str) -> float | None:
    return shows(url, f'{ENDED}{{{PRODUCTION},result="{result}"}}')


def test_one_process_tells_of_everything_and_goes_on_counting_after_a_restart(site: Installation) -> None:
    bot = site.runs()
    fresh = ends(site.url, "succeeded")
    site.deploys()
    site.ended("is live")
    site.wait_for(lambda: ends(site.url, "succeeded") == 1, "the end to be counted")
    connected = shows(site.url, "shipmate_slack_connected")
    called = shows(site.url, 'shipmate_calls_total{result="ok",service="github"}')
    quota = shows(site.url, "shipmate_github_quota_remaining")
    bot.kill()
    site.runs()

    assert fresh == 0
    assert (connected, called is not None and called > 1, quota is not None and quota > 4_000) == (1, True, True)
    assert ends(site.url, "succeeded") == 1
    assert shows(site.url, f"shipmate_deployment_seconds_count{{{PRODUCTION}}}") == 1
    assert shows(site.url, f"shipmate_start_seconds_count{{{PRODUCTION}}}") == 1
    assert shows(site.url, "shipmate_running") == 0
    assert shows(site.url, "shipmate_workers") == 1
    assert asked(f"{site.url}/readyz") == (200, "ready\n")


def test_a_slack_that_closes_the_line_and_a_github_that_is_ill_are_seen(site: Installation) -> None:
    site.runs()
    site.github.fail_next("GET", "/", 502, times=1_000)
    failed = 'shipmate_calls_total{result="server_error",service="github"}'

    site.deploys()
    site.wait_for(lambda: (shows(site.url, failed) or 0) > 0, "a failed call", 60)
    site.wait_for(lambda: (shows(site.url, 'shipmate_postponed{what="delivery"}') or 0) > 0, "what waits", 60)
    site.slack.fail_next("apps.connections.open", "internal_error", times=1_000)
    site.slack.drop_sockets()
    site.wait_for(lambda: shows(site.url, "shipmate_slack_connected") == 0, "the closed line to be seen", 60)

    assert asked(f"{site.url}/readyz")[0] == 200


def test_a_listener_and_a_worker_tell_the_same_of_their_database(cluster_with: Callable[[str], Cluster]) -> None:
    there = cluster_with("echo $SHIPMATE_REQUEST_ID >>{directory}/begun")
    port = there.environ["METRICS_PORT"] = str(free_port())
    there.web()
    web, worker = f"http://127.0.0.1:{there.environ['PORT']}", f"http://127.0.0.1:{port}"
    there.worker()
    there.deploys()
    there.assert_once()
    there.wait_for(lambda: ends(web, "succeeded") == ends(worker, "succeeded") == 1, "the end to be counted")

    assert asked(f"{worker}/healthz") == (200, "ok\n")
    assert asked(f"{worker}/readyz") == asked(f"{web}/readyz") == (200, "ready\n")
    assert asked(f"{worker}/github/webhook")[0] == 404
    assert (shows(worker, "shipmate_slack_connected"), shows(web, "shipmate_slack_connected")) == (1, None)
    assert (shows(worker, "shipmate_workers"), shows(web, "shipmate_workers")) == (1, 1)
    assert (shows(worker, "shipmate_pool_size"), shows(web, "shipmate_pool_size")) == (5, 1)
    received = 'shipmate_webhooks_total{answer="202",event="deployment_status"}'
    assert (shows(worker, received), shows(web, received)) == (None, 3)


def test_a_listener_is_not_ready_when_its_last_worker_was_killed_and_ready_with_the_next(
    cluster_with: Callable[[str], Cluster],
) -> None:
    there = cluster_with("echo over")
    there.web()
    web = f"http://127.0.0.1:{there.environ['PORT']}"
    before = asked(f"{web}/readyz")
    worker = there.worker()
    while_it_lives = asked(f"{web}/readyz")
    [lease] = there.leases()
    worker.kill()
    at_once = asked(f"{web}/readyz")
    there.silence(lease)
    later = asked(f"{web}/readyz")
    stored = there.github.create_deployment(REPOSITORY, "main", environment="preview", by="jenkins")
    there.worker()

    assert (before, while_it_lives, at_once) == ((200, "ready\n"),) * 3
    assert later[0] == 503
    assert NOBODY.fullmatch(later[1]), later[1]
    assert stored
    assert [attempt.status for attempt in there.github.attempts] == [202]
    assert asked(f"{web}/readyz") == (200, "ready\n")
    assert shows(web, "shipmate_workers") == 1


def test_a_worker_whose_port_for_metrics_is_taken_says_so_and_ends(site: Installation) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        site.environ["METRICS_PORT"] = str(port)
        worker = site.starts("worker")
        code = worker.wait()

    assert code == 1
    assert worker.lines[-1] == (
        f"✗ The port {port} cannot be opened: Address already in use. Set METRICS_PORT to another one, or unset it."
    )
