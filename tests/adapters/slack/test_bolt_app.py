"""What people say to the bot in Slack, and what is stored of it before Slack is told that it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from bot.adapters.slack.bolt_app import build
from bot.adapters.slack.chat import Slack
from bot.core.events.external import CommandGiven, Place
from bot.core.rich_text import Button, Message, say
from tests.servers.slack.inbox import Tray
from tests.servers.slack.server import SlackServer


class Watch:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 6, 17, 0, tzinfo=UTC)


@pytest.fixture
def tray() -> Tray:
    return Tray()


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.add_user("maria")
        server.add_channel("web", members=["maria"])
        yield server


@pytest.fixture
def slack(server: SlackServer, tray: Tray) -> Slack:
    slack = Slack(server.bot_token, api_url=server.api_url, clock=Watch())
    server.dispatches_to(
        build(
            slack,
            bot_name="shipmate",
            inbox=tray,
            on_stored=tray.ring,
            keep_password=tray.passwords.__setitem__,
        )
    )
    return slack


def test_a_mention_is_stored_once_although_slack_sends_it_twice(server: SlackServer, slack: Slack, tray: Tray) -> None:
    said = server.says("maria", "#web", "@shipmate deploy main to production")

    assert len(server.envelopes) == 2
    assert [one.acked for one in server.envelopes] == [True, True]
    assert list(tray.deliveries) == [f"slack:{said.channel}:{said.ts}"]
    place, moment = Place(said.channel, message=said.ts), datetime.fromtimestamp(int(said.ts.split(".")[0]), UTC)
    assert tray.commands == [CommandGiven("deploy main to production", said.user, place, "mention", moment)]
    assert tray.rung > 0


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("shipmate deploy web", "deploy web"),
        ("Shipmate: deploy web", "deploy web"),
        ("@shipmate, deploy web", "deploy web"),
        ("hey shipmate deploy web", "deploy web"),
        ("  @shipmate  deploy a&b", "deploy a&amp;b"),
        ("shipmate", ""),
        ("@shipmate", ""),
        ("@shipmate deploy web @shipmate", "deploy web"),
        ("@shipmate deploy web, @shipmate thanks!", "deploy web"),
    ],
)
def test_the_bot_listens_to_its_name_at_the_beginning(
    server: SlackServer, slack: Slack, tray: Tray, typed: str, stored: str
) -> None:
    server.says("maria", "#web", typed)

    assert [one.text for one in tray.commands] == [stored]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("deploy main to staging @shipmate", "deploy main to staging"),
        ("deploy main to staging, @shipmate", "deploy main to staging"),
        ("deploy main to staging @shipmate please!", "deploy main to staging"),
        ("deploy main @shipmate :rocket:", "deploy main"),
        ("deploy main @shipmate, thank you", "deploy main"),
        ("hey team, @shipmate deploy main", "deploy main"),
        ("Good morning everybody, @shipmate deploy main", "deploy main"),
        ("morning all! @shipmate status", "status"),
        ("<!here> hi", None),
        ("hi <!here>, @shipmate status", "status"),
        ("hi @maria and all: @shipmate status", "status"),
        ("I think @shipmate", "I think"),
    ],
)
def test_a_mention_at_the_end_or_after_a_greeting_is_for_the_bot_where_it_is_a_command(
    server: SlackServer, slack: Slack, tray: Tray, typed: str, stored: str | None
) -> None:
    server.says("maria", "#web", typed)

    assert [(one.text, one.passing) for one in tray.commands] == ([(stored, True)] if stored else [])


@pytest.mark.parametrize(
    "typed",
    [
        *("deploy web", "shipmates deploy", "do not let @shipmate deploy web", "ask shipmate to deploy", "shipmate's"),
        *("I think @shipmate is down", "is @shipmate deploy web broken?", "thanks for that, deploy shipmate"),
        *("deploy web to staging with @shipmate and tell me"),
    ],
)
def test_words_that_are_not_for_the_bot_are_acknowledged_and_forgotten(
    server: SlackServer, slack: Slack, tray: Tray, typed: str
) -> None:
    server.says("maria", "#web", typed)

    assert all(one.acked for one in server.envelopes)
    assert tray.commands == []


def test_in_a_thread_the_thread_is_known(server: SlackServer, slack: Slack, tray: Tray) -> None:
    parent = server.says("maria", "#web", "What about this one?")

    said = server.says("maria", "#web", "@shipmate retry", thread_ts=parent.ts)

    assert [one.place for one in tray.commands] == [Place(said.channel, thread=parent.ts, message=said.ts)]


def test_in_a_direct_message_every_word_is_for_the_bot(server: SlackServer, slack: Slack, tray: Tray) -> None:
    said = server.says("maria", "@maria", "status")
    server.says("maria", "@maria", "@shipmate locks")

    assert [(one.text, one.via) for one in tray.commands] == [("status", "direct"), ("locks", "direct")]
    assert tray.commands[0].place == Place(said.channel, message=said.ts, direct=True)


def test_a_deletion_is_no_command(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.deletes(server.says("maria", "#web", "@shipmate deploy web"))

    assert len(tray.commands) == 1
    assert all(one.acked for one in server.envelopes)


def test_a_change_is_a_delivery_of_its_own(server: SlackServer, slack: Slack, tray: Tray) -> None:
    said = server.says("maria", "#web", "@shipmate delpoy web")

    server.edits(said, "@shipmate deploy web")
    server.redeliver(server.envelopes[-1])
    server.edits(said, "@shipmate deploy web to staging")

    first, second, third = tray.deliveries
    assert second.startswith(f"{first}:edit:")
    assert [(one.text, one.edit_of) for one in tray.commands] == [
        ("delpoy web", None),
        ("deploy web", first),
        ("deploy web to staging", first),
    ]
    assert second != third


def test_what_was_not_for_the_bot_may_become_so(server: SlackServer, slack: Slack, tray: Tray) -> None:
    said = server.says("maria", "#web", "deploy web")

    server.edits(said, "@shipmate deploy web")

    assert [one.text for one in tray.commands] == ["deploy web"]


def test_a_change_after_more_than_two_minutes_is_not_heard(server: SlackServer, slack: Slack, tray: Tray) -> None:
    with freeze_time("2026-03-06 17:00", real_asyncio=True) as frozen:
        said = server.says("maria", "#web", "hello")
        frozen.tick(121)

        server.edits(said, "@shipmate deploy web")

    assert tray.commands == []
    assert all(one.acked for one in server.envelopes)


def test_an_unfurled_link_is_no_change(server: SlackServer, slack: Slack, tray: Tray) -> None:
    said = server.says("maria", "#web", "@shipmate deploy web")

    server.edits(said, "@shipmate deploy web")

    assert len(tray.commands) == 1


def test_the_bot_does_not_listen_to_itself(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.says("shipmate", "#web", "@shipmate deploy web")
    envelope = server.envelopes[-1]
    envelope.payload["event"] |= {"user": "U00000000", "bot_id": "B00000000"}
    server.redeliver(envelope)
    envelope.payload["event"] |= {"subtype": "bot_message"}

    server.redeliver(envelope)

    assert tray.commands == []
    assert envelope.acked


def test_what_another_bot_says_is_told_by_its_id_and_name(server: SlackServer, slack: Slack, tray: Tray) -> None:
    bot = server.add_bot("Release Train")

    server.bot_says(bot, "#web", "@shipmate deploy web")
    server.bot_says(bot, "#web", "deployed web")

    assert [(one.person, one.machine, one.text) for one in tray.commands] == [(bot, "Release Train", "deploy web")]


def test_events_of_other_kinds_are_acknowledged(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.says("maria", "#web", "hello")
    envelope = server.envelopes[-1]
    envelope.payload["event"] = {"type": "reaction_added", "user": envelope.user, "reaction": "ship", "item": {}}

    server.redeliver(envelope)

    assert envelope.statuses == [200, 200]
    assert tray.commands == []


def test_a_repeat_of_slacks_changes_nothing(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.says("maria", "#web", "shipmate deploy web")

    server.redeliver(server.envelopes[0])

    assert [one.text for one in tray.commands] == ["deploy web"]


def test_what_could_not_be_stored_is_not_acknowledged_and_comes_again(
    server: SlackServer, slack: Slack, tray: Tray
) -> None:
    tray.broken = True
    server.says("maria", "#web", "shipmate deploy web")
    refused = [one.acked for one in server.envelopes]

    tray.broken = False
    server.redeliver_unacked()

    assert refused == [False]
    assert server.envelopes[0].statuses == [500, 200]
    assert [one.text for one in tray.commands] == ["deploy web"]


def test_while_slack_cannot_say_who_we_are_nothing_is_lost(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.fail_next("auth.test", "internal_error")
    server.says("maria", "#web", "shipmate deploy web")

    server.redeliver_unacked()

    assert server.envelopes[0].statuses == [500, 200]
    assert [one.text for one in tray.commands] == ["deploy web"]


def test_a_slash_command_is_stored_with_its_address_for_answers(server: SlackServer, slack: Slack, tray: Tray) -> None:
    maria = server.workspace.user("maria")

    envelope = server.slash("maria", "#web", "/deploy", "main to production")

    place = Place(server.workspace.channel("#web").id, respond=envelope.payload["response_url"])
    assert tray.commands == [CommandGiven("main to production", maria.id, place, "slash", Watch().now())]
    assert list(tray.deliveries) == [f"slack:slash:{envelope.payload['trigger_id']}"]
    assert (envelope.acked, envelope.answer) == (True, {})


def test_a_slash_command_that_could_not_be_stored_is_answered(server: SlackServer, slack: Slack, tray: Tray) -> None:
    tray.broken = True

    envelope = server.slash("maria", "#web", "/deploy", "main")

    assert envelope.acked
    assert [one.text for one in server.ephemerals("maria")] == [
        "I could not take that down just now: my database does not answer. Please try again in a minute."
    ]


def test_a_press_is_the_command_of_the_button(server: SlackServer, slack: Slack, tray: Tray) -> None:
    channel = server.workspace.channel("#web").id
    parent = slack.post(Place(channel), say("Deploying."), key="1")
    stop = Button("Cancel", "cancel #7", drawn="7:running")
    ts = slack.post(Place(channel, thread=parent), say("Stop?", buttons=[stop]), key="2")
    (message,) = server.thread("#web", parent)

    envelope = server.press("maria", message, "Cancel")

    place = Place(channel, thread=parent, message=ts, respond=envelope.payload["response_url"])
    pressed_at = envelope.payload["actions"][0]["action_ts"]
    moment, shown_at = (datetime.fromtimestamp(int(one.split(".")[0]), UTC) for one in (pressed_at, ts))
    maria = server.workspace.user("maria").id
    screen = f"{channel}:{ts}"
    pressed = CommandGiven("cancel #7", maria, place, "button", moment, screen, "7:running", shown_at=shown_at)
    assert tray.commands == [pressed]
    assert list(tray.deliveries) == [f"slack:button:{ts}:{pressed_at}"]
    assert envelope.acked


def test_an_option_of_the_menu_is_the_same_as_a_button(server: SlackServer, slack: Slack, tray: Tray) -> None:
    channel = server.workspace.channel("#web").id
    stop, look = Button("Cancel", "cancel #7", drawn="7:running"), Button("Details", "deploys #7")
    ts = slack.post(Place(channel), Message(("Deploying.",), buttons=(stop,), more=(stop, look)), key="1")
    (message,) = server.messages("#web")
    ways = [server.press("maria", message, label) for label in ("Cancel", "Details")]
    message.blocks[-1]["elements"].pop(0)  # a menu alone
    ways.append(server.press("maria", message, "Cancel"))

    button, details, option = tray.commands

    assert (message.labels, message.menu) == ([], ["Cancel", "Details"])
    assert ways[2].payload["actions"][0]["type"] == "overflow"
    assert option == replace(
        button, place=replace(button.place, respond=ways[2].payload["response_url"]), said_at=option.said_at
    )
    assert (option.text, option.drawn, option.screen) == ("cancel #7", "7:running", f"{channel}:{ts}")
    assert (details.text, details.drawn) == ("deploys #7", None)
    assert all(one.acked for one in ways)


@pytest.mark.parametrize("chosen", [None, {}, {"value": ""}, {"value": "-"}, {"value": "- "}], ids=str)
def test_a_menu_that_says_nothing_is_acknowledged_and_forgotten(
    server: SlackServer, slack: Slack, tray: Tray, chosen: dict[str, str] | None
) -> None:
    channel = server.workspace.channel("#web").id
    more = (Button("One", "deploys #1"), Button("Two", "deploys #2"))
    slack.post(Place(channel), Message(("Deploying.",), more=more), key="1")
    (message,) = server.messages("#web")
    message.blocks[-1]["elements"][0]["options"][0] = {"text": {"text": "One"}, **(chosen or {})}

    envelope = server.press("maria", message, "One")

    assert envelope.acked
    assert tray.commands == []


def test_a_button_in_a_whisper_has_no_message_to_answer_under(server: SlackServer, slack: Slack, tray: Tray) -> None:
    maria, channel = server.workspace.user("maria").id, server.workspace.channel("#web").id
    slack.whisper(
        Place(channel, thread="1.1"), maria, say("Which app?", buttons=[Button("web", "deploy web")]), key="w"
    )

    server.press("maria", server.ephemerals("maria")[0], "web")

    assert [(one.place.thread, one.place.message) for one in tray.commands] == [("1.1", None)]


def test_a_press_that_could_not_be_stored_is_answered(server: SlackServer, slack: Slack, tray: Tray) -> None:
    channel = server.workspace.channel("#web").id
    slack.post(Place(channel), say("Deploying.", buttons=[Button("Cancel", "cancel #7")]), key="1")
    tray.broken = True

    envelope = server.press("maria", server.messages("#web")[0], "Cancel")

    assert envelope.acked
    assert [one.text for one in server.ephemerals("maria")] == [
        "I could not take that down just now: my database does not answer. Please try again in a minute."
    ]
    assert not server.ephemerals("maria")[0].replaced


def test_a_one_time_password_is_never_stored(server: SlackServer, slack: Slack, tray: Tray) -> None:
    said = server.says("maria", "#web", "@shipmate deploy web to production 123456")
    envelope = server.slash("maria", "#web", "/deploy", "web to staging 654321")

    assert [one.text for one in tray.commands] == ["deploy web to production", "web to staging"]
    assert tray.passwords == {
        f"slack:{said.channel}:{said.ts}": "123456",
        f"slack:slash:{envelope.payload['trigger_id']}": "654321",
    }
    assert b"123456" not in b"".join(one.body for one in tray.deliveries.values())


def test_a_very_long_text_is_stored_in_part(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.says("maria", "#web", "shipmate deploy " + "x" * 10_000)

    assert [len(one.text) for one in tray.commands] == [4_000]


def test_a_person_of_another_workspace_is_known_for_one(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.add_user("guest", team="T0OTHER")
    slack.post(
        Place(server.workspace.channel("#web").id), say("Deploying.", buttons=[Button("Cancel", "cancel #7")]), key="1"
    )

    server.says("guest", "#web", "@shipmate deploy web")
    server.slash("guest", "#web", "/deploy", "web")
    server.press("guest", server.messages("#web")[0], "Cancel")

    assert [one.stranger for one in tray.commands] == [True, True, True]
    assert all(one.acked for one in server.envelopes)


def test_our_own_people_are_ours_wherever_it_was_sent_from(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.says("maria", "#web", "@shipmate deploy web")
    envelope = server.envelopes[0]
    tray.deliveries.clear()
    envelope.payload["event"] |= {"source_team": "T0OTHER", "user_team": "T00000001"}
    envelope.payload["is_ext_shared_channel"] = True

    server.redeliver(envelope)

    assert [one.stranger for one in tray.commands] == [False]


@pytest.mark.parametrize(("person", "stranger"), [("maria", False), ("guest", True)])
@pytest.mark.parametrize("kind", ["said", "changed"])
def test_in_a_channel_that_another_company_shares_everybody_is_heard(
    server: SlackServer, slack: Slack, tray: Tray, person: str, stranger: bool, kind: str
) -> None:
    server.add_user("guest", team="T0OTHER")
    said = server.says(person, "#web", "shipmate deploy web")
    if kind == "changed":
        server.edits(said, "shipmate deploy web to staging")
        server.envelopes[-1].payload["event"]["message"]["team"] = "T0OTHER" if stranger else "T00000001"
    envelope = server.envelopes[-1]
    tray.deliveries.clear()
    envelope.payload |= {"team_id": "T0OTHER", "is_ext_shared_channel": True}

    server.redeliver(envelope)

    assert [one.stranger for one in tray.commands] == [stranger]


def test_an_event_that_names_no_workspace_leaves_it_to_the_profile_whose_somebody_is(
    server: SlackServer, slack: Slack, tray: Tray
) -> None:
    server.says("maria", "#web", "shipmate deploy web")
    envelope = server.envelopes[-1]
    tray.deliveries.clear()
    envelope.payload["team_id"] = "T0OTHER"
    del envelope.payload["event"]["team"]

    server.redeliver(envelope)

    assert [one.stranger for one in tray.commands] == [False]


def test_an_event_of_another_installation_is_dropped(server: SlackServer, slack: Slack, tray: Tray) -> None:
    server.says("maria", "#web", "hello")
    envelope = server.envelopes[-1]
    envelope.payload["team_id"] = "T0OTHER"
    envelope.payload["authorizations"][0]["team_id"] = "T0OTHER"
    envelope.payload["event"]["text"] = "shipmate deploy web"

    server.redeliver(envelope)

    assert tray.commands == []
    assert envelope.acked
