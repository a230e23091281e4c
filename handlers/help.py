"""What the bot says about itself: ``help`` and ``version``."""

from __future__ import annotations

import structlog

from bot import __version__
from bot.context import Context
from bot.core.errors import Refused, ShipmateError
from bot.core.grammar.commands import Help, Version
from bot.core.grammar.registry import COMMANDS, DEPLOY, find
from bot.core.help import messages
from bot.core.names import near
from bot.core.rich_text import Message
from bot.router import Router
from bot.services import comparing
from bot.services.targets import Target
from bot.settings import AppSettings

router = Router()
log = structlog.get_logger(__name__)


@router.command(Help)
def show_help(context: Context, command: Help) -> Message:
    """What is typed most, all commands with a line each, or one with its examples."""
    words = context.settings.vocabulary(context.here)
    app = context.settings.apps.get(words.named_app())
    if command.topic is None and app is not None and app.environments:
        production = words.named_environment()
        return messages.start(_surroundings(context, app, named=words.home is None, production=production))
    if command.topic in {None, messages.ALL}:
        there = [(spec.usage, spec.help) for spec in COMMANDS if spec.makes in context.answered]
        return messages.all_commands(there, DEPLOY.example(words))
    topic = command.topic or ""
    spec = find(topic)
    if spec is None:
        raise Refused(messages.no_such_command(topic, near(topic, [one.name for one in COMMANDS])))
    examples = [one.replace("{app}", words.named_app()) for one in spec.examples]
    examples = [one.replace("{environment}", words.named_environment()) for one in examples]
    return messages.one_command(spec.usage, spec.help, examples, there=spec.makes in context.answered)


def _surroundings(context: Context, app: AppSettings, *, named: bool, production: str) -> messages.Surroundings:
    """``production`` is what that word means in the app, where the settings do not say which one people use."""
    places = list(app.environments.values())
    to = app.environments[app.default_environment] if app.default_environment else places[0]
    used = next((one for one in places if one.production), app.environments[production])
    quiet = next((one for one in places if not one.production and one is not used), to)
    branch = _branch(context, Target(app, to))
    return messages.Surroundings(app.name, named, branch, to.name, used.name, quiet.name)


def _branch(context: Context, target: Target) -> str | None:
    """What is deployed there by default. An outage of GitHub's keeps nobody from being told what to type."""
    try:
        return comparing.default_ref(context, target)
    except ShipmateError as error:
        log.info("default branch not told", app=target.app.name, reason=str(error))
        return None


@router.command(Version)
def version(_context: Context, _command: Version) -> Message:
    return messages.version(__version__)
