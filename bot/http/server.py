"""Puts the listener together, as ``web`` and ``run`` have it; without the engine, so that ``web`` stays small."""

from __future__ import annotations

from asyncio import Protocol
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_urlsafe
from socket import socket
from typing import TYPE_CHECKING, cast

from bot.adapters.signing import Signatures
from bot.adapters.storage.batching_inbox import BatchingInbox
from bot.adapters.storage.clock import seconds_passed
from bot.adapters.storage.leases import EXPIRES_AFTER, last_heard
from bot.adapters.storage.measures import look
from bot.adapters.storage.store import Store
from bot.core.errors import ShipmateError
from bot.core.outages import messages as outage_messages
from bot.core.outages import model as outages
from bot.core.ports.chat import Clock, Delivery
from bot.core.ports.measures import UNMEASURED, Measures
from bot.core.schedules.reading import Read, read
from bot.http.api.app import Api
from bot.http.app import WebhookListener, routed
from bot.http.callbacks import Callbacks
from bot.http.health import WorkerWatch
from bot.http.limits import PRODUCTION, Limits
from bot.http.metrics import Meter, Vitals
from bot.http.monitoring import Monitored
from bot.http.pages.access import CALLBACK
from bot.http.pages.site import Site
from bot.http.refusals import Refusals
from bot.settings import Settings, process_environment, secrets_in
from bot.settings.current import InUse

if TYPE_CHECKING:
    import uvicorn
    from slack_bolt import App
    from starlette.types import ASGIApp

    from bot.adapters.slack.chat import Slack
    from bot.adapters.slack.modals import ReadMoment, Suggest
    from bot.adapters.slack.sign_in import SignIn
    from bot.http.protocol import Refuse


@dataclass(frozen=True, slots=True)
class Monitors:
    """What a process tells monitors of itself: what it has counted, how it is, and why nobody works on what is stored.

    ``idle`` is a clause each; ``excuse`` is called while the database is away, when nobody can be heard of.
    """

    meter: Meter = field(default_factory=Meter)
    vitals: Vitals = field(default_factory=Vitals)
    idle: Callable[[], Sequence[str]] = tuple
    excuse: Callable[[], None] = lambda: None


def of_listener(meter: Meter, store: Store) -> Monitors:
    """Of a process that only listens: workers elsewhere are heard of by their leases."""
    watch = WorkerWatch(partial(last_heard, store.database), EXPIRES_AFTER, seconds_passed)
    return Monitors(meter, Vitals(pool=store.database.pool), watch.obstacles, watch.excuse)


Label = Callable[[Delivery], Delivery]
"""Says of a delivery what it is about."""
Stored = Callable[[], None]
"""Called when something was stored."""
KeepPassword = Callable[[str, str], None]
"""Given a delivery's id and the one-time password that came with it."""


def slack_client(settings: Settings, clock: Clock, measures: Measures = UNMEASURED) -> Slack:
    from bot.adapters.slack.chat import Slack

    token = settings.secrets.slack_bot_token
    return Slack(
        token.get_secret_value() if token else "",
        api_url=settings.secrets.slack_api_url,
        clock=clock,
        measures=measures,
    )


def slack_app(
    settings: InUse,
    slack: Slack,
    store: Store,
    stored: Stored,
    keep_password: KeepPassword,
    suggest: Suggest | None = None,
) -> App:
    """The Bolt app that stores what is said into the bot's inbox; without ``suggest`` refs are typed in whole."""
    from bot.adapters.slack.bolt_app import build
    from bot.adapters.slack.modals import nothing

    return build(
        slack,
        bot_name=settings().bot.name,
        inbox=store.inbox,
        on_stored=stored,
        keep_password=keep_password,
        suggest=suggest or nothing,
        read_moment=moment_reader(settings, slack),
    )


def moment_reader(settings: InUse, slack: Slack) -> ReadMoment:
    """Reads what people type on their own clocks; on that of the settings where Slack does not tell theirs."""
    from bot.adapters.clock.natural_time import Times

    times = Times()

    def read_moment(person: str, words: str) -> Read:
        zone = settings().bot.timezone
        with suppress(ShipmateError):
            zone = slack.person(person).timezone or zone
        return read(times, words, now=slack.clock.now(), timezone=zone)

    return read_moment


def listener(
    settings: InUse,
    store: Store,
    intake: BatchingInbox,
    label: Label,
    stored: Stored,
    slack: Callable[[], App] | None,
    process: Monitors | None = None,
) -> WebhookListener:
    """``slack`` makes the Bolt app; it is asked only where Slack comes over HTTP. ``process`` is what it tells of
    itself, besides what the database tells."""
    secrets = settings().secrets
    listens_to_slack = None
    signing_secrets = secrets_in(secrets.slack_signing_secret)
    if signing_secrets and slack is not None:
        from bot.adapters.slack.bolt_app import http_handler

        listens_to_slack = http_handler(slack(), signing_secrets)

    told = monitored(settings, store, process or Monitors())
    return WebhookListener(
        intake=intake,
        label=label,
        webhook_secrets=secrets_in(secrets.github_webhook_secret),
        stored=stored,
        obstacles=told.obstacles,
        outages=told.outages,
        slack=listens_to_slack,
        set_aside=told.set_aside,
        callbacks=Callbacks(settings, store, process_environment(), stored),
        api=Api(settings, store, stored),
        site=Site(settings, store, signatures(settings(), store), sign_in(settings(), store.database.clock)),
        meter=told.meter,
        vitals=told.vitals,
        look=told.look,
    )


def monitored(settings: InUse, store: Store, process: Monitors) -> Monitored:
    """What monitors are told of a process by its own word, and by the database."""

    def places() -> list[tuple[str, str]]:
        return [(app, place) for app, table in settings().apps.items() for place in table.all_environments]

    def lasting() -> list[str]:
        owners = settings().as_called(store.repositories.all()).owners
        return [outage_messages.lasts(one) for one in outages.lasting(store.reads(), owners)]

    def obstacles() -> Sequence[str]:
        if found := store.database.obstacles():
            process.excuse()
            return found
        return process.idle()

    return Monitored(
        obstacles=obstacles,
        set_aside=store.set_aside,
        outages=lasting,
        meter=process.meter,
        vitals=process.vitals,
        look=lambda: look(store.database, places()),
    )


def sign_in(settings: Settings, clock: Clock) -> SignIn | None:
    """None where the settings are not complete: then there are signed links alone."""
    secrets = settings.secrets
    if not secrets.signs_people_in or secrets.slack_client_secret is None:
        return None
    from bot.adapters.slack.sign_in import SignIn

    redirect = f"{secrets.base_url}{CALLBACK}"
    client_id, client_secret = secrets.slack_client_id or "", secrets.slack_client_secret.get_secret_value()
    return SignIn(slack_client(settings, clock), client_id, client_secret, redirect)


def signatures(settings: Settings, store: Store) -> Signatures:
    return Signatures(lambda: link_secrets(settings, store))


def link_secrets(settings: Settings, store: Store) -> tuple[str, ...]:
    """``SECRET_KEY``; where it is unset a secret that the first process makes for all. Raises Unavailable."""
    given = secrets_in(settings.secrets.secret_key)
    return given or (store.notebook.settle("secret_key", token_urlsafe(32)),)


def server_of(listens: WebhookListener, limits: Limits = PRODUCTION) -> uvicorn.Server:
    """Runs the listener, with nothing between it and the socket that webhooks do not need, but for the limits."""
    app = listens.app(limits)
    return serving(app, app.refused, listens.leave, limits, listens.root, listens.end)


def monitor_server(told: Monitored, limits: Limits = PRODUCTION) -> uvicorn.Server:
    """Runs the pages for monitors alone, under the same limits."""
    return serving(routed(told.routes()), Refusals(limits.refusals_told_every).note, lambda: None, limits)


def serving(
    app: ASGIApp,
    refused: Refuse,
    leave: Callable[[], None],
    limits: Limits,
    root: str = "",
    end: Callable[[], Awaitable[None]] | None = None,
) -> uvicorn.Server:
    """``leave`` is called before it ends, ``end`` when nobody is connected any more; ``root``: see ``inner``."""
    import uvicorn

    from bot.http.protocol import Crowd, LimitedProtocol

    class Server(uvicorn.Server):
        """Those who watch an output would stay: they are let go first."""

        async def shutdown(self, sockets: list[socket] | None = None) -> None:
            leave()
            await super().shutdown(sockets)
            if end is not None:
                await end()

    crowd = Crowd(limits, refused, root)
    config = uvicorn.Config(
        app,
        # Beside uvloop and httptools, asyncio and h11 cost four times as much per request.
        loop="uvloop",
        http=cast("type[Protocol]", partial(LimitedProtocol, crowd)),
        timeout_keep_alive=limits.keep_alive_seconds,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
    )
    return Server(config)
