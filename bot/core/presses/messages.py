"""What is said to whoever presses a button too late: what has happened meanwhile, and how it is done all the same."""

from __future__ import annotations

from bot.core.deployments.model import Actor, Deployment
from bot.core.deployments.wording import name_of, state_line
from bot.core.grammar.commands import Cancel, Command, Promote, Retry, Rollback
from bot.core.grammar.offers import hint
from bot.core.presses.model import Press
from bot.core.rich_text import Line, Message, plain, say


def pressed_already(press: Press, command: Command, reader: str, started: Deployment | None) -> Message:
    """``reader`` is who has pressed now, ``started`` what the press before has started."""
    who = _who(press.name, mine=press.chat_id == reader)
    return _done_already(who, command, started)


def done_already(started: Deployment, command: Command, reader: str) -> Message:
    """Somebody has asked for the same another way."""
    return _done_already(_by(started.by, reader), command, started)


def at_the_same_time() -> Message:
    return say("Somebody has pressed this at the same moment; once is enough.")


def gone_since(newer: Deployment, command: Retry | Rollback, reader: str) -> Message:
    """Something else is live by now than what the button was drawn for."""
    who, nothing = _by(newer.by, reader), "roll nothing back" if isinstance(command, Rollback) else "retry nothing"
    return say(
        f"{who} deployed #{newer.id} ({name_of(newer)}) there meanwhile, so I {nothing}.",
        *_all_the_same(command),
    )


def stands_otherwise(deployment: Deployment, command: Command) -> Message:
    """It is no longer as it was when the button was drawn."""
    text = plain(state_line(deployment))
    return say(f"Meanwhile #{deployment.id} has changed: {text[:1].lower()}{text[1:]}.", *_all_the_same(command))


def ended_meanwhile(deployment: Deployment) -> Message:
    text = plain(state_line(deployment))
    return say(f"#{deployment.id} has ended already: {text[:1].lower()}{text[1:]}.")


def stopped_already(deployment: Deployment, reader_name: str) -> Message:
    """Whoever carries it out has been told; ``cancel_by`` is by whom."""
    who = "You are" if deployment.cancel_by == reader_name else f"{deployment.cancel_by} is"
    return say(f"{who} stopping #{deployment.id} already.")


def _done_already(who: str, command: Command, started: Deployment | None) -> Message:
    match command:
        case Retry():
            deed = "retried it"
        case Rollback():
            deed = "rolled it back"
        case Promote():
            deed = "promoted it"
        case _:
            deed = "asked for it"
    what = f": #{started.id}, {_stands(started)}." if started else "."
    return say(f"{who} {deed} already{what}", *_all_the_same(command))


def _stands(deployment: Deployment) -> str:
    """The deployment's state as part of a sentence."""
    words = {"timed_out": "timed out", "error": "did not work"}
    state = words.get(deployment.state, str(deployment.state))
    return state if deployment.ended else f"which is {state}"


def _all_the_same(command: Command) -> Line:
    if isinstance(command, Cancel):
        return hint(" To stop it: ", command, ".")
    return hint(" To do it all the same, type ", command, ".")


def _by(actor: Actor, reader: str) -> str:
    return _who(actor.name, mine=actor.chat_id == reader)


def _who(name: str, *, mine: bool) -> str:
    return "You have" if mine else f"{name} has"
