"""The git command on one repository, run without a shell and without anybody's own configuration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters import checkout
from bot.core.errors import Conflict, NotThere, Rejected, Unavailable
from bot.core.names import listed
from bot.core.refs import HEADS, TAGS, is_full_id, looks_like_id

_SECONDS = 120.0
_MOST_COMMITS = 250
# What git forbids in names of refs, and what it would read as an expression (main~1, main@{1}, main:file).
_NO_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|^/|/$|\.$|\.lock$")
_LONGEST_NAME = 1000
_ID = re.compile(r"[0-9a-f]{4,40}", re.IGNORECASE)
# Hooks and filters of the user's own repository are for the user's own work.
_SETTINGS = ("core.hooksPath=/dev/null", "core.quotePath=false", "i18n.logOutputEncoding=UTF-8", "safe.directory=*")
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """``at`` is when it was committed, as its committer says."""

    sha: str
    parents: tuple[str, ...]
    author: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who makes a commit, and when (aware)."""

    name: str
    email: str
    at: datetime


class GitRepository:
    """A git repository, with or without a work tree; the work tree is never touched.

    Names of refs are looked up literally: an option, an expression or a shell's special characters in one can do no
    harm and find nothing. Raises NotThere, Rejected, Conflict and Unavailable.
    """

    def __init__(self, git_directory: Path) -> None:
        self.git_directory = git_directory

    @classmethod
    def at(cls, path: Path) -> GitRepository:
        """The repository that ``path`` is, or lies in. Raises NotThere."""
        if not path.is_dir():
            raise NotThere(f"There is no directory {path}.")
        answer = _run(["-C", str(path.resolve()), "rev-parse", "--absolute-git-dir"])
        if answer.code != 0:
            raise NotThere(f"{path} is not a git repository.")
        return cls(Path(answer.text.strip()))

    @classmethod
    def create(cls, path: Path, default_branch: str) -> GitRepository:
        """Make a bare repository at ``path``, whose default branch has no commit yet."""
        repository = cls(path)
        repository._git("init", "--quiet", "--bare", "--template=", "--", str(path))
        repository._git("symbolic-ref", "HEAD", f"refs/heads/{default_branch}")
        return repository

    def fast_import(self, stream: bytes) -> None:
        """Add commits and branches, written in the format of ``git fast-import``."""
        self._git("fast-import", "--quiet", stdin=stream)

    def default_branch(self) -> str:
        """What the origin's is, else what a bare repository names, else main or master, else what is checked out."""
        head = self._symbolic("HEAD")
        origin = self._symbolic("refs/remotes/origin/HEAD").removeprefix("refs/remotes/origin/")
        bare = head.removeprefix("refs/heads/") if self._bare() else ""
        for name in (origin, bare, "main", "master"):
            if name and self.branch(name):
                return name
        return head.removeprefix("refs/heads/") or "main"

    def branch(self, name: str) -> str | None:
        """The full id of the commit that the branch points to."""
        return self._commit_id(f"refs/heads/{name}") if _may_be_a_name(name) else None

    def resolve(self, ref: str) -> str | None:
        """The full id of the commit behind a branch, a tag or a (short) commit id, in this order."""
        return next(iter(self.meanings(ref).values()), None)

    def meanings(self, ref: str) -> dict[str, str]:
        """Everything that the ref may be the name of, in that order: by what names it alone, the commit's full id."""
        if not _may_be_a_name(ref):
            return {}
        exact = is_full_id(ref) or ref.startswith((HEADS, TAGS))
        names = [] if is_full_id(ref) else [ref] if exact else [HEADS + ref, TAGS + ref]
        found = {name: sha for name in names if (sha := self._commit_id(name))}
        if found and exact:
            return found
        return found | {sha: sha for sha in self._begun_with(ref.lower())}

    def _begun_with(self, digits: str) -> list[str]:
        """The full ids of all commits that begin so."""
        if not looks_like_id(digits):
            return []
        objects = self._git("rev-parse", f"--disambiguate={digits}", good=(0, 1, 128)).text.split()
        return [one for one in objects if self._git("cat-file", "-t", one, good=(0, 128)).text.strip() == "commit"]

    def refs(self, most: int) -> list[str]:
        """Names of branches and tags, those with the newest commits first."""
        pattern = "--format=%(refname:lstrip=2)"
        listed = self._git("for-each-ref", f"--count={most}", "--sort=-creatordate", pattern, "refs/heads", "refs/tags")
        return listed.text.splitlines()

    def branches(self) -> list[tuple[str, str]]:
        """Each branch with the author of its last commit, those with the newest commits first."""
        pattern = "--format=%(refname:lstrip=2)%00%(authorname)"
        listed = self._git("for-each-ref", "--sort=-committerdate", pattern, "refs/heads")
        found = (line.partition("\0") for line in listed.text.splitlines())
        return [(name, author) for name, _, author in found]

    def commit(self, sha: str) -> LoggedCommit:
        return self._log(sha, most=1)[0]

    def commits_between(self, base: str, head: str) -> list[LoggedCommit]:
        """Those in ``head`` that ``base`` lacks, oldest first: the newest 250."""
        return self._log(f"{base}..{head}", most=_MOST_COMMITS)[::-1]

    def changed_files(self, base: str, head: str) -> list[str]:
        """Paths that ``head`` has changed since it and ``base`` were one; of a renamed file both names.

        Raises Rejected where they never were.
        """
        found = self._git("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", f"{base}...{head}", "--")
        return found.text.split("\0")[:-1]

    def distance(self, base: str, head: str) -> tuple[int, int]:
        """How many commits ``head`` has that ``base`` lacks, and the other way round."""
        behind, ahead = self._git("rev-list", "--left-right", "--count", f"{base}...{head}", "--").text.split()
        return int(ahead), int(behind)

    def merge(self, branch: str, base: str, head: str, message: str, by: Signature) -> str:
        """Move the branch from ``base`` to a new merge commit of ``base`` and ``head``, and return its id.

        Raises Conflict with the files' names, Rejected where the branch is not at ``base`` any more.
        """
        tree = self._merged_tree(base, head)
        made = self._git("commit-tree", tree, "-p", base, "-p", head, "-F", "-", stdin=message.encode(), signature=by)
        sha = made.text.strip()
        self._git("update-ref", "-m", "merge", f"refs/heads/{branch}", sha, base, signature=by)
        return sha

    def checked_out(self) -> str | None:
        """The branch that the repository's work tree shows; None where there is no work tree."""
        return None if self._bare() else self._symbolic("HEAD").removeprefix("refs/heads/") or None

    def extract(self, sha: str, into: Path) -> None:
        """Put the files of the commit into the empty directory. Raises Rejected where one would land outside it."""
        if not _ID.fullmatch(sha):
            raise Rejected(f"{sha} is not the id of a commit.")
        command = [*_command(), f"--git-dir={self.git_directory}", "archive", "--format=tar", sha]
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=_ENVIRONMENT)  # noqa: S603
            except OSError as error:
                raise Unavailable(f"git could not be started: {error.strerror}.") from error
            with process:
                unpacked = _unpack(process, sha, into)
            if process.returncode != 0 or not unpacked:
                errors.seek(0)
                raise Rejected(_reason("archive", errors.read()))

    def _merged_tree(self, base: str, head: str) -> str:
        if self.distance(base, head)[1] == 0:
            return self._git("rev-parse", "--verify", f"{head}^{{tree}}").text.strip()
        answer = self._git(
            "merge-tree", "--write-tree", "--name-only", "--no-messages", base, head, good=(0, 1, 128, 129)
        )
        tree, *files = answer.text.splitlines() or [""]
        if answer.code == 1 and files:
            raise Conflict(f"Both sides changed {listed(sorted(set(files)))} in the same place.")
        if answer.code != 0:
            raise Rejected("This git cannot merge without a work tree; git 2.38 or newer can.")
        return tree

    def _log(self, revisions: str, *, most: int) -> list[LoggedCommit]:
        answer = self._git(
            "log", "-z", f"--max-count={most}", "--topo-order", "--no-color", "--no-show-signature",
            "--format=%H%x00%P%x00%aN%x00%ct%x00%s", revisions, "--",
        )  # fmt: skip
        fields = answer.text.removesuffix("\0").split("\0")
        return [
            LoggedCommit(sha, tuple(parents.split()), author, datetime.fromtimestamp(int(at), UTC), title)
            for sha, parents, author, at, title in zip(*(iter(fields),) * 5, strict=False)
        ]

    def _commit_id(self, revision: str) -> str | None:
        answer = self._git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", good=(0, 1, 128)
        )
        return answer.text.strip() if answer.code == 0 else None

    def _symbolic(self, ref: str) -> str:
        return self._git("symbolic-ref", "--quiet", ref, good=(0, 1)).text.strip()

    def _bare(self) -> bool:
        return self._git("config", "--type=bool", "core.bare", good=(0, 1)).text.strip() == "true"

    def _git(
        self, *arguments: str, stdin: bytes = b"", good: Sequence[int] = (0,), signature: Signature | None = None
    ) -> _Answer:
        variables = _signed(signature) if signature else {}
        answer = _run([f"--git-dir={self.git_directory}", *arguments], stdin=stdin, variables=variables)
        if answer.code not in good:
            raise Rejected(_reason(arguments[0], answer.errors))
        return answer


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    text: str
    errors: bytes


def _run(arguments: Sequence[str], *, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> _Answer:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, never a shell's line
            [*_command(), *arguments],
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            env={**_ENVIRONMENT, **(variables or {})},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"git did not answer within {_SECONDS:.0f} seconds.", uncertain=True) from error
    except OSError as error:
        raise Unavailable(f"git could not be started: {error.strerror}.") from error
    return _Answer(done.returncode, done.stdout.decode(errors="replace"), done.stderr)


def _command() -> list[str]:
    git = shutil.which("git")
    if git is None:
        raise Rejected("The command git was not found. Install git and try again.")
    return [git, *(part for setting in _SETTINGS for part in ("-c", setting))]


def _unpack(process: subprocess.Popen[bytes], sha: str, into: Path) -> bool:
    """Whether git wrote a whole archive; if not, its exit code and words tell why."""
    if process.stdout is None:
        return False
    try:
        checkout.unpack(process.stdout, into)
    except Rejected:
        process.kill()
        raise
    except tarfile.TarError:
        return False
    except OSError as error:
        process.kill()
        raise Unavailable(f"The files of {sha[:7]} could not be written: {error.strerror}.") from error
    return True


def _signed(by: Signature) -> dict[str, str]:
    moment = f"{int(by.at.timestamp())} +0000"
    return {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", by.name), ("EMAIL", by.email), ("DATE", moment))
    }


def _may_be_a_name(ref: str) -> bool:
    return 0 < len(ref) <= _LONGEST_NAME and not _NO_NAME.search(ref)


def _reason(command: str, errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines()
    said = lines[-1].removeprefix("fatal: ").removeprefix("error: ") if lines else "it did not say why"
    return f"git {command} failed: {said.rstrip('.')}."
