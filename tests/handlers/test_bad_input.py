"""Conversations with input that nobody should send: a clear sentence, nothing half-done, nobody pinged."""

from __future__ import annotations

import json
import re

import pytest

from tests.handlers.scenes import another_tool, answers, cards, channel, facts, news, told
from tests.servers.github.webhooks import Webhook
from tests.world import REPOSITORY, World, read_out

EVENTS = (
    "pull_request",
    "deployment",
    "deployment_status",
    "status",
    "check_run",
    "check_suite",
    "push",
    "ping",
    "star",
)


def test_a_mention_without_words_is_answered_with_help(world: World) -> None:
    world.says("maria", "")

    assert told(world, "maria") == ["There was no command. “help” shows what I understand."]


def test_words_that_are_no_command_get_the_nearest_and_an_example(world: World) -> None:
    world.says("maria", "deplyo topic to production")
    world.says("maria", "🚀🚀🚀")

    assert told(world, "maria") == [
        "I do not know the command “deplyo”. Did you mean this?\n`deploy topic to production`",
        "There was no command. “help” shows what I understand.",
    ]


def test_words_that_are_not_for_the_bot_get_no_answer(world: World) -> None:
    world.slack.says("maria", "#web", "Shall we deploy main to production?")
    world.settle()

    assert told(world, "maria") == []
    assert channel(world, "#web") == []


def test_forty_kilobytes_are_too_long_for_a_command(world: World) -> None:
    world.says("maria", "deploy " + "x" * 40_000)

    assert told(world, "maria") == [
        "This is too long for a command: I read 1,000 characters at most. For example: `status` or `help`"
    ]


def test_a_shells_words_are_only_words(world: World) -> None:
    world.says("maria", "deploy $(rm -rf /) to production")

    assert told(world, "maria") == ["I did not understand “-rf” after “$(rm”. For example: `help deploy` or `status`"]


@pytest.mark.parametrize(
    ("branch", "shown"),
    [
        *((name, name) for name in ("$(rm${IFS}-rf${IFS}/)", "<!channel>", "🚀", "x;reboot", "snake_case_name")),
        ("a&b|c", "a&b¦c"),
        # Slack has no way to write a mark that it shall not act on.
        ("`id`", "ˋidˋ"),
        ("*bold*", "∗bold*"),
        ("_italic_", "ˍitalic_"),
        ("x~struck~", "x~struck~"),
    ],
)
def test_a_branch_may_be_called_almost_anything_and_is_only_a_name(world: World, branch: str, shown: str) -> None:
    world.github.branch(REPOSITORY, branch)
    remote_id = world.github.create_deployment(REPOSITORY, branch, environment="staging", by="argo")

    world.github.report_deployment_status(REPOSITORY, remote_id, "failure", description=f"{branch} failed")
    world.settle()

    said = [read_out(one) + one.text for one in world.slack.workspace.everything_said()]
    assert [one for one in said if "<!channel>" in one] == []
    assert len(channel(world, "#web")) == 1
    assert facts(world, 1)[0] == f"{shown}@d470312"
    assert news(world, 1) == f"failed: {shown.replace('¦', '|')} failed"


def test_a_branch_that_would_ping_everybody_can_be_asked_for_and_pings_nobody(world: World) -> None:
    world.says("maria", "deploy <!channel> to production")

    raw = world.told("maria")
    assert raw == ["`@channel` is neither a branch, a tag, a commit nor a pull request of acme/web."]


def test_a_reason_that_would_ping_everybody_pings_nobody(world: World) -> None:
    world.slack.says(
        "maria", "#web", '<@U00000000> deploy! main to staging --force "<!here> &lt;!channel&gt;"', raw=True
    )
    world.settle()

    written = "\n".join([*world.parent(1).lines, world.parent(1).text])
    assert re.findall("<!(?!date)", written) == []
    assert "forced by maria: “@here &lt;!channel&gt;”" in written


def test_a_bot_and_a_stranger_are_told_that_they_cannot_command(world: World) -> None:
    world.slack.add_user("robot", is_bot=True)
    world.slack.add_user("visitor", is_stranger=True)
    world.slack.workspace.channel("web").members.update(
        {world.slack.workspace.user("robot").id, world.slack.workspace.user("visitor").id}
    )

    world.says("robot", "deploy main to production")
    world.says("visitor", "deploy main to production")

    assert told(world, "robot") == ["I take no commands from bots."]
    assert told(world, "visitor") == ["I take no commands from people of other workspaces."]
    assert world.github.deployments(REPOSITORY) == []


def test_somebody_of_another_workspace_is_refused_wherever_they_are(world: World) -> None:
    world.slack.add_user("mallory", team="T99999999")

    world.says("mallory", "deploy main to production")

    (told_directly,) = world.slack.messages("@mallory")
    assert told_directly.text == "I take no commands from people of other workspaces."
    assert world.github.deployments(REPOSITORY) == []


BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"action": "closed", "pull_request": {"merged": true}}',
    b'{"repository": {"full_name": "acme/web"}, "deployment": null, "deployment_status": 7}',
    b"\xff\xfe\x00",
)


@pytest.mark.parametrize("event", EVENTS)
def test_webhooks_that_cannot_be_understood_change_nothing_and_the_next_words_are_heard(
    world: World, event: str
) -> None:
    for n, body in enumerate(BODIES):
        world.deliver(Webhook(event, f"bad-{n}", body, {}, REPOSITORY))

    world.says("maria", "version")

    assert channel(world, "#web") == []
    assert len(told(world, "maria")) == 1
    assert world.store.inbox.backlog() == 0


def test_a_webhook_without_the_fields_that_are_used_changes_nothing(world: World) -> None:
    world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
    whole = world.github.webhooks_of("deployment")[0]
    world.hold_webhooks = True

    for field in ("id", "sha", "environment", "ref"):
        payload = whole.json
        del payload["deployment"][field]
        world.deliver(Webhook("deployment", f"without-{field}", json.dumps(payload).encode(), {}, REPOSITORY))

    assert channel(world, "#web") == []
    assert world.store.inbox.backlog() == 0


def test_the_person_who_is_refused_is_the_only_one_who_reads_it(world: World) -> None:
    said = world.says("maria", "deploy nothing-of-the-kind to production")

    assert len(told(world, "maria")) == 1
    assert told(world, "bob") == []
    assert answers(world, said) == []


def test_a_refusal_leaves_nothing_behind(world: World) -> None:
    world.says("maria", "deploy nothing-of-the-kind to production")

    world.says("bob", "deploy main to production")
    another_tool(world, "success")

    assert cards(world, "#web") == ["✅ *web → production*  is live\nmain@d470312 · bob · first deployment here · 10 s"]
