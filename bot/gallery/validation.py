"""What Slack says of every message of the gallery, as findings of ``python -m bot check --gallery``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.adapters.slack.blocks import blocks_of, has_phased
from bot.core.ports.chat import Finding
from bot.core.rich_text import Message
from bot.gallery.scene import Group
from bot.gallery.scenes import groups

WHAT_TO_DO = "Nothing was posted. Please report it with this line; such a message would not be seen."
NO_TOKEN = Finding(
    good=False,
    what="The gallery was not shown to Slack, because SLACK_BOT_TOKEN is not set",
    mend="Set it and run this again; it posts nothing and needs no scope.",
)


class Validator(Protocol):
    """Slack, which is asked whether it would take a message."""

    def problems(self, message: Message, /, *, plainly: bool) -> Sequence[str]:
        """What it would refuse it for; empty where it would take it."""


def findings(slack: Validator | None, shown: Sequence[Group] | None = None) -> list[Finding]:
    """One for each message that Slack would refuse, and one for all that it would take. Both forms are asked about."""
    if slack is None:
        return [NO_TOKEN]
    refused: list[Finding] = []
    plain_only: list[tuple[str, str]] = []
    taken = 0
    for group in groups() if shown is None else shown:
        for scene in group.scenes:
            name, message = f"{group.title}, “{scene.name}”", scene.message
            problems = slack.problems(message, plainly=True)
            newest = slack.problems(message, plainly=False) if has_phased(blocks_of(message)) else ()
            if problems:
                refused.append(Finding(False, f"Slack would refuse {name}: {'; '.join(problems)}", WHAT_TO_DO))
            elif newest:
                plain_only.append((name, "; ".join(newest)))
            taken += not problems
    return [*refused, *_plain(plain_only), *([Finding(True, _count(taken))] if taken else [])]


def _plain(found: Sequence[tuple[str, str]]) -> list[Finding]:
    """That the workspace lacks blocks is no fault: once for all, with the first as an example."""
    if not found:
        return []
    (name, problem), count = found[0], len(found)
    what = f"Slack takes {count} {'message' if count == 1 else 'messages'} only without its newest blocks, first {name}"
    return [Finding(True, f"{what}: {problem}", "nothing: they are drawn without these here", warning=True)]


def _count(taken: int) -> str:
    return f"Slack would take {taken} {'message' if taken == 1 else 'messages'} of the gallery"
