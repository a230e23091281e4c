"""Conversations about locks: who gets one, whom it keeps out, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.handlers.scenes import answers, channel, parent, seen, thread, told
from tests.world import REPOSITORY, World, read_out
from tests.world import world as open_world

SETTINGS = """
[bot]
{bot}
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
foreign_deployments = "carry_out"
provider = {{ type = "shell", command = ["sh", "-c", "test ! -e {{directory}}/broken"] }}

[apps.web.environments.staging]
lock_reminder = "30m"

[apps.web.environments.production]
deploy_on_merge = ["main"]
required_checks = "none"

[apps.api]
repository = "acme/api"
channel = "#deploys"
provider = {{ type = "shell", command = ["true"] }}

[apps.api.environments.production]
"""
SINCE = "since Mon 02 Mar 10:00 UTC"
TODAY = "since 10:00 UTC"
"""In answers, which are read at once."""
THREE_WAYS = ["Notify me", "Ask to release", "Take over…"]

Opens = Callable[..., World]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Opens a world with other settings for the bot, and closes it at the end."""
    with ExitStack() as stack:

        def one(bot: str = "") -> World:
            made = stack.enter_context(open_world(tmp_path, SETTINGS.format(bot=bot)))
            made.github.add_repository("acme/api")
            return made

        yield one


@pytest.fixture
def world(opens: Opens) -> World:
    return opens()


def direct(world: World, person: str) -> list[str]:
    """What the bot told this person directly."""
    bot = world.slack.workspace.user("shipmate").id
    return [seen(world, read_out(one)) for one in world.slack.messages(f"@{person}") if one.user == bot]


def last_direct(world: World, person: str) -> Any:
    return world.slack.messages(f"@{person}")[-1]


def last_told(world: World, person: str) -> Any:
    return world.slack.ephemerals(person)[-1]


def merge(world: World, branch: str, *, by: str) -> int:
    """Somebody merges a pull request of the branch; its number."""
    world.github.commit(REPOSITORY, branch, f"Work on {branch}")
    number = world.github.open_pull_request(REPOSITORY, branch, title=f"Merge {branch}")
    world.github.merge_pull_request(REPOSITORY, number, by=by)
    world.settle()
    return number


def states(world: World) -> list[str]:
    return [
        f"{one.ref} {one.state}"
        for one in reversed(world.store.reads().history(app=None, environment=None, ref=None, limit=50))
    ]


# --- taking one ------------------------------------------------------------------------------------------------------


def test_a_lock_is_announced_in_the_apps_channel_with_its_end_and_reason(world: World) -> None:
    said = world.says("maria", "lock production for 2h because testing the migration")

    assert channel(world, "#web") == [
        "🔒 @maria has locked *web → production* until Mon 02 Mar 12:00 UTC because testing the migration."
    ]
    assert answers(world, said) == []


def test_asked_for_elsewhere_it_is_answered_there_as_well(world: World) -> None:
    said = world.says("maria", "lock production on web", channel="#random")
    in_a_thread = world.says("maria", "lock staging on web", channel="#web", thread=world.says("bob", "help").ts)

    assert answers(world, said) == ["*web → production* is yours. I remind you every 3 h."]
    assert answers(world, in_a_thread)[-1] == "*web → staging* is yours. I remind you every 30 min."
    assert channel(world, "#web") == [
        "🔒 @maria has locked *web → production*.",
        "🔒 @maria has locked *web → staging*.",
    ]


@pytest.mark.parametrize("text", ["deploy:lock prod", "lock prod on web", "LOCK web production"])
def test_words_of_hubot_and_other_orders_mean_the_same(world: World, text: str) -> None:
    world.says("maria", text)

    assert channel(world, "#web") == ["🔒 @maria has locked *web → production*."]


def test_the_second_person_is_told_who_has_it_and_what_to_do(world: World) -> None:
    world.says("maria", "lock production because testing the migration")

    world.says("bob", "lock production")

    assert told(world, "bob") == [f"*web → production* is locked by maria {TODAY} because testing the migration."]
    assert last_told(world, "bob").labels == THREE_WAYS
    assert len(channel(world, "#web")) == 1


def test_a_lock_needs_no_green_checks(world: World) -> None:
    world.github.set_status("acme/api", "main", "ci/test", "failure")

    world.says("maria", "lock production on api", channel="#random")

    assert channel(world, "#deploys") == ["🔒 @maria has locked *api → production*."]


def test_a_lock_can_be_taken_while_a_deployment_runs(world: World) -> None:
    world.hold_runs = True
    world.says("bob", "deploy main to production")

    world.says("maria", "lock production")
    world.hold_runs = False
    world.settle()

    assert channel(world, "#web")[1:] == ["🔒 @maria has locked *web → production*."]
    assert world.deployment(1).state == "succeeded"


def test_a_lock_on_one_app_leaves_the_same_environment_of_another_alone(world: World) -> None:
    world.says("maria", "lock production on web")

    world.says("bob", "deploy api/main to production", channel="#deploys")
    world.says("bob", "lock production on api", channel="#deploys")

    assert states(world) == ["main succeeded"]
    assert channel(world, "#deploys")[-1] == "🔒 @bob has locked *api → production*."


def test_locking_again_changes_the_end_and_the_reason(world: World) -> None:
    world.says("maria", "lock production because testing")

    world.says("maria", "lock production until 17:00")
    world.says("maria", "lock production because it takes longer")
    listed = world.says("bob", "locks")

    assert channel(world, "#web")[1:] == [
        "🔒 @maria keeps *web → production* locked until Mon 02 Mar 17:00 UTC because testing.",
        "🔒 @maria keeps *web → production* locked because it takes longer.",
    ]
    assert answers(world, listed) == [f"Locked now:\n🔒 *web → production* by maria {TODAY} because it takes longer"]


def test_times_are_meant_in_the_persons_own_zone(world: World) -> None:
    world.slack.add_user("yuki", tz="Asia/Tokyo")
    world.slack.workspace.channel("#web").members.add(world.slack.workspace.user("yuki").id)
    world.github.set_base_permission("yuki", "write")
    yuki = world.slack.workspace.user("yuki").id
    world.settings.people[yuki] = "yuki"

    world.says("yuki", "lock production until 20:00")

    assert channel(world, "#web") == ["🔒 @yuki has locked *web → production* until Mon 02 Mar 11:00 UTC."]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "lock production until whenever",
            "I do not understand “whenever” as a time to come. For example: `lock production until fri 9:00`",
        ),
        (
            "lock production on web for 99 because x",
            "For how long? I did not understand “99”: write “for 2h”. For example: `help lock` or `status`",
        ),
        ("lock prodution", "*web* has no environment called prodution. Did you mean production?"),
        ("unlock nowhere", "*web* has no environment called nowhere. It has staging and production."),
        (
            "lock",
            "Which environment? Its name is missing, or “all”. For example: `help lock` or `status`",
        ),
    ],
)
def test_what_cannot_be_locked_is_told_with_a_way_on(world: World, text: str, answer: str) -> None:
    world.says("maria", text)

    assert told(world, "maria")[0].split("\n")[0] == answer
    assert channel(world, "#web") == []


def test_who_may_not_deploy_may_not_lock_or_take_over_but_may_look_and_ask(world: World) -> None:
    world.says("maria", "lock production")
    world.github.set_permission(REPOSITORY, "bob", "read")

    world.says("bob", "lock staging")
    world.says("bob", "take over production because I want it")
    listed = world.says("bob", "locks")
    world.says("bob", "notify me about production")

    refusal = (
        "🚫 bob may not deploy to {}: bob has only read permission on acme/web, and it takes write; "
        "its admins can give it"
    )
    assert told(world, "bob")[:2] == [refusal.format("staging"), refusal.format("production")]
    assert answers(world, listed) == [f"Locked now:\n🔒 *web → production* by maria {TODAY}"]
    assert told(world, "bob")[2] == f"I tell you when *web → production* is free. Locked by maria {TODAY}."


# --- all of them -----------------------------------------------------------------------------------------------------


def test_all_locks_every_environment_of_the_app_and_unlocks_them_together(world: World) -> None:
    world.says("maria", "lock all until fri 9:00 because of the audit")
    world.says("maria", "unlock all")

    assert channel(world, "#web") == [
        "🔒 @maria has locked *web → production, staging* until Fri 06 Mar 09:00 UTC because of the audit.",
        "🔓 @maria has unlocked *web → production, staging*.",
    ]
    assert channel(world, "#deploys") == []


def test_all_takes_what_is_free_and_tells_who_has_the_rest(world: World) -> None:
    world.says("bob", "lock staging")

    said = world.says("maria", "lock all on web", channel="#web")
    gone = world.says("maria", "unlock all")
    world.says("maria", "unlock all")

    assert answers(world, said) == [
        f"*web → production* is yours. I remind you every 3 h.\n*web → staging* is locked by bob {TODAY}."
    ]
    assert answers(world, gone) == [f"*web → production* is unlocked.\n*web → staging* stays locked by bob {TODAY}."]
    assert told(world, "maria") == [f"*web → staging* is locked by bob {TODAY}. Only bob and admins can release it."]


def test_mine_are_released_in_every_app(world: World) -> None:
    world.says("maria", "lock production on web", channel="#web")
    world.says("maria", "lock production on api", channel="#deploys")
    world.says("bob", "lock staging on web", channel="#web")

    said = world.says("maria", "unlock mine", channel="#random")
    world.says("maria", "unlock mine", channel="#random")
    listed = world.says("maria", "locks")

    assert answers(world, said) == ["*api → production, web → production* are unlocked."]
    assert told(world, "maria") == ["You hold no lock. `locks` shows who holds what."]
    assert channel(world, "#deploys")[-1] == "🔓 @maria has unlocked *api → production*."
    assert answers(world, listed) == [f"Locked now:\n🔒 *web → staging* by bob {TODAY}"]


# --- whom it keeps out -----------------------------------------------------------------------------------------------


def test_others_cannot_deploy_not_even_by_force_and_the_owner_can(world: World) -> None:
    world.says("maria", "lock production for 2h because testing the migration")
    sha = world.github.repository(REPOSITORY).branches["main"][:7]

    world.says("bob", 'deploy! main to production --force "urgent"')
    world.says("maria", "deploy main to production")

    assert told(world, "bob")[0].split("\n")[:2] == [
        f"🚫 main@{sha} cannot go to *web → production* yet",
        f"🔒 Locked by maria {TODAY}, until 12:00 UTC because testing the migration",
    ]
    assert last_told(world, "bob").labels == ["Notify me", "Deploy when it is free"]
    assert last_told(world, "bob").menu == ["Ask to release", "Take over…"]
    assert states(world) == ["main succeeded"]


def test_a_merge_waits_for_the_lock_and_goes_on_when_it_is_released(world: World) -> None:
    world.says("maria", "lock production because testing")
    merge(world, "topic", by="bob")
    waits = (parent(world, 1).split("\n")[0], thread(world, 1), world.parent(1).labels)

    world.wait(minutes=5)
    world.says("maria", "unlock production")

    assert waits == (
        "🔒 *web → production*  waits for maria: testing",
        ["🔒 waits for maria: testing"],
        ["Ask to release", "Leave"],
    )
    assert thread(world, 1) == ["✅ nobody else holds it after 5 min", "🚀 Started 10:05 UTC", "✅ live in 0 s"]
    assert channel(world, "#web")[-1] == "🔓 @maria has unlocked *web → production*."
    assert world.deployment(1).state == "succeeded"


def test_the_owners_own_merge_passes(world: World) -> None:
    world.says("maria", "lock production because testing")

    merge(world, "topic", by="maria")

    assert states(world) == ["main succeeded"]


def test_what_may_wait_waits_for_the_lock_too(world: World) -> None:
    world.says("maria", "lock production")

    world.says("bob", "deploy main to production when green")
    waiting = states(world)
    world.says("maria", "unlock production")

    assert waiting == ["main waiting"]
    assert states(world) == ["main succeeded"]


def test_what_another_tool_asks_us_to_carry_out_waits_too(world: World) -> None:
    world.says("maria", "lock production")
    world.github.set_permission(REPOSITORY, "octocat", "write")

    world.github.create_deployment(REPOSITORY, "main", environment="production", by="octocat")
    world.settle()

    assert states(world) == ["main waiting"]


def test_taking_a_lock_while_others_queue_lets_them_wait_for_it(world: World) -> None:
    world.hold_runs = True
    world.says("bob", "deploy main to production")
    world.says("bob", "deploy main to production")
    world.says("maria", "lock production")

    world.hold_runs = False
    world.settle()

    assert states(world) == ["main succeeded", "main waiting"]
    assert parent(world, 2).split("\n")[0] == "🔒 *web → production*  waits for maria"


def test_status_shows_the_lock(world: World) -> None:
    world.says("maria", "lock production because testing")

    said = world.says("bob", "status production")

    assert answers(world, said) == [
        "*web*\nwhere | what is live | since | now\nproduction | nothing deployed yet | – | 🔒 maria: testing"
    ]


# --- releasing -------------------------------------------------------------------------------------------------------


def test_nobody_else_can_unlock(world: World) -> None:
    world.says("maria", "lock production because testing")

    world.says("bob", "unlock production")
    world.says("bob", "deploy:unlock production")
    world.says("bob", "unlock all")

    refusal = f"*web → production* is locked by maria {TODAY} because testing. Only maria and admins can release it."
    assert told(world, "bob") == [refusal] * 3
    assert last_told(world, "bob").labels == THREE_WAYS
    assert len(channel(world, "#web")) == 1


def test_an_admin_can_and_the_owner_is_told(opens: Opens) -> None:
    world = opens('admins = ["U00000002"]')
    world.says("maria", "lock production")

    world.says("bob", "unlock production")

    assert channel(world, "#web")[-1] == "🔓 @bob has released the lock of @maria on *web → production*."
    assert direct(world, "maria") == ["@bob has released your lock on *web → production*."]


def test_what_is_not_locked_cannot_be_unlocked(world: World) -> None:
    world.says("maria", "unlock production")
    world.says("maria", "unlock all")
    world.says("bob", "notify me about production")
    world.says("bob", "keep production")

    assert told(world, "maria") == ["*web → production* is not locked.", "Nothing of *web* is locked."]
    assert told(world, "bob") == ["*web → production* is not locked."] * 2


def test_locks_says_when_there_are_none_and_offers_to_unlock_ones_own(world: World) -> None:
    none = world.says("maria", "locks")
    world.says("maria", "lock production")
    some = world.says("maria", "locks")

    assert answers(world, none) == ["Nothing is locked. `lock production on web` keeps an environment to yourself."]
    shown = world.slack.thread("#web", some.ts)[0]
    assert shown.labels == ["Unlock web → production"]


# --- what others may do ----------------------------------------------------------------------------------------------


def test_notify_me_tells_once_when_it_is_free(world: World) -> None:
    world.says("maria", "lock production")
    world.says("bob", "lock production")
    world.presses("bob", last_told(world, "bob"), "Notify me")

    world.says("maria", "unlock production")
    world.says("maria", "lock production")
    world.says("maria", "unlock production")

    assert told(world, "bob")[-1] == f"I tell you when *web → production* is free. Locked by maria {TODAY}."
    assert direct(world, "bob") == ["*web → production* is free now."]
    assert last_direct(world, "bob").labels == ["Lock…"]


def test_the_button_in_the_direct_message_takes_the_lock(world: World) -> None:
    world.says("maria", "lock production")
    world.says("bob", "notify me about production")
    world.says("maria", "unlock production")

    world.presses("bob", last_direct(world, "bob"), "Lock")

    assert channel(world, "#web")[-1] == "🔒 @bob has locked *web → production*."


def test_ask_to_release_asks_the_owner_but_not_again_and_again(world: World) -> None:
    world.says("maria", "lock production because testing")
    world.says("bob", "lock production")
    refused = last_told(world, "bob")

    world.presses("bob", refused, "Ask to release")
    world.wait(minutes=9)
    world.presses("bob", refused, "Ask to release")
    world.wait(minutes=2)
    world.presses("bob", refused, "Ask to release")

    asked = f"@bob asks you to release *web → production*, which you have had {SINCE} because testing."
    assert direct(world, "maria") == [asked, asked]
    assert told(world, "bob")[1:] == [
        "I have asked maria, and tell you when *web → production* is free.",
        "I have asked maria already (10:00 UTC). I tell you when *web → production* is free.",
        "I have asked maria, and tell you when *web → production* is free.",
    ]


def test_the_owner_releases_it_from_the_direct_message_and_who_asked_is_told(world: World) -> None:
    world.says("maria", "lock production")
    world.says("bob", "ask for production")

    world.presses("maria", last_direct(world, "maria"), "Unlock")

    assert channel(world, "#web")[-1] == "🔓 @maria has unlocked *web → production*."
    assert direct(world, "bob") == ["*web → production* is free now."]


def test_take_over_asks_why_and_tells_the_old_owner(world: World) -> None:
    world.says("maria", "lock production because testing")
    world.says("bob", "take over production")
    question = last_told(world, "bob")

    world.presses("bob", question, "A hotfix must go out")

    assert seen(world, read_out(question)) == (
        "Why do you need *web → production* now? maria is told. Choose a reason, or write it: "
        "`take over production on web because …`"
    )
    assert question.labels == ["A hotfix must go out", "Its owner is away"]
    assert channel(world, "#web")[-1] == (
        "🔒 @bob has taken *web → production* over from @maria because a hotfix must go out."
    )
    assert direct(world, "maria") == ["@bob has taken *web → production* over from you because a hotfix must go out."]
    assert last_direct(world, "maria").labels == ["Notify me"]


def test_the_button_asks_why_in_a_form(world: World) -> None:
    world.says("maria", "lock production because testing")
    world.says("bob", "lock production")

    world.opens_form("bob", last_told(world, "bob"), "Take over…")
    form = world.slack.modal("bob")
    world.slack.submits("bob", why="a hotfix must go out")
    world.settle()

    assert form is not None
    assert form.lines == ["web → production is held by maria, who is told."]
    assert channel(world, "#web")[-1] == (
        "🔒 @bob has taken *web → production* over from @maria because a hotfix must go out."
    )


def test_the_old_owner_waits_then_and_the_new_ones_request_goes_on(world: World) -> None:
    world.says("maria", "lock production")
    world.says("bob", "deploy main to production when green")

    world.says("bob", "take over production because a hotfix must go out")
    world.github.commit(REPOSITORY, "main", "Next")
    world.says("maria", "deploy main to production")

    assert states(world) == ["main succeeded"]
    assert f"🔒 Locked by bob {TODAY} because a hotfix must go out" in told(world, "maria")[0]


def test_what_is_free_is_taken_and_ones_own_is_not_taken_over(world: World) -> None:
    world.says("bob", "take over production")
    world.says("bob", "take over production because of me")
    world.says("bob", "ask for production")

    assert channel(world, "#web") == ["🔒 @bob has locked *web → production*."]
    assert told(world, "bob") == ["You have *web → production* yourself."] * 2


# --- as time passes --------------------------------------------------------------------------------------------------


def test_the_owner_is_reminded_and_keeps_it(world: World) -> None:
    world.says("maria", "lock production because testing")
    merge(world, "topic", by="bob")
    world.wait(hours=3)
    reminded = direct(world, "maria")
    world.wait(minutes=30)

    world.presses("maria", last_direct(world, "maria"), "Keep")
    world.wait(hours=2, minutes=59)
    not_yet = len([one for one in direct(world, "maria") if "Do you still need it?" in one])
    world.wait(minutes=2)

    sha = world.deployment(1).short_sha
    assert reminded == [
        "You have had *web → production* for 3 h because testing. Do you still need it?\n"
        f"⏳ main@{sha} (#1) by bob waits for it."
    ]
    assert not_yet == 1
    assert direct(world, "maria")[-1].startswith("You have had *web → production* for 6 h 30 min because testing.")


def test_keep_answers_when_it_is_asked_again(world: World) -> None:
    world.says("maria", "lock production")

    said = world.says("maria", "keep production")
    world.says("bob", "keep production")

    assert answers(world, said) == ["*web → production* stays yours. I ask again 13:00 UTC."]
    assert told(world, "bob") == [f"*web → production* is locked by maria {TODAY}."]


def test_the_environment_says_how_often_and_a_release_ends_the_reminders(world: World) -> None:
    world.says("maria", "lock staging")
    world.wait(minutes=61)
    twice = len(direct(world, "maria"))

    world.presses("maria", last_direct(world, "maria"), "Unlock")
    world.wait(hours=2)

    assert twice == 2
    assert len(direct(world, "maria")) == 2


def test_a_lock_expires_the_owner_is_told_and_what_waits_goes_on(world: World) -> None:
    world.says("maria", "lock production for 2h because testing")
    world.says("bob", "notify me about production")
    merge(world, "topic", by="bob")

    world.wait(hours=2)

    assert channel(world, "#web")[-1] == "🔓 The lock of @maria on *web → production* has expired."
    assert direct(world, "maria") == ["Your lock on *web → production* has expired."]
    assert last_direct(world, "maria").labels == ["Lock again"]
    assert direct(world, "bob") == ["*web → production* is free now."]
    assert states(world) == ["main succeeded"]


def test_a_lock_outlives_a_restart_and_expires_all_the_same(world: World) -> None:
    world.says("maria", "lock production for 2h")

    world.restart()
    world.says("bob", "lock production")
    world.wait(hours=3)

    assert told(world, "bob") == [f"*web → production* is locked by maria {TODAY}, until 12:00 UTC."]
    assert channel(world, "#web")[-1] == "🔓 The lock of @maria on *web → production* has expired."


def test_a_prolonged_lock_does_not_end_at_its_first_moment(world: World) -> None:
    world.says("maria", "lock production for 2h")
    world.wait(hours=1)

    world.says("maria", "lock production for 2h")
    world.wait(hours=1, minutes=30)

    assert channel(world, "#web")[-1] == ("🔒 @maria keeps *web → production* locked until Mon 02 Mar 13:00 UTC.")


def test_help_explains_the_commands_behind_the_buttons(world: World) -> None:
    for name in ("take over", "ask for", "notify me", "keep"):
        world.says("maria", f"help {name}")

    lines = [one.split("\n")[:2] for one in told(world, "maria")]

    assert lines == [
        ["`take over <env> [on <app>] because <reason>`", "Take somebody's lock over; they are told."],
        ["`ask for <env> [on <app>]`", "Ask whoever holds an environment to release it."],
        ["`notify me about <env> [on <app>]`", "Be told when a lock is released."],
        ["`keep <env> [on <app>]`", "Keep your lock; the next reminder comes later."],
    ]
