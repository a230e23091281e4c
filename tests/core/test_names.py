"""Names in sentences."""

from __future__ import annotations

import pytest

from bot.core.names import listed, near, nearest


def test_near_names_are_found_in_any_case_the_nearest_first() -> None:
    assert near("Prodution", ["staging", "production", "Production-EU"]) == ["production", "Production-EU"]
    assert near("x", ["staging"]) == []


def test_whoever_chooses_is_offered_more_than_what_is_taken_for_meant() -> None:
    assert near("prod", ["production", "staging"]) == ["production"]
    assert nearest("prod", ["production", "staging"]) is None
    assert near("a", ["a1", "a2", "a3", "a4"]) == ["a4", "a3", "a2"]


@pytest.mark.parametrize(
    ("word", "name"),
    [("stagin", "staging"), ("PRODUCTION", "Production"), ("x", None), ("", None), ("staging" * 100, None)],
)
def test_the_nearest_name_is_as_it_is_known(word: str, name: str | None) -> None:
    assert nearest(word, ["staging", "Production"]) == name


@pytest.mark.parametrize(
    ("names", "last", "text"),
    [
        ([], "and", ""),
        (["a"], "and", "a"),
        (["a", "b"], "and", "a and b"),
        (["a", "b", "c"], "and", "a, b and c"),
        (["this and that", "b", "c"], "or", "this and that, b or c"),
        ([""], "and", ""),
    ],
)
def test_names_are_listed_as_in_a_sentence(names: list[str], last: str, text: str) -> None:
    assert listed(iter(names), last) == text
