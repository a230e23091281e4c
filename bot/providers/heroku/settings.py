"""What may stand in a provider table of the type ``heroku``."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.core.ports.provider import Job

Removal: TypeAlias = Literal["stop", "delete"]
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def _app_name(value: str) -> str:
    one = value.replace("{number}", "1")  # of a preview's pull request
    if not (3 <= len(one) <= 36 and set(one) <= _LETTERS):
        raise ValueError("must be the name of an app on Heroku, of small letters, digits and hyphens, such as acme-web")
    return value


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("must be the name or the id of a pipeline on Heroku")
    return value


class Settings(BaseModel):
    """``provider = { type = "heroku", app = "acme-web" }``.

    ``app``: the app's name on Heroku; each environment has one of its own. ``pipeline``: the pipeline in which commits
    are promoted to it, by name or id; without it, the one that the app is in. ``remove``: what becomes of a preview's
    app with its pull request: it is stopped, or deleted with all that it has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: Annotated[str, AfterValidator(_app_name)]
    pipeline: Annotated[str, AfterValidator(_not_empty)] | None = None
    remove: Removal | None = None


def settings_of(job: Job) -> Settings:
    return Settings.model_validate(job.settings)
