"""A process that a test forgets is found, whoever its parent is by now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.leftovers import left_behind
from tests.patience import PATIENCE

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


def test_nothing_is_found_where_all_have_ended(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ""], cwd=tmp_path, check=True)

    assert left_behind(tmp_path, grace=0.1) == []
