"""Which of several sources says who somebody is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.events.external import Place
from bot.core.people.model import DeviceCode, How, Identity, PendingLink, known

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MARIA = "U00000001"
PROVED = Identity(MARIA, "by-proof", How.LINK, T0)
FOUND = Identity(MARIA, "by-email", How.EMAIL, T0)
MISSED = Identity(MARIA, None, How.EMAIL, T0)


@pytest.mark.parametrize(
    ("row", "mapped", "told", "login"),
    [
        (PROVED, "by-settings", "by-chat", "by-proof"),
        (FOUND, "by-settings", "by-chat", "by-settings"),
        (None, "by-settings", None, "by-settings"),
        (FOUND, None, "by-chat", "by-chat"),
        (FOUND, None, None, "by-email"),
    ],
)
def test_proof_wins_over_settings_and_settings_over_an_address(
    row: Identity | None, mapped: str | None, told: str | None, login: str
) -> None:
    found = known(MARIA, row=row, mapped=mapped, told=told, now=T0)

    assert found is not None
    assert found.login == login


def test_a_proof_does_not_grow_old() -> None:
    found = known(MARIA, row=PROVED, mapped=None, told=None, now=T0 + timedelta(days=1000))

    assert found == PROVED


def test_what_an_address_told_is_asked_again_after_a_day_and_a_miss_after_an_hour() -> None:
    after = [
        known(MARIA, row=row, mapped=None, told=None, now=T0 + age)
        for row, age in (
            (FOUND, timedelta(hours=23)),
            (FOUND, timedelta(hours=24)),
            (MISSED, timedelta(minutes=59)),
            (MISSED, timedelta(minutes=60)),
        )
    ]

    assert after == [FOUND, None, MISSED, None]


def test_what_the_bot_asks_with_is_never_shown() -> None:
    code = DeviceCode("WDJB-0001", "https://github.com/login/device", 5, T0, code="s3cret")
    pending = PendingLink(MARIA, "a", "octocat", Place("C1"), 5, T0, device_code="s3cret")

    shown = repr((code, pending))

    assert "s3cret" not in shown
