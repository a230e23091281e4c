"""Stylesheet and scripts: each under an address with its own fingerprint, so that browsers keep it for a year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

STATIC = "/static/"
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@cache
def assets() -> Mapping[str, bytes]:
    """What there is, by its name with its fingerprint: ``pages.1a2b3c4d5e6f.css``."""
    found = {}
    for file in files("bot.http.pages").joinpath("static").iterdir():
        name, _, kind = file.name.rpartition(".")
        if kind in TYPES:
            body = file.read_bytes()
            found[f"{name}.{sha256(body).hexdigest()[:12]}.{kind}"] = body
    return found


def address(name: str) -> str:
    """The path of ``pages.css``, as it is now."""
    stem, _, kind = name.rpartition(".")
    found = next(one for one in assets() if one.startswith(f"{stem}.") and one.endswith(f".{kind}"))
    return f"{STATIC}{found}"


async def asset(request: Request) -> Response:
    """The same for everybody: there is nothing in them that anybody may not see."""
    name = request.path_params["name"]
    body = assets().get(name)
    if body is None:
        return PlainTextResponse("There is no such file.\n", 404)
    kept = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=TYPES[name.rpartition(".")[2]], headers=kept)
