"""``python -m bot run`` between a real GitHub and a real Slack: merges, and deployments of other tools."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.installation import REPOSITORY, Harbour, shown


def merged(harbour: Harbour) -> str:
    """A pull request of maria's is merged; the sha of the merge commit."""
    harbour.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"}, author="maria")
    number = harbour.github.open_pull_request(REPOSITORY, "topic", author="maria")
    return harbour.github.merge_pull_request(REPOSITORY, number, by="maria")


def test_a_merge_is_announced_waits_for_its_checks_and_is_deployed_when_they_are_green(harbour: Harbour) -> None:
    before = harbour.github.repository(REPOSITORY).branches["main"]
    harbour.github.set_status(REPOSITORY, before, "ci/test", "success")
    bot = harbour.runs()
    harbour.subscribe()

    sha = merged(harbour)
    [parent] = harbour.wait_for(harbour.parents, "the announcement")
    announced = shown(parent)
    harbour.github.set_status(REPOSITORY, sha, "ci/test", "pending")
    harbour.github.set_check_run(REPOSITORY, sha, "build", None)
    harbour.github.set_status(REPOSITORY, sha, "ci/test", "success")
    harbour.wait_for(lambda: "pending: build" in shown(parent), "the wait for the check run")
    deployed_too_soon = harbour.deployments()
    harbour.github.set_check_run(REPOSITORY, sha, "build", "success")
    harbour.ended("Succeeded")

    assert announced.startswith("⏳ *web* → *staging*  main@(sha)  merged by @(person)\nWaiting: no check has been")
    assert deployed_too_soon == []
    assert "Succeeded in (n) s: current → releases/(sha)" in shown(parent)
    assert harbour.thread(parent)[-3:] == [
        "🕐 Queued (deployment (id) on GitHub)",
        "🚀 In progress",
        "✅ Succeeded in (n) s: current → releases/(sha)",
    ]
    assert [(one.sha, one.environment) for one in harbour.deployments()] == [(sha, "staging")]
    assert harbour.statuses(harbour.deployments()[0].id) == ["queued", "in_progress", "success"]
    assert (harbour.directory / "staging" / "current" / "search.txt").read_text() == "found"
    assert (harbour.directory / "staging" / "current").readlink() == Path("releases") / sha
    assert bot.terminate() == 0


def test_a_deployment_of_another_tool_is_announced_and_followed_to_its_end(harbour: Harbour) -> None:
    harbour.runs()
    harbour.subscribe()

    remote = harbour.github.create_deployment(REPOSITORY, "main", environment="preview", by="jenkins")
    [parent] = harbour.wait_for(harbour.parents, "the announcement")
    for state, description in (("queued", ""), ("in_progress", "Building"), ("success", "Is live")):
        harbour.github.report_deployment_status(REPOSITORY, remote, state, description=description)
        harbour.github.settle()
    harbour.ended("Succeeded")

    assert shown(parent).startswith(
        "✅ *web* → *preview*  main@(sha)  created by @jenkins\nSucceeded in (n) s: Is live"
    )
    assert harbour.thread(parent)[-1] == "✅ Succeeded in (n) s: Is live"
    assert harbour.statuses(remote) == ["queued", "in_progress", "success"]
    assert [one.id for one in harbour.deployments()] == [remote]


def test_a_webhook_that_comes_twice_deploys_once(harbour: Harbour) -> None:
    harbour.runs()
    harbour.subscribe()
    merged(harbour)
    parent = harbour.ended("Succeeded")

    for webhook in list(harbour.github.webhooks):
        harbour.github.redeliver(webhook)
    harbour.github.settle()

    answers = [attempt.status for attempt in harbour.github.attempts]
    assert set(answers) == {202}
    assert harbour.parents() == [parent]
    assert len(harbour.deployments()) == 1
    assert harbour.statuses(harbour.deployments()[0].id) == ["queued", "in_progress", "success"]
