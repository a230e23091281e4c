"""Outgoing webhooks: programs of other people hear of each state of a deployment, in order, signed, once or again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.core.deployments.representation import represented
from bot.core.outgoing_webhooks.model import PendingEvent
from bot.mend import Mender
from tests.servers.hooks.receiver import EventReceiver
from tests.servers.hooks.server import Received, Reply
from tests.servers.hooks.verification import verified
from tests.world import REPOSITORY, SETTINGS, World, read_out, world

ADMINS = '[bot]\nadmins = ["U00000002"]\n'


@pytest.fixture
def receiver() -> Iterator[EventReceiver]:
    with EventReceiver() as server:
        yield server
    assert server.problems == []


def table(receiver: EventReceiver, **more: object) -> str:
    lines = {"url": receiver.url, "secret": "EVENTS_SECRET", **more}
    return "\n[[webhooks]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())


@contextmanager
def telling(tmp_path: Path, receiver: EventReceiver, tables: str = "", settings: str = SETTINGS) -> Iterator[World]:
    """A world whose deployments the receiver hears of."""
    environ = {"EVENTS_SECRET": receiver.secret, "BASE_URL": "https://bot.example"}
    with world(tmp_path, ADMINS + settings + (tables or table(receiver)), environ) as a_world:
        yield a_world


@pytest.fixture
def the_world(tmp_path: Path, receiver: EventReceiver) -> Iterator[World]:
    with telling(tmp_path, receiver) as a_world:
        yield a_world


def deploys(world: World, command: str = "deploy topic to production") -> int:
    """Maria deploys, and another tool carries it out; the number of the newest one on GitHub, 0 where there is none."""
    if "topic" not in world.github.repository(REPOSITORY).branches:
        world.github.commit(REPOSITORY, "topic", "Greet", author="maria")
    world.says("maria", command)
    remote = world.github.deployments(REPOSITORY)
    return remote[-1].id if remote else 0


def reports(world: World, remote: int, *states: str) -> None:
    for state in states:
        world.github.report_deployment_status(REPOSITORY, remote, state)
        world.settle()


def test_each_state_is_told_in_order_as_the_api_tells_it(the_world: World, receiver: EventReceiver) -> None:
    remote = deploys(the_world)
    the_world.wait(minutes=1)
    reports(the_world, remote, "in_progress", "success")

    assert receiver.events == ["deployment.starting", "deployment.running", "deployment.succeeded"]
    first, _, last = (one.json for one in receiver.taken)
    assert last["deployment"] == represented(the_world.deployment(1), "https://bot.example")
    assert (first["sent_at"], first["deployment"]["finished_at"]) == ("2026-03-02T10:00:00.000Z", None)
    assert last["deployment"]["url"] == f"https://bot.example/deployments/{the_world.deployment(1).request_id}"
    assert len({one.headers["x-shipmate-delivery"] for one in receiver.taken}) == 3


def test_waiting_and_how_waiting_ends_are_told_too(tmp_path: Path, receiver: EventReceiver) -> None:
    with telling(tmp_path, receiver) as the_world:
        deploys(the_world)
        deploys(the_world, "deploy main to production")
        the_world.says("bob", "cancel #2")
        deploys(the_world, "deploy main to production")
        reports(the_world, the_world.github.deployments(REPOSITORY)[0].id, "failure")

        assert receiver.of(1) == ["starting", "failed"]
        assert receiver.of(2) == ["waiting", "cancelled"]
        assert receiver.of(3) == ["waiting", "starting"]
        waits = next(one.json["deployment"] for one in receiver.taken if one.json["event"] == "deployment.waiting")
        assert [reason["gate"] for reason in waits["waits_for"]] == ["queue"]


def test_an_approval_that_never_comes_and_a_silent_tool_are_told(tmp_path: Path, receiver: EventReceiver) -> None:
    asks = "\n[apps.web.environments.production]\napprovals = 1\n"
    settings = SETTINGS.replace("\n[apps.web.environments.production]\n", asks)
    with telling(tmp_path, receiver, settings=settings) as the_world:
        deploys(the_world)
        reports(the_world, deploys(the_world, "deploy topic to staging"), "in_progress")
        the_world.wait(hours=2)

        assert receiver.of(1) == ["waiting", "expired"]
        assert receiver.of(2) == ["starting", "running", "timed_out"]


def test_a_merge_that_is_part_of_a_later_one_is_told_as_superseded(the_world: World, receiver: EventReceiver) -> None:
    merges = []
    for number in (1, 2):
        branch = f"topic-{number}"
        the_world.github.commit(REPOSITORY, branch, f"Change {number}", author="maria")
        pull_request = the_world.github.open_pull_request(REPOSITORY, branch, author="maria")
        merges.append(the_world.github.merge_pull_request(REPOSITORY, pull_request, by="maria"))
        the_world.github.set_check_run(REPOSITORY, merges[-1], "ci", None)
        the_world.settle()
    the_world.github.set_check_run(REPOSITORY, merges[-1], "ci", "success")
    the_world.settle()

    assert receiver.of(1) == ["waiting", "superseded"]
    assert receiver.of(2) == ["waiting", "starting"]


def test_a_rollback_that_succeeds_has_a_state_of_its_own(the_world: World, receiver: EventReceiver) -> None:
    reports(the_world, deploys(the_world), "success")
    reports(the_world, deploys(the_world, "deploy main to production"), "success")
    the_world.says("maria", 'rollback web on production "too slow"')
    reports(the_world, the_world.github.deployments(REPOSITORY)[-1].id, "success")

    assert receiver.of(3) == ["starting", "running", "rolled_back"]
    assert receiver.taken[-1].json["deployment"]["rollback_of"] == 2


def test_deployments_of_other_tools_are_told_as_they_are_followed(the_world: World, receiver: EventReceiver) -> None:
    the_world.github.commit(REPOSITORY, "topic", "Greet", author="maria")
    remote = the_world.github.create_deployment(REPOSITORY, "topic", environment="production", by="argo")
    the_world.settle()
    reports(the_world, remote, "in_progress", "failure")

    assert receiver.of(1) == ["starting", "running", "failed"]


def test_a_receiver_hears_of_the_states_and_apps_that_it_asks_for(tmp_path: Path, receiver: EventReceiver) -> None:
    other = '\n[apps.docs]\nrepository = "acme/web"\nchannel = "#random"\n[apps.docs.environments.site]\n'
    ends = table(receiver, events=["succeeded", "failed"], apps=["web"])
    begins = table(receiver, events=["starting", "succeeded"], apps=["web"])
    with telling(tmp_path, receiver, ends + begins, SETTINGS + other) as the_world:
        reports(the_world, deploys(the_world), "in_progress", "success")
        reports(the_world, deploys(the_world, "deploy docs/topic to site"), "success")

        assert receiver.events == ["deployment.starting", "deployment.succeeded"]


def test_without_webhooks_nothing_is_kept(tmp_path: Path, receiver: EventReceiver) -> None:
    with world(tmp_path) as the_world:
        reports(the_world, deploys(the_world), "success")

        assert the_world.store.events.standings() == []
        assert receiver.received == []


# --- what is not taken --------------------------------------------------------------------------------------------


def test_what_is_not_taken_comes_again_as_it_was_then_and_in_order(the_world: World, receiver: EventReceiver) -> None:
    receiver.replies.extend([Reply(500), Reply(503), Reply(cut=True)])
    remote = deploys(the_world)
    reports(the_world, remote, "in_progress", "success")
    assert receiver.taken == []

    the_world.wait(minutes=5)

    assert receiver.of(1) == ["starting", "running", "succeeded"]
    tries = [one for one in receiver.received if one.json["event"] == "deployment.starting"]
    assert len(receiver.received) == 6
    assert len(tries) == 4
    assert len({one.headers["x-shipmate-delivery"] for one in tries}) == 1
    assert all(one.json["deployment"] == tries[0].json["deployment"] for one in tries)
    assert len({one.json["sent_at"] for one in tries}) == 4


def test_pauses_grow_to_an_hour_and_it_is_given_up_after_a_day(the_world: World, receiver: EventReceiver) -> None:
    receiver.reply = Reply(500, b"the queue is full", {"Content-Type": "text/plain"})
    deploys(the_world)
    moments = [receiver.received[0].json["sent_at"]]
    receiver.when_asked = lambda request: moments.append(request.json["sent_at"])
    the_world.wait(hours=23, minutes=50)
    [standing] = the_world.store.events.standings()
    tried = len(receiver.received)
    the_world.wait(hours=48)

    assert standing.waiting > 0
    assert "2026-03-02T10:00:05" <= moments[1] <= "2026-03-02T10:00:07"
    assert "2026-03-02T10:00:15" <= moments[2] <= "2026-03-02T10:00:19"
    assert 30 <= tried <= 80
    assert the_world.store.events.standings()[0].waiting == 0


def test_admins_are_told_once_that_events_were_given_up(the_world: World, receiver: EventReceiver) -> None:
    receiver.reply = Reply(500)
    remote = deploys(the_world)
    the_world.wait(hours=2)
    reports(the_world, remote, "in_progress", "success")
    for _ in range(3):
        deploys(the_world, "deploy main to staging")
        the_world.wait(hours=30)

    told = [read_out(one) for one in the_world.slack.messages("@bob") if one.bot_id]
    assert told == [
        f"🪝 *{receiver.host} has not taken a webhook for a day.* "
        f"{receiver.host} answered 500 Internal Server Error.\n"
        "Events are given up after a day, 1 so far, and will not be sent again. Deployments go on as always.\n"
        "What is newer is still tried: mend what receives them, or take it out of `[[webhooks]]` in my settings."
    ]
    assert the_world.statuses(remote)[-1] == "success"
    [standing] = the_world.store.events.standings()
    assert standing.given_up >= 3


def test_what_is_gone_is_told_at_once_and_not_tried_again(the_world: World, receiver: EventReceiver) -> None:
    receiver.reply = Reply(410)
    remote = deploys(the_world)
    asked = len(receiver.received)
    the_world.wait(hours=1)
    reports(the_world, remote, "success")

    assert asked == 1
    [told] = [read_out(one) for one in the_world.slack.messages("@bob") if one.bot_id]
    assert told.splitlines()[:2] == [
        f"🪝 *{receiver.host} wants no webhooks any more.* {receiver.host} answered 410 Gone.",
        "1 event that waited for it is dropped, and will not be sent again. Deployments go on as always.",
    ]
    assert the_world.store.events.standings()[0].waiting == 0


def test_a_receiver_that_is_down_for_hours_gets_all_at_once_when_it_is_back(
    the_world: World, receiver: EventReceiver
) -> None:
    receiver.reply = Reply(502)
    for number in range(20):
        remote = deploys(the_world, f"deploy {'topic' if number % 2 else 'main'} to production")
        reports(the_world, remote, "in_progress", "success")
    the_world.wait(hours=6)
    asked = len(receiver.received)
    receiver.reply = Reply(204)
    the_world.wait(minutes=6)

    assert asked < 110  # of sixty events: no more than one every five minutes, from the fifth on
    assert len(receiver.taken) == 60
    for number in range(1, 21):
        assert receiver.of(number) == ["starting", "running", "succeeded"]
    assert [(one.waiting, one.failing_since) for one in the_world.store.events.standings()] == [(0, None)]


def test_one_event_that_is_refused_holds_up_its_own_deployment_only(the_world: World, receiver: EventReceiver) -> None:
    def refuse(request: Received) -> None:
        bad = request.json["deployment"]["number"] == 1
        receiver.reply = Reply(400) if bad else Reply(204)

    receiver.when_asked = refuse
    reports(the_world, deploys(the_world), "success")
    reports(the_world, deploys(the_world, "deploy topic to staging"), "success")

    assert receiver.of(1) == []
    assert receiver.of(2) == ["starting", "running", "succeeded"]


def test_a_receiver_may_say_how_long_it_wants_to_be_left_in_peace(the_world: World, receiver: EventReceiver) -> None:
    receiver.replies.append(Reply(429, headers={"Retry-After": "120"}))
    reports(the_world, deploys(the_world), "success")
    the_world.wait(seconds=119)
    before = len(receiver.received)
    the_world.wait(seconds=40)

    assert before == 1
    assert receiver.of(1) == ["starting", "running", "succeeded"]


def test_a_redirect_is_not_followed_and_said_to_be_one(the_world: World, receiver: EventReceiver) -> None:
    receiver.replies.append(Reply(307, headers={"Location": f"http://{receiver.host}/shipmate/elsewhere"}))
    deploys(the_world)

    assert [one.path for one in receiver.received] == ["/shipmate"]
    assert the_world.store.events.standings()[0].reason == (
        f"{receiver.host} answered 307 Temporary Redirect, which sends the bot elsewhere; it does not go there. "
        "Set the final address"
    )


# --- crashes and settings -----------------------------------------------------------------------------------------


def test_what_was_sent_and_not_recorded_is_sent_again_with_the_same_id(
    the_world: World, receiver: EventReceiver
) -> None:
    class Killed(BaseException):
        pass

    def die(event: PendingEvent) -> None:
        raise Killed

    the_world.store.events.sent = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        deploys(the_world)
    del the_world.store.events.sent
    the_world.restart()
    the_world.settle()

    first, again = receiver.taken
    assert first.headers["x-shipmate-delivery"] == again.headers["x-shipmate-delivery"]
    assert receiver.of(1) == ["starting", "starting"]


def test_what_happened_while_nothing_could_be_signed_is_sent_later(tmp_path: Path, receiver: EventReceiver) -> None:
    with world(tmp_path, SETTINGS + table(receiver)) as the_world:
        deploys(the_world)
        assert receiver.received == []
        the_world.environ = {**the_world.environ, "EVENTS_SECRET": f"{receiver.secret}, the-old-one"}
        the_world.restart()
        the_world.settle()

        assert receiver.of(1) == ["starting"]


def test_what_waits_for_a_receiver_that_the_settings_have_no_more_is_dropped(
    the_world: World, receiver: EventReceiver
) -> None:
    receiver.reply = Reply(500)
    deploys(the_world)
    with capture_logs() as logs:
        the_world.restart(the_world.text.replace(table(receiver), ""))

    dropped = "webhook dropped, as the settings have it no more"
    assert {"event": dropped, "log_level": "warning", "receiver": receiver.host, "events": 1} in logs
    assert the_world.store.events.standings() == []
    the_world.restart(the_world.text + table(receiver))
    the_world.settle()
    assert len(receiver.received) == 1


def test_what_is_ended_at_a_terminal_is_told(the_world: World, receiver: EventReceiver) -> None:
    the_world.says("bob", "lock staging")
    deploys(the_world, "deploy topic to staging when green")
    the_world.restart(the_world.text.replace("[apps.web.environments.staging]", "[apps.web.environments.qa]"))
    Mender(the_world.store, the_world.settings).mend(lambda question: "y", lambda text: None)
    the_world.settle()

    assert receiver.of(1)[-1] == "cancelled"


# --- what docs/webhooks.md says -----------------------------------------------------------------------------------


def test_the_body_on_the_page_is_one_that_is_sent(the_world: World, receiver: EventReceiver) -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)

    remote = deploys(the_world)
    the_world.wait(minutes=4)
    reports(the_world, remote, "success")

    sent = receiver.taken[-1].json
    of_its_own = {"id", "sha", "url", "github_deployment_id"}
    told = {key: value for key, value in sent["deployment"].items() if key not in of_its_own}
    on_the_page = json.loads(shown)
    assert list(on_the_page["deployment"]) == list(sent["deployment"])
    assert told == {key: value for key, value in on_the_page["deployment"].items() if key not in of_its_own}
    assert (sent["event"], sent["sent_at"]) == (on_the_page["event"], on_the_page["sent_at"])


def test_the_example_on_the_page_takes_what_is_sent_and_nothing_else(the_world: World, receiver: EventReceiver) -> None:
    deploys(the_world)
    [sent] = receiver.taken
    signature, now = sent.headers["x-shipmate-signature-256"], the_world.clock.now()

    assert verified(sent.body, signature, receiver.secret, now) == sent.json
    assert verified(sent.body + b" ", signature, receiver.secret, now) is None
    assert verified(sent.body, signature, "another secret", now) is None
    assert verified(sent.body, "", receiver.secret, now) is None
    assert verified(sent.body, signature, receiver.secret, now + timedelta(hours=1)) is None
