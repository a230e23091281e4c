"""The page of a deployment is linked where people look for what was written: on its card, in its thread, on GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import Message
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

BASE = "https://bot.example.com"
SIGNED_IN = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "client-secret", "SLACK_BOT_TOKEN": SlackServer.bot_token}
OURS = SETTINGS.replace(
    'provider = { type = "external" }',
    'provider = { type = "shell", command = ["sh", "-c", "echo hello; exit $CODE"], environment = { CODE = "0" } }',
)
FAILING = OURS.replace('CODE = "0"', 'CODE = "3"')


@contextmanager
def deployed(
    directory: Path, settings: str = OURS, *, private: bool = False, environ: dict[str, str] | None = None
) -> Iterator[World]:
    with open_world(directory, settings, environ={"BASE_URL": BASE, **(environ or {})}) as world:
        world.github.repositories[REPOSITORY].private = private
        world.says("maria", "deploy main to staging")
        yield world


def page(world: World, number: int = 1) -> str:
    return f"{BASE}/deployments/{world.deployment(number).request_id}"


def links(blocks: object) -> dict[str, str]:
    """The addresses in a message, by what is read."""
    found = re.findall(r"<(https?://[^|>]+)\|([^>]+)>", json.dumps(blocks, ensure_ascii=False))
    return {text: url.replace("&amp;", "&") for url, text in found}


def replies(world: World) -> list[Message]:
    """Those in the thread in which it is told."""
    one = world.deployment(1)
    bot = world.slack.workspace.user("shipmate").id
    return [said for said in world.slack.thread(one.channel or "", one.thread or one.parent or "") if said.user == bot]


def answered(world: World, said: Message) -> dict[str, str]:
    return links([one.blocks for one in world.slack.thread(said.channel, said.ts)])


def log_urls(world: World) -> set[str | None]:
    return {one.log_url for one in world.github.deployments(REPOSITORY)[0].statuses}


def test_the_card_and_the_thread_lead_to_what_was_written(tmp_path: Path) -> None:
    with deployed(tmp_path, FAILING) as world:
        card, thread = world.parent(1), replies(world)

        link = links(card.blocks)["logs"]
        assert re.fullmatch(re.escape(page(world)) + r"\?key=[0-9a-f]+\.[\w-]{43}", link)
        assert links(thread[-1].blocks)["Look at the log"] == link


def test_whoever_asks_for_the_log_gets_a_link_to_all_of_it_and_a_fresh_one_later(tmp_path: Path) -> None:
    with deployed(tmp_path) as world:
        first = world.says("maria", "logs #1")
        world.wait(days=9)
        later = world.says("maria", "logs #1")

        why = world.says("maria", "why #1")

        one, other = (answered(world, said)["All of the log"] for said in (first, later))
        assert one.startswith(f"{page(world)}?key=")
        assert one.partition("?")[0] == other.partition("?")[0]
        assert one != other
        assert answered(world, why)["Its page"] == other


def test_a_card_is_not_edited_for_its_link_alone(tmp_path: Path) -> None:
    with deployed(tmp_path) as world:
        before = len(world.slack.calls("chat.update"))
        world.wait(hours=3)

        assert len(world.slack.calls("chat.update")) == before


@pytest.mark.parametrize(
    ("private", "environ", "keyed"), [(False, {}, False), (True, {}, True), (True, SIGNED_IN, False)]
)
def test_github_leads_to_the_page_and_shows_no_key_to_everybody(
    tmp_path: Path, private: bool, environ: dict[str, str], keyed: bool
) -> None:
    with deployed(tmp_path, private=private, environ=environ) as world:
        urls = {url for url in log_urls(world) if url}

        assert len(urls) == 1
        assert next(iter(urls)).startswith(page(world))
        assert ("?key=" in next(iter(urls))) == keyed
        assert world.deployment(1).log_url is None


def test_where_people_sign_in_links_have_no_key(tmp_path: Path) -> None:
    with deployed(tmp_path, environ=SIGNED_IN) as world:
        assert links(world.parent(1).blocks)["logs"] == page(world)


def test_what_another_tool_tells_of_its_log_is_linked_beside_the_page(tmp_path: Path) -> None:
    with deployed(tmp_path, SETTINGS) as world:
        remote = world.github.deployments(REPOSITORY)[0].id
        world.github.report_deployment_status(REPOSITORY, remote, "in_progress", log_url="https://ci.example.com/1")
        world.settle()

        found = links(world.parent(1).blocks)

        assert found["logs"] == "https://ci.example.com/1"
        assert found["page"].startswith(page(world))


def test_each_line_of_a_full_thread_leads_to_the_page_as_the_card_does(tmp_path: Path) -> None:
    full = SETTINGS.replace("[apps.web.environments.staging]", '[apps.web.environments.staging]\nverbosity = "full"')
    with deployed(tmp_path, full) as world:
        remote = world.github.deployments(REPOSITORY)[0].id
        world.github.report_deployment_status(REPOSITORY, remote, "in_progress", description="building")
        world.settle()
        log = "https://ci.example.com/1"
        world.github.report_deployment_status(REPOSITORY, remote, "in_progress", description="testing", log_url=log)
        world.settle()
        world.github.report_deployment_status(REPOSITORY, remote, "success")
        world.settle()

        *_, building, testing, done = [links(one.blocks) for one in replies(world)[:-1]]

        assert set(building) == {"page"}
        assert testing["logs"] == done["logs"] == log
        assert [one["page"].partition("?key=")[0] for one in (building, testing, done)] == [page(world)] * 3


def test_our_own_page_coming_back_is_nobody_elses_log(tmp_path: Path) -> None:
    with deployed(tmp_path, SETTINGS) as world:
        remote = world.github.deployments(REPOSITORY)[0].id
        world.github.report_deployment_status(REPOSITORY, remote, "in_progress", log_url=f"{page(world)}?key=old")
        world.settle()

        assert world.deployment(1).log_url is None


def test_without_an_address_of_its_own_nothing_is_linked(tmp_path: Path) -> None:
    with open_world(tmp_path, OURS) as world:
        world.says("maria", "deploy main to staging")

        assert "logs" not in links(world.parent(1).blocks)
        assert log_urls(world) == {""}
