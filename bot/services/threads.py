"""What a command means by the thread in which it was given: its app, its environment, its deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from bot.context import Context
from bot.core.deployments.model import DEPLOY, Deployment, State
from bot.core.errors import Refused
from bot.core.events.external import CommandGiven, Place
from bot.core.grammar import commands as c
from bot.core.grammar.commands import IT, SPOKEN_OF, Command
from bot.core.grammar.registry import spec_of
from bot.core.rich_text import Button, Message
from bot.core.shipments import messages as shipment_messages
from bot.core.threads import messages
from bot.core.threads.model import FAILED, TO_RETRY, Thread
from bot.services.targets import Target, app_of, environment_called, resolve, target_at

# https://docs.slack.dev/reference/methods/chat.getPermalink. Behind a quote or a “because” it is a part of a reason.
_LINKED = re.compile(
    r"(?P<before>(?:(?!\bbecause\b|--force|[\"“”]).)*?)"
    r"<?https://[\w.-]+\.slack\.com/archives/(?P<channel>[CGD][A-Z0-9]{6,})/p(?P<seconds>[0-9]{10})(?P<fraction>[0-9]{6})"
    r"(?P<query>(?:\?[^\s>|]*)?)(?:\|[^>]*)?>?(?P<after>.*)",
    re.DOTALL | re.IGNORECASE,
)
_OF_A_LOCK = (c.Unlock, c.TakeOver, c.AskToRelease, c.NotifyMe, c.KeepLock)
"""Commands that are about a lock that is there."""
OFFERED = 5
"""How many are offered where it has to be asked which one is meant."""
Fits = Callable[[Deployment], bool]

_FITS: dict[type[Command], Fits] = {
    c.Cancel: lambda one: not one.ended,
    c.Approve: lambda one: not one.ended and one.approvals_missing > 0,
    c.Reject: lambda one: not one.ended and one.approvals_missing > 0,
    c.Retry: lambda one: one.state in TO_RETRY,
    c.Logs: lambda one: one.state in FAILED,
    c.Why: lambda one: one.state in {State.WAITING, State.CANCELLED, State.SUPERSEDED, State.EXPIRED},
}
"""Commands about one deployment, and which one of a thread each of them may mean."""
_ONE = c.Cancel | c.Approve | c.Reject | c.Retry
"""Those of them that change something: a place in their words stands for the deployment that fits there."""


def thread_at(context: Context, place: Place) -> Thread | None:
    """The thread, where it is one of a deployment: under its parent message, or under the command that asked for it."""
    if place.thread is None:
        return None
    found = context.reads.in_thread(place.channel, place.thread)
    return Thread(tuple(found)) if found else None


def enter(context: Context, given: CommandGiven) -> CommandGiven:
    """Whatever is said is said in its thread, and commands that name no app mean the thread's.

    A link to a message of the chat is ``it``, and leads to the thread of its deployment: returned is what was said
    then. Raises Refused where it leads to none. What was scheduled says itself what it means.
    """
    if given.via == "schedule":
        return given
    context.thread = thread_at(context, given.place)
    linked = _LINKED.match(given.text)
    if linked is not None:
        context.thread = thread_at(context, _linked_place(linked))
        if context.thread is None:
            raise Refused(messages.link_leads_nowhere())
        given = replace(given, text=f"{linked['before']}{IT}{linked['after']}")
    if context.thread is not None and context.thread.about.app in context.settings.apps:
        context.here = context.thread.about.app
    return given


def _linked_place(linked: re.Match[str]) -> Place:
    """The thread in which the message is, or that hangs under it."""
    of_thread = re.search(r"[?&;]thread_ts=([0-9]{10}\.[0-9]{6})(?![0-9])", linked["query"])
    own = f"{linked['seconds']}.{linked['fraction']}"
    return Place(linked["channel"], thread=of_thread[1] if of_thread else own)


def completed(context: Context, command: Command) -> Command:
    """The command with what it leaves to its thread, and with what ``it`` means. What it names itself stays.

    Raises Refused where ``it`` is said and cannot be known, with the deeds that may be meant as buttons.
    """
    fits = _FITS.get(type(command))
    if fits is not None:
        command = _numbered(context, cast("Any", command), fits)
    elif isinstance(command, c.Rollback):
        command = _taking_back(context, command)
    elif isinstance(command, c.Deploy) and command.ref == IT:
        command = _deploying_it(context, command)
    elif isinstance(command, c.Ship) and command.pull_request == SPOKEN_OF:
        command = _shipping_it(context, command)
    elif isinstance(command, c.Deploys) and command.ref == IT:
        about = context.thread.about if context.thread else None
        command = c.Deploys(deployment=about.id) if about else replace(command, ref=None)
    elif isinstance(command, c.Diff) and command.target == IT:
        command = replace(command, target=_pinned(context.thread.about) if context.thread else None)
    command = _placed(context, command)
    return _numbered_there(context, command) if isinstance(command, _ONE) else command


# --- which deployment ---------------------------------------------------------------------------------------------


def _numbered(context: Context, command: Any, fits: Fits) -> Command:
    number, names_place = command.deployment, _app(command) or getattr(command, "environment", None)
    if number not in {None, SPOKEN_OF} or names_place:
        return cast("Command", command)
    looks = isinstance(command, c.Logs | c.Why)
    if context.thread is not None:
        meant = context.thread.meant(fits)
        if len(meant) == 1:
            return cast("Command", replace(command, deployment=meant[0].id))
        raise _which_of(context, "This thread", command, meant)
    if number is None or looks:
        return cast("Command", replace(command, deployment=None))
    there = [one for one in _candidates(context, command) if fits(one)][:OFFERED]
    if not there:  # whoever answers the command says what to do where there is none
        return cast("Command", replace(command, deployment=None))
    raise Refused(messages.which_one([b for one in there for b in _deed(context, replace(command, deployment=one.id))]))


def _numbered_there(context: Context, command: c.Cancel | c.Approve | c.Reject | c.Retry) -> Command:
    """With the number of the deployment in the place that is named. Raises Refused where none fits, or several do."""
    if command.deployment is not None or (command.app is None and command.environment is None):
        return command
    app, environment = app_of(context, command), None
    if command.environment is not None:
        complete = command.with_app(app.name).with_environment
        environment = environment_called(context, app, command.environment, complete).name
    lately = context.reads.history(app=app.name, environment=environment, ref=None, limit=50)
    fits = _FITS[type(command)]
    found = [one for one in lately if fits(one)]
    if isinstance(command, c.Retry):
        found = _to_retry(lately, found, anywhere=environment is None)
    place = f"{app.name} → {environment}" if environment else app.name
    if not found:
        raise Refused(messages.none_there(place, spec_of(command).name))
    if len(found) > 1:
        raise _which_of(context, place, command, found[:OFFERED])
    return replace(command, deployment=found[0].id, app=None, environment=None)


def _to_retry(lately: Sequence[Deployment], failed: Sequence[Deployment], *, anywhere: bool) -> list[Deployment]:
    """The last one of a place, for one that failed before it would replace what is there now.

    ``anywhere`` in an app it is the last one that failed, or else one of each place.
    """
    if not anywhere:
        return list(lately[:1])
    return list(failed[:1]) or list({one.environment: one for one in reversed(lately)}.values())


def _which_of(context: Context, place: str, command: Any, found: Sequence[Deployment]) -> Refused:
    each = [replace(command, deployment=one.id, app=None, environment=None) for one in found]
    return Refused(messages.which_of(place, found, [button for one in each for button in _deed(context, one)]))


def _candidates(context: Context, command: Command) -> Sequence[Deployment]:
    """What may be meant outside of threads, the likeliest first."""
    if isinstance(command, c.Cancel):
        mine = context.reads.cancellable(context.asker.id, context.here)
        return mine or context.reads.cancellable(None, context.here)
    if isinstance(command, c.Approve | c.Reject):
        return context.reads.wanting_approval(context.here, OFFERED)
    return context.reads.history(app=context.here, environment=None, ref=None, limit=20)


def _taking_back(context: Context, command: c.Rollback) -> Command:
    """In a thread its deployment is taken back; elsewhere ``it`` is asked about, one button for each environment."""
    named = command.app or command.environment
    if context.thread is not None and not named and command.of in {None, SPOKEN_OF}:
        about = context.thread.about
        if command.to is not None:
            return replace(command, app=about.app, environment=about.environment, of=None)
        return replace(command, of=about.id)
    if command.of != SPOKEN_OF:
        return command
    whole = replace(command, of=None)
    buttons = [b for at in _places(context, used=True) for b in _deed(context, _at(whole, at))]
    raise Refused(messages.which_one(buttons) if buttons else messages.nothing_spoken_of())


def _deploying_it(context: Context, command: c.Deploy) -> Command:
    """The commit of the thread's deployment, wherever its branch is by now."""
    if context.thread is not None:
        return replace(command, ref=_pinned(context.thread.about), app=command.app or context.thread.about.app)
    app = command.app or context.here
    lately = context.reads.history(app=app, environment=None, ref=None, limit=20, task=DEPLOY)
    last = list({one.sha: one for one in reversed(lately)}.values())[::-1][:OFFERED]
    found = [replace(command, app=one.app, ref=_pinned(one)) for one in last]
    buttons = [b for one in found for b in _deed(context, _with_target(context, one))]
    raise Refused(messages.which_one(buttons) if buttons else messages.nothing_spoken_of())


def _shipping_it(context: Context, command: c.Ship) -> Command:
    """The pull request of the thread's deployment, or the open one that its commit is in."""
    about = context.thread.about if context.thread else None
    target = target_at(context, about.app, about.environment) if about else None
    if about is None or target is None:
        raise Refused(shipment_messages.no_pull_request_here())
    number = about.pull_request
    if number is None:
        holding = context.forge.pull_requests_of(target.app.repository, about.sha)
        found = [one.number for one in holding if one.state == "open"]
        number = found[0] if len(found) == 1 else None
    if number is None:
        raise Refused(shipment_messages.no_pull_request_here())
    return replace(command, pull_request=number, app=about.app)


def _pinned(deployment: Deployment) -> str:
    """Its commit, with what people call it in front where that is a name to git as well."""
    name = deployment.ref
    plain = name.isascii() and not set(name) & set(" ~^:?*[\\#@") and not deployment.sha.startswith(name)
    return f"{name}@{deployment.sha}" if plain else deployment.sha


# --- where --------------------------------------------------------------------------------------------------------


def _placed(context: Context, command: Command) -> Command:
    """With the app and the environment of the thread, where the command has a place for them and names none."""
    environment = getattr(command, "environment", None)
    says_it = environment == IT and not _is_named_it(context, command)
    if context.thread is None:
        return _asked_where(context, command) if says_it else command
    if getattr(command, "deployment", None) is not None or getattr(command, "of", None) is not None:
        return command
    about = context.thread.about
    if isinstance(command, c.Promote):
        app = command.app or about.app
        return replace(command, app=app, source=command.source or (about.environment if app == about.app else None))
    named = _app(command)
    whole_app = named is not None and spec_of(command).read_only  # who looks at an app looks at all of it
    leaves_it = hasattr(command, "environment") and environment is None
    if says_it or (leaves_it and named in {None, about.app} and not whole_app):
        command = command.with_environment(about.environment)
    takes_app = hasattr(command, "app") and _app(command) is None and environment != "mine"
    return command.with_app(about.app) if takes_app else command


def _app(command: Command) -> str | None:
    name: str | None = getattr(command, "app", None)
    return name


def _is_named_it(context: Context, command: Command) -> bool:
    """Whether an environment is called so: it is one in Italy."""
    apps = context.settings.apps
    app = apps.get(_app(command) or context.here or "")
    return any(IT in one.environments for one in ([app] if app else apps.values()))


def _asked_where(context: Context, command: Command) -> Command:
    """Raises Refused with each environment that may be meant; who only looks is shown all of them."""
    if isinstance(command, c.Status | c.Queue | c.Diff | c.Logs | c.Why | c.Deploys):
        return cast("Command", replace(command, environment=None))
    places = _places(context, used=False, app=_app(command))
    if isinstance(command, _OF_A_LOCK):
        places = [at for at in places if context.reads.locks.of(at.app.name, at.environment.name)]
        if not places:
            raise Refused(messages.nothing_locked())
    buttons = [b for at in places[:OFFERED] for b in _deed(context, _at(command, at))]
    raise Refused(messages.which_one(buttons) if buttons else messages.nothing_spoken_of())


def _places(context: Context, *, used: bool, app: str | None = None) -> list[Target]:
    """The environments here; with ``used`` those only to which something was deployed, the last one first."""
    name = app or context.here
    apps = [one for one in context.settings.apps.values() if name in {None, one.name}]
    if not used:
        return [Target(one, there) for one in apps for there in one.environments.values()]
    lately = context.reads.history(app=name, environment=None, ref=None, limit=50, task=DEPLOY)
    found = [target_at(context, *place) for place in dict.fromkeys((one.app, one.environment) for one in lately)]
    return [one for one in found if one is not None][:OFFERED]


def _at(command: Command, target: Target) -> Command:
    placed = command.with_environment(target.environment.name)
    return placed.with_app(target.app.name) if hasattr(placed, "app") else placed


# --- deeds to press -----------------------------------------------------------------------------------------------


def asked_back(context: Context, command: Command) -> Refused:
    """The answer to a question whether to do something: the whole deed on a button."""
    whole = _with_target(context, completed(context, command))
    return Refused(messages.asked_back(whole, _deed(context, whole)))


def _with_target(context: Context, command: Command) -> Command:
    """With the app and the environment that are meant where none is named, if that can be told."""
    if not (isinstance(command, c.Deploy) or (isinstance(command, c.Rollback) and command.of is None)):
        return command
    try:
        return _at(command, resolve(context, command))
    except Refused:
        return command


def _deed(context: Context, command: Command) -> tuple[Button, ...]:
    """A button; what touches an environment that people outside use is confirmed."""
    target = _touched(context, command)
    if target is None or not target.environment.production:
        return messages.deed(command)
    return messages.deed(command, messages.confirmation(command, target.environment.name))


def _touched(context: Context, command: Command) -> Target | None:
    number = getattr(command, "deployment", None) or getattr(command, "of", None)
    named = context.reads.deployment(number) if number else None
    if named is not None:
        return target_at(context, named.app, named.environment)
    environment = getattr(command, "environment", None)
    app = _app(command) or context.here
    return target_at(context, app, environment) if app and environment else None


def what_to_deploy(context: Context, command: c.Deploy, default: str) -> Refused:
    """Nothing is named in the thread of a deployment of something else than ``default``: it is asked what is meant."""
    assert context.thread is not None
    about = context.thread.about
    choices = [replace(command, ref=_pinned(about)), replace(command, ref=about.ref), replace(command, ref=default)]
    buttons = [button for one in dict.fromkeys(choices) for button in _deed(context, one)]
    return Refused(messages.what_to_deploy(about, default, buttons))


def not_there_to_take_back(
    context: Context, taken: Deployment, current: Deployment | None, reason: str | None
) -> Message:
    """Why it cannot be taken back, with the rollback of what is there now as a button."""
    instead = c.Rollback(taken.app, taken.environment, reason=reason)
    return messages.not_rolled_back(taken, current, _deed(context, instead))


def newer_there(context: Context, old: Deployment) -> str:
    """A sentence where something else was deployed to the same place since, else nothing."""
    last = context.reads.last_success(old.app, old.environment)
    is_newer = last is not None and last.id > old.id and last.sha != old.sha
    return messages.newer_there(old, last) if is_newer and last is not None else ""
