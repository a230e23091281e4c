"""Which app, environment and commit a command means; Refused with near names where it means none."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from bot.context import Context
from bot.core import replies
from bot.core.errors import NotThere, Refused
from bot.core.ports.forge_types import Commit
from bot.settings import AppSettings, EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Target:
    app: AppSettings
    environment: EnvironmentSettings


def target_at(context: Context, app: str, environment: str) -> Target | None:
    """An environment of the settings by its full name, None where it is not there (any more)."""
    known = context.settings.apps.get(app)
    place = known.environments.get(environment) if known else None
    return Target(known, place) if known and place else None


def nearest(word: str, known: list[str]) -> list[str]:
    """At most three names that look like ``word``, the nearest first."""
    folded = {name.lower(): name for name in known}
    return [folded[name] for name in get_close_matches(word.lower(), list(folded), n=3, cutoff=0.55)]


def app_meant(context: Context, name: str | None, *, complete: str) -> AppSettings:
    """The app that is named, else the channel's, else the only one.

    ``complete`` is the command for the buttons, with ``{app}`` where the app goes.
    """
    apps = context.settings.apps
    if name is not None:
        if name not in apps:
            raise Refused(replies.unknown_app(name, _choices(complete, "app", nearest(name, list(apps))), list(apps)))
        return apps[name]
    if context.here is not None:
        return apps[context.here]
    if len(apps) == 1:
        return next(iter(apps.values()))
    raise Refused(replies.which_app(_choices(complete, "app", list(apps))))


def environment_meant(app: AppSettings, name: str | None, *, complete: str) -> EnvironmentSettings:
    """The environment that is named, else the app's default, else its only one.

    ``complete`` is the command for the buttons, with ``{environment}`` where the environment goes.
    """
    known = list(app.environments)
    if name is None:
        if app.default_environment is not None:
            return app.environments[app.default_environment]
        if len(known) == 1:
            return app.environments[known[0]]
        raise Refused(replies.which_environment(app.name, _choices(complete, "environment", known)))
    if name in app.environments:
        return app.environments[name]
    near = _choices(complete, "environment", nearest(name, known))
    raise Refused(replies.unknown_environment(app.name, name, near, known))


def commit_meant(context: Context, target: Target, ref: str | None, *, complete: str) -> Commit:
    """The commit behind the ref: as named, else the environment's, else the app's, else the default branch.

    ``complete`` is the command for the buttons, with ``{ref}`` where the ref goes.
    """
    repository = target.app.repository
    wanted = ref or target.environment.ref or target.app.default_ref
    if wanted is None:
        wanted = context.forge.repository(repository).default_branch
    commit = context.forge.resolve(repository, wanted)
    if commit is None:
        near = _choices(complete, "ref", _near_refs(context, repository, wanted))
        raise Refused(replies.unknown_ref(repository, wanted, near))
    return commit


def _choices(complete: str, place: str, names: list[str]) -> list[tuple[str, str]]:
    return [(name, complete.replace(f"{{{place}}}", name)) for name in names]


def _near_refs(context: Context, repository: str, ref: str) -> list[str]:
    if ref.startswith("#"):
        return []
    try:
        return nearest(ref, list(context.forge.refs(repository)))
    except NotThere:
        return []


def target_named(context: Context, repository: str, environment: str) -> Target | None:
    """The first app of the repository that has the environment, by its name or an alias; GitHub ignores case."""
    wanted = environment.lower()
    for app in context.settings.apps.values():
        if app.repository.lower() != repository.lower():
            continue
        for known in app.environments.values():
            if wanted in {known.name.lower(), *(alias.lower() for alias in known.aliases)}:
                return Target(app, known)
    return None
