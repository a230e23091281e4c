"""What happens again and again in conversations, and what people read on their screens."""

from __future__ import annotations

import re
from typing import Any

from tests.world import REPOSITORY, World, read_out

_LINK = re.compile(r"<(?:https?:|mailto:)[^|>]*\|([^>]*)>")
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_PERSON = re.compile(r"<@(U[0-9]+)>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def seen(world: World, text: str) -> str:
    """Text as Slack draws it: links as their labels, people by name, moments as the fallback says, entities undone."""
    shown = _DATE.sub(r"\1", _LINK.sub(r"\1", text))
    shown = _PERSON.sub(lambda found: f"@{world.slack.workspace.users[found[1]].name}", shown)
    return re.sub("&(?:lt|gt|amp);", lambda found: _ENTITIES[found[0]], shown)


def parent(world: World, deployment_id: int) -> str:
    """The parent message, as it stands now."""
    return seen(world, read_out(world.parent(deployment_id)))


def news(world: World, deployment_id: int) -> str:
    """What the first line of the card says behind the place."""
    return parent(world, deployment_id).split("\n")[0].split("*  ", 1)[1]


def facts(world: World, deployment_id: int) -> list[str]:
    """The small print of the card, a fact each."""
    return parent(world, deployment_id).split("\n")[1].split(" · ")


def notification(world: World, deployment_id: int) -> str:
    """What a notification or a screen reader says of the parent message."""
    return seen(world, world.parent(deployment_id).text)


def thread(world: World, deployment_id: int) -> list[str]:
    return [seen(world, line) for line in world.thread(deployment_id)]


def answers(world: World, message: Any) -> list[str]:
    return [seen(world, line) for line in world.answers(message)]


def told(world: World, person: str) -> list[str]:
    return [seen(world, line) for line in world.told(person)]


def channel(world: World, name: str) -> list[str]:
    """The bot's messages at top level of a channel, the first line of each."""
    bot = world.slack.workspace.user("shipmate").id
    own = [one for one in world.slack.messages(name) if one.user == bot and not one.broadcast]
    return [seen(world, read_out(one)).split("\n")[0] for one in own]


def cards(world: World, name: str) -> list[str]:
    """The bot's messages at top level of a channel: what is new, and in the line below it what, who and since when."""
    bot = world.slack.workspace.user("shipmate").id
    own = [one for one in world.slack.messages(name) if one.user == bot and not one.broadcast]
    return ["\n".join(seen(world, read_out(one)).split("\n")[:2]) for one in own]


def broadcasts(world: World, name: str) -> list[str]:
    """What is shown in the channel as well as in a thread."""
    return [seen(world, read_out(one)) for one in world.slack.messages(name) if one.broadcast]


def another_tool(world: World, *states: str, repository: str = REPOSITORY, **more: Any) -> None:
    """Ten seconds for each state, which another tool reports on the last deployment of the repository."""
    deployment = world.github.deployments(repository)[-1]
    for state in states:
        world.wait(seconds=10)
        world.github.report_deployment_status(repository, deployment.id, state, **more)
        world.settle()


def creations(world: World) -> int:
    """How often GitHub was asked to create a deployment."""
    return sum(one.method == "POST" and one.path.endswith("/deployments") for one in world.github.requests)
