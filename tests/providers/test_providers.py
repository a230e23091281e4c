"""Providers are found by their name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot import providers
from bot.core.errors import NotThere, Rejected
from bot.providers import external
from bot.settings.providers import PLANNED, provider_types

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")


def test_every_module_of_the_package_is_a_provider() -> None:
    names = providers.names()

    assert {"external", "local", "shell"} <= set(names)
    assert names == sorted(names)


@pytest.mark.parametrize("name", providers.names())
def test_every_provider_keeps_the_contract(name: str) -> None:
    provider = providers.load(name)

    assert isinstance(provider.carries_out, bool)
    assert issubclass(provider.Settings, BaseModel)
    assert provider.Settings.model_config.get("extra") == "forbid"
    assert provider.Settings.model_config.get("frozen") is True
    assert callable(provider.start)
    assert callable(provider.follow)


def test_a_misspelt_provider_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(NotThere) as refused:
        providers.load("shel")

    assert str(refused.value) == "There is no provider shel. Did you mean shell?"


def test_an_unheard_of_provider_is_answered_with_the_list() -> None:
    with pytest.raises(NotThere) as refused:
        providers.load("zzz")

    assert str(refused.value) == f"There is no provider zzz. There are: {', '.join(providers.names())}."


def test_what_another_tool_carries_out_is_never_begun_here(run_with) -> None:
    run = run_with(external.Settings())

    with pytest.raises(Rejected) as started:
        external.start(run)
    with pytest.raises(Rejected) as followed:
        external.follow(run, "")

    assert external.carries_out is False
    assert str(started.value) == "web in production is carried out by another tool, not by Shipmate."
    assert str(followed.value) == str(started.value)


@pytest.mark.parametrize("name", providers.names())
def test_every_provider_and_each_of_its_settings_is_described(name: str) -> None:
    section = re.search(rf"^## {name}$(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)

    assert section, f"docs/providers.md has no section {name}"
    described = set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE))
    assert set(providers.load(name).Settings.model_fields) <= described


def test_a_provider_that_is_there_is_not_said_to_be_still_to_come() -> None:
    assert set(PLANNED) & set(provider_types()) == set()
