"""What is known of a repository: which name it is asked for by, and which names of the settings mean it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core.repositories import messages
from bot.core.repositories.model import KnownRepository

T0 = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("called", "address"),
    [("acme/web", "acme/web"), ("newowner/site", "newowner/site"), ("", "acme/web#7")],
)
def test_it_is_asked_for_by_what_it_is_called_and_by_no_name_that_another_has(called: str, address: str) -> None:
    assert KnownRepository("web", "acme/web", 7, called, T0).address == address


@pytest.mark.parametrize(
    ("called", "written", "spelled"),
    [
        ("Acme/Web", "acme/web", "acme/web"),
        ("acme/web", "ACME/Web", "ACME/Web"),
        ("acme/site", "acme/web", "acme/site"),
        ("", "acme/web", "acme/web#7"),
    ],
)
def test_it_is_spelled_as_the_settings_spell_it(called: str, written: str, spelled: str) -> None:
    assert KnownRepository("web", "acme/web", 7, called, T0).spelled(written) == spelled


@pytest.mark.parametrize(
    ("written", "meant"),
    [("acme/web", True), ("ACME/Web", True), ("acme/Site", True), ("acme/other", False), ("acme/web#7", False)],
)
def test_the_settings_mean_it_by_its_old_name_and_by_its_new_one(written: str, meant: bool) -> None:
    assert KnownRepository("web", "acme/web", 7, "acme/site", T0).is_meant_by(written) == meant


def test_one_that_is_lost_is_meant_by_its_old_name_alone() -> None:
    lost = KnownRepository("web", "acme/web", 7, "", T0)

    assert [lost.is_meant_by(name) for name in ("acme/web", "acme/site")] == [True, False]


def test_all_apps_that_share_it_are_named() -> None:
    taken = messages.taken("acme/web", ["web", "api"]).text()

    assert "I take nothing of the other one for the app web and the app api." in taken
    assert "Else change repository in [apps.web] and [apps.api] of my settings." in taken
