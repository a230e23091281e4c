"""Deploy by command: ``deploy``, ``retry``, and deciding again on what waits."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core import replies
from bot.core.deployments import ending, lifecycle, reconsideration, telling
from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.ancestry import Ancestry
from bot.core.deployments.model import DEPLOY, Deployment, State, Waiting
from bot.core.errors import NotYet, Refused
from bot.core.events.internal import Due, Reconsider
from bot.core.gates.judge import judge
from bot.core.gates.model import Facts, Verdict
from bot.core.grammar.commands import Deploy, Retry
from bot.core.locks.model import same_person
from bot.core.names import mistyped
from bot.core.orphans import messages as orphan_messages
from bot.core.outages import model as outages
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Reads, Records
from bot.core.rich_text import Message
from bot.core.shipments import messages as shipment_messages
from bot.router import Router
from bot.services import authorization, deploy_request, schedule_request, shipping, threads
from bot.services.ancestry import ancestry, demand_known
from bot.services.gate_facts import CommitFacts, commit_facts, facts, force_of, target_of
from bot.services.orphans import demand_target
from bot.services.targets import Target, choices, commit_of, demand_environment

router = Router()


@router.command(Deploy)
def deploy(context: Context, command: Deploy) -> Message | None:
    """Pin the commit, ask the gates, and start, wait or refuse."""
    target = demand_target(context, command)
    _check_task(context, command, target)
    _check_force(command, target)
    demand_environment(context, target, command)
    named = command.with_app(target.app.name).with_environment(target.environment.name)
    _demand_named(context, named, target)
    commit = commit_of(context, target, named)
    if command.at or command.every:
        return schedule_request.schedule(context, target, named, commit)
    deploy_request.demand_news(context, named, target, commit)
    wanted = replace(
        deploy_request.wanted(context, target, commit),
        task=command.task,
        hosts=command.hosts,
        params=command.params,
        force=command.force,
        force_reason=command.force_reason,
    )
    retyped = replace(named, ref=command.ref or commit.ref, when_green=False, force=False, force_reason=None)
    return deploy_request.request(context, target, wanted, retyped=retyped, waits=command.when_green)


def _demand_named(context: Context, command: Deploy, target: Target) -> None:
    """Raises Refused where nothing is named in the thread of something else than is deployed by default."""
    about = context.thread.about if context.thread else None
    if command.ref is not None or about is None or about.app != target.app.name:
        return
    default = target.environment.ref or target.app.default_ref
    default = default or context.forge.repository(target.app.repository, fresh=False).default_branch
    if about.ref != default:
        raise threads.what_to_deploy(context, command, default)


def _check_task(context: Context, command: Deploy, target: Target) -> None:
    known = target.app.tasks
    name = command.task.removeprefix(f"{DEPLOY}:")
    if command.task == DEPLOY or not known or name in known:
        return
    near = mistyped(name, known)
    meant = choices(context, [replace(command, task=f"{DEPLOY}:{one}") for one in near], near)
    raise Refused(replies.unknown_task(target.app.name, name, meant, known))


def _check_force(command: Deploy, target: Target) -> None:
    if command.force and target.environment.force_needs_reason and not command.force_reason:
        example = replace(command, force_reason="hotfix for the login page")
        raise Refused(replies.force_needs_reason(target.environment.name, example))


@router.command(Retry)
def retry(context: Context, command: Retry) -> Message | None:
    """The same commit to the same place once more, as a new deployment: with its force, if that was one's own."""
    old = _to_retry(context, command.deployment)
    target = target_of(context, old)
    if old.unmerged:
        raise Refused(shipment_messages.never_merged(old))
    if target is None:
        raise Refused(replies.gone_from_settings(old))
    commit = Commit(old.sha, old.ref, old.title, "", old.url or "", pull_request=old.pull_request)
    again = deploy_request.wanted(context, target, commit)
    same = replace(again, task=old.task, hosts=old.hosts, params=old.params, rollback_of=old.rollback_of)
    if old.trigger != "foreign" and same_person(old.by, again.by):
        same = replace(same, force=old.force, force_reason=old.force_reason, reason=old.reason)
    wanted = replace(same, trigger="retry", retry_of=old.id)
    note = threads.newer_there(context, old)
    return deploy_request.request(context, target, wanted, retyped=_retyped(old), waits=False, note=note)


def _retyped(old: Deployment) -> Deploy:
    """The command that asks for the same: by commit, because the branch may have moved."""
    same = Deploy(app=old.app, ref=old.sha, environment=old.environment, hosts=old.hosts, task=old.task)
    return replace(same, params=old.params)


def _to_retry(context: Context, number: int | None) -> Deployment:
    if number is not None:
        old = context.reads.deployment(number)
        if old is None:
            raise Refused(replies.unknown_deployment(number))
        if not old.ended:
            raise Refused(replies.still_going(old))
        return old
    recent = context.reads.history(app=context.here, environment=None, ref=None, limit=20)
    again = {State.FAILED, State.ERROR, State.TIMED_OUT, State.CANCELLED}
    found = next((one for one in recent if one.state in again), None)
    if found is None:
        raise Refused(replies.nothing_to_retry())
    return found


@router.on(Reconsider, name="deploys.reconsider")
def reconsider(context: Context, event: Reconsider) -> None:
    """Something that it waits for may have changed: ask the gates again, with fresh facts."""
    seen = context.reads.deployment(event.deployment_id)
    target = target_of(context, seen) if seen else None
    if seen is None or target is None or seen.state is not State.WAITING or seen.waits_for is Waiting.MERGE:
        return
    found = commit_facts(context, target, seen, waits_for_checks=True)
    ships = shipping.as_it_ships_now(context, target, seen)
    admin = seen.force and deploy_request.is_admin_where_closed(context, target, seen)
    known = ancestry(context, target, seen)
    permission = None
    if starts := not _asked_again(context.reads, context, target, seen, found, known, admin=admin)[1].waits:
        permission = authorization.may_still_deploy(context, target, seen)
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    if deployment is None or deployment.state is not State.WAITING or deployment.unmerged:
        return
    deployment = replace(deployment, changes=ships)
    demand_known(records, deployment, known)
    if newer := known.overtaken_by(deployment):
        why = deployment_messages.superseded_by(deployment, newer, dropped=known.dropped)
        ending.give_way(records, deployment, newer, context.now, why)
        return
    view, verdict = _asked_again(records, context, target, deployment, found, known, admin=admin)
    if not verdict.waits and not starts:
        raise NotYet("Whoever asked for it has to be looked at before it starts.")
    if not verdict.waits:
        verdict = judge(replace(view, permission=permission), force=deployment.force)
    _go_on(records, context, deployment, verdict, known)


def _asked_again(
    reads: Reads,
    context: Context,
    target: Target,
    deployment: Deployment,
    found: CommitFacts,
    known: Ancestry,
    *,
    admin: bool,
) -> tuple[Facts, Verdict]:
    """What the gates look at, and say, but for the permission of whoever asked."""
    view = facts(reads, context, target, found, deployment, known)
    view = replace(view, waits_for_checks=True, force=force_of(deployment, admin=admin))
    return view, judge(view, force=deployment.force)


def _go_on(records: Records, context: Context, deployment: Deployment, verdict: Verdict, known: Ancestry) -> None:
    if verdict.closed:
        ending.end(records, deployment, State.CANCELLED, context.now, replies.closed_reasons(verdict))
    elif not verdict.waits and (newer := lifecycle.defers_to(records, deployment, known)):
        reconsideration.reconsider(records, newer)
        return
    else:
        lifecycle.proceed(records, deployment, verdict, context.now, known)
    if deployment.waits_for is Waiting.QUEUE and verdict.waits and verdict.waits[0].waits_for is not Waiting.QUEUE:
        # Its turn has come but its checks are no longer green: it must not hold up those behind it.
        reconsideration.next_in_queue(records, deployment.app, deployment.environment)


@router.on(Due, name="deploys.hung")
def hung(context: Context, event: Due) -> None:
    """It has waited for its checks for an hour: say so, by name, once. After a day it is given up."""
    seen = context.reads.deployment(event.deployment_id)
    if seen is None:
        return
    records = context.begin(seen.app, seen.environment)
    deployment = records.deployment(seen.id)
    waited_for = {Waiting.CHECKS, Waiting.REVIEW, Waiting.ORDER, Waiting.MERGE}
    if deployment is None or deployment.due_at != event.due_at or deployment.waits_for not in waited_for:
        return
    if outages.lasts(records, "GitHub", deployment.repository.partition("/")[0]):
        # Nobody can see what it waits for, which may be there by now.
        records.save(replace(deployment, due_at=context.now + lifecycle.HUNG_AFTER))
        return
    gives_up = (deployment.waits_since or context.now) + lifecycle.EXPIRES_AFTER
    gone = target_of(context, deployment) is None
    if context.now >= gives_up:
        why = orphan_messages.expired(deployment) if gone else deployment_messages.expired(deployment)
        ending.end(records, deployment, State.EXPIRED, context.now, why)
        return
    records.save(replace(deployment, due_at=gives_up))
    if gone:
        return  # no check will let it go on
    telling.note(records, deployment, deployment_messages.hung_checks(deployment), occasion="hung")
    reconsideration.reconsider(records, deployment)
