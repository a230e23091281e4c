"""Deployments as rows: the Reads and Records ports on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.adapters.decoding import convert
from bot.adapters.storage import serialization, tables
from bot.adapters.storage.api import ApiRowReads, ApiTransaction
from bot.adapters.storage.approvals import ApprovalRows, ApprovalTransaction
from bot.adapters.storage.audit import AuditRows, AuditTransaction
from bot.adapters.storage.board import BoardRows, BoardTransaction
from bot.adapters.storage.edits import said_so_far
from bot.adapters.storage.figures import FigureRows
from bot.adapters.storage.freezes import FreezeRowReads, FreezeRowRecords
from bot.adapters.storage.history import HistoryRows
from bot.adapters.storage.inbox import insert_delivery, mark_handled
from bot.adapters.storage.locks import LockRows, LockTransaction
from bot.adapters.storage.measures import TallyTransaction
from bot.adapters.storage.merge_cards import MergeCardRows, MergeCardTransaction
from bot.adapters.storage.notices import NoticeRows, NoticeTransaction
from bot.adapters.storage.outgoing_webhooks import WebhookTransaction
from bot.adapters.storage.people import PeopleRowReads, PeopleRowRecords
from bot.adapters.storage.presses import PressRows, PressTransaction
from bot.adapters.storage.publications import PublicationRows, PublicationTransaction
from bot.adapters.storage.repositories import RepositoryRows, RepositoryTransaction
from bot.adapters.storage.schedules import ScheduleRowReads, ScheduleRowRecords
from bot.adapters.storage.twins import TwinRows, TwinTransaction
from bot.adapters.storage.upsert import insert_new, upsert
from bot.core.deployments.model import (
    DEPLOY,
    ENDED,
    MERGES,
    Actor,
    Changes,
    Deployment,
    Held,
    State,
    Steps,
    Waited,
    Waiting,
)
from bot.core.effects import Effect
from bot.core.events import Event
from bot.core.previews.model import PREVIEW
from bot.core.shipments.model import Shipment
from bot.core.stored import stored_name

_D = tables.deployments.c
STORY = ("news", "facts", "waited", "held", "steps", "shipment")
"""Together in one column: nobody looks for them."""
_COLUMNS = [field.name for field in fields(Deployment) if field.name not in STORY]
# Statements are made once where they are executed often: to make one costs more than to execute it.
_BY_ID = sa.select(tables.deployments).where(_D.id == sa.bindparam("key"))
_BY_REMOTE = sa.select(tables.deployments).order_by(_D.id.desc()).limit(1)
_BY_REMOTE = _BY_REMOTE.where(_D.remote_id == sa.bindparam("remote"))
_BY_REMOTE = _BY_REMOTE.where(
    sa.or_(_D.repository == sa.bindparam("repository"), _D.app.in_(sa.bindparam("apps", expanding=True)))
)
_STOOD = sa.select(_D.state, _D.waits_for, _D.waits_since, _D.cancel_by, _D.remote_id, _D.started_at)
_STOOD = _STOOD.where(_D.id == sa.bindparam("key"))
_HELD = sa.select(tables.environments.c.app).with_for_update()
_HELD = _HELD.where(tables.environments.c.app == sa.bindparam("app"))
_HELD = _HELD.where(tables.environments.c.environment == sa.bindparam("environment"))
_UNENDED = sa.and_(tables.UNENDED)
_BUSY = sa.and_(_UNENDED, _D.state.in_([State.STARTING, State.RUNNING]))
_WAITING = sa.and_(_UNENDED, _D.state == State.WAITING)


OFFERING = 20
"""How many messages are drawn again at most when something goes live."""
SUCCESSES_OF_ONE = 50
"""How many successes of one commit in one place are looked at."""
IN_ONE_THREAD = 100
"""How many deployments of one thread are looked at, the newest."""
NOT_SAVED = ("channel", "parent", "edited_at", "repository", "card")
"""What performers write, or the look at what a repository is called, or who takes a card over: a decision that is made
meanwhile must not undo it."""
_SAVED = [*(name for name in _COLUMNS if name not in {"id", *NOT_SAVED}), "story"]
_SAVE = sa.update(tables.deployments).where(_D.id == sa.bindparam("key"))
_SAVE = _SAVE.values({name: sa.bindparam(name) for name in _SAVED})
_EMIT = sa.insert(tables.effects)


def _of(repository: str, apps: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(_D.repository == repository, _D.app.in_(apps))


def to_row(deployment: Deployment) -> dict[str, Any]:
    row = {name: getattr(deployment, name) for name in _COLUMNS if name != "id"}
    row["by"] = msgspec.to_builtins(deployment.by)
    row["changes"] = msgspec.to_builtins(deployment.changes)
    row["params"] = [list(pair) for pair in deployment.params]
    row["approved_by"] = msgspec.to_builtins(deployment.approved_by)
    row["forced"] = list(deployment.forced)
    row["story"] = _story(deployment)
    return row


def _story(deployment: Deployment) -> dict[str, Any] | None:
    story: dict[str, Any] = {}
    if deployment.news or deployment.facts:
        story["said"] = serialization.lines_to_builtins((deployment.news, *deployment.facts))
    if deployment.waited:
        story["waited"] = msgspec.to_builtins(deployment.waited)
    if deployment.held:
        story["held"] = msgspec.to_builtins(deployment.held)
    if deployment.steps != Steps():
        story["steps"] = msgspec.to_builtins(deployment.steps)
    if deployment.shipment is not None:
        story["shipment"] = msgspec.to_builtins(deployment.shipment)
    return story or None


def _told(story: dict[str, Any]) -> dict[str, Any]:
    news, *facts = serialization.lines_from_builtins(story["said"]) if "said" in story else ((),)
    return {
        "news": news,
        "facts": tuple(facts),
        "waited": convert(story.get("waited", []), tuple[Waited, ...], strict=False),
        "held": convert(story.get("held", []), tuple[Held, ...], strict=False),
        "steps": convert(story.get("steps", {}), Steps, strict=False),
        "shipment": convert(story.get("shipment"), Shipment | None, strict=False),
    }


def from_row(row: Any) -> Deployment:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["state"] = State(row.state)
    values["waits_for"] = Waiting(row.waits_for) if row.waits_for else None
    values["by"] = convert(row.by, Actor)
    values["changes"] = convert(row.changes or {}, Changes)
    values["params"] = tuple((key, value) for key, value in row.params)
    values["approved_by"] = convert(row.approved_by, tuple[Actor, ...])
    values["forced"] = tuple(row.forced)
    return Deployment(**values, **(_told(row.story) if row.story else {}))


SEVERAL = 3
"""So often in a row, and it was no accident that an effect was refused."""


class RowReads:
    """Reads through ``run``, which executes a select and returns all of its rows."""

    def __init__(self, run: Callable[..., Sequence[Any]]) -> None:
        self._run = run

    def _many(
        self,
        *where: sa.ColumnElement[bool],
        newest: bool = False,
        by: Sequence[sa.Column[Any]] = (_D.id,),
        limit: int | None = None,
    ) -> list[Deployment]:
        order = [column.desc() if newest else column for column in by]
        query = sa.select(tables.deployments).where(*where).order_by(*order).limit(limit)
        return [from_row(row) for row in self._run(query)]

    def _one(self, *where: sa.ColumnElement[bool]) -> Deployment | None:
        found = self._many(*where, newest=True, limit=1)
        return found[0] if found else None

    def deployment(self, deployment_id: int) -> Deployment | None:
        rows = self._run(_BY_ID, key=deployment_id)
        return from_row(rows[0]) if rows else None

    def by_remote(self, repository: str, remote_id: int, apps: Collection[str]) -> Deployment | None:
        rows = self._run(_BY_REMOTE, repository=repository, apps=list(apps), remote=remote_id)
        return from_row(rows[0]) if rows else None

    def by_request(self, request_id: str) -> Deployment | None:
        return self._one(_D.request_id == request_id)

    def busy(self, app: str, environment: str) -> Sequence[Deployment]:
        return self._many(_D.app == app, _D.environment == environment, _BUSY)

    def waiting(self, app: str, environment: str) -> Sequence[Deployment]:
        return self._many(_D.app == app, _D.environment == environment, _WAITING)

    def waiting_for_checks(self, repository: str, sha: str, apps: Collection[str]) -> Sequence[Deployment]:
        for_checks = _D.waits_for.in_([Waiting.CHECKS, Waiting.MERGE])
        return self._many(_of(repository, apps), _D.sha == sha, _WAITING, for_checks)

    def deployed_from(self, repository: str, sha: str, apps: Collection[str]) -> Sequence[Deployment]:
        commit = (_of(repository, apps), _D.sha == sha, _D.task == DEPLOY)
        begun = sa.or_(_BUSY, _D.state == State.SUCCEEDED)
        found = self._many(*commit, begun, newest=True, limit=SUCCESSES_OF_ONE)
        return [one for one in found if one.busy or self.last_success(one.app, one.environment) == one]

    def unended(self, repository: str | None = None) -> Sequence[Deployment]:
        return self._many(_UNENDED, *([_D.repository == repository] if repository else []))

    def unended_places(self) -> Sequence[tuple[str, str]]:
        places = sa.select(_D.app, _D.environment).where(_UNENDED).distinct()
        return [(row.app, row.environment) for row in self._run(places.order_by(_D.app, _D.environment))]

    def given_up(self, since: datetime) -> Sequence[Deployment]:
        return self._many(_D.given_up_at >= since, _D.state.in_([State.ERROR, State.TIMED_OUT]))

    def waiting_for(self, reason: Waiting, repository: str, apps: Collection[str]) -> Sequence[Deployment]:
        return self._many(_of(repository, apps), _WAITING, _D.waits_for == reason)

    def wanting_approval(self, app: str | None, limit: int) -> Sequence[Deployment]:
        here = [_D.app == app] if app else []
        return self._many(_WAITING, _D.approvals_missing > 0, *here, limit=limit)

    def in_thread(self, channel: str, thread: str) -> Sequence[Deployment]:
        card = self._many(_D.parent == thread, _D.channel == channel, newest=True, limit=1)
        asked = self._many(_D.asked_thread == thread, _D.asked_channel == channel, newest=True, limit=IN_ONE_THREAD)
        return [*card, *(one for one in reversed(asked) if one not in card)]

    def on_card(self, card: int) -> Sequence[Deployment]:
        return self._many(sa.or_(sa.and_(_D.id == card, _D.card.is_(None)), _D.card == card))

    def successes_of(self, deployment: Deployment, environment: str) -> Sequence[Deployment]:
        commit = (_D.repository == deployment.repository, _D.sha == deployment.sha)
        there = (_D.app == deployment.app, _D.environment == environment)
        succeeded = (_D.state == State.SUCCEEDED, _D.task == "deploy")
        return self._many(*commit, *there, *succeeded, newest=True, limit=SUCCESSES_OF_ONE)

    def offering(self, app: str, environment: str) -> Sequence[Deployment]:
        there = (_D.app == app, _D.environment == environment, _D.replaced_by.is_(None), _D.task == DEPLOY)
        return self._many(*there, _D.state.in_(ENDED), newest=True, limit=OFFERING)

    def last_success(self, app: str, environment: str) -> Deployment | None:
        found = self.successes(app, environment, 1)
        return found[0] if found else None

    def successes(self, app: str, environment: str, limit: int, task: str = DEPLOY) -> Sequence[Deployment]:
        here = (_D.app == app, _D.environment == environment, _D.state == State.SUCCEEDED, _D.task == task)
        return self._many(*here, newest=True, by=(_D.started_at, _D.id), limit=limit)

    def history(
        self, *, app: str | None, environment: str | None, ref: str | None, limit: int, task: str | None = None
    ) -> Sequence[Deployment]:
        wanted = [
            column == value
            for column, value in ((_D.app, app), (_D.environment, environment), (_D.ref, ref), (_D.task, task))
            if value is not None
        ]
        if environment is None:
            wanted.append(_D.trigger != PREVIEW)
        return self._many(*wanted, newest=True, limit=limit)

    def later_than(self, deployment: Deployment) -> Sequence[Deployment]:
        there = (_D.app == deployment.app, _D.environment == deployment.environment, _D.id > deployment.id)
        return self._many(*there, sa.or_(_D.retry_of == deployment.id, _D.rollback_of.isnot(None)))

    def undecided(self, delivery_id: str, changed_before: str) -> bool:
        there = tables.deliveries.c
        meant = said_so_far(there.id, delivery_id, changed_before)
        return bool(self._run(sa.select(there.seq).where(meant, there.handled_at.is_(None)).limit(1)))

    def promotions_of(self, deployment_id: int) -> Sequence[Deployment]:
        return self._many(_D.promoted_from == deployment_id)

    def merged(self, app: str, environment: str, sha: str) -> bool:
        return self.merge_of(app, environment, sha) is not None

    def merge_of(self, app: str, environment: str, sha: str) -> Deployment | None:
        there = (_D.app == app, _D.environment == environment, _D.merged_at.isnot(None))
        return self._one(*there, _D.sha == sha, _D.trigger.in_(MERGES))

    def merge_known(self, app: str, environment: str, *, pull_request: int) -> bool:
        there = (_D.app == app, _D.environment == environment, _D.merged_at.isnot(None))
        return self._one(*there, _D.pull_request == pull_request, _D.trigger.in_(MERGES)) is not None

    def cancellable(self, chat_id: str | None, app: str | None) -> Sequence[Deployment]:
        found = self._many(_UNENDED, _D.trigger != PREVIEW, *([_D.app == app] if app else []), newest=True)
        mine = [deployment for deployment in found if deployment.by.chat_id == chat_id]
        return mine if chat_id is not None else found

    def output(self, deployment_id: int, last: int) -> Sequence[str]:
        lines = tables.output.c
        query = sa.select(lines.line).where(lines.deployment_id == deployment_id).order_by(lines.n.desc()).limit(last)
        return [row.line for row in reversed(self._run(query))]

    def output_from(self, deployment_id: int, first: int, limit: int) -> Sequence[tuple[int, str]]:
        lines = tables.output.c
        mine = sa.select(lines.n, lines.line).where(lines.deployment_id == deployment_id, lines.n >= first)
        return [(row.n, row.line) for row in self._run(mine.order_by(lines.n).limit(limit))]

    @property
    def api(self) -> ApiRowReads:
        return ApiRowReads(self._run)

    @property
    def approvals(self) -> ApprovalRows:
        return ApprovalRows(self._run)

    @property
    def audit(self) -> AuditRows:
        return AuditRows(self._run)

    @property
    def merge_cards(self) -> MergeCardRows:
        return MergeCardRows(self._run)

    @property
    def presses(self) -> PressRows:
        return PressRows(self._run)

    @property
    def notices(self) -> NoticeRows:
        return NoticeRows(self._run)

    @property
    def figures(self) -> FigureRows:
        return FigureRows(self._run)

    @property
    def publications(self) -> PublicationRows:
        return PublicationRows(self._run)

    @property
    def board(self) -> BoardRows:
        return BoardRows(self._run, from_row)

    @property
    def histories(self) -> HistoryRows:
        return HistoryRows(self._run, from_row)

    @property
    def twins(self) -> TwinRows:
        return TwinRows(self._run)

    @property
    def repositories(self) -> RepositoryRows:
        return RepositoryRows(self._run)

    @property
    def locks(self) -> LockRows:
        return LockRows(self._run)

    @property
    def people(self) -> PeopleRowReads:
        return PeopleRowReads(self._run)

    @property
    def freezes(self) -> FreezeRowReads:
        return FreezeRowReads(self._run)

    @property
    def schedules(self) -> ScheduleRowReads:
        return ScheduleRowReads(self._run)

    def held_up_by(self, reason: str) -> bool:
        lane = tables.lanes.c
        return bool(self._run(sa.select(lane.lane).where(lane.reason == reason, lane.tries >= SEVERAL).limit(1)))

    def kept(self, key: str) -> str | None:
        rows = self._run(sa.select(tables.kept.c.value).where(tables.kept.c.key == key))
        return str(rows[0].value) if rows else None

    def kept_keys(self, beginning: str) -> Sequence[str]:
        return list(self.kept_beginning(beginning))

    def kept_beginning(self, beginning: str) -> Mapping[str, str]:
        key = tables.kept.c.key
        query = sa.select(tables.kept).where(key.startswith(beginning, autoescape=True)).order_by(key)
        # SQLite takes no notice of case here.
        return {row.key: row.value for row in self._run(query) if row.key.startswith(beginning)}


class RowRecords(RowReads):
    """A transaction on ``connection``. Whoever opened it commits it or rolls it back.

    ``place_of`` says under which environment of the settings one of an app is counted.
    """

    def __init__(
        self,
        connection: sa.Connection,
        delivery_id: str,
        now: datetime,
        place_of: Callable[[str, str], str] = lambda _, environment: environment,
    ) -> None:
        super().__init__(lambda query, **given: connection.execute(query, given).all())
        self._connection = connection
        self._delivery_id = delivery_id
        self._now = now
        self.lanes: dict[str, None] = {}
        """Those of the effects, in their order."""
        self.followed: list[tuple[str, str]] = []
        """What is to be decided on next that names no deployment yet: the name of the event, and its delivery's id."""
        self._audit = AuditTransaction(connection, delivery_id, now)
        self.tally = TallyTransaction(connection, place_of)
        self._webhooks = WebhookTransaction(connection, now)

    @property
    def cause(self) -> str:
        return self._delivery_id

    def hold(self, app: str, environment: str) -> None:
        place = {"app": app, "environment": environment}
        if self._connection.execute(_HELD, place).first() is None:
            insert_new(self._connection, tables.environments, [place], "app", "environment")
            self._connection.execute(_HELD, place)

    @property
    def api(self) -> ApiTransaction:
        return ApiTransaction(self._connection)

    @property
    def approvals(self) -> ApprovalTransaction:
        return ApprovalTransaction(self._connection)

    @property
    def audit(self) -> AuditTransaction:
        return self._audit

    @property
    def webhooks(self) -> WebhookTransaction:
        return self._webhooks

    @property
    def merge_cards(self) -> MergeCardTransaction:
        return MergeCardTransaction(self._connection)

    @property
    def presses(self) -> PressTransaction:
        return PressTransaction(self._connection)

    @property
    def notices(self) -> NoticeTransaction:
        return NoticeTransaction(self._connection)

    @property
    def publications(self) -> PublicationTransaction:
        return PublicationTransaction(self._connection)

    @property
    def board(self) -> BoardTransaction:
        return BoardTransaction(self._connection, from_row)

    @property
    def twins(self) -> TwinTransaction:
        return TwinTransaction(self._connection)

    @property
    def repositories(self) -> RepositoryTransaction:
        return RepositoryTransaction(self._connection)

    @property
    def locks(self) -> LockTransaction:
        return LockTransaction(self._connection)

    @property
    def people(self) -> PeopleRowRecords:
        return PeopleRowRecords(self._connection)

    @property
    def freezes(self) -> FreezeRowRecords:
        return FreezeRowRecords(self._connection)

    @property
    def schedules(self) -> ScheduleRowRecords:
        return ScheduleRowRecords(self._connection)

    def add(self, deployment: Deployment) -> Deployment:
        result = self._connection.execute(sa.insert(tables.deployments).values(to_row(deployment)))
        key = result.inserted_primary_key
        assert key is not None
        added = replace(deployment, id=key[0])
        self._audit.added(added)
        self.tally.note(None, added)
        self._webhooks.changed(added)
        return added

    def save(self, deployment: Deployment) -> None:
        stood = self._connection.execute(_STOOD, {"key": deployment.id}).one()
        self._audit.saved(stood, deployment)
        self.tally.note(stood, deployment)
        row = to_row(deployment)
        self._connection.execute(_SAVE, {"key": deployment.id} | {name: row[name] for name in _SAVED})
        if stood.state != deployment.state:
            self._webhooks.changed(deployment)

    def leave_card(self, deployment_ids: Sequence[int], card: int) -> None:
        shown_on = sa.case((_D.id == card, None), else_=card)
        fresh = {"card": shown_on, "channel": None, "parent": None, "edited_at": None, "drawn": None}
        self._connection.execute(sa.update(tables.deployments).where(_D.id.in_(deployment_ids)).values(fresh))

    def keep(self, key: str, value: str) -> None:
        upsert(self._connection, tables.kept, {"key": key, "value": value}, "key")

    def forget(self, key: str) -> None:
        self._connection.execute(sa.delete(tables.kept).where(tables.kept.c.key == key))

    def emit(self, *effects: Effect) -> None:
        for effect in effects:
            row = {
                "delivery_id": self._delivery_id,
                "lane": effect.lane,
                "name": stored_name(type(effect)),
                "body": serialization.effect_to_json(effect),
                "created_at": self._now,
            }
            self._connection.execute(_EMIT, row)
            self.lanes[effect.lane] = None

    def set_timer(self, key: str, at: datetime, event: Event) -> None:
        row = {"key": key, "due_at": at, "name": stored_name(type(event)), "body": serialization.event_to_bytes(event)}
        upsert(self._connection, tables.timers, row, "key")

    def stop_timer(self, key: str) -> None:
        self._connection.execute(sa.delete(tables.timers).where(tables.timers.c.key == key))

    def handled(self, joined: Sequence[str] = ()) -> None:
        mark_handled(self._connection, self._delivery_id, self._now, joined=joined)

    def put(self, event: Event, key: str) -> bool:
        row = {
            "id": f"bot:{key}",
            "source": "bot",
            "name": stored_name(type(event)),
            "body": serialization.event_to_bytes(event),
            "received_at": self._now,
            "due_at": self._now,
        }
        if not hasattr(event, "deployment_id"):
            self.followed.append((str(row["name"]), str(row["id"])))
        return insert_delivery(self._connection, row)
