"""The audit as JSON lines."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.audit_export import PAGE, export, moment
from bot.core.audit.model import AuditEntry, Origin
from bot.core.errors import Rejected
from tests.patience import PATIENCE

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T09:00", datetime(2026, 3, 1, 9, 0, tzinfo=UTC)),
        ("2026-03-01T09:00+02:00", datetime(2026, 3, 1, 7, 0, tzinfo=UTC)),
    ],
)
def test_since_is_a_duration_a_date_or_a_moment(text: str, meant: datetime) -> None:
    found = moment(text, NOW)

    assert found == meant


def test_since_that_is_neither_is_refused_with_examples() -> None:
    with pytest.raises(Rejected) as error:
        moment("the other day", NOW)

    assert str(error.value) == (
        "“the other day” is not understood as a moment. "
        "Write a duration (7d, 12h), a date (2026-03-01) or a moment (2026-03-01T09:00)."
    )


def test_every_entry_is_a_line_however_many_pages_there_are() -> None:
    origin = Origin("maría", "U1", "maria", "mention", "C1")
    kept = [
        AuditEntry(number, NOW, "slack:1", "deploy", "done", origin, "web", "production", 7, "deploy web", "why")
        for number in range(1, PAGE + 3)
    ]
    asked: list[tuple[datetime, int]] = []

    def read(since: datetime, after: int, limit: int) -> Sequence[AuditEntry]:
        asked.append((since, after))
        return [one for one in kept if one.id > after][:limit]

    out = io.StringIO()
    written = export(read, NOW, out)

    lines = out.getvalue().splitlines()
    assert written == len(lines) == PAGE + 2
    assert asked == [(NOW, 0), (NOW, PAGE), (NOW, PAGE + 2)]
    assert "maría" in lines[0]
    assert json.loads(lines[0]) == {
        "id": 1,
        "at": "2026-03-02T10:00:00+00:00",
        "who": {"name": "maría", "chat": "U1", "github": "maria"},
        "from": {"via": "mention", "channel": "C1"},
        "action": "deploy",
        "outcome": "done",
        "app": "web",
        "environment": "production",
        "deployment": 7,
        "command": "deploy web",
        "reason": "why",
        "cause": "slack:1",
    }


def run(directory: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(directory),
        "PYTHONPATH": str(ROOT),
        "SHIPMATE_SETTINGS": str(directory / ".shipmate" / "settings.toml"),
        "DATABASE_URL": f"sqlite:///{directory / '.shipmate' / 'talk.db'}",
    }
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        command, cwd=directory, env=environ, input=said, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_what_was_decided_in_the_terminal_can_be_exported(tmp_path: Path) -> None:
    talked = run(tmp_path, "talk", said="deploy topic to production\nlock production because testing\n")

    exported = run(tmp_path, "audit", "--since", "1h")
    wrong = run(tmp_path, "audit", "--since", "yesterday-ish")

    assert talked.returncode == 0, talked.stderr
    entries = [json.loads(line) for line in exported.stdout.splitlines()]
    commands = [(one["command"], one["outcome"], one["from"]["via"]) for one in entries if one["command"]]
    assert exported.returncode == 0, exported.stderr
    assert commands == [
        ("deploy topic to production", "done", "terminal"),
        ("lock production because testing", "done", "terminal"),
    ]
    assert [one["outcome"] for one in entries if one["action"] == "deployment"][-1] == "succeeded"
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("✗ “yesterday-ish” is not understood as a moment.")
