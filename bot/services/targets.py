"""Which app, environment and commit a command means; Refused with near names where it means none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.context import Context
from bot.core import replies
from bot.core.errors import Refused, ShipmateError
from bot.core.grammar.commands import MINE, Command, Deploy
from bot.core.grammar.offers import deed
from bot.core.grammar.registry import spec_of
from bot.core.names import mistyped
from bot.core.ports.forge_types import Commit, Meaning
from bot.core.previews import messages as preview_messages
from bot.core.previews import model as previews
from bot.core.refs import HEADS, TAGS
from bot.core.rich_text import Message
from bot.services import authorization, commits
from bot.settings import AppSettings, EnvironmentSettings

PULL_REQUEST = re.compile(r"#([1-9][0-9]{0,9})")
EXAMPLE = 12
MOST_OFFERED = 5
"""So many previews are offered where one has to be named, the newest ones."""
"""A number for examples."""


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
    place = known.environment(environment) if known else None
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
    return Target(app, environment_of(context, app, command))


def app_of(context: Context, command: NamesApp) -> AppSettings:
    """The app that is named, else the channel's, else the only one. Raises Refused."""
    apps, name = context.settings.apps, command.app
    if name is not None:
        if name not in apps:
            meant = _named(context, mistyped(name, apps), command.with_app)
            raise Refused(replies.unknown_app(name, meant, list(apps)))
        return apps[name]
    if context.here is not None:
        return apps[context.here]
    if len(apps) == 1:
        return next(iter(apps.values()))
    raise Refused(replies.which_app(_named(context, list(apps), command.with_app)))


def environment_of(context: Context, app: AppSettings, command: NamesEnvironment) -> EnvironmentSettings:
    """The environment of the app that is named, else the app's default, else its only one. Raises Refused."""
    known, complete = list(app.environments), command.with_app(app.name).with_environment
    if command.environment is not None:
        return environment_called(context, app, _own_preview(app, command) or command.environment, complete)
    if app.default_environment is not None:
        return app.environments[app.default_environment]
    if len(known) == 1:
        return app.environments[known[0]]
    raise Refused(replies.which_environment(app.name, _named(context, known, complete)))


def _own_preview(app: AppSettings, command: NamesEnvironment) -> str | None:
    """What ``deploy #12 to preview`` means: that of the pull request."""
    number = PULL_REQUEST.fullmatch(getattr(command, "ref", None) or "")
    if number is None or command.environment not in app.previews:
        return None
    return previews.name_of(command.environment, int(number[1]))


def environment_called(
    context: Context, app: AppSettings, name: str, complete: Callable[[str], Command]
) -> EnvironmentSettings:
    """The environment of this name. Raises Refused where there is none, with the command completed with near names."""
    if (found := app.environment(name)) is not None:
        return found
    if name in app.previews:
        raise Refused(_which_preview(context, app.name, name, complete))
    known = list(app.environments)
    meant = _named(context, mistyped(name, known), complete)
    raise Refused(replies.unknown_environment(app.name, name, meant, known))


def _which_preview(context: Context, app: str, template: str, complete: Callable[[str], Command]) -> Message:
    """What is deployed by its name goes where its pull request goes: to the others nothing else is offered."""
    example = complete(previews.name_of(template, EXAMPLE))
    used = [] if isinstance(example, Deploy) else previews.all_of(context.reads, app, template)
    newest = sorted((one.number for one in used if one.in_use), reverse=True)[:MOST_OFFERED]
    there = [complete(previews.name_of(template, number)) for number in newest]
    return preview_messages.which(app, template, example, there)


def demand_environment(context: Context, target: Target, command: Deploy) -> None:
    """Whether a word in the place of a ref is the environment alone. Raises Refused where a branch is called the same.

    What branches there are is told to those who may read the repository; to all others it is the environment.
    """
    word, repository = command.may_be_ref, target.app.repository
    if word is None or not authorization.may_read(context, repository):
        return
    found = [one for one in context.forge.meanings(repository, word) if one.exact.startswith((HEADS, TAGS))]
    if not found:
        return
    there = command.with_app(target.app.name).with_environment(target.environment.name)
    elsewhere = replace(there, environment=target.app.default_environment)
    deeds = [there, *(elsewhere.with_ref(one.exact) for one in found)]
    names = [target.environment.name, *(f"the {replies.named(one)}" for one in found)]
    raise Refused(replies.environment_or_ref(word, target.environment.name, choices(context, deeds, names)))


def apps_looked_at(context: Context, command: NamesApp) -> list[AppSettings]:
    """The app that is named, else the channel's, else all: for commands that only look. Raises Refused."""
    if command.app is not None or context.here is not None:
        return [app_of(context, command)]
    return list(context.settings.apps.values())


def looked_at(context: Context, command: NamesEnvironment) -> list[Target]:
    """Every environment of those apps, or of those only that have the name. Raises Refused where none has it."""
    apps, name = apps_looked_at(context, command), command.environment
    found = [Target(app, one) for app in apps for one in app.environments.values() if name in {None, one.name}]
    return found or [Target(apps[0], environment_of(context, apps[0], command))]


def commit_of(context: Context, target: Target, command: Deploy) -> Commit:
    """The commit behind the ref: as named, else the environment's, else the app's, else the default branch.

    Raises Refused where there is none, and where a person's word may mean several: who names a branch like the
    beginning of a commit's id must not be able to have it deployed in its place. What may be meant is told to those
    who may read the repository.
    """
    repository = target.app.repository
    if command.ref == MINE:
        command = command.with_ref(commits.own_branch(context, repository))
    pin = commits.split_pin(command.ref) if command.ref is not None else None
    if command.ref is not None and (known := commits.of_thread(context, repository, pin[1] if pin else command.ref)):
        return known
    if pin is not None:
        return _pinned(context, target, command, *pin)
    if command.ref is not None:
        found = {one.commit.sha: one for one in reversed(context.forge.meanings(repository, command.ref))}
        if len(found) > 1:
            raise Refused(_ambiguous(context, target, command, list(reversed(found.values()))))
        if found:
            return next(iter(found.values())).commit
    wanted = command.ref or target.environment.ref or target.app.default_ref
    if wanted is None:
        wanted = context.forge.repository(repository).default_branch
    commit = None if command.ref is not None else context.forge.resolve(repository, wanted)
    if commit is None:
        meant = _named(context, _near_refs(context, repository, wanted), _completed(context, target, command))
        raise Refused(replies.unknown_ref(repository, wanted, meant))
    return commit


def _ambiguous(context: Context, target: Target, command: Deploy, meanings: Sequence[Meaning]) -> Message:
    shown = meanings if authorization.may_read(context, target.app.repository) else ()
    complete = _completed(context, target, command)
    deeds = choices(context, [complete(one.exact) for one in shown])
    return replies.ambiguous_ref(command.ref or "", list(zip(shown, deeds, strict=True)))


def _pinned(context: Context, target: Target, command: Deploy, branch: str, digits: str) -> Commit:
    """The commit of ``branch@digits``, where there is one of that branch. Raises Refused."""
    repository = target.app.repository
    found = commits.begun_with(context, repository, digits)
    if len(found) > 1:
        raise Refused(_ambiguous(context, target, command.with_ref(digits), found))
    if not found:
        meant = _named(context, _near_refs(context, repository, branch), _completed(context, target, command))
        raise Refused(replies.unknown_ref(repository, command.ref or digits, meant))
    commit = commits.on_branch(context, repository, branch, found[0].commit)
    if commit is None:
        either = [_completed(context, target, command)(ref) for ref in (found[0].commit.sha, branch)]
        raise Refused(replies.not_on_branch(branch, found[0].commit, choices(context, either)))
    return commit


def _completed(context: Context, target: Target, command: Deploy) -> Callable[[str], Command]:
    """How the command goes on with another ref, to the same place.

    What was scheduled is answered where others may press: unforced.
    """
    if context.via == "schedule":
        command = replace(command, force=False, force_reason=None)
    return command.with_app(target.app.name).with_environment(target.environment.name).with_ref


def own_words(context: Context, commands: Sequence[Command]) -> list[replies.Choice]:
    """Commands as a person has said them: no app and no environment stands on them that was not among the words."""
    return [replies.Choice(deed(one), one, _question(context, _whole(context, one))) for one in commands]


def choices(context: Context, commands: Sequence[Command], names: Sequence[str] = ()) -> list[replies.Choice]:
    """Commands to choose from, by their ``names`` where they have such, whole: a press says where it goes to."""
    whole = [_whole(context, command) for command in commands]
    called = names or [deed(command) for command in whole]
    return [
        replies.Choice(name, command, _question(context, command)) for name, command in zip(called, whole, strict=True)
    ]


def _named(context: Context, names: Sequence[str], complete: Callable[[str], Command]) -> list[replies.Choice]:
    """Each name, and the command completed with it."""
    return choices(context, [complete(name) for name in names], names)


def _whole(context: Context, command: Command) -> Command:
    """A deployment with the app and the environment that it means, as far as that is no question."""
    if not isinstance(command, Deploy):
        return command
    target = _meant(context, command)
    return command.with_app(target.app.name).with_environment(target.environment.name) if target else command


def _question(context: Context, command: Command) -> str | None:
    """What is asked before anything is done to an environment that people outside use."""
    target = None if spec_of(command).read_only else _meant(context, command)
    return f"{deed(command)}?" if target and target.environment.production else None


def _meant(context: Context, command: Command) -> Target | None:
    """Where the command would go, None where that has to be asked."""
    apps = context.settings.apps
    name = getattr(command, "app", None) or context.here or (next(iter(apps)) if len(apps) == 1 else None)
    app = apps.get(name or "")
    if app is None or not hasattr(command, "environment"):
        return None
    known = list(app.environments)
    environment = command.environment or app.default_environment or (known[0] if len(known) == 1 else None)
    place = app.environment(environment or "")
    return Target(app, place) if place else None


def _near_refs(context: Context, repository: str, ref: str) -> list[str]:
    """Nothing for those who may not read the repository, and nothing where that cannot be told: names are secrets."""
    if ref.startswith("#"):
        return []
    try:
        return mistyped(ref, context.forge.refs(repository)) if authorization.may_read(context, repository) else []
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
        for known in (*app.environments.values(), *_preview_named(app, wanted))
        if wanted in {known.name.lower(), *(alias.lower() for alias in known.aliases)}
    ]


def _preview_named(app: AppSettings, wanted: str) -> list[EnvironmentSettings]:
    found = previews.split(wanted)
    templates = [one for name, one in app.previews.items() if found and name.lower() == found[0]]
    return [one.of_pull_request(found[1]) for one in templates if found]
