"""Lookups: help, status, queue, deploys, logs, and why things stand as they do."""

from __future__ import annotations

from dataclasses import replace

from bot.core.audit import messages as audit
from bot.core.audit.model import AuditEntry, Origin
from bot.core.deployments import listings
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.queue import EnvironmentQueue
from bot.core.deployments.queue_messages import queue
from bot.core.grammar.registry import COMMANDS
from bot.core.grammar.spec import Spec
from bot.core.locks.messages import status_line
from bot.gallery import cards
from bot.gallery.material import NOW, Material, before
from bot.gallery.scene import Scene, answers


def help_(material: Material) -> list[Scene]:
    deploy, ship = _spec("deploy"), _spec("ship")
    everything = [(spec.usage, spec.help) for spec in COMMANDS]
    return answers(
        ("help", listings.help_on_all(everything, "deploy shop/main to staging")),
        ("help deploy", listings.help_on(deploy.usage, deploy.help, _examples(deploy), there=True)),
        ("help ship", listings.help_on(ship.usage, ship.help, _examples(ship), there=False)),
        ("help: no such command", listings.no_help(material.text("deplyo"), ["deploy", "deploys"])),
        ("version", listings.version("1.4.0")),
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


def what_is_where(material: Material) -> list[Scene]:
    live, running, waits = cards.live(material), cards.running(material), cards.waits_for_approval(material)
    running = replace(running, id=14, sha=live.sha[::-1], started_at=before(2))
    lines = [
        *listings.environment_status("shop", "production", live, [running], [replace(waits, id=15)], now=NOW),
        status_line(material.lock(app="shop")),
        *listings.environment_status("shop", "staging", cards.live_on_staging(material), [], []),
        *listings.environment_status("billing", "production", None, [], [], gone=True),
    ]
    busy = EnvironmentQueue(
        "search", "production", (replace(running, usual_seconds=240.0),), (cards.queued(material)[0],), (waits,)
    )
    tasks = [replace(live, id=7, task=material.text("migrate"))]
    return [
        Scene("status", listings.status(lines), "thread"),
        Scene("queue", queue([busy], None, NOW, {("search", "production")}), "thread"),
        Scene("queue: nothing", queue([], "shop", NOW), "thread"),
        Scene("deploys", listings.history(_several(material), "shop", tasks, {8}), "thread"),
        Scene("deploys: none", listings.history([], "shop"), "thread"),
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
        Scene("logs: there are none", listings.log(replace(live, log_url=None), ()), "thread"),
        Scene("why", listings.reasons(replace(cards.forced(material), state=State.FAILED), decided), "thread"),
        *answers(
            ("logs: nothing has failed", listings.no_failure("shop")),
            ("why: nothing waits", listings.nothing_to_explain("shop")),
            ("why: refused", audit.refusal(refused)),
        ),
    ]
