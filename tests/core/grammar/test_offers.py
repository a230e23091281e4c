"""Commands that the bot writes: what is pressed or typed is what was meant, whatever strangers call their branches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core import replies
from bot.core.deployments.model import Actor
from bot.core.gates.model import Answer, Verdict
from bot.core.gates.refusals import refusal
from bot.core.grammar.commands import Cancel, Command, Deploy, Rollback, TakeLock, TakeOver
from bot.core.grammar.offers import hint, offer, written
from bot.core.grammar.parser import parse, split_one_time_password
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from bot.core.locks import messages as lock_messages
from bot.core.replies import Choice
from bot.core.rich_text import Button, Code, Message
from tests.core.deployments.made import a_deployment
from tests.core.grammar.words import YUBIKEY

WORDS = Vocabulary(
    {
        "web": AppVocabulary(("staging", "production"), {"live-site": "production"}),
        "api": AppVocabulary(("staging", "production")),
    },
    here="web",
)
SPACES = "\u00a0\u1680\u2003\u2009\u202f\u205f\u3000\t\u0085\u2028"
UNSEEN = "\u200b\u200d\u2060\u202e\u2066\ufeff\u00ad\x07\x1b"
pieces = st.one_of(
    st.sampled_from([*SPACES, *UNSEEN, *"\"'`*_~!=@#/-<>&|\\.\n ", "“", "”", "—", "🚀", "é"]),
    st.sampled_from(["--force", "deploy!", "to", "production", "staging", "web", "api", "when green", "at 17:00", "x"]),
    st.sampled_from(["key=value", "because", "now", "every day", "&lt;", "<!here>", "<@U012AB3CD|bob>", "123456"]),
)
hostile = st.lists(pieces, min_size=1, max_size=7).map("".join)
OLD = a_deployment(app="web", environment="staging", ref="topic", sha="ab12" * 10)


def meant(button: Button) -> object:
    """What the press would do: the text goes the way of everything that is said."""
    text, password = split_one_time_password(button.command)
    assert password is None
    return parse(text, WORDS)


@pytest.mark.parametrize(
    "ref",
    [f"hotfix{space}--force" for space in SPACES] + [f"x{space}to{space}production" for space in SPACES] + ["a\u200bb"],
    ids=ascii,
)
def test_a_name_that_reads_as_more_than_a_name_is_not_offered(ref: str) -> None:
    command = Deploy("web", ref, "staging")

    assert written(command) is None
    assert offer("Deploy", command) == ()
    assert hint("For example: ", command) == ()


def test_what_reads_as_it_was_meant_is_offered() -> None:
    assert offer("Go", Deploy("web", "feature/x", "staging"), "primary", "Sure?") == (
        Button("Go", "deploy web/feature/x to staging", "primary", "Sure?"),
    )
    assert hint("or ", Cancel(12), "!") == ("or ", Code("cancel #12"), "!")


@pytest.mark.parametrize("reason", [YUBIKEY, f"it is {YUBIKEY}"])
def test_what_would_be_taken_for_a_password_is_not_offered(reason: str) -> None:
    assert written(Deploy("web", "topic", "staging", force=True, force_reason=reason)) is None


@settings(max_examples=400, derandomize=True, deadline=None)
@given(hostile, st.sampled_from(["web", "api"]))
@example("hotfix\u00a0--force", "web")
@example('x" to production "', "web")
@example("api#", "web")
@example("x\u3000to\u3000production", "api")
def test_a_press_does_what_was_offered_and_never_more(name: str, app: str) -> None:
    wanted: list[Command] = [
        Deploy(app, name, "staging"),
        Deploy(app, "topic", "staging", params=(("note", name),)),
        Rollback(app, "staging", name),
        Rollback(app, "staging", None, name),
        TakeLock("staging", app, reason=name),
        TakeOver("staging", app, name),
    ]

    for command in wanted:
        for button in offer("Go", command):
            assert meant(button) == command


@settings(max_examples=300, derandomize=True, deadline=None)
@given(hostile)
def test_every_button_of_a_refusal_and_of_a_suggestion_is_the_deed_on_it(name: str) -> None:
    asked = Deploy("web", "tpoic", "staging")
    shown: list[Message] = [
        replies.unknown_ref("acme/web", "tpoic", [Choice(one, asked.with_ref(one)) for one in (name, "topic")]),
        refusal(
            OLD,
            Verdict((Answer("checks", False, ("no",), forcible=True),)),
            Deploy("web", name, "staging"),
            may_wait=True,
        ),
    ]
    offered = [*(button for message in shown for button in (*message.buttons, *message.more))]

    for button in (*offered, *lock_messages.offer_lock(replace(OLD, ref=name))):
        deed = meant(button)
        assert isinstance(deed, Deploy | TakeLock)
        assert (deed.app, deed.environment) == ("web", "staging")
        if isinstance(deed, Deploy):
            assert deed.force is (button.label == "Deploy by force…")
            assert deed.ref in {name, "topic"}


def test_a_branch_whose_name_is_no_reason_to_press_is_locked_for_without_it() -> None:
    [button] = lock_messages.offer_lock(replace(OLD, ref="a\u00a0b", by=Actor("maria", "U1")))

    assert button.command == "lock staging on web"


def test_a_suggestion_that_cannot_be_pressed_is_not_named_either() -> None:
    command = Deploy("web", "hotfix", "staging")

    told = replies.unknown_ref("acme/web", "hotfix", [Choice("hot\u00a0fix", command.with_ref("hot\u00a0fix"))])

    assert told.text() == "hotfix is neither a branch, a tag, a commit nor a pull request of acme/web."
