"""Conversations about what is where: status and deploys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.scenes import another_tool, answers, told
from tests.handlers.test_merges import merge
from tests.servers.github.http import Request
from tests.world import REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

SHELL = SETTINGS.replace(
    'provider = { type = "external" }',
    'provider = { type = "shell", command = ["sh", "-c", "echo one; echo two; exit 3"] }',
)

HEAD = "where | what is live | since | now"
OTHER = """
[apps.{name}]
repository = "acme/web"
provider = {{ type = "external" }}

[apps.{name}.environments.production]
checks_settle = "0s"
"""


def test_status_is_a_table_of_what_is_where_and_what_goes_on_there(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    world.wait(hours=2)
    world.says("bob", "deploy topic to production")
    another_tool(world, "in_progress")
    world.says("maria", "deploy main to production")
    world.says("maria", "lock staging for 2h because load test")
    world.says("bob", "freeze staging until 15:00 because of the audit")

    said = world.says("bob", "status")

    assert answers(world, said) == [
        "*web* · production has all of main\n"
        f"{HEAD}\n"
        "staging | nothing deployed yet | – | 🔒 maria: load test, until 14:00 UTC · 🧊 until 15:00 UTC: the audit\n"
        "production | main@d470312  Begin | 10:00 UTC, maria | "
        "🚀 #2 topic@64fd7b0 by bob · ⏸️ #3 main@d470312 by maria is in line"
    ]


def test_status_calls_nobody(world: World) -> None:
    world.says("maria", "lock production because load test")

    said = world.says("bob", "status")

    (shown,) = world.slack.thread(said.channel, said.ts)
    assert "maria: load test" in read_out(shown)
    assert "<@" not in repr((shown.text, shown.blocks))


def test_status_of_one_environment_leaves_the_others_out(world: World) -> None:
    said = world.says("maria", "status web stg")

    assert answers(world, said) == [f"*web*\n{HEAD}\nstaging | nothing deployed yet | – | –"]


def test_status_tells_of_other_days_with_their_dates(world: World) -> None:
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    world.wait(hours=24)

    said = world.says("bob", "status web production")

    assert (
        answers(world, said)[0].split("\n")[-1] == "production | main@d470312  Begin | Mon 02 Mar 10:00 UTC, maria | –"
    )


def test_status_says_what_failed_there_last(world: World) -> None:
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("bob", "deploy topic to production")
    another_tool(world, "in_progress", "failure")

    said = world.says("maria", "status web production")

    assert answers(world, said)[0].split("\n")[-1] == (
        "production | main@d470312  Begin | 10:00 UTC, maria | ❌ #2 topic@64fd7b0 by bob failed 10:00 UTC"
    )


# --- how far the default branch is ahead ------------------------------------------------------------------------


def ahead(world: World) -> None:
    """Two more commits than are live in production."""
    world.says("maria", "deploy main to production")
    another_tool(world, "success")
    world.github.commit(REPOSITORY, "main", "Add search")
    world.github.commit(REPOSITORY, "main", "Add filters")


def compared(world: World, asked: int) -> list[Request]:
    """Where commits were compared, in the requests after so many."""
    return [one for one in world.github.requests[asked:] if "/compare/" in one.path]


def test_status_says_how_far_the_default_branch_is_ahead_and_shows_it_at_a_press(world: World) -> None:
    ahead(world)

    said = world.says("maria", "status")

    (shown,) = world.slack.thread(said.channel, said.ts)
    assert shown.lines[0] == "*web* · main is 2 ahead of production"
    assert shown.labels == ["Deploy…", "What is not deployed (2)"]
    assert "main is 2 ahead of production." in shown.text
    world.presses("bob", shown, "What is not deployed (2)")
    assert "Add filters" in answers(world, said)[-1]
    asked = len(world.github.requests)
    world.says("maria", "status")
    assert compared(world, asked) == []


def test_status_is_shown_without_it_while_github_does_not_answer(world: World) -> None:
    ahead(world)
    world.github.fail_next("GET", "/", 503, times=99)

    said = world.says("maria", "status")

    assert answers(world, said)[0].split("\n")[0] == "*web*"
    assert "production | main@d470312  Begin | 10:00 UTC, maria | –" in answers(world, said)[0]


def test_status_of_many_environments_asks_github_about_few(tmp_path: Path) -> None:
    many = "".join(f'\n[apps.web.environments.p{n}]\nchecks_settle = "0s"\n' for n in range(9))
    with open_world(tmp_path, SETTINGS + many) as world:
        for number in range(9):
            world.github.commit(REPOSITORY, f"b{number}", f"Part {number}")
            world.says("maria", f"deploy b{number} to p{number}")
            another_tool(world, "success")
        world.github.commit(REPOSITORY, "main", "Add search")
        asked = len(world.github.requests)

        said = world.says("maria", "status")

        rows = answers(world, said)[0].split("\n")[2:]
        assert len(rows) == 11
        assert len(compared(world, asked)) == 6
        # What GitHub has answered before it answers again without it counting as a request.
        asked = len(world.github.requests)
        world.says("bob", "status")
        assert {one.status for one in compared(world, asked)} == {304}


# --- several apps -----------------------------------------------------------------------------------------------


def test_where_no_app_is_at_home_each_has_a_line_the_worst_first_and_the_home_tab_has_the_rest(tmp_path: Path) -> None:
    more = "".join(OTHER.format(name=f"site-{number:02}") for number in range(16))
    with open_world(tmp_path, SETTINGS + more) as world:
        world.says("maria", "deploy site-07/main to production", "#random")
        another_tool(world, "failure")
        world.says("maria", "deploy main to production")
        another_tool(world, "success")

        said = world.says("bob", "status", "#random")

        lines = answers(world, said)[0].split("\n")
        assert lines[:2] == ["❌ *site-07*  production nothing yet, #1 failed", "▫️ *site-00*  production nothing yet"]
        assert len(lines) == 16
        assert lines[-1] == "and 2 more: my home tab shows them all · one of them: `status site-07`"
        (shown,) = world.slack.thread(said.channel, said.ts)
        assert shown.text.startswith("How 17 apps stand: ❌ site-07  production nothing yet, #1 failed; ")


def test_status_of_what_is_not_there_offers_the_nearest(world: World) -> None:
    world.says("maria", "status web prodution")

    world.presses("maria", world.slack.ephemerals("maria")[0], "Status web in production")

    assert told(world, "maria") == ["*web* has no environment called prodution. Did you mean production?"]


def test_deploys_lists_the_last_ones_newest_first(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.says("bob", "deploy main to production")
    another_tool(world, "failure")
    world.says("maria", "retry #1")
    world.says("maria", "cancel #3")

    said = world.says("bob", "deploys")
    of_staging = world.says("bob", "deploys web in staging")

    third = "🛑 #3  *web → staging*  main@d470312 · maria · 10:00 UTC"
    first = "✅ #1  *web → staging*  main@d470312 · maria · 10:00 UTC · 10 s"
    assert answers(world, said) == [
        "The last deployments of web:\n"
        f"{third}\n"
        "❌ #2  *web → production*  main@d470312 · bob · 10:00 UTC · 10 s\n"
        f"{first}"
    ]
    assert answers(world, of_staging) == [f"The last deployments of web in staging:\n{third}\n{first}"]


def test_deploys_are_eight_lines_without_what_became_part_of_a_later_one(tmp_path: Path) -> None:
    with open_world(tmp_path, SETTINGS) as world:
        merge(world, "one")
        merge(world, "two")
        merge(world, "three")
        another_tool(world, "success")
        another_tool(world, "success")
        for _ in range(7):
            world.says("maria", "deploy main to production")
            another_tool(world, "failure")

        said = world.says("bob", "deploys")
        of_staging = world.says("bob", "deploys web in staging")

        lines = answers(world, said)[0].split("\n")
        assert [line.split()[1] for line in lines[1:]] == ["#10", "#9", "#8", "#7", "#6", "#5", "#4", "#3"]
        lines = answers(world, of_staging)[0].split("\n")
        assert [line.split()[1] for line in lines[1:3]] == ["#3", "#1"]
        assert lines[3] == "1 that became part of a later one is left out"


def test_deploys_link_each_number_to_its_card(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")

    said = world.says("bob", "deploys")

    (shown,) = world.slack.thread(said.channel, said.ts)
    card = world.parent(1)
    address = f"https://acme.slack.example/archives/{card.channel}/p{card.ts.replace('.', '')}"
    assert f"<{address}|#1>" in read_out(shown)


def test_deploys_are_plain_where_the_card_is_gone(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "success")
    world.slack.deletes(world.parent(1))

    said = world.says("bob", "deploys")

    assert answers(world, said)[0].split("\n")[1].startswith("✅ #1  *web → staging*")


def test_deploys_of_a_ref_leaves_the_others_out(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "deploy main to staging")
    world.says("maria", "deploy topic to production")

    said = world.says("bob", "deploys web/topic")

    assert answers(world, said) == [
        "The last deployments of web (topic):\n🚀 #2  *web → production*  topic@64fd7b0 · maria · 10:00 UTC"
    ]


def test_no_deployments_yet_is_said(world: World) -> None:
    said = world.says("bob", "deploys")

    assert answers(world, said) == ["There are no deployments of web yet."]


def test_one_deployment_is_shown_with_the_end_of_its_output(tmp_path: Path) -> None:
    with open_world(tmp_path, SHELL) as world:
        world.says("maria", "deploy main to staging")

        said = world.says("bob", "deploys #1")

        shown = answers(world, said)[0].split("\n")
        assert shown[:2] == [
            "❌ *web → staging*  failed: exit code 3",
            "main@d470312 · maria · first deployment here · after 0 s",
        ]
        assert "Asked for 10:00 UTC by maria" in shown
        assert f"Deployment {world.deployment(1).remote_id} on GitHub" in shown
        assert "two" in shown
        assert world.slack.thread(said.channel, said.ts)[0].labels == ["Retry"]


def test_a_retry_names_what_it_repeats(world: World) -> None:
    world.says("maria", "deploy main to staging")
    another_tool(world, "failure")
    world.says("bob", "retry")

    said = world.says("bob", "deploys #2")

    assert "Retry of #1" in answers(world, said)[0].split("\n")


def test_a_deployment_that_is_not_there_is_said(world: World) -> None:
    world.says("maria", "deploys #77")
    world.says("maria", "deploys web in the-moon")

    assert told(world, "maria") == [
        "There is no deployment #77. `deploys` lists the last ones.",
        "*web* has no environment called the-moon. It has staging and production.",
    ]


@pytest.mark.parametrize("how", ["mention", "slash"])
def test_where_a_workspace_has_no_tables_the_same_is_told_in_lines(world: World, how: str) -> None:
    world.slack.lacks_new_blocks = True
    world.says("maria", "deploy main to production")
    another_tool(world, "success")

    if how == "slash":
        world.slash("maria", "status web production")
        shown = told(world, "maria")[-1]
    else:
        shown = answers(world, world.says("maria", "status web production"))[-1]

    for word in ("production", "main@d470312", "10:00 UTC, maria"):
        assert word in shown
