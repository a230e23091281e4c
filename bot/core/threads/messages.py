"""What is said where it has to be asked what somebody means by their words."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.deployments import wording
from bot.core.deployments.model import Deployment, State
from bot.core.grammar import offers
from bot.core.grammar.commands import Cancel, Command
from bot.core.grammar.offers import hint, offer
from bot.core.rich_text import Bold, Button, Code, Line, Message, say

LONGEST_LABEL = 75
"""So many characters fit on a button: https://docs.slack.dev/reference/block-kit/block-elements/button-element"""


def deed(command: Command, confirm: str | None = None) -> tuple[Button, ...]:
    """A button with the whole deed on it; nothing where it cannot be written, or is longer than a button."""
    shown = offers.deed(command)
    return offer(shown, command, confirm=confirm) if len(shown) <= LONGEST_LABEL else ()


def confirmation(command: Command, environment: str) -> str:
    """The question in front of a deed in an environment that people outside use."""
    return f"{offers.deed(command)}? People use {environment}."


def asked_back(command: Command, buttons: Sequence[Button]) -> Message:
    """A question is no command: what it asks about may be pressed."""
    if buttons:
        return say("That was a question, so I have changed nothing. Shall I?", buttons=buttons)
    return say("That was a question, so I have changed nothing.", *hint(" To do it: ", command))


def which_one(buttons: Sequence[Button]) -> Message:
    """``it`` was said where no deployment is spoken of, or several are."""
    return say("Which one do you mean? In the thread of a deployment I would know.", buttons=buttons)


def nothing_spoken_of() -> Message:
    return say(
        "I do not know what you mean by “it”: this is no thread of a deployment. ", Code("deploys"), " lists the last."
    )


def which_of(place: str, deployments: Sequence[Deployment], buttons: Sequence[Button]) -> Message:
    """Several in one ``place`` may be meant."""
    lines: list[Line] = [_line(one) for one in deployments]
    return say(f"{place} has several of them. Which one do you mean?", lines=lines, buttons=buttons)


def what_to_deploy(deployment: Deployment, default: str, buttons: Sequence[Button]) -> Message:
    """Nothing was named in the thread of a deployment of something else than is deployed by default."""
    return say(
        "What do you want to deploy? This thread is about ",
        *wording.what(deployment),
        f", and where nothing is named I take {default}.",
        buttons=buttons,
    )


def none_there(place: str, verb: str) -> Message:
    """``place`` is where nothing is that the verb could be about."""
    return say(
        "There is nothing to ", verb, " in ", Bold(place), ". ", Code("queue"), " shows what runs and what waits."
    )


def nothing_locked() -> Message:
    return say("Nothing is locked here. ", Code("locks"), " shows who holds what.")


def link_leads_nowhere() -> Message:
    return say("That link leads to no deployment that I know. ", Code("deploys"), " lists the last ones, with numbers.")


# --- what cannot be taken back -----------------------------------------------------------------------------------


def not_rolled_back(taken: Deployment, current: Deployment | None, instead: Sequence[Button]) -> Message:
    """``taken`` is not what was deployed last in its place: rolling back would take back another one."""
    place = (Bold(f"{taken.app} → {taken.environment}"),)
    if not taken.ended:
        to_stop = hint(" To stop it: ", Cancel(taken.id), ".")
        return say(f"#{taken.id} has not ended yet, so there is nothing to take back.", *to_stop)
    if taken.started_at is None:
        return say(f"#{taken.id} was never deployed, so there is nothing to take back.")
    if current is None:
        return say(f"#{taken.id} changed nothing in ", *place, ", so there is nothing to take back.")
    since = (f"#{current.id} (", *wording.what(current), ") was deployed to ", *place, f" after #{taken.id}.")
    return say(*since, " A rollback would take that one back.", buttons=instead)


def newer_there(old: Deployment, current: Deployment) -> str:
    """That something else has been deployed since, for the answer of a command about an older deployment."""
    state = "is live" if current.state is State.SUCCEEDED else "was deployed"
    return f" Mind that #{current.id} ({wording.name_of(current)}) {state} there since #{old.id}."


def _line(one: Deployment) -> Line:
    return (f"{wording.emoji(one)} #{one.id}  ", Bold(f"{one.app} → {one.environment}"), "  ", *wording.what(one))
