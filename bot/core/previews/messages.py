"""What people read of previews in the chat."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.grammar.commands import Command
from bot.core.grammar.offers import hint
from bot.core.names import listed
from bot.core.rich_text import Bold, Code, Line, Message, say

MOST_SHOWN = 12
"""So many pull requests are named in one line."""
REMOVED = "Removed with its pull request"
REPLACED = "Replaced by a newer commit"
NEWER_COMMIT = "a newer commit of its pull request"
"""Who has stopped a deployment, behind “Cancelled by”."""


def which(app: str, template: str, example: Command) -> Message:
    """Each pull request has its own, and none is named."""
    return say(
        "🚫 ", Bold(f"{app} → {template}"), " is there once for each pull request.", *hint(" Say which: ", example)
    )


def status_line(app: str, numbers: Sequence[int]) -> Line:
    """Below the places of an app: those of its pull requests, by their numbers."""
    shown = [f"#{number}" for number in numbers[:MOST_SHOWN]]
    more = [f"{len(numbers) - len(shown)} more"] if len(numbers) > len(shown) else []
    many = "1 preview" if len(numbers) == 1 else f"{len(numbers)} previews"
    return (f"{many} of {app}: {listed([*shown, *more])}",)


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
