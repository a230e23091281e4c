"""Who of GitHub is found in the chat, and whom a message calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.context import Context
from bot.core.deployments.model import Actor, Changes, Deployment, Shipped
from bot.core.rich_text import GroupMention, Mention
from bot.services import authorization
from bot.services.reaching import approvers_to_call, approvers_to_write_to, chat_ids_of, concerned
from bot.services.targets import target_at
from tests.world import REPOSITORY, World
from tests.world import world as open_world

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = {{ type = "external" }}

[apps.web.environments.production]
checks_settle = "0s"
approvals = 1
approvers = [{approvers}]
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, SETTINGS.format(approvers="")) as world:
        yield world


def around(world: World) -> Context:
    """What a performer is given."""
    return world.pipeline._context("effect:1")


def found(world: World, *logins: str) -> dict[str, str]:
    return chat_ids_of(around(world), REPOSITORY, logins)


def id_of(world: World, name: str) -> str:
    return world.slack.workspace.user(name).id


def lookups(world: World) -> int:
    return len(world.slack.calls("users.lookupByEmail"))


# --- from a login to a person -----------------------------------------------------------------------------------


def test_people_are_found_by_the_settings_a_proof_and_their_address(world: World) -> None:
    carol, dave, eve = (
        world.slack.add_user(name, email=f"{name}@acme.example").id for name in ("carol", "dave", "eve")
    )
    world.github.set_email("carol-gh", "Carol@acme.example")
    world.github.set_commit_email("dave-gh", "dave@acme.example")
    world.github.commit(REPOSITORY, "topic", "Add search", author="dave-gh")
    world.github.commit(REPOSITORY, "main", "Add search", author="dave-gh")
    world.says("eve", "link eve-gh", "@eve")
    device = next(iter(world.github.sign_ins.codes.values()))
    world.github.sign_ins.enter(device.user_code, "eve-gh")
    world.wait(seconds=6)

    people = found(world, "maria", "carol-gh", "dave-gh", "EVE-gh", "stranger")

    assert people == {"maria": id_of(world, "maria"), "carol-gh": carol, "dave-gh": dave, "EVE-gh": eve}


def test_addresses_that_lead_nowhere_apps_and_names_are_not_looked_for(world: World) -> None:
    world.github.commit(REPOSITORY, "main", "Add search", author="dave")
    world.github.set_email("carol", "7+carol@users.noreply.github.com")

    people = found(world, "dave", "carol", "renovate[bot]", "ghost", "Frank Miller", "../../admin", "")

    assert people == {}
    assert lookups(world) == 0
    asked = {one.path for one in world.github.requests if one.path.startswith("/users/")}
    assert asked == {"/users/dave", "/users/carol"}


@pytest.mark.parametrize("kind", ["bot", "elsewhere", "left", "unconfirmed"])
def test_only_people_who_work_here_are_found(world: World, kind: str) -> None:
    team = "T0OTHER" if kind == "elsewhere" else "T00000001"
    carol = world.slack.add_user("carol", email="carol@acme.example", team=team, is_bot=kind == "bot")
    carol.deleted, carol.confirmed = kind == "left", kind != "unconfirmed"
    world.github.set_email("carol-gh", "carol@acme.example")

    assert found(world, "carol-gh") == {}


def test_whoever_has_left_since_is_not_found_any_more(world: World) -> None:
    world.slack.add_user("carol", email="carol@acme.example")
    world.github.set_email("carol-gh", "carol@acme.example")
    before = found(world, "carol-gh", "bob")

    for name in ("carol", "bob"):
        world.slack.deactivate(name)
    world.wait(minutes=11)

    assert list(before) == ["carol-gh", "bob"]
    assert found(world, "carol-gh", "bob") == {}


def test_what_was_found_is_remembered_for_a_day_by_all_processes(world: World) -> None:
    carol = world.slack.add_user("carol", email="carol@acme.example")
    world.github.set_email("carol-gh", "carol@acme.example")
    world.github.set_email("dave-gh", "dave@acme.example")

    for hours in (0, 12, 11):
        world.wait(hours=hours)
        world.restart()
        login = "Carol-GH" if hours else "carol-gh"
        assert found(world, login, "dave-gh") == {login: carol.id}
    within_a_day = lookups(world)
    world.wait(hours=2)
    dave = world.slack.add_user("dave", email="dave@acme.example")

    assert within_a_day == 2
    assert found(world, "carol-gh", "dave-gh") == {"carol-gh": carol.id, "dave-gh": dave.id}
    assert lookups(world) == 4


def test_without_the_scope_nobody_is_found_and_slack_is_not_asked_again(world: World) -> None:
    world.slack.scopes -= {"users:read.email"}
    world.github.set_email("carol-gh", "carol@acme.example")

    assert [found(world, "carol-gh"), found(world, "carol-gh")] == [{}, {}]
    assert lookups(world) == 1


def test_at_most_fifty_logins_are_looked_for_at_once(world: World) -> None:
    for n in range(60):
        world.github.set_email(f"author{n}", f"author{n}@acme.example")
    authors = [f"author{n}" for n in range(60)]

    found(world, *authors)
    at_once = lookups(world)
    found(world, *authors)

    assert (at_once, lookups(world)) == (50, 60)


def test_an_address_never_lets_anybody_do_anything(world: World) -> None:
    carol = world.slack.add_user("carol", email="carol@acme.example")
    world.github.set_commit_email("root", "carol@acme.example")
    world.github.commit(REPOSITORY, "main", "Add search", author="root")

    assert found(world, "root") == {"root": carol.id}
    assert authorization.chat_id_of(around(world), "root") is None
    assert authorization.person_of(around(world), carol.id).forge_login is None


# --- whom the end of a deployment concerns ----------------------------------------------------------------------


def shipping(world: World, by: Actor, *authors: str, trigger: str = "command", **more: object) -> Deployment:
    shipped = tuple(Shipped(f"Change {n}", author, "", number=n) for n, author in enumerate(authors, 1))
    deployment = Deployment(
        id=1,
        request_id="r1",
        app="web",
        environment="production",
        repository=REPOSITORY,
        ref="main",
        sha="f" * 40,
        state="failed",  # type: ignore[arg-type]
        trigger=trigger,
        by=by,
        created_at=world.clock.now(),
        changes=Changes("e" * 40, shipped) if shipped else Changes(),
    )
    return replace(deployment, **more)  # type: ignore[arg-type]


def test_the_deployer_and_each_author_are_called_once(world: World) -> None:
    maria, bob = id_of(world, "maria"), id_of(world, "bob")

    people = concerned(
        around(world), shipping(world, Actor("maria", maria, "maria"), "bob", "Bob", "maria", "stranger", "app[bot]")
    )

    assert people.deployer == Mention(maria, "maria")
    assert people.authors == (Mention(bob, "bob"), Mention(None, "stranger"))
    assert people.total == 2


def test_the_deployer_is_not_called_twice_who_is_known_in_the_chat_alone(world: World) -> None:
    carol = world.slack.add_user("carol", email="carol@acme.example")
    world.github.set_email("carol-gh", "carol@acme.example")

    people = concerned(around(world), shipping(world, Actor("carol", carol.id), "carol-gh", "bob"))

    assert people.deployer == Mention(carol.id, "carol")
    assert [one.name for one in people.authors] == ["bob"]
    assert people.total == 1


def test_a_merge_concerns_whoever_merged_and_wrote_it(world: World) -> None:
    maria, bob = id_of(world, "maria"), id_of(world, "bob")
    merged = Actor("maria", login="maria", author="bob")
    queued = Actor("github-merge-queue[bot]", login="github-merge-queue[bot]", author="bob")

    first = concerned(around(world), shipping(world, merged, trigger="merge", pull_request=6, title="Gift cards"))
    later = concerned(around(world), shipping(world, merged, "bob", trigger="merge", pull_request=6))
    by_an_app = concerned(around(world), shipping(world, queued, "bob", trigger="merge", pull_request=6))

    assert (first.deployer, first.authors) == (Mention(maria, "maria"), (Mention(bob, "bob"),))
    assert later == first
    assert (by_an_app.deployer, by_an_app.authors) == (None, (Mention(bob, "bob"),))


def test_ten_authors_are_named_of_all_there_are(world: World) -> None:
    authors = [f"author{n}" for n in range(23)]

    people = concerned(around(world), shipping(world, Actor("maria", id_of(world, "maria"), "maria"), *authors))

    assert [one.name for one in people.authors] == authors[:10]
    assert people.total == 23
    assert len([one for one in world.github.requests if one.path.startswith("/users/")]) == 10


def test_nobody_waits_for_github_in_order_to_hear_of_a_failure(world: World) -> None:
    world.github.fail_next("GET", "", 503, times=99)

    people = concerned(around(world), shipping(world, Actor("maria", id_of(world, "maria"), "maria"), "carol", "bob"))

    assert [one.name for one in people.authors] == ["carol", "bob"]
    world.github.heal()
    world.wait(minutes=5)
    carol = world.slack.add_user("carol", email="carol@acme.example")
    world.github.set_email("carol", "carol@acme.example")
    assert found(world, "carol") == {"carol": carol.id}


# --- approvers --------------------------------------------------------------------------------------------------


def approving(world: World, *approvers: str) -> World:
    named = ", ".join(f'"{one}"' for one in approvers)
    world.restart(SETTINGS.format(approvers=named) + "[people]" + world.text.partition("[people]")[2])
    return world


def called(world: World, deployment: Deployment | None = None) -> tuple[Mention | GroupMention, ...]:
    context = around(world)
    target = target_at(context, "web", "production")
    assert target is not None
    return approvers_to_call(context, target, deployment)


def test_approvers_are_called_by_id_whatever_the_settings_call_them(world: World) -> None:
    carol = world.slack.add_user("carol", email="carol@acme.example")
    world.github.set_email("carol-gh", "carol@acme.example")
    group, leads = world.slack.add_group("oncall", ["maria"]), world.slack.add_group("leads", ["bob"])
    bob = id_of(world, "bob")

    people = called(approving(world, bob, "@oncall", leads, "carol-gh", "acme/ops", "stranger", "bob", "deployer[bot]"))

    assert people == (
        Mention(bob, "bob"),
        GroupMention(group, "oncall"),
        GroupMention(leads, "leads"),
        Mention(carol.id, "carol"),
        Mention(None, "acme/ops"),
        Mention(None, "stranger"),
        Mention(None, "deployer[bot]"),
    )


def test_nobody_is_called_where_anybody_who_may_deploy_approves(world: World) -> None:
    assert called(world) == ()


def test_names_are_resolved_once_in_ten_minutes(world: World) -> None:
    world.slack.add_group("oncall", ["maria"])
    approving(world, "@oncall", id_of(world, "bob"))

    for _ in range(5):
        called(world)

    assert len(world.slack.calls("usergroups.list")) == 1
    assert len(world.slack.calls("users.info")) == 1


def test_what_slack_does_not_show_is_named(world: World) -> None:
    world.slack.scopes -= {"usergroups:read"}

    assert called(approving(world, "@oncall", "@gone", "U0GONE123")) == (
        GroupMention(None, "oncall"),
        GroupMention(None, "gone"),
        Mention(None, "U0GONE123"),
    )


def test_neither_whoever_asked_nor_who_has_approved_is_called(world: World) -> None:
    maria, bob = id_of(world, "maria"), id_of(world, "bob")
    eve = world.slack.add_user("eve").id
    asked = shipping(world, Actor("maria", maria, "maria"), approved_by=(Actor("bob", bob, "bob"),))

    assert called(approving(world, maria, "bob", eve), asked) == (Mention(eve, "eve"),)


def test_muted_people_are_named_and_not_written_to(world: World) -> None:
    maria = id_of(world, "maria")
    world.says("bob", "mute")
    approving(world, maria, "bob")
    asked = shipping(world, Actor("eve", "U0EVE", "eve"), "bob")
    context = around(world)
    target = target_at(context, "web", "production")
    assert target is not None

    assert concerned(context, shipping(world, Actor("bob", id_of(world, "bob"), "bob"))).deployer == Mention(
        None, "bob"
    )
    assert called(world) == (Mention(maria, "maria"), Mention(None, "bob"))
    assert concerned(context, asked).authors == (Mention(None, "bob"),)
    assert approvers_to_write_to(context, target, asked) == (maria,)


def test_members_of_groups_and_teams_are_written_to_twenty_at_most(world: World) -> None:
    people = [world.slack.add_user(f"person{n:02}", email=f"person{n:02}@acme.example") for n in range(30)]
    world.slack.add_group("oncall", [one.name for one in people[:3]])
    world.github.add_team("acme/ops", [one.name for one in people[2:]])
    for one in people:
        world.github.set_email(one.name, one.email or "")
    approving(world, "@oncall", "@gone", "acme/gone", "acme/ops")
    context = around(world)
    target = target_at(context, "web", "production")
    assert target is not None
    asked = shipping(world, Actor("person01", people[1].id))

    written_to = approvers_to_write_to(context, target, asked)

    assert written_to == tuple(one.id for one in people[:21] if one is not people[1])
