"""Pull requests that are shipped: what each card waits for, how it ends unmerged, and what is refused."""

from __future__ import annotations

from dataclasses import replace

from bot.core.deployments.card import Around, card
from bot.core.deployments.model import Changes, Deployment, State, Waiting
from bot.core.gates.checks import checks
from bot.core.gates.model import Answer
from bot.core.grammar.commands import Deploy, Ship
from bot.core.ports.forge_types import Check, PullRequest
from bot.core.replies import cancelled_by
from bot.core.rich_text import Line
from bot.core.shipments import messages
from bot.core.shipments.model import Shipment
from bot.gallery.cards import STAGING, waiting
from bot.gallery.material import GITHUB, NOW, Material, before, sha
from bot.gallery.scene import Scene, answers

NUMBER = 6


def shipment(material: Material) -> Deployment:
    """Alice ships bob's pull request to staging."""
    one = material.deployment(State.WAITING, at="9c1e4aa", by="alice", where=STAGING, ref=f"#{NUMBER}", trigger="ship")
    what = Shipment(
        material.text("Gift cards: backend"), f"{GITHUB}/shop/pull/{NUMBER}", material.ref("main"), before(6)
    )
    return replace(one, pull_request=NUMBER, changes=Changes(), remote_id=None, shipment=what)


def _waits(one: Deployment, news: Line, facts: tuple[Line, ...] = (), *, failed: bool = False) -> Deployment:
    return waiting(one, Answer("merge", False, news, Waiting.MERGE, news=news, facts=facts, failed=failed))


def _for_checks(material: Material, reviews: int, found: tuple[Check, ...]) -> Deployment:
    one = shipment(material)
    answer = checks(material.facts(one, checks=found, waits_for_checks=True))
    assert answer is not None
    return _waits(one, messages.waits_for(NUMBER, answer, reviews), answer.facts, failed=answer.failed)


def cards_of_shipments(material: Material) -> list[Scene]:
    one, held = shipment(material), shipment(material).shipment
    assert held is not None
    base = held.base
    pending = material.checks(build="success", lint="success", e2e="pending")
    red = material.checks(build="failure", lint="success")
    blocked, refused = (messages.blocked(NUMBER, replace(held, refused=why)) for why in ("", "A check is expected."))
    waits = [
        ("Ships, waits for checks and a review", _for_checks(material, 1, pending)),
        ("Ships, a check has failed", _for_checks(material, 0, red)),
        ("Ships, is a draft", _waits(one, messages.draft(NUMBER))),
        ("Ships, somebody asks for changes", _waits(one, messages.changes_requested(NUMBER, [material.text("dave")]))),
        ("Ships, is behind", _waits(one, messages.updates(NUMBER, base))),
        ("Ships, GitHub does not know yet", _waits(one, messages.not_known_yet(NUMBER))),
        ("Ships, GitHub does not let it", _waits(one, *blocked)),
        ("Ships, GitHub has refused it", _waits(one, *refused)),
        ("Ships, is being merged", _waits(one, messages.merges(NUMBER))),
        ("Ships, goes into the merge queue", _waits(one, messages.enters_queue(NUMBER))),
        ("Ships, is in the merge queue", _waits(one, messages.in_queue(NUMBER))),
    ]
    ends = [
        ("Shipped no more: new commits", messages.new_commits(one, sha("bc493b1"), material.text("bob"))),
        ("Shipped no more: conflicts", messages.conflicts(NUMBER, base)),
        ("Shipped no more: closed", messages.closed(NUMBER)),
        ("Shipped no more: gone", messages.gone(NUMBER)),
        ("Shipped no more: another base", messages.other_base(NUMBER, base, "release")),
        ("Shipped no more: left the queue", messages.left_queue(NUMBER, "CI_FAILURE")),
        ("Shipped no more: not allowed", messages.not_allowed(NUMBER, "the GitHub App lacks a permission.")),
        ("Shipped no more: not updated", messages.not_updated(NUMBER, base, "the GitHub App lacks a permission.")),
        ("Shipped no more: cancelled", cancelled_by(material.text("bob"))),
    ]
    ended = replace(one, state=State.CANCELLED, finished_at=NOW)
    return [
        *(Scene(name, card(deployment)) for name, deployment in waits),
        *(Scene(name, card(replace(ended, description=why))) for name, why in ends),
        *_merged_by_others(material, ended, held),
    ]


def _merged_by_others(material: Material, ended: Deployment, held: Shipment) -> list[Scene]:
    by_then = messages.merged_by_then(cancelled_by(material.text("bob")), NUMBER)
    merged = material.deployment(State.SUCCEEDED, at="59c74b5", by="alice", where=STAGING, trigger="ship")
    merged = replace(merged, pull_request=NUMBER, merged_at=before(6), shipment=replace(held, merged_by="bob"))
    merged = replace(merged, changes=material.changes(*material.shipped(3, newest=8)[2:]))
    return [
        Scene(
            "Shipped no more: cancelled, and merged all the same",
            card(replace(ended, merged_at=before(6), description=by_then)),
        ),
        Scene("Shipped, somebody else has merged it", card(merged, Around())),
    ]


def answers_about_shipments(material: Material) -> list[Scene]:
    one, title = shipment(material), material.text("Gift cards: backend")
    pull = PullRequest(
        NUMBER,
        title,
        f"{GITHUB}/shop/pull/{NUMBER}",
        "bob",
        "open",
        material.ref("gift-cards"),
        one.sha,
        material.ref("main"),
        merged_by="bob",
    )
    again = Ship(NUMBER, "staging", "shop")
    deploys = Deploy("shop", sha("59c74b5"), "staging")
    taken = replace(one, id=13)
    return answers(
        ("Ship: no such pull request", messages.no_pull_request("acme/shop", NUMBER)),
        ("Ship: a draft", messages.is_draft(pull, again)),
        ("Ship: closed", messages.is_closed(pull, again)),
        ("Ship: merged", messages.is_merged(pull, "staging", deploys)),
        ("Ship: conflicts", messages.has_conflicts(pull, again)),
        ("Ship: where to", messages.which_environment(pull.base, [again, replace(again, environment="production")])),
        ("Ship: somebody does already", messages.ships_already(taken, "U0BOB")),
        ("Ship: the method is not allowed", messages.method_not_allowed("shop", "acme/shop", "squash", ("merge",))),
        ("Ship: no method is allowed", messages.method_not_allowed("shop", "acme/shop", None, ())),
        ("Ship: of which nothing is spoken", messages.no_pull_request_here()),
        ("Retry: what was never merged", messages.never_merged(replace(taken, state=State.CANCELLED))),
    )
