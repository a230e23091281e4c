"""From what a person typed to the function that answers it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.context import Context
from bot.core import replies
from bot.core.deployments import telling
from bot.core.effects import React, Reply
from bot.core.errors import Refused, ShipmateError
from bot.core.events.external import CommandGiven
from bot.core.grammar import commands as c
from bot.core.grammar.commands import Command
from bot.core.grammar.parser import AskedBack, Courtesy, NotUnderstood, parse, parse_slash
from bot.core.grammar.registry import spec_of
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.modals.model import filled_in
from bot.core.ports.chat import Person
from bot.core.presses.model import screen
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import authorization, edits, machines, mentions, orphans, presses, targets, threads
from bot.services.deploy_request import ANSWERED_AT_AN_ADDRESS
from bot.services.reading import as_read

STALE_AFTER = timedelta(minutes=10)
"""A command that is older when its turn comes is not run: who knows what has happened since. Slack's own repeats of
what it could not deliver come within five minutes."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Answers commands: understands them in the words of the channel they were given in."""

    router: Router

    def answer(self, context: Context, given: CommandGiven) -> Message | None:
        """The answer to a command. Raises Refused with what the asker alone should read."""
        context.place = given.place
        context.via = given.via
        seen = screen(given.screen, given.text, given.drawn, given.shown_at)
        context.screen = seen if given.via in {"button", "modal"} else None
        context.answered = frozenset(self.router.commands)
        context.here = context.settings.app_of_channel(context.chat.channel_names(given.place.channel))
        if given.passing and not self._is_command(context, given):
            return None
        if given.machine is not None and given.person not in context.settings.slack.trusted_bots:
            return machines.refuse_once(context, given, given.machine)
        person = self._asker(context, given)
        identity = authorization.at_hand(context, person)
        context.person = replace(person, forge_login=identity.login if identity else None)
        if given.edit_of is not None and (ran := edits.ran_already(context, given.edit_of)) is not None:
            return edits.answer_once(context, given.edit_of, ran)
        return self._carried_out(context, given)

    def see(self, context: Context, given: CommandGiven) -> None:
        """Put a mark on what asks for a deployment, before anybody asks GitHub about it."""
        context.place, context.via = given.place, given.via
        if given.machine is not None or given.edit_of is not None:
            return
        try:
            context.here = context.settings.app_of_channel(context.chat.channel_names(given.place.channel))
            said = self._understood(context, threads.enter(context, given))
        except ShipmateError:
            return  # whoever answers meets it again, and says it
        if isinstance(said, SEEN) and given.place.message is not None:
            context.begin().emit(React(given.place.channel, given.place.message, telling.SEEN))

    def _carried_out(self, context: Context, given: CommandGiven) -> Message | None:
        given = threads.enter(context, given)
        command = self._understood(context, given)
        if isinstance(command, AskedBack):
            raise threads.asked_back(context, command.command)
        if isinstance(command, Courtesy) and given.place.message is not None and given.via != "slash":
            context.begin().emit(React(given.place.channel, given.place.message, command.emoji))
            return None
        if isinstance(command, Courtesy):  # nothing is there to react to
            command = replace(command, reason=f"{command.emoji} “help” shows what I understand.")
        if isinstance(command, NotUnderstood):
            raise Refused(self._not_understood(context, command))
        command = mentions.with_names(context, filled_in(command, given.filled))
        context.command = command = threads.completed(context, command)
        if given.said_at is not None and context.now - given.said_at > STALE_AFTER:
            raise Refused(replies.stale(command, context.now - given.said_at))
        handler = self.router.commands.get(type(command))
        if handler is None:
            raise Refused(replies.not_there_yet(spec_of(command).name))
        presses.demand_fresh(context, command)
        answer = handler(context, command)
        presses.keep(context, command)
        return answer

    def _is_command(self, context: Context, given: CommandGiven) -> bool:
        said = self._understood(context, given)
        return isinstance(said, AskedBack) or not isinstance(said, NotUnderstood)

    def _not_understood(self, context: Context, command: NotUnderstood) -> Message:
        """With what may be meant, of what there is; what is named and not there is told so."""
        if command.nearest and command.nearest.makes not in self.router.commands:
            return replies.not_there_yet(command.nearest.name)
        meant = [one for one in command.meant if type(one) in self.router.commands]
        return replies.not_understood(command.reason, command.examples, targets.own_words(context, meant))

    def _understood(self, context: Context, given: CommandGiven) -> Command | NotUnderstood:
        def read(words: Vocabulary) -> Command | NotUnderstood:
            return parse_slash(given.text, words) if given.via == "slash" else parse(given.text, words)

        words = replace(context.settings.vocabulary(context.here), in_thread=context.thread is not None)
        return orphans.reread(context, read(words), words, read)

    def _asker(self, context: Context, given: CommandGiven) -> Person:
        """Raises Refused for those who take no part in the workspace."""
        if given.via == "schedule":
            # They may have left since somebody looked last, and nothing that they do now tells of it.
            authorization.ask_anew(context, given.person)
        person = authorization.in_the_chat(context, given.person)
        if given.stranger:
            person = replace(person, foreign=True)
        if person.outsider:
            raise Refused(replies.not_a_member(person))
        return person


SEEN = (c.Deploy, c.Ship, c.Retry, c.Rollback)
"""Commands that take their time: their end is seen on the message that gave them."""


def unseen(given: CommandGiven, context: Context | None) -> React | None:
    """Takes the mark off again where no deployment came of it."""
    asks = context is None or context.command is None or isinstance(context.command, SEEN)
    began = context is not None and context.begun and context.begin().audit.written is not None
    if not asks or began or given.place.message is None or given.via in ANSWERED_AT_AN_ADDRESS:
        return None
    return React(given.place.channel, given.place.message, None, instead=telling.SEEN)


ONESELF = (c.Help, c.WhoAmI, c.WhereCanIDeploy, c.Version, c.LinkLogin, c.Mute, c.Unmute, c.CopyCommand)
"""Commands whose answer is of no use to others who read along."""


def answered(event_id: str, given: CommandGiven, context: Context, answer: Message) -> Reply:
    """The answer on its way: under what was said, or to the asker alone, as what was said by slash command was."""
    command, written = context.command, context.begin().audit.written
    answer = as_read(context, answer)
    quiet = isinstance(command, ONESELF) and not given.machine and given.via != "schedule"
    if quiet or given.via == "slash":
        return Reply(event_id, given.place, answer, only_to=given.person)
    else_to = None if given.machine else given.person
    return Reply(event_id, given.place, answer, else_to=else_to, deployment_id=written)
