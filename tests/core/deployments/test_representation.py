"""What programs are told of a deployment: the same names for ever, and nothing that is secret."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

from bot.core.deployments.model import BUSY, Actor, State, Waiting
from bot.core.deployments.representation import STATES, represented, state_told
from bot.core.rich_text import Bold
from tests.core.deployments.made import SHA, T0, a_deployment, t


def test_its_fields_are_a_contract_and_what_is_not_known_is_null() -> None:
    asked = a_deployment(
        state=State.RUNNING,
        by=Actor("maria", "U00000001", "maria-gh"),
        params=(("region", "eu"),),
        started_at=t(seconds=1.5),
        remote_id=77,
        password_key="delivery-1",
    )

    assert represented(asked, "https://bot.example/") == {
        "id": "request-1",
        "number": 1,
        "app": "web",
        "environment": "production",
        "hosts": None,
        "repository": "acme/web",
        "ref": "topic",
        "sha": SHA,
        "title": "",
        "task": "deploy",
        "params": {"region": "eu"},
        "state": "running",
        "waits_for": [],
        "description": "",
        "trigger": "chat",
        "requested_by": {"slack": "U00000001", "github": "maria-gh", "name": "maria"},
        "force": False,
        "force_reason": None,
        "forced": [],
        "pull_request": None,
        "retry_of": None,
        "rollback_of": None,
        "promoted_from": None,
        "superseded_by": None,
        "replaced_by": None,
        "created_at": "2026-03-02T10:00:00.000Z",
        "started_at": "2026-03-02T10:00:01.500Z",
        "finished_at": None,
        "github_deployment_id": 77,
        "environment_url": None,
        "log_url": None,
        "url": "https://bot.example/deployments/request-1",
    }


def test_json_holds_it_without_a_page_where_there_is_none_and_never_where_a_password_is() -> None:
    told = json.dumps(represented(a_deployment(password_key="delivery-1", forced=("checks failed: ci",))))

    assert '"url": null' in told
    assert "delivery-1" not in told
    assert "password" not in told


def test_times_are_told_in_utc_whatever_zone_they_came_in() -> None:
    elsewhere = T0.astimezone(timezone(timedelta(hours=2)))

    assert represented(a_deployment(created_at=elsewhere))["created_at"] == "2026-03-02T10:00:00.000Z"


def test_one_that_waits_says_for_which_gate_and_why() -> None:
    waits = {"waits_for": Waiting.CHECKS, "waits_since": t(minutes=1), "description": "Waiting: checks failed: ci"}
    held = a_deployment(state=State.WAITING, **waits, facts=(("ask ", Bold("bob")),))

    assert represented(held)["waits_for"] == [
        {"gate": "checks", "reason": "Checks failed: ci.", "facts": ["ask bob"], "since": "2026-03-02T10:01:00.000Z"}
    ]


def test_one_that_github_holds_for_a_review_waits_though_it_is_under_way() -> None:
    held = a_deployment(state=State.STARTING, waits_since=T0)

    [reason] = represented(held)["waits_for"]  # type: ignore[misc]
    assert (reason["gate"], reason["reason"]) == ("review", "Waits for a review on GitHub.")  # type: ignore[index]


def test_its_state_is_one_of_the_words_for_programs() -> None:
    assert {state_told(a_deployment(state=state)) for state in State} == set(STATES) - {"rolled_back"}
    assert state_told(a_deployment(state=State.REQUESTED)) == "waiting"
    assert state_told(a_deployment(state=State.SUCCEEDED, trigger="rollback")) == "rolled_back"
    assert state_told(a_deployment(state=State.FAILED, trigger="rollback")) == "failed"
    assert {state_told(a_deployment(state=state)) for state in BUSY} == {"starting", "running"}
