"""What is told at the address that a hook calls back: a state of GitHub's, with words and links."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from bot.core.errors import Rejected
from bot.core.hooks.pointers import JSON, text
from bot.core.names import listed

End: TypeAlias = Literal["succeeded", "failed", "error"]

ENDS: dict[str, End] = {"success": "succeeded", "failure": "failed", "error": "error"}
STATES = ("pending", "queued", "in_progress", *ENDS, "inactive")
"""https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status; ``inactive`` ends nothing."""
CALLBACK = "callback"
"""The note of a run under which the last word is kept that was called back."""
LONGEST = 140
LONGEST_URL = 2_000
_URL = re.compile(r"https?://[^\s/?#][^\s\x00-\x1f\x7f]*", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?:[:/?#]\S*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Callback:
    """One word of whoever carries a deployment out. ``at`` orders those that are no end, as ISO 8601 in UTC."""

    state: str
    description: str = ""
    environment_url: str | None = None
    log_url: str | None = None
    at: str = ""

    @property
    def end(self) -> End | None:
        return ENDS.get(self.state)

    def outdates(self, other: Callback | None) -> bool:
        """Whether it is what counts from now on: an end stays, and of other words the newest counts."""
        return other is None or (other.end is None and (self.end is not None or self.at > other.at))

    def written(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, note: str | None) -> Callback | None:
        return cls(**json.loads(note)) if note else None


def callback(said: dict[str, JSON]) -> Callback:
    """Raises Rejected with a sentence for whoever called back.

    >>> callback({"state": "success", "log_url": "https://ci.example/1"}).end
    'succeeded'
    """
    state = said.get("state")
    if state not in STATES or not isinstance(state, str):
        raise Rejected(f"“state” must be {listed(STATES, 'or')}.")
    words = said.get("description")
    if words is not None and not isinstance(words, str):
        raise Rejected("“description” must be text.")
    links: dict[str, str | None] = {}
    for name in ("environment_url", "log_url"):
        given = said.get(name)
        links[name] = link(given) if isinstance(given, str) else None
        if given not in (None, "") and links[name] is None:
            raise Rejected(f"“{name}” must be an address that begins with https:// or http://.")
    return Callback(state, short(words or ""), links["environment_url"], links["log_url"])


def link(value: JSON) -> str | None:
    """An address that people may be shown; None for anything else. Some services leave the scheme away.

    >>> link("https://x.example/1"), link("web-123.vercel.app"), link("javascript:alert(1)"), link(5)
    ('https://x.example/1', 'https://web-123.vercel.app', None, None)
    """
    said = text(value) or ""
    if len(said) > LONGEST_URL:
        return None
    if _URL.fullmatch(said):
        return said
    return f"https://{said}" if _HOST.fullmatch(said) else None


def short(words: str) -> str:
    """One line that fits into a status on GitHub, without what would not be seen."""
    line = " ".join("".join(one if one.isprintable() else " " for one in words).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
