"""A workspace that does not have Slack's newest blocks yet: everything is read there all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.slack.chat import Slack
from bot.core.errors import Rejected, Speechless, Unavailable
from bot.core.events.external import Place
from bot.core.rich_text import Fold, Message, Step, say
from tests.servers.slack.server import SlackServer

CARD = Message(("Live.",), fold=Fold("1 change", (("#8 Less logging",),)))
NEW = ["Live.", "▸ 1 change", "• #8 Less logging"]
PLAIN = ["Live.", "*1 change*", "• #8 Less logging"]


@dataclass
class Watch:
    """A clock that is set by hand."""

    moment: datetime = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class Paper:
    """Implements ``Notebook``. While ``lost`` nobody can read or write it."""

    lost: bool = False
    written: dict[str, str] = field(default_factory=dict)

    def read(self, key: str) -> str | None:
        self._find()
        return self.written.get(key)

    def write(self, key: str, value: str) -> None:
        self._find()
        self.written[key] = value

    def _find(self) -> None:
        if self.lost:
            raise Unavailable("The database does not answer.")


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.add_user("maria")
        server.add_channel("web", members=["maria"])
        server.lacks_new_blocks = True
        yield server


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def slack(server: SlackServer, clock: Watch, paper: Paper) -> Slack:
    return again(server, clock, paper)


def again(server: SlackServer, clock: Watch, paper: Paper) -> Slack:
    """As after a restart."""
    return Slack(server.bot_token, api_url=server.api_url, clock=clock, timeout=5, notebook=paper)


def place(server: SlackServer) -> Place:
    return Place(server.workspace.channel("#web").id)


def tries(server: SlackServer) -> int:
    return len(server.calls("chat.postMessage"))


def test_a_post_is_drawn_plainly_at_once_and_from_then_on(server: SlackServer, slack: Slack) -> None:
    slack.post(place(server), CARD, key="1")
    tried = tries(server)
    slack.post(place(server), CARD, key="2")

    assert [one.lines for one in server.messages("#web")] == [PLAIN, PLAIN]
    assert (tried, tries(server)) == (2, 3)


def test_an_edit_and_a_whisper_are_drawn_plainly_at_once(server: SlackServer, slack: Slack, clock: Watch) -> None:
    ts = slack.post(place(server), say("Deploying."), key="1")
    maria = server.workspace.user("maria").id

    slack.edit(place(server).channel, ts, CARD)
    clock.moment += timedelta(days=2)
    slack.whisper(place(server), maria, CARD, key="w")

    assert [one.lines for one in server.messages("#web")] == [PLAIN]
    assert [one.lines for one in server.ephemerals("maria")] == [PLAIN]
    assert len(server.calls("chat.update")) == len(server.calls("chat.postEphemeral")) == 2


def test_an_answer_at_an_address_is_drawn_plainly_at_once(server: SlackServer, slack: Slack, clock: Watch) -> None:
    there = Place(place(server).channel, respond=server.slash("maria", "#web", "/deploy", "x").payload["response_url"])

    slack.whisper(there, server.workspace.user("maria").id, CARD, key="w")
    clock.moment += timedelta(days=2)
    said = slack.answer_to_all(there, CARD)

    assert said
    assert [(one.lines, one.by) for one in server.ephemerals("maria")] == [(PLAIN, "response_url")]
    assert [one.lines for one in server.messages("#web")] == [PLAIN]


def test_a_restart_does_not_try_again_for_a_day(server: SlackServer, slack: Slack, clock: Watch, paper: Paper) -> None:
    slack.post(place(server), CARD, key="1")
    server.lacks_new_blocks = False
    clock.moment += timedelta(hours=23)
    again(server, clock, paper).post(place(server), CARD, key="2")
    clock.moment += timedelta(hours=2)
    again(server, clock, paper).post(place(server), CARD, key="3")
    slack.post(place(server), CARD, key="4")

    assert [one.lines for one in server.messages("#web")] == [PLAIN, PLAIN, NEW, NEW]


def test_what_another_workspace_lacked_says_nothing_of_this_one(
    server: SlackServer, clock: Watch, paper: Paper
) -> None:
    server.lacks_new_blocks = False
    paper.written["slack:lacks-new-blocks"] = f"T09999999 {clock.now().isoformat()}"

    again(server, clock, paper).post(place(server), CARD, key="1")

    assert [one.lines for one in server.messages("#web")] == [NEW]


def test_without_a_database_it_is_known_in_this_process(server: SlackServer, clock: Watch, paper: Paper) -> None:
    paper.lost = True
    slack = again(server, clock, paper)

    for key in ("1", "2"):
        slack.post(place(server), CARD, key=key)

    assert [one.lines for one in server.messages("#web")] == [PLAIN, PLAIN]
    assert tries(server) == 3


def test_a_message_that_is_refused_in_any_form_says_nothing_of_the_workspace(
    server: SlackServer, slack: Slack, paper: Paper
) -> None:
    server.fail_next("chat.postMessage", "invalid_blocks", times=2)

    with pytest.raises(Rejected) as refused:
        slack.post(place(server), CARD, key="1")

    assert str(refused.value) == "Slack refuses chat.postMessage: invalid_blocks."
    assert paper.written == {}


def test_a_message_without_new_blocks_is_tried_once(server: SlackServer, slack: Slack) -> None:
    server.fail_next("chat.postMessage", "invalid_blocks")

    with pytest.raises(Rejected):
        slack.post(place(server), Message(("Live.",), output="done"), key="1")

    assert tries(server) == 1


def test_another_refusal_is_no_reason_to_draw_it_otherwise(server: SlackServer, slack: Slack) -> None:
    server.fail_next("chat.postMessage", "msg_blocks_too_long")

    with pytest.raises(Rejected):
        slack.post(place(server), CARD, key="1")

    assert tries(server) == 1


def test_a_plain_form_whose_answer_was_lost_is_found_again(server: SlackServer, slack: Slack) -> None:
    server.fail_next("chat.postMessage", "invalid_blocks")
    server.fail_next("chat.postMessage", cut="after")

    with pytest.raises(Speechless) as lost:
        slack.post(place(server), CARD, key="1")
    slack.post(place(server), CARD, key="1", maybe_sent=True)

    assert lost.value.uncertain
    assert [one.lines for one in server.messages("#web")] == [PLAIN]


def test_a_plain_form_that_has_to_wait_is_the_only_one_afterwards(
    server: SlackServer, slack: Slack, clock: Watch
) -> None:
    server.fail_next("chat.postMessage", "invalid_blocks")
    server.fail_next("chat.postMessage", "ratelimited", headers={"Retry-After": "1"})
    with pytest.raises(Speechless):
        slack.post(place(server), CARD, key="1")

    clock.moment += timedelta(seconds=2)
    slack.post(place(server), CARD, key="1")

    assert [one.lines for one in server.messages("#web")] == [PLAIN]
    assert tries(server) == 3


def test_an_address_at_which_any_form_is_refused_has_said_nothing(server: SlackServer, slack: Slack) -> None:
    there = Place(place(server).channel, respond=server.slash("maria", "#web", "/deploy", "x").payload["response_url"])
    server.fail_next("response_url", "invalid_blocks", status=400, times=2)

    assert slack.answer_to_all(there, CARD) is False
    assert server.messages("#web") == []


def test_a_workspace_with_the_new_blocks_is_sent_them(server: SlackServer, slack: Slack, paper: Paper) -> None:
    server.lacks_new_blocks = False
    steps = (Step("Build", "done", "48 s"), Step("Migrate", "running"))

    slack.post(place(server), Message(("Deploying.",), steps=steps), key="1")

    (message,) = server.messages("#web")
    assert message.lines == ["Deploying.", "1 of 2 steps done", "(complete) Build 48 s", "(in_progress) Migrate"]
    assert tries(server) == 1
    assert paper.written == {}
