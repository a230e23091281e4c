"""The OpenAPI document is valid, and says what is really answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.core.api.model import new_secret
from bot.core.api.problems import problem_of, told
from bot.core.deployments.representation import represented
from bot.core.errors import NotThere, OurFault, Reason, Refused, Rejected, Unavailable
from bot.core.rich_text import say
from bot.http.api import access
from bot.http.api.openapi import PATH, document
from bot.http.api.operations import OPERATIONS
from tests.http.door import Door
from tests.http.test_api import Client, add, api, client, deciding

DOCS = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
def at_door(tmp_path: Path) -> Iterator[Door]:
    with api(tmp_path) as made:
        yield made


def demand(method: str, path: str, status: int, body: Any) -> None:
    """Raises ValidationError where the document does not allow the answer."""
    described = _closed(document())
    [answer] = described["paths"][path][method.lower()]["responses"][str(status)]["content"].values()
    Draft202012Validator({**answer["schema"], "components": described["components"]}).validate(body)


def _closed(schema: Any) -> Any:
    """What is not described is not allowed."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return {key: _closed(value) for key, value in schema.items()} | closed


def test_the_document_is_valid_and_public(at_door: Door) -> None:
    found = Client(at_door).gets(PATH)

    assert (found.status, found.headers["content-type"]) == (200, "application/json")
    assert found.body == document()
    OpenAPIV31SpecValidator(found.body).validate()


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [one.name for one in OPERATIONS]

    assert len(set(names)) == len(names)


def test_what_is_read_is_as_it_is_described(at_door: Door) -> None:
    made = add(at_door, params=(("a", "b"),), force=True, force_reason="hotfix", forced=("ci failed",))
    ci = client(at_door)

    for path in ("/api/deployments", "/api/board", "/api/locks", "/api/freezes"):
        demand("GET", path, 200, ci.gets(path).body)
    demand("GET", "/api/deployments/{id}", 200, ci.gets(f"/api/deployments/{made.id}").body)


@pytest.mark.parametrize("status", [201, 202])
def test_what_is_decided_is_as_it_is_described(at_door: Door, status: int) -> None:
    deciding(at_door, status, represented(add(at_door)))

    demand("POST", "/api/deployments", status, client(at_door).asks("POST", "/api/deployments", {"app": "web"}).body)


def test_errors_are_as_they_are_described(at_door: Door) -> None:
    ci = client(at_door)

    for status, body in {400: {"a": 1}, 422: {"app": "x"}}.items():
        demand("POST", "/api/deployments", status, ci.asks("POST", "/api/deployments", body).body)
    demand("GET", "/api/board", 401, Client(at_door).gets("/api/board").body)
    demand("GET", "/api/deployments/{id}", 404, ci.gets("/api/deployments/9").body)
    for one in (NotThere("x"), Rejected("x"), OurFault("x"), Unavailable("x"), Refused(say("x"), (Reason("a", "b"),))):
        problem = problem_of(one)
        demand("POST", "/api/deployments", problem.status, told(problem))


def test_who_is_to_ask_again_is_told_when_as_it_is_described(at_door: Door, tmp_path: Path) -> None:
    guesses = [Client(at_door, new_secret()).gets("/api/board") for _ in range(int(access.STRANGERS_BURST) + 2)]
    with api(tmp_path / "empty", migrated=False) as away:
        unanswered = Client(away, new_secret()).gets("/api/board")

    for status, one in ((429, guesses[-1]), (503, unanswered)):
        demand("GET", "/api/board", status, one.body)
        assert one.headers["retry-after"] == str(one.body["retry_after"])


def test_the_page_about_the_api_has_every_address_and_every_field() -> None:
    page = DOCS.read_text(encoding="utf-8")
    addresses = [re.sub(r"\{(\w+)\}", r"<\1>", one.path) for one in OPERATIONS]
    fields = document()["components"]["schemas"]["Deployment"]["properties"]

    assert [one for one in addresses if one not in page] == []
    assert [one for one in fields if f"`{one}`" not in page] == []
