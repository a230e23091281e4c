"""Guard rails on the commit: reviews, the environment before, the default branch, GitHub's own rules, and force."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, creations, facts, news, parent, thread, told
from tests.servers.github.environments import protect
from tests.world import PEOPLE, REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

BASE = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.staging]
checks_settle = "0s"
deploy_on_merge = ["main"]

[apps.web.environments.production]
checks_settle = "0s"
"""
REVIEWS = f"{BASE}required_reviews = 1\n"
ORDER = f'{BASE}after = "staging"\n'
UP_TO_DATE = f"{BASE}up_to_date = true\n"


def buttons(world: World, person: str) -> list[str]:
    """What stands on the buttons of the last thing that the person alone was shown."""
    return world.slack.ephemerals(person)[-1].labels


def with_pull_request(world: World) -> int:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    return world.github.open_pull_request(REPOSITORY, "topic", title="Search", author="maria")


def deploys(world: World, command: str = "deploy topic to production") -> str:
    """The first answer that maria alone reads, or the first line of the parent message."""
    before = len(told(world, "maria"))
    world.says("maria", command)
    alone = told(world, "maria")[before:]
    return alone[0] if alone else parent(world, 1).split("\n")[0]


# --- reviews ----------------------------------------------------------------------------------------------------


def test_a_commit_without_its_reviews_is_refused_with_the_way_on(tmp_path: Path) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        with_pull_request(world)

        said = deploys(world)

        assert said.split("\n") == [
            "🚫 topic@1a0cbcd cannot go to *web → production* yet",
            "👀 #1 needs 1 approving review",
            "No checks are reported for this commit · nothing else is running",
            'To go on all the same: `deploy web/topic to production --force "why"`',
        ]
        assert "<https://github.com/acme/web/pull/1|#1>" in told_raw(world, "maria")
        assert creations(world) == 0


def told_raw(world: World, person: str) -> str:
    """As Slack gets it, with the addresses behind the words."""
    return read_out(world.slack.ephemerals(person)[-1])


def test_a_reviewed_commit_starts_and_nobody_is_told_what_holds_nobody_back(tmp_path: Path) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        number = with_pull_request(world)
        world.github.review(REPOSITORY, number, "approved", author="bob")

        deploys(world)

        assert thread(world, 1) == []
        assert creations(world) == 1


@pytest.mark.parametrize(
    ("reviews", "line"),
    [
        ([("maria", "approved", "MEMBER")], "👀 #1 needs 1 approving review"),
        ([("mallory", "approved", "NONE")], "👀 #1 needs 1 approving review"),
        ([("bob", "approved", "MEMBER"), ("bob", "dismissed", "MEMBER")], "👀 #1 needs 1 approving review"),
        ([("bob", "approved", "MEMBER"), ("eve", "changes_requested", "MEMBER")], "👀 eve asked for changes in #1"),
    ],
    ids=["by the author", "by a stranger", "dismissed", "somebody is against it"],
)
def test_these_reviews_do_not_count(tmp_path: Path, reviews: list[tuple[str, str, str]], line: str) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        number = with_pull_request(world)
        for author, state, association in reviews:
            world.github.review(REPOSITORY, number, state, author=author, association=association)

        said = deploys(world)

        assert said.split("\n")[1].startswith(line)
        assert creations(world) == 0


def test_a_commit_of_no_pull_request_has_no_reviews(tmp_path: Path) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")

        said = deploys(world)

        assert said.split("\n")[1] == "👀 It belongs to no pull request, so nobody has reviewed it"


def test_when_green_waits_for_the_review_and_goes_on_when_it_is_given(tmp_path: Path) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        number = with_pull_request(world)
        deploys(world, "deploy topic to production when green")
        waiting = (news(world, 1), facts(world, 1)[-1], thread(world, 1))
        world.wait(minutes=7)

        world.github.review(REPOSITORY, number, "approved", author="bob")
        world.settle()

        missing = "#1 needs 1 approving review"
        assert waiting == ("waits for its review", missing, [f"⏳ waits for its review · {missing}"])
        assert thread(world, 1) == ["✅ reviewed after 7 min"]
        assert creations(world) == 1


def test_a_merge_waits_for_reviews_of_its_pull_request_and_not_of_its_commit(tmp_path: Path) -> None:
    settings = BASE.replace('deploy_on_merge = ["main"]\n', 'deploy_on_merge = ["main"]\nrequired_reviews = 1\n')
    with open_world(tmp_path, settings) as world:
        number = with_pull_request(world)
        world.github.merge_pull_request(REPOSITORY, number, "squash", by="bob")
        world.settle()
        before = creations(world)

        world.github.review(REPOSITORY, number, "approved", author="eve")
        world.settle()

        assert before == 0
        assert creations(world) == 1


def test_a_review_that_never_comes_is_waited_for_a_day(tmp_path: Path) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        with_pull_request(world)
        deploys(world, "deploy topic to production when green")

        world.wait(hours=24, minutes=1)

        assert parent(world, 1).split("\n")[0] == (
            "⌫ *web → production*  given up after a day: #1 needs 1 approving review"
        )
        assert thread(world, 1) == [
            "⌫ waited 24 h for its review",
            "⌫ @maria given up after a day: #1 needs 1 approving review",
        ]


# --- order ------------------------------------------------------------------------------------------------------


def test_a_commit_that_has_not_been_before_is_refused_with_a_button_that_takes_it_there(tmp_path: Path) -> None:
    with open_world(tmp_path, ORDER) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")

        said = deploys(world)
        offered = buttons(world, "maria")
        world.presses("maria", world.slack.ephemerals("maria")[-1], "Deploy to staging")

        assert said.split("\n")[1] == "🧪 This commit has not succeeded in *staging* yet"
        assert offered == ["Deploy to staging", "Deploy when green", "Deploy by force…"]
        assert parent(world, 1).split("\n")[0] == "🚀 *web → staging*  is under way"


def test_a_commit_that_succeeded_before_passes(tmp_path: Path) -> None:
    with open_world(tmp_path, ORDER) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        world.says("maria", "deploy topic to staging")
        another_tool(world, "success")

        world.says("maria", "deploy topic to production")

        assert news(world, 2) == "is under way"
        assert creations(world) == 2


def test_a_commit_that_failed_before_does_not_pass(tmp_path: Path) -> None:
    with open_world(tmp_path, ORDER) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        world.says("maria", "deploy topic to staging")
        another_tool(world, "failure")

        world.says("maria", "deploy topic to production")

        assert "🧪 This commit has not succeeded in *staging* yet" in told(world, "maria")[0]


def test_a_merge_goes_to_staging_first_and_then_on_by_itself(tmp_path: Path) -> None:
    with open_world(tmp_path, f'{ORDER}deploy_on_merge = ["main"]\n') as world:
        number = with_pull_request(world)
        world.github.merge_pull_request(REPOSITORY, number, by="bob")
        world.settle()
        waiting = (news(world, 2), thread(world, 2))

        another_tool(world, "success")

        assert waiting == ("waits until *staging* has this commit", ["⏳ waits until *staging* has this commit"])
        assert [one.environment for one in world.github.deployments(REPOSITORY)] == ["staging", "production"]
        assert thread(world, 2) == ["✅ the environment before has it after 10 s"]


def test_a_rollback_is_not_asked_for_the_environment_before(tmp_path: Path) -> None:
    with open_world(tmp_path, BASE) as world:
        for _ in range(2):
            world.github.commit(REPOSITORY, "topic", "Add search")
            world.says("maria", "deploy topic to production")
            another_tool(world, "success")
        world.restart(ORDER + PEOPLE)

        world.says("maria", "rollback web on production")

        assert creations(world) == 3


# --- up to date -------------------------------------------------------------------------------------------------


def test_a_branch_behind_the_default_branch_is_told_how_to_catch_up(tmp_path: Path) -> None:
    with open_world(tmp_path, UP_TO_DATE) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        for title in ("Fix one", "Fix two"):
            world.github.commit(REPOSITORY, "main", title)

        said = deploys(world)

        assert said.split("\n")[1] == "🔀 It is 2 commits behind `main`: merge `main` into it, push, and deploy again"
        assert creations(world) == 0


def test_a_branch_with_all_of_the_default_branch_passes(tmp_path: Path) -> None:
    with open_world(tmp_path, UP_TO_DATE) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")

        assert deploys(world) == "🚀 *web → production*  is under way"
        assert creations(world) == 1


def test_one_that_falls_behind_while_it_waits_is_not_deployed_and_says_why(tmp_path: Path) -> None:
    with open_world(tmp_path, UP_TO_DATE) as world:
        world.github.commit(REPOSITORY, "topic", "Add search")
        world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
        deploys(world, "deploy topic to production when green")
        world.github.commit(REPOSITORY, "main", "Fix")

        world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
        world.settle()

        assert news(world, 1) == (
            "not deployed: It is 1 commit behind main: merge main into it, push, and deploy again"
        )
        assert creations(world) == 0


def test_the_default_branch_itself_may_move_on_while_it_waits(tmp_path: Path) -> None:
    with open_world(tmp_path, UP_TO_DATE) as world:
        world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
        pinned = world.github.repository(REPOSITORY).branches["main"]
        deploys(world, "deploy main to production when green")
        world.github.commit(REPOSITORY, "main", "Fix")

        world.github.set_status(REPOSITORY, pinned, "ci/test", "success")
        world.settle()

        assert [one.sha for one in world.github.deployments(REPOSITORY)] == [pinned]


# --- GitHub's own rules -----------------------------------------------------------------------------------------


def test_githubs_own_rules_are_told_to_whoever_is_refused_and_hold_nobody_back(tmp_path: Path) -> None:
    with open_world(tmp_path, BASE) as world:
        protect(
            world.github,
            REPOSITORY,
            "production",
            users=["octocat"],
            teams=["ops"],
            minutes=30,
            branches="protected",
        )

        world.github.set_status(REPOSITORY, "main", "ci/test", "failure")
        refused = deploys(world, "deploy main to production")
        world.github.set_status(REPOSITORY, "main", "ci/test", "success")
        world.wait(minutes=1)

        deploys(world, "deploy main to production")

        assert (
            "Nothing else is running · GitHub's own protection rules apply to runs of Actions there: "
            "approval by octocat or the team ops, a wait of 30 min, protected branches only"
        ) in refused.split("\n")
        assert creations(world) == 1


def test_without_rules_or_where_github_does_not_tell_them_nothing_is_said(world: World) -> None:
    protect(world.github, REPOSITORY, "staging")
    protect(world.github, REPOSITORY, "production", minutes=5)
    world.github.deny(world.github.token, "actions=read")

    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy main to production")

    assert [thread(world, 1), thread(world, 2)] == [[], []]
    assert creations(world) == 2


def test_the_rules_are_asked_for_once_in_a_while_only(world: World) -> None:
    for _ in range(3):
        world.says("maria", "deploy main to production")

    asked = [one for one in world.github.requests if "/environments/" in one.path]
    assert len(asked) == 1


# --- all together, and force ------------------------------------------------------------------------------------


def test_all_reasons_are_shown_at_once_and_a_force_passes_them_with_a_reason(tmp_path: Path) -> None:
    settings = f'{REVIEWS}after = "staging"\nup_to_date = true\nforce_needs_reason = true\n'
    with open_world(tmp_path, settings) as world:
        with_pull_request(world)
        world.github.commit(REPOSITORY, "main", "Fix")
        world.github.set_status(REPOSITORY, "topic", "ci/test", "failure")

        refused = deploys(world)
        unexplained = deploys(world, "deploy! topic to production")
        world.says("maria", 'deploy topic to production --force "the site is down"')

        assert refused.split("\n")[1:5] == [
            "❌ Checks failed: `ci/test`",
            "👀 #1 needs 1 approving review",
            "🧪 This commit has not succeeded in *staging* yet",
            "🔀 It is 1 commit behind `main`: merge `main` into it, push, and deploy again",
        ]
        assert unexplained.startswith("*production* takes a force only with a reason.")
        assert parent(world, 1).split("\n")[2] == (
            "⚠️ forced by maria: “the site is down” · past: Checks failed: ci/test; #1 needs 1 "
            "approving review; This commit has not succeeded in staging yet; It is 1 commit behind main: merge "
            "main into it, push, and deploy again"
        )
        assert creations(world) == 1


def test_a_force_helps_nobody_who_may_not_deploy(tmp_path: Path) -> None:
    with open_world(tmp_path, REVIEWS) as world:
        with_pull_request(world)
        world.github.set_permission(REPOSITORY, "maria", "read")

        said = deploys(world, 'deploy topic to production --force "why not"')

        assert said == (
            "🚫 *web → production*  maria may not deploy to production: maria has only read permission on acme/web, "
            "and it takes write; its admins can give it"
        )
        assert buttons(world, "maria") == []
        assert creations(world) == 0


def test_a_force_does_not_run_two_at_once(world: World) -> None:
    world.says("maria", "deploy main to production")

    world.says("bob", 'deploy main to production --force "now"')

    assert creations(world) == 1
    assert parent(world, 2).split("\n") == [
        "⏸️ *web → production*  is next",
        "main@d470312 · asked by bob · behind #1 (maria)",
        "⚠️ forced by bob: “now”",
    ]


# --- checks -----------------------------------------------------------------------------------------------------


def test_a_required_check_that_was_never_reported_is_pending(tmp_path: Path) -> None:
    with open_world(tmp_path, f'{BASE}required_checks = ["ci/test", "ci/lint"]\n') as world:
        world.github.set_status(REPOSITORY, "main", "ci/test", "success")

        said = deploys(world, "deploy main to production")

        assert said.split("\n")[1] == "⏳ Checks are pending: `ci/lint`"
        assert buttons(world, "maria") == ["Deploy when green", "Deploy by force…"]


def test_a_check_that_hangs_is_told_by_name_after_an_hour(tmp_path: Path) -> None:
    with open_world(tmp_path, f'{BASE}required_checks = ["ci/lint"]\n') as world:
        deploys(world, "deploy main to production when green")

        world.wait(minutes=61)

        assert thread(world, 1)[-1] == (
            "⚠️ Still waiting after an hour: checks are pending: ci/lint. Look at the check, or cancel with `cancel #1`"
        )
        assert (news(world, 1), facts(world, 1)[-1]) == ("waits for its check", "not reported yet: `ci/lint`")


# --- permission is asked again when what waited starts ----------------------------------------------------------


def waits_for_checks(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "pending")
    world.says("bob", "deploy main to production when green")


def turns_green(world: World) -> None:
    world.github.set_status(REPOSITORY, "main", "ci/test", "success")
    world.settle()


def test_who_lost_the_right_while_it_waited_has_nothing_deployed(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        waits_for_checks(world)

        world.github.set_base_permission("bob", "read")
        turns_green(world)

        assert creations(world) == 0
        assert news(world, 1).startswith("not deployed: bob may not deploy to production")
        assert thread(world, 1)[-1].startswith("🛑 @bob not deployed: bob may not deploy to production")


def test_whose_account_was_taken_away_while_it_waited_has_nothing_deployed(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        waits_for_checks(world)

        world.slack.deactivate("bob")
        turns_green(world)

        assert creations(world) == 0
        assert "do not belong to this workspace any more" in parent(world, 1)


@pytest.mark.parametrize("party", ["@oncall", "acme/devs"])
def test_who_left_the_group_or_the_team_while_it_waited_has_nothing_deployed(tmp_path: Path, party: str) -> None:
    with open_world(tmp_path, f'{SETTINGS}deployers = ["{party}"]\n') as world:
        world.slack.add_group("oncall", ["bob"])
        world.github.add_team("acme/devs", ["bob"])
        waits_for_checks(world)

        world.slack.leave_group("oncall", "bob")
        world.github.add_team("acme/devs", ["maria"])
        turns_green(world)

        assert creations(world) == 0
        assert news(world, 1).startswith("not deployed: bob may not deploy to production")
        assert thread(world, 1)[-1].startswith("🛑 @bob not deployed: bob may not deploy to production")


def test_while_it_goes_on_waiting_nobody_is_asked_about(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        waits_for_checks(world)
        before = len(world.github.requests)

        world.github.set_status(REPOSITORY, "main", "ci/other", "pending")
        world.settle()

        assert not any("/collaborators/" in one.path for one in world.github.requests[before:])
