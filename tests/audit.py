"""Whether a pinned library has a known vulnerability: pip-audit's answer, believed no further than it has looked.

``python -m tests.audit``; what is given on the line goes to pip-audit, such as ``-s osv``. It is installed from pins of
its own where nothing else is, and nothing of this waits for long. The exit code is 1 for a vulnerability alone:
advisories that cannot be reached say nothing about the pins, and are no reason to stop.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements-audit.txt"
AUDITED = ROOT / "requirements.txt"
WITHIN = 120.0
"""Seconds that each step may take at most."""


def verdict(report: str) -> tuple[list[str], int]:
    """What is to be said of pip-audit's report in JSON, and the exit code.

    A library that it skipped was looked up in vain: it is not audited, whatever pip-audit says of the others.
    """
    libraries = json.loads(report)["dependencies"]
    skipped = [one["name"] for one in libraries if "skip_reason" in one]
    found = [(one, vulnerability) for one in libraries for vulnerability in one.get("vulns", [])]
    lines = [_known(one, vulnerability) for one, vulnerability in found]
    if len(skipped) == len(libraries):
        lines.append("not audited: no advisories can be reached")
    elif skipped:
        lines.append(f"not audited: {', '.join(skipped)}: no advisories can be reached for them")
    if not found and len(skipped) < len(libraries):
        lines.append(f"audited: no known vulnerability in {len(libraries) - len(skipped)} libraries")
    return lines, 1 if found else 0


def _known(library: dict[str, str], vulnerability: dict[str, list[str] | str]) -> str:
    mended = " or ".join(vulnerability["fix_versions"]) or "no release yet"
    return f"vulnerable: {library['name']} {library['version']}: {vulnerability['id']}, mended in {mended}"


def report_of(audit: Sequence[str | Path], within: float = WITHIN) -> str:
    """What the command ``audit`` writes into the file that it is given last. Raises Unaudited where it writes none."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        said = _run([*audit, "--output", report], within)
        if not report.exists() or not report.read_text(encoding="utf-8").strip():
            raise Unaudited(said)
        return report.read_text(encoding="utf-8")


class Unaudited(Exception):
    """Nobody has looked; says why."""


def _run(command: Sequence[str | Path], within: float) -> str:
    """The last line that it writes; an exit code may mean anything."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=within, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unaudited(str(error)) from error
    return (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]


def _audited(home: Path, options: Sequence[str]) -> str:
    uv, python = Path(sys.executable).with_name("uv"), home / "bin/python"
    _run([uv, "venv", "--quiet", home], WITHIN)
    said = _run(
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--no-deps", "-r", PINS], WITHIN
    )
    if not (home / "bin/pip-audit").exists():
        raise Unaudited(f"pip-audit cannot be installed: {said}")
    how = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", "--format", "json")
    return report_of([home / "bin/pip-audit", "--requirement", AUDITED, *how, *options])


def main(options: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as directory:
        try:
            lines, code = verdict(_audited(Path(directory) / "venv", options))
        except (Unaudited, ValueError, KeyError) as why:  # the latter where the report is none that we can read
            lines, code = [f"not audited: {why}"], 0
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
