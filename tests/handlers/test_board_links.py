"""Links to the board and to the page of an app: who is given them, and that they open what they are for."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.http.server import signatures
from tests.handlers.scenes import answers
from tests.handlers.test_home import TWO
from tests.world import World, world

BASE = "https://bot.example.com"
THERE = {"BASE_URL": BASE}
SIGN_IN = {**THERE, "SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "secret"}


def link_in(said: str, name: str) -> str:
    [found] = set(re.findall(rf"<([^|>]*)\|{name}>", said))
    return found.replace("&amp;", "&")


def opens(here: World, link: str, path: str) -> bool:
    """Whether the key of the link opens the path."""
    assert link.startswith(BASE)
    [key] = parse_qs(urlsplit(link).query)["key"]
    return signatures(here.settings, here.store).opens(key, path) is not None


def test_status_links_to_the_page_of_the_app_and_to_no_other(tmp_path: Path) -> None:
    with world(tmp_path, environ=THERE) as here:
        [said] = answers(here, here.says("bob", "status web"))
        link = link_in(raw(here), "History and figures")

        assert said.splitlines()[1] == "History and figures"
        assert urlsplit(link).path == "/apps/web"
        assert opens(here, link, "/apps/web")
        assert not opens(here, link, "/apps/api")
        assert not opens(here, link, "/")


@pytest.mark.parametrize("said", ["deploys web", "deploys web in production", "figures web"])
def test_what_is_asked_of_one_app_links_to_its_page(tmp_path: Path, said: str) -> None:
    with world(tmp_path, environ=THERE) as here:
        here.says("bob", said)

        assert opens(here, link_in(raw(here), "History and figures"), "/apps/web")


@pytest.mark.parametrize("said", ["deploys", "figures"])
def test_what_is_asked_of_several_apps_links_to_none_of_their_pages(tmp_path: Path, said: str) -> None:
    with world(tmp_path, TWO, environ=THERE) as here:
        here.says("bob", said, channel="@bob")

        assert "History and figures" not in raw(here)


def raw(here: World) -> str:
    return str([message.blocks for message in here.slack.workspace.everything_said()])


def test_without_a_page_there_is_no_link(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        [said] = answers(here, here.says("bob", "status web"))

        assert "History and figures" not in said
        assert "on a page" not in here.opens_home("bob")


def test_where_people_sign_in_a_link_needs_no_key(tmp_path: Path) -> None:
    with world(tmp_path, environ=SIGN_IN) as here:
        here.says("bob", "status web")

        assert link_in(raw(here), "History and figures") == f"{BASE}/apps/web"


def test_the_home_tab_links_to_the_board_for_those_who_may_see_all_of_it(tmp_path: Path) -> None:
    with world(tmp_path, TWO, environ=THERE) as here:
        here.slack.add_user("dave")
        here.slack.add_channel("secret", members=["dave"], private=True)
        here.github.add_repository("acme/api")
        here.github.set_permission("acme/api", "bob", "none")
        for person in ("dave", "bob"):
            here.opens_home(person)

        dave, bob = here.slack.home("dave"), here.slack.home("bob")
        assert "All of it on a page" in here.home("dave")
        assert opens(here, link_in(str(dave), "All of it on a page"), "/apps/api")
        assert "All of it on a page" not in here.home("bob")
        assert BASE not in str(bob)
