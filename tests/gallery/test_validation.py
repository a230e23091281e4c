"""``python -m bot check --gallery``: Slack is asked of every message whether it would take it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.slack import validation as dry_run
from bot.adapters.slack.chat import Slack
from bot.adapters.slack.doctor import SlackDoctor
from bot.check import Doctors, check
from bot.core.errors import Rejected, Speechless
from bot.core.ports.chat import Finding
from bot.core.rich_text import Fold, Message, say
from bot.gallery.scene import Group, Scene
from bot.gallery.scenes import groups
from bot.gallery.validation import NO_TOKEN, WHAT_TO_DO, findings
from tests.servers.slack.server import SlackServer
from tests.test_check import COMPLETE, SHOP, read

CARD = Message(("Live.",), fold=Fold("1 change", (("#8 Less logging",),)))
SHOWN = [Group("Cards", (Scene("Live", CARD), Scene("Said", say("Done."))))]


@dataclass
class Watch:
    """A clock that is set by waiting."""

    moment: datetime = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
    waited: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass
class Picky:
    """Implements ``Validator``: refuses what has ``word`` in it."""

    word: str

    def problems(self, message: Message, /, *, plainly: bool) -> Sequence[str]:
        return ["too long (/blocks/0)", "too red (/blocks/1)"] if self.word in message.text() else []


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def slack(server: SlackServer, clock: Watch) -> Slack:
    return Slack(server.bot_token, api_url=server.api_url, clock=clock)


# --- asking Slack -------------------------------------------------------------------------------------------------


def test_a_whole_workspace_takes_every_message_and_nothing_is_posted(server: SlackServer, slack: Slack) -> None:
    server.scopes = frozenset()
    shown = groups()
    count = sum(len(group.scenes) for group in shown)

    found = findings(SlackDoctor(slack, None), shown)

    assert found == [Finding(True, f"Slack would take {count} messages of the gallery")]
    assert {request.method for request in server.requests} == {"blocks.validate"}


def test_slack_is_given_the_message_as_it_is_sent(server: SlackServer, slack: Slack) -> None:
    assert SlackDoctor(slack, None).problems(say("Done."), plainly=False) == ()

    [given] = server.calls("blocks.validate")
    sent = json.loads(given["message"])
    assert (sent["text"], [block["type"] for block in sent["blocks"]]) == ("Done.", ["section"])


def test_what_slack_lacks_is_told_in_its_words(server: SlackServer, slack: Slack) -> None:
    server.lacks_new_blocks = True

    problems = SlackDoctor(slack, None).problems(CARD, plainly=False)

    assert problems == ["unsupported type: container (/blocks/1/type)"]
    assert SlackDoctor(slack, None).problems(CARD, plainly=True) == ()


def test_it_waits_as_long_as_slack_asks_to(server: SlackServer, slack: Slack, clock: Watch) -> None:
    server.fail_next("blocks.validate", status=429, headers={"Retry-After": "7"})

    assert dry_run.problems(slack.api, CARD, plainly=False, wait=clock.wait) == ()
    assert clock.waited == [7.0]


def test_it_gives_up_where_slack_goes_on_asking_to_wait(server: SlackServer, slack: Slack, clock: Watch) -> None:
    server.fail_next("blocks.validate", status=429, headers={"Retry-After": "7"}, times=dry_run.TRIES)

    with pytest.raises(Speechless, match="wait 7 s"):
        dry_run.problems(slack.api, CARD, plainly=False, wait=clock.wait)


def test_a_slack_that_does_not_know_the_method_says_nothing_about_the_message(
    server: SlackServer, slack: Slack
) -> None:
    server.fail_next("blocks.validate", error="unknown_method")

    with pytest.raises(Rejected, match="unknown_method"):
        SlackDoctor(slack, None).problems(CARD, plainly=False)


# --- what is found ------------------------------------------------------------------------------------------------


def test_each_message_that_is_refused_is_named_with_all_that_is_wrong_with_it() -> None:
    found = findings(Picky("Live"), SHOWN)

    assert found == [
        Finding(False, "Slack would refuse Cards, “Live”: too long (/blocks/0); too red (/blocks/1)", WHAT_TO_DO),
        Finding(True, "Slack would take 1 message of the gallery"),
    ]


def test_a_workspace_without_the_newest_blocks_is_a_warning_once(server: SlackServer, slack: Slack) -> None:
    server.lacks_new_blocks = True

    found = findings(SlackDoctor(slack, None), SHOWN)

    what = (
        "Slack takes 1 message only without its newest blocks, first Cards, “Live”: "
        "unsupported type: container (/blocks/1/type)"
    )
    assert found == [
        Finding(True, what, "nothing: they are drawn without these here", warning=True),
        Finding(True, "Slack would take 2 messages of the gallery"),
    ]


def test_the_check_asks_only_where_it_is_told_to() -> None:
    assert "gallery" not in printed(Doctors(messages=Picky("nothing")), gallery=False)[1]
    assert "✓ Slack would take" in printed(Doctors(messages=Picky("nothing")))[1]


def test_a_refused_message_makes_the_check_fail() -> None:
    code, text = printed(Doctors(messages=Picky("is live")))

    assert code == 1
    assert "✗ Slack would refuse Cards: live, “Live in production”: too long" in text


def test_without_a_token_the_check_says_so() -> None:
    code, text = printed(Doctors())

    assert code == 1
    assert f"✗ {NO_TOKEN.what}  → {NO_TOKEN.mend}" in text


def test_a_slack_that_does_not_answer_is_a_finding(server: SlackServer, slack: Slack) -> None:
    server.fail_next("blocks.validate", error="unknown_method")

    code, text = printed(Doctors(messages=SlackDoctor(slack, None)))

    assert code == 1
    assert "✗ The gallery could not be examined: Slack refuses blocks.validate: unknown_method" in text


def printed(doctors: Doctors, *, gallery: bool = True) -> tuple[int, str]:
    out = io.StringIO()
    code = check(lambda: read(SHOP, COMPLETE), lambda _: doctors, out, gallery=gallery)
    return code, out.getvalue()
