"""What the bot answers to commands: one function per situation, and no sentence anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple, TypeAlias

from bot.core.deployments import wording
from bot.core.deployments.model import Deployment, State, Waiting
from bot.core.errors import NotAccepted, Refused, ShipmateError, Unavailable
from bot.core.gates.model import Verdict
from bot.core.grammar.commands import Cancel, Command, Deploy, Deploys, Retry
from bot.core.grammar.offers import LONGEST_LABEL, deed, hint, offer, written
from bot.core.names import listed
from bot.core.outages import messages as outage_messages
from bot.core.ports.chat import Person
from bot.core.ports.forge_types import Commit, Meaning
from bot.core.refs import HEADS, SHOWN_DIGITS, TAGS, short_name
from bot.core.rich_text import Bold, Button, Code, Line, Link, Message, Moment, Span, plain, say


class Choice(NamedTuple):
    """What may be meant: a name, the command completed with it, and what is asked before a press does it."""

    name: str
    command: Command
    confirm: str | None = None


Choices: TypeAlias = Sequence[Choice]
"""One that cannot be written down is left out."""


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
    if isinstance(error, NotAccepted):
        return outage_messages.waits(error)
    return say(f"{error} I keep trying and go on by myself.")


def given_up(error: Unavailable, *, one_of_several: bool = False) -> Message:
    if one_of_several:
        return say(
            f"{error} I have given up on what of your message is not answered yet: nothing was changed by that; please "
            "send it again later."
        )
    return say(f"{error} I have given up on this command and nothing was changed; please send it again later.")


def stale(command: Command, age: timedelta) -> Message:
    return say(
        f"You asked {wording.spoken(age)} ago, while I was away",
        *hint(": ", command),
        ". Send it again if you still want it.",
        buttons=offer("Run it now", command),
    )


def not_a_member(person: Person) -> Message:
    if person.deactivated:
        return say(f"I take no commands from {person.name}, who is no longer active in this workspace.")
    kind = "bots" if person.bot else "people of other workspaces"
    return say(f"I take no commands from {kind}.")


def machine_refused(name: str, chat_id: str) -> Message:
    """Who looks after the bot or the workflow reads it."""
    return say(
        f"I take no commands from {name}, which is a bot or a workflow. Whoever runs me can allow it: ",
        Code(f'trusted_bots = ["{chat_id}"]'),
        " under [slack] in settings.toml, and its id in the deployers of an environment, as which it then acts.",
    )


def runs_already(command: str, deployment: Deployment | None) -> Message:
    """Somebody has changed their message after it was done; ``command`` is what was understood then."""
    if deployment is None:
        return say("I have done this already as ", Code(command), "; changing the message changes nothing.")
    what = f"#{deployment.id} ({deployment.app} → {wording.where(deployment)}, {wording.name_of(deployment)})"
    if deployment.ended:
        return say(f"This ran already as {what}, which {_ended_as(deployment.state)}.")
    return say(f"This already runs as {what}", *hint(": ", Cancel(deployment.id), " stops it."))


def not_understood(reason: str, examples: Sequence[str], choices: Choices) -> Message:
    """``choices`` are the person's own words, repaired; without them ``examples`` show where to look."""
    buttons = _buttons(choices)
    if len(buttons) > 1:
        return say(reason, " Which one?", buttons=buttons)
    if buttons:
        # What is typed is what is run: it stands there as it would be typed.
        own = buttons[0].command
        agreed = f"Yes: {buttons[0].label[:1].lower()}{buttons[0].label[1:]}"
        label = agreed if len(agreed) <= LONGEST_LABEL else buttons[0].label
        yes = replace(buttons[0], label=label, style="primary")
        heard = (f"{reason} Did you mean: {own}?",)
        return Message(heard, ((f"{reason} Did you mean this?",), (Code(own),)), buttons=(yes,))
    shown: list[Span] = [span for one in examples if f"“{one}”" not in reason for span in (Code(one), " or ")]
    return say(reason, *((" For example: ", *shown[:-1]) if shown else ()))


def not_there_yet(name: str) -> Message:
    return say(Code(name), " is not there yet; ", Code("help"), " shows what is.")


def unknown_app(name: str, choices: Choices, known: Sequence[str]) -> Message:
    """``choices`` are the apps of nearly this name."""
    return _unknown((f"There is no app called {name}.",), choices, f"I know {listed(known)}.")


def which_app(choices: Choices) -> Message:
    return say("Which app do you mean?", buttons=_buttons(choices))


def unknown_task(app: str, name: str, choices: Choices, known: Sequence[str]) -> Message:
    """``choices`` are the tasks of nearly this name."""
    return _unknown((Bold(app), f" has no task called {name}."), choices, f"Its settings name {listed(known)}.")


def unknown_environment(app: str, name: str, choices: Choices, known: Sequence[str]) -> Message:
    """``choices`` are the environments of nearly this name."""
    return _unknown((Bold(app), f" has no environment called {name}."), choices, f"It has {listed(known)}.")


def which_environment(app: str, choices: Choices) -> Message:
    known = listed(choice.name for choice in choices)
    return say("Where to? ", Bold(app), f" has {known}.", buttons=_buttons(choices))


def environment_or_ref(word: str, environment: str, choices: Choices) -> Message:
    """``choices`` are the deployment to the environment, and that of the branch or tag of the same name."""
    named = listed(choice.name for choice in choices[1:])
    return say(Code(word), " is the environment ", Bold(environment), f" and {named}.", buttons=_buttons(choices))


def unknown_ref(repository: str, ref: str, choices: Choices) -> Message:
    """``choices`` are the refs of nearly this name."""
    if ref.startswith("#"):
        return _unknown((f"{repository} has no pull request {ref}.",), choices, "")
    start = (Code(ref), f" is neither a branch, a tag, a commit nor a pull request of {repository}.")
    return _unknown(start, choices, "")


def ambiguous_ref(ref: str, choices: Sequence[tuple[Meaning, Choice]]) -> Message:
    """``choices`` are all that it may mean, for those who may know."""
    exact = ("Write ", Code(f"{HEADS}…"), " for a branch, ", Code(f"{TAGS}…"), " for a tag, or a commit's forty digits")
    lines: list[Line] = [("• ", named(one), f"  {one.commit.title}") for one, _ in choices]
    buttons = _buttons([choice for _, choice in choices])
    return say(Code(ref), " may mean several things. ", *exact, ".", lines=lines, buttons=buttons)


def not_on_branch(branch: str, commit: Commit, choices: Choices) -> Message:
    """``branch@commit`` was asked for, and the branch has no such commit: each of the two alone may be meant."""
    return say(
        Code(commit.sha[:SHOWN_DIGITS]), " is no commit of the branch ", Code(branch), ".", buttons=_buttons(choices)
    )


def who_are_you_on_github(*, can_link: bool) -> Message:
    spans: list[Span] = ["I do not know which branch is yours, because I do not know who you are on GitHub. "]
    if can_link:
        spans += [Code("link"), " with your GitHub login tells me; or "]
    return say(*spans, "name the branch." if can_link else "Please name the branch.")


def no_branch_of_yours(repository: str, login: str) -> Message:
    return say(f"I find no branch of {repository} with a recent push by {login}. Please name the branch.")


def named(meaning: Meaning) -> str:
    """``branch topic``, ``tag v1``, or ``commit 0123456789ab``."""
    kind = "branch" if meaning.exact.startswith(HEADS) else "tag" if meaning.exact.startswith(TAGS) else "commit"
    return f"{kind} {meaning.exact[:SHOWN_DIGITS] if kind == 'commit' else short_name(meaning.exact)}"


def _unknown(start: Line, choices: Choices, otherwise: str) -> Message:
    names = [name for name, command, *_ in choices if written(command) is not None]
    told = f"Did you mean {listed(names, 'or')}?" if names else otherwise
    return say(*start, *((f" {told}",) if told else ()), buttons=_buttons(choices))


def _buttons(choices: Choices) -> list[Button]:
    """The label is the whole deed: nobody presses a bare name and deploys who knows where."""
    return [button for _, command, confirm in choices[:25] for button in offer(deed(command), command, confirm=confirm)]


def unknown_deployment(number: int) -> Message:
    return say(f"There is no deployment #{number}. ", Code("deploys"), " lists the last ones.")


def force_needs_reason(environment: str, example: Command) -> Message:
    return say(Bold(environment), " takes a force only with a reason.", *hint(" For example: ", example))


def closed_reasons(verdict: Verdict) -> str:
    """Why a deployment that waited will not start, for its ``description``."""
    return f"Not deployed: {'; '.join(plain(answer.line) for answer in verdict.closed)}"


# --- deployments -----------------------------------------------------------------------------------------------


def on_it(
    deployment: Deployment,
    *,
    channel: str | None = None,
    why: str | None = None,
    instead: str | None = None,
    note: str = "",
) -> Message:
    """It has started, or waits; ``channel`` is where it is announced, if that is elsewhere.

    ``why`` says that nothing can be said there, ``instead`` where it is announced then. ``note`` is a
    sentence that follows.
    """
    waits = deployment.state is State.WAITING
    name = (Bold(deployment.app), " → ", Bold(wording.where(deployment)), "  ", *wording.what(deployment))
    spans: list[Span] = ["⏳ " if waits else "On it: ", *name, f" (#{deployment.id})"]
    if channel and why is None:
        spans.append(f", announced in {channel}")
    elif channel and instead is not None:
        spans.append(f", announced in {instead}")
    goes_on = "when it is approved" if deployment.waits_for is Waiting.APPROVAL else "by itself"
    spans.append(f". {deployment.description}. It goes on {goes_on}." if waits else ".")
    if channel and why is not None:
        reason = why if why.startswith("I ") else f"{why[:1].lower()}{why[1:]}"
        spans.append(f" I cannot announce it in {channel}: {reason}")
    return say(*spans, *((note,) if note else ()))


def live_already(live: Deployment, ref: str) -> Message:
    """Nothing is to be done; whoever wants it all the same retries what is live."""
    since = live.finished_at or live.created_at
    what = ("☑️ ", Code(ref), " is live in ", Bold(wording.where(live)), f" already: {live.short_sha}, since ")
    again = offer("Deploy it again", Retry(live.id), confirm=f"Deploy {live.short_sha} to {live.environment} again?")
    return say(*what, Moment(since), f" by {live.by.name}.", buttons=again)


def told_directly(message: Message, reason: str, link: str | None = None, number: int | None = None) -> Message:
    """What was to be said in a thread, said to the person once; ``link`` is where the deployment goes on."""
    follow: Line = (" It goes on ", Link(link, f"under #{number}"), ".") if link else ()
    return replace(message, context=(*message.context, (f"Here and not where you asked. {reason}", *follow)))


def nothing_to_cancel() -> Message:
    return say("There is nothing to cancel. ", Code("status"), " shows what is where.")


def which_to_cancel(candidates: Sequence[Deployment]) -> Message:
    buttons = [
        button
        for one in candidates[:10]
        for button in offer(f"Cancel #{one.id} {one.app} → {one.environment} ({one.ref})", Cancel(one.id))
    ]
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
    ends = () if deployment.ended else hint(" To end it: ", Cancel(deployment.id), ".")
    return say(f"{deployment.app} → {deployment.environment} is no longer in my settings.", *ends)


def nothing_to_retry() -> Message:
    return say("There is no failed deployment to retry here. ", Code("deploys"), " lists the last ones.")


def nothing_to_roll_back(app: str, environment: str) -> Message:
    return say(
        Bold(app),
        f" has no earlier successful deployment on {environment} to go back to.",
        *hint(" Deploy the commit you want: ", Deploy(app, "<sha>", environment)),
    )


def ambiguous_way_back(to: str, successes: Sequence[Deployment], choices: Choices) -> Message:
    """``choices`` are the ways back to each of the ``successes`` that may be meant."""
    lines: list[Line] = [("• ", f"#{one.id} {wording.name_of(one)}", f"  {one.title}") for one in successes]
    return say(Code(to), " may mean several of them:", lines=lines, buttons=_buttons(choices))


def never_deployed_there(app: str, environment: str, wanted: str) -> Message:
    return say(
        f"{wanted} is not a successful deployment of {app} on {environment}.",
        *hint(" ", Deploys(app, environment=environment), " lists them."),
    )
