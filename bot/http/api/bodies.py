"""The shapes of what programs send and are sent: bodies are read by them, and the OpenAPI document is made of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from bot.adapters.decoding import convert
from bot.core.api.problems import Problem
from bot.core.deployments.representation import STATES
from bot.core.names import nearest

Moment = Annotated[str, Meta(description="RFC 3339, in UTC.", examples=["2026-03-02T10:00:00.000Z"])]
Line = Annotated[str, Meta(min_length=1, max_length=500)]
Word = Annotated[str, Meta(min_length=1, max_length=255)]


class Asked(Struct, forbid_unknown_fields=True, frozen=True):
    """What a program sends; a field that nobody knows is an error."""


class NothingAsked(Asked, frozen=True):
    """What an address says already."""


class DeploymentAsked(Asked, frozen=True):
    """A deployment that is asked for: the same request as the command ``deploy``, and the same gates."""

    app: Annotated[Word, Meta(description="Needed where the settings, or the token, have several.")] | None = None
    ref: (
        Annotated[
            Word, Meta(description="A branch, a tag, a commit, or `#12`; default: as in the chat.", examples=["main"])
        ]
        | None
    ) = None
    environment: Annotated[Word, Meta(description="Default: as in the chat.")] | None = None
    task: Annotated[Word, Meta(description="`deploy`, or `deploy:<task>`.", examples=["deploy:migrate"])] = "deploy"
    params: Annotated[dict[str, str], Meta(max_length=50, description="As `key=value` in the chat.")] = {}
    force: Annotated[bool, Meta(description="Pass the gates that may be passed by force.")] = False
    force_reason: Annotated[Line, Meta(description="Why it is forced.")] | None = None
    when_green: Annotated[bool, Meta(description="Wait for what is not green yet, in place of a refusal.")] = False


class LockAsked(Asked, frozen=True):
    """A lock that is to be taken."""

    reason: Line | None = None
    for_: Annotated[Word, Meta(description="How long, such as `2h`.", examples=["2h"])] | None = msgspec.field(
        default=None, name="for"
    )


class FreezeAsked(Asked, frozen=True):
    """A freeze that is to be declared."""

    environment: Annotated[Word, Meta(description="Its name, or `all`.")]
    reason: Line
    app: Annotated[Word, Meta(description="Default: every app.")] | None = None
    until: (
        Annotated[Word, Meta(description="A moment; without one it has no end.", examples=["2026-03-06T09:00Z"])] | None
    ) = None


# --- what is answered ---------------------------------------------------------------------------------------------


class Person(Struct, frozen=True):
    """Somebody, by their Slack id and their GitHub login, where these are known."""

    slack: str | None
    github: str | None
    name: str


class WaitsFor(Struct, frozen=True):
    """What a deployment waits for: a gate, and why it is closed. ``since`` is told of the first one."""

    gate: str
    reason: str
    facts: list[str]
    since: Moment | None


class Deployment(Struct, frozen=True):
    """A deployment. ``retry_of`` and its like are numbers of other deployments."""

    id: Annotated[str, Meta(description="Its request id, which GitHub's payload carries too.")]
    number: Annotated[int, Meta(description="What people type: `#12`.")]
    app: str
    environment: str
    hosts: str | None
    repository: str
    ref: str
    sha: str
    title: str
    task: str
    params: dict[str, str]
    state: Literal[STATES]  # type: ignore[valid-type]
    waits_for: list[WaitsFor]
    description: str
    trigger: str
    requested_by: Person
    force: bool
    force_reason: str | None
    forced: Annotated[list[str], Meta(description="The gates that were passed by force, a line each.")]
    pull_request: int | None
    retry_of: int | None
    rollback_of: int | None
    promoted_from: int | None
    superseded_by: int | None
    replaced_by: int | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    github_deployment_id: int | None
    environment_url: str | None
    log_url: str | None
    url: Annotated[str | None, Meta(description="Its page, where `BASE_URL` is set.")]


class Deployments(Struct, frozen=True):
    """A page of deployments, newest first; ``next`` is the address of the next page."""

    deployments: list[Deployment]
    next: str | None


class Lock(Struct, frozen=True):
    """An environment in one person's hands."""

    app: str
    environment: str
    held_by: Person
    reason: str | None
    since: Moment
    until: Moment | None
    ref: str | None
    sha: str | None
    pull_request: int | None


class Locks(Struct, frozen=True):
    """What is locked now."""

    locks: list[Lock]


class Freeze(Struct, frozen=True):
    """An environment that a person has closed."""

    id: int
    app: str
    environment: str
    declared_by: Person
    reason: str
    declared_at: Moment
    until: Moment | None


class Freezes(Struct, frozen=True):
    """What is frozen now; closed windows are in the settings, and not here."""

    freezes: list[Freeze]


class BoardEnvironment(Struct, frozen=True):
    """How a place stands; ``behind`` counts merges that it lacks, null where that is not known."""

    name: str
    production: bool
    live: Deployment | None
    behind: int | None
    failing: bool
    running: list[Deployment]
    waiting: list[Deployment]
    lock: Lock | None
    freeze: Freeze | None


class BoardApp(Struct, frozen=True):
    """An app with its environments."""

    name: str
    environments: list[BoardEnvironment]


class Board(Struct, frozen=True):
    """What is where, of all apps that the token reaches."""

    apps: list[BoardApp]


class Request(Struct, frozen=True):
    """A request by its id: ``status`` and ``answer`` are what it was answered, null as long as it is not decided."""

    id: str
    decided: bool
    status: int | None
    answer: Any


class Reason(Struct, frozen=True):
    """One of the reasons: ``waits`` is whether `when_green` would wait for it, ``forcible`` whether `force` passes."""

    gate: str
    reason: str
    waits: bool
    forcible: bool


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """RFC 9457: ``detail`` says what to do, ``retry_after`` in how many seconds; ``reasons`` are all in the way."""

    type: str
    title: str
    status: int
    detail: str
    reasons: list[Reason] | msgspec.UnsetType = msgspec.UNSET
    retry_after: int | msgspec.UnsetType = msgspec.UNSET


ASKED: tuple[type[Asked], ...] = (DeploymentAsked, LockAsked, FreezeAsked)
ANSWERED: tuple[type[Struct], ...] = (Deployment, Deployments, Lock, Locks, Freezes, Board, Request, ProblemDetails)


# --- reading ------------------------------------------------------------------------------------------------------


class Misshapen(Exception):
    """A body that cannot be read; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def read(body: bytes, kind: type[Asked]) -> Any:
    """The body as ``kind``. Raises Misshapen."""
    try:
        given = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Misshapen(Problem(400, "not-json", f"The body is not JSON: {error}.")) from error
    if not isinstance(given, dict):
        raise Misshapen(Problem(400, "not-json", "The body must be a JSON object."))
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in given:
        if name not in known:
            raise Misshapen(Problem(400, "unknown-field", _unknown(name, known)))
    try:
        return convert(given, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Misshapen(Problem(422, "not-valid", f"{error}.".replace("$.", ""))) from error


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return f"There is no field “{name[:100]}”; the address says all, so leave the body out."
    near = nearest(name, known)
    meant = f"did you mean “{near}”?" if near else f"there are {', '.join(known)}."
    return f"There is no field “{name[:100]}”; {meant}"
