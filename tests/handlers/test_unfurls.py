"""Links to the bot's own pages unfurl as how things stand, and only where the app's own channel could be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.slack.state import BOT_USER, Message
from tests.world import REPOSITORY, SETTINGS, World, world

BASE = "https://bot.example.com"
THERE = {"BASE_URL": BASE}
CLOSED = SETTINGS.replace('channel = "#web"', 'channel = "#web"\nallowed_channels = ["#web", "#oncall"]')


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, environ=THERE) as the_world:
        yield opened(the_world)


def opened(here: World) -> World:
    """With one deployment that runs."""
    here.slack.unfurl_domains = frozenset({"bot.example.com"})
    here.says("maria", "deploy main to production")
    return here


def link(here: World, number: int = 1) -> str:
    return f"{BASE}/deployments/{here.deployment(number).request_id}"


def posts(here: World, text: str, channel: str = "#random", person: str = "bob") -> Message:
    said = here.slack.says(person, channel, text)
    here.settle()
    return said


def calls(here: World) -> int:
    return len(here.slack.calls("chat.unfurl"))


def test_a_deployment_unfurls_as_how_it_stands_with_two_buttons(here: World) -> None:
    said = posts(here, f"see {link(here)}")

    shown = said.unfurls[link(here)]
    assert shown.lines[0] == "🚀 *web → production*  is under way"
    assert shown.lines[-1].startswith("as of ")
    assert shown.labels == ["Cancel", "Details"]


def test_an_app_unfurls_as_its_places(here: World) -> None:
    here.github.report_deployment_status(REPOSITORY, here.github.deployments(REPOSITORY)[-1].id, "success")
    here.settle()

    said = posts(here, f"{BASE}/apps/web?key=abc")

    shown = said.unfurls[f"{BASE}/apps/web?key=abc"]
    assert [line.partition("  ")[0] for line in shown.lines[:2]] == ["▫️ *web → staging*", "✅ *web → production*"]
    assert shown.labels == ["Deploy…", "Status"]


def test_what_is_pressed_below_a_link_is_done_once_and_as_it_was_drawn(here: World) -> None:
    said = posts(here, link(here))

    here.slack.press_unfurled("maria", said, link(here), "Cancel")
    here.settle()
    here.slack.press_unfurled("maria", said, link(here), "Cancel")
    here.settle()

    assert here.deployment(1).state == "cancelled"
    assert here.told("maria")[-1].startswith("#1 has ended already")


def test_deploy_below_a_link_opens_the_form_for_that_app(here: World) -> None:
    said = posts(here, f"{BASE}/apps/web")

    here.slack.press_unfurled("bob", said, f"{BASE}/apps/web", "Deploy…")
    here.settle()

    form = here.slack.modal("bob")
    assert form is not None
    assert form.body["title"]["text"] == "Deploy"


def test_each_message_is_unfurled_once_however_often_slack_tells_of_it(here: World) -> None:
    posts(here, link(here))
    for again in [one for one in here.slack.envelopes if one.payload.get("event", {}).get("type") == "link_shared"]:
        here.slack.redeliver(again)
    here.settle()

    assert calls(here) == 1


@pytest.mark.parametrize(
    "text",
    [
        "https://bot.example.com.evil.example/apps/web",
        "https://evil.bot.example.com/apps/web",
        "http://bot.example.com/apps/web",
        "https://bot.example.com:444/apps/web",
        "https://maria@bot.example.com/apps/web",
        f"{BASE}/apps/other",
        f"{BASE}/apps/",
        f"{BASE}/deployments/nothing",
        f"{BASE}/healthz",
        BASE,
    ],
)
def test_what_leads_elsewhere_is_left_alone(here: World, text: str) -> None:
    here.slack.unfurl_domains |= {"evil.example"}

    said = posts(here, text)

    assert (said.unfurls, calls(here)) == ({}, 0)


def test_links_beside_each_other_each_show_what_is_theirs(here: World) -> None:
    said = posts(here, f"{link(here)} and {BASE}/apps/web and {BASE}/apps/other")

    assert list(said.unfurls) == [link(here), f"{BASE}/apps/web"]


def test_without_an_address_of_ours_nothing_is_ours(tmp_path: Path) -> None:
    with world(tmp_path) as there:
        said = posts(opened(there), f"{BASE}/apps/web")

        assert (said.unfurls, calls(there)) == ({}, 0)


def test_below_a_path_pages_are_found_and_nothing_beside_it(tmp_path: Path) -> None:
    with world(tmp_path, environ={"BASE_URL": f"{BASE}/ship/"}) as there:
        opened(there)

        assert list(posts(there, f"{BASE}/ship/apps/web").unfurls) == [f"{BASE}/ship/apps/web"]
        assert posts(there, f"{BASE}/shipmate/apps/web").unfurls == {}


def test_nothing_of_a_private_channel_is_shown_to_those_who_are_not_in_it(here: World) -> None:
    here.slack.workspace.channel("#web").is_private = True
    here.slack.add_channel("bobs-own", members=["bob"], private=True)
    here.slack.add_channel("both", members=["maria"], private=True)
    here.slack.workspace.channel("#web").members = {BOT_USER, here.slack.workspace.user("maria").id}
    here.wait(minutes=11)

    assert posts(here, link(here)).unfurls == {}
    assert posts(here, link(here), "#bobs-own").unfurls == {}
    assert posts(here, f"{BASE}/apps/web", "@bob").unfurls == {}
    assert list(posts(here, link(here), "#both", "maria").unfurls) == [link(here)]
    assert list(posts(here, link(here), "#web", "maria").unfurls) == [link(here)]


def test_nothing_is_shown_where_people_of_another_company_read(here: World) -> None:
    here.slack.workspace.channel("#random").is_ext_shared = True
    here.wait(minutes=11)

    assert posts(here, link(here)).unfurls == {}


def test_where_its_commands_are_not_taken_an_app_is_not_shown(tmp_path: Path) -> None:
    with world(tmp_path, CLOSED, environ=THERE) as there:
        opened(there)
        there.slack.add_channel("oncall", members=["maria", "bob"])
        there.wait(minutes=11)

        assert posts(there, link(there)).unfurls == {}
        assert posts(there, f"{BASE}/apps/web", "@bob").unfurls == {}
        assert list(posts(there, link(there), "#oncall").unfurls) == [link(there)]
        assert list(posts(there, link(there), "#web").unfurls) == [link(there)]


def test_a_guest_in_a_direct_message_sees_what_their_channels_show(here: World) -> None:
    here.slack.add_user("gina", is_guest=True)

    assert posts(here, link(here), "@gina", "gina").unfurls == {}
    assert list(posts(here, link(here), "@bob", "bob").unfurls) == [link(here)]


def test_people_of_another_workspace_are_shown_nothing(here: World) -> None:
    here.slack.add_user("eve", team="T99999999", is_stranger=True)

    said = posts(here, link(here), "#web", "eve")

    assert (said.unfurls, calls(here)) == ({}, 0)


def test_a_message_that_is_still_being_written_is_left_alone(here: World) -> None:
    said = Message(f"<{link(here)}>", [], channel=here.slack.workspace.channel("#web").id, ts="1.0", user="U00000002")

    here.slack.tells_of_links(said, source="composer")
    here.settle()

    assert calls(here) == 0


@pytest.mark.parametrize("code", ["cannot_unfurl_url", "missing_scope", "cannot_find_message"])
def test_where_slack_does_not_want_it_nobody_is_troubled(here: World, code: str) -> None:
    here.slack.fail_next("chat.unfurl", code)

    said = posts(here, link(here))

    assert said.unfurls == {}
    assert here.told("bob") == []


def test_after_an_outage_it_is_shown_all_the_same(here: World) -> None:
    here.slack.fail_next("chat.unfurl", status=503)

    said = posts(here, link(here))
    here.wait(minutes=2)

    assert list(said.unfurls) == [link(here)]


def test_it_calls_nobody(tmp_path: Path) -> None:
    with world(tmp_path, SETTINGS + 'approvals = 1\napprovers = ["U00000002"]\n', environ=THERE) as there:
        opened(there)

        said = posts(there, link(there), "#web")

        shown = said.unfurls[link(there)]
        assert "<@" not in "\n".join(shown.lines)
        assert shown.labels == ["Approve", "Reject…"]
