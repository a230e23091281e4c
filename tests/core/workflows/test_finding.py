"""Which run is a deployment's, where GitHub does not say so itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.workflows.finding import Found, find
from bot.core.workflows.model import WorkflowRun

MINE, THEIRS = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "ab")
PLAIN = WorkflowRun(
    1, "Deploy", ".github/workflows/deploy.yml", "workflow_dispatch", "queued", None, "", "sha", "main", "bot", 1
)
NAMED = replace(PLAIN, id=2, title=f"Deploy {MINE}")


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([], None),
        ([NAMED], Found(NAMED, certain=True)),
        ([PLAIN, NAMED, replace(NAMED, id=3)], Found(NAMED, certain=True)),
        ([replace(NAMED, ref="other", sha="other")], Found(replace(NAMED, ref="other", sha="other"), certain=True)),
        ([replace(NAMED, actor="mallory")], None),
        ([PLAIN], Found(PLAIN, certain=False)),
        ([replace(PLAIN, actor="Bot")], Found(replace(PLAIN, actor="Bot"), certain=False)),
        ([replace(PLAIN, actor="maria")], None),
        ([replace(PLAIN, ref="topic")], None),
        ([replace(PLAIN, title=f"Deploy {THEIRS}")], None),
        ([PLAIN, replace(PLAIN, id=3)], None),
        ([PLAIN, replace(PLAIN, id=3, sha="later")], Found(PLAIN, certain=False)),
        ([replace(PLAIN, sha="later")], Found(replace(PLAIN, sha="later"), certain=False)),
    ],
)
def test_a_run_is_known_by_its_name_or_because_no_other_can_be_meant(
    runs: list[WorkflowRun], found: Found | None
) -> None:
    assert find(runs, MINE, "refs/heads/main", "sha", "bot") == found


def test_where_github_does_not_say_who_the_bot_is_everybody_may_be() -> None:
    assert find([replace(PLAIN, actor="maria")], MINE, "main", "sha", None) is not None
