"""The names a command may use: apps, their environments and what else people call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

_MEANINGS = (
    frozenset({"production", "prod", "prd", "live"}),
    frozenset({"staging", "stage", "stg"}),
    frozenset({"development", "develop", "devel", "dev"}),
    frozenset({"test", "testing", "tst"}),
    frozenset({"qa", "quality"}),
    frozenset({"uat", "acceptance"}),
)
_SENTENCE_END = "?!.,;:"


@dataclass(frozen=True, slots=True)
class AppVocabulary:
    """One app's environments by their names in the settings, and ``aliases`` from other words to those names.

    ``repository`` is ``owner/name`` of its code, empty where that is not told. ``previews`` are those of which each
    pull request has its own, as ``preview-12``.
    """

    environments: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    repository: str = ""
    previews: tuple[str, ...] = ()

    def environment(self, word: str) -> str | None:
        """The environment that ``word`` means: its name, an alias of the settings, or a built-in one; any case."""
        wanted = word.lower().rstrip(_SENTENCE_END)
        names = {name.lower(): name for name in self.environments}
        if wanted in names:
            return names[wanted]
        template, _, number = wanted.rpartition("-")
        for preview in self.previews:
            if preview.lower() == wanted:
                return preview
            if preview.lower() == template and number.isdecimal() and not number.startswith("0"):
                return f"{preview}-{number}"
        for alias, name in self.aliases.items():
            if alias.lower() == wanted:
                return name
        alike = {names[one] for group in _MEANINGS if wanted in group for one in group if one in names}
        return alike.pop() if len(alike) == 1 else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The whole vocabulary in one place of the chat. ``here`` is the channel's app, None if it has several or none.

    ``in_thread`` is true in the thread of a deployment, where a command needs to name nothing. ``web_host`` is where
    people look at GitHub's pages.
    """

    apps: Mapping[str, AppVocabulary]
    here: str | None = None
    in_thread: bool = False
    web_host: str = "github.com"

    @property
    def home(self) -> str | None:
        """The app that a command means when it names none: the channel's, else the only one."""
        if self.here in self.apps:
            return self.here
        return next(iter(self.apps)) if len(self.apps) == 1 else None

    @property
    def environments(self) -> list[str]:
        """The names of all apps' environments."""
        return [name for scope in self.apps.values() for name in scope.environments]

    @property
    def names(self) -> frozenset[str]:
        """Every name of an app or an environment, in lower case."""
        own = (name for app, scope in self.apps.items() for name in (app, *scope.environments, *scope.aliases))
        return frozenset(name.lower() for name in own)

    def apps_of(self, repository: str) -> list[str]:
        """The apps whose code is in ``owner/name``, or at its address; the channel's own alone where it is one of them.

        GitHub ignores case.
        """
        address = rf"(?:(?:https?://)?(?:www\.)?{re.escape(self.web_host)}/)?([\w.-]+/[\w.-]+?)(?:\.git)?/?"
        found = re.fullmatch(address, repository, re.IGNORECASE)
        wanted = found[1].lower() if found else None
        apps = [name for name, scope in self.apps.items() if scope.repository.lower() == wanted]
        return [self.home] if self.home in apps else apps

    def app(self, word: str) -> str | None:
        """The app called ``word`` in any case, by its name in the settings or by a repository that is its alone."""
        if word in self.apps:
            return word
        wanted = word.lower().rstrip(_SENTENCE_END)
        named = [name for name in self.apps if name.lower() == wanted] or self.apps_of(wanted)
        return named[0] if len(named) == 1 else None

    def environment(self, word: str, app: str | None = None) -> str | None:
        """What ``word`` means in ``app``, else in the home app, else in all apps where they agree; None if nothing."""
        scope = self.apps.get(app or self.home or "")
        if scope is not None:
            return scope.environment(word)
        exact = {name for one in self.apps.values() for name in one.environments if name.lower() == word.lower()}
        meant = exact or {one.environment(word) for one in self.apps.values()} - {None}
        return meant.pop() if len(meant) == 1 else None

    def with_places(self, places: Iterable[tuple[str, str]]) -> Vocabulary:
        """The same with more apps and environments."""
        apps = dict(self.apps)
        for app, environment in places:
            known = apps.get(app, AppVocabulary())
            if environment not in known.environments:
                apps[app] = replace(known, environments=(*known.environments, environment))
        return replace(self, apps=apps, here=self.home)

    def named_app(self) -> str:
        """An app for examples."""
        return self.home or next(iter(self.apps), "web")

    def named_environment(self) -> str:
        """An environment for examples: one that means production, where there is one."""
        names = self.apps[self.named_app()].environments if self.apps else ()
        return self.environment("production", self.named_app()) or next(iter(names), "production")
