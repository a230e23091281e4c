"""What the bot says to those who ask how far a place is behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.deployments import ships
from bot.core.deployments.card import joined
from bot.core.deployments.model import Changes, Deployment, Shipped
from bot.core.deployments.shipping import summary, without_pull_request
from bot.core.deployments.wording import spoken
from bot.core.figures.calendar import day_of
from bot.core.grammar.commands import Deploy
from bot.core.grammar.offers import deed, offer
from bot.core.refs import is_full_id
from bot.core.rich_text import Bold, Button, Code, Line, Link, Message, Moment, Span, say

LISTED = 10
"""So many pull requests and commits are listed of one place, and five of one of several."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a place lacks of a commit that goes by ``name``, and is deployed as ``ref``.

    ``live`` is what is there, None for nothing yet.
    """

    app: str
    environment: str
    name: str
    ref: str
    live: Deployment | None
    changes: Changes
    production: bool = False

    @property
    def behind(self) -> bool:
        return bool(self.changes.shipped or self.changes.more)

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest of what it lacks has been waiting."""
        return min((one.at for one in self.changes.shipped if one.at is not None), default=None)


# --- diff --------------------------------------------------------------------------------------------------------


def difference(gap: Gap, now: datetime) -> Message:
    """``gap`` is between what is live in a place and what somebody has named, or what is live in another place."""
    place = Bold(f"{gap.app} → {gap.environment}")
    if gap.live is None:
        return say("Nothing has been deployed to ", place, " yet.", buttons=closing(gap))
    changes, since = gap.changes, Moment(gap.live.finished_at or gap.live.created_at)
    is_live: Line = (Link(gap.live.url, gap.live.short_sha), " is live there since ", since, f" by {gap.live.by.name}")
    if not gap.behind and not changes.behind:
        return Message((place, f" has all of {gap.name}."), ((place, " has all of ", Code(gap.name)),), (is_live,))
    first: Line = (place, *_lacks(gap, now))
    lines = [first, *_listed(changes.shipped, changes.more, LISTED)]
    if changes.behind:
        lines.append(
            (
                f"{'And it' if gap.behind else 'It'} has what ",
                Code(gap.name),
                " lacks:",
            )
        )
        lines += _listed(changes.taken_back, changes.more_back, LISTED)
    return Message(
        sentence=(f"{gap.app} {gap.environment}{_plain_lacks(gap)}.",),
        lines=tuple(lines),
        context=(joined(_notes(gap)), is_live) if _notes(gap) else (is_live,),
        buttons=closing(gap) if gap.behind else (),
    )


def _lacks(gap: Gap, now: datetime) -> Line:
    if not gap.behind:
        return (" has all of ", Code(gap.name))
    oldest = gap.oldest
    since = f", the oldest for {spoken(now - oldest)}" if oldest is not None and oldest < now else ""
    return (f" lacks {_count(gap)} of ", Code(gap.name), since)


def _plain_lacks(gap: Gap) -> str:
    return f" lacks {_count(gap)} of {gap.name}" if gap.behind else f" has all of {gap.name}, and more"


def _is_one(gap: Gap) -> bool:
    return len(gap.changes.shipped) + gap.changes.more == 1


def _count(gap: Gap) -> str:
    return summary(gap.changes.shipped, gap.changes.more)


def _listed(found: Sequence[Shipped], unlisted: int, most: int) -> list[Line]:
    lines: list[Line] = [("• ", *ships.line(one)) for one in found[:most]]
    more = max(0, len(found) - most) + unlisted
    return [*lines, (f"and {more} more",)] if more else lines


def _notes(gap: Gap) -> list[Line]:
    notes: list[Line] = []
    if alone := without_pull_request(gap.changes.shipped):
        notes.append((f"⚠️ {len(alone)} {'commit' if len(alone) == 1 else 'commits'} without a pull request",))
    if gap.changes.migrations:
        spans: list[Span] = []
        for path in gap.changes.migrations[: ships.SHOWN]:
            spans += [", " if spans else "🗄 changes ", Code(path)]
        notes.append(tuple(spans))
    return [*notes, (Link(gap.changes.url, "compare"),)] if gap.changes.url else notes


def closing(gap: Gap, label: str | None = None) -> tuple[Button, ...]:
    """The button that would close it; its label is the whole deed, where it is not ``label``."""
    command = Deploy(gap.app, gap.ref, gap.environment)
    verb = "goes" if _is_one(gap) else "go"
    question = f"{_count(gap)} {verb} to {gap.environment}." if gap.behind and gap.production else None
    whole = f"Deploy {gap.ref[:7]} to {gap.environment}" if is_full_id(gap.ref) else deed(command)
    return offer(label or whole, command, confirm=question)


def waiting(gap: Gap, now: datetime, timezone: str) -> Line:
    """``4 pull requests wait for production since 10:05``, with the day where that is not today."""
    oldest = gap.oldest
    since: Line = ()
    if oldest is not None:
        since = (" since ", Moment(oldest, short=day_of(oldest, timezone) == day_of(now, timezone)))
    return (f"{_count(gap)} {'waits' if _is_one(gap) else 'wait'} for {gap.environment}", *since)


def what_waits(gap: Gap, most: int) -> list[Line]:
    """What waits, line by line, and what should be known of it."""
    small = joined(_notes(gap))
    return [*_listed(gap.changes.shipped, gap.changes.more, most), *([small] if small else [])]


# --- undeployed --------------------------------------------------------------------------------------------------


def undeployed(gaps: Sequence[Gap], now: datetime, left: int = 0) -> Message:
    """``gaps`` are between each place and the branch that is deployed there by default; ``left`` were not looked at."""
    behind = [gap for gap in gaps if gap.behind or gap.live is None]
    if not behind:
        names = dict.fromkeys(f"{gap.app} → {gap.environment}" for gap in gaps)
        return say("Everything that was merged is live in ", Bold(", ".join(names)), ".", lines=_left(left))
    most = LISTED if len(behind) == 1 else ships.SHOWN
    lines: list[Line] = []
    for gap in behind:
        lines += _of(gap, most, now)
    if fine := [gap for gap in gaps if gap not in behind]:
        lines.append(("Nothing is missing in ", Bold(", ".join(f"{gap.app} → {gap.environment}" for gap in fine))))
    lines += _left(left)
    told = "; ".join(f"{gap.app} {gap.environment}{_short(gap)}" for gap in behind)
    buttons = [button for gap in behind[:2] for button in closing(gap)]
    return Message((f"{told}.",), tuple(lines), buttons=tuple(buttons))


def _left(count: int) -> list[Line]:
    return [(f"{count} more places; name an app to see its own: ", Code("undeployed web"))] if count > 0 else []


def _of(gap: Gap, most: int, now: datetime) -> list[Line]:
    place = Bold(f"{gap.app} → {gap.environment}")
    if gap.live is None:
        return [(place, " has had no deployment yet")]
    small, found = joined(_notes(gap)), _listed(gap.changes.shipped, gap.changes.more, most)
    return [(place, *_lacks(gap, now)), *found, *([small] if small else [])]


def _short(gap: Gap) -> str:
    return _plain_lacks(gap) if gap.live is not None else " has had no deployment yet"


# --- what cannot be told -----------------------------------------------------------------------------------------


def not_comparable(app: str, environment: str, name: str, reason: str) -> Message:
    return say("I cannot compare ", Bold(f"{app} → {environment}"), " with ", Code(name), f": {reason}")


def no_places() -> Message:
    return say("There is no environment here that stays. ", Code("status"), " shows what is where.")


def not_for_you(app: str) -> Message:
    return say(
        "What is in the repository of ",
        Bold(app),
        " is told in its own channel, and to those who may read it on GitHub. Ask me there, or link your login: ",
        Code("link <your GitHub login>"),
    )


def nothing_there(app: str, environment: str) -> Message:
    return say("Nothing has been deployed to ", Bold(f"{app} → {environment}"), " yet, so there is nothing to compare.")
