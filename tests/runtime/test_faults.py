"""Whatever is raised where nothing should be: it is counted, tried again, and set aside; everybody else goes on."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.adapters.storage import serialization, tables
from bot.adapters.storage.engine import connect
from bot.context import Context
from bot.core.effects import CreateDeployment, PostStatus, StartRun
from bot.core.errors import Unavailable
from bot.core.events import Event
from bot.core.events.external import CommandGiven, Place
from bot.core.events.internal import Reconsider, RunFinished
from bot.core.grammar.commands import Version
from bot.core.ports.chat import Delivery
from bot.core.rich_text import Message, say
from bot.runtime.retries import EVENT_TRIES, FAULT_TRIES
from tests.postgres import new_database
from tests.runtime.works import HandClock, Works

ARGUMENTS: list[tuple[Any, ...]] = [
    (),
    ("a word",),
    ("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ("\ud800", 0, 1, "can't translate"),
    ("several", [ValueError("one")]),
]


def exceptions(base: type[BaseException]) -> Iterator[BaseException]:
    """One of each of Python's own, made of whatever it takes."""
    for kind in vars(builtins).values():
        if isinstance(kind, type) and issubclass(kind, base):
            for arguments in ARGUMENTS:
                with suppress(TypeError):
                    yield kind(*arguments)
                    break


EXCEPTIONS = [
    *exceptions(Exception),
    ValueError("\0 and \ud800"),
    ValueError("x" * 100_000),
    KeyError({"a": ["dictionary"]}),
]
NOT_OURS = [one for one in exceptions(BaseException) if not isinstance(one, Exception)]
ANY = pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)


@pytest.fixture(params=["sqlite", "postgres"])
def works(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    engine = connect(new_database() if request.param == "postgres" else f"sqlite:///{tmp_path / 'works.db'}")
    with capture_logs():
        yield Works(engine, HandClock())
    engine.dispose()


@pytest.fixture(scope="module")
def kept_works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """One for all exceptions: whatever they leave behind is in the way of the next."""
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('faults') / 'works.db'}")
    yield Works(engine, HandClock())
    engine.dispose()


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_: object) -> Any:
        raise error

    return raises


def aside(works: Works) -> list[str]:
    return [one.name for one in works.kept.set_aside.first()]


def delivers(works: Works, lane: str, times: int = 1) -> None:
    """The lane is worked on whenever its moment has come."""
    for _ in range(times):
        works.pipeline.deliver(lane)
        works.clock.passes(minutes=6)


def test_python_has_more_than_fifty_exceptions_and_three_that_are_not_for_us() -> None:
    assert len({type(one) for one in EXCEPTIONS}) > 50
    assert {"RecursionError", "MemoryError", "UnicodeEncodeError"} <= {type(one).__name__ for one in EXCEPTIONS}
    assert {"KeyboardInterrupt", "SystemExit", "GeneratorExit"} <= {type(one).__name__ for one in NOT_OURS}


# --- deliveries ------------------------------------------------------------------------------------------------------


@ANY
def test_a_webhook_that_cannot_be_read_ends_with_one_line_in_the_log(kept_works: Works, error: Exception) -> None:
    works, name = kept_works, f"github:{id(error)}"
    works.kept.inbox.put(Delivery(name, "github", "status", b"{}"))
    works.pipeline._decode = raising(error)

    with capture_logs() as lines:
        lanes = works.decides(name)

    found = works.kept.inbox.delivery(name)
    assert lanes == []
    assert found is not None
    assert found[1] is not None
    assert [line["event"] for line in lines] == ["delivery refused"]
    assert works.kept.inbox.take(16) == []


@ANY
def test_an_event_of_our_own_that_cannot_be_read_is_set_aside_in_the_end(kept_works: Works, error: Exception) -> None:
    works, name = kept_works, f"bot:{id(error)}"
    works.kept.inbox.put(Delivery(name, "bot", "Reconsider", b"{}"))
    works.pipeline._decode = raising(error)
    with capture_logs():
        works.decides(name)
        before = works.kept.set_aside.count()
        works.tries_again(name, FAULT_TRIES)

    assert works.kept.set_aside.count() == before + 1
    assert works.kept.inbox.backlog() == 0


@ANY
def test_an_event_that_a_handler_fails_on_is_set_aside_in_the_end(kept_works: Works, error: Exception) -> None:
    works, name = kept_works, f"bot:handled:{id(error)}"
    works.kept.inbox.put_event(Reconsider(7), f"handled:{id(error)}")
    works.pipeline._decode = lambda delivery: [serialization.event_from_bytes(delivery.name, delivery.body)]
    works.router.events.clear()
    works.router.on(Reconsider, name=f"test.fails.{id(error)}")(raising(error))
    with capture_logs():
        works.decides(name)
        before, waits = works.kept.set_aside.count(), works.kept.inbox.backlog()
        works.tries_again(name, FAULT_TRIES)

    assert waits == 1
    assert works.kept.set_aside.count() == before + 1
    assert works.kept.inbox.backlog() == 0


@pytest.mark.parametrize("error", NOT_OURS, ids=lambda error: type(error).__name__)
def test_what_ends_the_process_is_not_swallowed(kept_works: Works, error: BaseException) -> None:
    works, name = kept_works, f"github:{type(error).__name__}"
    works.kept.inbox.put(Delivery(name, "github", "status", b"{}"))
    works.emits(CreateDeployment(70), cause=name)
    works.pipeline._decode = works.router.effects[CreateDeployment] = raising(error)

    with capture_logs(), pytest.raises(type(error)):
        works.decides(name)
    with capture_logs(), pytest.raises(type(error)):
        works.pipeline.deliver("remote:70")

    found = works.kept.inbox.delivery(name)
    assert found is not None
    assert found[1] is None
    works.router.effects[CreateDeployment] = lambda *_: []
    works.pipeline.deliver("remote:70")
    works.kept.inbox.handled(name)


def test_what_another_attempt_does_better_is_not_set_aside(works: Works) -> None:
    errors: list[Exception] = [ZeroDivisionError()] * FAULT_TRIES

    @works.router.on(Reconsider, name="test.fault.1")
    def reconsider(context: Context, event: Reconsider) -> None:
        if errors:
            raise errors.pop()

    works.happens(Reconsider(7))
    works.tries_again("bot:event", FAULT_TRIES)

    assert errors == []
    assert aside(works) == []
    assert works.kept.inbox.backlog() == 0


def test_outages_do_not_count_as_faults(works: Works) -> None:
    errors: list[Exception] = [Unavailable("GitHub does not answer.")] * (2 * FAULT_TRIES) + [ZeroDivisionError()]

    @works.router.on(Reconsider, name="test.fault.2")
    def reconsider(context: Context, event: Reconsider) -> None:
        if errors:
            raise errors.pop(0)

    works.happens(Reconsider(7))
    works.tries_again("bot:event", 2 * FAULT_TRIES + 1)

    assert errors == []
    assert aside(works) == []
    assert works.kept.inbox.backlog() == 0


def test_what_waited_for_the_other_side_for_a_day_is_set_aside_and_not_lost(works: Works) -> None:
    works.router.on(Reconsider, name="test.fault.3")(raising(Unavailable("GitHub does not answer.")))
    works.happens(Reconsider(7))
    with works.kept.database.writing() as connection:
        connection.execute(sa.update(tables.deliveries).values(tries=EVENT_TRIES))

    works.tries_again("bot:event", 1)

    assert [(one.name, one.reason) for one in works.kept.set_aside.first()] == [
        ("bot:event", "GitHub does not answer.")
    ]


def test_a_body_that_the_database_gives_back_broken_is_set_aside(works: Works) -> None:
    works.kept.inbox.put(Delivery("github:1", "github", "status", b"\x28\xb5\x2f\xfd broken"))

    works.decides("github:1")
    works.tries_again("github:1", FAULT_TRIES)

    assert works.kept.inbox.backlog() == 0
    assert works.kept.next_due() is None


def test_a_delivery_whose_process_dies_each_time_is_set_aside_before_it_is_tried_once_more(works: Works) -> None:
    tried: list[str] = []
    works.router.on(Reconsider, name="test.fault.4")(lambda *_: tried.append("tried"))
    works.kept.inbox.put_event(Reconsider(7), "event")
    for _ in range(FAULT_TRIES + 1):
        works.kept.inbox.take(1, "one process")
        works.kept.inbox.retake("one process")

    works.decides("bot:event")

    assert tried == []
    assert aside(works) == ["bot:event"]


def test_a_command_that_cannot_even_be_refused_is_set_aside_and_its_person_told(works: Works) -> None:
    given = CommandGiven("version", "maria", Place("#web", message="1.0"), "mention")
    works.router.commands[Version] = raising(ZeroDivisionError())
    works.kept.inbox.put(Delivery("chat:1", "chat", "CommandGiven", serialization.event_to_bytes(given)))
    tells = works.pipeline._tell

    def broken(delivery_id: str, name: str, *more: Any) -> None:
        if name != "set aside":
            raise KeyError("colour")
        tells(delivery_id, name, *more)

    works.pipeline._tell = broken  # type: ignore[method-assign]

    works.decides("chat:1")
    works.tries_again("chat:1", FAULT_TRIES)

    assert aside(works) == ["chat:1"]
    [(only_to, text)] = works.replies()
    assert only_to == "maria"
    assert text.endswith("chat:1")


# --- effects ---------------------------------------------------------------------------------------------------------


@ANY
def test_an_effect_that_fails_is_set_aside_and_its_lane_goes_on(kept_works: Works, error: Exception) -> None:
    works = kept_works
    number = id(error)
    works.router.effects[CreateDeployment] = raising(error)
    done: list[str] = []
    works.router.effects[PostStatus] = lambda _, effect: done.append(effect.state) or []
    works.emits(CreateDeployment(number), PostStatus(number, "queued", ""), cause=f"github:effect:{number}")
    before = works.kept.set_aside.count()

    with capture_logs():
        delivers(works, f"remote:{number}", FAULT_TRIES)
        waits = list(done)
        delivers(works, f"remote:{number}")

    assert (waits, done) == ([], ["queued"])
    assert works.kept.set_aside.count() == before + 1
    assert not works.kept.outbox.has_pending()


@pytest.mark.parametrize(
    "body",
    [
        '{"$": "Sunrise"}',
        '{"$": "CreateDeployment"}',
        '{"$": "CreateDeployment", "deployment_id": {"$": "Sunset"}}',
        '{"$": "Place", "channel": "#web"}',
        '{"$": "datetime", "at": "0001-01-01T00:00:00+14:00"}',
        '{"$": "ClearRecords", "before": {"$": "datetime", "at": "yesterday"}}',
        '{"deployment_id": 7}',
        "[]",
        "null",
        "7",
        "not json",
        "",
        '{"$": "CreateDeployment", "deployment_id": ' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
)
def test_an_effect_that_this_version_does_not_know_waits_and_is_set_aside_in_the_end(works: Works, body: str) -> None:
    done: list[str] = []
    works.router.effects[PostStatus] = lambda _, effect: done.append(effect.state) or []
    works.emits(CreateDeployment(7), PostStatus(7, "queued", ""))
    with works.kept.database.writing() as connection:
        first = sa.select(sa.func.min(tables.effects.c.id)).scalar_subquery()
        connection.execute(sa.update(tables.effects).where(tables.effects.c.id == first).values(body=body))

    delivers(works, "remote:7", FAULT_TRIES)
    waits = works.kept.outbox.has_pending()
    delivers(works, "remote:7")

    assert (waits, done) == (True, ["queued"])
    assert len(aside(works)) == 1
    assert not works.kept.outbox.has_pending()


def test_an_effect_whose_consequence_cannot_be_stored_is_set_aside(works: Works) -> None:
    @works.router.performs(StartRun)
    def start(context: Context, effect: StartRun) -> Iterable[Event]:
        return [object()]  # type: ignore[list-item]

    works.emits(StartRun(7), PostStatus(7, "queued", ""))
    works.router.effects[PostStatus] = lambda *_: []

    delivers(works, "remote:7", FAULT_TRIES + 1)

    assert len(aside(works)) == 1
    assert not works.kept.outbox.has_pending()


def test_an_effect_of_which_its_process_dies_each_time_is_set_aside(works: Works) -> None:
    works.router.effects[CreateDeployment] = raising(AssertionError("must not be tried"))
    works.emits(CreateDeployment(7))
    with works.kept.database.writing() as connection:
        connection.execute(sa.update(tables.effects).values(faults=FAULT_TRIES + 1))

    works.pipeline.deliver("remote:7")

    assert len(aside(works)) == 1


def test_outages_before_a_fault_leave_an_effect_all_its_tries(works: Works) -> None:
    errors: list[Exception] = [Unavailable("Slack does not answer.")] * (2 * FAULT_TRIES) + [ZeroDivisionError()]

    def perform(*_: object) -> list[Event]:
        if errors:
            raise errors.pop(0)
        return []

    works.router.effects[CreateDeployment] = perform
    works.emits(CreateDeployment(7))

    delivers(works, "remote:7", 2 * FAULT_TRIES + 2)

    assert errors == []
    assert aside(works) == []
    assert not works.kept.outbox.has_pending()


def test_a_lane_that_cannot_even_be_looked_at_is_looked_at_again_later(works: Works) -> None:
    works.router.effects[CreateDeployment] = lambda *_: []
    works.emits(CreateDeployment(7))
    claims = works.outbox._next
    works.outbox._next = raising(ZeroDivisionError())  # type: ignore[method-assign]

    # The claim is undone with its transaction, so the lane stays free.
    works.pipeline.deliver("remote:7")
    works.outbox._next = claims  # type: ignore[method-assign]
    works.pipeline.deliver("remote:7")

    assert not works.kept.outbox.has_pending()


# --- what comes back when it is tried again --------------------------------------------------------------------------


def test_what_was_set_aside_is_done_when_its_cause_is_mended(works: Works) -> None:
    finished: list[int] = []
    works.router.on(RunFinished, name="test.fault.5")(raising(ZeroDivisionError()))
    works.happens(RunFinished(7, "succeeded", "Done"))
    works.tries_again("bot:event", FAULT_TRIES)
    works.router.events.clear()
    works.router.on(RunFinished, name="test.fault.6")(lambda _, event: finished.append(event.deployment_id))

    works.kept.set_aside.retry(aside(works))
    works.tries_again("bot:event", 1)

    assert finished == [7]
    assert aside(works) == []
    assert works.kept.inbox.backlog() == 0


@pytest.mark.parametrize("text", ["a\0b", "half \ud800 of a pair", "\udfff", "\0"])
def test_text_that_a_database_does_not_take_is_stored_with_a_mark(works: Works, text: str) -> None:
    @works.router.on(RunFinished, name="test.fault.7")
    def finished(context: Context, event: RunFinished) -> None:
        records = context.begin()
        records.audit.record(f"audit {text}", reason=text, command=text, app=text, environment=text)
        records.emit(PostStatus(7, "queued", text))

    @works.router.command(Version)
    def version(context: Context, command: Version) -> Message | None:
        return say(text)

    works.router.effects[PostStatus] = lambda _, effect: [RunFinished(8, "failed", effect.description, text, text)]
    works.happens(RunFinished(7, "succeeded", text, text, text))
    works.hears("version", person=text)
    works.pipeline.deliver("remote:7")
    works.tries_again("bot:effect:1:0", 1)

    assert works.kept.inbox.backlog() == 0
    assert aside(works) == []
    assert len(works.kept.reads().audit.since(works.clock.now().replace(year=2000), 0, 9)) >= 1
