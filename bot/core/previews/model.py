"""Previews: what is kept of each, and what is to become of it now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.deployments.model import Deployment, State, place_key
from bot.core.ports.forge_types import PullRequest
from bot.core.ports.transaction import Reads, Records
from bot.core.workflows.dispatched import LAST_RUN

PREVIEW = "preview"
"""The trigger of what is deployed, and removed, because a pull request asks for it."""
REMOVE = "remove"
"""The task by which whoever carries deployments out takes a preview away."""
REMOVED_AGAIN_AFTER = timedelta(days=1)
"""So long nobody tries again to remove what could not be removed."""
UNWANTED = 0
"""Stands for a comment that somebody has deleted."""
_KEY = "preview:"
_LAST_RUN = re.compile(place_key("(?P<app>[^:]+)", "(?P<place>[^:]+)", LAST_RUN))
_NAME = re.compile(r"(?P<template>.+)-(?P<number>[1-9][0-9]{0,9})")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of the previews of one app.

    ``label`` asks for one; None where every pull request has one. ``most`` may be in use at a time, each until nothing
    was deployed there for ``max_age``.
    """

    label: str | None
    most: int
    max_age: timedelta


def rules(on: str, most: int, max_age: timedelta) -> Rules:
    """As the settings write them.

    >>> rules("label:preview", 10, timedelta(days=7)).label, rules("opened", 10, timedelta(days=7)).label
    ('preview', None)
    """
    return Rules(on.removeprefix("label:") if on.startswith("label:") else None, most, max_age)


class Plan(StrEnum):
    """What is to become of a preview."""

    NOTHING = "nothing"
    DEPLOY = "deploy"
    REMOVE = "remove"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Preview:
    """One pull request's preview, from when it is wanted until it is removed.

    ``template`` is the environment of the settings, ``sha`` the head that was asked for last, at ``asked_at``. One that
    ``waits`` stands in line for its place among the ``max`` that may be in use. ``by_command`` says that somebody has
    asked for it, whatever the settings say. ``removal`` is the deployment that removes it, and ``aged`` says that it
    is, or was, removed as nothing was deployed there for long: until something is pushed.
    """

    app: str
    template: str
    number: int
    sha: str
    asked_at: datetime
    waits: bool = False
    by_command: bool = False
    removal: int | None = None
    aged: bool = False

    @property
    def environment(self) -> str:
        return name_of(self.template, self.number)

    @property
    def in_use(self) -> bool:
        """Whether it counts among those that there may be."""
        return not self.waits and not (self.aged and self.removal is None)

    @property
    def key(self) -> str:
        return _key(self.app, self.template, self.number)

    def show(self) -> str:
        told = {"sha": self.sha, "at": self.asked_at.isoformat(), "waits": self.waits, "by_command": self.by_command}
        return json.dumps({**told, "removal": self.removal, "aged": self.aged})


def name_of(template: str, number: int) -> str:
    """What the environment of a pull request is called.

    >>> name_of("preview", 12)
    'preview-12'
    """
    return f"{template}-{number}"


def split(name: str) -> tuple[str, int] | None:
    """The template and the number of the pull request, None for a name that is no preview's.

    >>> split("preview-12"), split("eu-west")
    (('preview', 12), None)
    """
    found = _NAME.fullmatch(name)
    return (found["template"], int(found["number"])) if found else None


def _key(app: str, template: str, number: int | None = None) -> str:
    return f"{_KEY}{app}:{template}:{number if number is not None else ''}"


def known(reads: Reads, app: str, template: str, number: int) -> Preview | None:
    kept = reads.kept(_key(app, template, number))
    return _read(app, template, number, kept) if kept is not None else None


def all_of(reads: Reads, app: str, template: str) -> list[Preview]:
    """Those of one app that are wanted, the one that was asked for first before the others."""
    beginning = _key(app, template)
    kept = reads.kept_beginning(beginning).items()
    found = [_read(app, template, int(key.removeprefix(beginning)), value) for key, value in kept]
    return sorted(found, key=lambda one: (one.asked_at, one.number))


def in_use(reads: Reads) -> dict[str, list[Preview]]:
    """Those of every app that are there now, by their numbers; in one read."""
    found: dict[str, list[Preview]] = {}
    for key, value in reads.kept_beginning(_KEY).items():
        app, template, number = key.removeprefix(_KEY).rsplit(":", 2)
        one = _read(app, template, int(number), value)
        if one.in_use:
            found.setdefault(app, []).append(one)
    return {app: sorted(those, key=lambda one: (one.number, one.template)) for app, those in found.items()}


def last_runs(reads: Reads) -> list[tuple[str, str, str]]:
    """The places of previews of which a workflow's last run is known: app, environment, and what is known of it."""
    found = [(_LAST_RUN.fullmatch(key), kept) for key, kept in reads.kept_beginning("place:").items()]
    return [(key["app"], key["place"], kept) for key, kept in found if key and split(key["place"])]


def _read(app: str, template: str, number: int, kept: str) -> Preview:
    told = json.loads(kept)
    asked_at = datetime.fromisoformat(told["at"])
    rest = {name: told.get(name, False) for name in ("waits", "by_command", "aged")}
    return Preview(app, template, number, told["sha"], asked_at, removal=told.get("removal"), **rest)


def keep(records: Records, preview: Preview) -> None:
    records.keep(preview.key, preview.show())


def forget(records: Records, preview: Preview) -> None:
    records.forget(preview.key)


def has_room(others: Sequence[Preview], preview: Preview | None, most: int) -> bool:
    """Whether one more may be in use: whoever stood in line before comes first.

    ``preview`` is the one that wants to, None where it has not stood in line; ``others`` are all others of its app.
    """
    before = [
        one for one in others if one.waits and (preview is None or not preview.waits or _stands_before(one, preview))
    ]
    return sum(one.in_use for one in others) + len(before) < most


def _stands_before(one: Preview, other: Preview) -> bool:
    return (one.asked_at, one.number) < (other.asked_at, other.number)


def plan(
    pull: PullRequest, said: Rules, preview: Preview | None, now: datetime, removal: Deployment | None = None
) -> Plan:
    """What is to become of a pull request's preview; ``removal`` is the deployment that removes it, if there is one.

    What comes from a fork is never deployed by itself: whoever may write it need not be trusted. It is removed with
    its pull request all the same, where somebody had it deployed.
    """
    if not _is_wanted(pull, said, preview):
        return _to_remove(preview, now, removal)
    if preview is None:
        hidden = pull.draft and said.label is None
        return Plan.NOTHING if pull.from_fork or hidden else Plan.DEPLOY
    asked_back = preview.removal is not None and not preview.aged
    if not pull.from_fork and (preview.waits or asked_back or preview.sha != pull.head_sha):
        return Plan.DEPLOY
    if preview.aged and preview.removal is None:
        return Plan.NOTHING
    if preview.aged:
        return _to_remove(preview, now, removal)
    return Plan.AGE if not preview.waits and now - preview.asked_at > said.max_age else Plan.NOTHING


def _is_wanted(pull: PullRequest, said: Rules, preview: Preview | None) -> bool:
    if pull.state != "open":
        return False
    if said.label is None or (preview is not None and preview.by_command):
        return True
    return said.label.casefold() in {one.casefold() for one in pull.labels}


def _to_remove(preview: Preview | None, now: datetime, removal: Deployment | None) -> Plan:
    if preview is None:
        return Plan.NOTHING
    if removal is not None and not removal.ended:
        return Plan.NOTHING
    failed = removal is not None and removal.state is not State.SUCCEEDED
    if failed and removal is not None and now - (removal.finished_at or now) < REMOVED_AGAIN_AFTER:
        return Plan.NOTHING
    return Plan.AGE if preview.aged and preview.removal is not None else Plan.REMOVE


def due(
    reads: Reads,
    app: str,
    template: str,
    said: Rules,
    pulls: Mapping[int, PullRequest],
    now: datetime,
    since: datetime,
) -> list[int]:
    """The pull requests whose previews a look would change; ``pulls`` are those that are open, by their numbers.

    Those to which nothing has happened ``since`` the settings have had previews have never asked for one.
    """
    known_ones = {one.number: one for one in all_of(reads, app, template)}
    found: list[int] = []
    for number in sorted({*known_ones, *pulls}):
        preview, pull = known_ones.get(number), pulls.get(number)
        removal = reads.deployment(preview.removal) if preview is not None and preview.removal is not None else None
        if pull is None:
            wanted = _to_remove(preview, now, removal)
        elif preview is None and pull.updated_at is not None and pull.updated_at < since:
            continue
        else:
            wanted = plan(pull, said, preview, now, removal)
        others = [one for one in known_ones.values() if one.number != number]
        in_line = preview is not None and preview.waits and pull is not None and preview.sha == pull.head_sha
        if wanted is Plan.NOTHING or (wanted is Plan.DEPLOY and in_line and not has_room(others, preview, said.most)):
            continue
        found.append(number)
    return found


def since(records: Records, app: str, template: str, now: datetime) -> datetime:
    """Since when the settings have had these previews, as far as that was noticed: now, where it is the first time."""
    key = f"previews since:{app}:{template}"
    kept = records.kept(key)
    if kept is None:
        records.keep(key, now.isoformat())
    return datetime.fromisoformat(kept) if kept is not None else now


@dataclass(frozen=True, slots=True)
class Told:
    """The comment that tells of a pull request's previews, by its number, and what it says, by its fingerprint."""

    comment: int
    text: str


def told(reads: Reads, repository: str, number: int) -> Told | None:
    kept = reads.kept(told_key(repository, number))
    comment, _, text = (kept or "").partition(" ")
    return Told(int(comment), text) if kept is not None else None


def keep_told(records: Records, repository: str, number: int, told: Told) -> None:
    records.keep(told_key(repository, number), f"{told.comment} {told.text}")


def told_key(repository: str, number: int) -> str:
    """Under this is kept which comment tells of them. Where it was cleared away the comment is looked for."""
    return f"previews told:{repository.lower()}:{number}"


def asked_again(preview: Preview, sha: str, now: datetime) -> Preview:
    """As it is when its place is deployed to."""
    return replace(preview, sha=sha, asked_at=now, waits=False, removal=None, aged=False)


def removed_since(reads: Reads, live: Deployment) -> bool:
    """Whether what was deployed to a preview has been taken away afterwards."""
    removed = reads.successes(live.app, live.environment, 1, task=REMOVE)
    return bool(removed) and is_removal(removed[0]) and removed[0].id > live.id


def is_silent(deployment: Deployment) -> bool:
    """Whether the channel hears nothing of it: previews have no card, as their pull request tells of them."""
    return deployment.trigger == PREVIEW and deployment.state not in {State.FAILED, State.ERROR, State.TIMED_OUT}


def is_removal(deployment: Deployment) -> bool:
    return removes(deployment.task, deployment.environment, deployment.pull_request)


def removes(task: str, environment: str, pull_request: int | None) -> bool:
    """Whether a preview is taken away. Any tool may name a task so: only in the place of a pull request it counts.

    >>> removes("remove", "preview-12", 12), removes("remove", "production", None)
    (True, False)
    """
    return task == REMOVE and pull_request is not None and environment.endswith(f"-{pull_request}")
