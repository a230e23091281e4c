"""Gathers what the gates and the messages need to know about a deployment, before anything is decided."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from statistics import median

from bot.context import Context
from bot.core.deploys import Changes, Deployment, Shipped
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.gates import Facts, Policy
from bot.core.ports import Check, Commit
from bot.core.records import Reads
from bot.targets import Target

LOOKED_UP = 6
"""How many commits are asked for their pull request where the title does not tell: each costs a request."""
_MERGE_TITLE = re.compile(r"^Merge pull request #(\d+)|\(#(\d+)\)$")


def policy(target: Target) -> Policy:
    environment = target.environment
    return Policy(
        app=target.app.name,
        environment=environment.name,
        required_checks=environment.required_checks,
        allowed_channels=target.app.allowed_channels,
        force_needs_reason=environment.force_needs_reason,
    )


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """The commit's checks, and whether the commit before it had any."""

    checks: tuple[Check, ...] | None
    expected: bool = False


def checks_of(context: Context, target: Target, sha: str, *, after: str | None = None) -> CheckFacts:
    """``after`` is the commit before: where it had checks and this one has none yet, they are still to come."""
    if target.environment.required_checks == "none":
        return CheckFacts(None)
    found = tuple(context.forge.checks(target.app.repository, sha))
    if found or after is None:
        return CheckFacts(found)
    return CheckFacts(found, expected=bool(context.forge.checks(target.app.repository, after)))


def facts(reads: Reads, context: Context, target: Target, found: CheckFacts, *, before: int | None = None) -> Facts:
    """The view that the gates see.

    ``before`` is the deployment's id where it has one: who queued later does not count.
    """
    app, environment = target.app.name, target.environment.name
    queued = [one for one in reads.waiting(app, environment) if one.waits_for == "queue"]
    return Facts(
        now=context.now,
        policy=policy(target),
        checks=found.checks,
        expects_checks=found.expected,
        busy=tuple(one for one in reads.busy(app, environment) if one.id != before),
        queued_before=tuple(one for one in queued if before is None or one.id < before),
    )


def usual_seconds(reads: Reads, app: str, environment: str) -> float | None:
    """The median of the last successes, None while there are fewer than two."""
    took = [one.took.total_seconds() for one in reads.successes(app, environment, 5) if one.took is not None]
    return median(took) if len(took) > 1 else None


def changes(context: Context, target: Target, commit: Commit) -> Changes:
    """What would ship: the commits since the last success, by pull request. Empty where it cannot be told."""
    last = context.reads.last_success(target.app.name, target.environment.name)
    if last is None:
        return Changes()
    if last.sha == commit.sha:
        return Changes(base=last.sha)
    try:
        difference = context.forge.compare(target.app.repository, last.sha, commit.sha)
        shipped = _shipped(context, target.app.repository, list(reversed(difference.commits)))
    except (NotThere, NotAllowed, Rejected):
        # The old commit may be gone after a force push: the deployment goes on without its list.
        return Changes(base=last.sha)
    return Changes(last.sha, shipped, difference.ahead_by, difference.behind_by, difference.url or None)


def _shipped(context: Context, repository: str, newest_first: list[Commit]) -> tuple[Shipped, ...]:
    pulls: dict[int, Shipped] = {}
    alone: list[Shipped] = []
    looked_up = 0
    covered: set[str] = set()
    for commit in newest_first:
        if commit.sha in covered:
            continue
        titled = _MERGE_TITLE.search(commit.title)
        if titled and len(commit.parents) > 1:
            covered.update(commit.parents[1:])
        if titled:
            number = int(titled.group(1) or titled.group(2))
            title = commit.title if titled.group(1) is None else ""
            pulls.setdefault(number, Shipped(title, commit.author, "", number=number))
        elif looked_up < LOOKED_UP:
            looked_up += 1
            found = context.forge.pull_requests_of(repository, commit.sha)
            if found:
                one = found[0]
                pulls[one.number] = Shipped(one.title, one.author, one.url, number=one.number)
            elif len(commit.parents) < 2:
                alone.append(Shipped(commit.title, commit.author, commit.url, sha=commit.sha))
        else:
            alone.append(Shipped(commit.title, commit.author, commit.url, sha=commit.sha))
    named = [_with_title(context, repository, one) for one in list(pulls.values())[:LOOKED_UP]]
    return (*named, *list(pulls.values())[LOOKED_UP:], *alone)


def _with_title(context: Context, repository: str, one: Shipped) -> Shipped:
    """GitHub's merge commits are called after the branch; the pull request knows its title."""
    if one.url or one.number is None:
        return one
    found = context.forge.pull_request(repository, one.number)
    if found is None:
        return replace(one, title=one.title or f"Pull request #{one.number}")
    return Shipped(found.title, found.author, found.url, number=found.number)


def target_of(context: Context, deployment: Deployment) -> Target | None:
    """The settings of a deployment's app and environment, None where they have been taken out since."""
    app = context.settings.apps.get(deployment.app)
    environment = app.environments.get(deployment.environment) if app else None
    return Target(app, environment) if app and environment else None
