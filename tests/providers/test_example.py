"""The provider of CONTRIBUTING.md is a whole file of this house; test_contract.py holds it to what all keep."""

from __future__ import annotations

import pytest

from tests import house_rules
from tests.house_rules import Rule
from tests.providers import example

PLACE = f"bot/providers/{example.NAME}.py"
RULES: list[Rule] = [
    *(house_rules.imports_inward, house_rules.asks_no_clock, house_rules.reads_no_environment),
    *(house_rules.has_short_functions, house_rules.opens_with_a_sentence, house_rules.is_no_drawer),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule.__name__ for rule in RULES])
def test_it_keeps_the_house_rules(rule: Rule) -> None:
    assert rule(PLACE, example.code()) == []


def test_it_is_small() -> None:
    lines = example.code().splitlines()

    assert len(lines) < 80
    assert max(map(len, lines)) <= 120


def test_its_settings_are_checked_as_any() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        example.provider().Settings(directory="/srv/spool", folder="/srv/spool")
