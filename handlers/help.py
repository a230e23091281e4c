"""What the bot says about itself: ``help`` and ``version``."""

from __future__ import annotations

from bot import __version__
from bot.context import Context
from bot.core.deployments import listings
from bot.core.errors import Refused
from bot.core.grammar.commands import Help, Version
from bot.core.grammar.registry import COMMANDS, DEPLOY, find
from bot.core.names import near
from bot.core.rich_text import Message
from bot.router import Router

router = Router()


@router.command(Help)
def show_help(context: Context, command: Help) -> Message:
    """All commands with a line each, or one with its examples."""
    words = context.settings.vocabulary(context.here)
    if command.topic is not None:
        spec = find(command.topic)
        if spec is None:
            raise Refused(listings.no_help(command.topic, near(command.topic, [one.name for one in COMMANDS])))
        examples = [one.replace("{app}", words.named_app()) for one in spec.examples]
        examples = [one.replace("{environment}", words.named_environment()) for one in examples]
        return listings.help_on(spec.usage, spec.help, examples, there=spec.makes in context.answered)
    there = [(spec.usage, spec.help) for spec in COMMANDS if spec.makes in context.answered]
    return listings.help_on_all(there, DEPLOY.example(words))


@router.command(Version)
def version(_context: Context, _command: Version) -> Message:
    return listings.version(__version__)
