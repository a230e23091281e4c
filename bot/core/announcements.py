"""What a deployment's messages say: the parent message, and the lines in the thread under it.

One function per situation; every one is drawn from the deployment alone, so that it can be drawn again at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.deploys import Changes, Deployment, Shipped, State, Waiting
from bot.core.gates import Answer
from bot.core.messages import Bold, Button, Code, CodeBlock, Line, Link, Mention, Message, Span, plain, say

EMOJI: dict[State, str] = {
    State.REQUESTED: "🆕",
    State.WAITING: "⏳",
    State.STARTING: "🕐",
    State.RUNNING: "🚀",
    State.SUCCEEDED: "✅",
    State.FAILED: "❌",
    State.ERROR: "💥",
    State.TIMED_OUT: "⌛",
    State.CANCELLED: "🛑",
    State.SUPERSEDED: "⏭️",
    State.EXPIRED: "🗑️",
}
SHOWN = 5
"""How many pull requests or commits the parent message lists."""


def spoken(duration: timedelta | float) -> str:
    """A duration as people say it.

    >>> spoken(75)
    '1 min 15 s'
    >>> spoken(7200)
    '2 h'
    """
    seconds = round(duration.total_seconds() if isinstance(duration, timedelta) else duration)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def asked_by(deployment: Deployment) -> Mention:
    return Mention(deployment.by.chat_id, deployment.by.name)


def what(deployment: Deployment) -> Line:
    """``topic@1a2b3c4``, linked where there is a page for the commit; a bare commit is named once."""
    name = deployment.ref if deployment.short_sha in deployment.ref else f"{deployment.ref}@{deployment.short_sha}"
    return (Link(deployment.url, name),)


def parent(deployment: Deployment) -> Message:
    """The one message of a deployment: it is edited on each change, from this function."""
    first: list[Span] = [
        f"{EMOJI[deployment.state]} ",
        Bold(deployment.app),
        " → ",
        Bold(_where(deployment)),
        "  ",
        *what(deployment),
    ]
    if deployment.task != "deploy":
        first += ["  task ", Code(deployment.task)]
    first += [_origin(deployment), asked_by(deployment)]
    lines: list[Line] = [tuple(first), state_line(deployment)]
    if deployment.force:
        lines.append((f"⚠️ Forced{f': {deployment.force_reason}' if deployment.force_reason else ''}",))
    if deployment.reason:
        lines.append((f"Because: {deployment.reason}",))
    lines += ships(deployment.changes)
    return Message(
        sentence=(f"{plain(tuple(first))}: {plain(state_line(deployment))}",),
        lines=tuple(lines),
        context=_links(deployment),
        buttons=buttons(deployment),
    )


def _where(deployment: Deployment) -> str:
    return f"{deployment.environment}/{deployment.hosts}" if deployment.hosts else deployment.environment


def _origin(deployment: Deployment) -> str:
    words = {"merge": "merged by", "foreign": "created by", "retry": "retried by", "rollback": "rolled back by"}
    return f"  {words.get(deployment.trigger, 'asked for by')} "


def _links(deployment: Deployment) -> tuple[Line, ...]:
    spans: list[Span] = [f"#{deployment.id}"]
    for url, name in ((deployment.log_url, "logs"), (deployment.environment_url, "environment")):
        if url:
            spans += [" · ", Link(url, name)]
    if deployment.changes.url:
        spans += [" · ", Link(deployment.changes.url, "compare")]
    return (tuple(spans),)


def state_line(deployment: Deployment) -> Line:
    """How it stands, in words."""
    match deployment.state:
        case State.REQUESTED:
            return ("Asked for",)
        case State.WAITING:
            return (deployment.description or "Waiting",)
        case State.STARTING:
            return ("Starting",)
        case State.RUNNING:
            usual = deployment.usual_seconds
            return (f"Running, usually {spoken(usual)}" if usual else "Running",)
        case State.SUCCEEDED:
            took = f" in {spoken(deployment.took)}" if deployment.took is not None else ""
            return (f"Succeeded{took}", *_because(deployment))
        case State.FAILED:
            return ("Failed", *_because(deployment))
        case State.ERROR:
            return ("Did not work", *_because(deployment))
        case State.TIMED_OUT:
            return ("Timed out", *_because(deployment))
        case State.CANCELLED | State.SUPERSEDED | State.EXPIRED:
            return (deployment.description or str(deployment.state).capitalize(),)


def _because(deployment: Deployment) -> Line:
    return (f": {deployment.description}",) if deployment.description else ()


def ships(changes: Changes) -> list[Line]:
    """What ships: pull requests and commits since the last success, capped; those that came without one are marked."""
    if changes.base is None and not changes.shipped:
        return []
    if not changes.shipped:
        if changes.behind:
            return [(f"Goes back by {_commits(changes.behind)}",)]
        return [("The same commit as before",)] if not changes.ahead else []
    lines: list[Line] = [_shipped(one) for one in changes.shipped[:SHOWN]]
    more = len(changes.shipped) - SHOWN
    if more > 0:
        lines.append((f"… and {more} more",))
    without = sum(1 for one in changes.shipped if one.number is None)
    if without:
        lines.append((f"⚠️ {_commits(without)} went in without a pull request",))
    if changes.behind:
        lines.append((f"⚠️ {_commits(changes.behind)} that are deployed now are not in it",))
    return lines


def _shipped(one: Shipped) -> Line:
    name = f"#{one.number}" if one.number is not None else (one.sha or "")[:7]
    return ("• ", Link(one.url or None, name), f" {one.title} ({one.author})")


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"


def buttons(deployment: Deployment) -> tuple[Button, ...]:
    """The commands that fit the state, as buttons."""
    number = f"#{deployment.id}"
    if not deployment.ended:
        question = f"Cancel {deployment.app} → {deployment.environment} ({deployment.ref})?"
        return (Button("Cancel", f"cancel {number}", style="danger", confirm=question),)
    if deployment.state is State.SUCCEEDED:
        if deployment.changes.base is None or deployment.task != "deploy":
            return ()
        question = f"Roll {deployment.app} back on {deployment.environment}?"
        back = f"rollback {deployment.app} on {deployment.environment} to {deployment.changes.base}"
        label = f"Roll back to {deployment.changes.base[:7]}"
        return (Button(label, back, style="danger", confirm=question),)
    if deployment.state is State.SUPERSEDED:
        return ()
    return (Button("Retry", f"retry {number}", confirm=f"Deploy {deployment.ref} to {deployment.environment} again?"),)


# --- lines of the thread ----------------------------------------------------------------------------------------


def waits(answer: Answer) -> str:
    """What a waiting deployment waits for, for its ``description``."""
    text = plain(answer.line)
    return f"Queued: {text}" if answer.waits_for is Waiting.QUEUE else f"Waiting: {text[:1].lower()}{text[1:]}"


def worth_telling(before: str, now: str) -> bool:
    """Whether the thread should hear of a new reason: that checks failed or run again, but not of each check."""
    failed = "checks failed"
    return (failed in before) != (failed in now)


def waiting_line(deployment: Deployment) -> Message:
    return say("⏳ ", deployment.description)


def queued_line(deployment: Deployment) -> Message:
    remote = f" (deployment {deployment.remote_id} on GitHub)" if deployment.remote_id else ""
    return say(f"🕐 Queued{remote}")


def running_line(deployment: Deployment) -> Message:
    extra = f": {deployment.description}" if deployment.description else ""
    return _with_logs(deployment, f"🚀 In progress{extra}")


def end_line(deployment: Deployment, output: Sequence[str]) -> Message:
    """How it ended; the last lines of output where it failed."""
    text = plain(state_line(deployment))
    message = _with_logs(deployment, f"{EMOJI[deployment.state]} {text}")
    if not output:
        return message
    return say(*message.sentence, lines=[(CodeBlock("\n".join(output)),)])


def _with_logs(deployment: Deployment, text: str) -> Message:
    return say(text, " · ", Link(deployment.log_url, "logs")) if deployment.log_url else say(text)


def elsewhere(deployment: Deployment, message: Message) -> Message:
    """The same line in another thread, where it must say which deployment it is about."""
    name = f"{deployment.app} → {deployment.environment}"
    sentence = (Bold(name), f" #{deployment.id}: ", *message.sentence)
    lines = (sentence, *message.lines[1:]) if message.lines else ()
    return Message(sentence=sentence, lines=lines)


def is_loud(deployment: Deployment) -> bool:
    """Failures, cancellations and rollbacks are shown in the channel too."""
    loud = {State.FAILED, State.ERROR, State.TIMED_OUT, State.CANCELLED}
    return deployment.state in loud or (deployment.trigger == "rollback" and deployment.state is State.SUCCEEDED)


def superseded_by(newer: Deployment) -> str:
    return f"Superseded by #{newer.id} ({newer.ref}@{newer.short_sha}), which was merged later"


def not_picked_up(deployment: Deployment) -> Message:
    return say(
        f"⚠️ Nothing has picked this deployment up yet. Shipmate only announces {deployment.app} → "
        f"{deployment.environment}; another tool has to listen for GitHub's deployment event and report its status. "
        "Is it running?"
    )


def never_picked_up() -> str:
    return "No tool has picked it up"


def no_end_reported() -> str:
    return "No tool has reported its end in time"


def hung_checks(deployment: Deployment) -> Message:
    what_for = deployment.description.removeprefix("Waiting: ")
    return say(
        f"⚠️ Still waiting after an hour: {what_for}. Look at the check, or cancel with ",
        Code(f"cancel #{deployment.id}"),
    )


def expired() -> str:
    return "Given up: its checks were not green within a day"


def merged_instead(deployment: Deployment, newer: Deployment) -> Message:
    return say(
        f"GitHub merged the default branch into {deployment.ref} instead of deploying it. "
        f"The merge commit {newer.short_sha} is deployed as #{newer.id} when its checks are green."
    )
