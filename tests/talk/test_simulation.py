"""Lines that begin with a slash: what they do in the world, and what the screen says."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.local.forge import LocalGit
from bot.core.events.external import ChecksChanged, PullRequestMerged
from bot.core.ports.forge_types import Check
from bot.talk.sample import REPOSITORY
from bot.talk.session import Talk
from bot.talk.simulation import Simulator
from tests.talk.terminal_session import ADDRESS, SECRET, TOPIC, StoppedClock, TerminalSession


@pytest.fixture
def evening(tmp_path: Path) -> TerminalSession:
    return TerminalSession(tmp_path / "home")


def test_merge_really_merges_and_says_so_before_the_bot_hears_of_it(evening: TerminalSession) -> None:
    shown = evening.hears("/merge topic")

    head = evening.forge.resolve(REPOSITORY, "main")
    (event,) = evening.scribe.told
    assert head is not None
    assert isinstance(event, PullRequestMerged)
    assert (event.merge_sha, event.head_sha, event.merged_by) == (head.sha, TOPIC, "you")
    assert shown == f"· Merged topic into main as #1 ({head.sha[:7]}).\n"


def test_merge_of_what_is_not_there_offers_the_nearest(evening: TerminalSession) -> None:
    shown = evening.hears("/merge topik", "/merge --upload-pack=x", "/merge", "/merge topic topic")

    assert shown == (
        "· There is no branch, tag or commit topik. Did you mean topic?\n"
        "· There is no branch, tag or commit --upload-pack=x.\n"
        "· Write it like this: /merge topic\n"
        "· Write it like this: /merge topic\n"
    )
    assert evening.scribe.told == []


def test_second_merge_is_answered_with_a_sentence(evening: TerminalSession) -> None:
    evening.hears("/merge topic")
    evening.screen.truncate(0)
    evening.screen.seek(0)

    shown = evening.hears("/merge topic")

    assert shown == "· main has everything of topic already: there is nothing to merge.\n"


def test_merge_into_a_checked_out_branch_says_what_became_of_the_files(tmp_path: Path) -> None:
    evening = TerminalSession(tmp_path / "home")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(tmp_path / "home" / "web.git"), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "branch", "--quiet", "topic", "origin/topic"], check=True)
    forge = LocalGit({REPOSITORY: clone}, tmp_path / "record.json", StoppedClock(), evening.scribe.deliver)
    world = Simulator(evening.scribe, evening.talk.world.terminal, forge, StoppedClock(), [REPOSITORY], ADDRESS)

    Talk(world).hear("/merge topic")

    assert evening.screen.getvalue().splitlines()[1:] == [
        "· Your files of main are as they were. To have the merge in them: git reset --merge"
    ]


def test_checks_turn_as_they_are_told(evening: TerminalSession) -> None:
    shown = evening.hears("/ci fail topic", "/ci PASS topic lint", "/ci pending main", "/ci green topic", "/ci fail")

    assert shown == (
        "· ci is red on topic (d872d00).\n"
        "· lint is green on topic (d872d00).\n"
        "· ci is pending on main (a9f6007).\n"
        "· Write it like this: /ci fail topic\n"
        "· Write it like this: /ci fail topic\n"
    )
    assert evening.forge.checks(REPOSITORY, TOPIC) == [Check("ci", "failure"), Check("lint", "success")]
    assert evening.scribe.told[0] == ChecksChanged(repository=REPOSITORY, sha=TOPIC)
    assert len(evening.scribe.told) == 3


def test_somebody_else_speaks_after_as(evening: TerminalSession) -> None:
    shown = evening.hears("/as @bob", "status", "/merge topic", "/as <!channel>", "/as")

    said, merged = evening.scribe.told
    assert said == ("bob", "status")
    assert isinstance(merged, PullRequestMerged)
    assert merged.merged_by == "bob"
    assert shown.splitlines()[0] == "· You speak as bob now."
    assert shown.splitlines()[2:] == ["· Write it like this: /as bob"] * 2


def test_unknown_line_gets_the_nearest_one(evening: TerminalSession) -> None:
    shown = evening.hears("/mergee topic", "/deplyo topic", "/xyzzy", "/")

    assert shown == (
        "· There is no /mergee here. Did you mean /merge topic?\n"
        "· There is no /deplyo here. Did you mean deploy?\n"
        "· There is no /xyzzy here. /help shows what there is.\n"
        "· There is no / here. /help shows what there is.\n"
    )
    assert evening.scribe.told == []


def test_help_shows_every_line(evening: TerminalSession) -> None:
    shown = evening.hears("/help")

    assert shown == (
        "These lines play the world. Everything else is said to the bot: help shows what it understands.\n"
        "  /merge topic     merges a pull request of the branch topic\n"
        "  /ci fail topic   lets the checks of topic fail; also pass and pending\n"
        "  /as bob          lets bob speak from now on\n"
        "  /wait 3h         lets three hours pass at once\n"
        "  /token ci        makes a token of the API for you, called ci\n"
        "  /help            shows these lines\n"
        "  /quit            leaves; so does Ctrl-D\n"
    )


def test_token_shows_one_for_whoever_speaks_and_how_it_is_used(evening: TerminalSession) -> None:
    shown = evening.hears("/token", "/as bob", "/token ci", "/token a b")

    assert evening.scribe.told == [("talk", "you"), ("ci", "bob")]
    assert shown.split("· You speak as bob now.\n") == [
        "· This is the token talk, of you. It is shown once.\n"
        f"{SECRET}\n"
        f"  curl -s {ADDRESS}/api/board \\\n"
        f'  -H "Authorization: Bearer {SECRET}"\n',
        "· This is the token ci, of bob. It is shown once.\n"
        f"{SECRET}\n"
        f"  curl -s {ADDRESS}/api/board \\\n"
        f'  -H "Authorization: Bearer {SECRET}"\n'
        "· Write it like this: /token ci\n",
    ]


def test_time_passes_at_once(evening: TerminalSession) -> None:
    shown = evening.hears("/wait 3h", "/wait for godot", "/wait")

    assert evening.scribe.told == [timedelta(hours=3)]
    assert shown == ("· It is Mon 02 Mar 12:00 now.\n· Write it like this: /wait 3h\n· Write it like this: /wait 3h\n")
