"""A process of the bot is closed to the others of its user, and works all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import TASKS

ROOT = Path(__file__).parents[3]

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
as_root = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root can start programs as the user nobody"
)

NEEDED = {**dict.fromkeys(("retry", "drop", "adopt"), ("github:1",)), "token": ("list",)}
"""What has to be typed behind the name of a process."""

# Each process of the bot in the place of which something else looks at what main has done by then.
LOOKING = """
import ctypes, sys
from bot import __main__ as program
def look(*_, **__):
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
    return 0
program.TASKS = {name: program.Task(task.line, look, task.options) for name, task in program.TASKS.items()}
sys.exit(program.main(sys.argv[1:]))
"""


def python(program: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SLACK_BOT_TOKEN": "xoxb-hush"}
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)


@on_linux
@pytest.mark.parametrize("name", TASKS)
def test_every_process_is_closed_before_it_does_anything(name: str) -> None:
    looked = python(LOOKING, name, *NEEDED.get(name, ()))

    assert (looked.returncode, looked.stdout) == (0, "0\n"), looked.stderr


@on_linux
def test_a_process_that_does_not_know_what_to_do_is_closed_too() -> None:
    looked = python(
        "import atexit, ctypes, sys\n"
        "atexit.register(lambda: print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)))\n"
        "from bot.__main__ import main\n"
        "main(['no-such-process'])"
    )

    assert (looked.returncode, looked.stdout) == (2, "0\n")


CLOSE = "from bot.adapters.system.dumpable import forbid_dumps\nforbid_dumps()\n"

# As if nobody had started it: Linux closes a process that changes its user by itself. What is needed is loaded before,
# as nobody may not be able to read it.
AS_NOBODY = """
import ctypes, faulthandler, os, psutil, resource, subprocess, sys
import bot.adapters.system.dumpable
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
"""


@as_root
@pytest.mark.parametrize("what", ["environ", "mem", "maps", "io", "fd/0", "cwd/README.md"])
def test_a_child_of_the_same_user_learns_nothing_of_its_parent(what: str) -> None:
    look = f"subprocess.run(['/bin/sh', '-c', 'exec 2>&1; head -c 1 /proc/$PPID/{what} | od -c'])"

    of_an_open_one = python(f"{AS_NOBODY}{look}")
    of_a_closed_one = python(f"{AS_NOBODY}{CLOSE}{look}")

    assert "Permission denied" not in of_an_open_one.stdout
    assert "Permission denied" in of_a_closed_one.stdout


@as_root
def test_a_closed_process_that_crashes_leaves_no_core_dump(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    crash = "resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)\nos.abort()\n"

    crashed = python(f"{AS_NOBODY}{CLOSE}{crash}", cwd=tmp_path)

    assert crashed.returncode == -6
    assert list(tmp_path.iterdir()) == []


# What the bot does that has to do with /proc.
AT_WORK = """
faulthandler.enable()
me = psutil.Process()
assert me.memory_info().rss and me.cmdline() and me.status() and os.listdir("/proc/self/fd")
with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True, env={"MARK": "ours"}) as child:
    assert [one.pid for one in me.children()] == [child.pid]
    assert psutil.Process(child.pid).environ()["MARK"] == "ours"
    os.killpg(child.pid, 15)
assert child.returncode == -15
print("works")
"""


@as_root
def test_a_closed_process_knows_itself_and_its_children_as_before() -> None:
    worked = python(f"{AS_NOBODY}{CLOSE}{AT_WORK}")

    assert worked.stdout == "works\n", worked.stderr
