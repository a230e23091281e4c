"""A program that asks the bot over HTTP, as docs/api.md says."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.end_to_end.installation import Installation
from tests.patience import PATIENCE


def new_token(site: Installation, *options: str) -> str:
    """What ``token create`` prints last."""
    made = site.starts("token", "create", "--name", "ci", "--as", site.maria, *options)
    assert made.wait() == 0, made.printed
    [secret] = [line for line in made.lines if line.startswith("shp_")]
    return secret


def asks(
    port: str, secret: str, method: str, path: str, body: Any = None, *, patience: float = PATIENCE, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """The status, the body and the headers of the answer; ``patience`` is in seconds. Raises OSError, HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=patience)
    try:
        sent = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, json.loads(text) if text else None, told
    finally:
        connection.close()
