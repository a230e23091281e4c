"""Previews: each pull request has an environment of its own, made, updated and removed with it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, channel
from tests.handlers.test_digests import told, tomorrow
from tests.handlers.test_locks import direct
from tests.servers.github.state import Deployment
from tests.world import REPOSITORY, World, read_out
from tests.world import world as open_world

APP = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "local", directory = "{directory}/other" }

[apps.web.environments.production]
checks_settle = "0s"
provider = { directory = "{directory}/production" }

[apps.web.environments.preview]
transient = true
url = "https://web-{number}.preview.example"
preview = { on = "opened" }
provider = { directory = "{directory}/previews/{number}" }
"""
EXTERNAL = APP.replace('provider = { type = "local", directory = "{directory}/other" }', "")
EXTERNAL = "\n".join(line for line in EXTERNAL.split("\n") if not line.startswith("provider"))
LABELLED = APP.replace('on = "opened"', 'on = "label:preview"')
URL = "https://web-{}.preview.example"
MARKER = "<!-- shipmate: previews, by shipmate -->\n"
ADDRESS = "[https://web-1.preview.example](https://web-1.preview.example)"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, APP) as world:
        yield world


def opens(world: World, branch: str = "topic", *, fork: str | None = None, draft: bool = False) -> int:
    """A commit on a new branch, and its pull request."""
    if fork is None:
        world.github.commit(REPOSITORY, branch, f"Add {branch}", author="alice")
    number = world.github.open_pull_request(REPOSITORY, branch, author="alice", fork=fork, draft=draft)
    world.settle()
    return number


def pushes(world: World, branch: str = "topic") -> str:
    sha = world.github.commit(REPOSITORY, branch, f"More {branch}", author="alice")
    world.settle()
    return sha


def closes(world: World, number: int = 1) -> None:
    world.github.close_pull_request(REPOSITORY, number)
    world.settle()


def head(world: World, number: int = 1) -> str:
    return world.github.repository(REPOSITORY).pull_requests[number].head_sha


def comment(world: World, number: int = 1) -> str:
    """The only one, without what nobody sees of it."""
    [found] = world.github.comments(REPOSITORY, number)
    assert found.body.startswith(MARKER)
    return found.body.removeprefix(MARKER)


def there(world: World, number: int = 1) -> str | None:
    """The commit that is live in the preview's own directory."""
    link = world.directory / "previews" / str(number) / "current"
    return link.readlink().name if link.is_symlink() else None


def remotes(world: World) -> list[Deployment]:
    """GitHub's deployments, the oldest first."""
    return sorted(world.github.deployments(REPOSITORY), key=lambda one: one.id)


def newest(world: World) -> list[str]:
    """What GitHub shows of each deployment."""
    return [one.statuses[-1].state if one.statuses else "pending" for one in remotes(world)]


def asked(world: World) -> list[tuple[str, str, str]]:
    """Environment, task and commit of GitHub's deployments."""
    return [(one.environment, one.task, one.sha) for one in remotes(world)]


# --- made, updated, removed -------------------------------------------------------------------------------------------


def test_a_pull_request_that_is_opened_has_a_preview_whose_address_its_comment_tells(world: World) -> None:
    opens(world)

    sha = head(world)
    assert there(world) == sha
    assert asked(world) == [("preview-1", "deploy", sha)]
    assert remotes(world)[0].transient
    assert world.statuses(remotes(world)[0].id) == ["queued", "in_progress", "success"]
    assert comment(world) == f"✅ **preview-1** is live: {sha}, since 2026-03-02 10:00 UTC · {ADDRESS}"
    assert world.deployment(1).environment_url == "https://web-1.preview.example"
    # The pull request tells of it, so that the channel does not.
    assert channel(world, "#web") == []


def test_a_push_brings_it_up_to_date_and_the_commit_before_is_inactive_on_github(world: World) -> None:
    opens(world)
    world.wait(minutes=1)

    sha = pushes(world)

    assert there(world) == sha
    assert newest(world) == ["inactive", "success"]
    assert comment(world) == f"✅ **preview-1** is live: {sha}, since 2026-03-02 10:01 UTC · {ADDRESS}"
    assert [one.edits > 0 for one in world.github.comments(REPOSITORY, 1)] == [True]


def test_a_pull_request_that_is_closed_takes_its_preview_with_it(world: World) -> None:
    opens(world)
    pushes(world)

    closes(world)

    assert not (world.directory / "previews" / "1").exists()
    assert newest(world) == ["inactive", "inactive", "inactive"]
    assert asked(world)[-1] == ("preview-1", "remove", head(world))
    assert comment(world) == "🗑️ **preview-1** was removed."
    assert channel(world, "#web") == []


def test_a_pull_request_that_is_merged_does_too(world: World) -> None:
    opens(world)

    world.github.merge_pull_request(REPOSITORY, 1)
    world.settle()

    assert there(world) is None
    assert comment(world) == "🗑️ **preview-1** was removed."


def test_one_that_is_opened_again_has_it_again(world: World) -> None:
    opens(world)
    closes(world)

    world.github.reopen_pull_request(REPOSITORY, 1)
    world.settle()

    assert there(world) == head(world)
    assert newest(world) == ["inactive", "inactive", "success"]
    assert comment(world).startswith("✅ **preview-1** is live: ")


def test_the_same_webhook_twice_deploys_nothing_twice(world: World) -> None:
    opens(world)
    closes(world)
    for webhook in [one for one in world.github.webhooks if one.event == "pull_request"]:
        world.deliver(webhook)

    assert [task for _, task, _ in asked(world)] == ["deploy", "remove"]


# --- while something runs ---------------------------------------------------------------------------------------------


def test_a_push_stops_what_still_runs_of_the_commit_before(world: World) -> None:
    world.hold_runs = True
    opens(world)
    old = head(world)

    sha = pushes(world)
    waits = world.deployment(2).state
    world.hold_runs = False
    world.settle()

    assert waits == "waiting"
    assert world.deployment(1).description == "Cancelled by a newer commit of its pull request"
    assert world.deployment(1).sha == old
    assert there(world) == sha
    assert newest(world) == ["error", "success"]


def test_of_several_pushes_while_something_runs_only_the_last_goes(world: World) -> None:
    world.hold_runs = True
    opens(world)

    pushes(world)
    sha = pushes(world)
    world.hold_runs = False
    world.settle()

    assert world.deployment(2).state == "superseded"
    assert world.deployment(2).description == f"Superseded by {sha[:7]}, which was pushed since"
    assert there(world) == sha


def test_what_runs_when_the_pull_request_is_closed_is_stopped_before_it_is_removed(world: World) -> None:
    opens(world)
    world.hold_runs = True
    pushes(world)

    closes(world)
    waits = (world.deployment(2).state, world.deployment(3).state, comment(world))
    world.hold_runs = False
    world.settle()

    assert waits == ("starting", "waiting", "🗑️ **preview-1** is being removed.")
    assert world.deployment(2).description == "Cancelled by the end of the preview of #1"
    assert world.deployment(3).state == "succeeded"
    assert there(world) is None
    assert newest(world) == ["inactive"] * 3


def test_one_that_is_opened_again_while_it_is_being_removed_is_made_afterwards(world: World) -> None:
    opens(world)
    world.hold_runs = True
    closes(world)

    world.github.reopen_pull_request(REPOSITORY, 1)
    world.settle()
    world.hold_runs = False
    world.settle()

    assert [world.deployment(number).state for number in (2, 3)] == ["succeeded", "succeeded"]
    assert there(world) == head(world)
    assert newest(world) == ["inactive", "inactive", "success"]


def test_a_crash_at_any_moment_makes_nothing_twice(world: World) -> None:
    world.hold_runs = True
    opens(world)
    world.restart()
    world.hold_runs = False
    world.settle()
    closes(world)
    world.restart()
    world.settle()
    world.reconcile()

    assert [task for _, task, _ in asked(world)] == ["deploy", "remove"]
    assert comment(world) == "🗑️ **preview-1** was removed."


# --- who has one ------------------------------------------------------------------------------------------------------


def test_a_draft_has_none_until_it_is_ready_and_keeps_it_when_it_is_a_draft_again(world: World) -> None:
    opens(world, draft=True)
    before = remotes(world)

    world.github.set_draft(REPOSITORY, 1, False)
    world.settle()
    world.github.set_draft(REPOSITORY, 1, True)
    sha = pushes(world)

    assert before == []
    assert there(world) == sha


def test_what_comes_from_a_fork_is_never_deployed_by_itself(world: World) -> None:
    opens(world, fork="mallory/web")
    world.reconcile()

    assert remotes(world) == []
    assert world.github.comments(REPOSITORY, 1) == []


def test_somebody_who_may_write_can_have_a_fork_deployed_and_it_is_removed_with_its_pull_request(world: World) -> None:
    opens(world, fork="mallory/web")

    world.says("maria", "deploy #1 to preview")
    deployed = (there(world), comment(world))
    closes(world)

    assert deployed == (head(world), f"✅ **preview-1** is live: {head(world)}, since 2026-03-02 10:00 UTC · {ADDRESS}")
    assert there(world) is None
    assert [line.split("  ")[0] for line in channel(world, "#web")] == ["✅ *web → preview-1*"]


def test_a_label_asks_for_one_and_takes_it_away(tmp_path: Path) -> None:
    with open_world(tmp_path, LABELLED) as world:
        opens(world)
        before = remotes(world)

        world.github.put_labels(REPOSITORY, 1, ["Preview"])
        world.settle()
        labelled = there(world)
        world.github.take_label(REPOSITORY, 1, "Preview")
        world.settle()

        assert before == []
        assert labelled == head(world)
        assert there(world) is None
        assert comment(world) == "🗑️ **preview-1** was removed."


def test_one_that_somebody_asked_for_needs_no_label_and_follows_its_pull_request(tmp_path: Path) -> None:
    with open_world(tmp_path, LABELLED) as world:
        opens(world)

        world.says("maria", "deploy #1 to preview")
        sha = pushes(world)
        shown = there(world)
        closes(world)

        assert shown == sha
        assert there(world) is None


def test_a_preview_has_to_be_named(world: World) -> None:
    opens(world)

    world.says("maria", "deploy main to preview")
    world.says("maria", "deploy to preview-1")

    which = "🚫 *web → preview* is there once for each pull request. Say which: `deploy web/main to preview-12`"
    assert world.told("maria")[0] == which
    assert there(world) == head(world)


def test_a_lock_of_a_preview_names_one_and_those_that_there_are_can_be_pressed(world: World) -> None:
    opens(world, "one")
    opens(world, "two")
    closes(world, 1)

    world.says("bob", "lock preview because load test")
    told = world.told("bob")[0]
    world.presses("bob", world.slack.ephemerals("bob")[0], "Lock preview-2 on web because load test")
    pushes(world, "two")

    assert told.split("\n")[:2] == [
        "🚫 *web → preview* is there once for each pull request. Say which: `lock preview-12 on web because load test`",
        "`freeze preview because of a demo` holds all of them, also those to come.",
    ]
    assert world.deployment(4).waits_for == "lock"


# --- how many, and how long -------------------------------------------------------------------------------------------


@pytest.fixture
def few(tmp_path: Path) -> Iterator[World]:
    """Two may be in use, for three days."""
    with open_world(tmp_path, APP.replace('on = "opened"', 'on = "opened", max = 2, max_age = "3d"')) as world:
        yield world


def test_what_is_wanted_beyond_the_cap_waits_in_line_and_is_made_when_one_is_free(few: World) -> None:
    for branch in ("one", "two", "three", "four"):
        opens(few, branch)
        few.wait(minutes=1)
    waits = (comment(few, 3), there(few, 3), there(few, 4))

    closes(few, 1)
    first = (there(few, 3), there(few, 4))
    closes(few, 2)

    line = "⏸️ **preview-3** waits: 2 of 2 previews are in use. Close a pull request that has one, and it is made."
    assert waits == (line, None, None)
    assert first == (head(few, 3), None)
    assert there(few, 4) == head(few, 4)


def test_whoever_leaves_the_line_holds_nobody_up(few: World) -> None:
    for branch in ("one", "two", "three", "four"):
        opens(few, branch)
        few.wait(minutes=1)

    closes(few, 3)
    left = comment(few, 3)
    closes(few, 1)

    assert left == "🗑️ There is no preview."
    assert there(few, 4) == head(few, 4)


def test_a_command_for_one_too_many_is_refused_and_says_why(few: World) -> None:
    for branch in ("one", "two", "three"):
        opens(few, branch)

    few.says("maria", "deploy #3 to preview")

    assert few.told("maria") == [
        "🚫 *#3 of web* cannot have a preview now: all 2 previews are in use.\n"
        "Close a pull request that has one, or raise `max` in my settings."
    ]


def test_one_in_which_nothing_was_deployed_for_long_is_removed_until_something_is_pushed(few: World) -> None:
    opens(few)
    few.wait(days=2)
    few.reconcile()
    young = there(few)

    few.wait(days=1, minutes=1)
    few.reconcile()
    old = (there(few), comment(few))
    few.reconcile()
    again = len(remotes(few))
    sha = pushes(few)

    assert young is not None
    assert old == (
        None,
        "🗑️ **preview-1** was removed, as nothing was deployed there for 3 days. A push makes it again, and so does "
        "`deploy web#1 to preview`.",
    )
    assert again == 2
    assert there(few) == sha


def test_one_that_was_removed_for_its_age_comes_back_by_command(few: World) -> None:
    opens(few)
    few.wait(days=3, minutes=1)
    few.reconcile()

    few.says("maria", "deploy #1 to preview")

    assert there(few) == head(few)


# --- lost webhooks ----------------------------------------------------------------------------------------------------


def test_what_was_opened_pushed_and_closed_while_nobody_listened_is_found(world: World) -> None:
    world.reconcile()
    opens(world, "closed")
    opens(world, "pushed")
    world.wait(minutes=3)
    world.hold_webhooks = True
    world.github.close_pull_request(REPOSITORY, 1)
    sha = world.github.commit(REPOSITORY, "pushed", "More", author="alice")
    world.github.commit(REPOSITORY, "new", "New", author="alice")
    world.github.open_pull_request(REPOSITORY, "new", author="alice")

    world.reconcile()

    assert (there(world, 1), there(world, 2), there(world, 3)) == (None, sha, head(world, 3))


def test_pull_requests_from_before_there_were_previews_have_none_until_something_happens_to_them(
    tmp_path: Path,
) -> None:
    without = APP[: APP.index("[apps.web.environments.preview]")]
    with open_world(tmp_path, without) as world:
        opens(world)
        world.wait(days=1)
        world.restart(APP.replace("{directory}", str(tmp_path)) + world.text[world.text.index("[people]") :])
        world.reconcile()
        world.reconcile()
        before = remotes(world)

        sha = pushes(world)

        assert before == []
        assert there(world) == sha


# --- others -----------------------------------------------------------------------------------------------------------


def test_one_that_fails_has_a_card_and_says_so_in_its_comment(world: World) -> None:
    (world.directory / "previews").mkdir()
    (world.directory / "previews" / "1").write_text("in the way")

    opens(world)

    assert world.deployment(1).state in {"failed", "error"}
    assert comment(world).startswith(f"❌ **preview-1** could not be deployed: {head(world)} (")
    assert [read_out(one).split("\n")[0].split("  ")[0] for one in world.slack.messages("#web")][:1] == [
        "❌ *web → preview-1*"
    ]


def test_where_another_tool_deploys_it_is_told_and_github_shows_nothing_any_more(tmp_path: Path) -> None:
    with open_world(tmp_path, EXTERNAL) as world:
        opens(world)
        another_tool(world, "in_progress", "success", environment_url="https://pr-1.elsewhere.example")
        live = comment(world)

        closes(world)

        assert "(https://pr-1.elsewhere.example)" in live
        assert newest(world) == ["inactive"]
        assert comment(world) == "🗑️ **preview-1** is inactive; whoever deploys it has to take it down."


def test_two_apps_of_one_repository_have_one_each_and_share_the_comment(tmp_path: Path) -> None:
    api = (
        APP[APP.index("[apps.web]") :]
        .replace("apps.web", "apps.api")
        .replace("previews/", "api-")
        .replace("#web", "#random")
    )
    with open_world(tmp_path, APP + api) as world:
        opens(world)
        both = comment(world)
        closes(world)

        assert [line.split(" is live")[0] for line in both.split("\n")] == [
            "✅ **web → preview-1**",
            "✅ **api → preview-1**",
        ]
        assert [line.strip() for line in comment(world).split("\n")] == [
            "🗑️ **web → preview-1** was removed.",
            "🗑️ **api → preview-1** was removed.",
        ]
        assert newest(world) == ["inactive"] * 4


def test_a_comment_that_somebody_has_deleted_is_not_written_again(world: World) -> None:
    opens(world)
    [written] = world.github.comments(REPOSITORY, 1)
    world.github.delete_comment(REPOSITORY, written.id)

    pushes(world)
    pushes(world)

    assert world.github.comments(REPOSITORY, 1) == []


def test_previews_can_be_locked_and_are_nothing_that_the_settings_have_lost(world: World) -> None:
    opens(world)

    world.says("bob", "lock preview-1 because load test")
    sha = pushes(world)
    world.reconcile()
    waits = (world.deployment(2).waits_for, there(world) == sha)
    world.says("bob", "unlock preview-1")

    assert waits == ("lock", False)
    assert there(world) == sha
    assert not any("no longer" in read_out(one) for one in world.slack.messages("#web"))


def test_what_people_hold_of_a_preview_goes_with_it(world: World) -> None:
    opens(world)
    world.says("bob", "lock preview-1 because load test")
    world.says("maria", "freeze preview-1 because demo")

    closes(world)
    locks = world.answers(world.says("maria", "locks"))[-1]
    freezes = world.answers(world.says("maria", "freezes"))[-1]
    world.wait(hours=4)

    assert there(world) is None
    assert direct(world, "bob")[-1] == "🔓 *web → preview-1* was removed with its pull request, and with it your lock."
    assert ("preview-1" in locks, "preview-1" in freezes) == (False, False)


def test_the_status_of_an_app_names_the_pull_requests_that_have_one(world: World) -> None:
    opens(world, "one")
    opens(world, "two")

    asked_for = world.says("maria", "status")
    one = world.says("maria", "status preview-2")

    shown = read_out(world.slack.thread("#web", asked_for.ts)[-1]).split("\n")[1]
    assert shown == f"2 previews of web: <{URL.format(1)}|#1>, <{URL.format(2)}|#2>"
    assert "preview-2" in world.answers(one)[-1]


def test_a_command_without_a_number_means_nothing_that_previews_do_by_themselves(world: World) -> None:
    world.hold_runs = True
    opens(world)
    pushes(world)

    world.says("maria", "cancel")
    world.says("maria", "retry")
    listed = world.answers(world.says("maria", "deploys"))[-1]

    assert [one.split(".")[0] for one in world.told("maria")] == [
        "There is nothing to cancel",
        "There is no failed deployment to retry here",
    ]
    assert "preview-1" not in listed


def test_approvals_are_waited_for_where_the_settings_ask_for_them_but_not_to_remove_it(tmp_path: Path) -> None:
    with open_world(tmp_path, APP.replace("transient = true", "transient = true\napprovals = 1")) as world:
        opens(world)
        waits = (world.deployment(1).state, comment(world).split(" (")[0])

        world.says("bob", "approve #1")
        live = there(world)
        closes(world)

        assert waits == ("waiting", f"⏳ **preview-1** waits: {head(world)}")
        assert live == head(world)
        assert there(world) is None


def test_a_removal_that_fails_is_told_and_can_be_retried(world: World) -> None:
    opens(world)
    place = world.directory / "previews" / "1"
    place.rename(world.directory / "kept")
    place.symlink_to("x" * 300)

    closes(world)
    failed = (world.deployment(2).state, comment(world).split(" (")[0])
    place.unlink()
    (world.directory / "kept").rename(place)
    world.says("maria", "retry #2")

    assert failed == ("error", "❌ **preview-1** could not be removed")
    assert world.deployment(3).state == "succeeded"
    assert there(world) is None
    assert comment(world) == "🗑️ **preview-1** was removed."


def test_admins_hear_once_where_the_bot_may_not_comment_and_deployments_go_on(tmp_path: Path) -> None:
    with open_world(tmp_path, APP + '\n[bot]\nadmins = ["U00000001"]\n') as world:
        world.github.deny(world.github.token, "pull_requests=write")
        opens(world)
        sha = pushes(world)

        told = [read_out(one) for one in world.slack.messages("@maria") if one.bot_id]

        assert there(world) == sha
        assert len(told) == 1
        assert told[0].startswith("🔏 *I may not tell of previews on pull requests of acme/web.*")


def test_one_preview_is_frozen_by_its_name_and_removed_all_the_same(world: World) -> None:
    opens(world)

    world.says("maria", "freeze preview-1 because demo")
    sha = pushes(world)
    waits = (world.deployment(2).waits_for, there(world) == sha)
    closes(world)

    assert waits == ("freeze", False)
    assert there(world) is None
    assert world.deployment(2).description == "The preview of #1 is not wanted any more"


def test_webhooks_alone_make_and_remove_nothing(world: World) -> None:
    opens(world)
    world.hold_webhooks = True
    closes(world)
    closed = world.github.webhooks_of("pull_request")[-1]
    world.github.reopen_pull_request(REPOSITORY, 1)
    opens(world, "other", fork="mallory/web")
    opened = world.github.webhooks_of("pull_request")[-1]
    body = json.loads(opened.body)
    body["pull_request"]["head"]["repo"] = body["pull_request"]["base"]["repo"]

    world.deliver(closed)
    world.deliver(dataclasses.replace(opened, body=json.dumps(body).encode()))

    assert asked(world) == [("preview-1", "deploy", head(world))]


def test_what_waits_for_a_window_to_be_over_goes_out_then(tmp_path: Path) -> None:
    closed = 'transient = true\nwindows = [{ deny = "0 9 * * *", for = "2h" }]'
    with open_world(tmp_path, APP.replace("transient = true", closed)) as world:
        opens(world)
        waits = (world.deployment(1).waits_for, there(world))

        world.wait(hours=1, minutes=1)
        world.reconcile()

        assert waits == ("freeze", None)
        assert there(world) == head(world)
        assert channel(world, "#web") == []


# --- beside what stays ------------------------------------------------------------------------------------------------


def test_a_freeze_of_all_leaves_previews_alone_and_says_how_to_hold_them(world: World) -> None:
    opens(world)

    given = world.says("maria", "freeze all because audit")
    sha = pushes(world)

    assert there(world) == sha
    assert world.answers(given)[-1].split("\n")[1] == (
        "Previews go on with each push. `freeze preview because of the holidays` holds them too."
    )
    assert channel(world, "#web")[0].split("\n")[0].startswith("🧊 *web*: *production* is frozen by")


def test_a_freeze_of_previews_holds_each_of_them_until_it_is_lifted(world: World) -> None:
    opens(world, "one")
    world.says("maria", "freeze preview because demo")

    opens(world, "two")
    sha = pushes(world, "one")
    world.reconcile()
    held = [(world.deployment(number).waits_for, there(world, number - 1) == sha) for number in (2, 3)]
    listed = world.answers(world.says("maria", "freezes"))[-1]
    world.says("maria", "unfreeze preview")

    assert held == [("freeze", False), ("freeze", False)]
    assert listed.split("\n")[1].startswith("🧊 *web → preview* is frozen by maria")
    assert (there(world, 1), there(world, 2)) == (sha, head(world, 2))


def test_what_ends_by_itself_lets_previews_go_too(world: World) -> None:
    world.says("maria", "freeze preview until 11:00 because demo")
    opens(world)
    waits = world.deployment(1).waits_for

    world.wait(hours=1, minutes=1)

    assert (waits, there(world)) == ("freeze", head(world))


def test_a_frozen_template_is_nothing_that_the_settings_have_lost(world: World) -> None:
    world.says("maria", "freeze preview because demo")
    world.wait(minutes=5)
    world.reconcile()

    assert not any("no longer" in one or "not name" in one for one in channel(world, "#web"))


def test_the_home_tab_has_one_line_for_them(world: World) -> None:
    opens(world, "one")
    opens(world, "two")
    world.opens_home("maria")
    world.hold_runs = True
    opens(world, "three")
    closes(world, 1)

    shown = world.opens_home("maria").split("\n")

    assert shown[-1] == f"3 previews: <{URL.format(1)}|#1>, <{URL.format(2)}|#2>, #3"
    assert "preview-" not in "".join(shown[:-1])


def test_where_somebody_can_deploy_names_them_once_for_each_app(world: World) -> None:
    world.says("maria", "where can I deploy")

    assert world.told("maria")[-1].split("\n")[1:3] == [
        "*web* to production (default)",
        "a pull request of web to its own: `deploy web#12 to preview`",
    ]


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("deploy main to preview-99", "🚫 *#99 of web* cannot have a preview: acme/web has no such pull request."),
        (
            "deploy main to preview-2",
            "🚫 *#2 of web* cannot have a preview: it is closed.\nReopen it on GitHub, and then ask again.",
        ),
        ("deploy #3 to preview-1", "🚫 *web → preview-1* is the preview of #1, and not of #3."),
    ],
)
def test_nothing_is_deployed_to_a_preview_of_nothing(world: World, said: str, refused: str) -> None:
    for branch in ("one", "two", "three"):
        opens(world, branch)
    closes(world, 2)
    before = len(remotes(world))

    world.says("maria", said)

    assert world.told("maria")[-1] == refused
    assert len(remotes(world)) == before


def test_another_branch_may_be_looked_at_in_a_preview_until_the_next_push(world: World) -> None:
    opens(world)

    world.says("maria", "deploy main to preview-1")
    shown = there(world)
    sha = pushes(world)

    assert shown == world.github.repository(REPOSITORY).branches["main"]
    assert there(world) == sha


def test_the_digest_says_nothing_of_them(tmp_path: Path) -> None:
    with open_world(tmp_path, APP.replace('channel = "#web"', 'channel = "#web"\ndigest = "0 9 * * mon-fri"')) as world:
        opens(world)
        world.says("maria", "deploy main to production")
        tomorrow(world)

        [digest] = [read_out(one) for one in told(world)]

        assert "production" in digest
        assert "preview" not in digest
