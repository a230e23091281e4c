"""What is said of shipping a pull request: why it is not merged yet, why it will not be, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.deployments.card_buttons import ship_again
from bot.core.deployments.model import Deployment
from bot.core.gates.model import Answer
from bot.core.grammar.commands import Cancel, Deploy, Ship
from bot.core.grammar.offers import deed, hint, offer
from bot.core.names import listed
from bot.core.ports.forge_types import PullRequest
from bot.core.rich_text import Bold, Code, Line, Link, Message, Span, plain, say
from bot.core.shipments.model import MergeMethod, Shipment

_METHODS: dict[MergeMethod, str] = {"merge": "merge commits", "squash": "squash merges", "rebase": "rebase merges"}
MERGED = frozenset({"MERGE", "ALREADY_MERGED"})
"""Why GitHub takes out of its queue what is merged."""
# What the page of the pull request says of each.
_LEFT_QUEUE: dict[str, str] = {
    "CI_FAILURE": "a check failed there",
    "CI_TIMEOUT": "its checks took too long there",
    "MERGE_CONFLICT": "it conflicts with what is before it there",
    "MANUAL": "somebody took it out",
    "QUEUE_CLEARED": "the queue was cleared",
    "ROLL_BACK": "what was before it in the queue was taken out",
    "BRANCH_PROTECTIONS": "it does not keep the rules of its branch",
    "GIT_TREE_INVALID": "no merge of it could be made",
    "INVALID_MERGE_COMMIT": "no merge of it could be made",
}


def pull(pull_request: PullRequest) -> Span:
    return Link(pull_request.url or None, f"#{pull_request.number}")


# --- refused at the command --------------------------------------------------------------------------------------


def no_pull_request(repository: str, number: int) -> Message:
    return say(f"{repository} has no pull request #{number}.")


def is_draft(pull_request: PullRequest, again: Ship) -> Message:
    then = hint(": mark it as ready for review there, then ", again, ".")
    return say(pull(pull_request), f" {pull_request.title} is a draft, which nobody can merge", *(then or (".",)))


def is_closed(pull_request: PullRequest, again: Ship) -> Message:
    then = hint(": reopen it there, then ", again, ".")
    return say(pull(pull_request), f" {pull_request.title} was closed without being merged", *(then or (".",)))


def is_merged(pull_request: PullRequest, environment: str | None, deploys: Deploy | None) -> Message:
    """``deploys`` is the command that brings its merge to where it was to be shipped to."""
    by = f" by {pull_request.merged_by}" if pull_request.merged_by else ""
    buttons = offer(f"Deploy it to {environment}", deploys) if deploys is not None and environment else ()
    return say("☑️ ", pull(pull_request), f" {pull_request.title} is merged already{by}.", buttons=buttons)


def has_conflicts(pull_request: PullRequest, again: Ship) -> Message:
    base = Code(pull_request.base)
    then = hint(f" into its branch {pull_request.head_ref}, resolve them, push, and then ", again, ".")
    where = (pull(pull_request), f" {pull_request.title} has conflicts with ", base, ": merge ", base)
    return say(*where, *(then or (" into its branch, resolve them and push.",)))


def which_environment(base: str, choices: Sequence[Ship]) -> Message:
    buttons = [button for one in choices for button in offer(deed(one), one)]
    return say("Where to? What is merged into ", Code(base), " is deployed nowhere by itself.", buttons=buttons)


def ships_already(one: Deployment, reader: str) -> Message:
    by = "you" if one.by.chat_id == reader else one.by.name
    stop = hint(" To stop that: ", Cancel(one.id), ".")
    return say(
        f"#{one.pull_request} is being shipped to ", Bold(one.environment), f" already by {by} (#{one.id}).", *stop
    )


def method_not_allowed(
    app: str, repository: str, method: MergeMethod | None, allowed: Sequence[MergeMethod]
) -> Message:
    """What the settings of ``app`` ask for, and the repository does not have."""
    if method is None:
        return say(f"{repository} allows no way to merge this; its settings on GitHub say which ones there are.")
    others = f", but does allow {listed([_METHODS[one] for one in allowed])}" if allowed else ""
    what = f"{repository} does not allow {_METHODS[method]}{others}. In my settings "
    return say(what, Code(f'merge_method = "{method}"'), f" of {app} asks for them: one of the two has to change.")


def never_merged(old: Deployment) -> Message:
    """Of one that was never merged there is nothing to deploy once more."""
    what = f"#{old.pull_request} was not merged by #{old.id}, so there is nothing to deploy once more."
    return say(what, buttons=ship_again(old))


def merged_and_goes_out(one: Deployment) -> str:
    return f"#{one.pull_request} was merged meanwhile, and goes out as #{one.id}"


def merged_by_then(ended: str, number: int) -> str:
    """``ended`` says why it is not deployed."""
    return f"{ended}; GitHub had merged #{number} by then"


def no_pull_request_here() -> Message:
    return say("Which pull request? I know of none that is spoken of here. Please say its number: ", Code("ship #123"))


# --- why it ends -------------------------------------------------------------------------------------------------


def closed(number: int) -> str:
    return f"#{number} was closed without being merged"


def gone(number: int) -> str:
    return f"#{number} cannot be seen on GitHub any more"


def conflicts(number: int, base: str) -> str:
    return f"#{number} has conflicts with {base}: resolve them, push, and ship it again"


def new_commits(held: Deployment, head: str, by: str) -> str:
    whose = f" by {by}" if by else ""
    return f"#{held.pull_request} has new commits since {held.by.name} asked ({head[:7]}{whose}): ship it again"


def other_base(number: int, before: str, now: str) -> str:
    return f"#{number} goes into {now} now, and no longer into {before}: ship it again"


def left_queue(number: int, reason: str) -> str:
    why = _LEFT_QUEUE.get(reason)
    return f"#{number} was taken out of GitHub's merge queue{f': {why}' if why else ''}"


def not_allowed(number: int, reason: str) -> str:
    return f"#{number} was not merged: {_without_stop(reason)}"


def not_updated(number: int, base: str, reason: str) -> str:
    how = f"merge {base} into its branch, push, and ship it again"
    return f"#{number} is behind {base}, and I cannot bring it up to date ({_without_stop(reason)}): {how}"


def _without_stop(sentence: str) -> str:
    return sentence.rstrip(".")


# --- why it waits ------------------------------------------------------------------------------------------------


def draft(number: int) -> Line:
    return (f"waits until #{number} is no draft any more",)


def not_known_yet(number: int) -> Line:
    return (f"waits for GitHub to say whether #{number} can be merged",)


def updates(number: int, base: str) -> Line:
    return (f"waits while {base} is merged into #{number}, which is behind it",)


def merges(number: int) -> Line:
    return (f"waits for the merge of #{number}",)


def enters_queue(number: int) -> Line:
    return (f"waits for the merge queue to take #{number}",)


def in_queue(number: int) -> Line:
    return (f"waits for its turn: #{number} is in GitHub's merge queue",)


def waits_for(number: int, checks: Answer | None, reviews: int) -> Line:
    """The checks that are not green yet, and how many reviews are missing.

    >>> waits_for(123, None, 2)
    ('waits for 2 reviews of #123',)
    """
    wanted = f"{reviews} review{'' if reviews == 1 else 's'}" if reviews else ""
    if checks is None:
        return (f"waits for {wanted} of #{number}",)
    if checks.failed or checks.settling:
        return checks.news
    also, whose = f" and {wanted}" if wanted else "", f" of #{number}"
    return (*checks.news, f"{also}{'' if plain(checks.news).startswith('waits for its') else whose}")


def blocked(number: int, shipment: Shipment) -> tuple[Line, tuple[Line, ...]]:
    """GitHub would not merge it, for a reason of which it tells more on the page than to us."""
    said = _without_stop(shipment.refused)
    why: Line = (said,) if said else ("a rule of ", Code(shipment.base), " is not met yet")
    there = Link(shipment.url or None, "look there")
    return (f"waits until GitHub lets #{number} be merged",), (why, (there,))


def changes_requested(number: int, against: Sequence[str]) -> Line:
    verb = "asks" if len(against) == 1 else "ask"
    return (f"{listed(against, 'and')} {verb} for changes in #{number}",)
