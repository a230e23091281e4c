"""How `deploy` is read, in all its forms."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import Deploy
from bot.core.grammar.parser import parse
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from tests.core.grammar.words import ANYWHERE, WORDS, refusal


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("deploy", Deploy()),
        ("deploy topic to production", Deploy(ref="topic", environment="production")),
        ("deploy web", Deploy(app="web")),
        ("deploy web/topic", Deploy(app="web", ref="topic")),
        ("deploy web@topic", Deploy(app="web", ref="topic")),
        ("deploy web topic", Deploy(app="web", ref="topic")),
        ("deploy web/", Deploy(app="web")),
        ("deploy web/web", Deploy(app="web", ref="web")),
        ("deploy web web", Deploy(app="web", ref="web")),
        ("deploy web production", Deploy(app="web", environment="production", may_be_ref="production")),
        ("deploy web/production", Deploy(app="web", ref="production")),
        ("deploy feature/x", Deploy(ref="feature/x")),
        ("deploy user@topic", Deploy(ref="user@topic")),
        ("deploy web/feature/x to staging", Deploy(app="web", ref="feature/x", environment="staging")),
        ("deploy #123", Deploy(ref="#123")),
        ("deploy web #123", Deploy(app="web", ref="#123")),
        ("deploy web#123 to staging", Deploy(app="web", ref="#123", environment="staging")),
        ("deploy v1.2.3", Deploy(ref="v1.2.3")),
        ("deploy 6dcb09b", Deploy(ref="6dcb09b")),
        ("deploy 123456", Deploy(ref="123456")),
        ("deploy to production", Deploy(environment="production")),
        ("deploy in production", Deploy(environment="production")),
        ("deploy web on production", Deploy(app="web", environment="production")),
        ("DEPLOY WEB/Topic TO Production", Deploy(app="web", ref="Topic", environment="production")),
        ("please deploy web to production please", Deploy(app="web", environment="production")),
        ("deploy web to production now", Deploy(app="web", environment="production")),
        ('deploy "web" to "production"', Deploy(app="web", environment="production")),
        ("deploy web to production.", Deploy(app="web", environment="production")),
        ("deploy web to Nowhere", Deploy(app="web", environment="Nowhere")),
        ("deploy web to staging/fe", Deploy(app="web", environment="staging", hosts="fe")),
        ("deploy web to stg/fe,be", Deploy(app="web", environment="staging", hosts="fe,be")),
        ("deploy web to nowhere/fe*", Deploy(app="web", environment="nowhere", hosts="fe*")),
        ("deploy <http://v1.io|v1.io> to “production”", Deploy(ref="v1.io", environment="production")),
        ("deploy `web/topic` to *production*", Deploy(app="web", ref="topic", environment="production")),
        ("deploy web\nThanks a lot!", Deploy(app="web")),
    ],
)
def test_deploy_says_what_and_where(said: str, meant: Deploy) -> None:
    assert parse(said, WORDS) == meant


def test_an_environment_with_a_slash_in_its_name_is_no_host_filter() -> None:
    words = Vocabulary(apps={"web": AppVocabulary(("preview/blue", "preview"))})

    assert parse("deploy web to preview/blue/fe", words) == Deploy(app="web", environment="preview/blue", hosts="fe")
    assert parse("deploy web to preview/red", words) == Deploy(app="web", environment="preview", hosts="red")


def test_without_an_app_in_the_channel_a_word_is_still_a_ref() -> None:
    assert parse("deploy topic", ANYWHERE) == Deploy(ref="topic")
    assert parse("deploy topic", Vocabulary(apps={})) == Deploy(ref="topic")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("deploy! web", Deploy(app="web", force=True)),
        ("deploy:migrate web", Deploy(app="web", task="deploy:migrate")),
        ("deploy:migrate! web", Deploy(app="web", task="deploy:migrate", force=True)),
        ("Deploy:db:Seed web", Deploy(app="web", task="deploy:db:Seed")),
        ("deploy web --force", Deploy(app="web", force=True)),
        ("deploy web —force “it burns”", Deploy(app="web", force=True, force_reason="it burns")),
        ("deploy web --force it burns", Deploy(app="web", force=True, force_reason="it burns")),
        ('deploy web --force="it burns" to stg', Deploy("web", None, "staging", force=True, force_reason="it burns")),
        ("deploy web --force=why", Deploy(app="web", force=True, force_reason="why")),
        ("deploy web --force to production", Deploy("web", None, "production", force=True)),
        ("deploy web --force to prodution", Deploy("web", None, "prodution", force=True)),
        ("deploy web --force hotfix to prod", Deploy("web", None, "production", force=True, force_reason="hotfix")),
        ("deploy web --force when green", Deploy(app="web", force=True, when_green=True)),
        (
            "deploy web to stg --force to unblock us",
            Deploy("web", None, "staging", force=True, force_reason="to unblock us"),
        ),
        ('deploy! web to prod "it burns"', Deploy("web", None, "production", force=True, force_reason="it burns")),
        ("deploy! web because it burns", Deploy(app="web", force=True, force_reason="it burns")),
        ('deploy web --force "it burns', Deploy(app="web", force=True, force_reason="it burns")),
        ('deploy web --force "say \\"no\\""', Deploy(app="web", force=True, force_reason='say "no"')),
        ("deploy web --force it's on fire", Deploy(app="web", force=True, force_reason="it's on fire")),
    ],
)
def test_tasks_and_forces_keep_hubots_muscle_memory(said: str, meant: Deploy) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    "said",
    [
        "deploy web --force the site is down in production",
        "deploy web --force hot fix to prodution",
        "deploy web --force hot fix in prodution",
        "deploy web --force hot fix at 9",
        "deploy web --force broken since friday",
        "deploy web --force hot fix when green",
        "deploy web --force hot fix size=2",
    ],
)
def test_a_reason_that_may_hide_a_part_of_the_command_wants_quotes(said: str) -> None:
    assert refusal(said) == "I cannot tell where the reason ends: please put it in quotes."


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("deploy web size=2 Note=x=y", Deploy(app="web", params=(("size", "2"), ("Note", "x=y")))),
        ('deploy web note="hot fix" empty=', Deploy(app="web", params=(("note", "hot fix"), ("empty", "")))),
        ("deploy a=b", Deploy(params=(("a", "b"),))),
        ('deploy web --force note="hot fix"', Deploy(app="web", force=True, params=(("note", "hot fix"),))),
        ("deploy web/a=b", Deploy(app="web", ref="a=b")),
        ("deploy web when green", Deploy(app="web", when_green=True)),
        (
            "deploy topic to prod when green size=2",
            Deploy(None, "topic", "production", None, "deploy", False, None, (("size", "2"),), True),
        ),
    ],
)
def test_parameters_and_when_green(said: str, meant: Deploy) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("deploy main to production at 17:00", "17:00"),
        ("deploy main at 17:00 to production", "17:00"),
        ("deploy main to production 17:00", "17:00"),
        ("deploy main to production 9am", "9am"),
        ("deploy main to production at 9", "at 9"),
        ("deploy main to production at 5 pm", "5 pm"),
        ("deploy main to production in 2 hours", "in 2 hours"),
        ("deploy main in 2 hours to production", "in 2 hours"),
        ("deploy main in half an hour to production", "in half an hour"),
        ("deploy main to production in 1h30m", "in 1h30m"),
        ("deploy main to production tomorrow", "tomorrow"),
        ("deploy main tomorrow at 9 to production", "tomorrow at 9"),
        ("deploy main to production on friday at 9:00", "friday at 9:00"),
        ("deploy main to production next monday 9:00", "next monday 9:00"),
        ("deploy main to production at 17:00 Europe/Berlin", "17:00 Europe/Berlin"),
        ("deploy main to production at 17:00 UTC", "17:00 UTC"),
        ("deploy main to production on 1 aug 17:00", "1 aug 17:00"),
        ("deploy main to production at 2026-08-01 17:00", "2026-08-01 17:00"),
        ("deploy main at lunch to production", "lunch"),
    ],
)
def test_a_moment_ends_where_the_environment_begins(said: str, at: str) -> None:
    assert parse(said, WORDS) == Deploy(ref="main", environment="production", at=at)


@pytest.mark.parametrize(
    ("said", "every"),
    [
        ("deploy main to production every weekday at 9:00", "weekday at 9:00"),
        ("deploy main every weekday at 9:00 to production", "weekday at 9:00"),
        ("deploy main to production at 9:00 every weekday", "weekday at 9:00"),
        ("deploy main to production every day at 17:00", "day at 17:00"),
        ("deploy main every mon, thu 9am to production", "mon, thu 9am"),
        ("deploy main every 2 hours in production", "2 hours"),
    ],
)
def test_a_repetition_ends_where_the_environment_begins(said: str, every: str) -> None:
    assert parse(said, WORDS) == Deploy(ref="main", environment="production", every=every)


def test_a_moment_a_force_and_green_checks_go_together() -> None:
    command = parse('deploy main to production when green at 17:00 --force "x"', WORDS)

    assert command == Deploy(None, "main", "production", when_green=True, at="17:00", force=True, force_reason="x")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("deploy friday to production", Deploy(ref="friday", environment="production")),
        ("deploy web/friday", Deploy(app="web", ref="friday")),
        ("deploy web friday", Deploy(app="web", at="friday")),
        ("deploy friday at 9", Deploy(at="friday at 9")),
        ("deploy in 2 hours", Deploy(at="in 2 hours")),
        ("deploy web in staging", Deploy(app="web", environment="staging")),
        ("deploy web at 17:00", Deploy(app="web", at="17:00")),
    ],
)
def test_days_are_moments_unless_they_stand_where_a_ref_does(said: str, meant: Deploy) -> None:
    assert parse(said, WORDS) == meant


def test_a_branch_named_like_a_broadcast_is_only_a_name() -> None:
    assert parse("deploy &lt;!channel&gt;", WORDS) == Deploy(ref="<!channel>")
    assert parse("deploy <!channel>", WORDS) == Deploy(ref="@channel")
