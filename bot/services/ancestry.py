"""Gathers how a deployment's commit stands to the others of its branch: those that wait, and what has gone furthest."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.ancestry import Ancestry, ahead_key, goes_by_itself, same_line
from bot.core.deployments.model import MERGES, Deployment
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.ports.transaction import Reads
from bot.services.targets import Target


def ancestry(context: Context, target: Target, deployment: Deployment) -> Ancestry:
    """Each comparison costs a request, once: how two commits stand to each other never changes."""
    ahead = what_is_ahead(context.reads, deployment)
    others = {one.sha for one in (*_beside(context.reads, deployment), *([ahead] if ahead else []))}
    found: dict[str, set[str]] = {"ahead": set(), "behind": set(), "diverged": set(), "identical": set()}
    for other in sorted(others - {deployment.sha}):
        found[_relation(context, target.app.repository, other, deployment.sha)].add(other)
    apart = ahead is not None and ahead.sha in found["diverged"]
    return Ancestry(
        older=frozenset(found["ahead"]),
        newer=frozenset(found["behind"]),
        apart=frozenset(found["diverged"]),
        ahead=ahead,
        kept=target.environment.deploys_merges_into(deployment.ref),
        dropped=apart and deployment.trigger in MERGES and not _is_held(context, target, deployment),
    )


def _relation(context: Context, repository: str, base: str, head: str) -> str:
    try:
        return context.forge.relation(repository, base, head)
    except (NotThere, Rejected):
        raise NotYet(f"GitHub does not know the commit {head[:7]} yet.", retry_after=2) from None
    except NotAllowed:  # never ours to see
        return "diverged"


def _is_held(context: Context, target: Target, deployment: Deployment) -> bool:
    """Whether the branch still has the merge; so it is as well where the branch itself is gone."""
    try:
        return context.forge.holds(target.app.repository, deployment.ref, deployment.sha)
    except (NotThere, NotAllowed, Rejected):
        return True


def what_is_ahead(reads: Reads, deployment: Deployment) -> Deployment | None:
    """What has gone furthest of the branch in the environment."""
    key = ahead_key(deployment)
    kept = reads.kept(key) if key else None
    return reads.deployment(int(kept)) if kept else None


def demand_known(reads: Reads, deployment: Deployment, known: Ancestry) -> None:
    """Raises NotYet where something of the branch has come in, or gone out, since its commits were compared."""
    ahead = what_is_ahead(reads, deployment)
    if (ahead and ahead.id) != (known.ahead and known.ahead.id):
        raise NotYet("Another commit of the branch has gone out just now.")
    compared = known.older | known.newer | known.apart | {deployment.sha}
    if any(one.sha not in compared for one in _beside(reads, deployment)):
        raise NotYet("Another commit of the branch has come in just now.")


def _beside(reads: Reads, deployment: Deployment) -> list[Deployment]:
    """What else waits there of the same branch."""
    if not goes_by_itself(deployment):
        return []
    waiting = reads.waiting(deployment.app, deployment.environment)
    return [one for one in waiting if one.id != deployment.id and same_line(one, deployment)]
