"""What apps and environments are called."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import Deploy
from bot.core.grammar.parser import parse
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from tests.core.grammar.words import WORDS


@pytest.mark.parametrize(
    ("word", "app", "meant"),
    [
        ("prod", "web", "production"),
        ("PRD", "web", "production"),
        ("live", "web", "production"),
        ("stg", "web", "staging"),
        ("stage", "web", "staging"),
        ("qa", "web", "staging"),
        ("dev", "web", "dev"),
        ("prod", "api", "prod"),
        ("Prod-EU", "api", "prod-eu"),
        ("live-eu", "api", "prod-eu"),
        ("testing", "api", "test"),
    ],
)
def test_an_alias_means_an_environment_that_the_app_has(word: str, app: str, meant: str) -> None:
    assert parse(f"deploy {app} to {word}", WORDS) == Deploy(app=app, environment=meant)


def test_an_alias_without_an_app_means_what_all_apps_agree_on() -> None:
    two = Vocabulary(apps={"web": AppVocabulary(("production",)), "api": AppVocabulary(("production", "staging"))})
    torn = Vocabulary(apps={"web": AppVocabulary(("production",)), "api": AppVocabulary(("live",))})

    assert parse("deploy topic to prod", two) == Deploy(ref="topic", environment="production")
    assert parse("deploy topic to prod", torn) == Deploy(ref="topic", environment="prod")
    assert parse("deploy topic to live", torn) == Deploy(ref="topic", environment="live")
