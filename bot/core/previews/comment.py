"""What a pull request's comment tells of its previews, in the forge's Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.core.deployments.model import Deployment, State
from bot.core.deployments.wording import spoken
from bot.core.grammar.commands import Deploy
from bot.core.grammar.offers import written
from bot.core.previews.model import Preview, is_removal
from bot.core.publications.markdown import address, name

_FAILED = frozenset({State.FAILED, State.ERROR, State.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Shown:
    """One preview as it stands. ``preview`` is None where it is not wanted any more.

    ``last`` is what was asked for last in its place, ``live`` what was deployed there, None where nothing is; ``url``
    is its address. ``most`` previews may be in use. ``elsewhere`` says that another tool deploys, and has to remove
    too. ``with_app`` where the environment's name alone does not say which it is.
    """

    app: str
    template: str
    environment: str
    number: int
    preview: Preview | None
    last: Deployment | None
    live: Deployment | None
    url: str | None
    most: int
    max_age: timedelta
    elsewhere: bool = False
    with_app: bool = False


def marker(bot: str) -> str:
    """By this the comment is found again; nobody sees it."""
    return f"<!-- shipmate: previews, by {name(bot)} -->"


def comment(bot: str, previews: Sequence[Shown]) -> str:
    """All of the comment as it is now."""
    lines = [_line(one) for one in previews] or ["🗑️ There is no preview."]
    return "\n".join([marker(bot), *(f"{line}  " for line in lines[:-1]), lines[-1]])


def _line(shown: Shown) -> str:
    """What matters most, and where what is there can be looked at."""
    preview, last = shown.preview, shown.last
    title = f"**{f'{name(shown.app)} → ' if shown.with_app else ''}{name(shown.environment)}**"
    if preview is None:
        return f"🗑️ {title} {_removed(shown)}."
    if preview.waits:
        return f"⏸️ {title} {_in_line(shown.most)}"
    if last is not None and is_removal(last) and last.state is not State.SUCCEEDED:
        return f"🗑️ {title} is being removed." if not last.ended else f"❌ {title} could not be removed{_why(last)}."
    if preview.aged:
        return f"🗑️ {title} {_aged(shown)}"
    return f"{_state(title, last)}{_is_there(shown)}"


def _state(title: str, last: Deployment | None) -> str:
    if last is None or last.busy or last.state is State.REQUESTED:
        return f"🚀 {title} is being deployed{_commit(last)}"
    if last.state is State.WAITING:
        return f"⏳ {title} waits{_commit(last)}{_why(last)}"
    if last.state in _FAILED:
        return f"❌ {title} could not be deployed{_commit(last)}{_why(last)}"
    if last.state is State.SUCCEEDED:
        return f"✅ {title} is live{_commit(last)}, since {_when(last.finished_at or last.created_at)}"
    return f"🛑 {title} was not deployed{_commit(last)}{_why(last)}"


def _is_there(shown: Shown) -> str:
    """The address, where something is live."""
    live, last = shown.live, shown.last
    if live is None:
        return ""
    older = f" · still there{_commit(live)}" if last is not None and last.id != live.id else ""
    return f"{older} · [{address(shown.url)}]({address(shown.url)})" if shown.url else older


def _in_line(most: int) -> str:
    used = "the only preview is in use" if most == 1 else f"{most} of {most} previews are in use"
    return f"waits: {used}. Close a pull request that has one, and it is made."


def _removed(shown: Shown) -> str:
    return "is inactive; whoever deploys it has to take it down" if shown.elsewhere else "was removed"


def _aged(shown: Shown) -> str:
    command = written(Deploy(shown.app, f"#{shown.number}", shown.template))
    by_hand = f", and so does `{command}`" if command is not None else ""
    what = _removed(shown)
    return f"{what}, as nothing was deployed there for {spoken(shown.max_age)}. A push makes it again{by_hand}."


def _commit(deployment: Deployment | None) -> str:
    """A whole id is drawn as a link to the commit."""
    return f": {deployment.sha}" if deployment is not None else ""


def _why(deployment: Deployment) -> str:
    return f" ({name(deployment.description)})" if name(deployment.description) else ""


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
