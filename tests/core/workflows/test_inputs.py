"""Inputs of workflows: what is read of a file, what is told, and whether two deployments are told the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.ports.provider import Job
from bot.core.workflows.inputs import (
    DEFAULT_INPUTS,
    declaration,
    declared,
    digest,
    filled,
    names_its_runs,
    unknown_placeholders,
)

JOB = Job(
    deployment_id=7,
    request_id="r-7",
    app="web",
    environment="staging",
    repository="acme/web",
    ref="topic",
    sha="1a2b3c4",
    task="deploy",
    hosts=None,
    params={},
    force=False,
    requested_by="maria",
    timeout_seconds=900.0,
    settings=None,
)


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("on: push", None),
        ("on: workflow_dispatch", []),
        ("on: [push, workflow_dispatch]", []),
        ("on:\n  - push\n  - workflow_dispatch", []),
        ("on:\n  workflow_dispatch:", []),
        ("on:\n  workflow_dispatch: {}\n  push:", []),
        ("'on':\n  workflow_dispatch:\n    inputs:\n      sha:\n        type: string\n      ref: {}", ["sha", "ref"]),
        (
            "on:\n    push:\n    workflow_dispatch:\n        # told by the bot\n        inputs:\n\n"
            '            "dry-run":\n                type: boolean\n                inputs: no\n'
            "            sha: {type: string}\n"
            "    schedule:\n        - cron: '0 0 * * *'\njobs:\n    a:\n        inputs: x",
            ["dry-run", "sha"],
        ),
        ("on:\n  workflow_call:\n    inputs:\n      a: {}\n  workflow_dispatch:\n    inputs:\n      b: {}", ["b"]),
        ("# on: workflow_dispatch\non: push\njobs:\n  a:\n    steps:\n      - run: gh workflow_dispatch", None),
    ],
)
def test_what_a_workflow_declares_is_read(text: str, inputs: list[str] | None) -> None:
    assert declared(text) == inputs


def test_the_lines_to_add_declare_the_inputs() -> None:
    assert declared("\n".join(declaration(["sha", "dry-run"]))) == ["sha", "dry-run"]
    assert declared("\n".join(declaration([]))) == []


def test_placeholders_are_filled_once_and_others_are_known_for_mistakes() -> None:
    assert filled(DEFAULT_INPUTS, JOB) == {
        "environment": "staging",
        "ref": "topic",
        "sha": "1a2b3c4",
        "deployment_id": "7",
        "request_id": "r-7",
    }
    assert filled({"x": "{ref}/{sha}"}, replace(JOB, ref="{sha}")) == {"x": "{sha}/1a2b3c4"}
    assert [unknown_placeholders(one) for one in ("{sha}", "{SHA}", "{}", "{ref", "a{b}c{d}")] == [
        [],
        ["SHA"],
        [""],
        [],
        ["b", "d"],
    ]


def test_two_deployments_of_the_same_are_told_the_same_but_for_their_numbers() -> None:
    def told(job: Job = JOB, workflow: str = "deploy.yml", **inputs: str) -> str:
        return digest(workflow, "topic", inputs or DEFAULT_INPUTS, job)

    assert told(replace(JOB, deployment_id=8, request_id="r-8", requested_by="bob")) == told()
    assert told(replace(JOB, sha="2" * 7)) != told()
    assert told(replace(JOB, environment="production")) != told()
    assert told(replace(JOB, repository="acme/api")) != told()
    assert told(workflow="other.yml") != told()
    assert told(where="{environment}") != told()
    # Also where the workflow is not told the commit: it runs on another one.
    assert told(replace(JOB, sha="2" * 7), x="1") != told(x="1")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("run-name: Deploy ${{ inputs.request_id }}", True),
        ("run-name: ${{ github.event.inputs.request_id }}", True),
        ("run-name: Deploy ${{ inputs.sha }}", False),
        ("name: Deploy ${{ inputs.request_id }}", False),
        ("jobs:\n  run-name: ${{ inputs.request_id }}", False),
        ("run-name: ${{ inputs.request_id_of_another }}", False),
    ],
)
def test_a_run_name_that_tells_the_deployment_is_known(text: str, names: bool) -> None:
    assert names_its_runs(text, DEFAULT_INPUTS) is names


@pytest.mark.parametrize("blank", [" ", "\n", " \n", "\t\r\n"])
def test_a_megabyte_of_blanks_in_a_workflow_is_soon_read(blank: str) -> None:
    """What took time by the square of its length would take hours."""
    blanks = (blank * 1_000_000)[:1_000_000]

    assert declared(f"on:{blanks}x") is None
    assert declared(f"on:\n{blanks}\n  - workflow_dispatch") == []
