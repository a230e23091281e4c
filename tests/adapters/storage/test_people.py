"""Identities and proofs under way as rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.core.events.external import Place
from bot.core.people.model import Claim, How, Identity, PendingLink, Reached
from tests.databases import migrate
from tests.patience import PATIENCE
from tests.postgres import new_database

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MARIA, BOB = "U00000001", "U00000002"
PENDING = PendingLink(MARIA, "a-1", "octocat", Place("C1", thread="7.1", direct=True), 5.0, T0, "device-1")


class StoppedClock:
    def now(self) -> datetime:
        return T0


@pytest.fixture(params=["sqlite", "postgres"])
def the_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'people.db'}" if request.param == "sqlite" else new_database()
    engine = connect(url)
    migrate(engine)
    yield Store(engine, StoppedClock())
    engine.dispose()


def test_what_was_learned_is_remembered_with_how_and_when(the_store: Store) -> None:
    found = Identity(MARIA, "octocat", How.EMAIL, T0)
    missed = Identity(BOB, None, How.EMAIL, T0)

    the_store.people.learned(found)
    the_store.people.learned(missed)

    people = the_store.reads().people
    assert [people.identity(one) for one in (MARIA, BOB, "U00000003")] == [found, missed, None]


def test_a_proof_replaces_an_address_and_a_proof_but_an_address_replaces_no_proof(the_store: Store) -> None:
    proved = Identity(MARIA, "octocat", How.LINK, T0)
    newer = Identity(MARIA, "hubot", How.LINK, T0 + timedelta(days=1))

    seen = []
    for learned in (Identity(MARIA, "mallory", How.EMAIL, T0), proved, Identity(MARIA, None, How.EMAIL, T0), newer):
        the_store.people.learned(learned)
        seen.append(the_store.reads().people.identity(MARIA))

    assert [one and one.login for one in seen] == ["mallory", "octocat", "octocat", "hubot"]


def test_a_login_leads_back_to_the_person_who_proved_it(the_store: Store) -> None:
    the_store.people.learned(Identity(BOB, "OctoCat", How.EMAIL, T0 + timedelta(days=1)))
    the_store.people.learned(Identity(MARIA, "octocat", How.LINK, T0))

    people = the_store.reads().people

    assert [people.chat_id_of(login) for login in ("OCTOCAT", "hubot")] == [MARIA, None]


def test_a_proof_under_way_is_replaced_and_ended(the_store: Store) -> None:
    newer = replace(PENDING, attempt="a-2", device_code="device-2", interval=10.0)
    with the_store.decisions.open("d-1", "link") as decision:
        decision.begin(None, None).people.begin_link(PENDING)
    with the_store.decisions.open("d-2", "link") as decision:
        decision.begin(None, None).people.begin_link(newer)
    replaced = the_store.reads().people.pending(MARIA)

    with the_store.decisions.open("d-3", "link") as decision:
        decision.begin(None, None).people.end_link(MARIA)

    assert replaced == newer
    assert the_store.reads().people.pending(MARIA) is None


def test_a_claim_is_replaced_and_ended_once(the_store: Store) -> None:
    first = Claim(MARIA, "octocat", BOB, Place("C1"), T0)
    newer = replace(first, login="hubot", place=Place("D1", thread="7.1", direct=True))
    with the_store.decisions.open("d-1", "claim") as decision:
        decision.begin(None, None).people.begin_claim(first)
    with the_store.decisions.open("d-2", "claim") as decision:
        decision.begin(None, None).people.begin_claim(newer)
    replaced = the_store.reads().people.claim(MARIA)

    with the_store.decisions.open("d-3", "claim") as decision:
        records = decision.begin(None, None)
        ended = [records.people.end_claim(MARIA), records.people.end_claim(MARIA)]

    assert replaced == newer
    assert ended == [True, False]
    assert the_store.reads().people.claim(MARIA) is None


def test_a_login_is_forgotten_of_everybody_besides_one(the_store: Store) -> None:
    the_store.people.learned(Identity(MARIA, "octocat", How.LINK, T0))
    the_store.people.learned(Identity(BOB, "OctoCat", How.LINK, T0 + timedelta(days=1)))
    the_store.people.learned(Identity("U00000003", "hubot", How.LINK, T0))
    holder = the_store.reads().people.chat_id_of("octocat", besides=BOB)

    with the_store.decisions.open("d-1", "claim") as decision:
        decision.begin(None, None).people.forget("OCTOCAT", besides=MARIA)

    people = the_store.reads().people
    assert holder == MARIA
    assert [people.identity(one) is None for one in (MARIA, BOB, "U00000003")] == [False, True, False]


def test_two_who_learn_the_same_at_one_instant_do_not_meet(the_store: Store) -> None:
    together = threading.Barrier(8)

    def learn(n: int) -> None:
        together.wait(PATIENCE)
        the_store.people.learned(Identity(MARIA, f"login-{n}", How.LINK, T0))

    threads = [threading.Thread(target=learn, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    found = the_store.reads().people.identity(MARIA)
    assert found is not None
    assert found.login in {f"login-{n}" for n in range(8)}


def test_who_was_found_to_be_told_something_is_nobody_who_may_do_something(the_store: Store) -> None:
    found, missed = Reached("Octocat", MARIA, T0), Reached("hubot", None, T0)
    later = Reached("octocat", BOB, T0 + timedelta(days=1))

    the_store.people.reached(found)
    the_store.people.reached(missed)
    people = the_store.reads().people
    first = [people.reached(login) for login in ("Octocat", "OCTOCAT", "hubot", "nobody")]
    the_store.people.reached(later)

    assert first == [found, Reached("OCTOCAT", MARIA, T0), missed, None]
    assert people.reached("octocat") == later
    assert people.chat_id_of("octocat") is None


def test_people_stay_muted_since_they_first_said_so(the_store: Store) -> None:
    seen = []
    for n, said in enumerate(("mute", "mute", "unmute", "unmute")):
        with the_store.decisions.open(f"d{n}", "people") as decision:
            people = decision.begin(None, None).people
            if said == "mute":
                people.mute(MARIA, T0 + timedelta(hours=n))
            else:
                people.unmute(MARIA)
        seen.append(the_store.reads().people.muted(MARIA))

    assert seen == [T0, T0, None, None]
    assert the_store.reads().people.muted(BOB) is None
