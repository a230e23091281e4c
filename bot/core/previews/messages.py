"""What people read of previews in the chat."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.board.model import InUse
from bot.core.grammar.commands import Command, DeclareFreeze, Deploy, TakeLock
from bot.core.grammar.offers import deed, hint, offer
from bot.core.rich_text import Bold, Code, Line, Link, Message, Span, say

MOST_SHOWN = 12
"""So many pull requests are named in one line."""
LONGEST_LINK = 150
"""Of addresses that are longer the number alone is shown: all of them have to fit into one line."""
REMOVED = "Removed with its pull request"
REPLACED = "Replaced by a newer commit"
NEWER_COMMIT = "a newer commit of its pull request"
"""Who has stopped a deployment, behind “Cancelled by”."""


def which(app: str, template: str, example: Command, there: Sequence[Command] = ()) -> Message:
    """Each pull request has its own, and none is named; ``there`` says the same of some that there are."""
    holds = DeclareFreeze(template, None, "of a demo")
    all_of_them = hint("", holds, " holds all of them, also those to come.") if isinstance(example, TakeLock) else ()
    return say(
        "🚫 ",
        Bold(f"{app} → {template}"),
        " is there once for each pull request.",
        *hint(" Say which: ", example),
        lines=[all_of_them] if all_of_them else [],
        buttons=[button for one in there for button in offer(deed(one), one)],
    )


def shown(previews: Sequence[InUse], app: str | None = None) -> Line:
    """Below the places of an app: those of its pull requests, by their numbers, each a link to what is there."""
    spans: list[Span] = []
    for preview in previews[:MOST_SHOWN]:
        url = preview.url if preview.url is not None and len(preview.url) <= LONGEST_LINK else None
        spans += [", " if spans else "", Link(url, f"#{preview.number}")]
    more = f" and {len(previews) - MOST_SHOWN} more" if len(previews) > MOST_SHOWN else ""
    many = "1 preview" if len(previews) == 1 else f"{len(previews)} previews"
    return (f"{many}{f' of {app}' if app is not None else ''}: ", *spans, more)


def no_pull_request(app: str, repository: str, number: int) -> Message:
    """Whoever names a preview means that of a pull request, and nobody would remove what belongs to none."""
    return say("🚫 ", Bold(f"#{number} of {app}"), f" cannot have a preview: {repository} has no such pull request.")


def is_over(app: str, number: int) -> Message:
    return say(
        "🚫 ",
        Bold(f"#{number} of {app}"),
        " cannot have a preview: it is closed.",
        lines=[("Reopen it on GitHub, and then ask again.",)],
    )


def of_another(app: str, template: str, number: int, meant: int) -> Message:
    """``meant`` is the pull request whose commit was to be deployed to the preview of ``number``."""
    own = Deploy(app, f"#{meant}", template)
    return say(
        "🚫 ",
        Bold(f"{app} → {template}-{number}"),
        f" is the preview of #{number}, and not of #{meant}.",
        buttons=offer(f"Deploy #{meant} to its own preview", own),
    )


def none_free(app: str, number: int, most: int) -> Message:
    """Somebody asks for one more than there may be."""
    used = "the only preview is" if most == 1 else f"all {most} previews are"
    return say(
        "🚫 ",
        Bold(f"#{number} of {app}"),
        f" cannot have a preview now: {used} in use.",
        lines=[("Close a pull request that has one, or raise ", Code("max"), " in my settings.")],
    )


def newer_commit(sha: str) -> str:
    """Why one that still waits does not go."""
    return f"Superseded by {sha[:7]}, which was pushed since"


def over(number: int) -> str:
    """Why one that still waits does not go."""
    return f"The preview of #{number} is not wanted any more"


def who_ends(number: int) -> str:
    """Who has stopped a deployment, behind “Cancelled by”."""
    return f"the end of the preview of #{number}"
