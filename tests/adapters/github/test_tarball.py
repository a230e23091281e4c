"""Checking a commit out of GitHub's tarball."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.errors import NotThere, Rejected, Unavailable
from tests.servers.github.pair import REPO, Pair, pair


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(held.getvalue())


def test_files_arrive_without_the_top_folder(github: Pair, tmp_path: Path) -> None:
    files = {"app.py": "print()\n", "bin/run": "#!/bin/sh\n", "a/b/c.txt": "ü" * 100_000, "here": "-> app.py"}
    sha = github.server.commit(REPO, "main", "Files", files=files)

    github.client.checkout(REPO, sha, tmp_path)

    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir())
    assert found == ["README.md", "a/b/c.txt", "app.py", "bin/run", "here"]
    assert (tmp_path / "app.py").read_text() == "print()\n"
    assert (tmp_path / "a/b/c.txt").read_text() == "ü" * 100_000
    assert os.access(tmp_path / "bin/run", os.X_OK)
    assert not os.access(tmp_path / "app.py", os.X_OK)
    assert (tmp_path / "here").readlink() == Path("app.py")


def test_other_host_gets_no_token(github: Pair, tmp_path: Path) -> None:
    sha = github.server.repository(REPO).branches["main"]

    github.client.checkout(REPO, sha, tmp_path)

    (request,) = github.server.codeload_requests
    assert "Authorization" not in request.headers
    assert request.query == {"token": "signed"}


def test_unknown_commit_is_not_there(github: Pair, tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        github.client.checkout(REPO, "f" * 40, tmp_path)


def test_commit_that_would_leave_the_checkout_is_refused(github: Pair, tmp_path: Path) -> None:
    sha = github.server.repository(REPO).branches["main"]
    into = tmp_path / "into"
    into.mkdir()
    good, evil = (tarfile.TarInfo("top/good/file"), b"good"), (tarfile.TarInfo("top/../../evil"), b"x")
    github.server.tarballs[sha] = archive(good, evil)

    with pytest.raises(Rejected) as error:
        github.client.checkout(REPO, sha, into)

    assert str(error.value) == "The commit holds “../../evil”, which would leave the checkout."
    assert list(into.iterdir()) == []
    assert list(tmp_path.iterdir()) == [into]


@pytest.mark.parametrize("cut", [0, 10, 2000, -1, -8])
def test_half_a_tarball_leaves_nothing_behind(github: Pair, tmp_path: Path, cut: int) -> None:
    sha = github.server.repository(REPO).branches["main"]
    whole = archive(*((tarfile.TarInfo(f"top/{name}"), os.urandom(5000)) for name in "abc"))
    github.server.tarballs[sha] = whole[:cut]

    with pytest.raises(Unavailable) as error:
        github.client.checkout(REPO, sha, tmp_path)
    github.server.tarballs[sha] = whole
    left = list(tmp_path.iterdir())
    github.client.checkout(REPO, sha, tmp_path)

    assert str(error.value) == "The commit's tarball did not arrive whole."
    assert left == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_the_link_that_others_may_fetch_is_not_used_up_by_asking_for_it(github: Pair) -> None:
    sha = github.server.commit(REPO, "main", "Files", files={"app.py": "print()\n"})
    github.server.rename_repository(REPO, "acme/site")

    link = github.client.tarball(REPO, sha)

    assert link == f"{github.server.codeload_url}/acme/site/legacy.tar.gz/{sha}?token=signed"
    assert github.server.codeload_requests == []


def test_there_is_no_link_to_a_commit_that_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere):
        github.client.tarball(REPO, "f" * 40)
