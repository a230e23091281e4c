"""An SSH key from the environment, in an agent of the command's own; and tools that deploy over SSH."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.core.errors import Rejected
from bot.core.ports.provider import Outcome
from bot.providers import shell
from tests.providers.conftest import ModelRun

DONE = Outcome("succeeded", "The command succeeded")
pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A private key; its fingerprint is in ``key.pub`` beside it."""
    program = shutil.which("ssh-keygen") or ""
    subprocess.run(
        [program, "-q", "-t", "ed25519", "-N", "", "-C", "deployer", "-f", str(tmp_path / "key")], check=True
    )
    return (tmp_path / "key").read_text()


@pytest.fixture
def deploy(run_with: Callable[..., ModelRun], tmp_path: Path) -> Callable[..., tuple[ModelRun, Outcome]]:
    def work(command: str, **settings: object) -> tuple[ModelRun, Outcome]:
        given = shell.Settings(
            command=command,
            ssh_key="DEPLOY_KEY",
            directory=str(tmp_path / "runs"),
            **settings,  # type: ignore[arg-type]
        )
        run = run_with(given)
        return run, shell.follow(run, shell.start(run))

    return work


@pytest.mark.parametrize("written", [str, lambda key: key.replace("\n", "\\n"), lambda key: key.strip()])
def test_the_command_has_an_agent_with_the_key_and_not_the_key(
    deploy: Callable[..., tuple[ModelRun, Outcome]],
    key: str,
    written: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEPLOY_KEY", written(key))

    run, outcome = deploy("ssh-add -l; env | grep -c DEPLOY_KEY; grep -rl OPENSSH . ; echo agent $SSH_AGENT_PID")

    assert outcome == DONE
    assert "deployer (ED25519)" in run.lines[1]
    assert run.lines[2] == "0"
    [agent] = [int(line.split()[1]) for line in run.lines if line.startswith("agent ")]
    assert not any(key.split()[5] in line for line in run.lines)
    psutil.wait_procs([psutil.Process(agent)] if psutil.pid_exists(agent) else [], timeout=30)
    assert not psutil.pid_exists(agent)


def test_what_the_command_prints_of_the_key_is_hidden(
    deploy: Callable[..., tuple[ModelRun, Outcome]], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_KEY", key)

    run, _ = deploy(f"cat {tmp_path}/key")

    assert not any(line in written for line in key.splitlines()[1:-1] for written in run.lines)


@pytest.mark.parametrize(
    "value", ["not a key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"]
)
def test_a_key_that_is_none_ends_it_with_a_sentence(
    deploy: Callable[..., tuple[ModelRun, Outcome]], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_KEY", value)

    run, outcome = deploy("echo begun")

    assert outcome == Outcome("failed", "exit code 1")
    assert run.lines[-1] == "The SSH key could not be used: it must be a private key without a passphrase."
    assert "begun" not in run.lines


def test_a_key_that_is_not_set_is_said_before_anything_begins(
    deploy: Callable[..., tuple[ModelRun, Outcome]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEPLOY_KEY", raising=False)

    with pytest.raises(Rejected, match="DEPLOY_KEY is not set"):
        deploy("echo begun")
    [finding] = shell.doctor(shell.Settings(command="true", ssh_key="DEPLOY_KEY"))
    assert not finding.good


def test_a_key_longer_than_any_is_refused(
    deploy: Callable[..., tuple[ModelRun, Outcome]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_KEY", "x" * 40_000)

    with pytest.raises(Rejected, match="too long"):
        deploy("echo begun")
