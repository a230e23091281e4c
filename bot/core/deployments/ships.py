"""What ships with a deployment, and what it takes back, in lines."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.deployments.model import DEPLOY, Changes, Deployment, Shipped
from bot.core.deployments.shipping import authors, summary, without_pull_request
from bot.core.rich_text import Code, Fold, Line, Link, Span

SHOWN = 5
"""How many pull requests or commits are listed."""
MOST_NAMED = 3
"""So many commits that came without a pull request are named."""
TITLE = 70
"""So many characters of a title are shown in a list."""


def moved(deployment: Deployment) -> tuple[Shipped, ...]:
    """What makes the difference to what was there before: what is taken back where it goes back, else what ships."""
    changes = deployment.changes
    return changes.taken_back if goes_back(deployment) else changes.shipped


def goes_back(deployment: Deployment) -> bool:
    """Whether it brings nothing new, and takes something away."""
    return deployment.trigger == "rollback" or (not deployment.changes.shipped and deployment.changes.behind > 0)


def undone(tried: Deployment) -> Changes:
    """What going back takes away of a deployment that has not succeeded: all that it was to bring."""
    changes = tried.changes
    return Changes(
        base=tried.sha,
        behind=changes.ahead,
        taken_back=changes.shipped,
        more_back=changes.more,
        migrations_back=changes.migrations,
    )


def fold(deployment: Deployment, *, opened: bool = False) -> Fold | None:
    """The list of what moves; None where one line says it already, or there is nothing to list."""
    them, unseen = moved(deployment), unlisted(deployment)
    if deployment.task != DEPLOY or len(them) + unseen < 2:
        return None
    lines = [line(one) for one in them[:SHOWN]]
    more, url = len(them) - SHOWN, deployment.changes.url
    compare: Line = (Link(url, "compare"),) if url else ()
    if more > 0 or unseen:
        lines.append((f"and {max(more, 0) + unseen} more", *((" · ", *compare) if compare else ())))
    elif compare:
        lines.append(compare)
    title = f"{summary(them, unseen)}{_by(them)}"
    return Fold(title, tuple(lines), tuple(notes(deployment)), opened)


def unlisted(deployment: Deployment) -> int:
    """Of how many commits no line tells."""
    return deployment.changes.more_back if goes_back(deployment) else deployment.changes.more


def _by(them: Sequence[Shipped]) -> str:
    """Who made them, with the dot that goes before."""
    names = authors(them)
    shown = [*names[:SHOWN], *([f"{len(names) - SHOWN} more"] if len(names) > SHOWN else [])]
    return f" · {', '.join(shown)}" if names else ""


def line(one: Shipped, *, by: str = " · ") -> Line:
    """``#8 Less logging · dave``, linked."""
    who = f"{by}{one.author}" if one.author else ""
    return (Link(one.url or None, name(one)), f" {cut(one.title)}{who}")


def name(one: Shipped) -> str:
    return f"#{one.number}" if one.number is not None else (one.sha or "")[:7]


def cut(text: str) -> str:
    """As much of a title as a list has room for.

    >>> len(cut("a" * 4000))
    70
    """
    return text if len(text) <= TITLE else f"{text[: TITLE - 1].rstrip()}…"


def notes(deployment: Deployment) -> list[Line]:
    """What whoever looks at it should know: what came without a pull request, what is lost, and migrations."""
    changes, back = deployment.changes, goes_back(deployment)
    alone = () if back else without_pull_request(changes.shipped)
    found: list[Line] = []
    if alone:
        named: list[Span] = []
        # One that is all that ships is named already.
        for one in alone[:MOST_NAMED] if len(changes.shipped) > 1 else ():
            named += [", " if named else ": ", Link(one.url or None, name(one))]
        found.append((f"⚠️ {_count(len(alone), 'commit')} without a pull request", *named))
    if changes.shipped and changes.behind:
        verb = "is" if changes.behind == 1 else "are"
        found.append((f"⚠️ lacks {_count(changes.behind, 'commit')} that {verb} deployed there now",))
    paths = changes.migrations_back if back else changes.migrations
    if paths:
        spans: list[Span] = []
        for path in paths[:SHOWN]:
            spans += [", " if spans else f"🗄 {'takes back' if back else 'changes'} ", Code(path)]
        found.append(tuple(spans))
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
