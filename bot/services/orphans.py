"""Finds what is left in places that the settings no longer name, and what a command means that names one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from bot.context import Context
from bot.core.deployments.model import Deployment
from bot.core.errors import Refused
from bot.core.freezes.model import Freeze
from bot.core.grammar import commands as c
from bot.core.grammar.parser import NotUnderstood
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.locks.model import Lock
from bot.core.orphans import messages, model
from bot.core.orphans.model import Orphan
from bot.services.targets import NamesEnvironment, Target, looked_at, resolve

Read: TypeAlias = Callable[[Vocabulary], c.Command | NotUnderstood]
"""Reads what was said once more, with other words known."""
Place: TypeAlias = tuple[str | None, str | None]

OF_LOCKS = (c.Unlock, c.KeepLock, c.AskToRelease, c.NotifyMe)
LOOKING = (c.Status, c.Queue, c.Deploys, c.ShowSchedule)


def orphans(context: Context) -> list[Orphan]:
    return model.orphans(context.reads, context.settings.places, context.now)


def orphaned(context: Context, repository: str) -> list[Deployment]:
    """The deployments of the repository that have not ended and whose place is gone."""
    places = context.settings.places
    return [one for one in context.reads.unended(repository) if not model.is_named(places, one.app, one.environment)]


def repository_of(context: Context, app: str) -> str | None:
    """Where the code of the app is, or was; None where that was never known."""
    known = context.settings.apps.get(app)
    if known is not None:
        return known.repository
    last = context.reads.history(app=app, environment=None, ref=None, limit=1)
    return last[0].repository if last else None


# --- what a command means -----------------------------------------------------------------------------------------


def reread(
    context: Context, command: c.Command | NotUnderstood, words: Vocabulary, read: Read
) -> c.Command | NotUnderstood:
    """The command as it is meant where it names a place of which only this is left, else as it is.

    The name of such a place means it to the letter where it can be ended or looked at, although it may be another word
    for an environment that there is; to all other commands it means nothing.
    """
    makes = command.nearest.makes if isinstance(command, NotUnderstood) and command.nearest else type(command)
    left = _reached_by(context, makes)
    if not left:
        return command
    again = read(words.with_places(one.place for one in left))
    if isinstance(again, NotUnderstood) or not isinstance(again, makes):
        return command
    if issubclass(makes, LOOKING) and _is_fine(context, command, again):
        return command
    return _completed(again, _named(again), words, left) or command


def _reached_by(context: Context, makes: type) -> Sequence[Orphan]:
    if not issubclass(makes, (*OF_LOCKS, *LOOKING, c.Unfreeze)):
        return ()
    found = orphans(context)
    if issubclass(makes, LOOKING):
        return found
    kind = Freeze if issubclass(makes, c.Unfreeze) else Lock
    return [one for one in found if isinstance(one.thing, kind)]


def _named(command: c.Command) -> Place:
    return getattr(command, "app", None), getattr(command, "environment", None)


def _is_fine(context: Context, command: c.Command | NotUnderstood, again: c.Command) -> bool:
    """Whether it means something that there is."""
    if isinstance(command, NotUnderstood) or _named(again)[0] not in {None, *context.settings.apps}:
        return False
    app, environment = _named(command)
    if environment is None and _named(again)[1] is not None:
        return False
    known = context.settings.places
    names = known.get(app, ()) if app else [name for environments in known.values() for name in environments]
    return environment is None or environment in names


def _completed(again: c.Command, named: Place, words: Vocabulary, left: Sequence[Orphan]) -> c.Command | None:
    """With the app that is meant; None where it names nothing that is left."""
    app, environment = named
    here = app or words.home
    if environment is None:
        return again if app in {one.app for one in left} else None
    found = {one.place for one in left if one.environment == environment}
    if isinstance(again, c.Unfreeze):
        return again if found else None
    if here is not None and (here, environment) in found:
        return again.with_app(here)
    if app is None and len(found) == 1 and words.environment(environment) is None:
        return again.with_app(next(iter(found))[0])
    return None


def place_of(context: Context, command: NamesEnvironment) -> tuple[str, str]:
    """Where the command means: in the settings, or where a lock is left. Raises Refused."""
    left = {one.place for one in orphans(context) if isinstance(one.thing, Lock)}
    app, environment = command.app or context.here, command.environment
    if app is not None and environment is not None and (app, environment) in left:
        return app, environment
    return demand_target(context, command).place


def demand_target(context: Context, command: NamesEnvironment) -> Target:
    """As ``resolve``; where it names a place of which something is left, Refused tells of that too."""
    try:
        return resolve(context, command)
    except Refused as refused:
        left = [one for one in orphans(context) if command.environment == one.environment]
        left = [one for one in left if command.app in {None, one.app}]
        if not left:
            raise
        raise Refused(messages.with_left(refused.message, left)) from None


# --- where somebody looks -------------------------------------------------------------------------------------------


def all_looked_at(context: Context, command: NamesEnvironment) -> tuple[list[Target], list[Orphan]]:
    """Every environment that is meant, and what is left of those that are gone. Raises Refused where none is either."""
    app = command.app or context.here
    left = [
        one for one in orphans(context) if app in {None, one.app} and command.environment in {None, one.environment}
    ]
    try:
        return looked_at(context, command), left
    except Refused:
        if not left:
            raise
        return [], left


def places_of(left: Collection[Orphan]) -> list[tuple[str, str]]:
    """Each place once."""
    return list(dict.fromkeys(one.place for one in left))
