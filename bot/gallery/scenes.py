"""All scenes, in the order in which the gallery shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.core.deployments.messages import merge_not_taken_up
from bot.core.events.external import PullRequestMerged
from bot.core.grammar.commands import Deploy
from bot.gallery import (
    answers,
    cards,
    holds,
    lookups,
    mornings,
    onward,
    operators,
    people,
    refusals,
    shipments,
    threads,
    unfurls,
)
from bot.gallery.material import GITHUB, Material, before, sha
from bot.gallery.scene import Group, Scene

Builder = Callable[[Material], Sequence[Scene]]


def _merges(material: Material) -> list[Scene]:
    """Merges that did not become a deployment."""
    merged = PullRequestMerged(
        repository="acme/shop",
        number=482,
        title=material.text("Faster checkout"),
        url=f"{GITHUB}/shop/pull/482",
        author="carol",
        merged_by="carol",
        base="main",
        head_sha=sha("a1b2c3d"),
        merge_sha=sha("59c74b5"),
        base_sha=sha("0a0b0c0"),
        merged_at=before(2),
    )
    again = [Deploy("shop", sha("59c74b5"), "staging")]
    return [Scene("A merge was not taken up", merge_not_taken_up(merged, "GitHub has not answered for a day.", again))]


BUILDERS: tuple[tuple[str, Builder], ...] = (
    ("Cards: waiting", cards.states_of_waiting),
    ("Cards: under way", cards.states_under_way),
    ("Cards: live", cards.states_of_success),
    ("Cards: failed", cards.states_of_failure),
    ("Cards: rolled back", cards.rollbacks),
    ("Cards: other ends", cards.states_of_ends),
    ("Cards: going back by itself", onward.goes_back),
    ("Cards: promotion", onward.promoted),
    ("Threads: gates", threads.gates),
    ("Threads: how it went", threads.runs),
    ("Threads: what came of it", threads.ends),
    ("Threads: failures", threads.failures),
    ("Threads: commands from elsewhere", threads.elsewhere),
    ("Threads: each change a reply", threads.status_lines),
    ("Threads: warnings", threads.warnings),
    ("Merges", _merges),
    ("Shipments", shipments.cards_of_shipments),
    ("Shipments: answers", shipments.answers_about_shipments),
    ("Merges that nothing deploys by itself", onward.merged_by_hand),
    ("Direct messages", people.notices),
    ("Refusals", refusals.refusals),
    ("Not understood", answers.misunderstandings),
    ("Not understood: names", answers.unknown_names),
    ("Answers: on it", answers.on_it),
    ("Answers: about deployments", answers.deployments),
    ("Answers: approvals", people.approvers),
    ("Answers: in threads", answers.in_threads),
    ("Answers: pressed too late", answers.presses_too_late),
    ("Answers: trouble", answers.troubles),
    ("Answers: forms that did not open", unfurls.not_opened),
    ("Answers: commands to be copied", unfurls.copied),
    ("Links that unfurl", unfurls.unfurled),
    ("Lookups: help", lookups.help_),
    ("Lookups: what is where", lookups.what_is_where),
    ("Lookups: one deployment", lookups.one_deployment),
    ("Lookups: what a place lacks", onward.compared),
    ("Promotion", onward.promotions_asked),
    ("Digests and reminders", mornings.digests_told),
    ("Delivery figures", mornings.figures_asked),
    ("Locks: in channels", holds.locks_in_channels),
    ("Locks: answers", holds.locks_answered),
    ("Locks: direct messages", holds.locks_told),
    ("Freezes: in channels", holds.freezes_in_channels),
    ("Freezes: answers", holds.freezes_answered),
    ("Schedules: answers", holds.schedules_answered),
    ("Schedules: their moment", holds.schedules_come),
    ("People", people.who_is_who),
    ("People: GitHub logins", people.linking),
    ("Operators: outages", operators.outages_),
    ("Operators: what the settings no longer name", operators.left_behind),
)


def groups(material: Material | None = None) -> list[Group]:
    """All scenes with the usual content, or with ``material``."""
    made = material or Material()
    return [Group(title, tuple(build(made))) for title, build in BUILDERS]
