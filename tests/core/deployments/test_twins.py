"""What the jobs of one deployment say together, and whether they speak for it."""

from __future__ import annotations

import itertools

import pytest

from bot.core.deployments.twins import WORKFLOWS, Twin, reported_by, together


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], ""),
        ([""], ""),
        (["", ""], ""),
        (["pending"], "pending"),
        (["", "queued"], "queued"),
        (["pending", "queued"], "queued"),
        (["queued", "in_progress"], "in_progress"),
        (["in_progress", "waiting"], "waiting"),
        (["success"], "success"),
        (["success", "success"], "success"),
        (["success", ""], "in_progress"),
        (["success", "queued"], "in_progress"),
        (["success", "in_progress"], "in_progress"),
        (["success", "waiting"], "waiting"),
        (["success", "failure"], "failure"),
        (["waiting", "failure"], "failure"),
        (["success", "error"], "error"),
        (["error", "failure"], "failure"),
    ],
    ids=str,
)
def test_several_jobs_say_one_thing_whatever_their_order(states: list[str], said: str) -> None:
    orders = itertools.permutations(states)

    found = {together([Twin("acme/web", n, 1, state) for n, state in enumerate(order)]) for order in orders}

    assert found == {said}


@pytest.mark.parametrize(
    ("reporters", "picked_up", "has_twins", "who"),
    [
        (set(), False, False, "twin"),
        (set(), True, True, "twin"),
        (set(), True, False, "another"),
        ({WORKFLOWS}, True, False, "itself"),
        ({WORKFLOWS}, False, False, "itself"),
        ({WORKFLOWS}, True, True, "itself"),
        ({"argo"}, True, False, "another"),
        ({"argo", WORKFLOWS}, True, True, "another"),
    ],
)
def test_a_job_speaks_for_ours_where_nobody_else_does(
    reporters: set[str], picked_up: bool, has_twins: bool, who: str
) -> None:
    assert reported_by(reporters, picked_up=picked_up, has_twins=has_twins) == who
