"""What a refusal says and offers, whatever the gates have answered."""

from __future__ import annotations

from itertools import combinations

import pytest

from bot.core import replies
from bot.core.deployments.model import Waiting
from bot.core.gates.model import Answer, Verdict
from bot.core.gates.refusals import refusal
from bot.core.grammar.commands import Deploy, NotifyMe
from bot.core.grammar.offers import LONGEST_LABEL, deed, offer
from bot.core.replies import Choice
from bot.core.rich_text import Message
from tests.core.deployments.made import a_deployment

ASKED = Deploy("web", "topic", "production")
WANTED = a_deployment(app="web", environment="production", ref="topic", sha="a" * 40)
FINE = (Answer("checks", True, ("2 checks are green",)), Answer("busy", True, ("Nothing else is running",)))
CLOSED = (
    Answer("review", False, ("#1 needs 1 approving review",), forcible=True),
    Answer(
        "order",
        False,
        ("This commit has not succeeded in staging yet",),
        forcible=True,
        buttons=offer("Deploy to staging", Deploy("web", "topic", "staging")),
    ),
    Answer("lock", False, ("Locked by bob",), buttons=offer("Notify me", NotifyMe("production", "web"))),
    Answer(
        "freeze",
        False,
        ("production is frozen by bob",),
        buttons=offer("Schedule for its end", Deploy("web", "topic", "production", at="17:00")),
    ),
    Answer("approval", False, ("1 approval is needed",), Waiting.APPROVAL),
)
SOME = [some for count in range(1, len(CLOSED) + 1) for some in combinations(CLOSED, count)]


def refused(*closed: Answer, may_wait: bool = False) -> Message:
    return refusal(WANTED, Verdict((*FINE, *closed)), ASKED, may_wait=may_wait)


@pytest.mark.parametrize("closed", SOME, ids=lambda some: "+".join(one.gate for one in some))
@pytest.mark.parametrize("may_wait", [True, False], ids=["may wait", "may not"])
def test_each_reason_has_a_line_and_a_sentence_and_what_is_fine_is_small_print(
    closed: tuple[Answer, ...], may_wait: bool
) -> None:
    shown = refused(*closed, may_wait=may_wait)

    assert len(shown.lines) == 1 + len(closed)
    assert shown.lines[0][0] == "🚫 "
    assert shown.context[0] == ("2 checks are green", " · ", "nothing else is running")
    heard = shown.summary()
    assert heard.startswith("topic@aaaaaaa cannot go to web → production")
    assert [one for one in closed if f" {one.line[0]}." not in heard] == []
    assert heard.endswith(".")
    assert "green" not in heard


@pytest.mark.parametrize("closed", SOME, ids=lambda some: "+".join(one.gate for one in some))
def test_one_step_is_on_its_face_and_the_others_are_behind_it(closed: tuple[Answer, ...]) -> None:
    shown = refused(*closed, may_wait=True)

    assert len(shown.buttons) == 1
    assert [one.style for one in (*shown.buttons, *shown.more)] == ["primary", *[None] * len(shown.more)]
    texts = [one.command for one in (*shown.buttons, *shown.more)]
    assert len(texts) == len(set(texts))
    assert {button.command for one in closed for button in one.buttons} < set(texts)


def test_what_helps_now_comes_first() -> None:
    shown = refused(*CLOSED, may_wait=True)

    assert [one.label for one in (*shown.buttons, *shown.more)] == [
        "Deploy to staging",
        "Deploy when green",
        "Notify me",
        "Schedule for its end",
    ]


@pytest.mark.parametrize(
    ("closed", "may_wait", "yet"),
    [
        (CLOSED[:1], True, True),
        (CLOSED[:1], False, False),
        ((Answer("checks", False, ("Checks failed: ci",), failed=True),), True, False),
    ],
    ids=["time opens it", "time does not", "it failed"],
)
def test_yet_stands_where_time_will_open_it(closed: tuple[Answer, ...], may_wait: bool, yet: bool) -> None:
    assert refused(*closed, may_wait=may_wait).text().split("\n")[0].endswith(" yet") == yet


def test_who_may_not_deploy_there_is_told_that_alone() -> None:
    denied = Answer("permission", False, ("maria may not deploy to production: that is for bob; ask them",))

    shown = refused(denied, *CLOSED, may_wait=True)

    assert shown.text() == "🚫 web → production  maria may not deploy to production: that is for bob; ask them"
    assert shown.summary() == f"{shown.text()}."


@pytest.mark.parametrize("length", [3, 20, 45, 60, 200])
def test_a_suggestion_says_all_that_it_does_however_long_that_is(length: int) -> None:
    own = Deploy("web", "b" * length, "staging")

    told = replies.not_understood("I do not understand that.", (), [Choice("", own)])

    [button] = told.buttons
    assert len(button.label) <= LONGEST_LABEL
    assert button.label.removeprefix("Yes: ").lower() == deed(own).lower()
    assert button.command in told.summary()
