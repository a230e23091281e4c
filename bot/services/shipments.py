"""Gathers what has to be known of a pull request that is to be merged for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.context import Context
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import PullRequestMerged
from bot.core.gates.checks import checks as checks_gate
from bot.core.gates.model import Answer, Facts
from bot.core.gates.wanted_checks import Required, is_open_ended
from bot.core.people.logins import same_login
from bot.core.people.permissions import Permission, Subject, untold
from bot.core.ports.forge_types import PullRequest
from bot.core.ports.merging import Candidate, MergeRules
from bot.core.ports.reviews import standing
from bot.core.ports.transaction import Reads
from bot.core.rich_text import Line
from bot.core.shipments import messages
from bot.core.shipments.lifecycle import Seen
from bot.core.shipments.model import METHODS, method_of
from bot.services import authorization
from bot.services.targets import Target, apps_at
from bot.settings import AppSettings

JUST_THEN = timedelta(minutes=1)
"""What GitHub has merged later was not on its way when that was called off, but asked for by somebody else since."""
LOOKED_THROUGH = 50
"""So many deployments of an app are looked through for those that were called off as they were merged."""

# --- which ones --------------------------------------------------------------------------------------------------


def of_pull_request(context: Context, repository: str, number: int) -> list[Deployment]:
    """Those that wait for its merge, oldest first."""
    waiting = context.reads.waiting_for(Waiting.MERGE, repository, apps_at(context, repository))
    return [one for one in waiting if one.pull_request == number]


def is_shipped(context: Context, app: AppSettings, number: int) -> bool:
    """Whether somebody has asked for it in the app, and so is told what becomes of it."""
    reads = context.reads
    waits = any(one.app == app.name for one in of_pull_request(context, app.repository, number))
    return waits or any(reads.merge_known(app.name, name, pull_request=number) for name in app.environments)


def at_place(reads: Reads, app: str, environment: str, number: int, base: str | None = None) -> Deployment | None:
    """The one that waits there for its merge, into the branch ``base`` where that matters."""
    there = [one for one in reads.waiting(app, environment) if one.waits_for is Waiting.MERGE]
    return next((one for one in there if one.pull_request == number and base in {None, base_of(one)}), None)


def called_off(context: Context, app: AppSettings, merge: PullRequestMerged) -> list[Deployment]:
    """Those that ended while GitHub may have been at the merge that they had asked for, one of each place at most.

    What somebody else has merged since is not theirs.
    """
    there = context.reads.history(app=app.name, environment=None, ref=None, limit=LOOKED_THROUGH)
    last: dict[str, Deployment] = {}
    for one in there:
        if one.trigger == "ship" and one.pull_request == merge.number:
            last.setdefault(one.environment, one)
    meant = [one for one in last.values() if _was_being_merged(one, merge)]
    return [one for one in meant if merged_by_another(context, one, merge) is None]


def _was_being_merged(one: Deployment, merge: PullRequestMerged) -> bool:
    """Whether it ended in just that moment, by its clock and by GitHub's."""
    if one.shipment is None or one.finished_at is None or not one.unmerged or base_of(one) != merge.base:
        return False
    return one.shipment.asked in {"merge", "queue"} and merge.merged_at <= one.finished_at + JUST_THEN


def base_of(held: Deployment) -> str | None:
    """The branch into which it was to be merged when it was asked for."""
    return held.shipment.base if held.shipment is not None else None


def as_it_waits(reads: Reads, deployment_id: int) -> Deployment | None:
    """It as it is now, None where it does not wait for its merge any more."""
    found = reads.deployment(deployment_id)
    waits = found is not None and found.state is State.WAITING and found.waits_for is Waiting.MERGE
    return found if waits else None


# --- who may -----------------------------------------------------------------------------------------------------


def may_ship(context: Context, target: Target, number: int) -> Permission:
    """Whether the asker may merge it on GitHub, and deploy it there."""
    permission = authorization.may_merge(context, target.app.repository, f"merge #{number}")
    return authorization.may_deploy(context, target) if permission else permission


def may_still_ship(context: Context, target: Target, held: Deployment) -> Permission:
    """Whether whoever asked may merge and deploy it at this very moment: nothing that is remembered counts."""
    does = f"merge #{held.pull_request}"
    if held.by.chat_id is None:
        return untold(Subject(held.by.name, held.by.login, does), "Nobody in the chat has asked for it.")
    try:
        person = authorization.ask_anew(context, held.by.chat_id)
    except NotThere as gone:
        return untold(Subject(held.by.name, held.by.login, does), str(gone))
    permission = authorization.may_merge(context, target.app.repository, does, person)
    return authorization.may_deploy(context, target, person) if permission else permission


# --- how it stands -----------------------------------------------------------------------------------------------


def look(context: Context, target: Target, held: Deployment, candidate: Candidate) -> Seen:
    """What has to be known of an open or closed pull request before it is decided on."""
    pull, repository = candidate.pull_request, target.app.repository
    if pull.state == "closed" or held.shipment is None:
        return Seen(candidate, MergeRules(), METHODS[0])
    rules = context.forge.merging.rules(repository, pull.base)
    moved = pull.head_sha != held.sha
    reviews, objects = _reviews(context, target, pull, rules)
    return Seen(
        candidate,
        rules,
        method_of(target.app.merge_method, rules.methods),
        checks=_checks(context, target, replace(held, sha=pull.head_sha), pull, new=moved),
        reviews=reviews,
        objects=objects,
        updated=moved and held.shipment.asked == "update" and _is_update(context, repository, held, pull),
        pushed_by=_author(context, repository, pull.head_sha) if moved else "",
        queued=context.forge.merging.is_queued(repository, candidate) if held.shipment.asked == "queue" else None,
    )


def merge_of(context: Context, candidate: Candidate, repository: str) -> PullRequestMerged | None:
    """The merge as its webhook tells it, None where it is not merged."""
    if candidate.pull_request.state != "merged":
        return None
    return context.forge.backfill.merge(repository, candidate.pull_request.number)


def merged_by_another(context: Context, held: Deployment | None, merge: PullRequestMerged) -> str | None:
    """Who has merged what waits for it, where that was not the bot, nor the queue that it was put into."""
    if held is None or held.shipment is None:
        return None
    own, asked = context.forge.users.own_login(), held.shipment.asked
    ours = asked == "queue" or same_login(merge.merged_by, own) or (own is None and asked == "merge")
    return None if ours else merge.merged_by


def _is_update(context: Context, repository: str, held: Deployment, pull: PullRequest) -> bool:
    """Whether the head is the base, merged into the head before, by us: nothing else was asked for."""
    made = context.forge.resolve(repository, pull.head_sha)
    if made is None or len(made.parents) != 2 or made.parents[0] != held.sha:
        return False
    own = context.forge.users.own_login()
    if own is not None and made.login is not None and not same_login(made.login, own):
        return False
    return context.forge.compare(repository, pull.base, made.parents[1]).ahead_by == 0


def _author(context: Context, repository: str, sha: str) -> str:
    try:
        found = context.forge.resolve(repository, sha)
    except (NotAllowed, NotThere, Rejected):
        return ""
    return found.author if found else ""


def _reviews(context: Context, target: Target, pull: PullRequest, rules: MergeRules) -> tuple[int, Line]:
    """How many are missing of those that the branch or the environment asks for, and who asks for changes."""
    required = max(rules.reviews, target.environment.required_reviews)
    if not required:
        return 0, ()
    said = standing(context.forge.reviews.of(target.app.repository, pull.number), pull.author)
    approved = sum(state == "approved" for state in said.values())
    against = [login for login, state in said.items() if state == "changes_requested"]
    return max(0, required - approved), messages.changes_requested(pull.number, against) if against else ()


def _checks(context: Context, target: Target, held: Deployment, pull: PullRequest, *, new: bool) -> Answer | None:
    """What the gates say of the head's checks: those of the environment, and those that its base requires.

    What never came, though other commits have it, is waited for no longer than the settings say.
    """
    assert held.shipment is not None
    repository, asked, environment = target.app.repository, context.forge.expected_checks, target.environment
    of_base = tuple(asked.required(repository, pull.base))
    required = _required(environment.required_checks, of_base)
    if required == ():
        return None
    open_ended = is_open_ended(required)
    facts = Facts(
        now=context.now,
        app=target.app,
        environment=environment.model_copy(update={"required_checks": required}),
        wanted=replace(held, waits_for=Waiting.CHECKS, waits_since=context.now if new else held.shipment.head_at),
        checks=tuple(context.forge.checks(repository, held.sha, thorough=open_ended)),
        expected_checks=tuple(asked.before(repository, pull.head_ref, held.sha)) if open_ended else (),
        checks_of_branch=of_base,
        checks_settle=environment.checks_settle,
        checks_missing_after=environment.checks_missing_after,
        waits_for_checks=True,
    )
    answer = checks_gate(facts)
    if answer is not None and not answer.open and answer.missed:
        return checks_gate(replace(facts, expected_checks=()))
    return answer


def _required(of_environment: Required, of_base: Sequence[str]) -> Required:
    if of_environment == "all":
        return "all"
    return tuple(dict.fromkeys((*(() if of_environment == "none" else of_environment), *of_base)))
