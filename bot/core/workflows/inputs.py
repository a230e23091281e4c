"""The inputs of a workflow: templates with placeholders in settings.toml, texts when it is dispatched."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from bot.core.ports.provider import Job

PLACEHOLDERS = ("environment", "ref", "sha", "deployment_id", "request_id")
OF_PREVIEWS = "number"
"""The pull request's, which is filled in where the settings of its preview are read, and stands nowhere else."""
DEFAULT_INPUTS: Mapping[str, str] = {name: f"{{{name}}}" for name in PLACEHOLDERS}
MOST_INPUTS = 25
"""https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event; it was 10 until December 2025."""
LONGEST = 65_535
"""Characters that GitHub takes of all inputs together."""
OF_THE_ATTEMPT = frozenset({"deployment_id", "request_id"})
"""What is another one each time, though the same be deployed."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TRIGGER = re.compile(r"""\s+["']?workflow_dispatch["']?\s*:""")


def unknown_placeholders(value: str) -> list[str]:
    """What stands between braces and is the name of nothing.

    >>> unknown_placeholders("{sha} of {branch}"), unknown_placeholders("web-{number}")
    (['branch'], [])
    """
    return [name for name in _PLACEHOLDER.findall(value) if name not in {*PLACEHOLDERS, OF_PREVIEWS}]


def holds(inputs: Mapping[str, str], placeholder: str) -> bool:
    """Whether any of the inputs tells the workflow that."""
    return any(f"{{{placeholder}}}" in value for value in inputs.values())


def filled(inputs: Mapping[str, str], job: Job, *, without: Iterable[str] = ()) -> dict[str, str]:
    """The texts of the inputs, in one pass: braces in the name of a branch are no placeholders."""
    known = {
        "environment": job.environment,
        "ref": job.ref,
        "sha": job.sha,
        "deployment_id": str(job.deployment_id),
        "request_id": job.request_id,
        **dict.fromkeys(without, ""),
    }
    return {name: _PLACEHOLDER.sub(lambda found: known[found[1]], value) for name, value in inputs.items()}


def digest(workflow: str, ref: str, inputs: Mapping[str, str], job: Job) -> str:
    """The same for two deployments of which the workflow is told the same, but for their own numbers."""
    told = [workflow, ref, job.repository, job.sha, filled(inputs, job, without=OF_THE_ATTEMPT)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def declaration(names: Sequence[str]) -> list[str]:
    """The lines of YAML that make a workflow take the inputs."""
    lines = ["on:", "  workflow_dispatch:"]
    return [*lines, "    inputs:", *(f"      {name}: {{ type: string }}" for name in names)] if names else lines


def declared(text: str) -> list[str] | None:
    """The inputs that a workflow's YAML declares for ``workflow_dispatch``, by its indentation; None where it has none.

    >>> declared('on:\\n  workflow_dispatch:\\n    inputs:\\n      sha: { type: string }\\n  push:')
    ['sha']
    >>> declared('on: [push, workflow_dispatch]'), declared('on: push')
    ([], None)
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    begins = next((n for n, line in enumerate(lines) if _TRIGGER.match(line)), None)
    if begins is None:
        # Line by line: blanks that may go on over lines would be tried again from each line.
        listed = re.compile(r"['\"]?on['\"]?:.*\bworkflow_dispatch\b|\s+-\s+workflow_dispatch\b")
        return [] if any(map(listed.match, lines)) else None
    below = _below(lines, begins)
    inputs = next((n for n, line in enumerate(below) if re.match(r"\s+inputs\s*:", line)), None)
    if inputs is None:
        return []
    named = _below(below, inputs)
    least = min((_indent(line) for line in named), default=0)
    keys = (re.match(r"""\s*["']?([\w-]+)["']?\s*:""", line) for line in named if _indent(line) == least)
    return [key[1] for key in keys if key]


def _below(lines: Sequence[str], head: int) -> list[str]:
    found = []
    for line in lines[head + 1 :]:
        if _indent(line) <= _indent(lines[head]):
            break
        found.append(line)
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def names_its_runs(text: str, inputs: Mapping[str, str]) -> bool:
    """Whether the workflow's ``run-name`` holds an input that tells one deployment from all others."""
    found = re.search(r"^run-name\s*:(.*)$", text, re.MULTILINE)
    telling = [name for name, value in inputs.items() if "{request_id}" in value]
    return found is not None and any(re.search(rf"inputs\.{re.escape(name)}\b", found[1]) for name in telling)
