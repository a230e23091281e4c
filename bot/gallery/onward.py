"""What goes on, and what waits to: comparisons, promotions, merges that nothing deploys by itself, going back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.core.comparisons import messages as comparisons
from bot.core.comparisons.messages import Gap
from bot.core.deployments.card import Around, Promotion, card
from bot.core.deployments.messages import called_off
from bot.core.deployments.model import Actor, Changes, Deployment, State, Waiting
from bot.core.deployments.ships import undone
from bot.core.gates.messages import goes_back_at, goes_on_at, soaking
from bot.core.grammar.commands import Promote
from bot.core.merge_cards import messages as merge_cards
from bot.core.merge_cards.model import MergeCard
from bot.core.promotions import messages as promotions
from bot.gallery.material import GITHUB, NOW, OPEN, Material, before, sha
from bot.gallery.scene import Scene, answers

_PLACES = (("staging", False), ("production", True))


def gap(material: Material, where: str = "production", **changes: Any) -> Gap:
    live = material.deployment(State.SUCCEEDED, at="f79c8cc", where=f"shop → {where}")
    dated = tuple(replace(one, at=before(240)) for one in material.shipped())
    found = replace(material.changes(*dated), migrations=("db/migrate",))
    return Gap("shop", where, material.ref("main"), material.ref("main"), live, replace(found, **changes), True)


def compared(material: Material) -> list[Scene]:
    behind, nothing = gap(material), gap(material, "staging", shipped=(), ahead=0, migrations=())
    apart = replace(behind, changes=replace(behind.changes, behind=2, taken_back=material.shipped(2, newest=9)))
    fresh = replace(behind, live=None, changes=Changes(first=True))
    return answers(
        ("diff", comparisons.difference(behind, NOW)),
        ("diff: each has what the other lacks", comparisons.difference(apart, NOW)),
        ("diff: nothing is missing", comparisons.difference(nothing, NOW)),
        ("diff: nothing there yet", comparisons.difference(fresh, NOW)),
        ("undeployed", comparisons.undeployed([behind, nothing], NOW, left=2)),
        ("undeployed: nothing", comparisons.undeployed([nothing], NOW)),
        (
            "diff: not to be compared",
            comparisons.not_comparable("shop", "production", "old", "GitHub has no such commit."),
        ),
        ("undeployed: no place", comparisons.no_places()),
        ("diff, for strangers", comparisons.not_for_you("shop")),
        ("diff: nothing is live there", comparisons.nothing_there("shop", "staging")),
    )


def promoted(material: Material) -> list[Scene]:
    staged = material.deployment(State.SUCCEEDED, where="shop → staging", trigger="merge", changes=material.changes())
    there = Promotion("staging", "production", "7 pull requests")
    soaks = Around(promoted_from="staging", production=True)
    coming = _waits(material.deployment(State.WAITING, trigger="promotion", changes=material.changes()))
    return [
        Scene("Live, and may go on", card(staged, Around(promotion=there)), note="`promote_to`"),
        Scene("Goes on by itself", card(coming, soaks), note="`promote_after`"),
    ]


def promotions_asked(material: Material) -> list[Scene]:
    staged = material.deployment(State.SUCCEEDED, where="shop → staging")
    command = Promote("shop", "staging", "production")
    return answers(
        ("promote: nothing to promote", promotions.nothing_to_promote("shop", "staging")),
        ("promote: from a place to itself", promotions.same_place("staging")),
        ("promote: from where", promotions.which_source("shop", "production", ["staging", "qa"])),
        ("promote: to where", promotions.where_to("shop", "staging", ["production", "qa"])),
        ("promote: nowhere", promotions.no_next("shop")),
        ("promote, pressed too late", promotions.another_is_there(staged, 7, command)),
    )


def _waits(deployment: Deployment) -> Deployment:
    until = NOW.replace(hour=14, minute=30)
    text = "Waiting: it stays in staging"
    return replace(
        deployment,
        waits_for=Waiting.MOMENT,
        description=text,
        news=goes_on_at(until),
        facts=(soaking("staging"),),
        environment_url=OPEN,
        remote_id=None,
    )


def merged_by_hand(material: Material) -> list[Scene]:
    about = (482, material.text("Faster checkout"), f"{GITHUB}/shop/pull/482", material.text("carol"))
    made = MergeCard("shop", *about, material.ref("main"), sha("59c74b5"), sha("59c74b5"), before(2))
    over = gap(material, shipped=(), ahead=0, migrations=())
    return [
        Scene("Merged, and nothing deploys it by itself", merge_cards.card(made, _PLACES, gap(material))),
        Scene("The same, all of it live", merge_cards.card(made, _PLACES, over)),
        Scene("The same, for the first time", merge_cards.card(made, _PLACES, None)),
    ]


def goes_back(material: Material) -> list[Scene]:
    """Rollbacks that go by themselves."""
    failed = material.deployment(State.FAILED, at="39d2b12", changes=material.changes())
    back = material.deployment(State.WAITING, at="ada7c2c", trigger="rollback", reason="#12 failed")
    until = NOW.replace(minute=7)
    back = replace(back, id=13, by=Actor("shipmate"), rollback_of=failed.id, changes=undone(failed), remote_id=None)
    back = replace(back, waits_for=Waiting.MOMENT, news=goes_back_at(until), description="Waiting: to be stopped")
    off = replace(back, state=State.CANCELLED, waits_for=None, news=(), description=called_off(replace(failed, id=14)))
    return [
        Scene("Goes back by itself", card(back)),
        Scene("The same, called off", card(replace(off, finished_at=NOW))),
    ]
