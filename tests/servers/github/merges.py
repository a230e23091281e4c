"""How merges are made on the GitHub server: of one pull request, of a train of them, and by hand; and before that."""

from __future__ import annotations

from collections.abc import Sequence

from tests.servers.github.deployments import DeploymentsWorld
from tests.servers.github.state import PullRequest, Repository


class MergesWorld(DeploymentsWorld):
    """Mixed into ``World``."""

    def merge_pull_request(self, repository: str, number: int, method: str = "merge", *, by: str = "octocat") -> str:
        """Merge with ``merge``, ``squash`` or ``rebase``; returns the sha of what is now the head of the base branch.

        Raises MergeConflict. The webhooks ``pull_request`` and ``push`` follow, in this order.
        """
        with self.lock:
            return self.merge_queue(repository, [number], method, by=by)

    def merge_queue(
        self, repository: str, numbers: Sequence[int], method: str = "merge", *, by: str = "octocat"
    ) -> str:
        """Merge several pull requests into one branch by one push, one upon the other; returns its new head."""
        with self.lock:
            found = self.repositories[repository]
            base = found.pull_requests[numbers[0]].base
            before = found.branches[base]
            pulls = [found.pull_requests[number] for number in numbers]
            for pull in pulls:
                pull.base_sha = found.branches[base]
                found.branches[base] = self.merged_commit(found, pull, method, by).sha
                self._is_merged(pull, found.branches[base], by)
            for pull in pulls:
                self.send_pull_request(found, pull, "closed", by)
            self.send_push(found, f"refs/heads/{base}", before, found.branches[base], by)
            return found.branches[base]

    def update_pull_request(self, repository: str, number: int, *, by: str = "octocat") -> str:
        """Merge its base into its branch, as the button on its page does; returns the new head."""
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            base = found.branches[pull.base]
            files = found.merged_files(pull.head_sha, base)
            text = f"Merge branch '{pull.base}' into {pull.head}"
            commit = found.add_commit(text, by, self.now(), (pull.head_sha, base), files)
            self.move_branch(found, pull.head, commit.sha, by)
            return commit.sha

    def set_draft(self, repository: str, number: int, draft: bool, *, by: str = "octocat") -> None:
        with self.lock:
            found = self.repositories[repository]
            found.pull_requests[number].draft = draft
            action = "converted_to_draft" if draft else "ready_for_review"
            self.send_pull_request(found, found.pull_requests[number], action, by)

    def retarget(self, repository: str, number: int, base: str, *, by: str = "octocat") -> None:
        """Let it go into another branch."""
        with self.lock:
            found = self.repositories[repository]
            pull = found.pull_requests[number]
            before, pull.base, pull.base_sha = pull.base, base, found.branches[base]
            shown = self.write.pull_request(found, pull, full=True)
            changes = {"base": {"ref": {"from": before}}}
            body = {"action": "edited", "number": number, "pull_request": shown, "changes": changes}
            self.send(found, "pull_request", body, by)

    def enqueue(self, repository: str, number: int, *, by: str = "octocat") -> None:
        """Into the merge queue of its base."""
        with self.lock:
            found = self.repositories[repository]
            found.pull_requests[number].queued = True
            self.send_pull_request(found, found.pull_requests[number], "enqueued", by)

    def dequeue(self, repository: str, number: int, reason: str, *, by: str = "github-merge-queue[bot]") -> None:
        """Out of the merge queue, for one of GitHub's reasons: ``CI_FAILURE``, ``MANUAL`` and the like."""
        with self.lock:
            found = self.repositories[repository]
            found.pull_requests[number].queued = False
            self.send_pull_request(found, found.pull_requests[number], "dequeued", by, reason=reason)

    def finish_queue(self, repository: str, branch: str) -> str:
        """The merge queue merges all that is in it by one push; returns the new head of the branch."""
        with self.lock:
            found = self.repositories[repository]
            numbers = [one.number for one in found.pull_requests.values() if one.queued and one.base == branch]
            for number in numbers:
                self.dequeue(repository, number, "MERGE")
            return self.merge_queue(repository, numbers, by="github-merge-queue[bot]")

    def push_merge(
        self, repository: str, branch: str, *heads: str, message: str | None = None, author: str = "octocat"
    ) -> str:
        """Merge refs into a branch by hand, all by one commit, and push; returns its id.

        Open pull requests into the branch whose last commits come in by it are merged by that, as on GitHub.
        """
        with self.lock:
            found = self.repositories[repository]
            before = found.branches[branch]
            others = [self.sha_of(found, head) for head in heads]
            files = found.commits[before].files
            for other in others:
                files = {**files, **found.merged_files(before, other)}
            text = message or f"Merge branch '{heads[0]}' into {branch}"
            commit = found.add_commit(text, author, self.now(), (before, *others), files)
            found.branches[branch] = commit.sha
            for pull in self._brought_in(found, branch, before):
                pull.base_sha = before
                self._is_merged(pull, commit.sha, author)
                self.send_pull_request(found, pull, "closed", author)
            self.send_push(found, f"refs/heads/{branch}", before, commit.sha, author)
            return commit.sha

    def _brought_in(self, found: Repository, branch: str, before: str) -> list[PullRequest]:
        new = {commit.sha for commit in found.between(before, found.branches[branch])}
        pulls = found.pull_requests.values()
        return [one for one in pulls if one.state == "open" and one.base == branch and one.head_sha in new]

    def _is_merged(self, pull: PullRequest, sha: str, by: str) -> None:
        pull.state, pull.merge_sha, pull.merged_by = "closed", sha, by
        pull.merged_at = pull.closed_at = self.now()
