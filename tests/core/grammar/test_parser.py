"""The parser as a whole: what it refuses, what it proposes, and that nothing breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.grammar.commands import Command, Deploy, Help, Rollback, Status, TakeLock, WhereCanIDeploy
from bot.core.grammar.parser import NotUnderstood, Vocabulary, parse, parse_slash, split_one_time_password
from tests.core.grammar.words import ANYWHERE, WORDS, refusal


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
        ('deploy web --force "a" --force "b"', "I understood two reasons for the force."),
        ('deploy web "hot fix"', "A reason belongs to a force: write --force in front of it."),
        ("deploy --upload-pack=x", "I did not understand “--upload-pack=x” after “deploy”."),
        ("deploy web/--upload-pack=x", "“--upload-pack=x” cannot be the name of a branch, a tag or a commit."),
        ("deploy a..b", "“a..b” cannot be the name of a branch, a tag or a commit."),
        ("deploy HEAD~1", "“HEAD~1” cannot be the name of a branch, a tag or a commit."),
        ("deploy $(rm -rf /)", "I did not understand “-rf” after “$(rm”."),
        ("ship", "Which pull request? Its number is missing."),
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
        ("unfreeze prod soon", "I did not understand “soon” after “prod”."),
        ("locks please tell", "I did not understand “please” after “locks”."),
        ("status wbe", "There is no app “wbe”. Did you mean “web”?"),
        ("status wbe production", "There is no app “wbe”. Did you mean “web”?"),
        ("status web staging production", "I did not understand “production” after “staging”."),
        ("diff web prod topic other", "I did not understand “other” after “topic”."),
        ("unschedule", "Which deployment? Its number is missing: “schedule” shows it, for example s3."),
        ("link", "Which GitHub login? It is missing."),
        ("link <@U012AB3CD>", "“@U012AB3CD” is no GitHub login."),
        ("link a;b", "“a;b” is no GitHub login."),
        ("depoly web", "I do not know the command “depoly”."),
        ("", "There was no command. “help” shows what I understand."),
    ],
)
def test_what_is_not_understood_is_said(said: str, reason: str) -> None:
    assert refusal(said) == reason


@pytest.mark.parametrize(
    ("said", "nearest", "examples", "meant"),
    [
        ("depoly web", "deploy", ("status", "help"), (Deploy(app="web"),)),
        ("statsu", "status", ("status", "help"), (Status(),)),
        ("rolback web", "rollback", ("status", "help"), (Rollback("web"),)),
        ("freeze production", "freeze", ("help freeze", "status"), ()),
        ("web to production", None, ("status", "help"), ()),
        ("", "help", ("help",), ()),
    ],
)
def test_what_may_be_meant_is_the_persons_own_sentence_and_examples_only_look(
    said: str, nearest: str | None, examples: tuple[str, ...], meant: tuple[Command, ...]
) -> None:
    answer = parse(said, WORDS)

    assert isinstance(answer, NotUnderstood)
    assert (answer.nearest and answer.nearest.name, answer.examples, answer.meant) == (nearest, examples, meant)


def test_small_talk_is_near_no_command() -> None:
    answer = parse("good idea", ANYWHERE)

    assert answer == NotUnderstood("I do not know the command “good”.", None, ("status", "help"))


@pytest.mark.parametrize(
    "said", ["good morning", "hi", "hello there", "thanks!", "thank you :tada:", "yes please", "👍"]
)
def test_a_greeting_and_thanks_are_no_command(said: str) -> None:
    assert refusal(said) == "There was no command. “help” shows what I understand."


def test_a_line_of_more_than_a_thousand_characters_is_refused() -> None:
    just = parse("deploy web/" + "x" * 989, WORDS)
    too_long = refusal("deploy web/" + "x" * 990)

    assert just == Deploy(app="web", ref="x" * 989)
    assert too_long == "This is too long for a command: I read 1,000 characters at most."


def test_all_lines_of_a_command_together_have_to_be_short() -> None:
    assert refusal("deploy web\n" + "x" * 40_000) == "This is too long for a command: I read 1,000 characters at most."
    assert refusal("deploy web\n" + "thanks\n" * 200) == refusal("deploy web\n" + "x" * 40_000)


def test_a_long_word_is_shortened_where_it_is_repeated() -> None:
    assert refusal("status web staging " + "x" * 300) == f"I did not understand “{'x' * 59}…” after “staging”."


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("topic to production", Deploy(ref="topic", environment="production")),
        ("web/topic", Deploy(app="web", ref="topic")),
        ("#123 to prod", Deploy(ref="#123", environment="production")),
        ("deploy topic", Deploy(ref="topic")),
        ("status web", Status("web")),
        ("lock prod", TakeLock("production")),
        ("where can I deploy", WhereCanIDeploy()),
        ("", Help()),
        ("  ", Help()),
        ("to production", Deploy(environment="production")),
    ],
)
def test_a_slash_command_is_a_deploy_unless_it_says_otherwise(said: str, meant: Command) -> None:
    assert parse_slash(said, WORDS) == meant


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
        parse_slash(said, Vocabulary(apps={}))
        split_one_time_password(said, slash=True)


_PIECES = st.sampled_from(
    [
        *("deploy", "deploy!", "deploy:x!", "lock", "unlock", "freeze", "rollback", "promote", "ship", "diff"),
        *("deploys", "status", "reject", "help", "link", "cancel", "to", "in", "on", "at", "every", "from", "for"),
        *("web", "web/topic", "web@", "api", "topic", "production", "staging", "all", "mine", "when", "green"),
        *('"a b"', '"', "'", "--force", "k=v", 'k="v w"', "#12", "123456", "6dcb09b", "friday", "9:00", "2h", "2"),
        *("until", "because", "with", "hours", "-", "—", "?", "!", "and", "a", "half", "\\", "&lt;", "<!here>"),
    ]
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(_PIECES, max_size=9).map(" ".join))
def test_no_order_of_known_words_breaks_the_parser(text: str) -> None:
    for words in (WORDS, ANYWHERE, Vocabulary(apps={})):
        assert parse(text, words) is not None
        assert parse_slash(text, words) is not None


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    assert parse(text, WORDS) is not None
    assert parse(f"deploy {text}", WORDS) is not None
