"""Any text: it breaks nothing, no word of it is lost, and no deed comes of it that its words do not hold."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.grammar.commands import Command, Deploy, Retry
from bot.core.grammar.courtesy import is_emoji
from bot.core.grammar.parser import (
    COMMANDS,
    NotUnderstood,
    Vocabulary,
    commands_in,
    parse,
    parse_slash,
    separate,
    show,
    split_one_time_password,
)
from bot.core.grammar.slack_text import clean_lines
from tests.core.grammar.test_commands import WORDS as TWO_APPS
from tests.core.grammar.test_commands import commands
from tests.core.grammar.what_people_type.sentences import ALONE, EVERYWHERE, WORDS

BREAKS = ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\n\n"]
WORDS_OF_IT = [name for spec in COMMANDS for name in spec.names]
pieces = st.one_of(
    st.sampled_from(WORDS_OF_IT),
    st.sampled_from(["to", "in", "on", "into", "->", "→", "the", "environment", "and", "&", ",", "for", "until", "at"]),
    st.sampled_from(
        ["web", "api", "topic", "main", "staging", "production", "stg", "qa", "test", "web/topic", "t@stg"]
    ),
    st.sampled_from(["because", "--force", "--reason", "(", ")", ":", '"', "'", "`", "*", "-", "•", "1.", ">", "&gt;"]),
    st.sampled_from(
        ["2h", "-1h", "17:00", "tomorrow", "the afternoon", "eod", "when green", "every day", "a few hours"]
    ),
    st.sampled_from(
        ["please", "thanks", "thank you", ":rocket:", "🚀", "!", "?", ".", "…", "hey", "not", "never", "no"]
    ),
    st.sampled_from(["#12", "123456", "k=v", 'k="v w"', "again", "latest", "it", "all", "mine", "```", "```sh"]),
    st.text(min_size=1, max_size=6),
)
texts = st.lists(st.tuples(pieces, st.sampled_from([" ", " ", " ", "", *BREAKS])), max_size=14).map(
    lambda parts: "".join(piece + gap for piece, gap in parts)
)
clauses = st.sampled_from(
    [
        *("topic", "web", "web/topic", "web topic", "#12", "to staging", "staging", "production", "-> production"),
        *("to the staging environment", "in prod", "on web", "into stg", "stagin", "topic@staging", "all", "mine"),
        *("when green", "at 17:00", "tomorrow at 9", "in 2 hours", "every day at 9:00", "k=v", 'k="v w"', "again"),
        *("because we test", "- load test", "(load test)", ": load test", '"load test"', "--reason testing", "for 2h"),
        *(
            "for the afternoon",
            "until eod",
            "until fri 9:00",
            "2h",
            "for -1h",
            "for a demo",
            "while we test",
            "for now",
        ),
        *("--force", '--force "it burns"', "please", "thanks a lot", "🚀", ":rocket:", ".", "and", "production", "now"),
    ]
)
verbs = st.sampled_from(
    [
        *("deploy", "deploy!", "please deploy", "- deploy", "deploy:migrate", "lock", "unlock", "rollback", "status"),
        *("freeze", "take over", "queue", "deploys", "keep", "cancel", "> deploy", '"deploy', "hey, lock"),
    ]
)
gaps = st.sampled_from([" ", " ", " ", " ", *BREAKS])
sentences = st.tuples(verbs, st.lists(st.tuples(gaps, clauses), max_size=5)).map(
    lambda said: said[0] + "".join(gap + clause for gap, clause in said[1])
)
texts = st.one_of(texts, sentences, st.lists(sentences, min_size=2, max_size=3).map("\n".join))
PLACES = (WORDS, ALONE, EVERYWHERE, Vocabulary(apps={}))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.one_of(texts, st.text()))
def test_no_text_breaks_anything(text: str) -> None:
    for words in PLACES:
        assert parse(text, words) is not None
        assert parse_slash(text, words) is not None
    for slash in (False, True):
        kept, _ = split_one_time_password(text, slash=slash)
        assert all(parse(one, WORDS) is not None for one in separate(kept, slash=slash))


def _letters(text: str) -> str:
    """Letters and digits alone, in order: what a person has said, whatever stands around it."""
    return "".join(char for char in text.casefold() if char.isalnum())


@settings(max_examples=300, derandomize=True, deadline=None)
@given(texts)
@example("deploy topic\nto staging")
@example("1. deploy a\n2. deploy b")
def test_no_line_is_lost_when_a_text_is_taken_apart(text: str) -> None:
    """Every word is in one of the commands; numbers of a list, greetings and emoji in front of a verb are no words."""
    said = " ".join(clean_lines(text)).split()
    together = _letters(" ".join(commands_in(text)))

    for word in said:
        peeled = is_emoji(word) or re.fullmatch(r"\W*(?:hey|[0-9]{1,2}\W?)\W*", word.casefold())
        assert peeled or _letters(word) in together


def _named(command: Command) -> list[str]:
    """The names in a command that came from what was said, each a word of it."""
    held = {field.name: getattr(command, field.name) for field in fields(command)}  # type: ignore[arg-type]
    told = [held.get(name) for name in ("ref", "to", "target", "hosts", "may_be_ref", "login", "person")]
    told += [held.get(name) for name in ("reason", "force_reason")]
    told += [value for pair in held.get("params") or () for value in pair]
    return [value for value in told if value]


MEAN = {
    "staging": ("staging", "stage", "stg", "qa"),
    "production": ("production", "prod", "prd", "live"),
    "test": ("test", "testing", "tst"),
    "prod-eu": ("prod-eu", "live-eu"),
    "development": ("development", "develop", "devel", "dev"),
}


REPEATS = ("again", "oncemore", "onemoretime", "anothertry")
"""What stands for ``retry`` without its name."""


@settings(max_examples=600, derandomize=True, deadline=None)
@given(texts, st.sampled_from(PLACES))
@example("again ", WORDS)
@example("deploy main to staging\nproduction", WORDS)
@example("deploy topic\nlock production", WORDS)
@example("production staging deploy topic", WORDS)
def test_no_deed_comes_of_a_text_that_its_words_do_not_hold(text: str, words: Vocabulary) -> None:
    said = _letters(" ".join(clean_lines(text)))
    for one in separate(text):
        command = parse(one, words)
        if isinstance(command, NotUnderstood):
            continue
        spec = next(spec for spec in COMMANDS if isinstance(command, spec.makes))
        arrow = isinstance(command, Deploy) and re.search("[>→]", text)
        asks = any(_letters(name) in said for name in spec.names) or "?" in text or arrow
        repeats = isinstance(command, Retry) and any(word in said for word in REPEATS)
        assert asks or repeats or spec.read_only, command  # a look is no deed
        for value in _named(command):
            assert _letters(value) in said, (value, command)
        app, environment = getattr(command, "app", None), getattr(command, "environment", None)
        assert app is None or _letters(app) in said
        if environment is not None and environment not in {"all", "mine"}:
            assert any(_letters(word) in said for word in MEAN.get(environment, (environment,))), command
        if isinstance(command, Deploy) and command.force:
            assert "!" in text or "--force" in text.casefold() or "—force" in text.casefold()


IDLE = {_letters(word) for spec in COMMANDS for name in spec.names for word in name.casefold().split()}
IDLE |= {"to", "in", "on", "into", "the", "our", "environment", "env", "app", "for", "until", "because", "at", "every"}
IDLE |= {"please", "thanks", "thank", "you", "hey", "hi", "ok", "now", "force", "reason", "from", "deployment", "pr"}
IDLE |= {"rocket", "a", "lot", "sh", "again", "all", "day", "afternoon", "with", "against", "and", "am", "pm", "while"}
"""Words that are there to say how others are meant; and those of a period, which is written in its own words."""


@settings(max_examples=600, derandomize=True, deadline=None)
@given(texts, st.sampled_from(PLACES))
@example("deploy topic\nto staging", WORDS)
@example("lock staging (now) thanks", WORDS)
def test_no_word_is_dropped_while_a_default_fills_the_hole(text: str, words: Vocabulary) -> None:
    for one in separate(text):
        command = parse(one, words)
        if isinstance(command, NotUnderstood):
            continue
        written = _letters(show(command))
        environment = getattr(command, "environment", None) or getattr(command, "may_be_ref", None) or ""
        for word in re.sub(r":[a-z0-9_+'-]+:", " ", " ".join(clean_lines(one))).split():
            held = any(part in written or part in IDLE for part in (_letters(word), _letters(word.split("/")[-1])))
            assert held or _letters(word) in {_letters(alias) for alias in MEAN.get(environment, ())}, (word, command)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(texts, st.sampled_from(PLACES))
def test_nothing_is_suggested_that_was_not_in_it(text: str, words: Vocabulary) -> None:
    """All but one word of a suggestion were said, and that one is near to one that was."""
    answer = parse(text, words)
    for command in answer.meant if isinstance(answer, NotUnderstood) else ():
        said = _letters(" ".join(clean_lines(text)))
        new = [value for value in _named(command) if _letters(value) not in said]
        app, environment = getattr(command, "app", None), getattr(command, "environment", None)
        new += [app] if app and _letters(app) not in said else []
        meant = MEAN.get(environment or "", (environment or "",))
        new += [environment] if environment and not any(_letters(word) in said for word in meant) else []
        assert len(new) <= 1, (text, command)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(commands)
def test_what_is_written_is_one_command_and_read_back_also_from_between_marks(command: Command) -> None:
    written = show(command)

    assert len(commands_in(written)) == 1
    assert separate(written) == [written]
    for said in (written, f"\n{written}", f"- {written}", f"> {written}", f"```\n{written}\n```", f"hey, {written}"):
        assert _read(said) == command


@settings(max_examples=200, derandomize=True, deadline=None)
@given(commands, commands)
def test_two_commands_on_two_lines_are_these_two(first: Command, second: Command) -> None:
    read = [_read(one) for one in separate(f"{show(first)}\n{show(second)}")]

    assert read == [first, second]


def _read(said: str) -> Command | NotUnderstood:
    return parse(said, TWO_APPS)


@pytest.mark.parametrize("word", ["staging", "Staging", "stg", "qa"])
def test_a_word_for_an_environment_in_the_place_of_a_ref_is_read_back(word: str) -> None:
    command = Deploy("web", environment="staging", may_be_ref=word, when_green=True)

    assert parse(show(command), WORDS) == command
