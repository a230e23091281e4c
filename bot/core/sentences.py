"""What the bot answers to commands: one function per situation, and no sentence anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core import announcements, states
from bot.core.deploys import Deployment, State
from bot.core.errors import Refused, ShipmateError, Unavailable
from bot.core.gates import Answer, Verdict
from bot.core.messages import Bold, Button, Code, Line, Link, Message, Moment, plain, say
from bot.core.ports import Person


def listed(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    all_names = list(names)
    if len(all_names) < 2:
        return "".join(all_names)
    return f"{', '.join(all_names[:-1])} and {all_names[-1]}"


# --- when it does not go on ------------------------------------------------------------------------------------


def refusal(error: ShipmateError) -> Message:
    return error.message if isinstance(error, Refused) else say(str(error))


def fault(reference: str) -> Message:
    return say(
        "Something went wrong on my side, and nothing was changed. Please try again; if it stays, give this reference "
        "to whoever runs me: ",
        Code(reference),
    )


def postponed(error: Unavailable) -> Message:
    return say(f"{error} I keep trying and go on by myself.")


def given_up(error: Unavailable) -> Message:
    return say(f"{error} I have given up on this command and nothing was changed; please send it again later.")


def not_a_member(person: Person) -> Message:
    kind = "bots" if person.bot else "people of other workspaces"
    return say(f"I take no commands from {kind}.")


def not_understood(reason: str, example: str) -> Message:
    return say(reason, " For example: ", Code(example))


def not_there_yet(name: str) -> Message:
    return say(Code(name), " is not there yet; ", Code("help"), " shows what is.")


def unknown_app(name: str, nearest: Sequence[str], known: Sequence[str]) -> Message:
    if nearest:
        return say(f"There is no app called {name}. Did you mean {listed(nearest)}?")
    return say(f"There is no app called {name}. I know {listed(known)}.")


def which_app(choices: Sequence[tuple[str, str]]) -> Message:
    """``choices`` are (app, the command completed with it)."""
    buttons = [Button(app, command) for app, command in choices[:25]]
    return say("Which app do you mean?", buttons=buttons)


def unknown_environment(app: str, name: str, nearest: Sequence[str], known: Sequence[str]) -> Message:
    if nearest:
        return say(Bold(app), f" has no environment called {name}. Did you mean {listed(nearest)}?")
    return say(Bold(app), f" has no environment called {name}. It has {listed(known)}.")


def which_environment(app: str, known: Sequence[str], example: str) -> Message:
    return say("Where to? ", Bold(app), f" has {listed(known)}. For example: ", Code(example))


def unknown_ref(repository: str, ref: str, nearest: Sequence[str]) -> Message:
    start = say(Code(ref), f" is neither a branch, a tag, a commit nor a pull request of {repository}.").sentence
    if not nearest:
        return say(*start)
    return say(*start, f" Did you mean {listed(nearest)}?")


def unknown_deployment(number: int) -> Message:
    return say(f"There is no deployment #{number}. ", Code("deploys"), " lists the last ones.")


def force_needs_reason(environment: str, example: str) -> Message:
    return say(Bold(environment), " takes a force only with a reason. For example: ", Code(example))


def gates_closed(deployment: Deployment, verdict: Verdict, command: str) -> Message:
    """All reasons together, with what is fine as well, and how to go on."""
    lines: list[Line] = [_answer(answer) for answer in verdict.answers]
    buttons: list[Button] = []
    closed = verdict.closed
    if not closed and all(answer.waits_for for answer in verdict.waits):
        buttons.append(Button("Deploy when green", f"{command} when green", style="primary"))
    elif all(answer.forcible for answer in closed):
        lines.append(("To go on all the same: ", Code(f'{command} --force "why"')))
    head = f"{deployment.ref}@{deployment.short_sha} is not deployed to {deployment.environment}:"
    return say(head, lines=lines, buttons=buttons)


def closed_reasons(verdict: Verdict) -> str:
    """Why a deployment that waited will not start, for its ``description``."""
    return f"Not deployed: {'; '.join(plain(answer.line) for answer in verdict.closed)}"


def _answer(answer: Answer) -> Line:
    mark = "✅" if answer.open else "⏳" if answer.waits_for else "⛔"
    return (f"{mark} ", *answer.line)


# --- deployments -----------------------------------------------------------------------------------------------


def on_it(deployment: Deployment, channel: str | None, link: str | None = None) -> Message:
    spans = [
        "On it: ",
        Bold(deployment.app),
        " → ",
        Bold(deployment.environment),
        "  ",
        *states.what(deployment),
    ]
    spans.append(f" (#{deployment.id})")
    if channel:
        spans += [", announced in ", Link(link, channel)]
    return say(*spans, ".")


def nothing_to_cancel() -> Message:
    return say("There is nothing to cancel. ", Code("status"), " shows what is where.")


def which_to_cancel(candidates: Sequence[Deployment]) -> Message:
    buttons = [Button(f"#{one.id} {one.app} → {one.environment}", f"cancel #{one.id}") for one in candidates[:10]]
    return say("Which one do you want to cancel?", buttons=buttons)


def already_ended(deployment: Deployment) -> Message:
    return say(f"#{deployment.id} has ended already: it {_ended_as(deployment.state)}.")


def _ended_as(state: State) -> str:
    words = {
        State.SUCCEEDED: "succeeded",
        State.FAILED: "failed",
        State.ERROR: "did not work",
        State.TIMED_OUT: "timed out",
        State.CANCELLED: "was cancelled",
        State.SUPERSEDED: "was superseded",
        State.EXPIRED: "expired",
    }
    return words[state]


def cancelled(deployment: Deployment) -> Message:
    return say(f"#{deployment.id} ({deployment.app} → {deployment.environment}) is cancelled.")


def stopping(deployment: Deployment) -> Message:
    return say(f"Stopping #{deployment.id} ({deployment.app} → {deployment.environment}) …")


def cancelled_by(person: str) -> str:
    return f"Cancelled by {person}"


def cancelled_elsewhere(deployment: Deployment) -> Message:
    return say(
        f"#{deployment.id} is marked as cancelled. Another tool carries it out, and I cannot stop that one; "
        "please stop it there too."
    )


def still_going(deployment: Deployment) -> Message:
    return say(f"#{deployment.id} is {deployment.state} still. Cancel it first, or wait for its end.")


def gone_from_settings(deployment: Deployment) -> Message:
    return say(f"{deployment.app} → {deployment.environment} is no longer in my settings.")


def nothing_to_retry() -> Message:
    return say("There is no failed deployment to retry here. ", Code("deploys"), " lists the last ones.")


def nothing_to_roll_back(app: str, environment: str) -> Message:
    return say(
        Bold(app),
        f" has no earlier successful deployment on {environment} to go back to. Deploy the commit you want: ",
        Code(f"deploy {app}/<sha> to {environment}"),
    )


def never_deployed_there(app: str, environment: str, wanted: str) -> Message:
    return say(
        f"{wanted} is not a successful deployment of {app} on {environment}. ",
        Code(f"deploys {app} in {environment}"),
        " lists them.",
    )


# --- lists -----------------------------------------------------------------------------------------------------


def history(deployments: Sequence[Deployment], subject: str) -> Message:
    if not deployments:
        return say(f"There are no deployments of {subject} yet.")
    return say(f"The last deployments of {subject}:", lines=[_history_line(one) for one in deployments])


def _history_line(one: Deployment) -> Line:
    took = f", {states.spoken(one.took)}" if one.took is not None else ""
    return (
        f"{states.EMOJI[one.state]} #{one.id}  ",
        Bold(f"{one.app} → {one.environment}"),
        "  ",
        *states.what(one),
        f"  {one.by.name}, ",
        Moment(one.created_at),
        took,
    )


def details(one: Deployment) -> Message:
    """Everything about one deployment."""
    lines: list[Line] = [states.state_line(one), ("Asked for ", Moment(one.created_at), f" by {one.by.name}")]
    if one.started_at:
        lines.append(("Started ", Moment(one.started_at)))
    if one.finished_at:
        lines.append(("Ended ", Moment(one.finished_at)))
    for label, number in (
        ("Retry of", one.retry_of),
        ("Takes back", one.rollback_of),
        ("Superseded by", one.superseded_by),
    ):
        if number:
            lines.append((f"{label} #{number}",))
    if one.remote_id:
        lines.append((f"Deployment {one.remote_id} on GitHub",))
    if one.force:
        lines.append((f"Forced: {one.force_reason or 'no reason given'}",))
    return say(*announcements.parent(one).lines[0], lines=lines)


def environment_status(
    app: str, environment: str, current: Deployment | None, busy: Sequence[Deployment], waiting: Sequence[Deployment]
) -> list[Line]:
    """What is where, since when, by whom; and what is on its way."""
    name = (Bold(f"{app} → {environment}"), "  ")
    if current is None:
        lines: list[Line] = [(*name, "nothing deployed yet")]
    else:
        since = current.finished_at or current.created_at
        lines = [(*name, *states.what(current), " since ", Moment(since), f" by {current.by.name} (#{current.id})")]
    for one in busy:
        lines.append((f"    🚀 #{one.id} ", *states.what(one), f" {one.state}, by {one.by.name}"))
    for one in waiting:
        lines.append((f"    ⏳ #{one.id} ", *states.what(one), f" {one.description or 'waiting'}"))
    return lines


def status(lines: Sequence[Line]) -> Message:
    return say("What is where:", lines=lines)


def nowhere_from_here() -> Message:
    return say(
        "No app may be deployed from this channel. ", Code("where can I deploy"), " tells more in the apps' own."
    )


def where(choices: Sequence[tuple[str, Sequence[str], str | None]], example: str) -> Message:
    """``choices`` are (app, its environments, its default environment)."""
    lines: list[Line] = []
    for app, environments, default in choices:
        shown = listed(f"{name} (default)" if name == default else name for name in environments)
        lines.append((Bold(app), f" to {shown}"))
    lines.append(("For example: ", Code(example)))
    return say("You can deploy:", lines=lines)


def whoami(person: Person, now: datetime) -> Message:
    login = f"GitHub login {person.forge_login}" if person.forge_login else "no GitHub login that I know of"
    zone = person.timezone or "no time zone"
    lines: list[Line] = [(f"Chat id {person.id}",), (login,), (f"Time zone {zone}; now it is ", Moment(now))]
    return say(f"You are {person.name}.", lines=lines)


def help_on_all(commands: Sequence[tuple[str, str]], example: str) -> Message:
    """``commands`` are (usage, what it does)."""
    lines: list[Line] = [(Code(usage), f"  {does}") for usage, does in commands]
    lines.append(("For example: ", Code(example), ". More about one: ", Code("help deploy")))
    return say("This is what I understand:", lines=lines)


def help_on(usage: str, does: str, examples: Sequence[str], *, there: bool) -> Message:
    lines: list[Line] = [(does,), *(("For example: ", Code(example)) for example in examples)]
    if not there:
        lines.append(("It is not there yet.",))
    return say(Code(usage), lines=lines)


def no_help(topic: str, nearest: Sequence[str]) -> Message:
    hint = f" Did you mean {listed(nearest)}?" if nearest else ""
    return say(f"There is no command called {topic}.{hint} ", Code("help"), " shows all.")


def version(number: str) -> Message:
    return say(f"Shipmate {number}")
