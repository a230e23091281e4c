"""Tools that people deploy with, as docs/providers.md shows them, against an SSH server on this machine.

Each is run where it is installed; none is needed for anything else.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.ports.provider import Outcome
from bot.providers import shell
from tests.patience import PATIENCE
from tests.providers.conftest import ModelRun

DONE = Outcome("succeeded", "The command succeeded")
PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")
SSHD = shutil.which("sshd") or next((path for path in ("/usr/sbin/sshd",) if os.access(path, os.X_OK)), None)


@dataclass(frozen=True)
class Target:
    """A machine that is deployed to: this one, over SSH."""

    port: int
    folder: Path
    private_key: str
    known_hosts: str


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    if SSHD is None or not (keygen := shutil.which("ssh-keygen")):
        pytest.skip("OpenSSH's server is not installed")
    for name in ("host", "key"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "key.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "Subsystem": "sftp internal-sftp",
    }
    (tmp_path / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    log = tmp_path / "sshd.log"
    server = subprocess.Popen([SSHD, "-D", "-f", str(tmp_path / "sshd_config"), "-E", str(log)])
    try:
        _until_it_answers(port, server)
        host_key = " ".join((tmp_path / "host.pub").read_text().split()[:2])
        yield Target(port, tmp_path / "srv", (tmp_path / "key").read_text(), f"[127.0.0.1]:{port} {host_key}\n")
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _until_it_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.skip("OpenSSH's server does not start here")


def example(tool: str) -> dict[str, str]:
    """The files of the page's example, by their names."""
    section = re.search(rf"^#### {tool}$(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, tool
    blocks = re.findall(r"^`([^`]+)`:\n\n```\w*\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)

    return dict(blocks)


def commanded(tool: str) -> list[str]:
    """What the page's example says the command is."""
    section = re.search(rf"^#### {tool}$(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, tool
    found = re.search(r"command = \[(.*?)\]", section[1])
    assert found, tool
    return re.findall(r'"(.*?)"', found[1])


@pytest.mark.parametrize(
    ("tool", "program"), [("rsync", "rsync"), ("Ansible", "ansible-playbook"), ("Fabric", "fab"), ("make", "make")]
)
def test_the_example_deploys(
    run_with: Callable[..., ModelRun],
    target: Target,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    program: str,
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    monkeypatch.setenv("DEPLOY_KEY", target.private_key)
    monkeypatch.setattr("tests.providers.conftest.MOST_PAUSES", 10_000)  # such tools take their time
    put_in_place = {
        "deploy@web-1.example.com": f"{getpass.getuser()}@127.0.0.1",
        "web-1.example.com": "127.0.0.1",
        "ansible_user=deploy": f"ansible_user={getpass.getuser()}",
        "/srv/web": str(target.folder),
    }

    def here(text: str) -> str:
        for shown, real in put_in_place.items():
            text = text.replace(shown, real)
        return text

    files = {"known_hosts": target.known_hosts, "app.txt": "hello\n"}
    for name, text in example(tool).items():
        files[name] = here(text)
    files["ssh_config"] = f"Host 127.0.0.1\n  Port {target.port}\n  UserKnownHostsFile known_hosts\n"
    run = run_with(
        shell.Settings(
            command=[here(one) for one in commanded(tool)],
            ssh_key="DEPLOY_KEY",
            directory=str(tmp_path / "runs"),
            # It would keep its connection open for a minute.
            environment={"HOME": str(tmp_path), "ANSIBLE_SSH_ARGS": "-o ControlMaster=no"},
        ),
        files=files,
    )

    outcome = shell.follow(run, shell.start(run))

    assert outcome == DONE, run.lines
    assert (target.folder / "app.txt").read_text() == "hello\n"
