"""Which repository of the settings a webhook is about, by GitHub's number and by what it calls itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.storage import serialization
from bot.core.events.external import CalledOtherwise, ChecksChanged
from bot.core.events.internal import CatchUp, DeliveryFailed
from bot.core.ports.chat import Delivery
from bot.core.repositories.model import KnownRepository
from bot.core.stored import stored_name
from bot.runtime.decoder import decoder
from bot.settings import read

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHA = "0" * 40
SETTINGS = read(
    "".join(
        f'[apps.{name}]\nrepository = "{repository}"\nchannel = "#{name}"\n[apps.{name}.environments.live]\n'
        for name, repository in {"web": "acme/web", "api": "Acme/API", "new": "acme/new", "gone": "acme/gone"}.items()
    ),
    {},
)
KNOWN = (
    KnownRepository("web", "acme/web", 1, "acme/website", T0),
    KnownRepository("api", "acme/api", 2, "acme/api", T0),
    KnownRepository("gone", "acme/gone", 3, "", T0),
    # The settings name another repository since, or no such app at all.
    KnownRepository("new", "acme/old", 4, "acme/older", T0),
    KnownRepository("nobody", "acme/nobody", 5, "acme/nobody", T0),
)
decode = decoder(SETTINGS, lambda: KNOWN)


def status(name: str, number: int | None) -> list[Any]:
    repository = {"full_name": name} | ({"id": number} if number is not None else {})
    body = json.dumps({"sha": SHA, "repository": repository}).encode()
    return list(decode(Delivery("github:1", "github", "status", body)))


@pytest.mark.parametrize(
    ("name", "number", "repository"),
    [
        ("acme/website", 1, "acme/website"),
        ("Acme/Website", 1, "acme/website"),
        ("acme/api", 2, "Acme/API"),
        ("ACME/NEW", 9, "acme/new"),
        ("acme/new", 4, "acme/new"),
        ("acme/older", 4, "acme/older"),
        ("acme/nobody", 5, "acme/nobody"),
        ("other/thing", 10, "other/thing"),
        # The old name of ours, which another repository has now.
        ("acme/web", 11, "acme/web"),
        ("acme/gone", 12, "acme/gone"),
        # Without a number the name is believed.
        ("acme/website", None, "acme/website"),
        ("ACME/WEB", None, "acme/website"),
        ("acme/gone", None, "acme/gone#3"),
        ("acme/new", None, "acme/new"),
        ("other/thing", None, "other/thing"),
    ],
)
def test_it_is_about_the_repository_with_its_number_by_the_name_of_now(
    name: str, number: int | None, repository: str
) -> None:
    assert status(name, number) == [ChecksChanged(repository, SHA)]


def test_no_app_is_meant_by_the_old_name_that_another_repository_has_now() -> None:
    now = SETTINGS.as_called(KNOWN)

    assert [now.apps_of_repository(name) for name in ("acme/web", "acme/gone")] == [(), ()]
    assert [app.name for app in now.apps_of_repository("acme/website")] == ["web"]


@pytest.mark.parametrize(
    ("name", "number", "repository"),
    [
        ("acme/web", 1, "acme/website"),
        ("acme/site", 1, "acme/website"),
        ("newowner/api", 2, "Acme/API"),
        ("acme/gone", 3, "acme/gone#3"),
    ],
)
def test_one_of_ours_that_is_called_otherwise_is_looked_at_first(name: str, number: int, repository: str) -> None:
    assert status(name, number) == [CalledOtherwise(repository, name, (ChecksChanged(repository, SHA),))]


@pytest.mark.parametrize("name", ["acme/website", "Acme/Website"])
def test_another_that_has_the_name_of_one_of_ours_is_looked_at_and_not_believed(name: str) -> None:
    assert status(name, 6) == [CalledOtherwise("acme/website", "", ())]


@pytest.mark.parametrize("event", ["push", "repository", "delete", "merge_group", "sunrise"])
def test_any_webhook_tells_what_its_repository_is_called(event: str) -> None:
    body = json.dumps({"repository": {"id": 1, "full_name": "acme/site"}}).encode()

    assert list(decode(Delivery("github:1", "github", event, body))) == [
        CalledOtherwise("acme/website", "acme/site", ())
    ]
    assert list(decode(Delivery("github:1", "github", event, b"{}"))) == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (CatchUp("acme/web"), CatchUp("acme/website")),
        (CatchUp("acme/website"), CatchUp("acme/website")),
        (CatchUp("other/thing"), CatchUp("other/thing")),
        (ChecksChanged("ACME/Web", SHA), ChecksChanged("acme/website", SHA)),
        (DeliveryFailed(1, "guid", None, None), DeliveryFailed(1, "guid", None, None)),
        (DeliveryFailed(1, "guid", "acme/web", 2), DeliveryFailed(1, "guid", "acme/website", 2)),
    ],
)
def test_what_the_bot_has_told_itself_before_the_name_changed_is_about_the_same_repository(
    event: Any, expected: Any
) -> None:
    body = serialization.event_to_bytes(event)

    assert list(decode(Delivery("bot:1", "bot", stored_name(type(event)), body))) == [expected]
