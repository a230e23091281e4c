"""What ``python -m bot check`` says of an environment on Heroku."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.adapters.heroku.platform import Heroku
from bot.core.errors import NotAccepted, Rejected, ShipmateError
from bot.core.ports.chat import Finding
from bot.providers.heroku.access import KEY, MAKE_ONE, client
from bot.providers.heroku.settings import Settings
from bot.settings.placeholders import NUMBER


def doctor(settings: Settings) -> Sequence[Finding]:
    """Whether the key is accepted, the app is there, and promotions to it have a pipeline."""
    try:
        heroku = client(None)
    except Rejected:
        return [Finding(False, f"{KEY} is not set", MAKE_ONE)]
    found: list[Finding] = []
    try:
        found.extend(_findings(heroku, settings))
    except NotAccepted as error:
        found.append(Finding(False, str(error), error.mend))
    except ShipmateError as error:
        found.append(Finding(False, str(error)))
    return found


def _findings(heroku: Heroku, settings: Settings) -> Iterator[Finding]:
    if NUMBER in settings.app:
        mend = "Make it before its pull request's preview is deployed, or preview it with another provider."
        yield Finding(True, f"each preview needs an app on Heroku, {settings.app}, which the bot does not make", mend)
        if settings.remove == "delete":
            yield Finding(True, "it is deleted with its pull request, and so is all that it has stored", warning=True)
        return
    app = heroku.app(settings.app)
    yield Finding(True, f"{app.name} is there on Heroku")
    if app.maintenance:
        yield Finding(
            True,
            f"{app.name} is in maintenance mode: visitors do not see what is deployed",
            f"End it with `heroku maintenance:off -a {app.name}`.",
            warning=True,
        )
    if settings.pipeline is None:
        return
    wanted, coupled = heroku.pipeline(settings.pipeline), heroku.pipeline_of(settings.app)
    if wanted == coupled:
        yield Finding(True, f"{app.name} is in the pipeline {settings.pipeline}")
    else:
        yield Finding(
            False,
            f"{app.name} is not in the pipeline {settings.pipeline}, so nothing can be promoted to it",
            f"Add it with `heroku pipelines:add {settings.pipeline} -a {app.name}`, or take `pipeline` out.",
        )
