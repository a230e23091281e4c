"""What a deployment is, and how its state may move."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.rich_text import Line
from bot.core.shipments.model import Shipment


class State(StrEnum):
    """Where a deployment stands. A retry or a rollback is a new deployment that names the old one."""

    REQUESTED = "requested"
    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERROR = "error"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class Waiting(StrEnum):
    """What a waiting deployment waits for."""

    CHECKS = "checks"
    REVIEW = "review"
    ORDER = "order"
    QUEUE = "queue"
    APPROVAL = "approval"
    LOCK = "lock"
    FREEZE = "freeze"
    MOMENT = "moment"
    MERGE = "merge"


MOVES: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.WAITING, State.STARTING, State.CANCELLED}),
    State.WAITING: frozenset({State.STARTING, State.CANCELLED, State.SUPERSEDED, State.EXPIRED}),
    State.STARTING: frozenset({State.RUNNING, State.FAILED, State.ERROR, State.CANCELLED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.ERROR, State.TIMED_OUT, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.ERROR: frozenset({State.SUCCEEDED, State.FAILED}),
    State.TIMED_OUT: frozenset({State.SUCCEEDED, State.FAILED}),
    State.CANCELLED: frozenset(),
    State.SUPERSEDED: frozenset(),
    State.EXPIRED: frozenset(),
}
"""The table of a deployment's life; the README's diagram is drawn from it.

What has ended moves on only where it was given up: see ``Deployment.given_up``.
"""

BUSY: frozenset[State] = frozenset({State.STARTING, State.RUNNING})
ENDED: frozenset[State] = frozenset(State) - BUSY - {State.REQUESTED, State.WAITING}

DEPLOY = "deploy"
"""The task that puts a commit where it is to run; all others leave what is there as it is."""

MERGES = frozenset({"merge", "ship"})
"""The triggers of what deploys the merge of a pull request, whoever merged it."""

REMOTE_STATES: dict[str, State] = {
    "pending": State.STARTING,
    "queued": State.STARTING,
    "in_progress": State.RUNNING,
    "success": State.SUCCEEDED,
    "failure": State.FAILED,
    "error": State.ERROR,
}
"""What a status on GitHub means for us; ``inactive`` says nothing about the deployment's own life."""
REVIEW_WANTED = "waiting"
"""The status in which GitHub holds a deployment until its reviewers have let it pass."""
TELLING = frozenset({*REMOTE_STATES, REVIEW_WANTED})
"""The statuses that tell of a deployment's life."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked: ``chat_id`` and ``login`` where known, ``name`` always, fit to be shown.

    ``author`` is the login behind the pull request that was merged.
    """

    name: str
    chat_id: str | None = None
    login: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Shipped:
    """One line of what a deployment ships or takes back: a pull request, or a commit that came in without one.

    ``author`` is a login, or the name in git where there is none; ``login`` only ever a login. ``unasked`` is a
    commit of which nobody has found out whether a pull request brought it in: there were too many to ask.
    """

    title: str
    author: str
    url: str
    number: int | None = None
    sha: str | None = None
    login: str | None = None
    unasked: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What ships: everything since the last successful deployment of the environment.

    ``base`` is the commit deployed there before; ``first`` says that nothing was. ``behind`` counts commits that the
    environment has and this deployment lacks, ``taken_back`` tells of them: a roll-back, or a branch that is not up to
    date; what both have, in other commits, is in neither list and not counted. ``more`` and ``more_back`` count the
    commits of which no line tells, as there are too many. ``migrations`` and ``migrations_back`` are those of the
    environment's ``migration_paths`` that are touched, as people read them; None where GitHub tells of too few files.
    """

    base: str | None = None
    shipped: tuple[Shipped, ...] = ()
    ahead: int = 0
    behind: int = 0
    url: str | None = None
    first: bool = False
    taken_back: tuple[Shipped, ...] = ()
    more: int = 0
    more_back: int = 0
    migrations: tuple[str, ...] | None = ()
    migrations_back: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Waited:
    """A time in which a deployment waits, or has waited until ``until``, for one reason."""

    reason: Waiting
    since: datetime
    until: datetime | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Something else that holds a deployment which waits: why, in a sentence, and what there is to know of it."""

    reason: Waiting
    why: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRun:
    """A step that has begun; ``number`` counts from 1. It goes on where there is no ``ended_at``."""

    number: int
    name: str
    started_at: datetime
    ended_at: datetime | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """How far it has got, as far as whoever carries it out tells; ``total`` is how many steps there are."""

    total: int = 0
    runs: tuple[StepRun, ...] = ()


NO_STEPS = Steps()


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, as the database knows it. All times are aware and in UTC.

    ``id`` is what people type (``#12``), ``request_id`` what GitHub's payload carries, ``remote_id`` GitHub's own id.
    ``channel``/``parent`` are the parent message; ``asked_channel``/``asked_thread`` the thread of the command;
    without a thread ``asked_channel`` may be whoever asked, by their chat id: then they are told directly.
    ``last_status`` is the newest status on GitHub that was taken in. ``exclusive`` is False for those that another tool
    carries out without asking us: they may overlap with ours. ``password_key`` is where a one-time password is kept, in
    memory only. ``edited_at`` is when the parent message was last edited. ``approvals_missing`` counts what is still to
    come while it waits; ``forced`` are the gates that were passed by force, a line each. ``given_up_at`` is when we
    ended it because another tool was silent; it stays when the end is reported after all. ``waits_since`` of one that
    is under way is since when GitHub holds it for a review: to older versions of the bot that means nothing.
    ``replaced_by`` is what went live in its environment afterwards: what it offered is over with that.
    ``promoted_from`` is the success in another environment of which it carries the commit on.
    ``thread`` is the thread in which it is told, None for that under its parent message; ``asked_message`` the message
    that asked for it. ``card`` is the deployment after which its card is called, where that is another one: see
    ``rolling_card``. ``news`` is what it waits for, in a few words behind its name, and ``facts`` what there is to know
    of that; ``waited`` what it has waited for so far, ``held`` what holds it besides. ``shipment`` is the pull request
    that it merges first: until that is done ``sha`` is its head, and nothing that may be deployed.
    """

    id: int
    request_id: str
    app: str
    environment: str
    repository: str
    ref: str
    sha: str
    state: State
    trigger: str
    by: Actor
    created_at: datetime
    title: str = ""
    url: str | None = None
    task: str = DEPLOY
    hosts: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    force: bool = False
    force_reason: str | None = None
    reason: str | None = None
    waits_for: Waiting | None = None
    waits_since: datetime | None = None
    due_at: datetime | None = None
    pull_request: int | None = None
    merged_at: datetime | None = None
    retry_of: int | None = None
    rollback_of: int | None = None
    promoted_from: int | None = None
    superseded_by: int | None = None
    remote_id: int | None = None
    last_status: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    description: str = ""
    log_url: str | None = None
    environment_url: str | None = None
    channel: str | None = None
    parent: str | None = None
    asked_channel: str | None = None
    asked_thread: str | None = None
    changes: Changes = field(default_factory=Changes)
    usual_seconds: float | None = None
    cancel_by: str | None = None
    password_key: str | None = None
    exclusive: bool = True
    edited_at: datetime | None = None
    approved_by: tuple[Actor, ...] = ()
    approvals_missing: int = 0
    forced: tuple[str, ...] = ()
    given_up_at: datetime | None = None
    replaced_by: int | None = None
    thread: str | None = None
    asked_message: str | None = None
    card: int | None = None
    news: Line = ()
    facts: tuple[Line, ...] = ()
    waited: tuple[Waited, ...] = ()
    held: tuple[Held, ...] = ()
    steps: Steps = field(default_factory=Steps)
    shipment: Shipment | None = None

    @property
    def shown_on(self) -> int:
        """The card that shows it, by the deployment after which it is called."""
        return self.card or self.id

    @property
    def unmerged(self) -> bool:
        """Whether it ships a pull request that is not merged, as far as it has come to know."""
        return self.shipment is not None and self.merged_at is None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def busy(self) -> bool:
        """Whether it occupies its environment."""
        return self.state in BUSY

    @property
    def begun(self) -> bool:
        """Whether somebody may be at work: ending it takes more than saying so."""
        return self.busy and (self.state is not State.STARTING or self.remote_id is not None)

    @property
    def given_up(self) -> bool:
        """Whether we ended it without knowing how it ended, so that whoever carries it out may still tell."""
        return self.given_up_at is not None and self.state in {State.ERROR, State.TIMED_OUT}

    @property
    def after_all(self) -> timedelta | None:
        """How long after it was given up its end was reported, None where that did not happen."""
        if self.given_up_at is None or self.given_up or self.finished_at is None:
            return None
        return self.finished_at - self.given_up_at

    @property
    def by_itself(self) -> bool:
        """Whether nobody has asked for it, neither here nor with another tool."""
        return self.by.chat_id is None and self.by.login is None

    @property
    def reviewed_elsewhere(self) -> bool:
        """Whether it is another tool's turn, and GitHub holds it until somebody has reviewed it there."""
        return self.busy and self.waits_since is not None

    @property
    def short_sha(self) -> str:
        return self.sha[:7]

    @property
    def took(self) -> timedelta | None:
        """How long it ran, without what it stood for reviews; None before its end or where it never ran."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at - self.stood_for_reviews

    @property
    def stood_for_reviews(self) -> timedelta:
        """How long reviews on GitHub have held it since it began: nobody's clock ran meanwhile."""
        began = self.started_at
        held = (
            one.until - one.since
            for one in self.waited
            if one.reason is Waiting.REVIEW and one.until is not None and began is not None and one.since >= began
        )
        return sum(held, timedelta())


def run_key(deployment_id: int) -> str:
    """Under this is kept how a provider of ours carries the deployment out, from its beginning to its end."""
    return f"run:{deployment_id}"


def notes_key(deployment_id: int, name: str = "") -> str:
    """Under keys that begin so is kept what its provider wants to know again after a restart."""
    return f"{run_key(deployment_id)}:{name}"


HANDED_OVER = "handed-over"
"""The note of a run that a provider of ours is to carry it out, kept from the moment that this is decided."""
HEARD = "heard"
"""The note of a run that says which word came last from where its work is done: another one each time."""


def place_key(app: str, environment: str, name: str) -> str:
    """Under this is kept what a provider wants to know of the last run there, also after it has ended."""
    return f"place:{app}:{environment}:{name}"


def may_become(state: State, next_state: State) -> bool:
    return next_state in MOVES[state]


def moved(
    deployment: Deployment, state: State, now: datetime, description: str = "", due_at: datetime | None = None
) -> Deployment:
    """The deployment in its next state, with the times that follow from the move.

    ``due_at`` is when it is looked at again if nothing happens until then.
    Raises ValueError where the table does not know the move: callers ask ``may_become`` first.
    """
    if not may_become(deployment.state, state) or (deployment.ended and not deployment.given_up):
        raise ValueError(f"A deployment that is {deployment.state} cannot become {state}.")
    return replace(
        deployment,
        state=state,
        description=description,
        waits_for=None,
        waits_since=None,
        due_at=due_at,
        started_at=now if state is State.STARTING else deployment.started_at,
        finished_at=now if state in ENDED else None,
    )


def waiting(deployment: Deployment, reason: Waiting, now: datetime, due_at: datetime | None = None) -> Deployment:
    """The deployment as it waits for ``reason``; one that waits already keeps counting where the reason is the same."""
    if deployment.state is not State.WAITING and not may_become(deployment.state, State.WAITING):
        raise ValueError(f"A deployment that is {deployment.state} cannot wait.")
    since = deployment.waits_since if deployment.waits_for is reason else None
    return replace(deployment, state=State.WAITING, waits_for=reason, waits_since=since or now, due_at=due_at)


def held_for_review(deployment: Deployment, now: datetime) -> Deployment:
    """The deployment while GitHub waits for its reviewers: no clock of ours runs, however long that takes."""
    if not deployment.busy:
        raise ValueError(f"A deployment that is {deployment.state} is not reviewed elsewhere.")
    return replace(deployment, waits_since=deployment.waits_since or now, due_at=None)


def path_to(state: State, goal: State) -> tuple[State, ...] | None:
    """The moves that lead from ``state`` to ``goal`` while running, None where none do.

    GitHub's webhooks may skip or swap statuses: a ``success`` that overtakes its ``in_progress`` passes through both.

    >>> path_to(State.STARTING, State.SUCCEEDED)
    (<State.RUNNING: 'running'>, <State.SUCCEEDED: 'succeeded'>)
    """
    if may_become(state, goal):
        return (goal,)
    if state is State.STARTING and may_become(State.RUNNING, goal):
        return (State.RUNNING, goal)
    return None


def state_diagram() -> str:
    """The table of moves as a Mermaid diagram, for the README."""
    lines = ["stateDiagram-v2", "    [*] --> requested"]
    for state, next_states in MOVES.items():
        lines += [f"    {state} --> {following}" for following in State if following in next_states]
        if state in ENDED:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)
