"""Whole bots and their pages: a link that any process made opens the page at whichever listens, while it is written."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from tests.end_to_end.cluster import cluster
from tests.end_to_end.installation import Installation
from tests.patience import PATIENCE

SLOW = "sh -c 'echo first; while [ ! -e {directory}/go ]; do sleep 0.05; done; echo second'"


def get(address: str) -> tuple[int, str]:
    there = urlsplit(address)
    connection = http.client.HTTPConnection(there.netloc, timeout=PATIENCE)
    connection.request("GET", f"{there.path}?{there.query}")
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def linked(site: Installation) -> str | None:
    """The address behind “logs” on the first card."""
    found = re.search(r"<(http[^|>]+/deployments/[^|>]+)\|logs>", json.dumps([one.blocks for one in site.parents()]))
    return found[1].replace("&amp;", "&") if found else None


def is_followed(site: Installation, page: str) -> None:
    """From its first line to its end."""
    there = urlsplit(page)
    connection = http.client.HTTPConnection(there.netloc, timeout=PATIENCE)
    connection.request("GET", f"{there.path}/output?{there.query}")
    answer = connection.getresponse()
    assert answer.status == 200
    heard = b""
    while b"data: first\n" not in heard:
        heard += answer.readline()
    (site.directory / "go").touch()
    heard += answer.read()
    connection.close()
    assert b"data: second\n" in heard
    assert heard.endswith(b"event: end\ndata: succeeded\n\n")


def test_a_link_in_slack_opens_the_page_that_is_written_meanwhile(site_with: Callable[[str], Installation]) -> None:
    site = site_with(SLOW)
    site.environ["BASE_URL"] = site.url
    site.runs()
    site.deploys()
    page: str = site.wait_for(lambda: linked(site), "a link to the page")

    assert get(page.partition("?")[0])[0] == 401
    assert get(page)[0] == 200
    is_followed(site, page)
    site.ended("is live")
    status, text = get(page)

    assert (status, "is live" in text, "second" in text) == (200, True, True)
    [deployment] = site.deployments()
    request_id = deployment.payload["request_id"]
    [url] = {one.log_url for one in site.github.deployment_statuses("acme/web", deployment.id)}
    assert url.startswith(f"{site.url}/deployments/{request_id}?key=")  # the repository is private
    assert get(url)[0] == 200
    assert site.processes[-1].terminate() == 0


def test_what_a_worker_links_opens_at_every_listener(tmp_path: Path) -> None:
    with ExitStack() as stack:
        there = stack.enter_context(cluster(tmp_path, SLOW))
        there.environ["BASE_URL"] = "https://bot.example.com"
        there.worker()
        there.web()
        first = there.environ["PORT"]
        there.web()
        there.deploys()
        link: str = there.wait_for(lambda: linked(there), "a link to the page")

        pages = [
            link.replace("https://bot.example.com", f"http://127.0.0.1:{port}")
            for port in (first, there.environ["PORT"])
        ]

        assert [get(page)[0] for page in pages] == [200, 200]
        is_followed(there, pages[0])
        there.ended("is live")
