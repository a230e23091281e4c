"""The OpenAPI document (3.1), made of the declarations by which requests are routed and bodies are read."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from bot.core.api.problems import MEDIA_TYPE, TITLES
from bot.http.api.bodies import ANSWERED, ASKED, ProblemDetails, Request
from bot.http.api.operations import OPERATIONS, Operation
from bot.http.api.requests import KEY, LONGEST_KEY

PATH = "/api/openapi.json"
VERSION = "1"
"""Of what the document describes: fields may be added, and none changes its meaning."""
_ANY = (401, 429, 500, 503)
_CHANGING = (400, 413, 415, 422, 502)
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
}


def document(root: str = "") -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([*ASKED, *ANSWERED], ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shipmate", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


_DESCRIPTION = "Deployments, locks and freezes, by the rules of the chat. `python -m bot token create` makes tokens."


def _operation(one: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": one.name, "summary": one.summary, "parameters": _parameters(one)}
    if one.asked is not None:
        made["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(one.asked)),
            "content": {"application/json": {"schema": _ref(one.asked)}},
        }
    made["responses"] = {
        **{str(status): _answer(one, status, body) for status, body in sorted(one.answers.items())},
        **{str(status): _problem(status) for status in sorted({*_ANY, *one.errors, *_of_all(one)})},
    }
    return made


def _of_all(one: Operation) -> tuple[int, ...]:
    return _CHANGING if one.changes else (400, 422)


def _parameters(one: Operation) -> list[dict[str, Any]]:
    path = [_parameter(name, "path", {"type": "string"}) for name in re.findall(r"\{(\w+)\}", one.path)]
    query = [_parameter(name, "query", schema) for name, schema in one.query.items()]
    key = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}
    header = [_parameter(KEY.title(), "header", key)] if one.changes else []
    return [*path, *query, *header]


def _parameter(name: str, where: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


def _answer(one: Operation, status: int, body: type[Struct] | None) -> dict[str, Any]:
    words = {200: "As it is now.", 201: "It is done.", 202: "It waits, or is not decided yet.", 204: "It is done."}
    if body is None:
        return {"description": words[status]}
    # Whatever is not decided in time is answered by where to look.
    several: set[type[Struct]] = {body, Request} if one.changes and status == 202 else {body}
    refs = sorted((_ref(kind) for kind in several), key=str)
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"description": words[status], "content": {"application/json": {"schema": schema}}}


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": f"{TITLES[status]}.",
        "content": {MEDIA_TYPE: {"schema": _ref(ProblemDetails)}},
    }
    return made | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _ref(kind: type[Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
