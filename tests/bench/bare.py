"""The limit of the server alone: uvicorn, answering every request without looking at it."""

from __future__ import annotations

import os
from typing import Any

import uvicorn


async def answer(scope: Any, receive: Any, send: Any) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"7")]})
    await send({"type": "http.response.body", "body": b"stored\n"})


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    uvicorn.run(answer, port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="error")
