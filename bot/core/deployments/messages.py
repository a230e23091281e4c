"""What a deployment's messages say: the parent message, and the lines in the thread under it.

One function per situation; every one is drawn from the deployment alone, so that it can be drawn again at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.deployments.model import DEPLOY, Deployment, Shipped, State, Waiting
from bot.core.deployments.wording import (
    GOES_ON,
    after_all,
    deed,
    emoji,
    forced_line,
    sentence,
    spoken,
    state_line,
    what,
    where,
)
from bot.core.effects import Occasion
from bot.core.events.external import PullRequestMerged
from bot.core.gates.model import Answer
from bot.core.grammar.commands import Approve, Cancel, Command, Deploy, Reject, Retry, Rollback
from bot.core.grammar.offers import hint, offer
from bot.core.names import listed
from bot.core.ports.forge_types import Check
from bot.core.presses.model import drawn_for
from bot.core.rich_text import Bold, Button, Code, CodeBlock, Line, Link, Mention, Message, Span, plain, say

SHOWN = 5
"""How many pull requests or commits the parent message lists."""


def asked_by(deployment: Deployment) -> Mention:
    return Mention(deployment.by.chat_id, deployment.by.name)


def parent(deployment: Deployment) -> Message:
    """The one message of a deployment: it is edited on each change, from this function."""
    first: list[Span] = [
        f"{emoji(deployment)} ",
        Bold(deployment.app),
        " → ",
        Bold(where(deployment)),
        "  ",
        *what(deployment),
    ]
    if deployment.task != "deploy":
        first += ["  task ", Code(deployment.task)]
    first += [_origin(deployment), asked_by(deployment), *_approved_by(deployment)]
    lines: list[Line] = [tuple(first), state_line(deployment)]
    if deployment.force:
        lines.append((forced_line(deployment),))
    if deployment.reason:
        lines.append((f"Because: {deployment.reason}",))
    if deployment.params:
        lines.append(("With ", Code(" ".join(f"{key}={value}" for key, value in deployment.params))))
    lines += ships(deployment)
    return Message(
        sentence=(sentence(deployment),),
        lines=tuple(lines),
        context=_links(deployment),
        buttons=buttons(deployment),
    )


def _approved_by(deployment: Deployment) -> Line:
    spans: list[Span] = []
    for by in deployment.approved_by:
        spans += [", " if spans else ", approved by ", Mention(by.chat_id, by.name)]
    return tuple(spans)


def _origin(deployment: Deployment) -> str:
    words = {
        "merge": "merged by",
        "foreign": "created by",
        "retry": "retried by",
        "rollback": "rolled back by",
        "schedule": "scheduled by",
    }
    return f"  {words.get(deployment.trigger, 'asked for by')} "


def _links(deployment: Deployment) -> tuple[Line, ...]:
    spans: list[Span] = [f"#{deployment.id}"]
    logs = "open the review" if deployment.reviewed_elsewhere else "logs"
    for url, name in ((deployment.log_url, logs), (deployment.environment_url, "environment")):
        if url:
            spans += [" · ", Link(url, name)]
    if deployment.changes.url:
        spans += [" · ", Link(deployment.changes.url, "compare")]
    late = after_all(deployment)
    return (tuple(spans), (late,)) if late else (tuple(spans),)


def ships(deployment: Deployment) -> list[Line]:
    """What ships: pull requests and commits since the last success, capped; those that came without one are marked."""
    changes = deployment.changes
    if deployment.task != "deploy":
        return []
    if deployment.trigger == "rollback":
        return [(f"Goes back by {_commits(changes.behind)}",)] if changes.behind else []
    if not changes.shipped:
        return _ships_nothing(deployment)
    lines: list[Line] = [_shipped(one) for one in changes.shipped[:SHOWN]]
    more = len(changes.shipped) - SHOWN
    if more > 0:
        lines.append((f"… and {more} more",))
    without = sum(1 for one in changes.shipped if one.number is None)
    if without:
        lines.append((f"⚠️ {_commits(without)} went in without a pull request",))
    if changes.behind:
        verb = "is" if changes.behind == 1 else "are"
        lines.append((f"⚠️ Lacks {_commits(changes.behind)} that {verb} deployed there now",))
    return lines


def _ships_nothing(deployment: Deployment) -> list[Line]:
    changes = deployment.changes
    if changes.base is None:
        # The first deployment there has nothing to be compared with: at least its commit has a title.
        return [(f"• {deployment.title}",)] if deployment.title else []
    if changes.behind:
        return [(f"Goes back by {_commits(changes.behind)}",)]
    return [("The same commit as before",)] if changes.base == deployment.sha else []


def _shipped(one: Shipped) -> Line:
    name = f"#{one.number}" if one.number is not None else (one.sha or "")[:7]
    return ("• ", Link(one.url or None, name), f" {one.title} ({one.author})")


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"


def buttons(deployment: Deployment) -> tuple[Button, ...]:
    """The commands that fit the state, as buttons."""
    if not deployment.ended:
        cancel = Cancel(deployment.id)
        name = f"{deployment.app} → {deployment.environment} ({deployment.ref})"
        if deployment.waits_for is Waiting.QUEUE:
            question = f"Take {name} out of the queue?"
            leave = offer("Leave queue", cancel, style="danger", confirm=question, drawn=drawn_for(deployment))
            return (*_approval(deployment), *leave)
        stop = offer("Cancel", cancel, style="danger", confirm=f"Cancel {name}?", drawn=drawn_for(deployment))
        return (*_approval(deployment), *stop)
    if deployment.superseded_by is not None or deployment.replaced_by is not None:
        return ()
    match deployment.state:
        case State.SUCCEEDED:
            return _roll_back(deployment)
        case State.FAILED | State.ERROR | State.TIMED_OUT:
            return (*_retry(deployment), *_roll_back(deployment))
        case _:
            return _retry(deployment)


def _approval(deployment: Deployment) -> tuple[Button, ...]:
    if not deployment.approvals_missing or deployment.state is not State.WAITING:
        return ()
    question = f"Refuse {deployment.app} → {deployment.environment} ({deployment.ref})?"
    return (
        *offer("Approve", Approve(deployment.id), style="primary", drawn=drawn_for(deployment)),
        *offer("Reject", Reject(deployment.id), confirm=question, drawn=drawn_for(deployment)),
    )


def _retry(deployment: Deployment) -> tuple[Button, ...]:
    question = f"Deploy {deployment.ref} to {deployment.environment} again?"
    return offer("Retry", Retry(deployment.id), confirm=question, drawn=drawn_for(deployment))


def _roll_back(deployment: Deployment) -> tuple[Button, ...]:
    base = deployment.changes.base
    if base is None or base == deployment.sha or deployment.task != "deploy" or deployment.remote_id is None:
        return ()
    question = rollback_question(deployment, base)
    if deployment.rollback_of is not None and deployment.state is State.SUCCEEDED:
        again = Deploy(deployment.app, base, deployment.environment)
        return offer(f"Redeploy {base[:7]}", again, confirm=_redeploy_question(deployment, base))
    command = Rollback(deployment.app, deployment.environment, base)
    label = f"Roll back to {base[:7]}"
    return offer(label, command, style="danger", confirm=question, drawn=drawn_for(deployment))


def _redeploy_question(deployment: Deployment, base: str) -> str:
    place = f"{deployment.app} → {where(deployment)}"
    return f"{place}: from {deployment.short_sha} (live) to {base[:7]} again, which was rolled back."


def rollback_question(deployment: Deployment, base: str) -> str:
    """From what to what, what is lost by it, and what follows."""
    place = f"{deployment.app} → {where(deployment)}"
    if deployment.state is not State.SUCCEEDED:
        return f"{place}: from {deployment.short_sha}, which has not succeeded, to {base[:7]}, which was live before."
    shipped = deployment.changes.shipped
    named = [f"#{one.number}" if one.number is not None else (one.sha or "")[:7] for one in shipped[:SHOWN]]
    more = [f"{len(shipped) - SHOWN} more"] if len(shipped) > SHOWN else []
    lost = f" Takes back {listed([*named, *more])}." if named else ""
    locked = f" Then {deployment.environment} is locked for you, so that no merge ships it again."
    return f"{place}: from {deployment.short_sha} (live) to {base[:7]}.{lost}{locked}"


# --- lines of the thread ----------------------------------------------------------------------------------------


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


def end_line(deployment: Deployment, output: Sequence[str]) -> Message:
    """How it ended; the last lines of output where it failed."""
    text = plain(state_line(deployment))
    message = _with_logs(deployment, sentence(deployment), f"{emoji(deployment)} {text}")
    if not output:
        return message
    return Message(message.sentence, (*message.lines, (CodeBlock("\n".join(output)),)))


def review_line(deployment: Deployment) -> Message:
    """GitHub holds it: where it is let go."""
    link = (" · ", Link(deployment.log_url, "open the review")) if deployment.log_url else ()
    return _line(sentence(deployment), f"{emoji(deployment)} {plain(state_line(deployment))}", *link)


def after_all_line(deployment: Deployment, live: Deployment | None) -> Message:
    """It was given up, and its end was reported late; ``live`` may be another one that started later."""
    because = f": {deployment.description}" if deployment.description else ""
    overtaken = live is not None and live.id != deployment.id and deployment.state is State.SUCCEEDED
    instead = f". #{live.id} started later and is live" if live and overtaken and deployment.task == DEPLOY else ""
    text = f"{emoji(deployment)} Finished after all, {after_all(deployment)}{because}{instead}"
    return _with_logs(deployment, f"{sentence(deployment)} It was {after_all(deployment)}.", text)


def _with_logs(deployment: Deployment, sentence_: str, text: str) -> Message:
    return _line(sentence_, text, *((" · ", Link(deployment.log_url, "logs")) if deployment.log_url else ()))


def _line(sentence_: str, *spans: Span) -> Message:
    """A short line under the parent, which says what it is about; the sentence has to say it itself."""
    return Message((sentence_,), (spans,))


def elsewhere(deployment: Deployment, message: Message) -> Message:
    """The same line in another thread, where it must say which deployment it is about."""
    name = f"{deployment.app} → {deployment.environment}"
    first, *rest = message.lines or (message.sentence,)
    return Message(message.sentence, ((Bold(name), f" #{deployment.id}: ", *first), *rest))


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


def superseded_by(old: Deployment, newer: Deployment) -> str:
    how = "which is this very commit" if old.sha == newer.sha else "which has all of it"
    return f"Superseded by #{newer.id} ({newer.ref}@{newer.short_sha}), {how}"


def needless_by(newer: Deployment) -> str:
    return f"Superseded by #{newer.id}, which deploys the same commit{' by force' if newer.force else ''}"


def not_picked_up(deployment: Deployment) -> Message:
    return say(
        f"⚠️ Nothing has picked this deployment up yet. Shipmate only announces {deployment.app} → "
        f"{deployment.environment}; another tool has to listen for GitHub's deployment event and report its status. "
        "Is it running?"
    )


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


def checks_missed(deployment: Deployment, names: Sequence[str], waited: timedelta, forced: Command) -> Message:
    """``names`` never came; ``forced`` is the command that does not wait for them."""
    shown = listed([*names[:SHOWN], f"{len(names) - SHOWN} more"] if len(names) > SHOWN else list(names))
    verb = "has" if len(names) == 1 else "have"
    question = f"Deploy {deployment.ref} to {deployment.environment} although {shown} {verb} not been reported?"
    return say(
        f"⚠️ {shown} {verb} not been reported for this commit after {spoken(waited)}. That may stay so: if its message "
        "says [skip ci], if workflows leave out the files that it changes, or if a check was renamed or taken away. "
        "If not, it goes on by itself.",
        buttons=offer("Deploy without checks", forced, confirm=question),
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
    return say("❌ ", *names, f" turned red {when}.", buttons=_roll_back(deployment) if live else ())


def expired(deployment: Deployment) -> str:
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
