"""Releases in a directory of this machine: ``releases/<sha>``, and a link ``current`` to the one that is live.

Every step can be repeated: a release appears as a whole or not at all, and the link moves in one instant.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.adapters.local.git import GitRepository
from bot.adapters.system import directories
from bot.core.errors import Rejected
from bot.core.ports.provider import Job, Outcome, Run
from bot.core.previews.model import REMOVE, removes

carries_out = True
removes_previews = True
OWN_IN_PREVIEWS = ("directory",)
"""The settings that must tell the previews of pull requests from each other."""

_RELEASES = "releases"
_CURRENT = "current"
_PREVIOUS = "previous"
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Settings(BaseModel):
    """``provider = { type = "local", directory = "/srv/web" }``.

    ``directory``: one per environment; it gets ``releases/``, ``current`` and ``previous``. ``keep``: how many releases
    stay; the current and the previous one always do. ``source``: a git repository on this machine to take the commit
    from, instead of GitHub.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    directory: str = Field(min_length=1)
    keep: int = Field(default=5, ge=1)
    source: str | None = Field(default=None, min_length=1)


def start(run: Run) -> str:
    """Put the release in place, not yet live; the handle is its directory.

    Raises Rejected and Unavailable, and what ``run.checkout`` raises.
    """
    with directories.disk_errors():
        needless = run.job.task == REMOVE or run.cancelled()
        return str(_root(run.job) if needless else _prepare(run))


def follow(run: Run, handle: str) -> Outcome:  # noqa: ARG001
    """Make the release live and delete old ones. A repeat changes nothing and gives the same outcome."""
    if run.job.task == REMOVE:
        return _remove(run)
    with directories.disk_errors():
        root = _root(run.job)
        release = Path(_RELEASES) / run.job.sha
        if _target(root / _CURRENT) != release:
            if _reason_to_stop(run) is None and not (root / release).is_dir():
                _prepare(run)
            if (reason := _reason_to_stop(run)) is not None:
                return reason
            _make_live(root, release)
            run.write(f"{_CURRENT} → {release}")
        for old in _superfluous(root, _settings(run.job).keep):
            directories.remove(old)
            run.write(f"Deleted {old.relative_to(root)}")
        directories.remove_unfinished(root / _RELEASES)
        directories.remove_unfinished(root)
        return Outcome("succeeded", f"{_CURRENT} → {_RELEASES}/{run.job.sha[:7]}")


def _reason_to_stop(run: Run) -> Outcome | None:
    if run.cancelled():
        return Outcome("cancelled", f"Cancelled before {_CURRENT} was moved")
    if run.remaining() <= 0:
        return Outcome("timed_out", f"Timed out before {_CURRENT} was moved")
    return None


def _remove(run: Run) -> Outcome:
    """Delete what was made for the preview of a pull request, and what is not ours beside it not. Idempotent."""
    job, root = run.job, _root(run.job)
    if not removes(job.task, job.environment, job.pull_request):
        return Outcome("failed", f"Only the preview of a pull request can be removed, and {job.environment} is none")
    with directories.disk_errors():
        for link in (_CURRENT, _PREVIOUS):
            if (root / link).is_symlink():
                (root / link).unlink()
        if (root / _RELEASES).is_dir():
            directories.remove(root / _RELEASES)
        if root.is_dir():
            directories.remove_unfinished(root)
            if not any(root.iterdir()):
                root.rmdir()
        run.write(f"Removed {root.name}")
        return Outcome("succeeded", "Removed")


def _prepare(run: Run) -> Path:
    job = run.job
    if not _SHA.fullmatch(job.sha):
        raise Rejected(f"{job.sha} is not the full id of a commit.")
    root = _root(job)
    release = root / _RELEASES / job.sha
    if directories.publish(release, lambda into: _check_out(run, into)):
        run.write(f"Checked out {job.sha[:7]} into {release.relative_to(root)}")
    else:
        run.write(f"{release.relative_to(root)} is there already")
    return release


def _check_out(run: Run, into: Path) -> None:
    source = _settings(run.job).source
    if source is None:
        run.checkout(into)
    else:
        GitRepository.at(Path(source).expanduser()).extract(run.job.sha, into)


def _make_live(root: Path, release: Path) -> None:
    live = _target(root / _CURRENT)
    if live is not None:
        _point(root / _PREVIOUS, live)
    # The youngest is who was live last, not who was checked out last.
    os.utime(root / release)
    _point(root / _CURRENT, release)


def _point(link: Path, target: Path) -> None:
    """Move a link in one instant; relative, so that the directory can be moved or mounted elsewhere."""
    if link.exists() and not link.is_symlink():
        raise Rejected(f"{link} is not a link: it is not Shipmate's to replace.")
    fresh = link.with_name(f"{directories.UNFINISHED}{secrets.token_hex(8)}")
    fresh.symlink_to(target)
    fresh.replace(link)


def _target(link: Path) -> Path | None:
    return link.readlink() if link.is_symlink() else None


def _superfluous(root: Path, keep: int) -> list[Path]:
    """The releases that are to go: not live, not live before, and not among the youngest ``keep``."""
    spared = {_target(root / _CURRENT), _target(root / _PREVIOUS)}
    releases = directories.youngest_first(entry for entry in (root / _RELEASES).iterdir() if _SHA.fullmatch(entry.name))
    return [entry for entry in releases[keep:] if entry.relative_to(root) not in spared]


def _root(job: Job) -> Path:
    return Path(_settings(job).directory).expanduser().absolute()


def _settings(job: Job) -> Settings:
    return Settings.model_validate(job.settings)
