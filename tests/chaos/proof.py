"""What must hold in the end, read from the servers' own logs and held against the bot's records: broken promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from bot.adapters.storage import tables
from tests.chaos.places.place import is_of_itself
from tests.chaos.story import Story
from tests.end_to_end.installation import REPOSITORY, Installation
from tests.servers.slack.state import Message

ORDER = ("queued", "in_progress", "success", "failure", "error")
ENDS = {"succeeded": "success", "failed": "failure", "error": "error", "timed_out": "error", "cancelled": "error"}
WORDS = {
    "succeeded": (" is live", " is back on "),
    "failed": (" failed",),
    "error": (" did not work",),
    "timed_out": (" has not reported", " timed out "),
    "cancelled": (" cancelled by ",),
    "superseded": (" is part of #",),
}
"""In the first line of its card."""


def rows(engine: sa.Engine, table: sa.Table) -> list[Any]:
    """In the order in which they were made: Postgres has none of its own."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(*table.primary_key.columns)))


def unsettled(engine: sa.Engine) -> list[str]:
    """What still waits for something."""
    left = [f"delivery {one.id}: {one.failure}" for one in rows(engine, tables.deliveries) if one.handled_at is None]
    left += [f"effect {one.id} {one.name} in {one.lane}" for one in rows(engine, tables.effects) if one.done_at is None]
    left += [f"webhook {one.name} of #{one.deployment_id}: {one.reason}" for one in rows(engine, tables.webhook_events)]
    left += [
        f"deployment {one.id} ({one.ref} {one.sha[:7]}) is {one.state}: {one.waits_for} {one.reason}"
        for one in rows(engine, tables.deployments)
        if not one.finished_at
    ]
    return left


def broken_promises(site: Installation, story: Story, engine: sa.Engine) -> list[str]:
    """Sentences; none where all is well."""
    deployments = rows(engine, tables.deployments)
    return [
        *_on_github(site, deployments, {one.remote_id for one in rows(engine, tables.twins)}),
        *_at_their_places(story, deployments),
        *_in_the_chat(site, story, deployments),
        *_asked_for(site, story, deployments),
        *(f"given up: {one.name} in {one.lane}: {one.failure}" for one in rows(engine, tables.effects) if one.failure),
        *(f"given up: {one.id}: {one.failure}" for one in rows(engine, tables.deliveries) if one.failure),
    ]


def _on_github(site: Installation, deployments: list[Any], twins: set[int]) -> Iterator[str]:
    there = site.deployments()
    ours = Counter(one.payload["request_id"] for one in there if one.creator == site.github.bot_login)
    yield from (f"{request} is {count} times on GitHub" for request, count in ours.items() if count > 1)
    known = {one.remote_id: one for one in deployments if one.remote_id is not None}
    for remote in there:
        if remote.id in twins:
            continue  # what it says is said of ours
        if remote.id not in known:
            yield f"deployment {remote.id} on GitHub is not known to the bot"
            continue
        statuses = site.github.deployment_statuses(REPOSITORY, remote.id)
        # How far it has got is told by the same state in other words.
        said = Counter((one.state, one.description, one.log_url, one.environment_url) for one in statuses)
        states = [one.state for one in statuses if one.state != "inactive"]
        doubled = [one for one, count in said.items() if count > 1]
        if doubled or states != sorted(states, key=ORDER.index):
            yield f"deployment {remote.id} has the statuses {states}; twice: {doubled}"
        if not states or states[-1] != ENDS.get(known[remote.id].state):
            yield f"deployment {remote.id} ends with {states[-1:]}, but the bot says {known[remote.id].state}"


def _at_their_places(story: Story, deployments: list[Any]) -> Iterator[str]:
    for place in story.places:
        ours = [one for one in deployments if place.has(one.environment) and one.trigger != "remote"]
        yield from (f"{place.name}: {broken}" for broken in place.broken(ours))


def _in_the_chat(site: Installation, story: Story, deployments: list[Any]) -> Iterator[str]:
    said = [one for one in site.slack.workspace.everything_said() if one.bot_id is not None]
    keys = Counter(_key(one) for one in said if _key(one))
    yield from (f"the message {key} was posted {count} times" for key, count in keys.items() if count > 1)
    # Merges that waited for the same are shown by one card, which says how it went with the newest of them.
    shared: dict[int, list[Any]] = {}
    for one in sorted((one for one in deployments if not _is_silent(one)), key=lambda one: int(one.id)):
        shared.setdefault(one.card or one.id, []).append(one)
    for parts in shared.values():
        yield from (f"#{one.id} was begun, and has no card of its own" for one in parts[:-1] if one.started_at)
        newest, parents = parts[-1], {f"parent:{one.request_id}" for one in parts}
        cards = [message for message in said if _key(message) in parents]
        if len(cards) != 1:
            yield f"#{newest.id} has {len(cards)} cards"
            continue
        if not any(word in cards[0].lines[0] for word in WORDS.get(newest.state, ("?",))):
            yield f"#{newest.id} is {newest.state}, and its card says {cards[0].lines[0]!r}"
    for one in deployments:
        if _is_silent(one) and any(_key(message) == f"parent:{one.request_id}" for message in said):
            yield f"#{one.id}, of a preview, has a card"
        told = Counter(_payload(message).get("kind") for message in said if _is_reply_of(message, one))
        yield from (f"#{one.id}: {kind} is told {n} times" for kind, n in told.items() if n > 1)
    for message in story.said:
        answers = Counter(site.thread(message))
        yield from (f"{message.text}: {line!r} is answered {n} times" for line, n in answers.items() if n > 1)


def _is_silent(deployment: Any) -> bool:
    """Whether the channel hears nothing of it, as its pull request tells of it."""
    return deployment.trigger == "preview" and deployment.state not in {"failed", "error", "timed_out"}


def _key(message: Message) -> str:
    return str(_payload(message).get("key", ""))


def _payload(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = (message.metadata or {}).get("event_payload", {})
    return found


def _is_reply_of(message: Message, deployment: Any) -> bool:
    told = _payload(message)
    return told.get("deployment") == deployment.request_id and told.get("kind") in {"gates", "run", "end"}


def _asked_for(site: Installation, story: Story, deployments: list[Any]) -> Iterator[str]:
    for branch, message in story.asked.items():
        found = [one for one in deployments if one.ref == branch and is_of_itself(one)]
        if len(found) != 1:
            yield f"{message.text} made {len(found)} deployments; the answers: {site.thread(message)}"
    for sha in story.merged:
        found = [one for one in deployments if one.sha == sha and one.environment == "staging" and not one.retry_of]
        # Of several merges that were missed only the last is deployed: those before it go out with it.
        if len(found) > 1 or (not found and sha == story.merged[-1]):
            yield f"the merge {sha[:7]} made {len(found)} deployments"
    for remote in story.others:
        if not any(one.remote_id == remote for one in deployments):
            yield f"deployment {remote} of another tool was never seen"
