"""What admins hear when the bot may not write on the forge what the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.names import listed
from bot.core.publications.refusals import What
from bot.core.rich_text import Bold, Code, Line, Message, say

NOT_DONE: Mapping[What, str] = {
    "comment": "I may not comment on pull requests of {}",
    "label": "I may not label pull requests of {}",
    "release": "I may not make releases of {}",
    "preview": "I may not tell of previews on pull requests of {}",
}
NEEDED: Mapping[What, str] = {
    "comment": "Pull requests: write",
    "label": "Pull requests: write",
    "release": "Contents: write",
    "preview": "Pull requests: write",
}


def refused(repository: str, what: What, reason: str, apps: Sequence[str]) -> Message:
    """For admins, once until it works again."""
    mend: Line = (f"Deployments go on as always. Give me the permission “{NEEDED[what]}”",)
    if what == "preview":
        mend = (*mend, ".")
    else:
        places = listed([f"[apps.{app}.github]" for app in apps])
        mend = (*mend, ", or take ", Code(what), f" out of {places} in my settings.")
    return say("🔏 ", Bold(f"{NOT_DONE[what].format(repository)}."), f" {reason}", lines=[mend])
