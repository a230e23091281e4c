"""Which app, environment and commit a command means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bot.core.errors import NotAllowed, NotThere, Refused, Unavailable
from bot.core.grammar.commands import Deploy, Status
from bot.core.ports.chat import Person
from bot.core.ports.forge_types import Commit, Meaning, Repository
from bot.core.threads.model import Thread
from bot.services.targets import Target, app_of, commit_of, environment_of, looked_at
from bot.settings import Settings, read

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
default_environment = "production"

[apps.web.environments.staging]
ref = "next"
[apps.web.environments.production]

[apps.api]
repository = "acme/api"
default_ref = "stable"

[apps.api.environments.staging]
[apps.api.environments.production]

[apps.docs]
repository = "acme/docs"

[apps.docs.environments.live]
"""


@dataclass
class Shelf:
    """A forge with nothing but refs."""

    known: dict[str, str] = field(default_factory=lambda: dict.fromkeys(("trunk", "next", "stable", "topic"), "f" * 40))
    blind: bool = False

    def repository(self, repository: str) -> Repository:
        return Repository(repository, "trunk", "")

    keeps_permissions: bool = True
    level: str | Exception = "read"

    @property
    def users(self) -> Shelf:
        return self

    def permission(self, repository: str, login: str) -> str:
        if isinstance(self.level, Exception):
            raise self.level
        return self.level

    def resolve(self, repository: str, ref: str) -> Commit | None:
        return Commit(self.known[ref], ref, "", "", "") if ref in self.known else None

    def meanings(self, repository: str, ref: str) -> list[Meaning]:
        return [Meaning(exact, Commit(sha, ref, "", "", "")) for exact, sha in self.known.items() if ref in exact]

    def refs(self, repository: str) -> list[str]:
        if self.blind:
            raise NotThere(f"{repository} does not exist.")
        return list(self.known)


@dataclass
class Here:
    """As much of a Context as it takes."""

    here: str | None = None
    thread: Thread | None = None
    via: str | None = "mention"
    asker: Person = field(default_factory=lambda: Person("U00000001", "maria", forge_login="maria"))
    forge: Shelf = field(default_factory=Shelf)
    settings: Settings = field(default_factory=lambda: read(SETTINGS, {}))

    def target(self, app: str, environment: str) -> Target:
        found = self.settings.apps[app]
        return Target(found, found.environments[environment])


def refusal(ask: Callable[[], object]) -> list[str]:
    """The sentence of the refusal, and the commands behind its buttons."""
    with pytest.raises(Refused) as caught:
        ask()
    message = caught.value.message
    return [message.summary(), *(button.command for button in message.buttons)]


def test_the_named_app_wins_over_the_channels() -> None:
    assert app_of(Here("api"), Deploy("web")).name == "web"
    assert app_of(Here("api"), Deploy()).name == "api"


def test_without_a_name_or_a_channel_the_apps_are_offered() -> None:
    offered = refusal(lambda: app_of(Here(), Deploy(environment="staging")))

    assert offered == [
        "Which app do you mean?",
        "deploy web to staging",
        "deploy api to staging",
        "deploy docs to staging",
    ]


def test_an_unknown_app_is_answered_with_near_names_else_with_all() -> None:
    near = refusal(lambda: app_of(Here(), Deploy("wbe")))
    far = refusal(lambda: app_of(Here(), Deploy("zzz")))

    assert near == ["There is no app called wbe. Did you mean web?", "deploy web to production"]
    assert far == ["There is no app called zzz. I know web, api and docs."]


def test_without_a_name_the_default_environment_is_meant_else_the_only_one() -> None:
    apps = Here().settings.apps

    assert environment_of(Here(), apps["web"], Deploy()).name == "production"
    assert environment_of(Here(), apps["docs"], Deploy()).name == "live"


def test_without_a_default_the_environments_are_offered() -> None:
    offered = refusal(lambda: environment_of(Here(), Here().settings.apps["api"], Deploy()))

    assert offered == [
        "Where to? api has staging and production.",
        "deploy api to staging",
        "deploy api to production",
    ]


def test_an_unknown_environment_is_answered_with_near_names_else_with_all() -> None:
    app = Here().settings.apps["web"]

    near = refusal(lambda: environment_of(Here(), app, Deploy(environment="prodcution")))
    far = refusal(lambda: environment_of(Here(), app, Deploy(environment="moon")))

    assert near == ["web has no environment called prodcution. Did you mean production?", "deploy web to production"]
    assert far == ["web has no environment called moon. It has staging and production."]


@pytest.mark.parametrize(
    ("app", "environment", "ref", "taken"),
    [
        ("web", "staging", "topic", "topic"),
        ("web", "staging", None, "next"),
        ("web", "production", None, "trunk"),
        ("api", "production", None, "stable"),
    ],
    ids=["named", "environment", "default branch", "app"],
)
def test_the_ref_is_the_named_one_else_the_nearest_default(
    app: str, environment: str, ref: str | None, taken: str
) -> None:
    here = Here()

    assert commit_of(here, here.target(app, environment), Deploy(ref=ref)).ref == taken


def test_an_unknown_ref_is_answered_with_near_names() -> None:
    here = Here()

    offered = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "tpoic")))

    assert offered == [
        "tpoic is neither a branch, a tag, a commit nor a pull request of acme/web. Did you mean topic?",
        "deploy web/topic to staging",
    ]


@pytest.mark.parametrize("level", ["admin", "maintain", "write", "triage", "read"])
def test_near_names_are_told_to_whoever_may_read_the_repository(level: str) -> None:
    here = Here(forge=Shelf(level=level))

    offered = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "tpoic")))

    assert offered[1:] == ["deploy web/topic to staging"]


@pytest.mark.parametrize(
    ("level", "person"),
    [
        ("none", Person("U00000001", "maria", forge_login="maria")),
        ("write", Person("U00000001", "maria", foreign=True, forge_login="maria")),
        ("write", Person("U00000001", "maria", bot=True, forge_login="maria")),
        (Unavailable("GitHub does not answer."), Person("U00000001", "maria", forge_login="maria")),
        (NotAllowed("GitHub says no."), Person("U00000001", "maria", forge_login="maria")),
    ],
    ids=["no permission", "foreign", "bot", "outage", "refused"],
)
def test_no_name_is_told_to_anybody_else(level: str | Exception, person: Person) -> None:
    known = {"refs/heads/ab12345": "f" * 40, "ab12345" + "0" * 33: "e" * 40, "topic": "d" * 40}
    here = Here(asker=person, forge=Shelf(known, level=level))

    unknown = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "tpoic")))
    ambiguous = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "ab12345")))

    assert unknown == ["tpoic is neither a branch, a tag, a commit nor a pull request of acme/web."]
    assert ambiguous == [
        "ab12345 may mean several things. "
        "Write refs/heads/… for a branch, refs/tags/… for a tag, or a commit's forty digits."
    ]


def test_what_may_mean_several_things_is_asked_back_with_each_of_them() -> None:
    known = {"refs/heads/ab12345": "f" * 40, "refs/tags/ab12345": "d" * 40, "ab12345" + "0" * 33: "e" * 40}
    here = Here(forge=Shelf(known))

    offered = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "ab12345", "staging")))

    assert offered[1:] == [
        "deploy web/refs/heads/ab12345 to staging",
        "deploy web/refs/tags/ab12345 to staging",
        f"deploy web/ab12345{'0' * 33} to staging",
    ]


def test_several_names_of_one_commit_are_one() -> None:
    known = {"refs/heads/same": "f" * 40, "refs/tags/same": "f" * 40}
    here = Here(forge=Shelf(known))

    assert commit_of(here, here.target("web", "staging"), Deploy("web", "same")).sha == "f" * 40


def test_what_was_scheduled_is_suggested_without_its_force() -> None:
    here = Here(via="schedule")
    scheduled = Deploy("web", "tpoic", "staging", force=True, force_reason="night")

    offered = refusal(lambda: commit_of(here, here.target("web", "staging"), scheduled))

    assert offered[1:] == ["deploy web/topic to staging"]


def test_an_unknown_pull_request_gets_no_branches_offered() -> None:
    here = Here()

    offered = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "#99")))

    assert offered == ["acme/web has no pull request #99."]


def test_a_repository_that_cannot_be_seen_offers_nothing() -> None:
    here = Here(forge=Shelf(blind=True))

    offered = refusal(lambda: commit_of(here, here.target("web", "staging"), Deploy("web", "tpoic")))

    assert offered == ["tpoic is neither a branch, a tag, a commit nor a pull request of acme/web."]


def test_a_look_means_every_environment_of_the_channels_app_else_of_all() -> None:
    everywhere = [one.place for one in looked_at(Here(), Status())]
    here = [one.place for one in looked_at(Here("api"), Status())]
    named = [one.place for one in looked_at(Here(), Status(environment="staging"))]

    assert everywhere == [
        *(("web", "staging"), ("web", "production")),
        *(("api", "staging"), ("api", "production")),
        ("docs", "live"),
    ]
    assert here == [("api", "staging"), ("api", "production")]
    assert named == [("web", "staging"), ("api", "staging")]


def test_a_look_at_what_is_nowhere_is_answered_with_near_names() -> None:
    offered = refusal(lambda: looked_at(Here(), Status(environment="stagin")))

    assert offered == ["web has no environment called stagin. Did you mean staging?", "status web in staging"]
