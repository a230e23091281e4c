"""How reviews stand, and rules in words."""

from __future__ import annotations

from datetime import timedelta

from bot.core.ports.reviews import Protection, Review, rules, standing


def test_the_last_word_of_each_reviewer_counts() -> None:
    reviews = [
        Review("bob", "changes_requested"),
        Review("eve", "approved"),
        Review("Bob", "approved"),
        Review("eve", "changes_requested"),
    ]

    found = standing(reviews, "maria")

    assert found == {"Bob": "approved", "eve": "changes_requested"}


def test_a_comment_takes_nothing_back_and_a_dismissal_does() -> None:
    reviews = [
        Review("bob", "approved"),
        Review("bob", "commented"),
        Review("eve", "approved"),
        Review("eve", "dismissed"),
        Review("dan", "pending"),
    ]

    found = standing(reviews, "maria")

    assert found == {"bob": "approved"}


def test_authors_and_outsiders_have_no_vote() -> None:
    reviews = [Review("Maria", "approved"), Review("mallory", "approved", insider=False)]

    found = standing(reviews, "maria")

    assert found == {}


def test_rules_are_told_in_words() -> None:
    protection = Protection(("octocat", "the team ops"), timedelta(minutes=30), "protected branches only")

    told = rules(protection)

    assert told == "approval by octocat or the team ops, a wait of 30 min, protected branches only"
