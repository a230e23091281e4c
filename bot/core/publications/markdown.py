"""The text of comments and releases, in the forge's Markdown: it calls nobody, and nothing breaks out of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from bot.core.deployments.model import Actor, Deployment
from bot.core.names import listed

LONGEST_NAME = 60
# What begins a mention, a reference, a link, a tag, a cell or an emphasis.
_UNSAID = re.compile(r"[^\w .,'()+-]")
_REFERENCE = re.compile(r"\b(gh|www)([-.])(?=\w)", re.IGNORECASE)
_IN_ADDRESSES = "/:?&=%~+,;.-_#"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pull request is live or has been; ``url`` is the address of that environment.

    ``brought`` has brought it there; ``taken`` has taken it back, None while it is live. ``with_app`` where the
    environment's name alone does not say which it is.
    """

    brought: Deployment
    taken: Deployment | None = None
    url: str | None = None
    with_app: bool = False

    @property
    def name(self) -> str:
        app, environment = name(self.brought.app), name(self.brought.environment)
        return f"{app} → {environment}" if self.with_app else environment


def marker(bot: str) -> str:
    """By this the comment is found again; nobody sees it."""
    return f"<!-- shipmate: what is deployed, by {name(bot)} -->"


def comment(bot: str, places: Sequence[Place]) -> str:
    """All of the comment as it is now."""
    rows = [_row(one) for one in places]
    return "\n".join(
        [
            marker(bot),
            _summary(places),
            "",
            "| environment | commit | live since | by | |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _summary(places: Sequence[Place]) -> str:
    live = [one.name for one in places if one.taken is None]
    gone = [one.name for one in places if one.taken is not None]
    told = [f"Live in {listed(live)}."] if live else []
    told += [f"Taken back from {listed(gone)}."] if gone else []
    return f"**{' '.join(told)}**"


def _row(place: Place) -> str:
    taken = place.taken
    mark, since = "✅", _when(_ended(place.brought))
    if taken is not None:
        mark, since = "⏪", f"taken back by {_who(taken.by)}, {_when(_ended(taken))}"
    link = f"[open]({address(place.url)})" if place.url else ""
    # A whole id is drawn as a link to the commit.
    return f"| {mark} {place.name} | {place.brought.sha} | {since} | {_who(place.brought.by)} | {link} |"


def release_name(deployment: Deployment) -> str:
    return f"{deployment.app} → {deployment.environment}, {_when(_ended(deployment))}"


def release_text(deployment: Deployment, url: str | None) -> str:
    """What stands before the notes."""
    place = name(deployment.environment)
    shown = f"[{place}]({address(url)})" if url else place
    by = f"deployed by {_who(deployment.by)}, {_when(_ended(deployment))}"
    return f"{name(deployment.app)} is live in {shown} with {deployment.sha}, {by}."


def _who(by: Actor) -> str:
    """The login, as everybody there knows it, else the name in the chat."""
    return name(by.login or by.name) or "somebody"


def name(text: str) -> str:
    r"""A name as plain text: it calls nobody, refers to nothing, and is no more than a name.

    >>> name("@acme/devs | **bob** #12"), name("snake_case"), name("renovate[bot]")
    ('acmedevs bob 12', 'snake\\_case', 'renovate bot')
    """
    text = re.sub(r"\[bot\]$", " bot", text.strip())
    plain = _REFERENCE.sub(r"\1 ", _UNSAID.sub("", " ".join(text.split())))
    return " ".join(plain.split())[:LONGEST_NAME].strip().replace("_", r"\_")


def address(url: str) -> str:
    """An address within a link, in which nothing ends it.

    >>> address("https://web.example.com/a b)|[x]")
    'https://web.example.com/a%20b%29%7C%5Bx%5D'
    """
    return quote(url, safe=_IN_ADDRESSES)


def _ended(deployment: Deployment) -> datetime:
    return deployment.finished_at or deployment.created_at


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
