"""What the protocol relies on in uvicorn and httptools, by name: a new version of either is held against this."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import httptools
import pytest
import uvicorn
from packaging.requirements import Requirement
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

ROOT = Path(__file__).parents[2]
SOURCE = inspect.getsource(inspect.getmodule(HttpToolsProtocol))  # type: ignore[arg-type]

OVERRIDDEN = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "timeout_keep_alive_handler": ["self"],
    "pause_writing": ["self"],
    "resume_writing": ["self"],
    "data_received": ["self", "data"],
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
    "on_response_complete": ["self"],
}
USED = ["_unset_keepalive_if_required"]
ATTRIBUTES = ["app", "client", "cycle", "expect_100_continue", "headers", "loop", "parser", "scope", "server_state"]
OF_A_CYCLE = ["body", "keep_alive", "transport", "waiting_for_100_continue"]


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_uvicorn_has_the_method_that_is_overridden(name: str) -> None:
    assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == OVERRIDDEN[name]


@pytest.mark.parametrize("name", USED)
def test_uvicorn_has_the_method_that_is_used(name: str) -> None:
    assert callable(getattr(HttpToolsProtocol, name))


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_uvicorns_protocol_has_the_attribute(name: str) -> None:
    assert re.search(rf"self\.{name}\b.* = ", inspect.getsource(HttpToolsProtocol.__init__))


@pytest.mark.parametrize("name", OF_A_CYCLE)
def test_uvicorns_cycle_has_the_attribute(name: str) -> None:
    assert re.search(rf"self\.{name} = ", inspect.getsource(RequestResponseCycle.__init__))


def test_uvicorn_starts_the_app_in_one_place_and_keeps_headers_in_one_list() -> None:
    start = inspect.getsource(HttpToolsProtocol._start_asgi_task)

    assert SOURCE.count("create_task") == start.count("create_task")
    assert '"headers": self.headers' in SOURCE
    assert STATUS_LINE[431].startswith(b"HTTP/1.1 431 ")


def test_httptools_tells_why_a_callback_refused() -> None:
    class Refuses:
        def on_body(self, _: bytes) -> None:
            raise KeyError("too much")

    parser = httptools.HttpRequestParser(Refuses())

    with pytest.raises(httptools.HttpParserError) as refused:
        parser.feed_data(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")

    assert isinstance(refused.value.__context__, KeyError)


def test_the_versions_that_may_be_installed_are_those_that_were_read() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    [pinned] = [one for one in map(Requirement, wanted) if one.name == "uvicorn"]

    assert uvicorn.__version__ in pinned.specifier
    assert "0.55.0" not in pinned.specifier
