"""Tools that people deploy with, as docs/providers.md shows them, against an SSH server on this machine.

Each is run where it is installed; none is needed for anything else.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.core.ports.provider import Outcome
from bot.providers import shell
from tests.patience import PATIENCE
from tests.providers.conftest import ModelRun
from tests.servers.background import Background

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
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


def placed(target: Target, text: str, **more: str) -> str:
    """As the page has it, with this machine in the place of the one that it tells of."""
    put_in_place = {
        "deploy@web-1.example.com": f"{getpass.getuser()}@127.0.0.1",
        "web-1.example.com": "127.0.0.1",
        "ansible_user=deploy": f"ansible_user={getpass.getuser()}",
        'user: "deploy"': f'user: "{getpass.getuser()}"',
        "/srv/web": str(target.folder),
        **more,
    }
    for shown, real in put_in_place.items():
        text = text.replace(shown, real)
    return text


def files_for(tool: str, target: Target, **more: str) -> dict[str, str]:
    found = {name: placed(target, text, **more) for name, text in example(tool).items()}
    ssh_config = f"Host 127.0.0.1\n  Port {target.port}\n  UserKnownHostsFile known_hosts\n"
    return {**found, "known_hosts": target.known_hosts, "ssh_config": ssh_config, "app.txt": "hello\n"}


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
    run = run_with(
        shell.Settings(
            command=[placed(target, one) for one in commanded(tool)],
            ssh_key="DEPLOY_KEY",
            directory=str(tmp_path / "runs"),
            # It would keep its connection open for a minute.
            environment={"HOME": str(tmp_path), "ANSIBLE_SSH_ARGS": "-o ControlMaster=no"},
        ),
        files=files_for(tool, target),
    )

    outcome = shell.follow(run, shell.start(run))

    assert outcome == DONE, run.lines
    assert (target.folder / "app.txt").read_text() == "hello\n"


def test_capistrano_deploys_the_commit_that_was_asked_for(
    run_with: Callable[..., ModelRun], target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("cap") is None:
        pytest.skip("Capistrano is not installed")
    monkeypatch.setenv("DEPLOY_KEY", target.private_key)
    monkeypatch.setattr("tests.providers.conftest.MOST_PAUSES", 10_000)
    origin = tmp_path / "origin"
    sha = committed(origin, "hello\n")
    committed(origin, "later\n")
    run = run_with(
        shell.Settings(
            command=commanded("Capistrano"),
            ssh_key="DEPLOY_KEY",
            directory=str(tmp_path / "runs"),
            environment={"HOME": str(tmp_path)},
        ),
        files=files_for("Capistrano", target, **{"https://github.com/acme/web.git": str(origin)}),
        sha=sha,
    )

    outcome = shell.follow(run, shell.start(run))

    assert outcome == DONE, run.lines
    assert (target.folder / "current" / "app.txt").read_text() == "hello\n"


def committed(folder: Path, text: str) -> str:
    """The commit that this text is in, of a repository that is made where there is none."""
    folder.mkdir(exist_ok=True)
    (folder / "app.txt").write_text(text)
    who = ("-c", "user.name=maria", "-c", "user.email=maria@example.com")
    for command in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-q", "-m", text)):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    head = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()


# --- kubectl --------------------------------------------------------------------------------------------------------


class Cluster(ThreadingHTTPServer):
    """An API server that knows the deployment ``web``, whose image can be changed, and which is then rolled out."""

    daemon_threads = True

    def __init__(self, *, rolls_out: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Kubernetes)
        self.image = "registry.example.com/web:before"
        self.generation = 1
        self.rolls_out = rolls_out

    def deployment(self) -> dict[str, Any]:
        observed = self.generation if self.rolls_out else self.generation - 1
        status = {"observedGeneration": observed, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
        if not self.rolls_out:
            why = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
            status |= {"observedGeneration": self.generation, "updatedReplicas": 0, "conditions": [why]}
        labels = {"app": "web"}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "web",
                "namespace": "default",
                "generation": self.generation,
                "resourceVersion": str(self.generation),
            },
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "web", "image": self.image}]},
                },
            },
            "status": status,
        }


class _Kubernetes(BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        apps = {"groupVersion": "apps/v1", "version": "v1"}
        kind = {"name": "deployments", "singularName": "deployment", "namespaced": True, "kind": "Deployment"}
        verbs = ["get", "list", "patch", "watch"]
        group = {"name": "apps", "versions": [apps], "preferredVersion": apps}
        known: dict[str, Any] = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
            "/apis/apps/v1": {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": "apps/v1",
                "resources": [{**kind, "verbs": verbs, "categories": ["all"]}],
            },
            f"{DEPLOYMENTS}/web": self.server.deployment(),
        }
        if path == DEPLOYMENTS and "watch=" in query:
            self._answer({"type": "ADDED", "object": self.server.deployment()})
        elif path == DEPLOYMENTS:
            version = {"resourceVersion": str(self.server.generation)}
            items = [self.server.deployment()]
            self._answer({"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": version, "items": items})
        else:
            self._answer(known.get(path))

    def do_PATCH(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        [container] = sent["spec"]["template"]["spec"]["containers"]
        self.server.image = container["image"]
        self.server.generation += 1
        self._answer(self.server.deployment())

    def _answer(self, body: dict[str, Any] | None) -> None:
        gone = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        text = json.dumps(body or gone).encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.mark.parametrize("rolls_out", [True, False])
def test_kubectl_sets_the_image_and_waits_for_the_rollout(
    run_with: Callable[..., ModelRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rolls_out: bool
) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    cluster = Cluster(rolls_out=rolls_out)
    running = Background(cluster)
    running.start()
    here = {"name": "here", "cluster": {"server": f"http://127.0.0.1:{cluster.server_address[1]}"}}
    context = {"name": "here", "context": {"cluster": "here", "user": "here"}}
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [here], "contexts": [context]}
    config |= {"current-context": "here", "users": [{"name": "here", "user": {}}]}
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setattr("tests.providers.conftest.MOST_PAUSES", 10_000)
    settings = shell.Settings(
        command=commanded("kubectl"),
        inherit=["KUBECONFIG"],
        directory=str(tmp_path / "runs"),
        environment={"HOME": str(tmp_path)},
    )
    run = run_with(settings, files=example("kubectl"))

    outcome = shell.follow(run, shell.start(run))
    running.stop()

    assert (outcome.result == "succeeded") == rolls_out, run.lines
    assert cluster.image == f"registry.example.com/web:{run.job.sha}"
    said = "successfully rolled out" if rolls_out else "exceeded its progress deadline"
    assert any(said in line for line in run.lines)
