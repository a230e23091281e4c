"""Gathers what the gates need to know about a deployment, before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.context import Context
from bot.core.deployments.ancestry import UNKNOWN, Ancestry, same_line
from bot.core.deployments.lifecycle import HUNG_AFTER
from bot.core.deployments.model import MERGES, Actor, Deployment, Waiting
from bot.core.freezes.model import ClosedBy, Force, closed_by
from bot.core.freezes.windows import Window, active_window, window
from bot.core.gates.model import Facts
from bot.core.gates.wanted_checks import is_open_ended
from bot.core.ports.forge_types import Check, Comparison, EarlierCheck
from bot.core.ports.reviews import Protection, Reviewed
from bot.core.ports.transaction import Reads
from bot.core.previews.model import is_removal, split
from bot.services import authorization
from bot.services.approvals import approvals_of, approvers_of
from bot.services.targets import Target, target_at

STOPPABLE_FOR = timedelta(minutes=1)
"""So long people may stop a rollback that goes by itself."""


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """What GitHub tells of a commit that wants to go somewhere; None is what was not asked for.

    ``expected_checks`` is what the commits before had, ``checks_of_branch`` what the branch requires, ``before_here``
    its success in the environment before, and ``been_here`` that what goes back was there with all that is asked for
    now. ``approvers`` have approved it and still may.
    """

    checks: tuple[Check, ...] | None = None
    expected_checks: tuple[EarlierCheck, ...] = ()
    checks_of_branch: tuple[str, ...] = ()
    reviewed: Reviewed | None = None
    behind: Comparison | None = None
    default_branch: str = ""
    protection: Protection | None = None
    before_here: Deployment | None = None
    been_here: bool = False
    approvers: tuple[Actor, ...] = ()


def commit_facts(
    context: Context, target: Target, wanted: Deployment, *, after: str | None = None, waits_for_checks: bool = False
) -> CommitFacts:
    """Only what the environment asks for costs a request.

    What goes back to where it has been is not asked for anything. ``after`` is a commit before, where it is known. What
    waits for its checks is looked at thoroughly; a command that is answered at once costs a few requests less.
    """
    if is_removal(wanted):
        return CommitFacts()
    if wanted.rollback_of is not None and any(has_been_let_in(context, target, one) for one in _there(context, wanted)):
        return CommitFacts(been_here=True)
    environment, repository = target.environment, target.app.repository
    checks, expected, of_branch = _checks(context, target, wanted, after=after, waits=waits_for_checks)
    behind, default_branch = _behind(context, target, wanted)
    return CommitFacts(
        checks=checks,
        expected_checks=expected,
        checks_of_branch=of_branch,
        reviewed=_reviewed(context, repository, wanted) if environment.required_reviews else None,
        behind=behind,
        default_branch=default_branch,
        protection=context.forge.reviews.protection(repository, environment.name),
        before_here=_before_here(context, target, wanted),
        approvers=approvers_of(context, target, wanted),
    )


def _there(context: Context, wanted: Deployment) -> Sequence[Deployment]:
    return context.reads.successes_of(wanted, wanted.environment)


def has_been_let_in(context: Context, target: Target, success: Deployment) -> bool:
    """Whether it succeeded there with all that is asked for now, so that one may go back to it without asking again."""
    return len(success.approved_by) >= target.environment.approvals and is_trusted(context, target, success)


def is_trusted(context: Context, target: Target, success: Deployment) -> bool:
    """Whether the bot made it, or somebody who may deploy there: many more can report a success to GitHub."""
    return success.trigger != "foreign" or bool(authorization.creator_may_deploy(context, target, success))


def _before_here(context: Context, target: Target, wanted: Deployment) -> Deployment | None:
    """The success of the commit in the environment that comes before."""
    after = target.environment.after
    before = target_at(context, target.app.name, after) if after else None
    if before is None:
        return None
    found = context.reads.successes_of(wanted, before.environment.name)
    return next((one for one in found if is_trusted(context, before, one)), None)


def _checks(
    context: Context, target: Target, wanted: Deployment, *, after: str | None, waits: bool
) -> tuple[tuple[Check, ...] | None, tuple[EarlierCheck, ...], tuple[str, ...]]:
    """What is reported, what the commits before had, and what the branch requires; only where it matters."""
    rules, repository = target.environment, target.app.repository
    if rules.required_checks == "none":
        return None, (), ()
    open_ended = is_open_ended(rules.required_checks)
    found = tuple(context.forge.checks(repository, wanted.sha, thorough=waits and open_ended))
    if not open_ended:
        return found, (), ()
    asked = context.forge.expected_checks
    before = asked.before(
        repository,
        wanted.ref,
        wanted.sha,
        base=after,
        thorough=waits or bool(found),
        partial=lambda sha: _is_partial(context, target, sha),
    )
    is_branch = not wanted.ref.startswith("#") and not wanted.sha.startswith(wanted.ref)
    by_name = rules.required_checks != "all"  # what the settings name is all that counts, whatever the branch requires
    return found, tuple(before), () if by_name or not is_branch else tuple(asked.required(repository, wanted.ref))


def _is_partial(context: Context, target: Target, sha: str) -> bool:
    """Whether it is a merge whose checks were never all there: it waits for them, or a newer one that was green has it.

    After an hour what has not come is taken for gone.
    """
    merge = context.reads.merge_of(*target.place, sha)
    if merge is None or merge.started_at is not None:
        return False
    newer = context.reads.deployment(merge.superseded_by) if merge.superseded_by else None
    if newer is not None:
        return newer.sha != sha and not newer.force
    return merge.waits_for is Waiting.CHECKS and context.now < merge.created_at + HUNG_AFTER


def _reviewed(context: Context, repository: str, wanted: Deployment) -> Reviewed:
    """The pull request that was named, else the one that the commit is the head or the merge of, else any with it."""
    if wanted.pull_request is not None:
        pull = context.forge.pull_request(repository, wanted.pull_request)
    else:
        holding = context.forge.pull_requests_of(repository, wanted.sha)
        exact = (one for one in holding if wanted.sha in {one.head_sha, one.merge_sha})
        pull = next(exact, holding[0] if holding else None)
    if pull is None:
        return Reviewed(None)
    return Reviewed(pull, tuple(context.forge.reviews.of(repository, pull.number)))


def _behind(context: Context, target: Target, wanted: Deployment) -> tuple[Comparison | None, str]:
    """What the commit lacks of the default branch.

    A merge had all of it when it was made; so had the default branch itself when it was asked for.
    """
    if not target.environment.up_to_date or wanted.trigger in MERGES:
        return None, ""
    default_branch = context.forge.repository(target.app.repository).default_branch
    if wanted.id and wanted.ref == default_branch:
        return None, ""
    return context.forge.compare(target.app.repository, default_branch, wanted.sha), default_branch


def facts(
    reads: Reads,
    context: Context,
    target: Target,
    found: CommitFacts,
    wanted: Deployment,
    known: Ancestry = UNKNOWN,
) -> Facts:
    """The view that the gates see of ``wanted``, whose id is 0 where it is new."""
    app, environment = target.app.name, target.environment.name
    soaks_in, soaks_until = _soak(reads, context, wanted)
    return Facts(
        now=context.now,
        app=target.app,
        environment=target.environment,
        wanted=wanted,
        checks=found.checks,
        expected_checks=found.expected_checks,
        checks_of_branch=found.checks_of_branch,
        checks_settle=target.environment.checks_settle,
        checks_missing_after=target.environment.checks_missing_after,
        reviewed=found.reviewed,
        before_here=found.before_here,
        been_here=found.been_here,
        behind=found.behind,
        default_branch=found.default_branch,
        protection=found.protection,
        approvals=approvals_of(reads, context, target, wanted, found.approvers),
        busy=tuple(one for one in reads.busy(app, environment) if one.id != wanted.id),
        queued_before=_queued_before(reads.waiting(app, environment), wanted, known),
        lock=reads.locks.of(app, environment),
        closed_by=what_closes(reads, context, target),
        force=force_of(wanted),
        soaks_in=soaks_in,
        soaks_until=soaks_until,
    )


def _queued_before(waiting: Sequence[Deployment], wanted: Deployment, known: Ancestry) -> tuple[Deployment, ...]:
    """Who queued later does not count; a merge stands in the queue where the first stands that is part of it."""
    queued = [one for one in waiting if one.waits_for == "queue"]
    parts = [one.id for one in queued if one.sha in known.older and same_line(one, wanted)]
    place = min([wanted.id, *parts]) if wanted.trigger == "merge" else wanted.id
    return tuple(one for one in queued if not wanted.id or one.id < place)


def _soak(reads: Reads, context: Context, wanted: Deployment) -> tuple[str | None, datetime | None]:
    """Where it stays, and until when, for what goes on by itself."""
    if wanted.by_itself and wanted.rollback_of is not None:
        return None, wanted.created_at + STOPPABLE_FOR
    if wanted.trigger != "promotion" or wanted.promoted_from is None:
        return None, None
    before = reads.deployment(wanted.promoted_from)
    source = target_at(context, before.app, before.environment) if before else None
    if before is None or source is None or source.environment.promote_after is None or before.finished_at is None:
        return None, None
    return before.environment, before.finished_at + source.environment.promote_after


def what_closes(reads: Reads, context: Context, target: Target) -> ClosedBy | None:
    """What keeps the environment closed now: freezes and windows."""
    app, environment = target.place
    freezes = [*reads.freezes.of(app, environment)]
    if (preview := split(environment)) is not None and target.environment.pull_request is not None:
        freezes += reads.freezes.of(app, preview[0])
    return closed_by(freezes, active_window(windows_of(target), context.now, context.cron), context.now)


def windows_of(target: Target) -> tuple[Window, ...]:
    return tuple(window(one.deny, one.allow, one.length, one.timezone) for one in target.environment.windows)


def force_of(deployment: Deployment, *, admin: bool = False) -> Force:
    """Who wants to pass by force, and whether they said why."""
    return Force(deployment.by, admin=admin, tried=deployment.force, explained=bool(deployment.force_reason))


def target_of(context: Context, deployment: Deployment) -> Target | None:
    """The settings of a deployment's app and environment, None where they have been taken out since."""
    app = context.settings.apps.get(deployment.app)
    environment = app.environment(deployment.environment) if app else None
    return Target(app, environment) if app and environment else None
