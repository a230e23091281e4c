"""What admins and channels hear when something is wrong with the bot's settings or credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.orphans import messages as orphans
from bot.core.orphans.model import Orphan
from bot.core.outages import messages as outages
from bot.core.outgoing_webhooks import messages as webhooks
from bot.core.publications import messages as publications
from bot.core.replies import unknown_environment
from bot.core.repositories import messages as repositories
from bot.gallery import cards
from bot.gallery.material import Material
from bot.gallery.scene import Scene


def outages_(material: Material) -> list[Scene]:
    refused = outages.refused(
        "GitHub", "acme", material.text("The token has expired."), "Set a new one as GITHUB_TOKEN, and restart me."
    )
    forbidden = material.text("GITHUB_TOKEN lacks a permission on acme/shop: Resource not accessible.")
    receiver = "events.example.com"
    fails, gone = material.text(f"{receiver} answered 500 Internal Server Error"), f"{receiver} answered 410 Gone"
    untold = publications.refused("acme/shop", "preview", forbidden, ["shop"])
    return [
        Scene("GitHub refuses my credentials", refused, "direct", "to admins"),
        Scene("Accepted again", outages.over("GitHub", "acme", timedelta(minutes=40)), "direct"),
        Scene("Slack takes my token again", outages.speaks_again(timedelta(minutes=40)), "direct"),
        Scene(
            "A repository has a new name",
            repositories.renamed("acme/shop", "acme/store", ["shop", "billing"]),
            "direct",
        ),
        Scene("A repository's name is taken", repositories.taken("acme/shop", ["shop"]), "direct"),
        Scene("I may not comment", publications.refused("acme/shop", "comment", forbidden, ["shop"]), "direct"),
        Scene("I may not tell of previews", untold, "direct"),
        Scene("Webhooks are given up", webhooks.given_up(receiver, 12, fails, gone=False), "direct", "to admins"),
        Scene("One webhook is given up", webhooks.given_up(receiver, 1, fails, gone=False), "direct"),
        Scene("Wants no webhooks any more", webhooks.given_up(receiver, 3, gone, gone=True), "direct"),
    ]


def left_behind(material: Material) -> list[Scene]:
    waits, running = cards.waits_for_approval(material), cards.running(material)
    lock, freeze, entry = material.lock(), material.freeze(), material.entry()
    everything = [Orphan(one, has_app=True) for one in (waits, replace(running, id=13), lock, freeze, entry, entry)]
    refusal = unknown_environment("shop", "production", [], ("staging",))
    by, to = material.text("operator"), ("search", "eu")
    return [
        Scene("Left behind: waits", orphans.left_behind(everything[:1])),
        Scene("Left behind: runs", orphans.left_behind(everything[1:2])),
        Scene("Left behind: several things", orphans.left_behind(everything)),
        Scene("Left behind: an app's freeze", orphans.left_behind([Orphan(freeze, has_app=False)])),
        Scene("Named, and gone", orphans.with_left(refusal, everything[:1]), "only you"),
        Scene("Its lock was released", orphans.lock_released(lock, by)),
        Scene("Your lock was released", orphans.your_lock_released(lock, by), "direct"),
        Scene("Its freeze was lifted", orphans.freeze_lifted(freeze, by)),
        Scene("Its lock was handed over", orphans.lock_handed_over(lock, to, by)),
        Scene("Its freeze was handed over", orphans.freeze_handed_over(freeze, to, by)),
    ]
