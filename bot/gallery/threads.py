"""Threads: what is said under a card, under the command that asked for it, and where a command was given elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.approvals import messages as approvals
from bot.core.deployments import announcing, messages, thread
from bot.core.deployments.card import Around
from bot.core.deployments.model import Deployment, State, Waited, Waiting
from bot.core.gates.checks import checks
from bot.core.grammar.commands import Deploy
from bot.core.locks.messages import offer_lock, offer_unlock
from bot.core.notices.model import Concerned
from bot.core.orphans.messages import handed_over
from bot.core.rich_text import Message
from bot.gallery import cards
from bot.gallery.material import CARD, LOG, NOW, OPEN, PAGE, Material, before
from bot.gallery.scene import Audience, Scene


def _in_thread(*scenes: tuple[str, Message], who: Audience = "thread") -> list[Scene]:
    return [Scene(name, message, who) for name, message in scenes]


def gates(material: Material) -> list[Scene]:
    waits = cards.waits_for_checks(material)
    one = cards.merge(material)
    red = checks(material.facts(one, checks=material.checks(build="failure", e2e="pending"), waits_for_checks=True))
    failed = cards.waiting(one, red)
    passed = (
        Waited(Waiting.CHECKS, before(12), before(6), failed=True),
        Waited(Waiting.APPROVAL, before(6), before(4)),
    )
    went_on = replace(cards.running(material), waited=passed)
    over = replace(cards.not_approved(material), waited=(Waited(Waiting.APPROVAL, before(60)),))
    around = Around(production=True, approvers=cards.approvers(material))
    return _in_thread(
        ("Checks are waited for", thread.gates(waits, around)),
        ("A check has failed", thread.gates(failed, around)),
        ("An approval is waited for", thread.gates(cards.waits_for_approval(material), around)),
        ("All gates are open", thread.gates(went_on, around)),
        ("Waited in vain", thread.gates(over, around)),
    )


def runs(material: Material) -> list[Scene]:
    return _in_thread(
        ("Nobody has picked it up", thread.run(cards.untouched(material))),
        ("Started", thread.run(cards.running(material))),
        ("Started, in its second step", thread.run(cards.running(material, steps=material.steps(1)))),
        (
            "Started, and not to be stopped any more",
            thread.run(
                replace(
                    cards.running(material, steps=material.steps(1)),
                    cancel_by=material.text("alice"),
                    description=material.text("Heroku cannot stop it any more"),
                )
            ),
        ),
        ("The record of its times", thread.run(cards.live(material))),
        ("The record of one that failed", thread.run(cards.failed(material))),
    )


def concerned(material: Material, authors: int) -> Concerned:
    """The deployer and so many authors."""
    named = tuple(material.mention(name) for name in ("carol", "bob", "dave"))
    return Concerned(material.mention("alice"), (named * 4)[: min(authors, 10)], authors)


def ends(material: Material) -> list[Scene]:
    alice = concerned(material, 0)
    topic = cards.live(material, ref="topic", at="bc493b1")
    back, stopped = cards.rolled_back(material), cards.rejected(material)
    task = cards.live(material, task="migrate")
    steps = material.steps(4, running=False)
    purge = replace(steps.runs[-1], name=material.text("Purge the cache"), failed=True)
    but = cards.live(material, steps=replace(steps, runs=(*steps.runs[:-1], purge)))
    return _in_thread(
        ("Live", thread.end(cards.live(material), alice)),
        ("Live, where several are told", thread.named(thread.end(cards.live(material), alice), cards.live(material))),
        ("Live, though a step failed that may", thread.end(but, alice)),
        ("A branch is live", thread.end(topic, alice, offers=offer_lock(topic))),
        ("The branch is live no more", thread.end(cards.live(material), alice, offers=offer_unlock(topic))),
        ("A task is done", thread.end(task, alice)),
        ("Rolled back", thread.end(back, alice)),
        ("Rejected", thread.end(stopped, alice)),
        ("Finished after all", thread.after_all(cards.live(material, given_up_at=before(20)), None)),
        (
            "Finished after all, overtaken",
            thread.after_all(cards.live(material, given_up_at=before(20)), _newer(material)),
        ),
        ("Failed after all", thread.after_all(replace(cards.failed(material), given_up_at=before(20)), None)),
    )


def _newer(material: Material) -> Deployment:
    later = replace(cards.live(material, at="59c74b5"), id=14)
    return replace(later, finished_at=NOW + timedelta(minutes=12))


def failures(material: Material) -> list[Scene]:
    one = cards.failed(material)
    output = material.output()
    runbook = ("Look at the locks on orders.", "Ask #oncall before you try again.")
    long = tuple(material.text(f"line {n} of what was written") for n in range(40))
    late = replace(one, state=State.TIMED_OUT, description=messages.no_end_reported())
    works = thread.again(_newer(material), one)
    told = _in_thread(
        ("Failed", thread.end(one, concerned(material, 1), output=output)),
        ("Failed at a step that says why", thread.end(cards.says_why(material), concerned(material, 0), output=output)),
        ("Failed, with a runbook", thread.end(one, concerned(material, 2), output=output, runbook=runbook)),
        ("Failed, with many authors and long output", thread.end(one, concerned(material, 23), output=long)),
        ("Timed out", thread.end(late, concerned(material, 0))),
        who="broadcast",
    )
    return [*told, Scene("Works again", works, "thread")]


def elsewhere(material: Material) -> list[Scene]:
    home, waits = "#shop", cards.waits_for_approval(material)
    one = cards.running(material, steps=material.steps(1))
    live = cards.live(material)
    gone = "I am not in the channel #shop: invite the bot with /invite, or correct the channel in settings.toml."
    return [
        *_in_thread(
            ("Asked for elsewhere", thread.asked(one, Around(production=True), CARD, home)),
            ("Asked for elsewhere, waits", thread.asked(waits, Around(production=True), CARD, home)),
            ("Asked for elsewhere, live", thread.asked(live, Around(production=True), None, home)),
            ("I can post again", announcing.back(live)),
            ("It goes on in its own channel", announcing.goes_on_in(one, home, CARD)),
            ("Handed over", handed_over(waits, ("shop", "eu"), material.text("operator"))),
        ),
        Scene(
            "In place of a channel",
            announcing.in_place_of(thread.end(live, concerned(material, 0)), home, gone),
            "direct",
        ),
        Scene("A channel is closed to me", announcing.closed_to_me(home, gone), "direct", "to admins"),
    ]


def status_lines(material: Material) -> list[Scene]:
    """Where a deployment's every change is told: ``verbosity = "full"``."""
    waits, one = cards.waits_for_approval(material), cards.running(material)
    starting = material.deployment(State.STARTING, log_url=LOG)
    review = material.deployment(State.STARTING, log_url=LOG, waits_since=before(1))
    by = material.mention("bob")
    return _in_thread(
        ("Waits", messages.waiting_line(waits)),
        ("Approved", approvals.approved_line(waits, by)),
        ("Approved for good", approvals.approved_line(replace(waits, approvals_missing=0), by)),
        ("Begins", messages.begins_line(waits)),
        ("Queued", messages.queued_line(starting)),
        (
            "Queued by another tool",
            messages.queued_line(replace(starting, description=messages.queued_elsewhere("in GitHub Actions"))),
        ),
        ("Waits for a review on GitHub", messages.review_line(review)),
        ("Reviewed on GitHub", messages.reviewed_line(review)),
        ("In progress", messages.running_line(replace(one, description=material.text("step 2 of 4")))),
        ("Has ended", messages.end_line(cards.live(material, environment_url=OPEN))),
        ("In progress, on a page", thread.with_page(messages.running_line(one), one, Around(page=PAGE, written=True))),
    )


def warnings(material: Material) -> list[Scene]:
    """What is said in a thread of its own accord."""
    waits, red = cards.waits_for_checks(material), material.checks(build="failure", e2e="failure")
    forced = Deploy("shop", material.ref("main"), "staging", force=True, force_reason="e2e never came")
    missed = tuple(material.text(name) for name in ("e2e", "lint"))
    return _in_thread(
        ("Checks hang", messages.hung_checks(waits)),
        ("Checks never came", messages.checks_missed(waits, missed, timedelta(minutes=10), forced)),
        ("A check turned red after it went live", messages.turned_red(cards.live(material), red)),
        ("A check turned red meanwhile", messages.turned_red(cards.running(material), red[:1])),
    )
