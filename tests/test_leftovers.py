"""A process that a test forgets is found, whoever its parent is by now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.leftovers import MARK, left_behind
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
WAITS = "import sys; sys.stdin.read()"
LEAVES_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=0, stdout=2, stderr=2, start_new_session=True)
print(child.pid, flush=True)
"""


def test_a_child_that_still_runs_is_found_and_ended(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE, cwd=tmp_path) as child:
        found = left_behind(tmp_path, grace=0.1)

    assert [line.partition(" ")[0] for line in found] == [str(child.pid)]
    assert child.poll() is not None


@pytest.mark.parametrize("named", ["cwd", "environment"])
def test_one_that_has_left_its_parent_is_known_by_the_directory(tmp_path: Path, named: str) -> None:
    elsewhere = tmp_path if named == "cwd" else Path("/")
    parent = subprocess.Popen(
        [sys.executable, "-c", LEAVES_A_CHILD, WAITS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=elsewhere,
        env={"HERE": str(tmp_path)} if named == "environment" else {},
    )
    with parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        parent.wait(PATIENCE)

        found = left_behind(tmp_path, grace=0.1)

    assert [line.partition(" ")[0] for line in found] == [str(orphan)]
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE


def test_a_postgres_is_no_exception(tmp_path: Path) -> None:
    postgres = tmp_path / "postgres"
    postgres.symlink_to(Path(sys.executable).resolve())

    with subprocess.Popen(
        [postgres, "-I", "-S", "-c", WAITS], stdin=subprocess.PIPE, cwd="/", env={MARK: str(tmp_path)}
    ) as child:
        found = left_behind(tmp_path, grace=0.1)

    assert [line.partition(" ")[0] for line in found] == [str(child.pid)]


@pytest.mark.parametrize(("ending", "alive"), [("postgres.stop()", False), ("os._exit(0)", True)])
def test_the_postgres_of_a_run_is_found_where_the_run_did_not_stop_it(tmp_path: Path, ending: str, alive: bool) -> None:
    run = f"import os; from tests import postgres; postgres.address(); {ending}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(Path.home()), MARK: str(tmp_path)}
    subprocess.run([sys.executable, "-W", "ignore", "-c", run], cwd=ROOT, env=environ, check=True)

    found = left_behind(tmp_path, grace=0.1)

    assert any("postgres" in line for line in found) == alive


def test_nothing_is_found_where_all_have_ended(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ""], cwd=tmp_path, check=True)

    assert left_behind(tmp_path, grace=0.1) == []
