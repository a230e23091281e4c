"""What is written on the GitHub server beside the code: comments and labels of pull requests, and releases."""

from __future__ import annotations

from collections.abc import Sequence

from tests.servers.github.merges import MergesWorld
from tests.servers.github.state import IssueComment, PullRequest, Release, Repository


class PublicationsWorld(MergesWorld):
    """Mixed into ``World``."""

    def comment(self, repository: str, number: int, body: str, *, by: str = "octocat") -> int:
        """Somebody comments on a pull request."""
        with self.lock:
            found = self.repositories[repository]
            comment = IssueComment(next(self.ids), number, by, body, self.now(), self.now())
            found.comments[comment.id] = comment
            self._send_comment(found, comment, "created", by)
            return comment.id

    def edit_comment(self, repository: str, comment_id: int, body: str, *, by: str = "octocat") -> None:
        with self.lock:
            found = self.repositories[repository]
            comment = found.comments[comment_id]
            comment.body, comment.updated_at, comment.edits = body, self.now(), comment.edits + 1
            self._send_comment(found, comment, "edited", by)

    def delete_comment(self, repository: str, comment_id: int, *, by: str = "octocat") -> None:
        with self.lock:
            found = self.repositories[repository]
            self._send_comment(found, found.comments.pop(comment_id), "deleted", by)

    def comments(self, repository: str, number: int) -> list[IssueComment]:
        """Those of a pull request, oldest first."""
        found = self.repositories[repository].comments.values()
        return sorted((one for one in found if one.number == number), key=lambda one: one.id)

    def lock_conversation(self, repository: str, number: int, *, by: str = "octocat") -> None:
        """Only those who may write to the repository comment any more, and no app does."""
        with self.lock:
            found = self.repositories[repository]
            found.pull_requests[number].locked = True
            self.send_pull_request(found, found.pull_requests[number], "locked", by)

    def put_labels(self, repository: str, number: int, names: Sequence[str], *, by: str = "octocat") -> None:
        """A label is made by being put on something; names that differ in case alone are one."""
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            for name in names:
                spelled = found.labels.setdefault(name.lower(), name)
                if spelled not in pull.labels:
                    pull.labels.append(spelled)
                    self._send_label(found, pull, spelled, "labeled", by)

    def take_label(self, repository: str, number: int, name: str, *, by: str = "octocat") -> bool:
        """Whether it was there."""
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            spelled = next((one for one in pull.labels if one.lower() == name.lower()), None)
            if spelled is None:
                return False
            pull.labels.remove(spelled)
            self._send_label(found, pull, spelled, "unlabeled", by)
            return True

    def labels(self, repository: str, number: int) -> list[str]:
        return list(self.repositories[repository].pull_requests[number].labels)

    def releases(self, repository: str) -> list[Release]:
        """Oldest first."""
        return sorted(self.repositories[repository].releases.values(), key=lambda one: one.id)

    def latest_release(self, repository: str) -> str | None:
        """The tag of the release that is shown as the latest one."""
        found = self.repositories[repository]
        return found.releases[found.latest_release].tag if found.latest_release is not None else None

    def publish_release(
        self,
        repository: str,
        tag: str,
        target: str,
        *,
        name: str | None = None,
        body: str | None = None,
        latest: bool = True,
        draft: bool = False,
        prerelease: bool = False,
        by: str = "octocat",
    ) -> int:
        """A release; its tag is made where it is not there, and stays where it is otherwise."""
        with self.lock:
            found = self.repositories[repository]
            if tag not in found.tags and not draft:
                self.tag(repository, tag, at=target, by=by)
            release = Release(next(self.ids), tag, target, name, body, by, draft, prerelease, self.now())
            found.releases[release.id] = release
            if latest and not draft and not prerelease:
                found.latest_release = release.id
            if not draft:
                payload = {"action": "published", "release": self.write.release(found, release)}
                self.send(found, "release", payload, by)
            return release.id

    def delete_release(self, repository: str, release_id: int) -> None:
        """Its tag stays."""
        with self.lock:
            found = self.repositories[repository]
            del found.releases[release_id]
            if found.latest_release == release_id:
                found.latest_release = max(found.releases, default=None)

    def notes(self, repository: str, tag: str, target: str, since: str | None) -> str:
        """What GitHub generates: the merged pull requests between two tags, each with its author."""
        found = self.repositories[repository]
        head = found.tags[tag].commit_sha if tag in found.tags else self.sha_of(found, target)
        before = found.history(found.tags[since].commit_sha) if since else set()
        new = found.history(head) - before
        merged = [one for one in found.pull_requests.values() if one.merge_sha in new]
        lines = [f"* {one.title} by @{one.author} in {self._page(found, one)}" for one in merged]
        span = f"{since}...{tag}" if since else f"commits/{tag}"
        changes = ["## What's Changed", *lines, "", ""] if lines else []
        return "\n".join([*changes, f"**Full Changelog**: https://github.com/{repository}/compare/{span}"])

    def _page(self, found: Repository, pull: PullRequest) -> str:
        return f"https://github.com/{found.full_name}/pull/{pull.number}"

    def _send_comment(self, found: Repository, comment: IssueComment, action: str, by: str) -> None:
        page = self._page(found, found.pull_requests[comment.number])
        issue = {"number": comment.number, "pull_request": {"html_url": page}}
        shown = {"action": action, "issue": issue, "comment": self.write.issue_comment(found, comment)}
        self.send(found, "issue_comment", shown, by)

    def _send_label(self, found: Repository, pull: PullRequest, name: str, action: str, by: str) -> None:
        shown = self.write.pull_request(found, pull, full=True)
        payload = {"number": pull.number, "pull_request": shown, "label": self.write.label(found, name)}
        self.send(found, "pull_request", {"action": action, **payload}, by)
