"""What a modal shows: for a command that lacks something what it would do, else what can be deployed where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.context import Context
from bot.core.board.model import Found
from bot.core.deployments import ships
from bot.core.deployments.card_buttons import rollback_question
from bot.core.deployments.model import Deployment, Waiting
from bot.core.deployments.shipping import summary
from bot.core.deployments.wording import name_of, spoken
from bot.core.errors import NotAllowed, NotThere, Refused, Rejected, ShipmateError
from bot.core.gates.judge import judge
from bot.core.gates.model import Answer, Facts, Verdict
from bot.core.grammar.commands import Command, Deploy, Reject, Rollback, TakeOver
from bot.core.grammar.parser import NotUnderstood, parse
from bot.core.modals import messages
from bot.core.modals.messages import Preview
from bot.core.modals.model import APP, LONGEST_CHOICE, OTHER, TO, WHAT, WHEN, Filled, Modal, Option, deployment
from bot.core.names import near
from bot.core.rich_text import Line, plain
from bot.services import authorization, boards
from bot.services.deploy_request import is_admin_where_closed, wanted
from bot.services.gate_facts import commit_facts, facts, force_of
from bot.services.schedule_request import timezone_of
from bot.services.targets import Target, commit_of, target_at
from bot.settings import AppSettings

MOST_FOUND = 100
_YOURS = "you have pushed to it last"


def is_asked(command: str) -> bool:
    """Whether something is asked of that command, and nothing is to be chosen."""
    return messages.form(command) is not None


def form(context: Context, command: str, filled: Filled) -> Modal | None:
    """None where nothing can be told in addition to what the modal shows already."""
    understood = parse(command, context.settings.vocabulary(None)) if command.strip() else None
    if not is_asked(command):
        return deploy(context, filled or _named(understood))
    if isinstance(understood, Deploy):
        return _by_force(context, command, understood)
    about = _about(context, understood) if isinstance(understood, Command) else ()
    return messages.form(command, (about,)) if about else None


def _named(command: Command | NotUnderstood | None) -> Filled:
    """What the command names that the modal was opened for."""
    if not isinstance(command, Deploy):
        return ()
    known = ((APP, command.app), (TO, command.environment), (WHAT, command.ref))
    return tuple((name, value) for name, value in known if value)


# --- what a command would do ----------------------------------------------------------------------------------


def _about(context: Context, command: Command) -> Line:
    match command:
        case Reject(deployment=int(number)):
            one = context.reads.deployment(number)
            return messages.rejects(one) if one is not None else ()
        case Rollback(app=str(app), environment=str(environment), to=str(to)):
            return _goes_back(context, app, environment, to)
        case TakeOver(app=str(app), environment=str(environment)):
            lock = context.reads.locks.of(app, environment)
            return messages.takes_over(lock) if lock is not None else ()
        case _:
            return ()


def _goes_back(context: Context, app: str, environment: str, to: str) -> Line:
    live = context.reads.last_success(app, environment)
    if live is None or live.changes.base != to:
        return ()
    return (rollback_question(live, to),)


def _by_force(context: Context, text: str, command: Deploy) -> Modal | None:
    """What the force passes, and what it does not help against; whether it has to say why is seen here."""
    target = target_at(context, command.app or "", command.environment or "")
    if target is None:
        return None
    place = f"{target.app.name} → {target.environment.name}"
    try:
        new, view = _looked_at(context, target, command)
    except Refused as refused:
        return messages.form(text, alert=(plain(refused.message.sentence),))
    except ShipmateError as error:
        return messages.form(text, ((f"I cannot tell now what speaks against it: {error}",),))
    verdict = judge(view, force=True)
    line = messages.goes_past(f"{name_of(new)} to {place}", [one.line for one in verdict.forced])
    alert = _stops([*verdict.closed])
    return messages.form(text, (line,), alert=alert, explained=_explained(target, verdict))


def _explained(target: Target, verdict: Verdict) -> bool:
    """Whether the settings ask for the reason of a force, or what it passes does."""
    return target.environment.force_needs_reason or any(one.gate == "freeze" for one in verdict.forced)


# --- what can be deployed -------------------------------------------------------------------------------------


def deploy(context: Context, filled: Filled, remark: Line = ()) -> Modal:
    """The apps that the asker may see, the places of the chosen one, and what would come of it."""
    apps = [app for app in context.settings.apps.values() if boards.may_see(context, app)]
    if not apps:
        return messages.nothing_to_deploy()
    values = dict(filled)
    here = next((one for one in apps if one.name == context.here), apps[0])
    app = next((one for one in apps if one.name == values.get(APP)), here)
    if len(what := values.get(WHAT, "")) > LONGEST_CHOICE:
        del values[WHAT]
        remark = messages.too_long_to_choose(what)
    place = values.get(TO) if values.get(TO) in app.environments else None
    values |= {APP: app.name, TO: place or app.default_environment or next(iter(app.environments))}
    chosen = tuple((name, value) for name, value in values.items() if value)
    names = [one.name for one in apps]
    seen = preview(context, chosen)
    return messages.deploy(names, _places(context, app), chosen, seen, remark=remark, zone=timezone_of(context))


def _places(context: Context, app: AppSettings) -> list[Option]:
    """Each with what is live there, and how far that is behind."""
    live = {one.deployment.environment: one for one in context.reads.board.found(app.places) if one.live}
    return [Option(name, name, _live(live.get(name))) for name in app.environments]


def _live(found: Found | None) -> str:
    if found is None:
        return "nothing deployed yet"
    behind = f", {found.behind} behind {found.branch}" if found.behind else ""
    return f"{name_of(found.deployment)} is live{behind}"


def preview(context: Context, filled: Filled) -> Preview:
    """What the button says, what stops it, and what it comes to; the gates are asked as for the command."""
    command = deployment(filled)
    target = target_at(context, command.app or "", command.environment or "")
    if target is None:
        return Preview()
    if dict(filled).get(WHEN) == OTHER and command.at is None:
        return Preview("Schedule", note=("Checks and locks are looked at then.",))
    if command.at is not None:
        return Preview("Schedule", note=(f"Checks and locks are looked at then: {command.at}.",))
    try:
        return _judged(context, command, target)
    except Refused as refused:
        return Preview(alert=(plain(refused.message.sentence),))
    except ShipmateError as error:
        return Preview(note=(f"I cannot tell now what speaks against it: {error}",))


def _judged(context: Context, command: Deploy, target: Target) -> Preview:
    new, view = _looked_at(context, target, command)
    verdict, passed = judge(view, force=False), judge(view, force=True)
    forcible = bool(verdict.closed) and not passed.closed
    if command.force and forcible:
        past = messages.past([one.line for one in passed.forced])
        return Preview(messages.ALL_THE_SAME, (), past, forcible, _explained(target, passed))
    note = (_comes_to(new, [plain(one.line) for one in verdict.waits]),)
    return Preview(_submit(command, verdict), _stops(verdict.closed), note, forcible, _explained(target, passed))


def _looked_at(context: Context, target: Target, command: Deploy) -> tuple[Deployment, Facts]:
    """What the command would deploy, and what the gates see of it; a force counts as one that has said why."""
    commit = commit_of(context, target, command)
    new = replace(wanted(context, target, commit), task=command.task, hosts=command.hosts, params=command.params)
    found = commit_facts(context, target, new, waits_for_checks=command.when_green)
    permission = authorization.may_deploy(context, target)
    place = context.chat.channel_names(context.where.channel)
    force = force_of(new, admin=is_admin_where_closed(context, target, new))
    view = facts(context.reads, context, target, found, new)
    view = replace(view, place=place, waits_for_checks=command.when_green, permission=permission, force=force)
    return new, view


def _stops(closed: Sequence[Answer]) -> Line:
    return (" · ".join(plain(one.line) for one in closed),) if closed else ()


def _submit(command: Deploy, verdict: Verdict) -> str:
    reasons = {one.waits_for for one in verdict.waits}
    if command.when_green:
        return "Deploy when green"
    if Waiting.APPROVAL in reasons:
        return "Ask for approval"
    return "Queue it" if Waiting.QUEUE in reasons else "Deploy"


def _comes_to(new: Deployment, waits: Sequence[str]) -> str:
    them = ships.moved(new)
    what = f"Ships {summary(them, ships.unlisted(new))}" if them else f"Deploys {name_of(new)}"
    usual = [f"usually {spoken(new.usual_seconds)}"] if new.usual_seconds else []
    return " · ".join([what, *usual, *waits])


def suggestions(context: Context, app: str, typed: str) -> Sequence[Option]:
    """One's own branch, open pull requests, then branches and tags, for those who may read the repository; others type
    what they know."""
    known = context.settings.apps.get(app)
    if known is None or not authorization.may_read(context, known.repository):
        return ()
    repository = known.repository
    mine = [Option(one, one, _YOURS) for one in _own_branches(context, repository)]
    pulls = [
        Option(f"#{one.number} {one.title}", f"#{one.number}", one.author)
        for one in context.forge.open_pull_requests(repository, MOST_FOUND)
    ]
    refs = list(context.forge.refs(repository))
    named = {one.value for one in mine}
    all_ = [*mine, *pulls, *(Option(one, one) for one in refs if one not in named)]
    fitting = [one for one in all_ if typed.casefold() in one.label.casefold()]
    return (fitting or [Option(one, one) for one in near(typed, refs)])[:MOST_FOUND]


def _own_branches(context: Context, repository: str) -> list[str]:
    login = authorization.asker(context).forge_login
    try:
        return list(context.forge.branches_of(repository, login)) if login else []
    except (NotAllowed, NotThere, Rejected):
        return []
