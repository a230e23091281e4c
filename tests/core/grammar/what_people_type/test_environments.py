"""An environment's name is an environment, wherever it stands, and there is one at a time."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import Command, Deploy, Diff, Status, TakeLock, Unlock
from bot.core.grammar.parser import Vocabulary, parse
from tests.core.grammar.what_people_type.sentences import ALONE, EVERYWHERE, WORDS, suggested, understood

MAIN = Deploy(ref="main", environment="staging")


def named(environment: str, word: str | None = None, **others: str | bool) -> Deploy:
    """A deployment to what stood in the place of a ref."""
    return Deploy(environment=environment, may_be_ref=word or environment, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        # in the place of a ref
        ("deploy staging", named("staging")),
        ("deploy Staging", named("staging", "Staging")),
        ("deploy stg", named("staging", "stg")),
        ("deploy prod", named("production", "prod")),
        ("deploy qa", named("staging", "qa")),
        ("deploy web staging", named("staging", app="web")),
        ("deploy api test", named("test", app="api")),
        ("deploy api live-eu", named("prod-eu", "live-eu", app="api")),
        ("deploy the staging environment", named("staging")),
        ("deploy staging please", named("staging")),
        ("deploy staging.", named("staging")),
        ("deploy staging now", named("staging")),
        ("deploy! staging", named("staging", force=True)),
        ("deploy staging when green", named("staging", when_green=True)),
        ("deploy staging at 17:00", named("staging", at="17:00")),
        ("deploy:migrate staging", named("staging", task="deploy:migrate")),
        # after the ref, with any word or arrow, or none
        ("deploy main staging", MAIN),
        ("deploy main stg", MAIN),
        ("deploy main qa", MAIN),
        ("deploy web main staging", Deploy("web", "main", "staging")),
        ("deploy web/main staging", Deploy("web", "main", "staging")),
        ("deploy #12 staging", Deploy(ref="#12", environment="staging")),
        ("deploy main staging/fe", Deploy(ref="main", environment="staging", hosts="fe")),
        ("deploy main staging when green", Deploy(ref="main", environment="staging", when_green=True)),
        ("deploy main when green staging", Deploy(ref="main", environment="staging", when_green=True)),
        ("deploy main into staging", MAIN),
        ("deploy main onto staging", MAIN),
        ("deploy main in staging", MAIN),
        ("deploy main on staging", MAIN),
        ("deploy main -> staging", MAIN),
        ("deploy main -&gt; staging", MAIN),
        ("deploy main --> staging", MAIN),
        ("deploy main —> staging", MAIN),
        ("deploy main => staging", MAIN),
        ("deploy main > staging", MAIN),
        ("deploy main → staging", MAIN),
        ("deploy main ➡️ staging", MAIN),
        ("deploy main->staging", MAIN),
        ("deploy main→staging", MAIN),
        ("deploy web/main → stg", Deploy("web", "main", "staging")),
        ("main -> staging", MAIN),
        ("main → staging", MAIN),
        ("main->staging", MAIN),
        ("web/main -> staging, thanks", Deploy("web", "main", "staging")),
        ("web main -> staging when green", Deploy("web", "main", "staging", when_green=True)),
        ("deploy main to the staging environment", MAIN),
        ("deploy main to staging environment", MAIN),
        ("deploy main to the staging env.", MAIN),
        ("deploy main to our staging", MAIN),
        ("deploy main to environment staging", MAIN),
        ("deploy main to the production environment now", Deploy(ref="main", environment="production")),
        ("deploy the web app to staging", Deploy("web", environment="staging")),
        ("deploy main on the web app to staging", "To “web” or to “staging”? I understood both."),
        ("lock the staging environment", TakeLock("staging")),
        ("unlock our staging env", Unlock("staging")),
        ("status in the staging environment", Status(environment="staging")),
        # what says itself that it is a ref stays one
        ("deploy web/staging", Deploy("web", "staging")),
        ("deploy web@staging", Deploy("web", "staging")),
        ("deploy refs/heads/staging", Deploy(ref="refs/heads/staging")),
        ('deploy "staging"', Deploy(ref="staging")),
        ("deploy staging to production", Deploy(ref="staging", environment="production")),
        ("deploy staging to staging", Deploy(ref="staging", environment="staging")),
        ("deploy staging -> production", Deploy(ref="staging", environment="production")),
        ("deploy staging/fix", Deploy(ref="staging/fix")),
        ("deploy staging-2", Deploy(ref="staging-2")),
        ("deploy web prod-eu", Deploy("web", "prod-eu")),
        ("diff staging and production", Diff(None, "staging", "production")),
    ],
)
def test_an_environment_is_one_wherever_it_stands(said: str, meant: Command | str) -> None:
    assert understood(said) == [meant]


@pytest.mark.parametrize(
    ("said", "words", "meant"),
    [
        ("deploy develop", ALONE, named("development", "develop")),
        ("deploy develop to staging", ALONE, Deploy(ref="develop", environment="staging")),
        ("deploy live", ALONE, named("production", "live")),
        ("deploy staging", EVERYWHERE, named("staging")),
        ("deploy stg", EVERYWHERE, named("staging", "stg")),
        ("deploy main staging", EVERYWHERE, Deploy(ref="main", environment="staging")),
        ("deploy staging", Vocabulary(apps={}), Deploy(ref="staging")),
    ],
)
def test_which_names_are_environments_depends_on_where_it_is_said(said: str, words: Vocabulary, meant: Command) -> None:
    assert parse(said, words) == meant


@pytest.mark.parametrize(
    "said",
    [
        "deploy main to staging and production",
        "deploy main to staging, production",
        "deploy main to staging & production",
        "deploy main to staging &amp; production",
        "deploy main to staging + production",
        "deploy main to staging,production",
        "deploy main to staging/production",
        "deploy main to staging or production",
        "deploy main to stg and prod",
        "deploy main to staging, and production",
        "deploy main staging and production",
        "deploy main -> staging, production",
        "deploy main to the staging and production",
        "deploy main to staging and production, thanks!",
    ],
)
def test_two_environments_are_refused_with_both_commands(said: str) -> None:
    assert understood(said) == ["One at a time, please: I understood “staging” and “production”."]
    assert suggested(said) == ["deploy main to staging", "deploy main to production"]


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("deploy staging and production", ["deploy staging", "deploy production"]),
        ("deploy staging production", ["deploy to staging", "deploy to production"]),
        ("deploy web staging production", ["deploy web to staging", "deploy web to production"]),
        ("deploy! staging production", []),
        ("deploy main to staging and production when green",
         ["deploy main to staging when green", "deploy main to production when green"]),
        ("lock staging and production because we test",
         ["lock staging because we test", "lock production because we test"]),
        ("lock staging, production for 2h", ["lock staging for 2h", "lock production for 2h"]),
        ("unlock staging & production", ["unlock staging", "unlock production"]),
        ("status staging and production", ["status in staging", "status in production"]),
        ("rollback on staging and production", ["rollback on staging", "rollback on production"]),
        ("deploy web and api to test", ["deploy web to test", "deploy api to test"]),
        ("deploy web, api", ["deploy web", "deploy api"]),
    ],
)  # fmt: skip
def test_each_of_several_is_offered_with_all_that_was_said(said: str, offered: list[str]) -> None:
    [told] = understood(said)

    assert isinstance(told, str)
    assert told.startswith("One at a time, please: ")
    assert suggested(said) == offered


def test_in_a_reason_any_number_of_environments_may_be_named() -> None:
    assert parse("lock staging because staging and production share a database", WORDS) == TakeLock(
        "staging", reason="staging and production share a database"
    )
    assert parse("lock staging for the production environment test", WORDS) == TakeLock(
        "staging", reason="the production environment test"
    )
