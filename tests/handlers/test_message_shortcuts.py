"""Deploy this, in the menu of a message: the deploy form, with what the message is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.slack.state import Message, View
from tests.world import REPOSITORY, SETTINGS, World, world

PAGES = "https://github.com/acme/web"
TWO = SETTINGS + '[apps.api]\nrepository = "acme/api"\nchannel = "#api"\n[apps.api.environments.eu]\n'


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as the_world:
        yield the_world


def wants(here: World, said: Message, person: str = "maria") -> View:
    here.slack.uses_shortcut(person, said)
    here.settle()
    shown = here.slack.modal(person)
    assert shown is not None
    return shown


def said(here: World, text: str, channel: str = "#random", person: str = "bob") -> Message:
    message = here.slack.says(person, channel, text)
    here.settle()
    return message


def chosen(shown: View) -> dict[str, str]:
    found = {}
    for block in shown.blocks:
        option = block.get("element", {}).get("initial_option") if block["type"] == "input" else None
        if option is not None:
            found[block["block_id"].partition("@")[0]] = option["value"]
    return found


@pytest.mark.parametrize(
    ("link", "ref"),
    [
        ("/pull/{number}", "#{number}"),
        ("/pull/{number}/files#diff-1", "#{number}"),
        ("/tree/topic", "topic"),
        ("/commit/{sha}", "{sha}"),
        ("/compare/main...topic", "topic"),
    ],
)
def test_what_a_message_links_to_is_chosen_and_deployed(here: World, link: str, ref: str) -> None:
    sha = here.github.commit(REPOSITORY, "topic", "Greet", files={"greeting.txt": "hello"})
    number = here.github.open_pull_request(REPOSITORY, "topic", title="Say hello")

    shown = wants(here, said(here, f"please have a look: {PAGES}{link.format(number=number, sha=sha)} thanks"))
    here.slack.submits("maria")
    here.settle()

    expected = ref.format(number=number, sha=sha)
    assert chosen(shown) == {"app": "web", "to": "production", "what": expected, "when": "now"}
    assert (here.deployment(1).sha, here.deployment(1).by.name) == (sha, "maria")


def test_a_link_in_blocks_and_attachments_of_other_apps_is_found(here: World) -> None:
    here.github.commit(REPOSITORY, "topic", "Greet")
    message = said(here, "New pull request")
    message.blocks = [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"<{PAGES}/tree/topic|topic> was pushed"},
            "block_id": "b",
        }
    ]

    assert chosen(wants(here, message))["what"] == "topic"


def test_a_card_of_the_bots_own_is_what_it_is_about(here: World) -> None:
    here.github.commit(REPOSITORY, "topic", "Greet")
    here.says("maria", "deploy topic to staging")

    shown = wants(here, here.parent(1), "bob")

    assert chosen(shown) == {"app": "web", "to": "staging", "what": "topic", "when": "now"}


def test_what_others_write_into_their_metadata_is_nothing(here: World) -> None:
    here.says("maria", "deploy main to staging")
    message = said(here, "look here")
    message.metadata = {"event_type": "shipmate", "event_payload": {"deployment": here.deployment(1).request_id}}

    shown = wants(here, message)

    assert shown.lines[0].startswith("⚠️ That message names no pull request, branch or commit")


def test_a_message_without_one_says_so_and_lets_one_choose(here: World) -> None:
    shown = wants(here, said(here, "lunch?"))
    here.slack.submits("maria", to="staging")
    here.settle()

    assert shown.lines[0] == (
        "⚠️ That message names no pull request, branch or commit that I can find. Choose what to deploy."
    )
    assert here.deployment(1).environment == "staging"


def test_a_message_that_names_several_says_which_is_chosen(here: World) -> None:
    here.github.commit(REPOSITORY, "one", "One")
    here.github.commit(REPOSITORY, "two", "Two")

    shown = wants(here, said(here, f"{PAGES}/tree/one or {PAGES}/tree/two"))

    assert chosen(shown)["what"] == "one"
    assert shown.lines[0] == "⚠️ That message names several. This is the first one: `one`."


def test_another_repository_says_which_are_known(here: World) -> None:
    shown = wants(here, said(here, "https://github.com/acme/other/pull/7"))

    assert shown.lines[0] == (
        "⚠️ That message is about `acme/other`, which is the repository of no app that you may see. "
        "I know acme/web (web)."
    )


def test_of_apps_that_one_may_not_see_nothing_is_told(tmp_path: Path) -> None:
    with world(tmp_path, TWO) as here:
        here.github.add_repository("acme/api")
        here.github.set_permission("acme/api", "bob", "none")
        here.slack.add_channel("api", members=["maria"], private=True)

        of_bob = wants(here, said(here, "https://github.com/acme/api/pull/7"), "bob")
        of_maria = wants(here, said(here, "https://github.com/acme/api/tree/main"))

        assert of_bob.lines[0].endswith("no app that you may see. I know acme/web (web).")
        assert chosen(of_maria)["app"] == "api"


def test_it_works_where_the_bot_is_no_member_and_answers_the_person(here: World) -> None:
    here.github.commit(REPOSITORY, "topic", "Greet")
    here.slack.add_channel("elsewhere", members=["maria", "bob"], bot=False)
    message = here.slack.says("bob", "#elsewhere", f"{PAGES}/tree/topic")

    wants(here, message)
    here.slack.submits("maria")
    here.settle()

    assert here.deployment(1).ref == "topic"


def test_where_the_trigger_has_expired_it_is_said_how_to_type_it(here: World) -> None:
    here.slack.trigger_lives = -1.0

    here.slack.uses_shortcut("maria", said(here, f"{PAGES}/tree/topic"))
    here.settle()

    assert here.slack.modal("maria") is None
    assert here.told("maria") == ["Slack let me open no form for that just now. Try it again, or type help deploy."]


def test_another_shortcut_is_acknowledged_and_nothing_else(here: World) -> None:
    sent = here.slack.uses_shortcut("maria", said(here, f"{PAGES}/tree/topic"), "something_else")
    here.settle()

    assert sent.acked
    assert here.slack.modal("maria") is None


def test_people_of_another_workspace_get_no_form(here: World) -> None:
    here.slack.add_user("eve", team="T99999999", is_stranger=True)

    here.slack.uses_shortcut("eve", said(here, f"{PAGES}/tree/topic"))
    here.settle()

    assert here.slack.modal("eve") is None
    assert here.github.deployments(REPOSITORY) == []
    assert len(here.told("eve")) == 1


def test_a_name_that_is_too_long_to_be_chosen_is_said_and_not_cut(here: World) -> None:
    long = "topic/" + "x" * 160
    here.github.commit(REPOSITORY, long, "Greet")

    shown = wants(here, said(here, f"{PAGES}/tree/{long}"))

    assert "what" not in chosen(shown)
    assert shown.lines[0] == f"⚠️ `{long}` is too long a name to be chosen here: type it, as in `help deploy`."


def test_a_hostile_message_is_a_message_without_a_link(here: World) -> None:
    worst = "https://github.com/acme/web/tree/" + "<!channel>`--force`" + "\u202e"
    nested: dict[str, object] = {"type": "section", "text": {"type": "mrkdwn", "text": worst}, "block_id": "b"}
    message = said(
        here, f"{worst} https://github.com/{'a' * 3_000} https://[::1 https://github.com/acme/web/pull/99999999999"
    )
    message.blocks = [nested] * 3

    shown = wants(here, message)

    assert "<!channel>" not in "\n".join(shown.lines)
    here.slack.submits("maria")
    here.settle()
    assert not any(one.force for one in here.store.reads().unended())
