"""Locks, freezes and schedules: what a channel hears of them, what is answered, and what their owners are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.deployments.model import Deployment
from bot.core.freezes import messages as freezes
from bot.core.freezes.model import ClosedBy
from bot.core.grammar.commands import Deploy, TakeLock
from bot.core.locks import messages as locks
from bot.core.locks.model import Lock
from bot.core.replies import on_it
from bot.core.rich_text import Line
from bot.core.schedules import messages as schedules
from bot.gallery import cards
from bot.gallery.material import GITHUB, NOW, Material, before, person_id
from bot.gallery.scene import Scene, answers


def _for_branch(material: Material) -> Lock:
    return material.lock(
        ref=material.ref("topic"), pull_request=8, url=f"{GITHUB}/shop/pull/8", until=None, reason=None
    )


def locks_in_channels(material: Material) -> list[Scene]:
    lock, branch = material.lock(), _for_branch(material)
    own = material.lock(environment="preview-12")
    by, staging = material.actor("bob"), material.lock(environment="staging")
    return [
        Scene("Locked", locks.locked([lock])),
        Scene("Locked, two environments", locks.locked([lock, staging])),
        Scene("Locked for a branch", locks.locked([branch])),
        Scene("Kept locked", locks.renewed(lock)),
        Scene("Taken over", locks.taken_over(material.lock("bob", reason="a hotfix must go out"), lock)),
        Scene("Unlocked", locks.unlocked(by, [lock, staging])),
        Scene("Unlocked by an admin", locks.unlocked_by_admin(by, lock)),
        Scene("The lock has expired", locks.expired(lock)),
        Scene("The branch is merged", locks.branch_over(branch, 8, merged=True)),
        Scene("The preview is removed", locks.preview_over(own), "direct"),
    ]


def locks_answered(material: Material) -> list[Scene]:
    mine, other = material.lock(), material.lock("carol", app="shop", until=None, reason="on-call handover")
    example, gone = TakeLock("production", "search", duration="2h"), {("search", "production")}
    alice = mine.by.chat_id or ""
    return answers(
        ("lock", locks.yours([mine], [other], timedelta(hours=3))),
        ("lock, without an end", locks.yours([replace(mine, until=None)], [], timedelta(hours=3))),
        ("lock: somebody has it", locks.held([other])),
        ("unlock: only they may", locks.held([other], hint=True)),
        ("lock: all are taken", locks.held([other, mine])),
        ("You have it yourself", locks.yours_already(mine)),
        ("Not locked", locks.not_locked("search", "production")),
        ("No lock of yours", locks.no_lock_of_yours()),
        ("Nothing of it is locked", locks.nothing_locked("search")),
        ("unlock", locks.released([mine], [other])),
        ("lock until when?", locks.time_not_understood(material.text("the cows come home"), example)),
        ("locks", locks.listing([mine, other], alice, example, gone)),
        ("locks: none", locks.listing([], alice, example)),
        ("take over: why?", locks.why_take_over(other)),
        ("ask for", locks.asked_owner(other)),
        ("ask for, twice", locks.asked_already(other, before(3))),
        ("notify me", locks.will_notify(other)),
        ("keep", locks.kept(replace(mine, remind_at=NOW + timedelta(hours=3)))),
    )


def locks_told(material: Material) -> list[Scene]:
    lock, by, waits = material.lock(), material.actor("bob"), cards.queued(material)[0]
    told = [
        ("Do you still need it?", locks.reminder(lock, NOW, [waits])),
        ("Your lock has expired", locks.expired_for_you(lock)),
        ("Your lock was released", locks.released_for_you(by, lock)),
        ("Your lock was taken over", locks.taken_from_you(material.lock("bob", reason="a hotfix must go out"))),
        ("Please release it", locks.please_release(by, lock)),
        ("It is free now", locks.free_now(lock)),
    ]
    return [Scene(name, message, "direct") for name, message in told]


def freezes_in_channels(material: Material) -> list[Scene]:
    freeze, window = material.freeze(), material.window()
    still, by = ClosedBy((material.freeze("bob", reason=material.text("holidays")),), window), material.mention("dave")
    return [
        Scene("Frozen", freezes.frozen("search", ["production"], freeze)),
        Scene("Frozen, everywhere", freezes.frozen("search", ["staging", "production"], replace(freeze, until=None))),
        Scene("Previews are frozen", freezes.frozen("search", ["preview"], freeze, pushed=True)),
        Scene("Frozen, but for previews", freezes.frozen("search", ["staging", "production"], freeze, ["preview"])),
        Scene("No longer frozen", freezes.over("search", "production", lifted_by=by, still=None)),
        Scene("Still frozen", freezes.over("search", "production", lifted_by=None, still=still)),
        Scene("A window begins", freezes.window_begins("search", "production", window)),
        Scene("A window ends", freezes.window_ends("search", "production", None)),
        Scene("A window ends, still frozen", freezes.window_ends("search", "production", ClosedBy((freeze,)))),
    ]


def freezes_answered(material: Material) -> list[Scene]:
    freeze, window = material.freeze(), material.window()
    places = [("search", "production"), ("shop", "production")]
    denied: list[Line] = [(f"{material.text('alice')} may not freeze billing → production: that is for @oncall",)]
    lines = [
        freezes.freeze_line(freeze),
        freezes.freeze_line(freeze, gone=True),
        freezes.window_line("shop", "production", window, None),
        freezes.window_line("billing", "production", None, NOW + timedelta(hours=2)),
    ]
    return answers(
        ("freeze", freezes.is_frozen(places, freeze.until, denied)),
        ("freeze all, with previews", freezes.is_frozen(places, freeze.until, [], ["preview"])),
        ("freeze until when?", freezes.until_not_understood(material.text("whenever"), over=False)),
        ("freeze until a moment that is over", freezes.until_not_understood("mon 9:00", over=True)),
        ("freeze what?", freezes.no_such_environment(material.text("prodution"), ("staging", "production"))),
        ("unfreeze", freezes.lifted([freeze], [material.freeze("bob", app="shop")])),
        ("unfreeze: not yours", freezes.not_yours(freeze)),
        ("unfreeze: which?", freezes.which_to_lift(["staging", "production"])),
        ("unfreeze: nothing is", freezes.nothing_frozen("of shop")),
        ("unfreeze: a window stays", freezes.windows_stay("search", "production", window)),
        ("freezes", freezes.listing(lines, "of shop", freezes.unfreeze_buttons(["production"]))),
        ("freezes: none", freezes.listing([], "of shop", [])),
    )


def schedules_answered(material: Material) -> list[Scene]:
    entry, asked = material.entry(), Deploy("search", material.ref("main"), "production")
    weekly = material.entry(id=4, every="weekday at 9:00", cron="0 9 * * 1-5")
    many = [replace(entry, id=n) for n in range(1, 24)]
    return answers(
        ("Scheduled", schedules.scheduled(entry, NOW, pinned=False)),
        ("Scheduled, again and again", schedules.scheduled(weekly, NOW, pinned=False)),
        ("Scheduled, a commit", schedules.scheduled(entry, NOW, pinned=True)),
        ("At which moment?", schedules.moment_not_understood(material.text("at teatime"), asked, over=False)),
        ("That moment is over", schedules.moment_not_understood("at 9:00", asked, over=True)),
        ("How often?", schedules.repetition_not_understood(material.text("blue moon"), asked)),
        ("Deployed from elsewhere", schedules.deployed_elsewhere("search", ["#search", "#oncall"])),
        ("The schedule is full", schedules.full("search")),
        ("schedule", schedules.listing([entry, weekly], "search", asked, {4})),
        ("schedule: many", schedules.listing(many, "search", asked)),
        ("schedule: nothing", schedules.listing([], "search", asked)),
        ("unschedule", schedules.unscheduled(entry)),
        ("unschedule: no such entry", schedules.unknown_entry(99)),
        ("unschedule: not yours", schedules.not_yours(entry)),
    )


def schedules_come(material: Material) -> list[Scene]:
    entry, next_ = material.entry(), NOW + timedelta(days=3)
    done: Deployment = cards.running(material, where="search → production")
    command = Deploy("search", material.ref("main"), "production")
    return [
        Scene("Missed", schedules.missed(entry, next_, timedelta(hours=2), command)),
        Scene("Nowhere to deploy to", schedules.gone(entry, next_)),
        Scene("At its moment", schedules.at_its_moment(person_id("bob"), entry.command, on_it(done)), "direct"),
    ]
