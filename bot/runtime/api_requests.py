"""From what a program asked for to the function that answers it: the way of a command, without a place in the chat."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.context import Context
from bot.core.api import messages, representations
from bot.core.api.model import API, STALE_AFTER
from bot.core.api.problems import TOKEN, problem_of, told
from bot.core.deployments.representation import represented
from bot.core.errors import NotThere, Reason, Refused, ShipmateError
from bot.core.events.external import ApiRequested, Place
from bot.core.grammar.commands import Command, DeclareFreeze, Deploy, TakeLock
from bot.core.hooks.pointers import JSON
from bot.core.ports.chat import Person
from bot.core.ports.transaction import Records
from bot.core.rich_text import say
from bot.router import Router
from bot.runtime import audit
from bot.services import authorization
from bot.services.targets import app_of
from bot.services.tokens import revoke_of

NOWHERE = Place("")
"""Where nothing can be answered, and no announcement stands for an answer."""
Answer = tuple[int, JSON]


def answering(commands: Router) -> Router:
    """Answers what programs ask for by the functions that answer people's ``commands``."""
    router, requests = Router(), ApiRequests(commands)
    router.on(ApiRequested, name="api.requested", given_up=requests.refuse)(requests.answer)
    return router


@dataclass(frozen=True, slots=True)
class ApiRequests:
    """Decides on what was asked for, and keeps the answer in the same transaction."""

    commands: Router

    def answer(self, context: Context, asked: ApiRequested) -> None:
        """Raises Refused with all that stands in the way."""
        command = _understood(context, asked)
        _demand_fresh(context, asked)
        context.person = _person(context, asked)
        self.commands.commands[type(command)](context, command)
        audit.done(context)
        records = context.begin()
        status, body = _answered(context, records, command)
        records.api.answer(asked.request, status, json.dumps(body))

    def refuse(self, context: Context, asked: ApiRequested, error: ShipmateError) -> None:
        """Nothing of the decision was kept; the answer is a decision of its own."""
        problem = problem_of(error)
        known = asked.command is not None
        if known:
            _understood(context, asked)
            _name_whoever_asked(context, asked)
        records = context.begin()
        if known:
            audit.refused(records, context, error.message if isinstance(error, Refused) else say(str(error)))
        if problem.kind == "token-refused":
            _revoke_theirs(records, context, asked)
        records.api.answer(asked.request, problem.status, json.dumps(told(problem)))


def _understood(context: Context, asked: ApiRequested) -> Command:
    command = asked.command
    if command is None:
        raise Refused(say(messages.unknown_request()))
    context.place, context.via, context.command, context.here = NOWHERE, API, command, asked.here
    return command


def _demand_fresh(context: Context, asked: ApiRequested) -> None:
    """Raises Refused where what was asked for is too old, or its token is no longer good."""
    if context.now - asked.asked_at > STALE_AFTER:
        sentence = messages.stale(context.now - asked.asked_at)
        raise Refused(say(sentence), (Reason("stale", sentence),))
    token = context.reads.api.token(asked.token)
    if token is None or not token.is_valid(context.now):
        raise _token_refused(messages.revoked())


def _person(context: Context, asked: ApiRequested) -> Person:
    """Who answers for the token, as they are now: a program goes on when its person has left."""
    try:
        person = authorization.ask_anew(context, asked.person)
    except NotThere:
        raise _token_refused(messages.no_person(asked.person)) from None
    if person.outsider:
        raise _token_refused(messages.no_person(person.name))
    return person


def _name_whoever_asked(context: Context, asked: ApiRequested) -> None:
    """For the audit, as far as they are still known."""
    with suppress(ShipmateError):
        person = authorization.in_the_chat(context, asked.person)
        identity = authorization.at_hand(context, person)
        context.person = replace(person, forge_login=identity.login if identity else None)


def _token_refused(sentence: str) -> Refused:
    return Refused(say(sentence), (Reason(TOKEN, sentence),))


def _revoke_theirs(records: Records, context: Context, asked: ApiRequested) -> None:
    token = records.api.token(asked.token)
    if token is None or not token.is_valid(context.now):
        return
    revoke_of(records, asked.person, context.now)


def _answered(context: Context, records: Records, command: Command) -> Answer:
    """What became of it, where it was done."""
    match command:
        case Deploy():
            written = records.audit.written
            deployment = records.deployment(written) if written is not None else None
            if deployment is None:
                raise RuntimeError("A deployment was asked for, not refused, and there is none.")
            shown = represented(deployment, context.settings.secrets.base_url)
            return 202 if shown["waits_for"] else 201, shown
        case TakeLock(environment=environment):
            held = records.locks.of(app_of(context, command).name, environment)
            return 201, representations.lock(held) if held is not None else None
        case DeclareFreeze():
            return _frozen(context, records)
        case _:
            return 204, None


def _frozen(context: Context, records: Records) -> Answer:
    """They are frozen with the decision; where they are very many, in a moment, each with its own lock."""
    mine = [one for one in records.freezes.all() if one.declared_by(context.actor) and one.declared_at == context.now]
    return 201 if mine else 202, {"freezes": [representations.freeze(one) for one in mine]}
