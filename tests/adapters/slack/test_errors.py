"""What people read when Slack refuses, is ill or is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.adapters.slack.chat import Slack
from bot.adapters.slack.errors import retry_after
from bot.core.errors import NotAccepted, NotAllowed, Rejected, Speechless, Unavailable
from bot.core.events.external import Place
from bot.core.rich_text import say
from tests.servers.slack.server import SlackServer

DONE = say("Deployed.")


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def slack(server: SlackServer, clock: Watch) -> Slack:
    return Slack(server.bot_token, api_url=server.api_url, clock=clock, timeout=5)


@pytest.mark.parametrize(
    ("bot", "archived", "sentence"),
    [
        (
            False,
            False,
            "I am not in the channel {}: invite the bot with /invite, or correct the channel in settings.toml.",
        ),
        (True, True, "The channel {} is archived: unarchive it, or name another channel in settings.toml."),
    ],
)
def test_a_channel_that_cannot_be_posted_in_says_how_to_mend_it(
    server: SlackServer, slack: Slack, bot: bool, archived: bool, sentence: str
) -> None:
    channel = server.add_channel("web", bot=bot, archived=archived)

    with pytest.raises(Rejected) as rejected:
        slack.post(Place(channel.id), DONE, key="1")

    assert str(rejected.value) == sentence.format(channel.id)


def test_a_channel_that_does_not_exist_is_rejected(slack: Slack) -> None:
    with pytest.raises(Rejected) as rejected:
        slack.post(Place("C09999999"), DONE, key="1")

    assert str(rejected.value) == (
        "Slack shows me no channel C09999999: invite the bot with /invite, or correct the channel in settings.toml."
    )


def test_a_missing_scope_is_named(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    server.scopes -= {"chat:write"}

    with pytest.raises(NotAllowed) as refused:
        slack.post(Place(channel.id), DONE, key="1")

    assert str(refused.value) == (
        "The Slack app lacks the scope chat:write for chat.postMessage: add it under OAuth & Permissions and install "
        "the app again."
    )


def test_a_wrong_token_is_said_and_never_shown(server: SlackServer, clock: Watch) -> None:
    slack = Slack("xoxb-secret", api_url=server.api_url, clock=clock)

    with pytest.raises(NotAccepted) as refused:
        slack.post(Place("C1"), DONE, key="1")

    assert str(refused.value) == (
        "Slack does not accept the token for chat.postMessage (invalid_auth): install the app again, copy its token."
    )
    assert "xoxb-secret" not in f"{slack!r} {slack.api!r}"


@pytest.mark.parametrize(
    "code",
    ["token_revoked", "account_inactive", "token_expired", "not_authed", "org_login_required", "accesslimited"],
)
def test_a_token_that_was_taken_away_is_an_outage_in_which_nobody_can_be_told(
    server: SlackServer, slack: Slack, code: str
) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", code)

    with pytest.raises(NotAccepted) as refused:
        slack.post(Place(channel.id), DONE, key="1")

    assert isinstance(refused.value, Speechless)
    assert (refused.value.service, refused.value.uncertain) == ("Slack", False)


@pytest.mark.parametrize("code", ["no_permission", "access_denied"])
def test_what_the_token_may_not_do_here_is_no_outage(server: SlackServer, slack: Slack, code: str) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", code)

    with pytest.raises(NotAllowed):
        slack.post(Place(channel.id), DONE, key="1")


def test_a_rate_limit_says_how_long_to_wait(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", "ratelimited", status=429, headers={"Retry-After": "7"})

    with pytest.raises(Unavailable) as busy:
        slack.post(Place(channel.id), DONE, key="1")

    assert (str(busy.value), busy.value.retry_after, busy.value.uncertain) == (
        "Slack asks to wait 7 s before the next chat.postMessage.",
        7.0,
        False,
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "Mon, 02 Mar 2026 10:05:00 GMT", "Date": "Mon, 02 Mar 2026 10:04:20 GMT"}, 40.0),
        ({"retry-after": "5"}, 5.0),
        ({"Retry-After": "999999999999"}, 3600.0),
        ({"Retry-After": "soon"}, 30.0),
        ({"Retry-After": "Mon, 02 Mar 2026 10:05:00 GMT"}, 30.0),
        ({}, 30.0),
    ],
)
def test_a_rate_limit_is_believed_however_it_is_written(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        ("internal_error", None, "Slack is having trouble (chat.postMessage: internal_error)."),
        ("fatal_error", 500, "Slack is having trouble (chat.postMessage: fatal_error)."),
        (None, 503, "Slack is having trouble (chat.postMessage: status 503)."),
        (None, 200, "Slack is having trouble (chat.postMessage: status 200)."),
    ],
)
def test_trouble_at_slack_leaves_it_open_whether_the_post_was_made(
    server: SlackServer, slack: Slack, error: str | None, status: int | None, sentence: str
) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", error, status=status)

    with pytest.raises(Unavailable) as trouble:
        slack.post(Place(channel.id), DONE, key="1")

    assert (str(trouble.value), trouble.value.uncertain) == (sentence, True)


def test_where_nobody_listens_nothing_was_sent(clock: Watch) -> None:
    with SlackServer() as server:
        api_url = server.api_url
    slack = Slack("xoxb-1", api_url=api_url, clock=clock)

    with pytest.raises(Unavailable) as nobody:
        slack.post(Place("C1"), DONE, key="1")

    assert (str(nobody.value), nobody.value.uncertain) == (
        "Slack does not answer (chat.postMessage: ConnectionRefusedError).",
        False,
    )
