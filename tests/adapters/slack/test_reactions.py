"""Emoji on messages: an ornament, for which nothing else is ever held up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.adapters.slack.chat import REACTIONS, Slack
from bot.core.errors import NotAccepted, NotThere, Speechless
from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import Message


class Watch:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.add_user("maria")
        server.add_channel("web", members=["maria"])
        yield server


@pytest.fixture
def slack(server: SlackServer) -> Slack:
    return Slack(server.bot_token, api_url=server.api_url, clock=Watch(), timeout=5)


@pytest.fixture
def said(server: SlackServer) -> Message:
    return server.says("maria", "#web", "deploy main")


def test_an_emoji_is_put_on_and_taken_off(slack: Slack, said: Message) -> None:
    slack.react(said.channel, said.ts, "👀")
    at_first = said.emoji
    slack.react(said.channel, said.ts, "✅")
    slack.react(said.channel, said.ts, "👀", on=False)

    assert (at_first, said.emoji) == (["eyes"], ["white_check_mark"])


def test_once_is_as_good_as_twice(slack: Slack, said: Message) -> None:
    for _ in range(2):
        slack.react(said.channel, said.ts, "👀")
    once = said.emoji
    for _ in range(2):
        slack.react(said.channel, said.ts, "👀", on=False)

    assert (once, said.emoji) == (["eyes"], [])


@pytest.mark.parametrize("emoji", REACTIONS)
def test_slack_knows_every_emoji_by_its_name(slack: Slack, said: Message, emoji: str) -> None:
    slack.react(said.channel, said.ts, emoji)

    assert said.emoji == [REACTIONS[emoji]]


def test_an_emoji_without_a_name_is_not_put_anywhere(slack: Slack, said: Message) -> None:
    with pytest.raises(NotThere) as unknown:
        slack.react(said.channel, said.ts, "🦄")

    assert str(unknown.value) == "I know no name of Slack's for 🦄."


def test_a_person_stands_for_the_direct_message_with_them(server: SlackServer, slack: Slack) -> None:
    said = server.says("maria", "@maria", "thanks")

    slack.react(server.workspace.user("maria").id, said.ts, "👍")

    assert said.emoji == ["+1"]


def test_a_message_that_is_gone_has_no_place_for_it(server: SlackServer, slack: Slack, said: Message) -> None:
    server.deletes(said)

    with pytest.raises(NotThere) as gone:
        slack.react(said.channel, said.ts, "👀")

    assert str(gone.value) == f"That message is gone from {said.channel}."


def test_where_nobody_has_allowed_it_it_says_what_is_lacking(server: SlackServer, slack: Slack, said: Message) -> None:
    server.scopes -= {"reactions:write"}

    with pytest.raises(NotThere) as refused:
        slack.react(said.channel, said.ts, "👀")

    assert "reactions:write" in str(refused.value)


def test_a_message_full_of_others_has_no_place_for_it(slack: Slack, said: Message) -> None:
    said.reactions += [(f"emoji_{number}", "U1") for number in range(23)]

    with pytest.raises(NotThere):
        slack.react(said.channel, said.ts, "👀")

    assert said.emoji == []


@pytest.mark.parametrize(
    "code", ["too_many_reactions", "is_archived", "not_in_channel", "thread_locked", "not_reactable", "no_permission"]
)
def test_whatever_else_slack_has_against_it_it_cannot_be_put_there(
    server: SlackServer, slack: Slack, said: Message, code: str
) -> None:
    server.fail_next("reactions.add", code)

    with pytest.raises(NotThere):
        slack.react(said.channel, said.ts, "👀")


@pytest.mark.parametrize("how", [{"error": "ratelimited"}, {"status": 503}, {"cut": "after"}, {"error": "fatal_error"}])
def test_what_slack_may_do_later_is_tried_later(
    server: SlackServer, slack: Slack, said: Message, how: dict[str, object]
) -> None:
    server.fail_next("reactions.add", **how)  # type: ignore[arg-type]

    with pytest.raises(Speechless):
        slack.react(said.channel, said.ts, "👀")


def test_a_token_that_is_refused_is_an_outage(server: SlackServer, slack: Slack, said: Message) -> None:
    server.revoke()

    with pytest.raises(NotAccepted):
        slack.react(said.channel, said.ts, "👀")
