"""An environment for each pull request, made, updated and removed by a command: what is there is a file for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.core.previews.comment import marker
from tests.chaos.places.place import Place
from tests.end_to_end.installation import REPOSITORY
from tests.servers.github.state import PullRequest

MOST = 3
AT_ONCE = 5
"""How many pull requests may be open while others are opened."""
COMMAND = (
    "echo $SHIPMATE_REQUEST_ID >>{directory}/previewed; mkdir -p {directory}/previews; "
    "at={directory}/previews/$SHIPMATE_ENVIRONMENT; "
    "if test $SHIPMATE_TASK = remove; then rm -f $at; exit 0; fi; "
    "if test -e fails; then exit 3; fi; sleep 0.$(($$ % 5)); echo $SHIPMATE_SHA >$at"
)
GONE = frozenset({"inactive", "failure", "error"})


class Previews(Place):
    name = "review"
    asked = False

    def table(self) -> str:
        provider = f"{{ type = 'shell', command = '{COMMAND}', directory = '{{directory}}/work' }}"
        return f"transient = true\npreview = {{ on = 'opened', max = {MOST} }}\nprovider = {provider}"

    def has(self, environment: str) -> bool:
        return environment.startswith("review-")

    @property
    def pulls(self) -> list[PullRequest]:
        return list(self.here.github.repository(REPOSITORY).pull_requests.values())

    def open_ones(self) -> list[PullRequest]:
        return [one for one in self.pulls if one.state == "open"]

    def failing(self, sha: str) -> bool:
        return sha in self.fails

    # --- what people do ----------------------------------------------------------------------------------------------

    def opens(self, branch: str) -> None:
        self.here.github.open_pull_request(REPOSITORY, branch, author="maria")

    def pushes(self) -> None:
        """More of a pull request, which mends what was bad before."""
        if found := self.open_ones():
            bad = "work" if self.chance.random() < 0.2 else None
            head, files = self.chance.choice(found).head, {"fails": bad, "more.txt": str(self.chance.random())}
            sha = self.here.github.commit(REPOSITORY, head, "More of it", files=files, author="maria")
            if bad:
                self.fails[sha] = bad

    def closes(self) -> None:
        if found := self.open_ones():
            self.here.github.close_pull_request(REPOSITORY, self.chance.choice(found).number, by="maria")

    def reopens(self) -> None:
        found = [one for one in self.pulls if one.state == "closed" and one.merged_at is None]
        if found:
            self.here.github.reopen_pull_request(REPOSITORY, self.chance.choice(found).number, by="maria")

    # --- what must hold ----------------------------------------------------------------------------------------------

    def broken(self, deployments: Sequence[Any]) -> Iterator[str]:
        for one in deployments:
            failed = one.state == "failed"
            if one.state in {"succeeded", "failed"} and failed != (one.task == "deploy" and self.failing(one.sha)):
                yield f"#{one.id} ({one.task}) is {one.state}: {one.description}"
            if one.state in {"error", "timed_out"}:
                yield f"#{one.id} is {one.state}: {one.description}"
        yield from self.untrue(deployments)

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        done = _lines(self.here.directory / "previewed")
        yield from (f"{request} ran {done.count(request)} times" for request in set(done) if done.count(request) > 1)
        folder = self.here.directory / "previews"
        there = {one.name: one.read_text().strip() for one in folder.iterdir()} if folder.exists() else {}
        if len(there) > MOST:
            yield f"there are {len(there)} previews: {sorted(there)}"
        for pull in self.pulls:
            own = [one for one in deployments if one.environment == f"review-{pull.number}"]
            at = there.pop(f"review-{pull.number}", None)
            yield from self._open(pull, at, own, len(there)) if pull.state == "open" else self._closed(pull, at, own)
            yield from self._told(pull)
        yield from (f"{name} is there, and nobody wants it" for name in there)

    def _open(self, pull: PullRequest, at: str | None, own: Sequence[Any], others: int) -> Iterator[str]:
        name = f"the preview of #{pull.number} (open, at {pull.head_sha[:7]})"
        wanted = [one for one in own if one.sha == pull.head_sha and one.task == "deploy"]
        if not wanted:
            in_line = len(self.open_ones()) > MOST and at is None
            if not in_line:
                yield f"{name} was never asked for"
        elif wanted[-1].state == "succeeded" and at != pull.head_sha:
            yield f"{name} is live, and {at} is there"
        elif wanted[-1].state not in {"succeeded", "failed"}:
            yield f"{name} is {wanted[-1].state}: {wanted[-1].description}"

    def _closed(self, pull: PullRequest, at: str | None, own: Sequence[Any]) -> Iterator[str]:
        if at is not None:
            yield f"the preview of #{pull.number}, which is {pull.state}, is still there"
        for one in own:
            last = self.here.statuses(one.remote_id)[-1] if one.remote_id is not None else "inactive"
            if last not in GONE:
                yield f"#{one.id}, of #{pull.number}, which is {pull.state}, is {last} on GitHub"

    def _told(self, pull: PullRequest) -> Iterator[str]:
        comments = self.here.github.comments(REPOSITORY, pull.number)
        ours = [one for one in comments if marker("shipmate") in one.body]
        if len(ours) > 1:
            yield f"#{pull.number} has {len(ours)} comments"


def _lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []
