"""Who gets a lock, whom it keeps out and how it ends: one by one, and under random interleavings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.core.deployments.model import Actor, Deployment, State, Waiting
from bot.core.events.internal import LockExpired, LockReminderDue, Reconsider
from bot.core.gates.judge import judge
from bot.core.gates.model import Facts
from bot.core.locks import lifecycle as lock_lifecycle
from bot.core.locks.model import Lock, Watcher, is_candidate, lets_in, next_reminder, same_person
from bot.core.ports.transaction import Records
from bot.core.rich_text import plain
from tests.core.gates.rules import App, Environment
from tests.core.ledger import Ledger, Place

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EVERY = timedelta(hours=3)
MARIA = Actor("maria", "U1", "maria")
BOB = Actor("bob", "U2", "Bob")
LOCK = Lock("web", "production", MARIA, T0)


def records(ledger: Ledger) -> Records:
    return cast(Records, ledger)


def deployment(**but: object) -> Deployment:
    one = Deployment(
        id=7,
        request_id="r7",
        app="web",
        environment="production",
        repository="acme/web",
        ref="topic",
        sha="1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
        state=State.SUCCEEDED,
        trigger="chat",
        by=MARIA,
        created_at=T0,
    )
    return replace(one, **but)  # type: ignore[arg-type]


def answer_of(facts: Facts) -> tuple[bool, str, str | None, list[str]]:
    """Open or closed, the line, what it waits for, and the buttons of the gate ``lock``."""
    [answer] = [one for one in judge(facts, force=False).answers if one.gate == "lock"]
    return answer.open, plain(answer.line), answer.waits_for, [button.command for button in answer.buttons]


def facts(**but: object) -> Facts:
    one = Facts(now=T0, app=App(), environment=Environment(), wanted=deployment(by=BOB))
    return replace(one, **but)  # type: ignore[arg-type]


# --- whom it keeps out -----------------------------------------------------------------------------------------------


def test_people_are_the_same_by_chat_id_and_else_by_login_in_any_case() -> None:
    merged_by = Actor("MARIA", None, "MARIA")

    assert same_person(MARIA, Actor("Maria Smith", "U1"))
    assert same_person(MARIA, merged_by)
    assert not same_person(MARIA, Actor("maria", "U9", "maria"))
    assert not same_person(Actor("maria"), Actor("maria"))


def test_a_lock_lets_its_owner_in_and_nobody_else_until_its_time_is_over() -> None:
    lock = replace(LOCK, until=T0 + timedelta(hours=2))

    assert lets_in(lock, MARIA, merge=False, now=T0)
    assert lets_in(lock, MARIA, merge=True, now=T0)
    assert not lets_in(lock, BOB, merge=False, now=T0 + timedelta(hours=1, minutes=59))
    assert lets_in(lock, BOB, merge=False, now=T0 + timedelta(hours=2))


def test_a_lock_after_a_rollback_keeps_the_owners_own_merges_out_as_well() -> None:
    lock = replace(LOCK, holds_merges=True)

    assert lets_in(lock, MARIA, merge=False, now=T0)
    assert not lets_in(lock, MARIA, merge=True, now=T0)


def test_the_gate_tells_who_has_it_since_when_how_long_and_why_and_offers_three_ways_on() -> None:
    lock = replace(
        LOCK, until=T0 + timedelta(hours=2), reason="testing.", ref="topic", pull_request=12, url="https://x.test/12"
    )

    answer = answer_of(facts(lock=lock))

    assert answer == (
        False,
        "Locked by maria since Mon 02 Mar 10:00 UTC, until Mon 02 Mar 12:00 UTC for topic (#12) because testing",
        None,
        ["notify me about production on web", "ask for production on web", "take over production on web"],
    )


def test_what_is_patient_waits_for_the_lock_and_the_owner_passes() -> None:
    waits_for_checks = answer_of(facts(lock=LOCK, waits_for_checks=True))
    owner = answer_of(facts(lock=LOCK, wanted=deployment()))

    assert waits_for_checks[0] is False
    assert waits_for_checks[2] is Waiting.LOCK
    assert owner == (True, "maria has the lock", None, [])


def test_a_lock_cannot_be_passed_by_force() -> None:
    verdict = judge(facts(lock=LOCK), force=True)

    assert [answer.gate for answer in verdict.closed] == ["lock"]


def test_there_is_no_answer_where_nothing_is_locked_or_the_time_is_over() -> None:
    over = replace(LOCK, until=T0)

    gates = [one.gate for lock in (None, over) for one in judge(facts(lock=lock), force=False).answers]

    assert "lock" not in gates


# --- the branch and the clock ----------------------------------------------------------------------------------------


def test_a_lock_belongs_to_its_pull_request_or_to_its_branch_while_that_has_none() -> None:
    numbered = replace(LOCK, ref="topic", pull_request=12)
    branch = replace(LOCK, ref="topic")

    assert numbered.for_pull_request(12, "renamed")
    assert not numbered.for_pull_request(13, "topic")
    assert branch.for_pull_request(13, "topic")
    assert not branch.for_pull_request(13, "mallory:topic")
    assert not LOCK.for_pull_request(13, "")


def test_nobody_is_reminded_of_a_lock_that_ends_before() -> None:
    short = replace(LOCK, until=T0 + EVERY)

    assert next_reminder(LOCK, T0, EVERY) == T0 + EVERY
    assert next_reminder(short, T0, EVERY) is None


@pytest.mark.parametrize(
    ("but", "expected"),
    [
        ({}, True),
        ({"trigger": "retry"}, True),
        ({"trigger": "merge"}, False),
        ({"trigger": "foreign"}, False),
        ({"trigger": "rollback", "rollback_of": 3}, False),
        ({"task": "deploy:migrate"}, False),
        ({"by": Actor("ci-bot", None, "ci-bot")}, False),
    ],
)
def test_only_a_persons_own_deployment_is_one_to_lock_for(but: dict[str, object], expected: bool) -> None:
    assert is_candidate(deployment(**but)) is expected


# --- how it goes on --------------------------------------------------------------------------------------------------


def test_a_second_person_is_told_who_has_it_and_changes_nothing() -> None:
    ledger = Ledger()
    lock_lifecycle.take(records(ledger), replace(LOCK, reason="testing"), EVERY)

    held = lock_lifecycle.take(records(ledger), replace(LOCK, by=BOB, since=T0 + timedelta(minutes=5)), EVERY)

    assert held == ledger.locks.of("web", "production")
    assert held.by is MARIA


def test_locking_again_changes_what_is_named_and_keeps_the_rest() -> None:
    ledger = Ledger()
    lock_lifecycle.take(records(ledger), replace(LOCK, reason="testing"), EVERY)

    later = replace(LOCK, since=T0 + timedelta(hours=1), until=T0 + timedelta(hours=2))
    held = lock_lifecycle.take(records(ledger), later, EVERY)

    assert (held.since, held.until, held.reason) == (T0, T0 + timedelta(hours=2), "testing")
    assert ledger.timers == {
        "lock:web:production:end": (T0 + timedelta(hours=2), LockExpired("web", "production")),
    }


def test_the_end_of_a_lock_never_stays_on_a_later_one_that_names_none() -> None:
    ledger = Ledger()
    lock_lifecycle.take(records(ledger), replace(LOCK, until=T0 + timedelta(hours=2)), EVERY)

    held = lock_lifecycle.take(records(ledger), replace(LOCK, since=T0 + timedelta(hours=1), reason="longer"), EVERY)

    assert (held.until, held.reason) == (None, "longer")
    assert list(ledger.timers) == ["lock:web:production:reminder"]


def test_a_lock_whose_time_is_over_is_free_for_others_and_its_owner_is_told() -> None:
    ledger = Ledger()
    lock_lifecycle.take(records(ledger), replace(LOCK, until=T0 + timedelta(hours=1), reason="testing"), EVERY)

    held = lock_lifecycle.take(records(ledger), replace(LOCK, by=BOB, since=T0 + timedelta(hours=1)), EVERY)

    assert held.by is BOB
    assert ledger.announced() == ["🔓 The lock of @maria on web → production has expired."]
    assert ledger.told("U1") == ["Your lock on web → production has expired.\n[Lock again]"]
    assert ledger.audit.entries == ["unlock web production: expired; it belongs to maria"]


def test_a_release_tells_who_wanted_to_know_and_lets_what_waits_be_decided_again() -> None:
    ledger = Ledger(deployments=[deployment(state=State.WAITING)])
    held = lock_lifecycle.take(records(ledger), LOCK, EVERY)
    ledger.locks.watch(Watcher("web", "production", "U2"))

    lock_lifecycle.release(records(ledger), held)

    assert ledger.told("U2") == ["web → production is free now.\n[Lock…]"]
    assert ledger.events == [Reconsider(7)]
    assert (ledger.locks.all(), ledger.locks.watching, ledger.timers) == ([], {}, {})


def test_a_reminder_says_how_long_and_who_waits_and_comes_again() -> None:
    ledger = Ledger(deployments=[deployment(state=State.WAITING, by=BOB)])
    held = lock_lifecycle.take(records(ledger), replace(LOCK, reason="testing"), EVERY)

    lock_lifecycle.remind(records(ledger), held, T0 + EVERY, EVERY)

    assert ledger.told("U1") == [
        "You have had web → production for 3 h because testing. Do you still need it?\n"
        "⏳ topic@1a2b3c4 (#7) by bob waits for it.\n"
        "[Unlock] [Keep]"
    ]
    assert ledger.timers["lock:web:production:reminder"] == (T0 + 2 * EVERY, LockReminderDue("web", "production"))


def test_a_rollback_locks_for_the_person_but_never_takes_somebody_elses_lock_away() -> None:
    free, mine, foreign = Ledger(), Ledger(), Ledger()
    lock_lifecycle.take(records(mine), replace(LOCK, until=T0 + timedelta(hours=2)), EVERY)
    lock_lifecycle.take(records(foreign), replace(LOCK, by=BOB), EVERY)
    rollback = deployment(trigger="rollback", rollback_of=3)

    for ledger in (free, mine, foreign):
        lock_lifecycle.after_rollback(records(ledger), rollback, T0)

    locks = [ledger.locks.of("web", "production") for ledger in (free, mine, foreign)]
    assert [(one.by, one.holds_merges, one.until) for one in locks if one] == [
        (MARIA, True, None),
        (MARIA, True, None),
        (BOB, False, None),
    ]
    assert mine.timers == {}
    # The card of the rollback says so, and why: nobody is told a second time.
    assert [ledger.effects for ledger in (free, foreign)] == [[], []]
    assert free.audit.entries == ["lock web production: it was rolled back to 1a2b3c4; it belongs to maria"]


def test_cards_that_tell_of_the_lock_are_drawn_again_when_it_changes() -> None:
    shown = deployment(parent="1.1")
    rollback, failed = replace(shown, trigger="rollback", rollback_of=3), replace(shown, state=State.FAILED)
    cancelled, replaced = replace(shown, state=State.CANCELLED), replace(shown, replaced_by=9)
    telling = [Ledger(deployments=[one]) for one in (rollback, shown, failed)]
    silent = [Ledger(deployments=[one]) for one in (cancelled, replaced, deployment())]

    for ledger in (*telling, *silent):
        lock_lifecycle.release(records(ledger), lock_lifecycle.take(records(ledger), LOCK, EVERY))

    assert [ledger.drawn() for ledger in telling] == [[7, 7]] * 3
    assert [ledger.drawn() for ledger in silent] == [[], [], []]


@pytest.mark.parametrize("but", [{"rollback_of": None}, {"state": State.FAILED}, {"by": Actor("ci", None, "ci")}])
def test_what_is_no_successful_rollback_by_a_person_locks_nothing(but: dict[str, object]) -> None:
    ledger = Ledger()

    lock_lifecycle.after_rollback(records(ledger), deployment(**{"trigger": "rollback", "rollback_of": 3, **but}), T0)

    assert ledger.locks.all() == []


# --- random interleavings --------------------------------------------------------------------------------------------

PEOPLE = st.sampled_from([MARIA, BOB, Actor("eve", "U3", "eve")])
# Two apps with an environment of the same name: neither may ever touch the other's lock.
PLACES = st.sampled_from([("web", "production"), ("web", "staging"), ("api", "production")])
HOURS = st.one_of(st.none(), st.integers(1, 5))


class Interleavings(RuleBasedStateMachine):
    """People lock, unlock, take over and ask, and time passes; ``holders`` is what a child would write down."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.now = T0
        self.holders: dict[Place, tuple[Actor, datetime | None]] = {}
        self.curious: dict[Place, set[str]] = {}
        self.expected: list[tuple[str, str]] = []

    def free(self, place: Place) -> None:
        del self.holders[place]
        self.expected += [(person, f"{place[0]} → {place[1]}") for person in sorted(self.curious.pop(place, set()))]

    def pass_over(self, place: Place) -> None:
        """Whoever looks at a lock whose time is over takes it away."""
        if place in self.holders and (until := self.holders[place][1]) is not None and until <= self.now:
            self.free(place)

    @rule(who=PEOPLE, place=PLACES, hours=HOURS)
    def lock(self, who: Actor, place: Place, hours: int | None) -> None:
        until = self.now + timedelta(hours=hours) if hours else None
        held = lock_lifecycle.take(records(self.ledger), Lock(*place, who, self.now, until=until), EVERY)
        self.pass_over(place)
        if self.holders.get(place, (who, None))[0] == who:
            self.holders[place] = (who, until)
        assert held.by == self.holders[place][0]

    @rule(who=PEOPLE, place=PLACES)
    def unlock(self, who: Actor, place: Place) -> None:
        held = lock_lifecycle.current(records(self.ledger), *place, self.now)
        self.pass_over(place)
        if held is not None and same_person(held.by, who):
            lock_lifecycle.release(records(self.ledger), held)
            self.free(place)

    @rule(who=PEOPLE, place=PLACES)
    def take_over(self, who: Actor, place: Place) -> None:
        held = lock_lifecycle.current(records(self.ledger), *place, self.now)
        self.pass_over(place)
        if held is not None and not same_person(held.by, who):
            lock_lifecycle.take_over(records(self.ledger), held, Lock(*place, who, self.now, "hotfix"), EVERY)
            self.holders[place] = (who, None)
            self.curious.get(place, set()).discard(str(who.chat_id))

    @rule(who=PEOPLE, place=PLACES)
    def notify_me(self, who: Actor, place: Place) -> None:
        held = lock_lifecycle.current(records(self.ledger), *place, self.now)
        self.pass_over(place)
        if held is not None and not same_person(held.by, who):
            self.ledger.locks.watch(Watcher(*place, str(who.chat_id)))
            self.curious.setdefault(place, set()).add(str(who.chat_id))

    @rule(hours=st.integers(1, 4))
    def time_passes(self, hours: int) -> None:
        """Timers ring on the way, or are late: it must not matter."""
        self.now += timedelta(hours=hours)

    @rule()
    def timers_ring(self) -> None:
        due = sorted((at, key) for key, (at, _) in self.ledger.timers.items() if at <= self.now)
        for event in [self.ledger.timers.pop(key)[1] for _, key in due]:
            assert isinstance(event, LockExpired | LockReminderDue)
            held = lock_lifecycle.current(records(self.ledger), event.app, event.environment, self.now)
            self.pass_over((event.app, event.environment))
            if isinstance(event, LockReminderDue) and held is not None:
                lock_lifecycle.remind(records(self.ledger), held, self.now, EVERY)

    @invariant()
    def holders_are_as_written_down(self) -> None:
        held = {lock.place: (lock.by, lock.until) for lock in self.ledger.locks.all()}
        assert held == self.holders

    @invariant()
    def every_lock_with_an_end_has_its_timer_and_no_timer_outlives_its_lock(self) -> None:
        ends = {key for key in self.ledger.timers if key.endswith(":end")}
        wanted = {f"lock:{app}:{name}:end" for (app, name), (_, until) in self.holders.items() if until}
        places = {f"lock:{app}:{name}" for app, name in self.holders}
        assert ends == wanted
        assert {key.rpartition(":")[0] for key in self.ledger.timers} <= places

    @invariant()
    def whoever_wanted_to_know_was_told_once(self) -> None:
        free = " is free now.\n[Lock…]"
        heard = [(person, text) for person in ("U1", "U2", "U3") for text in self.ledger.told(person)]
        told = [(person, text.removesuffix(free)) for person, text in heard if text.endswith(free)]
        assert sorted(told) == sorted(self.expected)
        assert set(self.ledger.locks.watching) == {
            (*place, person) for place, people in self.curious.items() for person in people
        }


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
