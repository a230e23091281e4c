"""Taking a preview's app away: it is stopped until something is deployed there again, or deleted.

Whatever is asked of Heroku here may be asked again (idempotent), so a bot that was killed begins anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Self

from bot.adapters.heroku.platform import Heroku
from bot.core.deployments.steps import Progress
from bot.core.errors import NotThere, Rejected
from bot.core.ports.provider import Job, Outcome, Run
from bot.core.previews.model import removes
from bot.providers.heroku.handles import Handle
from bot.providers.heroku.sections import Section, patiently
from bot.providers.heroku.settings import Settings, settings_of

_ASKED = "asked"
"""The note of a run that Heroku may have been asked to stop the app or to delete it."""
_STOPPED = "stopped"
"""Under this name a place remembers what its app was like before it was stopped."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many dynos of each type there were, and whether visitors were kept out before."""

    dynos: dict[str, int] = field(default_factory=dict)
    maintenance: bool = False

    def written(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, kept: str | None) -> Self | None:
        return cls(**json.loads(kept)) if kept else None


def removes_previews(settings: Settings) -> bool:
    return settings.remove is not None


def is_removal(job: Job) -> bool:
    return removes(job.task, job.environment, job.pull_request) and settings_of(job).remove is not None


def begun(job: Job) -> Handle:
    """Raises Rejected for an app that does not have the pull request's number in its name: it may be everybody's."""
    settings = settings_of(job)
    if settings.remove == "delete" and not re.search(rf"(?<!\d){job.pull_request}(?!\d)", settings.app):
        raise Rejected(f"{settings.app} is not deleted: it does not have {job.pull_request} in its name.")
    return Handle("removal", settings.app, settings.remove or "")


def removed(run: Run, heroku: Heroku, handle: Handle) -> Outcome:
    """Stop the app or delete it. Raises what Heroku has against it. What has begun is gone through with."""
    if run.cancelled() and patiently(run, lambda: run.note(_ASKED)) is None:
        return Outcome("cancelled", "Cancelled before anything was done on Heroku")
    patiently(run, lambda: run.keep(_ASKED, handle.id))
    app, deletes = handle.app, handle.id == "delete"
    run.tell(Progress(f"Heroku {'deletes' if deletes else 'stops'} {app}"))
    try:
        said = _deleted(run, heroku, app) if deletes else _stopped(run, heroku, app)
    except NotThere:
        if patiently(run, lambda: _is_there(heroku, app)):
            raise
        said = f"There is no {app} on Heroku any more"
    Section(run, "removed", said)
    return Outcome("succeeded", said)


def _deleted(run: Run, heroku: Heroku, app: str) -> str:
    patiently(run, lambda: heroku.delete(app))
    return f"{app} was deleted"


def _stopped(run: Run, heroku: Heroku, app: str) -> str:
    running = {name: many for name, many in patiently(run, lambda: heroku.formation(app)).items() if many > 0}
    before = Stopped.read(patiently(run, lambda: run.remembered(_STOPPED)))
    if before is None:
        shown = patiently(run, lambda: heroku.app(app))
        before = Stopped(running, shown.maintenance)
    else:  # somebody has scaled it up since, or the bot was killed in between
        before = Stopped({**before.dynos, **running}, before.maintenance)
    kept = before.written()
    patiently(run, lambda: run.remember(_STOPPED, kept))
    if running:
        patiently(run, lambda: heroku.scale(app, dict.fromkeys(running, 0)))
    patiently(run, lambda: heroku.set_maintenance(app, on=True))
    return f"{app} was stopped: it has no dynos, and shows Heroku's maintenance page"


def _is_there(heroku: Heroku, app: str) -> bool:
    try:
        heroku.app(app)
    except NotThere:
        return False
    return True


def woken(run: Run, heroku: Heroku, app: str) -> None:
    """An app that was stopped runs again as it did, before anything is deployed to it."""
    before = Stopped.read(run.remembered(_STOPPED))
    if before is None:
        return
    for name, many in before.dynos.items():
        try:
            heroku.scale(app, {name: many})
        except NotThere:  # what it runs now has no such process
            continue
    if not before.maintenance:
        heroku.set_maintenance(app, on=False)
    run.remember(_STOPPED, "")
    run.write(f"{app} was stopped, and runs again")
