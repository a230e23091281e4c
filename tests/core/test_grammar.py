"""The chat grammar, line by line: what people type, and the command they mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.commands import (
    Approve,
    Cancel,
    Command,
    Deploy,
    Deploys,
    Diff,
    Freeze,
    Freezes,
    Help,
    LinkLogin,
    Lock,
    Locks,
    Mute,
    Promote,
    Queue,
    Reject,
    Retry,
    Rollback,
    Ship,
    ShowSchedule,
    Status,
    Undeployed,
    Unfreeze,
    Unlock,
    Unmute,
    Unschedule,
    Version,
    WhereCanIDeploy,
    WhoAmI,
)
from bot.core.grammar import (
    COMMANDS,
    AppWords,
    NotUnderstood,
    Words,
    command_table,
    find,
    parse,
    parse_slash,
    split_one_time_password,
)

WORDS = Words(
    apps={
        "web": AppWords(("staging", "production"), {"qa": "staging"}),
        "api": AppWords(("test", "prod-eu"), {"live-eu": "prod-eu"}),
    },
    here="web",
)
ANYWHERE = Words(apps=WORDS.apps)
YUBIKEY = "cccccc" + "dlnncbtuevhdbctrccukdciveuclhbkvehbeve"


def refusal(text: str, words: Words = WORDS) -> str:
    """Why a text is not understood, for texts that are not."""
    answer = parse(text, words)
    assert isinstance(answer, NotUnderstood)
    return answer.reason


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
        ("deploy web production", Deploy(app="web", ref="production")),
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
    two = Words(apps={"web": AppWords(("production",)), "api": AppWords(("production", "staging"))})
    torn = Words(apps={"web": AppWords(("production",)), "api": AppWords(("live",))})

    assert parse("deploy topic to prod", two) == Deploy(ref="topic", environment="production")
    assert parse("deploy topic to prod", torn) == Deploy(ref="topic", environment="prod")
    assert parse("deploy topic to live", torn) == Deploy(ref="topic", environment="live")


def test_an_environment_with_a_slash_in_its_name_is_no_host_filter() -> None:
    words = Words(apps={"web": AppWords(("preview/blue", "preview"))})

    assert parse("deploy web to preview/blue/fe", words) == Deploy(app="web", environment="preview/blue", hosts="fe")
    assert parse("deploy web to preview/red", words) == Deploy(app="web", environment="preview", hosts="red")


def test_without_an_app_in_the_channel_a_word_is_still_a_ref() -> None:
    assert parse("deploy topic", ANYWHERE) == Deploy(ref="topic")
    assert parse("deploy topic", Words(apps={})) == Deploy(ref="topic")


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


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ship #123", Ship(123)),
        ("ship 123 to prod", Ship(123, "production")),
        ("ship PR #123", Ship(123)),
        ("ship api#123 to prod-eu", Ship(123, "prod-eu", "api")),
        ("ship api #123", Ship(123, None, "api")),
        ("rollback", Rollback()),
        ("rollback web", Rollback(app="web")),
        ("rollback production", Rollback(environment="production")),
        ("rollback web on prod", Rollback("web", "production")),
        ("rollback web to prod", Rollback("web", "production")),
        ("rollback to prodution", Rollback(environment="prodution")),
        ("rollback to 6dcb09b", Rollback(to="6dcb09b")),
        ("rollback web to #12", Rollback("web", None, "#12")),
        ("rollback web #12", Rollback("web", None, "#12")),
        ("rollback to v1.2", Rollback(to="v1.2")),
        ('roll back web on prod to 6dcb09b "errors"', Rollback("web", "production", "6dcb09b", "errors")),
        ("rollback to #12 on prod because of errors", Rollback(None, "production", "#12", "of errors")),
        ('rollback "errors"', Rollback(reason="errors")),
        ("promote web to production", Promote("web", None, "production")),
        ("promote web from stg to prod", Promote("web", "staging", "production")),
        ("promote to prod from qa", Promote(None, "staging", "production")),
        ("promote web", Promote("web")),
    ],
)
def test_other_ways_to_move_code(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("cancel", Cancel()),
        ("cancel #12", Cancel(12)),
        ("cancel 12", Cancel(12)),
        ("cancel deployment #12", Cancel(12)),
        ("stop #12", Cancel(12)),
        ("retry", Retry()),
        ("retry #12", Retry(12)),
        ("approve", Approve()),
        ("approve #12", Approve(12)),
        ("reject", Reject()),
        ("reject #12", Reject(12)),
        ('reject #12 "not yet"', Reject(12, "not yet")),
        ("reject #12 not yet", Reject(12, "not yet")),
        ("reject because not yet", Reject(None, "not yet")),
        ("unschedule #12", Unschedule(12)),
        ("unschedule 12", Unschedule(12)),
    ],
)
def test_commands_about_one_deployment(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lock production", Lock("production")),
        ("lock prod on web", Lock("production", "web")),
        ("lock web in prod", Lock("production", "web")),
        ("lock web production", Lock("production", "web")),
        ("lock web/production", Lock("production", "web")),
        ("lock all", Lock("all")),
        ("lock ALL on api", Lock("all", "api")),
        ("lock prod for 2h", Lock("production", None, "2h")),
        ("lock prod for 1 hour and 30 minutes on web", Lock("production", "web", "1 hour and 30 minutes")),
        ("lock prod until fri 9:00", Lock("production", None, None, "fri 9:00")),
        ("lock prod until fri 9:00 on web", Lock("production", "web", None, "fri 9:00")),
        ("lock prod until in 2 hours", Lock("production", None, None, "in 2 hours")),
        ("lock prod until 9", Lock("production", None, None, "at 9")),
        ("lock prod because I test things, to be sure", Lock("production", reason="I test things, to be sure")),
        ("lock prod on web for 2h because Testing", Lock("production", "web", "2h", None, "Testing")),
        ("lock prod until fri 9:00 because we test", Lock("production", None, None, "fri 9:00", "we test")),
        ('lock prod "we test"', Lock("production", reason="we test")),
        ("lock prod - we test", Lock("production", reason="we test")),
        ("lock prod — we test", Lock("production", reason="we test")),
        ("lock prod for testing", Lock("production", reason="testing")),
        ("lock prod because don’t touch", Lock("production", reason="don't touch")),
        ("lock nowhere", Lock("nowhere")),
        ("lock prod on nothing", Lock("production", "nothing")),
        ("deploy:lock prod on web", Lock("production", "web")),
        ("unlock prod", Unlock("production")),
        ("unlock prod on web", Unlock("production", "web")),
        ("unlock all", Unlock("all")),
        ("unlock Mine", Unlock("mine")),
        ("unlock mine on api", Unlock("mine", "api")),
        ("deploy:unlock prod", Unlock("production")),
        ("locks", Locks()),
        ("freeze prod because of holidays", Freeze("production", None, "of holidays")),
        ("freeze prod until mon 9:00 because of holidays", Freeze("production", "mon 9:00", "of holidays")),
        ("freeze all for 2h because of an incident", Freeze("all", "in 2h", "of an incident")),
        ('freeze all "incident"', Freeze("all", None, "incident")),
        ("unfreeze", Unfreeze()),
        ("unfreeze prod", Unfreeze("production")),
        ("unfreeze all", Unfreeze("all")),
        ("freezes", Freezes()),
    ],
)
def test_locks_and_freezes(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("queue", Queue()),
        ("queue web", Queue("web")),
        ("queue prod", Queue(None, "production")),
        ("queue api prod-eu", Queue("api", "prod-eu")),
        ("deploys", Deploys()),
        ("deploys web", Deploys("web")),
        ("deploys web/topic in prod", Deploys("web", "topic", "production")),
        ("deploys web topic", Deploys("web", "topic")),
        ("deploys web prod", Deploys("web", None, "production")),
        ("deploys topic", Deploys(None, "topic")),
        ("deploys production", Deploys(None, None, "production")),
        ("deploys web/production", Deploys("web", "production")),
        ("deploys #12", Deploys(deployment=12)),
        ("history in staging", Deploys(None, None, "staging")),
        ("status", Status()),
        ("status web", Status("web")),
        ("status of", Status(None, "of")),
        ("status stg", Status(None, "staging")),
        ("status web stg", Status("web", "staging")),
        ("status staging on web", Status("web", "staging")),
        ("status web nowhere", Status("web", "nowhere")),
        ("status?", Status()),
        ("diff", Diff()),
        ("diff web", Diff("web")),
        ("diff prod", Diff(None, "production")),
        ("diff topic", Diff(None, None, "topic")),
        ("diff prod topic", Diff(None, "production", "topic")),
        ("diff web prod Topic", Diff("web", "production", "Topic")),
        ("diff web prod stg", Diff("web", "production", "staging")),
        ("diff prod against topic", Diff(None, "production", "topic")),
        ("diff web/topic in prod", Diff("web", "production", "topic")),
        ("undeployed", Undeployed()),
        ("undeployed api", Undeployed("api")),
        ("where can I deploy", WhereCanIDeploy()),
        ("Where can i deploy api?", WhereCanIDeploy("api")),
        ("wcid", WhereCanIDeploy()),
        ("wcid web", WhereCanIDeploy("web")),
        ("schedule", ShowSchedule()),
        ("schedule api", ShowSchedule("api")),
    ],
)
def test_questions(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("link octocat", LinkLogin("octocat")),
        ("link @Octo-Cat", LinkLogin("Octo-Cat")),
        ("link <https://github.com/octocat>", LinkLogin("octocat")),
        ("whoami", WhoAmI()),
        ("Who am I?", WhoAmI()),
        ("mute", Mute()),
        ("unmute", Unmute()),
        ("version", Version()),
        ("deploy:version", Version()),
        ("help", Help()),
        ("help!", Help()),
        ("?", Help()),
        ("help deploy", Help("deploy")),
        ("help roll back", Help("rollback")),
        ("help wcid", Help("where can I deploy")),
        ("help me out", Help("me out")),
        ("lock --help", Help("lock")),
    ],
)
def test_people_and_help(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("deploy to", "Something is missing after “to”."),
        ("deploy web at", "Something is missing after “at”."),
        ("deploy web to production staging", "I did not understand “staging” after “production”."),
        ("deploy web topic to production extra", "I did not understand “extra” after “production”."),
        ("deploy to staging to prod", "To “staging” or to “prod”? I understood both."),
        ("deploy web at 9:00 to stg at 10:00", "When? I understood “9:00” and “10:00”."),
        ("deploy web at 9:00 every day at 10:00", "When? I understood “9:00” and every “day at 10:00”."),
        ("deploy web when ready", "I did not understand “when” after “web”."),
        ('deploy web "hot fix"', "A reason belongs to a force: write --force in front of it."),
        ("deploy --upload-pack=x", "I did not understand “--upload-pack=x” after “deploy”."),
        ("deploy web/--upload-pack=x", "“--upload-pack=x” cannot be the name of a branch, a tag or a commit."),
        ("deploy a..b", "“a..b” cannot be the name of a branch, a tag or a commit."),
        ("deploy HEAD~1", "“HEAD~1” cannot be the name of a branch, a tag or a commit."),
        ("deploy $(rm -rf /)", "I did not understand “-rf” after “$(rm”."),
        ("ship", "Which pull request? Its number is missing."),
        ("ship it", "Which pull request? Its number is missing."),
        ("ship #123 prod", "I did not understand “prod” after “#123”."),
        ("rollback to #12 to #13", "To “#12” or to “#13”? I understood both."),
        ("rollback on prod because", "The reason is missing."),
        ("promote web production", "I did not understand “production” after “web”."),
        ("promote production", "From or to “production”? Please write one of them in front of it."),
        ("cancel everything", "I did not understand “everything” after “cancel”."),
        ("cancel #99999999999999999999", "I did not understand “#99999999999999999999” after “cancel”."),
        ("lock", "Which environment? Its name is missing, or “all”."),
        ("lock web", "Which environment? Its name is missing, or “all”."),
        ("lock prod for 2h until fri", "How long? I understood “2h”, and then something else."),
        ("lock prod hotfix", "There is no app “hotfix”."),
        ("unlock", "Which environment? Its name is missing, or “mine”, or “all”."),
        ("freeze", "Which environment? Its name is missing, or “all”."),
        ("freeze prod", "Why? A freeze needs a reason after “because”."),
        ("freeze prod on web", "I did not understand “on” after “prod”."),
        ("unfreeze prod now", "I did not understand “now” after “prod”."),
        ("locks please tell", "I did not understand “please” after “locks”."),
        ("status wbe", "There is no app “wbe”. Did you mean “web”?"),
        ("status wbe production", "There is no app “wbe”. Did you mean “web”?"),
        ("status web staging production", "I did not understand “production” after “staging”."),
        ("diff web prod topic other", "I did not understand “other” after “topic”."),
        ("unschedule", "Which deployment? Its number is missing: “schedule” shows it."),
        ("link", "Which GitHub login? It is missing."),
        ("link <@U012AB3CD>", "“@U012AB3CD” is no GitHub login."),
        ("link a;b", "“a;b” is no GitHub login."),
        ("depoly web", "I do not know the command “depoly”."),
        ("", "There was no command. “help” shows all of them."),
    ],
)
def test_what_is_not_understood_is_said(said: str, reason: str) -> None:
    assert refusal(said) == reason


@pytest.mark.parametrize(
    ("said", "nearest", "example"),
    [
        ("depoly web", "deploy", "deploy web/topic to production"),
        ("web to production", "deploy", "deploy web/topic to production"),
        ("statsu", "status", "status web production"),
        ("where can we deploy", "where can I deploy", "where can I deploy web"),
        ("rolback web", "rollback", "rollback web on production"),
        ("freeze production", "freeze", "freeze production until mon 9:00 because of the holidays"),
        ("", "help", "help"),
    ],
)
def test_the_nearest_command_comes_with_an_example_from_here(said: str, nearest: str, example: str) -> None:
    answer = parse(said, WORDS)

    assert isinstance(answer, NotUnderstood)
    assert answer.nearest is not None
    assert (answer.nearest.name, answer.example) == (nearest, example)


def test_small_talk_is_near_no_command() -> None:
    answer = parse("good morning", ANYWHERE)

    assert answer == NotUnderstood("I do not know the command “good”.", None, "deploy web/topic to production")


def test_a_line_of_more_than_a_thousand_characters_is_refused() -> None:
    just = parse("deploy web/" + "x" * 989, WORDS)
    too_long = refusal("deploy web/" + "x" * 990)

    assert just == Deploy(app="web", ref="x" * 989)
    assert too_long == "This is too long for a command: I read 1,000 characters at most."


def test_only_the_first_line_has_to_be_short() -> None:
    assert parse("deploy web\n" + "x" * 40_000, WORDS) == Deploy(app="web")


def test_a_long_word_is_shortened_where_it_is_repeated() -> None:
    assert refusal("status web staging " + "x" * 300) == f"I did not understand “{'x' * 59}…” after “staging”."


def test_a_branch_named_like_a_broadcast_is_only_a_name() -> None:
    assert parse("deploy &lt;!channel&gt;", WORDS) == Deploy(ref="<!channel>")
    assert parse("deploy <!channel>", WORDS) == Deploy(ref="@channel")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("topic to production", Deploy(ref="topic", environment="production")),
        ("web/topic", Deploy(app="web", ref="topic")),
        ("#123 to prod", Deploy(ref="#123", environment="production")),
        ("deploy topic", Deploy(ref="topic")),
        ("status web", Status("web")),
        ("lock prod", Lock("production")),
        ("where can I deploy", WhereCanIDeploy()),
        ("", Help()),
        ("  ", Help()),
        ("to production", Deploy(environment="production")),
    ],
)
def test_a_slash_command_is_a_deploy_unless_it_says_otherwise(said: str, meant: Command) -> None:
    assert parse_slash(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "kept", "password"),
    [
        ("deploy web to production 123456", "deploy web to production", "123456"),
        ("deploy! web 123456", "deploy! web", "123456"),
        (f"deploy:migrate web/topic to stg/fe {YUBIKEY}", "deploy:migrate web/topic to stg/fe", YUBIKEY),
        ("please deploy web `123456`\nthanks", "please deploy web", "123456"),
        ("deploy 123456", "deploy 123456", None),
        ("deploy to 123456", "deploy to 123456", None),
        ("deploy web to 123456", "deploy web to 123456", None),
        ("deploy web 1234567", "deploy web 1234567", None),
        ("deploy web build=123456", "deploy web build=123456", None),
        ("deploys web 123456", "deploys web 123456", None),
        ("deploy:lock web 123456", "deploy:lock web 123456", None),
        ("web to production 123456", "web to production 123456", None),
        ("deploy", "deploy", None),
        ("", "", None),
    ],
)
def test_a_one_time_password_is_taken_off_the_end(said: str, kept: str, password: str | None) -> None:
    assert split_one_time_password(said) == (kept, password)


def test_a_slash_command_has_its_password_without_the_verb() -> None:
    assert split_one_time_password("web to production 123456", slash=True) == ("web to production", "123456")
    assert split_one_time_password("status web 123456", slash=True) == ("status web 123456", None)


@pytest.mark.parametrize("password", ["123456", YUBIKEY])
def test_a_password_that_nobody_took_off_is_in_no_command(password: str) -> None:
    commands = [
        parse(f"deploy web to production {password}", WORDS),
        parse(f"deploy web --force {password}", WORDS),
        parse_slash(f"web {password}", WORDS),
    ]

    assert commands == [Deploy(app="web", environment="production"), Deploy(app="web", force=True), Deploy(app="web")]
    assert password not in repr(commands)


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.name)
def test_every_example_is_the_command_that_it_explains(spec: object) -> None:
    assert isinstance(spec, type(COMMANDS[0]))
    shown = [example.replace("{app}", "web").replace("{environment}", "production") for example in spec.examples]

    commands = [parse(example, WORDS) for example in shown]

    assert {type(command) for command in commands} == {spec.makes}


def test_no_two_commands_share_a_name() -> None:
    names = [name.lower() for spec in COMMANDS for name in spec.names]

    assert len(names) == len(set(names))
    assert find("Deploy:Lock") is find("lock")
    assert find("nothing") is None


def test_the_table_of_commands_has_a_row_for_each() -> None:
    rows = command_table().splitlines()

    assert rows[:2] == ["| command | what it does |", "|---|---|"]
    assert rows[3] == (
        "| `ship #<pr> [to <env>]` | Merge a pull request when its checks are green, and deploy the merge commit. |"
    )
    assert "| `unlock <env>\\|all\\|mine [on <app>]` | Release a lock. |" in rows
    assert len(rows) == 2 + len(COMMANDS)


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\ud800",
        "🚀" * 300,
        "‮deploy‬ ويب",
        '"',
        "'" * 999,
        '\\"' * 400,
        "deploy " + "a=" * 400,
        "!" * 50,
        "x" * 40_000,
    ],
)
def test_nothing_that_is_typed_breaks_the_parser(text: str) -> None:
    for said in (text, f"deploy {text}", f"lock {text}", f"deploy web --force {text}", f"help {text}"):
        parse(said, WORDS)
        parse_slash(said, Words(apps={}))
        split_one_time_password(said, slash=True)


_PIECES = st.sampled_from(
    [*"deploy lock unlock freeze rollback promote ship diff deploys status reject help link cancel".split()]
    + [*"web api topic production staging all mine to in on at every from for until because when green".split()]
    + ['"a b"', '"', "'", "--force", "k=v", 'k="v w"', "#12", "123456", "6dcb09b", "friday", "9:00", "2h", "2", "hours"]
    + [
        "deploy!",
        "deploy:x!",
        "web/topic",
        "web@",
        "-",
        "—",
        "?",
        "!",
        "and",
        "a",
        "half",
        "with",
        "\\",
        "&lt;",
        "<!here>",
    ]
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(_PIECES, max_size=9).map(" ".join))
def test_no_order_of_known_words_breaks_the_parser(text: str) -> None:
    for words in (WORDS, ANYWHERE, Words(apps={})):
        assert parse(text, words) is not None
        assert parse_slash(text, words) is not None


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    assert parse(text, WORDS) is not None
    assert parse(f"deploy {text}", WORDS) is not None
