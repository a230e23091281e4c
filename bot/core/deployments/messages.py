"""What is said of a deployment beside its card and the replies in its thread: notices, and a line for each change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.deployments.card_buttons import roll_back
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.deployments.wording import (
    DROPPED,
    GOES_ON,
    deed,
    emoji,
    sentence,
    spoken,
    state_line,
)
from bot.core.effects import Occasion
from bot.core.events.external import PullRequestMerged
from bot.core.gates.model import Answer
from bot.core.grammar.commands import Cancel, Deploy
from bot.core.grammar.offers import hint, offer_force
from bot.core.names import listed
from bot.core.ports.forge_types import Check
from bot.core.rich_text import Code, Line, Link, Message, Span, plain, say

SHOWN = 5
"""How many pull requests or commits the parent message lists."""


# --- lines of the thread ----------------------------------------------------------------------------------------
IS_LOOKED_AT = "Reported as a success; the health check looks whether it answers"


def waits(answer: Answer) -> str:
    """What a waiting deployment waits for, for its ``description``."""
    text = plain(answer.line)
    return queued(answer.line) if answer.waits_for is Waiting.QUEUE else f"Waiting: {text[:1].lower()}{text[1:]}"


def queued(line: Line) -> str:
    return f"Queued: {plain(line)}"


def worth_telling(before: str, now: str) -> bool:
    """Whether the thread should hear of a new reason: that checks failed or run again, but not of each check."""
    failed = "checks failed"
    return (failed in before) != (failed in now)


def waiting_line(deployment: Deployment) -> Message:
    return _line(sentence(deployment), "⏳ ", deployment.description)


def begins_line(deployment: Deployment) -> Message:
    """``deployment`` as it was while it waited."""
    why = GOES_ON[deployment.waits_for] if deployment.waits_for else "Nothing holds it back"
    return _line(f"{deed(deployment)} begins. {why}.", f"▶️ {why}")


def queued_line(deployment: Deployment) -> Message:
    """The provider has been told; ``description`` is what another tool says of it."""
    remote = f" (deployment {deployment.remote_id} on GitHub)" if deployment.remote_id else ""
    return _with_logs(deployment, f"{deed(deployment)} is queued.", f"🕐 {deployment.description or f'Queued{remote}'}")


def queued_elsewhere(description: str) -> str:
    """Another tool has it in its own queue: for the ``description`` of one that starts."""
    return f"Queued: {description}" if description else "Queued"


def running_line(deployment: Deployment) -> Message:
    extra = f": {deployment.description}" if deployment.description else ""
    return _with_logs(deployment, f"{deed(deployment)} is in progress{extra}.", f"🚀 In progress{extra}")


def end_line(deployment: Deployment) -> Message:
    """How it ended."""
    text = plain(state_line(deployment))
    return _with_logs(deployment, sentence(deployment), f"{emoji(deployment)} {text}")


def review_line(deployment: Deployment) -> Message:
    """GitHub holds it: where it is let go."""
    link = (" · ", Link(deployment.log_url, "open the review")) if deployment.log_url else ()
    return _line(sentence(deployment), f"{emoji(deployment)} {plain(state_line(deployment))}", *link)


def reviewed_line(deployment: Deployment) -> Message:
    """GitHub holds it no longer."""
    why = GOES_ON[Waiting.REVIEW]
    return _line(f"{deed(deployment)} goes on. {why}.", f"▶️ {why}")


def _with_logs(deployment: Deployment, sentence_: str, text: str) -> Message:
    return _line(sentence_, text, *((" · ", Link(deployment.log_url, "logs")) if deployment.log_url else ()))


def _line(sentence_: str, *spans: Span) -> Message:
    """A short line under the parent, which says what it is about; the sentence has to say it itself."""
    return Message((sentence_,), (spans,))


REACTIONS: dict[State, str] = {
    State.SUCCEEDED: "✅",
    State.FAILED: "❌",
    State.ERROR: "❌",
    State.TIMED_OUT: "❌",
    State.CANCELLED: "🛑",
    State.EXPIRED: "🛑",
}


def reaction(deployment: Deployment) -> str | None:
    """The emoji that says on a command how the deployment ended; None for one that is part of another."""
    rolled_back = deployment.trigger == "rollback" and deployment.state is State.SUCCEEDED
    return "⏪" if rolled_back else REACTIONS.get(deployment.state)


OCCASIONS: dict[State, Occasion] = {
    State.SUCCEEDED: "success",
    State.FAILED: "failure",
    State.ERROR: "failure",
    State.TIMED_OUT: "failure",
    State.CANCELLED: "cancellation",
    State.EXPIRED: "cancellation",
}


def occasion(deployment: Deployment) -> Occasion | None:
    """What its end is to the channel, which may want to hear of it outside the thread."""
    if deployment.superseded_by is not None:
        return None  # another one goes on in its place
    if deployment.trigger == "rollback" and deployment.state is State.SUCCEEDED:
        return "rollback"
    return OCCASIONS.get(deployment.state)


def superseded_by(old: Deployment, newer: Deployment, *, dropped: bool = False) -> str:
    how = "which is this very commit" if old.sha == newer.sha else "which has all of it"
    if dropped:
        how = DROPPED
    return f"Superseded by #{newer.id} ({newer.ref}@{newer.short_sha}), {how}"


def called_off(newer: Deployment) -> str:
    """Why a rollback that was to go by itself does not."""
    return f"Called off: #{newer.id} is on its way there"


def needless_by(newer: Deployment) -> str:
    return f"Superseded by #{newer.id}, which deploys the same commit{' by force' if newer.force else ''}"


WITHOUT_HISTORY = "Without git's history, from the commit's files alone"
"""Begins a line of output that is no part of what a command said."""


def in_workflow() -> str:
    """Who has it in its queue, for its ``description``."""
    return "in GitHub Actions"


def never_picked_up() -> str:
    return "No tool has picked it up"


def no_end_reported() -> str:
    return "No tool has reported its end in time"


def hung_checks(deployment: Deployment) -> Message:
    what_for = deployment.description.removeprefix("Waiting: ")
    return say(
        f"⚠️ Still waiting after an hour: {what_for}. Look at the check",
        *hint(", or cancel with ", Cancel(deployment.id)),
    )


def checks_missed(
    deployment: Deployment, names: Sequence[str], waited: timedelta, forced: Deploy, meant: Sequence[str] = ()
) -> Message:
    """``names`` never came; ``forced`` is the command that does not wait for them.

    ``meant`` is what they may stand for.
    """
    shown = listed([*names[:SHOWN], f"{len(names) - SHOWN} more"] if len(names) > SHOWN else list(names))
    verb = "has" if len(names) == 1 else "have"
    question = f"Deploy {deployment.ref} to {deployment.environment} although {shown} {verb} not been reported?"
    why: Line = (
        "That may stay so: if its message says [skip ci], if workflows leave out the files that it changes, or if a "
        "check was renamed or taken away. If not, it goes on by itself.",
    )
    if meant:
        spans = [span for one in meant[:SHOWN] for span in (" or ", Code(one))][1:]
        where = "in required_checks of settings.toml, or in the branch's rules on GitHub"
        why = ("Did you mean ", *spans, f"? Then correct the name where it is required: {where}.")
    return say(
        f"⚠️ {shown} {verb} not been reported for this commit after {spoken(waited)}. ",
        *why,
        buttons=offer_force("Deploy without checks", forced, question),
    )


def turned_red(deployment: Deployment, failing: Sequence[Check]) -> Message:
    """Said once of each check; what is live can go back."""
    names: list[Span] = []
    for check in failing[:SHOWN]:
        names += [", " if names else "", Link(check.url, check.name) if check.url else Code(check.name)]
    if len(failing) > SHOWN:
        names.append(f" and {len(failing) - SHOWN} more")
    live = deployment.state is State.SUCCEEDED
    when = f"after this went live in {deployment.environment}" if live else "while this is being deployed"
    return say("❌ ", *names, f" turned red {when}.", buttons=roll_back(deployment) if live else ())


def expired(deployment: Deployment) -> str:
    if deployment.waits_for is Waiting.MERGE:
        return f"Given up: #{deployment.pull_request} could not be merged within a day"
    if deployment.waits_for is Waiting.CHECKS:
        return "Given up: its checks were not green within a day"
    return f"Given up after a day: {deployment.description.removeprefix('Waiting: ')}"


def merged_instead(deployment: Deployment, newer: Deployment) -> str:
    """Why one ends that GitHub answered with a merge."""
    return (
        f"GitHub merged the default branch into {deployment.ref} instead of deploying it; "
        f"the merge commit {newer.short_sha} goes on as #{newer.id}"
    )


# --- merges that did not become a deployment ---------------------------------------------------------------------


def merge_not_taken_up(merge: PullRequestMerged, reason: str, commands: Sequence[Deploy]) -> Message:
    """For the app's channel: why, and how to deploy it all the same. It is told once."""
    line: Line = ("⚠️ ", Link(merge.url or None, f"#{merge.number} {merge.title}"), f" was merged into {merge.base}")
    hints: list[Span] = []
    for command in commands:
        hints += hint(", " if hints else "Once that is mended: ", command)
    return say(*line, ", and I could not take it up to deploy it. ", reason, lines=[tuple(hints)] if hints else ())
