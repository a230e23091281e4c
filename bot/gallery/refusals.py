"""Refusals: what keeps a deployment from being begun, each gate alone and all together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.core.deployments.model import Deployment, State
from bot.core.freezes.model import ClosedBy, Force
from bot.core.gates.judge import judge
from bot.core.gates.refusals import refusal
from bot.core.grammar.commands import Deploy
from bot.core.people.messages import denied
from bot.core.people.permissions import Membership, Subject, by_parties, by_repository
from bot.core.ports.forge_types import Comparison, PullRequest
from bot.core.ports.reviews import Protection, Review, Reviewed
from bot.core.rich_text import Message
from bot.gallery.material import GITHUB, Material, Rules, sha
from bot.gallery.scene import Scene, answers


def wanted(material: Material) -> Deployment:
    """What alice asks for."""
    return replace(material.deployment(State.REQUESTED, at="9c1e4aa", ref="push-v2", remote_id=None), id=0)


def _refused(material: Material, **facts: Any) -> Message:
    one = wanted(material)
    seen = material.facts(one, **facts)
    verdict, patient = judge(seen, force=False), judge(replace(seen, waits_for_checks=True), force=False)
    retyped = Deploy(one.app, one.ref, one.environment)
    return refusal(one, verdict, retyped, may_wait=not patient.closed, production=True)


def _everything(material: Material) -> dict[str, Any]:
    pull = PullRequest(
        1, material.text("Push v2"), f"{GITHUB}/shop/pull/1", "alice", "open", "push-v2", sha("9c1e4aa"), "main"
    )
    return {
        "rules": Rules(required_reviews=1, after="staging", approvals=1),
        "checks": material.checks(build="failure", e2e="pending", lint="success"),
        "reviewed": Reviewed(pull),
        "behind": Comparison(3, 2, (), f"{GITHUB}/shop/compare/push-v2...main"),
        "default_branch": material.ref("main"),
        "lock": material.lock("carol", app="shop", reason="on-call handover", until=None),
        "closed_by": ClosedBy((material.freeze(app="shop"),), material.window()),
        "force": Force(material.actor("alice")),
        "later": Deploy("shop", material.ref("push-v2"), "production", at="fri 18:00"),
        "protection": Protection(("acme/release",), branches="protected branches only", url=f"{GITHUB}/shop/settings"),
    }


def refusals(material: Material) -> list[Scene]:
    all_of_it = _everything(material)
    green = material.checks(build="success", lint="success")
    alice = Subject(material.text("alice"), "alice", "deploy to production")
    parties = by_parties(alice, ("@oncall", "U0CAROL"), Membership(), {"U0CAROL": material.text("carol")})
    against = Reviewed(all_of_it["reviewed"].pull_request, (Review(material.text("dave"), "changes_requested"),))
    review, order = Rules(required_reviews=1), Rules(after="staging")
    red = material.checks(build="failure", lint="success")
    pending = material.checks(build="success", e2e="pending")
    held, closed = all_of_it["lock"], ClosedBy((material.freeze(app="shop"),))
    return answers(
        ("Refused by everything", _refused(material, **all_of_it)),
        ("Refused: a check has failed", _refused(material, checks=red)),
        ("Refused: a check is pending", _refused(material, checks=pending)),
        ("Refused: not reviewed", _refused(material, rules=review, reviewed=all_of_it["reviewed"], checks=green)),
        ("Refused: changes are asked for", _refused(material, rules=review, reviewed=against)),
        ("Refused: not on staging yet", _refused(material, rules=order)),
        ("Refused: not up to date", _refused(material, behind=all_of_it["behind"], default_branch="main")),
        ("Refused: locked", _refused(material, lock=held, checks=green)),
        ("Refused: frozen", _refused(material, closed_by=closed, later=all_of_it["later"])),
        ("Refused: a window", _refused(material, closed_by=ClosedBy((), material.window()))),
        (
            "Refused: another channel",
            _refused(material, rules=Rules(allowed_channels=("#shop", "#oncall")), place=frozenset({"random"})),
        ),
        ("Refused: not for you", denied(parties)),
        ("Refused: no write permission", denied(by_repository(alice, "acme/shop", "read"))),
        ("Refused: who are you?", denied(by_repository(alice, "acme/shop", None))),
    )
