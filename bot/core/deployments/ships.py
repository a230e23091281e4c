"""What ships with a deployment, and what it takes back, in lines."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.deployments.model import DEPLOY, Deployment, Shipped
from bot.core.names import listed
from bot.core.rich_text import Code, Fold, Line, Link, Span

SHOWN = 5
"""How many pull requests or commits are listed."""
TITLE = 70
"""So many characters of a title are shown in a list."""


def moved(deployment: Deployment) -> tuple[Shipped, ...]:
    """What makes the difference to what was there before: what is taken back where it goes back, else what ships."""
    changes = deployment.changes
    return changes.taken_back if goes_back(deployment) else changes.shipped


def goes_back(deployment: Deployment) -> bool:
    """Whether it brings nothing new, and takes something away."""
    return deployment.trigger == "rollback" or (not deployment.changes.shipped and deployment.changes.behind > 0)


def fold(deployment: Deployment, *, opened: bool = False) -> Fold | None:
    """The list of what moves; None where one line says it already, or there is nothing to list."""
    them = moved(deployment)
    if deployment.task != DEPLOY or len(them) < 2:
        return None
    lines = [line(one) for one in them[:SHOWN]]
    more, url = len(them) - SHOWN, deployment.changes.url
    if more > 0:
        lines.append((f"and {more} more", *((" · ", Link(url, "compare")) if url else ())))
    elif url:
        lines.append((Link(url, "compare"),))
    return Fold(f"{title(them)}{authors(them)}", tuple(lines), tuple(notes(deployment)), opened)


def title(them: Sequence[Shipped]) -> str:
    """How many there are, by what they are.

    >>> title([Shipped("a", "bob", "", number=1), Shipped("b", "bob", "", sha="1234567")])
    '1 pull request and 1 commit'
    """
    pulls = sum(1 for one in them if one.number is not None)
    counts = [_count(pulls, "pull request")] if pulls else []
    return listed([*counts, *([_count(len(them) - pulls, "commit")] if len(them) > pulls else [])])


def authors(them: Sequence[Shipped]) -> str:
    """Who made them, with the dot that goes before; those of whom there is no name are left out."""
    names = list(dict.fromkeys(one.author for one in them if one.author))
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
    changes = deployment.changes
    alone = 0 if goes_back(deployment) else sum(1 for one in changes.shipped if one.number is None)
    found: list[Line] = []
    if alone:
        found.append((f"⚠️ {_count(alone, 'commit')} without a pull request",))
    if changes.shipped and changes.behind:
        verb = "is" if changes.behind == 1 else "are"
        found.append((f"⚠️ lacks {_count(changes.behind, 'commit')} that {verb} deployed there now",))
    if changes.migrations:
        spans: list[Span] = []
        for path in changes.migrations[:SHOWN]:
            spans += [", " if spans else "🗄 changes ", Code(path)]
        found.append(tuple(spans))
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
