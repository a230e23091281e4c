"""A command that runs as another user: it sees and forges nothing of the bot's, and is stopped as any other."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.check import Doctors, findings
from bot.core.errors import Rejected
from bot.core.ports.chat import Finding
from bot.core.ports.provider import Outcome
from bot.providers import shell
from bot.settings import read
from tests.patience import PATIENCE
from tests.providers.conftest import Pipe

as_root = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root can run commands as the user nobody"
)
SUCCEEDED = Outcome("succeeded", "The command succeeded")
NOBODY = "nobody"


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that every user can reach; pytest's own is closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="shipmate-test-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def deploy(run_with, reachable):
    def work(command: str | list[str], *, files=None, user: str = NOBODY, **own):
        settings = shell.Settings(command=command, directory=str(reachable), user=user, **own)
        run = run_with(settings, files=files)
        return run, shell.follow(run, shell.start(run))

    return work


@as_root
@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_the_users_command_has_an_agent_of_its_own(deploy, tmp_path, monkeypatch) -> None:
    kind = ("-q", "-t", "ed25519", "-N", "", "-C", "deployer")
    subprocess.run([shutil.which("ssh-keygen"), *kind, "-f", str(tmp_path / "key")], check=True)
    monkeypatch.setenv("DEPLOY_KEY", (tmp_path / "key").read_text())

    run, outcome = deploy("ssh-add -l; stat -c %U $SSH_AUTH_SOCK", ssh_key="DEPLOY_KEY")

    assert outcome.result == "succeeded", run.lines
    assert "deployer (ED25519)" in run.lines[1]
    assert run.lines[2] == NOBODY


def test_the_command_is_its_user_in_every_way(deploy) -> None:
    run, outcome = deploy('id -un; id -gn; id -G; echo "$HOME $USER $LOGNAME $TMPDIR."; pwd; umask')

    nobody = pwd.getpwnam(NOBODY)
    umask = os.umask(0o022)
    os.umask(umask)
    assert outcome == SUCCEEDED
    assert run.lines[1:5] == [NOBODY, "nogroup", str(nobody.pw_gid), f"{nobody.pw_dir} {NOBODY} {NOBODY} ."]
    assert run.lines[5].endswith("/1/checkout")
    assert int(run.lines[6], 8) == umask


@as_root
def test_the_checkout_is_the_users_with_everything_in_it(deploy) -> None:
    run, outcome = deploy(
        'cat "$PWD/lib/app.txt"; echo more >> lib/app.txt; mkdir new; find . ! -user nobody', files={"lib/app.txt": "x"}
    )

    assert outcome == SUCCEEDED
    assert run.lines[1:] == ["x"]


@as_root
@pytest.mark.parametrize(
    ("command", "description"),
    [
        ("exit 3", "exit code 3"),
        (["no-such-program"], "exit code 127: the command was not found"),
        (["./app.txt"], "exit code 126: the command is not executable"),
        ("kill -KILL $$", "exit code 137: SIGKILL"),
    ],
)
def test_it_ends_as_any_other(deploy, command, description) -> None:
    _, outcome = deploy(command, environment={"PATH": os.defpath})

    assert outcome == Outcome("failed", description)


# Up to the first process: what each one was started with, and what is in its memory.
LOOK_UP = """
pid=$PPID
while [ "$pid" -gt 1 ]; do
    tr '\\0' '\\n' </proc/$pid/environ && echo "read the variables of $pid"
    head -c 1 /proc/$pid/mem && echo "read the memory of $pid"
    pid=$(sed 's/.*) . //' /proc/$pid/stat | cut -d' ' -f1)
    looked=$((looked + 1))
done 2>/dev/null
echo "looked at $looked"
"""


@as_root
def test_the_command_learns_nothing_from_the_processes_above_it(deploy, monkeypatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hush-hush")

    run, outcome = deploy(LOOK_UP)

    assert outcome == SUCCEEDED
    [looked] = run.lines[1:]
    assert int(looked.removeprefix("looked at ")) >= 2


@as_root
@pytest.mark.parametrize(
    "crime",
    [
        'ls "$SHIPMATE_RUN"',
        'cat "$SHIPMATE_RUN/output.log"',
        'rm -f "$SHIPMATE_RUN/output.log"',
        'echo 1 > "$SHIPMATE_RUN/claim"',
        'touch "$SHIPMATE_RUN/exit-0"',
        'ln -s /etc/shadow "$SHIPMATE_RUN/progress.json"',
        'mv "$SHIPMATE_RUN/checkout" "$SHIPMATE_RUN/elsewhere"',
        'ls "$SHIPMATE_RUN/../.."',
        "kill -KILL $PPID",
    ],
)
def test_the_command_cannot_meddle_with_what_is_known_of_it(deploy, crime: str) -> None:
    run, outcome = deploy(f"{crime} && echo could; exit 5", files={"app.txt": ""})

    assert outcome == Outcome("failed", "exit code 5")
    assert "could" not in run.lines


@as_root
def test_it_is_cancelled_with_all_that_it_started(run_with, reachable) -> None:
    pipe = Pipe(reachable / "pipe")
    pipe.path.chmod(0o622)
    started = f"trap '' TERM; exec 3> {pipe.path}; (sleep 600; true) & echo ready; sleep 600; true"
    run = run_with(shell.Settings(command=started, directory=str(reachable), user=NOBODY))
    run.on_line["ready"] = lambda: (watching.append(pipe.watch()), run.cancel())
    watching: list[Callable[[], bool]] = []

    outcome = shell.follow(run, shell.start(run))

    assert outcome == Outcome("cancelled", "Cancelled")
    assert [all_ended() for all_ended in watching] == [True]


@as_root
def test_nothing_of_the_users_is_left_afterwards(deploy, reachable) -> None:
    deploy("mkdir a; touch a/b; chmod 0 a")

    assert not [path for path in reachable.rglob("*") if path.owner() == NOBODY]


@as_root
def test_the_runs_of_others_stay_open_and_closed_as_they_are(run_with, reachable) -> None:
    as_nobody = run_with(shell.Settings(command="true", directory=str(reachable), user=NOBODY))
    as_myself = run_with(shell.Settings(command="true", directory=str(reachable)), request_id="another")

    for run in (as_nobody, as_myself):
        shell.follow(run, shell.start(run))

    modes = {path.name: path.stat().st_mode & 0o777 for path in (reachable / "runs", *(reachable / "runs").iterdir())}
    assert modes == {"runs": 0o711, "d3f4c8a0-7": 0o711, "another": 0o700}


@as_root
def test_a_directory_that_the_user_cannot_reach_is_said(deploy, reachable) -> None:
    reachable.chmod(0o700)

    run, outcome = deploy("true")

    assert outcome == Outcome("failed", "exit code 1")
    assert run.lines[1].startswith("The user of the command cannot reach /")
    assert run.lines[1].endswith("/1/checkout: Permission denied. Open what is above it (chmod o+x).")


NO_USER = "There is no user no-such-user on the worker's machine: add one, or change `user` of the provider."


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ("no-such-user", NO_USER),
        ("root", "A command cannot be kept from the bot's secrets as root: let `user` name another one."),
    ],
)
def test_who_cannot_be_the_commands_user_is_refused_before_anything_is_done(run_with, tmp_path, user, sentence) -> None:
    run = run_with(shell.Settings(command="true", directory=str(tmp_path), user=user))

    with pytest.raises(Rejected) as refused:
        shell.start(run)

    assert str(refused.value) == sentence
    assert run.checkouts == 0


# In a process of its own, which gives root's rights up: everything, or all that is not kept.
AS_ANOTHER = """
import os, sys
from bot.adapters.system import accounts
from bot.core.errors import Rejected
os.setgroups([])
os.setgid(1)
os.setuid(1)
try:
    accounts.account("nobody")
except Rejected as error:
    print(error)
"""


@as_root
def test_a_bot_that_may_not_change_users_says_what_it_lacks() -> None:
    said = subprocess.run([sys.executable, "-c", AS_ANOTHER], capture_output=True, text=True, check=True).stdout

    assert said == (
        "The bot runs as daemon and cannot run a command as nobody: run the bot as root, or give it CAP_CHOWN, "
        "CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID, CAP_SETUID, or remove `user` of the provider.\n"
    )


# Without root, but with the rights that docs/providers.md asks for, as systemd gives them (AmbientCapabilities).
RIGHTS = "+setuid,+setgid,+chown,+fowner,+dac_override,+kill"
WITH_RIGHTS = """
import os, sys
from dataclasses import replace
from bot.core.ports.provider import Job
from bot.providers import shell
from tests.providers.conftest import ModelRun
command = "id -un; grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status; echo $PPID; echo ready; sleep 600"
settings = shell.Settings(command=command, directory=sys.argv[1] + "/of-daemon", user="nobody")
run = ModelRun(Job(7, "r", "web", "production", "acme/web", "topic", "1" * 40, "deploy", None, {}, False, "octocat",
                   900.0, settings), {"app.txt": "hello"})
run.on_line["ready"] = run.cancel
print(shell.follow(run, shell.start(run)).description, *run.lines[1:-2], sep="\\n")
"""


@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv gives the rights")
def test_a_bot_with_rights_instead_of_root_can_too_and_the_command_has_none_of_them(reachable) -> None:
    reachable.chmod(0o777)
    reachable_python = [sys.executable, "-c", WITH_RIGHTS, str(reachable)]
    ambient = [
        "setpriv",
        "--reuid=1",
        "--regid=1",
        "--clear-groups",
        f"--inh-caps={RIGHTS}",
        f"--ambient-caps={RIGHTS}",
    ]

    said = subprocess.run([*ambient, *reachable_python], capture_output=True, text=True, check=False, timeout=PATIENCE)

    nothing = "0000000000000000"
    assert said.stdout.split("\n")[:6] == [
        "Cancelled", NOBODY, *(f"Cap{which}:\t{nothing}" for which in ("Inh", "Prm", "Eff", "Amb")),
    ], said.stderr  # fmt: skip


SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"
[apps.web.environments.production]
provider = { type = "shell", command = "bin/deploy", user = "%s" }
"""


@pytest.mark.parametrize(
    ("user", "finding"),
    [
        pytest.param(NOBODY, Finding(True, "web/production: the command runs as nobody"), marks=as_root),
        ("no-such-user", Finding(False, f"web/production: {NO_USER}")),
    ],
)
def test_check_says_whether_the_command_can_run_as_its_user(user: str, finding: Finding) -> None:
    found = findings(read(SETTINGS % user, {}), Doctors())

    assert finding in found
