"""What programs ask for as a command, checked as the grammar checks what people type. Raises Misshapen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.api.model import ApiToken
from bot.core.api.problems import Problem
from bot.core.grammar.arguments import as_ref
from bot.core.grammar.commands import DeclareFreeze, Deploy, TakeLock, Unfreeze, Unlock
from bot.core.grammar.tokens import Misread
from bot.core.names import listed, nearest
from bot.http.api.bodies import DeploymentAsked, FreezeAsked, LockAsked, Misshapen
from bot.settings import AppSettings, Settings

ALL = "all"
_TASK = re.compile(r"deploy(?::(?P<name>[\w.:-]*[\w.-]))?", re.ASCII)
_KEY = re.compile(r"[A-Za-z_][\w.-]{0,99}", re.ASCII)
_LONGEST_VALUE = 1_000
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Scope:
    """The apps of the settings, as far as a token reaches."""

    settings: Settings
    token: ApiToken

    @property
    def apps(self) -> dict[str, AppSettings]:
        return {name: app for name, app in self.settings.apps.items() if self.token.reaches(name)}

    def app(self, name: str | None) -> AppSettings:
        """The one that is named, else the only one. Raises Misshapen."""
        apps = self.apps
        if name is None:
            if len(apps) == 1:
                return next(iter(apps.values()))
            raise _invalid(f"“app” is needed: there are {listed(apps, 'and')}." if apps else _NO_APP)
        if name in apps:
            return apps[name]
        self.demand_reach(name)
        raise _invalid(f"There is no app “{name}”; {_meant(name, apps)}")

    def demand_reach(self, app: str) -> None:
        """Raises Misshapen where the token is for others."""
        if not self.token.reaches(app):
            reached = listed(self.token.apps, "and")
            detail = f"The token {self.token.name} is for {reached} only; make one for {app}, or for all apps."
            raise Misshapen(Problem(403, "out-of-scope", detail))

    def environment(self, app: AppSettings, word: str) -> str:
        """Its name, by any name that it has. Raises Misshapen."""
        name, hosts = self.place(app, word)
        if hosts is None:
            return name
        raise _invalid(f"{app.name} has no environment “{word}”; did you mean “{name}”, which is all of its hosts?")

    def place(self, app: AppSettings, word: str) -> tuple[str, str | None]:
        """The environment, and the hosts behind its slash. Raises Misshapen."""
        words, parts = self.settings.vocabulary(app.name), word.rstrip("/").split("/")
        for length in range(len(parts), 0, -1):
            name = words.environment("/".join(parts[:length]), app.name)
            if name is not None and app.environment(name) is not None:
                return name, "/".join(parts[length:]) or None
        raise _invalid(f"{app.name} has no environment “{word}”; {_meant(word, app.environments)}")


_NO_APP = "The settings name none of the token's apps any more."


def deploy(asked: DeploymentAsked, scope: Scope) -> Deploy:
    app = scope.app(asked.app)
    environment, hosts = scope.place(app, asked.environment) if asked.environment else (None, None)
    if asked.ref is not None and not _is_ref(asked.ref):
        raise _invalid("“ref” must be one word: a branch, a tag, a commit, or `#12` for a pull request.")
    if hosts is not None and not _is_word(hosts):
        raise _invalid("“environment” must be one word, and so must the hosts behind its slash.")
    if asked.force_reason is not None and not asked.force:
        raise _invalid("“force_reason” belongs to “force”: set that to true, or leave the reason out.")
    for key, value in asked.params.items():
        if not _KEY.fullmatch(key):
            raise _invalid(f"The parameter “{key[:100]}” must be a letter, and then letters, digits, “.”, “_” or “-”.")
        if len(value) > _LONGEST_VALUE or not _is_line(value):
            raise _invalid(f"The value of “{key}” must be one line of {_LONGEST_VALUE} characters at most.")
    return Deploy(
        app=app.name,
        ref=asked.ref,
        environment=environment,
        hosts=hosts,
        task=_task(asked.task, app),
        force=asked.force,
        force_reason=_line("force_reason", asked.force_reason),
        params=tuple(asked.params.items()),
        when_green=asked.when_green,
    )


def take_lock(asked: LockAsked, app: str, environment: str, scope: Scope) -> TakeLock:
    known = scope.app(app)
    name = scope.environment(known, environment)
    return TakeLock(name, known.name, duration=_line("for", asked.for_), reason=_line("reason", asked.reason))


def unlock(app: str, environment: str, scope: Scope) -> Unlock:
    """Also where the settings have lost the place: what is left there can be ended."""
    scope.demand_reach(app)
    known = scope.apps.get(app)
    word = _name("environment", environment.rstrip("/"))
    name = scope.settings.vocabulary(app).environment(word, app) if known else None
    return Unlock(name or word, app)


def freeze(asked: FreezeAsked, scope: Scope) -> tuple[DeclareFreeze, str | None]:
    """With the app that is meant, None for every one."""
    here = frozen_app(asked.app, scope)
    environment = _frozen_environment(asked.environment, here, scope)
    reason = _line("reason", asked.reason) or ""
    return DeclareFreeze(environment, until=_line("until", asked.until), reason=reason), here


def unfreeze(environment: str | None, app: str | None, scope: Scope) -> tuple[Unfreeze, str | None]:
    here = frozen_app(app, scope)
    return Unfreeze(_frozen_environment(environment, here, scope) if environment is not None else None), here


def frozen_app(app: str | None, scope: Scope) -> str | None:
    """The app that is meant; None for every one, which a token for some may not name."""
    if app is None and not scope.token.apps:
        return None
    return scope.app(app).name


def _frozen_environment(word: str, app: str | None, scope: Scope) -> str:
    if word.lower() == ALL:
        return ALL
    if app is not None:
        return scope.environment(scope.apps[app], word)
    return scope.settings.vocabulary(None).environment(word) or _name("environment", word)


def _task(word: str, app: AppSettings) -> str:
    found = _TASK.fullmatch(word)
    if found is None and word in app.tasks:
        return f"deploy:{word}"
    if found is None:
        raise _invalid(f"“task” must be “deploy”, or “deploy:” and a name, such as “deploy:migrate”; it is “{word}”.")
    name = found["name"]
    if name and app.tasks and name not in app.tasks:
        raise _invalid(f"{app.name} has no task “{name}”; {_meant(name, app.tasks)}")
    return word


def _meant(word: str, known: object) -> str:
    names = [str(one) for one in known]  # type: ignore[attr-defined]
    near = nearest(word, names)
    return f"did you mean “{near}”?" if near else f"there are {listed(names, 'and')}."


def _is_line(text: str) -> bool:
    return all(one.isprintable() for one in text)


def _is_ref(text: str) -> bool:
    try:
        return _is_word(as_ref(text))
    except Misread:
        return False


def _is_word(text: str) -> bool:
    return _is_line(text) and not any(one.isspace() for one in text)


def _name(name: str, word: str) -> str:
    """A name that the settings may have lost, and so may be any."""
    if not (0 < len(word) <= _LONGEST_NAME and _is_word(word)):
        raise _invalid(f"“{name}” must be one word of {_LONGEST_NAME} characters at most.")
    return word


def _line(name: str, text: str | None) -> str | None:
    if text is not None and not (_is_line(text) and text.strip()):
        raise _invalid(f"“{name}” must be one line of text.")
    return text.strip() if text is not None else None


def _invalid(detail: str) -> Misshapen:
    return Misshapen(Problem(422, "not-valid", detail))
