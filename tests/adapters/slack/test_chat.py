"""Posting, changing and whispering in a Slack that really refuses, hangs up and forgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun import freeze_time

from bot.adapters.slack.chat import Slack
from bot.core.errors import NotThere, Speechless, ThreadGone, Unavailable, Unpostable
from bot.core.events.external import Place
from bot.core.ports.chat import Tag
from bot.core.rich_text import Button, say
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


def test_a_post_stands_in_the_channel_with_its_buttons(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")

    ts = slack.post(Place(channel.id), say("Deploying.", buttons=[Button("Cancel", "cancel #1")]), key="deploy:1")

    (message,) = server.messages("#web")
    assert message.ts == ts
    assert message.text == "Deploying."
    assert message.lines == ["Deploying."]
    assert message.labels == ["Cancel"]
    assert message.metadata == {"event_type": "shipmate", "event_payload": {"key": "deploy:1"}}


TAG = Tag("3f2a", "card", "running")


def test_what_a_message_tells_is_said_for_other_tools(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    ts = slack.post(Place(channel.id), say("Deploying."), key="1", tag=TAG)
    (message,) = server.messages("#web")
    at_first = message.metadata

    slack.edit(channel.id, ts, DONE, key="1", tag=replace(TAG, state="succeeded"))

    told = {"key": "1", "deployment": "3f2a", "kind": "card"}
    assert at_first == {"event_type": "shipmate", "event_payload": {**told, "state": "running"}}
    assert message.metadata == {"event_type": "shipmate", "event_payload": {**told, "state": "succeeded"}}


def test_an_edit_that_tells_nothing_leaves_what_was_told(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    ts = slack.post(Place(channel.id), say("Deploying."), key="1", tag=TAG)

    slack.edit(channel.id, ts, DONE)

    (message,) = server.messages("#web")
    assert message.metadata is not None
    assert message.metadata["event_payload"]["state"] == "running"
    assert slack.post(Place(channel.id), DONE, key="1", maybe_sent=True) == ts


def test_a_sentence_of_any_length_is_posted_and_edited(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    endless = say(*["<&> word "] * 2_000)

    ts = slack.post(Place(channel.id), endless, key="1")
    slack.edit(channel.id, ts, endless)

    (message,) = server.messages("#web")
    assert 3_900 <= len(message.text) <= 4_000


def test_nothing_unfolds_or_becomes_a_mention_by_itself(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")

    slack.post(Place(channel.id), DONE, key="1")

    (call,) = server.calls("chat.postMessage")
    asked = {name: call[name] for name in ("unfurl_links", "unfurl_media", "parse", "link_names")}
    assert asked == {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}


def test_a_reply_goes_into_the_thread_and_a_broadcast_shows_in_the_channel_too(
    server: SlackServer, slack: Slack
) -> None:
    channel = server.add_channel("web")
    parent = slack.post(Place(channel.id), DONE, key="1")

    slack.post(Place(channel.id, thread=parent), say("Quiet."), key="2")
    slack.post(Place(channel.id, thread=parent), say("Loud."), key="3", broadcast=True)

    assert [one.text for one in server.thread("#web", parent)] == ["Quiet.", "Loud."]
    assert [one.text for one in server.messages("#web")] == ["Deployed.", "Loud."]


def test_a_post_whose_answer_was_lost_is_found_instead_of_repeated(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", cut="after")
    with pytest.raises(Unavailable) as lost:
        slack.post(Place(channel.id), DONE, key="1")

    ts = slack.post(Place(channel.id), DONE, key="1", maybe_sent=True)

    assert lost.value.uncertain
    assert [one.ts for one in server.messages("#web")] == [ts]


def test_a_post_that_never_arrived_is_made_at_the_second_try(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", cut="before")
    with pytest.raises(Unavailable):
        slack.post(Place(channel.id), DONE, key="1")

    slack.post(Place(channel.id), DONE, key="1", maybe_sent=True)

    assert [one.text for one in server.messages("#web")] == ["Deployed."]


def test_a_reply_is_found_beyond_the_first_page_of_its_thread(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    server.add_user("maria")
    parent = slack.post(Place(channel.id), DONE, key="1")
    for number in range(250):
        server.says("maria", "#web", f"reply {number}", thread_ts=parent)
    reply = slack.post(Place(channel.id, thread=parent), say("Late."), key="2")

    found = slack.post(Place(channel.id, thread=parent), say("Late."), key="2", maybe_sent=True)

    assert found == reply


def test_a_reply_to_a_deleted_message_stands_at_top_level_and_is_found_there(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    server.add_user("maria")
    parent = server.says("maria", "#web", "deploy please")
    server.deletes(parent)
    place = Place(channel.id, thread=parent.ts)

    with pytest.raises(ThreadGone):
        slack.post(place, DONE, key="1")
    found = slack.post(place, DONE, key="1", maybe_sent=True)

    assert [one.ts for one in server.messages("#web")] == [found]


def test_a_person_stands_for_the_direct_message_with_them(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")

    ts = slack.post(Place(maria.id), say("Your change is live."), key="1")
    again = slack.post(Place(maria.id), say("Your change is live."), key="1", maybe_sent=True)
    slack.edit(maria.id, ts, say("Your change is live now."))

    assert again == ts
    assert [one.text for one in server.messages("@maria")] == ["Your change is live now."]


def test_an_edit_changes_text_and_blocks(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    ts = slack.post(Place(channel.id), say("Deploying.", buttons=[Button("Cancel", "cancel")]), key="1")

    slack.edit(channel.id, ts, DONE)

    (message,) = server.messages("#web")
    assert (message.text, message.lines, message.labels) == ("Deployed.", ["Deployed."], [])
    assert [one.text for one in message.edits] == ["Deploying."]


def test_a_message_that_is_gone_cannot_be_edited(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")

    with pytest.raises(NotThere) as gone:
        slack.edit(channel.id, "1.000001", DONE)

    assert str(gone.value) == f"That message is gone from {channel.id}."


def test_a_whisper_in_a_channel_is_seen_by_one_person(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")
    channel = server.add_channel("web", members=["maria"])

    slack.whisper(Place(channel.id, thread="1.1"), maria.id, say("You may not."), key="w")

    (seen,) = server.ephemerals("maria")
    assert (seen.text, seen.channel, seen.thread_ts, seen.by) == (
        "You may not.",
        channel.id,
        "1.1",
        "chat.postEphemeral",
    )
    assert server.messages("#web") == []


def test_a_whisper_goes_to_the_address_that_came_with_the_command(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")
    channel = server.add_channel("elsewhere", bot=False)
    envelope = server.slash("maria", "#elsewhere", "/deploy", "main")

    slack.whisper(Place(channel.id, respond=envelope.payload["response_url"]), maria.id, say("You may not."), key="w")

    (seen,) = server.ephemerals("maria")
    assert (seen.text, seen.by, seen.replaced) == ("You may not.", "response_url", False)


@pytest.mark.parametrize("status", [404, 410])
def test_a_used_up_address_falls_back_on_a_whisper_in_the_channel(
    server: SlackServer, slack: Slack, status: int
) -> None:
    maria = server.add_user("maria")
    channel = server.add_channel("web", members=["maria"])
    envelope = server.slash("maria", "#web", "/deploy", "main")
    server.fail_next("response_url", status=status)

    slack.whisper(Place(channel.id, respond=envelope.payload["response_url"]), maria.id, say("You may not."), key="w")

    assert [one.by for one in server.ephemerals("maria")] == ["chat.postEphemeral"]


@pytest.mark.parametrize("how", [{"status": 500}, {"cut": "after"}, {"cut": "before"}], ids=str)
def test_what_may_have_been_shown_at_the_address_is_not_shown_there_again(
    server: SlackServer, slack: Slack, how: Any
) -> None:
    """Nobody can look up what one person was shown; what they were told directly is found again."""
    maria = server.add_user("maria")
    channel = server.add_channel("web", members=["maria"])
    place = Place(channel.id, respond=server.slash("maria", "#web", "/deploy", "main").payload["response_url"])
    server.fail_next("response_url", **how)

    with pytest.raises(Speechless) as lost:
        slack.whisper(place, maria.id, say("You may not."), key="w")
    slack.whisper(place, maria.id, say("You may not."), key="w", maybe_sent=True)
    slack.whisper(place, maria.id, say("You may not."), key="w", maybe_sent=True)

    assert lost.value.uncertain
    assert str(place.respond) not in f"{lost.value!r} {lost.value.__cause__!r} {place!r}"
    assert [one.text for one in server.messages("@maria")] == ["You may not."]
    assert len(server.ephemerals("maria")) == (1 if how == {"cut": "after"} else 0)


def test_an_address_is_an_answer_for_all_where_the_bot_is_no_member(server: SlackServer, slack: Slack) -> None:
    server.add_user("maria")
    channel = server.add_channel("elsewhere", members=["maria"], bot=False)
    place = Place(channel.id, respond=server.slash("maria", "#elsewhere", "/deploy", "main").payload["response_url"])

    said = [slack.answer_to_all(place, DONE) for _ in range(6)]

    assert said == [True] * 5 + [False]
    assert [one.text for one in server.messages("#elsewhere")] == ["Deployed."] * 5
    assert slack.answer_to_all(Place(channel.id), DONE) is False


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ({"archived": True}, "The channel #there is archived."),
        ({"bot": False}, "I am not in the channel #there."),
        ({"bot": False, "private": True}, "Slack shows me no channel {id}."),
        ({}, None),
    ],
    ids=["archived", "no member", "out of sight", "open"],
)
def test_a_channel_tells_why_nothing_can_be_said_there(
    server: SlackServer, slack: Slack, channel: Any, why: str | None
) -> None:
    there = server.add_channel("there", **channel)

    assert slack.closed(there.id) == (why.format(id=there.id) if why else None)


@pytest.mark.parametrize("code", ["is_archived", "not_in_channel", "channel_not_found", "restricted_action"])
def test_a_closed_channel_is_told_apart_from_a_message_that_is_refused(
    server: SlackServer, slack: Slack, code: str
) -> None:
    channel = server.add_channel("web")
    server.fail_next("chat.postMessage", code)

    with pytest.raises(Unpostable) as closed:
        slack.post(Place(channel.id), DONE, key="1")

    assert closed.value.visible is (code != "restricted_action")


def test_a_whisper_in_a_direct_message_is_a_message(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")
    said = server.says("maria", "@maria", "help")

    slack.whisper(Place(said.channel, message=said.ts, direct=True), maria.id, say("Ask away."), key="w")

    assert [one.text for one in server.messages("@maria")] == ["help", "Ask away."]


def test_a_whisper_to_somebody_who_is_not_there_becomes_a_direct_message(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")
    channel = server.add_channel("web")

    slack.whisper(Place(channel.id), maria.id, say("You may not."), key="w")

    assert [one.text for one in server.messages("@maria")] == ["You may not."]


def test_a_whisper_where_the_bot_is_not_becomes_a_direct_message(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")

    slack.whisper(Place("D09999999", direct=True), maria.id, say("You may not."), key="w")

    assert [one.text for one in server.messages("@maria")] == ["You may not."]


@pytest.mark.parametrize("code", ["is_archived", "restricted_action", "restricted_action_read_only_channel"])
def test_a_whisper_in_a_closed_channel_becomes_a_direct_message(server: SlackServer, slack: Slack, code: str) -> None:
    maria = server.add_user("maria")
    channel = server.add_channel("web", members=["maria"])
    server.fail_next("chat.postEphemeral", code)

    slack.whisper(Place(channel.id), maria.id, say("You may not."), key="w")

    assert [one.text for one in server.messages("@maria")] == ["You may not."]


def test_frozen_time_is_the_time_of_messages(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")

    with freeze_time("2026-03-06 17:00", real_asyncio=True):
        ts = slack.post(Place(channel.id), DONE, key="1")

    assert ts.startswith("1772816400.")


def test_a_message_has_a_link_until_it_is_gone(server: SlackServer, slack: Slack) -> None:
    channel = server.add_channel("web")
    ts = slack.post(Place(channel.id), DONE, key="1")

    link = slack.link_to(channel.id, ts)

    assert link == f"https://acme.slack.example/archives/{channel.id}/p{ts.replace('.', '')}"
    assert slack.link_to(channel.id, "1.000001") is None
