"""The pages for monitors: whether the process is alive, whether it is ready, and its metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.storage.measures import Look
from bot.http.health import Aside, Health
from bot.http.metrics import Exporter, Meter, Vitals

ALIVE, READY, METRICS = "/healthz", "/readyz", "/metrics"


@dataclass(frozen=True, slots=True)
class Monitored:
    """What monitors are told: as ``Health`` and ``Exporter`` take it."""

    obstacles: Callable[[], Sequence[str]]
    set_aside: Aside | None = None
    outages: Callable[[], Sequence[str]] = tuple
    meter: Meter = field(default_factory=Meter)
    vitals: Vitals = field(default_factory=Vitals)
    look: Callable[[], Look] | None = None

    def routes(self) -> list[Route]:
        health = Health(self.obstacles, self.set_aside, self.outages)
        exporter = Exporter(self.meter, self.vitals, self.look, health.count_set_aside)
        return [Route(ALIVE, _alive), Route(READY, health.page), Route(METRICS, exporter.page)]


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")
