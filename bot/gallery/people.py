"""People: who they are, what they may do, what they are told directly, and what approvers say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.approvals import messages as approvals
from bot.core.deployments.model import Deployment
from bot.core.grammar.commands import Deploy
from bot.core.notices.messages import notice
from bot.core.notices.model import Notice
from bot.core.people import messages as people
from bot.core.people.model import DeviceCode, How, Identity
from bot.core.people.permissions import Membership, Subject, by_parties, by_repository
from bot.gallery import cards
from bot.gallery.material import CARD, GITHUB, NOW, Material, before, person_id
from bot.gallery.scene import Scene, answers


def _choices(material: Material) -> list[people.Choice]:
    alice = Subject(material.text("alice"), "alice", "deploy billing to production")
    denied = by_parties(alice, ("@oncall",), Membership())
    return [("shop", ("staging", "production"), ()), ("billing", ("staging",), (denied,))]


def who_is_who(material: Material) -> list[Scene]:
    alice, linked = material.person("alice"), Identity(person_id("alice"), "alice", How.LINK, before(9_000))
    unknown = Identity(person_id("alice"), None, How.EMAIL, before(30))
    by_mail = Identity(person_id("alice"), "alice", How.EMAIL, before(30))
    choices, nothing = (
        _choices(material),
        [("billing", (), (by_repository(Subject("alice", "alice", "deploy"), "acme/billing", "read"),))],
    )
    example = Deploy("shop", material.ref("main"), "staging")
    defaults = {"shop": "staging", "billing": None}
    return answers(
        ("whoami", people.whoami(alice, linked, choices, NOW, admin=True, can_link=True)),
        ("whoami, muted", people.whoami(alice, by_mail, choices, NOW, admin=False, can_link=True, muted=before(60))),
        ("whoami, unknown on GitHub", people.whoami(alice, unknown, choices, NOW, admin=False, can_link=True)),
        ("where can I deploy, with previews", people.where(choices, defaults, example, [("shop", "preview")])),
        ("where can I deploy", people.where(choices, defaults, example)),
        ("where can I deploy: nowhere", people.where(nothing, defaults, None)),
        ("mute", people.muted()),
        ("mute, twice", people.muted_already(before(60))),
        ("unmute", people.unmuted()),
        ("unmute, not muted", people.not_muted()),
    )


def linking(material: Material) -> list[Scene]:
    claim, by = material.claim(), material.mention("dave")
    code = DeviceCode("WDJB-MJHT", "https://github.com/login/device", 5.0, NOW + timedelta(minutes=15), "secret")
    return [
        *answers(
            ("link", people.enter_the_code("alice-dev", code)),
            ("Linked", people.linked("alice-dev")),
            ("Linked already", people.linked_already("alice-dev")),
            ("Signed in as somebody else", people.linked_to_another("alice-dev", "alice-work")),
            ("The code has expired", people.code_expired("alice-dev")),
            ("Declined", people.sign_in_declined("alice-dev")),
            ("Nothing to link", people.nothing_to_link()),
            ("Linking is not set up", people.linking_is_not_set_up()),
            ("Linking failed", people.linking_failed("GitHub does not offer the device flow to this app.")),
            ("The settings say otherwise", people.the_settings_say("carol-dev", person_id("carol"))),
            ("Somebody else has it", people.waits_for_the_holder(claim)),
            ("No such claim", people.no_such_claim("carol-dev")),
            ("Not yours to decide", people.not_yours_to_decide(claim)),
            ("Handed over", people.handed_over(claim)),
            ("Withheld", people.withheld(claim)),
        ),
        Scene("Is it theirs?", people.is_it_theirs(claim), "direct"),
        Scene("Handed over to you", people.handed_over_to_you(claim, by), "direct"),
        Scene("Withheld from you", people.withheld_from_you(claim, by), "direct"),
        Scene("Given to somebody else", people.taken_from_you(claim, by), "direct"),
        Scene("Left to you", people.left_to_you(claim, by), "direct"),
        Scene("Nobody answered", people.nobody_answered(claim), "direct"),
        Scene("It stays yours", people.stays_yours(claim), "direct"),
    ]


def notices(material: Material) -> list[Scene]:
    live, back = cards.live(material), cards.rolled_back(material)
    mine = _notices(material, live, 5)
    gone = [replace(one, live=False) for one in mine[:1]]
    merged = cards.live_on_staging(material)
    wanted = cards.waits_for_approval(material)
    return [
        Scene("Yours is live", notice(mine[:1], live, CARD), "direct", "to an author"),
        Scene("Two of yours are live", notice(mine[:2], live, CARD), "direct"),
        Scene("Many of yours are live", notice(mine, live, None), "direct"),
        Scene("Yours is live, merged", notice(mine[:1], merged, CARD), "direct"),
        Scene("Yours was taken back", notice(gone, back, CARD), "direct", "the same message, changed"),
        Scene("One of yours was taken back", notice([*gone, *mine[1:2]], back, CARD), "direct"),
        Scene(
            "Your approval is wanted",
            approvals.still_wanted(wanted, timedelta(minutes=30), CARD),
            "direct",
            "when half of the time is over",
        ),
    ]


def _notices(material: Material, by: Deployment, count: int) -> list[Notice]:
    shipped = material.shipped(count)
    return [
        Notice(
            "shop",
            "production",
            one.number or 0,
            person_id("bob"),
            by.id,
            by.id,
            one.title,
            f"{GITHUB}/shop/pull/{one.number}",
        )
        for one in shipped
    ]


def approvers(material: Material) -> list[Scene]:
    waits = cards.waits_for_approval(material)
    other = replace(waits, id=13, environment="staging")
    return answers(
        ("Nothing to approve", approvals.nothing_to_approve()),
        ("Which to approve?", approvals.which_one("approve", [waits, other])),
        ("Which to reject?", approvals.which_one("reject", [waits, other])),
        ("Needs no approval", approvals.needs_none(cards.running(material))),
        ("Needs no more", approvals.needs_no_more(cards.waits_for_checks(material))),
        ("Your own request", approvals.own_request(waits)),
        ("Link first", approvals.link_first(waits, material.text("alice"), can_link=True)),
        ("Link first, by the settings", approvals.link_first(waits, material.text("alice"), can_link=False)),
        ("Approved already", approvals.approved_already(waits)),
        ("Thank you", approvals.thanks(waits)),
        ("Thank you, that is enough", approvals.thanks(replace(waits, approvals_missing=0))),
        ("You rejected", approvals.rejected(cards.rejected(material))),
    )
