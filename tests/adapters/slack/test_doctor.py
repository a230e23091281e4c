"""What the check of Slack finds, and how each thing is to be mended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.slack.chat import Slack
from bot.adapters.slack.doctor import SCOPES, doctor, examine_app_token
from bot.core.ports.chat import Finding
from tests.servers.slack.server import SlackServer


class Watch:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def slack(server: SlackServer) -> Slack:
    return Slack(server.bot_token, api_url=server.api_url, clock=Watch())


def test_all_is_well(server: SlackServer, slack: Slack) -> None:
    server.add_channel("web")

    found = [*doctor(slack, ["#web"]), examine_app_token(slack, server.app_token)]

    assert found == [
        Finding(True, "Slack: signed in to Acme as @shipmate"),
        Finding(True, "Slack: the app has every scope it needs"),
        Finding(True, "Slack: the bot is in #web"),
        Finding(True, "Slack: Socket Mode can be opened"),
    ]


def test_a_channel_that_is_shared_with_others_is_warned_of(server: SlackServer, slack: Slack) -> None:
    server.add_channel("web").is_ext_shared = True

    found = doctor(slack, ["#web"])

    what = "Slack: #web is shared with other workspaces, whose people read what is announced there"
    assert found[-1] == Finding(True, what, "Announce in a channel of your own where that is not meant.", warning=True)


def test_a_channel_that_was_renamed_is_told_by_its_new_name(server: SlackServer) -> None:
    class Names:
        def meant(self, name: str) -> str | None:
            return {"web": channel.id}.get(name)

        def names(self, channel: str) -> frozenset[str]:
            return frozenset()

        def learned(self, name: str, channel: str) -> None:
            raise AssertionError(f"{name} is {channel} already")

    channel = server.add_channel("web-team")
    slack = Slack(server.bot_token, api_url=server.api_url, clock=Watch(), names=Names())

    found = doctor(slack, ["#web", channel.id])

    what = "Slack: the bot is in #web, which is called #web-team now"
    assert found[2:] == [
        Finding(True, what, "Write #web-team in settings.toml when you like.", warning=True),
        Finding(True, f"Slack: the bot is in {channel.id}"),
    ]


def test_missing_scopes_are_listed_with_what_they_are_for(server: SlackServer, slack: Slack) -> None:
    server.scopes -= {"im:write", "commands"}

    found = doctor(slack, [])

    assert found[1] == Finding(
        False,
        "Slack: the app lacks 2 of its scopes: commands (for /deploy), im:write (to write to people directly)",
        "Add them under OAuth & Permissions, or take slack-manifest.yaml as it is, and install the app again.",
    )


def test_channels_that_will_not_work_are_found(server: SlackServer, slack: Slack) -> None:
    server.add_channel("ops", bot=False)
    old = server.add_channel("old", archived=True)

    found = doctor(slack, ["#ops", "#nowhere", old.id])[2:]

    assert found == [
        Finding(False, "Slack: the bot is not in #ops", "Write /invite @shipmate in #ops."),
        Finding(
            False,
            "Slack: there is no channel #nowhere that the bot can see",
            "Write /invite @shipmate in #nowhere, or correct the name in settings.toml.",
        ),
        Finding(
            False,
            f"Slack: the channel {old.id} is archived",
            f"Unarchive {old.id}, or name another channel.",
        ),
    ]


def test_wrong_tokens_are_found_and_not_shown(server: SlackServer) -> None:
    slack = Slack("xoxb-wrong", api_url=server.api_url, clock=Watch())

    found = [*doctor(slack, ["#web"]), examine_app_token(slack, "xapp-wrong")]

    assert found == [
        Finding(
            False,
            "Slack does not accept the token for auth.test (invalid_auth): install the app again, copy its token.",
            "Check SLACK_BOT_TOKEN (xoxb-…) and SLACK_API_URL.",
        ),
        Finding(
            False,
            "Slack: Socket Mode cannot be opened: Slack does not accept the token for apps.connections.open "
            "(invalid_auth): install the app again, copy its token.",
            "Switch Socket Mode on, make an app-level token with connections:write, and put it in SLACK_APP_TOKEN.",
        ),
    ]


def test_the_manifest_asks_for_the_scopes_that_are_checked() -> None:
    manifest = (Path(__file__).parents[3] / "slack-manifest.yaml").read_text()

    asked = re.search(r"bot:\n((?: +- .+\n)+)", manifest)

    assert asked is not None
    assert re.findall(r"- (\S+)", asked[1]) == sorted(SCOPES)
