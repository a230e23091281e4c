"""Checkouts with history, fetched from a server that speaks git's own protocol."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.adapters.git import mirrors as mirrors_
from bot.adapters.git.command import Interrupted
from bot.adapters.git.mirrors import Wanted, check_out
from bot.core.errors import NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.ports.forge_types import Remote
from tests.servers.git.server import GitServer, Upstream, git

ENVIRON = {"PATH": os.environ.get("PATH", os.defpath)}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def web(server: GitServer) -> Upstream:
    return server.repository("acme/web")


@pytest.fixture
def fetched(server: GitServer, tmp_path: Path) -> Callable[..., Path]:
    """Checks a commit out into a new directory, as one deployment after the other does it."""
    count = iter(range(1_000))

    def fetch(
        sha: str, *, name: str = "acme/web", goes_on: Callable[[], bool] = lambda: True, **wanted: object
    ) -> Path:
        into = tmp_path / f"checkout-{next(count)}"
        into.mkdir()
        lines: list[str] = []
        check_out(
            Remote(f"{server.url}/{name}.git", server.token),
            Wanted(sha, **wanted),  # type: ignore[arg-type]
            into,
            mirrors=tmp_path / "mirrors",
            environ=ENVIRON,
            goes_on=goes_on,
            write=lines.append,
        )
        return into

    return fetch


def test_a_checkout_is_a_repository_with_history_branches_and_tags(web: Upstream, fetched: Callable[..., Path]) -> None:
    web.commit({"app.txt": "one"})
    web.tag("v1.0")
    sha = web.commit({"app.txt": "two", "bin/deploy": "#!/bin/sh"})

    into = fetched(sha)

    assert (into / "app.txt").read_text() == "two"
    assert git("rev-parse", "HEAD", at=into) == sha
    assert git("status", "--porcelain", at=into) == ""
    assert git("describe", at=into) == f"v1.0-1-g{sha[:7]}"
    assert git("rev-list", "--count", "HEAD", at=into) == "2"
    assert git("rev-parse", "origin/main", at=into) == sha


def test_the_mirror_is_fetched_once_and_then_only_what_is_new(
    server: GitServer, web: Upstream, fetched: Callable[..., Path], tmp_path: Path
) -> None:
    first = web.commit({"big.txt": "x" * 1000})
    fetched(first)
    second = web.commit({"app.txt": "two"})
    server.asked.clear()

    fetched(second)
    fetched(first)

    packs = [path for path in server.asked if path.endswith("git-upload-pack")]
    assert len(packs) <= 4  # what there is, twice; and once what is new
    assert len(list((tmp_path / "mirrors").glob("*.git"))) == 1


def test_nobody_but_the_server_learns_the_token(
    server: GitServer, web: Upstream, fetched: Callable[..., Path], tmp_path: Path
) -> None:
    sha = web.commit({"app.txt": "one"})

    into = fetched(sha)

    assert server.seen
    assert not any(server.token in line for line in server.seen)
    kept = [file for folder in (into, tmp_path / "mirrors") for file in folder.rglob("*") if file.is_file()]
    assert kept
    assert not any(server.token.encode() in file.read_bytes() for file in kept)
    assert git("remote", "get-url", "origin", at=into) == f"{server.url}/acme/web.git"


def test_a_commit_that_no_branch_has_any_more_is_still_found(web: Upstream, fetched: Callable[..., Path]) -> None:
    web.commit({"app.txt": "one"})
    gone = web.commit({"app.txt": "two"}, branch="topic")
    web.delete("topic")

    assert (fetched(gone) / "app.txt").read_text() == "two"
    assert (fetched(gone, depth=1) / "app.txt").read_text() == "two"


def test_a_depth_has_so_many_commits_and_is_fetched_again(web: Upstream, fetched: Callable[..., Path]) -> None:
    for number in range(4):
        web.commit({"app.txt": f"{number}"})
    sha = web.commit({"app.txt": "last"})

    two = fetched(sha, depth=2)
    three = fetched(sha, depth=3)
    newer = fetched(web.commit({"app.txt": "newer"}), depth=1)

    assert git("rev-list", "--count", "HEAD", at=two) == "2"
    assert git("rev-list", "--count", "HEAD", at=three) == "3"
    assert git("rev-list", "--count", "HEAD", at=newer) == "1"
    assert (newer / "app.txt").read_text() == "newer"


def test_submodules_come_along_where_they_are_wanted(
    server: GitServer, web: Upstream, fetched: Callable[..., Path]
) -> None:
    library = server.repository("acme/library")
    library.commit({"lib.txt": "library"})
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.bare), "vendor", at=web.work)
    git("config", "--file", ".gitmodules", "submodule.vendor.url", "../library.git", at=web.work)
    sha = web.commit({"app.txt": "one"})

    assert not list((fetched(sha) / "vendor").iterdir())
    assert (fetched(sha, submodules=True) / "vendor" / "lib.txt").read_text() == "library"
    assert (fetched(sha, submodules=True, depth=1) / "vendor" / "lib.txt").read_text() == "library"


def test_what_a_checkout_does_to_itself_reaches_no_other(web: Upstream, fetched: Callable[..., Path]) -> None:
    sha = web.commit({"app.txt": "one"})
    spoilt = fetched(sha)
    git("config", "core.fsmonitor", "touch /tmp/never", at=spoilt)
    git("update-ref", "-d", "refs/remotes/origin/main", at=spoilt)
    (spoilt / ".git" / "hooks").mkdir(exist_ok=True)
    (spoilt / ".git" / "hooks" / "post-checkout").write_text("#!/bin/sh\nexit 1\n")

    clean = fetched(sha)

    assert "never" not in (clean / ".git" / "config").read_text()
    assert git("rev-parse", "origin/main", at=clean) == sha
    assert not (clean / ".git" / "hooks").exists()


def test_one_for_another_user_shares_no_file_with_the_mirror(web: Upstream, fetched: Callable[..., Path]) -> None:
    sha = web.commit({"app.txt": "one"})

    own, shared = fetched(sha, shared=False), fetched(sha)

    def links(folder: Path) -> set[int]:
        return {file.stat().st_nlink for file in (folder / ".git" / "objects").rglob("*") if file.is_file()}

    assert links(own) == {1}
    assert max(links(shared)) > 1


def test_many_at_once_get_what_they_asked_for(web: Upstream, fetched: Callable[..., Path]) -> None:
    shas = [web.commit({"app.txt": f"{number}"}) for number in range(4)]
    found: dict[str, str] = {}

    def work(sha: str) -> None:
        found[sha] = (fetched(sha) / "app.txt").read_text()

    threads = [threading.Thread(target=work, args=(sha,)) for sha in shas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found == {sha: f"{number}" for number, sha in enumerate(shas)}


def test_it_ends_as_soon_as_nobody_wants_it(server: GitServer, web: Upstream, fetched: Callable[..., Path]) -> None:
    sha = web.commit({"app.txt": "one"})
    asked, answered = threading.Event(), threading.Event()

    def wait(_: str) -> None:
        asked.set()
        answered.wait(30)

    server.on_request = wait
    try:
        with pytest.raises(Interrupted):
            fetched(sha, goes_on=lambda: not asked.is_set())
    finally:
        answered.set()
    server.on_request = lambda path: None

    assert (fetched(sha) / "app.txt").read_text() == "one"


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotThere), (403, NotAllowed), (401, NotAllowed), (500, Unavailable), (503, Unavailable), (429, Unavailable)],
)
def test_a_refusal_is_told_by_its_kind(
    server: GitServer, web: Upstream, fetched: Callable[..., Path], status: int, error: type[ShipmateError]
) -> None:
    sha = web.commit({"app.txt": "one"})
    server.answer = status

    with pytest.raises(error, match=r"^git fetch failed: .*\.$") as raised:
        fetched(sha)

    assert server.token not in str(raised.value)


def test_what_is_there_already_needs_no_server(server: GitServer, web: Upstream, fetched: Callable[..., Path]) -> None:
    sha = web.commit({"app.txt": "one"})
    fetched(sha)
    server.answer = 503

    assert (fetched(sha) / "app.txt").read_text() == "one"


def test_a_commit_that_is_not_there_and_a_server_that_is_not(
    server: GitServer, web: Upstream, fetched: Callable[..., Path]
) -> None:
    web.commit({"app.txt": "one"})

    with pytest.raises(NotThere):
        fetched("0" * 39 + "1")
    with pytest.raises(Rejected, match="full id"):
        fetched("--upload-pack=touch")
    server.token = "another"
    with pytest.raises(NotThere):
        fetched("0" * 40, name="acme/never")


@pytest.mark.parametrize("spoil", ["objects", "HEAD", "locks"])
def test_a_mirror_that_was_broken_is_made_anew(
    web: Upstream, fetched: Callable[..., Path], tmp_path: Path, spoil: str
) -> None:
    sha = web.commit({"app.txt": "one"})
    fetched(sha)
    [mirror] = (tmp_path / "mirrors").glob("*.git")
    if spoil == "objects":
        shutil.rmtree(mirror / "objects")
    elif spoil == "HEAD":
        (mirror / "HEAD").write_text("what?")
    else:
        for name in ("packed-refs.lock", "shallow.lock", "config.lock", "refs/heads/main.lock"):
            (mirror / name).parent.mkdir(parents=True, exist_ok=True)
            (mirror / name).write_text("")

    newer = web.commit({"app.txt": "two"})

    assert (fetched(newer) / "app.txt").read_text() == "two"


def test_mirrors_are_private_and_the_oldest_go(
    server: GitServer, fetched: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors_, "KEPT", 2)
    names = [f"acme/{name}" for name in ("one", "two", "three")]

    for number, name in enumerate(names):
        fetched(server.repository(name).commit({"app.txt": name}), name=name)
        for mirror in (tmp_path / "mirrors").glob("*.git"):
            moment = mirror.stat().st_mtime - 100 + number
            os.utime(mirror, (moment, moment))

    left = [mirror.name for mirror in (tmp_path / "mirrors").glob("*.git")]
    assert len(left) == 2
    assert not any("-one" in name for name in left)
    assert stat.S_IMODE((tmp_path / "mirrors").stat().st_mode) == 0o700


def test_large_files_without_git_lfs_are_told(
    server: GitServer, web: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.git.command.Git.knows", lambda git, command: False)
    sha = web.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": "pointer"})
    into = tmp_path / "into"
    into.mkdir()
    lines: list[str] = []

    remote = Remote(f"{server.url}/acme/web.git", server.token)
    settled = {"mirrors": tmp_path / "mirrors", "environ": ENVIRON, "goes_on": lambda: True, "write": lines.append}
    check_out(remote, Wanted(sha), into, **settled)  # type: ignore[arg-type]

    assert (into / "a.bin").read_text() == "pointer"
    assert len(lines) == 1
    assert "git-lfs is not installed" in lines[0]
