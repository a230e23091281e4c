"""``python -m bot run`` between a real GitHub and a real Slack: merges, and deployments of other tools."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.installation import REPOSITORY, Installation, shown


def merged(site: Installation) -> str:
    """A pull request of maria's is merged; the sha of the merge commit."""
    site.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"}, author="maria")
    number = site.github.open_pull_request(REPOSITORY, "topic", author="maria")
    return site.github.merge_pull_request(REPOSITORY, number, by="maria")


def test_a_merge_is_announced_waits_for_its_checks_and_is_deployed_when_they_are_green(
    site: Installation,
) -> None:
    before = site.github.repository(REPOSITORY).branches["main"]
    site.github.set_status(REPOSITORY, before, "ci/test", "success")
    bot = site.runs()
    site.subscribe()

    sha = merged(site)
    [parent] = site.wait_for(site.parents, "the announcement")
    announced = shown(parent)
    site.github.set_status(REPOSITORY, sha, "ci/test", "pending")
    site.github.set_check_run(REPOSITORY, sha, "build", None)
    site.github.set_status(REPOSITORY, sha, "ci/test", "success")
    site.wait_for(lambda: "still running: build" in shown(parent), "the wait for the check run")
    deployed_too_soon = site.deployments()
    site.github.set_check_run(REPOSITORY, sha, "build", "success")
    site.ended("is live")

    assert announced.startswith("⏳ *web → staging*  waits for its first check\nmain@(sha) · merged by maria · #1 ")
    assert deployed_too_soon == []
    assert shown(parent).startswith("✅ *web → staging*  is live")
    assert site.thread(parent)[-1] == "✅ live in (n) s"
    assert site.told(parent) == site.thread(parent)
    assert [(one.sha, one.environment) for one in site.deployments()] == [(sha, "staging")]
    assert site.statuses(site.deployments()[0].id) == ["queued", "in_progress", "success"]
    assert (site.directory / "staging" / "current" / "search.txt").read_text() == "found"
    assert (site.directory / "staging" / "current").readlink() == Path("releases") / sha
    assert bot.terminate() == 0


def test_a_deployment_of_another_tool_is_announced_and_followed_to_its_end(site: Installation) -> None:
    site.runs()
    site.subscribe()

    remote = site.github.create_deployment(REPOSITORY, "main", environment="preview", by="jenkins")
    [parent] = site.wait_for(site.parents, "the announcement")
    for state, description in (("queued", ""), ("in_progress", "Building"), ("success", "Is live")):
        site.github.report_deployment_status(REPOSITORY, remote, state, description=description)
        site.github.settle()
    site.ended("is live")

    assert shown(parent).startswith("✅ *web → preview*  is live\nmain@(sha) · by jenkins · ")
    assert site.thread(parent)[-1] == "✅ live in (n) s"
    assert site.statuses(remote) == ["queued", "in_progress", "success"]
    assert [one.id for one in site.deployments()] == [remote]


def test_a_webhook_that_comes_twice_deploys_once(site: Installation) -> None:
    site.runs()
    site.subscribe()
    merged(site)
    parent = site.ended("is live")

    for webhook in list(site.github.webhooks):
        site.github.redeliver(webhook)
    site.github.settle()

    answers = [attempt.status for attempt in site.github.attempts]
    assert set(answers) == {202}
    assert site.parents() == [parent]
    assert len(site.deployments()) == 1
    assert site.statuses(site.deployments()[0].id) == ["queued", "in_progress", "success"]
