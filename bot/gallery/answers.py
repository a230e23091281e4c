"""Answers: to commands that are understood, half understood, or not; and to presses that come too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core import replies
from bot.core.deployments.model import State, Waiting
from bot.core.errors import NotAccepted, Rejected, Unavailable
from bot.core.grammar.commands import Cancel, Deploy, Retry, Rollback, TakeLock
from bot.core.ports.forge_types import Meaning
from bot.core.presses import messages as presses
from bot.core.presses.model import Press
from bot.core.previews import messages as previews
from bot.core.replies import Choice
from bot.core.threads import messages as threads
from bot.gallery import cards
from bot.gallery.material import CARD, Material, before, person_id, sha
from bot.gallery.scene import Scene, answers


def misunderstandings(material: Material) -> list[Scene]:
    said, never = material.text("deplyo main to prod"), material.text("make it so")
    question = "Deploy main to production? People use production."
    yes = Choice(material.ref("main"), Deploy("shop", material.ref("main"), "production"), question)
    examples, places = ("status", "deploys shop"), _places(material)
    not_understood = f"I do not understand “{said}”."
    return answers(
        ("Not understood, one slip away", replies.not_understood(not_understood, examples, [yes])),
        ("Not understood, several near", replies.not_understood(not_understood, examples, places)),
        ("Not understood at all", replies.not_understood(f"I do not understand “{never}”.", examples, [])),
        ("Not there yet", replies.not_there_yet("ship")),
        ("Whose branch?", replies.who_are_you_on_github(can_link=True)),
        ("Whose branch? Without linking", replies.who_are_you_on_github(can_link=False)),
        ("No branch of yours", replies.no_branch_of_yours("acme/shop", material.text("alice"))),
    )


def _places(material: Material) -> list[Choice]:
    return [Choice(name, Deploy("shop", material.ref("main"), name)) for name in ("staging", "production")]


def unknown_names(material: Material) -> list[Scene]:
    apps = [Choice(name, Deploy(name, material.ref("main"), "production")) for name in ("shop", "search", "billing")]
    places, shop = _places(material), "shop"
    branch, commit = Meaning("refs/heads/ada7c2c", material.commit()), Meaning(sha("ada7c2c"), material.commit())
    both = [(one, Choice(one.exact, Deploy(shop, one.exact, "staging"))) for one in (branch, commit)]
    topic = Choice("topic", Deploy(shop, material.ref("topic"), "staging"))
    named, lost, wrong = material.text("shpo"), material.text("wordpress"), material.text("stagign")
    task = replies.unknown_task(shop, material.text("migrat"), [], ("migrate", "seed"))
    locks = [TakeLock(f"preview-{number}", shop) for number in (12, 31, 30)]
    same = [places[0], Choice("a branch", Deploy(shop, "refs/heads/staging", "production"))]
    return answers(
        ("Which app?", replies.which_app(apps)),
        ("Unknown app", replies.unknown_app(named, apps[:1], ("shop", "search"))),
        ("Unknown app, none near", replies.unknown_app(lost, [], ("shop", "search", "billing"))),
        ("Unknown task", task),
        ("Unknown environment", replies.unknown_environment(shop, wrong, places[:1], ("staging", "production"))),
        ("Where to?", replies.which_environment(shop, places)),
        ("Which preview?", previews.which(shop, "preview", Deploy(shop, "#12", "preview-12"))),
        ("Which preview? Of a lock", previews.which(shop, "preview", locks[0], locks[1:])),
        ("No such pull request", previews.no_pull_request(shop, "acme/shop", 99)),
        ("A preview of what is closed", previews.is_over(shop, 12)),
        ("The preview of another one", previews.of_another(shop, "preview", 12, 15)),
        ("No preview is free", previews.none_free(shop, 12, 10)),
        ("The only preview is in use", previews.none_free(shop, 12, 1)),
        ("An environment and a branch", replies.environment_or_ref("staging", "staging", same)),
        ("Unknown ref", replies.unknown_ref("acme/shop", material.ref("tpoic"), [topic])),
        ("Unknown pull request", replies.unknown_ref("acme/shop", "#999", [])),
        ("A name of several things", replies.ambiguous_ref("ada7c2c", both)),
        ("Not on that branch", replies.not_on_branch(material.ref("topic"), material.commit(), places[:1])),
    )


def troubles(material: Material) -> list[Scene]:
    github = NotAccepted("GitHub refuses.", service="GitHub", mend="Make a new token.")
    slow = Unavailable("GitHub does not answer (timeout).")
    command = Deploy("shop", material.ref("main"), "production")
    stranger = material.person("mallory", bot=True)
    gone = material.person("mallory", deactivated=True)
    told = replies.told_directly(
        replies.cancelled(cards.rejected(material)), "That thread in #shop is locked.", CARD, 12
    )
    return [
        *answers(
            ("An error for people", replies.refusal(Rejected("GitHub refuses the deployment: the ref is gone."))),
            ("A fault of mine", replies.fault("7f3a91")),
            ("GitHub does not answer", replies.postponed(slow)),
            ("GitHub refuses my credentials", replies.postponed(github)),
            ("Given up", replies.given_up(slow)),
            ("Given up, the rest of a message", replies.given_up(slow, one_of_several=True)),
            ("Asked while I was away", replies.stale(command, timedelta(minutes=40))),
            ("No bots", replies.not_a_member(stranger)),
            ("No longer here", replies.not_a_member(gone)),
            ("A workflow", replies.machine_refused(material.text("Release train"), "B0TRAIN")),
            (
                "Changed after it was done",
                replies.runs_already("deploy shop/main to production", cards.running(material)),
            ),
            ("Changed after its end", replies.runs_already("deploy shop/main to production", cards.live(material))),
            ("Changed, and nothing follows", replies.runs_already("locks", None)),
        ),
        Scene("Said directly, as the thread is closed", told, "direct"),
    ]


def on_it(material: Material) -> list[Scene]:
    waits, queued = cards.waits_for_approval(material), cards.queued(material)[0]
    red, why = cards.waits_for_checks(material), "The channel #shop is archived."
    newer = threads.newer_there(cards.live(material), replace(cards.live(material, at="59c74b5"), id=14))
    return [
        Scene("On it", replies.on_it(cards.running(material)), "thread"),
        Scene("On it, announced elsewhere", replies.on_it(cards.running(material), channel="#shop"), "thread"),
        Scene(
            "On it, closed channel",
            replies.on_it(cards.running(material), channel="#shop", why=why, instead="#deploys"),
            "thread",
        ),
        Scene("On it, of an old one", replies.on_it(cards.running(material), note=newer), "thread"),
        Scene("On it, waits for approval", replies.on_it(replace(waits, waits_for=Waiting.APPROVAL)), "thread"),
        Scene("On it, in the queue", replies.on_it(queued), "thread"),
        Scene("On it, waits for checks", replies.on_it(red), "thread"),
        *answers(("Nothing to do", replies.live_already(cards.live(material), material.ref("main")))),
    ]


def deployments(material: Material) -> list[Scene]:
    one, live = cards.running(material), cards.live(material)
    successes = [live, replace(cards.live(material, at="ada7c2e"), id=13)]
    ways = [Choice(f"#{each.id}", Rollback("shop", "production", f"#{each.id}")) for each in successes]
    force = Deploy("shop", material.ref("main"), "production", force=True, force_reason="the pager is on fire")
    return answers(
        ("No such deployment", replies.unknown_deployment(99)),
        ("A force needs a reason", replies.force_needs_reason("production", force)),
        ("Nothing to cancel", replies.nothing_to_cancel()),
        ("Which to cancel?", replies.which_to_cancel([one, replace(one, id=13, environment="staging")])),
        ("Has ended already", replies.already_ended(live)),
        ("Cancelled", replies.cancelled(one)),
        ("Stopping", replies.stopping(one)),
        ("Cancelled here alone", replies.cancelled_elsewhere(one)),
        ("Still going", replies.still_going(one)),
        ("Gone from the settings", replies.gone_from_settings(one)),
        ("Nothing to retry", replies.nothing_to_retry()),
        ("Nothing to roll back", replies.nothing_to_roll_back("shop", "production")),
        ("Back to which?", replies.ambiguous_way_back("ada7c2", successes, ways)),
        ("Never deployed there", replies.never_deployed_there("shop", "production", material.ref("topic"))),
    )


def presses_too_late(material: Material) -> list[Scene]:
    newer = replace(cards.live(material, at="59c74b5", by="bob"), id=14)
    press = Press("k", material.text("bob"), person_id("bob"), 14, before(2))
    stopping = replace(cards.running(material), cancel_by=material.text("bob"))
    alice, back = person_id("alice"), Rollback("shop", "production", sha("f79c8cc"))
    return answers(
        ("Pressed already", presses.pressed_already(press, Retry(12), alice, newer)),
        ("Pressed already, by you", presses.pressed_already(press, Retry(12), person_id("bob"), None)),
        ("Done already", presses.done_already(newer, Deploy("shop", material.ref("main"), "production"), alice)),
        ("Pressed at the same moment", presses.at_the_same_time()),
        ("Something newer is live", presses.gone_since(newer, back, alice)),
        ("It has changed meanwhile", presses.stands_otherwise(cards.running(material), Cancel(12))),
        ("It has ended meanwhile", presses.ended_meanwhile(cards.failed(material))),
        ("Somebody stops it already", presses.stopped_already(stopping, material.text("alice"))),
    )


def in_threads(material: Material) -> list[Scene]:
    live, running = cards.live(material), cards.running(material)
    newer = replace(cards.live(material, at="59c74b5"), id=14)
    asked = Deploy("shop", material.ref("main"), "production")
    button = threads.deed(asked, threads.confirmation(asked, "production"))
    never = replace(cards.rejected(material), state=State.CANCELLED)
    back = threads.deed(Rollback("shop", "production", sha("f79c8cc")))
    return answers(
        ("A question is no command", threads.asked_back(asked, button)),
        ("A question without a button", threads.asked_back(asked, ())),
        ("Which one?", threads.which_one([*threads.deed(Retry(12)), *threads.deed(Retry(13))])),
        ("What is “it”?", threads.nothing_spoken_of()),
        ("Which of several?", threads.which_of("shop → production", [running, newer], threads.deed(Cancel(12)))),
        ("What to deploy?", threads.what_to_deploy(live, material.ref("main"), button)),
        ("Nothing of that kind there", threads.none_there("shop → production", "cancel")),
        ("Nothing is locked", threads.nothing_locked()),
        ("The link leads nowhere", threads.link_leads_nowhere()),
        ("Still running, no way back", threads.not_rolled_back(running, None, ())),
        ("Never deployed, no way back", threads.not_rolled_back(never, None, ())),
        ("Changed nothing, no way back", threads.not_rolled_back(cards.failed(material), None, ())),
        ("Another one since, no way back", threads.not_rolled_back(live, newer, back)),
    )
