"""Conversations after an app or an environment was taken out of the settings, or renamed, while something is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.deployments.model import State, Waiting
from tests.handlers.scenes import another_tool, answers, channel, creations, parent, seen, thread, told
from tests.world import PEOPLE, REPOSITORY, SETTINGS, World, read_out
from tests.world import world as open_world

BEFORE = SETTINGS.replace("[slack]", '[bot]\nadmins = ["U00000002"]\n[slack]')
STAGING = BEFORE[BEFORE.index("[apps.web.environments.staging]") : BEFORE.index("[apps.web.environments.production]")]
NO_ENVIRONMENT = BEFORE.replace(STAGING, "") + PEOPLE
RENAMED = BEFORE.replace("environments.staging]", "environments.stage]") + PEOPLE
"""``staging`` is another word for ``stage`` now."""
NO_APP = BEFORE.replace("apps.web", "apps.api").replace('channel = "#web"', 'channel = "#random"') + PEOPLE
ANYHOW = pytest.mark.parametrize("after", [NO_ENVIRONMENT, RENAMED, NO_APP], ids=["environment", "renamed", "app"])
GONE = "*web → staging* is no longer in my settings, but "


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Bob is an admin."""
    with open_world(tmp_path, BEFORE) as the_world:
        the_world.github.commit(REPOSITORY, "topic", "Add search")
        the_world.github.commit(REPOSITORY, "next", "Add more")
        yield the_world


def starts_with(world: World, settings: str) -> None:
    """A bot with other settings comes up, and looks around."""
    world.restart(settings)
    world.wait(seconds=10)
    world.reconcile()


def in_line(world: World) -> None:
    """Somebody else's tool is at work in staging, and bob's deployment waits for it."""
    world.says("maria", "deploy topic to staging")
    another_tool(world, "in_progress")
    world.says("bob", "deploy next to staging")


def heard(world: World) -> list[str]:
    """What channels were told of orphans, and where: the message as a whole."""
    every = [(name, one) for name in ("#web", "#deploys", "#random") for one in world.slack.messages(name)]
    shown = [(name, seen(world, read_out(one))) for name, one in every if one.bot_id and not one.is_reply]
    return [f"{name} {text}" for name, text in shown if "🧭" in text]


# --- it is told, once ---------------------------------------------------------------------------------------------


@ANYHOW
def test_what_waits_is_told_once_however_often_the_bot_starts(world: World, after: str) -> None:
    world.says("bob", "lock staging")
    world.says("maria", "deploy topic to staging when green")

    for _ in range(2):
        starts_with(world, after)
        world.wait(minutes=3)
        world.reconcile()

    [once] = heard(world)
    assert once.startswith(f"#web 🧭 {GONE}something is left there:\n• #1 topic@")
    assert parent(world, 1).split("\n")[0] == "🔒 *web → staging*  waits: its environment is no longer in my settings"


def test_one_thing_is_told_in_a_sentence_with_its_command(world: World) -> None:
    in_line(world)
    another_tool(world, "success")
    world.says("maria", "lock staging because I test")

    starts_with(world, NO_ENVIRONMENT)

    # Bob's has begun when its turn came, and is followed.
    assert [line.split(" by ")[0] for line in heard(world)[0].split("\n")[1:3]] == [
        f"• #2 next@{world.deployment(2).short_sha}",
        "• @maria still has the lock, since Mon 02 Mar 10:00 UTC. It ends with `unlock staging on web`.",
    ]


@pytest.mark.parametrize(
    ("asked", "still", "ends"),
    [
        (
            "lock staging because I test",
            "@maria still has the lock, since Mon 02 Mar 10:00 UTC.",
            "unlock staging on web",
        ),
        ("freeze staging because of the sale", "it is still frozen by @maria because of the sale.", "unfreeze staging"),
        (
            "deploy main to staging at 17:00",
            "s1 of the schedule is still to deploy main there, Mon 02 Mar 17:00 UTC, for @maria.",
            "unschedule s1",
        ),
    ],
)
@pytest.mark.parametrize("after", [NO_ENVIRONMENT, RENAMED], ids=["environment", "renamed"])
def test_each_thing_is_told_in_the_apps_channel(world: World, after: str, asked: str, still: str, ends: str) -> None:
    world.says("maria", asked)

    starts_with(world, after)

    assert heard(world) == [
        f"#web 🧭 {GONE}{still}\n"
        f"To end it: `{ends}`; to hand it over: `python -m bot check --mend` on the bot's machine."
    ]


def test_of_an_app_that_is_gone_the_channel_is_told_where_its_deployment_was_announced(world: World) -> None:
    in_line(world)

    starts_with(world, NO_APP)

    sha = {number: world.deployment(number).short_sha for number in (1, 2)}
    assert heard(world) == [
        f"#web 🧭 {GONE}something is left there:\n"
        f"• #1 topic@{sha[1]} by @maria still runs there. I follow it to its end. It ends with `cancel #1`.\n"
        f"• #2 next@{sha[2]} by @bob still waits for it. It does not start there. It ends with `cancel #2`.\n"
        "`python -m bot check --mend` on the bot's machine asks of each whether it ends or goes on elsewhere."
    ]


def test_of_an_app_that_is_gone_with_its_deployments_the_general_channel_is_told(world: World) -> None:
    world.says("maria", "freeze staging because of the sale")

    starts_with(world, NO_APP)

    assert heard(world) == [
        f"#deploys 🧭 {GONE}it is still frozen by @maria because of the sale.\n"
        "To mend it: `python -m bot check --mend` on the bot's machine."
    ]


def test_what_was_scheduled_for_an_app_that_is_gone_is_told_where_it_was_asked_for(world: World) -> None:
    said = world.says("maria", "deploy main to staging at 17:00", channel="#random")

    starts_with(world, NO_APP)

    assert GONE in answers(world, said)[-1]
    assert heard(world) == []


def test_without_any_channel_the_admins_are_told(world: World) -> None:
    world.says("maria", "lock staging")

    starts_with(world, NO_APP.replace('channel = "#deploys"', 'channel = "#nowhere"'))

    assert GONE in seen(world, read_out(world.slack.messages("@bob")[-1]))


def test_what_has_its_place_back_goes_on_and_is_told_again_should_that_go_once_more(world: World) -> None:
    world.says("bob", "lock staging")
    world.says("maria", "deploy topic to staging when green")
    starts_with(world, NO_ENVIRONMENT)
    starts_with(world, BEFORE + PEOPLE)
    back = parent(world, 1).split("\n")[0]
    starts_with(world, NO_ENVIRONMENT)

    assert back.startswith("🔒 *web → staging*  waits for bob")
    assert len(heard(world)) == 2


# --- it does not start, and what runs comes to its end --------------------------------------------------------------


@ANYHOW
@pytest.mark.parametrize("waits_for", ["checks", "queue", "lock", "freeze", "approval"])
def test_what_waits_starts_for_no_reason_and_is_no_fault(world: World, after: str, waits_for: str) -> None:
    world.restart(world.text.replace(STAGING, f"{STAGING}approvals = 1\n") if waits_for == "approval" else world.text)
    if waits_for == "checks":
        world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    elif waits_for == "queue":
        world.says("maria", "deploy next to staging")
    elif waits_for in {"lock", "freeze"}:
        world.says("bob", f"{waits_for} staging because I test")
    world.says("maria", "deploy topic to staging when green")
    [waiting] = [one for one in world.store.reads().unended() if not one.busy]
    before = creations(world)
    starts_with(world, after)

    world.github.set_status(REPOSITORY, "topic", "ci/test", "success")
    world.says("bob", f"approve #{waiting.id}")
    world.says("bob", f"un{waits_for} staging")
    if waits_for == "queue":
        another_tool(world, "success")
    world.wait(minutes=30)
    world.reconcile()

    assert world.deployment(waiting.id).waits_for == Waiting(waits_for)
    assert creations(world) == before
    assert world.store.set_aside.count() == 0


@ANYHOW
def test_what_another_tool_runs_is_followed_to_its_end(world: World, after: str) -> None:
    in_line(world)
    [remote] = world.github.deployments(REPOSITORY)
    starts_with(world, after)

    another_tool(world, "success", description="Is live")

    assert world.deployment(1).state is State.SUCCEEDED
    assert thread(world, 1)[-1].startswith("✅ @maria live in ")
    assert world.statuses(remote.id) == ["in_progress", "success"]


@ANYHOW
def test_a_workflow_job_that_takes_it_up_is_still_ours(world: World, after: str) -> None:
    world.says("maria", "deploy topic to staging")
    [ours] = world.github.deployments(REPOSITORY)
    starts_with(world, after)

    twin = world.github.create_deployment(REPOSITORY, "topic", environment="staging", by="github-actions[bot]")
    world.settle()
    world.github.report_deployment_status(REPOSITORY, twin, "success", by="github-actions[bot]")
    world.settle()

    assert world.store.reads().deployment(2) is None
    assert world.deployment(1).state is State.SUCCEEDED
    assert world.statuses(ours.id)[-1] == "success"


def test_what_another_tool_never_ends_is_given_up_and_heard_of_after_all(world: World) -> None:
    world.says("maria", "deploy topic to staging")
    another_tool(world, "in_progress")
    starts_with(world, NO_ENVIRONMENT)
    world.wait(hours=2)
    given_up = world.deployment(1).state

    another_tool(world, "success")

    assert given_up is State.TIMED_OUT
    assert world.deployment(1).state is State.SUCCEEDED


def test_a_lost_webhook_of_what_runs_only_costs_time(world: World) -> None:
    world.says("maria", "deploy topic to staging")
    another_tool(world, "in_progress")
    starts_with(world, NO_APP)
    world.hold_webhooks = True
    world.github.report_deployment_status(REPOSITORY, world.github.deployments(REPOSITORY)[0].id, "failure")

    world.wait(minutes=3)
    world.reconcile()

    assert world.deployment(1).state is State.FAILED


def test_what_was_about_to_be_created_on_github_is_not(world: World) -> None:
    world.github.fail_next("POST", "/deployments$", 503, times=100)
    world.says("maria", "deploy topic to staging")
    world.restart(NO_ENVIRONMENT)
    world.github.heal()

    world.wait(minutes=10)

    assert world.github.deployments(REPOSITORY) == []
    assert world.deployment(1).state is State.ERROR
    assert thread(world, 1)[-1].startswith(
        "❌ *web → staging* did not work: web → staging is no longer in the settings\n@maria"
    )


def test_what_was_created_at_that_moment_ends_on_github_too(world: World) -> None:
    world.hold_webhooks = True
    world.github.fail_next("POST", "/deployments$", "cut_after")
    world.github.fail_next("GET", "/deployments$", 503, times=100)
    world.says("maria", "deploy topic to staging")
    world.restart(NO_ENVIRONMENT)
    world.github.heal()

    world.wait(minutes=10)

    [remote] = world.github.deployments(REPOSITORY)
    assert world.deployment(1).state is State.ERROR
    assert world.statuses(remote.id) == ["error"]


def test_what_waits_for_approval_expires_in_its_time(world: World) -> None:
    world.restart(world.text.replace(STAGING, f'{STAGING}approvals = 1\napproval_timeout = "1h"\n'))
    world.says("maria", "deploy topic to staging")
    starts_with(world, NO_ENVIRONMENT)

    world.wait(hours=2)

    assert world.deployment(1).state is State.EXPIRED
    assert not world.store.timers.due_deployments(world.clock.now())


def test_what_waits_for_checks_expires_after_a_day_and_says_why(world: World) -> None:
    world.github.set_status(REPOSITORY, "topic", "ci/test", "pending")
    world.says("maria", "deploy topic to staging when green")
    starts_with(world, NO_ENVIRONMENT)

    world.wait(hours=25)

    assert parent(world, 1).split("\n")[0] == (
        "⌫ *web → staging*  given up after a day: web → staging is no longer in the settings"
    )
    assert not any("Look at the check" in line for line in thread(world, 1))


# --- a provider of our own ------------------------------------------------------------------------------------------

OURS = BEFORE.replace(STAGING, f'{STAGING}provider = {{ type = "local", directory = "{{directory}}/staging" }}\n')


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[World]:
    """Staging is on this machine; what is to run does not begin."""
    with open_world(tmp_path, OURS) as the_world:
        the_world.github.commit(REPOSITORY, "topic", "Add search", files={"index.html": "found"})
        the_world.hold_runs = True
        yield the_world


def begins(world: World) -> str:
    """The provider has begun with #1, and the bot goes down."""
    world.says("maria", "deploy topic to staging")
    begun = world.provider_runner.begin(1)
    world.settle()
    return str(begun["handle"])


@ANYHOW
def test_what_runs_here_goes_on_with_the_settings_that_it_began_with(ours: World, after: str) -> None:
    handle = begins(ours)
    starts_with(ours, after)

    ours.provider_runner.follow(1, handle)
    ours.settle()

    [remote] = ours.github.deployments(REPOSITORY)
    assert ours.deployment(1).state is State.SUCCEEDED
    assert ours.statuses(remote.id) == ["queued", "in_progress", "success"]
    assert (ours.directory / "staging" / "current" / "index.html").exists()
    assert ours.store.runs.of(1) is None


def test_what_runs_here_is_stopped_by_cancel_although_its_place_is_gone(ours: World) -> None:
    handle = begins(ours)
    starts_with(ours, NO_ENVIRONMENT)

    said = ours.says("maria", "cancel #1")
    ours.provider_runner.follow(1, handle)
    ours.settle()

    assert answers(ours, said) == ["Stopping #1 (web → staging) …"]
    assert ours.deployment(1).state is State.CANCELLED
    assert ours.deployment(1).description == "Cancelled by maria"


def test_our_own_statuses_that_come_back_do_not_count_as_another_tools(ours: World) -> None:
    begins(ours)
    starts_with(ours, NO_ENVIRONMENT)
    [remote] = ours.github.deployments(REPOSITORY)

    ours.github.report_deployment_status(REPOSITORY, remote.id, "success")
    ours.reconcile()

    assert ours.deployment(1).state is State.RUNNING


def test_what_was_queued_here_and_has_not_begun_ends_with_a_word(ours: World) -> None:
    ours.says("maria", "deploy topic to staging")
    ours.hold_runs = False

    starts_with(ours, NO_ENVIRONMENT)

    [remote] = ours.github.deployments(REPOSITORY)
    assert ours.statuses(remote.id) == ["queued", "error"]
    assert thread(ours, 1)[-1].startswith("❌ *web → staging* did not work: Its settings are gone\n@maria")


# --- it is never out of sight ---------------------------------------------------------------------------------------


def everything(world: World) -> None:
    in_line(world)
    world.says("maria", "lock staging because I test")
    world.says("bob", "freeze staging because of the sale")
    world.says("maria", "deploy main to staging at 17:00")


@ANYHOW
def test_all_lists_show_what_is_left_and_mark_it(world: World, after: str) -> None:
    everything(world)
    starts_with(world, after)
    place = "*web → staging* (no longer in my settings)"
    where = "#web" if after is not NO_APP else "#deploys"

    shown = {
        said: answers(world, world.says("maria", said, channel=where))[0].split("\n")
        for said in ("status", "queue", "locks", "freezes", "schedule", "deploys")
    }

    sha = {number: world.deployment(number).short_sha for number in (1, 2)}
    told = "\n".join(shown["status"])
    gone = "staging (no longer in my settings)"
    for line in (
        *(
            [f"🚀 *web*  {gone} nothing yet, #1 is under way, 1 waits, 🔒 maria, 🧊 bob"]
            if after is NO_APP
            else [gone, f"🚀 #1 topic@{sha[1]} by maria", f"#2 next@{sha[2]} by bob", "🔒 maria: I test"]
        ),
        "    🧊 web → staging: it is still frozen by bob because of the sale.",
        "    ⏰ web → staging: s1 of the schedule is still to deploy main there, 17:00 UTC, for maria.",
    ):
        assert line in told
    assert [line.partition(",")[0] for line in shown["queue"][1:]] == [
        place,
        f"    🚀 #1 topic@{sha[1]} by maria",
        f"    1. #2 next@{sha[2]} by bob",
    ]
    assert shown["locks"][1].startswith(f"🔒 {place} by maria")
    assert shown["freezes"][1].startswith(f"🧊 {place} is frozen by bob")
    assert shown["schedule"][1].startswith("⏰ s1  *web → staging* (no longer in my settings)  main")
    assert [line.endswith("(no longer in my settings)") for line in shown["deploys"][1:]] == [True, True]


AS_ROW = "\nstaging (no longer in my settings) | nothing deployed yet"
"""In the table of what is where."""


@pytest.mark.parametrize("said", ["status web", "queue web", "deploys web", "schedule web", "status web staging"])
def test_an_app_that_is_gone_is_known_by_its_name_to_those_who_look(world: World, said: str) -> None:
    everything(world)
    starts_with(world, NO_APP)

    [answer] = answers(world, world.says("maria", said, channel="#deploys"))

    assert (AS_ROW if said.startswith("status") else "*web → staging*") in answer


@pytest.mark.parametrize("said", ["status staging", "queue staging", "deploys staging", "deploys in staging"])
def test_an_environment_that_is_gone_is_known_by_its_name_to_those_who_look(world: World, said: str) -> None:
    everything(world)
    starts_with(world, NO_ENVIRONMENT)

    [answer] = answers(world, world.says("maria", said))

    assert (AS_ROW if said.startswith("status") else "*web → staging*") in answer


def test_another_word_for_an_environment_that_there_is_shows_that(world: World) -> None:
    everything(world)
    starts_with(world, RENAMED)

    [answer] = answers(world, world.says("maria", "queue staging"))

    assert answer == "Nothing runs and nothing waits in web → stage."


def test_where_nothing_is_left_a_name_that_is_gone_is_unknown(world: World) -> None:
    starts_with(world, NO_ENVIRONMENT)

    world.says("maria", "status staging")

    assert told(world, "maria") == ["*web* has no environment called staging. It has production."]


# --- commands that name the place -----------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["unlock staging", "unlock web/staging", "unlock staging on web", "unlock all on web"])
@ANYHOW
def test_the_owner_of_a_lock_releases_it(world: World, after: str, said: str) -> None:
    world.says("maria", "lock staging")
    starts_with(world, after)
    if after is NO_APP and said == "unlock staging":
        said = "unlock mine"

    world.says("maria", said)

    assert world.store.reads().locks.all() == []
    assert world.store.set_aside.count() == 0


@ANYHOW
def test_an_admin_releases_it_with_the_button_and_its_owner_is_told(world: World, after: str) -> None:
    world.says("maria", "lock staging")
    starts_with(world, after)
    where = "#deploys" if after is NO_APP else "#web"

    world.presses("bob", world.slack.messages(where)[-1], "Unlock")

    assert world.store.reads().locks.all() == []
    assert (
        seen(world, read_out(world.slack.messages("@maria")[-1])) == "@bob has released your lock on *web → staging*."
    )
    assert channel(world, where)[-1] == "🔓 @bob has released the lock of @maria on *web → staging*."


def test_others_may_not_and_can_ask_its_owner(world: World) -> None:
    world.says("bob", "lock staging")
    starts_with(world, NO_ENVIRONMENT)

    world.says("maria", "unlock staging")
    world.says("maria", "ask for staging")

    assert "Only bob and admins can release it." in told(world, "maria")[0]
    assert "asks you to release *web → staging*" in seen(world, read_out(world.slack.messages("@bob")[-1]))


def test_the_owner_keeps_it_and_is_reminded_once_a_day(world: World) -> None:
    world.says("maria", "lock staging")
    starts_with(world, NO_ENVIRONMENT)

    said = world.says("maria", "keep staging")

    assert answers(world, said) == ["*web → staging* stays yours. I ask again Tue 03 Mar 10:00 UTC."]


@ANYHOW
def test_a_lock_whose_time_is_over_is_told_as_always(world: World, after: str) -> None:
    world.says("maria", "lock staging for 1h")
    starts_with(world, after)

    world.wait(hours=2)

    where = "#deploys" if after is NO_APP else "#web"
    assert channel(world, where)[-1] == "🔓 The lock of @maria on *web → staging* has expired."


@ANYHOW
def test_whoever_declared_a_freeze_lifts_it(world: World, after: str) -> None:
    world.says("maria", "freeze staging because of the sale")
    starts_with(world, after)

    world.says("maria", "unfreeze staging", channel="#deploys")

    assert world.store.reads().freezes.all() == []


@ANYHOW
def test_a_freeze_whose_time_is_over_is_told_as_always(world: World, after: str) -> None:
    world.says("maria", "freeze staging until 11:00 because of the sale")
    starts_with(world, after)

    world.wait(hours=2)

    where = "#deploys" if after is NO_APP else "#web"
    assert world.store.reads().freezes.all() == []
    assert channel(world, where)[-1] == "☀️ *web*: *staging* is no longer frozen."


@ANYHOW
def test_whoever_scheduled_it_takes_it_off(world: World, after: str) -> None:
    world.says("maria", "deploy main to staging at 17:00")
    starts_with(world, after)

    said = world.says("maria", "unschedule #1")

    assert answers(world, said) == ["s1 is off the schedule: `deploy web/main to staging`."]


@ANYHOW
def test_at_its_moment_its_person_is_told_why_it_is_not_done(world: World, after: str) -> None:
    world.github.commit(REPOSITORY, "web/main", "What the command means where there is no app web")
    said = world.says("maria", "deploy main to staging at 10:30")
    starts_with(world, after)

    world.wait(hours=1)

    assert answers(world, said)[-1] == (
        "⏰ @maria s1 `deploy web/main to staging` is due, but web → staging is no longer in my settings, "
        "so it is not done."
    )
    assert world.github.deployments(REPOSITORY) == []
    assert world.store.reads().schedules.of(None) == []


def test_what_repeats_is_told_each_time_with_the_next(world: World) -> None:
    said = world.says("maria", "deploy main to staging every weekday at 11:00")
    starts_with(world, NO_ENVIRONMENT)

    world.wait(hours=25)

    assert [one.split("\n")[-1] for one in answers(world, said)[-2:]] == [
        "Next: Tuesday 3 March 2026, 11:00 UTC. To take it off the schedule: `unschedule s1`.",
        "Next: Wednesday 4 March 2026, 11:00 UTC. To take it off the schedule: `unschedule s1`.",
    ]


def test_one_that_was_missed_offers_nothing_that_means_something_else_by_now(world: World) -> None:
    said = world.says("maria", "deploy main to staging at 10:30")
    world.stands_still(hours=6)

    starts_with(world, NO_APP)

    [last] = world.slack.thread(said.channel, said.ts)[-1:]
    assert last.labels == []


@pytest.mark.parametrize("lost", [False, True], ids=["webhook", "lost webhook"])
@ANYHOW
def test_a_lock_for_a_branch_ends_with_its_pull_request(world: World, after: str, lost: bool) -> None:
    number = world.github.open_pull_request(REPOSITORY, "topic", author="maria")
    world.says("maria", "deploy topic to staging")
    another_tool(world, "success")
    world.says("maria", "lock staging")
    starts_with(world, after)
    world.hold_webhooks = lost

    world.github.close_pull_request(REPOSITORY, number)
    world.wait(minutes=3)
    world.reconcile()

    assert world.store.reads().locks.all() == []


@ANYHOW
def test_who_asked_cancels_what_waits_and_it_ends_everywhere(world: World, after: str) -> None:
    in_line(world)
    starts_with(world, after)

    said = world.says("bob", "cancel #2")

    assert answers(world, said) == ["#2 (web → staging) is cancelled."]
    assert parent(world, 2).split("\n")[0] == "🛑 *web → staging*  cancelled by bob"


def test_a_command_for_the_place_is_refused_with_what_is_left_there(world: World) -> None:
    world.says("bob", "lock staging because I test")
    starts_with(world, NO_ENVIRONMENT)

    for said in ("deploy main to staging", "lock staging", "take over staging on web because it is late"):
        world.says("maria", said)

    refused = (
        "*web* has no environment called staging. It has production.\n"
        "web → staging was there: bob still has the lock, since 10:00 UTC. "
        "It ends with `unlock staging on web`."
    )
    assert told(world, "maria") == [refused] * 3


def test_approve_and_retry_say_that_the_place_is_gone(world: World) -> None:
    world.restart(world.text.replace(STAGING, f"{STAGING}approvals = 1\n"))
    world.says("maria", "deploy topic to staging")
    starts_with(world, NO_ENVIRONMENT)

    world.says("bob", "approve #1")
    world.says("maria", "cancel #1")
    world.says("maria", "retry #1")

    assert told(world, "bob") == ["web → staging is no longer in my settings. To end it: `cancel #1`."]
    assert told(world, "maria") == ["web → staging is no longer in my settings."]
