"""Asks GitHub whether what is said of a pull request is so: a webhook alone moves nothing."""

from __future__ import annotations

import structlog

from bot.context import Context
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import PullRequestClosed, PullRequestMerged

log = structlog.get_logger(__name__)


def confirmed_merge(context: Context, said: PullRequestMerged) -> PullRequestMerged | None:
    """The merge as GitHub's API tells it, None where that knows of no such one.

    Where the API is only late, the merge is found when GitHub is looked at next. Raises NotThere, NotAllowed and
    Rejected where it cannot be asked.
    """
    found = context.forge.backfill.merge(said.repository, said.number)
    if found is None:
        context.forge.repository(said.repository)  # raises where it is the repository that is not seen
    if found is not None and (found.merge_sha, found.base) == (said.merge_sha, said.base):
        return found
    log.warning("merge not believed", repository=said.repository, number=said.number, commit=said.merge_sha)
    return None


def is_over(context: Context, said: PullRequestMerged | PullRequestClosed) -> bool:
    """Whether GitHub's API shows the pull request as merged, or as closed without a merge, just as it is said."""
    try:
        if isinstance(said, PullRequestMerged):
            merge = confirmed_merge(context, said)
            return merge is not None and merge.head_ref == said.head_ref
        found = context.forge.pull_request(said.repository, said.number)
    except (NotThere, NotAllowed, Rejected) as error:
        log.warning("end not confirmed", repository=said.repository, number=said.number, reason=str(error))
        return False
    return found is not None and (found.state, found.head_ref) == ("closed", said.head_ref)
