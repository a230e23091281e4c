"""Conversations about shipping a pull request: it waits, is merged, and its merge is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.core.ports.merging import NotMerged
from tests.handlers.scenes import another_tool, answers, channel, creations, parent, thread, told
from tests.handlers.test_noise import reactions
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

BRANCH = 'deploy_on_merge = ["main"]'


@pytest.fixture
def checked(world: World) -> World:
    """The commits of main have a check, so that others are expected to have it."""
    world.github.set_status(REPOSITORY, "main", "ci", "success")
    world.settle()
    return world


def pull(world: World, branch: str = "topic", **how: str) -> int:
    world.github.commit(REPOSITORY, branch, f"Add {branch}", author="alice")
    number = world.github.open_pull_request(REPOSITORY, branch, author="alice", **how)
    world.settle()
    return number


def green(world: World, ref: str = "topic", context: str = "ci", state: str = "success") -> None:
    world.github.set_status(REPOSITORY, ref, context, state)
    world.settle()


def head(world: World, branch: str = "main") -> str:
    return world.github.repository(REPOSITORY).branches[branch]


def first(world: World, number: int = 1) -> str:
    return parent(world, number).split("\n")[0]


def second(world: World, number: int = 1) -> str:
    return parent(world, number).split("\n")[1]


def asked(world: World, method: str, end: str) -> int:
    """How often GitHub was asked for it."""
    return sum(one.method == method and one.path.endswith(end) for one in world.github.requests)


def merges(world: World) -> int:
    return asked(world, "PUT", "/merge")


def is_merged(world: World, number: int) -> bool:
    return world.github.repository(REPOSITORY).pull_requests[number].merged_at is not None


def places(world: World) -> list[tuple[str, str, str]]:
    history = world.store.reads().history(app=None, environment=None, ref=None, limit=50)
    return [(one.environment, one.trigger, one.state) for one in sorted(history, key=lambda one: one.id)]


# --- from the command to live ----------------------------------------------------------------------------------------


def test_one_card_from_its_checks_through_the_merge_to_live(checked: World) -> None:
    number = pull(checked)
    asking = checked.says("maria", f"ship #{number}")
    waits = parent(checked, 1)
    green(checked)
    after_merge = parent(checked, 1)
    green(checked, head(checked))
    another_tool(checked, "in_progress", "success")

    assert waits == "⏳ *web → staging*  waits for its first check\n#1 Add topic · asked by maria · ships when merged"
    sha = head(checked)
    assert after_merge.startswith(f"⏳ *web → staging*  waits for its first check\nmain@{sha[:7]} · asked by maria")
    assert first(checked) == "✅ *web → staging*  is live: #1 Add topic"
    assert (checked.github.deployments(REPOSITORY)[0].sha, merges(checked), creations(checked)) == (sha, 1, 1)
    assert len(channel(checked, "web")) == 1
    assert reactions(asking) == {"✅"}


def test_what_is_green_is_merged_at_once_and_only_the_head_that_was_asked_for(world: World) -> None:
    number = pull(world)
    sha = head(world, "topic")

    world.says("maria", f"ship #{number}")

    [request] = [one for one in world.github.requests if one.path.endswith("/merge")]
    assert request.body == {"sha": sha, "merge_method": "merge"}
    assert places(world) == [("staging", "ship", "starting")]


def test_what_it_waits_for_is_told_to_whoever_asks(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    message = checked.says("bob", "why #1")

    assert answers(checked, message)[0].split("\n")[:2] == [
        "⏳ #1  *web → staging*  #1@" + head(checked, "topic")[:7],
        "Waiting: for its first check",
    ]


def test_several_checks_and_reviews_are_counted(checked: World) -> None:
    checked.github.require_checks(REPOSITORY, "main", "ci")
    checked.github.repository(REPOSITORY).reviews_required["main"] = 1
    number = pull(checked)
    for context in ("ci", "lint", "e2e"):
        checked.github.set_status(REPOSITORY, "topic", context, "pending")
    green(checked, context="lint")
    checked.says("maria", f"ship #{number}")
    both = first(checked)
    green(checked)
    green(checked, context="e2e")
    one_review = first(checked)
    checked.github.review(REPOSITORY, number, "changes_requested", author="bob")
    checked.settle()
    against = first(checked)
    before = merges(checked)
    checked.github.review(REPOSITORY, number, author="bob")
    checked.settle()

    assert both == "⏳ *web → staging*  waits for 2 of 3 checks and 1 review of #1"
    assert one_review == "⏳ *web → staging*  waits for 1 review of #1"
    assert against == "⏳ *web → staging*  waits for 1 review of #1"
    assert (before, merges(checked)) == (0, 1)


def test_red_checks_are_told_with_their_names_and_waited_out(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    green(checked, state="failure")
    red = (first(checked), thread(checked, 1))
    green(checked)

    assert red == ("⏳ *web → staging*  `ci` failed", ["❌ `ci` failed"])
    assert is_merged(checked, number)


def test_it_goes_where_it_is_named_and_where_merges_go_by_themselves(world: World) -> None:
    number = pull(world)

    world.says("maria", f"ship #{number} to production")

    assert sorted(places(world)) == [("production", "ship", "starting"), ("staging", "merge", "starting")]


def test_where_merges_go_it_is_deployed_once_whatever_comes_first_or_twice(world: World) -> None:
    number = pull(world)
    world.hold_webhooks = True
    world.says("maria", f"ship #{number}")
    held = [one for one in world.github.webhooks if one.event == "pull_request"]
    world.hold_webhooks = False
    world.settle()
    for webhook in reversed(held):
        world.deliver(webhook)
    world.reconcile()

    assert places(world) == [("staging", "ship", "starting")]
    assert (merges(world), creations(world)) == (1, 1)


def test_then_it_is_promoted_where_the_settings_say_so(tmp_path: Path) -> None:
    settings = SETTINGS.replace(BRANCH, f'{BRANCH}\npromote_to = "production"\npromote = "auto"')
    with open_world(tmp_path, settings) as world:
        number = pull(world)
        world.says("maria", f"ship #{number}")
        another_tool(world, "success")

        assert places(world) == [("staging", "ship", "succeeded"), ("production", "promotion", "starting")]


@pytest.mark.parametrize("text", ["ship it", "ship this", "ship"])
def test_in_a_thread_it_is_the_pull_request_of_what_is_spoken_of(world: World, text: str) -> None:
    number = pull(world)
    message = world.says("maria", "deploy topic to staging")
    another_tool(world, "success")

    world.says("maria", text, thread=message.ts)

    assert is_merged(world, number)
    assert places(world)[-1] == ("staging", "ship", "starting")


def test_a_link_names_it_too_and_it_means_nothing_where_nothing_is_spoken_of(world: World) -> None:
    number = pull(world)
    world.says("maria", "ship it")
    world.says("maria", f"ship https://github.com/{REPOSITORY}/pull/{number}")

    assert told(world, "maria")[0].startswith("Which pull request? I know of none that is spoken of here.")
    assert is_merged(world, number)


# --- refused at the command ------------------------------------------------------------------------------------------


def test_what_cannot_be_merged_as_it_is_is_refused_with_the_next_step(world: World) -> None:
    draft, closed, merged = pull(world, "draft"), pull(world, "closed"), pull(world, "merged")
    world.github.set_draft(REPOSITORY, draft, True)
    world.github.close_pull_request(REPOSITORY, closed)
    world.github.merge_pull_request(REPOSITORY, merged, by="bob")
    world.settle()
    dirty = pull(world, "dirty")
    world.github.commit(REPOSITORY, "dirty", "One", files={"a": "1"})
    world.github.commit(REPOSITORY, "main", "Other", files={"a": "2"})
    world.settle()

    for number in (draft, closed, merged, dirty, 99):
        world.says("maria", f"ship #{number}")

    again = "then `ship web#{} to staging`."
    assert told(world, "maria") == [
        f"#1 Add draft is a draft, which nobody can merge: mark it as ready for review there, {again.format(1)}",
        f"#2 Add closed was closed without being merged: reopen it there, {again.format(2)}",
        "☑️ #3 Add merged is merged already by bob.",
        f"#4 Add dirty has conflicts with `main`: merge `main` into its branch dirty, resolve them, push, and "
        f"{again.format(4)}",
        "acme/web has no pull request #99.",
    ]
    assert merges(world) == 0


def test_where_merges_go_nowhere_the_environments_are_offered(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.replace(BRANCH, "")) as world:
        number = pull(world)
        world.says("maria", f"ship #{number}")
        refusal = world.slack.ephemerals("maria")[-1]
        world.presses("maria", refusal, "Ship web#1 to staging")

        assert refusal.labels == ["Ship web#1 to staging", "Ship web#1 to production"]
        assert places(world) == [("staging", "ship", "starting")]


def test_two_people_ship_it_once(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    checked.says("bob", f"ship #{number}")
    checked.says("maria", f"ship #{number}")

    [answer] = told(checked, "bob")
    assert answer == "#1 is being shipped to *staging* already by maria (#1). To stop that: `cancel #1`."
    assert told(checked, "maria")[-1].startswith("#1 is being shipped to *staging* already by you (#1).")


def test_nobody_ships_what_they_may_not_merge_or_deploy(tmp_path: Path) -> None:
    settings = SETTINGS.replace(BRANCH, f'{BRANCH}\ndeployers = ["maria"]')
    with open_world(tmp_path, f'[bot]\nadmins = ["maria"]\n{settings}') as world:
        number = pull(world)
        world.github.set_permission(REPOSITORY, "maria", "read")
        world.says("maria", f"ship #{number}")
        world.github.set_permission(REPOSITORY, "maria", "write")
        world.says("bob", f"ship #{number}")

        assert "merge #1" in told(world, "maria")[-1]
        assert "deploy to staging" in told(world, "bob")[-1]
        assert (places(world), merges(world)) == ([], 0)


def test_a_method_that_the_repository_forbids_is_said(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS.replace("[apps.web]", '[apps.web]\nmerge_method = "squash"')) as world:
        number = pull(world)
        world.github.repository(REPOSITORY).methods = ("merge", "rebase")
        world.says("maria", f"ship #{number}")
        world.github.repository(REPOSITORY).methods = ("squash",)
        world.says("maria", f"ship #{number}")

        assert told(world, "maria") == [
            "acme/web does not allow squash merges, but does allow merge commits and rebase merges. In my settings "
            '`merge_method = "squash"` of web asks for them: one of the two has to change.'
        ]
        assert [one.body["merge_method"] for one in world.github.requests if one.path.endswith("/merge")] == ["squash"]


@pytest.mark.parametrize(("allowed", "method"), [(("squash", "rebase"), "squash"), (("rebase",), "rebase")])
def test_without_a_setting_the_first_method_that_is_allowed_is_taken(
    world: World, allowed: tuple[str, ...], method: str
) -> None:
    number = pull(world)
    world.github.repository(REPOSITORY).methods = allowed
    world.says("maria", f"ship #{number}")

    assert [one.body["merge_method"] for one in world.github.requests if one.path.endswith("/merge")] == [method]
    assert world.github.deployments(REPOSITORY)[0].sha == head(world)


# --- meanwhile -------------------------------------------------------------------------------------------------------


def test_new_commits_are_not_merged_and_it_is_asked_again(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    sha = checked.github.commit(REPOSITORY, "topic", "Sneak in", author="bob")
    checked.settle()
    stopped = parent(checked, 1)
    green(checked)
    before = merges(checked)
    checked.presses("maria", checked.parent(1), "Ship #1")

    why = f"#1 has new commits since maria asked ({sha[:7]} by bob): ship it again"
    assert stopped.split("\n")[0] == f"🛑 *web → staging*  {why}"
    assert thread(checked, 1) == [f"🛑 @maria {why}"]
    assert (before, merges(checked)) == (0, 1)


def test_conflicts_close_and_another_base_end_it(checked: World) -> None:
    numbers = [pull(checked, name) for name in ("dirty", "closed", "moved")]
    checked.github.branch(REPOSITORY, "release")
    for number in numbers:
        checked.says("maria", f"ship #{number}")
    checked.github.commit(REPOSITORY, "main", "Other", files={"changes/2.txt": "2"})
    checked.reconcile()
    checked.github.close_pull_request(REPOSITORY, numbers[1])
    checked.github.retarget(REPOSITORY, numbers[2], "release")
    checked.settle()

    assert [first(checked, number) for number in (1, 2, 3)] == [
        "🛑 *web → staging*  #1 has conflicts with main: resolve them, push, and ship it again",
        "🛑 *web → staging*  #2 was closed without being merged",
        "🛑 *web → staging*  #3 goes into release now, and no longer into main: ship it again",
    ]
    assert [checked.parent(number).labels for number in (1, 2, 3)] == [["Ship #1"], ["Ship #2"], ["Ship #3"]]


def test_what_was_merged_into_another_branch_is_not_what_was_asked_for(checked: World) -> None:
    number = pull(checked)
    checked.github.branch(REPOSITORY, "release")
    checked.says("maria", f"ship #{number}")
    checked.hold_webhooks = True
    checked.github.retarget(REPOSITORY, number, "release")
    checked.github.merge_pull_request(REPOSITORY, number, by="bob")
    checked._seen = len(checked.github.webhooks)
    checked.hold_webhooks = False
    checked.deliver(checked.github.webhooks_of("pull_request")[-1])

    assert first(checked) == "🛑 *web → staging*  #1 goes into release now, and no longer into main: ship it again"
    assert (creations(checked), checked.parent(1).labels) == (0, ["Ship #1"])


def test_a_draft_is_waited_for(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    checked.github.set_draft(REPOSITORY, number, True)
    green(checked)
    draft = first(checked)
    checked.github.set_draft(REPOSITORY, number, False)
    checked.settle()

    assert draft == "⏳ *web → staging*  waits until #1 is no draft any more"
    assert is_merged(checked, number)


def test_it_goes_on_with_a_merge_that_somebody_else_has_made(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    sha = checked.github.merge_pull_request(REPOSITORY, number, "squash", by="bob")
    green(checked, sha)

    assert places(checked) == [("staging", "ship", "starting")]
    assert "merged by bob" in second(checked)
    assert (checked.github.deployments(REPOSITORY)[0].sha, merges(checked)) == (sha, 0)


def test_a_merge_whose_webhook_was_lost_is_found(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number} to production")
    checked.hold_webhooks = True
    sha = checked.github.merge_pull_request(REPOSITORY, number, by="bob")
    checked.github.set_status(REPOSITORY, sha, "ci", "success")
    checked._seen = len(checked.github.webhooks)  # they never come
    checked.reconcile()

    assert ("production", "ship", "starting") in places(checked)


def test_what_was_taken_up_without_it_is_not_deployed_twice(world: World) -> None:
    number = pull(world)
    world.github.fail_next("GET", r"/rules/branches", "cut_before", times=9)
    world.slack.says("maria", "#web", f"@shipmate ship #{number}")
    world.settle()
    world.github.heal()
    world.github.merge_pull_request(REPOSITORY, number, by="bob")
    world.settle()
    world.wait(minutes=5)

    assert [one for one in places(world) if one[2] == "starting"] == [("staging", "merge", "starting")]
    assert creations(world) == 1


# --- behind ----------------------------------------------------------------------------------------------------------


def test_a_branch_that_has_to_be_up_to_date_is_brought_so_and_its_new_head_awaited(checked: World) -> None:
    checked.github.require_checks(REPOSITORY, "main", "ci")
    checked.github.repository(REPOSITORY).strict.add("main")
    number = pull(checked)
    old = head(checked, "topic")
    checked.github.commit(REPOSITORY, "main", "Meanwhile")
    green(checked, "main")
    checked.says("maria", f"ship #{number}")
    new = head(checked, "topic")
    waits = first(checked)
    green(checked)

    assert checked.github.repository(REPOSITORY).commits[new].parents[0] == old
    assert (waits, asked(checked, "PUT", "/update-branch")) == ("⏳ *web → staging*  waits for its check", 1)
    assert is_merged(checked, number)


def test_somebody_elses_push_while_it_is_brought_up_to_date_is_no_update(checked: World) -> None:
    checked.github.repository(REPOSITORY).strict.add("main")
    number = pull(checked)
    checked.github.commit(REPOSITORY, "main", "Meanwhile")
    checked.github.fail_next("PUT", r"/update-branch", 502, times=1)
    checked.says("maria", f"ship #{number}")
    checked.github.push_merge(REPOSITORY, "topic", "main", author="bob")
    checked.github.repository(REPOSITORY).pull_requests[number].head_sha = head(checked, "topic")
    checked.wait(minutes=4)
    checked.reconcile()

    assert "#1 has new commits since maria asked" in first(checked)
    assert merges(checked) == 0


def test_a_branch_that_may_not_be_updated_is_told(checked: World) -> None:
    checked.github.repository(REPOSITORY).strict.add("main")
    number = pull(checked)
    checked.github.commit(REPOSITORY, "main", "Meanwhile")
    checked.github.fail_next("PUT", r"/update-branch", 403, body={"message": "Resource not accessible"})
    checked.says("maria", f"ship #{number}")

    assert first(checked).startswith("🛑 *web → staging*  #1 is behind main, and I cannot bring it up to date (")
    assert first(checked).endswith("merge main into its branch, push, and ship it again")


def test_an_update_that_comes_after_somebody_has_objected_is_still_its_own(checked: World) -> None:
    found = checked.github.repository(REPOSITORY)
    found.strict.add("main")
    found.reviews_required["main"] = 1
    number = pull(checked)
    checked.github.review(REPOSITORY, number, author="bob")
    checked.github.commit(REPOSITORY, "main", "Meanwhile")
    green(checked, "main")
    checked.hold_webhooks = True
    checked.says("maria", f"ship #{number}")
    checked.github.review(REPOSITORY, number, "changes_requested", author="bob")
    checked.hold_webhooks = False
    checked.deliver(checked.github.webhooks[-1])
    waits = first(checked)
    checked.github.review(REPOSITORY, number, author="bob")
    green(checked)

    assert waits == "⏳ *web → staging*  waits for its first check and 1 review"
    assert is_merged(checked, number)


# --- GitHub says no, or nothing --------------------------------------------------------------------------------------


def test_a_merge_whose_answer_was_lost_is_found_and_not_made_twice(world: World) -> None:
    number = pull(world)
    world.github.fail_next("PUT", r"/merge", "cut_after", times=1)
    world.hold_webhooks = True
    world.says("maria", f"ship #{number}")
    world.wait(minutes=1)
    world.hold_webhooks = False
    world.settle()

    assert (merges(world), places(world)) == (1, [("staging", "ship", "starting")])


def test_a_bot_that_dies_after_the_merge_goes_on_with_it(world: World) -> None:
    number = pull(world)
    world.github.fail_next("PUT", r"/merge", "cut_after", times=1)
    world.hold_webhooks = True
    world.says("maria", f"ship #{number}")
    world.is_down(minutes=2)
    world.hold_webhooks = False
    world.settle()

    assert (merges(world), creations(world)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "message", "told_as"),
    [
        (
            405,
            "Merge commits are not allowed on this repository.",
            "🛑 *web → staging*  #1 was not merged: Merge commits",
        ),
        (403, "Resource not accessible by integration", "🛑 *web → staging*  #1 was not merged: GITHUB_TOKEN lacks"),
        (405, "At least 1 approving review is required", "⏳ *web → staging*  waits until GitHub lets #1 be merged"),
        (422, "Validation Failed", "⏳ *web → staging*  waits until GitHub lets #1 be merged"),
    ],
)
def test_what_github_says_to_a_merge_is_told(world: World, status: int, message: str, told_as: str) -> None:
    number = pull(world)
    world.github.fail_next("PUT", r"/merge", status, body={"message": message})

    world.says("maria", f"ship #{number}")

    assert first(world).startswith(told_as)
    assert not is_merged(world, number)


def test_what_github_refuses_for_the_moment_is_tried_again(world: World) -> None:
    number = pull(world)
    message = {"message": "Base branch was modified. Review and try the merge again."}
    world.github.fail_next("PUT", r"/merge", 405, body=message)
    world.says("maria", f"ship #{number}")
    world.wait(minutes=1)
    again = is_merged(world, number)

    other = pull(world, "other")
    world.github.fail_next("PUT", r"/merge", 405, body={"message": "A conversation must be resolved"})
    world.says("maria", f"ship #{other}")
    facts = second(world, 2)
    world.wait(minutes=4)
    world.reconcile()

    assert again
    assert "A conversation must be resolved · look there" in facts
    assert is_merged(world, other)


def test_it_waits_while_github_finds_out_whether_it_can_be_merged(world: World) -> None:
    number = pull(world)
    world.github.repository(REPOSITORY).pull_requests[number].looked_at = False
    world.says("maria", f"ship #{number}")
    world.wait(seconds=11)

    assert is_merged(world, number)


def test_a_rule_that_nobody_can_see_is_waited_for(world: World) -> None:
    number = pull(world)
    world.github.repository(REPOSITORY).reviews_required["main"] = 1
    world.github.fail_next("GET", r"/rules/branches", 404, times=3)
    world.says("maria", f"ship #{number}")

    assert first(world) == "⏳ *web → staging*  waits until GitHub lets #1 be merged"
    assert "a rule of `main` is not met yet · look there" in second(world)


def test_a_check_that_never_comes_and_nobody_requires_is_not_waited_for_longer_than_the_settings_say(
    checked: World,
) -> None:
    number = pull(checked)
    green(checked, context="lint")
    checked.says("maria", f"ship #{number}")
    waits = first(checked)
    checked.wait(minutes=11)

    assert waits == "⏳ *web → staging*  waits for 1 of 2 checks of #1"
    assert is_merged(checked, number)


def test_it_is_given_up_after_a_day(checked: World) -> None:
    number = pull(checked)
    green(checked, state="failure")
    checked.says("maria", f"ship #{number}")
    checked.wait(hours=25)

    assert checked.deployment(1).state == "expired"
    assert first(checked).lower() == "⌫ *web → staging*  given up: #1 could not be merged within a day"
    assert checked.parent(1).labels == ["Ship #1"]
    assert not is_merged(checked, number)


# --- who may, at the moment of the merge -----------------------------------------------------------------------------


def test_whoever_lost_their_permission_meanwhile_merges_nothing(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    checked.github.set_permission(REPOSITORY, "maria", "read")
    green(checked)

    assert first(checked).startswith("🛑 *web → staging*  #1 was not merged: maria may not merge #1")
    assert (merges(checked), is_merged(checked, number)) == (0, False)


def test_whoever_may_not_deploy_there_any_more_has_merged_and_deploys_nothing(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    green(checked)
    checked.github.set_permission(REPOSITORY, "maria", "read")
    green(checked, head(checked))

    assert is_merged(checked, number)
    assert creations(checked) == 0
    assert "maria" in first(checked)


# --- stopped ---------------------------------------------------------------------------------------------------------


def test_what_is_cancelled_while_it_waits_is_not_merged(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    question = checked.parent(1).buttons[0]["confirm"]["text"]["text"]
    checked.presses("maria", checked.parent(1), "Cancel")
    green(checked)

    assert question == "web → staging: #1 is neither merged nor deployed then."
    assert not is_merged(checked, number)
    assert checked.parent(1).labels == ["Ship #1"]


def test_what_is_cancelled_after_the_merge_is_not_deployed(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    green(checked)
    checked.says("maria", "cancel #1")
    green(checked, head(checked))
    checked.reconcile()

    assert is_merged(checked, number)
    assert (creations(checked), places(checked)) == (0, [("staging", "ship", "cancelled")])
    assert checked.parent(1).labels == ["Ask again"]


@pytest.mark.parametrize("branch", [BRANCH, ""], ids=["merges are deployed", "merges are not"])
def test_what_github_merges_although_it_is_cancelled_meanwhile_is_not_deployed_and_that_is_told(
    tmp_path: Path, branch: str
) -> None:
    with open_world(tmp_path, SETTINGS.replace(BRANCH, branch)) as world:
        number = merged_and_cancelled(world)
        world.wait(minutes=10)
        world.reconcile()

        assert is_merged(world, number)
        assert (creations(world), places(world)) == (0, [("staging", "ship", "cancelled")])
        assert first(world) == "🛑 *web → staging*  cancelled by maria; GitHub had merged #1 by then"
        assert thread(world, 1)[-1] == "🛑 @maria cancelled by maria; GitHub had merged #1 by then"
        assert world.parent(1).labels == ["Ask again"]


def merged_and_cancelled(world: World) -> int:
    """GitHub is asked to merge it, and does; nothing is heard of that before maria cancels."""
    world.github.set_status(REPOSITORY, "main", "ci", "success")
    number = pull(world)
    world.says("maria", f"ship #{number} to staging")
    merge = world.forge.merging.merge

    def merges_and_goes_away(*how: Any) -> NotMerged | None:
        world.hold_webhooks = True
        world.github.fail_next("PUT", "/merge$", "cut_after")
        world.github.fail_next("GET", r"/pulls/\d+$", 502, times=99)
        return merge(*how)

    world.forge.merging.merge = merges_and_goes_away  # type: ignore[method-assign]
    green(world)
    world.says("maria", "cancel #1")
    world.github.heal()
    world.hold_webhooks = False
    return number


@pytest.mark.parametrize("queues", [False, True], ids=["", "in a queue"])
def test_what_somebody_merges_after_it_was_cancelled_is_deployed_as_any_merge(checked: World, queues: bool) -> None:
    checked.github.repository(REPOSITORY).queues |= {"main"} if queues else set()
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    if queues:
        green(checked)
    checked.says("maria", "cancel #1")
    checked.wait(minutes=2)
    checked.github.repository(REPOSITORY).queues.clear()
    checked.github.merge_pull_request(REPOSITORY, number, by="bob")
    checked.settle()
    green(checked, head(checked))

    assert places(checked) == [("staging", "ship", "cancelled"), ("staging", "merge", "starting")]


def test_what_was_never_merged_is_shipped_again_and_not_deployed_once_more(checked: World) -> None:
    number = pull(checked)
    checked.says("maria", f"ship #{number}")
    checked.says("maria", "cancel #1")
    checked.says("maria", "retry #1")

    assert told(checked, "maria")[-1] == "#1 was not merged by #1, so there is nothing to deploy once more."
    assert checked.slack.ephemerals("maria")[-1].labels == ["Ship #1"]


# --- the merge queue -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["seen", "unseen"])
def queued(world: World, request: pytest.FixtureRequest) -> tuple[World, int]:
    """In a queue: one that a ruleset shows, or one that GitHub only tells of when it is asked to merge."""
    world.github.repository(REPOSITORY).queues.add("main")
    number = pull(world)
    if request.param == "unseen":
        world.github.fail_next("GET", r"/rules/branches", 404, times=99)
    world.says("maria", f"ship #{number}")
    return world, number


def test_it_waits_for_its_turn_in_the_merge_queue(queued: tuple[World, int]) -> None:
    world, number = queued
    waits = (first(world), world.github.repository(REPOSITORY).pull_requests[number].queued)
    world.reconcile()
    still = first(world)
    sha = world.github.finish_queue(REPOSITORY, "main")
    world.settle()

    assert waits == ("⏳ *web → staging*  waits for its turn: #1 is in GitHub's merge queue", True)
    assert still == waits[0]
    assert world.github.deployments(REPOSITORY)[0].sha == sha
    assert places(world) == [("staging", "ship", "starting")]
    assert "merged by" not in second(world)


def test_why_the_queue_gave_it_up_is_told(queued: tuple[World, int]) -> None:
    world, number = queued
    world.github.dequeue(REPOSITORY, number, "CI_FAILURE")
    world.settle()

    assert first(world) == "🛑 *web → staging*  #1 was taken out of GitHub's merge queue: a check failed there"
    assert world.parent(1).labels == ["Ship #1"]


def test_that_the_queue_gave_it_up_is_found_out_where_nobody_told(queued: tuple[World, int]) -> None:
    world, number = queued
    world.github.repository(REPOSITORY).pull_requests[number].queued = False
    world.wait(minutes=4)
    world.reconcile()

    assert first(world) == "🛑 *web → staging*  #1 was taken out of GitHub's merge queue"


def test_what_is_cancelled_leaves_the_queue(queued: tuple[World, int]) -> None:
    world, number = queued
    world.says("maria", "cancel #1")

    assert not world.github.repository(REPOSITORY).pull_requests[number].queued
    assert not is_merged(world, number)


def test_what_was_put_into_the_queue_without_an_answer_is_in_it_once(world: World) -> None:
    world.github.repository(REPOSITORY).queues.add("main")
    number = pull(world)
    world.github.fail_next("POST", r"/graphql", "cut_after", times=1)
    world.says("maria", f"ship #{number}")
    world.wait(minutes=1)

    assert first(world) == "⏳ *web → staging*  waits for its turn: #1 is in GitHub's merge queue"
    assert world.github.repository(REPOSITORY).pull_requests[number].queued
