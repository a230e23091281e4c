"""Metrics for Prometheus: what this process has counted, what it has in hand, and how things are in the database."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.measures import Look
from bot.core.deployments.model import ENDED
from bot.core.errors import Unavailable
from bot.core.measures.model import RUN_BUCKETS, START_BUCKETS, Spread
from bot.core.ports.measures import Call, Service, What

log = structlog.get_logger(__name__)

CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
FRESH, STALE = 1.0, 5.0
"""Seconds for which one look at the database is shown to all who ask: at least, and at most."""
PART = 10
"""A look that takes long is shown for ten times as long: at most a tenth of one connection's time goes into it."""
PATIENCE = 3.0
"""Seconds to wait for the database: whoever scrapes gives up after ten, and wants the rest all the same."""
Families = Iterable[Metric]


class Meter:
    """Implements ``bot.core.ports.measures.Measures``: what this process counts, from its start on."""

    def __init__(self, passed: Callable[[], float] = seconds_passed) -> None:
        self.registry = CollectorRegistry()
        self.passed = passed
        self._quotas: dict[str, tuple[int, float]] = {}
        told = self.registry
        ProcessCollector(registry=told)
        self.webhooks = Counter(
            "shipmate_webhooks", "Webhooks received, by event and answer", ["event", "answer"], registry=told
        )
        self._calls = Counter(
            "shipmate_calls", "Requests that were sent, by service and result", ["service", "result"], registry=told
        )
        self._seconds = Histogram(
            "shipmate_call_seconds",
            "Seconds until a request was answered, or given up",
            ["service"],
            buckets=CALL_BUCKETS,
            registry=told,
        )
        self._given_up = Counter(
            "shipmate_given_up", "Deliveries and effects that will not be done", ["what"], registry=told
        )
        for what in ("delivery", "effect"):
            self._given_up.labels(what)

    @contextmanager
    def call(self, service: Service) -> Iterator[Call]:
        call, began = Call(), self.passed()
        try:
            yield call
        finally:
            self._seconds.labels(service).observe(self.passed() - began)
            self._calls.labels(service, call.result).inc()

    def quota(self, limit: str, remaining: int, seconds: float | None) -> None:
        until = math.inf if seconds is None else self.passed() + seconds
        self._quotas[limit] = remaining, until

    def given_up(self, what: What) -> None:
        self._given_up.labels(what).inc()

    def families(self) -> Families:
        yield from self.registry.collect()
        now = self.passed()
        # A limit that is full again says nothing until somebody asks.
        left = [remaining for remaining, until in tuple(self._quotas.values()) if until > now]
        if left:
            yield _gauge(
                "github_quota_remaining", "Requests left of GitHub's hourly limit, the lowest of all", min(left)
            )


@dataclass(frozen=True, slots=True)
class Vitals:
    """How this process is at a moment, as far as it has such parts.

    ``pool``: connections to the database in use, and how many there may be; ``in_hand``: how much of what it works on;
    ``slack_connected``: whether Socket Mode is open.
    """

    pool: Callable[[], tuple[int, int]] | None = None
    in_hand: Callable[[], Mapping[str, int]] | None = None
    slack_connected: Callable[[], bool] | None = None

    def families(self) -> Families:
        yield _gauge("threads", "Threads of this process", threading.active_count())
        if self.pool is not None:
            used, size = self.pool()
            yield _gauge("pool_in_use", "Connections to the database that this process uses at the moment", used)
            yield _gauge("pool_size", "Connections to the database that this process keeps", size)
        if self.in_hand is not None:
            yield _gauges("in_hand", "What this process works on at the moment", ["what"], self.in_hand())
        if self.slack_connected is not None:
            connected = self.slack_connected()
            yield _gauge("slack_connected", "Whether Slack is heard: 1 where Socket Mode is open", float(connected))


@dataclass(frozen=True, slots=True)
class Looked:
    """What the database told: None where it did not answer, and then not a number was set aside either."""

    look: Look | None = None
    set_aside: float = math.nan


class Exporter:
    """The page for Prometheus. The database is asked by one at a time, and not more often than it bears.

    ``look`` asks how things are in there, ``set_aside`` how much was set aside.
    """

    def __init__(
        self, meter: Meter, vitals: Vitals, look: Callable[[], Look] | None, set_aside: Callable[[], float]
    ) -> None:
        self._meter = meter
        self._vitals = vitals
        self._look = look
        self._set_aside = set_aside
        self._asking: asyncio.Future[Looked] | None = None
        self._fresh_until = -math.inf
        self._telling: asyncio.Future[bytes] | None = None

    async def page(self, _: Request) -> Response:
        """Never an error: what cannot be told is left out, as a zero would be a lie."""
        looked = await self._looked()
        # Strangers may ask for it too, and Slack's requests need these threads: what is just being written is for all.
        if self._telling is None or self._telling.done():
            write = partial(generate_latest, _Told(self._families(looked)))
            self._telling = asyncio.ensure_future(run_in_threadpool(write))
        return Response(await asyncio.shield(self._telling), media_type=CONTENT_TYPE_LATEST)

    async def _looked(self) -> Looked:
        if self._asking is None or (self._asking.done() and self._meter.passed() >= self._fresh_until):
            self._asking = asyncio.ensure_future(run_in_threadpool(self._ask))
        asking = self._asking
        done, _ = await asyncio.wait({asking}, timeout=PATIENCE)
        return asking.result() if done else Looked()

    def _ask(self) -> Looked:
        began = self._meter.passed()
        try:
            return Looked(self._look() if self._look is not None else None, self._set_aside())
        except Unavailable:
            return Looked()
        except Exception:  # tables that are not there, above all; a monitor is told what else there is
            log.exception("the database cannot be measured")
            return Looked()
        finally:
            ended = self._meter.passed()
            self._fresh_until = ended + min(max(FRESH, PART * (ended - began)), STALE)

    def _families(self, looked: Looked) -> Families:
        yield from self._meter.families()
        yield from self._vitals.families()
        yield _gauge("set_aside", "Deliveries and effects that were set aside", looked.set_aside)
        if self._look is not None:
            answers = float(looked.look is not None)
            yield _gauge("database_answers", "Whether the database told what it should: 1, or 0", answers)
        if looked.look is not None:
            yield from _deployments(looked.look)
            yield from _waiting(looked.look)


def _deployments(look: Look) -> Families:
    """Each place has a series for each end from the beginning, so that the first failure is an increase."""
    place = ["app", "environment"]
    ends = CounterMetricFamily("shipmate_deployments", "Deployments that have ended, by how", labels=[*place, "result"])
    for (app, environment), tally in sorted(look.tallies.items()):
        for state in sorted(ENDED):
            ends.add_metric([app, environment, state.value], tally.ends.get(state.value, 0))
    yield ends
    started = HistogramMetricFamily("shipmate_start_seconds", "Seconds from the request to the start", labels=place)
    ran = HistogramMetricFamily("shipmate_deployment_seconds", "Seconds from the start to the end", labels=place)
    for (app, environment), tally in sorted(look.tallies.items()):
        _add(started, [app, environment], tally.started, START_BUCKETS)
        _add(ran, [app, environment], tally.ran, RUN_BUCKETS)
    yield started
    yield ran


def _add(family: HistogramMetricFamily, labels: Sequence[str], spread: Spread, bounds: Sequence[float]) -> None:
    if spread.counts:
        family.add_metric(labels, spread.cumulative(bounds), spread.seconds)


def _waiting(look: Look) -> Families:
    yield _gauges("waiting", "Deployments that wait, by what for", ["reason"], look.waiting)
    yield _gauge("running", "Deployments that are under way", look.running)
    age = "Seconds since the oldest of those came that are still to be done"
    yield _gauges("oldest_undone_seconds", age, ["what"], look.oldest)
    postponed = "Deliveries, and lanes of effects, that failed for now and are tried again"
    yield _gauges("postponed", postponed, ["what"], look.postponed)
    yield _gauge("workers", "Processes that handle what is stored, and are alive", look.workers)
    if look.heard is not None:
        yield _gauge("lease_age_seconds", "Seconds since any of these processes was last heard of", look.heard)


def _gauge(name: str, sentence: str, value: float) -> Metric:
    return GaugeMetricFamily(f"shipmate_{name}", sentence, value=value)


def _gauges(name: str, sentence: str, labels: Sequence[str], values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"shipmate_{name}", sentence, labels=labels)
    for label, value in values.items():
        family.add_metric([label], value)
    return family


class _Told(Collector):
    """These families; when a series began is left out, as it would be a series more for each."""

    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family
