"""What ``python -m bot check`` finds out about a workflow that deployments are to dispatch, from its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.names import listed
from bot.core.ports.chat import Finding
from bot.core.workflows.inputs import declaration, declared, holds, names_its_runs
from bot.core.workflows.model import WorkflowFile


def doctor(name: str, file: WorkflowFile, inputs: Mapping[str, str]) -> Sequence[Finding]:
    """``inputs`` are those of the settings, with their placeholders."""
    takes = declared(file.text)
    if takes is None:
        mend = "Add to the file: " + " / ".join(line.strip() for line in declaration([]))
        return [Finding(False, f"{name} has no workflow_dispatch trigger", mend)]
    if file.state != "active":
        return [Finding(False, f"{name} is disabled on GitHub ({file.state})", "Enable it, on its page there.")]
    if lacking := [one for one in inputs if one not in takes]:
        mend = "Declare them below workflow_dispatch, or change `inputs`."
        return [Finding(False, f"{name} does not declare the inputs {listed(lacking)}", mend)]
    return [Finding(True, f"{name} can be dispatched"), *_warnings(name, file, inputs)]


def _warnings(name: str, file: WorkflowFile, inputs: Mapping[str, str]) -> Sequence[Finding]:
    found = []
    if not names_its_runs(file.text, inputs):
        mend = "Give it a run-name with ${{ inputs.request_id }}: docs/providers.md has it."
        found.append(Finding(True, f"{name} does not name its runs", mend, warning=True))
    if not holds(inputs, "sha"):
        what = f"{name} is not told the commit, so only the newest one of a branch can be deployed"
        found.append(Finding(True, what, 'Add `sha = "{sha}"` to `inputs`, and check that out.', warning=True))
    return found
