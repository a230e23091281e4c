"""The sample that ``talk`` deploys: a git repository with a few commits and the settings for it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.local.git import GitRepository
from bot.adapters.system.directories import make_private, make_private_file
from bot.core.errors import Unavailable

REPOSITORY = "you/web"
APP = "web"
TOPIC = "topic"
ENVIRONMENT = "production"
SETTINGS = "settings.toml"

_SETTINGS_TEXT = """\
# Made by Shipmate for trying it out. Change what you like: it is made anew only when it is gone.
[slack]
channel = "#deploys"

[apps.web]
repository = "you/web"              # the git repository web.git, next to this file
default_environment = "production"

[apps.web.environments.staging]
deploy_on_merge = ["main"]
promote_to = "production"
provider = {{ type = "local", directory = {staging} }}

[apps.web.environments.production]
provider = {{ type = "local", directory = {production} }}
"""


@dataclass(frozen=True, slots=True)
class _Commit:
    """``mark`` and ``parent`` number the commits; ``day`` of January 2026 is when it was made."""

    mark: int
    parent: int | None
    branch: str
    author: str
    day: int
    title: str
    files: dict[str, str]


def _page(greeting: str, more: str = "") -> str:
    return f"<!doctype html>\n<title>web</title>\n<h1>{greeting}</h1>\n{more}"


_HISTORY = (
    _Commit(1, None, "main", "alice", 5, "Add a page", {"index.html": _page("Hello")}),
    _Commit(2, 1, "main", "bob", 6, "Add a style sheet", {"style.css": "h1 { color: teal }\n"}),
    _Commit(
        3, 2, TOPIC, "alice", 7, "Greet the whole crew", {"index.html": _page("Ahoy, crew", "<p>Welcome aboard.</p>\n")}
    ),
    _Commit(4, 3, TOPIC, "bob", 8, "Tell who we are", {"about.html": _page("About us")}),
    _Commit(5, 2, "main", "bob", 9, "Make the heading blue", {"style.css": "h1 { color: navy }\n"}),
)


def prepare(home: Path) -> Path:
    """Make what is missing of the sample in the directory ``home``; the path of its settings file.

    The commits are the same everywhere, their ids too. Raises Unavailable where nothing can be written, Rejected
    where there is no git.
    """
    try:
        make_private(home)
        _make_repository(home / "web.git")
        return _make_settings(home)
    except OSError as error:
        raise Unavailable(f"{home} could not be filled: {error.strerror}.") from error


def _make_repository(path: Path) -> None:
    if path.exists():
        return
    # Under another name until it is whole: an interrupted attempt is begun anew.
    unfinished = path.with_name(path.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private(unfinished)
    GitRepository.create(unfinished, "main").fast_import(b"".join(map(_as_imported, _HISTORY)))
    unfinished.rename(path)


def _as_imported(commit: _Commit) -> bytes:
    """https://git-scm.com/docs/git-fast-import#_input_format"""
    moment = int(datetime(2026, 1, commit.day, 10, tzinfo=UTC).timestamp())
    signature = f"{commit.author} <{commit.author}@example.com> {moment} +0000\n"
    head = f"commit refs/heads/{commit.branch}\nmark :{commit.mark}\nauthor {signature}committer {signature}"
    parent = f"from :{commit.parent}\n" if commit.parent else ""
    files = (b"M 100644 inline %s\n%s" % (name.encode(), _data(text)) for name, text in commit.files.items())
    return b"%s%s%s%s\n" % (head.encode(), _data(commit.title + "\n"), parent.encode(), b"".join(files))


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _make_settings(home: Path) -> Path:
    settings = home / SETTINGS
    if not settings.exists():
        # JSON's way of quoting is TOML's too.
        quoted = {name: json.dumps(str(home / name), ensure_ascii=False) for name in ("staging", "production")}
        unfinished = home / f"{SETTINGS}.new"
        make_private_file(unfinished)
        unfinished.write_text(_SETTINGS_TEXT.format(**quoted), encoding="utf-8")
        unfinished.replace(settings)
    return settings
