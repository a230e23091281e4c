"""What people type, where it takes a look at GitHub or several answers: lines, environments, suggestions."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.events.external import CommandGiven
from bot.runtime.commands import Conversation
from tests.handlers.scenes import answers, channel, told
from tests.world import REPOSITORY, World


class Killed(BaseException):
    """The process ends here."""


def deployed(world: World) -> list[tuple[str, str]]:
    """The commit and the environment of each deployment on GitHub."""
    return [(one.sha, one.environment) for one in world.github.deployments(REPOSITORY)]


def head(world: World, branch: str) -> str:
    return world.github.repository(REPOSITORY).branches[branch]


def confirms(message: Any) -> list[str | None]:
    """What each button asks before it does anything."""
    return [button.get("confirm", {}).get("text", {}).get("text") for button in message.buttons]


# --- lines ----------------------------------------------------------------------------------------------------------


def test_the_second_line_says_where_it_goes(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")

    world.says("maria", "deploy topic\nto staging")

    assert deployed(world) == [(head(world, "topic"), "staging")]


def test_the_second_line_says_why(world: World) -> None:
    world.says("maria", "lock staging\nbecause testing")

    assert channel(world, "#web") == ["🔒 @maria has locked *web → staging* because testing."]


def test_every_command_of_a_message_is_done_and_answered_in_order(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")

    said = world.says("maria", "deploy topic to staging\ndeploy main to production\nlocks")

    assert deployed(world) == [(head(world, "topic"), "staging"), (head(world, "main"), "production")]
    assert channel(world, "#web") == [
        "🚀 *web → staging*  is under way",
        "🚀 *web → production*  is under way",
    ]
    assert answers(world, said) == ["Nothing is locked. `lock production on web` keeps an environment to yourself."]
    assert told(world, "maria") == []


def test_what_is_not_understood_keeps_no_other_command_from_being_done(world: World) -> None:
    world.says("maria", "deploy main to staging carefully\nlock production because testing")

    assert told(world, "maria") == [
        "I did not understand “carefully” after “staging”. For example: `help deploy` or `status`"
    ]
    assert channel(world, "#web") == ["🔒 @maria has locked *web → production* because testing."]
    assert deployed(world) == []


@pytest.mark.parametrize("at", [1, 2, 3])
def test_each_of_several_is_done_once_when_the_bot_is_killed_between_them(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    answer, given = Conversation.answer, []

    def dies_once(self: Conversation, context: Any, event: CommandGiven) -> Any:
        given.append(event.text)
        if len(given) == at:
            raise Killed
        return answer(self, context, event)

    monkeypatch.setattr(Conversation, "answer", dies_once)
    world.restart()
    world.github.commit(REPOSITORY, "topic", "Add search")
    with pytest.raises(Killed):
        world.says("maria", "lock staging\ndeploy topic\nto staging\ndeploy main to production")

    world.restart()
    world.settle()

    assert deployed(world) == [(head(world, "topic"), "staging"), (head(world, "main"), "production")]
    assert len(world.store.reads().locks.all()) == 1
    assert channel(world, "#web").count("🔒 @maria has locked *web → staging*.") == 1
    assert given.count("lock staging") == (2 if at == 1 else 1)


def test_what_github_does_not_answer_for_waits_and_what_is_done_stays_done(world: World) -> None:
    world.github.fail_next("GET", "/branches/", 503, times=50)
    world.says("maria", "lock staging because testing\ndeploy main to staging")
    before = deployed(world)
    world.github.heal()

    world.wait(minutes=5)

    assert before == []
    assert [environment for _, environment in deployed(world)] == ["staging"]
    assert channel(world, "#web")[0] == "🔒 @maria has locked *web → staging* because testing."
    assert sum("has locked" in line for line in channel(world, "#web")) == 1
    assert sum("*web → staging*  nobody has" in line for line in channel(world, "#web")) == 1


def test_what_is_given_up_is_told_from_what_was_done(world: World) -> None:
    world.github.fail_next("GET", "/branches/", 503, times=500)
    world.says("maria", "lock staging because testing\ndeploy main to staging")

    world.wait(minutes=20)

    assert told(world, "maria")[-1].endswith(
        "I have given up on what of your message is not answered yet: nothing was changed by that; please send it "
        "again later."
    )
    assert deployed(world) == []


def test_a_slash_command_of_several_lines_is_several_commands(world: World) -> None:
    world.slash("maria", "main\nto staging\nlock staging\nbecause testing")

    assert [environment for _, environment in deployed(world)] == ["staging"]
    assert "🔒 @maria has locked *web → staging* because testing." in channel(world, "#web")


# --- environments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", ["deploy staging", "deploy web staging", "deploy stg", "deploy the staging environment"]
)
def test_an_environments_name_is_the_environment(world: World, said: str) -> None:
    world.says("maria", said)

    assert deployed(world) == [(head(world, "main"), "staging")]


def test_behind_slash_deploy_too(world: World) -> None:
    world.slash("maria", "staging")

    assert deployed(world) == [(head(world, "main"), "staging")]


@pytest.mark.parametrize(("kind", "label"), [("branch", "branch"), ("tag", "tag")])
def test_where_a_branch_is_called_the_same_both_deeds_are_offered(world: World, kind: str, label: str) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    getattr(world.github, kind)(REPOSITORY, "staging", at="topic")

    world.says("maria", "deploy staging when green")
    question = world.slack.ephemerals("maria")[-1]
    before = deployed(world)
    world.presses("maria", question, f"Deploy {label} staging of web to production when green")
    world.presses("maria", question, "Deploy web to staging when green")

    assert told(world, "maria")[0] == f"`staging` is the environment *staging* and the {label} staging."
    assert question.labels == [
        "Deploy web to staging when green",
        f"Deploy {label} staging of web to production when green",
    ]
    assert confirms(question) == [None, f"Deploy {label} staging of web to production when green?"]
    assert before == []
    assert deployed(world) == [(head(world, "topic"), "production"), (head(world, "main"), "staging")]


def test_the_word_that_was_typed_is_the_branch_that_is_looked_for(world: World) -> None:
    world.github.branch(REPOSITORY, "staging")

    world.says("maria", "deploy stg")

    assert deployed(world) == [(head(world, "main"), "staging")]


def test_a_branch_called_like_an_environment_goes_where_it_is_told_to(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.github.branch(REPOSITORY, "staging", at="topic")

    world.says("maria", "deploy staging to production")

    assert deployed(world) == [(head(world, "topic"), "production")]


def test_nobody_learns_of_a_branch_who_may_not_read_the_repository(world: World) -> None:
    world.github.branch(REPOSITORY, "staging")
    world.github.set_base_permission("maria", "none")

    world.says("maria", "deploy staging")

    assert not any("branch" in line for line in told(world, "maria"))
    assert deployed(world) == []


def test_one_at_a_time_and_both_to_press(world: World) -> None:
    world.says("maria", "deploy main to staging and production")
    question = world.slack.ephemerals("maria")[-1]
    before = deployed(world)
    world.presses("maria", question, "Deploy main to staging")

    assert told(world, "maria") == ["One at a time, please: I understood “staging” and “production”. Which one?"]
    assert question.labels == ["Deploy main to staging", "Deploy main to production"]
    assert confirms(question) == [None, "Deploy web/main to production?"]
    assert before == []
    assert [environment for _, environment in deployed(world)] == ["staging"]


# --- suggestions ----------------------------------------------------------------------------------------------------


def test_a_mistyped_verb_is_mended_and_the_rest_kept(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    world.says("maria", "depoly topic to staging")
    suggestion = world.slack.ephemerals("maria")[-1]

    world.presses("maria", suggestion, "Yes: deploy topic to staging")

    assert told(world, "maria")[0] == (
        "I do not know the command “depoly”. Did you mean this?\n`deploy topic to staging`"
    )
    assert deployed(world) == [(head(world, "topic"), "staging")]


def test_a_ref_and_its_place_in_one_word_never_go_to_production(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")

    world.says("maria", "deploy topic@staging")

    assert told(world, "maria") == ["What is “topic@staging”? Did you mean this?\n`deploy topic to staging`"]
    assert world.slack.ephemerals("maria")[-1].labels == ["Yes: deploy topic to staging"]


def test_what_goes_to_production_by_default_says_so_and_asks(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")

    world.says("maria", "deploy tpoic")
    suggestion = world.slack.ephemerals("maria")[-1]

    assert suggestion.labels == ["Deploy web/topic to production"]
    assert confirms(suggestion) == ["Deploy web/topic to production?"]


@pytest.mark.parametrize("ref", ["again", "api", "latest", "mine", "master", "v1.2.4", "release-2"])
def test_another_word_is_no_slip(world: World, ref: str) -> None:
    for name in ("v1.2.3", "release-1"):
        world.github.branch(REPOSITORY, name)

    world.says("maria", f"deploy {ref} to staging")

    assert "Did you mean" not in told(world, "maria")[0]
    assert world.slack.ephemerals("maria")[0].labels == []
    assert deployed(world) == []


def test_a_command_that_does_not_exist_is_no_example(world: World) -> None:
    for said in ("banana", "no"):
        world.says("maria", said)

    assert told(world, "maria") == [
        "I do not know the command “banana”. For example: `status` or `help`",
        "I do not know the command “no”. For example: `status` or `help`",
    ]


# --- locks ----------------------------------------------------------------------------------------------------------


def test_an_afternoon_ends_at_six_on_the_persons_clock(world: World) -> None:
    world.slack.add_user("yuki", tz="Asia/Tokyo")
    world.slack.workspace.channel("#web").members.add(world.slack.workspace.user("yuki").id)
    world.github.set_base_permission("yuki", "write")
    world.settings.people[world.slack.workspace.user("yuki").id] = "yuki"

    world.says("maria", "lock production for the afternoon")
    world.says("yuki", "lock staging for the afternoon")  # 19:00 in Tokyo

    assert channel(world, "#web") == ["🔒 @maria has locked *web → production* until Mon 02 Mar 18:00 UTC."]
    assert "end of the afternoon" in told(world, "yuki")[0]


def test_a_time_that_is_over_locks_nothing(world: World) -> None:
    world.says("maria", "lock production for -1h")

    assert channel(world, "#web") == []
    assert told(world, "maria") == [
        "For how long? I did not understand “-1h”: write “for 2h”. For example: `help lock` or `status`"
    ]


def test_the_end_of_the_lock_before_does_not_end_the_new_one(world: World) -> None:
    world.says("maria", "lock production for 1h")
    world.says("maria", "lock production: still testing")

    world.wait(hours=2)

    [lock] = world.store.reads().locks.all()
    assert (lock.until, lock.reason) == (None, "still testing")
