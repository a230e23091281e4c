"""A git server to test against: repositories on disk, served by git's own ``http-backend`` over real HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil

from tests.servers.background import Background

_OWN = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_{what}": "tester" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


class GitServer:
    """Use it as a context manager. ``token`` is what lets one in, by the name ``x-access-token``.

    ``asked`` are the paths, ``refused`` how often nobody was let in, ``seen`` the command lines that all processes of
    the machine had while it answered; ``on_request`` is called with each path before it is answered.
    """

    def __init__(self, folder: Path, token: str = "git-token-1234567890") -> None:
        self.folder = folder
        self.token = token
        self.asked: list[str] = []
        self.refused = 0
        self.seen: list[str] = []
        self.answer: int | None = None
        self.on_request: Callable[[str], None] = lambda path: None
        handler = type("Handler", (_Handler,), {"git": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._running = Background(self._server)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> GitServer:
        self._running.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()

    def repository(self, name: str) -> Upstream:
        """A new one, bare, with a work tree beside it to make commits in."""
        bare = self.folder / f"{name}.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        for setting in ("http.receivepack", "uploadpack.allowAnySHA1InWant"):
            git("config", setting, "true", at=bare)
        return Upstream(bare, self.folder / "work" / name)


class Upstream:
    """A repository somebody else works at."""

    def __init__(self, bare: Path, work: Path) -> None:
        self.bare = bare
        self.work = work
        git("clone", "--quiet", str(bare), str(work))

    def commit(self, files: dict[str, str], branch: str = "main") -> str:
        """Pushed at once; the id of the commit."""
        git("checkout", "--quiet", "-B", branch, at=self.work)
        for name, text in files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text)
        git("add", "--all", at=self.work)
        git("commit", "--quiet", "--allow-empty", "--message", "Change", at=self.work)
        git("push", "--quiet", "--force", "origin", branch, at=self.work)
        return git("rev-parse", "HEAD", at=self.work)

    def tag(self, name: str) -> None:
        git("tag", "--annotate", "--message", name, name, at=self.work)
        git("push", "--quiet", "origin", name, at=self.work)

    def delete(self, branch: str) -> None:
        git("push", "--quiet", "origin", "--delete", branch, at=self.work)


def git(*arguments: str, at: Path | None = None) -> str:
    program = shutil.which("git")
    assert program is not None
    done = subprocess.run([program, *arguments], cwd=at, env=_OWN, check=True, capture_output=True, timeout=60)
    return done.stdout.decode().strip()


class _Handler(BaseHTTPRequestHandler):
    git: GitServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            self._serve(b"".join(iter(self._chunk, b"")))
        else:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _serve(self, body: bytes) -> None:
        server, address = self.git, urlsplit(self.path)
        server.asked.append(address.path)
        server.on_request(address.path)
        server.seen += [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        if server.answer is not None:
            self._answer(server.answer, b"not now")
            return
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        if b64decode(given).decode() != f"x-access-token:{server.token}":
            server.refused += 1
            self._answer(401, b"who are you", {"WWW-Authenticate": 'Basic realm="git"'})
            return
        environment = {
            **_OWN,
            "GIT_PROJECT_ROOT": str(server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(address.path),
            "QUERY_STRING": address.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        program = shutil.which("git") or "git"
        done = subprocess.run([program, "http-backend"], input=body, env=environment, capture_output=True, timeout=60)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self._answer(int(headers.pop("Status", "200").split()[0]), content, headers)

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing is written."""
