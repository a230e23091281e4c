"""Conversations that begin with a merged pull request."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from handlers import merges
from tests.handlers.scenes import (
    another_tool,
    broadcasts,
    channel,
    creations,
    facts,
    news,
    notification,
    parent,
    seen,
    thread,
)
from tests.servers.github.webhooks import Webhook
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world


def merge(world: World, branch: str, method: str = "merge", by: str = "octocat") -> str:
    """A commit on a new branch, its pull request, and the merge; returns the merge commit."""
    world.github.commit(REPOSITORY, branch, f"Add {branch}", author="alice")
    number = world.github.open_pull_request(REPOSITORY, branch, author="alice")
    sha = world.github.merge_pull_request(REPOSITORY, number, method, by=by)
    world.settle()
    return sha


def test_a_merged_pull_request_is_announced_and_deployed(world: World) -> None:
    sha = merge(world, "search")
    announced = (parent(world, 1), notification(world, 1))

    another_tool(world, "in_progress", "success", environment_url="https://staging.example")

    assert announced == (
        "🚀 *web → staging*  is under way\n"
        f"main@{sha[:7]} · merged by octocat · #1 Add search · alice · first deployment here · since 10:00 UTC",
        f"octocat merged #1: main@{sha[:7]} of web goes to staging.",
    )
    assert parent(world, 1) == (
        "✅ *web → staging*  is live: #1 Add search\n"
        f"main@{sha[:7]} · merged by octocat · first deployment here · 20 s · open"
    )
    made = world.github.deployments(REPOSITORY)[0]
    assert (made.sha, made.environment, made.payload["pull_request"]) == (sha, "staging", 1)


def test_it_waits_for_the_statuses_and_check_runs_of_the_merge_commit(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    sha = merge(world, "search")
    before = news(world, 1)

    world.github.set_status(REPOSITORY, sha, "ci/test", "pending")
    world.github.set_check_run(REPOSITORY, sha, "lint", None)
    world.settle()
    pending = (news(world, 1), facts(world, 1)[-1])
    world.github.set_status(REPOSITORY, sha, "ci/test", "success")
    world.settle()
    one_left = (news(world, 1), facts(world, 1)[-1], creations(world))
    world.github.set_check_run(REPOSITORY, sha, "lint", "skipped")
    world.settle()

    assert before == "waits for its first check"
    assert pending == ("waits for 2 of 2 checks", "still running: `ci/test`, lint")
    assert one_left == ("waits for 1 of 2 checks", "still running: lint", 0)
    assert creations(world) == 1
    assert thread(world, 1) == []


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_merge_commit_counts_however_it_was_merged(world: World, method: str) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    sha = merge(world, "search", method)
    world.github.set_status(REPOSITORY, "search", "ci/test", "success")
    world.settle()
    after_the_head = creations(world)

    world.github.set_status(REPOSITORY, sha, "ci/test", "success")
    world.settle()

    # A squashed or rebased commit is another one than the head of the pull request; CI looks at each.
    assert after_the_head == 0
    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [sha]


def test_a_failing_check_is_told_by_name_and_the_deployment_goes_on_when_it_is_run_again(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    sha = merge(world, "search")

    world.github.set_status(REPOSITORY, sha, "ci/test", "failure", target_url="https://ci.example/9")
    world.settle()
    failed = (news(world, 1), thread(world, 1), read_out(world.slack.thread("#web", world.parent(1).ts)[0]))
    world.github.set_status(REPOSITORY, sha, "ci/test", "pending")
    world.settle()
    again = (news(world, 1), thread(world, 1))
    world.github.set_status(REPOSITORY, sha, "ci/test", "success")
    world.settle()

    assert failed == ("ci/test failed", ["❌ ci/test failed"], "❌ <https://ci.example/9|ci/test> failed")
    assert again == ("waits for its check", ["⏳ waits for its check · still running: `ci/test`"])
    assert [one.split(" after ")[0] for one in thread(world, 1)] == ["✅ all green"]
    assert creations(world) == 1


def test_a_newer_merge_supersedes_one_that_still_waits_and_says_so(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    merge(world, "search")
    world.wait(minutes=1)

    newer = merge(world, "filters")
    world.github.set_status(REPOSITORY, newer, "ci/test", "success")
    world.settle()

    assert world.deployment(1).description == f"Superseded by #2 (main@{newer[:7]}), which has all of it"
    # The newer one has taken over the card, so nothing is said of the older one.
    assert world.parent(1).ts == world.parent(2).ts
    assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]
    assert thread(world, 1) == []
    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [newer]


def test_a_merge_that_runs_already_is_left_alone_and_the_newer_one_queues(world: World) -> None:
    merge(world, "search")
    world.wait(minutes=1)

    merge(world, "filters")

    assert [line.split("  ")[0] for line in channel(world, "#web")] == ["🚀 *web → staging*", "⏸️ *web → staging*"]
    assert (news(world, 2), facts(world, 2)[-1]) == ("is next", "behind #1 (octocat)")


def test_an_older_merge_whose_webhook_comes_late_gives_way(world: World) -> None:
    world.hold_webhooks = True
    merge(world, "search")
    world.wait(minutes=1)
    newer = merge(world, "filters")
    first, second = [hook for hook in world.github.webhooks_of("pull_request") if hook.json["action"] == "closed"]

    world.deliver(second)
    world.deliver(first)

    assert world.deployment(2).description == f"Superseded by #1 (main@{newer[:7]}), which has all of it"
    assert channel(world, "#web") == ["🚀 *web → staging*  is under way"]
    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [newer]


def test_a_redelivered_webhook_deploys_nothing_twice(world: World) -> None:
    merge(world, "search")
    merged = next(hook for hook in world.github.webhooks_of("pull_request") if hook.json["action"] == "closed")

    world.deliver(merged)
    world.deliver(dataclasses.replace(merged, delivery_id="sent again by hand"))

    assert creations(world) == 1
    assert len(channel(world, "#web")) == 1


def test_each_environment_that_asks_for_the_branch_gets_it(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\ndeploy_on_merge = ["main"]'
    )
    with open_world(tmp_path, settings) as world:
        sha = merge(world, "search")

        assert [line.split("  ")[0] for line in channel(world, "#web")] == [
            "🚀 *web → staging*",
            "🚀 *web → production*",
        ]
        assert [(one.environment, one.sha) for one in world.github.deployments(REPOSITORY)] == [
            ("staging", sha),
            ("production", sha),
        ]


def test_a_merge_into_another_branch_or_a_closed_pull_request_deploys_nothing(world: World) -> None:
    world.github.branch(REPOSITORY, "develop")
    world.github.commit(REPOSITORY, "one", "Add one")
    world.github.commit(REPOSITORY, "two", "Add two")
    into_develop = world.github.open_pull_request(REPOSITORY, "one", base="develop")
    given_up = world.github.open_pull_request(REPOSITORY, "two")

    world.github.merge_pull_request(REPOSITORY, into_develop)
    world.github.close_pull_request(REPOSITORY, given_up)
    world.settle()

    assert channel(world, "#web") == []


def test_what_ships_is_listed_by_pull_request_and_commits_without_one_are_marked(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Mend the footer", author="bob")
    direct = world.github.repository(REPOSITORY).branches["main"]

    sha = merge(world, "search")

    assert parent(world, 2) == (
        "🚀 *web → staging*  is under way\n"
        f"main@{sha[:7]} · merged by octocat · since 10:00 UTC\n"
        "▸ 1 pull request and 1 commit · alice, bob\n"
        "• #1 Add search · alice\n"
        f"• {direct[:7]} Mend the footer · bob\n"
        "• compare\n"
        f"⚠️ 1 commit without a pull request: {direct[:7]}"
    )


def test_more_than_five_changes_are_counted(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    for n in range(7):
        world.github.commit(REPOSITORY, "main", f"Step {n}")

    world.says("maria", "deploy main to staging")

    lines = parent(world, 2).split("\n")
    assert lines[2] == "▸ 7 commits · octocat"
    assert [line.split(" ", 2)[2] for line in lines[3:8]] == [f"Step {n} · octocat" for n in (6, 5, 4, 3, 2)]
    assert lines[8] == "• and 2 more · compare"
    assert lines[9].startswith("⚠️ 7 commits without a pull request: ")
    assert lines[9].count(",") == 2


def test_whoever_merged_is_mentioned_when_it_fails_where_the_settings_know_them(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS + '\n[people]\nU00000001 = "Maria-Of-GitHub"\n') as world:
        merge(world, "search", by="maria-of-github")

        assert facts(world, 1)[1] == "merged by maria-of-github"
        assert world.github.deployments(REPOSITORY)[0].payload["requested_by"] == {
            "slack": "U00000001",
            "github": "maria-of-github",
        }
        another_tool(world, "failure")
        assert thread(world, 1)[-1].split("\n")[1].split(" ")[0] == "@maria"


def test_a_title_that_wants_to_ping_everybody_does_not(world: World) -> None:
    world.github.commit(REPOSITORY, "search", "Add search")
    number = world.github.open_pull_request(REPOSITORY, "search", title="Hello <!channel> & <@U00000002>")

    world.github.merge_pull_request(REPOSITORY, number)
    world.settle()

    raw = "\n".join(world.parent(1).lines)
    assert "Hello &lt;!channel&gt; &amp; &lt;@U00000002&gt;" in raw


def test_a_merge_that_hangs_is_reported_in_the_channel(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    merge(world, "search")

    world.wait(hours=24)

    assert broadcasts(world, "#web")[0].startswith("⚠️ ci/test has not been reported for this commit after 10 min. ")
    assert broadcasts(world, "#web")[1:] == [
        "⚠️ Still waiting after an hour: no check has been reported for this commit yet. "
        "Look at the check, or cancel with `cancel #1`",
    ]
    assert news(world, 1) == "given up: its checks were not green within a day"
    assert thread(world, 1)[-1] == "⌫ given up: its checks were not green within a day"


def test_github_down_at_the_merge_only_costs_time(world: World) -> None:
    world.github.fail_next("GET", r"/check-runs$", 502, times=6)

    merge(world, "search")
    world.wait(minutes=5)

    assert creations(world) == 1


# --- GitHub's API has the last word -----------------------------------------------------------------------------


def tampered(webhook: Webhook, **different: object) -> Webhook:
    """The webhook with something else in its pull request, signed all the same."""
    body = json.loads(webhook.body)
    body["pull_request"] |= different
    return dataclasses.replace(webhook, delivery_id=f"{webhook.delivery_id}-x", body=json.dumps(body).encode())


@pytest.mark.parametrize("merged", [True, False], ids=["merged", "open"])
@pytest.mark.parametrize(
    "different",
    [{"merge_commit_sha": "e" * 40}, {"base": {"ref": "main", "sha": "e" * 40}}, {"number": 99}],
    ids=["another commit", "another branch", "another number"],
)
def test_a_merge_is_believed_only_as_the_api_tells_it(world: World, merged: bool, different: dict[str, object]) -> None:
    world.hold_webhooks = True
    world.github.commit(REPOSITORY, "search", "Add search", author="alice")
    world.github.branch(REPOSITORY, "release")
    number = world.github.open_pull_request(REPOSITORY, "search", author="alice", base="release")
    world.github.merge_pull_request(REPOSITORY, number)
    webhook = world.github.webhooks_of("pull_request")[-1]
    if not merged:
        world.github.commit(REPOSITORY, "other", "Add other", author="alice")
        open_ = world.github.open_pull_request(REPOSITORY, "other", author="alice")
        different = {**different, "number": open_}

    world.deliver(tampered(webhook, **{"base": {"ref": "main", "sha": "e" * 40}, **different}))

    assert channel(world, "#web") == []


def test_who_merged_and_what_is_told_by_the_api(world: World) -> None:
    world.hold_webhooks = True
    world.github.commit(REPOSITORY, "search", "Add search", author="alice")
    number = world.github.open_pull_request(REPOSITORY, "search", author="alice")
    world.github.merge_pull_request(REPOSITORY, number, by="octocat")
    webhook = world.github.webhooks_of("pull_request")[-1]

    world.deliver(tampered(webhook, title="Free beer", merged_by={"login": "ceo"}))

    assert facts(world, 1)[1] == "merged by octocat"
    assert "Add search" in parent(world, 1)


def test_a_merge_that_the_api_knows_only_later_is_found_when_github_is_looked_at_next(world: World) -> None:
    world.reconcile()
    world.hold_webhooks = True
    world.wait(minutes=3)
    world.github.commit(REPOSITORY, "search", "Add search", author="alice")
    number = world.github.open_pull_request(REPOSITORY, "search", author="alice")
    world.github.merge_pull_request(REPOSITORY, number)
    world.github.fail_next("GET", f"/pulls/{number}$", 404)

    world.deliver(world.github.webhooks_of("pull_request")[-1])
    before = channel(world, "#web")
    world.wait(minutes=3)
    world.reconcile()

    assert before == []
    assert len(channel(world, "#web")) == 1


# --- it cannot be taken up ---------------------------------------------------------------------------------------


def opened(world: World) -> int:
    world.github.commit(REPOSITORY, "search", "Add search", author="alice")
    return world.github.open_pull_request(REPOSITORY, "search", author="alice", title="Add search")


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (
            403,
            "Not accessible by integration",
            "GITHUB_TOKEN lacks a permission on acme/web: Not accessible by integration.",
        ),
        (422, "No commit found", "No commit found."),
    ],
)
@pytest.mark.parametrize("path", ["/pulls/1$", "/commits/[0-9a-f]{40}/status$"], ids=["merge", "gates"])
def test_a_merge_that_github_says_nothing_of_is_told_once_and_taken_up_when_it_is_found_again(
    world: World, status: int, message: str, reason: str, path: str
) -> None:
    world.reconcile()
    world.wait(minutes=3)
    number = opened(world)
    world.github.fail_next("GET", path, status, times=1_000, body={"message": message})
    sha = world.github.merge_pull_request(REPOSITORY, number)
    world.settle()
    (webhook,) = [one for one in world.github.webhooks_of("pull_request") if one.json["action"] == "closed"]
    world.deliver(dataclasses.replace(webhook, delivery_id="sent again"))
    world.reconcile()
    meanwhile = whole(world, "#web")

    world.github.heal()
    world.wait(minutes=3)
    world.reconcile()
    world.wait(minutes=1)

    assert meanwhile == [
        f"⚠️ #1 Add search was merged into main, and I could not take it up to deploy it. {reason}\n"
        "Once that is mended: `deploy web/main to staging`"
    ]
    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [sha]
    assert len(channel(world, "#web")) == 2


@pytest.mark.parametrize("path", ["/pulls/1$", "/commits/[0-9a-f]{40}/status$"], ids=["merge", "gates"])
def test_that_it_was_told_is_known_as_long_as_it_may_be_found_again_and_no_longer(world: World, path: str) -> None:
    number = opened(world)
    world.github.fail_next("GET", path, 403, times=1_000, body={"message": "Not accessible by integration"})
    world.github.merge_pull_request(REPOSITORY, number)
    world.settle()
    known = kept_of_merges(world)

    world.wait(days=13)
    world.fires("retain")
    meanwhile = kept_of_merges(world)
    world.wait(days=2)
    world.fires("retain")

    assert known
    assert meanwhile == known
    assert kept_of_merges(world) == []


def kept_of_merges(world: World) -> list[str]:
    reads = world.store.reads()
    return [key for beginning in ("told:", "merge:") for key in reads.kept_keys(beginning)]


def test_a_merge_into_a_repository_that_is_not_seen_is_told(world: World) -> None:
    number = opened(world)
    world.github.fail_next("GET", "/repos/acme/web", 404, times=1_000)

    world.github.merge_pull_request(REPOSITORY, number)
    world.settle()

    [line, _] = whole(world, "#web")[0].split("\n")
    assert line.endswith("acme/web does not exist on GitHub, or GITHUB_TOKEN cannot see it.")


def test_of_several_environments_and_apps_one_message_tells_for_each_channel(tmp_path: Path) -> None:
    more = SETTINGS.replace(
        "[apps.web.environments.production]", '[apps.web.environments.production]\ndeploy_on_merge = ["main"]'
    ) + (
        '\n[apps.docs]\nrepository = "acme/web"\nchannel = "#web"\n[apps.docs.environments.site]\n'
        'deploy_on_merge = ["main"]\n'
        '\n[apps.api]\nrepository = "acme/web"\nchannel = "#random"\n[apps.api.environments.live]\n'
        'deploy_on_merge = ["main"]\n'
    )
    with open_world(tmp_path, more) as world:
        number = opened(world)
        world.github.fail_next("GET", "/pulls/1$", 403, times=1_000)
        world.github.merge_pull_request(REPOSITORY, number)
        world.settle()

        commands = [line.split("\n")[1] for name in ("#web", "#random") for line in whole(world, name)]
        assert commands == [
            "Once that is mended: `deploy web/main to staging`, `deploy web/main to production`, "
            "`deploy docs/main to site`",
            "Once that is mended: `deploy api/main to live`",
        ]


def test_a_merge_that_github_did_not_answer_about_for_a_day_is_told(world: World) -> None:
    number = opened(world)
    world.github.fail_next("GET", "/pulls/1$", 502, times=1_000_000)
    world.github.merge_pull_request(REPOSITORY, number)

    world.wait(hours=40)

    [message] = whole(world, "#web")
    assert "GitHub has a problem of its own (status 502)." in message


def whole(world: World, name: str) -> list[str]:
    """What the bot has said at top level of a channel, every line of it."""
    return [seen(world, read_out(one)) for one in world.slack.messages(name) if one.bot_id is not None]


@pytest.mark.parametrize("step", ["confirmed_merge", "commit_facts"], ids=["merge", "gates"])
def test_a_merge_that_a_fault_of_the_bots_own_keeps_is_told_once_and_deployed_when_it_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    number = opened(world)
    with monkeypatch.context() as broken:
        broken.setattr(merges, step, fails)
        sha = world.github.merge_pull_request(REPOSITORY, number)
        world.settle()
        before = whole(world, "#web")
        world.wait(minutes=10)
    told = whole(world, "#web")
    aside = [one.name for one in world.store.set_aside.first()]

    world.store.set_aside.retry(aside)
    world.wait(minutes=1)

    assert before == []
    assert told == [
        "⚠️ #1 Add search was merged into main, and I could not take it up to deploy it. I failed at it by a fault of "
        "my own; whoever runs me finds it with python -m bot check.\n"
        "Once that is mended: `deploy web/main to staging`"
    ]
    assert len(aside) == 1
    assert [one.sha for one in world.github.deployments(REPOSITORY)] == [sha]
    assert world.store.set_aside.count() == 0
