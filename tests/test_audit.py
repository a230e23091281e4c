"""What is made of pip-audit's answer: a vulnerability stops, and whatever was not looked up is not called audited."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.audit import Unaudited, report_of, verdict

FINE = {"name": "rich", "version": "15.0.0", "vulns": []}
BAD = {"name": "sqlalchemy", "version": "2.0.45", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.0.46", "2.1"]}]}
UNMENDED = {"name": "dbos", "version": "3.4.0", "vulns": [{"id": "CVE-2026-2", "fix_versions": []}]}
SKIPPED = {"name": "alembic", "skip_reason": "Dependency not found and could not be audited: alembic (1.20.1)"}
BAD_SAID = "vulnerable: sqlalchemy 2.0.45: CVE-2026-1, mended in 2.0.46 or 2.1"
WRITES = "import sys; open(sys.argv[-1], 'w').write('{}'); sys.exit(1)"


@pytest.mark.parametrize(
    ("libraries", "lines", "code"),
    [
        ([FINE], ["audited: no known vulnerability in 1 libraries"], 0),
        ([SKIPPED], ["not audited: no advisories can be reached"], 0),
        ([FINE, BAD], [BAD_SAID], 1),
        ([UNMENDED], ["vulnerable: dbos 3.4.0: CVE-2026-2, mended in no release yet"], 1),
        ([SKIPPED, BAD], [BAD_SAID, "not audited: alembic: no advisories can be reached for them"], 1),
        (
            [SKIPPED, FINE],
            [
                "not audited: alembic: no advisories can be reached for them",
                "audited: no known vulnerability in 1 libraries",
            ],
            0,
        ),
    ],
)
def test_only_a_vulnerability_stops_and_only_what_was_looked_up_is_audited(
    libraries: list[dict[str, Any]], lines: list[str], code: int
) -> None:
    assert verdict(json.dumps({"dependencies": libraries, "fixes": []})) == (lines, code)


def test_the_report_counts_and_not_the_exit_code() -> None:
    assert report_of([sys.executable, "-c", WRITES]) == "{}"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ([sys.executable, "-c", "import sys; sys.exit('no such service')"], "no such service"),
        ([sys.executable, "-c", ""], "it said nothing"),
        (["there-is-no-such-command"], "No such file or directory"),
        ([sys.executable, "-c", "import signal; signal.pause()"], "timed out after"),
    ],
    ids=["failed", "silent", "missing", "hanging"],
)
def test_without_a_report_nobody_has_looked(command: list[str], why: str) -> None:
    with pytest.raises(Unaudited, match=why):
        report_of(command, within=2.0)
