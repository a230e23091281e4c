"""Letting a provider carry a deployment out: what it is told and may ask, and every way in which it can end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, cast
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from bot.adapters.storage import serialization
from bot.adapters.storage.engine import connect
from bot.adapters.storage.output import OUTPUT_LINES
from bot.adapters.storage.store import Store
from bot.core.deployments.model import Actor, Deployment, State
from bot.core.errors import NotThere, Unavailable
from bot.core.events import Event
from bot.core.events.internal import RunBegan, RunFinished
from bot.core.ports.forge import Forge
from bot.core.ports.forge_types import Remote
from bot.core.ports.provider import Job, Source
from bot.runtime.provider_runner import Passwords, ProviderRunner, StoredRun
from bot.runtime.run_output import FLUSH_AT, LONGEST_WAIT
from bot.settings import read
from tests.databases import migrate
from tests.patience import PATIENCE

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHA = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"
SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"

[apps.web.environments.production]
timeout = "10m"
url = "https://web.example.com"
provider = { type = "local", directory = "{directory}/production" }
"""


@dataclass
class HandClock:
    """Stands still until somebody moves it."""

    at: datetime = T0

    def now(self) -> datetime:
        return self.at

    def passes(self, **delta: float) -> bool:
        self.at += timedelta(**delta)
        return True


class Quay:
    """As much of a forge as a checkout needs; ``troubles`` are raised one after another before it works."""

    def __init__(self) -> None:
        self.troubles: list[Exception] = []

    def checkout(self, repository: str, sha: str, into: Path) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        (into / "index.html").write_text(f"{repository} {sha[:7]}")

    def remote(self, repository: str) -> Remote:
        raise NotThere(f"There is no {repository} for git here.")


class Ship:
    """A carrier with a database, and one deployment that is to be carried out."""

    def __init__(self, directory: Path) -> None:
        self.clock = HandClock()
        self.quay = Quay()
        self.directory = directory
        engine = connect(f"sqlite:///{directory / 'ship.db'}")
        migrate(engine)
        self.kept = Store(engine, self.clock)
        self.settings = read(SETTINGS.replace("{directory}", str(directory)), {"GITHUB_TOKEN": "ghp_very_secret"})
        self.passwords = Passwords()
        self.provider_runner = ProviderRunner(
            self.kept, cast("Forge", self.quay), self.settings, self.clock, self.passwords
        )

    def deployment(self, **but: object) -> int:
        one = Deployment(
            id=0,
            request_id=str(uuid4()),
            app="web",
            environment="production",
            repository="acme/web",
            ref="topic",
            sha=SHA,
            state=State.STARTING,
            trigger="chat",
            by=Actor("maria", "U1"),
            created_at=T0,
            started_at=T0,
        )
        with self.kept.decisions.open(str(uuid4()), "test") as decision:
            return decision.begin(None, None).add(replace(one, **but)).id  # type: ignore[arg-type]

    def changes(self, number: int, **to: object) -> None:
        found = self.kept.reads().deployment(number)
        assert found is not None
        with self.kept.decisions.open(str(uuid4()), "test") as decision:
            decision.begin(None, None).save(replace(found, **to))  # type: ignore[arg-type]

    def told(self) -> list[Event]:
        """The events that the carrier has put into the inbox."""
        return [serialization.event_from_bytes(one.name, one.body) for one in self.kept.inbox.take(16)]

    def run_of(self, number: int) -> StoredRun:
        """The provider's way to talk back about a deployment."""
        found = self.provider_runner._run(number)
        assert found is not None
        return found[1]


@pytest.fixture
def ship(tmp_path: Path) -> Iterator[Ship]:
    ship = Ship(tmp_path)
    yield ship
    ship.kept.database.engine.dispose()


@pytest.mark.parametrize("state", [State.REQUESTED, State.WAITING, State.SUCCEEDED, State.CANCELLED, State.SUPERSEDED])
def test_what_has_not_started_or_is_over_is_not_carried_out(ship: Ship, state: State) -> None:
    number = ship.deployment(state=state)

    begun = ship.provider_runner.begin(number)

    assert begun == {}
    assert ship.told() == []
    assert not (ship.directory / "releases").exists()


# --- beginning and following ----------------------------------------------------------------------------------------


class Lame:
    """A store in which one part fails in a way that it should not."""

    def __init__(self, kept: Store, error: Exception) -> None:
        self._kept = kept
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    @property
    def output(self) -> Any:
        raise self._error


@pytest.mark.parametrize("error", [ZeroDivisionError(), ValueError("\0"), RecursionError(), KeyError("colour")])
@pytest.mark.parametrize("step", ["begin", "follow"])
def test_a_fault_around_the_provider_ends_the_run_with_a_sentence_and_is_not_tried_again(
    ship: Ship, step: str, error: Exception
) -> None:
    number = ship.deployment()
    ship.provider_runner.store = Lame(ship.kept, error)  # type: ignore[assignment]

    with capture_logs() as lines:
        if step == "begin":
            assert ship.provider_runner.begin(number) == {}
        else:
            ship.provider_runner.follow(number, "a handle")

    [told] = ship.told()
    assert isinstance(told, RunFinished)
    assert (told.outcome, told.description) == (
        "error",
        "The provider failed in a way that it should not; the log tells more",
    )
    assert [line["event"] for line in lines] == ["provider failed"]


@pytest.mark.parametrize("step", ["begin", "follow"])
def test_a_database_that_is_away_around_the_provider_is_waited_for(ship: Ship, step: str) -> None:
    number = ship.deployment()
    ship.provider_runner.store = Lame(ship.kept, Unavailable("The database does not answer."))  # type: ignore[assignment]

    with pytest.raises(Unavailable):
        getattr(ship.provider_runner, step)(number, *(["a handle"] if step == "follow" else []))

    assert ship.told() == []


def test_a_run_begins_is_followed_and_tells_its_end(ship: Ship) -> None:
    number = ship.deployment()

    begun = ship.provider_runner.begin(number)
    ship.provider_runner.follow(number, str(begun["handle"]))

    assert (ship.directory / "production" / "current" / "index.html").read_text() == "acme/web 1a2b3c4"
    assert ship.told() == [RunBegan(number), RunFinished(number, "succeeded", "current → releases/1a2b3c4")]
    assert ship.kept.reads().output(number, 20) == [
        f"Checked out 1a2b3c4 into releases/{SHA}",
        f"current → releases/{SHA}",
    ]


def test_beginning_and_following_again_after_a_crash_tells_everything_once(ship: Ship) -> None:
    number = ship.deployment()

    for _ in range(2):
        begun = ship.provider_runner.begin(number)
        ship.provider_runner.follow(number, str(begun["handle"]))

    assert ship.told() == [RunBegan(number), RunFinished(number, "succeeded", "current → releases/1a2b3c4")]


def test_a_deployment_that_has_ended_or_was_never_there_is_not_carried_out(ship: Ship) -> None:
    number = ship.deployment(state=State.CANCELLED)

    begun = ship.provider_runner.begin(number), ship.provider_runner.begin(99)
    ship.provider_runner.follow(number, "a handle")

    assert begun == ({}, {})
    assert ship.told() == []
    assert not (ship.directory / "production").exists()


def test_a_forge_that_does_not_answer_is_asked_later(ship: Ship) -> None:
    ship.quay.troubles = [Unavailable("GitHub does not answer."), Unavailable("Slowly, please.", retry_after=60)]
    number = ship.deployment()

    begun = [ship.provider_runner.begin(number) for wait in (0, 6, 10, 50, 1) if ship.clock.passes(seconds=wait)]

    assert begun[:4] == [{"later": 6}, {"later": 10}, {"later": 10}, {"later": 1}]
    assert "handle" in begun[4]
    assert ship.told() == [RunBegan(number)]


@pytest.mark.parametrize("ends", ["cancelled", "out of time"])
def test_what_is_to_end_does_not_wait_as_long_as_the_other_side_asks(ship: Ship, ends: str) -> None:
    ship.quay.troubles = [Unavailable("Slowly, please.", retry_after=3_600)]
    number = ship.deployment()
    before = [ship.provider_runner.begin(number), ship.provider_runner.begin(number)]

    if ends == "cancelled":
        ship.changes(number, cancel_by="bob")
    else:
        ship.clock.passes(minutes=10)
    begun = ship.provider_runner.begin(number)

    assert before == [{"later": 10}, {"later": 10}]
    assert ship.quay.troubles == []
    assert "later" not in begun


def test_a_forge_that_never_answers_ends_the_run_at_its_timeout(ship: Ship) -> None:
    ship.quay.troubles = [Unavailable("GitHub does not answer.")]
    number = ship.deployment()
    ship.clock.at += timedelta(minutes=10)

    begun = ship.provider_runner.begin(number)

    assert begun == {}
    assert ship.told() == [RunFinished(number, "error", "GitHub does not answer.")]


def test_what_is_wrong_for_good_ends_the_run_with_its_sentence(ship: Ship) -> None:
    ship.quay.troubles = [NotThere("acme/web has no commit 1a2b3c4.")]
    number = ship.deployment()

    begun = ship.provider_runner.begin(number)

    assert begun == {}
    assert ship.told() == [RunFinished(number, "error", "acme/web has no commit 1a2b3c4.")]


def test_a_fault_of_a_provider_is_a_sentence_for_people(ship: Ship) -> None:
    ship.quay.troubles = [ZeroDivisionError()]
    number = ship.deployment()

    begun = ship.provider_runner.begin(number)

    sentence = "The provider failed in a way that it should not; the log tells more"
    assert begun == {}
    assert ship.told() == [RunFinished(number, "error", sentence)]


@pytest.mark.parametrize("gone", [{"app": "api"}, {"environment": "staging"}])
def test_a_deployment_whose_settings_are_gone_ends_with_a_word(ship: Ship, gone: dict[str, str]) -> None:
    number = ship.deployment(**gone)

    begun = ship.provider_runner.begin(number)

    assert begun == {}
    assert ship.told() == [RunFinished(number, "error", "Its settings are gone")]


def test_what_may_have_begun_is_looked_for_a_while_and_then_said_to_be_unknown(ship: Ship) -> None:
    ship.quay.troubles = [Unavailable("No answer came.", uncertain=True) for _ in range(3)]
    number = ship.deployment()
    ship.provider_runner.begin(number)
    begun = [ship.provider_runner.begin(number) for _ in range(2) if ship.clock.passes(minutes=8)]

    unknown = "No answer came; it may have begun, so look before you retry"
    assert begun == [{"later": 6}, {}]
    assert ship.told() == [
        RunFinished(number, "timed_out", f"the time was up before it was seen to begin: {unknown}"),
    ]


def test_what_cannot_be_seen_for_a_moment_is_followed_again(ship: Ship) -> None:
    number = ship.deployment()
    begun = ship.provider_runner.begin(number)
    shutil.rmtree(ship.directory / "production")
    ship.quay.troubles = [Unavailable("The database does not answer.", uncertain=True)] * 3

    for _ in range(3):
        with pytest.raises(Unavailable):
            ship.provider_runner.follow(number, str(begun["handle"]))
    ship.provider_runner.follow(number, str(begun["handle"]))

    assert ship.told()[1:] == [RunFinished(number, "succeeded", "current → releases/1a2b3c4")]


def test_what_has_not_begun_goes_through_the_steps_that_the_settings_have_by_then(ship: Ship) -> None:
    ship.quay.troubles = [Unavailable("GitHub does not answer.")]
    number = ship.deployment()
    ship.provider_runner.begin(number)
    step = f'before_deploy = [{{ name = "Mark", command = "touch {ship.directory}/marked" }}]\nprovider = '
    reloaded(ship, ("provider = ", step))

    begun = ship.provider_runner.begin(number)
    ship.provider_runner.follow(number, str(begun["handle"]))

    assert (ship.directory / "marked").exists()


@pytest.mark.parametrize("step", ["note", "keep_note", "claim_note"])
def test_without_its_notes_nobody_knows_whether_a_run_has_begun(ship: Ship, step: str) -> None:
    run = ship.run_of(ship.deployment())

    def away(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    setattr(ship.kept.runs, step, away)
    ask = {
        "note": lambda: run.note("x"),
        "keep_note": lambda: run.keep("x", "y"),
        "claim_note": lambda: run.claim("x", "y"),
    }

    with pytest.raises(Unavailable) as lost:
        ask[step]()

    assert lost.value.uncertain


# --- settings that change meanwhile ---------------------------------------------------------------------------------


def reloaded(ship: Ship, *changes: tuple[str, str]) -> None:
    text = SETTINGS.replace("{directory}", str(ship.directory))
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    ship.settings = read(text, {"GITHUB_TOKEN": "ghp_very_secret"})
    ship.provider_runner._settings = lambda: ship.settings


MOVED = ("/production", "/elsewhere")
OTHER = ('type = "local"', 'type = "shell", command = "touch {directory}/ran"')


def other(ship: Ship) -> tuple[str, str]:
    return OTHER[0], OTHER[1].replace("{directory}", str(ship.directory))


@pytest.mark.parametrize("change", ["moved", "other provider"])
def test_what_has_begun_goes_on_with_the_settings_that_it_began_with(ship: Ship, change: str) -> None:
    number = ship.deployment()
    begun = ship.provider_runner.begin(number)
    reloaded(ship, MOVED if change == "moved" else other(ship))

    assert ship.provider_runner.begin(number) == begun
    ship.provider_runner.follow(number, str(begun["handle"]))

    assert ship.told()[-1] == RunFinished(number, "succeeded", "current → releases/1a2b3c4")
    assert (ship.directory / "production" / "current").is_symlink()
    assert not (ship.directory / "elsewhere").exists()
    assert not (ship.directory / "ran").exists()


def test_what_may_have_begun_is_looked_for_with_the_settings_that_it_was_begun_with(ship: Ship) -> None:
    ship.quay.troubles = [Unavailable("No answer came.", uncertain=True)]
    number = ship.deployment()
    ship.provider_runner.begin(number)
    reloaded(ship, MOVED)

    begun = ship.provider_runner.begin(number)

    assert str(begun["handle"]).startswith(str(ship.directory / "production"))


def test_what_has_not_begun_begins_with_the_settings_as_they_are_by_then(ship: Ship) -> None:
    ship.quay.troubles = [Unavailable("GitHub does not answer.")]
    number = ship.deployment()
    ship.provider_runner.begin(number)
    reloaded(ship, MOVED)

    begun = ship.provider_runner.begin(number)

    assert str(begun["handle"]).startswith(str(ship.directory / "elsewhere"))


def test_a_timeout_that_changes_is_that_of_what_begins_after(ship: Ship) -> None:
    number = ship.deployment()
    ship.provider_runner.begin(number)
    reloaded(ship, ('timeout = "10m"', 'timeout = "2m"'))

    assert ship.run_of(number).remaining() == 600.0


def test_a_cancellation_before_the_release_goes_live_is_told_as_such(ship: Ship) -> None:
    number = ship.deployment()
    begun = ship.provider_runner.begin(number)
    ship.changes(number, cancel_by="bob")

    ship.provider_runner.follow(number, str(begun["handle"]))

    assert ship.told()[-1] == RunFinished(number, "cancelled", "Cancelled before current was moved")
    assert not (ship.directory / "production" / "current").exists()


# --- what a provider is told, and may ask ---------------------------------------------------------------------------


def test_a_provider_is_told_everything_about_its_job(ship: Ship) -> None:
    ship.passwords.put("chat:1", "123456")
    number = ship.deployment(
        task="migrate",
        hosts="fe",
        params=(("color", "blue"),),
        force=True,
        password_key="chat:1",
        by=Actor("m", login="mm"),
    )

    job = ship.run_of(number).job

    found = ship.kept.reads().deployment(number)
    assert found is not None
    assert job == Job(
        deployment_id=number,
        request_id=found.request_id,
        app="web",
        environment="production",
        repository="acme/web",
        ref="topic",
        sha=SHA,
        task="migrate",
        hosts="fe",
        params={"color": "blue"},
        force=True,
        requested_by="mm",
        timeout_seconds=600.0,
        settings=job.settings,
        one_time_password="123456",
        environment_url="https://web.example.com",
    )
    assert "123456" not in repr(job)


def test_a_provider_is_told_of_a_rollback_and_where_a_promotion_comes_from(ship: Ship) -> None:
    before = ship.deployment(state=State.SUCCEEDED)
    gone = ship.deployment(state=State.SUCCEEDED, environment="long-gone")

    number = ship.deployment(rollback_of=before)
    back = ship.run_of(number).job
    ship.changes(number, rollback_of=None, promoted_from=before)
    on = ship.run_of(number).job
    ship.changes(number, promoted_from=gone)
    lost = ship.run_of(number).job

    settings = ship.settings.apps["web"].environments["production"].provider.settings
    assert (back.rollback_of, back.promoted_from, back.environment_url) == (before, None, "https://web.example.com")
    assert on.promoted_from == Source("production", "local", settings)
    assert lost.promoted_from is None


def test_what_is_kept_is_not_acted_upon_by_who_has_lost_the_right_to_it(ship: Ship) -> None:
    run = ship.run_of(ship.deployment())
    run.keep("build", "b-1")

    def taken_over() -> None:
        raise Unavailable("Another process has taken over.")

    ship.provider_runner.before_start = taken_over

    with pytest.raises(Unavailable, match="taken over"):
        run.keep("build", "b-2")


def test_output_is_kept_in_order_with_secrets_masked(ship: Ship) -> None:
    run = ship.run_of(ship.deployment())

    run.write("using ghp_very_secret")
    run.write("done")
    run.flush()

    assert ship.kept.reads().output(run.job.deployment_id, 20) == ["using ••••", "done"]


def test_of_what_steers_a_terminal_colours_are_kept_and_a_line_is_a_line(ship: Ship) -> None:
    run = ship.run_of(ship.deployment())

    run.write("\x1b[2J\x1b[32mgreen\x1b[0m\x07 nul\0 half \ud800\ttab")
    run.write("two\nlines")
    run.write("\x1b[31m" + "x" * 3_000)
    run.flush()

    assert ship.kept.reads().output(run.job.deployment_id, 20) == [
        "\x1b[32mgreen\x1b[0m nul half ?\ttab",
        "two",
        "lines",
        "\x1b[31m" + "x" * 1_994 + "…",
    ]


def test_secrets_are_known_by_their_form_and_a_one_time_password_by_its_value(ship: Ship) -> None:
    ship.passwords.put("chat:1", "918273")
    run = ship.run_of(ship.deployment(password_key="chat:1"))

    run.write("918273 AKIAIOSFODNN7EXAMPLE postgres://a:hushhush@db")
    run.flush()

    assert ship.kept.reads().output(run.job.deployment_id, 20) == ["•••• •••• postgres://a:••••@db"]


def test_a_private_key_that_the_process_before_was_in_goes_on_being_hidden(ship: Ship) -> None:
    number = ship.deployment()
    for line in ("-----BEGIN PRIVATE KEY-----", "MIIEow", "qOZZ", "-----END PRIVATE KEY-----", "after"):
        run = ship.run_of(number)
        run.write(line)
        run.flush()

    assert ship.kept.reads().output(number, 20)[1:] == ["••••", "••••", "-----END PRIVATE KEY-----", "after"]


@pytest.mark.parametrize("look", ["write", "cancelled"])
def test_a_line_does_not_wait_for_others(ship: Ship, look: str) -> None:
    """Whoever follows a remote service asks whether somebody has cancelled, and may write nothing for long."""
    run = ship.run_of(ship.deployment())
    run.write("one")
    before = ship.kept.output.next_number(run.job.deployment_id)

    run._output._oldest -= LONGEST_WAIT
    run.write("two") if look == "write" else run.cancelled()

    assert (before, ship.kept.output.next_number(run.job.deployment_id)) == (0, 2 if look == "write" else 1)


def test_while_nothing_can_be_stored_so_much_is_kept_as_ever_is(ship: Ship) -> None:
    run = ship.run_of(ship.deployment())
    run._output._store = Lame(ship.kept, Unavailable("The database does not answer."))  # type: ignore[assignment]

    with capture_logs() as tried:
        for number in range(2 * OUTPUT_LINES):
            run.write(str(number))
    run._output._store = ship.kept
    run.flush()

    lines = ship.kept.reads().output(run.job.deployment_id, 2 * OUTPUT_LINES)
    kept = {int(line) for line in lines if line.isdigit()}
    [left_out] = [line for line in lines if not line.isdigit()]
    assert OUTPUT_LINES - FLUSH_AT <= len(kept) < OUTPUT_LINES
    assert {0, 2 * OUTPUT_LINES - 1} <= kept
    assert left_out.endswith(" lines left out: the database did not answer …")
    assert 0 < len(tried) < OUTPUT_LINES // FLUSH_AT


def test_much_output_is_kept_while_it_comes(ship: Ship) -> None:
    run = ship.run_of(ship.deployment())

    for number in range(FLUSH_AT + 1):
        run.write(f"line {number}")

    assert ship.kept.output.next_number(run.job.deployment_id) == FLUSH_AT


def test_output_goes_on_behind_that_of_the_process_before(ship: Ship) -> None:
    number = ship.deployment()
    first = ship.run_of(number)
    first.write("before the restart")
    first.flush()

    second = ship.run_of(number)
    second.write("after the restart")
    second.flush()

    assert ship.kept.reads().output(number, 20) == ["before the restart", "after the restart"]


@pytest.mark.parametrize("change", [{"cancel_by": "bob"}, {"state": State.CANCELLED}])
def test_somebody_who_cancels_is_noticed(ship: Ship, change: dict[str, object]) -> None:
    number = ship.deployment()
    run = ship.run_of(number)

    ship.changes(number, **change)

    assert run.cancelled()


def test_time_is_counted_from_the_start_of_the_deployment(ship: Ship) -> None:
    run = ship.run_of(ship.deployment(started_at=T0 - timedelta(minutes=4)))

    remaining = run.remaining()
    ship.clock.at += timedelta(minutes=7)

    assert (remaining, run.remaining()) == (360.0, -60.0)


def test_a_pause_keeps_what_was_written(ship: Ship) -> None:
    run = ship.run_of(ship.deployment())
    run.write("so far")

    waiting = Thread(target=run.pause, args=[0.01])
    waiting.start()
    waiting.join(PATIENCE)

    assert not waiting.is_alive()
    assert ship.kept.reads().output(run.job.deployment_id, 20) == ["so far"]


# --- one-time passwords ---------------------------------------------------------------------------------------------


def test_only_the_last_few_passwords_are_kept() -> None:
    passwords = Passwords(keep=2)

    for number in (1, 2, 3):
        passwords.put(f"chat:{number}", f"{number}{number}{number}")

    assert [passwords.get(f"chat:{number}") for number in (1, 2, 3)] == [None, "222", "333"]
    assert passwords.get(None) is None
