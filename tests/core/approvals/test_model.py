"""Which approvals count."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core.approvals.model import Approval, counting, is_same, told_apart
from bot.core.deployments.model import Actor

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MARIA = Actor("maria", "U1", "maria")
BOB = Actor("bob", "U2", "bob")


def approval(by: Actor, deployment_id: int = 1) -> Approval:
    return Approval(deployment_id, by, NOW)


def test_each_person_counts_once_whatever_they_are_called() -> None:
    given = [approval(BOB), approval(Actor("Bob", "U2")), approval(Actor("Robert", "U9", "BOB"), 2)]

    counted = counting(given, MARIA, self_approval=False)

    assert counted == (approval(BOB),)


def test_whoever_asked_does_not_count() -> None:
    counted = counting([approval(MARIA), approval(BOB)], MARIA, self_approval=False)

    assert counted == (approval(BOB),)


def test_whoever_asked_counts_where_the_settings_let_them() -> None:
    counted = counting([approval(MARIA)], MARIA, self_approval=True)

    assert counted == (approval(MARIA),)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Actor("maria", "U1"), Actor("Maria", "U1", "maria"), True),
        (Actor("maria", None, "Maria"), Actor("maria", "U1", "maria"), True),
        (Actor("maria", "U1"), Actor("maria", None, "maria"), False),
        (Actor("somebody"), Actor("somebody"), False),
        (Actor("maria", "U1", "maria"), Actor("bob", "U2", "bob"), False),
    ],
)
def test_people_are_known_by_chat_id_or_login_and_never_by_name(one: Actor, other: Actor, same: bool) -> None:
    found = is_same(one, other)

    assert found is same


@pytest.mark.parametrize(
    ("approver", "requester", "apart"),
    [
        (Actor("bob", "U2"), Actor("octocat", None, "octocat"), False),
        (Actor("bob", "U2", "bob"), Actor("octocat", None, "octocat"), True),
        (Actor("bob", "U2", "OctoCat"), Actor("octocat", None, "octocat"), False),
        (Actor("bob", "U2"), Actor("maria", "U1"), True),
        (Actor("bob", "U2"), Actor("octocat", "U1", "octocat"), True),
        (Actor("bob", "U2", "octocat"), Actor("octocat", "U1", "octocat"), False),
        (Actor("bob", "U2"), Actor("bob", "U2", "octocat"), False),
        (Actor("bob", "U2"), Actor("deploy[bot]", None, "deploy[bot]"), True),
        (Actor("bob", "U2"), Actor("ghost", None, "ghost"), True),
        (Actor("bob", "U2"), Actor("somebody"), False),
    ],
)
def test_two_are_told_apart_only_where_they_cannot_be_one(approver: Actor, requester: Actor, *, apart: bool) -> None:
    assert told_apart(approver, requester) is apart
    assert len(counting([approval(approver)], requester, self_approval=False)) == apart
    assert len(counting([approval(approver)], requester, self_approval=True)) == 1
