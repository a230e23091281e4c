"""The home tab: who sees what, in which order, how soon after a change, and what can be done from it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.world import REPOSITORY, SETTINGS, World, world

APPROVED = SETTINGS + "approvals = 1\n"
TWO = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"

[apps.web.environments.staging]
checks_settle = "0s"
deploy_on_merge = ["main"]

[apps.web.environments.production]
checks_settle = "0s"

[apps.api]
repository = "acme/api"
channel = "#secret"

[apps.api.environments.production]
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as the_world:
        yield the_world


def live(here: World, ref: str = "main", environment: str = "production") -> int:
    """Deploys, and reports success; the deployment's number."""
    here.says("maria", f"deploy {ref} to {environment}")
    remote = here.github.deployments(REPOSITORY)[-1]
    here.wait(minutes=4)
    here.github.report_deployment_status(REPOSITORY, remote.id, "success")
    here.settle()
    return len(here.github.deployments(REPOSITORY))


def test_the_first_time_it_says_who_it_is_and_what_to_type(here: World) -> None:
    first = here.opens_home("maria")
    again = here.opens_home("maria")

    assert first.split("\n") == [
        "*Shipmate* deploys what you ask for, and says how it went.",
        "Write to me here, or mention me in a channel. Three things worth typing:",
        "• `deploy web/main to staging` deploys it, when nothing speaks against",
        "• `status web` shows what is where",
        "• `help` shows what to type",
        "Below is all that is deployed where you may look. It keeps itself up to date.",
        "▫️ *web → production*  nothing deployed yet",
        "▫️ *web → staging*  nothing deployed yet",
    ]
    assert again.split("\n") == first.split("\n")[-2:]


def test_what_is_live_stands_there_with_since_when_and_by_whom(here: World) -> None:
    live(here)
    sha = here.deployment(1).sha[:7]
    here.opens_home("bob")

    assert "✅ *web → production*  <http" in here.home("bob")
    assert f"|{sha}> since <!date^1772445840^" in here.home("bob")
    assert "by maria" in here.home("bob")


def test_a_change_is_seen_within_five_seconds_and_drawn_at_most_once_in_five(here: World) -> None:
    here.opens_home("bob")
    here.wait(minutes=1)
    published = len(here.slack.workspace.published)

    here.says("maria", "deploy main to production")
    here.says("maria", "lock staging because testing")
    here.wait(seconds=5)

    assert "🚀 *web → production*" in here.home("bob")
    assert "🔒 maria: testing" in here.home("bob")
    moments = [at for _, at in here.slack.workspace.published][published - 1 :]
    assert len(moments) > 1
    assert all(later - earlier >= 5 for earlier, later in pairwise(moments))


def test_nothing_is_published_where_nothing_has_changed(here: World) -> None:
    here.opens_home("bob")
    published = list(here.slack.workspace.published)

    here.wait(minutes=20)
    here.reconcile()

    assert here.slack.workspace.published == published


def test_who_has_not_looked_for_an_hour_is_shown_nothing_new(here: World) -> None:
    here.opens_home("bob")
    here.wait(minutes=61)
    published = list(here.slack.workspace.published)

    here.says("maria", "lock production")
    here.wait(minutes=1)

    assert here.slack.workspace.published == published
    assert "🔒 maria" in here.opens_home("bob")


def test_it_offers_to_approve_to_those_alone_who_are_wanted(tmp_path: Path) -> None:
    with world(tmp_path, APPROVED) as here:
        here.says("maria", "deploy main to production")

        here.opens_home("bob")
        here.opens_home("maria")

        bob, maria = here.slack.home("bob"), here.slack.home("maria")
        assert bob is not None
        assert maria is not None
        assert "🙋 *web → production*" in here.home("bob")
        assert "by maria needs 1 approval" in here.home("bob")
        assert bob.labels == ["Approve"]
        assert maria.labels == ["Deploy…"]


def test_approving_there_lets_it_start_and_is_seen_there(tmp_path: Path) -> None:
    with world(tmp_path, APPROVED) as here:
        here.says("maria", "deploy main to production")
        here.opens_home("bob")

        here.presses_home("bob", "Approve")
        here.wait(seconds=5)

        assert here.deployment(1).approved_by[0].name == "bob"
        assert "🚀 *web → production*" in here.home("bob")
        assert [one.text for one in here.slack.messages("@bob")] != []


def test_a_press_on_an_old_view_says_what_has_happened_meanwhile(tmp_path: Path) -> None:
    with world(tmp_path, APPROVED) as here:
        here.says("maria", "deploy main to production")
        here.opens_home("bob")
        here.says("maria", "cancel #1")

        here.presses_home("bob", "Approve")

        assert here.slack.messages("@bob")[-1].text.startswith("#1 has ended already")


def test_what_is_sent_off_from_there_twice_is_deployed_once(here: World) -> None:
    here.opens_home("maria")
    here.presses_home("maria", "Deploy…")
    form = here.slack.modal("maria")
    assert form is not None

    here.slack.submits("maria")
    here.slack.submits_again("maria", form)
    here.settle()

    assert len(here.github.deployments(REPOSITORY)) == 1


def test_it_counts_the_merges_that_a_place_lacks_without_asking_github(here: World) -> None:
    for number in range(3):
        here.github.commit(REPOSITORY, f"topic-{number}", f"Change {number}", files={f"{number}.txt": "x"})
        pull = here.github.open_pull_request(REPOSITORY, f"topic-{number}")
        here.github.merge_pull_request(REPOSITORY, pull)
        here.settle()
        here.github.report_deployment_status(REPOSITORY, here.github.deployments(REPOSITORY)[-1].id, "success")
        here.settle()
        if number == 0:
            live(here)
    here.opens_home("maria")

    production, staging = here.home("maria").split("\n")[-2:]
    assert "*2 behind main*" in production
    assert "behind" not in staging


def test_it_shows_only_apps_whose_channel_or_repository_the_person_may_see(tmp_path: Path) -> None:
    with world(tmp_path, TWO) as here:
        here.slack.add_user("dave")
        here.slack.add_channel("secret", members=["dave"], private=True)
        here.github.add_repository("acme/api")
        here.github.set_permission("acme/api", "bob", "none")

        assert "api → production" in here.opens_home("maria")  # reads the repository
        assert "api → " not in here.opens_home("bob")
        assert "api → production" in here.opens_home("dave")  # is in the channel


def test_a_guest_sees_the_apps_of_the_channels_that_they_are_in(here: World) -> None:
    guest = here.slack.add_user("gary", is_guest=True)
    alone = here.opens_home("gary")
    here.slack.workspace.channel("web").members.add(guest.id)
    here.wait(minutes=11)

    assert alone.endswith(
        "There is nothing here that you may see: I show the apps of channels and repositories that you can."
    )
    assert "web → production" in here.opens_home("gary")


def test_a_person_of_another_workspace_sees_nothing(here: World) -> None:
    here.slack.add_user("eve", team="T99999999")

    here.opens_home("eve")

    assert here.slack.home("eve") is None
    assert here.store.reads().board.viewer(here.slack.workspace.user("eve").id) is None


def test_the_messages_tab_is_no_home_tab(here: World) -> None:
    here.slack.opens_home("maria", tab="messages")
    here.settle()

    assert here.slack.home("maria") is None


def test_the_menu_shows_a_part_and_the_way_back(here: World) -> None:
    here.says("maria", "lock production because load test")
    here.opens_home("maria")

    here.presses_home("maria", "My locks (1)")
    mine = here.slack.home("maria")
    assert mine is not None
    labels = mine.labels
    here.presses_home("maria", "Unlock")
    here.wait(seconds=5)

    assert labels == ["All apps", "Unlock"]
    assert here.home("maria").endswith("\nYou hold no environment.")
    here.presses_home("maria", "All apps")
    assert "▫️ *web → production*" in here.home("maria")


def test_failing_comes_before_running_and_both_before_the_rest(tmp_path: Path) -> None:
    apps = "".join(
        f'[apps.{name}]\nrepository = "acme/web"\nchannel = "#web"\n[apps.{name}.environments.production]\n'
        for name in ("alpha", "beta", "gamma")
    )
    with world(tmp_path, f'[slack]\nchannel = "#deploys"\n{apps}') as here:
        here.says("maria", "deploy gamma/main to production")
        [failed] = here.github.deployments(REPOSITORY)
        here.github.report_deployment_status(REPOSITORY, failed.id, "failure")
        here.settle()
        here.says("maria", "deploy beta/main to production")

        lines = here.opens_home("bob").split("\n")[-3:]

        assert [line.split()[1].strip("*") for line in lines] == ["gamma", "beta", "alpha"]
        assert lines[0].startswith("❌ *gamma → production*")
        here.presses_home("bob", "Failing")
        assert "gamma" in here.home("bob")
        assert "beta → " not in here.home("bob")


def test_there_are_forty_five_apps_on_a_page_and_slack_takes_them_all(tmp_path: Path) -> None:
    apps = "".join(
        f'[apps.app{n:02}]\nrepository = "acme/web"\nchannel = "#web"\n'
        f"[apps.app{n:02}.environments.staging]\n[apps.app{n:02}.environments.production]\n"
        f"[apps.app{n:02}.environments.dev]\n"
        for n in range(50)
    )
    with world(tmp_path, f'[slack]\nchannel = "#deploys"\n{apps}') as here:
        here.opens_home("maria")
        first = here.home("maria")
        here.presses_home("maria", "More →")
        second = here.home("maria")

    assert first.count("→ production") == 45
    assert first.endswith("50 apps · page 1 of 2")
    assert second.count("→ production") == 5
    assert "  · and dev" in second


def test_where_the_home_tab_is_switched_off_nothing_else_suffers(here: World) -> None:
    here.slack.workspace.home_enabled = False

    here.opens_home("maria")
    said = here.says("maria", "status")

    assert here.slack.home("maria") is None
    assert "nothing deployed yet" in here.answers(said)[0]


def test_an_opening_that_slack_repeats_is_one(here: World) -> None:
    sent = here.slack.opens_home("maria")
    here.slack.redeliver(sent)
    here.settle()

    assert len(here.slack.workspace.published) == 1


def test_it_is_drawn_again_after_a_crash_between_storing_and_publishing(here: World) -> None:
    here.slack.opens_home("maria")
    here.restart()
    here.settle()

    assert "▫️ *web → production*" in here.home("maria")


def test_a_publication_that_slack_has_no_time_for_is_tried_again(here: World) -> None:
    here.slack.fail_next("views.publish", status=503)

    here.slack.opens_home("maria")
    here.wait(minutes=2)

    assert "▫️ *web → production*" in here.home("maria")
