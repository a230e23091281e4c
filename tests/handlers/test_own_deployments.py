"""Nobody approves what is their own, by whatever name GitHub knows them; and whose approval counts at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, creations, parent, told
from tests.world import REPOSITORY, World
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
foreign_deployments = "carry_out"
provider = { type = "local", directory = "{directory}/releases" }

[apps.web.environments.staging]

[apps.web.environments.production]
checks_settle = "0s"
deploy_on_merge = ["main"]
approvals = 1
approvers = ["U00000001", "U00000002"]
"""
NOBODY_MAPPED = f"{SETTINGS}\n[people]\n"
LINK_FIRST = (
    "#1 comes from octocat on GitHub, and I do not know your login there, so it may be your own. Link first: "
    "`link <your GitHub login>`, then `approve #1`"
)

Opens = Callable[..., World]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Opens a world with other settings, and closes it at the end."""
    with ExitStack() as stack:
        yield lambda settings=NOBODY_MAPPED, **environ: stack.enter_context(open_world(tmp_path, settings, environ))


def merges(world: World, by: str, author: str = "somebody") -> str:
    """A merged pull request, as deployment 1; returns the merge commit."""
    world.github.commit(REPOSITORY, "topic", "Add search", author=author)
    number = world.github.open_pull_request(REPOSITORY, "topic", author=author)
    sha = world.github.merge_pull_request(REPOSITORY, number, by=by)
    world.settle()
    return sha


def creates(world: World, by: str) -> None:
    """Another tool creates a deployment of main, as deployment 1, in the name of somebody who may."""
    world.github.set_permission(REPOSITORY, by, "write")
    world.github.create_deployment(REPOSITORY, "main", environment="production", by=by)
    world.settle()


def links(world: World, person: str, login: str) -> None:
    world.says(person, f"link {login}", f"@{person}")
    codes = world.github.sign_ins.codes
    world.github.sign_ins.enter(list(codes.values())[-1].user_code, login)
    world.wait(seconds=10)


def state(world: World, deployment_id: int = 1) -> str:
    return world.deployment(deployment_id).state


@pytest.mark.parametrize("begins", [merges, creates])
def test_whoever_may_be_behind_it_on_github_is_asked_to_link_first(opens: Opens, begins: Callable[..., object]) -> None:
    world = opens()
    begins(world, by="octocat")

    world.says("maria", "approve #1")

    assert told(world, "maria") == [LINK_FIRST]
    assert state(world) == "waiting"


@pytest.mark.parametrize("begins", [merges, creates])
@pytest.mark.parametrize("login", ["octocat", "OctoCat"])
def test_once_linked_it_turns_out_to_be_their_own(opens: Opens, begins: Callable[..., object], login: str) -> None:
    world = opens()
    begins(world, by="octocat")

    links(world, "maria", login)
    world.says("maria", "approve #1")

    assert told(world, "maria")[-1].startswith("#1 is your own request, so somebody else has to approve it.")
    assert state(world) == "waiting"


@pytest.mark.parametrize("begins", [merges, creates])
def test_once_linked_as_somebody_else_they_may(opens: Opens, begins: Callable[..., object]) -> None:
    world = opens()
    begins(world, by="octocat")

    links(world, "maria", "mona")
    world.says("maria", "approve #1")

    assert state(world) == "succeeded"


def test_who_merged_may_become_known_afterwards(opens: Opens) -> None:
    world = opens()
    merges(world, by="octocat")

    links(world, "bob", "octocat")
    world.says("bob", "approve #1")
    world.says("maria", "approve #1")

    assert told(world, "bob")[-1].startswith("#1 is your own request")
    assert state(world) == "succeeded"


def test_the_settings_may_let_them_all_the_same(opens: Opens) -> None:
    world = opens(SETTINGS + "self_approval = true\n[people]\n")
    merges(world, by="octocat")

    world.says("maria", "approve #1")

    assert state(world) == "succeeded"


def test_without_a_way_to_link_the_settings_are_the_way(opens: Opens) -> None:
    world = opens(GITHUB_CLIENT_ID="")
    merges(world, by="octocat")

    world.says("maria", "approve #1")

    assert told(world, "maria") == [
        "#1 comes from octocat on GitHub, and I do not know your login there, so it may be your own. "
        "Whoever runs me can add you to [people] in settings.toml."
    ]


@pytest.mark.parametrize("begins", [merges, creates])
@pytest.mark.parametrize("nobody", ["deploy[bot]", "ghost"])
def test_what_no_person_did_is_nobodys_own(opens: Opens, begins: Callable[..., object], nobody: str) -> None:
    world = opens()
    begins(world, by=nobody, **({"author": "dependabot[bot]"} if begins is merges else {}))

    world.says("maria", "approve #1")

    assert state(world) == "succeeded"


def test_what_an_app_merged_is_its_authors_own(opens: Opens) -> None:
    world = opens()
    links(world, "maria", "octocat")
    merges(world, by="github-merge-queue[bot]", author="octocat")

    world.says("maria", "approve #1")
    world.says("bob", "approve #1")

    assert told(world, "maria")[-1].startswith("#1 is your own request")
    assert state(world) == "succeeded"


def test_an_author_may_approve_what_somebody_else_merged(opens: Opens) -> None:
    world = opens()
    links(world, "maria", "octocat")
    merges(world, by="mona", author="octocat")

    world.says("maria", "approve #1")

    assert state(world) == "succeeded"


def test_an_approval_of_the_same_commit_does_not_count_for_what_may_be_ones_own(opens: Opens) -> None:
    world = opens(NOBODY_MAPPED.replace('deploy_on_merge = ["main"]\n', ""))
    links(world, "maria", "mona")
    world.github.set_permission(REPOSITORY, "mona", "write")
    world.says("maria", "deploy main to production")
    world.says("bob", "approve #1")

    creates(world, by="octocat")

    assert state(world, 1) == "succeeded"
    assert "needs 1 approval" in parent(world, 2).split("\n")[0]


def test_a_scheduled_deployment_is_its_persons_own(opens: Opens) -> None:
    world = opens(SETTINGS)
    world.says("maria", "deploy main to production in 1 hour")
    world.wait(hours=1)

    world.says("maria", "approve #1")
    world.says("bob", "approve #1")

    assert told(world, "maria")[-1].startswith("#1 is your own request")
    assert state(world) == "succeeded"


def test_a_retry_is_the_own_of_whoever_retries(opens: Opens) -> None:
    world = opens(SETTINGS)
    merges(world, by="maria")
    world.says("maria", "cancel #1")
    world.says("bob", "retry #1")

    world.says("bob", "approve #2")

    assert told(world, "bob")[-1].startswith("#2 is your own request")
    assert state(world, 2) == "waiting"


# --- at the start -----------------------------------------------------------------------------------------------

WAITS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.environments.production]
checks_settle = "0s"
approvals = 1
"""


def test_an_approval_counts_only_while_its_giver_may_still_approve(opens: Opens) -> None:
    world = opens(WAITS)
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    world.says("maria", "deploy topic to production when green")
    world.says("bob", "approve #1")
    world.github.set_permission(REPOSITORY, "bob", "read")
    world.wait(minutes=1)

    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    world.settle()

    assert creations(world) == 0
    assert parent(world, 1) == (
        "🙋 *web → production*  needs 1 approval\n"
        "topic@64fd7b0 · asked by maria · first deployment here · until 11:01 UTC, then it is given up"
    )


@pytest.mark.parametrize("change", [{"deleted": True}, {"is_stranger": True}, {"is_bot": True}])
def test_the_approval_of_whoever_left_the_workspace_counts_no_longer(opens: Opens, change: dict[str, bool]) -> None:
    world = opens(WAITS)
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    world.says("maria", "deploy topic to production when green")
    world.says("bob", "approve #1")
    for name, value in change.items():
        setattr(world.slack.workspace.user("bob"), name, value)
    world.wait(minutes=10)

    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    world.settle()

    assert creations(world) == 0
    assert "needs 1 approval" in parent(world, 1).split("\n")[0]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("deleted", "I take no commands from bob, who is no longer active in this workspace."),
        ("is_stranger", "I take no commands from people of other workspaces."),
        ("is_bot", "I take no commands from bots."),
    ],
)
def test_outsiders_approve_nothing_even_where_they_are_admins(opens: Opens, change: str, answer: str) -> None:
    world = opens('[bot]\nadmins = ["U00000002"]\n' + WAITS)
    setattr(world.slack.workspace.user("bob"), change, True)
    world.says("maria", "deploy main to production")

    world.presses("bob", world.parent(1), "Approve")

    assert told(world, "bob") == [answer]
    assert creations(world) == 0


def test_the_schedule_of_somebody_who_left_starts_nothing(opens: Opens) -> None:
    world = opens(WAITS.replace("approvals = 1", "approvals = 0"))
    world.says("maria", "deploy main to production in 1 hour")
    world.slack.workspace.user("maria").deleted = True

    world.wait(hours=2)

    assert creations(world) == 0


# --- what an approval is for ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        "deploy:migrate topic to production",
        "deploy topic to production/fe",
        "deploy topic to production steps=all",
        "deploy main to production",
        "deploy! topic to production",
        'deploy topic to production --force "it is urgent"',
    ],
)
def test_an_approval_counts_for_nothing_that_asks_for_more(opens: Opens, more: str) -> None:
    world = opens(WAITS)
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy topic to production")
    world.says("bob", "approve #1")
    another_tool(world, "success")

    world.says("maria", more)

    assert "needs 1 approval" in parent(world, 2).split("\n")[0]
    assert creations(world) == 1


def test_a_force_is_approved_anew_each_time(opens: Opens) -> None:
    world = opens(WAITS)
    world.says("maria", 'deploy main to production --force "it is urgent"')
    world.says("bob", "approve #1")
    another_tool(world, "failure")

    world.says("maria", "retry #1")

    assert "needs 1 approval" in parent(world, 2).split("\n")[0]


def test_what_was_approved_with_force_is_approved_without_it_too(opens: Opens) -> None:
    world = opens(WAITS)
    world.says("maria", 'deploy main to production --force "it is urgent"')
    world.says("bob", "approve #1")
    another_tool(world, "failure")

    world.says("maria", "deploy main to production")

    assert creations(world) == 2
