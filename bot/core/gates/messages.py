"""What the gates on a commit and on approvals say: one line for each way in which they answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.approvals.model import Approval
from bot.core.deployments.model import Deployment
from bot.core.names import listed
from bot.core.people.permissions import Kind, kind_of
from bot.core.ports.forge_types import Comparison, PullRequest
from bot.core.ports.reviews import Protection, Reviewed, rules, standing
from bot.core.rich_text import Bold, Code, Line, Link, Moment, Span

NAMED = 5
"""How many of those before one in the queue are named."""


# --- review -----------------------------------------------------------------------------------------------------


def reviewed(found: Reviewed, required: int) -> tuple[bool, Line]:
    """Whether the pull request has the reviews that are required, and the line that says so."""
    pull = found.pull_request
    if pull is None:
        return False, ("It belongs to no pull request, so nobody has reviewed it",)
    last = standing(found.reviews, pull.author)
    approved = [login for login, state in last.items() if state == "approved"]
    against = [login for login, state in last.items() if state == "changes_requested"]
    name = _pull_request(pull)
    if against:
        return False, (f"{listed(against)} asked for changes in ", name)
    if len(approved) >= required:
        return True, (name, f" is approved by {listed(approved)}")
    if approved:
        return False, (name, f" has {len(approved)} of {required} approving reviews, by {listed(approved)}")
    return False, (name, f" needs {_count(required, 'approving review')}")


def _pull_request(pull: PullRequest) -> Span:
    return Link(pull.url or None, f"#{pull.number}")


# --- order, up to date ------------------------------------------------------------------------------------------


def has_this_commit(environment: str) -> Line:
    return (Bold(environment), " has this commit")


def lacks_this_commit(environment: str) -> Line:
    return ("This commit has not succeeded in ", Bold(environment), " yet")


def up_to_date(branch: str) -> Line:
    return ("It has everything of ", Code(branch))


def behind_branch(branch: str, difference: Comparison) -> Line:
    behind = Link(difference.url or None, f"{_count(difference.behind_by, 'commit')} behind")
    return ("It is ", behind, " ", Code(branch), ": merge ", Code(branch), " into it, push, and deploy again")


# --- soak -------------------------------------------------------------------------------------------------------


def soaked(source: str | None) -> Line:
    return ("It has been long enough in ", Bold(source)) if source is not None else ("Nobody has stopped it",)


def goes_back_at(until: datetime) -> Line:
    """What a rollback does that goes by itself, behind its name."""
    return ("is rolled back by itself at ", Moment(until, short=True))


def soaks(source: str, until: datetime) -> Line:
    return ("It stays in ", Bold(source), " until ", Moment(until))


def goes_on_at(until: datetime) -> Line:
    """What one does that waits for it, behind its name."""
    return ("follows by itself at ", Moment(until, short=True))


def soaking(source: str) -> Line:
    return (f"if nothing happens in {source} until then",)


# --- GitHub's own rules -----------------------------------------------------------------------------------------


def protected(protection: Protection) -> Line:
    name = Link(protection.url, "GitHub's own protection rules")
    return (name, f" apply to runs of Actions there: {rules(protection)}")


# --- queue ------------------------------------------------------------------------------------------------------


def in_line(running: Deployment, before: Sequence[Deployment]) -> Line:
    """Why one has to queue: what is running, and who is ``before`` it in the queue."""
    now = (f"#{running.id} ({running.ref}) is being deployed to ", Bold(running.environment), " now")
    if not before:
        return now
    ahead = [f"#{one.id}" for one in (running, *before[:NAMED])]
    if len(before) > NAMED:
        ahead.append(f"{len(before) - NAMED} more")
    return (*now, f"; {_ordinal(len(before) + 1)} in line, behind {listed(ahead)}")


def _ordinal(number: int) -> str:
    """
    >>> [_ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ending}"


# --- approval ---------------------------------------------------------------------------------------------------


def approved(approvals: Sequence[Approval], deployment: Deployment | None) -> Line:
    """Those that were given to another request for the same say for which."""
    others = sorted({one.deployment_id for one in approvals} - {deployment.id if deployment else 0})
    names = listed(one.by.name for one in approvals)
    if not others:
        return (f"Approved by {names}",)
    return (f"Approved by {names}, for {listed(f'#{number}' for number in others)} with the same commit",)


def needs_approval(missing: int, *, again: bool) -> Line:
    """What one does that waits for it, behind its name."""
    return (f"needs {_count(missing, 'more approval' if again else 'approval')}",)


def approvals_missing(approvals: Sequence[Approval], needed: int, approvers: Sequence[str]) -> Line:
    missing = needed - len(approvals)
    count = f"{missing} more approval" if approvals else f"{missing} approval"
    line = f"{count}{' is' if missing == 1 else 's are'} needed{_from(approvers)}"
    return (f"{line}; approved by {listed(one.by.name for one in approvals)}",) if approvals else (line,)


def _from(approvers: Sequence[str]) -> str:
    """Ids of the chat say nothing to people, so those are told as what they are."""
    named = [party for party in approvers if kind_of(party) is not Kind.PERSON]
    if len(named) < len(approvers):
        named.append("those whom the settings name")
    return f", from {listed(named, 'or')}" if named else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
