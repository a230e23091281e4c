"""A listener on a real port, with a database behind it, and what it takes to talk to it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.storage import tables
from bot.adapters.storage.batching_inbox import BatchingInbox
from bot.adapters.storage.engine import connect
from bot.adapters.storage.measures import Look
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.ports.chat import Delivery
from bot.http.api.app import Api
from bot.http.app import WebhookListener
from bot.http.callbacks import Callbacks
from bot.http.health import Aside
from bot.http.limits import PRODUCTION, Limits
from bot.http.metrics import Meter, Vitals
from bot.http.pages.site import Site
from bot.http.protocol import Crowd
from bot.http.server import server_of
from tests.databases import migrate
from tests.patience import PATIENCE

SECRET = "webhook-secret"
PING = b'{"zen": "Keep it logically awesome."}'


class Door:
    """A listener on 127.0.0.1 and the database behind it. ``rung`` counts how often the engine was told.

    ``crowd``: the connections that it has open, and how much they hold. ``stop`` lets it answer what has come in, and
    take nothing more.
    """

    def __init__(self, kept: Store, port: int) -> None:
        self.kept = kept
        self.port = port
        self.rung = 0
        self.crowd: Crowd
        self.stop: Callable[[], None]

    def ring(self) -> None:
        self.rung += 1

    def posts(self, body: bytes, **but: str | None) -> tuple[int, str]:
        """Post a webhook as GitHub does; headers given by name (``_`` for ``-``) take the place of the right ones."""
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "ping",
            "X-GitHub-Delivery": "d1",
            "X-Hub-Signature-256": signature(body),
        }
        headers |= {name.replace("_", "-"): value for name, value in but.items()}  # type: ignore[misc]
        return self.asks("POST", "/github/webhook", body, {k: v for k, v in headers.items() if v is not None})

    def asks(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """The status and the text of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def wait_for(self, comes_true: Callable[[], bool]) -> None:
        """Look again and again until it has."""
        pause, left = Event(), round(PATIENCE / 0.01)
        while not comes_true():
            left -= 1
            if left == 0:
                raise TimeoutError(f"nothing of the kind happened within {PATIENCE:g} s")
            pause.wait(0.01)

    def stored(self) -> list[tuple[str, str]]:
        """Id and name of everything that is in the inbox."""
        with self.kept.database.engine.connect() as connection:
            columns = tables.deliveries.c
            rows = connection.execute(sa.select(columns.id, columns.name).order_by(columns.seq))
            return [(row.id, row.name) for row in rows]


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@contextmanager
def door(
    directory: Path,
    *,
    label: Callable[[Delivery], Delivery] = lambda delivery: delivery,
    migrated: bool = True,
    obstacles: Callable[[], Sequence[str]] | None = None,
    limits: Limits = PRODUCTION,
    secrets: tuple[str, ...] = (SECRET,),
    slack: Callable[[Request], Awaitable[Response]] | None = None,
    aside: Aside | None = None,
    outages: Sequence[str] = (),
    callbacks: Callable[[Store, Callable[[], None]], Callbacks] | None = None,
    meter: Meter | None = None,
    vitals: Vitals | None = None,
    look: Callable[[], Look] | None = None,
    api: Callable[[Store, Callable[[], None]], Api] | None = None,
    site: Callable[[Store], Site] | None = None,
) -> Iterator[Door]:
    with ExitStack() as stack:
        engine = connect(f"sqlite:///{directory / 'door.db'}")
        stack.callback(engine.dispose)
        if migrated:
            migrate(engine)
        kept = Store(engine, SystemClock())
        made = Door(kept, 0)
        intake = BatchingInbox(kept.database)
        listener = WebhookListener(
            intake,
            label,
            secrets,
            made.ring,
            obstacles or kept.database.obstacles,
            slack=slack,
            set_aside=aside,
            outages=lambda: outages,
            callbacks=callbacks(kept, made.ring) if callbacks else None,
            meter=meter or Meter(),
            vitals=vitals or Vitals(),
            look=look,
            api=api(kept, made.ring) if api else None,
            site=site(kept) if site else None,
        )
        server = server_of(listener, limits)
        made.crowd = server.config.http.args[0]
        opened = socket.create_server(("127.0.0.1", 0))
        made.port = opened.getsockname()[1]
        thread = Thread(target=server.run, args=([opened],), daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(PATIENCE)

        made.stop = stop
        yield made
        stop()
        opened.close()
