"""Links that unfurl, commands to be copied, and forms that Slack did not let open."""

from __future__ import annotations

from dataclasses import replace

from bot.core.board.model import AppStanding, Found, Standing
from bot.core.deployments.card import Around
from bot.core.deployments.copying import to_copy
from bot.core.modals.messages import too_late
from bot.core.unfurls import messages as unfurls
from bot.gallery import cards
from bot.gallery.material import NOW, Material, before, sha
from bot.gallery.scene import Scene, answers


def unfurled(material: Material) -> list[Scene]:
    live, running = cards.live(material), cards.running(material)
    behind = Found(replace(live, environment="staging"), live=True, behind=3, branch=material.ref("main"))
    shop = AppStanding(
        "shop",
        (
            Standing("shop", "production", True, Found(live, live=True), lock=material.lock(until=before(-30))),
            Standing("shop", "staging", live=behind, busy=(replace(running, environment="staging"),)),
        ),
        default="staging",
    )
    many = replace(shop, places=(Standing("shop", "eu"),) * (unfurls.PLACES + 3))
    return [
        Scene("A link to a deployment that is live", unfurls.deployment(live, Around(production=True), NOW)),
        Scene("A link to one that runs", unfurls.deployment(running, Around(), NOW)),
        Scene("A link to one that failed", unfurls.deployment(cards.failed(material), Around(live=live), NOW)),
        Scene("A link to an app", unfurls.app(shop, NOW)),
        Scene("A link to an app with many environments", unfurls.app(many, NOW)),
        Scene("A link to an app without any", unfurls.app(replace(shop, places=(), default=None), NOW)),
    ]


def copied(material: Material) -> list[Scene]:
    live = cards.live(material)
    back = replace(live, trigger="rollback", rollback_of=11, sha=sha("f79c8cc"))
    return answers(
        ("Copy command", to_copy(live)),
        ("Copy command: it was forced", to_copy(replace(live, force=True))),
        ("Copy command: a rollback", to_copy(back)),
        ("Copy command: a name that no command can hold", to_copy(replace(live, ref="--force"))),
    )


def not_opened(_material: Material) -> list[Scene]:
    return answers(
        ("No form could be opened", too_late("reject #12")),
        ("No form could be opened for a message", too_late("")),
    )
