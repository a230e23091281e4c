"""What is to become of a preview, and what its comment says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.deployments.model import Actor, Deployment, State
from bot.core.ports.forge_types import PullRequest
from bot.core.previews import comment, model
from bot.core.previews.comment import Shown
from bot.core.previews.model import Plan, Preview, Rules

NOW = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
OPENED, LABELLED = Rules(None, 2, WEEK), Rules("preview", 2, WEEK)
PULL = PullRequest(12, "Add search", "https://github.com/acme/web/pull/12", "alice", "open", "topic", "a" * 40, "main")
FORK = replace(PULL, head_ref="mallory:topic")
CLOSED = replace(PULL, state="closed")
LABEL = replace(PULL, labels=("Preview",))
THERE = Preview("web", "preview", 12, PULL.head_sha, NOW - timedelta(days=1))
REMOVAL = Deployment(
    id=7,
    request_id="r",
    app="web",
    environment="preview-12",
    repository="acme/web",
    ref="#12",
    sha=PULL.head_sha,
    state=State.RUNNING,
    trigger="preview",
    by=Actor("alice", None, "alice"),
    created_at=NOW,
    task="remove",
    pull_request=12,
)
REMOVED = replace(REMOVAL, state=State.SUCCEEDED, finished_at=NOW)
FAILED = replace(REMOVAL, state=State.FAILED, finished_at=NOW - timedelta(hours=1))
GOING, OLD = replace(THERE, removal=7), replace(THERE, asked_at=NOW - WEEK - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("pull", "rules", "preview", "removal", "expected"),
    [
        (PULL, OPENED, None, None, Plan.DEPLOY),
        (replace(PULL, draft=True), OPENED, None, None, Plan.NOTHING),
        (FORK, OPENED, None, None, Plan.NOTHING),
        (CLOSED, OPENED, None, None, Plan.NOTHING),
        (PULL, LABELLED, None, None, Plan.NOTHING),
        (LABEL, LABELLED, None, None, Plan.DEPLOY),
        (replace(LABEL, draft=True), LABELLED, None, None, Plan.DEPLOY),
        (PULL, OPENED, THERE, None, Plan.NOTHING),
        (replace(PULL, head_sha="b" * 40), OPENED, THERE, None, Plan.DEPLOY),
        (replace(PULL, head_sha="b" * 40, draft=True), OPENED, THERE, None, Plan.DEPLOY),
        (replace(FORK, head_sha="b" * 40), OPENED, THERE, None, Plan.NOTHING),
        (CLOSED, OPENED, THERE, None, Plan.REMOVE),
        (replace(FORK, state="closed"), OPENED, THERE, None, Plan.REMOVE),
        (PULL, LABELLED, THERE, None, Plan.REMOVE),
        (PULL, LABELLED, replace(THERE, by_command=True), None, Plan.NOTHING),
        (CLOSED, OPENED, GOING, REMOVAL, Plan.NOTHING),
        (CLOSED, OPENED, GOING, FAILED, Plan.NOTHING),
        (CLOSED, OPENED, GOING, replace(FAILED, finished_at=NOW - timedelta(days=1)), Plan.REMOVE),
        (PULL, OPENED, GOING, REMOVAL, Plan.DEPLOY),
        (PULL, OPENED, OLD, None, Plan.AGE),
        (PULL, OPENED, replace(OLD, removal=7, aged=True), REMOVAL, Plan.NOTHING),
        (PULL, OPENED, replace(OLD, aged=True), None, Plan.NOTHING),
        (replace(PULL, head_sha="b" * 40), OPENED, replace(OLD, aged=True), None, Plan.DEPLOY),
        (CLOSED, OPENED, replace(OLD, aged=True), None, Plan.REMOVE),
        (PULL, OPENED, replace(OLD, waits=True), None, Plan.DEPLOY),
    ],
)
def test_the_pull_request_as_it_is_says_what_becomes_of_its_preview(
    pull: PullRequest, rules: Rules, preview: Preview | None, removal: Deployment | None, expected: Plan
) -> None:
    assert model.plan(pull, rules, preview, NOW, removal) is expected


def test_whoever_has_stood_in_line_before_comes_first() -> None:
    used = replace(THERE, number=1)
    first = replace(THERE, number=2, waits=True, asked_at=NOW - timedelta(hours=2))
    second = replace(THERE, number=3, waits=True, asked_at=NOW - timedelta(hours=1))

    assert model.has_room([used, second], first, 2)
    assert not model.has_room([used, first], second, 2)
    assert not model.has_room([used, first], None, 2)
    assert model.has_room([used, first, second], None, 4)
    assert model.has_room([replace(used, aged=True), first], second, 2)


def shown(preview: Preview | None, last: Deployment | None, live: Deployment | None = None) -> str:
    one = Shown("web", "preview", "preview-12", 12, preview, last, live, "https://web-12.example.com/a(b)", 10, WEEK)
    return comment.comment("shipmate", [one]).split("\n", 1)[1]


def test_a_comment_calls_nobody_and_nothing_breaks_out_of_it() -> None:
    sha, why = "a" * 40, "exit code 1 @acme/devs [x](https://evil.example) `rm` #13 <b>"
    deployed = replace(REMOVAL, id=5, task="deploy", state=State.SUCCEEDED, finished_at=NOW, description="Done")
    failed = replace(deployed, id=6, state=State.FAILED, description=why)

    address = "[https://web-12.example.com/a%28b%29](https://web-12.example.com/a%28b%29)"
    assert (
        shown(THERE, deployed, deployed) == f"✅ **preview-12** is live: {sha}, since 2026-03-09 10:00 UTC · {address}"
    )
    assert shown(THERE, failed, deployed) == (
        f"❌ **preview-12** could not be deployed: {sha} (exit code 1 acmedevs x(httpsevil.example) rm 13 b)"
        f" · still there: {sha} · {address}"
    )


@pytest.mark.parametrize(
    ("preview", "last", "text"),
    [
        (None, REMOVED, "🗑️ **preview-12** was removed."),
        (GOING, REMOVAL, "🗑️ **preview-12** is being removed."),
        (GOING, replace(FAILED, description="exit code 2"), "❌ **preview-12** could not be removed (exit code 2)."),
        (
            replace(THERE, waits=True),
            None,
            "⏸️ **preview-12** waits: 10 of 10 previews are in use. Close a pull request that has one, and it is made.",
        ),
        (
            replace(THERE, aged=True),
            REMOVED,
            "🗑️ **preview-12** was removed, as nothing was deployed there for 7 days. A push makes it again, and so "
            "does `deploy web#12 to preview`.",
        ),
    ],
)
def test_a_comment_says_how_a_preview_stands(preview: Preview | None, last: Deployment | None, text: str) -> None:
    assert shown(preview, last) == text
