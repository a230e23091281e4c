"""Whether the GitHub server would merge a pull request: by its conflicts, and by the rules of its base."""

from __future__ import annotations

from tests.servers.github.state import MergeConflict, PullRequest, Repository


def mergeable_state(found: Repository, pull: PullRequest) -> str:
    """https://docs.github.com/en/graphql/reference/enums#mergestatestatus, in lower case as the REST API has it."""
    if pull.state == "closed" or not pull.looked_at:
        return "unknown"
    if conflicts(found, pull):
        return "dirty"
    if pull.draft:
        return "draft"
    if pull.base in found.strict and found.between(pull.head_sha, found.branches[pull.base]):
        return "behind"
    if unmet(found, pull):
        return "blocked"
    return "clean" if set(_reported(found, pull).values()) <= {"success", "neutral", "skipped"} else "unstable"


def conflicts(found: Repository, pull: PullRequest) -> bool:
    try:
        found.merged_files(found.branches[pull.base], pull.head_sha)
    except MergeConflict:
        return True
    return False


def unmet(found: Repository, pull: PullRequest) -> str:
    """The rule of its base that is not met, as GitHub says it where one merges all the same."""
    required = [*found.rules.get(pull.base, []), *found.protection.get(pull.base, [])]
    reported = _reported(found, pull)
    missing = [one for one in required if reported.get(one) not in {"success", "neutral", "skipped"}]
    if missing:
        how = "is expected" if missing[0] not in reported else f"is {reported[missing[0]]}"
        return f'Required status check "{missing[0]}" {how}.'
    last = {review.author: review.state for review in pull.reviews if review.state != "commented"}
    wanted = found.reviews_required.get(pull.base, 0)
    if list(last.values()).count("approved") < wanted:
        return f"At least {wanted} approving review is required by reviewers with write access."
    return "Changes have been requested by a reviewer." if wanted and "changes_requested" in last.values() else ""


def _reported(found: Repository, pull: PullRequest) -> dict[str, str]:
    states = {one.context: one.state for one in found.latest_statuses(pull.head_sha)}
    return states | {one.name: one.conclusion or "pending" for one in found.latest_check_runs(pull.head_sha)}
