"""What the bot says about promotions: carrying on what is live in one environment to another."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.deployments.model import Deployment
from bot.core.deployments.wording import name_of
from bot.core.grammar.commands import Promote
from bot.core.grammar.offers import deed, hint, offer
from bot.core.rich_text import Bold, Message, say


def nothing_to_promote(app: str, source: str) -> Message:
    return say("Nothing is live in ", Bold(f"{app} → {source}"), " yet, so there is nothing to promote.")


def same_place(source: str) -> Message:
    return say("That would be from ", Bold(source), " to itself. Name another environment to promote to.")


def which_source(app: str, environment: str, sources: Sequence[str]) -> Message:
    commands = [Promote(app, source, environment) for source in sources]
    buttons = [button for command in commands for button in offer(deed(command), command)]
    return say("From where to ", Bold(f"{app} → {environment}"), "?", buttons=buttons)


def where_to(app: str, source: str | None, places: Sequence[str]) -> Message:
    commands = [Promote(app, source, place) for place in places]
    buttons = [button for command in commands for button in offer(deed(command), command)]
    return say("To where? ", *hint("For example: ", commands[0]), buttons=buttons) if commands else no_next(app)


def no_next(app: str) -> Message:
    return say(Bold(app), " has one environment only, so there is nowhere to promote to.")


def another_is_there(live: Deployment, drawn: int, command: Promote) -> Message:
    """The button was drawn for another one than is live there by now."""
    again = Promote(live.app, live.environment, command.environment)
    return say(
        f"#{live.id} ({name_of(live)}) is live in ",
        Bold(live.environment),
        f" by now, and no longer #{drawn}, so I promote nothing.",
        *hint(" All the same: ", again),
    )


def taken_back(source: str) -> str:
    """Why one that was to go on by itself does not."""
    return f"{source} was rolled back"


def no_longer_there(newer: Deployment) -> str:
    """Why an older one does not go on: something else is live where it came from."""
    return f"Superseded by #{newer.id} ({newer.ref}@{newer.short_sha}), which is live there now"
