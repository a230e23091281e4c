"""Text of others in the bot's messages: whatever it is, it stays text, inside its own line."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from bot.adapters.github.mapping import LONGEST_TITLE
from bot.core.events import external
from bot.core.events.external import DeploymentCreated, DeploymentStatusReported
from tests.servers.slack.state import Shown
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

# Z is how it is known again.
PIECES = [
    *("\nZ✅ *web → production* is live", "Z", "\r\nZ", "\rZ", "\vZ", "\fZ", "\x1cZ", "\x85Z", "\u2028Z", "\u2029Z"),
    *("\0", "\x1b[2J", "\t", "\u202e", "\u202a", "\u2066", "\u2069", "\u200b", "\u200d", "\u200f", "\u2060", "\ufeff"),
    *(
        "\U000e0041",
        "<!channel>",
        "<!here|x>",
        "<@U0EVIL>",
        "<#CEVIL>",
        "<https://evil.example|logs>",
        "&lt;!channel&gt;",
    ),
    *("*Zbold*", " *", "* ", "_Zit_", "~Zno~", "`Zcode`", "```", ">", "\n> Z", "x" * 1500, "|", "&", " "),
]
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)

GATED = SETTINGS.replace(
    "[apps.web.environments.production]", '[apps.web.environments.production]\nrequired_checks = "all"'
)

# What of an event is an id or one of a few words, and never shown as it is; and when it happened is no text.
NOT_SHOWN = {
    "repository",
    "called",
    "sha",
    "head_sha",
    "merge_sha",
    "base_sha",
    "environment",
    "state",
    "request_id",
    "base",
    "url",
    "reason",
}
SHOWN = {
    "ref",
    "task",
    "description",
    "creator",
    "log_url",
    "environment_url",
    "title",
    "author",
    "merged_by",
    "head_ref",
}


OF_OTHERS = {
    *("Place", "CommandGiven", "ChannelChanged", "HomeOpened", "ModalTurned", "AboutMessage", "LinkShared", "Tick"),
    "ApiRequested",
}
"""Events of the chat, of programs and of the clock."""


def test_every_text_of_an_event_of_githubs_is_looked_at_here() -> None:
    kinds = [kind for kind in vars(external).values() if is_dataclass(kind) and kind.__module__ == external.__name__]
    of_github = [kind for kind in kinds if kind.__name__ not in OF_OTHERS]

    texts = {
        field.name
        for kind in of_github
        for field in fields(kind)
        if get_type_hints(kind)[field.name] in (str, str | None)
    }

    assert len(of_github) > 5
    assert texts == NOT_SHOWN | SHOWN


def play(text: str) -> list[Shown]:
    """A day of others' doings, in which everything that they may name or say is ``text``; all that the bot said."""
    with tempfile.TemporaryDirectory() as directory, open_world(Path(directory), GATED) as world:
        world.slack.workspace.user("bob").real_name = text
        _deployed_by_another_tool(world, text)
        _merged(world, text)
        _deployed_by_command(world, text)
        _held_up(world, text)
        said = [one for one in world.slack.workspace.everything_said() if one.bot_id]
        return [shown for one in said for shown in (*one.edits, one)] + list(world.slack.workspace.ephemerals)


def _deployed_by_another_tool(world: World, text: str) -> None:
    sha = world.github.repository(REPOSITORY).branches["main"]
    world.hold_webhooks = True
    for number, state in enumerate(("failure", "success")):
        remote_id = world.github.create_deployment(REPOSITORY, "main", environment="staging", by="argo")
        made = DeploymentCreated(
            REPOSITORY,
            remote_id,
            sha,
            f"r {text}",
            f"t {text}",
            "staging",
            f"d {text}",
            f"c {text}",
            None,
            world.clock.now(),
        )
        world.store.inbox.put_event(made, f"created-{number}")
        world.settle()
        for status in ("queued", "in_progress", state):
            status_id = world.github.report_deployment_status(REPOSITORY, remote_id, status, description=f"d {text}")
            reported = DeploymentStatusReported(
                REPOSITORY, remote_id, status_id, status, f"d {text}", text, f"https://x.example/{text}", f"c {text}",
                world.clock.now(),
            )  # fmt: skip
            world.store.inbox.put_event(reported, f"reported-{status_id}")
            world.settle()
        world.wait(hours=2)
    world.hold_webhooks = False


def _merged(world: World, text: str) -> None:
    world.github.commit(REPOSITORY, "topic", f"m {text}", author=f"c {text}")
    number = world.github.open_pull_request(REPOSITORY, "topic", title=f"p {text}", author=f"a {text}")
    world.github.merge_pull_request(REPOSITORY, number, by=f"b {text}")
    world.wait(hours=3)


def _deployed_by_command(world: World, text: str) -> None:
    sha = world.github.commit(REPOSITORY, "next", f"m {text}", author="maria")
    world.github.set_status(
        REPOSITORY, sha, f"n {text}", "failure", description=f"d {text}", target_url=f"https://x/{text}"
    )
    world.says("maria", "deploy next to production")
    world.says("maria", 'deploy! next to production --force "because"')
    world.says("maria", "status")
    world.says("maria", "deploys")


def _held_up(world: World, text: str) -> None:
    spoken = re.sub(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text)[:300]
    for said in (
        f"lock staging because s {spoken}",
        f"freeze production because s {spoken}",
        f'deploy! next to production --force "s {spoken}"',
        "locks",
        "freezes",
        "deploy next to production",
    ):
        world.says("bob", said)
        world.says("maria", "deploy next to staging")
    world.wait(hours=4)


def is_seen(letter: str) -> bool:
    return letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


EVERYTHING = "".join(PIECES)


# Each example is a whole day, so there are few, and none is made smaller. tests/adapters/slack/test_blocks.py has more.
@settings(
    deadline=None, max_examples=2, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
)
@given(HOSTILE)
@example(EVERYTHING)
@example("\n> Z\x0cZ~Zno~<#CEVIL>*Zbold*")
def test_text_of_others_stays_text_in_a_line_of_the_bots(text: str) -> None:
    said = play(text)

    everything = [written for shown in said for written in (*shown.lines, shown.text, *shown.labels)]
    # In code, in the address of a link and in a table nothing is a mark, and after a letter none begins.
    tables = {row for shown in said for row in shown.rows}
    live = [re.sub(r"`[^`\n]*`|<https?:[^|>]*", "", written) for written in everything if written not in tables]
    if text == EVERYTHING:  # of a long one the end is cut
        assert sum("Z" in written or "plain" in written for written in everything) >= 20
    assert [written for written in everything if not all(map(is_seen, written))] == []
    assert [written for written in everything if re.match(r"[\s>]*(?:&gt;)*\s*Z", written) or "\n" in written] == []
    assert {one for written in everything for one in re.findall(r"<[!@#][^^>]*", written)} <= {
        "<!date", "<@U00000001", "<@U00000002",
    }  # fmt: skip
    for mark in ("*Zbold*", "_Zit_", "~Zno~", "`Zcode`"):
        assert [written for written in live if re.search(rf"(?<!\w){re.escape(mark)}", written)] == []


def test_a_title_of_a_megabyte_of_blanks_holds_nothing_up(tmp_path: Path) -> None:
    """Git takes any first line, and a regular expression that tries each blank anew would take hours over it."""
    with open_world(tmp_path) as world:
        world.github.commit(REPOSITORY, "topic", f"Fix{' ' * 1_000_000}it (#7", author="maria")

        world.says("maria", "deploy topic to production")
        world.says("bob", "diff production topic")
        world.settle()

        assert world.deployment(1).state == "starting"
        assert len(world.deployment(1).title) == LONGEST_TITLE
        assert world.parent(1).text.startswith("maria is deploying topic@")
