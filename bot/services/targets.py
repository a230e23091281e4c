"""Which app, environment and commit a command means; Refused with near names where it means none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.context import Context
from bot.core import replies
from bot.core.errors import Refused, ShipmateError
from bot.core.grammar.commands import MINE, Command, Deploy
from bot.core.names import near
from bot.core.ports.forge_types import Commit, Meaning
from bot.core.rich_text import Message
from bot.services import authorization, commits
from bot.settings import AppSettings, EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is deployed."""

    app: AppSettings
    environment: EnvironmentSettings

    @property
    def place(self) -> tuple[str, str]:
        """The names of both, as rows have them."""
        return self.app.name, self.environment.name


def target_at(context: Context, app: str, environment: str) -> Target | None:
    """An environment of the settings by its full name, None where it is not there (any more)."""
    known = context.settings.apps.get(app)
    place = known.environments.get(environment) if known else None
    return Target(known, place) if known and place else None


class NamesApp(Protocol):
    """A command that may name an app."""

    @property
    def app(self) -> str | None: ...

    def with_app(self, name: str) -> Command: ...


class NamesEnvironment(NamesApp, Protocol):
    """A command that may name an app and one of its environments."""

    @property
    def environment(self) -> str | None: ...


def resolve(context: Context, command: NamesEnvironment) -> Target:
    """The app and the environment that the command means. Raises Refused, with the completed commands as buttons."""
    app = app_of(context, command)
    return Target(app, environment_of(app, command))


def app_of(context: Context, command: NamesApp) -> AppSettings:
    """The app that is named, else the channel's, else the only one. Raises Refused."""
    apps, name = context.settings.apps, command.app
    if name is not None:
        if name not in apps:
            choices = _choices(near(name, apps), command.with_app)
            raise Refused(replies.unknown_app(name, choices, list(apps)))
        return apps[name]
    if context.here is not None:
        return apps[context.here]
    if len(apps) == 1:
        return next(iter(apps.values()))
    raise Refused(replies.which_app(_choices(list(apps), command.with_app)))


def environment_of(app: AppSettings, command: NamesEnvironment) -> EnvironmentSettings:
    """The environment of the app that is named, else the app's default, else its only one. Raises Refused."""
    known, complete = list(app.environments), command.with_app(app.name).with_environment
    if command.environment is not None:
        return environment_called(app, command.environment, complete)
    if app.default_environment is not None:
        return app.environments[app.default_environment]
    if len(known) == 1:
        return app.environments[known[0]]
    raise Refused(replies.which_environment(app.name, _choices(known, complete)))


def environment_called(app: AppSettings, name: str, complete: Callable[[str], Command]) -> EnvironmentSettings:
    """The environment of this name. Raises Refused where there is none, with the command completed with near names."""
    if name in app.environments:
        return app.environments[name]
    known = list(app.environments)
    raise Refused(replies.unknown_environment(app.name, name, _choices(near(name, known), complete), known))


def apps_looked_at(context: Context, command: NamesApp) -> list[AppSettings]:
    """The app that is named, else the channel's, else all: for commands that only look. Raises Refused."""
    if command.app is not None or context.here is not None:
        return [app_of(context, command)]
    return list(context.settings.apps.values())


def looked_at(context: Context, command: NamesEnvironment) -> list[Target]:
    """Every environment of those apps, or of those only that have the name. Raises Refused where none has it."""
    apps, name = apps_looked_at(context, command), command.environment
    found = [Target(app, one) for app in apps for one in app.environments.values() if name in {None, one.name}]
    return found or [Target(apps[0], environment_of(apps[0], command))]


def commit_of(context: Context, target: Target, command: Deploy) -> Commit:
    """The commit behind the ref: as named, else the environment's, else the app's, else the default branch.

    Raises Refused where there is none, and where a person's word may mean several: who names a branch like the
    beginning of a commit's id must not be able to have it deployed in its place. What may be meant is told to those
    who may read the repository.
    """
    repository = target.app.repository
    if command.ref == MINE:
        command = command.with_ref(commits.own_branch(context, repository, command))
    pin = commits.split_pin(command.ref) if command.ref is not None else None
    if command.ref is not None and (known := commits.of_thread(context, repository, pin[1] if pin else command.ref)):
        return known
    if pin is not None:
        return _pinned(context, repository, command, *pin)
    if command.ref is not None:
        found = {one.commit.sha: one for one in reversed(context.forge.meanings(repository, command.ref))}
        if len(found) > 1:
            raise Refused(_ambiguous(context, repository, command, list(reversed(found.values()))))
        if found:
            return next(iter(found.values())).commit
    wanted = command.ref or target.environment.ref or target.app.default_ref
    if wanted is None:
        wanted = context.forge.repository(repository).default_branch
    commit = None if command.ref is not None else context.forge.resolve(repository, wanted)
    if commit is None:
        choices = _choices(_near_refs(context, repository, wanted), _completed(context, command))
        raise Refused(replies.unknown_ref(repository, wanted, choices))
    return commit


def _pinned(context: Context, repository: str, command: Deploy, branch: str, digits: str) -> Commit:
    """The commit of ``branch@digits``, where there is one of that branch. Raises Refused."""
    found = commits.begun_with(context, repository, digits)
    if len(found) > 1:
        raise Refused(_ambiguous(context, repository, command.with_ref(digits), found))
    if not found:
        choices = _choices(_near_refs(context, repository, branch), _completed(context, command))
        raise Refused(replies.unknown_ref(repository, command.ref or digits, choices))
    return commits.on_branch(context, repository, branch, found[0], command)


def _ambiguous(context: Context, repository: str, command: Deploy, meanings: Sequence[Meaning]) -> Message:
    shown = meanings if authorization.may_read(context, repository) else ()
    complete = _completed(context, command)
    return replies.ambiguous_ref(command.ref or "", [(one, complete(one.exact)) for one in shown])


def _completed(context: Context, command: Deploy) -> Callable[[str], Command]:
    """How the command goes on with another ref. What was scheduled is answered where others may press: unforced."""
    if context.via == "schedule":
        command = replace(command, force=False, force_reason=None)
    return command.with_ref


def _choices(names: list[str], complete: Callable[[str], Command]) -> list[tuple[str, Command]]:
    """Each name, and the command completed with it."""
    return [(name, complete(name)) for name in names]


def _near_refs(context: Context, repository: str, ref: str) -> list[str]:
    """Nothing for those who may not read the repository, and nothing where that cannot be told: names are secrets."""
    if ref.startswith("#"):
        return []
    try:
        return near(ref, context.forge.refs(repository)) if authorization.may_read(context, repository) else []
    except ShipmateError:
        return []


def apps_at(context: Context, repository: str) -> tuple[str, ...]:
    """The names of the apps whose code is in the repository."""
    return tuple(app.name for app in context.settings.apps_of_repository(repository))


def target_named(context: Context, repository: str, environment: str) -> Target | None:
    """The first app of the repository that has the environment, by its name or an alias; GitHub ignores case."""
    return next(iter(targets_named(context, repository, environment)), None)


def targets_named(context: Context, repository: str, environment: str) -> list[Target]:
    """Each app of the repository with its environment of that name or alias."""
    wanted = environment.lower()
    return [
        Target(app, known)
        for app in context.settings.apps_of_repository(repository)
        for known in app.environments.values()
        if wanted in {known.name.lower(), *(alias.lower() for alias in known.aliases)}
    ]
