"""Lookups: help, status, queue, deploys, logs, and why things stand as they do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.audit import messages as audit
from bot.core.audit.model import AuditEntry, Origin
from bot.core.board import status_messages
from bot.core.board.model import AppStanding, Found, InUse, Standing
from bot.core.board.status_messages import PlaceStatus
from bot.core.deployments import listings
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.queue import EnvironmentQueue
from bot.core.deployments.queue_messages import queue
from bot.core.freezes.model import ClosedBy
from bot.core.grammar.registry import COMMANDS
from bot.core.grammar.spec import Spec
from bot.core.help import messages
from bot.core.help.messages import Surroundings
from bot.core.previews import messages as previews
from bot.core.rich_text import Message
from bot.gallery import cards
from bot.gallery.material import APP_PAGE, CARD, NOW, PAGE, Material, before, sha
from bot.gallery.scene import Scene, answers


def help_(material: Material) -> list[Scene]:
    deploy, ship = _spec("deploy"), _spec("ship")
    here = Surroundings("shop", False, material.ref("main"), "staging", "production", "staging")
    everything = [(spec.usage, spec.help) for spec in COMMANDS]
    return answers(
        ("help", messages.start(here)),
        ("help, where there are several apps", messages.start(replace(here, named=True))),
        ("help, with one environment", messages.start(replace(here, to="production", quiet="production"))),
        ("All commands", messages.all_commands(everything, "deploy shop/main to staging")),
        ("help deploy", messages.one_command(deploy.usage, deploy.help, _examples(deploy), there=True)),
        ("help ship", messages.one_command(ship.usage, ship.help, _examples(ship), there=False)),
        ("help: no such command", messages.no_such_command(material.text("deplyo"), ["deploy", "deploys"])),
        ("version", messages.version("1.4.0")),
    )


def _spec(name: str) -> Spec:
    return next(spec for spec in COMMANDS if name in spec.names)


def _examples(spec: Spec) -> list[str]:
    return [one.replace("{app}", "shop").replace("{environment}", "staging") for one in spec.examples]


def _several(material: Material) -> list[Deployment]:
    return [
        replace(cards.live(material), id=12),
        replace(cards.failed(material), id=11),
        replace(cards.rejected(material), id=10),
        replace(cards.rolled_back(material), id=9),
        replace(cards.live_on_staging(material), id=8),
    ]


def _table(material: Material) -> Message:
    """Two places of an app, and one that the settings do not name any more."""
    live, staged = cards.live(material), cards.live_on_staging(material)
    running = replace(cards.running(material), id=14, sha=sha("59c74b5"), started_at=before(2), usual_seconds=240.0)
    failed = replace(cards.failed(material), id=11, environment="staging")
    production = Standing(
        "shop",
        "production",
        production=True,
        live=Found(live, live=True),
        busy=(running,),
        waiting=(replace(cards.waits_for_checks(material), id=15), replace(cards.queued(material)[0], id=16)),
        lock=material.lock(app="shop"),
    )
    staging = Standing("shop", "staging", live=Found(replace(staged, started_at=before(40)), live=True), tried=failed)
    closed, main = ClosedBy((material.freeze(app="shop"),)), material.ref("main")
    places = [
        PlaceStatus(staging, branch=main, ahead=0, told=True),
        PlaceStatus(production, closed=closed, branch=main, ahead=3, told=True),
        PlaceStatus(Standing("shop", "demo"), gone=True),
    ]
    own = [InUse(12, "https://web-12.preview.example"), InUse(15), *(InUse(number) for number in range(20, 32))]
    more = [previews.shown(own, "shop")]
    shop, page = AppStanding("shop", (staging, production), "staging"), APP_PAGE
    return status_messages.of_app(shop, places, NOW, more, page=page)


def _apps(material: Material) -> list[AppStanding]:
    """More apps than have a line each."""
    live, running = cards.live(material), replace(cards.running(material), id=14)
    shop = Standing("shop", "production", live=Found(live, True, 3, "main"), lock=material.lock(app="shop"))
    broken = Standing("search", "production", live=Found(replace(live, started_at=before(40)), True))
    broken = replace(broken, tried=replace(cards.failed(material), id=11), waiting=(cards.queued(material)[0],))
    busy = Standing("billing", "staging", busy=(running,), freeze=material.freeze(app="billing"))
    rest = [AppStanding(f"site-{n}", (Standing(f"site-{n}", "production", live=Found(live, True)),)) for n in range(14)]
    return [AppStanding("shop", (shop,)), AppStanding("billing", (busy,)), AppStanding("search", (broken,)), *rest]


def what_is_where(material: Material) -> list[Scene]:
    live, waits = cards.live(material), cards.waits_for_approval(material)
    running = replace(cards.running(material), id=14, sha=live.sha[::-1], started_at=before(2), usual_seconds=240.0)
    busy = EnvironmentQueue("search", "production", (running,), (cards.queued(material)[0],), (waits,))
    task = replace(live, id=7, task=material.text("migrate"))
    seen = listings.Seen({12: CARD, 11: CARD, 9: CARD}, 6, (task,), frozenset({8}), APP_PAGE)
    apps = status_messages.of_all(_apps(material), gone=[("billing", "staging")])
    return [
        *answers(
            ("status", _table(material)),
            ("status, of several apps", apps),
            ("queue", queue([busy], None, NOW, {("search", "production")})),
            ("queue: nothing", queue([], "shop", NOW)),
            ("deploys", listings.history(_several(material), "shop", seen)),
            ("deploys: none", listings.history([], "shop")),
            who="thread",
        ),
        *answers(("status, from elsewhere", listings.nowhere_from_here())),
    ]


def one_deployment(material: Material) -> list[Scene]:
    live, failed, output = cards.live(material), cards.failed(material), material.output()
    long = [material.text(f"{n:3} {'✓ checkout/cart_test.rb ' * 6}") for n in range(99)] + list(output[-1:])
    bob, alice = Origin(material.text("bob"), via="button"), Origin(material.text("alice"), via="mention")
    decided = audit.history(
        [
            AuditEntry(1, before(6), "c1", "deploy", "done", alice, command="deploy shop/main to production"),
            AuditEntry(2, before(6), "c1", "deployment", "waiting", alice, reason="Waiting: 1 approval is needed"),
            AuditEntry(3, before(4), "c2", "approve", "done", bob, command="approve #12"),
        ]
    )
    why = "Checks failed: build; carol has the lock because on-call handover"
    refused = AuditEntry(
        4, before(9), "c3", "deploy", "refused", alice, command="deploy push-v2", reason=material.text(why)
    )
    return [
        Scene("deploys #12", listings.details(failed, output, decided), "thread"),
        Scene("logs", listings.log(failed, output), "thread"),
        Scene("logs #12 last 100", listings.log(failed, long, 100), "thread"),
        Scene("logs #12 last 500", listings.log(failed, [output[0]] * listings.MOST_LINES, 500), "thread"),
        Scene("logs, on a page", listings.log(replace(failed, log_url=None), output, page=PAGE), "thread"),
        Scene("deploys #12, on a page", listings.details(failed, output, decided, PAGE), "thread"),
        Scene("why, on a page", listings.reasons(cards.forced(material), decided, PAGE), "thread"),
        Scene(
            "logs: they were cleared away",
            listings.log(replace(failed, log_url=None), (), page=PAGE, cleared_after=timedelta(days=14)),
            "thread",
        ),
        Scene("logs: there are none", listings.log(replace(live, log_url=None), ()), "thread"),
        Scene("why", listings.reasons(replace(cards.forced(material), state=State.FAILED), decided), "thread"),
        *answers(
            ("logs: nothing has failed", listings.no_failure("shop")),
            ("why: nothing waits", listings.nothing_to_explain("shop")),
            ("why: refused", audit.refusal(refused)),
        ),
    ]
