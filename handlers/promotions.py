"""Carry a commit on: by command, by a card's button, or by itself where the settings say so."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.core.deployments import ending, lifecycle, rolling_card, ships, telling
from bot.core.deployments.model import Deployment, State
from bot.core.deployments.requesting import commit_of
from bot.core.errors import Refused
from bot.core.events.internal import DeploymentEnded
from bot.core.gates.judge import judge
from bot.core.grammar.commands import Deploy, Promote
from bot.core.ports.transaction import Records
from bot.core.promotions import messages
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import deploy_request, promotions
from bot.services.ancestry import ancestry, demand_known
from bot.services.gate_facts import commit_facts, facts, is_trusted
from bot.services.new_deployments import new_deployment
from bot.services.shipping import changes, usual_seconds
from bot.services.targets import Target, app_of, environment_called, target_at
from bot.settings import AppSettings

router = Router()


# --- by command --------------------------------------------------------------------------------------------------


@router.command(Promote)
def promote(context: Context, command: Promote) -> Message | None:
    """The commit that is live in one environment goes to another, through the gates of that."""
    app = app_of(context, command)
    source, target = _places(context, app, command)
    live = context.reads.last_success(*source.place)
    if live is None:
        raise Refused(messages.nothing_to_promote(*source.place))
    drawn = context.screen.deployment if context.screen else None
    if drawn is not None and drawn != live.id:
        raise Refused(messages.another_is_there(live, drawn, command))
    commit = commit_of(live)
    retyped = Deploy(app.name, live.sha, target.environment.name)
    deploy_request.demand_news(context, retyped, target, commit)
    wanted = replace(deploy_request.wanted(context, target, commit), promoted_from=live.id)
    return deploy_request.request(context, target, wanted, retyped=retyped, waits=False)


def _places(context: Context, app: AppSettings, command: Promote) -> tuple[Target, Target]:
    """From where to where; what is not named is what the settings say. Raises Refused."""
    complete = replace(command, app=app.name)
    source = target = None
    if command.source is not None:
        named = environment_called(context, app, command.source, lambda name: replace(complete, source=name))
        source = Target(app, named)
    if command.environment is not None:
        named = environment_called(context, app, command.environment, lambda name: replace(complete, environment=name))
        target = Target(app, named)
    target = target or Target(app, app.environments[_next(app, source)])
    source = source or Target(app, app.environments[_before(app, target)])
    if source.environment.name == target.environment.name:
        raise Refused(messages.same_place(source.environment.name))
    return source, target


def _next(app: AppSettings, source: Target | None) -> str:
    known = [one for one in app.environments.values() if source is None or one.name == source.environment.name]
    following = {one.promote_to for one in known if one.promote_to is not None}
    if len(following) == 1:
        return following.pop()
    from_ = source.environment.name if source else None
    raise Refused(messages.where_to(app.name, from_, [name for name in app.environments if name != from_]))


def _before(app: AppSettings, target: Target) -> str:
    name = target.environment.name
    leading = [one.name for one in app.environments.values() if one.promote_to == name]
    if not leading and target.environment.after is not None:
        leading = [target.environment.after]
    others = leading or [one for one in app.environments if one != name]
    if len(others) == 1:
        return others[0]
    raise Refused(messages.which_source(app.name, name, others) if others else messages.no_next(app.name))


# --- by itself ---------------------------------------------------------------------------------------------------


@router.on(DeploymentEnded, name="promotions.ended")
def ended(context: Context, event: DeploymentEnded) -> None:
    """What has succeeded goes on where the settings send it; what was taken back does not."""
    success = context.reads.deployment(event.deployment_id)
    if success is None or success.state is not State.SUCCEEDED:
        return
    here = target_at(context, success.app, success.environment)
    if here is None or here.environment.promote != "auto" or here.environment.promote_to is None:
        return
    there = target_at(context, success.app, here.environment.promote_to)
    if there is None:
        return
    if success.rollback_of is not None:
        _taken_back(context, there, success)
    elif promotions.next_place(context, success) is not None and is_trusted(context, here, success):
        _goes_on(context, there, success)


@router.on(DeploymentEnded, name="promotions.offered")
def offered(context: Context, event: DeploymentEnded) -> None:
    """What is live where it came from was offered to go on: to where it has just been, or whence it was taken back."""
    success = context.reads.deployment(event.deployment_id)
    app = context.settings.apps.get(success.app) if success else None
    if success is None or app is None or success.state is not State.SUCCEEDED:
        return
    leading = [one.name for one in app.environments.values() if one.promote_to == success.environment]
    found = [live for name in leading if (live := context.reads.last_success(success.app, name)) is not None]
    if found:
        records = context.begin(success.app, success.environment)
        for live in found:
            telling.draw(records, live)


def _taken_back(context: Context, there: Target, success: Deployment) -> None:
    """What was to go on from there does not any more."""
    records = context.begin(*there.place)
    for one in _waiting(records, there, success):
        ending.end(records, one, State.CANCELLED, context.now, messages.taken_back(success.environment))


def _goes_on(context: Context, there: Target, success: Deployment) -> None:
    """It asks the gates as a request that may wait; what went on before it from there, and waits, gives way."""
    wanted = _wanted(context, there, success)
    found = commit_facts(context, there, wanted, waits_for_checks=True)
    known = ancestry(context, there, wanted)
    records = context.begin(*there.place)
    if any(one.trigger == "promotion" for one in records.promotions_of(success.id)):
        return
    demand_known(records, wanted, known)
    if known.overtaken_by(wanted) is not None or ships.goes_back(wanted):
        return  # something newer is there, or has been, and nobody has asked to go back
    before = _waiting(records, there, success)
    deployment = records.add(rolling_card.taken_over(records, wanted))
    for one in before:
        ending.give_way(records, one, deployment, context.now, messages.no_longer_there(deployment))
    view = replace(facts(records, context, there, found, deployment, known), waits_for_checks=True)
    lifecycle.proceed(records, deployment, judge(view, force=False), context.now, known)


def _waiting(records: Records, there: Target, success: Deployment) -> list[Deployment]:
    """What waits there that came by itself from where the success is."""
    waiting = [one for one in records.waiting(*there.place) if one.trigger == "promotion" and one.promoted_from]
    sources = [(one, records.deployment(one.promoted_from or 0)) for one in waiting]
    return [one for one, source in sources if source is not None and source.environment == success.environment]


def _wanted(context: Context, there: Target, success: Deployment) -> Deployment:
    commit = commit_of(success)
    return replace(
        new_deployment(context, there, commit, trigger="promotion", by=success.by),
        promoted_from=success.id,
        changes=changes(context, there, commit),
        usual_seconds=usual_seconds(context.reads, there.app.name, there.environment.name),
    )
