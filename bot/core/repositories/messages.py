"""What the bot says to admins about a repository that goes by another name than the one in the settings."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.names import listed
from bot.core.rich_text import Bold, Code, Message, say


def renamed(name: str, called: str, apps: Sequence[str]) -> Message:
    """It goes on under another name."""
    return say(
        "📛 ",
        Bold(f"{name} is called {called} now:"),
        " change ",
        Code("repository"),
        f" in {tables(apps)} of my settings.",
        lines=[("I go on with it under its new name meanwhile: it is the same repository.",)],
    )


def taken(name: str, apps: Sequence[str]) -> Message:
    """Another one has its name, and it is nowhere to be seen."""
    return say(
        "📛 ",
        Bold(f"{name} is another repository now."),
        " The one that I know by this name is gone from GitHub, or my credentials cannot see it.",
        lines=[
            (f"I take nothing of the other one for {listed([f'the app {app}' for app in apps])}.",),
            (
                "If it is meant all the same: ",
                Code(f"python -m bot adopt {name}"),
                f". Else change repository in {tables(apps)} of my settings.",
            ),
        ],
    )


def tables(apps: Sequence[str]) -> str:
    """Where the settings name it.

    >>> tables(["web", "api"])
    '[apps.web] and [apps.api]'
    """
    return listed([f"[apps.{app}]" for app in apps])
