"""What is offered where something is not understood: the person's own sentence, with one word mended, or nothing."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import Deploy, Rollback, TakeLock
from bot.core.grammar.offers import deed
from bot.core.grammar.parser import NotUnderstood, parse
from bot.core.names import mistyped
from tests.core.grammar.what_people_type.sentences import WORDS, suggested, understood


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        # the verb
        ("depoly main to staging", ["deploy main to staging"]),
        ("deplyo main", ["deploy main"]),
        ("dploy web/topic to production when green", ["deploy web/topic to production when green"]),
        ("rolback web on staging", ["rollback web on staging"]),
        ("statsu", ["status"]),
        ("lcok staging because we test", ["lock staging because we test"]),
        ("unlcok staging", ["unlock staging"]),
        ("cancle #12", ["cancel #12"]),
        ("aprove #12", ["approve #12"]),
        ("shcedule", ["schedule"]),
        # a word of the grammar, an app or an environment
        ("deploy main ot staging", ["deploy main to staging"]),
        ("deploy main too staging", ["deploy main to staging"]),
        ("deploy main stagin", ["deploy main to staging"]),
        ("deploy main prodution", ["deploy main to production"]),
        ("deploy main to staging --froce", ["deploy main to staging --force"]),
        ("deploy main to staging wehn green", ["deploy main to staging when green"]),
        ("lock staging becuase we test", ["lock staging because we test"]),
        ("lock staging utnil fri 9:00", ["lock staging until fri 9:00"]),
        ("status wbe", ["status web"]),
        ("status wbe production", ["status web in production"]),
        ("deploy topic@staging", ["deploy topic to staging"]),
        ("deploy #12@production", ["deploy #12 to production"]),
        # too far, too short, or another word altogether
        *(
            (said, [])
            for said in ("no", "hi", "hello", "banana", "banana #12", "lag", "ok", "yes", "lol", "go", "ship")
        ),
        *((said, []) for said in ("thanks", "good morning", "deploying main", "what is that", "production", "main")),
        *(
            (said, [])
            for said in ("deploy latest", "deploy the latest", "deploy the latest to staging", "deploy newest")
        ),
        *((said, []) for said in ("deploy main not production", "deploy main no production", "web to production")),
        *((said, []) for said in ("deploy main to staging carefully", "deploy main to staging tomorrowish")),
        *((said, []) for said in ("lock", "freeze production", "promote production", "cancel everything")),
    ],
)
def test_the_own_sentence_is_offered_with_one_word_mended(said: str, offered: list[str]) -> None:
    assert suggested(said) == offered


@pytest.mark.parametrize("said", ["deploy", "lock", "unlock", "rollback", "ship", "promote", "freeze", "hi", "web"])
def test_examples_look_and_do_nothing(said: str) -> None:
    answer = parse(f"{said} to to to", WORDS)

    assert isinstance(answer, NotUnderstood)
    assert all(example.split()[0] in {"help", "status"} for example in answer.examples)


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("tpoic", ["topic", "main"], ["topic"]),
        ("Main", ["main"], ["main"]),
        ("mian", ["main", "mine"], ["main"]),
        ("feature/serach", ["feature/search", "feature/sea"], ["feature/search"]),
        ("again", ["main"], []),
        ("api", ["main", "app"], []),
        ("latest", ["test", "later"], []),
        ("logs", ["locks", "lock"], []),
        ("v1.2.3", ["v1.2.4", "v1.2.30"], []),
        ("release-1", ["release-2"], []),
        ("master", ["main"], []),
        ("no", ["on"], []),
        ("x" * 300, ["y" * 300, "x" * 299], ["x" * 299]),
    ],
)
def test_a_slip_is_no_other_word(word: str, known: list[str], near: list[str]) -> None:
    assert mistyped(word, known) == near


@pytest.mark.parametrize(
    ("command", "label"),
    [
        (Deploy(ref="topic", environment="staging"), "Deploy topic to staging"),
        (Deploy("web", "topic", "staging", when_green=True), "Deploy web/topic to staging when green"),
        (Deploy("web", "refs/heads/staging", "production"), "Deploy branch staging of web to production"),
        (Deploy(ref="refs/tags/v1", environment="production"), "Deploy tag v1 to production"),
        (Deploy("web", "ab12" * 10, "staging"), "Deploy commit ab12ab12ab12 of web to staging"),
        (TakeLock("staging", "web", "2h"), "Lock staging on web for 2h"),
    ],
)
def test_the_face_of_a_button_says_all_that_it_does(command: Deploy | TakeLock, label: str) -> None:
    assert deed(command) == label


def test_a_name_that_is_too_long_for_a_button_loses_its_middle_and_the_place_stays() -> None:
    label = deed(Deploy("web", "feature/" + "x" * 90 + "-end", "production", when_green=True))

    assert len(label) <= 75
    assert label.endswith("xxxx-end to production when green")


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("deploy main env=staging", ["deploy main to staging"]),
        ("deploy main environment=qa size=2", ["deploy main to staging size=2"]),
        ("deploy branch=topic", ["deploy topic"]),
        ("deploy ref=v1.2 to staging", ["deploy v1.2 to staging"]),
        ("deploy app=api", ["deploy api"]),
    ],
)
def test_a_parameter_does_not_say_what_goes_where(said: str, offered: list[str]) -> None:
    assert suggested(said) == offered


@pytest.mark.parametrize("said", ["deploy main to staging env=production", "deploy topic branch=x", "deploy web env=x"])
def test_where_that_is_said_besides_it_is_a_parameter(said: str) -> None:
    assert isinstance(understood(said)[0], Deploy)


@pytest.mark.parametrize("said", ["undo 6dcb09b", "revert commit 6dcb09b", "undo web@6dcb09b on staging"])
def test_a_commit_is_not_taken_back_by_going_back_to_it(said: str) -> None:
    assert not isinstance(understood(said)[0], Rollback)
